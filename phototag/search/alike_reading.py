"""What a library knows of its photos that tells which look alike: their files, hashes and vectors.

The decision here: photos stand in the order of their paths and are numbers from there on; files of one photo (copies,
RAW and JPEG) are one number, so that they are no pair. Only what one maker said is compared. Refused: dicts by photo.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from phototag.errors import Damaged
from phototag.store.library import Library
from phototag.store.near_rows import as_bytes, digests
from phototag.store.near_table import Snapshot, Table

_SCANNED = 8_192  # rows that may be read as a whole


@dataclass(frozen=True, eq=False)
class Photos:
    """The photos that are there, by path."""

    ids: list[str]
    paths: list[str]
    files: list[int]  # how many each has

    def number(self, image_id: str) -> int | None:
        """Where a photo stands; None where it does not."""
        return self.ids.index(image_id) if image_id in self.ids else None


def photos(library: Library) -> Photos:
    """All photos that are there."""
    rows = library.lance.tuples("photos", ("path", "image_id", "files"), "status = 'present'")
    known = sorted((path, image_id, len(files)) for path, image_id, files in rows)
    return Photos([one for _, one, _ in known], [path for path, _, _ in known], [count for _, _, count in known])


def hashes(library: Library, known: Photos, maker: str) -> tuple[Any, Any]:
    """The 64 bits of each photo, and whether it has any: by this maker, else by the one that measured most."""
    number = {image_id: at for at, image_id in enumerate(known.ids)}
    by_maker: dict[str, tuple[list[int], list[int]]] = {}
    columns = ("image_id", "maker", "value")
    for image_id, by, value in library.lance.tuples("evidence", columns, "step = 'measure' AND error = ''"):
        at, text = number.get(image_id), json.loads(value or "{}").get("phash")
        if at is not None and text:
            places, words = by_maker.setdefault(by, ([], []))
            places.append(at)
            words.append(int(text, 16))
    bits, there = np.zeros(len(known.ids), np.uint64), np.zeros(len(known.ids), bool)
    if chosen := _chosen({by: len(places) for by, (places, _) in by_maker.items()}, maker):
        places, words = by_maker[chosen]
        bits[places], there[places] = np.array(words, np.uint64), True
    return bits, there


class Vectors:
    """The vectors of one space and one maker, read from the disk when they are asked for."""

    def __init__(self, library: Library, space: str, maker: str, known: Photos) -> None:
        self.space, self.maker, self.width = space, "", 0
        self._rows = np.full(len(known.ids), -1, np.int64)  # of each photo in the table
        self._snapshot: Snapshot | None = None
        table = Table(library.lance.folder, space)
        version, _ = table.newest()
        if version:
            self._snapshot = table.at(version)
            keys = self._snapshot.keys()
            self.maker = _chosen({by: len(places) for by, (_, _, places) in keys.items()}, maker)
            if self.maker:
                self.width = self._snapshot.width
                self._rows = _found(keys[self.maker], known.ids)

    @property
    def _piece(self) -> int:
        """Rows asked for at once: of a large table so few that Lance takes them, and does not read far ahead."""
        return max(_SCANNED, int(self.there.sum()) // 5)

    @property
    def there(self) -> Any:
        """Of each photo, whether it has a vector."""
        return self._rows >= 0

    def read(self, places: Any) -> Any:
        """The vectors of these photos, which all have one, of length one."""
        found = np.zeros((len(places), self.width), np.float32)
        for some, vectors in self.blocks(places):
            found[some] = vectors
        return found

    def blocks(self, places: Any) -> Any:
        """The same, some thousand at a time: where they stand among the places, and the vectors."""
        rows = self._rows[places]
        order, start = np.argsort(rows, kind="stable"), 0
        for first in range(0, len(rows), self._piece):
            asked = rows[order[first : first + self._piece]]
            for vectors in self._snapshot.vectors(asked) if self._snapshot is not None else ():
                lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
                yield order[start : start + len(vectors)], vectors / np.maximum(lengths, 1e-9)
                start += len(vectors)
        if start < len(rows):
            raise Damaged(f"Vectors of {self.space!r} are missing.", "Make the tables again: phototag rebuild")


def _found(keys: tuple[Any, Any, Any], ids: list[str]) -> Any:
    """The row of each id, -1 where it has none."""
    _, marks, rows = keys
    mine, order = digests(as_bytes(ids)), np.argsort(marks, kind="stable")
    if not len(marks) or not len(mine):
        return np.full(len(ids), -1, np.int64)
    place = order[np.minimum(np.searchsorted(marks, mine, sorter=order), len(marks) - 1)]
    return np.where(marks[place] == mine, rows[place], -1)


def _chosen(counts: dict[str, int], maker: str) -> str:
    """This maker if it made any, else the one that made most."""
    return maker if maker in counts else max(sorted(counts), key=lambda by: counts[by], default="")
