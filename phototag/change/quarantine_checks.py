"""What has to be true before a file goes into the quarantine, comes back, or goes for good.

The decision here: nobody is trusted, neither the tables nor the plan of a moment ago: the file is read again, and so is
what is kept instead of it. Refused: a file of another library or outside of this one, a link, a file that changed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Lock

from phototag.change.guards import Limits, Refusal, guard, writable
from phototag.change.quarantine_ends import home_of
from phototag.change.quarantine_steps import Moving
from phototag.errors import Unreadable
from phototag.read.identity import identify, whole_file_digest
from phototag.report import shown
from phototag.store.library import Library
from phototag.store.place import FOLDER, Place, find


class Kept:
    """Says whether what is kept instead of a file is there; each is looked at once."""

    def __init__(self, place: Place, library: Library | None = None) -> None:
        self.place, self._library = place, library
        self._known: dict[tuple[str, str, str], str] = {}
        self._lock = Lock()

    def found(self, keeper: tuple[str, str, str]) -> str:
        """The path at which it lies now; "" where it is not there any more, or shows another picture."""
        with self._lock:
            if keeper not in self._known:
                self._known[keeper] = self._found(*keeper)
            return self._known[keeper]

    def _found(self, stored: str, image_id: str, kind: str) -> str:
        if self._shows(stored, kind, image_id):
            return stored
        alike = self._library.files("photo_id", [image_id]) if self._library else ()  # it may have another name by now
        return next((file.path for file in alike if self._shows(file.path, file.kind, image_id)), "")

    def _shows(self, stored: str, kind: str, image_id: str) -> bool:
        path = self.place.actual(stored)
        try:
            if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(home_of(self.place))):
                return False
            return identify(path, kind).image_id == image_id
        except (OSError, Unreadable):
            return False


def may_go(one: Moving, limits: Limits, kept: Kept, *, reads: bool = True) -> None:
    """Refusal unless the file may go into the quarantine now; a rehearsal does not read it."""
    place, path = kept.place, one.source
    if one.change.target.startswith("/"):
        raise Refusal("it lies outside of the library, and what lies there is only ever read")
    _inside(place, path)
    found = _looked_at(one)
    guard(path, found, limits, takes_room=False)
    if reads and whole_file_digest(path) != one.digest:
        raise Refusal("the file has changed since it was looked at; run the command again")
    if one.keeper[0]:
        instead = kept.found(one.keeper)
        if not instead:
            raise Refusal(f"{shown(one.keeper[0])}, which was to be kept instead, is not there as it was")
        if os.path.realpath(place.actual(instead)) == os.path.realpath(path):
            raise Refusal("it is the file that is kept itself, under another name")


def may_come_back(one: Moving) -> None:
    """Refusal unless the file can come back to where it was."""
    _looked_at(one)
    if os.path.lexists(one.target):
        raise Refusal("another file has its place now; move that one away first")
    if whole_file_digest(one.source) != one.digest:
        raise Refusal(f"it was changed in the quarantine; look at it: {shown(str(one.source))}")
    writable(next(folder for folder in one.target.parents if folder.is_dir()))


def may_end(one: Moving, kept: Kept) -> None:
    """Refusal unless the file may go for good."""
    _looked_at(one)
    if whole_file_digest(one.source) != one.digest:
        raise Refusal(f"it was changed in the quarantine; look at it: {shown(str(one.source))}")
    if one.keeper[0] and not kept.found(one.keeper):
        raise Refusal(
            f"{shown(one.keeper[0])}, which was kept instead, is not there any more: this may be the last one"
        )


def _looked_at(one: Moving) -> os.stat_result:
    """What the file is now; it is compared with that again when it goes."""
    try:
        found = one.found = one.source.lstat()
    except FileNotFoundError as trouble:
        raise Refusal("the file is not there any more") from trouble
    if stat.S_ISLNK(found.st_mode):
        raise Refusal("it is a link, and no file")
    if not stat.S_ISREG(found.st_mode):
        raise Refusal("this is not a regular file")
    return found


def _inside(place: Place, path: Path) -> None:
    """Refusal unless the file lies in the library's root, whatever links lead there, and in no other library."""
    root, folder = Path(os.path.realpath(place.root)), path.parent
    if not folder.is_relative_to(root) or Path(os.path.realpath(folder)) != folder:
        raise Refusal("it lies outside of the library; a link leads there")
    if any(part.casefold() == FOLDER for part in path.relative_to(root).parts):
        raise Refusal(f"it lies in {FOLDER}, which is phototag's own folder")
    nearest = find(folder)
    if nearest and nearest.root not in (place.root, root):
        raise Refusal(f"it belongs to another library, the one in {shown(str(nearest.root))}")
