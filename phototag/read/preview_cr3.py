"""Where the previews lie in a CR3, Canon's RAW of boxes: one in a box of its own, one that fills a track.

The decision here: only the few boxes that lead to a JPEG and to the orientation are read, and what stands at a track's
offset is asked for its header, like every other preview. Refused: the table of offsets that Canon puts beside them
(CTBO), which says the same in a form that nobody has described.
"""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

from phototag.read.boxes import Box, outer_boxes
from phototag.read.directories import Directories
from phototag.read.identity_bytes import NotUnderstood
from phototag.read.preview_jpeg import Found, Place, piece
from phototag.read.preview_tiff import is_adobe, orientation

_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")  # in `moov`: what the camera says
_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_NAME = 16  # bytes of a box's long name
_UNTIL_PRVW, _UNTIL_LENGTH = 8, 12  # in the box of the preview; in the PRVW box below it
_TO_SAMPLES = (b"mdia", b"minf", b"stbl")
_LARGEST_NOTES = 1 << 20
_MOST_TRACKS = 16


def in_cr3(file: BinaryIO, size: int) -> Found:
    """Every place that its boxes name."""
    found = Found()
    for box in outer_boxes(file, size):
        if box.name == b"moov":
            _read_movie(file, box, found, size)
        elif box.name == b"uuid" and piece(file, box.start, _NAME) == _PREVIEW:
            found.places += _in_preview(file, box, size)
    return found


def _read_movie(file: BinaryIO, movie: Box, found: Found, size: int) -> None:
    tracks = 0
    for box in _inside(file, movie, size):
        if box.name == b"uuid" and piece(file, box.start, _NAME) == _CANON:
            for below in _inside(file, box, size, _NAME):
                _read_notes(file, below, found)
        elif box.name == b"trak" and (tracks := tracks + 1) <= _MOST_TRACKS:
            found.places += _in_track(file, box, size)


def _read_notes(file: BinaryIO, box: Box, found: Found) -> None:
    """CMT1 is a TIFF with the first directory of other RAW files, CMT2 one with the EXIF directory."""
    if box.name not in (b"CMT1", b"CMT2") or box.end - box.start > _LARGEST_NOTES:
        return
    content = piece(file, box.start, box.end - box.start)
    try:
        directories = Directories(BytesIO(content), len(content))
        for directory in directories:
            if box.name == b"CMT1":
                found.orientation = orientation(directories, directory)
            else:
                found.adobe = is_adobe(directories, directory)
            return
    except NotUnderstood:  # damaged notes: the preview is there all the same
        return


def _in_preview(file: BinaryIO, box: Box, size: int) -> list[Place]:
    for below in _inside(file, box, size, _NAME + _UNTIL_PRVW):
        if below.name == b"PRVW":
            length = int.from_bytes(piece(file, below.start + _UNTIL_LENGTH, 4), "big")
            return [Place(below.start + _UNTIL_LENGTH + 4, length)]
    return []


def _in_track(file: BinaryIO, track: Box, size: int) -> list[Place]:
    """The one sample of a track, if its tables tell where it lies."""
    at: Box | None = track
    for name in _TO_SAMPLES:
        at = next((box for box in _inside(file, at, size) if box.name == name), None) if at else None
    start = length = 0
    for box in _inside(file, at, size) if at else ():
        if box.name == b"stsz":  # one length for all samples, else (0) a list of them
            head = piece(file, box.start, 16)
            length = int.from_bytes(head[4:8], "big") or int.from_bytes(head[12:16], "big")
        elif box.name == b"co64":
            start = int.from_bytes(piece(file, box.start + 8, 8), "big")
        elif box.name == b"stco":
            start = int.from_bytes(piece(file, box.start + 8, 4), "big")
    return [Place(start, length)] if start and length else []


def _inside(file: BinaryIO, box: Box, size: int, skip: int = 0) -> list[Box]:
    """The boxes in a box, after as many bytes; what leads out of it is none."""
    end = min(box.end, size)
    return [each for each in outer_boxes(file, end, box.start + skip) if each.end <= end]
