"""How a move that a crash cut off ends: by what lies at its two places, whatever the journal had come to.

The decision here: a file's own place wins. Where both places hold its bytes, the one in the quarantine goes; where only
one does, that one tells the end; and where neither can be reached now, the move stays open. Refused: going on with a
move that nobody asked to go on with.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phototag.read.identity import whole_file_digest
from phototag.store.log import synced
from phototag.store.place import Place

QUARANTINE = "quarantine"  # the folder in the library's own


class _NotNow(Exception):
    """The file is there, or may be, and cannot be read."""


def is_move(change: Mapping[str, Any]) -> bool:
    """Does the journal's change move a file from one place to another (or, in a purge, to none)?"""
    return isinstance(change.get("from"), str) and isinstance(change.get("to"), str)


def home_of(place: Place) -> Path:
    """The folder in which the quarantine of a library lies."""
    return place.state / QUARANTINE


def end_of(change: Mapping[str, Any], state: str, digest: str, place: Place) -> str:
    """How the move ends: done, aborted or unknown; "" where that cannot be told now."""
    if state == "begun":
        return "aborted"
    old = Path(place.actual(change["from"]))
    new = Path(place.actual(change["to"])) if change["to"] else None
    try:
        if new is None:
            return "aborted" if os.path.lexists(old) else "done" if _may_be_told(old, place) else ""
        was, now = _holds(old, digest), _holds(new, digest)
        if now and was:
            ours = new if _is_ours(new, place) else old
            _dropped(ours)
            return "aborted" if ours == new else "done"
        if now or was:
            return "done" if now else "aborted"
        return "unknown" if _may_be_told(old, place) and _may_be_told(new, place) else ""
    except (_NotNow, OSError):
        return ""


def swept(folder: Path, place: Place) -> None:
    """The folder and those above it go as far as they are empty, up to the quarantine itself."""
    home = home_of(place)
    while folder != home and folder.is_relative_to(home):
        try:
            folder.rmdir()
        except OSError:  # something lies in it, or it has gone
            return
        folder = folder.parent


def _holds(path: Path, digest: str) -> bool:
    """Does a file with these bytes stand there?"""
    try:
        return not path.is_symlink() and whole_file_digest(path) == digest
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    except OSError as trouble:
        raise _NotNow from trouble


def _may_be_told(path: Path, place: Place) -> bool:
    """Is its folder there, so that what is not in it is gone? Of an unplugged disk an empty folder may remain."""
    return path.exists() or _is_ours(path, place) or (path.parent.is_dir() and any(path.parent.iterdir()))


def _is_ours(path: Path, place: Place) -> bool:
    return path.is_relative_to(home_of(place))


def _dropped(path: Path) -> None:
    os.unlink(path)  # noqa: PTH108
    synced(path.parent)
