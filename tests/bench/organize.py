"""How long the plan of a tree takes for 100,000 photos, and how much memory: python tests/bench/organize.py [PHOTOS]

The decision here: the library is made up, rows without pixels (three cameras, two towns, feasts and walks, captions and
keywords), and the plan is the whole of it: stock, events with the scores of their captions, names, targets. Half as
many photos stand beside it, so that growth that is not linear shows. Refused: an exit code that depends on speed.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import table
from processes import python
from table import Row

_SECONDS = 10.0
_MEMORY_MB = 1000
_GROWTH = 1 / 3  # as fast as half as many photos, at least; 0.5 is linear, 0.25 quadratic
_TOWNS = (("Berlin", 52.5163, 13.3777), ("Munich", 48.1374, 11.5755))
_SEEN = ("dog", "beach", "birthday", "car", "flower", "street", "cake", "mountain", "cat", "tree")
_PAUSES, _OFTEN = (0.1, 0.5, 2, 8, 25, 75), (40, 30, 15, 8, 5, 2)  # minutes between photos, and how often
_SOURCE = "/photos"
_AT_ONCE = 5_000


def main() -> int:
    """Measure, each size in a process of its own: peaks of memory add up within one."""
    if "--here" in sys.argv:
        print(*here(int(sys.argv[-2]), Path(sys.argv[-1])))
        return 0
    if "--make" in sys.argv:
        made(int(sys.argv[-2]), Path(sys.argv[-1]))
        return 0
    asked, load = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, os.getloadavg()[0]
    print(table.heading())
    for row in rows(asked):
        print(table.line(row), flush=True)
    print(table.machine(load))
    return 0


def rows(asked: int) -> Iterator[Row]:
    half = None
    for count in (asked // 2, asked):
        with tempfile.TemporaryDirectory() as folder:
            if (making := python(Path(__file__), "--make", str(count), folder)).code:
                raise RuntimeError(making.said)
            ran = python(Path(__file__), "--here", str(count), folder)
        if ran.code:
            raise RuntimeError(ran.said)
        spent, stock, folders = (float(word) for word in ran.said.split())
        what, found = f"{count:,} photos", f"{folders:,.0f} folders"
        if half is None:
            yield Row("", what, spent, "s", found)
        else:
            yield Row("", what, spent, "s", f"{count // 2:,} photos", half, half / spent, goal=_GROWTH)
            yield at_most("  events, names, targets", "s", spent - stock, _SECONDS, found)
            yield Row("", "  and the stock", stock, "s", "read from the tables")
            yield at_most("  peak memory", "MB", ran.peak_mb, _MEMORY_MB, "with LanceDB")
        half = spent


def at_most(what: str, unit: str, ours: float, most: float, beside: str) -> Row:
    return Row("", what, ours, unit, beside, goal=most, sign="<=", decided_by="ours")


def here(count: int, folder: Path) -> tuple[float, float, int]:
    """Seconds for the plan, those of them that the stock takes, and the folders in it."""
    from phototag.api_organizing_parts import contents_of, style_of
    from phototag.organizing.planning import Planning
    from phototag.organizing.stock import Stocktaking
    from phototag.settings import Settings
    from phototag.store.library import open_library

    library, using = open_library(folder, folder), Settings()
    for name in ("files", "photos", "decisions"):
        library.lance.table(name)  # a run has opened them before it plans: it has scanned, looked and decided
    start = time.perf_counter()
    Stocktaking(library, _SOURCE, trust_modified=False).take(using.burst.window_s)
    stock = time.perf_counter() - start
    start = time.perf_counter()
    differ = contents_of(library, using).by_captions
    plan = Planning(library, _SOURCE, style_of(str(folder), using), differ, again=False).plan()
    assert len(plan.copies) == count, len(plan.copies)
    return time.perf_counter() - start, stock, len(plan.groups)


def made(count: int, folder: Path) -> None:
    """A library of so many photos that nobody has taken."""
    from phototag.records import Decision, Facts, File, Gps, Moment, Photo, Tag
    from phototag.store.library import open_library

    dice, moment = random.Random(1), datetime(2010, 1, 1, 9)
    library = open_library(folder, folder, make=True)
    with library.writing():
        for start in range(0, count, _AT_ONCE):
            photos, decisions = [], []
            for number in range(start, min(start + _AT_ONCE, count)):
                pause = dice.choices(_PAUSES, _OFTEN)[0] if number % 30 else dice.choice((300, 4000))
                moment += timedelta(minutes=pause)
                town, lat, lon = _TOWNS[number // 300 % 2]
                camera = dice.choice(("phone", "phone", "DSLR"))
                gps = Gps(lat + dice.gauss(0, 0.002), lon) if camera == "phone" else None
                facts = Facts(moment=Moment(moment, 60, None, "exif"), gps=gps, model=camera)
                image_id, path = f"j1-{number:032x}", f"{_SOURCE}/{number // 500:04}/IMG_{number % 10_000:04}.JPG"
                file = File(path, 5_000_000, number, number, "jpeg", image_id, image_id, facts=facts)
                photos.append((Photo(image_id, "picture", (path,), facts), [file]))
                seen = dice.sample(_SEEN, 3)
                many = dice.choice(("a", "two", "three"))
                caption = f"A {seen[0]} and {many} {seen[1]}s in {town}, Germany, {moment:%B %Y}."
                tags = tuple(Tag(term, 0.8, ("labels",)) for term in seen)
                place = {"city": town, "country": "Germany", "country_code": "DE"}
                decisions.append(Decision(image_id, tags, caption={"en": caption}, place=place))
            library.put_files([file for _, files in photos for file in files])
            library.put_photos(photos, fresh=True)
            library.put_decisions(decisions)
        library.compact()


if __name__ == "__main__":
    raise SystemExit(main())
