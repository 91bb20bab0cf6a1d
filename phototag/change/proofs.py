"""What a finished temp file has to show before it may take the place of the user's file.

The decision here: the picture is the same by its id, a JPEG is the same byte for byte from its first scan to its last
byte (so that second pictures, gain maps and films behind it are), and our fields are read back from the temp file
itself. Refused: believing that a program which said "1 image files updated" has done so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phototag.change.fields import held
from phototag.change.guards import Refusal, picture_in
from phototag.change.preimage import common_ends, mapped
from phototag.records import Change

_SCAN = 0xDA
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length


def same_picture(target: Path, temp: Path, change: Change, picture: str) -> None:
    """Refusal unless the temp file holds the picture of the target, and a JPEG all that hangs behind it."""
    if change.container in ("xmp", "json"):
        return
    try:
        found = picture_in(temp, change)
    except Refusal as trouble:
        raise Refusal(f"the written copy was not as it should be ({trouble.why}); nothing was changed") from trouble
    if found != picture:
        raise Refusal("the written copy had other image data than the file; nothing was changed")
    if change.container == "jpeg":
        with mapped(target) as old, mapped(temp) as new:
            if common_ends(old, new)[1] < len(old) - first_scan(old):
                raise Refusal("writing would have changed what stands behind the picture; nothing was changed")


def first_scan(jpeg: memoryview) -> int:
    """Where the first scan of a JPEG begins; 0 where its header cannot be walked."""
    at = 2
    while at + 4 <= len(jpeg):
        if jpeg[at] != 0xFF:
            at += 1  # stray bytes
            continue
        marker = jpeg[at + 1]
        if marker == _SCAN:
            return at
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE or marker == 0:
            at += 2
        else:
            at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return 0


def fields_kept(change: Change, tags: Mapping[str, Any]) -> None:
    """Refusal unless the answer for the temp file says what was planned."""
    found = held(tags)
    wrong = sorted(tag for tag, (_, after) in change.fields.items() if found.get(tag, ()) != tuple(after))
    if wrong:
        raise Refusal(f"what was written was not read back as planned ({', '.join(wrong)}); nothing was changed")
