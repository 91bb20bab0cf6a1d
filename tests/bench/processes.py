"""phototag as a user starts it: a process of its own, with its time, its memory and the files that it opened.

The decision here: the kernel's account of that one child is what counts, and an audit hook inside it sees every file
that Python opens; both work on any system. Refused: reading the memory of a process while it runs, which misses peaks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_AUDITED = Path(__file__).with_name("audited.py")
_BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Ran:
    """How a process went."""

    wall: float
    peak_mb: float
    code: int
    said: str


@dataclass(frozen=True)
class Audit:
    """What went on inside: files opened below a folder, programs started, modules loaded at the end."""

    opened: int
    started: list[str]
    modules: frozenset[str]


def python(*arguments: str | Path) -> Ran:
    """Run this Python with the checkout in front; what it printed is kept whatever its exit code."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    return Ran(wall, usage.ru_maxrss * _BYTES_PER_UNIT / 1e6, child.returncode, text)


def phototag(*arguments: str | Path) -> Ran:
    """A run of the command line that has to succeed."""
    return _successful(python("-m", "phototag", *arguments))


def audited(below: Path, *arguments: str | Path) -> Audit:
    """A run of the command line under the hook; slower, so never one that is timed."""
    with tempfile.TemporaryDirectory() as folder:
        account = Path(folder) / "account.json"
        _successful(python(_AUDITED, account, below, *arguments))
        found: dict[str, Any] = json.loads(account.read_text())
    return Audit(found["opened"], found["started"], frozenset(found["modules"]))


def alone(home: Path) -> None:
    """From now on nothing that this user has set reaches what we measure; the checkout is what is imported."""
    for name in [name for name in os.environ if name.startswith(("PHOTOTAG_", "XDG_"))]:
        del os.environ[name]
    home.mkdir(exist_ok=True)
    os.environ["HOME"] = str(home)
    os.environ["PYTHONPATH"] = str(ROOT)
    sys.path.insert(0, str(ROOT))


def bare_walk(root: str | Path) -> list[tuple[str, int, int, int]]:
    """Every file with what `stat` says of it: the least that finding a change can cost."""
    found: list[tuple[str, int, int, int]] = []
    stack: list[str] = [str(root)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                else:
                    stat = entry.stat(follow_symlinks=False)
                    found.append((entry.path, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return found


def _successful(ran: Ran) -> Ran:
    if ran.code:
        raise RuntimeError(f"phototag ended with {ran.code}: {_last_lines(ran.said.splitlines())}")
    return ran


def _last_lines(lines: Sequence[str]) -> str:
    return " / ".join(lines[-3:]) or "it said nothing"
