"""How good each frame of a group is, part by part, held against the others of its group.

The decision here: sharpness is compared within a group only, and there like with like (cull_sharp.py), for what is
photographed counts as much as how; what nobody could see (eyes, a smile) is no fault and no merit. Light is lost for
good where it is white, less so where it is black; the whole picture counts, and the subject where it is known the same
way in all frames. A larger picture is better from one and a half times the pixels on, unless it looks blurred and has
clearly less detail than the smaller one at that one's size: then it is an enlargement. Refused: one score for all
photos, by which a portrait loses to a brick wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp

from phototag.decide import cull_sharp
from phototag.decide.cull_frame import Frame as Frame

PARTS = ("sharpness", "eyes", "exposure", "smile", "framing")
PROFILES: Mapping[str, Mapping[str, float]] = {
    name: dict(zip(PARTS, weights, strict=True))
    for name, weights in {
        "wedding": (1.0, 1.2, 0.6, 0.6, 0.5),
        "portrait": (1.2, 1.5, 0.6, 0.8, 0.4),
        "wildlife": (1.6, 0.4, 0.6, 0.0, 0.8),
        "sports": (1.4, 0.3, 0.5, 0.1, 1.0),
        "landscape": (1.2, 0.0, 1.0, 0.0, 0.8),
    }.items()
}
_BLURRED = 2.5  # powers of two of detail less than the best of the group: nothing is worth less
_MIDDLE, _ROOM = 118.0, 60.0  # grey levels: a subject this far from the middle is still well lit
_TILTED = 8.0  # degrees
_EDGES = ("left", "top", "right", "bottom")
_AWAY = 30  # thousandths of the picture: so far from the edge a subject is whole
_PASSER_BY = 0.04  # share of the picture: a thing that is smaller, at the edge, is no subject
_ONE_SIZE, _ONE_PLACE = (0.8, 2.5), 0.5  # how large a whole thing is beside its cut part, and how much they share
_GRAIN, _GRAINIEST = 0.03, 0.1  # what a grey level of noise takes away, and the most; it passes for detail
_AS_SHARP = 0.3  # powers of two of fine detail: a blurred frame has less noise, too
_ALIKE_LIT = 1.2  # times as bright: only so can noise be compared, for light lifts it
_WHITE, _BLACK = (0.8, 6.0), (0.4, 4.0)  # the most that what is clipped takes away, and how soon
_GLINTS = 0.005  # share of a picture: glints and holes are in every one
_AS_LARGE, _TIER = 1.05, 1.5  # times the pixels: the same resolution still; no tier of its own yet
CLEARLY = 0.6  # powers of two of fine detail: what a blur of one to two pixels of the shared picture takes away


def weights_of(profile: str, own: Iterable[str] = ()) -> dict[str, float]:
    """The weights of a profile, with those of a person's own (`eyes=2`) in their place."""
    given = (text.partition("=") for text in own)
    return {**PROFILES[profile], **{name: float(number) for name, _, number in given}}


def known_alike(frames: Iterable[Frame]) -> bool:
    """Is the subject known the same way in all of them?"""
    return len({frame.word("subject_by") for frame in frames if frame.craft}) == 1


def exposure(frame: Frame, subject: bool = True, whole: bool = True) -> float:
    """From 0 to 1: 1 for a picture, and its subject, with nothing burnt out or drowned, lit as most are."""
    prefixes = [prefix for prefix, counts in (("subject_", subject), ("", whole)) if counts]
    over, under = (
        max(frame.figure(f"{prefix}clipped_{which}") or 0.0 for prefix in prefixes) for which in ("bright", "dark")
    )
    light = frame.figure(f"{prefixes[0]}brightness")
    return max(0.0, 1.0 - _lost(over, _WHITE) - _lost(under, _BLACK) - (0.0 if light is None else _unlit(light)))


def _unlit(light: float) -> float:
    """What a light far from the middle takes away: a little from the well lit room on, more beyond."""
    off = off_middle(light)
    return 0.25 * max(0.0, off - _ROOM / 2) / _ROOM + 0.25 * max(0.0, off - _ROOM) / _ROOM


def off_middle(light: float) -> float:
    """How many grey levels it is from the middle."""
    return abs(light - _MIDDLE)


def _lost(share: float, of: tuple[float, float]) -> float:
    most, soon = of
    return most * (1 - exp(-soon * max(0.0, share - _GLINTS)))


def is_cut(frame: Frame) -> bool:
    """Does the frame cut a face, or a thing that was found? Where nothing was, nobody knows the subject's edges."""
    return bool(frame.figure("faces_cut")) or (
        frame.word("subject_by") != "saliency" and bool(frame.word("subject_cut"))
    )


