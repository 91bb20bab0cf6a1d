"""The vectors nearest to one vector, in any library, at once, and never of yesterday.

The decision here: every search looks at which version the table has (the name of one file). While the copy beside it
(matrix.py) shows that version, neither LanceDB nor Arrow is loaded; else what was written since is read from the table,
whatever is gone is passed over, and who can write leaves the renewed copy for the next. Up to some 300,000 rows every
vector is compared; above, those that a sketch proposes (near_sketch.py). A filter is a set of photo ids and becomes
rows before the search, so that it can lose nothing. Refused: an index that answers from before the last photos.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phototag.errors import Damaged, NoSpace
from phototag.store.matrix import Copy, Piece, Shelf, joined
from phototag.store.near_rows import as_bytes, as_text, digests
from phototag.store.near_table import Keys, Snapshot, Table

EXACT = 300_000  # rows; a piece with more gets a sketch
_SAMPLE = 4096  # rows that stand for a library
_QUANTILES = (0.5, 0.9, 0.99, 0.999)
_TRIES = 3
_FOLDER = "near"


@dataclass(frozen=True)
class Background:
    """How like a query the photos of a library are at large, by a fixed sample of them."""

    mean: float
    deviation: float
    quantiles: dict[float, float]
    rows: int

    def above(self, likeness: float) -> float:
        """By how many deviations a likeness stands out."""
        return (likeness - self.mean) / self.deviation if self.deviation else 0.0


class Near:
    """Reads one space of a library. It needs no lock; any number of processes may search while one writes."""

    def __init__(self, folder: Path, space: str, *, exact: int = EXACT) -> None:
        self._folder, self._space, self._exact = folder, space, exact
        self._shelf = Shelf(folder / _FOLDER / space)
        self._copy: Copy | None = None
        self._samples: dict[str, Any] = {}
        self._asked: tuple[Collection[str], Any] | None = None

    def makers(self) -> dict[str, int]:
        """Who made vectors in this space, and how many of each there are."""
        copy, found = self._current(), dict[str, int]()
        for piece in copy.pieces if copy else ():
            if piece.live:
                found[piece.maker] = found.get(piece.maker, 0) + piece.live
        return found

    def nearest(self, vector: Any, maker: str, k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` photos (of these, if any are given) most like the vector, with their cosine, the best first."""
        copy = self._current()
        query = self._direction(vector, copy)
        if copy is None or query is None or k <= 0:
            return []
        asked = None if among is None else self._marks(among)
        found: list[tuple[str, float]] = []
        for piece in copy.of(maker):
            rows, scores = piece.best(query, k, None if asked is None else piece.rows(asked))
            found += zip(map(as_text, piece.ids[rows].tolist()), scores.tolist(), strict=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))[:k]

    def background(self, vector: Any, maker: str) -> Background:
        """What is usual for this query here: mean, deviation and quantiles of its likeness to a sample."""
        copy = self._current()
        query = self._direction(vector, copy)
        sample = None if copy is None else self._sample(copy, maker)
        if query is None or sample is None or not len(sample):
            return Background(0.0, 0.0, dict.fromkeys(_QUANTILES, 0.0), 0)
        scores = (sample @ query).astype(np.float64)
        quantiles = dict(zip(_QUANTILES, np.quantile(scores, _QUANTILES).tolist(), strict=True))
        return Background(float(scores.mean()), float(scores.std()), quantiles, len(sample))

    def vectors(self, ids: Iterable[str], maker: str) -> dict[str, Any]:
        """The vectors of these photos; photos that have none are left out."""
        copy, found = self._current(), dict[str, Any]()
        marks = np.unique(digests(as_bytes(list(ids))))
        for piece in copy.of(maker) if copy else ():
            for row in piece.rows(marks).tolist():
                found[as_text(piece.ids[row])] = np.array(piece.vectors[row])
        return found

    def refresh(self) -> None:
        """Bring the copy up to the table, if anything was written since."""
        self._current()

    # ---- the copy

    def _current(self) -> Copy | None:
        """The copy of the table as it is now, or None without a table."""
        table = Table(self._folder, self._space)
        for left in reversed(range(_TRIES)):
            version, stamp = table.newest()
            if self._copy is None or self._copy.stamp != stamp:
                self._samples.clear()
                try:
                    self._copy = self._found(table, version, stamp) if version else None
                except Damaged:
                    if not left or table.newest() == (version, stamp):
                        raise
                    continue  # a writer has just tidied that version away
            break
        return self._copy

    def _found(self, table: Any, version: int, stamp: str) -> Copy:
        held = self._shelf.load()
        if held is not None and held.stamp == stamp:
            return held
        if held is None or (self._copy is not None and self._copy.version > held.version):
            held = self._copy
        snapshot = table.at(version)
        try:
            return _renewed(self._shelf, snapshot, stamp, version, held, self._exact)
        except (OSError, NoSpace):  # it cannot be kept: a copy for this process, mapped from files that have no name
            import tempfile

            with tempfile.TemporaryDirectory(prefix="phototag-near-") as home:
                return _renewed(Shelf(Path(home)), snapshot, stamp, version, held, self._exact, shared=False)

    # ---- a query

    def _direction(self, vector: Any, copy: Copy | None) -> Any | None:
        """The query as a unit vector; None if it points nowhere."""
        query = np.asarray(vector, np.float32).ravel()
        if copy is not None and len(query) != copy.width:
            raise Damaged(
                f"The vectors {self._space!r} in {self._folder} have {copy.width} numbers each, the query has "
                f"{len(query)}: they were made by different models.",
                "Make them again with `phototag embed`, or all tables with `phototag rebuild`.",
            )
        length = float(np.linalg.norm(query))
        return query / length if length and np.isfinite(length) else None

    def _marks(self, among: Collection[str]) -> Any:
        """The digests of the ids, sorted. A frozenset is remembered: one filter often serves several queries."""
        if self._asked is not None and self._asked[0] is among:
            return self._asked[1]
        marks = np.unique(digests(as_bytes(among)))
        if isinstance(among, frozenset):
            self._asked = among, marks
        return marks

    def _sample(self, copy: Copy, maker: str) -> Any:
        """The vectors whose ids have the smallest digests: the same ones until they are deleted."""
        if maker not in self._samples:
            parts = [(piece, rows) for piece in copy.of(maker) if len(rows := _live(piece))]
            marks = np.concatenate([piece.digests[rows] for piece, rows in parts]) if parts else np.empty(0, np.uint64)
            last = np.partition(marks, _SAMPLE - 1)[_SAMPLE - 1] if len(marks) > _SAMPLE else None
            chosen = [
                piece.vectors[rows if last is None else rows[piece.digests[rows] <= last]] for piece, rows in parts
            ]
            self._samples[maker] = np.concatenate(chosen) if chosen else np.empty((0, copy.width), np.float32)
        return self._samples[maker]


