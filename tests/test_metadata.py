"""What a file says about itself: which tag is believed, what is no value, and what a sidecar adds."""

from __future__ import annotations

import json
import os
import subprocess
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag.errors import Unreadable
from phototag.read.exiftool import ExifTool
from phototag.read.metadata import TAGS, facts_from, with_sidecar
from phototag.records import Facts, Gps, Moment, Region

TAKEN = datetime(2024, 8, 10, 13, 25, 32)


def facts(tags: dict[str, Any], kind: str = "jpeg", name: str = "a.jpg") -> Facts:
    return facts_from(tags, name=name, mtime_ns=0, kind=kind)


@pytest.fixture(scope="module")
def pool() -> Iterator[ExifTool]:
    with ExifTool(1) as exiftool:
        yield exiftool


def near(number: float) -> Any:
    return pytest.approx(number)


def read(pool: ExifTool, path: Path, kind: str = "jpeg") -> Facts:
    (tags,) = pool.read([str(path)])
    assert not isinstance(tags, Unreadable)
    return facts_from(tags, name=path.name, mtime_ns=0, kind=kind)


def written(path: Path, *arguments: str) -> Path:
    if path.suffix != ".xmp":
        Image.new("RGB", (40, 30)).save(path)
    subprocess.run(["exiftool", "-q", "-m", "-overwrite_original", *arguments, str(path)], check=True)
    return path


# ---- through ExifTool: what is asked for is what is understood

EVERYTHING = {
    "IFD0:Make": "Canon",
    "IFD0:Model": "Canon EOS R6  ",
    "ExifIFD:LensModel": "RF24-70mm F2.8 L IS USM",
    "ExifIFD:DateTimeOriginal": "2024:08:10 13:25:32",
    "ExifIFD:SubSecTimeOriginal": "5",
    "ExifIFD:OffsetTimeOriginal": "+02:00",
    "ExifIFD:ExposureTime": "1/250",
    "ExifIFD:ExposureCompensation": "-2/3",
    "ExifIFD:ExposureMode": "Auto bracket",
    "ExifIFD:FNumber": "2.8",
    "ExifIFD:ISO": "400",
    "ExifIFD:FocalLength": "35.5",
    "ExifIFD:FocalLengthIn35mmFormat": "36",
    "ExifIFD:Flash#": "1",
    "IFD0:Orientation#": "6",
    "GPSLatitude": "-33.8568",
    "GPSLatitudeRef": "S",
    "GPSLongitude": "151.2153",
    "GPSLongitudeRef": "E",
    "GPSAltitude": "8.5",
    "GPSAltitudeRef#": "1",
    "XMP-dc:Title": "Opera House",
    "XMP-photoshop:Headline": "Sails over the harbour",
    "XMP-dc:Description-x-default": "The opera house",
    "XMP-dc:Description-de": "Das Opernhaus",
    "XMP-xmp:Rating": "4",
    "XMP-xmp:Label": "Green",
    "XMP-photoshop:City": "Sydney",
    "XMP-photoshop:State": "New South Wales",
    "IPTC:Country-PrimaryLocationName": "Australia",
    "IPTC:Country-PrimaryLocationCode": "AUS",
    "IPTC:Sub-location": "Bennelong Point",
    "XMP-GCamera:BurstID": "b-1",
}
LISTS = {
    "XMP-dc:Subject": ["Opera", "Müller", "2024", "true"],
    "XMP-lr:HierarchicalSubject": ["Building|Opera", "Building|House"],
    "XMP-digiKam:TagsList": ["Place/Harbour"],
    "IPTC:Keywords": ["opera", "Sea"],
    "IFD0:XPKeywords": ["Sails;Sea"],
    "XMP-microsoft:LastKeywordXMP": ["People/Anna"],
}


