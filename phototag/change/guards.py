"""What has to be true of a user's file before we think of writing it, each with a sentence if it is not.

The decision here: we look ourselves, at mode bits as well as at what the system allows, because ExifTool replaces a
read-only file without a word and root is allowed everything. Refused: trying, and seeing what happens.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from phototag.errors import Unreadable
from phototag.read.identity import identify
from phototag.records import Change

_ROOM_FOR_A_SIDECAR = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows."""

    settle_seconds: float = 10.0
    break_links: bool = False


class Refusal(Exception):
    """Why one file is not written; the others are. `plain`: without its tags it could be copied."""

    def __init__(self, why: str, *, plain: bool = False) -> None:
        super().__init__(why)
        self.why, self.plain = why, plain


def look_at(target: Path, expected: bool) -> os.stat_result | None:
    """The file as it is now; None where there is none, which must be `expected`."""
    try:
        found = target.stat()
    except FileNotFoundError as trouble:
        if expected:
            raise Refusal("the file has gone since this was planned") from trouble
        return None
    except OSError as trouble:
        raise Refusal(f"the file cannot be reached ({trouble.strerror})") from trouble
    if not expected:
        raise Refusal("it appeared after this was planned; plan again")
    return found


def guard(
    target: Path,
    found: os.stat_result | None,
    limits: Limits,
    *,
    ours: bool = False,
    folder: Path | None = None,
    takes_room: bool = True,
) -> None:
    """Refusal unless this file may be written. `ours`: what it holds is what we left there, so nobody is at it.

    `folder` is the one that is there, where the target's own has yet to be made.
    """
    folder = folder or target.parent
    writable(folder)
    size = _ROOM_FOR_A_SIDECAR if found is None else 2 * found.st_size
    free = shutil.disk_usage(folder).free
    if takes_room and free < size:
        raise Refusal(f"too little space on its disk: {free:,} bytes are free, twice the file's size are needed")
    if found is None:
        return
    if not stat.S_ISREG(found.st_mode):
        raise Refusal("this is not a regular file")
    if not found.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise Refusal("the file is read-only; make it writable if it shall be changed")
    if found.st_nlink > 1 and not limits.break_links:
        raise Refusal(
            f"the file has {found.st_nlink} names (hard links), and the others would keep the old content; "
            "--break-links writes it all the same"
        )
    age = abs(time.time() - found.st_mtime)
    if age < limits.settle_seconds and not ours:
        raise Refusal(f"the file was changed {age:.0f} s ago and may still be written by another program; try later")


def writable(folder: Path) -> None:
    """Refusal unless files can be made in the folder."""
    try:
        mode = folder.stat().st_mode
    except OSError as trouble:
        raise Refusal(f"its folder cannot be reached ({trouble.strerror})") from trouble
    if not mode & 0o222 or not os.access(folder, os.W_OK | os.X_OK):
        raise Refusal("its folder is read-only")


def picture_in(path: Path, change: Change) -> str:
    """The image id of the file; "" for a sidecar. Refusal where the file is damaged or its picture cannot be told."""
    if change.container in ("xmp", "json"):
        return ""
    try:
        found = identify(path, change.container)
    except Unreadable as trouble:
        raise Refusal(trouble.sentence) from trouble
    if found.trouble:
        raise Refusal(f"the file is {found.trouble}")
    if found.image_id.startswith("f"):
        raise Refusal("its picture cannot be told from its metadata, so that nothing could be proved; use a sidecar")
    return found.image_id
