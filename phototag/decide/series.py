"""Shots that are one work together: brackets, panoramas, focus stacks and timelapses, of which none is ever culled.

The decision here: when in doubt between a burst and a series it is a series, for a frame kept too many costs a look and
a frame lost costs the work; yet every kind has a proof that a burst does not give (equal steps of exposure, a view that
moves on in one direction, sharpness that wanders through the picture, an interval kept for long). Refused: calling
whatever was taken with one exposure a series, which would keep every frame of a studio.
Each photo is in one series at most, and each is compared with its neighbours in time only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from phototag.decide import groups
from phototag.decide.groups import Shot, exposure, pause, within
from phototag.decide.intervals import regular

BRACKET, PANORAMA, STACK, TIMELAPSE = "bracket", "panorama", "focus stack", "timelapse"

PANORAMA_PAUSE_S = 20.0
PANORAMA_LEAST_PAUSE_S = 0.5  # faster is a burst that follows something
PANORAMA_FRAMES = 3
LOCKED_EV = 0.7  # neighbours of a panorama; an automatic moves less between overlapping views
MOVED = (0.12, 0.92)  # by how much of the frame the view moves on
ASIDE = 0.3  # and at most to the side: nobody holds quite level

STACK_FRAMES = 4
STACK_PAUSE_S = 5.0
STACK_BITS = 16  # of 64: the lens breathes, and what is blurred loses detail
LIVELY = 1.5  # how many times sharper a tile must become to tell anything
LEAST_TILES = 6
SOMEWHERE = 0.7  # share of the frames that must be the sharpest in some tile
FALL = 0.05  # share of its peak by which a tile's sharpness may rise again

# What programs and cameras call single frames of a panorama: Canon's stitch assist counts by letters (STA_, STB_).
_STITCHED = re.compile(r"ST([A-Z])_\d{4}", re.IGNORECASE)
_NUMBERED = re.compile(r"PANO[_-]?\d{1,4}", re.IGNORECASE)

# By how much of the frame the view moved from one shot to the next, to the right and down; None: they do not overlap.
Overlap = Callable[[Shot, Shot], tuple[float, float] | None]
# How sharp each tile of a shot is, always the same tiles in the same order; None where nobody measured.
Tiles = Callable[[Shot], Sequence[float] | None]


@dataclass(frozen=True, slots=True)
class Series:
    """Shots of one work, in order of time, and the proof in words."""

    kind: str  # bracket | panorama | focus stack | timelapse
    shots: tuple[Shot, ...]
    why: str


def series(shots: Sequence[Shot], overlap: Overlap | None = None, tiles: Tiles | None = None) -> list[Series]:
    """All series among these shots, in order of time. Without `overlap` or `tiles`, only what needs neither."""
    found: list[Series] = []
    left = list(shots)
    for kind in (_bracketed, _timelapses, lambda some: _stacks(some, tiles), lambda some: _panoramas(some, overlap)):
        timed = sorted((shot for shot in left if shot.camera and shot.moment is not None), key=groups.by_camera)
        found += kind(timed)
        taken = never_culled(found)
        left = [shot for shot in left if shot.image_id not in taken]
    return sorted(found, key=lambda one: groups.by_time(one.shots[0]))


def never_culled(found: Iterable[Series]) -> set[str]:
    """The photos that belong to a series."""
    return {shot.image_id for one in found for shot in one.shots}


# ---- brackets and timelapses


def _bracketed(timed: Sequence[Shot]) -> Iterator[Series]:
    """By equal steps of exposure, else by the camera's own word."""
    stepped = groups.brackets(timed)
    for bracket in stepped:
        yield Series(BRACKET, tuple(bracket), f"{len(bracket)} exposures in equal steps")
    known = {shot.image_id for bracket in stepped for shot in bracket}
    for run in groups.runs((shot for shot in timed if shot.image_id not in known), _same_word):
        if len(run) > 1 and run[0].bracket:
            word = _mode(run[0])
            yield Series(STACK if "focus" in word.lower() else BRACKET, tuple(run), f"the camera says {word}")


def _same_word(one: Shot, other: Shot) -> bool:
    return (
        one.camera == other.camera
        and _mode(one) == _mode(other)
        and pause(one, other) <= groups.BRACKET_PAUSE_S + (one.exposure_s or 0.0)
    )


def _mode(shot: Shot) -> str:
    """How the camera calls its bracketing, without this picture's step in it."""
    return shot.bracket.partition(",")[0]


def _timelapses(timed: Sequence[Shot]) -> Iterator[Series]:
    for run in groups.runs(timed, lambda one, other: one.camera == other.camera):
        for start, end, every in regular([shot.moment or 0.0 for shot in run]):
            yield Series(TIMELAPSE, tuple(run[start:end]), f"{end - start} frames, one every {every:.3g} s")


# ---- focus stacks


_same_view = within(STACK_BITS)


def _stacks(timed: Sequence[Shot], tiles: Tiles | None) -> Iterator[Series]:
    if tiles is None:
        return
    for run in groups.runs(timed, _may_be_stacked):
        if len(run) >= STACK_FRAMES and run[0].exposure_s:
            measured = [tiles(shot) for shot in run]
            if wanders([each for each in measured if each is not None]) and None not in measured:
                yield Series(STACK, tuple(run), f"{len(run)} frames of one view, each sharp elsewhere")