def test_everything_that_is_written_is_understood(tmp_path: Path, pool: ExifTool) -> None:
    tags = [f"-{tag}={value}" for tag, value in EVERYTHING.items()]
    lists = [f"-{tag}={word}" for tag, words in LISTS.items() for word in words]
    region = "-XMP-mwg-rs:RegionInfo={AppliedToDimensions={W=40,H=30,Unit=pixel},RegionList=[{Name=Anna,Type=Face,"
    region += "Area={X=0.5,Y=0.25,W=0.2,H=0.1,Unit=normalized}}]}"
    found = read(pool, written(tmp_path / "a.jpg", "-IPTC:CodedCharacterSet=UTF8", *tags, *lists, region))
    assert found == Facts(
        moment=Moment(TAKEN.replace(microsecond=500_000), 120, "Australia/Sydney", "exif"),
        gps=Gps(near(-33.8568), near(151.2153), near(-8.5)),
        width=40,
        height=30,
        orientation=6,
        make="Canon",
        model="Canon EOS R6",
        lens="RF24-70mm F2.8 L IS USM",
        exposure_s=0.004,
        exposure_bias=near(-2 / 3),
        aperture=2.8,
        iso=400,
        focal_mm=35.5,
        focal_35mm=36,
        flash=True,
        keywords=("Opera", "Müller", "2024", "true", "House", "Harbour", "Sea", "Sails", "Anna"),
        lists={
            "subject": ("Opera", "Müller", "2024", "true"),
            "hierarchy": ("Building|Opera", "Building|House"),
            "tagslist": ("Place/Harbour",),
            "iptc": ("opera", "Sea"),
        },
        title="Opera House",
        headline="Sails over the harbour",
        caption="The opera house",
        captions={"x-default": "The opera house", "de": "Das Opernhaus"},
        rating=4,
        label="Green",
        place={
            "city": "Sydney",
            "state": "New South Wales",
            "country": "Australia",
            "country_code": "AUS",
            "location": "Bennelong Point",
        },
        regions=(Region("Anna", "Face", 0.5, 0.25, 0.2, 0.1),),
        burst_id="b-1",
        bracket="Auto bracket",
    )


def test_a_sidecar_is_understood(tmp_path: Path, pool: ExifTool) -> None:
    tags = {
        "XMP-exif:DateTimeOriginal": "2024-08-10T13:25:32+02:00",
        "XMP-exif:GPSLatitude": "52.52",
        "XMP-exif:GPSLongitude": "13.405",
        "XMP-exif:GPSAltitude": "34",
        "XMP-exif:GPSAltitudeRef#": "1",
        "XMP-exif:ExposureTime": "1/250",
        "XMP-exif:ISO": "400",
        "XMP-exif:FlashFired": "True",
        "XMP-exifEX:LensModel": "50mm F1.4",
        "XMP-tiff:Model": "X-T5",
        "XMP-tiff:Orientation#": "8",
        "XMP-tiff:ImageWidth": "6000",
        "XMP-tiff:ImageHeight": "4000",
        "XMP-xmp:Rating": "-1",
        "XMP-dc:Subject": "Owl",
        "XMP-dc:Description-de": "Eule",
    }
    path = written(tmp_path / "a.xmp", *(f"-{tag}={value}" for tag, value in tags.items()))
    found = read(pool, path, kind="xmp")
    assert found.moment == Moment(TAKEN, 120, "Europe/Berlin", "xmp")
    assert found.gps == Gps(52.52, 13.405, -34.0)
    assert (found.exposure_s, found.iso, found.flash, found.lens) == (0.004, 400.0, True, "50mm F1.4")
    assert (found.model, found.orientation, found.rating, found.keywords) == ("X-T5", 8, -1, ("Owl",))
    assert (found.caption, found.captions) == ("Eule", {"de": "Eule"})
    assert (found.width, found.height) == (None, None), "a sidecar has no picture"


@pytest.mark.parametrize(("suffix", "kind"), [("png", "png"), ("webp", "webp"), ("tif", "tiff"), ("gif", "gif")])
def test_the_size_is_that_of_the_picture(tmp_path: Path, pool: ExifTool, suffix: str, kind: str) -> None:
    path = written(tmp_path / f"a.{suffix}", "-XMP-exif:ExifImageWidth=999", "-XMP-exif:ExifImageHeight=888")
    found = read(pool, path, kind)
    assert (found.width, found.height) == (40, 30)


