"""`phototag organize` a second time: what people did to originals, copies and folders since the first run stays done.

The decision: a tree that was made once is copied for each test, and what the test does to the originals is put back
after it, so that each history costs one run or two. Refused: histories made of journal lines, which no person types.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from phototag.cli import run
from tests.organizing import (
    Tell,
    copy_samples,
    found,
    keywords,
    page,
    picture,
    plain_home,
    put_back,
    state,
    tags,
    teller,
    timeless,
    tree,
)
from tests.writing import exiftool

SHIP, COFFEE, CAT = "DSC00042.jpg", "IMG_0007.jpg", "IMG_0011.jpg"
SAMPLES = (SHIP, "birthday/IMG_0007.jpg", "birthday/IMG_0007.xmp", "birthday/IMG_0011.jpg", "birthday/IMG_0012.jpg")
SAME_AFTERNOON = (
    *("-DateTimeOriginal=2024:06:15 15:20:00", "-OffsetTimeOriginal=+02:00", "-Make=Canon", "-Model=Canon EOS R6"),
    "-GPSPosition=52.402853, 13.060531",
)


class Made(NamedTuple):
    """The originals and a second copy of them, their library before the first run, and the tree after it."""

    heap: Path
    kept: Path
    looked: Path
    tree: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("again")
    heap, kept, looked, made = (folder / name for name in ("heap", "kept", "looked", "made"))
    copy_samples(heap, *SAMPLES)
    shutil.copytree(heap, kept)
    with plain_home(folder):
        assert run(["organize", str(heap), "--to", str(looked), "--dry-run", "--quiet"]) == 0
        shutil.copytree(looked, made)
        assert run(["organize", str(heap), "--to", str(made), "--quiet"]) == 0
    return Made(heap, kept, looked, made)


@pytest.fixture
def heap(made: Made) -> Iterator[Path]:
    """The originals, to which a test may do what it wants."""
    yield made.heap
    put_back(made.kept, made.heap)


@pytest.fixture
def to(made: Made, tmp_path: Path) -> Path:
    """A tree after its first run."""
    return Path(shutil.copytree(made.tree, tmp_path / "tree"))


@pytest.fixture
def empty(made: Made, tmp_path: Path) -> Path:
    """A tree with nothing in it, whose library knows the originals."""
    return Path(shutil.copytree(made.looked, tmp_path / "empty"))


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    return teller(capsys, monkeypatch)


_opened: list[str] = []
_watching: list[Path] = []


def _note(event: str, given: tuple[object, ...]) -> None:
    if _watching and event == "open" and str(given[0]).startswith(str(_watching[0])):
        _opened.append(str(given[0]))


sys.addaudithook(_note)


# ---- nothing new


def test_a_second_run_copies_nothing_and_changes_no_file(
    heap: Path, to: Path, tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    tool = tmp_path / "bin" / "exiftool"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> "{started}"\nexec {shutil.which("exiftool")} "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    before, originals = state(to), state(heap)
    tell("organize", heap, "--to", to)  # this tree was made elsewhere: its folders are new to the first run here
    started.unlink(missing_ok=True)
    _opened.clear()
    _watching[:] = [to]
    try:
        done = tell("organize", heap, "--to", to)
    finally:
        _watching.clear()
    assert done.code == 0 and state(to) == before and state(heap) == originals
    assert "new            nothing" in done.out and "there already  5 files" in done.out
    assert [path for path in _opened if ".phototag" not in path] == []
    assert not started.exists()
    said = tell("organize", heap, "--to", to, "--json").json
    assert (said["run"], said["copied"], said["there_already"], said["folders"]) == ("", {}, 5, [])


def test_a_source_that_was_renamed_brings_nothing_twice(heap: Path, to: Path, tell: Tell, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(heap, tmp_path / "elsewhere", copy_function=shutil.copy2))
    before = state(to)
    assert tell("organize", elsewhere, "--to", to).code == 0
    assert tree(to) == [str(Path(one).relative_to(to)) for one in sorted(before) if is_copy(one)]
    assert state(to) == before


def is_copy(path: str) -> bool:
    return Path(path).is_file() and "metadata" not in Path(path).parts


def test_pages_are_not_written_again_and_one_that_was_edited_is_left(heap: Path, to: Path, tell: Tell) -> None:
    ship, coffee = page(found(to, SHIP)), page(found(to, COFFEE))
    ship.write_text("mine")
    others = {path: path.stat().st_mtime_ns for path in to.rglob("metadata/*.json") if path != coffee}
    for path in (SHIP, COFFEE):
        assert tell("keywords", found(to, path), "+rita").code == 0
    assert tell("organize", heap, "--to", to).code == 0
    assert ship.read_text() == "mine"
    assert "rita" in json.loads(coffee.read_text("utf-8"))["keywords"]["en"]
    assert {path: path.stat().st_mtime_ns for path in others} == others


def test_what_we_wrote_into_copies_is_no_camera(heap: Path, to: Path, tell: Tell) -> None:
    picture(heap / "late.jpg", 70, "-DateTimeOriginal=2024:06:15 15:20:00")
    assert tell("organize", heap, "--to", to).code == 0
    assert tell("organize", heap, "--to", to).code == 0
    (row,) = (one for one in tell("export", to, "--json").json if one["path"].endswith("/late.jpg"))
    assert row["camera"]["model"] is None


# ---- something new


def test_a_new_photo_joins_its_event_under_the_name_that_a_person_gave(heap: Path, to: Path, tell: Tell) -> None:
    folder = found(to, COFFEE).parent
    renamed = folder.rename(to / "U\u0308bersee")
    before = {name: content for name, content in state(renamed).items() if Path(name).is_file()}
    picture(heap / "late.jpg", 70, *SAME_AFTERNOON)
    done = tell("organize", heap, "--to", to, "--json")
    assert [(one["photos"], one["standing"]) for one in done.json["folders"]] == [(1, 3)]
    assert done.code == 0 and (renamed / "late.jpg").is_file() and not folder.exists()
    assert {name: state(renamed).get(name) for name in before} == before
    assert len(tree(to)) == 6


def test_a_persons_folder_keeps_a_name_that_windows_would_not_take(heap: Path, to: Path, tell: Tell) -> None:
    renamed = found(to, COFFEE).parent.rename(to / "Where are we?")
    picture(heap / "late.jpg", 70, *SAME_AFTERNOON)
    assert tell("organize", heap, "--to", to).code == 0
    assert found(to, "late.jpg").parent == renamed


def test_a_photo_that_was_moved_is_not_copied_again(heap: Path, to: Path, tell: Tell) -> None:
    (to / "best").mkdir()
    found(to, SHIP).rename(to / "best" / "ship of mine.jpg")
    found(to, COFFEE).rename(to / "best" / COFFEE)
    before = tree(to)
    done = tell("organize", heap, "--to", to)
    assert done.code == 0 and tree(to) == before and "new            nothing" in done.out


def test_a_copy_that_was_deleted_is_made_again_only_when_asked_for(heap: Path, to: Path, tell: Tell) -> None:
    before = tree(to)
    gone = found(to, CAT)
    gone.unlink()
    done = tell("organize", heap, "--to", to, "--json")
    assert done.code == 0 and not gone.exists() and done.json["deleted_since"] == [str(gone.relative_to(to))]
    done = tell("organize", heap, "--to", to, "--again")
    assert done.code == 0 and tree(to) == before and "summer" in keywords(gone)


# ---- what a person did to a copy


def test_an_edited_copy_is_left_and_gets_new_words_beside_the_persons(heap: Path, to: Path, tell: Tell) -> None:
    ship = found(to, SHIP)
    first = keywords(ship)
    add(ship, "Rita")
    edited = ship.read_bytes()
    assert tell("organize", heap, "--to", to).code == 0
    assert ship.read_bytes() == edited
    assert tell("keywords", ship, "+harbour lights").code == 0
    done = tell("organize", heap, "--to", to)
    assert done.code == 0 and "updated" in done.out
    assert keywords(ship) == first | {"rita", "harbour lights"}
    assert tell("organize", heap, "--to", to, "--json").json["copied"] == {}


def test_a_keyword_that_was_deleted_in_a_copy_does_not_return(heap: Path, to: Path, tell: Tell) -> None:
    ship = found(to, SHIP)
    first = keywords(ship)
    remove(ship, "winter")
    assert keywords(ship) == first - {"winter"}
    assert tell("keywords", heap / SHIP, "+harbour lights", "--library", to).code == 0
    assert tell("organize", heap, "--to", to).code == 0
    assert keywords(ship) == first - {"winter"} | {"harbour lights"}


def test_a_new_keyword_in_an_original_reaches_its_copy(heap: Path, to: Path, tell: Tell) -> None:
    add(heap / SHIP, "Rita")
    original = (heap / SHIP).read_bytes()
    assert tell("organize", heap, "--to", to).code == 0
    assert "rita" in keywords(found(to, SHIP)) and len(tree(to)) == 5
    assert (heap / SHIP).read_bytes() == original


def test_another_language_reaches_the_copies_that_stand(heap: Path, to: Path, tell: Tell) -> None:
    ship = found(to, SHIP)
    add(ship, "Rita")
    assert tell("organize", heap, "--to", to, "--language", "de").code == 0
    assert keywords(ship) >= {"winter", "nacht", "rita"} and "night" not in keywords(ship)
    assert len(tree(to)) == 5


def add(path: Path, word: str) -> None:
    lists = ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords")
    digest = "-Photoshop:IPTCDigest=new"
    exiftool("-overwrite_original", *(f"-{name}+={word}" for name in lists), digest, str(path))


def remove(path: Path, word: str) -> None:
    """Takes a word out of every list, whatever tree it stands in."""
    lists = tags(path)
    names = ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords")
    gone = [f"-{name}-={item}" for name in names for item in lists[name] if item.endswith(word)]
    exiftool("-overwrite_original", *gone, "-Photoshop:IPTCDigest=new", str(path))


# ---- what stood in the target before


def test_files_of_other_people_in_the_target_are_never_written(heap: Path, empty: Path, tell: Tell) -> None:
    (empty / "old").mkdir()
    shutil.copy2(heap / SHIP, empty / "old" / "my ship.jpg")
    shutil.copy2(heap / "birthday" / CAT, empty / CAT)
    (empty / "old" / "notes.txt").write_text("mine")
    picture(empty / "old" / "other.jpg", 71)
    before = {name: one for name, one in state(empty).items() if Path(name).is_file()}
    done = tell("organize", heap, "--to", empty)
    assert done.code == 0 and found(empty, COFFEE) and not [one for one in tree(empty) if one.endswith(SHIP)]
    for name in ("old/my ship.jpg", CAT):
        assert tell("keywords", empty / name, "+harbour lights").code == 0
    assert tell("organize", heap, "--to", empty).code == 0
    after = state(empty)
    assert {name: after[name] for name in before} == before
    assert [one for one in tree(empty) if one.endswith(CAT)] == [CAT]


def test_a_strangers_file_keeps_its_name(heap: Path, empty: Path, made: Made, tell: Tell) -> None:
    standing = empty / found(made.tree, CAT).relative_to(made.tree)
    picture(standing, 72)
    before = standing.read_bytes()
    assert tell("organize", heap, "--to", empty).code == 0
    assert standing.read_bytes() == before and found(empty, COFFEE).parent == standing.parent
    (suffixed,) = (path for path in standing.parent.glob("IMG_0011*.jpg") if path != standing)
    assert "summer" in keywords(suffixed)
    names = tree(empty)
    assert tell("organize", heap, "--to", empty).code == 0 and tree(empty) == names


def test_no_link_in_the_target_leads_a_copy_out_of_it(heap: Path, empty: Path, tell: Tell, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (empty / "2024").symlink_to(outside)
    done = tell("organize", heap, "--to", empty)
    assert done.code == 1 and "lies outside of the library" in done.out
    assert list(outside.iterdir()) == [] and (empty / "2024").is_symlink()


# ---- taken back


def test_a_run_is_taken_back_and_made_again(heap: Path, to: Path, made: Made, tell: Tell) -> None:
    originals = state(heap)
    mine = to / "2024" / "mine"
    mine.mkdir()
    assert tell("undo", "--last", "--library", to).code == 0
    assert {path.name for path in to.rglob("*") if ".phototag" not in path.parts} == {"2024", "mine"}
    assert state(heap) == originals
    assert tell("organize", heap, "--to", to).code == 0
    assert timeless(to) == timeless(made.tree)


def test_a_copy_stays_where_its_original_is_gone(heap: Path, to: Path, tell: Tell) -> None:
    ship = found(to, SHIP)
    before = ship.read_bytes()
    (heap / SHIP).unlink()
    done = tell("undo", "--last", "--library", to)
    assert done.code == 1 and "is not there any more: this copy may be the only one" in done.out
    assert ship.read_bytes() == before and tree(to) == [str(ship.relative_to(to))]


# ---- people's words in a library beside the originals


def test_words_that_people_said_beside_the_originals_are_taken_over(empty: Path, tell: Tell, heap: Path) -> None:
    try:
        assert tell("scan", heap).code == 0
        assert tell("keywords", heap / SHIP, "+harbour lights", "-winter").code == 0
        assert tell("caption", heap / SHIP, "My ship").code == 0
        before = state(heap)
        done = tell("organize", heap, "--to", empty)
        assert done.code == 0 and "Taken over from" in done.err and state(heap) == before
        ship = found(empty, SHIP)
        assert "harbour lights" in keywords(ship) and "winter" not in keywords(ship)
        assert tags(ship)["XMP-dc:Description"] == "My ship"
        assert tell("keywords", heap / SHIP, "+Rita", "--library", heap).code == 0
        again = tell("organize", heap, "--to", empty)
        assert "Taken over from" in again.err and "1 decisions" in again.err
        assert keywords(ship) >= {"harbour lights", "rita"}
    finally:
        shutil.rmtree(heap / ".phototag")


# ---- rubbish


def test_rubbish_is_named_and_the_rest_is_copied(heap: Path, empty: Path, tell: Tell) -> None:
    (heap / "nothing" / "in here").mkdir(parents=True)
    (heap / "text.jpg").write_text("hello")
    (heap / "empty.jpg").write_bytes(b"")
    whole = (heap / SHIP).read_bytes()
    (heap / "half.jpg").write_bytes(whole[: len(whole) // 2])
    before = state(heap)
    done = tell("organize", heap, "--to", empty)
    assert done.code == 1 and state(heap) == before
    assert "text.jpg: this is" in done.out and "empty.jpg: " in done.out and "half.jpg: " in done.out
    names = {one.rpartition("/")[2] for one in tree(empty)}
    assert {SHIP, COFFEE, CAT, "IMG_0007.xmp", "IMG_0012.jpg"} <= names and "text.jpg" not in names


def test_an_empty_folder_is_no_error(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = tell("organize", tmp_path / "nothing", "--to", tmp_path / "tree")
    assert done.code == 0 and tree(tmp_path / "tree") == [] and os.listdir(tmp_path / "nothing") == []


NAMES = ["new\nline.jpg", "-dash.jpg", "u\u0308ber.jpg", "🎂 a:b?.jpg", "con.jpg"]


def test_any_name_becomes_a_legal_one(empty: Path, tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "odd"
    for number, name in enumerate([*NAMES, os.fsdecode(b"undecod\xffable.jpg")]):
        made = picture(tmp_path / "made.jpg", 80 + number, f"-DateTimeOriginal=2022:05:01 10:{number:02}:00")
        odd.mkdir(exist_ok=True)
        try:
            made.rename(odd / name)
        except OSError:
            assert name not in NAMES  # this file system keeps UTF-8 names only
    before = state(odd)
    monkeypatch.chdir(tmp_path)
    done = tell("organize", "odd", "--to", empty)
    assert done.code == 0, done
    assert state(odd) == before
    copies = [Path(one) for one in tree(empty)]
    assert len(copies) == len(before) - 1
    names = {one.name for one in copies}
    assert {"-dash.jpg", "über.jpg"} <= names and "con.jpg" not in names
    assert all(name.isprintable() and not set(name) & set('<>:"/\\|?*') for name in names)
    assert all("landscape orientation" in keywords(empty / one) for one in copies)
    assert tell("organize", "odd", "--to", empty).code == 0 and [Path(one) for one in tree(empty)] == copies
    assert tell("undo", "--last", "--library", empty).code == 0 and tree(empty) == []


def test_one_name_from_two_folders_gets_the_same_suffix_in_every_run(heap: Path, empty: Path, tell: Tell) -> None:
    picture(heap / "one" / "P1.jpg", 90, *SAME_AFTERNOON)
    picture(heap / "two" / "P1.jpg", 91, *SAME_AFTERNOON)
    assert tell("organize", heap, "--to", empty).code == 0
    names = [one for one in tree(empty) if "/P1" in one]
    assert len(names) == 2 and len({Path(one).parent for one in names}) == 1
    assert tell("organize", heap, "--to", empty).code == 0 and [one for one in tree(empty) if "/P1" in one] == names


def test_of_one_picture_in_two_folders_there_is_one_copy_with_the_words_of_both(
    heap: Path, empty: Path, tell: Tell
) -> None:
    shutil.copytree(heap / "birthday", heap / "backup")
    add(heap / "birthday" / CAT, "Rita")
    add(heap / "backup" / CAT, "Mia")
    done = tell("organize", heap, "--to", empty)
    assert done.code == 0 and "same picture" in done.out
    assert len(tree(empty)) == 5
    assert keywords(found(empty, CAT)) >= {"rita", "mia", "summer"}


def test_tagging_the_tree_as_a_whole_never_reaches_the_originals(heap: Path, to: Path, tell: Tell) -> None:
    """They are in the same library, by their absolute paths."""
    before = state(heap)
    assert tell("tag", to, "--yes", "--keywords", "append").code == 0
    assert tell("review", to).code == 0
    assert state(heap) == before
