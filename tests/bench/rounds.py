"""Measures several ways of doing one thing beside each other, so that a busy machine slows all of them alike.

The decision here: every round runs every side once, in turn forwards and backwards, and what counts is the median of
the rounds' own ratios. CPU time (ours, of children that have ended and of those still running) stands beside wall time.
Refused: one side after the other, and the best of many.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median

import psutil  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Side:
    """One way to do it: `amount` is how much one call gets done."""

    name: str
    work: Callable[[], object]
    amount: float = 1


@dataclass
class Timing:
    """Seconds that one unit of the amount took, round by round."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return median(self.wall)

    def times_faster(self, other: Timing) -> tuple[float, float]:
        """How many times as fast as the other side it was: by wall time, by CPU time."""
        return _ratio(self.wall, other.wall), _ratio(self.cpu, other.cpu)


def interleaved(rounds: int, *sides: Side) -> list[Timing]:
    """The timings of the sides, in their order."""
    timings = [Timing(side.name) for side in sides]
    for number in range(rounds):
        for side, timing in list(zip(sides, timings, strict=True))[:: -1 if number % 2 else 1]:
            gc.collect()
            cpu, wall = cpu_seconds(), time.perf_counter()
            side.work()
            timing.wall.append((time.perf_counter() - wall) / side.amount)
            timing.cpu.append((cpu_seconds() - cpu) / side.amount)
    return timings


def cpu_seconds() -> float:
    """Processor time of this process and of all that it started."""
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in ended) + sum(_running())


def _running() -> Sequence[float]:
    seconds = []
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:  # it ended since it was listed: its time is among that of the ended ones
            continue
        seconds.append(times.user + times.system)
    return seconds


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(other / own if own else inf for own, other in zip(ours, theirs, strict=True))
