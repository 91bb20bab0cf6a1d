"""`phototag search` at the command line: what it prints, for whom, and what it does with the finds.

The finds come from a stand-in for the engine, so that every kind of find is met; tests/test_search.py tests the engine.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag import api, api_found, cli
from phototag.change.gathering import Gathering
from phototag.cli import thumbnails
from phototag.errors import NoLibrary, UsageError
from phototag.read.scan import Options
from phototag.search import listing
from phototag.search.nouns import Area, Count, Days, Found, Hit, Part, Query, Why
from phototag.store import place
from tests.conftest import SAMPLES, Run

CAT = "birthday/IMG_0011.jpg"
BROKEN = "two\nlines.jpg"
RAW_NAME = b"caf\xe9.jpg"


@dataclass
class Engine:
    """Stands in for the engine: finds what a test tells it to find."""

    root: Path
    hits: list[Hit] = field(default_factory=list)
    parts: tuple[Part, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)

    def search(self, text: str, **given: Any) -> Found:
        self.asked = {"text": text, **given}
        dates = [word for word in text.split() if word.startswith("date:") and "nonsense" not in word]
        parts = self.parts + tuple(Part("date", word, Days(20200101, 0)) for word in dates)
        hits = tuple(self.hits[: given["limit"]])
        roots = tuple(map(str, given["libraries"]))
        return Found(Query(text, parts, "dog"), hits, 7, ("clip has looked at no photo",), 0.05, roots)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned library of three photos, one with a sidecar of each name, and three with odd names."""
    folder = tmp_path_factory.mktemp("scanned") / "photos"
    shutil.copytree(SAMPLES / "birthday", folder / "birthday")
    cat = folder / CAT
    for name in ("IMG_0011.xmp", "IMG_0011.JPG.XMP"):
        cat.with_name(name).write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    for name in (os.fsencode(BROKEN), RAW_NAME):
        shutil.copy(cat, os.path.join(os.fsencode(folder), name))
    api.scan(folder, options=Options(decode=False))
    return folder


@pytest.fixture
def library(scanned: Path, tmp_path: Path) -> Path:
    """This library, for a test of its own."""
    return Path(shutil.copytree(scanned, tmp_path / "photos"))


@pytest.fixture
def engine(library: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    shown = {"date": "2023-07-14T10:00:00", "place": "Potsdam", "keywords": ["dog", "beach"], "caption": "A dog"}
    names = [CAT, BROKEN, place.escape(os.fsdecode(RAW_NAME))]
    why = (Why("dog", "text", 0.8, "keyword dog"),)
    hits = [
        Hit(name, name, 0.9 - at / 4, why, weak=at == 2, folded=("x",) * (at == 1), shown=shown)
        for at, name in enumerate(names)
    ]
    stand_in = Engine(library, hits)
    module = SimpleNamespace(search=stand_in.search)
    monkeypatch.setitem(sys.modules, "phototag.api_searching", module)  # type: ignore[arg-type]
    monkeypatch.chdir(library)
    return stand_in


@dataclass
class Said:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "surrogateescape")


Search = Callable[..., Said]


@pytest.fixture
def search(engine: Engine, capfdbinary: pytest.CaptureFixture[bytes]) -> Search:
    def run(*words: str | Path) -> Said:
        capfdbinary.readouterr()
        code = cli.run(["search", *map(str, words)])
        sys.stdout.flush()
        caught = capfdbinary.readouterr()
        return Said(code, caught.out, caught.err.decode())

    return run


# ---- what is asked


def test_words_and_negated_words_are_one_query(search: Search, engine: Engine) -> None:
    assert search("dog", "-car", "in the snow", "-q", "--limit", "5").code == 0
    assert engine.asked["text"].split() == ["dog", "in", "the", "snow", "-car"] and engine.asked["limit"] == 5
    search("dog", "--like", "-odd.jpg", "--unlike", CAT, "--all")
    assert engine.asked["like"] == (Path("-odd.jpg"),) and engine.asked["unlike"] == (Path(CAT),)
    assert engine.asked["every"] is True and engine.asked["text"] == "dog"


