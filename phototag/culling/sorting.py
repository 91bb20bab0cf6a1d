"""From photos to groups with verdicts.

The decision here: groups are numbered in order of time and verdicts are made anew in every run, from measures that are
kept and decisions that people made; nothing that a machine thinks of a photo is kept. Refused: verdicts in a table,
which would be those of old weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from phototag.culling.grouping import Group
from phototag.culling.nouns import Known, Member, Sorted
from phototag.decide import cull
from phototag.decide.cull import MAYBE, SINGLE, Rules


def sort(groups: Sequence[Group], photos: dict[str, Known], rules: Rules) -> list[Sorted]:
    """The groups in their order, every photo judged."""
    found, number = [], 0
    for group in groups:
        known = [photos[one] for one in group.ids]
        judged = cull.judge(group.kind, [one.frame for one in known], rules)
        number += group.kind != SINGLE
        members = tuple(Member(*pair) for pair in zip(known, judged, strict=True))
        found.append(Sorted(number if group.kind != SINGLE else 0, group.kind, group.why, members))
    return found


def doubtful(groups: Sequence[Sorted]) -> list[Member]:
    """The photos of which a model may know more: of groups that are culled, those that are neither pick nor reject."""
    return [
        member
        for group in groups
        if not group.is_series and group.kind != SINGLE
        for member in group.members
        if member.judged.verdict == MAYBE and member.judged.by == "rules" and not member.known.frame.model
    ]
