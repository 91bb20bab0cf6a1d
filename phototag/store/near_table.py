"""A table of vectors, read without LanceDB: `pylance` reads the same files and is there in a fifth of the time.

The decision here: a version is named by its newest manifest, which a look at one folder tells, and what has changed
between two versions is told by their transactions: compaction moves rows and changes none. Whatever a transaction does
not say clearly counts as new. Refused: comparing vectors, which costs as much as reading them anew.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from phototag.errors import Damaged
from phototag.store.near_rows import as_bytes, digests

_BACKWARDS = 2**64 - 1  # manifests are named so that the newest comes first
_ROWS = 4096  # read at once
_STEPS = 200  # versions that are followed one by one; after more, everything counts as new
_CACHE = 64_000_000  # bytes for metadata; Lance would take gigabytes

Keys = tuple[Any, Any, Any]  # the ids of a maker, their digests, their positions in the table


class Table:
    """The table of one space, on disk."""

    def __init__(self, folder: Path, space: str) -> None:
        self.path = folder / f"vectors_{space}.lance"
        self.space = space

    def newest(self) -> tuple[int, str]:
        """The number of the newest version and a stamp that no other version of any table here has; 0 without one."""
        try:
            found = [(_version(entry.name), entry) for entry in os.scandir(self.path / "_versions")]
            version, entry = max(
                ((number, entry) for number, entry in found), key=lambda one: one[0], default=(0, None)
            )
            if entry is None or not version:
                return 0, ""
            seen = entry.stat()
        except FileNotFoundError:
            return 0, ""
        except OSError as trouble:
            raise damaged(self.path, f"cannot be read: {trouble.strerror}") from trouble
        return version, f"{version}-{seen.st_mtime_ns}-{seen.st_size}"

    def at(self, version: int) -> Snapshot:
        with self.sentences():
            return Snapshot(self, _opened(self.path, version))

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Whatever Lance cannot read becomes a sentence."""
        import pyarrow as pa

        try:
            yield
        except (RuntimeError, ValueError, OSError, KeyError, pa.ArrowException) as trouble:
            said = str(trouble).strip().partition("\n")[0][:200] or type(trouble).__name__
            raise damaged(self.path, f"cannot be used: {said}") from trouble


class Snapshot:
    """One version of the table; it stays the same whatever a writer does."""

    def __init__(self, table: Table, dataset: Any) -> None:
        self._table, self._dataset = table, dataset
        self.width = int(dataset.schema.field("vector").type.list_size)
        self.files = {_files(fragment.metadata) for fragment in dataset.get_fragments()}

    def keys(self) -> dict[str, Keys]:
        """All rows of each maker: a key that stands there twice counts once."""
        with self._table.sentences():
            return _keys(self._dataset.scanner(columns=["image_id", "maker"]).to_table())

    def changed(self, since: int, known: Collection[str]) -> dict[str, Any] | None:
        """Digests, by maker, of the keys written since a version with these files; None: any may have been."""
        version = int(self._dataset.version)
        if not 0 < since <= version or version - since > _STEPS:
            return None
        had, written = set(known), _Written()
        try:
            for number in range(since + 1, version + 1):
                _follow(self._dataset, number, had, written)
            written.add(self._dataset, self.files - had)
        except (RuntimeError, ValueError, OSError, KeyError, AttributeError):
            return None  # old versions and their transactions are cleaned up after a while
        return written.by_maker

    def vectors(self, positions: Any) -> Iterator[Any]:
        """The vectors at these positions (rising), as arrays of a few thousand."""
        with self._table.sentences():
            if len(positions) * 4 < self._dataset.count_rows():
                for start in range(0, len(positions), _ROWS):
                    some = positions[start : start + _ROWS].tolist()
                    yield _matrix(self._dataset.take(some, columns=["vector"]).combine_chunks()["vector"], self.width)
                return
            seen = 0
            for batch in self._dataset.scanner(columns=["vector"], batch_size=_ROWS).to_batches():
                first, after = np.searchsorted(positions, (seen, seen + len(batch)))
                if after > first:
                    yield _matrix(batch["vector"], self.width)[positions[first:after] - seen]
                seen += len(batch)


class _Written:
    """The keys that were met in fragments, by maker."""

    def __init__(self) -> None:
        self.by_maker: dict[str, Any] = {}

    def add(self, dataset: Any, files: Collection[str]) -> None:
        """The keys of the fragments with these files."""
        if not files:
            return
        fragments = [one for one in dataset.get_fragments() if _files(one.metadata) in files]
        if len(fragments) < len(files):
            raise ValueError("a fragment is not in the version that made it")
        found = _keys(dataset.scanner(columns=["image_id", "maker"], fragments=fragments).to_table())
        for maker, (_, marks, _) in found.items():
            before = self.by_maker.get(maker)
            self.by_maker[maker] = marks if before is None else np.concatenate([before, marks])


def _follow(dataset: Any, version: int, had: set[str], written: _Written) -> None:
    """Note which keys one transaction wrote, and which files hold known rows after it."""
    import lance

    step = dataset.read_transaction(version).operation
    kinds = lance.LanceOperation
    if isinstance(step, kinds.Rewrite):
        for group in step.groups:
            if {_files(one) for one in group.old_fragments} <= had:
                had |= {_files(one) for one in group.new_fragments}
        return
    made: list[Any] = []
    if isinstance(step, kinds.Update):
        made = [*step.new_fragments, *step.updated_fragments]
    elif isinstance(step, kinds.Append | kinds.Overwrite):
        made = list(step.fragments)
    if fresh := {_files(one) for one in made} - had:
        written.add(dataset.checkout_version(version), fresh)
        had |= fresh


def _keys(table: Any) -> dict[str, Keys]:
    makers = table["maker"].combine_chunks().dictionary_encode() if table.num_rows else None
    if makers is None:
        return {}
    ids, codes = as_bytes(table["image_id"].to_pylist()), np.asarray(makers.indices)
    found = {}
    for code, maker in enumerate(makers.dictionary.to_pylist()):
        places = np.flatnonzero(codes == code)
        marks = digests(ids[places])
        alone, last = np.unique(marks[::-1], return_index=True)
        if len(alone) < len(marks):
            places = places[np.sort(len(marks) - 1 - last)]
            marks = digests(ids[places])
        found[maker] = (ids[places], marks, places)
    return found


def _matrix(column: Any, width: int) -> Any:
    column = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    matrix = np.asarray(column.flatten(), np.float32).reshape(len(column), width)
    if np.isfinite(matrix).all():
        return matrix
    return np.nan_to_num(matrix, nan=0, posinf=0, neginf=0)  # a broken vector is like nothing, and must not be the best


def _files(fragment: Any) -> str:
    """What names the rows of a fragment for ever: files are never written twice."""
    return "|".join([*(file.path for file in fragment.files), *map(str, getattr(fragment, "overlays", None) or ())])


def _version(name: str) -> int:
    stem, _, kind = name.partition(".")
    if kind != "manifest" or not stem.isdecimal():
        return 0
    return _BACKWARDS - int(stem) if len(stem) == 20 else int(stem)


def _opened(path: Path, version: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lance
    return lance.dataset(str(path), version=version, metadata_cache_size_bytes=_CACHE)


def damaged(path: Path, trouble: str) -> Damaged:
    return Damaged(
        f"The table {path.stem!r} in {path.parent} {trouble}",
        "Make the tables again from the files, the journal and the evidence log: phototag rebuild",
    )
