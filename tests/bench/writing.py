"""T5 and T6: what writing into files costs: python tests/bench/writing.py [--files N] [--rounds N] [--disk PHOTOS]

The decision here: our writer with its journal, proofs and fsyncs stands beside the same tags written by a process per
file and by a process that stays open, in the same minutes and on files of its own each time; each step is timed from
outside, one after the other. With --disk it tells instead what the way back costs for each JPEG of a folder. Refused:
a clock inside the writer, and files that have been written before.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import mean, median
from typing import Any
from unittest import mock

import numpy as np
import table
from PIL import Image, ImageChops
from processes import ROOT, alone
from rounds import Side, Timing, interleaved

sys.path.insert(0, str(ROOT))

from phototag import resources, settings, vocabulary
from phototag.change import editor, preimage, proofs, publish, steps
from phototag.change.editor import Editor
from phototag.change.editor_args import OPTIONS, arguments
from phototag.change.journal import Journal, new_batch
from phototag.change.merge import Modes
from phototag.change.plan import Planned, Planner
from phototag.change.where import Where
from phototag.change.wish import Wording
from phototag.change.writer import Writer
from phototag.read.exiftool_pool import Pool
from phototag.read.scan import Options, Scan
from phototag.read.sniff import HEAD, kind_of
from phototag.records import Change, Decision, Tag
from phototag.report import Report
from phototag.store.changes import Changes
from phototag.store.library import open_library

TERMS = ("beach", "boat", "cloud", "dog", "mountain", "people", "sea", "sunset")
CAPTION = "A dog runs along the beach at sunset while two people push a boat into the calm sea."
PLACE = {"city": "Sankt Peter-Ording", "state": "Schleswig-Holstein", "country": "Germany", "country_code": "DE"}
KEPT_LIMIT = 50_000  # bytes that undo may cost for a JPEG
_CONFIG = str(Path(editor.__file__).with_name("exiftool.config"))
_SIZE = (4608, 3072)
_QUALITY = 93  # with the grain below: 5.7 MB
_QUIET = Report(quiet=True)


@dataclass(frozen=True)
class Sort:
    """One way in which tags reach a file, and how much faster than a process per file it has to be."""

    target: str
    name: str
    goal: float
    files: int
    container: str
    make: Callable[[Path, int], None]


def jpegs(folder: Path, count: int) -> None:
    """Pictures of a camera's size, each a picture of its own, with a thumbnail and what a camera says."""
    chance = np.random.default_rng(5)
    coarse = Image.fromarray(chance.integers(0, 255, (24, 36, 3), dtype=np.uint8)).resize(
        _SIZE, Image.Resampling.BICUBIC
    )
    grain = chance.standard_normal((_SIZE[1], _SIZE[0]), np.float32) * np.float32(7.5) + np.float32(128)
    layer = Image.merge("RGB", [Image.fromarray(grain.clip(0, 255).astype(np.uint8))] * 3)
    picture = ImageChops.add(coarse, layer, offset=-128)
    for number in range(count):
        moved = ImageChops.offset(picture, 37 * number, 11 * number)
        moved.save(folder / f"DSC_{number:04d}.jpg", quality=_QUALITY)
    with tempfile.NamedTemporaryFile(suffix=".jpg") as thumbnail:
        picture.resize((160, 107)).save(thumbnail.name)
        _says_a_camera(folder, f"-ThumbnailImage<={thumbnail.name}")