def test_dates_are_part_of_the_query(search: Search, engine: Engine) -> None:
    assert search("dog", "--since", "2020", "--until", "2022-05").code == 0
    assert engine.asked["text"] == "dog date:2020..2022-05"
    for words, text in (
        (("--since", "2020"), "dog date:2020.."),
        (("--until", "2020"), "dog date:..2020"),
        (("--since", "last May", "--until", "2020"), "dog between last May and 2020"),
        (("--until", "last May"), "dog until last May"),
    ):
        search("dog", *words)
        assert engine.asked["text"] == text
    said = search("dog", "--since", "nonsense")
    assert said.code == 2 and "nonsense" in said.err and "2023-05" in said.err


@pytest.mark.parametrize("words", [(), ("",), ("  ",)])
def test_an_empty_query_shows_examples(search: Search, engine: Engine, words: tuple[str, ...]) -> None:
    said = search(*words)
    assert said.code == 2 and "phototag search sunset beach" in said.err and not engine.asked
    assert search(*words, "--like", CAT).code == 0


@pytest.mark.parametrize(
    "words", [("--json", "--csv"), ("--paths", "--print0"), ("--yes",), ("--weak",), ("--limit", "0")]
)
def test_what_does_not_go_together(search: Search, engine: Engine, words: tuple[str, ...]) -> None:
    assert search("dog", *words).code == 2 and not engine.asked


# ---- which library


