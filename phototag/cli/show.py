"""`phototag show`: everything known of a photo."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json, rows, shown

if TYPE_CHECKING:
    from phototag.records import Facts, Tag
    from phototag.review import Shown


@click.command("show")
@click.argument("photos", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PHOTO...")
@shared
def command(photos: tuple[Path, ...], both: Shared) -> None:
    """Show everything that is known of a photo.

    What its files say, what each maker said of it, which tags were decided with which score and why,
    what is queued for you and what was proposed.

    It only reads.

    \b
    Examples:
      phototag show ~/Pictures/DSC00042.jpg
      phototag show *.jpg --json
    """
    from phototag import api

    found = list(api.show(photos, library=both.library))
    if both.json:
        out_json([_as_json(one) for one in found])
        return
    for number, one in enumerate(found):
        if number:
            out()
        _print(one)


def _print(one: Shown) -> None:
    facts = one.photo.facts
    lines = [("photo", one.photo.image_id)]
    lines += [("file" if n == 0 else "", f"{shown(f.path)} ({f.kind}, {f.status})") for n, f in enumerate(one.files)]
    lines += [(name, text) for name, text in _said_by_files(facts) if text]
    if one.decision:
        lines += [
            ("caption" if n == 0 else "", f"{text} ({lang})")
            for n, (lang, text) in enumerate(one.decision.caption.items())
        ]
        place = ", ".join(part for part in one.decision.place.values() if part)
        lines += [("place", place)] if place else []
        for name, tags in (
            ("tags", one.decision.tags),
            ("queued", one.decision.queued),
            ("proposed", one.decision.proposed),
        ):
            lines += [(name if n == 0 else "", _tag(tag)) for n, tag in enumerate(tags)]
    else:
        lines.append(("tags", "none yet: phototag look"))
    last = {evidence.step: evidence for evidence in one.evidence}
    for evidence in one.evidence:
        earlier = "" if last[evidence.step] is evidence else "earlier: "
        lines.append((evidence.step, f"{earlier}[{evidence.maker}] {evidence.error or _short(evidence.value)}"))
    out(rows(lines))


def _said_by_files(facts: Facts) -> list[tuple[str, str]]:
    moment, gps = facts.moment, facts.gps
    zone = "" if moment is None or moment.offset is None else f" UTC{moment.offset / 60:+g}"
    size = f"{facts.width} x {facts.height}" if facts.width else ""
    return [
        ("taken", f"{moment.local:%Y-%m-%d %H:%M:%S}{zone} (from {moment.source})" if moment else ""),
        ("gps", f"{gps.lat:.5f}, {gps.lon:.5f}" if gps else ""),
        ("camera", " ".join(part for part in (facts.model, facts.lens) if part)),
        ("size", size),
        ("keywords", ", ".join(facts.keywords)),
        ("written", facts.caption or ""),
        ("rating", "" if facts.rating is None else str(facts.rating)),
    ]


def _tag(tag: Tag) -> str:
    return f"{tag.term} {tag.score:.2f} ({', '.join(tag.because)})"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:299] + "…"


def _as_json(one: Shown) -> dict[str, Any]:
    return {
        "photo": one.photo.image_id,
        "kind": one.photo.kind,
        "files": [{"path": file.path, "kind": file.kind, "status": file.status} for file in one.files],
        "facts": json.loads(json.dumps(asdict(one.photo.facts), default=str)),
        "evidence": [
            {"step": e.step, "maker": e.maker, "value": e.value, "error": e.error, "made_at": e.made_at}
            for e in one.evidence
        ],
        "decision": asdict(one.decision) if one.decision else None,
    }
