"""LanceDB behind five verbs, with its traps closed.

The decision here: rows are written in batches, a key is merged only where it may exist already, and
every failure of the database becomes a sentence that says how to rebuild. Refused: LanceDB objects
outside this room.
"""

from __future__ import annotations

import errno
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from phototag.errors import Damaged
from phototag.store.log import no_space
from phototag.store.tables import INDEXED, KEYS, schema

_WORTH_AN_INDEX = 5_000  # rows; below, a flat scan of the key column is as fast
_CACHE = 16_000_000  # bytes each for indexes and metadata; LanceDB would take gigabytes
_READERS_NEED = timedelta(hours=1)  # old versions stay that long for searches that run meanwhile


class Lance:
    """The tables of one library. Opened on first use: importing LanceDB costs 1.4 s."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self._root = folder, root
        self._connection: Any = None
        self._tables: dict[str, Any] = {}

    def names(self) -> list[str]:
        """The tables on disk, read without LanceDB."""
        return sorted(path.stem for path in self.folder.glob("*.lance") if self.exists(path.stem))

    def exists(self, name: str) -> bool:
        """Whether the table was ever finished: a full disk or a kill can leave a folder without a version."""
        return any((self.folder / f"{name}.lance" / "_versions").glob("*.manifest"))

    def table(self, name: str, width: int = 0) -> Any:
        """The open table, made empty if it is not there."""
        if name not in self._tables:
            with self._sentences(name):
                self._tables[name] = self._opened(name) if self.exists(name) else self._made(name, width)
        return self._tables[name]

    def add(self, name: str, rows: Sequence[dict[str, Any]], width: int = 0) -> None:
        """Append rows whose keys are known to be new."""
        if rows:
            table, batch = self.table(name, width), _arrow(rows, schema(name, width))
            with self._sentences(name):
                table.add(batch)

    def merge(self, name: str, rows: Sequence[dict[str, Any]], width: int = 0) -> None:
        """Insert rows, or replace those with the same key."""
        if rows:
            key = KEYS.get(name, ("image_id", "maker"))
            unique = {tuple(row[column] for column in key): row for row in rows}
            table, batch = self.table(name, width), _arrow(list(unique.values()), schema(name, width))
            with self._sentences(name):
                step = table.merge_insert(list(key)).when_matched_update_all().when_not_matched_insert_all()
                step.execute(batch)

    def delete(self, name: str, where: str) -> None:
        if self.exists(name):
            table = self.table(name)
            with self._sentences(name):
                table.delete(where)

    def read(self, name: str, columns: Sequence[str], where: str = "") -> Iterator[Any]:
        """Arrow record batches of the rows that match, a few thousand rows at a time."""
        if not self.exists(name):
            return
        table = self.table(name)
        with self._sentences(name):
            query = table.search().select(list(columns))
            yield from (query.where(where) if where else query).to_batches(batch_size=4096)

    def rows(self, name: str, columns: Sequence[str], where: str = "") -> Iterator[dict[str, Any]]:
        for batch in self.read(name, columns, where):
            yield from batch.to_pylist()

    def tuples(self, name: str, columns: Sequence[str], where: str = "") -> Iterator[tuple[Any, ...]]:
        """The same rows without names, for loops over a whole library: twice as fast."""
        for batch in self.read(name, columns, where):
            yield from zip(*(batch[column].to_pylist() for column in columns), strict=True)

    def count(self, name: str, where: str = "") -> int:
        if not self.exists(name):
            return 0
        table = self.table(name)
        with self._sentences(name):
            return int(table.count_rows(where or None))

    def compact(self) -> None:
        """Join small fragments, drop old versions, keep the indexes of big tables up to date."""
        for name in self.names():
            table = self.table(name)
            with self._sentences(name):
                self._index(name, table)
                table.optimize(cleanup_older_than=_READERS_NEED)

    def indexed(self, name: str) -> None:
        """Make the indexes that a table lacks; those that are there take in new rows when it is compacted."""
        if self.exists(name):
            with self._sentences(name):
                self._index(name, self.table(name))

    def forget(self) -> None:
        """Remove every table: they can all be made again."""
        self._tables.clear()
        self._connection = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _index(self, name: str, table: Any) -> None:
        wanted, rows = INDEXED.get(name, ("image_id",)), table.count_rows()
        if rows < _WORTH_AN_INDEX and (name != "searchable" or not rows):
            return
        there = {column for index in table.list_indices() for column in index.columns}
        if name == "searchable":
            from phototag.store import indexing

            return indexing.index(table, wanted, there, is_large=rows >= _WORTH_AN_INDEX)
        for column in wanted:
            if column not in there:
                from lancedb.index import BTree

                table.create_index(column, config=BTree())

    def _opened(self, name: str) -> Any:
        return self._connect().open_table(name)

    def _made(self, name: str, width: int) -> Any:
        shutil.rmtree(self.folder / f"{name}.lance", ignore_errors=True)
        return self._connect().create_table(name, schema=schema(name, width))

    def _connect(self) -> Any:
        if self._connection is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import lancedb

            self.folder.mkdir(parents=True, exist_ok=True)
            caches = lancedb.Session(index_cache_size_bytes=_CACHE, metadata_cache_size_bytes=_CACHE)
            self._connection = lancedb.connect(str(self.folder), session=caches)
        return self._connection

    @contextmanager
    def _sentences(self, name: str) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (RuntimeError, ValueError, OSError, pa.ArrowException) as trouble:
            if _is_full(trouble):
                raise no_space(self.folder) from trouble
            raise Damaged(
                f"The table {name!r} in {self.folder} cannot be used: {_first_line(trouble)}",
                f"Make the tables again from the files, the journal and the evidence log: "
                f"phototag rebuild {self._root}",
            ) from trouble


def _arrow(rows: Sequence[dict[str, Any]], shape: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=shape)


def _is_full(trouble: BaseException) -> bool:
    text = str(trouble)
    return (
        getattr(trouble, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "os error 28" in text or "No space" in text
    )


def _first_line(trouble: BaseException) -> str:
    return str(trouble).strip().partition("\n")[0][:200] or type(trouble).__name__


def one_of(column: str, values: Iterable[str]) -> str:
    """`column IN (…)`, quoted."""
    return f"{column} IN ({', '.join(map(quoted, values))})"


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
