"""All near pairs among hashes: exactly those that comparing all with all finds, each once."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.decide import pairs

WORD = st.integers(0, 2**64 - 1)


def flipped(word: int, *bits: int) -> int:
    for bit in bits:
        word ^= 1 << bit
    return word


def slowly(hashes: Any, bits: int) -> set[tuple[int, int, int]]:
    """As values: the smaller one, the larger one, and how many bits differ."""
    values = sorted({int(one) for one in hashes})
    return {
        (one, other, (one ^ other).bit_count())
        for n, one in enumerate(values)
        for other in values[n + 1 :]
        if (one ^ other).bit_count() <= bits
    }


def found(hashes: Any, bits: int) -> set[tuple[int, int, int]]:
    near = pairs.within(np.array(hashes, np.uint64), bits)
    each = list(zip(near.hashes[near.first], near.hashes[near.second], near.distance, strict=True))
    assert len(each) == len({(int(a), int(b)) for a, b, _ in each}), "a pair comes once"
    return {(int(a), int(b), int(bits)) for a, b, bits in each}


def planted(count: int, seed: int = 1) -> Any:
    """Random hashes, and near each of a fifth another one that differs in up to twelve bits."""
    chance = random.Random(seed)
    words = [chance.getrandbits(64) for _ in range(count * 4 // 5)]
    return [*words, *(flipped(word, *chance.sample(range(64), chance.randint(0, 12))) for word in words[: count // 5])]


@pytest.mark.parametrize("bits", range(pairs.MOST + 1))
def test_the_pairs_are_those_of_comparing_all_with_all(bits: int) -> None:
    hashes = planted(1500)
    assert found(hashes, bits) == slowly(hashes, bits)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORD | st.sampled_from([0, 1, 2**64 - 1, 2**63, 3 << 31]), max_size=12), st.data(), st.integers(0, 10))
def test_whatever_bits_are_flipped_the_pair_is_found(words: list[int], data: st.DataObject, bits: int) -> None:
    for word in list(words):
        words.append(flipped(word, *data.draw(st.lists(st.integers(0, 63), max_size=12))))
    assert found(words, bits) == slowly(words, bits)


def test_hashes_that_differ_in_neighbouring_bits_or_spread_ones_are_found_alike() -> None:
    together, spread = flipped(0, *range(20, 26)), flipped(0, *range(0, 60, 10))
    assert {(0, together, 6), (0, spread, 6)} <= found([0, together, spread], 6)


def test_equal_hashes_stand_at_one_place_and_are_no_pairs() -> None:
    near = pairs.within(np.array([7, 2**40, 7, 7, 2**40, 9], np.uint64), 0)
    assert near.equal() == [[0, 2, 3], [1, 4]]
    assert near.place.tolist() == [0, 2, 0, 0, 2, 1] and not len(near.first)


def test_thousands_of_equal_frames_stay_linear() -> None:
    began = time.process_time()
    near = pairs.within(np.full(200_000, 12345, np.uint64), 6)
    assert len(near.equal()[0]) == 200_000 and not len(near.first)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("hashes", [[], [5]])
def test_no_pair_where_there_are_no_two(hashes: list[int]) -> None:
    near = pairs.within(np.array(hashes, np.uint64), 6)
    assert (len(near.first), near.equal()) == (0, [])


@pytest.mark.parametrize("bits", [-1, 11, 64])
def test_a_distance_that_means_another_picture_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="10 bits"):
        pairs.within(np.array([1, 2], np.uint64), bits)


def test_each_distance_has_its_band() -> None:
    said = [pairs.band(bits) for bits in (0, 3, 4, 6, 7, 10, 11, 64)]
    assert said == ["same picture"] * 2 + ["edited"] * 2 + ["similar"] * 2 + ["different"] * 2


def test_bits_are_counted_on_the_older_numpy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.array([0, 1, 2**64 - 1, 0xF0F0], np.uint64)
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert pairs.ones(words).tolist() == [0, 1, 64, 8]


def test_a_hundred_thousand_hashes_take_under_two_seconds() -> None:
    hashes = np.random.default_rng(3).integers(0, 2**64, 100_000, np.uint64)
    hashes[-1] = hashes[0] ^ np.uint64(0b111)
    began = time.process_time()
    near = pairs.within(hashes, 6)
    assert 3 in near.distance and time.process_time() - began < 2
