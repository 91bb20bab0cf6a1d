"""The bytes of an original in a new file, and the digest of what was read there.

The decision here: where the file system can share blocks (XFS, Btrfs) the copy takes no room and no time; elsewhere the
bytes are read once, summed on their way, and written. Refused: a hard link, through which a change to the copy would
be a change to the original.
"""

from __future__ import annotations

import os
import sys
from io import FileIO
from pathlib import Path

from xxhash import xxh3_128

from phototag.read.identity import whole_file_digest

_CHUNK = 1 << 20
_FICLONE = 0x40049409  # Linux: this file's blocks are those of that one, until either is written


def copied(origin: Path, temp: Path) -> str:
    """Make `temp` with the bytes of the original; returns the digest of what was read from the original.

    Nobody else may read the new file until it gets the original's permissions.
    """
    with FileIO(origin) as old, FileIO(temp, "x", opener=_private) as new:
        if shares_blocks(old, new):
            return whole_file_digest(origin)
        return _summed(old, new)


def shares_blocks(old: FileIO, new: FileIO) -> bool:
    """Has the empty new file the old one's content now, without a byte having been copied?"""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except OSError:  # another file system, or one that cannot: then the bytes are copied, and a full disk says so
        return False
    return True


def _summed(old: FileIO, new: FileIO) -> str:
    digest = xxh3_128()
    room = memoryview(bytearray(_CHUNK))
    while got := old.readinto(room):
        some = room[:got]
        digest.update(some)
        while some:
            some = some[new.write(some) :]
    return str(digest.hexdigest())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
