"""What a file's answer says the managed tags hold, and what is to be done about old encodings and digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.change import fields
from phototag.change.twins import reconciled, rewritten, seeded
from phototag.records import Region


def test_lists_and_single_texts_are_told_apart() -> None:
    tags = {"XMP-dc:Subject": "one", "XMP-dc:Description": ["a", "b"], "XMP-xmp:Label": "", "XMP-lr:Other": "x"}
    assert fields.held(tags) == {"XMP-dc:Subject": ("one",), "XMP-dc:Description": ("a",)}


def test_texts_are_held_as_they_stand() -> None:
    tags = {"XMP-dc:Subject": [" a  b ", "true", "1e3"], "IFD0:ImageDescription": " line\n "}
    assert fields.held(tags) == {"XMP-dc:Subject": (" a  b ", "true", "1e3"), "IFD0:ImageDescription": (" line\n ",)}


@pytest.mark.parametrize(
    ("declared", "text", "is_", "how"),
    [
        ("", "Müller", "Müller", "latin"),
        ("", "MÃ¼ller", "Müller", "utf8"),
        ("", "Mueller", "Mueller", ""),
        ("UTF8", "Müller", "Müller", ""),
        ("ESC . A", "Müller", "Müller", "latin"),
    ],
)
def test_undeclared_iptc(declared: str, text: str, is_: str, how: str) -> None:
    tags = {"IPTC:Keywords": ["plain", text]} | ({"IPTC:CodedCharacterSet": declared} if declared else {})
    assert fields.held(tags)["IPTC:Keywords"] == ("plain", is_)
    assert fields.undeclared(tags) == how


def test_one_latin_text_among_others_makes_the_file_latin() -> None:
    tags = {"IPTC:Keywords": ["MÃ¼ller", "plain"], "IPTC:Credit": "Jürgen", "IPTC:City": "Rome"}
    assert fields.undeclared(tags) == "latin"
    assert rewritten(tags) == {"IPTC:Keywords": ("Müller", "plain"), "IPTC:Credit": ("Jürgen",)}


@pytest.mark.parametrize(
    ("noted", "now", "is_stale"), [("ab", "cd", True), ("ab", "ab", False), ("", "cd", False), ("ab", "", False)]
)
def test_a_digest_that_is_not_the_current_one_is_stale(noted: str, now: str, is_stale: bool) -> None:
    assert fields.stale({"Photoshop:IPTCDigest": noted, "File:CurrentIPTCDigest": now}) is is_stale
    assert not fields.stale({})


def test_what_may_be_made_where() -> None:
    lists = set(fields.LISTS.values())
    assert lists <= fields.allowed("jpeg") and "IFD0:ImageDescription" in fields.allowed("tiff")
    for container in ("png", "webp", "avif", "heic", "dng", "xmp"):
        assert fields.allowed(container) & lists == lists - {"IPTC:Keywords"}
        assert not any(tag.startswith("IPTC:") for tag in fields.allowed(container))
    assert [c for c in ("jpeg", "dng", "png", "xmp") if "XMP-tiff:ImageDescription" in fields.allowed(c)] == ["xmp"]
    everywhere = frozenset().union(*map(fields.allowed, ("jpeg", "dng", "png", "xmp")))
    assert not everywhere & {"IFD0:XPKeywords", "XMP-microsoft:LastKeywordXMP"}
    assert fields.allowed("mp4") == frozenset()


# ---- points


def test_a_point_is_signed_wherever_it_stands() -> None:
    south = {"GPS:GPSLatitude": "33.912345600075", "GPS:GPSLatitudeRef": "S"}
    west = {"GPS:GPSLongitude": "18.4", "GPS:GPSLongitudeRef": "West"}
    assert fields.held(south | west) == {"GPS": ("-33.91234560,-18.40000000",)}
    xmp = {"XMP-exif:GPSLatitude": "-1.5", "XMP-exif:GPSLongitude": "2"}
    assert fields.held(xmp) == {"GPS": ("-1.50000000,2.00000000",)}
    assert fields.held(south) == {}, "half a point is none"
    assert fields.point(-0.000000001, 0) == ("0.00000000,0.00000000",)


# ---- faces

ANNA = {"Area": {"H": "0.2", "Unit": "normalized", "W": "0.2", "X": "0.5", "Y": "0.5"}, "Name": "Anna", "Type": "Face"}


def test_faces_come_behind_the_regions_that_are_there() -> None:
    before = fields.regions_as_text({"AppliedToDimensions": {"W": "9"}, "RegionList": [{**ANNA, "Own": "kept"}]})
    after = fields.faces_with(before, [Region("Zoë", "Face", 0.1, 0.25, 0.05, 0.125)], 64, 48)
    new = '{"Area":{"H":"0.125","Unit":"normalized","W":"0.05","X":"0.1","Y":"0.25"},"Name":"Zoë","Type":"Face"}'
    assert after == (before[0].replace('"Type":"Face"}]', f'"Type":"Face"}},{new}]'),)


def test_a_face_that_is_there_already_is_not_added() -> None:
    before = fields.regions_as_text({"RegionList": [ANNA]})
    assert fields.faces_with(before, [Region("", "Face", 0.52, 0.49, 0.1, 0.1)], 64, 48) == before
    assert fields.faces_with((), [], 64, 48) == ()


def test_the_first_faces_say_how_large_the_picture_is() -> None:
    (text,) = fields.faces_with((), [Region("", "Face", 0.5, 0.5, 1, 1)], 64, 48)
    assert text.startswith('{"AppliedToDimensions":{"H":"48","Unit":"pixel","W":"64"},"RegionList":[{"Area"')
    assert "Name" not in text


@given(st.lists(st.tuples(*[st.floats(0.01, 1)] * 4), max_size=5))
def test_adding_the_same_faces_twice_adds_them_once(boxes: list[tuple[float, float, float, float]]) -> None:
    faces = [Region("", "Face", *box) for box in boxes]
    once = fields.faces_with((), faces, 64, 48)
    assert fields.faces_with(once, faces, 64, 48) == once


# ---- twins


def test_iptc_that_was_edited_last_wins_but_is_not_believed_where_it_was_cut() -> None:
    long = "Friedrich-Wilhelm von Hohenzollern-Sigmaringen"
    tags = {
        "IPTC:CodedCharacterSet": "UTF8",
        "IPTC:By-line": long[:32],
        "XMP-dc:Creator": [long],
        "IPTC:City": "Köln",
        "XMP-photoshop:City": "Cologne",
        "IPTC:Keywords": ["new", "Old"],
        "XMP-dc:Subject": ["old", "only here"],
        "IPTC:Credit": "same",
        "XMP-photoshop:Credit": "same",
        "IPTC:Headline": "only in IPTC",
        "XMP-dc:Title": "only in XMP",
    }
    assert reconciled(tags) == {
        "XMP-photoshop:City": ("Köln",),
        "XMP-dc:Subject": ("old", "only here", "new"),
        "XMP-photoshop:Headline": ("only in IPTC",),
    }


def test_a_new_sidecar_says_what_the_file_says_in_iptc_or_exif_alone() -> None:
    tags = {
        "IPTC:City": "KÃ¶ln",
        "IPTC:Credit": "iptc",
        "XMP-photoshop:Credit": "xmp",
        "IPTC:By-line": ["A", "B"],
        "IFD0:Artist": "C",
        "IFD0:Copyright": "D",
    }
    expected = {"XMP-photoshop:City": ("Köln",), "XMP-dc:Creator": ("A", "B"), "XMP-dc:Rights": ("D",)}
    assert seeded(tags) == expected
