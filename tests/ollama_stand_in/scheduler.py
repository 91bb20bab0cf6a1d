"""Who runs when: one loader, a queue before it, slots on each loaded model, and timers that unload.

The decision: timers are looked at when somebody asks, by a clock that a test may turn by hand, so that no test waits
five minutes; refused: threads that sleep. A wait ends at once where the client has gone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.ollama_stand_in.decoding import FOREVER, Refused
from tests.ollama_stand_in.models import Model

TICK = 0.02
LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict", "shift")
BUSY = "server busy, please try again.  maximum pending requests exceeded"
Gone = Callable[[], bool]


class ClientGone(Exception):
    """The client closed the connection: what was under way for it ends."""


class Clock:
    """The real time."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, gone: Gone) -> None:
        """Sleeps, unless the client goes or the server stops."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.stopped.wait(min(left, TICK)) or gone():
                raise ClientGone


class FakeClock(Clock):
    """A time that goes on only where a test says so, or where somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float, gone: Gone) -> None:
        self.advance(seconds)


class Slots:
    """A semaphore that is first come, first served, and whose waiters may give up."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = count
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def take(self, gone: Gone) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._waiting.append(turn)
        while not turn.wait(TICK):
            if gone() and self._left(turn):
                raise ClientGone

    def _left(self, turn: threading.Event) -> bool:
        with self._lock:
            if turn.is_set():
                return False  # the slot came in the last moment: it is used and given back
            self._waiting.remove(turn)
            return True

    def give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


@dataclass
class Runner:
    """A loaded model."""

    model: Model
    options: dict[str, Any]
    slots: Slots
    keep_alive: float
    expires: float
    leases: int = 0
    dead: bool = False


@dataclass
class Lease:
    """The use of a loaded model by one request; `release` may be called twice."""

    runner: Runner
    scheduler: Scheduler
    load_seconds: float
    has_slot: bool = False
    released: bool = False

    def take_slot(self, gone: Gone) -> None:
        self.runner.slots.take(gone)
        self.has_slot = True
        self.scheduler.counts(1)

    def release(self) -> None:
        self.scheduler.release(self)


@dataclass
class Scheduler:
    """Loads, reloads and evicts models, and counts what it did."""

    clock: Clock
    parallel: int = 1
    max_queue: int = 512
    max_loaded: int = 3
    load_seconds: float = 0.0
    loads: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    reloads: int = 0
    evictions: int = 0
    aborted_loads: int = 0
    running: int = 0
    max_running: int = 0
    runners: dict[str, Runner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: deque[object] = deque()
        self._loading = False

    def lease(self, model: Model, options: dict[str, Any], keep_alive: float, gone: Gone) -> Lease:
        """The model, loaded with these options; waits for its load and refuses where too many wait already."""
        began = self.clock.now()
        with self._changed:
            self._expire()
            if ready := self._fitting(model, options):
                return self._lend(ready, keep_alive, began)
            if self._loading and len(self._pending) >= self.max_queue:
                raise Refused(503, BUSY)
            self._queue(gone)
            self._loading = True
        try:
            return self._lend(self._load(model, options, gone), keep_alive, began)
        finally:
            with self._changed:
                self._loading = False
                self._changed.notify_all()

    def _queue(self, gone: Gone) -> None:
        ticket = object()
        self._pending.append(ticket)
        try:
            while self._loading or self._pending[0] is not ticket:
                self._changed.wait(TICK)
                if gone() or self.clock.stopped.is_set():
                    raise ClientGone
        finally:
            self._pending.remove(ticket)

    def _fitting(self, model: Model, options: dict[str, Any]) -> Runner | None:
        runner = self.runners.get(model.key)
        same = runner and not runner.dead and runner.options == options and runner.model.digest == model.digest
        return runner if same else None

    def _load(self, model: Model, options: dict[str, Any], gone: Gone) -> Runner:
        with self._changed:
            if ready := self._fitting(model, options):
                return ready
            old = self.runners.get(model.key)
            self._wait_idle(lambda: not old or not old.leases, gone)
            if old:
                self.reloads += not old.dead
                self.runners.pop(model.key, None)
            while len(self.runners) >= self.max_loaded:
                self._wait_idle(lambda: any(not one.leases for one in self.runners.values()), gone)
                idle = min((one for one in self.runners.values() if not one.leases), key=lambda one: one.expires)
                del self.runners[idle.model.key]
                self.evictions += 1
            self.loads.append((model.full, dict(options)))
        try:
            self.clock.sleep(self.load_seconds, gone)
        except ClientGone:
            self.aborted_loads += 1
            raise
        if model.load_error:
            raise Refused(500, model.load_error)
        slots = Slots(1 if model.one_at_a_time or "embedding" in model.capabilities else self.parallel)
        runner = Runner(model, dict(options), slots, 0.0, FOREVER)
        with self._changed:
            self.runners[model.key] = runner
        return runner

    def _wait_idle(self, idle: Callable[[], bool], gone: Gone) -> None:
        while not idle():
            self._changed.wait(TICK)
            if gone() or self.clock.stopped.is_set():
                raise ClientGone

    def _lend(self, runner: Runner, keep_alive: float, began: float) -> Lease:
        with self._changed:
            runner.leases += 1
            runner.keep_alive = keep_alive
            return Lease(runner, self, self.clock.now() - began)

    def release(self, lease: Lease) -> None:
        with self._changed:
            if lease.released:
                return
            lease.released = True
            lease.runner.leases -= 1
            lease.runner.expires = self.clock.now() + lease.runner.keep_alive
            self._expire()
            self._changed.notify_all()
        if lease.has_slot:
            self.counts(-1)
            lease.runner.slots.give()

    def counts(self, step: int) -> None:
        with self._changed:
            self.running += step
            self.max_running = max(self.max_running, self.running)

    def _expire(self) -> None:
        now = self.clock.now()
        for key, runner in list(self.runners.items()):
            if runner.dead or (not runner.leases and runner.expires <= now):
                del self.runners[key]

    def loaded(self) -> list[Runner]:
        """What is in memory now."""
        with self._changed:
            self._expire()
            return list(self.runners.values())

    def unload(self, model: Model) -> None:
        with self._changed:
            runner = self.runners.get(model.key)
            if runner:
                runner.keep_alive = 0.0
                runner.expires = self.clock.now()
            self._expire()

    def crash(self, model: Model) -> None:
        """The runner of this model is gone; the next request loads it again."""
        with self._changed:
            runner = self.runners.pop(model.key, None)
            if runner:
                runner.dead = True
