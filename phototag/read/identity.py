"""Names a picture by its encoded image data, so that no metadata write makes a new photo of it.

The decision here: a small reader for each container picks the bytes that decide the pixels (the letter and digit in
front of the id are the reader and its version) and xxh3-128 sums them; a kind without a reader is summed whole, and so
is a file that its reader cannot vouch for. Nothing is decoded. Refused: a hash of the file, which every keyword
changes; a hash of the pixels, which costs two hundred times as much and changes with the decoder; ExifTool's own, which
old versions lack.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from typing import Any

from xxhash import xxh3_128

from phototag.errors import Unreadable
from phototag.read.boxes import missing, outer_boxes
from phototag.read.identity_bytes import NotUnderstood, sum_whole
from phototag.read.identity_chunks import sum_png, sum_webp
from phototag.read.identity_heif import sum_heif
from phototag.read.identity_jpeg import sum_jpeg
from phototag.read.identity_tiff import sum_raw, sum_tiff

AnyPath = str | bytes | os.PathLike[str]

_WHOLE = "f1"
_LIKE_TIFF = "cr2 nef nrw arw sr2 pef srw 3fr fff iiq erf kdc dcr mos mef"
_READERS: dict[str, tuple[str, Callable[[FileIO, int, Any], str]]] = {
    "jpeg": ("j1", sum_jpeg),
    "png": ("p1", sum_png),
    "webp": ("w1", sum_webp),
    "heic": ("b1", sum_heif),
    "avif": ("b1", sum_heif),
    "tiff": ("t1", sum_tiff),
    "dng": ("t1", sum_tiff),
    **dict.fromkeys(_LIKE_TIFF.split(), ("t1", sum_raw)),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a picture is, and "" or what its structure shows to be wrong with it."""

    image_id: str
    trouble: str


def identify(path: AnyPath, kind: str) -> Identity:
    """The image id of a file of this kind. Unreadable when there is no picture in it at all, OSError as it comes."""
    letter, read = _READERS.get(kind, (_WHOLE, None))
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (a path may be bytes)
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise Unreadable("the file is empty")
        if read is None:
            return Identity(f"{_WHOLE}-{sum_whole(file)}", _missing(file, size))
        try:
            trouble = read(file, size, digest := xxh3_128())
        except NotUnderstood as puzzle:
            return Identity(f"{_WHOLE}-{sum_whole(file)}", puzzle.trouble)
    return Identity(f"{letter}-{digest.hexdigest()}", trouble)


def whole_file_digest(path: AnyPath) -> str:
    """xxh3-128 of all bytes of a file, in hex."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (a path may be bytes)
        return sum_whole(file)


def _missing(file: FileIO, size: int) -> str:
    """What the outermost boxes of a film, or the header of an AVI, say is not there any more."""
    file.seek(0)
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        stated = int.from_bytes(head[4:8], "little") + 8
        return f"cut short: {size} of {stated} bytes" if stated > size else ""
    return missing(outer_boxes(file, size), size)
