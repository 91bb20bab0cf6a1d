"""Vectors as plain files that the kernel maps into memory: a copy of a table, for searching it at once.

The decision here: the copy is a few pieces that never change once they are written, and one page (`head.json`, replaced
as a whole) that names them and the version of the table that they show. Whatever is damaged or missing is made again
from the table. Refused: one file that is rewritten for every photo, and a matrix in the memory of each process.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from phototag.store import near_sketch
from phototag.store.log import replace_file, synced
from phototag.store.near_rows import Lookup, digests

_FORMAT = 1
_STRAY = 3600  # seconds after which a piece that no page names is a leftover
_CHECKED = 64  # rows that are looked at when a piece is opened
_READ = 4096

Pieces = Iterable[tuple[Any, Any]]  # ids and vectors, some thousand rows at a time


@dataclass(eq=False)
class Piece:
    """Rows of one maker: their ids, their vectors and, for many rows, a sketch. Dead rows are passed over."""

    maker: str
    name: str
    ids: Any
    vectors: Any
    sketch: Any | None = None
    dead: Any | None = None
    dead_name: str = ""

    @property
    def live(self) -> int:
        return len(self.ids) - (int(self.dead.sum()) if self.dead is not None else 0)

    @cached_property
    def digests(self) -> Any:
        return digests(self.ids)

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(self.digests)

    def rows(self, asked: Any) -> Any:
        """The live rows that hold one of these digests (sorted)."""
        rows = self._lookup.rows(asked)
        return rows if self.dead is None else rows[~self.dead[rows]]

    def best(self, query: Any, count: int, among: Any | None = None) -> tuple[Any, Any]:
        """At most `count` rows, the best ones in no order, and how like each is; of those in `among`, if given."""
        if self.sketch is not None and (among is None or len(among) > near_sketch.FEW):
            rows, scores = near_sketch.best(self.vectors, self.sketch, query, count, among, self.dead)
        elif among is not None:
            rows, scores = among, near_sketch.likeness(self.vectors, query, among)
        else:
            scores = self.vectors @ query
            rows = None
            if self.dead is not None:
                scores[self.dead] = -np.inf
                count = min(count, self.live)
        if count < len(scores):
            top = np.argpartition(scores, len(scores) - count)[len(scores) - count :]
            return top if rows is None else rows[top], scores[top]
        return np.arange(len(scores)) if rows is None else rows, scores

    def without(self, dead: Any) -> Piece:
        """The same rows, some of them dead."""
        if not dead.any() or (self.dead is not None and np.array_equal(dead, self.dead)):
            return self
        return Piece(self.maker, self.name, self.ids, self.vectors, self.sketch, dead, uuid.uuid4().hex)


@dataclass(eq=False)
class Copy:
    """What a table holds in one version."""

    stamp: str
    version: int
    width: int
    files: list[str]
    pieces: list[Piece] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)

    def of(self, maker: str) -> list[Piece]:
        return [piece for piece in self.pieces if piece.maker == maker]


class Shelf:
    """The folder of one space's copy. Any process may read it and replace its page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> Copy | None:
        """The copy as it was saved last, or None: there is none, or it is damaged."""
        for _ in range(3):
            try:
                return self._load(json.loads((self.folder / "head.json").read_bytes()))
            except FileNotFoundError:
                continue  # another process has just replaced the page and removed what it named
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                return None
        return None

    def write(self, maker: str, width: int, rows: int, pieces: Pieces, *, sketched: bool) -> tuple[Piece, str]:
        """A new piece, on the disk before it is used, and what it is checked by."""
        name = uuid.uuid4().hex
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(name, width, rows, pieces)
            if sketched:
                np.save(self._path(name, "sketch"), near_sketch.made(_mapped(self._path(name, "vectors"))))
            for path in self.folder.glob(f"{name}.*"):
                synced(path)
        except OSError:
            for path in self.folder.glob(f"{name}.*"):  # the disk is full: what is cut off must not fill it
                path.unlink(missing_ok=True)
            raise
        piece = self._piece({"maker": maker, "name": name, "rows": rows, "sketch": sketched, "dead": ""}, width)
        return piece, _check(piece)

    def _write(self, name: str, width: int, rows: int, pieces: Pieces) -> None:
        ids = []
        with self._path(name, "vectors").open("wb") as file:
            shape = {"descr": "<f4", "fortran_order": False, "shape": (rows, width)}
            np.lib.format.write_array_header_1_0(file, shape)
            for some, vectors in pieces:
                ids.append(some)
                file.write(np.ascontiguousarray(vectors, np.float32).data)
        np.save(self._path(name, "ids"), np.concatenate(ids))

    def publish(self, copy: Copy) -> None:
        """Make this copy the one that others find, and remove what only older ones need."""
        before = self._named()
        for piece in copy.pieces:
            self._path(piece.name, "vectors").stat()  # a piece that this process alone has cannot be named
            if piece.dead is not None and not self._path(piece.dead_name, "dead").exists():
                np.save(self._path(piece.dead_name, "dead"), piece.dead)
                synced(self._path(piece.dead_name, "dead"))
        page = {
            "format": _FORMAT,
            "stamp": copy.stamp,
            "version": copy.version,
            "width": copy.width,
            "files": copy.files,
            "pieces": [
                {
                    "maker": piece.maker,
                    "name": piece.name,
                    "rows": len(piece.ids),
                    "sketch": piece.sketch is not None,
                    "dead": piece.dead_name,
                    "live": piece.live,
                    "check": copy.checks[piece.name],
                }
                for piece in copy.pieces
            ],
        }
        replace_file(self.folder / "head.json", json.dumps(page).encode())
        self._tidy(before)

    def _load(self, page: dict[str, Any]) -> Copy | None:
        if page["format"] != _FORMAT:
            return None
        width = int(page["width"])
        copy = Copy(str(page["stamp"]), int(page["version"]), width, list(page["files"]))
        for entry in page["pieces"]:
            piece = self._piece(entry, width)
            copy.pieces.append(piece)
            copy.checks[piece.name] = entry["check"]
            if _check(piece) != entry["check"] or piece.live != entry["live"]:
                return None
        return copy

    def _piece(self, entry: dict[str, Any], width: int) -> Piece:
        name, rows = entry["name"], int(entry["rows"])
        vectors, ids = _mapped(self._path(name, "vectors")), _mapped(self._path(name, "ids"))
        sketch = _mapped(self._path(name, "sketch")) if entry["sketch"] else None
        dead = np.load(self._path(entry["dead"], "dead")) if entry["dead"] else None
        fits = vectors.shape == (rows, width) and vectors.dtype == np.float32 and ids.shape == (rows,)
        if not fits or (dead is not None and dead.shape != (rows,)) or (sketch is not None and len(sketch.T) != rows):
            raise ValueError("a piece has another size than its page says")
        return Piece(entry["maker"], name, ids, vectors, sketch, dead, entry["dead"])

    def _path(self, name: str, part: str) -> Path:
        return self.folder / f"{name}.{part}.npy"

    def _named(self) -> set[str]:
        """The pieces that the page names."""
        try:
            page = json.loads((self.folder / "head.json").read_bytes())
            return {name for entry in page["pieces"] for name in (entry["name"], entry["dead"]) if name}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return set()

    def _tidy(self, before: Collection[str]) -> None:
        now, kept = time.time(), self._named()
        for path in self.folder.glob("*.npy"):
            name = path.name.partition(".")[0]
            with suppress(OSError):  # it stays until the next time
                if name not in kept and (name in before or now - path.stat().st_mtime > _STRAY):
                    path.unlink()


def joined(pieces: Iterable[Piece], fresh: Pieces) -> Iterator[tuple[Any, Any]]:
    """The live rows of pieces, then fresh ones."""
    for piece in pieces:
        for start in range(0, len(piece.ids), _READ):
            stop = min(start + _READ, len(piece.ids))
            live = slice(None) if piece.dead is None else ~piece.dead[start:stop]
            yield piece.ids[start:stop][live], piece.vectors[start:stop][live]
    yield from fresh


def _mapped(path: Path) -> Any:
    return np.asarray(np.load(path, mmap_mode="r"))


def _check(piece: Piece) -> str:
    """A digest of the ids and of some vectors: what a power cut or a bad disk does to a file shows in it."""
    seen = xxhash.xxh3_64(np.ascontiguousarray(piece.ids).data.cast("B") if len(piece.ids) else b"")
    for row in np.unique(np.linspace(0, max(0, len(piece.ids) - 1), _CHECKED).astype(np.int64)):
        if row < len(piece.ids):
            seen.update(piece.vectors[row].tobytes())
            if piece.sketch is not None:
                seen.update(np.ascontiguousarray(piece.sketch[:, row]).tobytes())
    return seen.hexdigest()
