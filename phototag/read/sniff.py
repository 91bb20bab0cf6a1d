"""Says what a file is from its first bytes, whatever its name claims.

The decision here: content rules. A name only settles what content leaves open (a NEF and an ARW are both
TIFF files), and only the first `HEAD` bytes are looked at, so the caller can read them once. Refused:
trusting suffixes, which turns a renamed PNG into an error and a text called .jpg into a photo.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from phototag.records import PICTURES, RAWS, SIDECARS, VIDEOS

HEAD = 4096


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_READER_YET = _words("jxl jp2 j2k jpx mts m2ts mpg mpeg wmv asf")
_OTHER_SPELLINGS = _words("jpg jpe jfif mpo apng tif dib heif heics heifs hif avifs qt 3g2 gpr")
# Suffixes by which a file claims to be a photo: one that is none is then named, not passed over in silence.
PHOTO_SUFFIXES = frozenset("." + word for word in PICTURES | RAWS | VIDEOS | _OTHER_SPELLINGS | _NO_READER_YET)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"FUJIFILMCCD-RAW ", "raf"),
    (b"IIRO", "orf"),
    (b"IIRS", "orf"),
    (b"MMOR", "orf"),
    (b"\x00MRM", "mrw"),
    (b"FOVb", "x3f"),
)

_HEIC_BRANDS = _words("heic heix heim heis hevc hevx hevm hevs")
_STILL_BRANDS = _words("mif1 mif2 msf1 miaf heif 1pic")
_MP4_BRANDS = _words("isom mp41 mp42 mp71 avc1 dash mmp4 MSNV NDSC F4V f4v cmfc XAVC niko dby1 hvc1")
_SOUND_BRANDS = _words("M4A M4B M4P F4A F4B")
_ATOMS = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))

# A RAW on a TIFF skeleton is told by its maker; where a maker has several kinds, the name chooses among them.
_RAW_MAKERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("nikon", ("nef", "nrw")),
    ("sony", ("arw", "sr2", "srf")),
    ("pentax", ("pef",)),
    ("ricoh", ("pef",)),
    ("asahi", ("pef",)),
    ("samsung", ("srw",)),
    ("hasselblad", ("3fr", "fff")),
    ("imacon", ("fff",)),
    ("eastman", ("dcr", "kdc")),
    ("kodak", ("dcr", "kdc")),
    ("seiko epson", ("erf",)),
    ("epson", ("erf",)),
    ("mamiya", ("mef",)),
    ("leaf", ("mos",)),
    ("phase one", ("iiq",)),
)
_TIFF_RAWS = frozenset(kind for _, kinds in _RAW_MAKERS for kind in kinds)
_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _MAKE, _SUBIFDS, _DNG_VERSION = 254, 259, 262, 271, 330, 50706
_RAW_COMPRESSIONS = frozenset((32767, 32769, 32770, 34713, 34892, 65000, 65535))
_SENSOR = frozenset((32803, 34892))  # photometric: colour filter array, linear raw


def kind_of(head: bytes, name: str) -> str | None:
    """The kind that the first bytes show, or None; `name` only chooses where the bytes leave a choice."""
    suffix = name.rpartition(".")[2].lower()
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi"}.get(head[8:12])
    if head[:4] == b"\x1aE\xdf\xa3":
        return _matroska(head)
    if head[4:8] == b"ftyp" or head[4:8] in _ATOMS:
        return _iso_media(head)
    if head[:4] == b"IIU\x00":
        return "rwl" if suffix == "rwl" else "rw2"
    if head[:2] == b"BM":
        return "bmp" if _is_bitmap(head) else None
    if head[:2] in (b"II", b"MM"):
        return _tiff_family(head, suffix)
    return None


def sidecar_kind(name: str) -> str | None:
    """xmp, aae or thm if the name says so: ask this first, a .thm is a JPEG inside."""
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem and suffix.lower() in SIDECARS else None


def _matroska(head: bytes) -> str | None:
    at = head.find(b"\x42\x82", 4, 128)  # DocType; its length is one byte with the top bit set
    if at < 0 or at + 3 > len(head):
        return None
    doctype = head[at + 3 : at + 3 + (head[at + 2] & 0x7F)].rstrip(b"\x00")
    return {b"webm": "webm", b"matroska": "mkv"}.get(doctype)


def _iso_media(head: bytes) -> str | None:
    size = int.from_bytes(head[:4], "big")
    atom = head[4:8]
    if atom == b"ftyp":
        return _branded(head[: min(size, 512)]) if 16 <= size <= 0xFFFF else None
    # "The free…" is English: only sizes that such an atom can have make it a film.
    if atom == b"mdat":
        plausible = size in (0, 1) or size >= 8
    elif atom == b"moov":
        plausible = 8 <= size < 1 << 28
    else:
        plausible = 8 <= size < 1 << 24
    return "mov" if plausible else None


def _branded(ftyp: bytes) -> str | None:
    brands = [ftyp[8:12], *(ftyp[at : at + 4] for at in range(16, len(ftyp) - 3, 4))]
    names = [brand.decode("latin-1").rstrip(" \x00") for brand in brands]
    major, everyone = names[0], set(names)
    if major == "crx":
        return "cr3"
    if major in ("avif", "avis") or (major in _STILL_BRANDS and everyone & {"avif", "avis"}):
        return "heic" if major in _STILL_BRANDS and everyone & _HEIC_BRANDS else "avif"
    if major in _HEIC_BRANDS or major in _STILL_BRANDS:
        return "heic"
    if major in _SOUND_BRANDS:
        return None
    if major == "qt":
        return "mov"
    if major.startswith("M4V"):
        return "m4v"
    if major.startswith(("3gp", "3g2", "3ge", "3gr", "3gs")):
        return "3gp"
    return "mp4" if any(brand in _MP4_BRANDS or brand.startswith("iso") for brand in names) else None


def _is_bitmap(head: bytes) -> bool:
    """BM is also how a text may begin: the header's own size, planes and depth must fit."""
    if len(head) < 26:
        return False
    header = int.from_bytes(head[14:18], "little")
    if header == 12:
        planes, depth = struct.unpack_from("<HH", head, 22)
    elif header in (16, 40, 52, 56, 64, 108, 124) and len(head) >= 30:
        planes, depth = struct.unpack_from("<HH", head, 26)
    else:
        return False
    return planes == 1 and depth in (0, 1, 2, 4, 8, 16, 24, 32)


