"""Bursts and brackets: what a camera did in one go, and not what merely happened at the same time."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.decide.groups import Shot, brackets, bursts, within

NOON = 1_723_288_000.0


def shots(*seconds: float, camera: str = "R6", **same: Any) -> list[Shot]:
    return [Shot(f"{camera}{second}", camera, NOON + second, **same) for second in seconds]


def ids(groups: Sequence[Sequence[Shot]]) -> list[list[str]]:
    return [[shot.image_id for shot in group] for group in groups]


def exposed(*pairs: tuple[float, float], start: float = 0, **same: Any) -> list[Shot]:
    """Shots half a second apart, by exposure in seconds and bias."""
    return [
        Shot(f"{start}-{n}", "R6", NOON + start + n / 2, exposure_s=exposure, exposure_bias=bias, **same)
        for n, (exposure, bias) in enumerate(pairs)
    ]


# ---- bursts


def test_rapid_shots_of_one_camera_are_a_burst_and_a_pause_ends_it() -> None:
    assert ids(bursts(shots(0, 0.1, 0.2, 5, 5.3, 20), 1.0)) == [["R60", "R60.1", "R60.2"], ["R65", "R65.3"]]


def test_the_window_is_between_neighbours_and_includes_its_bound() -> None:
    assert len(bursts(shots(0, 1, 2, 3), 1.0)[0]) == 4
    assert bursts(shots(0, 1.01), 1.0) == []


def test_two_cameras_at_one_time_are_two_bursts() -> None:
    mixed = shots(0, 0.2) + shots(0.1, 0.3, camera="X100")
    assert ids(bursts(mixed, 1.0)) == [["R60", "R60.2"], ["X1000.1", "X1000.3"]]


def test_unknown_cameras_and_times_are_not_joined() -> None:
    assert bursts(shots(0, 0.1, camera=""), 1.0) == []
    assert bursts([Shot("a", "R6"), Shot("b", "R6")], 1.0) == []


def test_a_burst_id_joins_over_the_window_and_without_any_time() -> None:
    assert ids(bursts(shots(0, 3, 6, burst_id="x"), 1.0)) == [["R60", "R63", "R66"]]
    assert ids(bursts([Shot("b", "R6", burst_id="x"), Shot("a", "R6", burst_id="x")], 1.0)) == [["a", "b"]]


def test_two_burst_ids_are_two_bursts_however_near() -> None:
    assert ids(bursts(shots(0, 0.1, burst_id="x") + shots(0.2, 0.3, burst_id="y") + shots(0.4, 0.5), 1.0)) == [
        ["R60", "R60.1"],
        ["R60.2", "R60.3"],
        ["R60.4", "R60.5"],
    ]


def test_a_number_that_a_camera_used_again_is_another_burst() -> None:
    assert ids(bursts(shots(0, 1, 5000, 5001, burst_id="7"), 1.0)) == [["R60", "R61"], ["R65000", "R65001"]]


def test_likeness_parts_what_the_clock_joins() -> None:
    beach = [Shot("a", "R6", NOON, phash=0b1111), Shot("b", "R6", NOON + 0.5, phash=0b0111)]
    street = [Shot("c", "R6", NOON + 1.0, phash=2**64 - 1), Shot("d", "R6", NOON + 1.5)]
    assert ids(bursts(beach + street, 1.0)) == [["a", "b", "c", "d"]]
    assert ids(bursts(beach + street, 1.0, within(10))) == [["a", "b"], ["c", "d"]]


def test_shots_of_one_second_are_in_the_cameras_order() -> None:
    same_second = [Shot(name, "R6", NOON, sequence=number) for name, number in (("a", 3), ("b", 1), ("c", 2))]
    assert ids(bursts(same_second, 1.0)) == [["b", "c", "a"]]


def test_without_a_window_likeness_alone_joins_neighbours_of_one_camera() -> None:
    day = [Shot("a", "R6", NOON, phash=0), Shot("b", "R6", NOON + 4000, phash=1), Shot("c", "R6", NOON + 9000, phash=7)]
    other = [Shot("d", "R6", NOON + 9001, phash=2**64 - 1), Shot("e", "X100", NOON + 1, phash=0)]
    assert ids(bursts(day + other, 0, within(6, unknown=False))) == [["a", "b", "c"]]


def test_without_a_window_slow_changes_do_not_join_a_whole_day() -> None:
    sunset = [Shot(f"{n:02}", "R6", NOON + 600 * n, phash=2**n - 1) for n in range(20)]
    assert [len(burst) for burst in bursts(sunset, 0, within(6))] == [7, 7, 6]


def test_without_a_window_and_a_likeness_only_the_cameras_word_joins() -> None:
    assert ids(bursts(shots(0, 1, 2) + shots(9, 60, burst_id="x"), 0)) == [["R69", "R660"]]


def test_what_a_likeness_says_of_shots_without_a_hash() -> None:
    unknown, known = Shot("a"), Shot("b", phash=0)
    assert within(6)(unknown, known) and not within(6, unknown=False)(unknown, known)


def test_shots_of_a_series_are_in_no_burst() -> None:
    rapid = shots(0, 0.5, 1, 1.5, 2)
    assert ids(bursts(rapid, 1.0, apart={"R60.5", "R61"})) == [["R61.5", "R62"]]


# ---- brackets


@pytest.mark.parametrize(
    "pairs",
    [
        [(1 / 100, 0.0), (1 / 400, -2.0), (1 / 25, 2.0)],
        [(1 / 125, 0.0), (1 / 160, -0.33), (1 / 100, 0.33)],
        [(1 / 60, 0.0), (1 / 125, 0.0), (1 / 30, 0.0)],  # by hand: the bias says nothing
        [(1 / 15, -1.0), (1 / 13, -0.7), (1 / 10, -0.3)],
        [(1 / 100, b) for b in (0, -1, 1, -2, 2)],
        [(1 / 100, b) for b in (0, -1, 1, -2, 2, -3, 3)],
        [(2.0, 0.0), (0.5, -2.0), (8.0, 2.0)],
    ],
    ids=str,
)
def test_stepped_exposures_are_one_bracket_and_no_burst(pairs: list[tuple[float, float]]) -> None:
    series = exposed(*pairs, aperture=8, iso=100)
    assert brackets(series) == [series]
    assert bursts(series, 1.0) == []


def test_long_exposures_take_their_time() -> None:
    slow = [
        Shot("a", "R6", NOON, exposure_s=8, exposure_bias=0),
        Shot("b", "R6", NOON + 10, exposure_s=2, exposure_bias=-2),
        Shot("c", "R6", NOON + 14, exposure_s=30, exposure_bias=2),
    ]
    assert brackets(slow) == [slow]


@pytest.mark.parametrize(
    "series",
    [
        exposed((1 / 100, 0), (1 / 400, -2)),
        exposed((1 / 100, 0), (1 / 100, 0), (1 / 100, 0)),
        exposed((1 / 100, 0), (1 / 125, 0), (1 / 160, 0)),  # an automatic that follows the light
        exposed((1 / 100, 0), (1 / 400, -2), (1 / 50, 1)),  # steps of two and of one
        exposed((1 / 100, 0), (1 / 400, -2), (1 / 100, 0)),
        [Shot(str(n), "R6", NOON + n, exposure_bias=n, exposure_s=1 / 100, aperture=n) for n in range(3)],
        [Shot(str(n), "R6", NOON + 9 * n, exposure_bias=n, exposure_s=1 / 100) for n in range(3)],
        [Shot(str(n), f"camera {n}", NOON + n, exposure_bias=n, exposure_s=1 / 100) for n in range(3)],
        [Shot(str(n), "", NOON + n, exposure_bias=n, exposure_s=1 / 100) for n in range(3)],
        [Shot(str(n), "R6", NOON + n, exposure_bias=n, phash=(0, 2**64 - 1)[n % 2]) for n in range(3)],
        shots(0, 1, 2),
    ],
    ids=[
        "two",
        "equal",
        "drifting",
        "uneven",
        "repeated",
        "aperture",
        "slow",
        "cameras",
        "unknown",
        "views",
        "nothing",
    ],
)
def test_other_series_are_no_brackets(series: list[Shot]) -> None:
    assert brackets(series) == []


def test_brackets_in_a_row_are_told_apart_and_a_test_shot_before_them_is_none() -> None:
    test = [Shot("test", "R6", NOON - 1, exposure_s=1 / 80, exposure_bias=0.3)]
    steps = [(1 / 100, 0.0), (1 / 400, -2.0), (1 / 25, 2.0)]
    first, second = exposed(*steps), exposed(*steps, start=2)
    assert brackets([*test, *second, *first]) == [first, second]


def test_a_burst_beside_a_bracket_is_still_a_burst() -> None:
    bracket = exposed((1 / 100, 0.0), (1 / 400, -2.0), (1 / 25, 2.0))
    burst = [Shot(f"z{n}", "R6", NOON + 60 + n / 10, exposure_s=1 / 500, exposure_bias=0) for n in range(4)]
    assert (brackets(bracket + burst), bursts(bracket + burst, 1.0)) == ([bracket], [burst])


# ---- whatever comes


@st.composite
def libraries(draw: st.DrawFn) -> list[Shot]:
    few = st.sampled_from
    number = draw(st.integers(0, 30))
    return [
        Shot(
            f"photo {n}",
            draw(few(["", "R6", "X100"])),
            draw(few([None, *(NOON + step / 4 for step in range(40))])),
            draw(few(["", "", "x", "y"])),
            draw(few([None, 1, 2])),
            draw(few([None, 1 / 100, 1 / 50, 1 / 25])),
            draw(few([None, 8.0])),
            draw(few([None, 100.0])),
            draw(few([None, -1.0, 0.0, 1.0])),
            draw(few([None, 0, 7, 2**64 - 1])),
        )
        for n in range(number)
    ]


@settings(max_examples=120, deadline=None)
@given(libraries(), st.floats(0, 10), st.randoms(use_true_random=False))
def test_groups_are_parts_of_the_library_in_whatever_order_it_comes(
    library: list[Shot], window: float, chance: random.Random
) -> None:
    rapid, stepped = bursts(library, window, within(8)), brackets(library)
    grouped = [shot for group in rapid + stepped for shot in group]
    assert len(grouped) == len(set(grouped)) and set(grouped) <= set(library)
    assert all(len(group) > 1 and len({shot.camera for shot in group}) == 1 for group in rapid)
    assert all(len(group) in (3, 5, 7, 9) for group in stepped)
    shuffled = chance.sample(library, len(library))
    assert (bursts(shuffled, window, within(8)), brackets(shuffled)) == (rapid, stepped)


@settings(max_examples=100, deadline=None)
@given(libraries(), st.floats(0, 5), st.floats(0, 5))
def test_a_wider_window_never_parts_what_a_smaller_one_joined(library: list[Shot], one: float, other: float) -> None:
    def pairs(window: float) -> set[tuple[str, str]]:
        return {(a.image_id, b.image_id) for group in bursts(library, window) for a in group for b in group}

    assert pairs(min(one, other)) <= pairs(max(one, other))


def test_many_shots_take_no_longer_than_their_number_says() -> None:
    def seconds(number: int) -> float:
        library = [Shot(str(n), "R6", NOON + n / 3, exposure_s=1 / 100, exposure_bias=0.0) for n in range(number)]
        began = time.process_time()
        assert [len(burst) for burst in bursts(library, 1.0)] == [number]
        return time.process_time() - began

    assert seconds(30_000) < 10 * 5 * seconds(3_000)  # by pairs it would be a hundred times
