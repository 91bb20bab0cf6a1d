"""kill -9 while files go into the quarantine, come back or are purged: every byte is somewhere, and the end is right.

The short form runs with every test run; `make crash` runs the long one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from phototag.change.journal import Journal, recover
from phototag.change.quarantine import Going, Quarantine
from phototag.read.identity import identify, whole_file_digest
from phototag.report import Report
from phototag.store.library import Library, open_library
from tests.test_crash_writer import DRIVER, REACHED_THE_END, Driver
from tests.writing import contents, make_files

pytestmark = pytest.mark.crash

_QUIET = Report(quiet=True)
_POINTS = '"mkdir", "chmod"'
_NAMES = ("-rf.jpg", "zwei\nZeilen.jpg", "Grüße 🐕.jpg")
_ACT = """
from phototag.change.quarantine import Going, Quarantine

def act(order):
    library, report = open_library(Path(order["folder"])), Report(quiet=True)
    journal = Journal(library.journal)
    mover, batch = Quarantine(library, report), "20260101-000000-abcd" if order["mode"] == "away" else "later"
    moves = [entry for entry in journal.entries().values() if entry.change["kind"] == "move" and entry.state == "done"]
    changes.Changes.replay = lambda self: os._exit(REACHED_THE_END)
    arm(order["number"], order["after"])
    if order["mode"] == "away":
        mover.away([Going(**one) for one in json.loads(Path(order["plan"]).read_text())], batch)
    else:
        getattr(mover, order["mode"])(moves, batch)

for line in sys.stdin:"""


class MoveDriver(Driver):
    """Moves files in a process of its own; dies at removed folders and at set times as well."""

    def __init__(self, scratch: Path) -> None:
        assert _POINTS in DRIVER and "\nfor line in sys.stdin:" in DRIVER
        text = DRIVER.replace(_POINTS, f'"rmdir", "utime", {_POINTS}').replace("\nfor line in sys.stdin:", _ACT)
        (scratch / "driver.py").write_text(text)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, scratch / "driver.py"], stdin=pipe, stdout=pipe, text=True)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    one = MoveDriver(tmp_path_factory.mktemp("driver"))
    yield one
    one.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk."""
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here")
    with tempfile.TemporaryDirectory(dir=shared_memory) as folder:
        yield Path(folder)


