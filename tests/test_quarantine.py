"""The quarantine: what goes there, comes back and is purged; nothing is lost, nothing is written over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag import api
from phototag.change.editor import Editor
from phototag.change.journal import Journal
from phototag.change.quarantine import Going, Quarantine
from phototag.change.undo import Undo
from phototag.cli import run
from phototag.errors import NoSpace, UsageError
from phototag.read.identity import identify, whole_file_digest
from phototag.report import Report
from phototag.store.library import Library, open_library
from tests.conftest import Run
from tests.writing import LONG_AGO, contents

_QUIET = Report(quiet=True)
_HARD = ("-rf.jpg", "zwei\nZeilen.jpg", "Grüße.jpg", "🐕 dog.jpg", " space .jpg", "'quote\".jpg")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Photos of one picture under names of all sorts, one of them with a sidecar; scanned."""
    root = tmp_path / "photos"
    (root / "Kopien").mkdir(parents=True)
    Image.effect_noise((64, 48), 90).convert("RGB").save(root / "a.jpg")
    for name in _HARD:
        shutil.copy2(root / "a.jpg", root / "Kopien" / name)
    (root / "Kopien" / "Grüße.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    for path in root.rglob("*.*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return api.scan(root)[0]


def going(library: Library, *names: str, **parts: str) -> list[Going]:
    root = library.place.root
    kept = ("a.jpg", identify(root / "a.jpg", "jpeg").image_id, "jpeg")
    return [
        Going(f"Kopien/{name}", whole_file_digest(root / "Kopien" / name), "exact", kept[1], *kept, **parts)
        for name in names
    ]


def away(library: Library, *names: str) -> dict[str, str]:
    """Put these copies away; by name why it was refused, "" where it was not."""
    with library.writing():
        batch = Journal(library.journal).begin("test")
        done = Quarantine(library, _QUIET).away(going(library, *names), batch)
    return {one.source.name: one.why for one in done}


def lying(library: Library) -> dict[str, bytes]:
    """What lies in the quarantine, by the path below its day."""
    top = library.place.state / "quarantine"
    found = (Path(folder) / name for folder, _, names in os.walk(top) for name in names)
    return {"/".join(path.relative_to(top).parts[1:]): path.read_bytes() for path in found}


def age(library: Library, days: int) -> None:
    """Everything in the journal happened so many days earlier; the tables are made again from it."""
    path = library.journal.path
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    path.write_text("".join(json.dumps(one | ({"at": then} if "at" in one else {})) + "\n" for one in lines))
    shutil.rmtree(library.place.state / "lance")
    api.rebuild(library.place.root)


# ---- there and back


def test_files_go_with_their_sidecars_and_come_back_under_the_hardest_names(library: Library) -> None:
    root = library.place.root
    before = contents(root)
    gone = api.quarantine(library, [root / "Kopien" / name for name in _HARD], "a test", report=_QUIET)
    assert gone.refused == [] and len(gone.moved) == len(_HARD) + 1  # the sidecar
    assert list(contents(root)) == ["a.jpg"]
    assert lying(library) == {name: content for name, content in before.items() if name != "a.jpg"}
    listed = api.quarantined(root)
    assert {one.path for one in listed} == {path for path, _ in gone.moved} and {one.why for one in listed} == {
        "a test"
    }
    back = api.restore(folder=root, everything=True)
    assert back.refused == [] and contents(root) == before and lying(library) == {}
    assert not any((library.place.state / "quarantine").iterdir()), "empty folders go"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), min_size=1, max_size=60))
def test_any_name_goes_and_comes_back(library: Library, name: str) -> None:
    path = library.place.root / "Kopien" / f"{name}.jpg"
    try:
        shutil.copy(library.place.root / "a.jpg", path)
    except (OSError, shutil.SameFileError):
        return
    before = path.read_bytes()
    try:
        with library.writing():
            mover, batch = Quarantine(library, _QUIET), Journal(library.journal).begin("test")
            assert [one.why for one in mover.away(going(library, path.name), batch)] == [""] and not path.exists()
            entry = list(Journal(library.journal).entries().values())[-1]
            assert [one.why for one in mover.back([entry], "back" + batch)] == [""]
        assert path.read_bytes() == before
    finally:
        path.unlink(missing_ok=True)


