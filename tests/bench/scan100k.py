"""Scans 100,000 pictures and scans them again, and says what it took: python tests/bench/scan100k.py [FOLDER]

The decision here: memory is the kernel's peak of the one process that scans (it counts ExifTool's only if that were
larger), so this program stays small itself: a child starts with its parent's peak. Refused: an exit code that depends
on speed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import table
import tiny
from processes import Ran, alone, audited, bare_walk, phototag
from table import Row, limited

_MEMORY_MB = 400
_FIXED_START = 1.5  # seconds that a second scan may take over its walks
_AGAIN = 3


def main() -> int:
    asked, load = _arguments(), os.getloadavg()[0]
    if asked.folder is not None:
        asked.folder.mkdir(parents=True, exist_ok=True)
    temp = Path(tempfile.mkdtemp(prefix="phototag-scan-", dir=asked.folder))
    try:
        alone(temp / "home")
        folders = max(1, asked.files // 100)
        tell(f"{asked.files:,} tiny JPEGs in {folders:,} folders below {temp}")
        start = time.perf_counter()
        tree = tiny.tree(temp / "photos", asked.files, folders)
        tell(f"made in {time.perf_counter() - start:.0f} s; the first scan (minutes)")
        print(table.heading(), flush=True)
        for row in (*first_scan(tree, asked.files), *second_scan(tree)):
            print(table.line(row), flush=True)
        print(table.machine(load))
    finally:
        if asked.keep:
            tell(f"kept: {temp}")
        else:
            shutil.rmtree(temp, ignore_errors=True)
    return 0


def first_scan(tree: Path, files: int) -> Iterator[Row]:
    scan = phototag("scan", tree, "--json")
    photos = json.loads(scan.said)["photos"]
    if photos != files:
        raise RuntimeError(f"{files} different pictures came out as {photos} photos")
    yield Row("", f"first scan, {files:,}", scan.wall, "s")
    yield Row("", "  files a second", files / scan.wall, "/s")
    yield _memory(scan)


def second_scan(tree: Path) -> Iterator[Row]:
    """Timed beside bare walks, in turn; then once more under the hook that counts."""
    tell(f"the second scan, {_AGAIN} times, beside bare walks")
    scans, walks = [], []
    for _ in range(_AGAIN):
        start = time.perf_counter()
        bare_walk(tree)
        walks.append(time.perf_counter() - start)
        scans.append(phototag("scan", tree, "--json"))
    walk = median(walks)
    wall = median(scan.wall for scan in scans)
    yield limited("T3", "second scan", "s", wall, 1.5 * walk + _FIXED_START, "bare scandir + stat", walk)
    yield _memory(max(scans, key=lambda scan: scan.peak_mb))
    audit = audited(tree, "scan", tree, "--quiet")
    yield limited("T3", "  files it opened", "", audit.opened, 0)
    yield limited("T3", "  programs it started", "", len(audit.started), 0)


def _memory(scan: Ran) -> Row:
    return limited("", "  peak memory", "MB", scan.peak_mb, _MEMORY_MB)


def tell(what: str) -> None:
    print(f"scan100k: {what}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Scans 100,000 tiny pictures twice; takes minutes and 0.5 GB of disk.")
    parser.add_argument("folder", nargs="?", type=Path, help="where to make them (default: the temp folder)")
    parser.add_argument("--files", type=int, default=100_000, help="how many, 100 to a folder (default: 100000)")
    parser.add_argument("--keep", action="store_true", help="leave the pictures and their library there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