class Trial:
    """A folder with a photo and copies of it under hard names, and what may happen to them."""

    def __init__(self, tmp_path: Path, driver: Driver, other_disk: Path | None = None) -> None:
        self.driver, self.scratch, self.other_disk = driver, tmp_path, other_disk
        self.folder, self.plan = tmp_path / "photos", tmp_path / "plan.json"
        make_files(self.folder)
        (self.folder / "Kopien").mkdir()
        for name in _NAMES:
            shutil.copy2(self.folder / "a.jpg", self.folder / "Kopien" / name)
        self.before = contents(self.folder)
        open_library(self.folder, make=True)
        kept = ("a.jpg", identify(self.folder / "a.jpg", "jpeg").image_id, "jpeg")
        digest = whole_file_digest(self.folder / "a.jpg")
        self.going = [Going(f"Kopien/{name}", digest, "exact", kept[1], *kept) for name in _NAMES]
        self.plan.write_text(json.dumps([{name: getattr(one, name) for name in one.__slots__} for one in self.going]))

    def copy(self, turn: int) -> Library:
        """The folder once more; its quarantine on the other disk, if there is one."""
        folder = self.scratch / f"turn{turn}"
        shutil.copytree(self.folder, folder, symlinks=True)
        if self.other_disk:
            lies = self.other_disk / f"turn{turn}"
            inside = folder / ".phototag" / "quarantine"
            shutil.copytree(inside.resolve(), lies) if inside.exists() else lies.mkdir()
            inside.unlink(missing_ok=True) if inside.is_symlink() else shutil.rmtree(inside, ignore_errors=True)
            inside.symlink_to(lies)
        return open_library(folder)

    def prepare(self) -> None:
        """Everything that shall go is in the quarantine."""
        library = self.copy(9999)
        assert {one.state for one in Quarantine(library, _QUIET).away(self.going, "20260101-000000-abcd")} == {"done"}
        self.folder = library.place.root

    def check(self, library: Library, mode: str) -> None:
        """Recovery, nothing lost; then the same command again, and the way back."""
        recover(Journal(library.journal), library.place, _QUIET)
        entries = Journal(library.journal).entries()
        assert {entry.state for entry in entries.values()} <= {"done", "aborted", "undone"}
        assert not list(library.place.root.rglob(".phototag-*")) and not self.litter(library)
        purged = sum(one.state == "done" and one.change["kind"] == "purge" for one in entries.values())
        whole = sums(self.before.values())
        whole.subtract({hashlib.sha256(self.before["a.jpg"]).hexdigest(): purged})
        assert sums([*contents(library.place.root).values(), *lying(library)]) == whole
        mover = Quarantine(library, _QUIET)
        if mode == "away":
            rest = [one for one in self.going if Path(library.place.actual(one.path)).exists()]
            assert {one.state for one in mover.away(rest, "again")} <= {"done"}
            assert len(lying(library)) == len(_NAMES)
        moves = [one for one in Journal(library.journal).entries().values() if one.change["kind"] == "move"]
        there = [one for one in moves if one.state == "done" and Path(library.place.actual(one.change["to"])).exists()]
        if mode == "purge":
            assert {one.state for one in mover.purge(there, "again")} <= {"done"}
            assert lying(library) == [] and contents(library.place.root) == {
                name: content for name, content in self.before.items() if "/" not in name
            }
            return
        assert {one.state for one in mover.back(there, "back")} <= {"done"}
        assert contents(library.place.root) == self.before and lying(library) == []

    def litter(self, library: Library) -> list[Path]:
        return [path for path in lying_paths(library) if path.name.startswith(".phototag-")]

    def faults(self, mode: str, stride: int) -> int:
        """Every `stride`-th fault, until a run comes to its end; returns how many runs were killed."""
        kills = 0
        for turn in range(0, 1000, stride):
            library = self.copy(turn)
            number, after = divmod(turn, 2)
            code = self.driver.run(library.place.root, self.plan, number=number + 1, after=bool(after), mode=mode)
            assert code in (-signal.SIGKILL, REACHED_THE_END), code
            self.check(open_library(library.place.root), mode)
            shutil.rmtree(library.place.root)
            if code == REACHED_THE_END:
                break
            kills += 1
        return kills


def sums(contents: Iterator[bytes] | list[bytes]) -> Counter[str]:  # type: ignore[type-arg]
    return Counter(hashlib.sha256(one).hexdigest() for one in contents)


def lying_paths(library: Library) -> list[Path]:
    top = library.place.state / "quarantine"
    return [Path(folder) / name for folder, _, names in os.walk(top) for name in names]


def lying(library: Library) -> list[bytes]:
    """What is in the quarantine."""
    return [path.read_bytes() for path in lying_paths(library)]


@pytest.mark.parametrize("mode", ["away", "back", "purge"])
def test_faults_at_some_calls_lose_nothing(tmp_path: Path, driver: Driver, mode: str) -> None:
    trial = Trial(tmp_path, driver)
    if mode != "away":
        trial.prepare()
    assert trial.faults(mode, stride=9) >= 3


@pytest.mark.parametrize("mode", ["away", "back"])
def test_faults_between_two_disks_lose_nothing(tmp_path: Path, driver: Driver, elsewhere: Path, mode: str) -> None:
    trial = Trial(tmp_path, driver, elsewhere)
    if mode != "away":
        trial.prepare()
    assert trial.faults(mode, stride=13) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["away", "back", "purge"])
def test_faults_at_every_call_lose_nothing(tmp_path: Path, driver: Driver, mode: str) -> None:
    trial = Trial(tmp_path, driver)
    if mode != "away":
        trial.prepare()
    kills = trial.faults(mode, stride=1)
    print("killed at", kills, "points:", mode)
    assert kills >= 20


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["away", "back"])
def test_faults_at_every_call_between_two_disks_lose_nothing(
    tmp_path: Path, driver: Driver, elsewhere: Path, mode: str
) -> None:
    trial = Trial(tmp_path, driver, elsewhere)
    if mode != "away":
        trial.prepare()
    kills = trial.faults(mode, stride=1)
    print("killed at", kills, "points between two disks:", mode)
    assert kills >= 30
