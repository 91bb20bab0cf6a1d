"""What was culled, as lines of text and as rows for programs.

The decision here: a group is a line that says what it is, and below it each photo with its verdict, its name and its
reasons, folded into the width; photos that stand alone and were left in peace are counted, not listed. Refused: a table
that leaves out reasons to be narrow.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from phototag.culling.nouns import Culled, Member, Sorted
from phototag.decide.cull import MAYBE, SINGLE
from phototag.report import many, shown

COLUMNS = ("group", "kind", "verdict", "by", "score", "reasons", "path")
_NAME, _LEAST = 26, 24  # columns of a name at most, and of the reasons at least


def table(culled: Culled, width: int, *, everything: bool = False) -> Iterator[str]:
    """The groups with their photos; `everything` lists photos that stand alone, too."""
    for group in culled.groups:
        if group.kind == SINGLE and not everything and not _is_notable(group.members[0]):
            continue
        yield from textwrap.wrap(_heading(group), width, subsequent_indent="      ", drop_whitespace=False)
        names = min(_NAME, max(len(_name(member)) for member in group.members))
        for member in group.members:
            yield from _lines(group, member, names, width)


def _is_notable(member: Member) -> bool:
    return member.judged.verdict != MAYBE or member.judged.by == "person"


def _heading(group: Sorted) -> str:
    if group.kind == SINGLE:
        return "alone"
    why = f": {group.why}" if group.why else ""
    return f"{group.number:>4}  {group.kind}{why}{' (never culled)' if group.is_series else ''}"


def _lines(group: Sorted, member: Member, names: int, width: int) -> Iterator[str]:
    judged, name = member.judged, _name(member)
    score = "    " if judged.score is None else f"{judged.score:.2f}"
    verdict = "kept" if group.is_series and judged.by == "rules" else judged.verdict
    name = name if len(name) <= names else "…" + name[1 - names :]
    start = f"      {verdict:<6}  {score}  {name:<{names}}  "
    reasons = "" if group.is_series and judged.by == "rules" else judged.because
    folded = textwrap.wrap(reasons, max(_LEAST, width - len(start))) or [""]
    yield (start + folded[0]).rstrip()
    for rest in folded[1:]:
        yield " " * len(start) + rest


def _name(member: Member) -> str:
    return shown(member.known.path.rpartition("/")[2])


def totals(culled: Culled) -> list[tuple[str, str]]:
    """How many of what, for the end of a run."""
    counts = culled.counts
    if not counts["photos"]:
        return [("photos", "0: there are none in this folder")]
    told = [("photos", f"{counts['photos']:,}: {counts['alone']:,} stand alone, {counts['in_series']:,} are in series")]
    told.append(("groups", f"{counts['groups']:,} of which the best are kept (profile {culled.profile})"))
    rest = counts["photos"] - counts["pick"] - counts["reject"]
    told.append(("verdicts", f"{many(counts['pick'], 'pick')}, {many(counts['reject'], 'reject')}, {rest:,} maybe"))
    return told


def rows(culled: Culled) -> Iterator[dict[str, Any]]:
    """Every photo as a row; its keys are those of COLUMNS, and more for JSON."""
    for group in culled.groups:
        for member in group.members:
            judged = member.judged
            yield {
                "group": group.number or None,
                "kind": group.kind,
                "verdict": judged.verdict,
                "by": judged.by,
                "score": judged.score,
                "reasons": judged.because,
                "path": culled.library.place.actual(member.known.path),
                "id": judged.image_id,
                "faults": [{"witness": fault.witness, "text": fault.text} for fault in judged.faults],
            }


def tsv(culled: Culled) -> Iterator[str]:
    """The rows with tabs between; no text brings a tab or a line break of its own."""
    yield "\t".join(COLUMNS)
    for row in rows(culled):
        yield "\t".join("" if row[name] is None else shown(str(row[name])) for name in COLUMNS)


def as_json(culled: Culled) -> dict[str, Any]:
    """Everything, for programs."""
    groups: dict[int, dict[str, Any]] = {}
    for group in culled.groups:
        if group.number:
            groups[group.number] = {"number": group.number, "kind": group.kind, "why": group.why, "photos": []}
    alone: list[dict[str, Any]] = []
    for row in rows(culled):
        number = row.pop("group")
        (groups[number]["photos"] if number else alone).append(row)
    return {
        "library": str(culled.library.place.root),
        "folder": culled.folder,
        "profile": culled.profile,
        "applied": culled.applied,
        "not_applied": [{"path": path, "reason": why} for path, why in culled.left_out],
        "counts": culled.counts,
        "groups": list(groups.values()),
        "alone": alone,
    }


def text_of(group: Sorted) -> str:
    """What an export says about a group."""
    lines = [_heading(group).strip(), ""]
    for member in group.members:
        judged = member.judged
        score = "" if judged.score is None else f"  score {judged.score:.2f}"
        said = "kept" if group.is_series and judged.by == "rules" else judged.verdict
        lines += [f"{said}{score}  {_name(member)}", *([f"    {judged.because}"] if judged.because else [])]
    return "\n".join(lines) + "\n"
