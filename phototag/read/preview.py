"""The picture of a RAW file: the JPEG that the camera put into it.

The decision here: of the previews in a RAW the smallest is taken that is as large as the picture that is asked for, and
only its bytes are read: a wedding in RAW is looked at as fast as one in JPEG, with the camera's own colours. Refused:
developing the sensor's data, which takes a hundred times as long; that is left to LibRaw (the extra `raw`) where a file
has no preview to speak of.
"""

from __future__ import annotations

import importlib
import os
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from phototag.errors import Unreadable
from phototag.read.identity_bytes import NotUnderstood
from phototag.read.picture import FAULTS, TURNED
from phototag.read.preview_colours import adobe_rgb
from phototag.read.preview_cr3 import in_cr3
from phototag.read.preview_jpeg import Found, Place, frame, piece
from phototag.read.preview_tiff import in_tiff

_LEAST = 160  # pixels: the thumbnail that EXIF prescribes; there is nothing to be seen in a smaller one
_SMALL = 320  # smaller ones often have black bars: they are taken where there is nothing else
_LARGEST = 64 << 20  # bytes; a JPEG of 100 megapixels in the best quality has about 40
_MOST_PLACES = 64
_RAF_PLACE = 84  # of the offset of Fujifilm's JPEG; its length follows
_EXIF, _COLOURS, _INTEROP = 0x8769, 0xA001, 0xA005
_BY_FLIP = {3: 3, 5: 8, 6: 6}  # LibRaw's word for the orientation -> EXIF's


def preview(file: BinaryIO, kind: str, side: int) -> Image.Image:
    """A picture of about this long side or more, if there is one; Unreadable if there is none at all.

    How it has to be turned, where it does not say that itself, is left in `info` for whoever decodes it.
    """
    size = os.fstat(file.fileno()).st_size
    try:
        found = _FINDERS.get(kind, in_tiff)(file, size)
    except NotUnderstood:  # another form, or damaged: LibRaw may know more
        found = Found()
    place = _chosen(file, found, size, side)
    if place is None:
        return _developed(file)
    image = JpegImageFile(BytesIO(piece(file, place.start, place.length)))
    image.info.setdefault(TURNED, found.orientation)
    if _is_adobe(image, place, found) and image.mode == "RGB":
        image.info.setdefault("icc_profile", adobe_rgb())
    return image


def _in_raf(file: BinaryIO, size: int) -> Found:
    """Fujifilm's header names one JPEG, which has an EXIF block of its own."""
    words = piece(file, _RAF_PLACE, 8)
    return Found([Place(int.from_bytes(words[:4], "big"), int.from_bytes(words[4:], "big"))])


_FINDERS = {"cr3": in_cr3, "raf": _in_raf}


def _chosen(file: BinaryIO, found: Found, size: int, side: int) -> Place | None:
    """The smallest that is large enough, else the largest, of those that lie in the file and are pictures."""
    framed = []
    for place in dict.fromkeys(found.places[:_MOST_PLACES]):
        if 0 < place.length <= min(_LARGEST, size - place.start) and (measured := frame(file, place)):
            framed.append((max(measured), place.length, place))
    enough = [each for each in framed if each[0] >= max(side, _SMALL)]
    best = min(enough) if enough else max(framed, default=None)
    return best[2] if best and best[0] >= _LEAST else None


def _is_adobe(image: Image.Image, place: Place, found: Found) -> bool:
    """By the word of the directory that the preview hangs in, else by its own EXIF block, else by that of the RAW."""
    if place.colours:
        return place.colours == "adobe"
    try:
        exif = image.getexif()
        own = exif.get_ifd(_EXIF)
        interop = exif.get_ifd(_INTEROP)
    except FAULTS:  # damaged tags say nothing; the pixels can be decoded all the same
        return found.adobe
    if _COLOURS not in own:
        return found.adobe
    return own[_COLOURS] == 2 or str(interop.get(1, "")).startswith("R03")


def _developed(file: BinaryIO) -> Image.Image:
    """What LibRaw makes of the file: a preview that it knows of, else the sensor's data at half their size."""
    try:
        rawpy: Any = importlib.import_module("rawpy")
    except ImportError:
        raise Unreadable(
            'there is no preview in this RAW file to look at; pip install "phototag[raw]", then look --retry-failed',
            'With pip install "phototag[raw]" such files are developed.',
        ) from None
    file.seek(0)
    try:
        with rawpy.imread(file) as raw:
            return _thumbnail(rawpy, raw) or Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True))
    except rawpy.LibRawError as trouble:
        raise Unreadable(
            "damaged, or of a camera that LibRaw does not know: there is no picture to be had from this RAW file",
            f"LibRaw says: {trouble}",
        ) from trouble


def _thumbnail(rawpy: Any, raw: Any) -> Image.Image | None:
    """The preview that LibRaw finds, if it is a JPEG and large enough."""
    try:
        found = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return None
    if found.format != rawpy.ThumbFormat.JPEG:
        return None
    image = JpegImageFile(BytesIO(found.data))
    image.info.setdefault(TURNED, _BY_FLIP.get(raw.sizes.flip, 1))
    return image if max(image.size) >= _LEAST else None
