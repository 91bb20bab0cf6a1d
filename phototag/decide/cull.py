"""Which frames of a group to keep, which to give up and why: pick, maybe, reject.

The decision here: the best of each group are picked, a reject needs two independent reasons, and everything else is
"maybe"; what belongs to a series is shown and never culled; a person's decision wins over whatever is measured later.
Of one picture the largest is the best, if it is not merely an enlargement, and nothing is given up for a smaller one;
of copies as large as each other one that is not blurred, then that of the most bytes.
Refused: a share of photos to throw away; a verdict without reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from phototag.decide import cull_faults, cull_sharp, cull_weighing
from phototag.decide.cull_faults import Reason
from phototag.decide.cull_frame import Frame

PICK, MAYBE, REJECT = "pick", "maybe", "reject"
VERDICTS = (PICK, MAYBE, REJECT)
BURST, NEAR, SINGLE = "burst", "near duplicates", "single"  # every other kind is a series
_BEST = 0.999  # of a part: as good as the best of the group


@dataclass(frozen=True, slots=True)
class Rules:
    """How many are kept, what counts how much, and from how many bits on two pictures are not the same."""

    keep: int = 1
    weights: Mapping[str, float] = field(default_factory=lambda: dict(cull_weighing.PROFILES["wedding"]))
    near_bits: int = 6


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one frame: the verdict, whose it is, how good the frame is (0 to 1), and the reasons."""

    image_id: str
    verdict: str
    by: str = "rules"  # | person
    score: float | None = None
    faults: tuple[Reason, ...] = ()  # two or more witnesses behind every reject of the rules
    notes: tuple[str, ...] = ()

    @property
    def because(self) -> str:
        """The reasons as one text."""
        return ", ".join((*self.notes, *(fault.text for fault in self.faults)))


def judge(kind: str, frames: Sequence[Frame], rules: Rules) -> list[Judged]:
    """A verdict on each frame of one group, in their order."""
    if kind == SINGLE:
        found = [_alone(frame) for frame in frames]
    elif kind in (BURST, NEAR):
        found = _group(kind, frames, rules)
    else:
        found = [Judged(frame.image_id, MAYBE, notes=(f"part of a {kind}: never culled",)) for frame in frames]
    return [_said(frame, judged) for frame, judged in zip(frames, found, strict=True)]


def _said(frame: Frame, judged: Judged) -> Judged:
    """A person's decision in the place of ours, if there is one; what speaks for and against stays to be read."""
    if not frame.person:
        return judged
    notes = tuple(note for note in judged.notes if not note.startswith("part of "))
    return Judged(frame.image_id, frame.person, "person", judged.score, judged.faults, ("your decision", *notes))


def _alone(frame: Frame) -> Judged:
    """Nothing to compare with: rejected only if nothing in it is sharp and nearly all of it is black or white."""
    faults, shield = cull_faults.hard(frame), cull_faults.protection(frame)
    verdict = REJECT if len({fault.witness for fault in faults}) >= 2 and not shield else MAYBE
    notes = (shield,) if shield and (faults or not frame.craft) else ()
    return Judged(frame.image_id, verdict, faults=tuple(faults), notes=notes)


def _group(kind: str, frames: Sequence[Frame], rules: Rules) -> list[Judged]:
    parts = cull_weighing.parts(frames)
    scores = [None if each is None else round(cull_weighing.score(each, rules.weights), 4) for each in parts]
    order = _order(kind, frames, scores, rules.near_bits)
    picked = _picked(frames, order, rules.keep)
    best = next((at for at in order if at in picked), None)
    measured = [frame for frame in frames if frame.craft]
    soft = bool(measured) and all(map(cull_faults.is_soft, measured))
    found = []
    for at, frame in enumerate(frames):
        if at in picked or best is None:
            merits = _merits(parts[at], frame, len(frames)) if at in picked else ()
            found.append(Judged(frame.image_id, PICK if at in picked else MAYBE, score=scores[at], notes=merits))
            continue
        faults = cull_faults.against(frame, frames[best], rules.near_bits)
        shield = _shield(frame, frames[best], soft)
        rejected = cull_faults.are_enough(faults) and not shield
        notes = (shield,) if shield and (faults or not frame.craft) else ()
        if not faults and not notes:
            notes = (f"{_place(order.index(at) + 1)} of {len(frames)}, nothing against it",)
        verdict = REJECT if rejected else MAYBE
        found.append(Judged(frame.image_id, verdict, score=scores[at], faults=tuple(faults), notes=notes))
    return found


def _place(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"} if number % 100 not in (11, 12, 13) else {}
    return f"{number}{ends.get(number % 10, 'th')}"


def _shield(frame: Frame, pick: Frame, soft: bool) -> str:
    """Why a frame of a group is never rejected; "" if it may be."""
    if frame.owned:
        return frame.owned
    if cull_weighing.has_more(frame, pick):
        return "larger than the pick" if frame.pixels and pick.pixels else "of an unknown size"
    return "all of the group are soft" if soft else cull_faults.protection(frame)


def _order(kind: str, frames: Sequence[Frame], scores: Sequence[float | None], bits: int) -> list[int]:
    """The best first. Among near duplicates resolution comes before all else; in a burst only what is a reduced copy
    of another frame is worth less."""
    tiers = cull_weighing.tiers(frames)
    if kind == BURST:
        tiers = [int(_is_reduced(frame, frames, bits)) for frame in frames]
    one_picture = kind == NEAR and len({frame.moment for frame in frames} - {None}) < 2
    kinds = _copies(frames) if one_picture else [()] * len(frames)
    return sorted(
        range(len(frames)), key=lambda at: (tiers[at], kinds[at], scores[at] is None, -(scores[at] or 0.0), at)
    )


def _copies(frames: Sequence[Frame]) -> list[tuple[float, ...]]:
    """What is better of copies of one picture: a master, what is not blurred, open eyes, the most bytes."""
    leads = cull_sharp.ranks(frames)
    best = max((lead for lead in leads if lead is not None), default=0.0)
    soft = [lead is not None and best - lead >= cull_weighing.CLEARLY for lead in leads]
    return [
        (-frame.master, blurred, frame.word("eyes") == "closed", -frame.size)
        for frame, blurred in zip(frames, soft, strict=True)
    ]


def _is_reduced(frame: Frame, frames: Sequence[Frame], bits: int) -> bool:
    return any(
        other.pixels and cull_weighing.is_larger(other, frame) and cull_faults.looks_like(frame, other, bits)
        for other in frames
    )


def _picked(frames: Sequence[Frame], order: Sequence[int], keep: int) -> set[int]:
    """A person's picks, and of the frames that nobody decided upon as many of the best as are still to be kept."""
    own = {at for at, frame in enumerate(frames) if frame.person == PICK}
    free = [at for at in order if not frames[at].person]
    return own | set(free[: max(0, keep - len(own))])


def _merits(parts: Mapping[str, float] | None, frame: Frame, count: int) -> tuple[str, ...]:
    """What a pick is best at."""
    if parts is None:
        return ("not measured",)
    found = [f"sharpest of {count}"] if parts["sharpness"] >= _BEST else ["best of its group"]
    found += ["eyes open"] if frame.word("eyes") == "open" else []
    found += ["a smile"] if (frame.figure("smile_least") or 0.0) >= 0.5 else []
    return tuple(found)
