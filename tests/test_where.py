"""Where tags go: into the file where every program looks there, beside it where that is what programs read."""

from __future__ import annotations

from pathlib import Path

import pytest

from phototag.change.where import Target, Where
from phototag.records import File
from phototag.store.place import Place

PREFIX = {"jpeg": "j1", "png": "p1", "webp": "w1", "tiff": "t1", "dng": "t1"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path / ".phototag", 1)


def files(place: Place, *named: str, photo: str = "x") -> list[File]:
    """Files on disk and in the tables; `IMG.cr2` names the kind by its suffix."""
    found = []
    for name in named:
        path = place.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"something")
        kind = {"jpg": "jpeg", "tif": "tiff"}.get(path.suffix[1:].lower(), path.suffix[1:].lower())
        found.append(File(name, 9, 1, 1, kind, f"{PREFIX.get(kind, 'f1')}-0", photo))
    return found


def paths(targets: list[Target]) -> dict[str, str]:
    """The file that is written -> the file that it speaks of."""
    return {target.path: target.source.path for target in targets if not target.why_not}


def test_documented_types_are_written_into(place: Place) -> None:
    found = files(place, "a.jpg", "b.tif", "c.png", "d.webp", "e.dng")
    assert paths(Where(place).targets(found)) == {file.path: file.path for file in found}


def test_everything_else_gets_a_sidecar_named_as_adobe_reads_it(place: Place) -> None:
    found = files(place, "2024/IMG.cr2")
    (target,) = Where(place).targets(found)
    assert (target.path, target.container, target.exists, target.kind) == ("2024/IMG.xmp", "xmp", False, "sidecar")
    for kind in ("gif", "mp4", "bmp", "x3f"):
        assert list(paths(Where(place).targets(files(place, f"only.{kind}")))) == ["only.xmp"]
        (place.root / f"only.{kind}").unlink()


def test_a_type_whose_picture_cannot_be_proved_unchanged_gets_a_sidecar(place: Place) -> None:
    (file,) = files(place, "a.heic")
    assert list(paths(Where(place).targets([file]))) == ["a.heic.xmp"], "its whole name: no Adobe program reads it"


def test_both_members_of_a_pair_are_written(place: Place) -> None:
    pair = files(place, "IMG.cr2", "IMG.jpg")
    assert paths(Where(place).targets(pair)) == {"IMG.xmp": "IMG.cr2", "IMG.jpg": "IMG.jpg"}


def test_a_sidecar_that_is_there_is_kept_in_step(place: Place) -> None:
    raw = files(place, "IMG.cr2", "IMG.cr2.xmp")
    assert set(paths(Where(place).targets(raw))) == {"IMG.xmp", "IMG.cr2.xmp"}
    jpeg = files(place, "b.jpg", "b.jpg.xmp", "b.xmp")
    assert set(paths(Where(place).targets(jpeg))) == {"b.jpg", "b.jpg.xmp", "b.xmp"}


def test_names_of_sidecars_are_a_setting(place: Place) -> None:
    raw = files(place, "IMG.cr2")
    assert list(paths(Where(place, sidecar="ext").targets(raw))) == ["IMG.cr2.xmp"]
    assert list(paths(Where(place, sidecar="both").targets(raw))) == ["IMG.xmp", "IMG.cr2.xmp"]


def test_two_photos_of_one_name_do_not_share_a_sidecar(place: Place) -> None:
    one = files(place, "IMG.cr2")
    files(place, "IMG.jpg", photo="another")
    assert list(paths(Where(place).targets(one))) == ["IMG.cr2.xmp"]


def test_the_film_of_a_live_photo_does_not_hide_what_its_still_says(place: Place) -> None:
    live = files(place, "IMG.jpg", "IMG.mov")
    assert paths(Where(place).targets(live)) == {"IMG.jpg": "IMG.jpg", "IMG.mov.xmp": "IMG.mov"}


def test_the_way_is_a_setting(place: Place) -> None:
    pair = files(place, "IMG.cr2", "IMG.jpg")
    assert list(paths(Where(place, "embed").targets(pair))) == ["IMG.jpg"]
    refused = [target for target in Where(place, "embed").targets(pair) if target.why_not]
    assert refused[0].path == "IMG.cr2" and "CR2" in refused[0].why_not
    assert list(paths(Where(place, "sidecar").targets(pair))) == ["IMG.xmp"]
    assert Where(place, "none").targets(pair) == []


def test_a_file_may_be_kept_out_of(place: Place) -> None:
    pair = files(place, "IMG.jpg")
    assert list(paths(Where(place).targets(pair, frozenset({"IMG.jpg"})))) == ["IMG.jpg.xmp"]


def test_a_file_that_cannot_be_read_is_named_and_one_that_has_gone_is_not(place: Place) -> None:
    gone = File("a.jpg", 1, 1, 1, "jpeg", "j1-0", "x", status="missing")
    broken = File("b.jpg", 1, 1, 1, "jpeg", "j1-0", "x", status="unreadable", error="the file is empty")
    (target,) = Where(place).targets([gone, broken])
    assert (target.path, target.why_not) == ("b.jpg", "the file is empty")


def test_a_sidecar_in_capitals_is_the_one_that_is_kept_in_step(place: Place) -> None:
    raw = files(place, "IMG.cr2", "IMG.XMP")
    assert list(paths(Where(place).targets(raw))) == ["IMG.XMP"]
