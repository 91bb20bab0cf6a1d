"""One file on its way between its own place and the quarantine.

The decision here: on one disk a file is renamed, so that it is never in two places nor in none; between two disks it is
copied, made durable, read again and only then taken away where it was. Refused: a rename over anything; taking away a
file that is not the one that was looked at.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phototag.change import clone, folders, publish
from phototag.change.guards import Refusal
from phototag.change.job import NOTHING
from phototag.change.quarantine_ends import home_of
from phototag.read.identity import whole_file_digest
from phototag.records import Change, Entry
from phototag.store.log import no_space, synced
from phototag.store.place import Place

_ROOM = 1 << 20
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.EMLINK)
_CONTENT = ("st_size", "st_mtime_ns")
_FILE = (*_CONTENT, "st_ino", "st_dev")  # some file systems number a renamed file anew
_CHANGED = "it was changed a moment ago; run the command again"


@dataclass(frozen=True, slots=True)
class Going:
    """A file that shall go, as it was when that was decided."""

    path: str  # stored
    digest: str  # of the whole file
    why: str
    image_id: str = ""  # of its photo
    keeper: str = ""  # stored path of the file that is kept instead; "" where none has to be
    keeper_id: str = ""  # its image id
    keeper_kind: str = ""
    together: str = ""  # files with the same word here go together or not at all


@dataclass(slots=True, eq=False)
class Moving:
    """One file on its way."""

    change: Change
    source: Path
    target: Path  # NOTHING where it goes for good
    digest: str
    together: str = ""
    keeper: tuple[str, str, str] = ("", "", "")  # stored path, image id and kind of what is kept instead
    spoken: Mapping[str, Any] = field(default_factory=dict)  # what the journal says of it besides
    entry: Entry = field(default_factory=lambda: Entry("", "", ""))
    temp: Path = NOTHING
    folders: tuple[str, ...] = ()
    found: os.stat_result | None = None
    state: str = ""  # "" while it is under way | done | refused
    why: str = ""

    def refuse(self, why: str) -> None:
        self.state, self.why = "refused", why

    @property
    def has_target(self) -> bool:
        return self.target != NOTHING

    @property
    def sums(self) -> dict[str, Any]:
        """What the journal says of the file at its own place, before and after; and what undo needs."""
        if self.change.kind == "undo":
            return {"after": self.digest}
        return {"before": self.digest, "keep": {"quarantine": self.spoken.get("lies", "")}}


def into(place: Place, going: Going, day: str, taken: set[Path]) -> Moving:
    """The move of a file into the quarantine, to the first place that nobody has."""
    change = Change("move", going.path, going.path, going.image_id, "", going.digest)
    source = Path(place.actual(going.path))
    target = _free(place, source, day, taken)
    taken.add(target)
    keeper = (going.keeper, going.keeper_id, going.keeper_kind)
    spoken = {"why": going.why, "keeper": list(keeper), "lies": place.stored(str(target))}
    return Moving(change, source, target, going.digest, going.together, keeper, spoken)


def out_of(place: Place, entry: Entry) -> Moving:
    """The move of a file back to where it was."""
    change = replace(Change.from_json(entry.change), kind="undo", of=entry.id, expect="")
    source, target = place.actual(str(entry.change["to"])), place.actual(change.target)
    return Moving(change, Path(source), Path(target), entry.before)


def to_its_end(place: Place, entry: Entry) -> Moving:
    """The end of a file in the quarantine."""
    change = replace(Change.from_json(entry.change), kind="purge", expect=entry.before)
    path, image_id, kind = (*map(str, entry.change.get("keeper") or ()), "", "", "")[:3]
    spoken = {"purges": entry.id}
    source = Path(place.actual(str(entry.change["to"])))
    return Moving(change, source, NOTHING, entry.before, keeper=(path, image_id, kind), spoken=spoken)


def copied(one: Moving, place: Place) -> None:
    """The folders of the new place are there; and where that is on another disk, a copy of the file beside it."""
    if not one.has_target:
        return
    folders.make(place, one.folders)
    if not one.target.parent.is_dir():
        one.target.parent.mkdir(parents=True, exist_ok=True)
        synced(one.target.parent.parent)
    if one.source.stat().st_dev != one.target.parent.stat().st_dev:
        _copied(one)


def _copied(one: Moving) -> None:
    found = one.found = one.source.stat()
    if shutil.disk_usage(one.target.parent).free < found.st_size + _ROOM:
        raise no_space(one.target)
    read = clone.copied(one.source, one.temp)
    publish.like_original(one.source, found, one.temp)
    publish.made_durable(one.temp)
    if read != one.digest or whole_file_digest(one.temp) != one.digest:
        raise Refusal("what was copied is not what was read; it was left where it is")
    os.utime(one.temp, ns=(found.st_atime_ns, found.st_mtime_ns))


def moved(one: Moving) -> None:
    """The file is at its new place, durably, and no more at its old one."""
    if not one.has_target:
        _unchanged(one)
        os.unlink(one.source)  # noqa: PTH108
    elif one.temp.exists():
        _across(one)
    elif one.change.kind == "undo":
        _out(one)
    else:
        _in(one)
    one.state = "done"


def _in(one: Moving) -> None:
    """By a rename: our folder is ours alone while the library is held, so nothing can stand there suddenly."""
    _unchanged(one)
    if os.path.lexists(one.target):
        raise publish.Occupied
    try:
        os.rename(one.source, one.target)  # noqa: PTH104
    except OSError as trouble:
        if trouble.errno != errno.EXDEV:
            raise
        _copied(one)
        _across(one)
        return
    synced(one.target.parent)
    if not _is_same(
        one, one.target, _CONTENT
    ):  # saved by another program between the look and the rename: it goes back
        publish.appeared(one.target, one.source)
        raise Refusal(_CHANGED)


def _out(one: Moving) -> None:
    """By a second name, which takes nobody's place; then the first one goes."""
    _unchanged(one)
    try:
        os.link(one.source, one.target)
    except FileExistsError as trouble:
        raise publish.Occupied from trouble
    except OSError as trouble:
        if trouble.errno == errno.EXDEV:
            _copied(one)
            _across(one)
            return
        if trouble.errno not in _NO_LINKS:
            raise
        if os.path.lexists(one.target):
            raise publish.Occupied from trouble
        os.rename(one.source, one.target)  # noqa: PTH104 - no links here (FAT)
        return
    synced(one.target.parent)
    os.unlink(one.source)  # noqa: PTH108