def cuts(frame: Frame, other: Frame) -> bool:
    """Does the frame cut what is whole in the other, and was not only found there or boxed a little tighter?"""
    if not is_cut(frame) or is_cut(other) or not known_alike((frame, other)):
        return False
    if (frame.figure("faces") or 0) > (other.figure("faces") or 0):
        return False
    if frame.word("subject_by") == "objects" and not _is_one_thing(frame, other):
        return False
    box, edges = (other.craft or {}).get("subject_box"), frame.word("subject_cut").split()
    room = (box[0], box[1], 1000 - box[2], 1000 - box[3]) if box else (1000,) * 4
    return not edges or any(space >= _AWAY for edge, space in zip(_EDGES, room, strict=True) if edge in edges)


def _is_one_thing(part: Frame, whole: Frame) -> bool:
    """Can what a frame cuts be what is whole in the other: in its place, as large, and no passer-by?"""
    own, other = (tuple((frame.craft or {}).get("subject_box") or ()) for frame in (part, whole))
    if not own or not other:
        return True
    shared = _area((*map(max, own[:2], other[:2]), *map(min, own[2:], other[2:])))
    low, high = (times * _area(own) for times in _ONE_SIZE)
    return _area(own) >= _PASSER_BY and low <= _area(other) <= high and shared >= _ONE_PLACE * _area(own)


def _area(box: Sequence[float]) -> float:
    """As a share of the picture, of a box in thousandths of its sides."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]) / 1e6


def framing(frame: Frame, frames: Sequence[Frame]) -> float:
    """From 0 to 1: 1 for a subject no more cut than in the others, and a level horizon."""
    cut, tilt = any(cuts(frame, other) for other in frames), abs(frame.figure("tilt") or 0.0)
    return 1.0 - 0.5 * cut - 0.5 * min(1.0, tilt / _TILTED)


def has_more(frame: Frame, other: Frame) -> bool:
    """Has it more pixels than the other, or may it, since those of only one are known?"""
    if not frame.pixels or not other.pixels:
        return frame.pixels != other.pixels
    return frame.pixels > other.pixels * _AS_LARGE


def is_larger(frame: Frame, other: Frame) -> bool:
    """Has it so many more pixels that it is the better copy, and is no blurred enlargement?"""
    if not frame.pixels or frame.pixels < other.pixels * _TIER:
        return False
    return not cull_sharp.blurred(frame) or (cull_sharp.lead(frame, other) or 0.0) > -CLEARLY


def tiers(frames: Sequence[Frame]) -> list[int]:
    """The place of each by its resolution, 0 for the largest; an enlargement is no larger than what it was made of."""
    real = [_real(frame, frames) for frame in frames]
    found, tier, head = [0] * len(frames), 0, 0
    for at in sorted(range(len(frames)), key=lambda at: -real[at]):
        head = head or real[at]
        if head >= real[at] * _TIER and head > real[at]:
            tier, head = tier + 1, real[at]
        found[at] = tier
    return found


def _real(frame: Frame, frames: Sequence[Frame]) -> int:
    """Its pixels, or those of the largest of the smaller ones that have clearly more detail at their own size."""
    smaller = [other for other in frames if frame.pixels >= other.pixels * _TIER]
    sharper = [other.pixels for other in smaller if not is_larger(frame, other)]
    return max(sharper, default=frame.pixels)


def parts(frames: Sequence[Frame]) -> list[dict[str, float] | None]:
    """Each part of each frame from 0 to 1; None for a frame that nobody measured."""
    sharp, alike = cull_sharp.ranks(frames), known_alike(frames)
    best = max((each for each in sharp if each is not None), default=0.0)
    smiles = [smile for frame in frames if (smile := frame.figure("smile_least")) is not None]
    usual = sum(smiles) / len(smiles) if smiles else 0.5
    found: list[dict[str, float] | None] = []
    for at, (frame, own) in enumerate(zip(frames, sharp, strict=True)):
        eyes, smile = frame.figure("eyes_least"), frame.figure("smile_least")
        values = (
            1.0 - min(1.0, (best - own) / _BLURRED + _noisier(at, frames, sharp)) if own is not None else 0.0,
            1.0 if eyes is None else eyes,
            exposure(frame, alike),
            usual if smile is None else smile,
            framing(frame, frames),
        )
        found.append(dict(zip(PARTS, values, strict=True)) if frame.craft else None)
    return found


def _noisier(at: int, frames: Sequence[Frame], sharp: Sequence[float | None]) -> float:
    """What noise takes away that others of the same light, and as sharp, do not have."""
    light, own, detail = frames[at].figure("brightness") or 0.0, frames[at].figure("noise") or 0.0, sharp[at] or 0.0
    least = own
    for frame, its in zip(frames, sharp, strict=True):
        noise = frame.figure("noise")
        if noise is not None and its is not None and abs(its - detail) <= _AS_SHARP:
            least = min(least, noise) if _are_near(frame.figure("brightness") or 0.0, light) else least
    return min(_GRAINIEST, _GRAIN * (own - least))


def _are_near(one: float, other: float) -> bool:
    return max(one, other) <= _ALIKE_LIT * min(one, other)


def score(of_frame: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The parts by their weights, from 0 to 1."""
    whole = sum(weights.values())
    return sum(weights[name] * of_frame[name] for name in PARTS) / whole if whole else 0.0
