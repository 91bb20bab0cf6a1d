"""Makes one small, upright sRGB picture of a file: the only place where pixels come from.

The decision here: each picture is decoded once, reduced while it is decoded where the format can, and every look
shares the result. The reader is chosen by what the content is, not by Pillow's guess, so no other format's parser
meets the bytes and the limit on pixels is ours, per call. Refused: `convert` before `thumbnail`, which decodes a
JPEG in full, and process-wide switches such as LOAD_TRUNCATED_IMAGES: half a photo is an error, not a photo.
"""

from __future__ import annotations

import importlib
import os
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageCms

from phototag.errors import Unreadable
from phototag.records import RAWS, family

MOST_PIXELS = 500_000_000

# By kind, "module:callable" that makes a Pillow image from an open file; of a RAW, from the file, its kind and the long
# side that is asked for. The door for video frames.
READERS: dict[str, str] = {
    "jpeg": "PIL.JpegImagePlugin:JpegImageFile",  # also of an MPO, whose first picture is the photo
    "png": "PIL.PngImagePlugin:PngImageFile",
    "webp": "PIL.WebPImagePlugin:WebPImageFile",
    "tiff": "PIL.TiffImagePlugin:TiffImageFile",
    "gif": "PIL.GifImagePlugin:GifImageFile",
    "bmp": "PIL.BmpImagePlugin:BmpImageFile",
    "heic": "pillow_heif:HeifImageFile",
    "avif": "PIL.AvifImagePlugin:AvifImageFile",
    **dict.fromkeys(RAWS, "phototag.read.preview:preview"),
}

# The TIFF reader turns a picture as it loads it, the HEIC reader by the container: a second turn is one too many.
_ALREADY_UPRIGHT = frozenset({"tiff", "heic"})
_ORIENTATION = 274
TURNED = "turned"  # in `info`: the orientation that the file around a preview states
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})

# What decoders have been seen to raise over bytes that somebody damaged.
FAULTS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, AssertionError),
    *(ArithmeticError, RuntimeError, BufferError, MemoryError, ImportError),
    *(struct.error, zlib.error, Image.DecompressionBombError, ImageCms.PyCMSError),
)
_ENDS_EARLY = re.compile(r"truncat|end of file|unexpected end|not processed|not enough|premature|EOF|too few", re.I)