def _across(one: Moving) -> None:
    """Between two disks: the copy appears, durably, before the file goes."""
    _unchanged(one)
    publish.appeared(one.temp, one.target)
    synced(one.target.parent)
    try:
        _unchanged(one)
        os.unlink(one.source)  # noqa: PTH108
    except (OSError, Refusal):
        os.unlink(one.target)  # noqa: PTH108 - made by us a moment ago; the file itself is where it was
        raise


def cleared(one: Moving) -> bool:
    """Whether no temp of the move is left."""
    if one.temp == NOTHING or not os.path.lexists(one.temp):
        return True
    with suppress(OSError):
        os.unlink(one.temp)  # noqa: PTH108
        return True
    return False


def _free(place: Place, source: Path, day: str, taken: set[Path]) -> Path:
    """A place in the quarantine that nobody has: of the day, below it as in the library."""
    inside = os.path.relpath(source, place.root)
    for number in range(1, 10_000):
        top = home_of(place) / (day if number == 1 else f"{day}_{number}")
        target = Path(os.path.normpath(top / inside))
        if target not in taken and not os.path.lexists(target):
            return target
    raise AssertionError  # nobody moves one file ten thousand times a day


def _unchanged(one: Moving) -> None:
    if not _is_same(one, one.source):
        raise Refusal(_CHANGED)


def _is_same(one: Moving, path: Path, parts: tuple[str, ...] = _FILE) -> bool:
    """Is the file at this path the one that was looked at?"""
    try:
        now = path.lstat()
    except OSError:  # it has gone, or its disk has
        return False
    return one.found is not None and all(getattr(now, part) == getattr(one.found, part) for part in parts)
