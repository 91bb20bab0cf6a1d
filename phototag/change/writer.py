"""The one writer: planned changes in, what became of each of them out.

The decision here: a group is small enough to be undone by a full disk and large enough to share what each fsync costs,
and a file's refusal is an answer, not an error. A rehearsal is another object with the same verb. Refused: a dry run
as a flag that every step would have to remember.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from phototag.change import copying
from phototag.change.folders import nearest
from phototag.change.guards import Limits, Refusal, guard, look_at, picture_in
from phototag.change.job import Job, job_of
from phototag.change.steps import Steps
from phototag.errors import NoSpace
from phototag.read.identity import whole_file_digest
from phototag.records import Change
from phototag.report import Report
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.editor import Editor

TOGETHER = 32  # files that go through each step side by side
_BYTES = 256 << 20  # of temp files at once
_MIRRORED = 256  # files after which the table of changes is brought up to date

Stop = Callable[[], bool]


def never() -> bool:
    """The answer of a run that nobody stops."""
    return False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change."""

    change: Change
    state: str  # done | unchanged | refused; of a rehearsal: planned | refused
    why: str = ""  # of a refusal: a sentence without a full stop
    minor: bool = False  # ExifTool fears for the camera's notes: the same tags may go into a sidecar
    plain: bool = False  # of a copy: it is its tags that cannot be written; copying it without them would work


class Writer:
    """Carries out changes. The library's lock is held, and half-done changes were brought to an end before."""

    def __init__(
        self,
        library: Library,
        editor: Editor,
        *,
        settle_seconds: float,
        report: Report,
        break_links: bool = False,
        threads: int = 4,
    ) -> None:
        self._steps = Steps(library, editor, report, Limits(settle_seconds, break_links), threads)

    def write(self, changes: Sequence[Change], batch: str, stop: Stop = never) -> list[Outcome]:
        """What became of each change, in their order; the list is shorter when `stop` said so between two groups.

        Raises NoSpace and the like where the run cannot go on: then what is done is in the journal.
        """
        outcomes: list[Outcome] = []
        mirrored = 0
        for jobs in groups([self._steps.job(change) for change in changes]):
            if stop():
                break
            self._steps.run(jobs, batch)
            outcomes += [Outcome(job.change, job.state, job.why, job.minor, job.plain) for job in jobs]
            if len(outcomes) - mirrored >= _MIRRORED:
                self._steps.keep_up()
                mirrored = len(outcomes)
        self._steps.keep_up()
        return outcomes


class Rehearsal:
    """Says which changes would be refused, and touches nothing."""

    def __init__(self, library: Library, *, settle_seconds: float, break_links: bool = False) -> None:
        self._library, self._limits = library, Limits(settle_seconds, break_links)

    def write(self, changes: Sequence[Change], batch: str = "", stop: Stop = never) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for change in changes:
            if stop():
                break
            try:
                self._examine(change)
                outcomes.append(Outcome(change, "planned"))
            except Refusal as refusal:
                outcomes.append(Outcome(change, "refused", refusal.why, plain=refusal.plain))
            except NoSpace as trouble:
                outcomes.append(Outcome(change, "refused", trouble.sentence.removesuffix(".")))
            except OSError as trouble:
                outcomes.append(Outcome(change, "refused", trouble.strerror or str(trouble)))
        return outcomes

    def _examine(self, change: Change) -> None:
        job = job_of(self._library.place, change)
        if job.is_in_tree:
            copying.inside(self._library.place, job)
        if job.is_copy:
            copying.examine(job, self._limits)
            return
        target = job.target
        found = look_at(target, bool(change.expect))
        guard(target, found, self._limits, folder=nearest(target.parent) if job.is_in_tree else None)
        if found and whole_file_digest(target) != change.expect:
            raise Refusal("the file has changed since this was planned")
        if found:
            picture_in(target, change)


def groups(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """The jobs in their order, cut where a group would hold too many files, too many bytes or one file twice."""
    some: list[Job] = []
    names: set[Path] = set()
    room = size = 0
    for job in jobs:
        own = _size(job.origin if job.is_copy else job.target)
        if some and (len(some) == TOGETHER or size + own > room or job.target in names):
            yield some
            some, names, size = [], set(), 0
        if not some:
            room = min(_BYTES, _free(nearest(job.target.parent)) // 3)
        some.append(job)
        names.add(job.target)
        size += own
    if some:
        yield some


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # absent or out of reach: a guard will say so
        return 0


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:  # a guard will say so
        return _BYTES