class _Layout(NamedTuple):
    """How one of the two TIFF generations spells its first directory."""

    counter: str
    entry: int
    value_at: int
    offset: str


_CLASSIC = _Layout("H", 12, 8, "I")
_BIG = _Layout("Q", 20, 12, "Q")


def _tiff_family(head: bytes, suffix: str) -> str | None:
    order = "<" if head[:2] == b"II" else ">"
    if head[6:14] == b"HEAPCCDR":
        return "crw"
    if len(head) < 16:
        return None
    magic = struct.unpack_from(order + "H", head, 2)[0]
    if magic not in (42, 43):
        return None
    if head[8:11] == b"CR\x02":
        return "cr2"
    if head[8:12] in (b"IIII", b"MMMM"):
        return "iiq"
    tags = _first_directory(head, order, _CLASSIC if magic == 42 else _BIG)
    if tags is None:  # the directory lies beyond the head: only the name is left
        return suffix if suffix in _TIFF_RAWS | {"dng"} else "tiff"
    return _tiff_or_raw(tags, suffix)


def _tiff_or_raw(tags: dict[int, int | str], suffix: str) -> str:
    finished = tags.get(_SUBFILE, 0) == 0 and tags.get(_PHOTOMETRIC) in (0, 1, 2, 3, 5, 6, 8)
    if _DNG_VERSION in tags:  # editors leave the tag behind in the pictures that they export
        return "tiff" if suffix in ("tif", "tiff") and finished else "dng"
    reduced_first = _SUBIFDS in tags and tags.get(_SUBFILE, 0) == 1
    raw = reduced_first or tags.get(_PHOTOMETRIC) in _SENSOR or tags.get(_COMPRESSION) in _RAW_COMPRESSIONS
    make = str(tags.get(_MAKE, "")).lower()
    known = next((kinds for maker, kinds in _RAW_MAKERS if make.startswith(maker)), ())
    if suffix in known and (raw or _SUBIFDS in tags or not finished):
        return suffix
    if not raw:
        return "tiff"
    if known:
        return "tiff" if suffix in ("tif", "tiff") and finished else known[0]
    return suffix if suffix in _TIFF_RAWS else "tiff"


