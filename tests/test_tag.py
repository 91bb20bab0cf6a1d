"""`phototag tag`, `undo`, `history` and `forget` as a person types them: what they say, write and leave.

The decision: the command line runs in this process, on a copy of a library that has looked at its photos once, so that
no test waits for models; what asks a person runs behind a terminal of its own. Refused: testing options one layer down.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from phototag import api
from phototag.cli import main
from phototag.store.library import open_library
from tests.conftest import SAMPLES, Run

NIGHT, CAT, HUMAN, HORSE = "night.jpg", "cat.jpg", "human.jpg", "horse.png"
PHOTOS = {NIGHT: "DSC00042.jpg", CAT: "birthday/IMG_0011.jpg", HUMAN: "Berlin trip/IMG_0440.jpg", HORSE: "horse.png"}
PAIR = ("pair.jpg", "pair.nef")
EMBEDDED = (*PHOTOS, "pair.jpg")
WORDS = {"Berlin", "Fotograf", "Schwarzweiß", "Straße"}  # what a person wrote into HUMAN
LISTS = ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords")
CAPTION = "XMP-dc:Description"


class Told(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Tell = Callable[..., Told]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five photos, one of them RAW+JPEG, that were looked at and never tagged."""
    folder = tmp_path_factory.mktemp("looked")
    for name, sample in PHOTOS.items():
        shutil.copyfile(SAMPLES / sample, folder / name)
    pattern = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    pattern.save(folder / "pair.jpg")
    pattern.save(folder / "pair.nef", format="TIFF")
    taken = ["-DateTimeOriginal=2024:02:29 22:47:05", "-Make=NIKON CORPORATION", "-GPSPosition=52.516272, 13.377722"]
    exiftool(folder, *taken, *PAIR)
    exiftool(folder, "-IFD0:PhotometricInterpretation#=32803", "pair.nef")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        _, scanned, _ = api.look(folder)
    assert scanned.photos == 5 and not scanned.unreadable
    return folder


@pytest.fixture
def photos(looked: Path, tmp_path: Path) -> Path:
    """These photos in a library of its own."""
    shutil.copytree(looked, tmp_path / "photos")
    return tmp_path / "photos"


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Types a command, and returns what happened."""
    monkeypatch.setenv("PHOTOTAG_READ_PROCESSES", "1")  # a handful of files: a second one would only have to start

    def type_in(*words: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["phototag", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Told(int(end.value.code or 0), said.out, said.err)

    return type_in


def exiftool(folder: Path, *arguments: str) -> str:
    command = ["exiftool", "-q", "-overwrite_original", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8").stdout


def tags(path: Path) -> dict[str, Any]:
    asked = ["-j", "-G1", "-struct", "-XMP:all", "-IPTC:all", "-IFD0:ImageDescription", f"./{path.name}"]
    found: dict[str, Any] = json.loads(exiftool(path.parent, *asked), parse_int=str)[0]
    return found


def keywords(path: Path) -> set[str]:
    """The keywords of a file, which all its lists agree about."""
    found = tags(path)
    lists = {tag: found[tag] if isinstance(found[tag], list) else [found[tag]] for tag in LISTS if tag in found}
    leaves = [{re.split(r"[|/]", word)[-1] for word in words} for words in lists.values()]
    assert all(words == leaves[0] for words in leaves)
    return leaves[0] if leaves else set()


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a person's, with its time."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".phototag" not in path.parts)
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def contents(folder: Path) -> dict[str, bytes]:
    return {name: content for name, (content, _) in state(folder).items()}


# ---- the plan


def test_a_dry_run_shows_the_plan_and_touches_nothing(photos: Path, tell: Tell) -> None:
    before = state(photos)
    done = tell("tag", photos, "--dry-run")
    assert done.code == 0 and state(photos) == before
    blocks = dict(re.findall(r"^(\S+\.\w{3})((?: \(.*\))?\n(?:  .*\n)+)", done.out, re.MULTILINE))
    assert set(blocks) == {*EMBEDDED, "pair.xmp"}
    assert "new sidecar of pair.nef" in blocks["pair.xmp"]
    assert re.search(r"^  \+ .*\bnight\b", blocks[NIGHT], re.MULTILINE)
    assert "keeps 4 keywords" in blocks[HUMAN] and "keeps" not in blocks[NIGHT]
    assert "place: Berlin" in blocks["pair.jpg"] and "caption: " in blocks[CAT]
    assert "6 files to write" in done.out and "a rehearsal" in done.out
    assert "  - " not in done.out and not open_library(photos).changes.batches()


def test_the_plan_says_what_goes_and_what_is_replaced(photos: Path, tell: Tell) -> None:
    path = photos / NIGHT
    tell("tag", path, "--yes", "--quiet")
    caption = tags(path)[CAPTION]
    assert tell("keywords", path, "-night", "+harbour lights").code == 0
    assert tell("caption", path, "My ship").code == 0
    said = tell("tag", path, "--dry-run").out
    assert "  + harbour lights\n" in said and "  - night\n" in said and re.search(r"keeps \d+ keyword", said)
    assert f"caption: My ship (instead of: {caption})" in said
    assert tell("tag", path, "--yes").code == 0
    assert "harbour lights" in keywords(path) and "night" not in keywords(path)


def test_json_says_the_same_to_programs(photos: Path, tell: Tell) -> None:
    planned = json.loads(tell("tag", photos, "--dry-run", "--json").out)
    assert (planned["planned"], planned["written"], planned["run"]) == (6, {}, "")
    done = json.loads(tell("tag", photos, "--yes", "--json").out)
    assert done["written"] == {"embed": 5, "sidecar": 1} and done["run"]
    assert not (done["refused"] or done["passed_over"] or done["interrupted"])
    for plan in (planned["plan"], done["plan"]):
        (night,) = (one for one in plan if one["path"] == NIGHT)
        assert night["kind"] == "embed" and night["fields"]["XMP-dc:Subject"]["before"] == []
        assert set(night["fields"]["XMP-dc:Subject"]["after"]) == keywords(photos / NIGHT)


# ---- the question


def test_where_nobody_can_be_asked_nothing_is_written(photos: Path, tell: Tell) -> None:
    before = state(photos)
    for more in ((), ("--json",)):
        done = tell("tag", photos, *more)
        assert done.code == 2 and "Nobody can be asked here: add --yes" in done.err
    assert state(photos) == before


@pytest.mark.parametrize("answer", ["y", "n"])
def test_the_person_at_the_terminal_decides(photos: Path, answer: str) -> None:
    before = state(photos)
    code, said = at_terminal(photos / NIGHT, answer)
    assert "Write to 1 file? (phototag undo takes it back)" in said and "+ " in said
    assert code == 0
    assert (state(photos) != before) == (answer == "y")
    assert ("take it back" in said) == (answer == "y")


def at_terminal(path: Path, answer: str) -> tuple[int, str]:
    """Tags a photo in a terminal of its own, and types the answer when it is asked for one."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "phototag", "tag", str(path)]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    said, answered, end = b"", False, time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                said += os.read(ours, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
        if b"[y/N]" in said and not answered:
            os.write(ours, f"{answer}\n".encode())
            answered = True
    os.close(ours)
    return child.wait(timeout=30), said.decode("utf-8", "replace")


