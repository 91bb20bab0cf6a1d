"""kill -9 on the one writer: after recovery and undo every file is byte for byte as it was, and no temp is left.

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
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from phototag.change.editor import Editor
from phototag.change.journal import Journal, recover
from phototag.change.undo import Undo
from phototag.report import Report
from phototag.store.library import open_library
from tests.writing import CONTAINERS, changes, contents, make_files

pytestmark = pytest.mark.crash

# Forks a child for each line that it reads: the imports are paid for once. LanceDB, which starts threads, is imported
# in the children alone. A fault is the N-th call that makes something durable or visible: the child kills itself just
# before it or just after it; a line of the journal may also be half written.
DRIVER = """
import itertools, json, os, signal, sys, threading, time
from pathlib import Path
from phototag.change.editor import Editor
from phototag.change.journal import Journal, recover
from phototag.change.undo import Undo
from phototag.change import writer
from phototag.records import Change
from phototag.report import Report
from phototag.store import changes, log
from phototag.store.library import open_library

REACHED_THE_END = 7

def die():
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)

def arm(number, after):
    calls, lock = itertools.count(1), threading.Lock()
    def counted(call):
        def instead(*arguments, **options):
            with lock:
                hit = next(calls) == number
                if hit and not after:
                    die()
                try:
                    return call(*arguments, **options)
                finally:
                    if hit:
                        die()
        return instead
    for name in ("fsync", "replace", "rename", "link", "unlink", "mkdir", "chmod"):
        setattr(os, name, counted(getattr(os, name)))
    def torn(self, file, block, start):
        with lock:
            if next(calls) == number:
                file.write(block[: len(block) * 2 // 3] if after else block[:7])
                die()
        file.write(block)
    log.Log._write_or_take_back = torn

def act(order):
    library = open_library(Path(order["folder"]), make=True)
    report = Report(quiet=True)
    wanted = [Change.from_json(one) for one in json.loads(Path(order["plan"]).read_text())]
    with library.writing(), Editor(2) as editor:
        recover(Journal(library.journal), library.place, report)
        if order.get("undo"):
            library.changes.replay()
            undo = Undo(library, editor, report)
            last = library.changes.batches()[-1].id
            entries = [entry for entry in library.changes.of_batch(last) if entry.state == "done"]
            if order.get("number"):
                arm(order["number"], order["after"])
            undo.run(entry.id for entry in entries)
        else:
            batch = Journal(library.journal).begin("tag")
            if order.get("number"):
                arm(order["number"], order["after"])
                changes.Changes.replay = lambda self: os._exit(REACHED_THE_END)
            if "kill_at" in order:
                writer.TOGETHER = 5  # many groups, so that a kill finds some files written and some not
            writer.Writer(library, editor, settle_seconds=0, report=report).write(wanted, batch)
    os._exit(REACHED_THE_END)

for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        try:
            act(order)
        finally:
            os._exit(3)
    if "kill_at" in order:  # a size of the journal, and a moment more
        journal, ended = Path(order["folder"], ".phototag", "journal.jsonl"), False
        while not ended and not (journal.exists() and journal.stat().st_size >= order["kill_at"]):
            ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            time.sleep(0.001)
        time.sleep(order["moment"])
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), flush=True)
"""
REACHED_THE_END = 7


class Driver:
    """Runs a writer in a process of its own and says how that ended."""

    def __init__(self, scratch: Path) -> None:
        script = scratch / "driver.py"
        script.write_text(DRIVER)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, str(script)], stdin=pipe, stdout=pipe, text=True)

    def run(self, folder: Path, plan: Path, **order: Any) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"folder": str(folder), "plan": str(plan), **order}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(2) as one:
        yield one


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    one = Driver(tmp_path_factory.mktemp("driver"))
    yield one
    one.close()


def prepared(folder: Path, editor: Editor, copies: int = 0) -> Path:
    """A folder of files and, beside it, the plan of their changes; with `copies`, so many folders of them in it."""
    subfolders = [f"{number}" for number in range(copies)]
    make_files(folder)
    for name in subfolders:
        shutil.copytree(folder, folder / name, ignore=lambda path, names: [one for one in names if one in subfolders])
    library = open_library(folder, make=True)
    wanted = [asdict(one) for one in changes(library, editor)]
    moved = [
        one | {"target": f"{name}/{one['target']}", "source": f"{name}/{one['source']}"}
        for name in subfolders
        for one in wanted
    ]
    plan = folder.with_suffix(".json")
    plan.write_text(json.dumps(wanted + moved))
    return plan


def assert_all_comes_back(folder: Path, before: dict[str, bytes], editor: Editor) -> int:
    """Recover, take everything back, and compare; returns how many changes had been carried out."""
    time.sleep(0.05)  # an ExifTool that lost its owner ends a moment later
    library = open_library(folder)
    report = Report(quiet=True)
    with library.writing():
        ends = recover(Journal(library.journal), library.place, report)
        assert "unknown" not in ends
        library.changes.replay()
        recent = [batch.id for batch in library.changes.batches()[-3:]]  # before them everything came back before
        entries = [entry for batch in recent for entry in library.changes.of_batch(batch)]
        done = [entry for entry in entries if entry.state == "done" and not entry.change["of"]]
        undone = Undo(library, editor, report).run(entry.id for entry in done)
        assert {one.how for one in undone} <= {"bytes"}
        states = {entry.state for batch in recent for entry in library.changes.of_batch(batch)}
    assert contents(folder) == before
    assert not list(folder.rglob(".phototag-*"))
    assert states <= {"done", "aborted", "undone"}
    return len(done)


def check_faults(tmp_path: Path, driver: Driver, editor: Editor, stride: int, *, undo: bool = False) -> int:
    """Every `stride`-th fault, until a run comes to its end; returns how many runs were killed."""
    made = tmp_path / "made"
    plan = prepared(made, editor)
    before = contents(made)
    if undo:
        assert driver.run(made, plan) == REACHED_THE_END
    kills = 0
    for turn in range(0, 1000, stride):
        folder = tmp_path / f"fault{turn}"
        shutil.copytree(made, folder, copy_function=shutil.copy2)
        number, after = divmod(turn, 2)
        code = driver.run(folder, plan, number=number + 1, after=bool(after), undo=undo)
        assert code in (-signal.SIGKILL, REACHED_THE_END), code
        assert_all_comes_back(folder, before, editor)
        shutil.rmtree(folder)
        if code == REACHED_THE_END:
            break
        kills += 1
    return kills


def check_kills(tmp_path: Path, driver: Driver, editor: Editor, kills: int, copies: int, seed: int) -> None:
    """Kills at random moments, every fourth one while everything is taken back; always over the same files."""
    folder = tmp_path / "killed"
    plan = prepared(folder, editor, copies)
    before = contents(folder)
    journal = folder / ".phototag" / "journal.jsonl"
    assert driver.run(folder, plan) == REACHED_THE_END
    grown = journal.stat().st_size
    assert assert_all_comes_back(folder, before, editor) == (copies + 1) * (len(CONTAINERS) + 1)
    dice = random.Random(seed)
    interrupted = half_way = 0
    for turn in range(kills):
        undo = turn % 4 == 3
        if undo:
            assert driver.run(folder, plan) == REACHED_THE_END
        at = journal.stat().st_size + int(grown * dice.uniform(0, 0.95))
        code = driver.run(folder, plan, undo=undo, kill_at=at, moment=dice.uniform(0, 0.05))
        interrupted += code == -signal.SIGKILL
        half_way += 0 < assert_all_comes_back(folder, before, editor) < len(before)
        if turn % 10 == 9:  # as every scan does; a few hundred runs without one would spend their time on tiny pieces
            library = open_library(folder)
            with library.writing():
                library.compact()
    print("interrupted", interrupted, "of", kills, "with some files written and some not", half_way)
    assert interrupted >= kills * 0.6, "the kills came too late to interrupt anything"


def test_faults_at_some_calls_cost_nothing(tmp_path: Path, driver: Driver, editor: Editor) -> None:
    assert check_faults(tmp_path, driver, editor, stride=7) >= 7


def test_a_few_kills_cost_nothing(tmp_path: Path, driver: Driver, editor: Editor) -> None:
    check_kills(tmp_path, driver, editor, kills=6, copies=2, seed=int(os.environ.get("CRASH_SEED", "1")))


@pytest.mark.slow
def test_faults_at_every_call_cost_nothing(tmp_path: Path, driver: Driver, editor: Editor) -> None:
    kills = check_faults(tmp_path, driver, editor, stride=1)
    print("killed at", kills, "points of a write")
    assert kills >= 40


@pytest.mark.slow
def test_faults_at_every_call_of_an_undo_cost_nothing(tmp_path: Path, driver: Driver, editor: Editor) -> None:
    kills = check_faults(tmp_path, driver, editor, stride=1, undo=True)
    print("killed at", kills, "points of an undo")
    assert kills >= 40


@pytest.mark.slow
def test_two_hundred_kills_cost_nothing(tmp_path: Path, driver: Driver, editor: Editor) -> None:
    seed = int(os.environ.get("CRASH_SEED", str(random.randrange(10_000))))
    print("CRASH_SEED", seed)
    check_kills(tmp_path, driver, editor, kills=200, copies=7, seed=seed)