def _first_directory(head: bytes, order: str, layout: _Layout) -> dict[int, int | str] | None:
    """Numbers and short texts of IFD0 as far as the head holds them; None if it holds none."""
    start = struct.unpack_from(order + layout.offset, head, 4 if layout is _CLASSIC else 8)[0]
    first = start + struct.calcsize("<" + layout.counter)
    if start < 8 or first > len(head):
        return None
    count = min(struct.unpack_from(order + layout.counter, head, start)[0], len(head) // layout.entry)
    tags: dict[int, int | str] = {}
    for at in range(first, first + count * layout.entry, layout.entry):
        if at + layout.entry > len(head):
            break
        tag, form = struct.unpack_from(order + "HH", head, at)
        if form == 2:
            tags[tag] = _short_text(head, order, layout, at)
        else:
            tags[tag] = struct.unpack_from(order + ("H" if form == 3 else "I"), head, at + layout.value_at)[0]
    return tags or None


def _short_text(head: bytes, order: str, layout: _Layout, at: int) -> str:
    length = struct.unpack_from(order + layout.offset, head, at + 4)[0]
    where = at + layout.value_at
    if length > struct.calcsize("<" + layout.offset):
        where = struct.unpack_from(order + layout.offset, head, where)[0]
    return head[where : where + min(length, 64)].split(b"\x00")[0].decode("latin-1").strip()


_MARKUP = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?P<tag>[!?]?[a-z]+)", re.DOTALL)
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x00\x0cJXL \r\n", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  \r\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\x00\x05\x16\x07", "a macOS resource file"),
    (b"\x00\x05\x16\x00", "a macOS resource file"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"%!PS", "PostScript"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"\x00\x00\x01\xba", "an MPEG film"),
    (b"\x00\x00\x01\xb3", "an MPEG film"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
)
_TESTS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda head: not head, "empty"),
    (lambda head: not head.strip(b"\x00"), "nothing but zeros"),
    (lambda head: head[:2] == b"MZ" and b"\x00" in head, "a program"),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE", "a sound file"),
    (lambda head: head[4:8] == b"ftyp", "an MP4 relative without pictures"),
    (lambda head: len(head) > 188 and head[0] == head[188] == 0x47, "an MPEG transport stream"),
    (lambda head: len(head) > 196 and head[4] == head[196] == 0x47, "an MPEG transport stream"),
)


def what_is(head: bytes) -> str:
    """A few plain words for a file that is no photo of ours, to follow "it is"."""
    for test, words in _TESTS:
        if test(head):
            return words
    for magic, words in _OTHERS:
        if head.startswith(magic):
            return words
    return _text_words(head) or "unknown bytes"


def _text_words(head: bytes) -> str:
    """An SVG drawing, an HTML page, an XML document or text; "" where control bytes say that it is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and len(head) > 3:
        return "text"
    body = head.removeprefix(b"\xef\xbb\xbf").lower()
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in body) or b"\x7f" in body:
        return ""
    markup = _MARKUP.match(body)
    if markup is None:
        return "text"
    if b"<svg" in body:
        return "an SVG drawing"
    return "an HTML page" if b"<html" in body or b"<!doctype html" in body else "an XML document"
