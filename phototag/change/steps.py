"""The steps by which a user's file is changed: none without its journal line, none that could not be taken back.

The decision here: some files go through each step together, so that they share its fsyncs, and a file that fails
somewhere leaves the others alone. Whatever stops the run itself, recovery cleans up behind it at once. Refused: another
way into a user's file, for writing or for undoing.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from phototag.change import publish
from phototag.change.fields import asked
from phototag.change.guards import Limits, Refusal, guard, look_at, picture_in
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

_NOTHING = Path(os.devnull)  # what a removed file is compared with
_TIDY_EVERY = 50  # times that the table was brought up to date
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(slots=True, eq=False)
class Job:
    """One change on its way."""

    change: Change
    target: Path  # behind all symlinks
    restores: Entry | None = None  # an undo that puts bytes back: what this entry's pre-image says
    removes: bool = False  # an undo of a file that we made
    entry: Entry = field(default_factory=lambda: Entry("", "", ""))
    temp: Path = _NOTHING
    found: os.stat_result | None = None
    picture: str = ""
    state: str = ""  # "" while it is under way | done | unchanged | refused
    why: str = ""
    minor: bool = False

    def refuse(self, why: str, *, minor: bool = False) -> None:
        self.state, self.why, self.minor = "refused", why, minor


class Steps:
    """Takes jobs through the steps, some at a time; their states say how far they came."""

    def __init__(self, library: Library, editor: Editor, report: Report, limits: Limits, threads: int = 4) -> None:
        self.journal = Journal(library.journal)
        self._library, self._place, self._editor, self._report = library, library.place, editor, report
        self._limits, self._packs = limits, Packs(library.place.state)
        self._threads = threads
        self._numbers: dict[str, itertools.count[int]] = {}
        self._kept_up = 0

    def job(self, change: Change, *, restores: Entry | None = None, removes: bool = False) -> Job:
        return Job(change, Path(os.path.realpath(self._place.actual(change.target))), restores, removes)

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
                job.refuse(refusal.why, minor=job.minor)
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
        fresh = [job.change for job in jobs if job.target.exists() and job.target.stat().st_mtime > since]
        known = self._library.changes.of_targets([change.target for change in fresh])
        last = {target: [entry for entry in entries if entry.state == "done"][-1:] for target, entries in known.items()}
        return {
            change.target for change in fresh for entry in last.get(change.target, []) if entry.after == change.expect
        }

    def _examine(self, job: Job, ours: set[str]) -> None:
        change = job.change
        job.found = look_at(job.target, bool(change.expect))
        guard(job.target, job.found, self._limits, ours=change.target in ours)
        if job.found is None:
            return
        if whole_file_digest(job.target) != change.expect:
            raise Refusal("the file has changed since this was planned; run the command again")
        if job.restores or job.removes:
            return
        job.picture = picture_in(job.target, change)
        if not (change.iptc or change.stale) and all(before == after for before, after in change.fields.values()):
            job.state = "unchanged"

    # ---- 2 and 3: the journal first, then a copy beside the file

    def _begin(self, jobs: Sequence[Job], batch: str) -> None:
        numbers = self._numbers.setdefault(batch, itertools.count(1))
        for job in jobs:
            name = f"{batch}-{next(numbers):06}"  # of one length: no temp's name begins as another one's does
            job.temp = job.target.with_name(f"{TEMP_PREFIX}{name}{job.target.suffix}")
            spoken = asdict(job.change) | {"temp": self._place.stored(str(job.temp))}
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
        elif not job.removes:
            self._written(job)
            after = whole_file_digest(job.temp)
            same_picture(job.target, job.temp, change, job.picture)
        if after == change.expect:
            job.state = "unchanged"
        job.entry = replace(job.entry, state="ready", before=change.expect, after=after)

    def _written(self, job: Job) -> None:
        source = str(job.target) if job.found else None
        written = self._editor.write_copy(source, str(job.temp), job.change, seed=self._seed(job))
        if written.ok:
            return
        size = job.found.st_size if job.found else 0
        if "No space left" in written.said or shutil.disk_usage(job.target.parent).free < size + (64 << 10):
            raise no_space(job.target)
        job.minor = written.minor
        raise Refusal(written.said)

    def _seed(self, job: Job) -> str:
        """The file whose tags a new sidecar starts with; "" where there is one already, or bytes are put back."""
        return "" if job.found or job.restores or job.removes else self._place.actual(job.change.source)

    # ---- 4 to 7: it says what was planned, and there is a way back

    def _read_back(self, jobs: Sequence[Job]) -> None:
        edited = [job for job in jobs if not (job.restores or job.removes)]
        tags = asked(tag for job in edited for tag in job.change.fields)
        answers = self._editor.read([str(job.temp) for job in edited], tags) if edited else []
        for job, answer in zip(edited, answers, strict=True):
            if isinstance(answer, Unreadable):
                job.refuse(f"the written copy cannot be read ({answer.sentence}); nothing was changed")
                continue
            try:
                fields_kept(job.change, answer)
            except Refusal as refusal:
                job.refuse(refusal.why)

    def _ready(self, jobs: Sequence[Job], batch: str) -> None:
        old = [job for job in jobs if job.found]
        pairs = [(job.target, _NOTHING if job.removes else job.temp, job.change.expect) for job in old]
        for job, keep in zip(old, self._packs.put(batch, pairs) if pairs else [], strict=True):
            job.entry = replace(job.entry, keep=keep)
            if not keep:
                job.refuse("the way back could not be proved; nothing was changed")
        self.journal.append(replace(job.entry, change={}) for job in jobs if not job.state)

    # ---- 8 and 9: it takes the file's place

    def _finish_temp(self, job: Job) -> None:
        if job.removes:
            return
        if job.found:
            publish.carried_over(job.target, job.found, job.temp)
        publish.made_durable(job.temp)

    def _publish(self, jobs: Sequence[Job]) -> None:
        folders = set()
        for job in jobs:
            try:
                self._take_place(job)
                folders.add(job.target.parent)
            except (Refusal, publish.Occupied) as refusal:
                job.refuse(f"{refusal}; nothing was changed")
            except OSError as trouble:
                if trouble.errno in _FULL:
                    raise no_space(job.target) from trouble
                job.refuse(f"{trouble.strerror or trouble}; nothing was changed")
        for folder in folders:
            synced(folder)

    def _take_place(self, job: Job) -> None:
        if job.found is None:
            publish.appeared(job.temp, job.target)
        else:
            now = job.target.stat()
            if any(getattr(now, part) != getattr(job.found, part) for part in ("st_size", "st_mtime_ns", "st_ino")):
                raise Refusal("another program has saved the file meanwhile")
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
        self.journal.append(lines)
