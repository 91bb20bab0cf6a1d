"""A folder of photos into the library: what is new is read, what is unchanged is not opened.

The decision here: first a walk that only stats and finds the folders that differ from the last scan,
then those folders, file by file, in batches. A row of `files` is written when all about the file is
known, so that a crash costs one batch. Refused: one pass that opens everything "to be sure".
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from phototag.read.exiftool import ExifTool
from phototag.read.intake import NOT_OPENED, Intake
from phototag.read.photos import settle
from phototag.read.units import with_photo_ids
from phototag.read.walk import Folder, Walk
from phototag.read.work import FolderWork, Row, Unit, units_of
from phototag.records import File, family
from phototag.report import Progress, Report, shown
from phototag.settings import Settings
from phototag.store.library import Library
from phototag.store.walked import Seen

_IN_FLIGHT = 2  # batches being read while one is stored
_GONE, _UNFINISHED = "gone", "unfinished"  # instead of a digest: no such folder any more; not all of it is stored
_NOT_WALKED = -1  # instead of a number of files
_REMEMBER_EVERY = 15.0  # seconds between two notes of what is done, for the run after a crash


@dataclass
class Scanned:
    """What a scan found, for the end summary."""

    photos: int = 0  # distinct photos in the whole library
    files: int = 0  # present, in the folder that was scanned
    states: Counter[str] = field(default_factory=Counter)  # new | changed | unchanged | returned | missing
    orphans: int = 0  # sidecars without a photo
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # named in this run: path, reason
    unreadable_before: int = 0  # known since an earlier run, in folders that have not changed
    opened: int = 0
    interrupted: bool = False


@dataclass(frozen=True)
class Options:
    """How this scan differs from the usual one."""

    decode: bool = True
    fresh: bool = False
    retry_failed: bool = False
    limit: int = 0  # photos; 0 is no limit
    empty_is_gone: bool = False  # the folder is known to be there: where it is empty, its files are gone


class Scan:
    """One run over one folder. The library must be held for writing."""

    def __init__(
        self,
        library: Library,
        folder: str,
        settings: Settings,
        report: Report,
        options: Options,
        stop: Callable[[], bool],
    ) -> None:
        self.library, self.report, self.options, self.stop = library, report, options, stop
        self.settings, self.place = settings, library.place
        self.start = self.place.stored(folder)
        at = settings.scan
        self.walk = Walk(folder, tuple(at.ignore), hidden=at.hidden, follow_links=at.follow_links)
        self.memory = library.walked()
        self.trusted = self.memory.settled  # else the last scan did not come to its end
        self.found = Scanned()
        self.touched: set[str] = set()
        self._noted = time.monotonic()

    def run(self) -> Scanned:
        known = set(self.memory.folders) if self.trusted else self.library.folders()
        differing: list[tuple[str, int]] = []
        if self.options.empty_is_gone or _has_entries(self.walk.root):
            with self.report.clock("walk"):
                differing, seen = self._differing()
            differing += [(stored, _NOT_WALKED) for stored in sorted(self._gone(known, seen))]
        elif any(_below(stored, self.start) for stored in known):
            self.report.warn(
                f"{shown(self.walk.root)} is empty. Is its disk there? None of its photos counts as missing."
            )
        if differing or not self.trusted:
            self._take_in(differing, known)
            self._settle()
        self.found.photos = self.memory.photos
        self._name_unreadable_places()
        self.report.keep(f"scanned {shown(self.walk.root)}: {self.found.files} files, {dict(self.found.states)}")
        for path, reason in self.found.unreadable:
            self.report.keep(f"could not read {shown(path)}: {reason}")
        return self.found

    # ---- which folders

    def _differing(self) -> tuple[list[tuple[str, int]], set[str]]:
        """The folders that are not as they were, with their number of files, and all folders there are."""
        again, differing, seen = self.options, [], set()
        for folder in self.walk.folders():
            stored = self.place.stored(folder.path)
            seen.add(stored)
            before = self.memory.folders.get(stored)
            retry = again.retry_failed and before is not None and before.unreadable > 0
            if before is not None and before.digest == folder.digest and not again.fresh and not retry:
                self._count_unchanged(before)
            elif folder.entries or before is not None:
                differing.append((stored, len(folder.entries)))
        return differing, seen

    def _count_unchanged(self, before: Seen) -> None:
        self.found.states["unchanged"] += before.files
        self.found.files += before.files
        self.found.unreadable_before += before.unreadable

    def _gone(self, known: set[str], seen: set[str]) -> set[str]:
        """Folders with rows that the walk no longer found."""
        blind = tuple(self.place.stored(path) for path in self.walk.unreadable)
        long_gone = {stored for stored, was in self.memory.folders.items() if was.digest == _GONE}
        absent = known - seen - long_gone
        return {s for s in absent if _below(s, self.start) and not any(_below(s, folder) for folder in blind)}

    # ---- their files

    def _take_in(self, differing: list[tuple[str, int]], known: set[str]) -> None:
        self.memory.settled = False
        for stored in known:  # whatever stops this run, the next one must know that they have rows
            self.memory.folders.setdefault(stored, Seen(_UNFINISHED))
        reading = self.settings.read
        threads = self.settings.threads or os.cpu_count() or 1
        with ExifTool(reading.processes, reading.timeout_s) as exiftool:
            decode = self.options.decode and self.settings.scan.decode
            limit = self.settings.scan.max_megapixels
            intake = Intake(exiftool, self.report, threads=threads, decode=decode, max_megapixels=limit)
            try:
                with self.report.progress("scanning", sum(max(count, 0) for _, count in differing)) as bar:
                    self._pump(intake, self._batches(differing, known, bar), bar)
            finally:
                intake.close()

    def _pump(self, intake: Intake, batches: Iterator[list[Unit]], bar: Progress) -> None:
        """Keep batches under way and store each when it is done, in order."""
        under_way: deque[tuple[list[Unit], Future[list[File | None]]]] = deque()
        while True:
            batch = None if self.stop() else next(batches, None)
            if batch is not None:
                under_way.append((batch, intake.start([arrival for unit in batch for arrival in unit.arrivals])))
            if not under_way:
                break
            if batch is None or len(under_way) >= _IN_FLIGHT:
                units, answer = under_way.popleft()
                self._store(units, answer.result())
                bar.step(sum(len(unit.arrivals) for unit in units))
                self._note_progress()
        self.found.interrupted = self.stop()

    def _batches(self, differing: list[tuple[str, int]], known: set[str], bar: Progress) -> Iterator[list[Unit]]:
        batch: list[Unit] = []
        files = taken = 0
        for stored, count in differing:
            for unit in self._units(stored, stored in known, count == _NOT_WALKED, bar):
                if self.options.limit and taken >= self.options.limit:
                    unit.folder.complete = False
                    break
                batch.append(unit)
                files += len(unit.arrivals)
                taken += any(arrival.claims_to_be_a_photo for arrival in unit.arrivals)
                if files >= self.settings.scan.batch:
                    yield batch
                    batch, files = [], 0
        if batch:
            yield batch

    def _units(self, stored: str, has_rows: bool, gone: bool, bar: Progress) -> list[Unit]:
        """What there is to do in one folder, stem by stem."""
        actual = self.place.actual(stored)
        folder = None if gone else self.walk.folder(actual)
        if folder is None and not gone and Path(actual).is_dir():
            return []  # it can no longer be opened, and is named as such: what it holds is not missing
        folder = folder or Folder(actual, [], _GONE)
        work = FolderWork(stored, folder.digest, self.library.folder_rows(stored) if has_rows else {})
        units, standing = units_of(folder, work, self._again)
        for path in standing:
            self._tally(path, work.rows[path]["status"], work.rows[path]["error"], "unchanged")
        bar.step(len(folder.entries) - sum(len(unit.arrivals) for unit in units))
        if not units:
            self._folder_done(work)
        return units

    def _again(self, row: Row) -> bool:
        failed = row["status"] == "unreadable"
        return self.options.fresh or (failed and (self.options.retry_failed or _may_open_now(row)))

    # ---- into the tables

    def _store(self, units: list[Unit], answers: list[File | None]) -> None:
        with self.report.clock("store"):
            read = {file.path: file for file in answers if file is not None}
            standing = [path for unit in units for path in unit.standing]
            rows = {file.path: file for file in self.library.files("path", standing)}
            new: list[File] = []
            changed: list[File] = []
            for unit in units:
                for file in self._resolve(unit, read, rows):
                    before = unit.folder.rows.get(file.path)
                    if before is None:
                        new.append(file)
                    elif file != rows.get(file.path):
                        changed.append(file)
                    self.touched.update({file.photo_id, before["photo_id"] if before else ""} - {""})
            self.library.put_files(new, changed)
        for unit in units:
            unit.folder.units_left -= 1
            if unit.folder.units_left == 0 and unit.folder.complete:
                self._folder_done(unit.folder)
            else:
                self.memory.folders[unit.folder.stored] = Seen(_UNFINISHED)

    def _resolve(self, unit: Unit, read: dict[str, File], rows: dict[str, File]) -> list[File]:
        """The files of the unit as they now are, each with its photo."""
        here = [read[arrival.stored] for arrival in unit.arrivals if arrival.stored in read]
        here += [rows[path] for path in unit.known]
        here += [replace(rows[path], status=_status_of(rows[path])) for path in unit.returned]
        here += [replace(rows[path], status="missing") for path in (*unit.gone, *unit.long_gone)]
        files = with_photo_ids(here)
        before, returned = unit.folder.rows, set(unit.returned)
        for file in files:
            if file.status != "missing":
                state = "new" if file.path not in before else "changed" if file.path in read else "unchanged"
                self._tally(file.path, file.status, file.error, "returned" if file.path in returned else state)
                self.found.orphans += family(file.kind) == "sidecar" and not file.photo_id
        self.found.states["missing"] += len(unit.gone)
        self.found.opened += len(unit.arrivals)
        for file in files:
            before[file.path] = {"photo_id": file.photo_id, "status": file.status, "error": file.error}
        return files

    def _tally(self, path: str, status: str, error: str, state: str) -> None:
        self.found.files += 1
        self.found.states[state] += 1
        if status == "unreadable":
            self.found.unreadable.append((path, error))

    def _folder_done(self, work: FolderWork) -> None:
        rows = work.present
        photos = {row["photo_id"] for row in rows} - {""}
        unreadable = sum(row["status"] == "unreadable" for row in rows)
        digest = _UNFINISHED if any(map(_may_open_now, rows)) else work.digest
        self.memory.folders[work.stored] = Seen(digest, len(rows), len(photos), unreadable)

    def _note_progress(self) -> None:
        if time.monotonic() - self._noted > _REMEMBER_EVERY:
            self.library.save_walked(self.memory)
            self._noted = time.monotonic()

    def _settle(self) -> None:
        with self.report.clock("settle"):
            self.memory.photos = settle(self.library, self.touched if self.trusted else None)
        with self.report.clock("compact"):
            self.library.compact()
        self.memory.settled = True
        self.library.save_walked(self.memory)

    def _name_unreadable_places(self) -> None:
        self.found.unreadable += [(self.place.stored(path), reason) for path, reason in self.walk.unreadable.items()]


def _status_of(returned: File) -> str:
    return "unreadable" if returned.error else "present"


def _may_open_now(row: Row) -> bool:
    """Whether it was permission that failed, which can be given without a trace on the file."""
    return str(row["error"]).startswith(NOT_OPENED)


def _has_entries(folder: str) -> bool:
    """Whether there is anything to see in a folder; our own .phototag may outlive the disk mounted beside it."""
    try:
        with os.scandir(folder) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
    except OSError:  # the disk is not there: nothing that was on it is missing
        return False


def _below(stored: str, folder: str) -> bool:
    """Whether a stored path is the stored folder or lies in it; "" is the library's root."""
    return stored == folder or (stored.startswith(folder + "/") if folder else not stored.startswith("/"))
