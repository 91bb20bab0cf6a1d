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
from collections.abc import Iterable, Iterator
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

_TARGETS = ("T1", "T2", "T3", "T4", "T7", "T8", "T9", "T17", "T18")


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


def measurements(wanted: set[str], inputs: Inputs) -> Iterator[tuple[str, Iterable[table.Row]]]:
    """What is done, in words, and the rows that come of it; nothing runs before its rows are asked for."""
    if "T1" in wanted:
        yield "T1: walking the tree, 4 ways, 7 rounds", reading.walking(inputs.tree)
    if "T2" in wanted:
        yield "T2: image ids and digests, 4 ways, 9 rounds", reading.naming(inputs.photos)
    if "T3" in wanted:
        yield f"T3: scanning {reading.SCANNED_FILES:,} files, then 5 times again", reading.scanning(inputs.temp)
    if "T4" in wanted:
        yield "T4: reading metadata, 4 ways, 3 rounds", reading.reading_tags(inputs.photos, inputs.temp)
    if wanted & {"T7", "T8"}:
        yield "T7, T8: decoding small, 6 ways, 5 rounds", decoding.shrinking(inputs.photos)
    if "T9" in wanted:
        yield "T9: decoding on two threads, then a look with stand-ins", decoding.sharing(inputs.photos, inputs.temp)
    if "T17" in wanted:
        yield "T17: starting, 7 rounds", starting.starting(inputs.temp)
    if "T18" in wanted:
        yield "T18: storing rows, 2 ways, 3 rounds", storing.storing(inputs.temp)


def measure(wanted: set[str], inputs: Inputs, rows: list[table.Row]) -> list[str]:
    """Fill in the rows; the answer names what could not be measured."""
    from phototag.errors import PhototagError

    failures = []
    for what, found in measurements(wanted, inputs):
        tell(what)
        try:
            rows += found
        except (OSError, RuntimeError, PhototagError, subprocess.SubprocessError) as trouble:
            failures.append(f"{what.partition(':')[0]} could not be measured: {trouble}")
    return failures


def main() -> int:
    asked = _arguments()
    began = time.perf_counter()
    temp = Path(tempfile.mkdtemp(prefix="phototag-bench-"))
    rows: list[table.Row] = []
    try:
        alone(temp / "home")
        failures = measure(set(asked.targets or _TARGETS), Inputs(temp, asked.keep), rows)
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    seconds = time.perf_counter() - began
    if asked.json:
        print(table.as_json(rows, seconds))
    else:
        print(table.heading(), *map(table.line, rows), sep="\n")
        print(f"* decides. {table.machine()}, {seconds:.0f} s in all.")
    for failure in failures:
        tell(failure)
    return 1 if failures else 0


def tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description="Measures phototag beside the obvious way and beside the limit.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {' '.join(_TARGETS)}; none: all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--keep", type=Path, default=caches / "phototag-bench", metavar="DIR", help="where the photos made are kept"
    )
    asked = parser.parse_args()
    unknown = sorted(set(asked.targets) - set(_TARGETS))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