def test_undo_brings_them_back_and_the_tables_are_right(library: Library) -> None:
    root = library.place.root
    before = contents(root)
    gone = api.quarantine(library, [root / "Kopien" / "Grüße.jpg"], "a test", report=_QUIET)
    rows = {file.path: file.status for file in library.files("path", ["Kopien/Grüße.jpg", "Kopien/Grüße.xmp", "a.jpg"])}
    assert rows == {"Kopien/Grüße.jpg": "missing", "Kopien/Grüße.xmp": "missing", "a.jpg": "present"}
    assert all(photo.status == "present" for photo in library.photos(library.photo_ids())), "it lives on"
    _, undone = api.undo([gone.batch], library=root)
    assert {one.how for one in undone} == {"bytes"} and contents(root) == before
    assert next(open_library(root).files("path", ["Kopien/Grüße.jpg"])).status == "present"
    _, again = api.undo([gone.batch], library=root)
    assert {one.how for one in again} <= {"refused"}


def test_what_lies_there_is_not_scanned_searched_or_exported(library: Library, tmp_path: Path) -> None:
    root = library.place.root
    api.quarantine(library, [root / "Kopien" / name for name in _HARD], "a test", report=_QUIET)
    for hidden in ("false", "true"):
        opened, _ = api.scan(root, flags={"scan.hidden": hidden})
        there = {path for path, status in opened.lance.tuples("files", ("path", "status")) if status == "present"}
        assert there == {"a.jpg"}
    opened, _ = api.scan(root, library=tmp_path / "other", flags={"scan.hidden": "true"})
    assert not [path for (path,) in opened.lance.tuples("files", ("path",)) if ".phototag" in path]


def test_a_name_that_goes_twice_a_day_finds_a_place_of_its_own(library: Library) -> None:
    root = library.place.root
    assert away(library, "-rf.jpg") == {"-rf.jpg": ""}
    Image.new("RGB", (8, 8), "red").save(root / "Kopien" / "-rf.jpg")
    red = (root / "Kopien" / "-rf.jpg").read_bytes()
    assert away(library, "-rf.jpg") == {"-rf.jpg": ""}
    found = [path.read_bytes() for path in (library.place.state / "quarantine").rglob("*.jpg")]
    assert len(found) == 2 and red in found


# ---- what is refused


def test_nothing_is_written_over_on_the_way_back(library: Library) -> None:
    root = library.place.root
    assert away(library, "-rf.jpg", "Grüße.jpg") == {"-rf.jpg": "", "Grüße.jpg": ""}
    (root / "Kopien" / "-rf.jpg").write_bytes(b"mine")
    back = api.restore(["Kopien"], root)
    assert [path for path, _ in back.moved] == ["Kopien/Grüße.jpg"]
    assert [path for path, why in back.refused if "its place" in why] == ["Kopien/-rf.jpg"]
    assert (root / "Kopien" / "-rf.jpg").read_bytes() == b"mine" and list(lying(library)) == ["Kopien/-rf.jpg"]


def test_it_comes_back_into_a_folder_that_was_removed(library: Library) -> None:
    root = library.place.root
    before = contents(root)
    api.quarantine(library, [root / "Kopien" / name for name in _HARD], "a test", report=_QUIET)
    (root / "Kopien").rmdir()
    assert api.restore(folder=root, everything=True).refused == [] and contents(root) == before


def _changed(root: Path) -> None:
    (root / "Kopien" / "-rf.jpg").write_bytes(b"another picture")


def _without_the_kept_one(root: Path) -> None:
    (root / "a.jpg").unlink()


def _kept_one_is_another(root: Path) -> None:
    Image.new("RGB", (9, 9)).save(root / "a.jpg")


def _kept_one_is_a_link_to_it(root: Path) -> None:
    (root / "a.jpg").unlink()
    (root / "a.jpg").symlink_to(root / "Kopien" / "-rf.jpg")


def _read_only(root: Path) -> None:
    (root / "Kopien" / "-rf.jpg").chmod(0o444)


def _in_a_read_only_folder(root: Path) -> None:
    (root / "Kopien").chmod(0o555)


def _behind_a_link(root: Path) -> None:
    (root / "Kopien").rename(root.parent / "elsewhere")
    (root / "Kopien").symlink_to(root.parent / "elsewhere")


def _a_link_itself(root: Path) -> None:
    (root / "Kopien" / "-rf.jpg").rename(root.parent / "real.jpg")
    (root / "Kopien" / "-rf.jpg").symlink_to(root.parent / "real.jpg")


