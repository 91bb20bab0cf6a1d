"""Which JPEG lies at a place of a file, told by its header alone.

The decision here: a place counts only if the header of a JPEG stands there, 8 bits deep and of a form that every
decoder knows, for the sensor's data of many RAW files are JPEG too, lossless or with 14 bits. Refused: believing the
width and height that the file around it states.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

_START = b"\xff\xd8"
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive
_TABLES = frozenset((0xC4, 0xC8, 0xCC))  # stand among the frames' numbers and are none
_STARTS_SCAN, _ENDS = 0xDA, 0xD9
_MOST_SEGMENTS = 200  # before the frame; an EXIF block and a profile need a few, a maker's tables a dozen
_DEPTH, _SAMPLES = 8, (1, 3)


class Place(NamedTuple):
    """Where a file says that a JPEG lies, and the colours that the file states for it: srgb, adobe, or nothing."""

    start: int
    length: int
    colours: str = ""


@dataclass(slots=True)
class Found:
    """What a RAW file says of its previews: where they lie, how they are turned, whether its colours are AdobeRGB's."""

    places: list[Place] = field(default_factory=list)
    orientation: int = 1
    adobe: bool = False


def frame(file: BinaryIO, place: Place) -> tuple[int, int] | None:
    """Width and height of the JPEG that begins there; None where none is, or one that is not for people."""
    if piece(file, place.start, 2) != _START:
        return None
    at, end = place.start + 2, place.start + place.length
    for _ in range(_MOST_SEGMENTS):
        head = piece(file, at, 10)
        if len(head) < 10 or at + 10 > end or head[0] != 0xFF:
            return None
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker in _FRAMES:
            height, width = int.from_bytes(head[5:7], "big"), int.from_bytes(head[7:9], "big")
            usual = head[4] == _DEPTH and head[9] in _SAMPLES
            return (width, height) if usual and width and height else None
        if marker == 0xFF:  # a byte to fill up
            at += 1
            continue
        another_frame = 0xC0 <= marker <= 0xCF and marker not in _TABLES
        if another_frame or marker in (_STARTS_SCAN, _ENDS) or length < 2:
            return None
        at += 2 + length
    return None


def piece(file: BinaryIO, at: int, length: int) -> bytes:
    """These bytes, as far as the file has them."""
    file.seek(at)
    return file.read(length)