def build(folder: Path, space: str, *, tell: Callable[[str], None]) -> None:
    """Bring the copy of a space up to its table, with all that makes searching a large one fast; after `embed`."""
    near = Near(folder, space)
    near.refresh()
    if rows := sum(near.makers().values()):
        tell(f"Ready to search: {rows:,} vectors of {space}.")


def _live(piece: Piece) -> Any:
    return np.arange(len(piece.ids)) if piece.dead is None else np.flatnonzero(~piece.dead)


def _renewed(
    shelf: Shelf, snapshot: Snapshot, stamp: str, version: int, held: Copy | None, exact: int, *, shared: bool = True
) -> Copy:
    """A copy of this version, with as much as possible of an older one; on its shelf when this returns, if shared."""
    copy = Copy(stamp, version, snapshot.width, sorted(snapshot.files))
    written = snapshot.changed(held.version, held.files) if held and held.width == snapshot.width else None
    for maker, (ids, marks, positions) in sorted(snapshot.keys().items()):
        kept: list[Piece] = []
        if held is not None and written is not None:
            kept = _kept(held.of(maker), marks, written.get(maker, ()))
        known = np.concatenate([piece.digests[_live(piece)] for piece in kept]) if kept else marks[:0]
        new = np.flatnonzero(~np.isin(marks, known))
        swallowed, rows = _swallowed(kept, len(new))
        copy.pieces += [piece for piece in kept if piece not in swallowed]
        if rows:
            fresh = _fresh(snapshot, (ids[new], marks[new], positions[new]))
            piece, check = shelf.write(maker, copy.width, rows, joined(swallowed, fresh), sketched=rows > exact)
            copy.pieces.append(piece)
            copy.checks[piece.name] = check
    if held is not None:
        copy.checks = held.checks | copy.checks
    if shared:
        shelf.publish(copy)
    return copy


def _kept(pieces: Iterable[Piece], now: Any, written: Any) -> list[Piece]:
    """The pieces with every row dead that is gone or was written anew."""
    kept = []
    for piece in pieces:
        dead = ~np.isin(piece.digests, now) | np.isin(piece.digests, written)
        if piece.dead is not None:
            dead |= piece.dead
        if not dead.all():
            kept.append(piece.without(dead))
    return kept


def _swallowed(pieces: Iterable[Piece], rows: int) -> tuple[list[Piece], int]:
    """The pieces that become part of a new one, and its rows: there are few pieces, and no row is copied often."""
    chosen = []
    for piece in sorted(pieces, key=lambda one: one.live):
        if piece.live <= 2 * rows or piece.live * 3 < len(piece.ids) * 2:
            chosen.append(piece)
            rows += piece.live
    return chosen, rows


def _fresh(snapshot: Snapshot, keys: Keys) -> Iterator[tuple[Any, Any]]:
    ids, _, positions = keys
    start = 0
    for vectors in snapshot.vectors(positions):
        yield ids[start : start + len(vectors)], vectors
        start += len(vectors)
