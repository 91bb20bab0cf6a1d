"""What the tables know of the photos that are to be culled.

The decision here: a few hundred photos at a time, and of the evidence only what weighs; films are left out, for nobody
looked at them. Refused: looking at a picture again for what was measured once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from phototag.culling.nouns import Known
from phototag.culling.work import Work, work
from phototag.decide import groups
from phototag.decide.cull_frame import Frame
from phototag.records import Facts
from phototag.store.known import counting
from phototag.store.lance import one_of
from phototag.store.library import Library, chunks
from phototag.store.tables import facts_of

_COLUMNS = ("image_id", "kind", "path", "files", "picture", "picture_kind", "camera", "taken_utc", "facts")


def known(
    library: Library, ids: Iterable[str], makers: Mapping[str, str], people: Mapping[str, str]
) -> dict[str, Known]:
    """The photos by id; `makers` says whose word counts by step, `people` what persons decided."""
    found: dict[str, Known] = {}
    for some in chunks(ids):
        worked = work(library, some)
        evidence = counting(library.evidence(some), makers)
        for row in library.photo_rows(_COLUMNS, one_of("image_id", some)):
            if row["kind"] != "video":
                image_id = row["image_id"]
                values = {step: one.value for step, one in evidence.get(image_id, {}).items()}
                found[image_id] = _known(row, values, people.get(image_id, ""), worked.get(image_id, Work()))
    return found


def _known(row: Mapping[str, Any], values: Mapping[str, Any], person: str, done: Work) -> Known:
    facts = facts_of(row["facts"])
    measured, craft = values.get("measure") or {}, values.get("craft")
    hashes = [int(measured[name], 16) if measured.get(name) else None for name in ("phash", "dhash")]
    shot = groups.shot(row, facts, hashes[0])
    frame = Frame(
        row["image_id"],
        craft=craft,
        phash=hashes[0],
        night=_is_night(facts, values) and not (craft or {}).get("faces"),
        shallow="shallow depth of field" in _terms(values),
        model=values.get("verdict") or {},
        person=person,
        moment=_recorded(facts, shot),
        **done._asdict(),
    )
    return Known(row["path"], tuple(row["files"]), row["picture"], row["picture_kind"], shot, frame, hashes[1])


def _terms(values: Mapping[str, Any]) -> list[str]:
    terms: list[str] = (values.get("technique") or {}).get("terms", [])
    return terms


def _recorded(facts: Facts, shot: groups.Shot) -> float | None:
    """The second in which it was taken, if the picture says so: a copy's own file is younger."""
    known = facts.moment is not None and facts.moment.source not in ("name", "modified")
    return float(int(shot.moment)) if known and shot.moment is not None else None


def _is_night(facts: Facts, values: Mapping[str, Any]) -> bool:
    """By the sun, or by an exposure so long that nothing but a tripod holds still; a flash makes its own day."""
    dark = (values.get("light") or {}).get("light") == "night"
    return (dark or "long exposure" in _terms(values)) and not facts.flash
