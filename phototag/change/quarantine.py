"""Files on their way into the quarantine, out of it, and (only there) to their end.

The decision here: a file that goes is moved as it is, to a place of its own below the library's folder, and only while
it is the very file that was looked at and the one that is kept instead is there; it comes back to where it was, over
nothing. Refused: deleting, whatever the reason; a trash of the system, which knows no journal and no way back.
"""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from phototag.change import folders, quarantine_checks, quarantine_steps
from phototag.change.guards import Limits, Refusal
from phototag.change.journal import TEMP_PREFIX, Journal, ended, recover
from phototag.change.publish import Occupied
from phototag.change.quarantine_ends import home_of, swept
from phototag.change.quarantine_steps import Going, Moving
from phototag.change.writer import TOGETHER, Stop, never
from phototag.records import Entry
from phototag.report import Report
from phototag.store.library import Library
from phototag.store.log import no_space, synced

__all__ = ["Going", "Moving", "Quarantine"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Quarantine:
    """Moves files. The library's lock is held, and half-done changes were brought to an end before."""

    def __init__(self, library: Library, report: Report, *, settle_seconds: float = 0.0, threads: int = 4) -> None:
        self.journal = Journal(library.journal)
        self._library, self._place, self._report = library, library.place, report
        self._limits, self._threads = Limits(settle_seconds, break_links=True), threads
        self._numbers: dict[str, itertools.count[int]] = {}

    def away(self, going: Sequence[Going], batch: str, stop: Stop = never) -> list[Moving]:
        """What became of each file that shall go, in their order; shorter when `stop` said so between two groups.

        Files that go together go all or not at all, as far as can be told beforehand.
        """
        kept = quarantine_checks.Kept(self._place)
        day = datetime.now().astimezone().date().isoformat()
        taken: set[Path] = set()
        moves = [quarantine_steps.into(self._place, one, day, taken) for one in going]
        return self._in_groups(moves, batch, lambda one: quarantine_checks.may_go(one, self._limits, kept), stop)

    def back(self, entries: Sequence[Entry], batch: str, stop: Stop = never) -> list[Moving]:
        """What became of each file that shall come back to where it was, by the entries of their moves."""
        moves = [quarantine_steps.out_of(self._place, entry) for entry in entries]
        return self._in_groups(moves, batch, quarantine_checks.may_come_back, stop)

    def purge(self, entries: Sequence[Entry], batch: str, stop: Stop = never) -> list[Moving]:
        """What became of each file that shall go for good. Only what its move left, while what was kept is there."""
        kept = quarantine_checks.Kept(self._place, self._library)
        moves = [quarantine_steps.to_its_end(self._place, entry) for entry in entries]
        return self._in_groups(moves, batch, lambda one: quarantine_checks.may_end(one, kept), stop)

    def rehearse(self, going: Sequence[Going]) -> list[Moving]:
        """Which files would be refused, and why, as far as can be told without reading them; nothing is touched."""
        kept = quarantine_checks.Kept(self._place)
        moves = [quarantine_steps.into(self._place, one, "", set()) for one in going]
        with ThreadPoolExecutor(self._threads, "rehearse") as threads:
            self._each(lambda one: quarantine_checks.may_go(one, self._limits, kept, reads=False), moves, threads)
        _all_or_none(moves)
        return moves

    # ---- the steps

    def _in_groups(
        self, moves: Sequence[Moving], batch: str, check: Callable[[Moving], None], stop: Stop
    ) -> list[Moving]:
        done: list[Moving] = []
        for some in _groups(moves):
            if stop():
                break
            try:
                with ThreadPoolExecutor(self._threads, "move") as threads:
                    self._all(some, batch, check, threads)
            except BaseException:
                recover(self.journal, self._place, self._report)
                raise
            done += some
        self._library.changes.replay()
        self.journal.settle()
        return done

    def _all(
        self, moves: Sequence[Moving], batch: str, check: Callable[[Moving], None], threads: ThreadPoolExecutor
    ) -> None:
        self._each(check, moves, threads)
        _all_or_none(moves)
        begun = [one for one in moves if not one.state]
        self._begin(begun, batch)
        self._each(lambda one: quarantine_steps.copied(one, self._place), begun, threads)
        _all_or_none(begun)
        ready = [one for one in begun if not one.state]
        self.journal.append(replace(one.entry, change={}, state="ready", **one.sums) for one in ready)
        for one in ready:
            self._tried(quarantine_steps.moved, one)
        for folder in {path.parent for one in ready if one.state == "done" for path in (one.source, one.target)}:
            if folder.is_dir():
                synced(folder)
        self._end(begun)

    def _begin(self, moves: Sequence[Moving], batch: str) -> None:
        numbers = self._numbers.setdefault(batch, itertools.count(1))
        made: set[str] = set()
        for one in moves:
            name = f"{batch}-m{next(numbers):06}"  # the writer numbers its own entries of the same run
            stored = self._place.stored(str(one.target)) if one.has_target else ""
            spoken = asdict(one.change) | dict(one.spoken) | {"from": self._place.stored(str(one.source)), "to": stored}
            del spoken["text"]
            if one.has_target:
                one.temp = one.target.with_name(f"{TEMP_PREFIX}{name}{one.source.suffix}")
                one.folders = folders.needed(self._place, stored, made)
                spoken |= {"temp": self._place.stored(str(one.temp)), "folders": list(one.folders)}
            one.entry = Entry(name, batch, "begun", spoken)
        self.journal.append(one.entry for one in moves)

    def _end(self, moves: Sequence[Moving]) -> None:
        """Note how each move ended; one whose temp cannot be removed stays open, and recovery tries again."""
        lines: list[Entry] = []
        for one in moves:
            if not quarantine_steps.cleared(one):
                self._report.warn(f"{one.temp} cannot be removed now; the next run does it.")
                continue
            lines += ended(one.entry, "done" if one.state == "done" else "aborted")
        self.journal.append(lines)
        folders.drop(self._place, (name for one in moves if one.state != "done" for name in one.folders))
        home = home_of(self._place)
        for folder in {one.source.parent for one in moves if one.state == "done"}:
            if folder.is_relative_to(home):
                swept(folder, self._place)

    def _each(self, step: Callable[[Moving], None], moves: Iterable[Moving], threads: ThreadPoolExecutor) -> None:
        for _ in threads.map(lambda one: self._tried(step, one), [one for one in moves if not one.state]):
            continue

    @staticmethod
    def _tried(step: Callable[[Moving], None], one: Moving) -> None:
        """Take the step; a file that fails is refused, a full disk stops all."""
        try:
            step(one)
        except Refusal as refusal:
            one.refuse(refusal.why)
        except Occupied:
            one.refuse("another file has its place now; move that one away first")
        except OSError as trouble:
            if trouble.errno in _FULL:
                raise no_space(one.target) from trouble
            one.refuse(f"{trouble.strerror or trouble}; it was left where it is")


def _all_or_none(moves: Sequence[Moving]) -> None:
    """Where one of those that go together cannot go, none of them does."""
    stuck = {one.together: one for one in moves if one.together and one.state == "refused"}
    for one in moves:
        if not one.state and one.together in stuck:
            one.refuse(f"it belongs to {stuck[one.together].source.name}, which stays: {stuck[one.together].why}")


def _groups(moves: Sequence[Moving]) -> Iterable[list[Moving]]:
    """Some at a time; what goes together is not parted."""
    some: list[Moving] = []
    for one in moves:
        if len(some) >= TOGETHER and not (one.together and one.together == some[-1].together):
            yield some
            some = []
        some.append(one)
    if some:
        yield some
