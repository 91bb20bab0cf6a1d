"""Undo: every byte comes back where nobody touched the file, and nobody's work is lost where somebody did."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from phototag.change.editor import Editor
from phototag.change.fields import held
from phototag.change.journal import Journal, recover
from phototag.change.preimage import forget
from phototag.change.undo import Undo, Undone, way_back
from phototag.change.writer import Writer
from phototag.read.identity import whole_file_digest
from phototag.records import Change, Entry, Values
from phototag.report import Report
from phototag.store.library import Library, open_library
from tests.writing import SUBJECT, WORDS, change, changes, contents, exiftool, make_files

CAPTION = "XMP-dc:Description"
LABEL = "XMP-xmp:Label"


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


def write(library: Library, editor: Editor, wanted: Sequence[Change]) -> list[Entry]:
    with library.writing():
        batch = Journal(library.journal).begin("tag")
        outcomes = Writer(library, editor, settle_seconds=0, report=Report(quiet=True)).write(wanted, batch)
        assert [(one.state, one.why) for one in outcomes] == [("done", "")] * len(wanted)
        return library.changes.of_batch(batch)


def undo(library: Library, editor: Editor, entries: Sequence[Entry]) -> list[Undone]:
    with library.writing():
        results = Undo(library, editor, Report(quiet=True)).run(entry.id for entry in entries)
    assert not list(library.place.root.rglob(".phototag-*"))
    return results


def tags(editor: Editor, path: Path) -> dict[str, Values]:
    (answer,) = editor.read([str(path)])
    assert isinstance(answer, dict), answer
    return held(answer)


def test_every_container_comes_back_byte_for_byte(library: Library, editor: Editor) -> None:
    root = library.place.root
    before = contents(root)
    entries = write(library, editor, changes(library, editor))
    assert contents(root).keys() == before.keys() | {"g.xmp"}
    results = undo(library, editor, entries)
    assert {one.how for one in results} == {"bytes"}
    assert contents(root) == before
    states = {
        entry.id: entry.state for entry in Journal(library.journal).entries().values() if entry.change["kind"] != "undo"
    }
    assert set(states.values()) == {"undone"}
    again = undo(library, editor, Journal(library.journal).entries().values())
    assert {one.how for one in again} == {"refused"} and contents(root) == before
    assert {one.why for one in again} == {"it was taken back already", "it is an undo itself"}


def test_several_runs_come_back_the_newest_first_whatever_the_order(library: Library, editor: Editor) -> None:
    before = contents(library.place.root)
    runs = [write(library, editor, [change(library, editor, "a.jpg", {SUBJECT: (str(n),)})]) for n in range(3)]
    results = undo(library, editor, [entry for run in runs for entry in run])
    assert [one.id for one in results] == [runs[2][0].id, runs[1][0].id, runs[0][0].id]
    assert {one.how for one in results} == {"bytes"} and contents(library.place.root) == before


def test_what_a_person_did_since_stays(library: Library, editor: Editor) -> None:
    """Another program adds a keyword, deletes one of ours and sets a label: our words go, theirs stay."""
    path = library.place.root / "a.jpg"
    wanted: dict[str, Values] = {SUBJECT: ("mine", *WORDS), CAPTION: ("A dog.",)}
    entries = write(library, editor, [change(library, editor, "a.jpg", wanted)])
    if shutil.which("exiv2"):
        orders = ["-M", "set Xmp.dc.subject theirs", "-M", "set Xmp.xmp.Label XmpText Red"]
        subprocess.run(["exiv2", *orders, str(path)], check=True, capture_output=True)
    else:
        exiftool("-overwrite_original", "-XMP-dc:Subject+=theirs", "-XMP-xmp:Label=Red", str(path))
    exiftool("-overwrite_original", f"-XMP-dc:Subject-={WORDS[1]}", str(path))
    (result,) = undo(library, editor, entries)
    assert (result.how, set(result.fields), result.kept) == ("fields", {SUBJECT, CAPTION}, ())
    now = tags(editor, path)
    assert now[SUBJECT] == ("mine", "theirs") and CAPTION not in now and now[LABEL] == ("Red",)


def test_a_field_of_ours_that_was_edited_is_named_and_left(library: Library, editor: Editor) -> None:
    path = library.place.root / "c.webp"
    wanted: dict[str, Values] = {SUBJECT: ("mine", "dog"), CAPTION: ("A dog.",)}
    entries = write(library, editor, [change(library, editor, "c.webp", wanted)])
    exiftool("-overwrite_original", "-XMP-dc:Description-x-default=My own dog.", str(path))
    (result,) = undo(library, editor, entries)
    assert (result.how, result.fields, result.kept) == ("fields", (SUBJECT,), (CAPTION,))
    assert CAPTION in result.why
    now = tags(editor, path)
    assert now[SUBJECT] == ("mine",) and now[CAPTION] == ("My own dog.",)
    assert library.changes.entry(entries[0].id).state == "undone"  # type: ignore[union-attr]


def test_nothing_goes_back_where_all_of_ours_was_edited(library: Library, editor: Editor) -> None:
    path = library.place.root / "a.jpg"
    wanted: dict[str, Values] = {CAPTION: ("A dog.",), "XMP-phototag:MachineFields": ("caption=1234",)}
    entries = write(library, editor, [change(library, editor, "a.jpg", wanted)])
    exiftool("-overwrite_original", "-XMP-dc:Description-x-default=Mine.", str(path))
    content = path.read_bytes()
    (result,) = undo(library, editor, entries)
    assert (result.how, result.kept) == ("refused", (CAPTION,)) and path.read_bytes() == content
    assert library.changes.entry(entries[0].id).state == "done"  # type: ignore[union-attr]


def test_a_sidecar_that_we_made_goes_unless_somebody_wrote_into_it(library: Library, editor: Editor) -> None:
    root = library.place.root
    wanted = change(library, editor, "g.xmp", {SUBJECT: WORDS}, source="g.nef")
    undo(library, editor, write(library, editor, [wanted]))
    assert not (root / "g.xmp").exists()
    entries = write(library, editor, [wanted])
    exiftool("-overwrite_original", "-XMP-xmp:Rating=5", str(root / "g.xmp"))
    (result,) = undo(library, editor, entries)
    assert result.how == "fields"
    now = tags(editor, root / "g.xmp")
    assert SUBJECT not in now and now["XMP-xmp:Rating"] == ("5",)


def test_files_that_have_gone_or_cannot_be_written_are_said(library: Library, editor: Editor) -> None:
    root = library.place.root
    entries = write(library, editor, [change(library, editor, name) for name in ("a.jpg", "b.png", "f.xmp")])
    (root / "a.jpg").unlink()
    (root / "b.png").chmod(0o444)
    how = {one.path: (one.how, one.why) for one in undo(library, editor, entries)}
    assert how["a.jpg"][0] == "gone" and how["f.xmp"][0] == "bytes"
    assert how["b.png"][0] == "refused" and "read-only" in how["b.png"][1]


def test_after_forgetting_only_our_fields_go_back(library: Library, editor: Editor) -> None:
    path = library.place.root / "a.jpg"
    before = tags(editor, path)
    entries = write(library, editor, [change(library, editor, "a.jpg")])
    with library.writing():
        assert forget(library, Journal(library.journal), timedelta(seconds=-5))[0] == 1
    (result,) = undo(library, editor, entries)
    assert result.how == "fields" and tags(editor, path) == before


def test_a_damaged_pack_is_no_way_back(library: Library, editor: Editor) -> None:
    entries = write(library, editor, [change(library, editor, "a.jpg")])
    (pack,) = (library.place.state / "preimages").iterdir()
    pack.write_bytes(b"\0" * pack.stat().st_size)
    content = (library.place.root / "a.jpg").read_bytes()
    (result,) = undo(library, editor, entries)
    assert result.how == "refused" and "put together" in result.why
    assert (library.place.root / "a.jpg").read_bytes() == content


def test_an_undo_that_a_crash_cut_off_ends_as_the_digests_say(library: Library, editor: Editor) -> None:
    """The file is back, its journal lines are not: recovery writes both, the undo's and the original's."""
    before = contents(library.place.root)
    entries = write(
        library,
        editor,
        [change(library, editor, "a.jpg"), change(library, editor, "g.xmp", {SUBJECT: ("x",)}, source="g.nef")],
    )
    undo(library, editor, entries)
    log = library.journal.path
    lines = log.read_bytes().splitlines(keepends=True)
    for cut in (1, 2, 3, 4):
        log.write_bytes(b"".join(lines[:-cut]))
        journal = Journal(library.journal)
        half_done = [entry.state for entry in journal.open_ends()]
        assert half_done == ["ready"] * (1 if cut < 3 else 2)
        assert recover(journal, library.place, Report(quiet=True)) == {"done": len(half_done)}
        found = journal.entries()
        assert {found[entry.id].state for entry in entries} == {"undone"}
        assert {entry.state for entry in found.values() if entry.change["kind"] == "undo"} == {"done"}
    assert contents(library.place.root) == before


def test_an_undo_says_what_is_ours_afterwards(library: Library, editor: Editor) -> None:
    first = change(library, editor, "a.jpg", {SUBJECT: ("one",)})
    write(library, editor, [first])
    second = change(library, editor, "a.jpg", {SUBJECT: ("two",)})
    second = replace(second, base=replace(second.base, gone={"cat": "2024-01-01"}))
    entries = write(library, editor, [second])
    undo(library, editor, entries)
    (done,) = [entry for entry in Journal(library.journal).entries().values() if entry.change["kind"] == "undo"]
    told = Change.from_json(done.change)
    assert told.of == entries[0].id and told.base == replace(first.base, gone={"cat": "2024-01-01"})
    assert whole_file_digest(library.place.root / "a.jpg") == entries[0].before == done.after


@pytest.mark.parametrize(
    ("written", "now", "back"),
    [
        ((("a",), ("a", "x")), ("a", "x"), ("a",)),
        ((("a",), ("a", "x")), ("x", "a", "new"), ("a", "new")),
        ((("a", "b"), ("a", "x")), ("a", "x", "new"), ("a", "new", "b")),
        ((("a",), ("a", "x")), (), None),
        (((), ("x",)), ("y",), None),
    ],
)
def test_of_a_list_only_our_words_go(written: tuple[Values, Values], now: Values, back: Values | None) -> None:
    found, left = way_back({SUBJECT: written}, {SUBJECT: now} if now else {})
    assert found == ({} if back is None else {SUBJECT: (now, back)})
    assert left == ()


def test_of_a_single_field_all_or_nothing() -> None:
    written: dict[str, tuple[Values, Values]] = {CAPTION: (("old",), ("new",))}
    assert way_back(written, {CAPTION: ("new",)}) == ({CAPTION: (("new",), ("old",))}, ())
    assert way_back(written, {CAPTION: ("old",)}) == ({}, ())
    assert way_back(written, {CAPTION: ("edited",)}) == ({}, (CAPTION,))
    assert way_back(written, {}) == ({}, (CAPTION,))
