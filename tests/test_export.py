"""What is known goes out whole, in three forms, and nothing of the library or of a photo is touched by it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from phototag import api
from phototag.api_opening import steps_of
from phototag.decide.record import shape
from phototag.errors import NoSpace, UsageError
from phototag.exporting import records
from phototag.read.scan import Options
from phototag.records import Change, Decision, Evidence, Facts, File, Gps, Moment, Photo, Tag
from phototag.store import sheets
from phototag.store.library import Library, open_library
from phototag.vocabulary import Vocabulary
from tests.conftest import SAMPLES, Run

ODD = ("-rf ümlaut.jpg", "new\nline, 'quoted' \"twice\".jpg", "=1+1.jpg")
CAT = "birthday/IMG_0011.jpg"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample pictures and three with odd names, scanned and decided upon: to read only."""
    folder = tmp_path_factory.mktemp("export") / "photos"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    for number, name in enumerate(ODD):
        target = folder / "odd" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(folder / CAT, target)
        tags = ["-XMP-dc:Subject=@home", "-XMP-dc:Subject=Zoë", f"-XMP-dc:Description=+{number} Übung"]
        # Another picture by its image data: JPEGs of other sizes.
        _small_jpeg(target, 8 + number)
        subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, f"./{name}"], cwd=target.parent, check=True)
    library, _ = api.scan(folder)
    today = {step.name: step.maker for step in steps_of(api.settings(folder))}
    cat = next(library.files("path", [CAT])).photo_id
    with library.writing():
        said = [
            Evidence(cat, step, maker or today[step], value, made_at=f"2024-01-0{day}")
            for day, (step, maker, value) in enumerate(_SAID, 1)
        ]
        library.put(said)
    api.decide(folder)
    return folder


_SAID: tuple[tuple[str, str, Any], ...] = (
    ("measure", "measure/old", {"sharpness": 1.5, "sharpest_tiles": 2}),
    ("place", "", {"city": "Bonn", "state": "", "country": "Germany", "country_code": "DE"}),
    ("people", "", {"count": 2, "persons": 2, "faces": 1}),
    ("address", "nominatim/t", {"name": "Münster", "road": "=Weg", "city": "Bonn", "country_code": "DE"}),
    ("address", "nominatim/t2", {"name": "Bonner Münster", "road": "=Weg", "city": "Bonn", "country_code": "DE"}),
)


def _small_jpeg(path: Path, side: int) -> None:
    from PIL import Image

    Image.new("RGB", (side, side), (200, 30, 30)).save(path)


def of(photos: Path) -> list[dict[str, Any]]:
    return list(api.export_records(photos))


