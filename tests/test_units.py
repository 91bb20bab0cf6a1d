"""Which files are one photo, and what the photo then says."""

from __future__ import annotations

from datetime import datetime

import pytest

from phototag.read.photos import composed, united
from phototag.read.units import stem, with_photo_ids
from phototag.records import Facts, File, Gps, Moment


def at(second: int, source: str = "exif", offset: int | None = None) -> Moment:
    return Moment(datetime(2024, 8, 10, 13, 25, second), offset, None, source)


def file(path: str, kind: str | None = None, **more: object) -> File:
    kind = kind or {"jpg": "jpeg"}.get(path.rpartition(".")[2], path.rpartition(".")[2])
    facts = {key: more.pop(key) for key in list(more) if key in Facts.__dataclass_fields__}
    image = "" if kind in ("xmp", "aae") else f"id-{path}"
    return File(path, 1, 1, 1, kind, image, "", facts=Facts(**facts), **more)  # type: ignore[arg-type]


def owners(*files: File) -> dict[str, str]:
    return {f.path: f.photo_id.removeprefix("id-") for f in with_photo_ids(files)}


@pytest.mark.parametrize(
    "name", ["IMG_1.JPG", "img_1.CR2", "IMG_1.xmp", "IMG_1.CR2.xmp", "IMG_1.jpg.XMP", "IMG_1.MOV", "IMG_1.AAE"]
)
def test_one_stem(name: str) -> None:
    assert stem(name) == "img_1"


@pytest.mark.parametrize(
    ("name", "expected"), [("IMG_1.edit.jpg", "img_1.edit"), ("a.b.xmp", "a.b"), ("noext", "noext")]
)
def test_other_stems(name: str, expected: str) -> None:
    assert stem(name) == expected


def test_raw_and_jpeg_of_one_shot_are_one_photo() -> None:
    raw, jpeg = file("a.cr2", moment=at(1)), file("a.jpg", moment=at(2))
    assert owners(raw, jpeg, file("a.xmp")) == {"a.cr2": "a.cr2", "a.jpg": "a.cr2", "a.xmp": "a.cr2"}


def test_a_counter_that_rolled_over_joins_nothing() -> None:
    raw, jpeg = file("a.cr2", moment=at(1)), file("a.jpg", moment=at(40))
    assert owners(raw, jpeg) == {"a.cr2": "a.cr2", "a.jpg": "a.jpg"}


def test_dates_that_cameras_did_not_write_separate_nothing() -> None:
    raw, jpeg = file("a.cr2", moment=at(1)), file("a.jpg", moment=at(40, "modified"))
    assert owners(raw, jpeg)["a.jpg"] == "a.cr2"


@pytest.mark.parametrize(
    ("still", "video", "one"),
    [
        ({"live_id": "L"}, {"live_id": "L", "duration_s": 90.0}, True),
        ({"live_id": "L"}, {"live_id": "M", "duration_s": 3.0}, False),
        ({}, {"duration_s": 2.5}, True),
        ({}, {"duration_s": 60.0}, False),
        ({}, {}, False),
        ({"moment": at(1, offset=120)}, {"duration_s": 2.0, "moment": at(50, "quicktime", 120)}, False),
        ({"moment": at(1)}, {"duration_s": 2.0, "moment": at(50, "quicktime", 0)}, True),
    ],
)
def test_live_photos(still: dict[str, object], video: dict[str, object], one: bool) -> None:
    found = owners(file("a.heic", **still), file("a.mov", **video))
    assert (found["a.mov"] == "a.heic") is one


def test_sidecars_go_to_the_file_they_name() -> None:
    found = owners(file("a.cr2"), file("a.dng"), file("a.xmp"), file("a.dng.xmp"))
    assert found["a.xmp"] == "a.cr2" and found["a.dng.xmp"] == "a.dng" and found["a.dng"] == "a.dng"
    assert owners(file("b.xmp")) == {"b.xmp": ""}


def test_an_unreadable_file_belongs_to_no_photo() -> None:
    broken = File("a.jpg", 1, 1, 1, "jpeg", "", "", "unreadable", "cut")
    assert owners(broken, file("a.xmp")) == {"a.jpg": "", "a.xmp": ""}


def test_a_photo_says_what_all_its_files_say() -> None:
    files = with_photo_ids(
        [
            file("a.cr2", moment=at(1), keywords=("Berlin",), rating=3),
            file("a.jpg", moment=at(1), keywords=("gate", "BERLIN"), caption="Tor"),
            file("a.xmp", keywords=("night",), rating=5),
        ]
    )
    ((photo, own),) = composed(files)
    assert photo.image_id == "id-a.cr2" and photo.kind == "raw" and photo.status == "present"
    assert photo.files[0] == "a.jpg" and [f.path for f in own] == list(photo.files)
    assert sorted(word.casefold() for word in photo.facts.keywords) == ["berlin", "gate", "night"]
    assert (photo.facts.caption, photo.facts.rating) == ("Tor", 5)


def test_copies_are_one_photo_whatever_their_order_and_missing_only_together() -> None:
    one = file("x/a.jpg", keywords=("one",), status="missing")
    other = file("y/a.jpg", keywords=("two",))
    same = [File(**{**{n: getattr(f, n) for n in File.__dataclass_fields__}, "photo_id": "p"}) for f in (one, other)]
    for files in (same, same[::-1]):
        ((photo, _),) = composed(files)
        assert photo.files == ("y/a.jpg", "x/a.jpg") and photo.status == "present"
        assert set(photo.facts.keywords) == {"one", "two"}
    ((photo, _),) = composed(same[:1])
    assert photo.status == "missing"


def test_the_better_date_wins_and_gaps_are_filled() -> None:
    poor = Facts(moment=at(5, "modified"), model="X")
    good = Facts(moment=at(7), gps=Gps(1.0, 2.0), model="Y")
    both = united(poor, good)
    assert both.moment == at(7) and both.gps == Gps(1.0, 2.0) and both.model == "X"
    assert united(good, poor).moment == at(7)
