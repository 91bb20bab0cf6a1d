"""How long 100,000 photos take to fall into events, and how much memory: python tests/bench/events.py [PHOTOS]

The decision here: the photos are made up (two cameras with GPS, one without, a walk, a train and a second town), and
half as many and twice as many stand beside them, so that growth that is not linear shows. Refused: an exit code that
depends on speed.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import table
from processes import python
from table import Row

_SECONDS = 4.0
_MEMORY_MB = 300
_GROWTH = 1 / 3  # as fast as half as many photos, at least; 0.5 is linear, 0.25 quadratic
_PHOTOS_A_DAY = 100
_TOWNS = ((52.52, 13.40), (48.14, 11.58), (50.94, 6.96))


def main() -> int:
    """Measure, each size in a process of its own: peaks of memory add up within one."""
    if "--here" in sys.argv:
        print(*here(int(sys.argv[-1])))
        return 0
    asked, load = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, os.getloadavg()[0]
    print(table.heading())
    for row in rows(asked):
        print(table.line(row), flush=True)
    print(table.machine(load))
    return 0


def rows(asked: int) -> Iterator[Row]:
    seconds: dict[int, float] = {}
    for count in (asked // 2, asked, asked * 2):
        ran = python(Path(__file__), "--here", str(count))
        if ran.code:
            raise RuntimeError(ran.said)
        spent, asking, events, borders = (float(word) for word in ran.said.split())
        seconds[count] = spent
        what, half = f"{count:,} photos", seconds.get(count // 2)
        if half is None:
            yield Row("", what, spent, "s", f"{events:,.0f} events")
        else:
            yield Row("", what, spent, "s", f"{count // 2:,} photos", half, half / spent, goal=_GROWTH)
        if count == asked:
            yield at_most(what, "s", spent, _SECONDS, f"{events:,.0f} events")
            yield at_most("  and their contents", "s", asking, _SECONDS, f"{borders:,.0f} borders asked")
            yield at_most("  peak memory", "MB", ran.peak_mb, _MEMORY_MB, "with the photos")


def at_most(what: str, unit: str, ours: float, most: float, beside: str) -> Row:
    return Row("", what, ours, unit, beside, goal=most, sign="<=", decided_by="ours")


def here(count: int) -> tuple[float, float, int, int]:
    """Seconds without and with a differ, the events, and the borders that the differ was asked about."""
    from phototag.decide.events import Limits, Pair, events

    photos, asked = made(count), 0
    start = time.perf_counter()
    found = len(events(photos, Limits()))
    spent = time.perf_counter() - start

    def differ(pairs: Sequence[Pair]) -> list[float | None]:
        nonlocal asked
        asked += len(pairs)
        return [0.7 if before[-1][-1] == "7" else 0.1 for before, _ in pairs]

    start = time.perf_counter()
    events(photos, Limits(), differ)
    return spent, time.perf_counter() - start, found, asked


def made(count: int) -> list:  # type: ignore[type-arg]
    """Days of photos in no order: a pair of cameras that walk, a third without GPS, one in another town, a train."""
    from phototag.decide.events import Taken

    dice, photos = random.Random(1), []
    for day in range(-(-count // _PHOTOS_A_DAY)):
        at = datetime(2015, 1, 1, 9) + timedelta(days=day)
        lat, lon = dice.choice(_TOWNS)
        away = dice.choice(_TOWNS)
        step = 0.02 if day % 7 == 0 else 0.0005
        for number in range(_PHOTOS_A_DAY):
            at += timedelta(seconds=dice.expovariate(1 / 240))
            lat, lon = lat + step, lon + step
            camera = dice.choice(("phone", "phone", "other phone", "old camera"))
            gps = {"phone": (lat, lon), "other phone": away}.get(camera)
            photos.append(Taken(f"{day}-{number}", at, camera, gps, path=f"{day}/{number}.jpg"))
    del photos[count:]
    dice.shuffle(photos)
    return photos


if __name__ == "__main__":
    sys.exit(main())
