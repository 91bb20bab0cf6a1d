"""The identity of HEIC, AVIF, TIFF, DNG and RAW files: through metadata writes, in every layout, after any damage."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag.errors import Unreadable
from phototag.read.boxes import takes_new_xmp
from phototag.read.identity import Identity, identify, whole_file_digest

pillow_heif.register_heif_opener()
needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
roomy = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

IdOf = Callable[..., str]


def picture(seed: int = 1) -> Image.Image:
    rng = numpy.random.default_rng(seed)
    blocks = Image.fromarray(rng.integers(0, 256, (8, 12, 3), dtype=numpy.uint8))
    return blocks.resize((96, 64), Image.Resampling.BICUBIC)


def encoded(form: str, seed: int = 1, **options: Any) -> bytes:
    room = BytesIO()
    image = picture(seed)
    if form == "palette":
        form, image = "TIFF", image.quantize(16)
    elif options.get("compression") == "group4":
        image = image.convert("1")
    image.save(room, form, **options)
    return room.getvalue()


MADE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "plain": ("tiff", "TIFF", {}),
    "lzw": ("tiff", "TIFF", {"compression": "tiff_lzw"}),
    "strips": ("tiff", "TIFF", {"compression": "tiff_deflate", "tiffinfo": {278: 8}}),
    "jpeg in tiff": ("tiff", "TIFF", {"compression": "jpeg"}),
    "fax": ("tiff", "TIFF", {"compression": "group4"}),
    "palette": ("tiff", "palette", {}),
    "pages": ("tiff", "TIFF", {"save_all": True, "append_images": [picture(7), picture(8)]}),
    "avif": ("avif", "AVIF", {"quality": 70}),
    "heic": ("heic", "HEIF", {"quality": 70}),
    "two pictures": ("heic", "HEIF", {"quality": 70, "save_all": True, "append_images": [picture(7)]}),
}
BIG = encoded("TIFF", big_tiff=True)


@pytest.fixture
def id_of(tmp_path: Path) -> IdOf:
    def ask(content: bytes, kind: str) -> str:
        path = tmp_path / "asked"
        path.write_bytes(content)
        found = identify(path, kind)
        assert found.trouble == ""
        return found.image_id

    return ask


# ---- files made by hand


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, version: int, *parts: bytes, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def number(value: int, width: int) -> bytes:
    return value.to_bytes(width, "big")


HVCC, ISPE, TURN = box(b"hvcC", b"how to decode"), full(b"ispe", 0, bytes(8)), box(b"irot", b"\x01")
GRID, FIRST, SECOND, XMP = b"\x00\x00\x00\x01rows", b"first tile" * 30, b"second tile" * 30, b"<x:xmpmeta/>" * 9


def heif(
    *,
    version: int = 1,
    base: int = 0,
    stored: bool = False,
    pieces: int = 1,
    tiles: Sequence[int] = (2, 3),
    metadata: bytes = b"",
    coding: bytes = HVCC,
    turned: bool = False,
    tables_last: bool = False,
    wide: bool = False,
    thumbnail: bytes = b"",
    files: Sequence[bytes] = (GRID, FIRST, SECOND),
    more: bytes = b"",
) -> bytes:
    """A grid of two tiles in whatever layout: the grid in `idat` if `stored`, `pieces` extents for each item."""
    items = [(1, b"grid", b"", files[0]), (2, b"hvc1", b"", files[1]), (3, b"hvc1", b"", files[2])]
    items += [(4, b"hvc1", b"", thumbnail)] if thumbnail else []
    items += [(9, b"mime", b"application/rdf+xml\x00", metadata)] if metadata else []
    id_width = 4 if version == 2 else 2
    entries = [
        full(b"infe", 3 if id_width == 4 else 2, number(each, id_width), bytes(2), kind, b"name\x00", content_type)
        for each, kind, content_type, _ in items
    ]
    shown = [1, 2, *([3] if turned else [])]
    associations = [(1, [2, *([3] if turned else [])]), (2, shown), (3, shown)]
    described = b"".join(
        number(each, 2) + number(len(places), 1) + b"".join(number(place, 2 if wide else 1) for place in places)
        for each, places in associations
    )
    properties = box(
        b"iprp",
        box(b"ipco", coding, ISPE, TURN),
        full(b"ipma", 0, number(len(associations), 4), described, flags=int(wide)),
    )
    references = [(b"dimg", 1, tiles)] + ([(b"thmb", 4, [1])] if thumbnail else [])
    iref = full(
        b"iref",
        0,
        *(
            box(kind, number(source, 2), number(len(to), 2), *(number(one, 2) for one in to))
            for kind, source, to in references
        ),
    )

    def tables(mdat: int) -> bytes:
        places = [number(0x44 << 8 | base << 4, 2), number(len(items), id_width)]
        at, inside = mdat, 0
        for each, kind, _, content in items:
            in_idat = stored and kind == b"grid"
            start = inside if in_idat else at
            cuts = [len(content) * piece // pieces for piece in range(pieces + 1)]
            places += [number(each, id_width), number(int(in_idat), 2) if version else b"", bytes(2)]
            places += [number(start, base) if base else b"", number(pieces, 2)]
            for first, last in pairwise(cuts):
                places += [number(first if base else start + first, 4), number(last - first, 4)]
            inside, at = (inside + len(content), at) if in_idat else (inside, at + len(content))
        return full(
            b"meta",
            0,
            full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full(b"pitm", 0, number(1, 2)),
            full(b"iinf", 0, number(len(items), 2), *entries),
            iref,
            properties,
            box(b"idat", files[0]) if stored else b"",
            full(b"iloc", version, *places),
        )

    ftyp = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    data = box(b"mdat", b"".join(content for _, kind, _, content in items if not (stored and kind == b"grid")))
    if tables_last:
        return ftyp + data + tables(len(ftyp) + 8) + more
    return ftyp + tables(len(ftyp) + len(tables(0)) + 8) + data + more


SHORT, LONG, LONG8 = 3, 4, 16
FORMS = {1: "B", SHORT: "H", LONG: "I", 7: "B", LONG8: "Q"}
Tags = dict[int, tuple[int, Sequence[int]]]


class Tiff:
    """Writes a TIFF by hand: `add` returns where a directory stands, `done` points the header at one."""

    def __init__(self, order: str = "<", *, big: bool = False) -> None:
        self.order, self.big, self.word = order, big, "Q" if big else "I"
        self.out = bytearray(b"II" if order == "<" else b"MM")
        self.out += self._packed("HHHQ", 43, 8, 0, 0) if big else self._packed("HI", 42, 0)

    def _packed(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def put(self, content: bytes) -> int:
        self.out += bytes(len(self.out) % 2)
        self.out += content
        return len(self.out) - len(content)

    def add(self, tags: Tags, *parts: bytes, following: int = 0, tiled: bool = False) -> int:
        if parts:
            places, lengths = (324, 325) if tiled else (273, 279)
            tags = tags | {places: (LONG, [self.put(part) for part in parts])}
            tags |= {lengths: (LONG, [len(part) for part in parts])}
        entries = b""
        for tag, (form, values) in sorted(tags.items()):
            content = self._packed(f"{len(values)}{FORMS[form]}", *values)
            if len(content) > struct.calcsize("=" + self.word):
                content = self._packed(self.word, self.put(content))
            entries += self._packed("HH" + self.word, tag, form, len(values))
            entries += content.ljust(struct.calcsize("=" + self.word), b"\x00")
        return self.put(
            self._packed("Q" if self.big else "H", len(tags)) + entries + self._packed(self.word, following)
        )

    def done(self, first: int) -> bytes:
        struct.pack_into(self.order + self.word, self.out, 8 if self.big else 4, first)
        return bytes(self.out)


def size_of(width: int, height: int, compression: int = 1, colours: int = 2) -> Tags:
    return {256: (LONG, [width]), 257: (LONG, [height]), 259: (SHORT, [compression]), 262: (SHORT, [colours])}


ROWS = [bytes((row,)) * 300 for row in range(1, 9)]
PREVIEW, SENSOR = {254: (LONG, [1])}, {254: (LONG, [0])}
PATTERN: Tags = {33421: (SHORT, [2, 2]), 33422: (1, [0, 1, 1, 2])}


def raw(preview: bytes = b"a preview", sensor: bytes = b"sensor" * 500, order: str = "<", tail: bytes = b"") -> bytes:
    """As a Nikon or a DNG is built: a reduced picture first, the sensor's below it, a thumbnail on the next page."""
    made = Tiff(order)
    below = made.add(SENSOR | size_of(60, 50, 34713, 32803) | PATTERN, sensor)
    hanging: Tags = {259: (SHORT, [6]), 513: (LONG, [made.put(b"thumbnail")]), 514: (LONG, [9])}
    last = made.add(hanging)
    return made.done(made.add(PREVIEW | size_of(6, 5) | {330: (LONG, [below])}, preview, following=last)) + tail


