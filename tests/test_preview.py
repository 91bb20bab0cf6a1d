"""The picture of a RAW file is its embedded preview: of every form, upright, in sRGB, and of any damage nothing else.

The decision: RAW files are built here around JPEGs of Pillow's, each form as its maker lays it out, and ExifTool is
asked whether it finds the same bytes in them. Refused: files of a camera's, which are large and belong to somebody.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag import api
from phototag.cli import run
from phototag.errors import Unreadable
from phototag.read import thumbnail
from phototag.read.picture import Picture, decode
from phototag.read.preview import preview
from phototag.read.sniff import HEAD, kind_of
from phototag.store import tables, walked
from phototag.store.library import open_library
from tests import culling
from tests.writing import exiftool

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 40), (30, 40, 210), (245, 245, 245)
UPRIGHT = ["red", "green", "blue", "white"]
TURNED = {
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}
try:
    import rawpy
except ImportError:
    rawpy = None


def quarters(width: int, height: int) -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def jpeg(image: Image.Image | numpy.ndarray, exif: Image.Exif | None = None) -> bytes:
    room = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(room, "JPEG", quality=90, **({"exif": exif} if exif is not None else {}))
    return room.getvalue()


def corners(picture: Picture) -> list[str]:
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    height, width, _ = picture.pixels.shape
    found = []
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            pixel = picture.pixels[y, x].astype(int)
            found.append(min(names, key=lambda name: abs(pixel - names[name]).sum()))
    return found


# ---- RAW files made by hand


SHORT, LONG, BYTES, TEXT = 3, 4, 7, 2
Tags = dict[int, tuple[int, Any]]


@dataclass
class Tiff:
    """A TIFF that grows: whatever is put into it lies before what names it."""

    order: str = "<"
    magic: int = 42

    def __post_init__(self) -> None:
        self.content = bytearray(16)

    def put(self, blob: bytes) -> int:
        """The offset of these bytes from now on."""
        at = len(self.content)
        self.content += blob + bytes(len(blob) % 2)
        return at

    def directory(self, tags: Tags, following: int = 0) -> int:
        entries = b""
        for tag, (form, value) in sorted(tags.items()):
            if isinstance(value, bytes):
                packed, count = value, len(value)
            else:
                values = value if isinstance(value, list) else [value]
                packed = struct.pack(f"{self.order}{len(values)}{'HI'[form == LONG]}", *values)
                count = len(values)
            if len(packed) > 4:
                packed = struct.pack(self.order + "I", self.put(packed))
            entries += struct.pack(self.order + "HHI", tag, form, count) + packed.ljust(4, b"\x00")
        return self.put(struct.pack(self.order + "H", len(tags)) + entries + struct.pack(self.order + "I", following))

    def file(self, first: int) -> bytes:
        head = (b"II" if self.order == "<" else b"MM") + struct.pack(self.order + "HI", self.magic, first)
        return head + bytes(self.content[8:])


def hanging(tiff: Tiff, content: bytes) -> Tags:
    return {513: (LONG, tiff.put(content)), 514: (LONG, len(content)), 259: (SHORT, 6), 254: (LONG, 1)}


def strip(tiff: Tiff, content: bytes, compression: int = 7) -> Tags:
    tags = {259: (SHORT, compression), 262: (SHORT, 6), 254: (LONG, 1)}
    return tags | {273: (LONG, tiff.put(content)), 279: (LONG, len(content))}


def sensor(tiff: Tiff, size: tuple[int, int] = (3000, 2000), content: bytes = bytes(4000)) -> Tags:
    """What the sensor saw: no JPEG, or one that is none for people."""
    tags: Tags = {254: (LONG, 0), 256: (LONG, size[0]), 257: (LONG, size[1]), 258: (SHORT, 14), 262: (SHORT, 32803)}
    return tags | {259: (SHORT, 7), 273: (LONG, tiff.put(content)), 279: (LONG, len(content))}


def camera(make: str, orientation: int = 1, model: str = "Test") -> Tags:
    return {
        271: (TEXT, make.encode() + b"\x00"),
        272: (TEXT, model.encode() + b"\x00"),
        274: (SHORT, orientation),
    }


def nef(*previews: bytes, orientation: int = 1, order: str = ">", exif: Tags | None = None, **of: Any) -> bytes:
    """Nikon, Samsung: previews hang in directories below the first one, beside the sensor's data."""
    tiff = Tiff(order)
    below = [tiff.directory(hanging(tiff, each)) for each in previews]
    below.append(tiff.directory(sensor(tiff, **of)))
    first = camera("NIKON CORPORATION", orientation) | {330: (LONG, below), 254: (LONG, 1)}
    if exif is not None:
        first[34665] = (LONG, tiff.directory(exif))
    return tiff.file(tiff.directory(first))


