"""kill -9 at random moments: what was stored stays, nothing is asked twice, and the rows come out the same.

The short form runs with every test run; `make crash` runs the long one.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from phototag.store.library import Library, open_library

pytestmark = pytest.mark.crash

LOOK = ["--describer", "fake:0.01", "--embedder", "fake", "--set", "look.batch=4", "--set", "scan.batch=16", "--quiet"]


def make_photos(folder: Path, count: int) -> Path:
    """Small distinct pictures in a few folders; every tenth is a copy of another, one is broken."""
    dice = numpy.random.default_rng(7)
    previous = folder
    for number in range(count):
        target = folder / f"{number % 5}" / f"IMG_20240{1 + number % 9}01_1200{number % 60:02}_{number}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        if number % 10 == 9:
            shutil.copy2(previous, target)
        else:
            pixels = dice.integers(0, 255, (6, 8, 3), dtype=numpy.uint8)
            Image.fromarray(pixels).resize((64, 48)).save(target, quality=80)
        previous = target
    (folder / "0" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return folder


def look(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "phototag", "look", str(folder), *LOOK]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(folder: Path) -> float:
    start = time.monotonic()
    child = look(folder)
    _, errors = child.communicate(timeout=300)
    assert child.returncode in (0, 1), errors.decode()
    return time.monotonic() - start


def contents(library: Library) -> dict[str, list[Any]]:
    """Everything in the tables but times of our own and inodes."""

    def rows(table: str, *columns: str) -> list[str]:
        found = library.lance.rows(table, columns)
        return sorted(json.dumps(row, default=str, sort_keys=True) for row in found)

    return {
        "files": rows("files", "path", "size", "mtime_ns", "kind", "image_id", "photo_id", "status", "error", "facts"),
        "photos": rows("photos", "image_id", "kind", "path", "files", "status", "taken_at", "picture", "facts"),
        "evidence": rows("evidence", "key", "value", "error"),
        "vectors": rows("vectors_fake", "image_id", "maker", "vector"),
    }


def described(folder: Path) -> Counter[str]:
    log = (folder / ".phototag" / "evidence" / "describe.jsonl").read_text()
    return Counter(json.loads(line)["key"] for line in log.splitlines() if _is_whole(line))


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def kill_once(folder: Path, answers: int, dice: random.Random) -> bool:
    """Kill a run a random moment after it has that many answers, every fourth one earlier; True if it was at work."""
    child = look(folder)
    end = time.monotonic() + (dice.uniform(0.2, 3.0) if dice.random() < 0.25 else 120)
    log = folder / ".phototag" / "evidence" / "describe.jsonl"
    while child.poll() is None and time.monotonic() < end:
        if log.exists() and log.read_bytes().count(b"\n") >= answers:
            time.sleep(dice.uniform(0, 0.3))
            break
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    return child.returncode == -signal.SIGKILL


def check_kills(tmp_path: Path, photos: int, kills: int, seed: int) -> None:
    quiet = make_photos(tmp_path / "quiet", photos)
    killed = tmp_path / "killed"
    shutil.copytree(quiet, killed)
    finish(quiet)
    dice = random.Random(seed)
    interrupted = sum(kill_once(killed, photos * (turn + 1) // (kills + 2), dice) for turn in range(kills))
    assert interrupted >= kills * 0.6, "the kills came too late to interrupt anything"
    finish(killed)
    expected = contents(open_library(quiet))
    found = contents(open_library(killed))
    for table in expected:
        assert found[table] == expected[table], table
    asked = described(killed)
    assert set(asked.values()) == {1}, "a photo was described again although its answer was stored"
    assert len(asked) == len(described(quiet))
    assert_rebuild_asks_nobody(killed, asked, expected)


def assert_rebuild_asks_nobody(folder: Path, asked: Counter[str], expected: dict[str, Any]) -> None:
    shutil.rmtree(folder / ".phototag" / "lance")
    subprocess.run(
        [sys.executable, "-m", "phototag", "rebuild", str(folder), "--quiet"], check=True, capture_output=True
    )
    finish(folder)
    assert described(folder) == asked, "after a rebuild a photo was described again"
    assert contents(open_library(folder))["evidence"] == expected["evidence"]


def test_a_few_kills_cost_nothing_that_was_stored(tmp_path: Path) -> None:
    check_kills(tmp_path, photos=90, kills=3, seed=int(os.environ.get("CRASH_SEED", "1")))


@pytest.mark.slow
def test_twenty_kills_cost_nothing_that_was_stored(tmp_path: Path) -> None:
    seed = int(os.environ.get("CRASH_SEED", str(random.randrange(10_000))))
    print("CRASH_SEED", seed)
    check_kills(tmp_path, photos=400, kills=20, seed=seed)
