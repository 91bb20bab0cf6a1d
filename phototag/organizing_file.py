"""A plan as a file that a person may read, change and have carried out.

The decision here: what a plan file says is checked like anything else that comes from outside: every target inside the
root, legal and its own, every original below the source; one wrong line stops the run before anything is copied.
Refused: a plan that is worked out again on the way and might be another one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from phototag.decide.legal import fold, legal_file
from phototag.errors import UsageError
from phototag.organizing import Copy, Group, Plan
from phototag.report import shown
from phototag.store.library import Library
from phototag.store.log import replace_file

FORMAT = {"phototag": "plan", "format": 1}
_HINT = "Make a new plan: phototag organize SOURCE --to FOLDER --plan FILE"
_OURS = ".phototag"


class Written(NamedTuple):
    """A plan file as it was read."""

    source: str
    to: str
    copies: list[Copy]


def write(path: Path, plan: Plan, source: str, library: Library) -> None:
    """Write the plan to a file; another file that is there is not replaced."""
    real = os.path.realpath(path)
    if real == source or real.startswith(source.rstrip(os.sep) + os.sep):
        raise UsageError(f"{shown(str(path))} lies in the source, which is never written to.", "Name a file elsewhere.")
    if path.exists() and not _is_plan(path):
        raise UsageError(f"{shown(str(path))} is there already and is no plan.", "Name another file.")
    head = FORMAT | {"source": library.place.stored(source), "to": str(library.place.root)}
    head |= {"photos": len({copy.image_id for copy in plan.copies}), "files": len(plan.copies), "bytes": plan.size}
    folders = ",\n".join("  " + _line(_said(group)) for group in plan.groups)
    copies = ",\n".join("  " + _line(_fields(copy)) for copy in plan.copies)
    start = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    text = f'{start},\n "folders": [\n{folders}\n ],\n "copies": [\n{copies}\n ]\n}}\n'
    replace_file(path, text.encode("utf-8", "surrogatepass"))


def read(path: Path, forbidden: str) -> Written:
    """The plan in a file; UsageError names what is wrong with it."""
    try:
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict) or content.get("phototag") != "plan":
            raise UsageError(f"{shown(str(path))} is no plan of phototag.", _HINT)
        if content.get("format") != FORMAT["format"]:
            raise UsageError(f"{shown(str(path))} was made by another version of phototag.", _HINT)
        copies = [Copy(**{name: kind(one[name]) for name, kind in _COLUMNS.items()}) for one in content["copies"]]
        found = Written(str(content["source"]), str(content["to"]), copies)
    except OSError as trouble:
        raise UsageError(
            f"{shown(str(path))} cannot be read: {trouble.strerror}.", "Name a plan that is there."
        ) from trouble
    except (ValueError, KeyError, TypeError) as trouble:
        raise UsageError(f"{shown(str(path))} is no whole plan: {trouble!r}.", _HINT) from trouble
    _check(found, path, forbidden)
    return found


def _check(found: Written, path: Path, forbidden: str) -> None:
    """Every line on its own and all of them together."""
    taken: set[str] = set()
    start = found.source.rstrip("/") + "/"
    for number, copy in enumerate(found.copies, 1):
        place = f"{shown(str(path))}: copy {number}"
        if not copy.original.startswith(start) or ".." in copy.original.split("/"):
            raise UsageError(f"{place}: {shown(copy.original)} does not lie in the source.", _HINT)
        segments = copy.target.split("/")
        if (
            copy.target.startswith("/")
            or any(legal_file(one, forbidden) != one for one in segments)
            or _OURS in segments
        ):
            sentence = f"{place}: {shown(copy.target)} is no path that is legal everywhere and lies in the target."
            raise UsageError(sentence, "Write it as in the other lines: folders and a name, parted by slashes.")
        key = fold(copy.target)
        if key in taken:
            raise UsageError(
                f"{place}: {shown(copy.target)} is the target of another copy, too.", "Give it another name."
            )
        taken.add(key)


def groups(copies: Iterable[Copy]) -> list[Group]:
    """The folders of a plan that was read, for showing it."""
    found: dict[str, Group] = {}
    photos: dict[str, set[str]] = {}
    for copy in copies:
        folder = copy.target.rpartition("/")[0]
        group = found.setdefault(folder, Group(folder))
        group.files += 1
        group.size += copy.size
        photos.setdefault(folder, set()).add(copy.image_id)
    for folder, group in found.items():
        group.photos = len(photos[folder])
    return [found[folder] for folder in sorted(found)]


_COLUMNS: dict[str, Any] = {
    "image_id": str,
    "original": str,
    "target": str,
    "kind": str,
    "size": int,
    "mtime_ns": int,
}


def _fields(copy: Copy) -> dict[str, Any]:
    return {name: getattr(copy, name) for name in _COLUMNS}


def _said(group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {"folder": group.folder, "photos": group.photos, "files": group.files, "bytes": group.size}
    if group.start and group.end:
        found |= {"start": group.start.isoformat(), "end": group.end.isoformat()}
    if group.standing:
        found["standing"] = group.standing
    if group.borders:
        found["because"] = [border.rule for border in group.borders]
    return found


def _line(one: dict[str, Any]) -> str:
    return json.dumps(one, ensure_ascii=False)


def _is_plan(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b'"phototag": "plan"' in file.read(200)
    except OSError:
        return False
