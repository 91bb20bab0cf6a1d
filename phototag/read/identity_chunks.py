"""Which bytes of a PNG and of a WebP decide their pixels: the chunks with frames, palette and transparency.

The decision here: payloads are summed without their frames, so that another cut into chunks is the same picture.
Refused: a list of the chunks that are metadata, which every new kind of chunk would escape.
"""

from __future__ import annotations

import struct
import zlib
from io import FileIO
from typing import Any

from phototag.errors import Unreadable
from phototag.read.identity_bytes import content_of, no_picture

# Chunks that decide the pixels, and how many bytes in front of them are only a running number.
_PNGCHUNKS = {b"IHDR": 0, b"PLTE": 0, b"tRNS": 0, b"IDAT": 0, b"acTL": 0, b"fcTL": 4, b"fdAT": 4}
_WEBPCHUNKS = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"))


def sum_png(file: FileIO, size: int, digest: Any) -> str:
    """Header, palette, transparency and frames, however the data are cut into chunks."""
    content = content_of(file, size)
    if bytes(content[:8]) != b"\x89PNG\r\n\x1a\n":
        raise Unreadable("it does not begin as a PNG does")
    at, end, trouble, run, pixels = 8, len(content), "", b"", 0
    while at + 8 <= end:
        length, name = struct.unpack_from(">I4s", content, at)
        payload = content[at + 8 : at + 8 + length]
        if name in _PNGCHUNKS:
            digest.update(name if name != run else b"")
            digest.update(payload[_PNGCHUNKS[name] :])
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
        raise no_picture()
    return trouble


def sum_webp(file: FileIO, size: int, digest: Any) -> str:
    """The compressed frames, whatever wraps them."""
    content = content_of(file, size)
    if bytes(content[:4]) != b"RIFF" or bytes(content[8:12]) != b"WEBP":
        raise Unreadable("it does not begin as a WebP does")
    stated = int.from_bytes(content[4:8], "little") + 8
    end, at, pixels = min(stated, len(content)), 12, 0
    trouble = f"cut short: {len(content)} of {stated} bytes" if stated > len(content) + 1 else ""
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        payload = content[at + 8 : min(at + 8 + length, end)]
        if name in _WEBPCHUNKS:
            digest.update(name)
            digest.update(payload)
            pixels += len(payload) if name not in (b"ALPH", b"ANIM") else 0
        if len(payload) < length:
            trouble = trouble or "damaged: a WebP chunk is longer than its file"
        at += 8 + length + (length & 1)
    if not pixels:
        raise no_picture()
    return trouble
