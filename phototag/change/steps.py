"""The steps by which a user's file is changed: none without its journal line, none that could not be taken back.

The decision here: some files go through each step together, so that they share its fsyncs, and a file that fails
somewhere leaves the others alone. Whatever stops the run itself, recovery cleans up behind it at once. Refused: another
way into a user's file, for writing or for undoing.
"""

from __future__ import annotations

import errno
import itertools
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from phototag.change import copying, folders, publish
from phototag.change.fields import asked
from phototag.change.guards import Limits, Refusal, guard, look_at, picture_in
from phototag.change.job import NOTHING, Job, job_of
from phototag.change.journal import TEMP_PREFIX, Journal, ended, recover
from phototag.change.preimage import NoWayBack, Packs
from phototag.change.proofs import fields_kept, same_picture
from phototag.errors import Unreadable
from phototag.read.identity import whole_file_digest
from phototag.records import Change, Entry
from phototag.report import Report
from phototag.store.library import Library
from phototag.store.log import no_space, synced

if TYPE_CHECKING:
    from phototag.change.editor import Editor

_TIDY_EVERY = 50  # times that the table was brought up to date
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Steps:
    """Takes jobs through the steps, some at a time; their states say how far they came."""

    def __init__(self, library: Library, editor: Editor, report: Report, limits: Limits, threads: int = 4) -> None:
        self.journal = Journal(library.journal)
        self._library, self._place, self._editor, self._report = library, library.place, editor, report
        self._limits, self._packs = limits, Packs(library.place.state)
        self._threads = threads
        self._numbers: dict[str, itertools.count[int]] = {}
        self._folders: dict[str, set[str]] = {}  # batch -> stored folders that it made
        self._kept_up = 0

    def job(self, change: Change, *, restores: Entry | None = None, removes: bool = False, original: str = "") -> Job:
        return job_of(self._place, change, restores=restores, removes=removes, original=original)

    def keep_up(self) -> None:
        """Bring the table of changes up to the journal, and keep it in few pieces."""
        self._library.changes.replay()
        self.journal.settle()
        self._kept_up += 1
        if self._kept_up % _TIDY_EVERY == 0:
            self._library.compact()

    def run(self, jobs: Sequence[Job], batch: str) -> None:
        """Bring every job to an end; raises where the run cannot go on, with nothing half done that could be undone."""
        try:
            with ThreadPoolExecutor(self._threads, "change") as threads:
                self._all(jobs, batch, threads)
        except BaseException:
            recover(self.journal, self._place, self._report)
            raise

    def _all(self, jobs: Sequence[Job], batch: str, threads: ThreadPoolExecutor) -> None:
        ours = self._left_by_us(jobs)
        self._each(lambda job: self._examine(job, ours), jobs, threads)
        begun = [job for job in jobs if not job.state]
        self._begin(begun, batch)
        self._editor.look_ahead([seed for job in begun if (seed := self._seed(job))])
        self._each(lambda job: folders.make(self._place, job.folders), begun, threads)
        self._each(self._make, begun, threads)
        self._read_back([job for job in begun if not job.state])
        self._ready([job for job in begun if not job.state], batch)
        self._each(self._finish_temp, [job for job in begun if not job.state], threads)
        self._publish([job for job in begun if not job.state])
        self._end(begun)

    def _each(self, step: Callable[[Job], None], jobs: Sequence[Job], threads: ThreadPoolExecutor) -> None:
        """Take the step with every job that is still under way; one that fails is refused, a full disk stops all."""

        def tried(job: Job) -> None:
            try:
                step(job)
            except Refusal as refusal:
                job.refuse(refusal.why, minor=job.minor, plain=refusal.plain)
            except OSError as trouble:
                if trouble.errno in _FULL:
                    raise no_space(job.target) from trouble
                job.refuse(f"{trouble.strerror or trouble}; nothing was changed")

        for _ in threads.map(tried, [job for job in jobs if not job.state]):
            continue

    # ---- 1: may it be written, and is it what was planned for?

    def _left_by_us(self, jobs: Sequence[Job]) -> set[str]:
        """Of the targets that were changed a moment ago, those that are as we left them: nobody else is at them."""
        if not self._limits.settle_seconds:
            return set()
        since = time.time() - self._limits.settle_seconds
        there = [job for job in jobs if job.change.expect and job.target.exists()]
        fresh = [job.change for job in there if job.target.stat().st_mtime > since]
        known = self._library.changes.of_targets([change.target for change in fresh])
        last = {target: [entry for entry in entries if entry.state == "done"][-1:] for target, entries in known.items()}
        return {
            change.target for change in fresh for entry in last.get(change.target, []) if entry.after == change.expect
        }

    def _examine(self, job: Job, ours: set[str]) -> None:
        change = job.change
        if job.is_in_tree:
            copying.inside(self._place, job)
        if job.is_copy:
            copying.examine(job, self._limits, ours=change.target in ours)
            return
        if change.kind == "json" and copying.says_it_already(job):
            job.state = "unchanged"
            return
        job.found = look_at(job.target, bool(change.expect))
        folder = folders.nearest(job.target.parent) if job.is_in_tree else job.target.parent
        known, room = change.target in ours, not job.takes_copy_back
        guard(job.target, job.found, self._limits, ours=known, folder=folder, takes_room=room)
        if job.found is None:
            return
        if whole_file_digest(job.target) != change.expect:
            raise Refusal("the file has changed since this was planned; run the command again")
        if job.takes_copy_back:
            copying.original_stays(job)
        if not job.is_edited:
            return
        job.picture = picture_in(job.target, change)
        if not (change.iptc or change.stale) and all(before == after for before, after in change.fields.values()):
            job.state = "unchanged"

    # ---- 2 and 3: the journal first, then a copy beside the file

    def _begin(self, jobs: Sequence[Job], batch: str) -> None:
        numbers, made = self._numbers.setdefault(batch, itertools.count(1)), self._folders.setdefault(batch, set())
        for job in jobs:
            name = f"{batch}-{next(numbers):06}"  # of one length: no temp's name begins as another one's does
            job.temp = job.target.with_name(f"{TEMP_PREFIX}{name}{job.target.suffix}")
            spoken = asdict(job.change) | {"temp": self._place.stored(str(job.temp))}
            del spoken["text"]
            if job.is_in_tree and not job.change.expect:
                job.folders = folders.needed(self._place, job.change.target, made)
                spoken["folders"] = list(job.folders)
            job.entry = Entry(name, batch, "begun", spoken)
        self.journal.append(job.entry for job in jobs)

    def _make(self, job: Job) -> None:
        """The temp file, with the same picture and all that hangs behind it; a change that changes nothing ends."""
        change, after = job.change, ""
        if job.restores:
            try:
                after = self._packs.restored(job.restores.keep, job.target, job.temp)
            except NoWayBack as trouble:
                raise Refusal(f"the old file cannot be put together again: {trouble}") from trouble
            if after != job.restores.before:
                raise Refusal("the old file cannot be put together again: the result is not what it was")
        elif job.is_edited:
            self._written(job)
            after = whole_file_digest(job.temp)
            self._prove_picture(job)
        elif job.is_copy:
            after = copying.plain_copy(job)
        elif not job.removes:
            after = copying.written_text(job)
        if after == change.expect:
            job.state = "unchanged"
        job.entry = replace(job.entry, state="ready", before=change.expect, after=after)

    def _prove_picture(self, job: Job) -> None:
        if not job.is_copy:
            same_picture(job.target, job.temp, job.change, job.picture)
            return
        copying.unchanged(job)  # first: then what is wrong with the copy is not the original's doing
        try:
            same_picture(job.origin, job.temp, job.change, job.picture)
        except Refusal as refusal:
            raise Refusal(refusal.why, plain=True) from refusal

    def _written(self, job: Job) -> None:
        source = str(job.origin) if job.is_copy else str(job.target) if job.found else None
        written = self._editor.write_copy(source, str(job.temp), job.change, seed=self._seed(job))
        if written.ok:
            return
        old = job.origin_found if job.is_copy else job.found
        size = old.st_size if old else 0
        if "No space left" in written.said or shutil.disk_usage(job.target.parent).free < size + (64 << 10):
            raise no_space(job.target)
        job.minor = written.minor
        raise Refusal(written.said, plain=job.is_copy)

    def _seed(self, job: Job) -> str:
        """The file whose tags a new sidecar starts with; "" where there is something to start from already."""
        if job.found or job.is_copy or not job.is_edited:
            return ""
        return self._place.actual(job.change.origin or job.change.source)

    # ---- 4 to 7: it says what was planned, and there is a way back

    def _read_back(self, jobs: Sequence[Job]) -> None:
        edited = [job for job in jobs if job.is_edited]
        tags = asked(tag for job in edited for tag in job.change.fields)
        answers = self._editor.read([str(job.temp) for job in edited], tags) if edited else []
        for job, answer in zip(edited, answers, strict=True):
            if isinstance(answer, Unreadable):
                job.refuse(
                    f"the written copy cannot be read ({answer.sentence}); nothing was changed", plain=job.is_copy
                )
                continue
            try:
                fields_kept(job.change, answer)
            except Refusal as refusal:
                job.refuse(refusal.why, plain=job.is_copy)

    def _ready(self, jobs: Sequence[Job], batch: str) -> None:
        for job in jobs:
            if job.original:  # of a copy, and of one that goes, whose way back it is
                job.entry = replace(job.entry, keep={"original": job.original})
        old = [job for job in jobs if job.found and not job.takes_copy_back]
        pairs = [(job.target, NOTHING if job.removes else job.temp, job.change.expect) for job in old]
        for job, keep in zip(old, self._packs.put(batch, pairs) if pairs else [], strict=True):
            job.entry = replace(job.entry, keep=job.entry.keep | keep)
            if not keep:
                job.refuse("the way back could not be proved; nothing was changed")
        self.journal.append(replace(job.entry, change={}) for job in jobs if not job.state)

    # ---- 8 and 9: it takes the file's place

    def _finish_temp(self, job: Job) -> None:
        if job.removes:
            return
        if job.is_copy:
            copying.finish(job)
            return
        if job.found:
            publish.carried_over(job.target, job.found, job.temp)
        publish.made_durable(job.temp)

    def _publish(self, jobs: Sequence[Job]) -> None:
        changed = set()
        for job in jobs:
            try:
                self._take_place(job)
                changed.add(job.target.parent)
            except (Refusal, publish.Occupied) as refusal:
                job.refuse(f"{refusal}; nothing was changed")
            except OSError as trouble:
                if trouble.errno in _FULL:
                    raise no_space(job.target) from trouble
                job.refuse(f"{trouble.strerror or trouble}; nothing was changed")
        for folder in changed:
            synced(folder)

    def _take_place(self, job: Job) -> None:
        if job.found is None:
            copying.stands_beside(self._place, job)
            publish.appeared(job.temp, job.target)
        else:
            now = job.target.stat()
            if any(getattr(now, part) != getattr(job.found, part) for part in ("st_size", "st_mtime_ns", "st_ino")):
                raise Refusal("another program has saved the file meanwhile")
            if job.takes_copy_back:
                copying.still_there(job)
            if job.removes:
                publish.removed(job.target)
            else:
                publish.replaced(job.temp, job.target)
        job.state = "done"

    def _end(self, jobs: Sequence[Job]) -> None:
        """Note how each job ended. One whose temp cannot be removed stays open: recovery will try again."""
        lines: list[Entry] = []
        cleared = set()
        for job in jobs:
            try:
                if job.temp.exists():
                    job.temp.unlink()
                    cleared.add(job.temp.parent)
            except OSError as trouble:
                self._report.warn(f"{job.temp} cannot be removed now ({trouble.strerror}); the next run does it.")
                continue
            lines += ended(job.entry, "done" if job.state == "done" else "aborted")
        for folder in cleared:
            synced(folder)
        gone = [job for job in jobs if job.removes == (job.state == "done")]
        folders.drop(self._place, (name for job in gone for name in job.folders or job.change.folders))
        self.journal.append(lines)
