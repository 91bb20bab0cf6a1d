"""How much more fine detail one frame has than another: like held against like.

The decision here: two frames of one view are compared tile by tile, where both have something to tell and neither is
clipped, and most where either has its subject; so a detector that finds the subject in one of them only changes
nothing. A subject that went elsewhere is held against itself, and a picture of another size at the size of the smaller
one. What is compared is fine detail over coarse, for a stop of light changes the energy of both alike. Refused: a
figure of each frame alone, by which the brightest of a burst is its sharpest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, log2
from typing import Any

from phototag.decide.cull_frame import Frame

STEPS = 20  # of a power of two: in which craft's maps count
_TOLD = 4  # of 15: where neither frame has more than this, there is only a plain wall or the sky
_FEWEST = 4.0  # tiles; fewer say nothing
_REST = 0.15  # of the subject's weight: that of all that is not the subject
_ELSEWHERE = 0.4  # share of the subject that is in the same place in both
_AS_LARGE = 1.4  # times as wide and high
_CLIPPED = 0.5  # share of a subject
_OTHERS = 40  # frames that each is compared with: of a longer burst, so many of all parts of it
_MAPS = ("fine", "told", "subject")
_BLURS = {"motion": "moved", "defocus": "out of focus"}
_ANOTHER_LIGHT = 1.2  # times as bright: more than half a stop
_CHANCE = 0.2  # powers of two between equally sharp frames one or two stops apart, in nine of ten
_ANOTHER_SIZE = 0.05  # powers of two between the sides of two pictures


def lead(one: Frame, other: Frame) -> float | None:
    """By how many powers of two of fine detail the first is ahead of the other; None where nobody measured.

    Between frames of another light, as much as is chance there counts for nothing.
    """
    found = _lead(one, other)
    lights = [frame.figure("brightness") or 0.0 for frame in (one, other)]
    if found is None or min(lights) * _ANOTHER_LIGHT >= max(lights):
        return found
    return copysign(max(0.0, abs(found) - _CHANCE), found)


def _lead(one: Frame, other: Frame) -> float | None:
    if not one.craft or not other.craft:
        return None
    sides = one.figure("side"), other.figure("side")
    if sides[0] and sides[1] and abs(log2(sides[0] / sides[1])) > _ANOTHER_SIZE:
        return _scaled(one.craft["levels"], other.craft["levels"], log2(sides[0] / sides[1]))
    if not _has_moved(one, other) and (found := _by_tiles(one, other)) is not None:
        return found
    alike = one.word("subject_by") == other.word("subject_by")
    figures = [frame.figure("subject_detail" if alike else "detail") for frame in (one, other)]
    return None if figures[0] is None or figures[1] is None else figures[0] - figures[1]


def ranks(frames: Sequence[Frame]) -> list[float | None]:
    """How sharp each is among these: its mean lead over the others, in powers of two."""
    found: list[float | None] = []
    others = frames[:: 1 + len(frames) // _OTHERS]
    for frame in frames:
        leads = [ahead for other in others if (ahead := lead(frame, other)) is not None]
        found.append(sum(leads) / len(leads) if leads and frame.craft else None)
    return found


def overlap(one: Frame, other: Frame) -> float:
    """The share of the subject that is in the same place in both; 1 where nobody knows its place."""
    maps = [_map(frame, "tiles_subject") for frame in (one, other)]
    if len(maps[0]) != len(maps[1]) or not len(maps[0]):
        return 1.0
    shares = [each / max(float(each.sum()), 1e-9) for each in maps]
    import numpy as np

    return float(np.minimum(*shares).sum())


def blurred(frame: Frame) -> str:
    """What happened to it by its own look, without another frame; "" if any of it is called sharp."""
    said = [frame.word(name) for name in ("subject_blur", "blur")]
    return "" if "sharp" in said else next((_BLURS[word] for word in said if word in _BLURS), "")


def _map(frame: Frame, name: str) -> Any:
    import numpy as np

    return np.asarray((frame.craft or {}).get(name) or (), np.float32)


def _has_moved(one: Frame, other: Frame) -> bool:
    """Is the subject, known the same way in both, seen well and as large, somewhere else?"""
    by = {one.word("subject_by"), other.word("subject_by")}
    seen = all((frame.figure("subject_clipped_bright") or 0.0) < _CLIPPED for frame in (one, other))
    known = len(by) == 1 and by <= {"faces", "objects"} and seen
    return known and _is_as_large(one, other) and overlap(one, other) < _ELSEWHERE


def _is_as_large(one: Frame, other: Frame) -> bool:
    """Are both boxes of one size? Else the detector was sure of another thing."""
    box, box_of_other = ((frame.craft or {}).get("subject_box") or () for frame in (one, other))
    if not box or not box_of_other:
        return False
    sides = [[max(1, each[at + 2] - each[at]) for each in (box, box_of_other)] for at in (0, 1)]
    return all(max(pair) <= _AS_LARGE * min(pair) for pair in sides)


def _by_tiles(one: Frame, other: Frame) -> float | None:
    if one.figure("tiles_across") != other.figure("tiles_across"):
        return None
    fine, told, subject = ([_map(frame, f"tiles_{name}") for frame in (one, other)] for name in _MAPS)
    if not len(fine[0]) or len(fine[0]) != len(fine[1]):
        return None
    import numpy as np

    telling = np.maximum(*told) > _TOLD
    both = telling & (np.minimum(*told) > 0)
    chosen = next((some for some in (both, telling) if some.sum() >= _FEWEST), np.ones(len(telling), bool))
    there = subject[0] + subject[1]
    weights = (there + _REST * max(float(there.mean()), 1.0)) * chosen
    return float(((fine[0] - fine[1]) * weights).sum() / weights.sum()) / STEPS


def _scaled(one: Sequence[int], other: Sequence[int], octaves: float) -> float:
    """Of pictures of two sizes, at the smaller one's: what the larger has beyond that is not compared."""
    if octaves < 0:
        return -_scaled(other, one, -octaves)
    import numpy as np

    places = np.arange(len(other), dtype=np.float32)
    places = places[places + octaves <= len(one) - 1]
    if len(places) < 2:
        return 0.0
    ahead = np.interp(places + octaves, np.arange(len(one)), one) - np.asarray(other)[: len(places)]
    return float((ahead[:-1] - ahead[-1]).mean()) / STEPS
