"""Whether this machine's GPU is too hot, and how long a server rests until it is not.

The decision here: the GPU's own word counts (a thermal slowdown that nvidia-smi calls active), and degrees only where a
person set a limit; a GPU that cannot be asked, or whose last answer is old, counts as cool, for it protects itself in
the end. Refused: our own idea of how hot a card may be, and a run that stops, or waits for ever, for a thermometer.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from phototag.report import duration

EVERY_S = 5.0
_PROGRAM = "nvidia-smi"
_ANSWERS_S = 5.0  # a driver that hangs is not waited for
_STALE_S = 60.0  # after which an answer counts no more
_IDLE_S = 120.0  # without a request nobody watches
_COOLER = 5  # degrees below a person's limit from which it counts as cool again
_MOST_SILENT = 3  # times in a row without an answer: then it is asked no more
_STEP = 0.25  # of the time of the last request: what each pause is longer than the one before
_LONGEST_REST_S = 60.0
_SLOWED = ("sw_thermal_slowdown", "hw_thermal_slowdown")


class Reading(NamedTuple):
    """What the hottest GPU says: degrees (0: it does not tell), and whether it is slowed down by its heat."""

    degrees: int
    slowed: bool


class Thermometer:
    """nvidia-smi, asked in the words that its driver knows: the names of its fields have changed."""

    def __init__(self, with_degrees: bool) -> None:
        forms = [
            [f"{group}.{name}" for name in _SLOWED] for group in ("clocks_event_reasons", "clocks_throttle_reasons")
        ]
        self._forms = [*forms, []] if with_degrees else forms

    def read(self) -> Reading | None:
        """All GPUs of this machine as one, or None where there is no answer."""
        for form in tuple(self._forms):
            if lines := _said(["temperature.gpu", *form]):
                self._forms = [form]
                return Reading(max(map(_degrees, lines)), any("Active" in line[1:] for line in lines))
        return None


class Guard:
    """Looks at the thermometer every few seconds while somebody works; for many threads.

    It tells once when work slows down and once when that is over; what comes later is only counted.
    """

    def __init__(
        self,
        hottest: int,
        tell: Callable[[str], None],
        changed: Callable[[], None],
        every_s: float = EVERY_S,
    ) -> None:
        self._hottest, self._tell, self._changed, self._every_s = hottest, tell, changed, every_s
        self._thermometer = Thermometer(hottest > 0)
        self._lock = threading.Lock()
        self._watching = self._gave_up = self._hot = False
        self._silent = self._episodes = 0
        self._seconds = self._read_at = self._needed_at = 0.0

    @property
    def hot(self) -> bool:
        """Whether the GPU needs a rest, by an answer that is not old."""
        return self._hot and time.monotonic() - self._read_at < _STALE_S

    @property
    def seconds(self) -> float:
        """How long it was hot, all in all."""
        return self._seconds

    def needed(self) -> None:
        """Somebody is about to work: watch, from now on and for a while."""
        with self._lock:
            self._needed_at = time.monotonic()
            if self._watching or self._gave_up:
                return
            self._watching = True
        threading.Thread(target=self._watch, name="heat", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self._note(self._thermometer.read() if shutil.which(_PROGRAM) else None)
            if self._ended():
                return
            time.sleep(self._every_s)

    def _ended(self) -> bool:
        """Whether nobody needs it any more, or nobody answers."""
        with self._lock:
            self._gave_up = self._silent >= _MOST_SILENT
            self._watching = not self._gave_up and time.monotonic() - self._needed_at < _IDLE_S
            ended = not self._watching
        if self._gave_up and self._hottest:
            self._tell(f"{_PROGRAM} does not tell how hot the GPU is: it gets no rest.")
        return ended

    def _note(self, reading: Reading | None) -> None:
        """One reading, and what follows from it."""
        before, last, now = self._hot, self._read_at, time.monotonic()
        if before:
            self._seconds += min(now - last, _STALE_S)
        self._silent = 0 if reading else self._silent + 1
        if not reading and self._silent < _MOST_SILENT:
            return  # busy for once: the answer before still counts
        self._hot, self._read_at = reading is not None and self._too_hot(reading), now
        if self._hot == before:
            return
        self._episodes += self._hot
        if self._episodes == 1:
            self._tell(self._told(reading))
        self._changed()

    def _too_hot(self, reading: Reading) -> bool:
        limit = self._hottest - (_COOLER - 1 if self._hot else 0)
        return reading.slowed or (self._hottest > 0 and reading.degrees >= limit)

    def _told(self, reading: Reading | None) -> str:
        if not reading:
            return f"{_PROGRAM} tells no more how hot the GPU is: full pace again."
        if not self._hot:
            return f"The GPU has cooled down after {duration(self._seconds)}: full pace again."
        degrees = f" ({reading.degrees} degrees)" if reading.degrees else ""
        return f"The GPU is too hot{degrees}: one picture at a time, with pauses, until it has cooled down."


class Rest:
    """The pauses between requests at one server while its GPU is hot: longer each time, up to the last request's."""

    def __init__(self) -> None:
        self.until = 0.0
        self._share = 0.0

    def after(self, lasted: float, now: float) -> None:
        """A request that lasted so long has ended: the next one waits."""
        self._share = min(1.0, self._share + _STEP)
        self.until = now + min(self._share * lasted, _LONGEST_REST_S)

    def over(self) -> None:
        """It is cool again."""
        self.until = self._share = 0.0


def can_be_asked() -> bool:
    """Whether this machine has the program that knows its GPU."""
    return shutil.which(_PROGRAM) is not None


def _said(fields: list[str]) -> list[list[str]]:
    """The values of each GPU, nothing where they are not to be had."""
    asks = [_PROGRAM, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            asks, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWERS_S, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):  # no such program, no text, a driver that hangs
        return []
    lines = [[value.strip() for value in line.split(",")] for line in done.stdout.splitlines() if line.strip()]
    whole = done.returncode == 0 and all(len(line) == len(fields) for line in lines)
    return lines if whole else []


def _degrees(line: list[str]) -> int:
    return int(line[0]) if re.fullmatch(r"\d{1,3}", line[0], re.ASCII) else 0
