"""What a file is, told from its first bytes: containers, brands, RAWs on a TIFF skeleton, and what is no photo."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from phototag.read.sniff import HEAD, PHOTO_SUFFIXES, kind_of, sidecar_kind, what_is
from phototag.records import PICTURES, RAWS, VIDEOS

ALL_KINDS = PICTURES | RAWS | VIDEOS


def ftyp(major: str, *compatible: str) -> bytes:
    brands = major.encode() + b"\x00\x00\x02\x00" + b"".join(brand.encode() for brand in compatible)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\x00\x00\x00\x08free"


def tiff(*tags: tuple[int, int, int | str], order: str = "<", big: bool = False) -> bytes:
    """A first directory with these (tag, form, value); form 2 is text, 3 a short, 4 a long, 1 four bytes."""
    counter, offset, start = ("Q", "Q", 16) if big else ("H", "I", 8)
    entries, texts = b"", b""
    room = 8 if big else 4
    texts_at = start + struct.calcsize("<" + counter) + len(tags) * (20 if big else 12) + struct.calcsize("<" + offset)
    for tag, form, value in tags:
        if isinstance(value, str):
            raw = value.encode() + b"\x00"
            entries += struct.pack(order + "HH" + offset, tag, form, len(raw))
            entries += (
                struct.pack(order + offset, texts_at + len(texts)) if len(raw) > room else raw.ljust(room, b"\x00")
            )
            texts += raw if len(raw) > room else b""
        else:
            entries += struct.pack(order + "HH" + offset, tag, form, 1)
            entries += struct.pack(order + ("H" if form == 3 else "I"), value).ljust(room, b"\x00")
    mark = b"II" if order == "<" else b"MM"
    head = mark + (struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8))
    return head + struct.pack(order + counter, len(tags)) + entries + bytes(struct.calcsize("<" + offset)) + texts


SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE, SUBIFDS, DNG = 254, 259, 262, 271, 330, 50706
PREVIEW_FIRST = ((SUBFILE, 4, 1), (COMPRESSION, 3, 1), (PHOTOMETRIC, 3, 2))
FINISHED = ((SUBFILE, 4, 0), (COMPRESSION, 3, 5), (PHOTOMETRIC, 3, 2))


def saved(form: str, **options: object) -> bytes:
    room = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(room, form, **options)
    return room.getvalue()[:HEAD]


@pytest.mark.parametrize(
    ("form", "kind"),
    [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff"), ("GIF", "gif"), ("BMP", "bmp")],
)
def test_pictures_as_pillow_writes_them_are_known_under_any_name(form: str, kind: str) -> None:
    for name in ("photo", "photo.jpg", "photo.PNG", "photo.nef", "notes.txt"):
        assert kind_of(saved(form), name) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (ftyp("heic", "mif1", "heic"), "heic"),
        (ftyp("heix", "mif1"), "heic"),
        (ftyp("mif1", "heic", "miaf"), "heic"),
        (ftyp("mif1", "miaf"), "heic"),
        (ftyp("msf1", "hevc"), "heic"),
        (ftyp("avif", "mif1", "miaf"), "avif"),
        (ftyp("avis", "msf1"), "avif"),
        (ftyp("mif1", "avif"), "avif"),
        (ftyp("crx ", "isom"), "cr3"),
        (ftyp("qt  ", "qt  "), "mov"),
        (ftyp("isom", "iso2", "avc1"), "mp4"),
        (ftyp("mp42", "mp41", "isom"), "mp4"),
        (ftyp("XAVC", "mp42"), "mp4"),
        (ftyp("????", "iso6"), "mp4"),
        (ftyp("M4V ", "mp42"), "m4v"),
        (ftyp("3gp5", "isom"), "3gp"),
        (ftyp("3g2a"), "3gp"),
        (ftyp("M4A ", "isom", "mp42"), None),
        (ftyp("????"), None),
        (b"\x00\x00\x00\x08wide\x00\x16\xf1\x8bmdat", "mov"),
        (b"\x00\x01\x86\xa0moov\x00\x00\x00\x6cmvhd", "mov"),
        (b"\x7f\x00\x00\x00mdat\x00\x00\x00\x00", "mov"),
        (b"The free encyclopedia that anyone can edit", None),
        (b"RIFF\x00\x01\x00\x00AVI LIST", "avi"),
        (b"RIFF\x00\x01\x00\x00WAVEfmt ", None),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\x82\x84webmB\x87", "webm"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroskaB\x87", "mkv"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\x82\x84elseB\x87", None),
        (b"FUJIFILMCCD-RAW 0201FF", "raf"),
        (b"IIRO\x08\x00\x00\x00", "orf"),
        (b"IIRS\x08\x00\x00\x00", "orf"),
        (b"MMOR\x00\x00\x00\x08", "orf"),
        (b"IIU\x00\x18\x00\x00\x00", "rw2"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(20), "cr2"),
        (b"\x00MRM\x00\x01\x00\x00", "mrw"),
        (b"FOVb\x03\x00\x02\x00", "x3f"),
        (b"II\x1a\x00\x00\x00HEAPCCDR\x02\x00", "crw"),
        (b"II*\x00\x10\x00\x00\x00IIII\x01\x00\x00\x00", "iiq"),
        (b"BM and so on: this is a letter about German cars of some length", None),
        (b"", None),
        (b"II", None),
        (b"MM\x00*", None),
    ],
)
def test_magic_numbers_and_brands(head: bytes, kind: str | None) -> None:
    assert kind_of(head, "whatever.jpg") == kind


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("tags", "name", "kind"),
    [
        ((*PREVIEW_FIRST, (MAKE, 2, "NIKON CORPORATION"), (SUBIFDS, 4, 900)), "a.NEF", "nef"),
        ((*PREVIEW_FIRST, (MAKE, 2, "NIKON CORPORATION"), (SUBIFDS, 4, 900)), "a.nrw", "nrw"),
        ((*PREVIEW_FIRST, (MAKE, 2, "NIKON CORPORATION"), (SUBIFDS, 4, 900)), "a", "nef"),
        ((*PREVIEW_FIRST, (MAKE, 2, "SONY"), (SUBIFDS, 4, 900)), "a.arw", "arw"),
        ((*PREVIEW_FIRST, (MAKE, 2, "SONY"), (SUBIFDS, 4, 900)), "renamed.nef", "arw"),
        (((COMPRESSION, 3, 65535), (PHOTOMETRIC, 3, 32803), (MAKE, 2, "PENTAX")), "a.pef", "pef"),
        ((*PREVIEW_FIRST, (MAKE, 2, "SAMSUNG"), (SUBIFDS, 4, 900)), "a.srw", "srw"),
        ((*PREVIEW_FIRST, (MAKE, 2, "Hasselblad"), (SUBIFDS, 4, 900)), "a.fff", "fff"),
        ((*PREVIEW_FIRST, (MAKE, 2, "Nobody"), (SUBIFDS, 4, 900)), "a.mef", "mef"),
        ((*PREVIEW_FIRST, (MAKE, 2, "LEICA"), (DNG, 1, 0x0401)), "a.dng", "dng"),
        ((*PREVIEW_FIRST, (DNG, 1, 0x0401)), "a.tif", "dng"),
        ((*FINISHED, (MAKE, 2, "LEICA"), (DNG, 1, 0x0401)), "exported.tif", "tiff"),
        ((*FINISHED, (MAKE, 2, "NIKON CORPORATION")), "a.tif", "tiff"),
        ((*FINISHED, (MAKE, 2, "NIKON CORPORATION")), "wrongly named.nef", "tiff"),
        ((*FINISHED, (SUBIFDS, 4, 900)), "pyramid.tif", "tiff"),
        (FINISHED, "a.arw", "tiff"),
    ],
)
def test_tiff_family(order: str, big: bool, tags: tuple[tuple[int, int, int | str], ...], name: str, kind: str) -> None:
    assert kind_of(tiff(*tags, order=order, big=big), name) == kind


def test_a_directory_beyond_the_head_leaves_only_the_name() -> None:
    head = b"II*\x00" + struct.pack("<I", 3_000_000) + bytes(4000)
    assert kind_of(head, "a.dng") == "dng"
    assert kind_of(head, "a.nef") == "nef"
    assert kind_of(head, "a.tif") == "tiff"
    assert kind_of(head, "a.jpg") == "tiff"


def test_the_name_chooses_between_panasonic_and_leica() -> None:
    assert kind_of(b"IIU\x00\x18\x00\x00\x00", "L1000.RWL") == "rwl"
    assert kind_of(b"IIU\x00\x18\x00\x00\x00", "P1000.RW2") == "rw2"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (bytes(100), "nothing but zeros"),
        (b"Remember the milk\n", "text"),
        ("Grüße aus München\n".encode(), "text"),
        ("﻿Text with a mark".encode(), "text"),
        ("text".encode("utf-16"), "text"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive"),
        (b"<!DOCTYPE html><html><body>404", "an HTML page"),
        (b"\n<!-- x -->\n<html lang=en>", "an HTML page"),
        (b'<?xml version="1.0"?><x:xmpmeta/>', "an XML document"),
        (b'<?xml version="1.0"?><svg width="1"/>', "an SVG drawing"),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00", "a macOS resource file"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"\x80\x00\x13\x37\xf0", "unknown bytes"),
    ],
)
def test_what_is_no_photo_is_named_in_plain_words(head: bytes, words: str) -> None:
    assert kind_of(head, "IMG_0001.jpg") is None
    assert what_is(head) == words


def test_suffixes_that_claim_to_be_photos() -> None:
    assert {".jpg", ".jpeg", ".heic", ".nef", ".cr3", ".dng", ".mov", ".mp4", ".tif"} <= PHOTO_SUFFIXES
    assert not {".txt", ".pdf", ".xmp", ".html", ".zip", ".json", ""} & PHOTO_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in PHOTO_SUFFIXES)


def test_sidecars_go_by_name() -> None:
    assert sidecar_kind("IMG_1.xmp") == sidecar_kind("IMG_1.JPG.XMP") == "xmp"
    assert sidecar_kind("IMG_1.AAE") == "aae"
    assert sidecar_kind("MVI_1.THM") == "thm"
    assert sidecar_kind("IMG_1.jpg") is sidecar_kind("xmp") is sidecar_kind("IMG_xmp") is None


@given(st.binary(max_size=600), st.sampled_from(["a.jpg", "a.nef", "a", "a.dng", ""]))
def test_random_bytes_get_an_answer(head: bytes, name: str) -> None:
    assert kind_of(head, name) in ALL_KINDS | {None}
    assert what_is(head)


@given(
    st.sampled_from(
        [tiff(*PREVIEW_FIRST, (MAKE, 2, "SONY"), (SUBIFDS, 4, 9)), tiff(*FINISHED, big=True), ftyp("mif1", "avif")]
    ),
    st.integers(0, 200),
    st.binary(min_size=1, max_size=8),
)
def test_damaged_heads_get_an_answer(head: bytes, at: int, noise: bytes) -> None:
    at %= len(head)
    assert kind_of(head[:at] + noise + head[at + len(noise) :], "a.arw") in ALL_KINDS | {None}
    assert kind_of(head[:at], "a.arw") in ALL_KINDS | {None}


def test_real_files_are_what_exiftool_says_they_are(shared_photos: Path) -> None:
    same = {"HEIF": "heic", "Extended WEBP": "webp", "unrecognised": None, "XMP": None}
    said = json.loads((shared_photos / "manifest.json").read_text())["files"]
    present = [(each, path) for each in said if (path := shared_photos / each["file"]).is_file()]
    assert present
    for each, path in present:
        told = each["exiftool"].get("FileType")
        expected = None if told is None else same.get(told, told.lower())
        with path.open("rb") as file:
            assert kind_of(file.read(HEAD), path.name) == expected, each["file"]


def test_sniffing_and_identity_load_no_imaging_library() -> None:
    code = "import sys, phototag.read.sniff, phototag.read.identity; print({'PIL', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
