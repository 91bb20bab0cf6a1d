"""Which bytes of a TIFF, a DNG or a RAW built like one decide its pixels: the strips and tiles of its full pictures.

The decision here: every directory counts but those that call themselves reduced, because those are previews, which
editors renew; a reduced one with the sensor's own pattern counts. A JPEG that hangs in a directory counts only where it
is the first picture: elsewhere it is a thumbnail. A maker's RAW must be found to be more than half of the file, else
its picture lies where we do not look. Refused: the largest picture alone, which would drop the other pages of a scan.
"""

from __future__ import annotations

from io import FileIO
from typing import Any

from xxhash import xxh3_128_hexdigest

from phototag.errors import Unreadable
from phototag.read.directories import Directories, Directory
from phototag.read.identity_bytes import Extent, NotUnderstood, no_picture, sum_extents

_SUBFILE, _OLD_SUBFILE, _COMPRESSION, _PHOTOMETRIC = 254, 255, 259, 262
_PLACES = ((273, 279), (324, 325))  # offsets and lengths: of strips, of tiles
_JPEG = (513, 514)
_MOST_PARTS = 1 << 20  # strips or tiles: a file that is read row by row has some ten thousand
_OLD_JPEG, _SENSOR_PATTERN = 6, 32803
# Size, bits, compression, colour model, fill order, samples, rows of a strip, planes, fax options, predictor, palette,
# size of a tile, kinds of samples, JPEG tables, subsampling, sensor pattern. The orientation (274) is none of them.
_DECIDING = (
    *(256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320),
    *(322, 323, 338, 339, 347, 530, 33421, 33422),
)


def sum_tiff(file: FileIO, size: int, digest: Any) -> str:
    """Strips and tiles of all full pictures, of whatever page."""
    try:
        directories = Directories(file, size)
    except NotUnderstood:
        raise Unreadable("it does not begin as a TIFF does") from None
    described, extents = _full_pictures(directories)
    if not extents and directories.lost:
        raise no_picture()
    if not directories.count:
        raise Unreadable("there is no picture in it")
    if not extents:
        raise NotUnderstood
    digest.update(described.encode())
    cut = sum_extents(file, size, extents, digest)
    return cut or ("cut short: some of its directories are not there any more" if directories.lost else "")


def sum_raw(file: FileIO, size: int, digest: Any) -> str:
    """The same for a maker's RAW, where the sensor's data are certainly among what is found."""
    directories = Directories(file, size)
    described, extents = _full_pictures(directories)
    stated = sum(extent.length for extent in extents)
    lacking = sum(min(length, max(0, start + length - size)) for start, length in extents)
    if lacking:  # some makers state a little more than they wrote
        raise NotUnderstood(f"cut short: {size} of at least {size + lacking} bytes" if lacking > stated // 100 else "")
    if stated <= size // 2 or directories.lost:
        raise NotUnderstood
    digest.update(described.encode())
    return sum_extents(file, size, extents, digest)


def _full_pictures(directories: Directories) -> tuple[str, list[Extent]]:
    """What decides how the full pictures are decoded, in words, and where their bytes lie."""
    lines, extents = [directories.order], []
    for directory in directories:
        if _is_full(directories, directory) and (found := _extents(directories, directory)):
            lines.append(_described(directories, directory))
            extents += found
            if len(extents) > _MOST_PARTS:
                raise NotUnderstood("damaged: it has more parts than a picture can have")
    return "\n".join(lines), extents


def _is_full(directories: Directories, directory: Directory) -> bool:
    def first(tag: int) -> int:
        return next(iter(directories.numbers(directory, tag)), 0)

    reduced = first(_SUBFILE) & 1 or first(_OLD_SUBFILE) == 2
    return not reduced or first(_PHOTOMETRIC) == _SENSOR_PATTERN


def _extents(directories: Directories, directory: Directory) -> list[Extent]:
    found = []
    hanging = directory.place == 0 and directories.numbers(directory, _COMPRESSION) == (_OLD_JPEG,)
    for places in (*_PLACES, _JPEG) if hanging else _PLACES:
        starts, lengths = (directories.numbers(directory, tag) for tag in places)
        if len(starts) != len(lengths) and not directories.lost:
            raise NotUnderstood
        found += [Extent(*each) for each in zip(starts, lengths, strict=False) if each[1]]
    return found


def _described(directories: Directories, directory: Directory) -> str:
    """The tags that decide the pixels. Long ones, and those that are no numbers, by their sum."""
    parts = []
    for tag in _DECIDING:
        numbers = ",".join(map(str, directories.numbers(directory, tag)))
        value = numbers if 0 < len(numbers) < 100 else xxh3_128_hexdigest(directories.value(directory, tag))
        parts.append(f"{tag}={value}" if tag in directory.entries else "")
    return " ".join(filter(None, parts))
