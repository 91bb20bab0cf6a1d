"""Copies of originals: each is what its original was, with our tags or as it is, and no original is ever written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from phototag.change.clone import copied
from phototag.change.copying import inside, original_stays
from phototag.change.editor import Editor, Written
from phototag.change.fields import TAGS, held
from phototag.change.guards import Refusal
from phototag.change.job import Job, job_of
from phototag.change.journal import Journal, recover
from phototag.change.plan import base_of
from phototag.change.undo import Undo, Undone
from phototag.change.writer import TOGETHER, Outcome, Rehearsal, Writer
from phototag.errors import NoSpace, Unreadable
from phototag.read.identity import identify, whole_file_digest
from phototag.records import Change, Entry, Values
from phototag.report import Report
from phototag.store.library import Library, open_library
from tests.writing import CONTAINERS, LONG_AGO, SUBJECT, WORDS, contents, everywhere, exiftool, make_files
from tests.writing import change as change_of

EVENT = "2024/05 May/Zoo"
TIME_NS = LONG_AGO * 10**9 + 123_456_789


def make_originals(folder: Path) -> None:
    """A picture of each container, a sidecar, a raw, a film and what an iPhone puts beside a photo."""
    make_files(folder)
    (folder / "film.mp4").write_bytes(os.urandom(3 << 20))
    (folder / "a.aae").write_text("<plist/>")
    for path in folder.iterdir():
        os.utime(path, ns=(TIME_NS - 7, TIME_NS))


def copy(library: Library, origin: Path, target: str = "", container: str = "") -> Change:
    """A wish for a copy as it is."""
    found = origin.stat()
    target = target or f"{EVENT}/{origin.name}"
    return Change(
        kind="copy",
        target=target,
        source=target,
        image_id="p1",
        container=container or CONTAINERS.get(origin.name, origin.suffix[1:]),
        expect="",
        origin=library.place.stored(str(origin)),
        seen=(found.st_size, found.st_mtime_ns),
    )


def tagged(library: Library, editor: Editor, origin: Path, target: str = "") -> Change:
    """A wish for a copy with keywords."""
    as_it_is = copy(library, origin, target)
    (found,) = editor.read([str(origin)])
    assert isinstance(found, dict)
    now = held(found)
    pairs = {tag: (now.get(tag, ()), values) for tag, values in everywhere(now, WORDS).items()}
    return replace(as_it_is, fields=pairs, original=whole_file_digest(origin))


def sidecar(library: Library, origin: Path, copied_to: str) -> Change:
    """A wish for a new sidecar beside a copy."""
    words: tuple[Values, Values] = ((), ("mine", *WORDS))
    stored = library.place.stored(str(origin))
    return Change("sidecar", f"{copied_to}.xmp", copied_to, "p1", "xmp", "", {SUBJECT: words}, origin=stored)


def page(text: str, target: str = f"{EVENT}/metadata/a.json", expect: str = "") -> Change:
    """A wish for a small file of ours."""
    return Change("json", target, f"{EVENT}/a.jpg", "p1", "json", expect, text=text)


def everything(library: Library, editor: Editor, originals: Path) -> list[Change]:
    """Copies of all sorts, a sidecar and a page, in two events."""
    with_tags = [tagged(library, editor, originals / name) for name in CONTAINERS]
    raw = copy(library, originals / "g.nef", "2024/06 June/Sea/g.nef")
    plain = [copy(library, originals / name) for name in ("film.mp4", "a.aae")]
    return [*with_tags, raw, *plain, sidecar(library, originals / "g.nef", raw.target), page('{"a": 1}')]


def tree(folder: Path) -> list[str]:
    """Every file and folder below it, without the library's own."""
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(path.as_posix() for path in paths if ".phototag" not in path.parts)


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int, int]]:
    """What must never change in a folder of originals."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", found.st_mtime_ns, found.st_mode, found.st_nlink)
        for path in (folder, *sorted(folder.rglob("*")))
        if (found := path.stat())
    }


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(2) as one:
        yield one


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "originals"
    make_originals(folder)
    return folder


@pytest.fixture
def originals(made: Path, tmp_path: Path) -> Iterator[Path]:
    """Originals of this test; whatever it does through us, they are as they were unless it says `touched`."""
    folder = tmp_path / "originals"
    shutil.copytree(made, folder)
    before = state_of(folder)
    yield folder
    if not (tmp_path / "touched").exists():
        assert state_of(folder) == before


@pytest.fixture
def touched(tmp_path: Path) -> None:
    """This test changes originals itself."""
    (tmp_path / "touched").touch()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return open_library(tmp_path / "tree", make=True)


def write(library: Library, editor: Any, wanted: Sequence[Change], **options: Any) -> list[Outcome]:
    with library.writing():
        batch = Journal(library.journal).begin("organize")
        options = {"settle_seconds": 0, "report": Report(quiet=True)} | options
        outcomes = Writer(library, editor, **options).write(wanted, batch)
    assert not list(library.place.root.rglob(".phototag-*"))
    return outcomes


def done(library: Library, editor: Any, wanted: Sequence[Change]) -> list[Entry]:
    """The entries of a run in which all went well."""
    outcomes = write(library, editor, wanted)
    assert [(one.state, one.why) for one in outcomes] == [("done", "")] * len(wanted)
    return library.changes.of_batch(library.changes.batches()[-1].id)


def undo(library: Library, editor: Editor, entries: Sequence[Entry]) -> list[Undone]:
    with library.writing():
        return Undo(library, editor, Report(quiet=True)).run(entry.id for entry in entries)


def refused(library: Library, editor: Any, wanted: Change, *, plain: bool = False) -> str:
    """Why the one change is refused; the tree is as it was, with no folder more."""
    before = tree(library.place.root)
    (outcome,) = write(library, editor, [wanted])
    assert (outcome.state, outcome.plain) == ("refused", plain), outcome
    assert tree(library.place.root) == before
    return outcome.why


# ---- copies


def test_copies_of_all_sorts_say_what_was_planned_and_are_their_originals(
    library: Library, editor: Editor, originals: Path
) -> None:
    root = library.place.root
    wanted = everything(library, editor, originals)
    done(library, editor, wanted)
    assert len(contents(root)) == len(wanted)
    for one in wanted:
        path, origin = root / one.target, Path(one.origin)
        if one.fields:
            (answer,) = editor.read([str(path)])
            assert not isinstance(answer, Unreadable)
            assert {tag: held(answer).get(tag) for tag in one.fields} == {
                t: after for t, (_, after) in one.fields.items()
            }
        if one.kind == "copy":
            assert (path.stat().st_mtime_ns, path.stat().st_nlink) == (TIME_NS, 1)
            assert (path.read_bytes() == origin.read_bytes()) == (not one.fields)
        if one.kind == "copy" and one.fields and one.container != "xmp":
            assert identify(path, one.container) == identify(origin, one.container)
    assert "Exposure2012" in (root / EVENT / "f.xmp").read_text()


def test_the_journal_says_where_a_copy_comes_from_and_which_folders_were_made(
    library: Library, editor: Editor, originals: Path
) -> None:
    (library.place.root / "2024").mkdir()
    entries = done(library, editor, everything(library, editor, originals))
    for entry in entries:
        change = entry.change
        assert entry.after == whole_file_digest(library.place.actual(change["target"])) and entry.before == ""
        assert "text" not in change and Change.from_json(change).kind in ("copy", "sidecar", "json")
        if change["kind"] == "copy":
            assert entry.keep == {"original": whole_file_digest(change["origin"])}
        above = [one.as_posix() for one in Path(change["target"]).parents]
        assert change["folders"] == sorted(one for one in above if one not in (".", "2024"))
    assert not (library.place.state / "preimages").exists(), "no pack is written for what was made"
    assert {row.counts["done"] for row in library.changes.batches()} == {len(entries)}
    assert entries == [library.changes.entry(entry.id) for entry in entries]


def test_time_mode_and_attributes_of_the_original_go_with_the_copy(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    for name, mode in (("a.jpg", 0o444), ("film.mp4", 0o440)):
        os.chmod(originals / name, mode)
    try:
        os.setxattr(originals / "film.mp4", "user.note", b"a person's")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    os.utime(originals / "film.mp4", ns=(TIME_NS + 5, TIME_NS))
    done(library, editor, [tagged(library, editor, originals / "a.jpg"), copy(library, originals / "film.mp4")])
    film = library.place.root / EVENT / "film.mp4"
    assert (film.stat().st_atime_ns, film.stat().st_mtime_ns) == (TIME_NS + 5, TIME_NS)
    assert (film.stat().st_mode & 0o777, (film.parent / "a.jpg").stat().st_mode & 0o777) == (0o640, 0o644)
    assert os.getxattr(film, "user.note") == b"a person's"


def test_a_new_sidecar_begins_with_what_the_original_says(library: Library, editor: Editor, originals: Path) -> None:
    """Its copy is not there yet when it is made, nor is it ever made where the copy is refused."""
    plain = replace(copy(library, originals / "a.jpg"), original="0" * 32)
    wanted = sidecar(library, originals / "a.jpg", plain.target)
    outcomes = write(library, editor, [plain, wanted])
    assert [one.state for one in outcomes] == ["refused", "refused"] and "copy" in outcomes[1].why
    assert tree(library.place.root) == []
    done(library, editor, [replace(plain, original=""), wanted])
    path = library.place.root / wanted.target
    assert exiftool("-s3", "-XMP-xmp:Rating", str(path)).strip() == "4"
    assert path.stat().st_mtime_ns > TIME_NS


def test_each_refusal_to_copy_has_a_sentence(library: Library, editor: Editor, originals: Path, touched: None) -> None:
    root, film = library.place.root, originals / "film.mp4"
    wanted = copy(library, film)
    assert "has changed since" in refused(library, editor, replace(wanted, seen=(1, TIME_NS)))
    assert "has changed since" in refused(library, editor, replace(wanted, seen=(wanted.seen[0], 1)))
    assert "has changed since" in refused(library, editor, replace(wanted, original="0" * 32))
    with_tags = replace(tagged(library, editor, originals / "a.jpg"), original="0" * 32)
    assert "has changed since" in refused(library, editor, with_tags)
    assert "gone" in refused(library, editor, replace(wanted, origin=str(originals / "nothing.mp4")))
    assert "regular file" in refused(library, editor, replace(wanted, origin=str(originals), seen=(0, 0)))
    os.mkfifo(originals / "pipe")
    assert "regular file" in refused(library, editor, replace(wanted, origin=str(originals / "pipe"), seen=(0, 0)))
    (root / EVENT).mkdir(parents=True)
    (root / EVENT / film.name).write_text("a person's")
    assert "appeared" in refused(library, editor, wanted)
    (root / EVENT / film.name).unlink()
    (root / EVENT / film.name).symlink_to("nowhere")
    assert "appeared" in refused(library, editor, wanted)
    (root / EVENT / film.name).unlink()
    (root / EVENT).chmod(0o555)
    assert "read-only" in refused(library, editor, wanted)
    assert "read-only" in refused(library, editor, page("{}"))
    (root / EVENT).chmod(0o755)
    (root / "2024" / "file").write_text("a person's")
    assert "reached" in refused(library, editor, replace(wanted, target="2024/file/film.mp4"))
    assert "too long" in refused(library, editor, replace(wanted, target=f"2024/{'x' * 300}/film.mp4"))
    assert (originals / "film.mp4").stat().st_nlink == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_original_that_may_not_be_read_is_refused(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    (originals / "film.mp4").chmod(0)
    assert "cannot be opened (Permission denied)" in refused(library, editor, copy(library, originals / "film.mp4"))


def test_no_link_leads_out_of_the_root_or_into_our_own_folder(
    library: Library, editor: Editor, originals: Path, tmp_path: Path
) -> None:
    root = library.place.root
    (tmp_path / "elsewhere").mkdir()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "ours").symlink_to(".phototag")
    (root / "in").mkdir()
    (root / "also in").symlink_to("in")
    wanted = copy(library, originals / "a.aae")
    for target, why in {
        "out/a.aae": "outside",
        "out/deep/er/a.aae": "outside",
        "../a.aae": "outside",
        str(tmp_path / "a.aae"): "outside",
        ".phototag/a.aae": "own folder",
        "in/.PhotoTag/a.aae": "own folder",
        "ours/new/a.aae": "own folder",
    }.items():
        assert why in refused(library, editor, replace(wanted, target=target))
        assert why in refused(library, editor, page("{}", target))
        (rehearsed,) = Rehearsal(library, settle_seconds=0).write([replace(wanted, target=target)])
        assert why in rehearsed.why
    assert not list((tmp_path / "elsewhere").iterdir())
    assert write(library, editor, [replace(wanted, target="also in/new/a.aae")])[0].state == "done"
    assert (root / "in" / "new" / "a.aae").exists()


class Meddling:
    """The real editor, and somebody who does something after it wrote or while it reads."""

    def __init__(self, editor: Editor, wrote: Any = None, read: Any = None) -> None:
        self._editor, self._wrote, self._read = editor, wrote, read

    def write_copy(self, source: str | None, temp: str, one: Change, *, seed: str = "") -> Written:
        written = self._editor.write_copy(source, temp, one, seed=seed)
        return (self._wrote(temp) if self._wrote else None) or written

    def look_ahead(self, seeds: Sequence[str]) -> None:
        self._editor.look_ahead(seeds)

    def read(self, paths: Sequence[str], tags: Sequence[str] = TAGS) -> list[Any]:
        found = self._editor.read(paths, tags)
        if self._read:
            self._read()
        return found


def test_where_only_its_tags_stand_in_the_way_a_copy_without_them_is_offered(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    wanted = tagged(library, editor, originals / "a.jpg")

    def complain(temp: str) -> Written:
        Path(temp).unlink()
        return Written(False, "ExifTool: maker notes could suffer", minor=True)

    def without_ours(temp: str) -> None:
        exiftool("-overwrite_original", "-XMP-dc:Subject=", temp)

    def cut(temp: str) -> None:
        Path(temp).write_bytes(Path(temp).read_bytes()[:-2])

    assert "maker notes" in refused(library, Meddling(editor, complain), wanted, plain=True)
    assert write(library, Meddling(editor, complain), [wanted])[0].minor
    assert "not read back" in refused(library, Meddling(editor, without_ours), wanted, plain=True)
    assert "no end marker" in refused(library, Meddling(editor, cut), wanted, plain=True)
    damaged = originals / "a.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-2])
    wanted = tagged(library, editor, damaged)
    assert "no end marker" in refused(library, editor, wanted, plain=True)
    (rehearsed,) = Rehearsal(library, settle_seconds=0).write([wanted])
    assert (rehearsed.state, rehearsed.plain) == ("refused", True)
    done(library, editor, [replace(wanted, fields={}), sidecar(library, damaged, wanted.target)])
    assert (library.place.root / wanted.target).read_bytes() == damaged.read_bytes()


def test_an_original_that_changes_while_it_is_copied_is_refused(
    library: Library, editor: Editor, originals: Path, touched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tagged(library, editor, originals / "a.jpg")
    assert "while it was being" in refused(library, Meddling(editor, lambda _: (originals / "a.jpg").touch()), wanted)

    def slow(origin: Path, temp: Path) -> str:
        digest = copied(origin, temp)
        with origin.open("ab") as file:
            file.write(b"more")
        return digest

    monkeypatch.setattr("phototag.change.clone.copied", slow)
    assert "while it was being" in refused(library, editor, copy(library, originals / "film.mp4"))


def test_bytes_that_did_not_reach_the_disk_are_no_copy(
    library: Library, editor: Editor, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(origin: Path, temp: Path) -> str:
        digest = copied(origin, temp)
        temp.write_bytes(temp.read_bytes()[:-1] + b"?")
        return digest

    monkeypatch.setattr("phototag.change.clone.copied", broken)
    assert "not what was read" in refused(library, editor, copy(library, originals / "film.mp4"))


def test_what_appears_while_a_copy_is_made_is_not_overwritten(
    library: Library, editor: Editor, originals: Path
) -> None:
    wanted = tagged(library, editor, originals / "a.jpg")
    path = library.place.root / wanted.target
    (outcome,) = write(library, Meddling(editor, read=lambda: path.write_text("a person's")), [wanted])
    assert "meanwhile" in outcome.why and not outcome.plain and path.read_text() == "a person's"
    assert Journal(library.journal).entries()[f"{library.changes.batches()[-1].id}-000001"].state == "aborted"


def test_a_folder_that_only_refused_files_needed_goes_again(library: Library, editor: Editor, originals: Path) -> None:
    bad = replace(copy(library, originals / "a.aae", f"{EVENT}/deep/a.aae"), original="0" * 32)
    good = copy(library, originals / "film.mp4")
    assert [one.state for one in write(library, editor, [bad, good])] == ["refused", "done"]
    assert tree(library.place.root)[-1] == f"{EVENT}/film.mp4" and not (library.place.root / EVENT / "deep").exists()


def test_a_rehearsal_of_copies_touches_nothing(library: Library, editor: Editor, originals: Path) -> None:
    wanted = [*everything(library, editor, originals), copy(library, originals / "film.mp4", container="mp4")]
    outcomes = Rehearsal(library, settle_seconds=0).write([*wanted, replace(wanted[0], seen=(1, 1))])
    assert [one.state for one in outcomes] == ["planned"] * len(wanted) + ["refused"]
    assert tree(library.place.root) == [] and library.journal.size() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="counts what Linux calls opening")
def test_originals_are_opened_for_reading_alone(library: Library, editor: Editor, originals: Path) -> None:
    opened: list[tuple[str, int]] = []
    watched = [True]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watched and event == "open" and str(arguments[0]).startswith(str(originals)):
            opened.append((str(arguments[0]), arguments[2]))
        if watched and event in ("os.remove", "os.rename", "os.link", "os.chmod", "os.utime", "os.truncate"):
            assert not str(arguments[0]).startswith(str(originals)), (event, arguments)

    sys.addaudithook(watch)
    entries = done(library, editor, everything(library, editor, originals))
    undo(library, editor, entries)
    watched.clear()
    assert {Path(path).name for path, _ in opened} >= {"a.jpg", "film.mp4", "a.aae", "g.nef"}
    written = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    assert not [path for path, flags in opened if flags & written]


def test_originals_on_a_disk_that_cannot_be_written_are_copied(
    library: Library, editor: Editor, made: Path, small_disk: Path
) -> None:
    """What no program may write, ours and ExifTool did not have to."""
    for name in ("a.jpg", "f.xmp", "g.nef"):
        shutil.copy2(made / name, small_disk / name)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    wanted = [tagged(library, editor, small_disk / name) for name in ("a.jpg", "f.xmp")]
    raw = copy(library, small_disk / "g.nef")
    entries = done(library, editor, [*wanted, raw, sidecar(library, small_disk / "g.nef", raw.target)])
    assert {one.how for one in undo(library, editor, entries)} == {"bytes"}


@pytest.mark.parametrize("sort", ["plain", "tagged"])
def test_a_full_disk_stops_the_run_and_leaves_no_half_copy(
    editor: Editor, originals: Path, small_disk: Path, touched: None, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    library = open_library(small_disk, make=True)
    Image.new("RGB", (1100, 1000)).save(originals / "d.tif")
    large = copy(library, originals / "film.mp4", "big/film.mp4")
    if sort == "tagged":
        large = tagged(library, editor, originals / "d.tif", "big/d.tif")
    for room, small in ((1 << 20, "a.aae"), (-(10 << 20), "g.nef")):
        monkeypatch.setattr("phototag.change.copying._ROOM", room)  # the second time as if others had been faster
        with pytest.raises(NoSpace, match="big"):
            write(library, editor, [copy(library, originals / small), large])
        assert (small_disk / EVENT / small).exists(), "what was done before stays done"
        assert not (small_disk / "big").exists() and not list(small_disk.rglob(".phototag-*"))
    assert {entry.state for entry in Journal(library.journal).entries().values()} == {"done", "aborted"}
    done(library, editor, [tagged(library, editor, originals / "b.png")])


# ---- copies that take the place of copies


def renewal(library: Library, editor: Editor, origin: Path, *words: str) -> Change:
    """The original is edited, and a copy of it shall replace the copy of before; tagged where words are given."""
    edited(origin)
    wanted = tagged(library, editor, origin) if words else copy(library, origin)
    return replace(wanted, expect=whole_file_digest(library.place.root / wanted.target))


def edited(origin: Path) -> None:
    if origin.suffix[1:] in ("mp4", "aae"):
        with origin.open("ab") as file:
            file.write(b"more")
    else:
        exiftool("-overwrite_original", "-XMP-xmp:Label=Red", str(origin))
    os.utime(origin, ns=(TIME_NS, TIME_NS + 10**12))


def label(path: Path) -> str:
    return exiftool("-s3", "-XMP-xmp:Label", str(path)).strip()


def test_a_renewal_is_a_copy_of_the_original_and_is_taken_back_to_the_byte(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    event, names = library.place.root / EVENT, (*CONTAINERS, "film.mp4", "a.aae")
    first = done(library, editor, everything(library, editor, originals))
    before = contents(library.place.root)
    wanted = [renewal(library, editor, originals / name, *(WORDS if name in CONTAINERS else ())) for name in names]
    kept = state_of(originals)
    entries = done(library, editor, wanted)
    assert state_of(originals) == kept
    for name, entry in zip(names, entries, strict=True):
        path, origin = event / name, originals / name
        assert (entry.before, entry.after) == (wanted[names.index(name)].expect, whole_file_digest(path))
        assert (
            entry.keep["original"] == whole_file_digest(origin) and entry.keep["pack"] and not entry.change["folders"]
        )
        assert path.stat().st_mtime_ns == TIME_NS + 10**12
        if name in CONTAINERS:
            assert label(path) == "Red" and WORDS[0] in exiftool("-s3", "-XMP-dc:Subject", str(path))
        else:
            assert path.read_bytes() == origin.read_bytes()
    (early,) = undo(library, editor, first[:1])
    assert early.why == f"the run {entries[0].batch} changed it since; take that one back first"
    assert {(one.how, one.why) for one in undo(library, editor, entries)} == {("bytes", "")}
    assert contents(library.place.root) == before and state_of(originals) == kept


def test_only_a_copy_that_is_as_we_left_it_is_replaced(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    path, film = library.place.root / EVENT / "film.mp4", originals / "film.mp4"
    done(library, editor, [copy(library, film)])
    ours = path.read_bytes()
    wanted = renewal(library, editor, film)
    path.write_bytes(b"a person's")
    assert "is yours" in refused(library, editor, wanted) and path.read_bytes() == b"a person's"
    path.unlink()
    assert "has gone" in refused(library, editor, wanted)
    path.symlink_to(film)
    assert "a link stands in its place" in refused(library, editor, replace(wanted, expect=whole_file_digest(film)))
    path.unlink()
    path.hardlink_to(film)
    one_file = replace(wanted, expect=whole_file_digest(film))
    assert "2 names" in refused(library, editor, one_file)
    (outcome,) = write(library, editor, [one_file], break_links=True)
    assert outcome.state == "refused" and "one file" in outcome.why and path.samefile(film)
    path.unlink()
    path.write_bytes(ours)
    path.chmod(0o444)
    assert "read-only" in refused(library, editor, wanted)
    path.chmod(0o644)
    assert "has changed since" in refused(library, editor, replace(wanted, seen=(1, 1)))
    assert path.read_bytes() == ours
    done(library, editor, [wanted])
    assert path.read_bytes() == film.read_bytes()


def test_a_copy_that_we_made_a_moment_ago_may_be_replaced_and_an_equal_one_is_not(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    film = originals / "film.mp4"
    os.utime(film)
    (entry,) = done(library, editor, [copy(library, film)])
    same = replace(copy(library, film), expect=entry.after)
    assert write(library, editor, [same], settle_seconds=60)[0].state == "unchanged"
    with film.open("ab") as file:
        file.write(b"more")
    assert (
        write(library, editor, [replace(copy(library, film), expect=entry.after)], settle_seconds=60)[0].state == "done"
    )


def test_what_a_person_gave_a_copy_stays_with_its_renewal(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    done(library, editor, [tagged(library, editor, originals / "a.jpg")])
    path = library.place.root / EVENT / "a.jpg"
    path.chmod(0o600)
    try:
        os.setxattr(path, "user.colour", b"red")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    done(library, editor, [renewal(library, editor, originals / "a.jpg", *WORDS)])
    assert label(path) == "Red" and path.stat().st_mode & 0o777 == 0o600 and os.getxattr(path, "user.colour") == b"red"


def test_a_damaged_original_replaces_no_copy(library: Library, editor: Editor, originals: Path, touched: None) -> None:
    done(library, editor, [tagged(library, editor, originals / "a.jpg")])
    path = library.place.root / EVENT / "a.jpg"
    before, wanted = path.read_bytes(), renewal(library, editor, originals / "a.jpg", *WORDS)
    found = (originals / "a.jpg").read_bytes()
    (originals / "a.jpg").write_bytes(found[: len(found) // 2])
    half = replace(copy(library, originals / "a.jpg"), fields=wanted.fields, expect=wanted.expect)
    assert "cut short" in refused(library, editor, half)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("reached", "file_is", "end"),
    [
        ("begun", "old", "aborted"),
        ("ready", "old", "aborted"),
        ("ready", "new", "done"),
        ("ready", "other", "unknown"),
        ("ready", "gone", "unknown"),
    ],
)
def test_a_renewal_that_a_crash_cut_ends_as_the_digests_say(
    library: Library, editor: Editor, originals: Path, touched: None, reached: str, file_is: str, end: str
) -> None:
    done(library, editor, [copy(library, originals / "a.aae")])
    path = library.place.root / EVENT / "a.aae"
    old, whole = path.read_bytes(), library.journal.path.read_bytes().count(b"\n")
    done(library, editor, [renewal(library, editor, originals / "a.aae")])
    new, lines = path.read_bytes(), library.journal.path.read_bytes().splitlines(keepends=True)
    library.journal.path.write_bytes(b"".join(lines[: whole + (2 if reached == "begun" else 3)]))
    journal = Journal(library.journal)
    (entry,) = journal.open_ends()
    temp = Path(library.place.actual(entry.change["temp"]))
    if file_is != "new":
        temp.write_bytes(b"half")
    content = {"old": old, "new": new, "other": b"a person's"}.get(file_is)
    path.unlink() if content is None else path.write_bytes(content)
    assert recover(journal, library.place, Report(quiet=True)) == {end: 1}
    assert not temp.exists() and (path.read_bytes() if path.exists() else None) == content


# ---- small files of ours


def test_a_page_of_ours_is_made_replaced_left_alone_and_taken_back(
    library: Library, editor: Editor, originals: Path
) -> None:
    root = library.place.root
    first = page('{"caption": "Müller \udcff"}')
    (made,) = done(library, editor, [first])
    path = root / first.target
    assert path.read_bytes() == '{"caption": "Müller \\udcff"}'.encode()
    digest = whole_file_digest(path)
    for same in (first, replace(first, expect=digest)):
        assert [one.state for one in write(library, editor, [same])] == ["unchanged"]
    assert "appeared" in refused(library, editor, page("other"))
    assert "planned" in refused(library, editor, page("other", expect="0" * 32))
    (second,) = done(library, editor, [page("{}", expect=digest)])
    assert path.read_bytes() == b"{}" and second.keep
    assert "Müller" not in library.journal.path.read_text()
    (early,) = undo(library, editor, [made])
    assert early.how == "refused" and f"the run {second.batch} changed it" in early.why
    assert [one.how for one in undo(library, editor, [second])] == ["bytes"]
    assert whole_file_digest(path) == digest
    path.write_text("a person's")
    assert [one.why for one in undo(library, editor, [made])] == ["it was changed since and is yours"]
    path.write_bytes('{"caption": "Müller \\udcff"}'.encode())
    assert [one.how for one in undo(library, editor, [made])] == ["bytes"] and tree(root) == []


def test_a_page_that_we_wrote_a_moment_ago_may_be_written_again(library: Library, editor: Editor) -> None:
    (entry,) = done(library, editor, [page("one")])
    again = page("two", expect=entry.after)
    assert write(library, editor, [again], settle_seconds=60)[0].state == "done"


# ---- taking back


def test_all_sorts_come_back_with_their_folders_and_can_be_made_again(
    library: Library, editor: Editor, originals: Path
) -> None:
    root = library.place.root
    (root / "2024").mkdir()
    (root / "theirs").mkdir()
    wanted = everything(library, editor, originals)
    entries = done(library, editor, wanted)
    once = contents(root).keys(), tree(root)
    results = undo(library, editor, entries)
    assert {(one.how, one.why) for one in results} == {("bytes", "")}
    assert tree(root) == ["2024", "theirs"]
    assert {one.why for one in undo(library, editor, entries)} == {"it was taken back already"}
    again = done(library, editor, wanted)
    assert (contents(root).keys(), tree(root)) == once
    assert {one.how for one in undo(library, editor, again)} == {"bytes"} and tree(root) == ["2024", "theirs"]


def test_a_copy_stays_where_it_may_be_the_only_one(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    names = ("a.jpg", "b.png", "film.mp4", "a.aae")
    wanted = [tagged(library, editor, originals / name) for name in names[:2]]
    entries = done(library, editor, [*wanted, *(copy(library, originals / name) for name in names[2:])])
    (originals / "a.jpg").unlink()
    (originals / "b.png").write_bytes(b"another")
    (originals / "film.mp4").unlink()
    (originals / "film.mp4").symlink_to(library.place.root / EVENT / "film.mp4")
    results = {Path(one.path).name: (one.how, one.why) for one in undo(library, editor, entries)}
    only = "may be the only one"
    assert all(results[name][0] == "refused" and only in results[name][1] for name in names[:3])
    assert results["a.aae"] == ("bytes", "")
    assert {path.name for path in (library.place.root / EVENT).iterdir()} == set(names[:3])
    assert {library.changes.entry(entry.id).state for entry in entries[:3]} == {"done"}  # type: ignore[union-attr]


def test_a_link_in_the_place_of_a_copy_never_leads_us_to_the_original(
    library: Library, editor: Editor, originals: Path, touched: None
) -> None:
    root, film = library.place.root, originals / "film.mp4"
    entries = done(library, editor, [copy(library, film), copy(library, originals / "a.aae", "2025/a.aae")])
    (root / EVENT / "film.mp4").unlink()
    (root / EVENT / "film.mp4").symlink_to(film)
    shutil.rmtree(root / "2025")
    (root / "2025").symlink_to(originals)
    results = undo(library, editor, entries)
    assert [one.how for one in results] == ["refused", "refused"], results
    assert "outside" in results[0].why and "a link stands" in results[1].why
    assert film.exists() and (originals / "a.aae").exists()
    (root / EVENT / "film.mp4").unlink()
    (root / EVENT / "film.mp4").hardlink_to(film)
    (result,) = undo(library, editor, entries[:1])
    assert result.how == "refused" and film.exists() and (root / EVENT / "film.mp4").exists()


def test_a_copy_that_was_changed_since_is_its_owners_or_a_later_runs(
    library: Library, editor: Editor, originals: Path
) -> None:
    root = library.place.root
    entries = done(library, editor, [tagged(library, editor, originals / n) for n in ("a.jpg", "b.png")])
    exiftool("-overwrite_original", "-XMP-xmp:Label=Red", str(root / EVENT / "b.png"))
    later = change_of(library, editor, f"{EVENT}/a.jpg", {SUBJECT: ("later",)}, container="jpeg")
    later_entries = done(library, editor, [later])
    why = {Path(one.path).name: one.why for one in undo(library, editor, entries)}
    assert why["b.png"] == "it was changed since and is yours"
    assert why["a.jpg"] == f"the run {later_entries[0].batch} changed it since; take that one back first"
    results = undo(library, editor, [*entries[:1], *later_entries])
    assert [one.how for one in results] == ["bytes", "bytes"]
    assert tree(root / EVENT) == ["b.png"]


def test_copies_that_a_person_removed_leave_no_empty_folders(library: Library, editor: Editor, originals: Path) -> None:
    entries = done(library, editor, [copy(library, originals / "a.aae")])
    (library.place.root / EVENT / "a.aae").unlink()
    assert [one.how for one in undo(library, editor, entries)] == ["gone"]
    assert tree(library.place.root) == []


def test_only_a_copy_with_tags_is_a_base(library: Library, editor: Editor, originals: Path) -> None:
    plain, with_tags = done(
        library, editor, [copy(library, originals / "film.mp4"), tagged(library, editor, originals / "a.jpg")]
    )
    assert base_of([plain], plain.after) is None
    assert base_of([with_tags], with_tags.after) == Change.from_json(with_tags.change).base


def test_an_original_that_goes_at_the_last_moment_keeps_its_copy(
    library: Library, editor: Editor, originals: Path, touched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = done(library, editor, [copy(library, originals / "film.mp4")])

    def seen_then_gone(job: Job) -> None:
        original_stays(job)
        job.origin.unlink()

    monkeypatch.setattr("phototag.change.copying.original_stays", seen_then_gone)
    (result,) = undo(library, editor, entries)
    assert result.how == "refused" and "may be the only one" in result.why
    assert (library.place.root / EVENT / "film.mp4").stat().st_size == 3 << 20


def test_a_folder_that_became_a_link_since_it_was_planned_is_refused(library: Library, tmp_path: Path) -> None:
    (library.place.root / "2024").mkdir()
    job = job_of(library.place, page("{}", "2024/a.json"))
    inside(library.place, job)
    (library.place.root / "2024").rmdir()
    (library.place.root / "2024").symlink_to(tmp_path)
    with pytest.raises(Refusal, match="outside"):
        inside(library.place, job)


def test_every_group_of_a_run_names_the_folders_that_the_run_made(
    library: Library, editor: Editor, originals: Path
) -> None:
    """So that the folders go whichever group's files are the last to be taken back."""
    count = TOGETHER + 2
    wanted = [copy(library, originals / "a.aae", f"{EVENT}/{number}.aae") for number in range(count)]
    entries = done(library, editor, wanted)
    assert {tuple(entry.change["folders"]) for entry in entries} == {("2024", "2024/05 May", EVENT)}
    undo(library, editor, entries[:TOGETHER])
    assert len(tree(library.place.root)) == 5
    undo(library, editor, entries[TOGETHER:])
    assert tree(library.place.root) == []