def _of_another_library(root: Path) -> None:
    open_library(root / "Kopien", root / "Kopien", make=True)


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (_changed, "has changed"),
        (_without_the_kept_one, "to be kept instead"),
        (_kept_one_is_another, "to be kept instead"),
        (_kept_one_is_a_link_to_it, "under another name"),
        (_read_only, "read-only"),
        (_in_a_read_only_folder, "read-only"),
        (_behind_a_link, "outside of the library"),
        (_a_link_itself, "a link"),
        (_of_another_library, "another library"),
    ],
)
def test_a_file_stays_where_it_may_not_go(library: Library, happened: Callable[[Path], None], why: str) -> None:
    root = library.place.root
    planned = going(library, "-rf.jpg")
    happened(root)
    before = contents(root)
    with library.writing():
        done = Quarantine(library, _QUIET).away(planned, Journal(library.journal).begin("test"))
    assert why in done[0].why and contents(root) == before and lying(library) == {}
    (root / "Kopien").chmod(0o755)


def test_what_lies_outside_of_the_library_is_only_read(library: Library, tmp_path: Path) -> None:
    outside = tmp_path / "original.jpg"
    shutil.copy2(library.place.root / "a.jpg", outside)
    gone = api.quarantine(library, [outside], "a test", report=_QUIET)
    assert gone.moved == [] and "only ever read" in gone.refused[0][1] and outside.exists()


def test_what_goes_together_goes_all_or_not_at_all(library: Library) -> None:
    root = library.place.root
    wanted = going(library, "-rf.jpg", "Grüße.jpg", together="pair") + going(library, "🐕 dog.jpg", together="other")
    (root / "Kopien" / "Grüße.jpg").chmod(0o444)
    with library.writing():
        done = Quarantine(library, _QUIET).away(wanted, Journal(library.journal).begin("test"))
    assert [one.state for one in done] == ["refused", "refused", "done"] and "Grüße.jpg" in done[0].why
    assert list(lying(library)) == ["Kopien/🐕 dog.jpg"]


def test_hard_links_lose_nothing(library: Library) -> None:
    root = library.place.root
    (root / "Kopien" / "-rf.jpg").unlink()
    (root / "Kopien" / "-rf.jpg").hardlink_to(root / "a.jpg")
    assert away(library, "-rf.jpg") == {"-rf.jpg": ""}
    assert (root / "a.jpg").read_bytes() == lying(library)["Kopien/-rf.jpg"]


# ---- purge


def test_purge_takes_only_what_is_older_than_a_week(library: Library) -> None:
    root = library.place.root
    assert away(library, "-rf.jpg") == {"-rf.jpg": ""}
    assert api.purgeable(folder=root) == [] and api.purge(api.quarantined(root), root).moved == []
    with pytest.raises(UsageError, match="less than 7 days"):
        api.purgeable(timedelta(days=6), root)
    age(library, 8)
    assert api.purgeable(timedelta(days=9), root) == []
    gone = api.purge(api.purgeable(folder=root), root)
    assert [path for path, _ in gone.moved] == ["Kopien/-rf.jpg"] and gone.bytes and lying(library) == {}
    assert (root / "a.jpg").exists() and api.quarantined(root) == []
    _, undone = api.undo([gone.batch], library=root)
    assert [(one.how, one.why) for one in undone] == [("refused", "it was purged for good")]


def test_purge_leaves_what_would_be_the_last_one(library: Library) -> None:
    root = library.place.root
    assert away(library, "-rf.jpg", "Grüße.jpg") == {"-rf.jpg": "", "Grüße.jpg": ""}
    age(library, 8)
    for path in [root / "a.jpg", *(root / "Kopien").glob("*.jpg")]:
        path.unlink()
    api.scan(root)
    gone = api.purge(api.purgeable(folder=root), root)
    assert gone.moved == [] and len(gone.refused) == 2 and "the last one" in gone.refused[0][1]
    assert len(lying(library)) == 2


def test_purge_knows_a_kept_one_that_was_renamed(library: Library) -> None:
    root = library.place.root
    assert away(library, *_HARD) == dict.fromkeys(_HARD, "")
    age(library, 8)
    (root / "a.jpg").rename(root / "renamed.jpg")
    api.scan(root)
    assert len(api.purge(api.purgeable(folder=root), root).moved) == len(_HARD)
    assert (root / "renamed.jpg").exists()


# ---- disks and other runs


