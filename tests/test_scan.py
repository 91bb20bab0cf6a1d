"""`phototag scan` and `status` as a person uses them: what is found, what is named, what is left alone."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from phototag import api
from phototag.read import intake
from phototag.store.library import Library, open_library
from tests.conftest import SAMPLES, Run


def scan(phototag: Run, folder: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = phototag("scan", folder, "--json", *options)
    assert done.returncode == code, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def states(found: dict[str, Any]) -> dict[str, int]:
    return {name: found[name] for name in ("new", "changed", "unchanged", "returned", "missing") if found[name]}


def rows(library: Library) -> list[dict[str, Any]]:
    columns = ("image_id", "path", "status", "files", "taken_at", "date_source", "lat", "keywords", "camera", "facts")
    return sorted(library.photo_rows(columns), key=lambda row: row["image_id"])


def by_name(folder: Path) -> dict[str, dict[str, Any]]:
    return {Path(path).name: row for row in rows(open_library(folder)) for path in row["files"]}


def test_the_sample_pictures_say_what_was_written_into_them(phototag: Run, photos_dir: Path) -> None:
    found = scan(phototag, photos_dir)
    files = [path for path in photos_dir.rglob("*") if path.is_file() and ".phototag" not in path.parts]
    assert found["files"] == found["new"] == len(files) and found["unreadable"] == []
    photos = by_name(photos_dir)
    assert photos["IMG_20240810_132532.jpg"]["taken_at"] == "2024-08-10T13:25:32"
    assert photos["IMG_20240810_132532.jpg"]["date_source"] == "name"
    assert photos["IMG_0007.xmp"]["image_id"] == photos["IMG_0007.jpg"]["image_id"]
    assert all(row["date_source"] == "exif" for name, row in photos.items() if name.startswith("IMG_001"))
    assert photos["DSC00042.jpg"]["lat"] is not None
    assert any(row["keywords"] for row in photos.values())
    assert any("ü" in row["facts"] for row in photos.values())


def test_a_second_scan_finds_nothing_to_do_and_imports_no_database(phototag: Run, photos_dir: Path) -> None:
    first = scan(phototag, photos_dir)
    again = scan(phototag, photos_dir)
    assert states(again) == {"unchanged": first["files"]} and again["opened"] == 0
    assert again["photos"] == first["photos"] and set(again["seconds"]) == {"walk"}


def test_only_what_changed_is_read_again(phototag: Run, photos_dir: Path) -> None:
    first = scan(phototag, photos_dir)
    picture = photos_dir / "DSC00108.jpg"
    os.utime(picture, ns=(0, time.time_ns()))
    shutil.copy2(picture, photos_dir / "a copy.jpg")
    found = scan(phototag, photos_dir)
    assert states(found) == {"new": 1, "changed": 1, "unchanged": first["files"] - 1} and found["opened"] == 2
    assert found["photos"] == first["photos"]  # the copy is the same photo
    assert len(by_name(photos_dir)["a copy.jpg"]["files"]) == 2


def test_metadata_written_by_another_program_keeps_the_photo(phototag: Run, photos_dir: Path) -> None:
    scan(phototag, photos_dir)
    before = by_name(photos_dir)["DSC00108.jpg"]
    exiftool = ["exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject=a new keyword", "-Rating=5"]
    assert os.spawnvp(os.P_WAIT, "exiftool", [*exiftool, str(photos_dir / "DSC00108.jpg")]) == 0
    found = scan(phototag, photos_dir)
    after = by_name(photos_dir)["DSC00108.jpg"]
    assert states(found)["changed"] == 1 and after["image_id"] == before["image_id"]
    assert "a new keyword" in after["keywords"]


def test_a_moved_file_is_the_same_photo(phototag: Run, photos_dir: Path) -> None:
    first = scan(phototag, photos_dir)
    before = by_name(photos_dir)["DSC00108.jpg"]["image_id"]
    (photos_dir / "new folder").mkdir()
    (photos_dir / "DSC00108.jpg").rename(photos_dir / "new folder" / "other.jpg")
    found = scan(phototag, photos_dir)
    assert (found["new"], found["missing"], found["photos"]) == (1, 1, first["photos"])
    row = by_name(photos_dir)["other.jpg"]
    assert row["image_id"] == before and row["status"] == "present"
    assert row["files"] == ["new folder/other.jpg", "DSC00108.jpg"]


def test_files_go_missing_and_come_back_by_themselves(phototag: Run, photos_dir: Path, tmp_path: Path) -> None:
    first = scan(phototag, photos_dir)
    count = len(list((photos_dir / "birthday").iterdir()))
    (photos_dir / "birthday").rename(tmp_path / "away")
    gone = scan(phototag, photos_dir)
    assert states(gone) == {"missing": count, "unchanged": first["files"] - count}
    assert {r["status"] for r in rows(open_library(photos_dir)) if "birthday" in r["path"]} == {"missing"}
    assert states(scan(phototag, photos_dir)) == {"unchanged": first["files"] - count}
    (tmp_path / "away").rename(photos_dir / "birthday")
    back = scan(phototag, photos_dir)
    assert states(back) == {"returned": count, "unchanged": first["files"] - count} and back["opened"] == 0
    assert {row["status"] for row in rows(open_library(photos_dir))} == {"present"}
    assert len(rows(open_library(photos_dir))) == first["photos"]


def test_nothing_is_missing_while_the_disk_is_away(phototag: Run, photos_dir: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    first = scan(phototag, photos_dir, "--library", str(library))
    photos_dir.rename(tmp_path / "unplugged")
    done = phototag("scan", photos_dir, "--library", library)
    assert done.returncode == 2 and "not a folder" in done.stderr
    photos_dir.mkdir()
    assert states(scan(phototag, photos_dir, "--library", str(library))) == {}
    assert {row["status"] for row in rows(open_library(library))} == {"present"}
    photos_dir.rmdir()
    (tmp_path / "unplugged").rename(photos_dir)
    assert states(scan(phototag, photos_dir, "--library", str(library))) == {"unchanged": first["files"]}


def test_scanning_a_part_says_nothing_of_the_rest(phototag: Run, photos_dir: Path) -> None:
    first = scan(phototag, photos_dir)
    part = scan(phototag, photos_dir / "birthday")
    assert part["missing"] == 0 and 0 < part["unchanged"] < first["files"]
    assert part["library"] == first["library"] and part["photos"] == first["photos"]


def test_a_limited_scan_goes_on_later_without_doubles(phototag: Run, photos_dir: Path) -> None:
    one = scan(phototag, photos_dir, "--limit", "3")
    assert 0 < one["photos"] <= 3
    for _ in range(2):
        rest = scan(phototag, photos_dir)
    assert states(rest) == {"unchanged": rest["files"]}
    files = [path for row in rows(open_library(photos_dir)) for path in row["files"]]
    assert len(files) == len(set(files)) == rest["files"]
    assert open_library(photos_dir).lance.count("files") == rest["files"]


def test_a_library_elsewhere_leaves_the_photos_alone(phototag: Run, photos_dir: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in photos_dir.rglob("*")}
    scan(phototag, photos_dir, "--library", str(tmp_path / "lib"))
    assert {path: path.stat().st_mtime_ns for path in photos_dir.rglob("*")} == before
    assert all(row["path"].startswith(str(photos_dir)) for row in rows(open_library(tmp_path / "lib")))


def make_pair(folder: Path, stem: str = "IMG_9") -> None:
    """A RAW (of a kind that is told by its first bytes) and a JPEG."""
    folder.mkdir(exist_ok=True)
    (folder / f"{stem}.ORF").write_bytes(b"IIRO" + bytes(2000) + stem.encode())
    shutil.copy2(SAMPLES / "DSC00108.jpg", folder / f"{stem}.JPG")


def test_a_pair_is_one_photo_also_with_its_copies_and_when_the_raw_is_deleted(phototag: Run, tmp_path: Path) -> None:
    make_pair(tmp_path / "shoot")
    (tmp_path / "export").mkdir()
    shutil.copy2(SAMPLES / "DSC00108.jpg", tmp_path / "export" / "copy.jpg")
    assert scan(phototag, tmp_path)["photos"] == 1
    (row,) = rows(open_library(tmp_path))
    assert row["files"] == ["export/copy.jpg", "shoot/IMG_9.JPG", "shoot/IMG_9.ORF"]
    (tmp_path / "shoot" / "IMG_9.ORF").unlink()
    assert scan(phototag, tmp_path)["photos"] == 1
    os.utime(tmp_path / "shoot" / "IMG_9.JPG")
    os.utime(tmp_path / "export" / "copy.jpg")
    assert scan(phototag, tmp_path)["photos"] == 1
    (after,) = rows(open_library(tmp_path))
    assert after["image_id"] == row["image_id"] and after["status"] == "present"


def test_what_could_not_be_opened_is_tried_again(
    phototag: Run, photos_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = intake.identify

    def refusing(path: str, kind: str) -> Any:
        if path.endswith("DSC00108.jpg"):
            raise PermissionError(13, "Permission denied")
        return real(path, kind)

    monkeypatch.setattr(intake, "identify", refusing)
    _, found = api.scan(photos_dir)
    assert found.unreadable == [("DSC00108.jpg", "the file cannot be opened (Permission denied)")]
    monkeypatch.undo()
    _, again = api.scan(photos_dir)
    assert again.unreadable == [] and again.states["changed"] == 1 and again.photos == 12


def test_what_a_deleted_sidecar_said_is_taken_back(phototag: Run, photos_dir: Path) -> None:
    scan(phototag, photos_dir)
    sidecar = photos_dir / "birthday" / "IMG_0007.xmp"
    before = by_name(photos_dir)["IMG_0007.jpg"]
    sidecar.unlink()
    assert states(scan(phototag, photos_dir))["missing"] == 1
    after = by_name(photos_dir)["IMG_0007.jpg"]
    assert before["facts"] != after["facts"] and set(after["keywords"]) <= set(before["keywords"])


def test_text_files_do_not_use_up_a_limit(phototag: Run, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("notes")
    (tmp_path / "sub").mkdir()
    shutil.copy2(SAMPLES / "DSC00108.jpg", tmp_path / "sub" / "a.jpg")
    assert scan(phototag, tmp_path, "--limit", "1")["photos"] == 1


def test_a_look_leaves_the_scans_memory_valid(phototag: Run, photos_dir: Path) -> None:
    scan(phototag, photos_dir)
    assert phototag("look", photos_dir).returncode == 0
    assert set(scan(phototag, photos_dir)["seconds"]) == {"walk"}


def test_fresh_reads_everything_anew_and_changes_nothing(phototag: Run, photos_dir: Path) -> None:
    first = scan(phototag, photos_dir)
    before = rows(open_library(photos_dir))
    again = scan(phototag, photos_dir, "--fresh")
    assert again["opened"] == first["files"] and rows(open_library(photos_dir)) == before


def test_status_counts_what_scan_found(phototag: Run, photos_dir: Path) -> None:
    found = scan(phototag, photos_dir)
    (photos_dir / "broken.jpg").write_text("no photo")
    scan(phototag, photos_dir, code=1)
    status = json.loads(phototag("status", photos_dir, "--json").stdout)
    assert sum(status["photos"].values()) == found["photos"]
    assert status["files"] == {"present": found["files"], "unreadable": 1}
    assert status["unreadable"][0][0] == "broken.jpg" and "text" in status["unreadable"][0][1]
    assert status["steps"]["measure"]["pending"] == found["photos"]
    words = phototag("status", photos_dir).stdout
    assert f"{found['photos']} picture" in words and "broken.jpg" in words


def test_rebuild_makes_the_same_rows(phototag: Run, photos_dir: Path) -> None:
    scan(phototag, photos_dir)
    before = rows(open_library(photos_dir))
    shutil.rmtree(photos_dir / ".phototag" / "lance")
    done = phototag("rebuild", photos_dir)
    assert done.returncode == 0 and f"{len(before)} photos" in done.stdout
    assert rows(open_library(photos_dir)) == before


def test_no_library_and_no_folder_are_sentences(phototag: Run, tmp_path: Path) -> None:
    done = phototag("status", tmp_path)
    assert done.returncode == 6 and "phototag scan" in done.stderr
    done = phototag("scan", tmp_path / "nowhere")
    assert done.returncode == 2 and "not a folder" in done.stderr


def test_a_missing_exiftool_says_how_to_get_it(phototag: Run, photos_dir: Path, tmp_path: Path) -> None:
    done = phototag("scan", photos_dir, env={"PATH": str(tmp_path)})
    assert done.returncode == 5 and "apt-get install" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["scan", "look", "rebuild"])
def test_a_second_writer_is_told_who_holds_the_library(phototag: Run, photos_dir: Path, verb: str) -> None:
    scan(phototag, photos_dir)
    with open_library(photos_dir).writing():
        done = phototag(verb, photos_dir)
        assert done.returncode == 3 and f"process {os.getpid()}" in done.stderr
        assert phototag("status", photos_dir).returncode == 0


def test_the_real_photos_give_the_dates_and_places_that_exiftool_finds(
    phototag: Run, shared_photos: Path, tmp_path: Path
) -> None:
    found = scan(phototag, shared_photos, "--library", str(tmp_path), code=1)
    broken = {Path(each["path"]).name for each in found["unreadable"]}
    assert {"invalid.jpg", "broken image.JPG", "corrupted_city.JPG", "photo.heic"} <= broken
    assert {"138d3b9e0d9fbf641b8135981e597c3a.jpg", "40bb78b1ac031125a6d8466b374962a8.jpg"} <= broken
    assert all(each["reason"] for each in found["unreadable"])
    library = open_library(tmp_path)
    facts = [json.loads(row["facts"]) for row in library.lance.rows("files", ("facts",))]
    dated = [f for f in facts if f.get("moment", {}).get("source") in ("exif", "xmp", "iptc", "quicktime")]
    placed = [f for f in facts if f.get("gps")]
    assert len(dated) >= 73 and len(placed) >= 32