def raws(folder: Path, count: int) -> None:
    """Small files that are taken for RAW, and so get a sidecar."""
    chance = np.random.default_rng(6)
    for number in range(count):
        content = io.BytesIO()
        Image.fromarray(chance.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(content, "TIFF")
        (folder / f"DSC_{number:04d}.nef").write_bytes(content.getvalue())
    _says_a_camera(folder, "-IFD0:SubfileType#=1")  # as if there were a larger picture behind it


def _says_a_camera(folder: Path, *more: str) -> None:
    said = ("-Make=NIKON CORPORATION", "-Model=NIKON Z 6_2", "-EXIF:DateTimeOriginal=2024:08:10 13:25:32")
    exposure = ("-EXIF:ExposureTime=1/250", "-EXIF:FNumber=5.6", "-EXIF:ISO=400", "-EXIF:LensModel=24-105mm F4")
    point = ("-GPSLatitude=54.3", "-GPSLatitudeRef=N", "-GPSLongitude=8.6", "-GPSLongitudeRef=E")
    command = ["exiftool", "-q", "-overwrite_original", *said, *exposure, *point, *more, str(folder)]
    subprocess.run([*command, "-ext", "jpg", "-ext", "nef"], check=True)


class Ground:
    """A folder of photos with a library in which everything is decided."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = open_library(folder, make=True)
        self.batch = new_batch()

    def decided(self) -> Ground:
        """The same, scanned and decided: the same tags for every photo."""
        with self.library.writing():
            using = settings.load(self.library.place.settings_file)
            Scan(self.library, str(self.folder), using, _QUIET, Options(decode=False), lambda: False).run()
            tags = tuple(Tag(term, 0.9, ("bench",)) for term in TERMS)
            ids = self.library.photo_ids()
            self.library.put_decisions([Decision(id, tags, caption={"en": CAPTION}, place=PLACE) for id in ids])
        return self

    def copied(self, to: Path) -> Ground:
        """The same again, elsewhere."""
        shutil.copytree(self.folder, to)
        return Ground(to)

    def planned(self, editor: Editor) -> Iterator[list[Planned]]:
        where, modes = Where(self.library.place), Modes()
        wording = Wording(_words(), "en", modes, "phototag embedded", "", self.batch)
        planner = Planner(self.library, editor, where, wording, modes, {})
        try:
            yield from planner.plan(self.library.photo_ids())
        finally:
            planner.close()

    def changes(self, editor: Editor) -> list[Change]:
        return [one.change for some in self.planned(editor) for one in some if one.change]

    def write(self, editor: Editor, changes: Sequence[Change], threads: int = 4) -> list[str]:
        """Why files were refused."""
        writer = Writer(self.library, editor, settle_seconds=0, report=_QUIET, threads=threads)
        outcomes = writer.write(changes, self.batch)
        return [f"{one.change.target}: {one.why or one.state}" for one in outcomes if one.state != "done"]

    def plan_and_write(self, editor: Editor) -> None:
        _none(self.write(editor, self.changes(editor)))


@cache
def _words() -> vocabulary.Vocabulary:
    return vocabulary.load(resources.vocabulary_file())


# ---- how fast


def speed(sort: Sort, temp: Path, rounds: int) -> Iterator[str]:
    """The ways beside each other, then the steps of ours."""
    origin = temp / sort.name / "origin"
    origin.mkdir(parents=True)
    sort.make(origin, sort.files)
    size = mean(path.stat().st_size for path in origin.iterdir())
    with Editor(2) as two, Editor(1) as one, ExitStack() as pools:
        ground = Ground(origin).decided()
        changes = ground.changes(two)
        if [change.container for change in changes] != [sort.container] * sort.files:
            raise RuntimeError(f"{len(changes)} changes were planned, or others than for {sort.files} {sort.container}")
        bare = [pools.enter_context(_closing(Pool(count, config=_CONFIG))) for count in (1, 2)]
        timings: list[Timing] = []
        for number in range(-1, rounds):  # the first one starts ExifTool and warms up: it does not count
            with _gone_afterwards(temp / sort.name / f"{number}") as place:
                timed = _round(number, place, ground, changes, bare, two)
            timings = timings or [Timing(timing.name) for timing in timed]
            for timing, new in zip(timings, timed if number >= 0 else [], strict=False):
                timing.wall += new.wall
                timing.cpu += new.cpu
        yield f"{sort.target}: {sort.name}, {sort.files} files of {size / 1e6:.2f} MB, {rounds} rounds"
        yield from _compared(timings, sort.goal)
        yield ""
        yield from _steps(ground, changes, one, temp / sort.name / "steps")


def _round(
    number: int, place: Path, ground: Ground, changes: Sequence[Change], bare: Sequence[Pool], editor: Editor
) -> list[Timing]:
    """Every way once, each with files of its own."""
    few = changes[: max(len(changes) // 4, 4)]
    writes, plans = ground.copied(place / "writes"), ground.copied(place / "plans")
    folders = [ground.copied(place / name).folder for name in ("each", "one", "two")]
    sides = [
        Side("(a) a process per file", partial(_in_turn, few, folders[0], _process), len(few)),
        Side("(b) bare, one stays open", partial(_in_turn, changes, folders[1], _asking(bare[0])), len(changes)),
        Side("(b) bare, two stay open", partial(_in_turn, changes, folders[2], _asking(bare[1]), 2), len(changes)),
        Side("(c) our writer", lambda: _none(writes.write(editor, changes)), len(changes)),
        Side("(c) planned and written", lambda: plans.plan_and_write(editor), len(changes)),
    ]
    found: dict[str, Timing] = {}
    with writes.library.writing(), plans.library.writing():
        for side in sides[:: -1 if number % 2 else 1]:
            os.sync()  # what was copied here is no matter of who comes first
            (found[side.name],) = interleaved(1, side)
    return [found[side.name] for side in sides]


def _compared(timings: Sequence[Timing], goal: float) -> Iterator[str]:
    each, bare_one, bare_two, writer, whole = timings
    rate = f"{'files/s':>8} {'ms/file':>8} {'x (a)':>7} {'CPU x (a)':>10}"
    yield f"  {'':26} {rate} {'of (b) one':>11} {'of (b) two':>11}"
    for timing in timings:
        times, cpu = timing.times_faster(each)
        shares = [timing.times_faster(other)[0] for other in (bare_one, bare_two)]
        rate = f"{1 / timing.seconds:8.1f} {timing.seconds * 1e3:8.1f} {times:7.1f} {cpu:10.1f}"
        yield f"  {timing.name:26} {rate} {shares[0]:11.0%} {shares[1]:11.0%}"
    for timing in (writer, whole):
        times = timing.times_faster(each)[0]
        yield f"  {timing.name}: {times:.1f} x (a), required {goal:g} x: {'met' if times >= goal else 'not met'}"


def _in_turn(changes: Sequence[Change], folder: Path, ask: Callable[[list[bytes]], bytes], threads: int = 1) -> None:
    """The same tags without any safety."""

    def write(change: Change) -> None:
        target = os.fsencode(folder / change.target)
        to = [b"-o", target] if not change.expect else [b"-overwrite_original", target]
        said = ask([*(option.encode() for option in OPTIONS), *arguments(change, {}), *to])
        if b"1 image files" not in said:
            raise RuntimeError(f"ExifTool wrote nothing and said {said!r}")

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(write, changes):
            continue


def _process(command: list[bytes]) -> bytes:
    return subprocess.run(["exiftool", "-config", _CONFIG, *command], capture_output=True, check=True).stdout


def _asking(pool: Pool) -> Callable[[list[bytes]], bytes]:
    return lambda command: pool.ask(command).printed


# ---- what each step costs


class Clock:
    """Seconds of each step without the steps inside it; for one thread at a time."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._under_way: list[list[Any]] = []  # name, when it went on last

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._pause()
        self._under_way.append([name, time.perf_counter()])
        try:
            yield
        finally:
            self._pause()
            self._under_way.pop()
            if self._under_way:
                self._under_way[-1][1] = time.perf_counter()

    def _pause(self) -> None:
        if self._under_way:
            name, since = self._under_way[-1]
            self.spent[name] += time.perf_counter() - since

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, timed; an fsync is a step of its own beside the one that it is part of."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            inside = self._under_way[-1][0] if name == "fsync" and self._under_way else ""
            with self.step(f"{name}: {inside}" if inside else name):
                return work(*args, **kwargs)

        return timed


_STEPS: tuple[tuple[str, Any, str], ...] = (
    ("guards", steps, "look_at"),
    ("guards", steps, "guard"),
    ("digests of file and copy", steps, "whole_file_digest"),
    ("identity of file and copy", steps, "picture_in"),
    ("identity of file and copy", proofs, "picture_in"),
    ("proof: all behind the picture", steps, "same_picture"),
    ("journal", Journal, "append"),
    ("copy by ExifTool", Editor, "write_copy"),
    ("what a new sidecar starts with", Editor, "_tags"),
    ("what a new sidecar starts with", Editor, "look_ahead"),
    ("read-back by ExifTool", Editor, "read"),
    ("read-back compared", steps, "fields_kept"),
    ("splice and proof", preimage.Packs, "put"),
    ("mode, owner, attributes", publish, "carried_over"),
    ("the copy", publish, "made_durable"),
    ("rename", publish, "replaced"),
    ("rename", publish, "appeared"),
    ("folder", steps, "synced"),
    ("table of changes", Changes, "replay"),
    ("checkpoint of the journal", Journal, "settle"),
    ("fsync", os, "fsync"),
)


def _steps(ground: Ground, changes: Sequence[Change], editor: Editor, place: Path) -> Iterator[str]:
    """Twice, one thing at a time, for else the steps of several files would hide behind each other."""
    spent: Counter[str] = Counter()
    for _ in range(2):  # the first one warms up
        clock = Clock()
        with _gone_afterwards(place), ExitStack() as patches:
            own = ground.copied(place / "own")
            os.sync()
            with own.library.writing():
                for name, where, what in _STEPS:
                    patches.enter_context(mock.patch.object(where, what, clock.around(name, getattr(where, what))))
                with clock.step("the rest"):
                    _none(own.write(editor, changes, threads=1))
        spent = clock.spent
    whole = sum(spent.values())
    yield f"  steps, one thread and one ExifTool {'':13} {'ms/file':>8} {'share':>6}"
    for name, seconds in spent.most_common():
        yield f"    {name:46} {seconds / len(changes) * 1e3:8.2f} {seconds / whole:6.1%}"
    yield f"    {'in all':46} {whole / len(changes) * 1e3:8.2f}"


# ---- how large


def disk(photos: Path, temp: Path) -> Iterator[str]:
    """What the journal and the pre-images take for each JPEG of a folder."""
    folder = temp / "photos"
    for path in sorted(path for path in photos.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            if kind_of(file.read(HEAD), path.name) == "jpeg":
                copy = folder / path.relative_to(photos)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    ground = Ground(folder).decided()
    with Editor(2) as editor, ground.library.writing():
        changes = [change for change in ground.changes(editor) if change.container == "jpeg"]
        refused = ground.write(editor, changes)
    lines: Counter[str] = Counter()
    for raw in ground.library.journal.path.read_bytes().splitlines(keepends=True):
        lines[json.loads(raw).get("id", "")] += len(raw)
    done = {id: entry for id, entry in Journal(ground.library.journal).entries().items() if entry.state == "done"}
    kept = [entry.keep["length"] for entry in done.values()]
    told = [lines[id] for id in done]
    packs = sum(pack.stat().st_size for pack in (ground.library.place.state / preimage.FOLDER).iterdir())
    both = [one + other for one, other in zip(kept, told, strict=True)]
    yield f"{len(done)} JPEGs written, {len(refused)} refused; bytes for each {'mean':>12} {'median':>8} {'max':>9}"
    for name, sizes in (("journal", told), ("pre-image", kept), ("both", both)):
        yield f"  {name:48} {mean(sizes):12,.0f} {median(sizes):8,.0f} {max(sizes):9,.0f}"
    on_disk = (ground.library.journal.size() + packs) / len(done)
    verdict = "met" if on_disk < KEPT_LIMIT else "not met"
    yield f"  journal and packs as they lie on the disk, a JPEG {on_disk:10,.0f}   required < {KEPT_LIMIT:,}: {verdict}"
    yield f"  pre-images kept as {dict(Counter(entry.keep['how'] for entry in done.values()))}"
    yield from (f"  refused: {why}" for why in refused)


# ----


@contextmanager
def _gone_afterwards(folder: Path) -> Iterator[Path]:
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _closing(pool: Pool) -> Iterator[Pool]:
    try:
        yield pool
    finally:
        pool.close()


def _none(refused: Sequence[str]) -> None:
    if refused:
        raise RuntimeError(f"{len(refused)} files were refused, the first one: {refused[0]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures what writing into files costs.")
    parser.add_argument("--files", type=int, default=24, metavar="N", help="JPEGs; and four times as many sidecars")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--disk", type=Path, metavar="PHOTOS", help="only: bytes that undo takes for each JPEG there")
    parser.add_argument("--only", choices=("T5", "T6"), help="only embedding, or only sidecars")
    parser.add_argument("--in", dest="place", type=Path, metavar="DIR", help="the disk to measure on")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    sorts = (
        Sort("T5", "embedded in JPEG", 6, asked.files, "jpeg", jpegs),
        Sort("T6", "new sidecars", 20, 4 * asked.files, "xmp", raws),
    )
    with tempfile.TemporaryDirectory(prefix="phototag-writing-", dir=asked.place) as temp:
        alone(Path(temp, "home"))
        if asked.disk:
            print(*disk(asked.disk.resolve(), Path(temp)), sep="\n")
            return 0
        for sort in sorts:
            if asked.only in (None, sort.target):
                for line in speed(sort, Path(temp), asked.rounds):
                    print(line, flush=True)
                print()
    print(table.machine(load))
    return 0


if __name__ == "__main__":
    sys.exit(main())
