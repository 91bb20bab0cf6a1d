"""What a person decides about photos while culling: a file from the page, and lines in the journal.

The decision here: the file is a stranger's until every line of it has been understood, or nothing of it counts; photos
that went meanwhile are named and the rest is applied; a decision is kept in the journal and wins over every later
measure. Refused: believing paths from a file, and decisions in a table that a rebuild would lose.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from phototag.change.journal import FORMAT
from phototag.decide.cull import VERDICTS
from phototag.errors import UsageError
from phototag.report import many, shown
from phototag.store.library import Library
from phototag.store.tables import now

KIND, VERSION = "phototag cull decisions", 1
AUTO = "auto"  # takes an earlier decision back
_LINE = "culled"
_MOST_BYTES = 64_000_000
_WORDS = (*VERDICTS, AUTO)


class Decided(NamedTuple):
    """One decision: of which photo, what, and how many stars (0: as the settings say)."""

    image_id: str
    verdict: str
    stars: int = 0


def read(file: Path, there: Collection[str]) -> tuple[list[Decided], list[str]]:
    """The decisions in a file about photos that are there, and the ids of the others.

    UsageError for whatever is not exactly what the page writes, and where no photo of it is there.
    """
    name = shown(str(file))
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{name} is too large for a file of decisions.", "Name the file that the page saved.")
        content = json.loads(file.read_bytes())
    except OSError as trouble:
        raise UsageError(
            f"{name} cannot be read: {trouble.strerror}.", "Name the file that the page saved."
        ) from trouble
    except (ValueError, RecursionError) as trouble:
        raise UsageError(f"{name} is no JSON.", "Name the file that the page saved.") from trouble
    if not isinstance(content, dict) or content.get("kind") != KIND or not isinstance(content.get("decisions"), list):
        raise UsageError(f"{name} holds no decisions of phototag cull.", "Name the file that the page saved.")
    if content.get("version") != VERSION or set(content) != {"kind", "version", "decisions"}:
        raise UsageError(f"{name} was made by another version of phototag.", "Make the page again: --page FILE")
    found = [_decided(one, at, name) for at, one in enumerate(content["decisions"], 1)]
    twice = [one for one, count in Counter(each.image_id for each in found).items() if count > 1]
    if twice:
        raise UsageError(f"{name} decides twice about {shown(twice[0])!r}.", "Nothing was applied.")
    unknown = [one.image_id for one in found if one.image_id not in there]
    if unknown and len(unknown) == len(found):
        raise UsageError(
            f"{name} decides about {many(len(unknown), 'photo')}, and none is in this folder: {shown(unknown[0])!r}.",
            "Nothing was applied. Name the folder that the page was made of.",
        )
    return [one for one in found if one.image_id in there], unknown


def whereabouts(library: Library, ids: Iterable[str]) -> list[tuple[str, str]]:
    """Each of these photos that are not in the folder by its path, if it was ever known, and where it is."""
    asked = list(ids)
    done, files = library.changes.of_images(asked), {file.photo_id: file for file in library.files("photo_id", asked)}
    found = []
    for one in asked:
        moves = [entry for entry in done.get(one, ()) if "to" in entry.change and entry.state == "done"]
        moves = [entry for entry in moves if os.path.lexists(library.place.actual(str(entry.change.get("to"))))]
        if moves:
            found.append((str(moves[-1].change.get("target")), "is in the quarantine"))
        elif one in files:
            there = files[one].status == "present"
            found.append((files[one].path, "is in another folder" if there else "is gone"))
        else:
            found.append((one, "is no photo of this library, or no longer"))
    return found


def _decided(one: Any, at: int, name: str) -> Decided:
    if isinstance(one, dict) and {"id", "verdict"} <= set(one) <= {"id", "verdict", "stars"}:
        image_id, verdict, stars = one["id"], one["verdict"], one.get("stars", 0)
        if isinstance(image_id, str) and verdict in _WORDS and type(stars) is int and 0 <= stars <= 5:
            return Decided(image_id, str(verdict), stars)
    raise UsageError(
        f"{name}: decision {at} is not understood.",
        f"It needs an id, a verdict ({', '.join(_WORDS)}) and perhaps stars from 1 to 5. Nothing was applied.",
    )


def keep(library: Library, decisions: Iterable[Decided]) -> Counter[str]:
    """Make the decisions durable, in the journal; the library is held. How many there are of each verdict."""
    lines: list[dict[str, Any]] = [
        {_LINE: {"image_id": one.image_id, "verdict": one.verdict, "stars": one.stars, "at": now()}}
        for one in decisions
    ]
    if lines:
        library.journal.append([*([dict(FORMAT)] if library.journal.size() == 0 else []), *lines])
    return Counter(line[_LINE]["verdict"] for line in lines)


def kept(library: Library) -> dict[str, Decided]:
    """What people decided, the last word on each photo."""
    found: dict[str, Decided] = {}
    for line, _ in library.journal.read(only=f'{{"{_LINE}":'.encode()):
        words = line.get(_LINE)
        if not isinstance(words, dict) or not isinstance(words.get("image_id"), str):
            continue
        image_id, verdict, stars = words["image_id"], words.get("verdict"), words.get("stars", 0)
        if verdict == AUTO:
            found.pop(image_id, None)
        elif verdict in VERDICTS and isinstance(stars, int):
            found[image_id] = Decided(image_id, str(verdict), stars)
    return found
