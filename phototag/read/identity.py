"""Names a picture by its encoded image data, so that no metadata write makes a new photo of it.

The decision here: a small reader for each container picks the bytes that decide the pixels (the letter and digit in
front of the id are the reader and its version) and xxh3-128 sums them; a kind without a reader is summed whole.
Nothing is decoded. Refused: a hash of the file, which every keyword changes; a hash of the pixels, which costs
two hundred times as much and changes with the decoder; ExifTool's own, which old versions lack.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from typing import Any, NamedTuple

from xxhash import xxh3_128

from phototag.errors import Unreadable

_CHUNK = 1 << 20
_BUFFERED = 64 << 20  # larger files are mapped, so that one panorama does not stay in every thread's memory

AnyPath = str | bytes | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a picture is, and "" or what its structure shows to be wrong with it."""

    image_id: str
    trouble: str


def identify(path: AnyPath, kind: str) -> Identity:
    """The image id of a file of this kind. Unreadable when there is no picture in it at all, OSError as it comes."""
    letter, read = _READERS.get(kind, ("f1", None))
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (a path may be bytes)
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise Unreadable("the file is empty")
        if read is None:
            return Identity(f"{letter}-{_sum_of(file)}", _missing(file, size))
        trouble = read(file, size, digest := xxh3_128())
    return Identity(f"{letter}-{digest.hexdigest()}", trouble)


def whole_file_digest(path: AnyPath) -> str:
    """xxh3-128 of all bytes of a file, in hex."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (a path may be bytes)
        return _sum_of(file)


def _no_picture() -> Unreadable:
    return Unreadable("cut short: the file ends before its picture begins", "Copy it again from where it came from.")


_own = threading.local()


def _buffer(size: int) -> bytearray:
    """This thread's buffer, kept from file to file: fresh memory costs more than the hash."""
    buffer: bytearray | None = getattr(_own, "buffer", None)
    if buffer is None or len(buffer) < size:
        _own.buffer = buffer = bytearray(max(size, _CHUNK))
    return buffer


def _sum_of(file: FileIO) -> str:
    _sum_from(file, 0, digest := xxh3_128())
    return str(digest.hexdigest())


def _sum_from(file: FileIO, start: int, digest: Any) -> None:
    """Sum to the end, in pieces that are still in the processor's cache when they are summed."""
    file.seek(start)
    room = memoryview(_buffer(_CHUNK))[:_CHUNK]
    while got := file.readinto(room):
        digest.update(room[:got])


def _content(file: FileIO, size: int) -> memoryview:
    """The first `size` bytes, good until this thread reads again."""
    if size > _BUFFERED:
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
    file.seek(0)
    room = memoryview(_buffer(1 << (size - 1).bit_length()))
    filled = 0
    while filled < size and (got := file.readinto(room[filled:size])):
        filled += got
    return room[:filled]


# ---- JPEG

_EOI = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_IN_SCANS = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # what can stand between scans and is no restart
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF))
_FRAMES = frozenset(range(0xC0, 0xD0)) - _TABLES - {0xC8}
_ONE_PASS = frozenset((b"\xc0", b"\xc1", b"\xc3", b"\xc9", b"\xcb"))

# Who writes more pictures or films behind the first and still may end the file on an end marker. A trailer that
# nothing announces counts as image data: the id is as stable, only a program that drops the trailer changes it.
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_HINTS = (b"MotionPhoto", b"MicroVideo", b"hdr-gain-map", b"photos/1.0/container")
_MAKER_HINTS = tuple(b"OLYMPUS PENTAX ASAHI SONY CASIO MINOLTA RICOH SAMSUNG SIGMA LEICA".split())


class _Header(NamedTuple):
    """What stands in front of a JPEG's first scan."""

    kept: bytes  # frame and tables, and of the application segments only what Adobe's says about colour
    scan: int  # where the first scan's marker stands, and where its data begin
    data: int
    once: bool  # one scan has all components
    trailer: bool
    trouble: str


def _jpeg(file: FileIO, size: int, digest: Any) -> str:
    """Frame, tables and scans. Usually they run to the end of the file and are summed while they are read."""
    content = _content(file, min(size, _CHUNK))
    header = _jpeg_header(content) or _jpeg_header(_content(file, size))
    if header is None or size - header.data <= len(_EOI):
        raise _no_picture()
    digest.update(header.kept)
    file.seek(size - len(_EOI))
    if file.read(len(_EOI)) == _EOI and not header.trailer:
        _sum_from(file, header.scan, digest)
        return header.trouble
    content = _content(file, size)
    end = (_end_of_one_scan if header.once else _end_of_scans)(content, header.data)
    digest.update(content[header.scan : end])
    return header.trouble if end else "cut short: no end marker"


def _jpeg_header(content: memoryview) -> _Header | None:
    """None if the content does not reach a scan."""
    if bytes(content[:2]) != b"\xff\xd8":
        raise Unreadable("it does not begin as a JPEG does")
    at, frame, trailer, trouble = 2, b"", False, ""
    kept: list[bytes] = []
    while found := _MARKER.search(content, at):
        start = found.end()
        if bytes(content[at : found.start()]).strip(b"\xff"):
            trouble = "damaged: stray bytes in the header"
        if (marker := content[start - 1]) in _ALONE:
            at = start
            continue
        at = _segment_end(content, start)
        if marker == 0xD9 or at > len(content):
            break
        segment = bytes(content[start:at])
        if marker == 0xDA:
            once = frame[1:2] in _ONE_PASS and segment[2:3] == frame[9:10]
            return _Header(b"".join(kept), start - 2, at, once, trailer, trouble) if frame else None
        if marker in _FRAMES:
            frame = bytes((0xFF, marker)) + segment
        if marker in _FRAMES or marker in _TABLES:
            kept.append(bytes((0xFF, marker)) + segment)
        elif marker == 0xEE and segment[2:7] == b"Adobe":
            kept.append(b"Adobe" + segment[13:14])
        else:
            trailer = trailer or _announces_trailer(marker, segment)
    return None


