"""The table that search asks: what conditions and words find a photo by, one row a photo.

The decision here: it is read through pylance, which is there in a third of the time that LanceDB takes, and written by
whoever holds the library. Words are structured queries, so that no sign in them is an operator. Rows that the index of
words does not have yet are searched one by one: never a stale answer. Refused: words in SQL.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from phototag.errors import Damaged, NoSpace
from phototag.store.lance import Lance, one_of, quoted
from phototag.store.log import replace_file
from phototag.store.tables import clean

TABLE = "searchable"
_KNOWN = "searchable.json"  # what is made from the table, beside it
_CHUNK = 2_000  # ids in one SQL list
_COUNTED_DOWN = len("18446744073709551614.manifest")

Group = Sequence[tuple[str, float]]  # one word: its forms, and how much each counts


def put(lance: Lance, rows: Sequence[dict[str, Any]]) -> None:
    """Store rows, in place of those that the photos had. The library must be held."""
    lance.merge(TABLE, [_cleaned(row) for row in rows])


def drop(lance: Lance, ids: Collection[str]) -> None:
    """Forget the rows of photos that are gone."""
    listed = list(ids)
    for start in range(0, len(listed), _CHUNK):
        lance.delete(TABLE, one_of("image_id", listed[start : start + _CHUNK]))


def _cleaned(row: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return clean(value) if isinstance(value, str) else list(map(clean, value)) if isinstance(value, list) else value

    return {name: plain(value) for name, value in row.items()}


def version(folder: Path, table: str) -> str:
    """Which version a table has, told from its folder without opening it; "" where there is none."""
    try:
        with os.scandir(folder / f"{table}.lance" / "_versions") as found:
            names = [entry.name for entry in found if entry.name.endswith(".manifest")]
    except OSError:
        return ""
    downwards = [name for name in names if len(name) == _COUNTED_DOWN]  # so that the newest is listed first
    return min(downwards) if downwards else max(names, key=lambda name: (len(name), name), default="")


class Searchable:
    """Reads the table; needs no lock, and many may read at once."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self._root = folder, root
        self._opened: dict[str, tuple[str, Any]] = {}

    @property
    def exists(self) -> bool:
        return bool(version(self.folder, TABLE))

    def count(self, where: str = "", table: str = TABLE) -> int:
        """How many rows match."""
        with self._sentences(table):
            found = self._table(table)
            return int(found.count_rows(filter=where or None)) if found is not None else 0

    def ids(self, where: str = "") -> list[str]:
        """The photos that match."""
        return self._columns(("image_id",), where)["image_id"]

    def latest(self, where: str, limit: int) -> list[str]:
        """The photos that match, the last ones first; those without a date come at the end."""
        import numpy as np

        with self._sentences():
            table = self._table()
            if table is None:
                return []
            found = table.to_table(columns=["day", "minute", "image_id"], filter=where or None)
            moments = found["day"].to_numpy().astype(np.int64) * 1_440 + found["minute"].to_numpy()
            first = np.argsort(-moments, kind="stable")[:limit]
            return [str(found["image_id"][int(at)]) for at in first]

    def passing(self, ids: Iterable[str], where: str) -> set[str]:
        """Those of some photos that match."""
        return {one["image_id"] for one in self.every(("image_id",), f"{one_of('image_id', ids)} AND ({where})")}

    def rows(self, ids: Iterable[str], columns: Sequence[str], table: str = TABLE) -> dict[str, dict[str, Any]]:
        """Photo -> these columns of its row, for some photos."""
        listed, found = list(ids), dict[str, dict[str, Any]]()
        for start in range(0, len(listed), _CHUNK):
            where = one_of("image_id", listed[start : start + _CHUNK])
            found |= {row["image_id"]: row for row in self.every(("image_id", *columns), where, table)}
        return found

    def every(self, columns: Sequence[str], where: str = "", table: str = TABLE) -> Iterator[dict[str, Any]]:
        """These columns of every row that matches."""
        names = list(dict.fromkeys(columns))
        found = self._columns(names, where, table)
        yield from (dict(zip(names, values, strict=True)) for values in zip(*(found[n] for n in names), strict=True))

    def of_path(self, part: str) -> list[str]:
        """The photos that have a file in whose path that stands, in whatever case."""
        forms = {unicodedata.normalize(form, part.lower()) for form in ("NFC", "NFD")}
        where = " OR ".join(f"contains(lower(path), {quoted(one)})" for one in sorted(forms))
        return sorted({one["photo_id"] for one in self.every(("photo_id",), where, "files")} - {""})

    def words(
        self, groups: Sequence[Group], where: str, limit: int | None, *, every: bool = False
    ) -> list[tuple[str, float, str]]:
        """The photos in whose text a word stands (with `every`: all of them), best first: id, score, text."""
        if not groups:
            return []
        from lance.query import BooleanQuery, MatchQuery, Occur

        def one(group: Group) -> Any:
            forms = [MatchQuery(form, column="text", boost=counts) for form, counts in group]
            return forms[0] if len(forms) == 1 else BooleanQuery([(Occur.SHOULD, form) for form in forms])

        occur = Occur.MUST if every else Occur.SHOULD
        query = one(groups[0]) if len(groups) == 1 else BooleanQuery([(occur, one(group)) for group in groups])
        with self._sentences():
            table = self._table()
            if table is None:
                return []
            found = table.to_table(
                columns=["image_id", "_score", *(["text"] if limit else [])],
                full_text_query=query,
                filter=where or None,
                prefilter=bool(where),
                limit=limit if limit is not None else table.count_rows() + 1,
            )
            texts = found["text"].to_pylist() if limit else [""] * len(found)
            return list(zip(found["image_id"].to_pylist(), found["_score"].to_pylist(), texts, strict=True))

    def known(self, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What was made from this version of the table, else what is made now and kept for the next time."""
        file, at = self.folder / _KNOWN, version(self.folder, TABLE)
        kept = _read(file)
        if kept.get("version") != at:
            kept = make() | {"version": at, "seen": kept.get("seen")}
            self._keep(kept)
        return kept

    def seen(self) -> Any:
        """The versions of the other tables up to which the rows were brought."""
        return _read(self.folder / _KNOWN).get("seen")

    def note_seen(self, versions: Mapping[str, str]) -> None:
        """Remember these versions."""
        self._keep(_read(self.folder / _KNOWN) | {"seen": dict(versions)})

    def _keep(self, content: dict[str, Any]) -> None:
        keep(self.folder / _KNOWN, json.dumps(content).encode())

    def _columns(self, columns: Sequence[str], where: str, table: str = TABLE) -> dict[str, list[Any]]:
        with self._sentences(table):
            found = self._table(table)
            if found is None:
                return {name: [] for name in columns}
            read = found.to_table(columns=list(columns), filter=where or None)
            return {name: read[name].to_pylist() for name in columns}

    def _table(self, name: str = TABLE) -> Any:
        """The table as it is now, or None."""
        at = version(self.folder, name)
        known = self._opened.get(name)
        if known is None or known[0] != at:
            import lance

            opened = lance.dataset(str(self.folder / f"{name}.lance")) if at else None
            known = self._opened[name] = (at, opened)
        return known[1]

    @contextmanager
    def _sentences(self, name: str = TABLE) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, OSError, KeyError) as trouble:  # pyarrow's errors are of these kinds too
            first = str(trouble).strip().partition("\n")[0][:200] or type(trouble).__name__
            raise Damaged(
                f"The table {name!r} in {self.folder} cannot be used: {first}",
                "Make the tables again from the files, the journal and the evidence log: "
                f"phototag rebuild {self._root}",
            ) from trouble


def keep(file: Path, content: bytes) -> None:
    """Write what only saves time, where it can be written."""
    if os.access(file.parent, os.W_OK):
        with suppress(NoSpace):
            replace_file(file, content, durable=False)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):  # absent or cut: it is made again
        return {}
    return found if isinstance(found, dict) else {}
