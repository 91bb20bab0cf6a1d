"""How good each frame of a group is, part by part, held against the others of its group.

The decision here: sharpness is compared within a group only, and there like with like (faces with faces), for what is
photographed counts as much as how; what nobody could see (eyes, a smile) is no fault and no merit. Refused: one score
for all photos, by which a portrait loses to a brick wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
_AS_LARGE = 1.05  # times the pixels: the same resolution still


@dataclass(frozen=True, slots=True)
class Frame:
    """What culling knows of one photo. `craft` holds what look/craft.py measured; None: nobody could."""

    image_id: str
    craft: Mapping[str, Any] | None = None
    phash: int | None = None
    night: bool = False  # taken in the dark, of no people and without a flash
    shallow: bool = False  # a shallow depth of field, by what the camera wrote down
    model: Mapping[str, str] = field(default_factory=dict)  # a describer's verdict, if one was asked
    person: str = ""  # what a person decided: pick, maybe or reject
    pixels: int = 0  # of its largest file; 0: nobody knows
    master: int = 0  # 2 for a RAW, 1 for a picture that a person worked on
    size: int = 0  # bytes of its largest file
    moment: float | None = None
    owned: str = ""  # what of a person's work is in it: "has stars of yours"

    def figure(self, name: str) -> float | None:
        """A measured figure; None where there is none."""
        value = (self.craft or {}).get(name)
        return float(value) if isinstance(value, int | float) else None

    def word(self, name: str) -> str:
        return str((self.craft or {}).get(name) or "")


def weights_of(profile: str, own: Iterable[str] = ()) -> dict[str, float]:
    """The weights of a profile, with those of a person's own (`eyes=2`) in their place."""
    given = (text.partition("=") for text in own)
    return {**PROFILES[profile], **{name: float(number) for name, _, number in given}}


def sharpness(frames: Sequence[Frame]) -> list[float | None]:
    """How sharp each is, in powers of two of detail: of the subject, if it is known the same way in all of them."""
    measured = [frame for frame in frames if frame.craft]
    alike = len({frame.word("subject_by") for frame in measured}) == 1
    return [frame.figure("subject_sharpness" if alike else "sharpness") for frame in frames]


def exposure(frame: Frame) -> float:
    """From 0 to 1: 1 for a subject with nothing burnt out or drowned, lit as most are."""
    over, under = frame.figure("subject_clipped_bright") or 0.0, frame.figure("subject_clipped_dark") or 0.0
    light = frame.figure("subject_brightness")
    off = 0.0 if light is None else max(0.0, abs(light - _MIDDLE) - _ROOM) / _ROOM
    return max(0.0, 1.0 - 2 * over - 1.5 * under - 0.5 * off)


def is_cut(frame: Frame) -> bool:
    """Does the frame cut a face, or a thing that was found? Where nothing was, nobody knows the subject's edges."""
    return bool(frame.figure("faces_cut")) or (
        frame.word("subject_by") != "saliency" and bool(frame.word("subject_cut"))
    )


def framing(frame: Frame) -> float:
    """From 0 to 1: 1 for a subject inside of the frame and a level horizon."""
    tilt = abs(frame.figure("tilt") or 0.0)
    return 1.0 - 0.5 * is_cut(frame) - 0.5 * min(1.0, tilt / _TILTED)


def has_more(frame: Frame, other: Frame) -> bool:
    """Has it more pixels than the other, or may it, since those of only one are known?"""
    if not frame.pixels or not other.pixels:
        return frame.pixels != other.pixels
    return frame.pixels > other.pixels * _AS_LARGE


def tiers(frames: Sequence[Frame]) -> list[int]:
    """The place of each by its resolution, 0 for the largest; a few pixels make no difference."""
    found, tier, head = [0] * len(frames), 0, 0
    for at in sorted(range(len(frames)), key=lambda at: -frames[at].pixels):
        head = head or frames[at].pixels
        if head > frames[at].pixels * _AS_LARGE:
            tier, head = tier + 1, frames[at].pixels
        found[at] = tier
    return found


def parts(frames: Sequence[Frame]) -> list[dict[str, float] | None]:
    """Each part of each frame from 0 to 1; None for a frame that nobody measured."""
    sharp = sharpness(frames)
    best = max((each for each in sharp if each is not None), default=0.0)
    smiles = [smile for frame in frames if (smile := frame.figure("smile_least")) is not None]
    usual = sum(smiles) / len(smiles) if smiles else 0.5
    found: list[dict[str, float] | None] = []
    for frame, own in zip(frames, sharp, strict=True):
        eyes, smile = frame.figure("eyes_least"), frame.figure("smile_least")
        values = (
            1.0 - min(1.0, (best - own) / _BLURRED) if own is not None else 0.0,
            1.0 if eyes is None else eyes,
            exposure(frame),
            usual if smile is None else smile,
            framing(frame),
        )
        found.append(dict(zip(PARTS, values, strict=True)) if frame.craft else None)
    return found


def score(of_frame: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The parts by their weights, from 0 to 1."""
    whole = sum(weights.values())
    return sum(weights[name] * of_frame[name] for name in PARTS) / whole if whole else 0.0
