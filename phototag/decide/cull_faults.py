"""What speaks against a frame, each from a witness of its own, and what protects it.

The decision here: a fault counts only where the pick of the same group does not have it, so that a frame is given up
for a better one and never for being as it is. Less detail and motion blur are one reason, for both are the same blur.
That it is nearly the same as the pick holds for nearly all of a burst and is no reason, but beside so little detail as
nobody overlooks, and only if the frame by itself, without the pick, looks moved or out of focus too: one wrong figure
must never give both reasons. Light counts over the whole picture, so many stops from the pick or so much more of it
white or black; what is white in all frames, as behind a backlit subject, is no fault. What may be meant to be soft
(panning, night, a shallow depth of field without a known subject) is protected, and what a person worked on.
Refused: a threshold below which a photo is bad.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phototag.decide import cull_sharp
from phototag.decide.cull_frame import Frame
from phototag.decide.cull_weighing import CLEARLY, cuts, exposure, known_alike, off_middle

SHARPNESS, EYES, EXPOSURE, CUT, SAME, MODEL = "sharpness", "eyes", "exposure", "cut", "same", "model"
VERY = 1.2  # powers of two of fine detail, 2.3 times: what a blur of two to three pixels takes away, or a long motion
_BAD, _WORSE = 0.5, 0.3  # exposure from 0 to 1: so bad, and by so much worse than the pick's
_STOPS, _FEWER = 1.4, 0.7  # apart from the pick; and where more is clipped
_CLIPPED = 0.15  # share of the picture that is white or black, and in the pick is not
_BETTER_LIT = 20.0  # grey levels nearer to the middle: a subject for whom the rest had to go white or black
_GAMMA = 2.2  # of the greys: so many stops are one power of two of them
_SURE = 0.8  # of the kind of blur, where there is no other frame to compare with
_LOST = 0.6  # share of a picture that is black or white
_SAID = {"eyes_open": "eyes closed", "sharp": "not sharp", "subject_in_frame": "the subject is cut"}
_TAKEN_BACK = {"eyes_open": EYES, "sharp": SHARPNESS, "subject_in_frame": CUT}  # by a model that says yes


@dataclass(frozen=True, slots=True)
class Reason:
    """One fault: who says so, and what a person reads."""

    witness: str
    text: str


def against(frame: Frame, pick: Frame, near_bits: int) -> list[Reason]:
    """The faults of a frame that the pick does not have."""
    worse = cull_sharp.lead(pick, frame) or 0.0
    found = [*_of_sharpness(frame, worse, pick), *_of_people(frame, pick), *_of_light(frame, pick), *_of_model(frame)]
    denied = {fault for question, fault in _TAKEN_BACK.items() if frame.model.get(question) == "yes"}
    kind = cull_sharp.blurred(frame)
    if (
        worse >= VERY
        and kind
        and not cull_sharp.blurred(pick)
        and SHARPNESS not in denied
        and looks_like(frame, pick, near_bits)
    ):
        found.append(Reason(SAME, f"{kind} and nearly the same as the pick"))
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
    """Clearly less detail, or half of that where the frame's own look says that its subject is blurred."""
    if worse >= (CLEARLY / 2 if is_soft(frame) and not is_soft(pick) else CLEARLY):
        moved = frame.word("subject_blur") == "motion" and pick.word("subject_blur") != "motion"
        kind = "motion blur, " if moved else ""
        yield Reason(SHARPNESS, f"less sharp than the pick ({kind}{2**worse:.1f} times less detail)")


def _of_people(frame: Frame, pick: Frame) -> Iterator[Reason]:
    """Blurred eyes look closed, so there the blur is the only reason."""
    if frame.word("eyes") == "closed" and pick.word("eyes") == "open" and not is_soft(frame):
        yield Reason(EYES, "eyes closed")
    if cuts(frame, pick):
        yield Reason(CUT, "cut by the frame")


def _of_light(frame: Frame, pick: Frame) -> Iterator[Reason]:
    alike = known_alike((frame, pick))
    if said := _stops_off(frame, pick, alike):
        yield Reason(EXPOSURE, said)
        return
    own, best = (exposure(one, whole=False) for one in (frame, pick))
    if alike and own <= _BAD and best >= own + _WORSE:
        yield Reason(EXPOSURE, _exposed(frame))


def _stops_off(frame: Frame, pick: Frame, alike: bool) -> str:
    """How far its light is from the pick's, in words; "" if that is no fault."""
    light, good = frame.figure("brightness"), pick.figure("brightness")
    if light is None or good is None or (alike and _is_better_lit(frame, pick)):
        return ""
    stops = _GAMMA * math.log2(max(light, 1.0) / max(good, 1.0))
    clipped = "clipped_bright" if stops > 0 else "clipped_dark"
    share = frame.figure(clipped) or 0.0
    word, colour = ("too bright", "white") if stops > 0 else ("too dark", "black")
    if abs(stops) >= _FEWER and share >= (pick.figure(clipped) or 0.0) + _CLIPPED:
        return f"{word} ({100 * share:.0f} % of it {colour})"
    if abs(stops) >= _STOPS and off_middle(light) > off_middle(good):
        return f"{word} (by {abs(stops):.1f} stops)"
    return ""


def _is_better_lit(frame: Frame, pick: Frame) -> bool:
    own, other = frame.figure("subject_brightness"), pick.figure("subject_brightness")
    return own is not None and other is not None and off_middle(own) + _BETTER_LIT < off_middle(other)


def _of_model(frame: Frame) -> Iterator[Reason]:
    """All that a model says against it is one witness's word."""
    said = [text for question, text in _SAID.items() if frame.model.get(question) == "no"]
    if said:
        yield Reason(MODEL, f"the model says: {', '.join(said)}")


def _exposed(frame: Frame) -> str:
    over, under = frame.figure("subject_clipped_bright") or 0.0, frame.figure("subject_clipped_dark") or 0.0
    return "too bright" if over > under or (frame.figure("subject_brightness") or 0.0) > 128 else "too dark"
