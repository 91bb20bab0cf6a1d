"""`phototag duplicates`: which files are one picture, which is kept, what it takes over, and that never all go."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from phototag import api
from phototag.api_duplicates import Duplicates
from phototag.cli import run
from phototag.decide.keeper import Print, alike, clusters, may_be_one
from phototag.decide.keeper_inherits import inherited
from phototag.records import Facts, Gps
from phototag.settings_duplicates import RULES
from tests.writing import LONG_AGO, contents, exiftool

_WHEN = datetime(2024, 5, 4, 12, 0, 1)


def picture(path: Path, seed: int = 1, size: tuple[int, int] = (640, 480), **tags: str) -> Path:
    """A picture with something to see, the same for the same seed, with these tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = Image.frombytes("L", (16, 12), bytes((seed * 7919 + n * n * 31 + n * seed * 13) % 251 for n in range(192)))
    image = noise.resize((640, 480), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(3)).convert("RGB")
    image.resize(size, Image.Resampling.LANCZOS).save(path, quality=92)
    if tags:
        exiftool(
            "-overwrite_original", *(f"-{name.replace('__', ':')}={text}" for name, text in tags.items()), str(path)
        )
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def found_in(root: Path, **options: Any) -> Duplicates:
    return api.duplicates(root, **options)


def told(found: Duplicates) -> list[tuple[str, str, dict[str, tuple[str, bool]]]]:
    """Of each group its kind, the kept file, and the others with their kind and whether they go."""
    return [
        (
            one.cluster.kind,
            one.cluster.keeper.path,
            {other.print.path: (other.kind, not (other.stays or one.refused)) for other in one.cluster.others},
        )
        for one in found.groups
    ]


