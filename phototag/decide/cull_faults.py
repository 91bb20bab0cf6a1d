"""What speaks against a frame, each from a witness of its own, and what protects it.

The decision here: a fault counts only where the pick of the same group does not have it, so that a frame is given up
for a better one and never for being as it is. Less detail and motion blur are one reason, for both are the same blur.
That it is nearly the same as the pick holds for nearly all of a burst and is no reason, but beside a third of the
pick's detail or less. What may be meant to be soft (panning, night, a shallow depth of field without a known subject)
is protected, and what a person worked on.
Refused: a threshold below which a photo is bad.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phototag.decide.cull_weighing import Frame, exposure, is_cut

SHARPNESS, EYES, EXPOSURE, CUT, SAME, MODEL = "sharpness", "eyes", "exposure", "cut", "same", "model"
CLEARLY = 0.7  # powers of two of detail: what a blur of one to two pixels of the shared picture takes away
VERY = math.log2(3)  # a third of the detail
_BAD, _WORSE = 0.5, 0.3  # exposure from 0 to 1: so bad, and by so much worse than the pick's
_SURE = 0.8  # of the kind of blur, where there is no other frame to compare with
_LOST = 0.6  # share of a picture that is black or white
_SAID = {"eyes_open": "eyes closed", "sharp": "not sharp", "subject_in_frame": "the subject is cut"}
_TAKEN_BACK = {"eyes_open": EYES, "sharp": SHARPNESS, "subject_in_frame": CUT}  # by a model that says yes


@dataclass(frozen=True, slots=True)
class Reason:
    """One fault: who says so, and what a person reads."""

    witness: str
    text: str


def against(frame: Frame, sharp: float | None, pick: Frame, best: float | None, near_bits: int) -> list[Reason]:
    """The faults of a frame that the pick does not have; `sharp` and `best` are how sharp both are."""
    worse = best - sharp if sharp is not None and best is not None else 0.0
    found = [*_of_sharpness(frame, worse, pick), *_of_people(frame, pick), *_of_model(frame)]
    if exposure(frame) <= _BAD and exposure(pick) >= exposure(frame) + _WORSE:
        found.append(Reason(EXPOSURE, _exposed(frame)))
    denied = {fault for question, fault in _TAKEN_BACK.items() if frame.model.get(question) == "yes"}
    if worse >= VERY and SHARPNESS not in denied and looks_like(frame, pick, near_bits):
        found.append(Reason(SAME, "nearly the same as the pick"))
    return [reason for reason in found if reason.witness not in denied]


def looks_like(frame: Frame, other: Frame, bits: int) -> bool:
    """Do both show the same, by their hashes?"""
    return frame.phash is not None and other.phash is not None and (frame.phash ^ other.phash).bit_count() <= bits


def are_enough(faults: Sequence[Reason]) -> bool:
    """Do two independent witnesses speak against it?"""
    return len({reason.witness for reason in faults}) >= 2


def hard(frame: Frame) -> list[Reason]:
    """The faults of a photo that stands alone: nothing in it is sharp; nearly all of it is black or white."""
    found = []
    kinds = {frame.word("blur"), frame.word("subject_blur")}
    if kinds <= {"motion", "defocus"} and (frame.figure("blur_sure") or 0.0) >= _SURE:
        found.append(Reason(SHARPNESS, "nothing in it is sharp"))
    for name, colour in (("clipped_dark", "black"), ("clipped_bright", "white")):
        if (frame.figure(name) or 0.0) >= _LOST:
            found.append(Reason(EXPOSURE, f"nearly all of it is {colour}"))
    return found


def protection(frame: Frame) -> str:
    """Why a frame is never rejected, though it may be soft; "" if it may be."""
    if frame.owned:
        return frame.owned
    if not frame.craft:
        return "not measured"
    if frame.word("blur") == "motion" and frame.word("subject_blur") == "sharp":
        return "sharp before a moving background"
    if frame.night:
        return "taken at night"
    if frame.shallow and frame.word("subject_by") == "saliency":
        return "shallow depth of field"
    return ""


def is_soft(frame: Frame) -> bool:
    """Is its subject blurred, as far as that is told?"""
    return frame.word("subject_blur") in ("motion", "defocus")


def _of_sharpness(frame: Frame, worse: float, pick: Frame) -> Iterator[Reason]:
    if worse >= CLEARLY:
        moved = frame.word("subject_blur") == "motion" and pick.word("subject_blur") != "motion"
        kind = "motion blur, " if moved else ""
        yield Reason(SHARPNESS, f"less sharp than the pick ({kind}{2**worse:.1f} times less detail)")


def _of_people(frame: Frame, pick: Frame) -> Iterator[Reason]:
    if frame.word("eyes") == "closed" and pick.word("eyes") == "open":
        yield Reason(EYES, "eyes closed")
    if is_cut(frame) and not is_cut(pick):
        yield Reason(CUT, "cut by the frame")


def _of_model(frame: Frame) -> Iterator[Reason]:
    """All that a model says against it is one witness's word."""
    said = [text for question, text in _SAID.items() if frame.model.get(question) == "no"]
    if said:
        yield Reason(MODEL, f"the model says: {', '.join(said)}")


def _exposed(frame: Frame) -> str:
    over, under = frame.figure("subject_clipped_bright") or 0.0, frame.figure("subject_clipped_dark") or 0.0
    return "too bright" if over > under or (frame.figure("subject_brightness") or 0.0) > 128 else "too dark"
