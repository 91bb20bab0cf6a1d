"""Where the previews lie in a RAW built like a TIFF: CR2, NEF, ARW, DNG, PEF, SRW, ORF, RW2 and their relatives.

The decision here: every directory is asked for the JPEG that hangs in it, in either of the two ways to hang one, and
the two makers that put it elsewhere (Panasonic in a tag, Olympus in its notes) are asked there. Refused: a list of
cameras, which is out of date with the next one, and ExifTool, which costs a process and knows the same places.
"""

from __future__ import annotations

from itertools import islice
from typing import BinaryIO

from phototag.read.directories import Directories, Directory
from phototag.read.preview_jpeg import Found, Place, piece

# TIFF and BigTIFF, Panasonic, and the two that Olympus writes: all but the second are laid out alike.
_VERSIONS = frozenset((42, 43, 0x55, 0x4F52, 0x5352))
_MOST_DIRECTORIES = 64  # of one RAW; a DNG with masks and many previews has about ten

_COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _PREVIEW_COLOURS = 259, 262, 274, 50970
_STRIPS, _HANGING = (273, 279), (513, 514)  # where it begins, how long it is
_JPEG = ((6,), (7,))
_SENSOR = ((32803,), (34892,))  # photometric: colour filter array, linear raw
_SAID_BY_DNG: dict[tuple[int, ...], str] = {(2,): "srgb", (3,): "adobe"}
_PANASONIC_JPEG = 0x002E
_EXIF, _COLOURS, _INTEROP, _NOTES = 34665, 40961, 40965, 37500
_INTEROP_NAME = 1

# How the notes of this maker begin, and where their directory does; every offset in them counts from their beginning.
_OLYMPUS = ((b"OLYMPUS\x00", 8, 12), (b"OM SYSTEM\x00\x00\x00", 12, 16))
_CAMERA_SETTINGS, _OLYMPUS_JPEG = 0x2020, (0x0101, 0x0102)


def in_tiff(file: BinaryIO, size: int) -> Found:
    """Every place that its directories name. NotUnderstood where it is no TIFF, or an endless one."""
    directories = Directories(file, size, _VERSIONS)
    found = Found()
    for directory in islice(directories, _MOST_DIRECTORIES):
        found.places += _hanging(directories, directory)
        if directory.place == 0:
            found.orientation = orientation(directories, directory)
            found.places += _in_panasonic(directories, directory)
            if exif := _below(directories, directory, _EXIF):
                found.adobe = is_adobe(directories, exif)
                found.places += _in_olympus(file, directories, exif)
    return found


def orientation(directories: Directories, directory: Directory) -> int:
    return next(iter(directories.numbers(directory, _ORIENTATION)), 1)


def is_adobe(directories: Directories, exif: Directory) -> bool:
    """Does this EXIF directory say AdobeRGB, by its own word or by the way that DCF has for it?"""
    if directories.numbers(exif, _COLOURS) == (2,):
        return True
    interop = _below(directories, exif, _INTEROP)
    return interop is not None and directories.value(interop, _INTEROP_NAME)[:3] == b"R03"


def _below(directories: Directories, directory: Directory, tag: int) -> Directory | None:
    offset = directories.numbers(directory, tag)
    return directories.at(offset[0]) if offset else None


def _hanging(directories: Directories, directory: Directory) -> list[Place]:
    """The JPEG of a directory, as what hangs in it or as its only strip; the sensor's own data are none."""
    if directories.numbers(directory, _PHOTOMETRIC) in _SENSOR:
        return []
    colours = _SAID_BY_DNG.get(directories.numbers(directory, _PREVIEW_COLOURS), "")
    in_strips = directories.numbers(directory, _COMPRESSION) in _JPEG
    found = []
    for tags in (_HANGING, _STRIPS) if in_strips else (_HANGING,):
        starts, lengths = (directories.numbers(directory, tag) for tag in tags)
        if len(starts) == len(lengths) == 1:
            found.append(Place(starts[0], lengths[0], colours))
    return found


def _in_panasonic(directories: Directories, first: Directory) -> list[Place]:
    """The whole JPEG is the value of a tag: all that is needed is where the value stands."""
    if (entry := first.entries.get(_PANASONIC_JPEG)) is None:
        return []
    _, length, place = entry
    return [Place(_offset(directories, place), length)]


def _in_olympus(file: BinaryIO, directories: Directories, exif: Directory) -> list[Place]:
    if (entry := exif.entries.get(_NOTES)) is None:
        return []
    base = _offset(directories, entry[2])
    head = piece(file, base, 16)
    order = b"II" if directories.order == "<" else b"MM"
    for name, order_at, directory_at in _OLYMPUS:
        if head.startswith(name) and head[order_at : order_at + 2] == order:
            notes = directories.at(base + directory_at)
            settings = notes.entries.get(_CAMERA_SETTINGS) if notes else None
            below = directories.at(base + _offset(directories, settings[2])) if settings else None
            if below:
                starts, lengths = (directories.numbers(below, tag) for tag in _OLYMPUS_JPEG)
                return [Place(base + start, length) for start, length in zip(starts, lengths, strict=False)][:1]
    return []


def _offset(directories: Directories, place: bytes) -> int:
    """The offset that a field of an entry holds."""
    return int.from_bytes(place, "little" if directories.order == "<" else "big")
