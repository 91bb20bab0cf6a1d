"""A plan as a file that a person may read, change and have carried out.

The decision here: what a plan file says is checked like anything else that comes from outside: every target inside the
root, legal and its own, every original below the source; one wrong line stops the run before anything is copied.
Refused: a plan that is worked out again on the way and might be another one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from phototag.decide.layout import METADATA
from phototag.decide.legal import fold, legal_file
from phototag.errors import UsageError
from phototag.organizing.planning import Copy, Group, Plan
from phototag.records import Entry
from phototag.report import shown
from phototag.store.library import Library
from phototag.store.log import replace_file

FORMAT = {"phototag": "plan", "format": 1}
_HINT = "Make a new plan: phototag organize SOURCE --to FOLDER --plan FILE"
_OURS = ".phototag"


def write(path: Path, plan: Plan, source: str, library: Library) -> None:
    """Write the plan to a file."""
    head = FORMAT | {"source": library.place.stored(source), "to": str(library.place.root)}
    head |= {"photos": len({copy.image_id for copy in plan.copies}), "files": len(plan.copies), "bytes": plan.size}
    folders = ",\n".join("  " + _line(_said(group)) for group in plan.groups)
    copies = ",\n".join("  " + _line(_fields(copy)) for copy in plan.copies)
    start = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    text = f'{start},\n "folders": [\n{folders}\n ],\n "copies": [\n{copies}\n ]\n}}\n'
    replace_file(path, text.encode("utf-8", "surrogatepass"))


def read(path: Path, library: Library, source: str, forbidden: str) -> list[Copy]:
    """The copies of the plan in a file, made for this source and this library; UsageError names what is wrong."""
    try:
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict) or content.get("phototag") != "plan":
            raise UsageError(f"{shown(str(path))} is no plan of phototag.", _HINT)
        if content.get("format") != FORMAT["format"]:
            raise UsageError(f"{shown(str(path))} was made by another version of phototag.", _HINT)
        if not isinstance(content["copies"], list):
            raise TypeError("copies is no list")
        copies = [
            Copy(**{name: _typed(one[name], kind) for name, kind in _COLUMNS.items()}) for one in content["copies"]
        ]
        made_for = str(content["source"]), str(content["to"])
    except OSError as trouble:
        sentence = f"{shown(str(path))} cannot be read: {trouble.strerror}."
        raise UsageError(sentence, "Name a plan that is there.") from trouble
    except (ValueError, KeyError, TypeError) as trouble:
        raise UsageError(f"{shown(str(path))} is no whole plan: {trouble!r}.", _HINT) from trouble
    if made_for != (source, str(library.place.root)):
        sentence = f"{shown(str(path))} was made for other folders: {shown(made_for[0])} to {shown(made_for[1])}."
        raise UsageError(sentence, "Name these, or make a new plan.")
    _check_targets(copies, path, library, forbidden)
    _check_originals(copies, path, library, source)
    return copies


def _check_targets(copies: Sequence[Copy], path: Path, library: Library, forbidden: str) -> None:
    """Every target inside the root, legal where it is new, and its own: neither another file nor the folder of one."""
    taken: dict[str, int] = {}
    folders: set[str] = set()
    for number, copy in enumerate(copies, 1):
        segments = copy.target.split("/")
        new = segments[len(_standing(segments[:-1], library)) :]  # a folder that is there is called as it is called
        wrong = copy.target.startswith("/") or any(legal_file(one, forbidden) != one for one in new)
        if wrong or _OURS in segments or METADATA in map(fold, segments[-2:-1]):
            sentence = (
                f"{_place(path, number)}: {shown(copy.target)} is no path that is legal everywhere in the target."
            )
            raise UsageError(sentence, "Write it as in the other lines: folders and a name, parted by slashes.")
        key = fold(copy.target)
        if key in taken:
            sentence = f"{_place(path, number)}: {shown(copy.target)} is the target of copy {taken[key]}, too."
            raise UsageError(sentence, "Give it another name.")
        taken[key] = number
        folders.update("/".join(key.split("/")[:depth]) for depth in range(1, len(segments)))
    if both := next((key for key in taken if key in folders), None):
        sentence = f"{_place(path, taken[both])}: {shown(both)} is the name of a file and of a folder."
        raise UsageError(sentence, "Give one of them another name.")


def _standing(folders: Sequence[str], library: Library) -> Sequence[str]:
    """As many of the folders, from the outermost on, as are there; "." and ".." are no folders of a plan."""
    if {"", ".", ".."} & set(folders):
        return ()
    depths = range(len(folders), 0, -1)
    there = (depth for depth in depths if os.path.isdir(library.place.actual("/".join(folders[:depth]))))  # noqa: PTH112
    return folders[: next(there, 0)]


def _check_originals(copies: Sequence[Copy], path: Path, library: Library, source: str) -> None:
    """Every original below the source, named once, and what the library knows it to be."""
    start, seen = source.rstrip("/") + "/", set()
    known = {file.path: file for file in library.files("path", (copy.original for copy in copies))}
    for number, copy in enumerate(copies, 1):
        if not copy.original.startswith(start) or ".." in copy.original.split("/"):
            raise UsageError(f"{_place(path, number)}: {shown(copy.original)} does not lie in the source.", _HINT)
        if copy.original in seen:
            raise UsageError(f"{_place(path, number)}: {shown(copy.original)} is copied twice.", "Take one line out.")
        seen.add(copy.original)
        file = known.get(copy.original)
        if file is None or (file.photo_id, file.kind) != (copy.image_id, copy.kind) or not (copy.size or copy.mtime_ns):
            sentence = f"{_place(path, number)}: {shown(copy.original)} is not what the library knows by that name."
            raise UsageError(sentence, _HINT)


def still_to_do(copies: Sequence[Copy], library: Library) -> list[Copy]:
    """Those that an earlier run has not made yet."""
    written = library.changes.of_targets(copy.target for copy in copies)
    return [copy for copy in copies if not _is_made(copy, written.get(copy.target, ()), library)]


def _is_made(copy: Copy, entries: Sequence[Entry], library: Library) -> bool:
    made = any(one.state == "done" and one.change.get("origin") == copy.original for one in entries)
    return made and os.path.lexists(library.place.actual(copy.target))


def _place(path: Path, number: int) -> str:
    return f"{shown(str(path))}: copy {number}"


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


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


def is_plan(path: Path) -> bool:
    """Whether the file is a plan of ours."""
    try:
        with path.open("rb") as file:
            return b'"phototag": "plan"' in file.read(200)
    except OSError:
        return False