BY_HAND = {"heif": ("heic", heif(metadata=XMP)), "raw": ("nef", raw()), "dng": ("dng", raw(order=">"))}


# ---- what keeps it


def tool(program: str, path: Path, *args: str) -> str:
    """Runs the program on the file; "" or what it said if it refused."""
    quiet = ["-q", "-m", "-overwrite_original"] if program == "exiftool" else []
    done = subprocess.run([program, *quiet, *args, str(path)], capture_output=True, encoding="utf-8", check=False)
    return done.stderr if done.returncode else ""


EXIFTOOL = (
    ("-XMP-dc:Subject=red", "-XMP-dc:Subject+=blue", "-EXIF:ImageDescription=A day"),
    ("-EXIF:Orientation#=6", "-XMP-dc:Description=" + "long " * 20_000),
    ("-XMP-dc:Subject-=red", "-XMP-dc:Description="),
)


def keeps_it(path: Path, kind: str, writes: int = 3) -> None:
    """Holds that every metadata write of ExifTool and exiv2 leaves the identity, and that most were made."""
    before = identify(path, kind)
    assert before.trouble == "" and not before.image_id.startswith("f1-")
    sums = [whole_file_digest(path)]

    def after(program: str, *args: str) -> None:
        refused = tool(program, path, *args)
        assert identify(path, kind) == before, args
        assert not refused, args
        sums.append(whole_file_digest(path))

    for args in EXIFTOOL[:writes]:
        after("exiftool", *args)
    if kind in ("tiff", "dng"):
        after("exiftool", "-IPTC:Keywords=x", "-Photoshop:IPTCDigest=new", "-ICC_Profile:all=")
    if kind in ("tiff", "dng") and shutil.which("exiv2"):
        after("exiv2", "-M", "set Exif.Image.Artist me")
        after("exiv2", "-M", 'set Xmp.dc.title lang="x-default" Hello', "-M", "set Iptc.Application2.Keywords y")
    assert len(set(sums)) == len(sums)
    if kind != "dng":  # there the colours would go with the metadata
        after("exiftool", "-all=")