def keywords(path: Path) -> str:
    return exiftool("-s3", "-sep", "+", "-XMP-dc:Subject", str(path)).strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A picture with a copy, a copy with other metadata, and a smaller one; and two pictures of their own."""
    top = tmp_path / "photos"
    first = picture(top / "2024" / "IMG_1.jpg", IFD0__Model="X100", ExifIFD__DateTimeOriginal="2024:05:04 12:00:01")
    (top / "copy").mkdir()
    shutil.copy2(first, top / "copy" / "IMG_1.jpg")
    shutil.copy2(first, top / "copy" / "other.jpg")
    exiftool("-overwrite_original", "-XMP-dc:Subject=Oma", str(top / "copy" / "other.jpg"))
    picture(top / "mail" / "IMG_1 small.jpg", size=(320, 240))
    picture(top / "2024" / "IMG_2.jpg", 2)
    picture(top / "2024" / "IMG_3.jpg", 3)
    return top


# ---- what is found


def test_the_three_kinds_are_found_and_nothing_else(root: Path) -> None:
    before = contents(root)
    found = found_in(root, flags={"duplicates.keep": "resolution,older"})
    assert told(found) == [
        (
            "near",
            "2024/IMG_1.jpg",
            {
                "copy/IMG_1.jpg": ("exact", True),
                "copy/other.jpg": ("same picture", True),
                "mail/IMG_1 small.jpg": ("near", True),
            },
        )
    ]
    near = found.groups[0].cluster.others[2]
    assert near.bits is not None and near.bits <= 6 and found.groups[0].cluster.why
    assert contents(root) == before and found.batch == "", "listing changes nothing"


def test_only_what_lies_in_the_folder_counts(root: Path) -> None:
    api.scan(root)
    assert found_in(root / "2024").groups == []
    assert [kept for _, kept, _ in told(found_in(root / "copy"))] == ["copy/other.jpg"], "its metadata say more"


def test_the_order_of_rules_is_the_persons(root: Path) -> None:
    assert told(found_in(root, flags={"duplicates.keep": "metadata"}))[0][1] == "copy/other.jpg"
    small = found_in(root / "copy", flags={"duplicates.keep": "older"})
    assert told(small)[0][1] == "copy/IMG_1.jpg"


def test_frames_of_a_burst_are_no_duplicates(tmp_path: Path) -> None:
    for second in range(4):
        moment = f"2024:05:04 12:00:0{second}"
        tags = {"IFD0__Model": "X100", "ExifIFD__DateTimeOriginal": moment, "XMP-dc__Title": str(second)}
        image = picture(tmp_path / f"IMG_{second}.jpg", 1, (640, 480 - second), **tags)
        assert image.exists()
    assert found_in(tmp_path).groups == []
    asked = found_in(tmp_path, bursts=True)
    assert len(asked.groups) == 1 and len(asked.groups[0].cluster.others) == 3


def test_raw_and_jpeg_are_one_photo_and_go_together(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        picture(tmp_path / folder / "IMG_1.jpg")
        raw = picture(tmp_path / folder / "IMG_1.tif").rename(tmp_path / folder / "IMG_1.dng")
        exiftool("-overwrite_original", "-IFD0:DNGVersion=1 4 0 0", str(raw))
        (tmp_path / folder / "IMG_1.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    found = found_in(tmp_path)
    assert len(found.groups) == 1 and len(found.groups[0].cluster.others) == 1
    kept, other = found.groups[0].cluster.keeper, found.groups[0].cluster.others[0].print
    assert set(kept.files) == {"a/IMG_1.jpg", "a/IMG_1.dng"} and kept.sidecars == ("a/IMG_1.xmp",)
    assert set(other.files) == {"b/IMG_1.jpg", "b/IMG_1.dng"} and other.sidecars == ("b/IMG_1.xmp",)


def test_develop_settings_are_kept_or_stay(root: Path) -> None:
    exiftool("-XMP-crs:Exposure2012=+0.35", str(root / "copy" / "IMG_1.xmp"))
    exiftool("-overwrite_original", "-XMP-crs:Exposure2012=+0.7", str(root / "copy" / "other.jpg"))
    _, kept, others = told(found_in(root))[0]
    assert {kept, *(path for path, (_, goes) in others.items() if not goes)} == {"copy/IMG_1.jpg", "copy/other.jpg"}


# ---- what is done


def test_the_kept_one_takes_over_what_people_said_and_all_comes_back(root: Path) -> None:
    copy = root / "copy" / "other.jpg"
    words = ("-XMP-dc:Subject=Oma", "-XMP-dc:Subject=Reise", "-XMP-lr:HierarchicalSubject=Alben|2024|Reise")
    exiftool("-overwrite_original", *words, "-XMP-xmp:Rating=4", "-XMP-dc:Description=Am See", str(copy))
    exiftool("-overwrite_original", "-GPSLatitude=52.5", "-GPSLatitudeRef=N", "-GPSLongitude=13.4",
             "-GPSLongitudeRef=E", str(root / "mail" / "IMG_1 small.jpg"))  # fmt: skip
    kept = root / "2024" / "IMG_1.jpg"
    exiftool("-overwrite_original", "-XMP-dc:Subject=mine", "-XMP-xmp:Rating=2", str(kept))
    before = contents(root)
    flags = {"duplicates.keep": "resolution,older"}
    os.utime(kept, (LONG_AGO - 9, LONG_AGO - 9))
    shown: list[Duplicates] = []
    asked = found_in(root, quarantine=True, agree=lambda found: bool(shown.append(found)), flags=flags)
    assert shown and contents(root) == before and asked.batch == "", "who says no has changed nothing"
    found = found_in(root, quarantine=True, flags=flags)
    assert found.gone.refused == [] and len(found.gone.moved) == 3
    assert sorted(contents(root)) == ["2024/IMG_1.jpg", "2024/IMG_2.jpg", "2024/IMG_3.jpg"]
    assert keywords(kept) == "mine+Reise+Oma"
    albums = exiftool("-s3", "-sep", "+", "-XMP-lr:HierarchicalSubject", str(kept)).strip()
    assert "Alben|2024|Reise" in albums.split("+")
    assert exiftool("-s3", "-XMP-xmp:Rating", str(kept)).strip() == "4", "the highest one"
    assert exiftool("-s3", "-XMP-dc:Description", str(kept)).strip() == "Am See"
    assert exiftool("-s3", "-n", "-GPSLatitude", str(kept)).strip() == "52.5"
    library = api.open(root)
    assert not library.changes.of_batch(found.batch)[0].change["base"].get("ours"), "people's words are not ours"
    _, undone = api.undo([found.batch], library=root)
    assert {one.how for one in undone} == {"bytes"} and contents(root) == before


def test_where_the_kept_one_cannot_take_over_nothing_goes(root: Path) -> None:
    kept = root / "2024" / "IMG_1.jpg"
    os.utime(kept, (LONG_AGO - 9, LONG_AGO - 9))
    kept.chmod(0o444)
    before = contents(root)
    found = found_in(root, quarantine=True, flags={"duplicates.keep": "older"})
    assert "read-only" in found.groups[0].refused and found.batch == "" and contents(root) == before


def test_a_second_run_finds_nothing_more(root: Path) -> None:
    found_in(root, quarantine=True)
    assert found_in(root).groups == []


def test_the_command_shows_first_and_asks(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(root)
    keep = ("--keep", "older,resolution")
    os.utime(root / "2024" / "IMG_1.jpg", (LONG_AGO - 9, LONG_AGO - 9))
    assert run(["duplicates", str(root), *keep]) == 0
    text = capsys.readouterr().out
    assert "nothing: --quarantine moves them" in text and "takes over: keywords Oma" in text
    lines = [line for line in text.splitlines() if not line.startswith("time ")]  # on a busy machine it names more
    assert max(map(len, lines)) <= 80
    assert run(["duplicates", str(root), "--quarantine"]) == 2, "nobody can be asked here"
    assert run(["duplicates", str(root), "--keep", "prettier"]) == 2
    capsys.readouterr()
    assert run(["duplicates", str(root), *keep, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 4 and {row["action"] for row in rows} == {"keep", "goes"}
    assert contents(root) == before
    assert run(["duplicates", str(root), *keep, "--json", "--quarantine", "--yes"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["moved"]) == 3 and told["groups"][0]["takes_over"]["keywords"] == [["Oma"]]


# ---- the rules, for any photos


def a_print(path: str, photo: str = "p", **parts: Any) -> Print:
    return replace(Print(photo, (path,), pictures=frozenset({photo}), families=frozenset({"picture"})), **parts)


_PRINTS = st.builds(
    a_print,
    st.text("abc/", min_size=1, max_size=6),
    st.sampled_from("pqr"),
    families=st.sets(st.sampled_from(("picture", "raw", "video")), min_size=1).map(frozenset),
    digests=st.sets(st.sampled_from("12")).map(frozenset),
    edited=st.sampled_from(("", "GIMP")),
    develop=st.sampled_from(("", "x", "y")),
    pixels=st.sampled_from(((10, 10), (20, 20))),
    size=st.integers(0, 3),
    modified_ns=st.integers(0, 3),
    hashes=st.sampled_from(((), (0, 0), (3, 3), (2**20 - 1, 2**20 - 1))),
)
_ORDERS = st.permutations(RULES)


@given(st.lists(_PRINTS, max_size=8, unique_by=lambda one: one.path), _ORDERS)
def test_never_do_all_go_and_nothing_is_lost_with_what_goes(prints: list[Print], order: list[str]) -> None:
    found = list(clusters(prints, order, 6))
    going = [other.print for cluster in found for other in cluster.going]
    assert len({one.path for one in going}) == len(going)
    for cluster in found:
        assert cluster.keeper.path not in {one.path for one in going}
        for other in cluster.going:
            assert "video" not in other.print.families or "video" in cluster.keeper.families or other.kind != "near"
            assert "raw" not in other.print.families or "raw" in cluster.keeper.families or other.kind != "near"
            assert other.print.develop in ("", cluster.keeper.develop)
            assert other.kind != "near" or (other.bits is not None and other.bits <= 6 and not other.print.edited)
            assert other.print.photo != cluster.keeper.photo or other.print.pictures <= cluster.keeper.pictures
    again = list(clusters(list(reversed(prints)), order, 6))
    assert {one.keeper.path for one in again} == {one.keeper.path for one in found}, "the order decides nothing"


@pytest.mark.parametrize(
    ("rule", "better"),
    [
        ("edited", {"edited": "GIMP"}),
        ("raw", {"families": frozenset({"raw"})}),
        ("resolution", {"pixels": (90, 90)}),
        ("size", {"size": 9}),
        ("metadata", {"says": 9}),
        ("older", {"modified_ns": -1}),
    ],
)
def test_each_rule_tells_two_apart(rule: str, better: dict[str, Any]) -> None:
    prints = [a_print("a"), a_print("z", **better)]
    found = list(clusters(prints, [rule], 6))
    assert found[0].keeper.path == "z" and found[0].why != "the first of equals"
    assert next(clusters([a_print("a"), a_print("z")], [rule], 6)).keeper.path == "a"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"moment": _WHEN}, {"moment": _WHEN + timedelta(seconds=1)}, False),
        ({"moment": _WHEN}, {}, True),
        ({"moment": _WHEN.replace(microsecond=250_000)}, {"moment": _WHEN, "pixels": (1, 1)}, True),
        ({"moment": _WHEN.replace(microsecond=1)}, {"moment": _WHEN.replace(microsecond=2)}, False),
        ({"moment": _WHEN}, {"moment": _WHEN}, False),
        ({"moment": _WHEN}, {"moment": _WHEN, "files": ("x/a small.jpg",)}, True),
        ({"moment": _WHEN}, {"moment": _WHEN, "pixels": (5, 5)}, True),
        ({"files": ("x/ae_1.jpg",)}, {"files": ("x/ae_2.jpg",)}, False),
        ({"files": ("x/ae_1.jpg",)}, {"files": ("y/ae_2.jpg",)}, True),
        ({"files": ("x/ae_1.jpg",)}, {"files": ("x/ae_2.jpg",), "pixels": (5, 5)}, True),
        ({"moment": _WHEN, "clock": "gps"}, {"moment": _WHEN + timedelta(hours=1)}, True),
        ({"moment": _WHEN, "clock": "gps"}, {"moment": _WHEN + timedelta(hours=1), "clock": "gps"}, False),
        ({"camera": "A"}, {"camera": "B"}, False),
        ({"families": frozenset({"raw"}), "files": ("x/a.nef",)}, {"files": ("y/a.jpg",)}, False),
    ],
)
def test_camera_and_clock_tell_frames_from_copies(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    first, second = a_print("x/a.jpg", "p", **one), replace(a_print("y/b.jpg", "q"), **other)
    assert may_be_one(first, second) is same and may_be_one(second, first) is same
    assert (len(list(alike([first, second]))) == 1) is same


def test_only_what_is_missing_is_taken_over() -> None:
    kept = Facts(keywords=("Oma",), caption="mine", rating=3, gps=Gps(1, 2))
    other = Facts(
        keywords=("oma", "See"), lists={"hierarchy": ("Alben|See",)}, caption="theirs", rating=2, gps=Gps(3, 4)
    )
    assert inherited([kept], [other]).keywords == (("Alben", "See"),)
    assert (inherited([kept], [other]).caption, inherited([kept], [other]).rating) == ("", 0)
    assert inherited([kept], [other]).gps is None and not inherited([kept], [kept])
    bare = inherited([Facts()], [other, Facts(rating=5)])
    assert (bare.rating, bare.caption, bare.gps) == (5, "theirs", Gps(3, 4))
    assert not inherited([Facts()], [Facts(rating=-1)]), "a reject is no rating to take over"