def test_copies_are_taken_back_from_a_full_disk(
    editor: Editor, originals: Path, small_disk: Path, touched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = open_library(small_disk, make=True)
    monkeypatch.setattr("phototag.change.copying._ROOM", 0)
    with (originals / "film.mp4").open("r+b") as film:
        film.truncate(1300 << 10)
    entries = done(library, editor, [copy(library, originals / "film.mp4")])
    assert {one.how for one in undo(library, editor, entries)} == {"bytes"}


# ---- after a crash


@pytest.mark.parametrize("kind", ["copy", "sidecar", "json"])
def test_what_a_crash_left_ends_as_the_digests_say_whether_its_folders_were_made_or_not(
    library: Library, editor: Editor, originals: Path, kind: str
) -> None:
    root = library.place.root
    wanted = next(one for one in everything(library, editor, originals) if one.kind == kind)
    wanted = replace(wanted, source="") if kind == "sidecar" else wanted  # the root, which is there
    done(library, editor, [wanted])
    lines = library.journal.path.read_bytes().splitlines(keepends=True)
    whole = contents(root)
    for reached, file_is, end in (
        ("begun", "absent", "aborted"),
        ("begun", "temp", "aborted"),
        ("ready", "temp", "aborted"),
        ("ready", "absent", "aborted"),
        ("ready", "there", "done"),
        ("ready", "other", "unknown"),
    ):
        shutil.rmtree(root / "2024", ignore_errors=True)
        path = root / wanted.target
        if file_is != "absent":
            path.parent.mkdir(parents=True)
        if file_is in ("there", "other"):
            path.write_bytes(whole[wanted.target] if file_is == "there" else b"a person's")
        library.journal.path.write_bytes(b"".join(lines[: 3 if reached == "begun" else 4]))
        journal = Journal(library.journal)
        (entry,) = journal.open_ends()
        if file_is == "temp":
            Path(library.place.actual(entry.change["temp"])).write_bytes(b"half")
        assert recover(journal, library.place, Report(quiet=True)) == {end: 1}
        left = [name for name in tree(root) if (root / name).is_file()]
        assert left == ([wanted.target] if file_is in ("there", "other") else [])
        assert bool(left) == (root / "2024").exists()


def test_a_line_that_names_folders_of_others_removes_none_outside(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    folders = [str(tmp_path / "empty"), "../empty", "", 7]
    change = {"kind": "copy", "target": "x/a.jpg", "origin": "/o.jpg", "temp": "x/.phototag-1.jpg", "folders": folders}
    journal = Journal(library.journal)
    journal.append([Entry("e1", "b1", "begun", change)])
    assert recover(journal, library.place, Report(quiet=True)) == {"aborted": 1}
    assert (tmp_path / "empty").is_dir() and library.place.root.is_dir()