@needs_exiftool
@pytest.mark.parametrize("name", MADE)
def test_metadata_writes_keep_it(tmp_path: Path, name: str) -> None:
    from PIL import ImageCms

    kind, form, options = MADE[name]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / f"photo.{kind}"
    path.write_bytes(encoded(form, **options, **({} if name == "fax" else {"icc_profile": profile})))
    keeps_it(path, kind, writes=3 if name in ("strips", "pages", "avif", "heic") else 1)


@needs_exiftool
def test_metadata_writes_into_real_files_keep_it(shared_photos: Path, tmp_path: Path) -> None:
    kinds = ("heic", "avif", "dng")
    photos = [path for path in sorted(shared_photos.rglob("*")) if path.suffix.lower()[1:] in kinds]
    assert len(photos) >= 9
    ids = set()
    for photo in photos:
        path = tmp_path / photo.name
        path.write_bytes(photo.read_bytes())
        ids.add(identify(path, path.suffix.lower()[1:]).image_id)
        keeps_it(path, path.suffix.lower()[1:], writes=1)
    assert len(ids) == len(photos)


@needs_exiftool
def test_tiles_and_directories_below_keep_it(tmp_path: Path) -> None:
    made = Tiff()
    below = made.add(PREVIEW | size_of(4, 4), b"reduced")
    tags = size_of(32, 32) | {322: (SHORT, [16]), 323: (SHORT, [16]), 330: (LONG, [below]), 282: (LONG, [72])}
    path = tmp_path / "tiles.tif"
    path.write_bytes(made.done(made.add(tags, *[bytes((tile,)) * 256 for tile in range(4)], tiled=True)))
    keeps_it(path, "tiff")


