"""Which server gets the next picture, and how many each is given at once.

The decision here: servers take from one queue as they become free, so the fast one does more; how many requests pay is
measured, for a server says neither how many slots it has nor that it has one. One request more than pays stays, and
waits at the server's door, so that no slot is ever empty while we pack the next picture. A server whose GPU is too hot
gets one at a time, with pauses, and what is measured meanwhile is no measure. Refused: a share for each server, which
waits for the slowest, and more requests than help, which only grow old.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from phototag.backends.heat import Guard, Rest
from phototag.backends.ollama_client import Door
from phototag.backends.ollama_models import Met
from phototag.backends.ollama_troubles import Trouble
from phototag.errors import NoBackend

MOST = 5  # four that run, and one at the door
_PAYS, _HURTS = 1.10, 0.80  # what one more must bring, and what it may cost, of the rate before
_FULL = 0.85  # of the time as many as allowed must have been under way, or it was no measurement
_PATIENT_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between two looks at a server that is gone


class Pace:
    """How many requests at once: as many as were told, or as many as pay."""

    def __init__(self, fixed: int = 0) -> None:
        self.allowed = fixed or 1
        self._settled = bool(fixed)
        self._before = 0.0  # answers a second with one request less
        self._begin(time.monotonic())

    def _begin(self, now: float) -> None:
        self._skip, self._answers = self.allowed, 0  # the first answers were asked for at the pace before
        self._since = self._moved = now
        self._work = 0.0  # requests under way, summed up over time

    def disturbed(self, now: float) -> None:
        """What came until now says nothing of the pace: measure anew."""
        self._begin(now)

    def moves(self, under_way: int, now: float) -> None:
        """So many were under way until now."""
        self._work += under_way * (now - self._moved)
        self._moved = now

    def answered(self, now: float) -> None:
        """One more answer came; after enough of them the next number is tried, or the best one kept."""
        if self._settled:
            return
        if self._skip:
            self._skip -= 1
            self._since, self._work = now, 0.0
            return
        self._answers += 1
        if self._answers < 6 + self.allowed:
            return
        span = max(now - self._since, 1e-6)
        if self._work >= _FULL * self.allowed * span:
            self._judge(self._answers / span)
        self._begin(now)

    def _judge(self, rate: float) -> None:
        before, self._before = self._before, rate
        if rate > _PAYS * before and self.allowed < MOST:
            self.allowed += 1
            return
        self._settled = True
        if rate < _HURTS * before:
            self.allowed -= 1


class Host:
    """One server that takes part: what it has under way, what it has failed at, and how hot its GPU is."""

    def __init__(self, door: Door, met: Met, fixed: int) -> None:
        self.door, self.pace, self.rest = door, Pace(fixed), Rest()
        self.guard: Guard | None = None  # of the GPU of this machine
        self.met: Met | None = met  # None: it was gone, and is to be looked at again
        self.loaded = False
        self.loading = threading.Lock()
        self.under_way = 0
        self.failed = 0  # photos, one after the other
        self.busy_since = 0.0  # when a row of requests began for which it had no time; 0: it answers
        self.busy_told = False
        self.away = False

    def answers(self) -> None:
        """An answer came: whatever went wrong in a row is over."""
        self.failed, self.busy_since, self.busy_told = 0, 0.0, False

    def busy(self, since: float, patience_s: float) -> bool:
        """One more request for which it had no time; true once, when it has had none for that long."""
        self.busy_since = self.busy_since or since
        if self.busy_told or time.monotonic() - self.busy_since < patience_s:
            return False
        self.busy_told = True
        return True

    @property
    def hot(self) -> bool:
        return self.guard is not None and self.guard.hot

    def is_free(self, now: float) -> bool:
        """Whether it takes one more request now."""
        if self.away:
            return False
        if self.hot:
            return not self.under_way and now >= self.rest.until
        return self.under_way < self.pace.allowed

    def returned(self, answered: bool, lasted: float, now: float) -> None:
        """What a request that came back says of the pace, and how long the GPU rests after it."""
        if self.hot:
            self.rest.after(lasted, now)
            self.pace.disturbed(now)
            return
        self.rest.over()
        if answered:
            self.pace.answered(now)


class Slots:
    """Lends servers out for one request each; for many threads."""

    def __init__(self, hosts: Sequence[Host], patience_s: float, tell: Callable[[str], None]) -> None:
        self._hosts, self._patience, self._tell = list(hosts), patience_s, tell
        self._changed = threading.Condition()
        self._over: tuple[str, str] | None = None

    def take(self) -> Host:
        """A server that is free; waits for one, and raises NoBackend where none is left."""
        with self._changed:
            while True:
                if self._over:
                    raise NoBackend(*self._over)
                for one in self._hosts:
                    if one.guard:
                        one.guard.needed()
                now = time.monotonic()
                free = [one for one in self._hosts if one.is_free(now)]
                if free:
                    host = min(free, key=lambda one: one.under_way / one.pace.allowed)
                    self._step(host, 1)
                    return host
                rests = [one.rest.until - now for one in self._hosts if one.rest.until > now and one.hot]
                self._changed.wait(min(rests, default=None))

    def give(self, host: Host, *, answered: bool = False, lasted: float = 0.0) -> None:
        """Back from a request that lasted so long; `answered` if an answer came of it."""
        with self._changed:
            self._step(host, -1)
            host.returned(answered, lasted, time.monotonic())
            self._changed.notify_all()

    def wake(self) -> None:
        """Something changed that decides who is free."""
        with self._changed:
            self._changed.notify_all()

    def present(self) -> list[Host]:
        """The servers that are there and not given up."""
        with self._changed:
            return [host for host in self._hosts if not host.away]

    def must_go_on(self) -> None:
        """Raises NoBackend where no server can."""
        with self._changed:
            if self._over:
                raise NoBackend(*self._over)

    def _step(self, host: Host, step: int) -> None:
        host.pace.moves(host.under_way, time.monotonic())
        host.under_way += step

    def lost(self, host: Host) -> None:
        """The server is gone: it gets nothing until it is back, and is given up where it does not come in time."""
        with self._changed:
            if host.away or host not in self._hosts:
                return
            host.away, host.loaded, host.met = True, False, None
        threading.Thread(target=self._watch, args=(host,), name="ollama-watch", daemon=True).start()

    def _watch(self, host: Host) -> None:
        until, at = time.monotonic() + self._patience, 0
        while time.monotonic() < until:
            time.sleep(_PATIENT_STEPS[min(at, len(_PATIENT_STEPS) - 1)])
            at += 1
            try:
                host.door.version()
            except Trouble:
                continue  # still gone: looked at again until patience ends
            with self._changed:
                host.away = False
                self._changed.notify_all()
            return
        self.give_up(host, f"{host.door.where} is gone: no answer for {self._patience:g} s.", "Start it: ollama serve")

    def give_up(self, host: Host, sentence: str, hint: str) -> None:
        """This server is asked no more; the last one ends the run with its sentence."""
        with self._changed:
            if host in self._hosts:
                self._hosts.remove(host)
                self._tell(f"{sentence} {hint}".strip())
            if not self._hosts and not self._over:
                self._over = (sentence, hint)
            self._changed.notify_all()

    def stop(self, sentence: str, hint: str) -> None:
        """No server is asked any more."""
        with self._changed:
            self._over = self._over or (sentence, hint)
            self._changed.notify_all()
