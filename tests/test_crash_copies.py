"""kill -9 while originals are copied: run again, the tree is the one made in one go; taken back, nothing is left.

The short form runs with every test run; `make crash` runs the long one.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from phototag.change.editor import Editor
from phototag.change.journal import Journal, recover
from phototag.change.undo import Undo
from phototag.change.writer import Writer
from phototag.records import Change
from phototag.report import Report
from phototag.store.library import Library, open_library
from tests.test_copies import everything, make_originals, state_of, tree
from tests.test_crash_writer import DRIVER, REACHED_THE_END, Driver
from tests.writing import contents

pytestmark = pytest.mark.crash

_NOW = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")  # when our tags were written
_POINTS = '"mkdir", "chmod"'
_QUIET = Report(quiet=True)


class CopyDriver(Driver):
    """Dies at removed folders and at set times as well."""

    def __init__(self, scratch: Path) -> None:
        assert _POINTS in DRIVER
        script = scratch / "driver.py"
        script.write_text(DRIVER.replace(_POINTS, f'"rmdir", "utime", {_POINTS}'))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, str(script)], stdin=pipe, stdout=pipe, text=True)


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(2) as one:
        yield one


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    one = CopyDriver(tmp_path_factory.mktemp("driver"))
    yield one
    one.close()


class Trial:
    """Originals, the plan of their copies, the tree that it makes in one go, and trees that something happened to."""

    def __init__(self, tmp_path: Path, driver: Driver, editor: Editor, events: int = 1) -> None:
        self.folder, self.driver, self.editor = tmp_path, driver, editor
        self.originals, self.plan, self.made = tmp_path / "originals", tmp_path / "plan.json", tmp_path / "made"
        make_originals(self.originals)
        self.before = state_of(self.originals)
        one = everything(open_library(self.made, make=True), editor, self.originals)
        self.wanted = [moved(change, f"{number}") for number in range(events) for change in one] if events > 1 else one
        self.plan.write_text(json.dumps([asdict(change) for change in self.wanted]))
        self.empty = tmp_path / "empty"
        shutil.copytree(self.made, self.empty)
        assert driver.run(self.made, self.plan) == REACHED_THE_END
        self.whole = (tree(self.made), timeless(self.made))

    def finish(self, library: Library) -> None:
        """Run the same command again: what the journal has as done is not planned again."""
        entries = Journal(library.journal).entries().values()
        made = {entry.change["target"] for entry in entries if entry.state == "done" and not entry.change["of"]}
        rest = [change for change in self.wanted if change.target not in made]
        batch = Journal(library.journal).begin("organize, again")
        outcomes = Writer(library, self.editor, settle_seconds=0, report=_QUIET).write(rest, batch)
        assert {one.state for one in outcomes} <= {"done"}, outcomes
        assert (tree(library.place.root), timeless(library.place.root)) == self.whole

    def take_back(self, library: Library) -> None:
        """Undo everything, whichever run made it: tree and folders are gone, the originals as they were."""
        library.changes.replay()
        entries = Journal(library.journal).entries().values()
        done = [entry.id for entry in entries if entry.state == "done" and not entry.change["of"]]
        undone = Undo(library, self.editor, _QUIET).run(done)
        assert {(one.how, one.why) for one in undone} <= {("bytes", "")}
        states = {entry.state for entry in Journal(library.journal).entries().values()}
        assert states <= {"done", "aborted", "undone"} and tree(library.place.root) == []
        assert not list(library.place.root.rglob(".phototag-*"))
        assert state_of(self.originals) == self.before

    def check(self, folder: Path, *, undo: bool = False) -> None:
        """After whatever happened to the tree in `folder`: recovery, and the command again."""
        time.sleep(0.05)  # an ExifTool that lost its owner ends a moment later
        library = open_library(folder)
        with library.writing():
            assert "unknown" not in recover(Journal(library.journal), library.place, _QUIET)
            assert not list(folder.rglob(".phototag-*"))
            assert all(
                any(path.iterdir()) for path in folder.rglob("*") if path.is_dir() and ".phototag" not in str(path)
            )
            if not undo:
                self.finish(library)
            self.take_back(library)


def moved(change: Change, top: str) -> Change:
    """The change in a folder of its own."""
    parts = asdict(change) | {"target": f"{top}/{change.target}", "source": f"{top}/{change.source}"}
    return Change.from_json(parts)


def timeless(folder: Path) -> dict[str, bytes | int]:
    """What the files hold but for the time at which it was written, which a PNG has in its checksums, too."""
    found = contents(folder).items()
    return {name: len(content) if name.endswith(".png") else _NOW.sub(b"now", content) for name, content in found}


def check_faults(trial: Trial, stride: int, *, undo: bool = False) -> int:
    """Every `stride`-th fault, until a run comes to its end; returns how many runs were killed."""
    kills = 0
    for turn in range(0, 2000, stride):
        folder = trial.folder / f"fault{turn}"
        shutil.copytree(trial.made if undo else trial.empty, folder, copy_function=shutil.copy2)
        number, after = divmod(turn, 2)
        code = trial.driver.run(folder, trial.plan, number=number + 1, after=bool(after), undo=undo)
        assert code in (-signal.SIGKILL, REACHED_THE_END), code
        trial.check(folder, undo=undo)
        shutil.rmtree(folder)
        if code == REACHED_THE_END:
            break
        kills += 1
    return kills


def test_faults_at_some_calls_leave_the_tree_as_if_made_in_one_go(
    tmp_path: Path, driver: Driver, editor: Editor
) -> None:
    assert check_faults(Trial(tmp_path, driver, editor), stride=31) >= 4


@pytest.mark.slow
def test_faults_at_every_call_leave_the_tree_as_if_made_in_one_go(
    tmp_path: Path, driver: Driver, editor: Editor
) -> None:
    kills = check_faults(Trial(tmp_path, driver, editor), stride=1)
    print("killed at", kills, "points of a run of copies")
    assert kills >= 100


@pytest.mark.slow
def test_faults_at_every_call_of_an_undo_leave_no_copy_and_no_folder(
    tmp_path: Path, driver: Driver, editor: Editor
) -> None:
    kills = check_faults(Trial(tmp_path, driver, editor), stride=1, undo=True)
    print("killed at", kills, "points of an undo of copies")
    assert kills >= 30


@pytest.mark.slow
def test_twenty_kills_at_random_moments_leave_no_photo_twice(tmp_path: Path, driver: Driver, editor: Editor) -> None:
    seed = int(os.environ.get("CRASH_SEED", str(random.randrange(10_000))))
    print("CRASH_SEED", seed)
    dice, interrupted = random.Random(seed), 0
    trial = Trial(tmp_path, driver, editor, events=6)
    grown = (trial.made / ".phototag" / "journal.jsonl").stat().st_size
    for turn in range(20):
        folder = tmp_path / f"killed{turn}"
        shutil.copytree(trial.empty, folder)
        at = int(grown * dice.uniform(0, 0.95))
        code = driver.run(folder, trial.plan, kill_at=at, moment=dice.uniform(0, 0.05))
        interrupted += code == -signal.SIGKILL
        trial.check(folder)
        shutil.rmtree(folder)
    print("interrupted", interrupted, "of 20")
    assert interrupted >= 12, "the kills came too late to interrupt anything"
