"""The one thread that stores evidence while others make it.

The decision here: what cost model time is in its log when it arrives, and whatever is made is in the tables within two
seconds, in batches, by one thread alone: concurrent writers on one table give silent duplicates. Refused: storing where
the answer arrives.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from phototag.records import Evidence
from phototag.report import Report
from phototag.store.library import Library
from phototag.store.tables import now

_TOGETHER = 256  # rows that are worth a write of their own
_PATIENCE = 2.0  # seconds that an answer may wait for its batch to fill


class Storing:
    """A thread that flushes when a batch is together, or after two seconds. Its trouble is raised in the others."""

    def __init__(self, library: Library, report: Report, logged: Collection[str], *, compact_every: int) -> None:
        self._library, self._report, self._logged = library, report, logged
        self._compact_every = compact_every
        self._queue: queue.Queue[list[Evidence] | None] = queue.Queue(maxsize=16)
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

    def _hand_over(self, made: list[Evidence] | None) -> None:
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
            open_ = made is not None
            self._library.log(made or (), self._logged)
            waiting += made or []
            if waiting and (not open_ or len(waiting) >= _TOGETHER or time.monotonic() - since > _PATIENCE):
                with self._report.clock("store"):
                    self._library.put(waiting, self._logged, is_logged=True)
                    flushes += 1
                    if flushes % self._compact_every == 0:
                        self._library.compact()
                waiting, since = [], time.monotonic()

    def _next(self) -> list[Evidence] | None:
        try:
            return self._queue.get(timeout=_PATIENCE)
        except queue.Empty:
            return []