def cr2(*previews: bytes, orientation: int = 1) -> bytes:
    """Canon: the first preview is the strip of the first directory, the next one hangs in the second."""
    tiff = Tiff()
    tiff.content[8:12] = b"CR\x02\x00"
    last = tiff.directory(sensor(tiff) | {262: (SHORT, 1), 259: (SHORT, 6)})
    chain = tiff.directory(hanging(tiff, previews[1]), last) if len(previews) > 1 else last
    first = camera("Canon", orientation) | strip(tiff, previews[0], 6)
    first.pop(254)
    return tiff.file(tiff.directory(first, chain))


def arw(*previews: bytes, orientation: int = 1) -> bytes:
    """Sony: the preview hangs in the first directory, the thumbnail in the second."""
    tiff = Tiff()
    below = tiff.directory(sensor(tiff) | {259: (SHORT, 32767)})
    chain = 0
    for content in reversed(previews[1:]):
        chain = tiff.directory(hanging(tiff, content), chain)
    return tiff.file(
        tiff.directory(camera("SONY", orientation) | hanging(tiff, previews[0]) | {330: (LONG, below)}, chain)
    )


def dng(*previews: bytes, orientation: int = 1, colours: int = 0, exif: Tags | None = None) -> bytes:
    """Adobe: previews are strips of directories below, which may state their colours."""
    tiff = Tiff()
    stated: Tags = {50970: (LONG, colours)} if colours else {}
    below = [tiff.directory(sensor(tiff)), *(tiff.directory(strip(tiff, each) | stated) for each in previews)]
    first = camera("Test", orientation) | {330: (LONG, below), 50706: (1, b"\x01\x04\x00\x00"), 254: (LONG, 1)}
    if exif is not None:
        first[34665] = (LONG, tiff.directory(exif))
    return tiff.file(tiff.directory(first))


def rw2(*previews: bytes, orientation: int = 1) -> bytes:
    """Panasonic: the JPEG is the value of a tag."""
    tiff = Tiff(magic=0x55)
    return tiff.file(tiff.directory(camera("Panasonic", orientation) | {0x2E: (BYTES, previews[0])}))


def orf(*previews: bytes, orientation: int = 1, system: bool = False) -> bytes:
    """Olympus and OM System: the maker's notes say where, counted from their own beginning."""
    head = b"OM SYSTEM\x00\x00\x00II\x04\x00" if system else b"OLYMPUS\x00II\x03\x00"
    notes = Tiff()
    notes.content = bytearray(head)
    first = 2 + 12 + 4  # of a directory with one entry, which must come first here
    settings_at = len(head) + first
    preview_at = settings_at + 2 + 3 * 12 + 4
    notes.directory({0x2020: (13, struct.pack("<I", settings_at))})
    notes.content[len(head) + 6 : len(head) + 10] = struct.pack("<I", 1)  # one pointer, and not four bytes
    notes.directory({0x100: (LONG, 1), 0x101: (LONG, preview_at), 0x102: (LONG, len(previews[0]))})
    notes.content += previews[0]
    tiff = Tiff(magic=0x4F52)
    exif = tiff.directory({37500: (BYTES, bytes(notes.content))})
    tags = camera("OLYMPUS CORPORATION", orientation, "E-M1") | {34665: (LONG, exif)}
    return tiff.file(tiff.directory(tags | {273: (LONG, tiff.put(bytes(3000))), 279: (LONG, 3000), 259: (SHORT, 1)}))


def om(*previews: bytes, orientation: int = 1) -> bytes:
    return orf(*previews, orientation=orientation, system=True)


