"""A library: what is known of the photos below one root, on disk, for ever or until made again.

The decision here: what cost model time or a person's thought goes to a log first and to the tables
second; every other row is a copy of what the files say. One thread writes, under one lock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from phototag.errors import Damaged
from phototag.records import Decision, Evidence, File, Photo
from phototag.store import lock, place, tables
from phototag.store.changes import Changes
from phototag.store.lance import Lance, one_of, quoted
from phototag.store.log import Log, replace_file
from phototag.store.walked import Walked
from phototag.store.walked import load as load_walked

_CHUNK = 500  # ids in one SQL list
_REPLAYED = "replayed.json"


class Library:
    """The one object through which rooms above reach state."""

    def __init__(self, where: place.Place) -> None:
        self.place = where
        self.lance = Lance(where.state / "lance", where.root)
        self.journal = Log(where.state / "journal.jsonl")
        self.changes = Changes(self.lance, self.journal)

    @contextmanager
    def writing(self, *, afresh: bool = False) -> Iterator[None]:
        """Hold the library for writing; first bring its tables up to the code and to its logs.

        With `afresh` the tables are thrown away before: everything in them can be made again.
        """
        with lock.writing(self.place.state, self.place.root):
            if afresh:
                self.lance.forget()
            self._migrate()
            self._replay()
            self.changes.replay()
            yield

    # ---- files

    def folders(self) -> set[str]:
        """Every folder that has rows."""
        return self._values("files", "folder")

    def folder_rows(self, folder: str) -> dict[str, dict[str, Any]]:
        """The rows of one folder by stored path, without their facts."""
        where = f"folder = {quoted(folder)}"
        return {row["path"]: row for row in self.lance.rows("files", _STAT_COLUMNS, where)}

    def files(self, column: str, values: Iterable[str]) -> Iterator[File]:
        """Whole files by `path` or `photo_id`."""
        columns = tables.schema("files").names
        for some in chunks(values):
            yield from map(tables.file_of, self.lance.rows("files", columns, one_of(column, some)))

    def put_files(self, new: Sequence[File], changed: Sequence[File] = ()) -> None:
        """Store rows; `new` are paths that no row has yet."""
        self.lance.add("files", [tables.file_row(file) for file in new])
        self.lance.merge("files", [tables.file_row(file) for file in changed])

    # ---- photos

    def photo_ids(self) -> list[str]:
        """Every photo that files belong to, sorted."""
        return sorted(self._values("files", "photo_id") - {""})

    def pairs(self) -> dict[str, str]:
        """Of every file that belongs to another file's photo: its own image_id -> the photo."""
        where = "photo_id <> image_id AND photo_id <> '' AND image_id <> ''"
        return {row["image_id"]: row["photo_id"] for row in self.lance.rows("files", ("image_id", "photo_id"), where)}

    def files_between(self, first: str, last: str) -> Iterator[File]:
        """The files of all photos from one id to another: how a whole library is walked in small steps."""
        columns = tables.schema("files").names
        where = f"photo_id >= {quoted(first)} AND photo_id <= {quoted(last)}"
        yield from map(tables.file_of, self.lance.rows("files", columns, where))

    def put_photos(self, photos: Iterable[tuple[Photo, list[File]]], *, fresh: bool = False) -> None:
        """Store photos, each with its files, the first one to look at first."""
        rows = [tables.photo_row(photo, files) for photo, files in photos]
        (self.lance.add if fresh else self.lance.merge)("photos", rows)

    def drop_photos(self, ids: Collection[str] | None = None) -> None:
        """Forget rows of photos (all of them without ids): files, evidence and decisions stay."""
        if ids is None:
            self.lance.delete("photos", "true")
        for some in chunks(ids or ()):
            self.lance.delete("photos", one_of("image_id", some))

    def photo_rows(self, columns: Sequence[str], where: str = "") -> Iterator[dict[str, Any]]:
        yield from self.lance.rows("photos", columns, where)

    def photos(self, ids: Iterable[str]) -> Iterator[Photo]:
        columns = tables.schema("photos").names
        for some in chunks(ids):
            yield from map(tables.photo_of, self.lance.rows("photos", columns, one_of("image_id", some)))

    # ---- evidence

    def made(self, step: str, maker: str = "", *, failed: bool = True) -> set[str]:
        """The photos that have evidence of this step by this maker, or (empty) by any: what is not pending."""
        by = f" AND maker = {quoted(maker)}" if maker else ""
        where = f"step = {quoted(step)}{by}" + ("" if failed else " AND error = ''")
        return self._values("evidence", "image_id", where)

    def evidence(self, ids: Iterable[str]) -> Iterator[Evidence]:
        columns = tables.schema("evidence").names
        for some in chunks(ids):
            yield from map(tables.evidence_of, self.lance.rows("evidence", columns, one_of("image_id", some)))

    def log(self, made: Sequence[Evidence], logged: Collection[str]) -> None:
        """Make what cost model time durable at once; `put` must follow, with all that was logged."""
        for step in sorted({e.step for e in made} & set(logged)):
            self._evidence_log(step).append([tables.evidence_row(e) for e in made if e.step == step])

    def put(self, made: Sequence[Evidence], logged: Collection[str] = (), *, is_logged: bool = False) -> None:
        """Store evidence of photos that had none; steps named in `logged` go to their log first, durably."""
        if not is_logged:
            self.log(made, logged)
        ends = {step: self._evidence_log(step).size() for step in {e.step for e in made} & set(logged)}
        for space, width in {(e.space, len(e.vector)) for e in made if e.vector is not None}:
            vectors = [
                {"image_id": e.image_id, "maker": e.maker, "vector": e.vector}
                for e in made
                if e.space == space and e.vector is not None
            ]
            self.lance.merge(f"vectors_{space}", vectors, width)
        self.lance.add("evidence", [tables.evidence_row(e) for e in made])
        if ends:
            self._note_replayed(ends)

    def forget(self, step: str, maker: str, ids: Collection[str], space: str = "") -> None:
        """Drop evidence so that it is made anew, in the log as well as in the tables."""
        log = self._evidence_log(step)
        for some in chunks(ids):
            if log.size():
                log.append([{"forget": list(some), "step": step, "maker": maker}])
            keys = one_of("key", (Evidence(id, step, maker).key for id in some))
            self.lance.delete("evidence", keys)
            if space:
                self.lance.delete(f"vectors_{space}", f"maker = {quoted(maker)} AND {one_of('image_id', some)}")

    def renew(self, step: str, maker: str, ids: Collection[str]) -> None:
        """Make this maker's answers the last word again, in the log as well as in the tables."""
        for some in chunks(ids):
            again = [e for e in self.evidence(some) if e.step == step and e.maker == maker and not e.error]
            rows = [tables.evidence_row(replace(e, made_at=tables.now())) for e in again]
            self._evidence_log(step).append(rows)
            self.lance.merge("evidence", rows)

    # ---- decisions

    def decided(self) -> dict[str, str]:
        """Photo -> the policy that decided last."""
        return {row["image_id"]: row["policy"] for row in self.lance.rows("decisions", ("image_id", "policy"))}

    def decisions(self, ids: Iterable[str] | None = None) -> Iterator[Decision]:
        """The decisions for some photos, or (None) for all."""
        columns = tables.schema("decisions").names
        wheres = [""] if ids is None else (one_of("image_id", some) for some in chunks(ids))
        for where in wheres:
            yield from map(tables.decision_of, self.lance.rows("decisions", columns, where))

    def put_decisions(self, decisions: Sequence[Decision]) -> None:
        self.lance.merge("decisions", [tables.decision_row(decision) for decision in decisions])

    def undecide(self, ids: Iterable[str]) -> None:
        """Note that what these photos say has changed: the next run decides on them again."""
        for some in chunks(ids):
            self.put_decisions([replace(decision, policy="") for decision in self.decisions(some)])

    def put_vocabulary(self, text: str, check: Callable[[Path], object]) -> Path:
        """Replace the library's own vocabulary, once `check` has read the new one without complaint."""
        file = self.place.vocabulary_file
        draft = file.with_name("vocabulary.draft.txt")
        try:
            replace_file(draft, text.encode())
            check(draft)
            replace_file(file, text.encode())
        finally:
            draft.unlink(missing_ok=True)
        return file

    # ---- upkeep

    def compact(self) -> None:
        """Tidy the tables, and tell the memory of the last scan that they look different now."""
        memory = self.walked()
        self.lance.compact()
        if memory.settled:
            memory.save(self.lance.folder)

    def walked(self) -> Walked:
        return load_walked(self.lance.folder)

    def save_walked(self, memory: Walked) -> None:
        self.lance.table("files")
        self.lance.table("photos")
        memory.save(self.lance.folder)

    def remember_root(self, folder: str) -> None:
        self.place = self.place.with_root(folder)

    def _values(self, table: str, column: str, where: str = "") -> set[str]:
        return {value for batch in self.lance.read(table, [column], where) for value in batch[column].to_pylist()}

    def _evidence_log(self, step: str) -> Log:
        return Log(self.place.state / "evidence" / f"{step}.jsonl")

    def _replay(self) -> None:
        """Take over what the evidence logs hold and the tables lack: after a crash, or when the tables are gone."""
        done = self._replayed()
        for path in sorted((self.place.state / "evidence").glob("*.jsonl")):
            log, start = Log(path), done.get(path.stem, 0)
            start = start if start <= log.size() else 0  # the log was cut: taking a line over twice does no harm
            if log.size() <= start:
                continue
            rows: dict[str, dict[str, Any]] = {}
            for line, _ in log.read(start):
                if "forget" in line:
                    keys = [Evidence(id, line["step"], line["maker"]).key for id in line["forget"]]
                    for key in keys:
                        rows.pop(key, None)
                    self.lance.delete("evidence", one_of("key", keys))
                elif line.keys() >= _EVIDENCE_COLUMNS:
                    rows[line["key"]] = {name: _told(line[name]) for name in _EVIDENCE_COLUMNS}
                if len(rows) >= 2_000:
                    self.lance.merge("evidence", list(rows.values()))
                    rows.clear()
            self.lance.merge("evidence", list(rows.values()))
            self._note_replayed({path.stem: log.size()})

    def _replayed(self) -> dict[str, int]:
        if not self.lance.exists("evidence"):
            return {}
        try:
            content = json.loads((self.lance.folder / _REPLAYED).read_bytes())
        except (OSError, ValueError):  # absent or cut: replaying everything is safe, only slower
            return {}
        return {str(step): int(offset) for step, offset in content.items()}

    def _note_replayed(self, ends: dict[str, int]) -> None:
        content = json.dumps(self._replayed() | ends).encode()
        replace_file(self.lance.folder / _REPLAYED, content, durable=False)

    def _migrate(self) -> None:
        version = self.place.version
        while version < tables.VERSION:
            step = tables.MIGRATIONS.get(version)
            if step is None:
                raise Damaged(
                    f"No way leads from version {version} of the library in {self.place.state} to {tables.VERSION}.",
                    f"Make it again from the files and logs: phototag rebuild {self.place.root}",
                )
            step(self.lance)
            version += 1
            self.place = self.place.upgraded(version)


_STAT_COLUMNS = ("path", "size", "mtime_ns", "inode", "kind", "image_id", "photo_id", "status", "error")
_EVIDENCE_COLUMNS = frozenset(("key", "image_id", "step", "maker", "value", "error", "made_at"))


def _told(value: Any) -> str | None:
    return None if value is None else tables.clean(str(value))


def open_library(folder: Path, library: Path | None = None, *, make: bool = False) -> Library:
    """The library that holds `folder` (or lies in `library`), made on the spot if `make`."""
    where = Path(os.path.realpath(library or folder))
    found = place.find(where) if library is None else place.here(where)
    if found is None:
        found = place.make(where) if make else place.existing(where)
    return Library(found)


def chunks(values: Iterable[str], size: int = _CHUNK) -> Iterator[list[str]]:
    some: list[str] = []
    for value in values:
        some.append(value)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some
