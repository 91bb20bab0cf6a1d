"""Brackets, panoramas, focus stacks and timelapses: what is never culled, and the bursts that must not pass for it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.decide.groups import Shot, bursts, within
from phototag.decide.intervals import regular
from phototag.decide.overlap import SIDE, moved
from phototag.decide.series import Series, never_culled, series, wanders
from phototag.read.picture import decode

NOON = 1_723_288_000.0
LOCKED: dict[str, Any] = {"exposure_s": 1 / 250, "aperture": 8.0, "iso": 100.0, "focal_mm": 35.0}


def frames(*seconds: float, **facts: Any) -> list[Shot]:
    return [Shot(f"{n:04}", "R6", NOON + second, **facts) for n, second in enumerate(seconds)]


def kinds(found: list[Series]) -> list[tuple[str, int]]:
    return [(one.kind, len(one.shots)) for one in found]


# ---- timelapses


@pytest.mark.parametrize("every", [1.2, 2, 5, 30, 600])
@pytest.mark.parametrize("number", [12, 40, 300])
def test_a_kept_interval_is_a_timelapse(every: float, number: int) -> None:
    chance = random.Random(number)
    moments = [n * every + chance.uniform(-0.02, 0.02) * every for n in range(number)]
    shots = frames(*moments, **LOCKED)
    if number * every >= 25:
        assert kinds(series(shots)) == [("timelapse", number)]


@pytest.mark.parametrize("every", [3.0, 3.7, 5.0, 7.5, 61.3])
def test_an_interval_is_known_from_whole_seconds_too(every: float) -> None:
    shots = frames(*(float(int(n * every)) for n in range(30)))
    assert kinds(series(shots)) == [("timelapse", 30)]


def test_a_few_deleted_frames_and_an_interval_that_stretches_at_dusk_are_still_one() -> None:
    at, moments = 0.0, []
    for n in range(200):
        at += 4.0 * 1.004**n
        if n not in (50, 51, 120):
            moments.append(at)
    assert kinds(series(frames(*moments))) == [("timelapse", 197)]


@pytest.mark.parametrize(
    "moments",
    [
        [n * 0.1 for n in range(60)],  # ten a second for six seconds
        [n * 0.5 for n in range(30)],
        [n * 1.0 for n in range(12)],  # a slow camera
        [n * 10.0 for n in range(11)],  # eleven frames
        [float(int(n * 0.2)) for n in range(60)],  # a burst by a clock of whole seconds
    ],
    ids=["fast", "two a second", "one a second", "eleven", "whole seconds"],
)
def test_a_burst_is_no_timelapse(moments: list[float]) -> None:
    assert series(frames(*moments, **LOCKED)) == []


@pytest.mark.parametrize("coarse", [False, True])
def test_people_keep_no_interval(coarse: bool) -> None:
    wrong = 0
    for seed in range(60):
        chance, at, moments = random.Random(seed), 0.0, []
        for _ in range(150):
            at += chance.lognormvariate(1.5, 0.6)
            moments.append(float(int(at)) if coarse else at)
        wrong += len(series(frames(*moments)))
    assert wrong <= 1  # of 9,000 photos


def test_a_timelapse_is_cut_out_of_a_day_and_its_frames_are_in_no_burst() -> None:
    day = [0.0, 7.3, 9.9, *(100 + 1.5 * n for n in range(40)), 300.2, 300.4, 300.6]
    shots = frames(*day)
    found = series(shots)
    assert kinds(found) == [("timelapse", 40)] and found[0].shots[0].moment == NOON + 100
    assert "every 1.5 s" in found[0].why
    assert [len(burst) for burst in bursts(shots, 2.0, apart=never_culled(found))] == [3]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 100) | st.integers(0, 5).map(float), max_size=60))
def test_runs_of_whatever_moments_are_apart_and_in_order(pauses: list[float]) -> None:
    moments = [float(at) for at in np.cumsum(pauses)] if pauses else []
    end = 0
    for start, stop, every in regular(moments):
        assert end <= start and stop - start >= 12 and every > 0
        end = stop


# ---- brackets


def test_equal_steps_are_a_bracket_and_so_is_what_the_camera_calls_one() -> None:
    stepped = [
        Shot(str(n), "R6", NOON + n / 2, exposure_s=s, exposure_bias=b)
        for n, (s, b) in enumerate([(1 / 100, 0), (1 / 400, -2), (1 / 25, 2)])
    ]
    assert kinds(series(stepped)) == [("bracket", 3)]
    flash = [Shot(f"f{n}", "R6", NOON + 50 + n, bracket=f"BracketMode FEB, {n} EV") for n in range(2)]
    focus = [Shot(f"g{n}", "R6", NOON + 90 + n, bracket="Focus Bracketing") for n in range(9)]
    single = [Shot("s", "R6", NOON + 200, bracket="BracketMode AEB")]
    assert kinds(series(stepped + flash + focus + single)) == [("bracket", 3), ("bracket", 2), ("focus stack", 9)]


# ---- focus stacks


def stack(count: int, tiles: int = 64, seed: int = 1) -> list[list[float]]:
    """The focus goes through tiles of all distances, and a little noise with it."""
    chance = random.Random(seed)
    depth = [chance.uniform(0, count - 1) for _ in range(tiles)]
    return [[100 / (1 + (frame - far) ** 2) * chance.uniform(0.98, 1.02) for far in depth] for frame in range(count)]


def shaken(count: int, tiles: int = 64, seed: int = 1) -> list[list[float]]:
    """A burst: a shake that blurs a whole frame, and leaves that move in each tile by themselves."""
    chance = random.Random(seed)
    shake = [chance.uniform(0.3, 1) for _ in range(count)]
    return [[100 * whole * chance.uniform(0.8, 1) for _ in range(tiles)] for whole in shake]


@pytest.mark.parametrize("count", [4, 6, 12, 40])
def test_sharpness_that_wanders_is_a_focus_stack(count: int) -> None:
    shots = frames(*(n * 0.7 for n in range(count)), phash=5, **LOCKED)
    measured = dict(zip((shot.image_id for shot in shots), stack(count), strict=True))
    assert kinds(series(shots, tiles=lambda shot: measured[shot.image_id])) == [("focus stack", count)]


@pytest.mark.parametrize("count", [4, 6, 12, 40])
def test_a_burst_is_no_focus_stack(count: int) -> None:
    assert not any(wanders(shaken(count, seed=seed)) for seed in range(50))
    chance = random.Random(count)
    moving = [[[chance.uniform(10, 100) for _ in range(64)] for _ in range(count)] for _ in range(50)]
    assert not any(wanders(one) for one in moving)


def test_what_nobody_measured_or_differs_in_exposure_or_view_is_no_stack() -> None:
    shots = frames(0, 1, 2, 3, 4, 5, phash=5, **LOCKED)
    measured = dict(zip((shot.image_id for shot in shots), stack(6), strict=True))
    assert series(shots) == [] == series(shots, tiles=lambda shot: None)
    jumping = [
        Shot(shot.image_id, shot.camera, shot.moment, exposure_s=shot.exposure_s, phash=(0, 2**64 - 1)[n % 2])
        for n, shot in enumerate(shots)
    ]
    assert series(jumping, tiles=lambda shot: measured[shot.image_id]) == []


# ---- panoramas


def ways(*steps: tuple[float, float] | None) -> Any:
    """An overlap by the number of the frame that is gone to."""
    return lambda one, other: steps[int(other.image_id) - 1]


RIGHT, LEFT, STILL = (0.5, 0.02), (-0.6, 0.0), (0.01, 0.0)


def test_a_view_that_moves_on_in_one_direction_is_a_panorama() -> None:
    found = series(frames(0, 2, 4, 6, **LOCKED), ways(RIGHT, RIGHT, RIGHT))
    assert kinds(found) == [("panorama", 4)] and "to the right" in found[0].why


def test_a_second_row_is_a_second_panorama() -> None:
    rows = frames(*range(0, 16, 2), **LOCKED)
    found = series(rows, ways(RIGHT, RIGHT, RIGHT, (0.05, 0.5), LEFT, LEFT, LEFT))
    assert kinds(found) == [("panorama", 4), ("panorama", 4)]
    zigzag = series(rows[:5], ways(RIGHT, RIGHT, LEFT, LEFT))
    assert never_culled(zigzag) >= {"0000", "0001", "0002"}


@pytest.mark.parametrize(
    ("shots", "overlap"),
    [
        (frames(0, 2, 4, **LOCKED), ways(STILL, STILL)),
        (frames(0, 2, 4, **LOCKED), ways(RIGHT, LEFT)),
        (frames(0, 2, 4, **LOCKED), ways(RIGHT, None)),
        (frames(0, 2, 4, **LOCKED), ways((0.5, 0.45), (0.5, 0.45))),
        (frames(0, 0.1, 0.2, **LOCKED), ways(RIGHT, RIGHT)),  # a burst that follows something
        (frames(0, 60, 120, **LOCKED), ways(RIGHT, RIGHT)),
        (frames(0, 2, 4), ways(RIGHT, RIGHT)),  # nothing known of focal length and exposure
        (frames(0, 2, 4, **LOCKED), None),
    ],
    ids=["still", "to and fro", "apart", "askew", "burst", "slow", "unknown", "unseen"],
)
def test_other_shots_are_no_panorama(shots: list[Shot], overlap: Any) -> None:
    assert series(shots, overlap) == []


def test_the_names_of_stitch_assist_are_believed() -> None:
    named = [Shot(str(n), "S90", NOON + 9 * n, name=f"ST{letter}_010{n}") for n, letter in enumerate("ABC")]
    drone = [Shot(f"d{n}", "FC3", NOON + 2 * n, name=f"PANO{n:04}") for n in range(9)]
    plain = [Shot(f"p{n}", "R6", NOON + 2 * n, name=f"STA_{n:04}") for n in range(3)]
    assert sorted(kinds(series(named + drone + plain))) == [("panorama", 3), ("panorama", 9)]


# ---- how far a view moved


def small(pixels: Any) -> Any:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    scale = SIDE / max(grey.shape)
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def views(pixels: Any, share: float) -> tuple[Any, Any]:
    """Two frames of one scene, the second to the right by this share of a frame, turned, brighter and from aside."""
    height, width = pixels.shape[:2]
    wide, high = int(width / (1 + share)), int(height * 0.94)
    step = int(wide * share)
    second = np.ascontiguousarray(pixels[height - high :, step : step + wide])
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    aside = corners + np.array([[0, 0], [0, 0.04 * high], [0, -0.04 * high], [0, 0]], np.float32)
    second = cv2.warpPerspective(second, cv2.getPerspectiveTransform(corners, aside), (wide, high), borderMode=2)
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), 1.0, 1)
    second = cv2.warpAffine(second, turn, (wide, high), borderMode=2)
    return small(pixels[:high, :wide]), small(cv2.convertScaleAbs(second, alpha=1.1, beta=4))


def test_the_way_between_overlapping_views_of_real_photos_is_found(shared_photos: Path) -> None:
    photos = [decode(path, "jpeg", 700).pixels for path in sorted((shared_photos / "coco").glob("*.jpg"))]
    for share in (0.25, 0.5, 0.75):
        right = 0
        for pixels in photos:
            found = moved(*views(pixels, share))
            right += found is not None and abs(found[0] - share) < 0.08 and abs(found[1]) < 0.15
        assert right >= 0.8 * len(photos) and len(photos) >= 10


def test_views_of_different_scenes_do_not_overlap(shared_photos: Path) -> None:
    photos = [decode(path, "jpeg", 300).pixels for path in sorted((shared_photos / "coco").glob("*.jpg"))]
    greys = [cv2.resize(small(pixels), (96, 64)) for pixels in photos]
    pairs = [(one, other) for n, one in enumerate(greys) for other in greys[:n]]
    assert sum(moved(one, other) is not None for one, other in pairs) <= len(pairs) // 50


@pytest.mark.parametrize("level", [0, 128, 255])
def test_plain_pictures_and_pictures_of_two_sizes_say_nothing(level: int) -> None:
    plain = np.full((64, 96), level, np.uint8)
    assert moved(plain, plain) is None and moved(plain, plain[:32]) is None


# ---- whatever comes


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["R6", "X", ""]), st.integers(0, 3)), max_size=40),
    st.randoms(use_true_random=False),
)
def test_series_are_apart_and_the_same_in_whatever_order(
    made: list[tuple[int, str, int]], chance: random.Random
) -> None:
    shots = [
        Shot(f"{n:04}", camera, NOON + at, exposure_s=2.0**-step, aperture=8.0, iso=100.0, focal_mm=35.0)
        for n, (at, camera, step) in enumerate(made)
    ]

    def overlap(one: Shot, other: Shot) -> tuple[float, float]:
        return (0.5, 0.0) if int(other.image_id) % 3 else (0.0, 0.0)

    found = series(shots, overlap)
    members = [shot.image_id for one in found for shot in one.shots]
    assert len(members) == len(set(members))
    assert series(chance.sample(shots, len(shots)), overlap) == found
    assert not {s.image_id for burst in bursts(shots, 2, within(8), never_culled(found)) for s in burst} & set(members)