@needs_exiftool
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_raw_file_keeps_it(tmp_path: Path, order: str) -> None:
    path = tmp_path / "photo.dng"
    path.write_bytes(raw(sensor=b"sensor" * 5000, order=order))
    before = identify(path, "nef")
    assert before.image_id.startswith("t1-")
    assert not tool("exiftool", path, "-XMP-dc:Subject=red", "-EXIF:ImageDescription=A day", "-Orientation#=6")
    assert identify(path, "nef") == before


# ---- what makes another of it


@pytest.mark.parametrize("name", MADE)
def test_other_pixels_are_other_pictures(id_of: IdOf, name: str) -> None:
    kind, form, options = MADE[name]
    assert re.fullmatch("[bt]1-[0-9a-f]{32}", id_of(encoded(form, **options), kind))
    assert id_of(encoded(form, **options), kind) != id_of(encoded(form, seed=2, **options), kind)


def test_every_page_and_every_picture_counts(id_of: IdOf) -> None:
    for form, kind in (("TIFF", "tiff"), ("HEIF", "heic")):
        several = [encoded(form, save_all=True, append_images=[picture(last)]) for last in (2, 3)]
        assert len({id_of(each, kind) for each in (*several, encoded(form))}) == 3


def test_ids_of_containers_stay_what_they_are(id_of: IdOf) -> None:
    """These ids are in people's journals: if one changes, the reader needs a new version digit."""
    made = Tiff(">")
    plain = made.done(made.add(size_of(20, 15), *ROWS))
    found = [id_of(heif(), "heic"), id_of(plain, "tiff"), id_of(raw(), "nef")]
    assert found == [
        "b1-e630364265857e081f074849bcf9f5a1",
        "t1-8ce382e299c8c8277c0738419a953f7e",
        "t1-75a182faa3382019746285f919659bc6",
    ]


LAYOUTS: list[dict[str, Any]] = [
    {"version": 0},
    {"version": 2},
    {"base": 4},
    {"version": 0, "base": 8},
    {"stored": True},
    {"stored": True, "base": 4, "pieces": 2},
    {"pieces": 3},
    {"metadata": XMP},
    {"turned": True},
    {"tables_last": True},
    {"wide": True},
    {"thumbnail": b"small"},
    {"more": box(b"mpvd", bytes(99)) + b"and a maker's trailer"},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: " ".join(layout))
def test_the_layout_of_the_boxes_does_not_matter(id_of: IdOf, layout: dict[str, Any]) -> None:
    assert id_of(heif(**layout), "heic") == id_of(heif(), "heic")


def test_tiles_their_order_and_their_coding_matter(id_of: IdOf) -> None:
    others: list[dict[str, Any]] = [
        {"tiles": (3, 2)},
        {"coding": box(b"hvcC", b"otherwise coded")},
        {"files": (GRID, SECOND, FIRST)},
        {"files": (GRID + b"!", FIRST, SECOND)},
        {"files": (GRID, FIRST, SECOND + b"!"), "stored": True},
    ]
    assert len({id_of(heif(**other), "heic") for other in ({}, *others)}) == 1 + len(others)


def test_the_layout_of_a_tiff_does_not_matter(id_of: IdOf) -> None:
    ids = set()
    for big in (False, True):
        for rows in (ROWS, [b"".join(ROWS)]):
            made = Tiff(big=big)
            made.put(b"something" * big)
            described = {270: (7, b"a caption"), 274: (SHORT, [6])} if big else {}
            ids.add(id_of(made.done(made.add(size_of(20, 15) | described, *rows)), "tiff"))
    assert len(ids) == 1
    assert id_of(BIG, "tiff") == id_of(encoded("TIFF"), "tiff")


def test_what_a_decoder_needs_of_a_tiff_matters(id_of: IdOf) -> None:
    others: list[Tags] = [
        {},
        {256: (LONG, [15]), 257: (LONG, [20])},
        {262: (SHORT, [0])},
        {317: (SHORT, [2])},
        {320: (SHORT, range(300))},
        {320: (SHORT, range(1, 301))},
        {347: (7, b"tables")},
        PATTERN,
    ]
    ids = set()
    for order in "<>":
        for other in others:
            made = Tiff(order)
            ids.add(id_of(made.done(made.add(size_of(20, 15) | other, *ROWS)), "tiff"))
    assert len(ids) == 2 * len(others)


