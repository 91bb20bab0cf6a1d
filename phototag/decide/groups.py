"""Which shots belong together because of how they were taken: bursts and exposure brackets.

The decision here: the camera's own word (a burst id) wins over the clock, and only neighbours in time are compared, so
that it stays linear after sorting. Shots of unknown cameras are never joined by the clock: two phones at one party
would make a burst. Files of one moment are copies and no burst. Refused: grouping by likeness alone, which finds
duplicates and not bursts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise
from typing import Any

from phototag.records import Facts

# A camera that numbers its bursts instead of naming them starts again some day: so long a pause is another burst.
REUSED_S = 60.0
BRACKET_PAUSE_S = 3.0  # between the end of one exposure and the start of the next
BRACKET_SIZES = (9, 7, 5, 3)
LEAST_BIAS_STEP = 0.3  # EV, where the camera states the bias
LEAST_STEP = 0.6  # EV, by shutter, aperture and ISO alone: an automatic that follows the light moves by thirds
ROUNDING = 0.2  # EV: 1/60 is not half of 1/125, 1/13 is not a third from 1/15
COPY_BITS, TWIN_BITS = 10, 3  # of 64, between copies of two sizes, and of one
TWINS = 0.8  # cosine of the vectors of copies of one size
COPY_SIZES = 1.05  # times the pixels: another size
SAME_VIEW_BITS = 20  # of 64: the exposure itself changes some, another picture half of them


@dataclass(frozen=True, slots=True)
class Shot:
    """What of a photo tells whether it belongs to others."""

    image_id: str
    camera: str = ""  # make, model and serial as far as known; "" is unknown
    moment: float | None = None  # UTC seconds, with the fraction if the camera wrote it
    burst_id: str = ""
    sequence: int | None = None  # orders shots of one second
    exposure_s: float | None = None
    aperture: float | None = None
    iso: float | None = None
    exposure_bias: float | None = None
    phash: int | None = None
    focal_mm: float | None = None
    bracket: str = ""  # what the camera itself calls it
    name: str = ""  # of the file, without its suffix


def shot(row: Mapping[str, Any], facts: Facts, phash: int | None = None) -> Shot:
    """A photo's row and facts as a shot; of the row: image_id, path, camera, taken_utc."""
    taken = row["taken_utc"]
    return Shot(
        row["image_id"],
        camera=row["camera"] or "",
        moment=taken.replace(tzinfo=UTC).timestamp() if taken else None,
        burst_id=facts.burst_id or "",
        sequence=facts.sequence,
        exposure_s=facts.exposure_s,
        aperture=facts.aperture,
        iso=facts.iso,
        exposure_bias=facts.exposure_bias,
        phash=phash,
        focal_mm=facts.focal_mm,
        bracket=facts.bracket or "",
        name=row["path"].rpartition("/")[2].rpartition(".")[0],
    )


def bursts(
    shots: Sequence[Shot],
    window_s: float,
    alike: Callable[[Shot, Shot], bool] | None = None,
    apart: Collection[str] = (),
) -> list[list[Shot]]:
    """Shots in rapid succession, two or more each, in order of time; what belongs to a bracket is in no burst.

    Without a burst id, neighbours of one camera belong together if at most `window_s` lies between them and they are
    `alike`, where that is given. A window of 0 with a likeness is no limit of time: then the first of a burst must be
    alike too, for slow changes would join a whole day. The photos in `apart` (those of a series) are in no burst.
    """
    bracketed = {shot.image_id for bracket in brackets(shots) for shot in bracket}
    free = [shot for shot in shots if shot.image_id not in bracketed and shot.image_id not in apart]
    named = sorted((shot for shot in free if shot.burst_id), key=_by_burst)
    timed = sorted((s for s in free if not s.burst_id and s.camera and s.moment is not None), key=by_camera)

    def together(one: Shot, other: Shot) -> bool:
        return one.camera == other.camera and pause(one, other) <= window_s and (alike is None or alike(one, other))

    by_clock = runs(timed, together) if window_s or alike is None else _alike_runs(timed, alike)
    found = [*runs(named, _same_burst), *by_clock]
    return sorted((run for run in found if len(run) > 1), key=lambda run: by_time(run[0]))


def brackets(shots: Sequence[Shot]) -> list[list[Shot]]:
    """Series of 3, 5, 7 or 9 shots of one camera, one after the other, whose exposures differ by equal steps."""
    timed = sorted((shot for shot in shots if shot.camera and shot.moment is not None), key=by_camera)
    found = [bracket for run in runs(timed, _may_be_next) for bracket in _cut(run)]
    return sorted(found, key=lambda bracket: by_time(bracket[0]))


def within(bits: int, unknown: bool = True) -> Callable[[Shot, Shot], bool]:
    """A likeness for `bursts`: at most so many bits of the hashes differ; `unknown` is said where one has none."""

    def alike(one: Shot, other: Shot) -> bool:
        if one.phash is None or other.phash is None:
            return unknown
        return (one.phash ^ other.phash).bit_count() <= bits

    return alike