def test_the_library_is_named_or_around_or_the_last_used(
    search: Search, engine: Engine, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copytree(SAMPLES / "birthday", other)
    api.scan(other, options=Options(decode=False))
    monkeypatch.chdir(library / "birthday")
    assert str(library) in search("dog").err and engine.asked["libraries"] == [library]
    search("dog", "--library", other, "--library", library)
    assert engine.asked["libraries"] == [other, library]
    monkeypatch.chdir(tmp_path)
    place.remember(place.existing(other))
    assert "used last" in search("dog").err and engine.asked["libraries"] == [other]
    monkeypatch.setenv("PHOTOTAG_LIBRARY", str(library))
    search("dog")
    assert engine.asked["libraries"] == [library]


def test_no_library_is_a_sentence(search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.chdir(home)
    note = home / ".local/share/phototag/last.json"
    for content in (None, "", "{}", "[]", '{"root": 3}', json.dumps({"root": str(tmp_path / "gone")})):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.unlink(missing_ok=True) if content is None else note.write_text(content)
        said = search("dog")
        assert said.code == NoLibrary.code and "There is no phototag library" in said.err
    assert search("dog", "--library", tmp_path / "nowhere").code == NoLibrary.code


def test_the_last_library_is_remembered_where_a_name_is_no_utf_8(tmp_path: Path) -> None:
    kept = place.make(tmp_path / "kept")
    place.remember(replace(kept, root=Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9"))))
    assert place.last() is None
    place.remember(kept)
    found = place.last()
    assert found and found.root == tmp_path / "kept"


def test_remembering_may_fail(home: Path, tmp_path: Path) -> None:
    (home / ".local").mkdir(exist_ok=True)
    shutil.rmtree(home / ".local")
    (home / ".local").write_text("a file where a folder should be")
    place.remember(place.Place(tmp_path, tmp_path / ".phototag", 1))
    assert place.last() is None


# ---- how it is printed


def test_the_table_says_what_there_is(search: Search) -> None:
    said = search("dog")
    lines = said.text.splitlines()
    assert lines[0].split() == ["score", "date", "place", "keywords", "path"]
    assert lines[1].split(None, 3)[:3] == ["0.90", "2023-07-14", "Potsdam"] and lines[1].endswith(CAT)
    assert lines[2].startswith("0.65 +1") and lines[2].endswith(r"two\nlines.jpg")
    assert lines[3].startswith("0.40?") and "? weak" in said.text and "--all" in said.text
    assert "More: --limit" not in said.text and "More: --limit 15" in search("dog", "--limit", "3").text
    assert "clip has looked at no photo" in said.err and "clip" not in said.text


def test_explained(search: Search, engine: Engine) -> None:
    engine.parts = (
        Part("people", "two people", Count(2, 2)),
        Part("place", "Potsdam", Area(("potsdam",), 52.4, 13, 9)),
    )
    text = search("dog", "--explain").text
    assert '"two people": 2' in text and "up to 9 km from 52.40, 13.00" in text and 'picture   "dog"' in text
    assert 'text  0.80  keyword dog for "dog"' in text and "7 photos pass the conditions" in text


def test_nothing_found_is_an_answer(search: Search, engine: Engine, tmp_path: Path) -> None:
    engine.hits = []
    said = search("dog", "--copy-to", tmp_path / "to", "--album", "X", "--open")
    assert said.code == 0 and said.text.startswith("Nothing found.") and '"dog"' in said.text
    assert not (tmp_path / "to").exists()
    for form in ("--paths", "--print0"):
        said = search("dog", form)
        assert said.out == b"" and "Nothing found." in said.err
    assert json.loads(search("dog", "--json").out)["hits"] == []
    assert len(search("dog", "--csv").text.splitlines()) == 1


def test_paths_are_whole_in_both_forms(search: Search, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library / "birthday")
    before = os.fsencode(library) + b"/"
    said = search("dog", "--paths")
    assert said.out.split(b"\n") == [*(before + one for one in (CAT.encode(), rb"two\nlines.jpg", RAW_NAME)), b""]
    assert "warning: 1 name has a line break in it" in said.err and "--print0" in said.err
    said = search("dog", "--print0")
    names = said.out.split(b"\0")
    assert names == [*(before + one for one in (CAT.encode(), os.fsencode(BROKEN), RAW_NAME)), b""]
    assert "warning" not in said.err


def test_csv_is_what_the_rfc_says(search: Search, library: Path) -> None:
    said = search("dog", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.text, newline="")))
    assert said.out.count(b"\r\n") == 4 and rows[0]["keywords"] == "dog; beach" and rows[2]["weak"] == "weak"
    assert rows[1]["path"] == str(library / BROKEN) and rows[1]["alike"] == "1"


def test_json_has_everything(search: Search, library: Path) -> None:
    said = search("dog", "--json")
    told = json.loads(said.out)
    assert told["libraries"] == [str(library)] and told["matching"] == 7 and told["query"]["picture"] == "dog"
    hit = told["hits"][0]
    assert hit["path"] == str(library / CAT) and hit["why"][0]["strength"] == 0.8 and hit["weak"] is False
    assert said.err == ""


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=70)


@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT), min_size=1, max_size=4), st.integers(50, 160))
def test_a_table_fits_its_width(cells: list[tuple[str, str, str]], width: int) -> None:
    why = (Why("ü" * 90, "search", 0.5, "字" * 90),)
    hits = tuple(
        Hit(
            str(at),
            "x",
            0.5,
            why,
            weak=True,
            folded=("a",),
            shown={"date": "2020-01-01", "place": one, "keywords": two},
        )
        for at, (one, two, _) in enumerate(cells)
    )
    lines = list(listing.table(Found(Query("q"), hits, 1), [path for *_, path in cells], width, explain=True))
    assert len(lines) == 1 + 2 * len(cells)
    for line in lines:
        assert sum(_columns(letter) for letter in line) <= width and line.isprintable()


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or letter in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def test_of_a_long_path_the_name_stays() -> None:
    assert listing.shortened("2025/01 Jan/2025-01-15 Berlin gate/IMG_0011.jpg", 20) == "…/IMG_0011.jpg"
    assert listing.shortened("a/b.jpg", 20) == "a/b.jpg"
    assert len(listing.shortened("/x/" + "n" * 99 + ".jpg", 20)) == 20


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Days(20230601, 20230831), "2023-06-01 to 2023-08-31"),
        (Days(20230714, 20230714), "2023-07-14"),
        (Days(20230601, 0), "2023-06-01 to …"),
        (Days(months=(5,), weekdays=(5, 6), hours=(22, 5)), "May, Sat/Sun, 22:00 to 05:00"),
        (Count(2, 2), "2"),
        (Count(3, None), "at least 3"),
        (Count(None, 3), "at most 3"),
        (Count(3, 5), "3 to 5"),
        (Area(("rome", "rom"), 41.9, 12.5, 20), "rome/rom, up to 20 km from 41.90, 12.50"),
        ("golden hour", "golden hour"),
    ],
)
def test_what_a_part_means_in_words(value: Any, words: str) -> None:
    assert listing.said(value) == words


