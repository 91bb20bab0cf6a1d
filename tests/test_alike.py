"""Exact copies, copies of one picture and near duplicates: nothing by chains, or by the order of the files."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.decide.alike import EXACT, Group, by_vectors, near, sharing
from phototag.look.measure import hashes
from phototag.read.picture import decode

FULL = 0xF0F0_A5A5_C3C3_9696  # half of the bits set, like the hash of any picture with something to see
OTHER = 0x0FF0_5AA5_3CC3_6996


def flip(word: int, *bits: int) -> int:
    for bit in bits:
        word ^= 1 << bit
    return word


def found(hashes: dict[str, int], *args: Any, **kwargs: Any) -> list[list[str]]:
    groups = near(list(hashes), np.array(list(hashes.values()), np.uint64), *args, **kwargs)
    return [list(group.members) for group in groups]


def always(answer: float) -> Any:
    return lambda first, second: np.full(len(first), answer)


def test_files_with_one_digest_are_a_group_and_an_unread_file_is_in_none() -> None:
    digests = [("b", "1"), ("a", "1"), ("c", "2"), ("d", ""), ("e", "")]
    assert sharing(EXACT, digests) == [Group("exact", ("a", "b"))]


def test_near_hashes_are_a_group_with_the_middle_first() -> None:
    edits = {"a": flip(FULL, 1, 2, 3), "m": FULL, "z": flip(FULL, 60, 61, 62, 63), "far": OTHER}
    groups = near(list(edits), np.array(list(edits.values()), np.uint64), 6)
    assert groups == [Group("near", ("m", "a", "z"), (0, 3, 4))]


def test_a_chain_of_small_steps_does_not_become_one_group() -> None:
    words, chain = FULL, {}
    for n in range(12):
        chain[f"{n:02}"] = words
        words = flip(words, *range(5 * n, 5 * n + 5))
    groups = found(chain, 6)
    assert max(map(len, groups)) == 3 and len(groups) >= 4


def test_what_stands_between_two_groups_joins_the_nearer_one() -> None:
    middle = {"a": FULL, "a1": flip(FULL, 0, 1), "a2": flip(FULL, 2, 3), "a3": flip(FULL, 4, 5)}
    end = flip(FULL, *range(20, 31))
    far = {"b": end, "b1": flip(end, 50), "b2": flip(end, 51), "b3": flip(end, 52)}
    between = flip(FULL, *range(20, 25))  # five bits from a, six from b
    assert found({**middle, **far, "x": between}, 6) == [["a", "a1", "a2", "a3", "x"], ["b", "b1", "b2", "b3"]]


def test_vectors_part_what_only_looks_alike_to_a_hash() -> None:
    same = {"a": FULL, "b": flip(FULL, 1), "c": flip(FULL, 2)}
    rows = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert found(same, 6) == [["a", "b", "c"]]
    assert found(same, 6, by_vectors(rows)) == [["a", "b"]]


def test_where_no_vector_is_known_a_telling_hash_is_believed_and_a_plain_one_is_not() -> None:
    unknown = by_vectors(np.zeros((2, 2), np.float32))
    assert found({"a": FULL, "b": flip(FULL, 1)}, 6, unknown) == [["a", "b"]]
    assert found({"black": 0, "dark": 0}, 6, unknown) == []
    assert found({"black": 0, "dark": 0}, 6) == []


def test_similar_hashes_need_vectors_that_agree() -> None:
    turned = {"a": FULL, "b": flip(FULL, *range(9))}
    assert found(turned, 6) == found(turned, 6, always(0.7)) == found(turned, 6, always(np.nan)) == []
    assert found(turned, 6, always(0.85)) == [["a", "b"]]


def test_a_near_hash_falls_only_to_vectors_that_have_nothing_in_common() -> None:
    small = {"a": FULL, "thumb": flip(FULL, 1, 2)}
    assert found(small, 6, always(0.35)) == [["a", "thumb"]]
    assert found(small, 6, always(0.2)) == []


def test_the_second_hash_finds_what_the_first_misses_and_forbids_what_it_denies() -> None:
    cropped = {"a": FULL, "b": flip(FULL, *range(12))}
    assert found(cropped, 6) == []
    assert found(cropped, 6, second=[OTHER, flip(OTHER, 3)]) == [["a", "b"]]
    assert found(cropped, 6, second=[OTHER, OTHER]) == [["a", "b"]]
    near_by = {"a": FULL, "b": flip(FULL, 1)}
    assert found(near_by, 6, second=[OTHER, OTHER ^ 0xFFFFFFFF]) == []


def test_plain_pictures_need_the_same_hash_and_a_strict_likeness() -> None:
    sky = {"a": 1 << 63, "b": 1 << 63}
    assert found(sky, 6, always(0.9)) == []
    assert found(sky, 6, always(0.99)) == [["a", "b"]]
    assert found({"a": 1 << 63, "b": 3 << 62}, 6, always(0.99)) == []


def test_one_hash_may_stand_for_several_pictures() -> None:
    rows = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.float32)
    assert found(dict.fromkeys("abcd", FULL), 6, by_vectors(rows)) == [["a", "c"], ["b", "d"]]


def test_a_hash_that_very_many_share_needs_a_strict_likeness() -> None:
    crowd = {f"{n:03}": FULL for n in range(100)}
    assert found(crowd, 6) == found(crowd, 6, always(0.9)) == []
    assert [len(group) for group in found(crowd, 6, always(0.99))] == [100]


def test_shots_of_a_series_are_in_no_group() -> None:
    assert found(dict.fromkeys("abc", FULL), 6, apart={"b"}) == [["a", "c"]]
    assert found(dict.fromkeys("ab", FULL), 6, apart={"b"}) == []


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 15), max_size=8), max_size=25),
    st.integers(0, 10),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_groups_are_apart_bounded_and_the_same_in_whatever_order(
    flips: Sequence[Sequence[int]], bits: int, chance: random.Random, with_vectors: bool
) -> None:
    hashes = {f"photo {n}": flip(FULL, *each) for n, each in enumerate(flips)}
    row = {one: [1.0, 0.0] if number % 3 else [0.0, 1.0] for number, one in enumerate(hashes)}

    def grouped(order: list[str]) -> list[list[str]]:
        rows = by_vectors(np.array([row[one] for one in order], np.float32)) if with_vectors else None
        return found({one: hashes[one] for one in order}, bits, rows)

    groups = grouped(list(hashes))
    members = [one for group in groups for one in group]
    assert len(members) == len(set(members)) and all(len(group) > 1 for group in groups)
    for group in groups:
        assert all((hashes[one] ^ hashes[group[0]]).bit_count() <= (10 if with_vectors else bits) for one in group)
        assert not with_vectors or len({tuple(row[one]) for one in group}) == 1
    assert grouped(chance.sample(list(hashes), len(hashes))) == groups


def test_copies_and_edits_of_real_photos_are_found_and_nothing_else(shared_photos: Path) -> None:
    words: dict[str, tuple[int, int]] = {}
    paths = sorted((shared_photos / "coco").glob("*.jpg"))
    for number, path in enumerate(paths):
        pixels = decode(path, "jpeg", 640).pixels
        height, width = pixels.shape[:2]
        edits = {
            "": pixels,
            "small": cv2.resize(pixels, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
            "bright": cv2.convertScaleAbs(pixels, alpha=1.15, beta=10),
            "cropped": pixels[height // 50 : height - height // 50, width // 50 : width - width // 50],
        }
        for name, edited in edits.items():
            grey = cv2.cvtColor(np.ascontiguousarray(edited), cv2.COLOR_RGB2GRAY)
            one, other = hashes(cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA))
            words[f"{number:02} {name}"] = int(one, 16), int(other, 16)
    groups = found({one: both[0] for one, both in words.items()}, 6, second=[both[1] for both in words.values()])
    assert all(len({one[:2] for one in group}) == 1 for group in groups)
    assert len(paths) >= 10 and sum(map(len, groups)) >= 0.98 * len(words)


def test_fifty_thousand_photos_take_seconds() -> None:
    chance = np.random.default_rng(5)
    hashes = chance.integers(0, 2**64, 50_000, np.uint64)
    hashes[40_000:] = hashes[:10_000] ^ np.uint64(0b10101)
    began = time.process_time()
    groups = near([f"{n:06}" for n in range(50_000)], hashes, 6)
    assert len(groups) > 8_000 and time.process_time() - began < 4
