"""`phototag organize` killed at random moments: whatever it was doing, the next run makes the tree of a run in one go.

The decision: real processes and `kill -9`, on a library that has looked at its photos, so that the moments fall into
planning and copying. Refused: a raised exception, which closes files and runs `finally`.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.organizing import make_heap, plain_home, state, tags, timeless
from tests.writing import settled

pytestmark = pytest.mark.crash

_OF_THE_RUN = ("SourceFile", "XMP-phototag:RunId", "XMP-xmp:MetadataDate", "XMP-xmp:ModifyDate")


class Start(NamedTuple):
    """The originals, a library that looked at them, the tree in one go, and the seconds that this took."""

    heap: Path
    looked: Path
    whole: dict[str, object]
    seconds: float


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    folder = tmp_path_factory.mktemp("killed")
    heap, looked, whole = folder / "heap", folder / "looked", folder / "whole"
    make_heap(heap)
    with plain_home(folder):
        assert _organize(heap, looked, "--dry-run").wait() == 0
        shutil.copytree(looked, whole)
        began = time.monotonic()
        assert _organize(heap, whole).wait() == 0
        seconds = time.monotonic() - began
    return Start(heap, looked, _content(whole), seconds)


def _content(tree: Path) -> dict[str, object]:
    """Every file without what differs between two runs; of a PNG, whose checksums do, what it says."""
    found: dict[str, object] = dict(timeless(tree))
    for name in [name for name in found if name.endswith(".png")]:
        said = tags(tree / name)
        found[name] = {tag: said[tag] for tag in said if tag not in _OF_THE_RUN}
    return found


def _organize(heap: Path, to: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "phototag", "organize", str(heap), "--to", str(to), "--quiet", *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)


def _killed_and_run_again(start: Start, to: Path, after: float) -> int:
    """How the second run ended."""
    shutil.copytree(start.looked, to)
    process = _organize(start.heap, to)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return _organize(start.heap, to).wait()


def _moments(start: Start, count: int, seed: int) -> list[float]:
    """Moments in the second half of a run: before, nothing is written yet."""
    dice = random.Random(seed)
    return [start.seconds * dice.uniform(0.4, 1.0) for _ in range(count)]


def test_a_killed_run_is_brought_to_the_same_end(start: Start, tmp_path: Path) -> None:
    before = state(start.heap)
    for number, after in enumerate(_moments(start, 2, 5)):
        to = tmp_path / str(number)
        assert _killed_and_run_again(start, to, after) == 0
        assert _content(to) == start.whole, f"killed after {after:.2f} s"
        assert settled(to) == [] and state(start.heap) == before


@pytest.mark.slow
def test_runs_killed_at_twenty_random_moments_end_as_one_in_one_go(start: Start, tmp_path: Path) -> None:
    before = state(start.heap)
    for number, after in enumerate(_moments(start, 20, 7)):
        to = tmp_path / str(number)
        assert _killed_and_run_again(start, to, after) == 0
        assert _content(to) == start.whole, f"killed after {after:.2f} s"
        assert settled(to) == [] and state(start.heap) == before