# ---- which fields, where, and how


@pytest.mark.parametrize("only", ["keywords", "caption", "place"])
def test_only_the_fields_that_are_named_are_written(photos: Path, tell: Tell, only: str) -> None:
    assert tell("tag", photos / CAT, "--only", only, "--yes").code == 0
    found = tags(photos / CAT)
    said = {"keywords": LISTS[0] in found, "caption": CAPTION in found, "place": "XMP-photoshop:City" in found}
    assert said == {name: name == only for name in said}


def test_a_field_that_does_not_exist_is_named(photos: Path, tell: Tell) -> None:
    done = tell("tag", photos, "--only", "keywords,colour", "--yes")
    assert done.code == 2 and "'colour'" in done.err and "label" in done.err


def test_keywords_are_added_replaced_or_left(photos: Path, tell: Tell) -> None:
    path = photos / NIGHT
    tell("tag", path, "--yes", "--keywords", "off")
    assert keywords(path) == set() and CAPTION in tags(path)
    tell("tag", path, "--yes")
    first = keywords(path)
    stricter = ("--yes", "--set", "policy.most=2")
    tell("tag", path, *stricter, "--keywords", "append")
    assert keywords(path) == first
    tell("tag", path, *stricter, "--keywords", "replace-ours")
    assert keywords(path) < first


def test_a_caption_goes_into_a_gap_or_takes_the_place_of_ours(photos: Path, tell: Tell) -> None:
    path = photos / NIGHT
    tell("tag", path, "--yes", "--caption", "off")
    assert CAPTION not in tags(path)
    tell("tag", path, "--yes", "--caption", "empty")
    composed = tags(path)[CAPTION]
    tell("caption", path, "My ship")
    tell("tag", path, "--yes", "--caption", "empty")
    assert tags(path)[CAPTION] == composed
    tell("tag", path, "--yes")
    assert {tags(path)[tag] for tag in (CAPTION, "IPTC:Caption-Abstract", "IFD0:ImageDescription")} == {"My ship"}


