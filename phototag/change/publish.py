"""How a finished temp file takes the place of a user's file: as a whole or not at all, and durably.

The decision here: the new file gets what belongs to the old one's name (mode, owner, extended attributes and with
them the access list) and a newer time, for that is what other programs look at. Refused: writing into the old file;
publishing a new file over one that came into being meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from phototag.store.log import synced

_LATER_NS = 2_000_000_000  # the coarsest clock of a file system in use, FAT's, ticks every two seconds
_NOT_FOR_US = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL)


class Occupied(Exception):
    """Where a new file should appear there is one now."""


def made_durable(path: Path) -> None:
    """The bytes and attributes of a file are on the disk when this returns."""
    synced(path)


def carried_over(old: Path, before: os.stat_result, temp: Path) -> None:
    """Give the temp file the mode, the owner and the attributes of the old one, and a time after the old one's."""
    new = temp.stat()
    if (new.st_uid, new.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):  # only root gives files away; a group of ours may still be kept
            os.chown(temp, -1, before.st_gid)
        with suppress(PermissionError):
            os.chown(temp, before.st_uid, -1)
    os.chmod(temp, stat.S_IMODE(before.st_mode))  # noqa: PTH101 - after chown, which clears bits
    _attributes(old, temp)
    if new.st_mtime_ns <= before.st_mtime_ns:
        os.utime(temp, ns=(new.st_atime_ns, before.st_mtime_ns + _LATER_NS))


def _attributes(old: Path, temp: Path) -> None:
    """The user's attributes are copied or the write fails; those that only the system may set are tried."""
    if not hasattr(os, "listxattr"):  # macOS: Python cannot reach them there
        return
    try:
        names = os.listxattr(old)
    except OSError as trouble:
        if trouble.errno not in _NOT_FOR_US:
            raise
        return
    for name in names:
        try:
            os.setxattr(temp, name, os.getxattr(old, name))
        except OSError as trouble:
            if name.startswith("user.") or trouble.errno not in _NOT_FOR_US:
                raise


def like_original(original: Path, found: os.stat_result, temp: Path) -> None:
    """Give a copy the mode, the attributes and the times of its original; its owner may write it, whatever."""
    with suppress(PermissionError):  # FAT keeps no modes and refuses most of them
        os.chmod(temp, stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR)  # noqa: PTH101
    if hasattr(os, "listxattr"):
        for name in _names(original):
            with suppress(OSError):  # what can be kept is kept: no copy fails for them
                os.setxattr(temp, name, os.getxattr(original, name))
    os.utime(temp, ns=(found.st_atime_ns, found.st_mtime_ns))


def _names(original: Path) -> list[str]:
    """Of the user's attributes."""
    try:
        return [name for name in os.listxattr(original) if name.startswith("user.")]
    except OSError:  # a file system without them
        return []


def replaced(temp: Path, target: Path) -> None:
    """The temp file is the target now."""
    os.replace(temp, target)  # noqa: PTH105


def appeared(temp: Path, target: Path) -> None:
    """The temp file has the target's name now; Occupied if there is a file of that name."""
    try:
        os.link(temp, target)
    except FileExistsError as trouble:
        raise Occupied("another program made this file meanwhile") from trouble
    except OSError as trouble:
        if trouble.errno not in (*_NOT_FOR_US, errno.ENOSYS, errno.EMLINK):
            raise
        if target.exists() or target.is_symlink():  # no links here (FAT): a moment is left in which it could appear
            raise Occupied("another program made this file meanwhile") from trouble
        os.rename(temp, target)  # noqa: PTH104
        return
    with suppress(OSError):  # the file is there: that its temp still is, too, is seen to later
        os.unlink(temp)  # noqa: PTH108


def removed(target: Path) -> None:
    """The target is gone."""
    os.unlink(target)  # noqa: PTH108