def raf(*previews: bytes, orientation: int = 1) -> bytes:
    """Fujifilm: a header, and a JPEG with an EXIF block of its own."""
    exif = Image.Exif()
    exif[274] = orientation
    content = jpeg(Image.open(io.BytesIO(previews[0])), exif)
    head = b"FUJIFILMCCD-RAW 0201FF129502X-Test".ljust(84, b"\x00") + struct.pack(">II", 148, len(content))
    return head.ljust(148, b"\x00") + content + bytes(4000)


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def cr3(*previews: bytes, orientation: int = 1) -> bytes:
    """Canon: notes in `moov`, the first preview in a box of its own, the next one fills a track in `mdat`."""
    notes = Tiff()
    cmt1 = box(b"CMT1", notes.file(notes.directory(camera("Canon", orientation))))
    mark = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    prvw = struct.pack(">IHHHHI", 0, 1, 1620, 1080, 1, len(previews[0])) + previews[0]
    own = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16") + struct.pack(">II", 0, 1) + box(b"PRVW", prvw)
    content = previews[1] if len(previews) > 1 else bytes(3000)

    def file(start: int) -> bytes:
        sizes = box(b"stsz", struct.pack(">III", 0, len(content), 1))
        table = box(b"stbl", sizes, box(b"co64", struct.pack(">IIQ", 0, 1, start)))
        track = box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"minf", table)))
        ftyp = box(b"ftyp", b"crx \x00\x00\x00\x01crx isom")
        before = ftyp + box(b"moov", box(b"uuid", mark, cmt1), track) + box(b"uuid", own)
        return before + box(b"mdat", content)

    return file(len(file(0)) - len(content))


FORMS: dict[str, tuple[str, Callable[..., bytes]]] = {
    "nef": ("nef", nef),
    "cr2": ("cr2", cr2),
    "arw": ("arw", arw),
    "dng": ("dng", dng),
    "rw2": ("rw2", rw2),
    "orf": ("orf", orf),
    "om": ("orf", om),
    "raf": ("raf", raf),
    "cr3": ("cr3", cr3),
}
SEVERAL = ("nef", "cr2", "arw", "dng", "cr3")


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., Picture]:
    """Decodes a RAW, whose kind has to be recognised first."""

    def see(content: bytes, kind: str, side: int = 1024) -> Picture:
        path = tmp_path / f"a.{kind}"
        path.write_bytes(content)
        assert kind_of(content[:HEAD], path.name) == kind
        return decode(path, kind, side)

    return see


# ---- which preview


@pytest.mark.parametrize("form", FORMS)
def test_every_form_shows_its_preview_upright(seen: Callable[..., Picture], form: str) -> None:
    kind, make = FORMS[form]
    for orientation, steps in TURNED.items():
        stored = quarters(720, 480) if orientation < 5 else quarters(480, 720)
        for step in steps:
            stored = stored.transpose(step)
        found = seen(make(jpeg(stored), orientation=orientation), kind, 300)
        assert corners(found) == UPRIGHT, orientation
        assert found.pixels.shape == ((200, 300, 3) if orientation < 5 else (300, 200, 3))


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
@pytest.mark.parametrize("form", FORMS)
def test_exiftool_finds_the_same_bytes(tmp_path: Path, form: str) -> None:
    kind, make = FORMS[form]
    path, content = tmp_path / f"a.{kind}", jpeg(quarters(720, 480))
    path.write_bytes(make(content))
    found = set()
    for tag in ("PreviewImage", "JpgFromRaw", "OtherImage", "ThumbnailImage"):
        found.add(subprocess.run(["exiftool", "-b", f"-{tag}", path], capture_output=True, check=True).stdout)
    with path.open("rb") as file:
        ours = preview(file, kind, 1024)
    assert any(same_pixels(each, ours) for each in found if each)


def same_pixels(content: bytes, image: Image.Image) -> bool:
    return numpy.array_equal(numpy.asarray(Image.open(io.BytesIO(content))), numpy.asarray(image))


