"""Looks at the pictures that a client sends: whether the era decodes them, and what they should not have carried.

The decision: Pillow opens and decodes every picture, so that a broken one fails here as it fails there; metadata is
read from the file itself. Refused: believing the first bytes.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass

from PIL import Image

from tests.ollama_stand_in.models import Model, Version

UPRIGHT = 1
ORIENTATION = 0x0112
GPS = 0x8825
WISHED = frozenset({"JPEG", "PNG", "WEBP"})
ERA_A = frozenset({"JPEG", "PNG"})
ERA_B = frozenset({"JPEG", "PNG", "BMP", "GIF", "PSD", "TGA", "PPM"})


@dataclass(frozen=True)
class Picture:
    """What the journal keeps of a picture: no pixel, and all that a test may ask."""

    hash: str  # sha256 of the bytes as they were sent
    size: int  # bytes
    format: str  # as Pillow calls it; empty where it is no picture
    width: int
    height: int
    carries: tuple[str, ...]  # EXIF, GPS, XMP, IPTC, comment, text, tail
    alpha: bool = False

    @property
    def long_side(self) -> int:
        return max(self.width, self.height)


def measure(content: bytes) -> Picture:
    """Decodes a picture and lists what came with it."""
    name = hashlib.sha256(content).hexdigest()
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as opened:
            warnings.simplefilter("ignore")
            carries = _carries(opened, content)
            width, height = opened.size
            alpha = "A" in opened.getbands() or "transparency" in opened.info
            kind = "JPEG" if opened.format == "MPO" else opened.format or ""
            opened.draft("L", (64, 64))  # entropy decoding stays whole, the rest is cheap
            opened.load()
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        return Picture(name, len(content), "", 0, 0, ())
    return Picture(name, len(content), kind, width, height, carries, alpha)


def _carries(opened: Image.Image, content: bytes) -> tuple[str, ...]:
    inside = opened.info
    exif = opened.getexif()
    found = {
        "EXIF": bool(exif) or bool(inside.get("exif")),
        "GPS": GPS in exif,
        "XMP": any(key in inside for key in ("xmp", "XML:com.adobe.xmp"))
        or b"http://ns.adobe.com/xap/1.0/\0" in content,
        "IPTC": "photoshop" in inside,
        "comment": "comment" in inside,
        "text": bool(getattr(opened, "text", None)),
        "tail": opened.format in ("JPEG", "MPO") and not content.rstrip(b"\0").endswith(b"\xff\xd9"),
        "turned": exif.get(ORIENTATION, UPRIGHT) != UPRIGHT,
    }
    return tuple(name for name, is_there in found.items() if is_there)


def readable(kind: str, era: str, version: Version, model: Model) -> bool:
    """Whether a server of this era decodes pictures of this kind."""
    if era == "A":
        more = {"WEBP"} if version >= (0, 7, 0) else set()
        more |= {"BMP", "GIF"} if model.family == "llama" else set()
        return kind in ERA_A | more
    return kind in ERA_B or (kind == "WEBP" and version >= (0, 32, 14))


def kills_the_runner(picture: Picture, era: str, model: Model) -> bool:
    """Era A: a picture that is too small or too long ends the runner of some families."""
    short = min(picture.width, picture.height)
    return bool(era == "A" and model.least_side and (short < model.least_side or picture.long_side > 200 * short))


def reproaches(picture: Picture, longest: int, era: str, version: Version) -> list[str]:
    """What a private client should not have sent, a sentence each."""
    said = [f"a picture carries {what}" for what in picture.carries]
    if picture.format not in WISHED or (picture.format == "WEBP" and not _webp(era, version)):
        said.append(f"a picture is {picture.format or 'no picture'}, not JPEG, PNG or a WebP that this server reads")
    if picture.long_side > longest:
        said.append(f"a picture is {picture.long_side} pixels long, more than {longest}")
    return said


def _webp(era: str, version: Version) -> bool:
    return version >= (0, 7, 0) if era == "A" else version >= (0, 32, 14)
