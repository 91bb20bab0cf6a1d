"""The one writer: what it refuses, what it proves, and that a file is as it was or as it was planned."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from phototag.change.editor import Editor, Written
from phototag.change.fields import TAGS, held
from phototag.change.guards import Limits, Refusal, guard
from phototag.change.journal import Journal, recover
from phototag.change.proofs import first_scan
from phototag.change.writer import TOGETHER, Outcome, Rehearsal, Writer
from phototag.errors import NoSpace, Unreadable
from phototag.read.identity import identify, whole_file_digest
from phototag.records import Change
from phototag.report import Report
from phototag.store.library import Library, open_library
from tests.writing import CONTAINERS, LONG_AGO, SUBJECT, WORDS, change, changes, contents, exiftool, make_files


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(2) as one:
        yield one


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_files(folder)
    return folder


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Library:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return open_library(tmp_path, make=True)


def write(library: Library, editor: Any, wanted: Sequence[Change], **options: Any) -> list[Outcome]:
    with library.writing():
        batch = Journal(library.journal).begin("tag, in a test")
        options = {"settle_seconds": 0, "report": Report(quiet=True)} | options
        return Writer(library, editor, **options).write(wanted, batch)


def refused(library: Library, editor: Any, wanted: Change, **options: Any) -> str:
    """Why the one change is refused; whatever the reason, every file is as it was."""
    before = contents(library.place.root)
    (outcome,) = write(library, editor, [wanted], **options)
    assert outcome.state == "refused", outcome
    assert contents(library.place.root) == before
    assert {entry.state for entry in Journal(library.journal).entries().values()} <= {"aborted"}
    return outcome.why


def test_every_container_is_written_read_back_and_its_picture_is_the_same(library: Library, editor: Editor) -> None:
    root = library.place.root
    pictures = {name: kind for name, kind in CONTAINERS.items() if kind != "xmp"}
    ids = {name: identify(root / name, kind).image_id for name, kind in pictures.items()}
    wanted = changes(library, editor)
    outcomes = write(library, editor, wanted)
    assert [(one.state, one.why) for one in outcomes] == [("done", "")] * len(wanted)
    assert {name: identify(root / name, kind).image_id for name, kind in pictures.items()} == ids
    for one in wanted:
        (answer,) = editor.read([str(root / one.target)])
        assert not isinstance(answer, Unreadable)
        found = held(answer)
        assert {tag: found.get(tag, ()) for tag in one.fields} == {tag: after for tag, (_, after) in one.fields.items()}
    assert not list(root.glob(".phototag-*"))
    assert "Exposure2012" in (root / "f.xmp").read_text()


def test_the_journal_and_its_table_say_what_was_done(library: Library, editor: Editor) -> None:
    wanted = changes(library, editor)
    write(library, editor, wanted)
    entries = Journal(library.journal).entries()
    assert {entry.state for entry in entries.values()} == {"done"}
    for entry in entries.values():
        path = library.place.actual(entry.change["target"])
        assert entry.after == whole_file_digest(path) and entry.before == Change.from_json(entry.change).expect
        assert bool(entry.keep) == bool(entry.before)
        assert library.changes.entry(entry.id) == entry
        assert Path(entry.change["temp"]).name.startswith(f".phototag-{entry.id}.")
    (batch,) = library.changes.batches()
    assert (batch.command, dict(batch.counts)) == ("tag, in a test", {"done": len(wanted)})
    assert [entry.change["target"] for entry in library.changes.of_batch(batch.id)] == [one.target for one in wanted]
    assert len(library.changes.of_images(["p1"])["p1"]) == len(wanted)
    assert len(library.changes.ids_below("")) == len(wanted) and library.changes.ids_below("elsewhere") == []
    assert list(library.changes.of_targets(["a.jpg", "never.jpg"])) == ["a.jpg"]
    kept = sum(path.stat().st_size for path in (library.place.state / "preimages").iterdir())
    assert kept < 20_000, "the pre-images are small"


def test_the_table_is_made_again_from_the_journal_and_goes_on_where_it_stopped(
    library: Library, editor: Editor
) -> None:
    write(library, editor, changes(library, editor))
    known = list(library.changes.newest_first(library.changes.ids_below("")))
    with library.writing(afresh=True):
        assert list(library.changes.newest_first(library.changes.ids_below(""))) == known
        Journal(library.journal).append([replace(known[0], state="undone", change={}, at="")])
        library.changes.replay()
        again = list(library.changes.newest_first(entry.id for entry in known))
        assert [entry.state for entry in again] == ["undone", *["done"] * (len(known) - 1)]
        assert again[0].change == known[0].change


def test_mode_owner_attributes_and_a_newer_time_go_with_the_file(library: Library, editor: Editor) -> None:
    path = library.place.root / "a.jpg"
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 2345)
    try:
        os.setxattr(path, "user.note", b"a person's")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    future = time.time() + 1000
    os.utime(path, (future, future))
    before = path.stat()
    assert write(library, editor, [change(library, editor, "a.jpg")])[0].state == "done"
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(path, "user.note") == b"a person's"
    assert after.st_mtime_ns > before.st_mtime_ns and after.st_ino != before.st_ino


def test_a_symlink_stays_and_the_file_behind_it_is_written(library: Library, editor: Editor) -> None:
    root = library.place.root
    (root / "real").mkdir()
    (root / "a.jpg").rename(root / "real" / "a.jpg")
    (root / "a.jpg").symlink_to("real/a.jpg")
    assert write(library, editor, [change(library, editor, "a.jpg")])[0].state == "done"
    assert (root / "a.jpg").is_symlink()
    assert WORDS[0] in exiftool("-XMP-dc:Subject", str(root / "real" / "a.jpg"))


def test_a_name_with_several_files_behind_it_is_refused_unless_links_may_break(
    library: Library, editor: Editor
) -> None:
    root = library.place.root
    (root / "twin.jpg").hardlink_to(root / "a.jpg")
    before = (root / "twin.jpg").read_bytes()
    wanted = change(library, editor, "a.jpg")
    assert "2 names" in refused(library, editor, wanted)
    assert write(library, editor, [wanted], break_links=True)[0].state == "done"
    assert (root / "twin.jpg").read_bytes() == before != (root / "a.jpg").read_bytes()


def test_each_guard_has_a_sentence(library: Library, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    root = library.place.root
    wanted = change(library, editor, "a.jpg")
    (root / "a.jpg").chmod(0o444)
    assert "read-only" in refused(library, editor, wanted)
    (root / "a.jpg").chmod(0o644)
    root.chmod(0o555)
    found = (root / "a.jpg").stat()
    with pytest.raises(Refusal, match="folder is read-only"):
        guard(root / "a.jpg", found, Limits())
    root.chmod(0o755)
    assert "planned" in refused(library, editor, replace(wanted, expect="another"))
    assert "appeared" in refused(library, editor, replace(wanted, expect=""))
    (root / "a.jpg").touch()
    assert "changed" in refused(library, editor, wanted, settle_seconds=60)
    os.utime(root / "a.jpg", (LONG_AGO, LONG_AGO))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 300})())
    assert "too little space" in refused(library, editor, wanted)
    monkeypatch.undo()
    (root / "a.jpg").write_bytes((root / "a.jpg").read_bytes()[:-2])
    assert "no end marker" in refused(library, editor, change(library, editor, "a.jpg"))
    (root / "a.jpg").unlink()
    assert "gone" in refused(library, editor, wanted)
    os.mkfifo(root / "a.jpg")
    assert "regular file" in refused(library, editor, wanted)
    assert "cannot be told" in refused(library, editor, change(library, editor, "g.nef", {}, container="cr3"))


def test_what_we_wrote_a_moment_ago_may_be_written_again(library: Library, editor: Editor) -> None:
    assert write(library, editor, [change(library, editor, "a.jpg")], settle_seconds=60)[0].state == "done"
    again = change(library, editor, "a.jpg", {SUBJECT: ("other",)})
    assert write(library, editor, [again], settle_seconds=60)[0].state == "done"


class Meddling:
    """The real editor, and somebody who does something between two steps."""

    def __init__(self, editor: Editor, wrote: Any = None, read: Any = None) -> None:
        self._editor, self._wrote, self._read = editor, wrote, read

    def write_copy(self, source: str | None, temp: str, one: Change, *, seed: str = "") -> Written:
        written = self._editor.write_copy(source, temp, one, seed=seed)
        if self._wrote:
            return self._wrote(temp) or written
        return written

    def look_ahead(self, seeds: Sequence[str]) -> None:
        self._editor.look_ahead(seeds)

    def read(self, paths: Sequence[str], tags: Sequence[str] = TAGS) -> list[Any]:
        found = self._editor.read(paths, tags)
        if self._read:
            self._read()
        return found


def test_each_proof_has_a_sentence(library: Library, editor: Editor) -> None:
    root = library.place.root
    wanted = change(library, editor, "a.jpg")

    def other_pixels(temp: str) -> None:
        Image.new("RGB", (64, 48)).save(temp)

    def cut(temp: str) -> None:
        Path(temp).write_bytes(Path(temp).read_bytes()[:-2])

    def without_ours(temp: str) -> None:
        exiftool("-overwrite_original", "-XMP-dc:Subject=", temp)

    assert "other image data" in refused(library, Meddling(editor, other_pixels), wanted)
    assert "no end marker" in refused(library, Meddling(editor, cut), wanted)
    assert f"not read back as planned ({SUBJECT})" in refused(library, Meddling(editor, without_ours), wanted)
    said = Written(False, "ExifTool: maker notes could suffer", minor=True)

    def complain(temp: str) -> Written:
        Path(temp).unlink()
        return said

    assert "maker notes" in refused(library, Meddling(editor, complain), wanted)
    assert write(library, Meddling(editor, complain), [wanted])[0].minor

    before = (root / "a.jpg").read_bytes()

    def saved_meanwhile() -> None:
        exiftool("-overwrite_original", "-XMP-dc:Subject=of another program", str(root / "a.jpg"))

    (outcome,) = write(library, Meddling(editor, read=saved_meanwhile), [wanted])
    assert outcome.state == "refused" and not list(root.glob(".phototag-*"))
    assert "of another program" in exiftool("-XMP-dc:Subject", str(root / "a.jpg"))
    (root / "a.jpg").write_bytes(before)


def test_a_sidecar_that_appears_meanwhile_is_not_overwritten(library: Library, editor: Editor) -> None:
    path = library.place.root / "g.xmp"
    wanted = change(library, editor, "g.xmp", {SUBJECT: WORDS}, source="g.nef")
    (outcome,) = write(library, Meddling(editor, read=lambda: path.write_text("a person's")), [wanted])
    assert "meanwhile" in outcome.why and path.read_text() == "a person's"
    assert not list(path.parent.glob(".phototag-*"))


def test_what_hangs_behind_a_jpeg_stays_byte_for_byte(library: Library, editor: Editor) -> None:
    path = library.place.root / "a.jpg"
    exiftool("-overwrite_original", "-XMP-dc:Source=MotionPhoto", str(path))
    film = b"\x00\x00\x00\x18ftypmp42" + os.urandom(5000)
    path.write_bytes(path.read_bytes() + film)
    wanted = change(library, editor, "a.jpg")

    def lose_film(temp: str) -> None:
        Path(temp).write_bytes(Path(temp).read_bytes().removesuffix(film))

    assert "behind the picture" in refused(library, Meddling(editor, lose_film), wanted)
    assert write(library, editor, [wanted])[0].state == "done"
    assert path.read_bytes().endswith(film)


def test_the_first_scan_is_found_where_a_header_can_be_walked() -> None:
    assert first_scan(memoryview(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xda\x00\x02")) == 9
    assert first_scan(memoryview(b"\xff\xd8\xff\xe0\xff\xffab")) == 0
    assert first_scan(memoryview(b"")) == 0


def test_a_temp_of_another_program_never_matters(library: Library, editor: Editor) -> None:
    litter = library.place.root / "a.jpg_exiftool_tmp"
    litter.write_bytes(b"left by a crash")
    assert write(library, editor, [change(library, editor, "a.jpg")])[0].state == "done"
    assert litter.read_bytes() == b"left by a crash"


def test_names_that_no_program_likes(library: Library, editor: Editor) -> None:
    root = library.place.root
    whole = (root / "a.jpg").read_bytes()
    names = ["-all= .jpg", "a\nb.jpg", " %f $x @y.jpg", "ü\udcff.jpg", "#.jpg", "noending"]
    for name in names:
        Path(root, name).write_bytes(whole)
    stored = [library.place.stored(str(root / name)) for name in names]
    outcomes = write(library, editor, [change(library, editor, name, container="jpeg") for name in stored])
    assert [(one.state, one.why) for one in outcomes] == [("done", "")] * len(names)
    assert all(Path(root, name).read_bytes() != whole for name in names)


def test_more_files_than_a_group_holds_and_a_stop_between_groups(library: Library, editor: Editor) -> None:
    root = library.place.root
    count = TOGETHER + 3
    for number in range(count):
        (root / f"n{number}.xmp").write_bytes((root / "f.xmp").read_bytes())
    wanted = [change(library, editor, f"n{number}.xmp", {SUBJECT: ("x",)}) for number in range(2)]
    wanted += [replace(wanted[0], target=f"n{number}.xmp") for number in range(2, count)]
    with library.writing():
        writer = Writer(library, editor, settle_seconds=0, report=Report(quiet=True))
        batch = Journal(library.journal).begin("stopped")
        asked = iter([False, True])
        assert len(writer.write(wanted, batch, lambda: next(asked))) == TOGETHER
        rest = writer.write(wanted[TOGETHER:], batch)
    assert [one.state for one in rest] == ["done"] * 3
    assert len(library.changes.of_batch(batch)) == count


def test_a_change_that_changes_nothing_touches_nothing(library: Library, editor: Editor) -> None:
    before = contents(library.place.root)
    (outcome,) = write(library, editor, [change(library, editor, "a.jpg", {SUBJECT: ("mine",)})])
    assert outcome.state == "unchanged" and contents(library.place.root) == before
    assert Journal(library.journal).entries() == {}


def test_one_file_twice_in_a_run_is_written_once(library: Library, editor: Editor) -> None:
    wanted = change(library, editor, "a.jpg")
    first, second = write(library, editor, [wanted, wanted])
    assert (first.state, second.state) == ("done", "refused") and "planned" in second.why


def test_a_rehearsal_touches_nothing(library: Library, editor: Editor) -> None:
    wanted = [*changes(library, editor), replace(change(library, editor, "a.jpg"), expect="other")]
    before = contents(library.place.root)
    outcomes = Rehearsal(library, settle_seconds=0).write(wanted)
    assert [one.state for one in outcomes] == ["planned"] * (len(wanted) - 1) + ["refused"]
    assert contents(library.place.root) == before and library.journal.size() == 0


def test_two_libraries_over_one_file_never_mix(library: Library, editor: Editor, tmp_path_factory: Any) -> None:
    """Two runs at once: the second one sees that the file is not the one that it planned for."""
    other = open_library(tmp_path_factory.mktemp("other"), make=True)
    name = other.place.stored(str(library.place.root / "a.jpg"))
    mine, theirs = (
        change(library, editor, "a.jpg"),
        change(other, editor, name, {SUBJECT: ("theirs",)}, container="jpeg"),
    )
    late: list[Outcome] = []
    meddling = Meddling(editor, read=lambda: late.extend(write(other, editor, [theirs])))
    (outcome,) = write(library, meddling, [mine])
    assert late[0].state == "done" and outcome.state == "refused"
    assert "theirs" in exiftool("-XMP-dc:Subject", str(library.place.root / "a.jpg"))


def test_a_full_disk_stops_the_run_and_leaves_every_file_as_it_was(small_disk: Path, editor: Editor) -> None:
    make_files(small_disk)
    for number in range(6):
        (small_disk / f"n{number}.tif").write_bytes((small_disk / "d.tif").read_bytes())
    library = open_library(small_disk, make=True)
    wanted = [change(library, editor, f"n{number}.tif", container="tiff") for number in range(6)]
    before = contents(small_disk)
    ballast = small_disk / ".phototag" / "ballast"

    def fill(temp: str) -> None:
        with ballast.open("wb") as file:
            try:
                while file.write(b"0" * 4096):
                    file.flush()
            except OSError:
                return

    with pytest.raises(NoSpace):
        write(library, Meddling(editor, fill), wanted)
    assert contents(small_disk) == before and not list(small_disk.glob(".phototag-*"))
    ballast.unlink()
    recover(Journal(library.journal), library.place, Report(quiet=True))
    assert {entry.state for entry in Journal(library.journal).entries().values()} == {"aborted"}
    outcomes = write(library, editor, wanted)
    assert {one.state for one in outcomes} == {"done"}


def test_a_disk_that_becomes_read_only_in_mid_run(small_disk: Path, editor: Editor, tmp_path: Path) -> None:
    before = make_files(small_disk)
    (tmp_path / "library").mkdir()
    library = open_library(tmp_path / "library", make=True)
    names = {library.place.stored(str(small_disk / name)): kind for name, kind in CONTAINERS.items()}
    wanted = [change(library, editor, name, container=kind) for name, kind in names.items()]

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    outcomes = write(library, Meddling(editor, read=lambda: remount("ro")), wanted)
    assert {one.state for one in outcomes} == {"refused"}
    assert {path: content for path, content in contents(small_disk).items() if path in before} == before
    remount("rw")
    journal = Journal(library.journal)
    assert recover(journal, library.place, Report(quiet=True)) == {"aborted": len(wanted)}
    assert contents(small_disk) == before and not list(small_disk.glob(".phototag-*"))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="becomes another user, which root may")
def test_a_folder_that_loses_its_permission_refuses_its_files_alone(library: Library, editor: Editor) -> None:
    """Root may write everywhere, so that a read-only folder shows by its mode."""
    root = library.place.root
    (root / "shut").mkdir()
    (root / "shut" / "a.jpg").write_bytes((root / "a.jpg").read_bytes())
    wanted = [change(library, editor, "shut/a.jpg", container="jpeg"), change(library, editor, "b.png")]
    (root / "shut").chmod(0o555)
    shut, other = write(library, editor, wanted)
    assert (shut.state, other.state) == ("refused", "done") and "read-only" in shut.why