def test_hits_of_several_libraries_are_found_on_disk(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "x.jpg").touch()
    (tmp_path / "a" / "y.jpg").touch()
    (tmp_path / "b" / "y.jpg").touch()
    b = str(tmp_path / "b")
    hits = (Hit("1", "x.jpg", 1), Hit("2", "y.jpg", 1, shown={"root": b}), Hit("3", "/z.jpg", 1), Hit("4", "w.jpg", 1))
    found = Found(Query("q"), hits, 4, roots=(str(tmp_path / "a"), b))
    assert listing.located(found) == [f"{b}/x.jpg", f"{b}/y.jpg", "/z.jpg", str(tmp_path / "a" / "w.jpg")]


def test_a_broken_pipe_is_quiet(library: Path) -> None:
    script = (
        "import sys, types; from phototag.search.nouns import *; from phototag import cli\n"
        "hits = tuple(Hit(str(n), 'x' * 90, 0.5) for n in range(3000))\n"
        "sys.modules['phototag.api_searching'] = types.SimpleNamespace("
        "search=lambda text, **given: Found(Query(text), hits, 1, roots=('/nowhere',)))\n"
        "sys.exit(cli.run(['search', 'x', '-n', '9000', '--library', sys.argv[1], *sys.argv[2:]]))"
    )
    for form in ("--paths", "--csv", "-q"):
        line = f'{sys.executable} -c "$SCRIPT" . {form} | head -c 10'
        done = subprocess.run(
            ["bash", "-c", line], cwd=library, env={**os.environ, "SCRIPT": script}, capture_output=True, check=True
        )
        assert len(done.stdout) == 10 and b"rror" not in done.stderr, done.stderr