def _segment_end(content: memoryview, start: int) -> int:
    """Where the segment ends whose length stands here; beyond the content if the length is no length."""
    length = int.from_bytes(content[start : start + 2], "big")
    return start + length if length >= 2 else len(content) + 1


def _announces_trailer(marker: int, segment: bytes) -> bool:
    if marker != 0xE1:
        return marker == 0xE2 and segment.startswith(b"MPF\x00", 2)
    if segment.startswith(b"Exif", 2):
        segment, hints = segment[:1024].upper(), _MAKER_HINTS
    else:
        hints = _XMP_HINTS if segment.startswith(_XMP, 2) else ()
    return any(hint in segment for hint in hints)


def _end_of_one_scan(content: memoryview, at: int) -> int | None:
    """Behind the first end marker, if any. Compressed data cannot hold one, so two compares at memory speed find it."""
    import numpy

    for start in range(at, len(content), _CHUNK):
        ends = [
            offset + 2 * int(hits.argmax()) + 2
            for offset in (start, start + 1)
            if (length := min(_CHUNK, len(content) - offset) // 2) > 0
            and (hits := numpy.frombuffer(content, "<u2", length, offset) == 0xD9FF).any()
        ]
        if ends:
            return min(ends)
    return None


def _end_of_scans(content: memoryview, at: int) -> int | None:
    """The same where tables may stand between scans: their bytes are skipped, they may hold anything."""
    while found := _IN_SCANS.search(content, at):
        if content[found.end() - 1] == 0xD9:
            return found.end()
        at = min(_segment_end(content, found.end()), len(content))
    return None


# ---- PNG and WebP

# Chunks that decide the pixels, and how many bytes in front of them are only a running number.
_PNG_CHUNKS = {b"IHDR": 0, b"PLTE": 0, b"tRNS": 0, b"IDAT": 0, b"acTL": 0, b"fcTL": 4, b"fdAT": 4}
_WEBP_CHUNKS = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"))


def _png(file: FileIO, size: int, digest: Any) -> str:
    """Header, palette, transparency and frames, however the data are cut into chunks."""
    content = _content(file, size)
    if bytes(content[:8]) != b"\x89PNG\r\n\x1a\n":
        raise Unreadable("it does not begin as a PNG does")
    at, end, trouble, run, pixels = 8, len(content), "", b"", 0
    while at + 8 <= end:
        length, name = struct.unpack_from(">I4s", content, at)
        payload = content[at + 8 : at + 8 + length]
        if name in _PNG_CHUNKS:
            digest.update(name if name != run else b"")
            digest.update(payload[_PNG_CHUNKS[name] :])
            run = name
            pixels += len(payload) if name == b"IDAT" else 0
        at += 12 + length
        if at > end:
            trouble = f"cut short: {end} of at least {at} bytes"
        elif zlib.crc32(content[at - 8 - length : at - 4]) != int.from_bytes(content[at - 4 : at], "big"):
            trouble = trouble or f"damaged: a PNG chunk ({name.decode('ascii', 'replace')}) is not as it was written"
        if name == b"IEND":
            break
    else:
        trouble = trouble or "cut short: no end marker"
    if not pixels:
        raise _no_picture()
    return trouble


def _webp(file: FileIO, size: int, digest: Any) -> str:
    """The compressed frames, whatever wraps them."""
    content = _content(file, size)
    if bytes(content[:4]) != b"RIFF" or bytes(content[8:12]) != b"WEBP":
        raise Unreadable("it does not begin as a WebP does")
    stated = int.from_bytes(content[4:8], "little") + 8
    end, at, pixels = min(stated, len(content)), 12, 0
    trouble = f"cut short: {len(content)} of {stated} bytes" if stated > len(content) + 1 else ""
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        payload = content[at + 8 : min(at + 8 + length, end)]
        if name in _WEBP_CHUNKS:
            digest.update(name)
            digest.update(payload)
            pixels += len(payload) if name not in (b"ALPH", b"ANIM") else 0
        if len(payload) < length:
            trouble = trouble or "damaged: a WebP chunk is longer than its file"
        at += 8 + length + (length & 1)
    if not pixels:
        raise _no_picture()
    return trouble


_READERS: dict[str, tuple[str, Callable[[FileIO, int, Any], str]]] = {
    "jpeg": ("j1", _jpeg),
    "png": ("p1", _png),
    "webp": ("w1", _webp),
}


# ---- kinds that are summed whole

_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"meta", b"moof", b"free", b"skip", b"wide", b"uuid", b"idat"))


def _missing(file: FileIO, size: int) -> str:
    """What the outermost boxes of a film or HEIC, or the header of an AVI, say is not there any more."""
    at = boxes = 0
    while at < size and (boxes := boxes + 1) < 10_000:
        file.seek(at)
        head = file.read(16)
        if at == 0 and head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            at = int.from_bytes(head[4:8], "little") + 8
            break
        length = int.from_bytes(head[8:16] if head[:4] == b"\x00\x00\x00\x01" else head[:4], "big")
        if head[4:8] not in _BOXES or length < 8:  # the last box may be open, and makers hang things behind it
            return ""
        at += length
    return f"cut short: {size} of {at} bytes" if at > size else ""
