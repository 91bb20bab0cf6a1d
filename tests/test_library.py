"""The library: paths, places, tables, the lock, the evidence log and its replay."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.errors import Busy, Damaged, NewerLibrary, NoLibrary
from phototag.records import Evidence, Facts, File, Gps, Moment, Photo, Region
from phototag.store import place, tables
from phototag.store.library import Library, open_library
from phototag.store.place import escape, unescape

FACTS = Facts(
    moment=Moment(datetime(2024, 8, 10, 13, 25, 32, 120000), 120, "Europe/Berlin", "exif"),
    gps=Gps(52.5, 13.4, 34.0),
    keywords=("Müller", "Zoë 🎂", 'quote "x"'),
    lists={"subject": ("Müller",), "iptc": ("Müller", "x")},
    captions={"de": "Am Tor"},
    place={"city": "Berlin"},
    regions=(Region("Anna", "Face", 0.5, 0.5, 0.1, 0.2),),
    rating=4,
)


def file(path: str, photo: str = "", **more: object) -> File:
    given = {
        "size": 10,
        "mtime_ns": 1,
        "inode": 2,
        "kind": "jpeg",
        "image_id": photo or path,
        "photo_id": photo or path,
    }
    return File(path=path, **(given | {"facts": FACTS} | more))  # type: ignore[arg-type]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return open_library(tmp_path, make=True)


# ---- paths and places


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=())).filter(lambda s: s.isprintable() or s))
def test_any_name_survives_being_stored(name: str) -> None:
    try:
        name = os.fsdecode(os.fsencode(name))
    except UnicodeEncodeError:
        return  # no file system can hold it
    stored = escape(name)
    stored.encode("utf-8")
    assert unescape(stored) == name


def test_paths_inside_are_relative_and_outside_absolute(library: Library, tmp_path: Path) -> None:
    where = library.place
    assert where.stored(f"{tmp_path}/2024/a.jpg") == "2024/a.jpg"
    assert where.stored(str(tmp_path)) == "" and where.actual("") == str(tmp_path)
    assert where.stored("/elsewhere/a.jpg") == "/elsewhere/a.jpg"
    assert where.stored(f"{tmp_path}-2/a.jpg") == f"{tmp_path}-2/a.jpg"
    broken = os.fsdecode(os.fsencode(str(tmp_path)) + b"/b\xffd.jpg")
    assert where.actual(where.stored(broken)) == broken


def test_a_library_is_found_from_any_folder_below_and_can_move(tmp_path: Path) -> None:
    old = tmp_path / "old"
    (old / "2024" / "05").mkdir(parents=True)
    library = open_library(old, make=True)
    with library.writing():
        library.put_files([file("2024/05/a.jpg")])
    old.rename(tmp_path / "new")
    found = open_library(tmp_path / "new" / "2024" / "05")
    assert found.place.actual("2024/05/a.jpg") == str(tmp_path / "new/2024/05/a.jpg")
    assert list(found.folders()) == ["2024/05"]
    with pytest.raises(NoLibrary, match="no phototag library"):
        open_library(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_read_only_folder_gets_its_library_in_the_data_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    _check_shadow(tmp_path)


def test_a_folder_that_cannot_be_written_gets_its_library_in_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / ".phototag").write_text("a file in the way, which not even root can write through")
    _check_shadow(tmp_path)


def _check_shadow(root: Path) -> None:
    library = open_library(root, make=True)
    assert library.place.is_shadow and str(library.place.state).startswith(os.environ["XDG_DATA_HOME"])
    assert open_library(root).place == library.place


def test_a_newer_library_is_refused(library: Library) -> None:
    replace(library.place, version=tables.VERSION + 1).save()
    with pytest.raises(NewerLibrary, match="newer phototag"):
        open_library(library.place.root)


def test_an_unreadable_library_file_is_a_sentence(library: Library) -> None:
    (library.place.state / "library.json").write_text("{")
    with pytest.raises(Damaged, match=r"library\.json cannot be read"):
        open_library(library.place.root)


def test_an_older_library_is_migrated_step_by_step(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    monkeypatch.setattr(tables, "VERSION", 3)
    monkeypatch.setattr(place, "VERSION", 3)
    monkeypatch.setattr(tables, "MIGRATIONS", {1: lambda lance: steps.append(1), 2: lambda lance: steps.append(2)})
    with library.writing():
        assert steps == [1, 2]
    assert open_library(library.place.root).place.version == 3
    with open_library(library.place.root).writing():
        assert steps == [1, 2]


# ---- tables


def test_files_and_photos_come_back_as_they_were(library: Library) -> None:
    one, other = file("a/1.jpg"), file("a/b\x00ff.jpg", photo="x", facts=Facts())
    photo = Photo("x", "picture", ("a/1.jpg",), FACTS)
    with library.writing():
        library.put_files([one, other])
        library.put_photos([(photo, [one])])
        library.put_files([], [replace(one, size=11)])
    assert sorted(library.files("path", ["a/1.jpg", "a/b\x00ff.jpg"]), key=lambda f: f.path) == [
        replace(one, size=11),
        other,
    ]
    assert list(library.photos(["x"])) == [photo]
    assert library.photo_ids() == ["a/1.jpg", "x"]
    row = next(library.photo_rows(("taken_at", "taken_utc", "picture")))
    assert row["taken_at"] == "2024-08-10T13:25:32.120000" and row["taken_utc"].hour == 11


def test_a_name_full_of_sql_is_only_a_name(library: Library) -> None:
    nasty = "it's -- \"x\" '; DROP\n/.jpg"
    with library.writing():
        library.put_files([file(nasty), file("b")])
    assert [f.path for f in library.files("path", [nasty])] == [nasty]


def test_a_damaged_table_says_how_to_rebuild(library: Library) -> None:
    with library.writing():
        library.put_files([file("a")])
    for manifest in (library.lance.folder / "files.lance" / "_versions").iterdir():
        manifest.write_bytes(b"rubbish")
    with pytest.raises(Damaged, match="'files'") as trouble:
        open_library(library.place.root).folders()
    assert "phototag rebuild" in trouble.value.hint


# ---- the lock


def test_a_second_writer_is_named_and_refused_and_readers_go_on(library: Library) -> None:
    with library.writing():
        library.put_files([file("a")])
        with pytest.raises(Busy, match=f"process {os.getpid()}"), open_library(library.place.root).writing():
            pytest.fail("two writers")
        assert open_library(library.place.root).folders() == {""}
    with open_library(library.place.root).writing():
        assert True  # let go when the first one ended


def test_a_killed_writer_lets_go(library: Library) -> None:
    code = f"""