def test_a_photo_that_cannot_be_compared_says_why(search: Search, library: Path, tmp_path: Path) -> None:
    (library / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    api.scan(library)
    shutil.copy(library / CAT, tmp_path / "outside.jpg")
    shutil.copy(library / CAT, library / "new.jpg")
    for name, why in (
        (library / "bad.jpg", "cannot be read as a photo"),
        (tmp_path / "outside.jpg", "lies outside of the library"),
        (library / "new.jpg", "Scan its folder first"),
        (library, "is a folder"),
    ):
        said = search("--like", name)
        assert said.code == 2 and why in said.err and str(name) in said.err
    assert search("--like", library / CAT).code == 0


def test_words_that_are_said_of_every_photo_stand_last() -> None:
    hit = Hit("1", "x", 1.0, shown={"keywords": ["landscape orientation", "dog", "beach"]})
    assert listing.keywords_of(hit) == ["dog", "beach", "landscape orientation"]


def test_where_no_photos_are_embed_makes_no_library(phototag: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    done = phototag("embed", str(tmp_path))
    assert done.returncode == 6 and "There are no photos in" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]


# ---- copies and links


def test_copies_are_the_photos_with_their_sidecars(search: Search, library: Path, tmp_path: Path) -> None:
    before = _all(library)
    said = search("dog", "--copy-to", tmp_path / "to" / "deep", "--weak")
    assert said.code == 0 and "3 photos copied to" in said.text and "2 sidecars" in said.text
    to = tmp_path / "to" / "deep"
    names = {os.fsencode(one.name) for one in to.iterdir()}
    assert names == {b"IMG_0011.jpg", b"IMG_0011.xmp", b"IMG_0011.JPG.XMP", os.fsencode(BROKEN), RAW_NAME}
    original, copy = library / CAT, to / "IMG_0011.jpg"
    assert copy.read_bytes() == original.read_bytes() and copy.stat().st_mtime_ns == original.stat().st_mtime_ns
    assert copy.stat().st_ino != original.stat().st_ino and _all(library) == before
    again = search("dog", "--copy-to", to, "--weak")
    assert "0 photos copied" in again.text and "3 were there already" in again.text and len(list(to.iterdir())) == 5


def _all(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (one for one in folder.rglob("*") if one.is_file() and ".phototag" not in one.parts)
    return {str(one): (one.read_bytes(), one.stat().st_mtime_ns) for one in files}


def test_what_is_weak_is_not_taken_unseen(search: Search, tmp_path: Path) -> None:
    said = search("dog", "--copy-to", tmp_path / "to", "--contact-sheet", tmp_path / "a.html")
    assert "2 photos copied" in said.text and "Left out: 1 weak hit" in said.err and "--weak" in said.err
    assert "3 photos on" in said.text


def test_a_copy_takes_a_free_name_and_its_sidecars_go_with_it(search: Search, tmp_path: Path) -> None:
    to = tmp_path / "to"
    to.mkdir()
    for name in ("IMG_0011.jpg", "IMG_0011 (2).xmp"):
        (to / name).write_text("mine")
    said = search("dog", "--copy-to", to, "--limit", "1")
    assert "IMG_0011 (3).jpg" in said.text
    names = sorted(one.name for one in to.iterdir())
    assert names == [
        "IMG_0011 (2).xmp",
        "IMG_0011 (3).JPG.XMP",
        "IMG_0011 (3).jpg",
        "IMG_0011 (3).xmp",
        "IMG_0011.jpg",
    ]
    assert (to / "IMG_0011.jpg").read_text() == (to / "IMG_0011 (2).xmp").read_text() == "mine"


def test_links_lead_to_the_photos(search: Search, library: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert "3 photos linked" in search("dog", "--link-to", to, "--weak").text
    link = to / "IMG_0011.jpg"
    assert link.is_symlink() and link.resolve() == library / CAT and (to / "IMG_0011.xmp").is_symlink()
    assert "3 were there already" in search("dog", "--link-to", to, "--weak").text
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    search("dog", "--link-to", to, "--limit", "1")
    assert os.readlink(link) == str(tmp_path / "nowhere") and (to / "IMG_0011 (2).jpg").resolve() == library / CAT


@pytest.mark.parametrize("option", ["--copy-to", "--link-to"])
def test_some_folders_are_refused(search: Search, library: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "link").symlink_to(library / ".phototag")
    (tmp_path / "file").touch()
    state = sorted((library / ".phototag").rglob("*"))
    for target in (library / ".phototag" / "x", tmp_path / "link", tmp_path / "file"):
        said = search("dog", option, target)
        assert said.code == 2 and str(target) in said.err
    assert sorted((library / ".phototag").rglob("*")) == state


def test_nothing_is_copied_among_the_photos_that_were_searched(search: Search, library: Path) -> None:
    (library / "out").mkdir()
    before = _all(library)
    for option in ("--copy-to", "--link-to"):
        for folder in (library / "birthday", library / "out" / "deep", library):
            said = search("dog", option, folder)
            assert said.code == 2 and "would become photos of it" in said.err and _all(library) == before
    assert not (library / "out" / "deep").exists()


def test_what_a_scan_passes_over_may_take_copies(search: Search, library: Path) -> None:
    (library / "out").mkdir()
    (library / ".phototagignore").write_text("out/\n")
    assert "2 photos copied" in search("dog", "--copy-to", library / "out" / "deep").text
    assert "2 photos copied" in search("dog", "--copy-to", library / ".hidden").text


def test_a_photo_that_has_gone_is_no_hit_and_the_next_one_moves_up(search: Search, library: Path) -> None:
    (library / CAT).unlink()
    said = search("dog", "--limit", "1")
    assert "lines.jpg" in said.text and CAT not in said.text
    assert said.code == 0 and "1 photo has gone since the last scan" in said.err


def test_of_a_disk_that_is_not_there_the_finds_stay(search: Search, engine: Engine, library: Path) -> None:
    for one in library.iterdir():
        if one.name != ".phototag":
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    assert CAT in search("dog").text


def test_a_photo_that_goes_meanwhile_is_named(library: Path, tmp_path: Path) -> None:
    gathering = Gathering(tmp_path / "to")
    gathering.bring(str(library / "no.jpg"))
    assert [Path(path).name for path, _ in gathering.done.failed] == ["no.jpg"]


def test_no_copy_stays_of_a_photo_that_changed_meanwhile(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from phototag.change import clone

    copied = clone.copied

    def and_changed(origin: Path, temp: Path) -> str:
        digest = copied(origin, temp)
        os.utime(origin, ns=(1, 1))
        return digest

    monkeypatch.setattr(clone, "copied", and_changed)
    gathering = Gathering(tmp_path / "to")
    gathering.bring(str(library / CAT))
    assert "changed" in gathering.done.failed[0][1] and list((tmp_path / "to").iterdir()) == []


def test_a_full_disk_is_a_sentence(search: Search, engine: Engine, small_disk: Path, tmp_path: Path) -> None:
    big = engine.root / "big.jpg"
    big.write_bytes(os.urandom(4 << 20))
    engine.hits = [Hit("big", "big.jpg", 1)]
    said = search("dog", "--copy-to", small_disk)
    assert said.code == 8 and "No space left" in said.err and list(small_disk.iterdir()) == []


# ---- a page, a program, an album


def test_the_page_is_made_and_opened(
    search: Search, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener, opened = tmp_path / "bin" / "xdg-open", tmp_path / "opened"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > "{opened}"\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}{os.pathsep}{os.environ['PATH']}")
    if sys.platform != "linux":
        pytest.skip("only Linux opens files by xdg-open")
    assert "3 photos on" in search("dog", "--contact-sheet", tmp_path / "a.html", "--open").text
    assert _soon(opened) == str(tmp_path / "a.html") and (tmp_path / "a.html").exists()
    opened.unlink()
    search("dog", "--open")
    assert _soon(opened) == str(library / CAT)
    opener.write_text("#!/bin/sh\necho no viewer >&2; exit 3\n")
    said = search("dog", "--open")
    assert said.code == 5 and "No program opened" in said.err and "no viewer" not in said.err


def _soon(file: Path) -> str:
    """What a program that was started writes there."""
    import time

    for _ in range(100):
        if file.exists() and file.read_text():
            return file.read_text()
        time.sleep(0.05)
    raise AssertionError(f"nobody wrote {file}")


def test_an_album_is_one_keyword_that_undo_takes_back(search: Search, engine: Engine, library: Path) -> None:
    engine.hits = engine.hits[:1]
    before, words = (library / CAT).read_bytes(), _words(library / CAT)
    api.say([library / CAT], add=["kitten"], library=library)  # decided, and not what an album writes
    said = search("dog", "--album", "Summer in Rome", "--dry-run")
    assert "+ Summer in Rome" in said.text and "kitten" not in said.text and "nothing was changed" in said.text
    assert (library / CAT).read_bytes() == before
    assert search("dog", "--album", "Summer in Rome").code == 2  # nobody can be asked
    assert _keywords(library / CAT, "Summer in Rome") is False
    said = search("dog", "--album", "Summer in Rome", "--yes")
    assert said.code == 0 and "'Summer in Rome' is in" in said.text and "phototag undo" in said.text
    assert _words(library / CAT) == words | {"Summer in Rome"}
    assert _decided(library, "Summer in Rome")
    again = search("dog", "--album", "Summer in Rome", "--yes")
    assert again.code == 0 and "already" in again.text
    api.undo(last=True, library=library)
    assert _keywords(library / CAT, "Summer in Rome") is False and (library / CAT).read_bytes() == before
    api.tag([library / CAT], library=library)
    assert _keywords(library / CAT, "kitten") is True and _keywords(library / CAT, "Summer in Rome") is False
    assert not _decided(library, "Summer in Rome")


def test_an_album_stays_when_tags_are_written_later(search: Search, engine: Engine, library: Path) -> None:
    engine.hits = engine.hits[:1]
    search("dog", "--album", "Summer in Rome", "--yes")
    api.say([library / CAT], add=["kitten"], library=library)
    api.tag([library / CAT], library=library)
    assert {"kitten", "Summer in Rome"} <= _words(library / CAT)


def test_a_word_that_was_taken_away_can_be_an_album_again(search: Search, engine: Engine, library: Path) -> None:
    engine.hits = engine.hits[:1]
    api.say([library / CAT], remove=["Rome"], library=library)
    search("dog", "--album", "Rome", "--yes")
    api.tag([library / CAT], library=library)
    assert _keywords(library / CAT, "Rome") is True


def test_a_refused_file_is_in_no_album(search: Search, engine: Engine, library: Path) -> None:
    engine.hits = engine.hits[:1]
    for one in list((library / "birthday").glob("IMG_0011.*")):
        if one.suffix.lower() == ".xmp":
            one.unlink()
    twin = library.parent / "twin.jpg"
    os.link(library / CAT, twin)  # a file of several names is not written into
    said = search("dog", "--album", "Rome", "--yes")
    assert said.code == 1 and "No file was written" in said.text and not _decided(library, "Rome")
    twin.unlink()
    api.tag([library / CAT], library=library)
    assert _keywords(library / CAT, "Rome") is False


def _decided(library: Path, word: str) -> bool:
    decision = api.show([library / CAT], library=library)[0].decision
    return decision is not None and any(tag.term == word for tag in decision.tags)


def _words(photo: Path) -> set[str]:
    command = ["exiftool", "-s3", "-sep", ";", "-XMP-dc:Subject", str(photo)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split(";")) - {""}


def _keywords(photo: Path, word: str) -> bool:
    """Does a file or its sidecar say so, as ExifTool reads it?"""
    files = [photo, photo.with_suffix(".xmp")]
    done = subprocess.run(["exiftool", "-s3", "-XMP-dc:Subject", *files], capture_output=True, text=True, check=False)
    return word in done.stdout


@pytest.mark.parametrize("name", ["", " ", "a,b", "a|b", "-x", "+x", "a\x1bb", "a;b"])
def test_some_names_are_no_albums(search: Search, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        api_found.album_name(name)
    if name:
        assert search("dog", f"--album={name}", "--copy-to", tmp_path / "to").code == 2
        assert not (tmp_path / "to").exists()


# ---- pictures in the terminal


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x"}, ""),
        ({"TERM": "xterm-256color"}, ""),
        ({}, ""),
    ],
)
def test_which_terminals_show_pictures(environment: dict[str, str], kind: str) -> None:
    assert thumbnails.protocol(environment, is_terminal=True) == kind
    assert thumbnails.protocol(environment, is_terminal=False) == ""


def test_a_picture_is_sent_in_pieces_that_a_terminal_takes(library: Path) -> None:
    import base64
    import re

    from PIL import Image

    sent = thumbnails.picture(str(library / CAT), "kitty")
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sent)
    assert max(len(text) for _, text in pieces) <= 4096 and pieces[-1][0].endswith("m=0") and "a=T" in pieces[0][0]
    with Image.open(io.BytesIO(base64.b64decode("".join(text for _, text in pieces)))) as image:
        assert image.format == "PNG" and max(image.size) <= 200
    assert thumbnails.picture(str(library / CAT), "iterm2").startswith("\x1b]1337;File=inline=1;")
    assert thumbnails.picture(str(library / "gone.jpg"), "kitty").strip() == "(no picture)"


def test_where_no_picture_can_be_shown_the_table_stays(search: Search) -> None:
    said = search("dog", "--thumbnails", "--explain")
    assert "--contact-sheet" in said.err and CAT in said.text and "\x1b" not in said.text


# ---- with the engine itself


def test_from_words_to_files_with_nothing_standing_in(phototag: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    api.scan(folder, options=Options(decode=False))
    api.decide(folder)
    place.remember(place.existing(folder))
    done = phototag("search", "Jürgen", "--since", "2024-06-01", "--until", "2024-06-30", "--paths")
    assert done.returncode == 0 and done.stdout == f"{folder}/birthday/IMG_0007.jpg\n", done.stderr
    assert "used last" in done.stderr
    told = json.loads(phototag("search", "june 2024", "-berlin", "--json", "--all", "--library", folder).stdout)
    assert {Path(hit["path"]).parent.name for hit in told["hits"]} == {"birthday"} and len(told["hits"]) > 2
    done = phototag("search", "2024", "--contact-sheet", "a.html", "--copy-to", "to", "--quiet", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "a.html").exists() and any((tmp_path / "to").iterdir()), done.stderr