class Asked(dict[str, Any]):
    """An answer without tags that remembers what was looked for in it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return default

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return False


def test_exiftool_is_asked_for_all_that_is_looked_for() -> None:
    asked = Asked()
    for kind in ("jpeg", "nef", "mov", "xmp"):
        facts(asked, kind)
    assert len(asked.names) > 80
    patterns = [tag.rstrip("#").lower() for tag in TAGS]
    missing = [name for name in asked.names if not any(fnmatch(name.split(":")[1].lower(), tag) for tag in patterns)]
    assert not missing


# ---- values that are none


def test_without_tags_there_are_no_facts() -> None:
    assert facts({}) == Facts(moment=Moment(datetime(1970, 1, 1), 0, None, "modified"))


@pytest.mark.parametrize(
    ("lat", "lon"),
    [("0", "0"), ("91", "10"), ("10", "181"), ("nan", "10"), ("", ""), ("inf", "0"), ("10", "undef"), ("-0.0", "0")],
)
def test_a_point_that_cannot_be_is_none(lat: str, lon: str) -> None:
    assert facts({"Composite:GPSLatitude": lat, "Composite:GPSLongitude": lon}).gps is None


def test_a_latitude_without_hemisphere_is_none(tmp_path: Path, pool: ExifTool) -> None:
    path = written(tmp_path / "a.jpg", "-GPS:GPSLatitude=33.9", "-GPS:GPSLongitude=151.2")
    assert read(pool, path).gps is None


def test_points_on_the_equator_and_on_the_meridian_are_points() -> None:
    assert facts({"Composite:GPSLatitude": "0", "Composite:GPSLongitude": "10"}).gps == Gps(0.0, 10.0)
    assert facts({"Composite:GPSLatitude": "51.5", "Composite:GPSLongitude": "0"}).gps == Gps(51.5, 0.0)


@pytest.mark.parametrize("nothing", ["0", "-1", "undef", "inf", "nan", "", " ", "1/0"])
def test_an_exposure_of_nothing_is_none(nothing: str) -> None:
    tags = {f"ExifIFD:{tag}": nothing for tag in ("ExposureTime", "FNumber", "ISO", "FocalLength")}
    found = facts(tags)
    assert (found.exposure_s, found.aperture, found.iso, found.focal_mm) == (None,) * 4
    found = facts(tags | {"Composite:ShutterSpeed": "0.5", "Composite:Aperture": "8", "XMP-exif:ISO": ["100", "200"]})
    assert (found.exposure_s, found.aperture, found.iso) == (0.5, 8.0, 100.0)


@pytest.mark.parametrize("stated", ["0", "9", "-1", "", "Horizontal (normal)"])
def test_an_orientation_that_is_none_is_upright(stated: str) -> None:
    assert facts({"IFD0:Orientation": stated}).orientation == 1


def test_videos_and_heic_turn_the_other_way_round() -> None:
    assert facts({"Composite:Rotation": "90"}, kind="mov").orientation == 6
    assert facts({"Composite:Rotation": "270"}, kind="mp4").orientation == 8
    assert facts({"QuickTime:Rotation": "90"}, kind="heic").orientation == 8
    assert facts({"QuickTime:Rotation": "270", "IFD0:Orientation": "6"}, kind="heic").orientation == 6


@pytest.mark.parametrize(
    ("tags", "rating"),
    [
        ({"XMP-xmp:Rating": "5"}, 5),
        ({"XMP-xmp:Rating": "-1"}, -1),
        ({"XMP-xmp:Rating": "0", "IFD0:Rating": "3"}, 0),
        ({"XMP-xmp:Rating": "7", "IFD0:Rating": "3"}, 3),
        ({"XMP-xmp:Rating": "4.5"}, None),
        ({"XMP-xmp:Rating": "-2"}, None),
        ({"XMP-xmp:Rating": "3.0"}, 3),
        ({"XMP-xmp:Rating": "good"}, None),
        ({"IFD0:RatingPercent": "0"}, 0),
        ({"IFD0:RatingPercent": "1"}, 1),
        ({"IFD0:RatingPercent": "25"}, 2),
        ({"IFD0:RatingPercent": "50"}, 3),
        ({"IFD0:RatingPercent": "75"}, 4),
        ({"IFD0:RatingPercent": "99"}, 5),
        ({"XMP-microsoft:RatingPercent": "100"}, 5),
        ({"XMP-microsoft:RatingPercent": "101"}, None),
    ],
)
def test_ratings(tags: dict[str, str], rating: int | None) -> None:
    assert facts(tags).rating == rating


def test_device_names_lose_their_padding() -> None:
    found = facts({"IFD0:Make": "NIKON CORPORATION\0\0", "IFD0:Model": "  Canon Canon EOS  "})
    assert (found.make, found.model) == ("NIKON CORPORATION", "Canon Canon EOS")
    assert facts({"IFD0:Make": " \0"}).make is None


@pytest.mark.parametrize(
    ("tags", "lens"),
    [
        ({"ExifIFD:LensModel": "----", "Composite:LensID": "Sony 50mm"}, "Sony 50mm"),
        (
            {"ExifIFD:LensModel": "0.0 mm f/0.0", "Composite:LensID": "Unknown (65535)", "XMP-aux:Lens": "EF 50"},
            "EF 50",
        ),
        ({"Composite:LensID": "A 1 or B 2", "XMP-aux:Lens": "B 2"}, "B 2"),
        ({"Composite:LensID": "A 1 or B 2"}, "A 1 or B 2"),
        ({"Composite:LensID": "61182"}, None),
        ({"Composite:LensID": "iPhone back", "XMP-aux:Lens": "other"}, "iPhone back"),
    ],
)
def test_lenses(tags: dict[str, str], lens: str | None) -> None:
    assert facts(tags).lens == lens


@pytest.mark.parametrize(
    ("tags", "flash"),
    [
        ({"ExifIFD:Flash": "16"}, False),
        ({"ExifIFD:Flash": "25"}, True),
        ({"XMP-exif:Flash": {"Fired": "false", "Mode": "2"}}, False),
        ({"XMP-exif:Flash": {"Fired": "true"}}, True),
        ({"XMP-exif:Flash": {}}, None),
        ({}, None),
    ],
)
def test_flash(tags: dict[str, Any], flash: bool | None) -> None:
    assert facts(tags).flash is flash


# ---- sizes and durations


def test_a_raw_file_has_the_size_of_its_picture_and_not_of_its_preview() -> None:
    preview = {
        "File:ImageWidth": "1616",
        "File:ImageHeight": "1080",
        "IFD0:ImageWidth": "160",
        "IFD0:ImageHeight": "120",
    }
    found = facts(
        preview | {"Composite:ImageSize": "6000 4000", "SubIFD:ImageWidth": "6048", "SubIFD:ImageHeight": "4024"}, "nef"
    )
    assert (found.width, found.height) == (6000, 4000)
    assert facts(preview, "jpeg").width == 1616


def test_only_videos_last() -> None:
    tags = {"QuickTime:Duration": "1.25", "Track1:Duration": "9"}
    assert facts(tags, "mov").duration_s == 1.25
    assert facts(tags, "cr3").duration_s is None
    assert facts({"Matroska:Duration": "3"}, "mkv").duration_s == 3


# ---- words


def test_words_that_differ_in_case_or_umlaut_are_one() -> None:
    found = facts({"XMP-dc:Subject": ["Cat", "cat", " CAT ", "Mu\u0308ller", "Müller"], "IPTC:Keywords": "caT"})
    assert found.keywords == ("Cat", "Mu\u0308ller")
    assert found.lists == {"subject": ("Cat", "cat", " CAT ", "Mu\u0308ller", "Müller"), "iptc": ("caT",)}


def test_what_iptc_cut_off_is_no_second_word() -> None:
    long = "a very long keyword with more letters than the sixty-four that IPTC has room for"
    found = facts({"XMP-dc:Subject": [long], "IPTC:Keywords": [long[:64], "sea"]})
    assert found.keywords == (long, "sea")
    assert facts({"XMP-dc:Subject": ["seaside"], "IPTC:Keywords": "sea"}).keywords == ("seaside", "sea")


def test_a_single_comma_separated_word_stays_one() -> None:
    assert facts({"XMP-dc:Subject": "cat, dog, tree"}).keywords == ("cat, dog, tree",)


WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9), max_size=5)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["XMP-dc:Subject", "IPTC:Keywords"]), WORDS))
def test_no_keyword_of_any_list_is_lost(tags: dict[str, list[str]]) -> None:
    def plain(word: str) -> str:
        folded = unicodedata.normalize("NFC", word.strip()).casefold()
        return unicodedata.normalize("NFC", folded)

    kept = [plain(word) for word in facts(tags).keywords]
    assert len(kept) == len(set(kept))
    assert set(kept) == {plain(word) for words in tags.values() for word in words if word.strip()}


@pytest.mark.parametrize(
    "boilerplate",
    [
        *(
            "OLYMPUS DIGITAL CAMERA         ",
            "SONY DSC",
            "KONICA MINOLTA DIGITAL CAMERA",
            "DCIM\\100MEDIA\\DJI_0001.JPG",
        ),
        *(
            "          ",
            "\0\0\0",
            "Exif_JPEG_PICTURE",
            "DIGITAL CAMERA",
            "KODAK DIGITAL STILL CAMERA",
            "dav",
            "oznorCO",
        ),
        *("DSC00019", "IMG_1234", "Created with GIMP", "Casio EX"),
    ],
)
def test_what_a_camera_says_is_no_caption(boilerplate: str) -> None:
    device = {"IFD0:Model": "Casio EX"}
    assert facts(device | {"IFD0:ImageDescription": boilerplate}).caption is None
    assert facts(device | {"XMP-dc:Description": boilerplate, "IPTC:Caption-Abstract": "Mine"}).caption == "Mine"


@pytest.mark.parametrize("mine", ["Norway", "Davos", "My first digital camera", "Created with love", "Image of Anna"])
def test_what_a_person_says_is_a_caption(mine: str) -> None:
    assert facts({"IFD0:ImageDescription": mine}).caption == mine


def test_xmp_before_iptc_before_exif() -> None:
    tags = {"IFD0:ImageDescription": "exif"}
    assert facts(tags).caption == "exif"
    tags["IPTC:Caption-Abstract"] = "iptc\nsecond line "
    assert facts(tags).caption == "iptc\nsecond line"
    tags["XMP-dc:Description"] = "xmp"
    assert (facts(tags).caption, facts(tags).captions) == ("xmp", {})
    titles = {"IPTC:ObjectName": "iptc", "XMP-dc:Title": "xmp", "IFD0:XPTitle": "windows"}
    assert facts(titles).title == "xmp"
    assert facts({"IPTC:City": "Köln", "XMP-photoshop:City": "Cologne"}).place == {"city": "Cologne"}


def test_regions_of_both_kinds() -> None:
    area = {"X": "0.5", "Y": "0.5", "W": "0.2", "H": "0.1", "Unit": "normalized"}
    pixels = {"X": "100", "Y": "50", "W": "40", "H": "20", "Unit": "pixel"}
    listed = [
        {"Area": area, "Name": "1984", "Type": "Face"},
        {"Area": pixels, "Type": "Pet"},
        {"Name": "no area"},
        "odd",
    ]
    mwg = {"AppliedToDimensions": {"W": "400", "H": "200"}, "RegionList": listed}
    windows = {"Regions": [{"PersonDisplayName": "Bob", "Rectangle": "0.1, 0.2, 0.4, 0.2"}, {"Rectangle": "x"}]}
    found = facts({"XMP-mwg-rs:RegionInfo": mwg, "XMP-MP:RegionInfoMP": windows}).regions
    assert found == (Region("1984", "Face", 0.5, 0.5, 0.2, 0.1), Region("", "Pet", 0.25, 0.25, 0.1, 0.1))
    (only,) = facts({"XMP-MP:RegionInfoMP": windows}).regions
    assert (only.name, only.kind) == ("Bob", "Face")
    assert (only.x, only.y, only.w, only.h) == pytest.approx((0.3, 0.3, 0.4, 0.2))


# ---- what cameras know of more than one picture


@pytest.mark.parametrize(
    ("tags", "bracket"),
    [
        ({"Canon:BracketMode": "Off", "Canon:AutoExposureBracketing": "Off", "Canon:AEBBracketValue": "0"}, None),
        ({"Canon:BracketMode": "AEB", "Canon:AEBBracketValue": "-4/3"}, "BracketMode AEB, -4/3 EV"),
        ({"Canon:AutoExposureBracketing": "On (shot 2)"}, "AutoExposureBracketing On (shot 2)"),
        (
            {"Nikon:ShootingMode": "Continuous, Exposure Bracketing", "Nikon:ExposureBracketValue": "+1"},
            "Exposure Bracketing, +1 EV",
        ),
        ({"Nikon:ShootingMode": "Single-Frame", "Nikon:ExposureBracketValue": "0"}, None),
        ({"Nikon:ShootingMode": "Exposure Bracketing", "Nikon:ExposureBracketValue": "n/a"}, "Exposure Bracketing"),
        ({"Sony:DriveMode": "Continuous Bracketing 0.7 EV"}, "Continuous Bracketing 0.7 EV"),
        ({"FujiFilm:AutoBracketing": "On"}, "AutoBracketing On"),
        ({"FujiFilm:AutoBracketing": "Pixel Shift"}, None),
        ({"Panasonic:BracketSettings": "No Bracket", "Panasonic:BurstMode": "Off"}, None),
        ({"Panasonic:BurstMode": "Auto Exposure Bracketing (AEB)"}, "Auto Exposure Bracketing (AEB)"),
        ({"Olympus:DriveMode": "AE Bracketing, Shot 2"}, "AE Bracketing"),
        ({"ExifIFD:ExposureMode": "Auto bracket"}, "Auto bracket"),
        ({"ExifIFD:ExposureMode": "Auto"}, None),
    ],
)
def test_brackets(tags: dict[str, str], bracket: str | None) -> None:
    assert facts(tags).bracket == bracket


def test_bursts_and_live_photos() -> None:
    found = facts({"Apple:BurstUUID": "B", "Apple:MediaGroupUUID": "L", "Canon:SequenceNumber": "3"})
    assert (found.burst_id, found.live_id, found.sequence) == ("B", "L", 3)
    assert facts({"Keys:ContentIdentifier": "L"}, "mov").live_id == "L"
    single = facts({"Nikon:BurstGroupID": "0", "Canon:SequenceNumber": "0", "GIF:SequenceNumber": "4"})
    assert (single.burst_id, single.live_id, single.sequence) == (None, None, None)


def test_what_exiftool_warns_of_is_kept() -> None:
    tags = {"ExifTool:Warning": "Bad IFD", "ExifTool:Error": "File is empty", "Track3:Warning": "Bad IFD"}
    assert facts(tags).warnings == ("Bad IFD", "File is empty")


JSON = st.recursive(
    st.text(max_size=12) | st.floats().map(str) | st.integers().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = [*EVERYTHING, *LISTS, "XMP-mwg-rs:RegionInfo", "XMP-MP:RegionInfoMP", "XMP-exif:Flash", "Composite:ImageSize"]
KEYS += ["Composite:GPSLatitude", "Composite:GPSLongitude", "Composite:GPSDateTime", "Composite:Rotation"]
KEYS += ["QuickTime:Duration", "Canon:SequenceNumber", "XMP-dc:Description", "QuickTime:CreateDate", "ExifTool:Error"]


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from([key.rstrip("#") for key in KEYS]), JSON, max_size=8),
    st.sampled_from(["jpeg", "mov", "nef", "xmp"]),
)
def test_no_value_is_too_strange(tags: dict[str, Any], kind: str) -> None:
    found = facts(tags, kind)
    assert found.moment is not None
    assert found.orientation in range(1, 9)
    assert found.rating is None or found.rating in range(-1, 6)


# ---- sidecars


def test_the_sidecar_wins_field_by_field() -> None:
    own = facts({"XMP-xmp:Rating": "2", "XMP-dc:Title": "old", "IFD0:Model": "X-T5", "XMP-photoshop:City": "Köln"})
    sidecar = facts({"XMP-xmp:Rating": "4", "XMP-dc:Title": "new", "XMP-photoshop:State": "NRW"}, "xmp")
    both = with_sidecar(own, sidecar)
    assert (both.rating, both.title, both.model) == (4, "new", "X-T5")
    assert both.place == {"city": "Köln", "state": "NRW"}
    assert with_sidecar(own, Facts()) == own


def test_nothing_that_a_person_wrote_is_lost() -> None:
    box = {"X": "0.5", "Y": "0.5", "W": "0.2", "H": "0.1"}

    def region(name: str, x: str) -> dict[str, Any]:
        return {"RegionList": [{"Area": box | {"X": x}, "Name": name, "Type": "Face"}]}

    own = facts({"XMP-dc:Subject": ["cat", "Dog"], "XMP-mwg-rs:RegionInfo": region("Anna", "0.2")})
    own_caption = facts({"XMP-dc:Description": "old", "XMP-dc:Description-de": "alt"})
    sidecar = facts({"XMP-dc:Subject": ["Cat", "Owl"], "XMP-mwg-rs:RegionInfo": region("Bob", "0.7")}, "xmp")
    both = with_sidecar(own, sidecar)
    assert both.keywords == ("Cat", "Owl", "Dog")
    assert both.lists == {"subject": ("Cat", "Owl", "Dog")}
    assert [region.name for region in both.regions] == ["Anna", "Bob"]
    renamed = facts({"XMP-mwg-rs:RegionInfo": region("Anne", "0.2")}, "xmp")
    assert [region.name for region in with_sidecar(own, renamed).regions] == ["Anne"]
    captioned = with_sidecar(own_caption, facts({"XMP-dc:Description": "new"}, "xmp"))
    assert (captioned.caption, captioned.captions) == ("new", {"x-default": "new", "de": "alt"})


def test_the_date_of_the_sidecar_file_is_not_that_of_the_picture() -> None:
    own = facts({"ExifIFD:DateTimeOriginal": "2024:08:10 13:25:32"})
    for name in ("a.xmp", "IMG_20200101_000000.xmp"):
        assert with_sidecar(own, facts({}, "xmp", name)).moment == own.moment
    said = facts({"XMP-exif:DateTimeOriginal": "2024:08:11 13:25:32"}, "xmp")
    assert with_sidecar(own, said).moment == Moment(datetime(2024, 8, 11, 13, 25, 32), None, None, "xmp")


def test_a_sidecar_that_says_the_same_time_with_less_does_not_take_the_offset_away() -> None:
    own = facts({"ExifIFD:DateTimeOriginal": "2024:08:10 13:25:32", "ExifIFD:OffsetTimeOriginal": "+02:00"})
    said = facts({"XMP-exif:DateTimeOriginal": "2024:08:10 13:25:32"}, "xmp")
    assert with_sidecar(own, said).moment == own.moment


def test_a_point_in_the_sidecar_tells_the_zone_of_the_picture() -> None:
    own = facts({"ExifIFD:DateTimeOriginal": "2024:08:10 13:25:32"})
    said = facts({"XMP-exif:GPSLatitude": "52.52", "XMP-exif:GPSLongitude": "13.405"}, "xmp")
    assert with_sidecar(own, said).moment == Moment(TAKEN, 120, "Europe/Berlin", "exif")


def test_the_picture_keeps_its_own_size_and_is_turned_by_the_sidecar() -> None:
    own = facts({"File:ImageWidth": "40", "File:ImageHeight": "30", "IFD0:Orientation": "6"})
    turned = facts({"XMP-tiff:Orientation": "3", "XMP-tiff:ImageWidth": "1", "XMP-tiff:ImageHeight": "1"}, "xmp")
    both = with_sidecar(own, turned)
    assert (both.width, both.height, both.orientation) == (40, 30, 3)
    assert with_sidecar(own, Facts()).orientation == 6


# ---- real photos


def test_real_photos_keep_their_dates_and_places(shared_photos: Path, pool: ExifTool) -> None:
    """Where plain ExifTool sees a capture date or a point, so do we, unless it is none."""
    asked = ["exiftool", "-config", "", "-r", "-j", "-G1", "-a", "-n", "-DateTimeOriginal", "-CreateDate", "-GPS*"]
    plain = json.loads(subprocess.run([*asked, str(shared_photos)], capture_output=True, check=False).stdout)
    answers = pool.read([tags["SourceFile"] for tags in plain])
    dated = placed = 0
    for tags, answer in zip(plain, answers, strict=True):
        assert not isinstance(answer, Unreadable)
        path = tags.pop("SourceFile")
        found = facts_from(answer, name=os.path.basename(path), mtime_ns=0, kind=Path(path).suffix.lower()[1:])
        dates = [value for key, value in tags.items() if key.endswith((":DateTimeOriginal", ":CreateDate"))]
        possible = [date for date in dates if not str(date).startswith(("0000", " "))]
        assert found.moment
        assert not possible or found.moment.source not in ("name", "modified"), path
        point = tags.get("Composite:GPSPosition", "0 0")
        assert found.gps or point == "0 0", path
        dated, placed = dated + bool(possible), placed + bool(found.gps)
    assert dated > 50 and placed > 20
