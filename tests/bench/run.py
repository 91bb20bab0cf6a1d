"""Measures phototag's speed beside the obvious way and beside the limit: python tests/bench/run.py [T1 T2 …]

The decision here: it makes its own input, so a clean checkout is enough; it tells what is met and what is not, and
ends well on any machine, however slow. Only a measurement that could not be made is a failure.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import camera
import decoding
import reading
import starting
import storing
import table
import tiny
from processes import alone


class Inputs:
    """What is measured with, made when it is first needed."""

    def __init__(self, temp: Path, kept: Path) -> None:
        self.temp, self._kept = temp, kept

    @cached_property
    def photos(self) -> list[Path]:
        tell(f"{camera.COUNT} camera-like photos: in {self._kept}, made there if missing (up to 40 s)")
        return camera.photos(self._kept)

    @cached_property
    def tree(self) -> Path:
        tell(f"a tree of {reading.TREE_FILES:,} tiny files in {reading.TREE_FOLDERS} folders")
        return tiny.tree(self.temp / "tree", reading.TREE_FILES, reading.TREE_FOLDERS)


@dataclass(frozen=True)
class Measurement:
    """Which targets it is about, what is done in words, and where the rows come from."""

    targets: tuple[str, ...]
    what: str
    rows: Callable[[Inputs], Iterable[table.Row]]


_MEASUREMENTS = (
    Measurement(("T1",), "walking the tree, 4 ways, 7 rounds", lambda at: reading.walking(at.tree)),
    Measurement(("T2",), "image ids and digests, 4 ways, 9 rounds", lambda at: reading.naming(at.photos)),
    Measurement(
        ("T3",),
        f"scanning {reading.SCANNED_FILES:,} files, then again, 2 ways, 5 rounds",
        lambda at: reading.scanning(at.temp),
    ),
    Measurement(("T4",), "reading metadata, 4 ways, 3 rounds", lambda at: reading.reading_tags(at.photos, at.temp)),
    Measurement(("T7", "T8"), "decoding small, 6 ways, 5 rounds", lambda at: decoding.shrinking(at.photos)),
    Measurement(("T9",), "decoding on two threads, 5 rounds; a look", lambda at: decoding.sharing(at.photos, at.temp)),
    Measurement(("T17",), "starting, 2 ways, 7 rounds", lambda at: starting.starting(at.temp)),
    Measurement(("T18",), "storing rows, 2 ways, 3 rounds", lambda at: storing.storing(at.temp)),
)
TARGETS = tuple(target for measurement in _MEASUREMENTS for target in measurement.targets)


def measure(wanted: set[str], inputs: Inputs, rows: list[table.Row]) -> list[str]:
    """Fill in the rows; the answer names what could not be measured."""
    from phototag.errors import PhototagError

    failures = []
    for measurement in _MEASUREMENTS:
        if wanted.isdisjoint(measurement.targets):
            continue
        name = ", ".join(measurement.targets)
        tell(f"{name}: {measurement.what}")
        try:
            rows += measurement.rows(inputs)
        except (OSError, RuntimeError, PhototagError, subprocess.SubprocessError) as trouble:
            failures.append(f"{name} could not be measured: {trouble}")
    return failures


def main() -> int:
    asked = _arguments()
    began, load = time.perf_counter(), os.getloadavg()[0]
    temp = Path(tempfile.mkdtemp(prefix="phototag-bench-"))
    rows: list[table.Row] = []
    try:
        alone(temp / "home")
        failures = measure(set(asked.targets or TARGETS), Inputs(temp, asked.keep.resolve()), rows)
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    machine = f"{table.machine(load)}, {time.perf_counter() - began:.0f} s in all"
    if asked.json:
        print(table.as_json(rows, machine))
    else:
        print(table.heading(), *map(table.line, rows), f"* decides. {machine}.", sep="\n")
    for failure in failures:
        tell(failure)
    return 1 if failures else 0


def tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description="Measures phototag beside the obvious way and beside the limit.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {' '.join(TARGETS)}; none: all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--keep", type=Path, default=caches / "phototag-bench", metavar="DIR", help="where the photos made are kept"
    )
    asked = parser.parse_args()
    unknown = sorted(set(asked.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    if shutil.which("exiftool") is None:
        parser.error("ExifTool is not installed, or not on the PATH; `make exiftool` installs it")
    return asked


if __name__ == "__main__":
    sys.exit(main())