def test_beside_inside_or_nowhere(photos: Path, tell: Tell) -> None:
    before = state(photos)
    done = tell("tag", photos, "--write", "none", "--yes")
    assert done.code == 0 and state(photos) == before
    done = tell("tag", photos / "pair.nef", "--write", "embed", "--yes")
    assert "pair.nef: not written: a NEF file is not written into" in done.out and state(photos) == before
    assert tell("tag", photos, "--write", "sidecar", "--yes").code == 0
    after = state(photos)
    assert {name: after[name] for name in before} == before
    assert {"night.xmp", "cat.xmp", "human.xmp", "horse.xmp", "pair.xmp"} <= set(after)
    assert keywords(photos / "human.xmp") > WORDS


@pytest.mark.parametrize("kind,names", [("ext", {"pair.nef.xmp"}), ("both", {"pair.xmp", "pair.nef.xmp"})])
def test_the_names_of_sidecars(photos: Path, tell: Tell, kind: str, names: set[str]) -> None:
    assert tell("tag", photos / "pair.nef", "--sidecar", kind, "--yes").code == 0
    assert {path.name for path in photos.glob("*.xmp")} == names
    assert len({frozenset(keywords(photos / name)) for name in names}) == 1


# ---- what a run leaves


def test_a_second_run_has_nothing_to_do(photos: Path, tell: Tell) -> None:
    assert tell("tag", photos, "--yes").code == 0
    after = state(photos)
    assert keywords(photos / "pair.jpg") == keywords(photos / "pair.xmp") != set()
    again = json.loads(tell("tag", photos, "--yes", "--json").out)
    assert (again["planned"], again["unchanged"], again["run"]) == (0, 6, "")
    scanned = json.loads(tell("scan", photos, "--json").out)
    assert (scanned["opened"], scanned["new"]) == (0, 0)
    looked = json.loads(tell("look", photos, "--json").out)
    assert looked["made"] == {} and looked["unchanged"] == 5
    assert state(photos) == after


def test_our_words_do_not_come_back_as_a_persons(photos: Path, tell: Tell) -> None:
    tell("tag", photos, "--yes")
    before = decided(photos)
    assert tell("decide", photos).code == 0
    assert decided(photos) == before and "human" not in before[NIGHT].values()
    shutil.rmtree(photos / ".phototag")
    assert tell("scan", photos).code == 0
    facts = {file.path: file.facts for file in open_library(photos).files("status", ["present"])}
    assert {name: set(one.keywords) for name, one in facts.items()} == {name: set() for name in facts} | {HUMAN: WORDS}
    assert set(facts[NIGHT].ours) == keywords(photos / NIGHT)
    assert facts[NIGHT].caption is None


def decided(photos: Path) -> dict[str, dict[str, str]]:
    """For every photo its terms, and who is behind each."""
    shown = api.show([photos / name for name in EMBEDDED])
    return {one.files[0].path: {tag.term: tag.because[0] for tag in one.decision.tags} for one in shown if one.decision}


# ---- what cannot be written