# Complaints about odd tags are the metadata reader's, which names the file; here they would only spoil the progress.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels for all who look: height x width x 3, sRGB, upright, read-only; and the size of the whole picture.

    Of a RAW that is the size of its preview: what its own is, its metadata say.
    """

    pixels: NDArray[numpy.uint8]
    width: int
    height: int


def decode(path: str | bytes | os.PathLike[str], kind: str, side: int = 1024, max_pixels: int = MOST_PIXELS) -> Picture:
    """The picture with its long side at most `side`, never enlarged. Unreadable, with the reason, if there is none."""
    if kind not in READERS:
        what = "a film" if family(kind) == "video" else "no picture"
        raise Unreadable(f"{kind.upper()} is {what}: there is no picture reader for it yet")
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (a path may be bytes)
            image = _reader(kind)(file, kind, side) if kind in RAWS else _reader(kind)(file)
            return _picture(image, kind, side, max_pixels)
    except FAULTS as fault:
        raise _unreadable(fault) from fault


def _reader(kind: str) -> Callable[..., Image.Image]:
    module, _, name = READERS[kind].partition(":")
    reader: Callable[..., Image.Image] = getattr(importlib.import_module(module), name)
    return reader


def _picture(image: Image.Image, kind: str, side: int, max_pixels: int) -> Picture:
    width, height = image.size
    if width * height > max_pixels:
        raise Unreadable(
            f"too large to decode: {width} x {height} pixels, the limit is {max_pixels // 1_000_000} megapixels",
            "If the picture is real, save a smaller copy of it.",
        )
    is_jpeg = image.format == "JPEG"
    if is_jpeg:
        image.draft(None, _fit(width, height, side))
    image.load()
    if not is_jpeg:
        width, height = image.size  # some readers know it only now
    profile = image.info.get("icc_profile")
    orientation = 1 if kind in _ALREADY_UPRIGHT else _orientation(image)
    image = _reduced(_eight_bits(image), _fit(width, height, side))
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    if orientation in _SIDEWAYS:
        width, height = height, width
    pixels = numpy.ascontiguousarray(_in_srgb(_on_white(image), profile), dtype=numpy.uint8)
    pixels.flags.writeable = False
    return Picture(pixels, width, height)


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, width * side // longest), max(1, height * side // longest)


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.width <= size[0] and image.height <= size[1]:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _orientation(image: Image.Image) -> int:
    """EXIF's, else XMP's, else that of the file around it; upright where no tags can be read, for the pixels can."""
    stated: int = image.info.get(TURNED, 1)
    try:
        return int(image.getexif().get(_ORIENTATION, stated))
    except FAULTS:
        return stated


# ---- colours


def _eight_bits(image: Image.Image) -> Image.Image:
    """The same in a mode that can be resized: L, RGB, RGBA, CMYK or LAB."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_stretched(numpy.asarray(image, numpy.float32)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _stretched(values: NDArray[numpy.float32]) -> NDArray[numpy.uint8]:
    """Numbers without a stated range as 8 bits: the smallest usual range that holds them, else from least to most."""
    values = numpy.nan_to_num(values, posinf=0, neginf=0)
    low, high = float(values.min()), float(values.max())
    top = next((usual for usual in (1, 255, 65535) if low >= 0 and high <= usual), None)
    if top is not None:
        low, high = 0.0, float(top)
    return ((values - low) * (255.0 / max(high - low, 1e-30))).round().clip(0, 255).astype(numpy.uint8)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    transform = None
    if image.mode == "LAB":
        transform = _transform(b"", "LAB")
    elif profile and isinstance(profile, bytes):
        transform = _transform(profile, image.mode)
    return image.convert("RGB") if transform is None else transform.apply(image)


_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
_BARELY_VISIBLE = 2


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From the profile to sRGB; None if that changes nothing, or if the profile is broken or meant for another mode."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile) if profile else ImageCms.createProfile("LAB"))
        if source.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            mode,
            "RGB",
            ImageCms.Intent.PERCEPTUAL,
            ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE,  # without the cache, threads can share it
        )
    except FAULTS:
        return None
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Asked of the colours themselves: there are many sRGB profiles, and some called sRGB that are not."""
    steps = numpy.linspace(0, 255, 17).astype(numpy.uint8)
    if mode == "L":
        probe = Image.fromarray(steps[None, :])
    elif mode == "RGB":
        probe = Image.fromarray(numpy.stack(numpy.meshgrid(steps, steps, steps), axis=-1).reshape(17, 289, 3))
    else:
        return False
    before = numpy.asarray(probe.convert("RGB"), numpy.int16)
    after = numpy.asarray(transform.apply(probe), numpy.int16)
    return int(numpy.abs(after - before).max()) <= _BARELY_VISIBLE


# ---- what went wrong


def _unreadable(fault: BaseException) -> Unreadable:
    """The reason in our words; the decoder's own go into the hint."""
    said = str(fault).strip() or type(fault).__name__
    if isinstance(fault, OSError) and fault.errno is not None:
        return Unreadable(f"the file cannot be read ({fault.strerror})", "Check the disk and the permissions.")
    if isinstance(fault, MemoryError):
        return Unreadable("too large for the memory that is free", "Close other programs or use fewer threads.")
    if isinstance(fault, ImportError):
        return Unreadable("no reader for this kind is installed", f"Update Pillow and pillow-heif. ({said})")
    if isinstance(fault, Image.DecompressionBombError):
        return Unreadable("too large to decode", f"The decoder says: {said}")
    if isinstance(fault, EOFError) or _ENDS_EARLY.search(said):
        return Unreadable("cut short: the picture data end too early", f"The decoder says: {said}")
    return Unreadable("damaged: the picture cannot be decoded", f"The decoder says: {said}")