@pytest.mark.parametrize("form", SEVERAL)
@pytest.mark.parametrize(("side", "taken"), [(64, 640), (640, 640), (641, 1300), (2000, 1300)])
def test_the_smallest_that_is_large_enough_is_taken(
    seen: Callable[..., Picture], form: str, side: int, taken: int
) -> None:
    kind, make = FORMS[form]
    for sizes in ((1300, 640), (640, 1300)):
        found = seen(make(*(jpeg(quarters(size, size // 2)) for size in sizes)), kind, side)
        assert (found.width, found.height) == (taken, taken // 2)


def test_a_thumbnail_is_taken_only_where_there_is_nothing_else(seen: Callable[..., Picture]) -> None:
    thumbnail_, small = jpeg(quarters(160, 120)), jpeg(quarters(330, 220))
    assert seen(arw(thumbnail_, small), "arw", 100).width == 330
    assert seen(arw(thumbnail_), "arw", 100).width == 160


@pytest.mark.skipif(rawpy is not None, reason="rawpy is installed")
@pytest.mark.parametrize("form", FORMS)
def test_where_there_is_none_the_way_to_one_is_named(seen: Callable[..., Picture], form: str) -> None:
    kind, make = FORMS[form]
    with pytest.raises(Unreadable, match="no preview in this RAW file") as refused:
        seen(make(jpeg(quarters(158, 100))), kind)
    assert 'pip install "phototag[raw]"' in refused.value.sentence and "phototag[raw]" in refused.value.hint


@pytest.mark.skipif(rawpy is not None, reason="rawpy is installed")
def test_the_sensors_data_are_no_preview(seen: Callable[..., Picture]) -> None:
    usual = jpeg(quarters(720, 480))
    at = usual.index(b"\xff\xc0")
    lossless = usual[: at + 1] + b"\xc3" + usual[at + 2 :]
    deep = usual[: at + 4] + b"\x0c" + usual[at + 5 :]
    with pytest.raises(Unreadable, match="no preview"):
        seen(nef(content=usual), "nef")  # a JPEG, and called a colour filter array
    for content in (lossless, deep):
        with pytest.raises(Unreadable, match="no preview"):
            seen(cr2(content), "cr2")
    assert seen(cr2(lossless, usual), "cr2").width == 720


def test_its_own_word_on_the_orientation_counts_more(seen: Callable[..., Picture]) -> None:
    exif = Image.Exif()
    exif[274] = 1
    upright = jpeg(quarters(720, 480), exif)
    assert corners(seen(nef(upright, orientation=6), "nef")) == UPRIGHT
    assert corners(seen(rw2(upright, orientation=3), "rw2")) == UPRIGHT


class Counting(io.FileIO):
    """A file that counts what is read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(-1 if size is None else size) or b""
        self.count += len(found)
        return found


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    wanted = jpeg(culling.scene(5, 1200, 800))
    path = tmp_path / "a.nef"
    path.write_bytes(nef(jpeg(quarters(5000, 3000)), wanted, content=bytes(30_000_000)))
    with Counting(path) as file:
        assert preview(file, "nef", 1024).size == (1200, 800)
        assert file.count < len(wanted) + 5_000


# ---- colours


ADOBE_EXIF: Tags = {40961: (SHORT, 65535)}
SRGB_EXIF: Tags = {40961: (SHORT, 1)}
STORED = (200, 120, 80)


def in_srgb() -> numpy.ndarray:
    """The stored colour read as AdobeRGB, by the numbers of the two standards and without a profile."""
    linear = (numpy.array(STORED) / 255) ** (563 / 256)
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    to_rgb = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    rgb = (numpy.array(to_rgb) @ numpy.array(to_xyz) @ linear).clip(0, 1)
    return numpy.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055) * 255


def with_interop(name: bytes) -> bytes:
    """A NEF whose EXIF names its colours as DCF has it: uncalibrated, and the name beside it."""
    tiff = Tiff(">")
    below = [tiff.directory(hanging(tiff, jpeg(Image.new("RGB", (400, 300), STORED)))), tiff.directory(sensor(tiff))]
    interop = tiff.directory({1: (TEXT, name)})
    exif = tiff.directory(ADOBE_EXIF | {40965: (LONG, interop)})
    tags = camera("NIKON CORPORATION") | {330: (LONG, below), 34665: (LONG, exif), 254: (LONG, 1)}
    return tiff.file(tiff.directory(tags))


def own_exif(space: int, interop: str = "") -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[40961] = space
    if interop:
        exif.get_ifd(0x8769)[40965] = {1: interop}
    return exif


def test_adobe_rgb_becomes_srgb_and_what_is_srgb_stays(seen: Callable[..., Picture]) -> None:
    flat = Image.new("RGB", (400, 300), STORED)
    adobe: Tags = {40961: (SHORT, 2)}
    changed = {
        "the camera's interop": seen(with_interop(b"R03\x00"), "nef"),
        "the camera's word": seen(nef(jpeg(flat), exif=adobe), "nef"),
        "the directory's word": seen(dng(jpeg(flat), colours=3, exif=SRGB_EXIF), "dng"),
        "its own interop": seen(rw2(jpeg(flat, own_exif(65535, "R03"))), "rw2"),
    }
    kept = {
        "the camera's interop": seen(with_interop(b"R98\x00"), "nef"),
        "the directory's word": seen(dng(jpeg(flat), colours=2, exif=adobe), "dng"),
        "its own word": seen(nef(jpeg(flat, own_exif(1)), exif=adobe), "nef"),
        "nobody's word": seen(nef(jpeg(flat)), "nef"),
    }
    assert abs(in_srgb() - STORED).max() > 20
    for who, picture in changed.items():
        assert abs(picture.pixels.reshape(-1, 3).mean(axis=0) - in_srgb()).max() < 3, who
    for who, picture in kept.items():
        assert abs(picture.pixels.reshape(-1, 3).mean(axis=0) - STORED).max() < 3, who


# ---- damage


WHOLE = {form: make(jpeg(quarters(240, 160))) for form, (_, make) in FORMS.items()}


def answers(path: Path, content: bytes, kind: str) -> None:
    path.write_bytes(content)
    try:
        picture = decode(path, kind, side=64, max_pixels=4_000_000)
    except Unreadable as trouble:
        assert trouble.sentence and trouble.hint
    else:
        assert picture.pixels.ndim == 3


@settings(max_examples=400, deadline=2000)
@given(st.data())
def test_any_damage_is_a_sentence_or_a_picture(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(sorted(WHOLE)))
    content = bytearray(WHOLE[form])
    # Mostly where the tables are: at the end of what is built like a TIFF, at the beginning of the others.
    spots = st.one_of(st.integers(0, 700), st.integers(-500, -1), st.integers(0, len(content) - 1))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(spots) % len(content)
        some = data.draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 4, bytes(4)])))
        content[at : at + len(some)] = some
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    answers(tmp_path_factory.getbasetemp() / "damaged", bytes(content[:end]), FORMS[form][0])


@settings(max_examples=100, deadline=2000)
@given(st.binary(max_size=400), st.sampled_from(["crw", "x3f", "mrw", "nef", "cr3", "raf", "rw2"]))
def test_what_is_no_raw_at_all_is_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    answers(tmp_path_factory.getbasetemp() / "none", content, kind)


@pytest.mark.skipif(rawpy is not None, reason="rawpy is installed")
def test_loops_and_offsets_that_lie_end(seen: Callable[..., Picture], tmp_path: Path) -> None:
    around = Tiff()
    here = len(around.content)
    assert around.directory({330: (LONG, here), 34665: (LONG, here), 40965: (LONG, here)}, here) == here
    path = tmp_path / "around.arw"
    path.write_bytes(around.file(here))
    with pytest.raises(Unreadable, match="no preview"):
        decode(path, "arw")
    lying = Tiff()
    tags = hanging(lying, jpeg(quarters(400, 300)))
    for start, length in ((8, 1 << 31), ((1 << 32) - 1, 10), (16, (1 << 32) - 1), (16, 0)):
        said = camera("SONY") | tags | {513: (LONG, start), 514: (LONG, length), 330: (LONG, 8)}
        with pytest.raises(Unreadable, match="no preview"):
            seen(lying.file(lying.directory(said)), "arw")


# ---- a folder of RAW files


def burst(folder: Path, seed: int = 40, lengths: tuple[int, ...] = (21, 1, 9)) -> list[Path]:
    """NEF files of one scene, a fifth of a second apart, each moved by so many pixels while it was taken."""
    folder.mkdir(parents=True, exist_ok=True)
    scene, files = culling.scene(seed, 1080, 720), []
    for number, long in enumerate(lengths, 1):
        files.append(folder / f"r{number}.nef")
        files[-1].write_bytes(nef(jpeg(culling.moved(scene, long)), content=os.urandom(400_000)))
    culling.stamp({file: {"at": 60 + number * 0.2, "Make": "NIKON CORPORATION"} for number, file in enumerate(files)})
    return files


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A burst in RAW alone, and a pair of RAW and JPEG; looked at and culled."""
    root = tmp_path_factory.mktemp("raw") / "photos"
    burst(root)
    culling.burst(root, "pair", 44, (1,), at=900)
    (root / "pair1.nef").write_bytes(nef(jpeg(culling.scene(44, 1080, 720)), content=os.urandom(400_000)))
    exiftool("-overwrite_original", "-tagsfromfile", str(root / "pair1.jpg"), "-exif:all", str(root / "pair1.nef"))
    exiftool("-overwrite_original", "-Make=NIKON CORPORATION", str(root / "pair1.nef"), str(root / "pair1.jpg"))
    api.cull(root)
    return root


def rows(root: Path, *columns: str) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in open_library(root).photo_rows(("path", "image_id", *columns))}


def test_a_burst_in_raw_alone_is_culled(shoot: Path) -> None:
    found = api.cull(shoot)
    groups = [sorted(Path(member.known.path).name for member in each.members) for each in found.groups]
    assert ["r1.nef", "r2.nef", "r3.nef"] in groups
    judged = {Path(m.known.path).name: m.judged.verdict for each in found.groups for m in each.members}
    assert judged["r2.nef"] == "pick" and judged["r1.nef"] != "pick"


def test_the_size_is_the_raws_and_a_pair_is_looked_at_by_its_jpeg(shoot: Path) -> None:
    known = rows(shoot, "kind", "picture", "picture_kind", "width", "height", "files")
    alone, pair = known["r1.nef"], known["pair1.jpg"]
    assert (alone["kind"], alone["picture"], alone["picture_kind"]) == ("raw", "r1.nef", "nef")
    assert (alone["width"], alone["height"]) == (3000, 2000)
    assert (pair["picture"], pair["picture_kind"]) == ("pair1.jpg", "jpeg") and len(pair["files"]) == 2


def test_a_raw_has_thumbnails_and_is_on_the_pages(shoot: Path, tmp_path: Path) -> None:
    small = thumbnail.jpeg(str(shoot / "r2.nef"), 200)
    assert (small.width, small.height) == (200, 133)
    shown = numpy.asarray(Image.open(io.BytesIO(small.content)), numpy.float32)
    own, other = (cv2.resize(culling.scene(seed, 1080, 720), (200, 133)).astype(float) for seed in (40, 44))
    assert abs(shown - own).mean() < 20 < 40 < abs(shown - other).mean()
    page = api.cull_page(api.cull(shoot), tmp_path / "cull.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") >= 4 and "no preview" not in page


def test_what_has_no_preview_is_named_and_the_rest_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if rawpy is not None:
        pytest.skip("rawpy is installed")
    burst(tmp_path, lengths=(1,))
    (tmp_path / "bare.nef").write_bytes(nef(content=os.urandom(5000)))
    assert run(["look", str(tmp_path)]) == 1
    said = "".join(capsys.readouterr())
    assert "bare.nef" in said and "phototag[raw]" in said and "r1.nef" not in said
    assert run(["look", str(tmp_path)]) == 0  # it is known


def test_a_library_from_before_looks_at_its_raws_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    burst(tmp_path)
    with monkeypatch.context() as before:
        before.setattr(tables, "_SEEN", ("picture",))
        before.setattr(walked, "_COMPOSED", 1)
        assert run(["look", str(tmp_path)]) == 0
        assert rows(tmp_path, "picture")["r1.nef"]["picture"] == ""
    ids = {path: row["image_id"] for path, row in rows(tmp_path).items()}
    assert run(["look", str(tmp_path)]) == 0
    library = open_library(tmp_path)
    assert library.made("measure") == set(ids.values()) and len(ids) == 3
    assert {path: row["image_id"] for path, row in rows(tmp_path).items()} == ids
    assert library.walked().settled


# ---- real files


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
@pytest.mark.parametrize(
    ("name", "kind", "tag", "size"),
    [
        ("nom-exif/canon-r6.cr3", "cr3", "PreviewImage", (1620, 1080)),
        ("pigallery2/test.dng", "dng", "PreviewImage", (510, 382)),
        ("imagemeta/sample.cr2", "cr2", "ThumbnailImage", (160, 120)),  # cut behind it
        ("imagemeta/sample.arw", "arw", "ThumbnailImage", (160, 120)),
    ],
)
def test_real_files_show_what_exiftool_finds(
    shared_photos: Path, name: str, kind: str, tag: str, size: tuple[int, int]
) -> None:
    path = shared_photos / name
    content = subprocess.run(["exiftool", "-b", f"-{tag}", path], capture_output=True, check=True).stdout
    with path.open("rb") as file:
        ours = preview(file, kind, 1024)
    assert ours.size == size and same_pixels(content, ours)


def test_rawpy_helps_where_there_is_no_preview(shared_photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    content = (shared_photos / "pigallery2/test.dng").read_bytes()
    path = tmp_path / "a.dng"
    path.write_bytes(content[:3303790] + bytes(6910) + content[3310700:])
    found = decode(path, "dng", 1024)
    assert found.pixels.shape[0] > found.pixels.shape[1] > 100  # upright, as the camera was held
    answers(tmp_path / "bad.dng", content[:2000], "dng")
    answers(tmp_path / "bad.dng", bytes(200), "dng")