def test_previews_and_thumbnails_are_left_out(id_of: IdOf) -> None:
    for kind in ("nef", "dng"):
        assert id_of(raw(preview=b"another preview"), kind) == id_of(raw(), kind)
        assert id_of(raw(sensor=b"censor" * 500), kind) != id_of(raw(), kind)


def test_a_jpeg_that_is_the_only_picture_counts(id_of: IdOf) -> None:
    def hanging(content: bytes) -> bytes:
        made = Tiff()
        tags: Tags = {513: (LONG, [made.put(content)]), 514: (LONG, [len(content)])}
        return made.done(made.add(size_of(9, 9, 6) | tags))

    assert id_of(hanging(b"one"), "tiff") != id_of(hanging(b"two"), "tiff")
    assert id_of(hanging(b"one"), "tiff").startswith("t1-")


# ---- where the whole file is summed


def elsewhere() -> bytes:
    return heif().replace(number(2, 2) + number(0, 2) + bytes(2), number(2, 2) + number(2, 2) + bytes(2), 1)


WHOLE: dict[str, tuple[str, bytes]] = {
    "an animation": ("avif", encoded("AVIF", save_all=True, append_images=[picture(2)])),
    "a film beside the picture": ("heic", heif(more=box(b"moov", bytes(50)))),
    "bytes in another item": ("heic", elsewhere()),
    "items without bytes": ("heic", heif(files=(GRID, b"", SECOND))),
    "a raw without a sensor's data": ("nef", raw(sensor=b"little", tail=bytes(5000))),
    "a picture that calls itself reduced": ("tiff", (made := Tiff()).done(made.add(PREVIEW | size_of(9, 9), *ROWS))),
    "a raw that is no TIFF": ("iiq", b"not a TIFF" * 9),
    "a raw without a reader": ("raf", b"FUJIFILMCCD-RAW " * 9),
}


def test_scattered_parts_are_summed_in_their_order(id_of: IdOf) -> None:
    """Strips in any place, with gaps and turned around, shared or larger than what is read at once."""
    rows = [bytes((row,)) * (300 if row != 4 else 2 << 20) for row in range(1, 9)]
    ids = set()
    for order in (range(8), reversed(range(8)), (3, 1, 2, 0, 7, 5, 6, 4)):
        made, places = Tiff(), {}
        for row in order:
            places[row] = made.put(rows[row])
            made.put(b"a gap" * row)
        tags: Tags = {273: (LONG, [places[row] for row in range(8)]), 279: (LONG, [len(row) for row in rows])}
        ids.add(id_of(made.done(made.add(size_of(20, 15) | tags)), "tiff"))
    made = Tiff()
    assert ids == {id_of(made.done(made.add(size_of(20, 15), b"".join(rows))), "tiff")}
    twice = Tiff()
    place = twice.put(ROWS[0])
    tags = {273: (LONG, [place, place]), 279: (LONG, [300, 300])}
    made = Tiff()
    same = id_of(made.done(made.add(size_of(20, 15), ROWS[0], ROWS[0])), "tiff")
    assert id_of(twice.done(twice.add(size_of(20, 15) | tags)), "tiff") == same


@pytest.mark.parametrize("name", WHOLE)
def test_what_no_reader_vouches_for_is_summed_whole(tmp_path: Path, name: str) -> None:
    kind, content = WHOLE[name]
    path = tmp_path / "photo"
    path.write_bytes(content)
    assert identify(path, kind) == Identity("f1-" + whole_file_digest(path), "")


def test_a_loop_of_directories_ends(id_of: IdOf) -> None:
    made = Tiff()
    first = made.add(size_of(20, 15) | {330: (LONG, [0x1234567])}, *ROWS, following=0x1234567)
    looped = made.done(first).replace(number(0x1234567, 4)[::-1], number(first, 4)[::-1])
    plain = Tiff()
    assert id_of(looped, "tiff") == id_of(plain.done(plain.add(size_of(20, 15), *ROWS)), "tiff")


# ---- damage


