"""What the last scan saw, one digest a folder: why a second scan opens nothing and imports no database.

The decision here: this small file is a cache that may be wrong only by being absent. It lies inside
the LanceDB folder, is written after the rows, and is believed only while the tables on disk look as
they did then. Refused: a LanceDB query (1.4 s of import) to learn that nothing has changed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from phototag.store.log import replace_file

_FILE = "walked.json"
_COMPOSED = 2  # how photos are made of files; since 2 a RAW has a picture. Another number: all are made again, once


@dataclass
class Seen:
    """One folder as it was: the digest of its entries, and what the rows made of them."""

    digest: str
    files: int = 0
    photos: int = 0
    unreadable: int = 0


@dataclass
class Walked:
    """All folders of a library by stored path."""

    folders: dict[str, Seen] = field(default_factory=dict)
    photos: int = 0  # distinct photos in the library
    settled: bool = False  # whether the photos table followed the files table to the end

    def save(self, lance: Path) -> None:
        content = {
            "tables": _look_of(lance),
            "photos": self.photos,
            "settled": self.settled,
            "composed": _COMPOSED,
            "folders": {path: list(vars(seen).values()) for path, seen in self.folders.items()},
        }
        replace_file(lance / _FILE, json.dumps(content).encode(), durable=False)


def load(lance: Path) -> Walked:
    """The last scan's memory, or an empty one when it cannot be believed."""
    try:
        content = json.loads((lance / _FILE).read_bytes())
        if content["tables"] != _look_of(lance):
            return Walked()
        folders = {path: Seen(*values) for path, values in content["folders"].items()}
        settled = bool(content["settled"]) and content.get("composed") == _COMPOSED
        return Walked(folders, int(content["photos"]), settled)
    except (OSError, ValueError, KeyError, TypeError):  # absent or cut: compare with the rows instead
        return Walked()


def _look_of(lance: Path) -> list[list[str | int]]:
    """Names, sizes and times of the files that hold the two tables which a scan writes."""
    found: list[list[str | int]] = []
    for table in ("files.lance", "photos.lance"):
        stack = [str(lance / table)]
        while stack:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(entry.path)
                    else:
                        stat = entry.stat(follow_symlinks=False)
                        found.append([entry.path[len(str(lance)) :], stat.st_size, stat.st_mtime_ns])
    return sorted(found)
