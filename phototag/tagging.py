"""One run of `phototag tag` after the looks: plan, show, ask, write.

The decision here: what is written is exactly what was shown; the library is not held while a person thinks, for every
change carries the digest of the file that it was planned for. A file whose maker's notes would not survive gets a
sidecar instead, planned anew. Refused: planning all files first where nobody is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from phototag.change.plan import Planned, Planner
from phototag.change.spool import Spool
from phototag.change.writer import Outcome, Rehearsal, Writer
from phototag.records import Change
from phototag.report import Report
from phototag.store.library import Library

_AT_ONCE = 256  # changes given to the writer together


@dataclass
class Totals:
    """A plan in numbers, for the question whether to go on."""

    files: int = 0  # that would be written
    unchanged: int = 0  # that say everything already
    passed_over: list[tuple[str, str]] = field(default_factory=list)  # path, reason


@dataclass
class Tagged:
    """What a run of `tag` did."""

    library: Library
    looks: list[tuple[Any, Any]] = field(default_factory=list)  # of each folder: what the scan and the looks found
    batch: str = ""  # the run's name, for `undo`; "" if nothing was tried
    plan: Totals = field(default_factory=Totals)
    written: Counter[str] = field(default_factory=Counter)  # embed | sidecar -> files
    refused: list[tuple[str, str]] = field(default_factory=list)  # path, reason
    instead: list[tuple[str, str]] = field(default_factory=list)  # of files that got a sidecar instead: path, reason
    interrupted: bool = False


Show = Callable[[Planned], None]
Agree = Callable[[Totals], bool]
Held = Callable[[], AbstractContextManager[Any]]


class Tagging:
    """Plans and writes. `held` holds the library for writing; `begin` notes that something is written, as a run."""

    def __init__(
        self,
        done: Tagged,
        planner: Planner,
        writer: Writer,
        begin: Callable[[], str],
        held: Held,
        report: Report,
        stop: Callable[[], bool],
    ) -> None:
        self._done, self._planner, self._writer, self._begin = done, planner, writer, begin
        self._held, self._report, self._stop = held, report, stop

    def rehearse(self, ids: Sequence[str], below: Callable[[str], bool], show: Show, rehearsal: Rehearsal) -> None:
        """Plan for these photos, and say which files would be refused."""
        for planned in self._shown(self._planner.plan(ids, below=below), show):
            for one in rehearsal.write(_changes(planned)):
                if one.state == "refused":
                    self._done.refused.append((one.change.target, one.why))

    def run(self, ids: Sequence[str], below: Callable[[str], bool], show: Show, agree: Agree | None) -> None:
        """Plan for these photos and write, at once or (with `agree`) when a person has said yes to the whole plan."""
        plan = self._shown(self._planner.plan(ids, below=below), show)
        if agree is None:
            with self._held(), self._report.progress("writing", len(ids)) as bar:
                for planned in _together(plan):
                    self._carry_out(_changes(planned))
                    bar.step(len({one.image_id for one in planned}))
        else:
            self._ask(plan, agree)

    def _ask(self, plan: Iterable[list[Planned]], agree: Agree) -> None:
        """Show the whole plan, ask, and carry out exactly that."""
        with Spool(self._done.library.place.state) as spool:
            for planned in plan:
                spool.add(_changes(planned))
            if spool.count and not self._stop() and agree(self._done.plan):
                with self._held(), self._report.progress("writing", spool.count) as bar:
                    for changes in spool.changes(_AT_ONCE):
                        self._carry_out(changes)
                        bar.step(len(changes))
                        if self._stop():
                            break

    def _shown(self, plan: Iterable[list[Planned]], show: Show) -> Iterator[list[Planned]]:
        """The plan as it passes by, counted and shown, until somebody stops it."""
        totals = self._done.plan
        for planned in plan:
            for one in planned:
                show(one)
                totals.files += one.change is not None
                totals.unchanged += one.change is None and not one.why
                if one.why:
                    totals.passed_over.append((one.path, one.why))
            yield planned
            if self._stop():
                return

    def _carry_out(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        outcomes = self._written(changes)
        minor = frozenset(one.change.source for one in outcomes if one.minor)
        if minor:
            ids = sorted({one.change.image_id for one in outcomes if one.minor})
            for planned in self._planner.plan(ids, minor, lambda path: path in minor):
                outcomes += self._written(_changes(planned))
        for one in outcomes:
            if one.state == "done":
                self._done.written[one.change.kind] += 1
            elif one.state == "refused":
                (self._done.instead if one.minor else self._done.refused).append((one.change.target, one.why))

    def _written(self, changes: Sequence[Change]) -> list[Outcome]:
        self._done.batch = self._done.batch or self._begin()
        return self._writer.write(changes, self._done.batch, self._stop)


def _together(plan: Iterable[list[Planned]]) -> Iterator[list[Planned]]:
    """As many planned files at a time as are worth a round of the writer."""
    some: list[Planned] = []
    for planned in plan:
        some += planned
        if sum(one.change is not None for one in some) >= _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _changes(planned: Sequence[Planned]) -> list[Change]:
    return [one.change for one in planned if one.change]