_same_view = within(SAME_VIEW_BITS)


# ---- order and neighbours


def by_time(shot: Shot) -> tuple[bool, float, str, int, str]:
    return shot.moment is None, shot.moment or 0.0, shot.camera, shot.sequence or 0, shot.image_id


def by_camera(shot: Shot) -> tuple[str, float, int, str]:
    return shot.camera, shot.moment or 0.0, shot.sequence or 0, shot.image_id


def _by_burst(shot: Shot) -> tuple[str, str, bool, float, int, str]:
    return shot.camera, shot.burst_id, shot.moment is None, shot.moment or 0.0, shot.sequence or 0, shot.image_id


def runs(shots: Iterable[Shot], together: Callable[[Shot, Shot], bool]) -> Iterator[list[Shot]]:
    """Cut the shots wherever two neighbours do not belong together."""
    run: list[Shot] = []
    for shot in shots:
        if run and not together(run[-1], shot):
            yield run
            run = []
        run.append(shot)
    if run:
        yield run


def _alike_runs(shots: Iterable[Shot], alike: Callable[[Shot, Shot], bool]) -> Iterator[list[Shot]]:
    """Cut wherever the camera changes, or a shot is not like the one before it and like the first."""
    run: list[Shot] = []
    for shot in shots:
        if run and not (shot.camera == run[0].camera and alike(run[-1], shot) and alike(run[0], shot)):
            yield run
            run = []
        run.append(shot)
    if run:
        yield run


def pause(one: Shot, other: Shot) -> float:
    """Seconds from one shot's start to the next one's; 0 where one has no time, and only its burst id counts."""
    return 0.0 if one.moment is None or other.moment is None else other.moment - one.moment


def _same_burst(one: Shot, other: Shot) -> bool:
    same = (one.camera, one.burst_id) == (other.camera, other.burst_id)
    return same and pause(one, other) <= REUSED_S


# ---- copies of one moment


def are_copies(run: Sequence[Shot], pixels: Sequence[int], likeness: Callable[[int, int], float]) -> bool:
    """Is a run of one camera one picture, kept in several files of so many pixels?

    Only if all of it has one moment, and no numbers in a row. Copies of two sizes have near hashes; of one size they
    must be told from a burst, of which a clock without fractions says one second too: then one of another size must be
    there, and hashes and vectors (`likeness`, of two by their places) very near.
    """
    moments, hashes = {shot.moment for shot in run}, [shot.phash for shot in run]
    if len(moments) > 1 or None in moments or None in hashes or len({shot.sequence for shot in run}) > 1:
        return False
    exact = bool((run[0].moment or 0.0) % 1)
    if not exact and not _differ(min(pixels), max(pixels)):
        return False

    def linked(one: int, other: int) -> bool:
        bits = ((hashes[one] or 0) ^ (hashes[other] or 0)).bit_count()
        if exact or _differ(pixels[one], pixels[other]):
            return bits <= COPY_BITS
        return bits <= TWIN_BITS and likeness(one, other) >= TWINS

    reached, left = [0], set(range(1, len(run)))
    for one in reached:
        near = {other for other in left if linked(one, other)}
        reached += sorted(near)
        left -= near
    return not left


def _differ(one: int, other: int) -> bool:
    return max(one, other) > min(one, other) * COPY_SIZES


# ---- brackets


def _may_be_next(one: Shot, other: Shot) -> bool:
    return (
        one.camera == other.camera
        and pause(one, other) <= BRACKET_PAUSE_S + (one.exposure_s or 0.0)
        and one.aperture == other.aperture
        and _same_view(one, other)
    )


def _cut(run: Sequence[Shot]) -> Iterator[list[Shot]]:
    """The brackets in a run, from its start, the longest first."""
    start = 0
    while start < len(run):
        windows = (run[start : start + size] for size in BRACKET_SIZES if start + size <= len(run))
        bracket = next((list(window) for window in windows if _is_stepped(window)), None)
        if bracket:
            yield bracket
        start += len(bracket) if bracket else 1


def _is_stepped(shots: Sequence[Shot]) -> bool:
    biases = [shot.exposure_bias for shot in shots if shot.exposure_bias is not None]
    if len(biases) == len(shots) and _equal_steps(biases, LEAST_BIAS_STEP):
        return True
    values = [value for shot in shots if (value := exposure(shot)) is not None]
    return len(values) == len(shots) and _equal_steps(values, LEAST_STEP)


def exposure(shot: Shot) -> float | None:
    """How much light the picture got, in EV; within a run the aperture is the same, known or not."""
    return math.log2(shot.exposure_s * (shot.iso or 100.0)) if shot.exposure_s else None


def _equal_steps(values: Sequence[float], least: float) -> bool:
    """All different, and each as far from the next as the others, up to how cameras round."""
    steps = [above - below for below, above in pairwise(sorted(values))]
    return min(steps) >= least - 1e-6 and max(steps) - min(steps) <= ROUNDING