def test_damaged_and_protected_files_are_named_and_the_rest_is_written(photos: Path, tell: Tell) -> None:
    good = (photos / NIGHT).read_bytes()
    (photos / "half.jpg").write_bytes(good[: len(good) // 2])
    (photos / CAT).chmod(0o444)
    (photos / "locked").mkdir()
    (photos / HORSE).rename(photos / "locked" / HORSE)
    os.link(photos / HUMAN, photos.parent / "another name.jpg")
    before = contents(photos)
    (photos / "locked").chmod(0o555)
    try:
        done = tell("tag", photos, "--yes")
    finally:
        (photos / "locked").chmod(0o755)
    assert done.code == 1
    assert "half.jpg: the file is cut short" in done.out
    assert f"{CAT}: the file is read-only" in done.out and f"locked/{HORSE}: its folder is read-only" in done.out
    assert f"{HUMAN}: the file has 2 names (hard links)" in done.out and "--break-links" in done.out
    assert re.search(r"^not written +4, named above$", done.out, re.MULTILINE)
    after = contents(photos)
    assert {name for name in after if after[name] != before.get(name)} == {NIGHT, "pair.jpg", "pair.xmp"}
    assert tell("tag", photos / HUMAN, "--yes", "--break-links").code == 0
    assert keywords(photos / HUMAN) > WORDS == keywords(photos.parent / "another name.jpg")


NAMES = ["new\nline.jpg", "-dash.jpg", "#hash.jpg", " lead.jpg", "ü🎂 日本.jpg", "-all=.jpg", "$x %d.jpg"]


def test_any_name_is_shown_on_one_line_written_and_taken_back(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    odd = os.fsdecode(b"undecod\xffable.jpg")
    for number, name in enumerate([*NAMES, odd]):
        picture = Image.linear_gradient("L").resize((64, 40 + number)).convert("RGB")
        try:
            with open(os.fsencode(folder / name), "wb") as file:
                picture.save(file, "jpeg")
        except OSError:
            assert name == odd  # this file system keeps UTF-8 names only
    before = contents(folder)
    monkeypatch.chdir(folder)
    done = tell("tag", ".", "--yes")
    assert done.code == 0 and f"{len(before)} inside the files, 0 beside them" in done.out
    assert "new\\nline.jpg\n" in done.out and "\udcff" not in done.out
    assert all(content != before[name] for name, content in contents(folder).items())
    assert "landscape orientation" in keywords(folder / "-dash.jpg")
    assert tell("undo", folder / "-dash.jpg").code == 0
    assert contents(folder)["-dash.jpg"] == before["-dash.jpg"]
    assert tell("undo", "--last").code == 0
    assert contents(folder) == before


def test_a_symlink_stays_one_and_what_it_names_is_written(photos: Path, tell: Tell) -> None:
    elsewhere = photos.parent / "elsewhere"
    elsewhere.mkdir()
    (photos / NIGHT).rename(elsewhere / NIGHT)
    (photos / NIGHT).symlink_to(elsewhere / NIGHT)
    before = (elsewhere / NIGHT).read_bytes()
    assert tell("tag", photos, "--yes").code == 0
    assert (photos / NIGHT).is_symlink() and "night" in keywords(elsewhere / NIGHT)
    assert list(elsewhere.iterdir()) == [elsewhere / NIGHT]
    assert tell("undo", "--last", photos).code == 0
    assert (photos / NIGHT).is_symlink() and (elsewhere / NIGHT).read_bytes() == before


# ---- and back


@pytest.fixture
def tagged(photos: Path, tell: Tell) -> Iterator[tuple[Path, dict[str, bytes], str]]:
    """Tagged once: the folder, what it held before, and the run's name."""
    before = contents(photos)
    yield photos, before, json.loads(tell("tag", photos, "--yes", "--json").out)["run"]


def test_a_run_the_last_run_a_photo_and_a_folder_can_be_taken_back(
    tagged: tuple[Path, dict[str, bytes], str], tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, before, run = tagged
    monkeypatch.chdir(photos)
    done = tell("undo", NIGHT)
    assert done.code == 0 and "1 files" in done.out
    assert [name for name, content in contents(photos).items() if content == before.get(name)] == [NIGHT, "pair.nef"]
    assert json.loads(tell("undo", run, "--json").out)["bytes"] == 5
    assert contents(photos) == before
    assert "There is nothing to take back." in tell("undo", photos).out
    for words in (("--last",), (photos,)):
        assert tell("tag", photos, "--yes").code == 0 and contents(photos) != before
        assert tell("undo", *words).code == 0 and contents(photos) == before
    assert tell("undo").code == 2
    assert tell("undo", "20200101-000000-dead").code == 2


def test_history_shows_runs_and_what_was_written_to_a_photo(
    tagged: tuple[Path, dict[str, bytes], str], tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, _, run = tagged
    monkeypatch.chdir(photos)
    assert tell("undo", CAT).code == 0
    (newest, oldest) = tell("history").out.strip().splitlines()
    assert oldest.startswith(f"{run}  ") and "phototag tag" in oldest and "5 done" in oldest and "1 undone" in oldest
    assert "phototag undo cat.jpg" in newest
    said = tell("history", photos / NIGHT).out
    assert run in said and "XMP-dc:Subject: nothing -> " in said and CAT not in said.replace("undo cat.jpg", "")
    found = json.loads(tell("history", photos / CAT, "--json").out)
    assert {(one["path"], one["state"]) for one in found["entries"]} >= {(CAT, "undone")}


def test_forgetting_asks_and_leaves_a_way_back_field_by_field(
    tagged: tuple[Path, dict[str, bytes], str], tell: Tell
) -> None:
    photos, before, _ = tagged
    there = ("--folder", photos)
    assert tell("forget", "--older-than", "90d", *there).out == "Nothing was dropped.\n"
    asked = tell("forget", "--older-than", "0d", *there)
    assert asked.code == 2 and "add --yes" in asked.err
    assert tell("forget", "--older-than", "soon", *there).code == 2
    assert "1 runs" in tell("forget", "--older-than", "0d", *there, "--yes").out
    done = json.loads(tell("undo", photos, "--json").out)
    assert {one["how"] for one in done["files"]} <= {"fields", "bytes"} and done["fields"] == 5
    for name in (NIGHT, CAT, HUMAN, HORSE):
        assert keywords(photos / name) == (WORDS if name == HUMAN else set()), name
        assert contents(photos)[name] != before[name] and not any("phototag" in tag for tag in tags(photos / name))


def test_what_cannot_be_read_is_named(tmp_path: Path, phototag: Run) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "text.jpg").write_text("hello")
    done = phototag("tag", tmp_path / "photos", "--yes")
    assert done.returncode == 1
    assert "text.jpg: this is" in done.stdout
