"""Trees of tiny JPEGs, each a picture of its own, as fast as files can be written.

The decision here: one picture is encoded once and every file gets its own quantisation table, so that each decodes and
each has its own image id. Refused: encoding 100,000 pictures, and files that are no pictures at all.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

_SIDE = 24
_TABLE = b"\xff\xdb\x00\x43\x00"  # the marker, length and number of the table for brightness
_STEPS = 200  # of one entry, from 30 on: what a table may hold, and far from the coarse end


def tree(root: Path, files: int, folders: int) -> Path:
    """`files` tiny JPEGs in `folders` folders below `root`, ten folders to a year."""
    pictures = jpegs(files)
    for number in range(folders):
        folder = root / f"{2000 + number // 10}" / f"{number:04d}"
        folder.mkdir(parents=True)
        for shot in range(files * number // folders, files * (number + 1) // folders):
            (folder / f"IMG_{shot:06d}.JPG").write_bytes(next(pictures))
    return root


def jpegs(count: int) -> Iterator[bytes]:
    """So many different JPEGs of about one kilobyte, with a camera, a date and a place in their EXIF."""
    base = _encoded()
    # The last three entries scale the finest detail of a block: least to see, and 200 values each.
    end = base.index(_TABLE) + len(_TABLE) + 64
    for number in range(count):
        digits = (number // _STEPS**2 % _STEPS, number // _STEPS % _STEPS, number % _STEPS)
        yield base[: end - 3] + bytes(30 + digit for digit in digits) + base[end:]


def _encoded() -> bytes:
    chance = random.Random(1)
    picture = Image.frombytes("L", (_SIDE, _SIDE), chance.randbytes(_SIDE * _SIDE)).convert("RGB")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "Canon EOS R6"
    exif.get_ifd(0x8769)[0x9003] = "2024:08:10 13:25:32"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 58.6), 3: "E", 4: (13.0, 22.0, 39.8)})
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75, exif=exif)
    return out.getvalue()
