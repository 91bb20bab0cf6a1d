"""The colour profile of AdobeRGB, for pictures that name these colours and carry no profile.

The decision here: the profile is made of the numbers that the specification of AdobeRGB gives, so that colours go the
one way that all profiles go. Refused: a profile as a file, which comes with a licence of its own.
"""

from __future__ import annotations

import struct
from functools import cache

_WHITE = (0.95045, 1.0, 1.08905)
# Adapted to the white of profiles (D50), as every profile has them.
_RED, _GREEN, _BLUE = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
_PAPER = (0.9642, 1.0, 0.8249)
_GAMMA = 0x0233  # 563/256 as a profile writes it
_VERSION = 0x02100000
_HEADER = 128


@cache
def adobe_rgb() -> bytes:
    """An ICC profile of version 2."""
    curve = struct.pack(">4s4xIH", b"curv", 1, _GAMMA)
    name = b"AdobeRGB\x00"
    described = struct.pack(f">4s4xI{len(name)}s", b"desc", len(name), name) + bytes(78)
    tags = {
        b"desc": described,
        b"cprt": b"text" + bytes(4) + b"None\x00",
        b"wtpt": _xyz(_WHITE),
        **dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, (_RED, _GREEN, _BLUE)), strict=True)),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, content = struct.pack(">I", len(tags)), b""
    at = _HEADER + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, at + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    whole = at + len(content)
    header = struct.pack(">I4xI4s4s4s12x4s", whole, _VERSION, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    header = header.ljust(68, b"\x00") + b"".join(map(_fixed, _PAPER))
    return header.ljust(_HEADER, b"\x00") + table + content


def _xyz(numbers: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, numbers))


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))