@pytest.mark.parametrize("name", ["heic", "avif", "plain", "lzw"])
def test_what_is_cut_off_is_said(tmp_path: Path, name: str) -> None:
    kind, form, options = MADE[name]
    path = tmp_path / "photo"
    path.write_bytes(encoded(form, **options)[:-20])
    try:
        trouble = identify(path, kind).trouble
    except Unreadable as refused:  # LZW strips lie before the directory
        trouble = refused.sentence
    assert trouble.startswith("cut short: ")


def test_a_cut_raw_says_so_and_is_summed_whole(tmp_path: Path) -> None:
    made = Tiff()
    directory = made.add(SENSOR | size_of(60, 50, 34713, 32803), b"x")
    content = bytearray(made.done(directory) + bytes(1000))
    entry = content.index(struct.pack("<HHI", 279, LONG, 1))
    for stated, trouble in ((1000, ""), (1005, ""), (2000, "cut short: 1100 of at least ")):
        struct.pack_into("<II", content, entry + 8, stated, 0)
        place = content.index(struct.pack("<HHI", 273, LONG, 1)) + 8
        struct.pack_into("<I", content, place, 100)
        path = tmp_path / "photo.nef"
        path.write_bytes(content[:1100])
        found = identify(path, "nef")
        assert found.trouble.startswith(trouble) if trouble else not found.trouble
        assert found.image_id.startswith("t1-" if stated == 1000 else "f1-")


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("heic", heif()[:200], "cut short: the file ends before its picture begins"),
        ("heic", b"not a HEIC at all", "it does not begin as a HEIC or AVIF does"),
        ("avif", box(b"ftyp", b"avif", bytes(4)) + full(b"meta", 0), "there is no picture in it"),
        ("heic", heif()[: -len(FIRST + SECOND + GRID)], "cut short: the file ends before its picture begins"),
        ("tiff", b"not a TIFF at all", "it does not begin as a TIFF does"),
        ("tiff", b"II*\x00" + bytes(40), "there is no picture in it"),
        ("tiff", encoded("TIFF", compression="tiff_lzw")[:500], "cut short: the file ends before its picture begins"),
        ("dng", raw()[:500], "cut short: the file ends before its picture begins"),
    ],
)
def test_without_a_picture_there_is_no_id(tmp_path: Path, kind: str, content: bytes, sentence: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        identify(path, kind)
    assert refused.value.sentence == sentence


SMALL = {
    **BY_HAND,
    "stored": ("heic", heif(stored=True, pieces=2, base=4)),
    "real heic": ("heic", encoded("HEIF", quality=20)),
    "real avif": ("avif", encoded("AVIF", quality=20)),
    "tiff": ("tiff", encoded("TIFF", compression="tiff_lzw")),
    "pages": ("tiff", encoded("TIFF", save_all=True, append_images=[picture(2)], compression="tiff_deflate")),
    "big": ("tiff", BIG[:400] + BIG[-400:]),
}


def answers(path: Path, content: bytes, kind: str) -> None:
    path.write_bytes(content)
    if content:
        assert takes_new_xmp(path) in (True, False)
    try:
        found = identify(path, kind)
    except Unreadable as refused:
        assert refused.sentence
    else:
        assert re.fullmatch("[bft]1-[0-9a-f]{32}", found.image_id)


@pytest.mark.parametrize("name", SMALL)
def test_cut_at_any_byte_it_raises_nothing_else(tmp_path: Path, name: str) -> None:
    kind, content = SMALL[name]
    for length in [*range(min(len(content), 900)), *range(900, len(content), 61)]:
        answers(tmp_path / "cut", content[:length], kind)


@roomy
@given(
    st.sampled_from(sorted(SMALL)),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9)), min_size=1, max_size=5),
)
def test_flipped_bytes_raise_nothing_else(tmp_path: Path, name: str, changes: list[tuple[int, bytes]]) -> None:
    kind, content = SMALL[name]
    flipped = bytearray(content)
    for at, noise in changes:
        at %= len(flipped)
        flipped[at : at + len(noise)] = noise
    answers(tmp_path / "flipped", bytes(flipped), kind)