def _may_be_stacked(one: Shot, other: Shot) -> bool:
    return (
        _same_settings(one, other)
        and pause(one, other) <= STACK_PAUSE_S + (one.exposure_s or 0.0)
        and _same_view(one, other)
    )


def _same_settings(one: Shot, other: Shot) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in ("camera", "exposure_s", "aperture", "iso", "focal_mm")
    )


def wanders(frames: Sequence[Sequence[float]]) -> bool:
    """Does the sharpness pass from tile to tile, rising once and falling once in each?

    In a burst one frame is the sharpest everywhere, or each tile goes up and down by chance: a shake of the whole
    frame is taken out first. Of a stack nearly every frame is the sharpest somewhere; a frame that is blurred all over
    is not.
    """
    if len(frames) < STACK_FRAMES or len({len(frame) for frame in frames}) != 1:
        return False
    level = [sum(math.log(max(tile, 1e-9)) for tile in frame) / max(len(frame), 1) for frame in frames]
    if len({curve.index(max(curve)) for curve in zip(*frames, strict=True)}) < SOMEWHERE * len(frames):
        return False
    steady = ([tile / math.exp(mean) for tile in frame] for frame, mean in zip(frames, level, strict=True))
    curves = [curve for curve in zip(*steady, strict=True) if max(curve) >= LIVELY * max(min(curve), 1e-9)]
    if len(curves) < max(LEAST_TILES, len(frames[0]) // 10):
        return False
    peaks = [curve.index(max(curve)) for curve in curves]
    most = max(peaks.count(frame) for frame in set(peaks))
    single = sum(_has_one_peak(curve) for curve in curves)
    return len(set(peaks)) >= 3 and most <= 0.6 * len(peaks) and single >= 0.7 * len(curves)


def _has_one_peak(curve: Sequence[float]) -> bool:
    peak, slack = curve.index(max(curve)), FALL * max(curve)
    rises = all(after >= before - slack for before, after in pairwise(curve[: peak + 1]))
    return rises and all(after <= before + slack for before, after in pairwise(curve[peak:]))


# ---- panoramas


def _panoramas(timed: Sequence[Shot], overlap: Overlap | None) -> Iterator[Series]:
    """By the names that stitching gives, else by a view that moves on in one direction."""
    named = [list(run) for run in groups.runs(timed, _next_by_name) if len(run) > 1]
    yield from (Series(PANORAMA, tuple(run), f"named {run[0].name} to {run[-1].name}") for run in named)
    if overlap is None:
        return
    known = {shot.image_id for run in named for shot in run}
    for run in groups.runs((shot for shot in timed if shot.image_id not in known), _may_be_panned):
        if len(run) >= PANORAMA_FRAMES:
            yield from _panned(run, overlap)


def _next_by_name(one: Shot, other: Shot) -> bool:
    if one.camera != other.camera or pause(one, other) > 60.0:
        return False
    letters = [found.group(1).upper() for shot in (one, other) if (found := _STITCHED.fullmatch(shot.name))]
    if len(letters) == 2:
        return ord(letters[1]) == ord(letters[0]) + 1
    return all(_NUMBERED.fullmatch(shot.name) for shot in (one, other))


def _may_be_panned(one: Shot, other: Shot) -> bool:
    light = exposure(one), exposure(other)
    locked = light[0] is not None and light[1] is not None and abs(light[0] - light[1]) <= LOCKED_EV
    return (
        (one.camera, one.focal_mm, one.aperture) == (other.camera, other.focal_mm, other.aperture)
        and one.focal_mm is not None
        and locked
        and pause(one, other) <= PANORAMA_PAUSE_S + (one.exposure_s or 0.0)
    )


def _panned(run: Sequence[Shot], overlap: Overlap) -> Iterator[Series]:
    """Cut the run wherever the view does not move on as it did before: a row that goes back is another panorama."""
    ways = [_way(overlap(one, other)) for one, other in pairwise(run)]
    first = free = 0  # of this stretch, and the first frame that no panorama has
    for way, stretch in groupby(ways):
        end = first + len(list(stretch))
        frames = run[max(first, free) : end + 1]
        if way and len(frames) >= PANORAMA_FRAMES and _is_slow(frames):
            yield Series(PANORAMA, tuple(frames), f"{len(frames)} overlapping views, one after the other {way}")
            free = end + 1
        first = end


def _is_slow(frames: Sequence[Shot]) -> bool:
    return pause(frames[0], frames[-1]) >= PANORAMA_LEAST_PAUSE_S * (len(frames) - 1)


def _way(moved: tuple[float, float] | None) -> str:
    """Where the view went; "" where it stayed, jumped or went askew."""
    if moved is None:
        return ""
    across, down = moved
    far, aside = (across, down) if abs(across) >= abs(down) else (down, across)
    if not MOVED[0] <= abs(far) <= MOVED[1] or abs(aside) > ASIDE:
        return ""
    return ("to the right" if across > 0 else "to the left") if far == across else ("downwards" if down > 0 else "up")
