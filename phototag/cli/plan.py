"""How a plan looks: what each file would get, lose and keep, and where it goes.

The decision here: a file is one line that names it and one line for each field that changes; what stays is counted, not
listed. Refused: a diff of tag names, which only we could read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from phototag.report import shown

if TYPE_CHECKING:
    from phototag.change.plan import Planned

_SUBJECT = "XMP-dc:Subject"
_OURS = "XMP-phototag:"
_PLACE = ("XMP-photoshop:City", "XMP-photoshop:State", "XMP-photoshop:Country", "XMP-iptcCore:Location")
_SINGLE = {
    "caption": "XMP-dc:Description",
    "rating": "XMP-xmp:Rating",
    "label": "XMP-xmp:Label",
    "flag": "XMP-digiKam:PickLabel",
    "gps": "GPS",
}
_LISTS = (_SUBJECT, "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords")
_MOST = 160  # characters of a caption that are shown


def lines(planned: Planned, *, everything: bool = False) -> Iterator[str]:
    """The plan for one file; nothing for one that stays as it is, unless `everything` is asked for."""
    name = shown(planned.path)
    if planned.why:
        yield f"{name}: not written: {planned.why}"
        return
    if planned.change is None:
        if everything:
            yield f"{name}: says everything already"
        return
    fields = planned.change.fields
    yield name + _where(planned)
    before, after = fields.get(_SUBJECT, ((), ()))
    yield from _words("  + ", [word for word in after if word not in before])
    yield from _words("  - ", [word for word in before if word not in after])
    if kept := sum(word in after for word in before):
        yield f"    keeps {kept} keyword{'s' if kept > 1 else ''}"
    if _SUBJECT not in fields and any(tag in fields for tag in _LISTS):
        yield "    brings the other keyword lists in line"
    for label, tag in _SINGLE.items():
        if tag in fields:
            yield f"    {label}: {_short(fields[tag][1])}{_instead(fields[tag][0])}"
    if places := [text for tag in _PLACE if tag in fields for text in fields[tag][1]]:
        yield f"    place: {shown(', '.join(places))}"
    if "XMP-mwg-rs:RegionInfo" in fields:
        yield "    faces"
    for note in planned.notes:
        yield f"    ({note})"


def as_json(planned: Planned) -> dict[str, Any]:
    """The plan for one file, for programs."""
    change = planned.change
    found: dict[str, Any] = {"path": planned.path, "source": planned.source}
    if change is None:
        return found | {"why": planned.why or "unchanged"}
    fields = {tag: {"before": list(before), "after": list(after)} for tag, (before, after) in change.fields.items()}
    return found | {"kind": change.kind, "fields": fields, "notes": list(planned.notes)}


def _where(planned: Planned) -> str:
    change = planned.change
    if change is None or change.kind == "embed":
        return ""
    made = "" if change.expect else "new "
    return f" ({made}sidecar of {shown(planned.source.rpartition('/')[2])})"


def _words(mark: str, words: Sequence[str]) -> Iterator[str]:
    if words:
        yield mark + ", ".join(map(shown, words))


def _short(values: Sequence[str]) -> str:
    text = shown(" ".join(values))
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def _instead(before: Sequence[str]) -> str:
    return f" (instead of: {_short(before)})" if before else ""