@pytest.mark.parametrize("name", ["heif", "raw"])
def test_any_one_byte_may_be_anything(tmp_path: Path, name: str) -> None:
    kind, content = BY_HAND[name]
    for at in range(min(len(content), 600)):
        for value in (0, 0xFF, content[at] ^ 1):
            answers(tmp_path / "flipped", content[:at] + bytes((value,)) + content[at + 1 :], kind)


@roomy
@given(st.sampled_from(["heic", "avif", "tiff", "dng", "nef"]), st.sampled_from("<>"), st.binary(max_size=300))
def test_random_bytes_raise_nothing_else(tmp_path: Path, kind: str, order: str, noise: bytes) -> None:
    start = Tiff(order).done(8) if kind in ("tiff", "dng", "nef") else box(b"ftyp", b"heic", bytes(4))
    answers(tmp_path / "random", start + noise, kind)
    answers(tmp_path / "random", start + full(b"meta", 0, noise), kind)


def hostile_directories() -> bytes:
    """A page after a page, each with the same two million strips, and as many directories below."""
    made = Tiff()
    array = made.put(bytes(1 << 21))
    entries = b"".join(struct.pack("<HHII", tag, LONG, 1 << 19, array) for tag in (273, 279, 330))
    at = len(made.out)
    for _ in range(3000):
        at += 2 + 36 + 4
        made.out += struct.pack("<H", 3) + entries + struct.pack("<I", at)
    return made.done((1 << 21) + 8)


def hostile_extents() -> bytes:
    places = b"".join(number(each, 2) + bytes(4) + b"\xff\xff" for each in range(1, 60_000))
    iloc = full(b"iloc", 1, bytes(2), number(60_000, 2), places)
    entries = b"".join(full(b"infe", 2, number(each, 2), bytes(2), b"hvc1\x00") for each in range(1, 60_000))
    meta = full(b"meta", 0, full(b"iinf", 0, bytes(2), entries), iloc)
    return box(b"ftyp", b"heic", bytes(4)) + meta + box(b"mdat", bytes(100))


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "the same directories": ("tiff", hostile_directories),
    "the same directories in a raw": ("nef", hostile_directories),
    "extents without number": ("heic", hostile_extents),
    "zeros": ("tiff", lambda: b"II*\x00\x08\x00\x00\x00" + bytes(3_000_000)),
    "ones": ("tiff", lambda: b"II*\x00\x08\x00\x00\x00" + b"\x01\x00\x04\x00" * 700_000),
    "boxes": ("heic", lambda: box(b"ftyp", b"heic", bytes(4)) + b"\x00\x00\x00\x08free" * 300_000),
    "items": ("heic", lambda: box(b"ftyp", b"heic", bytes(4)) + full(b"meta", 0, b"\x00\x00\x00\x08infe" * 300_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_absurd_counts_cost_little(tmp_path: Path, name: str) -> None:
    kind, made = HOSTILE[name]
    answers(tmp_path / "long", made(), kind)


# ---- whether new XMP would be seen


@pytest.mark.parametrize(
    ("content", "takes"),
    [
        (heif(), True),
        (heif(base=4), False),
        (heif(base=8, version=0), False),
        (heif(base=4, metadata=XMP), True),
        (heif(base=4, metadata=XMP).replace(b"rdf+xml", b"x-other"), False),
        (heif()[:300], False),
        (encoded("JPEG"), True),
        (encoded("TIFF"), True),
        (b"", True),
    ],
)
def test_new_xmp_is_taken_where_every_reader_sees_it(tmp_path: Path, content: bytes, takes: bool) -> None:
    path = tmp_path / "photo"
    path.write_bytes(content)
    assert takes_new_xmp(path) is takes


@needs_exiftool
@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
def test_exiv2_sees_new_xmp_exactly_where_we_say_so(tmp_path: Path) -> None:
    seen = {}
    for name in ("heic", "avif"):
        kind, form, options = MADE[name]
        path = tmp_path / f"photo.{kind}"
        path.write_bytes(encoded(form, **options))
        seen[name] = takes_new_xmp(path)
        assert not tool("exiftool", path, "-XMP-dc:Subject=red")
        shown = subprocess.run(["exiv2", "-PX", path], capture_output=True, encoding="utf-8", check=False).stdout
        assert ("Xmp.dc.subject" in shown) is seen[name], name
    assert not all(seen.values())
