"""The XMP packet inside a picture, as bytes, for who has one question to it.

The decision here: only the beginning of a JPEG and one tag of a TIFF or DNG are read, so a thousand photos cost a
second. Refused: ExifTool, which reads everything and costs a process, and the whole of a file of thirty megabytes.
"""

from __future__ import annotations

import os

from phototag.read.directories import Directories
from phototag.read.identity_bytes import NotUnderstood

_HEAD = 512 << 10  # a JPEG's metadata come first, with thumbnail and maker notes before or after
_XMP = 700
_BEGINS, _ENDS = b"<x:xmpmeta", b"</x:xmpmeta>"


def packet(path: str | bytes | os.PathLike[str], kind: str) -> bytes:
    """The packet, or what of it is there; b"" if there is none, or none that is found so easily. Raises OSError."""
    with open(path, "rb") as file:  # noqa: PTH123 (a path may be bytes)
        if kind == "jpeg":
            head = file.read(_HEAD)
            start = head.find(_BEGINS)
            end = head.find(_ENDS, start)
            return head[start : end + len(_ENDS)] if 0 <= start < end else b""
        if kind not in ("tiff", "dng"):
            return b""
        try:
            tiff = Directories(file, os.fstat(file.fileno()).st_size)
            first = next(iter(tiff), None)
            return tiff.value(first, _XMP) if first else b""
        except NotUnderstood:
            return b""