def exported(photos: Path | None, form: str, **more: Any) -> bytes:
    stream = io.BytesIO()
    api.export(stream, form, photos, **more)
    return stream.getvalue()


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def every_file(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


# ---- what is in it


def test_every_photo_is_a_record_in_the_order_of_the_paths(photos: Path) -> None:
    found = of(photos)
    paths = [one["path"] for one in found]
    assert len(paths) == 15 and paths == sorted(paths) and {f"odd/{name}" for name in ODD} <= set(paths)
    assert all(list(one) == list(shape()) for one in found)


def test_a_record_says_what_files_makers_and_people_said(photos: Path) -> None:
    (cat,) = (one for one in of(photos) if one["path"] == CAT)
    assert cat["address"]["name"] == "Bonner Münster" and cat["makers"]["address"] == "nominatim/t2"
    assert cat["people"]["count"] == 2 and cat["people"]["faces"] is None
    odd = next(one for one in of(photos) if one["path"] == f"odd/{ODD[0]}")
    assert set(odd["human"]) == {"@home", "Zoë"} and odd["caption"]["en"] == "+0 Übung" and odd["width"] == 8
    assert odd["queued"] == {} and odd["sharpness"] is None


def test_the_maker_that_would_be_asked_today_is_the_one_that_counts(photos: Path) -> None:
    (cat,) = (one for one in of(photos) if one["path"] == CAT)
    assert cat["sharpness"] is None and "measure" not in cat["makers"]  # measured by a version of old


def test_only_photos_below_the_folder(photos: Path) -> None:
    assert {one["path"] for one in of(photos / "odd")} == {f"odd/{name}" for name in ODD}
    assert [one["path"] for one in of(photos / CAT)] == [CAT]
    assert len(list(api.export_records(library=photos))) == 15
    with pytest.raises(UsageError, match="There is no"):
        of(photos / "nowhere")


def test_a_copy_names_its_original(tmp_path: Path) -> None:
    heap, tree = tmp_path / "heap", tmp_path / "tree"
    for folder in (heap, tree):
        folder.mkdir()
        _small_jpeg(folder / "a.jpg", 16)
    library, _ = api.scan(tree)
    api.scan(heap, library=tree)
    (id,) = library.photo_ids()
    for state in ("done", "undone"):
        change = Change("copy", "a.jpg", "a.jpg", id, "jpeg", "", origin=str(heap / "a.jpg"))
        parts = {"kind": change.kind, "target": change.target, "image_id": id, "origin": change.origin}
        library.journal.append([{"id": "e1", "batch": "b1", "state": state, "change": parts}])
        with library.writing():
            pass
        (found,) = api.export_records(tree)
        assert found["path"] == "a.jpg" and found["files"] == ["a.jpg", str(heap / "a.jpg")]
        assert found["original"] == (str(heap / "a.jpg") if state == "done" else None)


# ---- the three forms


def test_json_comes_back_as_the_records_one_a_line(photos: Path) -> None:
    content = exported(photos, "json").decode()
    assert json.loads(content) == of(photos)
    lines = content.splitlines()
    assert (lines[0], lines[-1]) == ("[", "]") and all(json.loads(line.rstrip(",")) for line in lines[1:-1])


def test_parquet_comes_back_as_the_records(photos: Path) -> None:
    table = parquet.read_table(io.BytesIO(exported(photos, "parquet")))
    named = ("scores", "queued", "proposed", "makers")
    found = [
        row | {name: None if row[name] is None else dict(row[name]) for name in named} for row in table.to_pylist()
    ]
    assert found == of(photos)


def test_csv_comes_back_as_the_records_in_flat(photos: Path) -> None:
    content = exported(photos, "csv")
    assert content.count(b"\r\n") >= 16 and not content.startswith(b"\xef\xbb\xbf")
    for row, one in zip(csv_rows(content), of(photos), strict=True):
        assert row["path"] == one["path"] and row["image_id"] == one["image_id"]
        assert (float(row["lat"]) if row["lat"] else None) == one["lat"]
        assert json.loads(row["scores"]) == one["scores"]
        assert row["address.city"] == (one["address"]["city"] or "")
        assert row["keywords.de"].lstrip("'") == "; ".join(one["keywords"]["de"])


def test_no_cell_is_a_formula_and_numbers_stay_numbers() -> None:
    columns = {"text": "text", "list": "texts", "lon": "figure", "part": {"text": "text"}, "map": "scores"}
    stream = io.BytesIO()
    texts = ["=1+1", "+49", "-x", "@a", "\tx", "\rx", "\n=x", "＝1", "a=b", ""]
    rows = [
        {"text": t, "list": [t, "b"], "lon": -33.5, "part": {"text": t}, "map": {"=a": 1}, "more": 1} for t in texts
    ]
    assert sheets.write(stream, "csv", rows, columns) == len(texts)
    for text, row in zip(texts, csv_rows(stream.getvalue()), strict=True):
        safe = text if text in ("a=b", "") else f"'{text}"
        assert (row["text"], row["part.text"], row["list"]) == (safe, safe, f"{safe}; b")
        assert row["lon"] == "-33.5" and row["map"] == '{"=a": 1}'


@given(st.lists(st.fixed_dictionaries({"a": st.none() | st.text(), "b": st.lists(st.text(max_size=3), max_size=2)})))
def test_any_text_comes_back_from_each_form(rows: list[dict[str, Any]]) -> None:
    columns = {"a": "text", "b": "texts"}
    got = {form: io.BytesIO() for form in ("csv", "json", "parquet")}
    for form, stream in got.items():
        assert sheets.write(stream, form, rows, columns) == len(rows)
    assert json.loads(got["json"].getvalue()) == rows
    assert parquet.read_table(io.BytesIO(got["parquet"].getvalue())).to_pylist() == rows
    for row, cells in zip(rows, csv_rows(got["csv"].getvalue()), strict=True):
        assert cells["a"].removeprefix("'") == (row["a"] or "").removeprefix("'")


def test_no_photos_are_an_empty_table(tmp_path: Path) -> None:
    api.scan(tmp_path, options=Options(decode=False))
    assert json.loads(exported(tmp_path, "json")) == []
    assert csv_rows(exported(tmp_path, "csv")) == [] and b"path,original" in exported(tmp_path, "csv")
    assert parquet.read_table(io.BytesIO(exported(tmp_path, "parquet"))).num_rows == 0


def test_languages_are_columns(photos: Path) -> None:
    (row, *_) = csv_rows(exported(photos, "csv", languages=("de", "fr", "de")))
    assert {"caption.de", "caption.fr", "keywords.fr"} <= row.keys() and "caption.en" not in row
    for wrong in (("en-US",), (), ("",)):
        with pytest.raises(UsageError, match="is no language"):
            exported(photos, "csv", languages=wrong)


# ---- into a file


def test_a_file_is_written_over_only_with_force(photos: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert api.export(target, "csv", photos) == 15
    content = target.read_bytes()
    assert content == b"\xef\xbb\xbf" + exported(photos, "csv")
    target.chmod(0o600)
    with pytest.raises(UsageError, match="is there already"):
        api.export(target, "json", photos)
    assert target.read_bytes() == content
    api.export(target, "json", photos, force=True)
    assert len(json.loads(target.read_bytes())) == 15 and target.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_file_that_appears_meanwhile_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "out.json"

    def rows() -> Iterator[dict[str, Any]]:
        target.write_text("mine")
        yield {"a": "x"}

    with pytest.raises(UsageError, match="is there already"):
        sheets.write_file(target, "json", rows(), {"a": "text"})
    assert target.read_text() == "mine" and os.listdir(tmp_path) == ["out.json"]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_what_goes_wrong_midway_leaves_nothing(tmp_path: Path, form: str) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from ({"a": "x"} for _ in range(3000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheets.write_file(tmp_path / "out", form, rows(), {"a": "text"})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_full_disk_is_a_sentence_and_leaves_nothing(small_disk: Path, form: str) -> None:
    noise = ({"a": os.urandom(500).hex()} for _ in range(20_000))
    with pytest.raises(NoSpace, match="No space left"):
        sheets.write_file(small_disk / "out", form, noise, {"a": "text"})
    assert os.listdir(small_disk) == []


def test_photos_and_the_librarys_own_files_are_never_written_over(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(photos / CAT)
    shutil.copy(photos / CAT, tmp_path / "no suffix")
    (tmp_path / ".phototag").mkdir()
    before = every_file(photos)
    targets = [
        photos / CAT,
        photos / "new.JPG",
        photos / "IMG.xmp",
        photos / ".phototag" / "vocabulary.txt",
        photos / ".phototag" / "lance" / "new.csv",
        tmp_path / ".phototag" / "journal.jsonl",
        tmp_path / "link.csv",
        tmp_path / "no suffix",
        tmp_path,
        tmp_path / "nowhere" / "out.csv",
        Path("/dev/null"),
    ]
    for target in targets:
        with pytest.raises(UsageError):
            api.export(target, "csv", photos, force=True)
    assert every_file(photos) == before


# ---- the command


def test_the_command_writes_each_form_and_changes_nothing(phototag: Run, photos: Path, tmp_path: Path) -> None:
    before = every_file(photos)
    done = phototag("export", photos, "--csv", "--output", "out.csv")
    assert done.returncode == 0 and done.stdout == "15 photos in out.csv\n"
    done = phototag("export", photos / "odd", "--json", "--language", "de")
    assert [list(one["caption"]) for one in json.loads(done.stdout)] == [["de"]] * 3
    done = phototag("export", photos, "--parquet", "-o", "out.parquet", "--quiet")
    assert done.returncode == 0 and parquet.read_table(tmp_path / "out.parquet").num_rows == 15
    done = phototag("export", photos, "--json", "-o", "out.json")
    assert json.loads(done.stdout) == {"photos": 15, "file": "out.json"}
    assert every_file(photos) == before


def test_one_form_must_be_chosen(phototag: Run, photos: Path) -> None:
    for wrong in ((), ("--csv", "--json"), ("--csv", "--parquet", "-o", "x")):
        done = phototag("export", photos, *wrong)
        assert done.returncode == 2 and "Choose one of" in done.stderr and not done.stdout
    for wrong in (("--parquet",), ("--parquet", "-o", "-")):
        done = phototag("export", photos, *wrong)
        assert done.returncode == 2 and "--output" in done.stderr and not done.stdout


def test_without_a_library_it_is_a_sentence(phototag: Run, tmp_path: Path) -> None:
    assert phototag("export", tmp_path, "--csv").returncode == 6


def test_a_reader_that_leaves_early_and_a_full_stdout_are_no_tracebacks(photos: Path) -> None:
    command = f"{sys.executable} -m phototag export '{photos}' --csv"
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -c 10; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True
    )
    assert done.stdout == "path,origi0\n" and not done.stderr
    closed = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True
    )
    assert closed.stdout == "0\n" and not closed.stderr
    if Path("/dev/full").exists():
        full = subprocess.run(["bash", "-c", f"{command} > /dev/full"], capture_output=True, text=True)
        assert full.returncode == 8 and "cannot be written" in full.stderr and "Traceback" not in full.stderr


# ---- a big library


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Library, list[str]]:
    """A library of 5,000 photos without pictures."""
    library = open_library(tmp_path_factory.mktemp("big"), make=True)
    ids = [f"j1-{number:06}" for number in range(5_000)]
    with library.writing():
        library.put_photos(((_synthetic(id), [_file(id)]) for id in ids), fresh=True)
        library.put_files([_file(id) for id in ids])
        library.put([Evidence(id, "labels", "t/1", {"groups": {"x": "y" * 500}}) for id in ids])
        library.put_decisions([Decision(id, (Tag("dog", 0.9, ("labels dog",)),), policy="t") for id in ids])
    return library, ids


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_big_library_streams_and_is_never_held_in_memory(big: tuple[Library, list[str]], form: str) -> None:
    library, ids = big
    asked, alive, most = 0, 0, 0

    def asked_for() -> Iterator[str]:
        nonlocal asked
        for id in ids:
            asked += 1
            yield id

    def passing() -> Iterator[_Row]:
        nonlocal alive, most
        for number, row in enumerate(records(library, asked_for(), Vocabulary(()), ("en",), {}, lambda: False)):
            assert asked <= number + 500, "photos are read long before they are written"
            passed = _Row(row)
            weakref.finalize(passed, gone)
            alive += 1
            most = max(most, alive)
            yield passed

    def gone() -> None:
        nonlocal alive
        alive -= 1

    with Path(os.devnull).open("wb") as nowhere:
        assert sheets.write(nowhere, form, passing(), shape(("en",))) == len(ids)
    assert most <= 2_001, "rows are kept"


class _Row(dict[str, Any]):
    """A row of which one can be told when it is gone."""

    __slots__ = ("__weakref__",)


def _synthetic(id: str) -> Photo:
    taken = datetime(2024, 1, 1) + timedelta(minutes=int(id[3:]))
    facts = Facts(moment=Moment(taken, 60, None, "exif"), gps=Gps(52.5, -13.4), caption="c" * 200, keywords=("dog",))
    return Photo(id, "picture", (f"{id}.jpg",), facts)


def _file(id: str) -> File:
    return File(f"{id}.jpg", 1, 1, 1, "jpeg", id, id)
