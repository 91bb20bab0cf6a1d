"""What people and programs left in the files that may be one picture: edits, develop settings, and words of their own.

The decision here: one question to ExifTool for everything; a file that phototag saved last has no age of its own, since
its time tells when we wrote. Refused: looking for develop settings in a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from phototag.decide import keeper_own
from phototag.decide.keeper_own import Own
from phototag.errors import Unreadable
from phototag.read.exiftool import decoded
from phototag.records import File
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.editor import Editor

_TAGS = ("XMP-crs:all", "XMP-darktable:all", "IFD0:Software", "XMP-xmp:CreatorTool", *keeper_own.TAGS, "Error")
_EDITORS = re.compile(
    r"photoshop|lightroom|camera raw|capture one|gimp|darktable|rawtherapee|affinity|snapseed|dxo|photolab|luminar|"
    r"pixelmator|acdsee|on1|digikam|picasa|vsco|paint",
    re.IGNORECASE,
)
# Of Camera Raw's tags, those that every file has that it has seen.
_PLAIN = frozenset({"RawFileName", "Version", "ProcessVersion", "AlreadyApplied", "HasSettings", "HasCrop"})
_SOON_S = 300  # between the time that the journal says and that of the file


@dataclass(frozen=True, slots=True)
class Marks:
    """What was found in one file."""

    edited: str = ""  # the program that saved the picture anew
    develop: str = ""  # its develop settings
    own: frozenset[Own] = frozenset()


def marks(library: Library, editor: Editor, files: Sequence[File]) -> dict[str, Marks]:
    """Stored path -> what is in the file."""
    answers = editor.read([library.place.actual(file.path) for file in files], _TAGS)
    found: dict[str, Marks] = {}
    for file, answer in zip(files, answers, strict=True):
        if isinstance(answer, Unreadable):
            found[file.path] = Marks(own=frozenset({("unread", file.image_id)}))
            continue
        tags = decoded(answer)
        develop = f"aae {file.size} {file.path}" if file.kind == "aae" else _developed(tags)
        found[file.path] = Marks(_edited(tags), develop, frozenset(keeper_own.own(file.facts, tags)))
    return found


def saved_by_us(library: Library, files: Sequence[File]) -> frozenset[str]:
    """The files that nobody has saved since phototag wrote to them, or took that back."""
    times = {file.path: file.mtime_ns / 1e9 for file in files}
    found: set[str] = set()
    for path, entries in library.changes.of_targets(times).items():
        ends = [one for one in entries if one.state in ("done", "undone") and one.change.get("kind") in _WRITES]
        if ends and abs(times[path] - max(map(_seconds, (one.at for one in ends)))) < _SOON_S:
            found.add(path)
    return frozenset(found)


_WRITES = frozenset({"embed", "sidecar", "undo"})


def _seconds(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:  # nobody knows: then it was long ago
        return 0.0


def _edited(tags: Mapping[str, Any]) -> str:
    """The program that saved the picture anew, if one did."""
    said = (str(tags.get(tag) or "") for tag in ("IFD0:Software", "XMP-xmp:CreatorTool"))
    return next((" ".join(text.split())[:40] for text in said if _EDITORS.search(text)), "")


def _developed(tags: Mapping[str, Any]) -> str:
    """The develop settings that a program would apply; those that it has applied already are in the pixels."""
    applied = str(tags.get("XMP-crs:AlreadyApplied", "")).lower() == "true"
    crs = [(tag, value) for tag, value in tags.items() if tag.startswith("XMP-crs:") and _name(tag) not in _PLAIN]
    own = [(tag, value) for tag, value in tags.items() if tag.startswith("XMP-darktable:History")]
    kept = sorted((*(() if applied else crs), *own))
    return json.dumps(kept, ensure_ascii=False, default=str) if kept else ""


def _name(tag: str) -> str:
    return tag.partition(":")[2]
