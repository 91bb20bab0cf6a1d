"""Which bytes of a JPEG decide its pixels: frame, tables and scans, and where the last scan ends.

The decision here: the scans are summed to the end of the file wherever nothing announces a trailer, so that most files
are read once and searched not at all. Refused: walking every file marker by marker, which costs more than the hash.
"""

from __future__ import annotations

import re
from io import FileIO
from typing import Any, NamedTuple

from phototag.errors import Unreadable
from phototag.read.identity_bytes import CHUNK, content_of, no_picture, sum_from

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


def sum_jpeg(file: FileIO, size: int, digest: Any) -> str:
    """Frame, tables and scans. Usually they run to the end of the file and are summed while they are read."""
    content = content_of(file, min(size, CHUNK))
    header = _jpeg_header(content) or _jpeg_header(content_of(file, size))
    if header is None or size - header.data <= len(_EOI):
        raise no_picture()
    digest.update(header.kept)
    file.seek(size - len(_EOI))
    if file.read(len(_EOI)) == _EOI and not header.trailer:
        sum_from(file, header.scan, digest)
        return header.trouble
    content = content_of(file, size)
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

    for start in range(at, len(content), CHUNK):
        ends = [
            offset + 2 * int(hits.argmax()) + 2
            for offset in (start, start + 1)
            if (length := min(CHUNK, len(content) - offset) // 2) > 0
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