import os, signal
from pathlib import Path
from phototag.store.library import open_library
with open_library(Path({str(library.place.root)!r})).writing():
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with library.writing():
        assert (library.place.state / "lock").exists()


# ---- evidence


def said(image_id: str, value: object = "x", step: str = "describe", **more: object) -> Evidence:
    return Evidence(image_id, step, "fake/1", value, made_at="2024", **more)  # type: ignore[arg-type]


def test_what_is_made_is_no_longer_pending(library: Library) -> None:
    with library.writing():
        library.put([said("a"), Evidence("b", "describe", "fake/1", error="no"), said("c", step="measure")])
    assert library.made("describe", "fake/1") == {"a", "b"}
    assert library.made("describe", "fake/1", failed=False) == {"a"}
    assert library.made("describe", "fake/2") == set()
    assert {e.error or e.value for e in library.evidence(["a", "b", "c"])} == {"x", "no"}


def test_vectors_lie_in_the_table_of_their_space(library: Library) -> None:
    with library.writing():
        library.put([said("a", step="embed", space="s", vector=[0.5, 0.5])])
        library.put([said("b", step="embed", space="t", vector=[1.0, 0.0, 0.0])])
        assert list(library.lance.rows("vectors_s", ("image_id", "vector"))) == [
            {"image_id": "a", "vector": [0.5, 0.5]}
        ]
        library.forget("embed", "fake/1", ["a"], "s")
        assert library.lance.count("vectors_s") == 0 and library.lance.count("vectors_t") == 1


@pytest.fixture
def told(library: Library) -> Iterator[Library]:
    with library.writing():
        library.put([said("a"), said("b")], logged={"describe"})
        library.put([said("c", {"ü": 1})], logged={"describe"})
        library.put([said("m", step="measure")], logged={"describe"})
        library.forget("describe", "fake/1", ["b"])
    yield library


def test_the_log_makes_lost_tables_again(told: Library) -> None:
    shutil.rmtree(told.lance.folder)
    again = open_library(told.place.root)
    with again.writing():
        assert again.made("describe", "fake/1") == {"a", "c"}
        assert next(again.evidence(["c"])).value == {"ü": 1}
        assert again.made("measure", "fake/1") == set()


def test_evidence_that_a_crash_kept_from_the_table_is_taken_over_once(told: Library) -> None:
    line = tables.evidence_row(said("late"))
    with (told.place.state / "evidence" / "describe.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n" + json.dumps(line)[:30])
    for _ in range(2):
        with open_library(told.place.root).writing():
            pass
    rows = [e.image_id for e in open_library(told.place.root).evidence(["a", "b", "c", "late"])]
    assert sorted(rows) == ["a", "c", "late"]


def test_forgotten_evidence_can_be_made_again_and_survives(told: Library) -> None:
    with told.writing():
        told.put([said("b", "anew")], logged={"describe"})
    shutil.rmtree(told.lance.folder)
    with open_library(told.place.root).writing():
        pass
    assert next(open_library(told.place.root).evidence(["b"])).value == "anew"


def test_many_small_writes_leave_few_fragments(library: Library) -> None:
    with library.writing():
        for n in range(60):
            library.put_files([file(f"f/{n}-{k}") for k in range(20)])
        library.compact()
    assert library.lance.table("files").stats()["fragment_stats"]["num_fragments"] <= 3
    assert library.lance.count("files") == 1200
