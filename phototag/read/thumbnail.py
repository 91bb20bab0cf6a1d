"""A small picture of a file, as bytes that a page or a terminal can show.

The decision here: it is made of the pixels alone, upright and in sRGB, so that nothing that a file says about itself
(place, owner, serial number) travels with a page. Refused: the thumbnail inside of a JPEG, which may show another
picture than the file does; only of a RAW is it the preview.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from phototag.errors import Unreadable
from phototag.read import picture
from phototag.read.sniff import HEAD, kind_of

_QUALITY = 78


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The bytes of a small picture and its size."""

    content: bytes
    width: int
    height: int


def jpeg(path: str, side: int) -> Thumbnail:
    """A JPEG for a page; Unreadable, with the reason, if there is no picture to be had."""
    return _made(path, side, "JPEG", quality=_QUALITY, optimize=True)


def png(path: str, side: int) -> Thumbnail:
    """A PNG for a terminal that takes nothing else; Unreadable as above."""
    return _made(path, side, "PNG", compress_level=1)


def _made(path: str, side: int, form: str, **how: int) -> Thumbnail:
    pixels = picture.decode(path, _kind(path), side).pixels
    height, width = pixels.shape[:2]
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, form, **how)
    return Thumbnail(written.getvalue(), width, height)


def _kind(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            kind = kind_of(file.read(HEAD), path)
    except OSError as trouble:
        raise Unreadable(f"the file cannot be read ({trouble.strerror})") from trouble
    if kind is None:
        raise Unreadable("no picture that we know")
    return kind