def test_a_full_disk_stops_the_move_and_nothing_is_lost(library: Library, small_disk: Path) -> None:
    root = library.place.root
    noise = Image.effect_noise((1400, 1300), 90)
    for name in ("one.png", "two.png"):
        noise.save(root / "Kopien" / name)
    (library.place.state / "quarantine").symlink_to(small_disk)
    before = contents(root)
    with library.writing(), pytest.raises(NoSpace, match="No space left"):
        Quarantine(library, _QUIET).away(
            going(library, "-rf.jpg") + going(library, "one.png", "two.png"), Journal(library.journal).begin("test")
        )
    assert contents(root) == before and not list(small_disk.rglob("*.*"))
    states = {entry.state for entry in Journal(library.journal).entries().values()}
    assert states == {"aborted"}
    assert away(library, "-rf.jpg") == {"-rf.jpg": ""}, "what has room goes on the next run"
    entries = [one for one in Journal(library.journal).entries().values() if one.state == "done"]
    with library.writing(), Editor(1) as editor:
        undone = Undo(library, editor, _QUIET).run([one.id for one in entries])
    assert [one.how for one in undone] == ["bytes"] and contents(root) == before


def test_of_two_runs_at_once_one_is_told_to_wait(library: Library, phototag: Run) -> None:
    root = library.place.root
    holds = "import sys, time; from pathlib import Path; from phototag.store.library import open_library\n"
    holds += "with open_library(Path(sys.argv[1])).writing(): print('held', flush=True); time.sleep(60)"
    first = subprocess.Popen([sys.executable, "-c", holds, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout and first.stdout.readline() == "held\n"
        before = contents(root)
        second = phototag("duplicates", root, "--quarantine", "--yes")
        assert second.returncode not in (0, 1) and "Traceback" not in second.stderr and contents(root) == before
    finally:
        first.kill()
        first.communicate()


@pytest.mark.slow
def test_two_runs_one_after_the_other_move_each_file_once(library: Library, phototag: Run) -> None:
    root = library.place.root
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "phototag", "duplicates", str(root), "--quarantine", "--yes", "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    for one in runs:
        one.wait(timeout=120)
    left = [path for path in contents(root) if path.endswith(".jpg")]
    assert len(left) == 1 and len(left) + sum(name.endswith(".jpg") for name in lying(library)) == len(_HARD) + 1


# ---- the command


def test_the_command_lists_restores_and_purges(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    root = library.place.root

    def said(*words: str) -> tuple[int, str]:
        code = run(["quarantine", *words, "--folder", str(root)])
        printed = capsys.readouterr()
        return code, printed.out or printed.err

    assert away(library, "zwei\nZeilen.jpg", "-rf.jpg") == {"zwei\nZeilen.jpg": "", "-rf.jpg": ""}
    told = json.loads(said("list", "--json")[1])["files"]
    assert {one["path"] for one in told} == {"Kopien/zwei\nZeilen.jpg", "Kopien/-rf.jpg"} and told[0]["days"] == 0
    text = said("list")[1]
    assert "Kopien/-rf.jpg" in text and "zwei\nZeilen" not in text, "a name cannot break a line"
    assert said("restore")[0] == 2 and said("restore", "no such file")[0] == 2
    assert said("restore", "Kopien/-rf.jpg")[0] == 0 and (root / "Kopien" / "-rf.jpg").exists()
    text = said("purge", "--yes")[1]
    in_a_week = datetime.fromisoformat(told[0]["at"]) + timedelta(days=7)
    assert "Nothing was deleted. 1 file (" in text and f"from {in_a_week.astimezone():%Y-%m-%d}" in text
    left = json.loads(said("purge", "--json")[1])["left"]
    assert left["files"] == 1 and left["bytes"] > 0 and datetime.fromisoformat(left["from"]) > datetime.now(UTC)
    assert said("purge", "--older-than", "1d", "--yes")[0] == 2
    age(library, 10)
    code, text = said("purge")
    assert code == 2 and "--yes" in text and lying(library), "nobody can be asked here"
    code, text = said("purge", "--yes")
    assert code == 0 and "for good" in text and lying(library) == {}
    assert "Nothing was deleted: the quarantine is empty." in said("purge")[1]


def test_a_file_that_was_saved_a_moment_ago_waits(library: Library) -> None:
    root = library.place.root
    os.utime(root / "Kopien" / "-rf.jpg", (time.time(), time.time()))
    with library.writing():
        batch = Journal(library.journal).begin("test")
        done = Quarantine(library, _QUIET, settle_seconds=10).away(going(library, "-rf.jpg"), batch)
    assert done[0].state == "refused" and "may still be written" in done[0].why
