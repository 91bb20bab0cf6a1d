"""The one thread that stores evidence while others make it.

The decision here: what cost model time is in its log when it arrives, and whatever is made is in the tables within two
seconds, in batches, by one thread alone: concurrent writers on one table give silent duplicates. Refused: storing where
the answer arrives.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import NamedTuple

from phototag.errors import PhototagError
from phototag.records import Evidence
from phototag.report import Report
from phototag.store.library import Library
from phototag.store.tables import now

_TOGETHER = 256  # rows that are worth a write of their own
_PATIENCE = 2.0  # seconds that an answer may wait for its batch to fill


class _Job(NamedTuple):
    """Something to be done between two writes, and how it ended."""

    work: Callable[[], object]
    done: Future[None]

    def do(self) -> None:
        try:
            self.work()
        except (PhototagError, OSError, RuntimeError, ValueError) as trouble:  # raised where somebody waits for it
            self.done.set_exception(trouble)
        else:
            self.done.set_result(None)


class Storing:
    """A thread that flushes when a batch is together, or after two seconds. Its trouble is raised in the others."""

    def __init__(self, library: Library, report: Report, logged: Collection[str], *, compact_every: int) -> None:
        self._library, self._report, self._logged = library, report, logged
        self._compact_every = compact_every
        self._queue: queue.Queue[list[Evidence] | _Job | None] = queue.Queue(maxsize=16)
        self._thread = ThreadPoolExecutor(1, "storing")
        self._end: Future[None]

    def __enter__(self) -> Storing:
        self._end = self._thread.submit(self._loop)
        return self

    def __exit__(self, *exception: object) -> None:
        self._hand_over(None)
        self._thread.shutdown()
        self._end.result()

    def put(self, made: Sequence[Evidence]) -> None:
        """Hand evidence over; raises what went wrong with what was handed over before."""
        if made:
            self._hand_over([replace(evidence, made_at=now()) for evidence in made])

    def do(self, work: Callable[[], object]) -> None:
        """Have the thread that stores do this, once all that was handed over before is in the tables; waits for it."""
        job = _Job(work, Future())
        self._hand_over(job)
        wait((job.done, self._end), return_when=FIRST_COMPLETED)
        (job.done if job.done.done() else self._end).result()

    def _hand_over(self, made: list[Evidence] | _Job | None) -> None:
        while True:
            if self._end.done():
                return self._end.result()
            try:
                return self._queue.put(made, timeout=1)
            except queue.Full:
                continue  # the disk is slow; but it may also have failed meanwhile

    def _loop(self) -> None:
        waiting: list[Evidence] = []
        since, flushes, open_ = time.monotonic(), 0, True
        while open_:
            made = self._next()
            job = made if isinstance(made, _Job) else None
            open_ = made is not None
            new = made if isinstance(made, list) else []
            self._library.log(new, self._logged)
            waiting += new
            due = job or not open_ or len(waiting) >= _TOGETHER or time.monotonic() - since > _PATIENCE
            if waiting and due:
                with self._report.clock("store"):
                    self._library.put(waiting, self._logged, is_logged=True)
                    flushes += 1
                    if flushes % self._compact_every == 0:
                        self._library.compact()
                waiting, since = [], time.monotonic()
            if job:
                job.do()

    def _next(self) -> list[Evidence] | _Job | None:
        try:
            return self._queue.get(timeout=_PATIENCE)
        except queue.Empty:
            return []
