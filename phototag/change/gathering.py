"""Photos brought together in a folder of the person's choice: copies of them, or links to them.

The decision here: an original is opened for reading and nothing else; a copy counts only if what lies on the disk is
what was read, and it takes a name that nobody has, its sidecars with it. What is there already, byte for byte, is not
brought again. Refused: writing over anything, and links that are hard, through which a change would reach the original.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from phototag.change import clone, publish
from phototag.errors import NoSpace, UsageError
from phototag.read.identity import whole_file_digest
from phototag.read.sniff import sidecar_kind
from phototag.report import shown
from phototag.store.log import cannot_write, no_space, synced
from phototag.store.place import FOLDER

Bring = Callable[[Path, Path], None]


@dataclass
class Gathered:
    """What came of it, by absolute paths."""

    folder: Path
    made: list[tuple[str, str]] = field(default_factory=list)  # original, copy or link: photos only
    sidecars: int = 0
    there: list[str] = field(default_factory=list)  # originals that were there already
    failed: list[tuple[str, str]] = field(default_factory=list)  # original, reason


class _Changed(Exception):
    """The original was not the same all the time."""


class Gathering:
    """Brings photos into one folder, one after the other; a photo that cannot be brought is named with its reason."""

    def __init__(self, folder: Path, *, links: bool = False) -> None:
        self.done = Gathered(_folder(folder))
        self._bring: Bring = _link if links else _copy
        self._same = _is_link_to if links else _same_content
        self._links = links
        self._beside: dict[Path, dict[str, list[str]]] = {}

    def bring(self, path: str) -> None:
        """Bring one photo and its sidecars."""
        origin, folder = Path(path), self.done.folder
        try:
            if not stat.S_ISREG(origin.stat().st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            group = {name: origin.with_name(name) for name in (origin.name, *self._sidecars(origin))}
            target = self._place(origin, group)
            if target is None:
                self.done.there.append(path)
            else:
                self.done.made.append((path, str(target)))
                synced(folder)
        except _Changed:
            self.done.failed.append((path, "it changed while it was being copied"))
        except OSError as trouble:
            if trouble.errno in (errno.ENOSPC, errno.EDQUOT):
                raise no_space(folder) from trouble
            if self._links and trouble.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
                raise UsageError(
                    f"There can be no links in {shown(str(folder))}: its disk has none.", "Copy instead: --copy-to DIR"
                ) from trouble
            self.done.failed.append((path, trouble.strerror or str(trouble)))

    def _place(self, origin: Path, group: dict[str, Path]) -> Path | None:
        """The photo and its sidecars under the first names that are free for all; None if it is there already."""
        for number in count(1):
            targets = {self.done.folder / _renamed(name, origin, number): old for name, old in group.items()}
            target = next(iter(targets))
            if os.path.lexists(target) and self._same(origin, target):
                return None
            # A RAW and its JPEG have one sidecar: with the second of them it is there already.
            missing = {new: old for new, old in targets.items() if new == target or not self._is_there(old, new)}
            if any(map(os.path.lexists, missing)):
                continue
            try:
                for new, old in missing.items():
                    self._bring(old, new)
            except (publish.Occupied, FileExistsError):  # another program was faster: the next number
                _take_back(target, origin, missing, self._same)
                continue
            self.done.sidecars += len(missing) - 1
            return target
        raise AssertionError  # numbers do not end

    def _is_there(self, old: Path, new: Path) -> bool:
        return os.path.lexists(new) and self._same(old, new)

    def _sidecars(self, origin: Path) -> Iterator[str]:
        """The names of the sidecars that lie beside a photo: IMG.xmp and IMG.CR2.xmp, whatever their case."""
        beside = self._beside.get(origin.parent)
        if beside is None:
            beside = self._beside[origin.parent] = {}
            for name in sorted(one.name for one in origin.parent.iterdir()):
                if sidecar_kind(name):
                    beside.setdefault(name.rpartition(".")[0].casefold(), []).append(name)
        for stem in dict.fromkeys((origin.stem.casefold(), origin.name.casefold())):
            yield from beside.get(stem, ())


def _folder(folder: Path) -> Path:
    """The folder, made if need be; UsageError where no photos should lie."""
    real = Path(os.path.realpath(folder))
    if any(part.casefold() == FOLDER for part in real.parts):
        raise UsageError(f"{shown(str(folder))} lies among the library's own files.", "Name a folder elsewhere.")
    if real.exists() and not real.is_dir():
        raise UsageError(f"{shown(str(folder))} is no folder.", "Name a folder; it is made if it is not there.")
    try:
        real.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise cannot_write(real, trouble, "Make it writable, or name another folder.") from trouble
    if not os.access(real, os.W_OK | os.X_OK):
        raise NoSpace(f"{shown(str(folder))} cannot be written: permission denied.", "Name a folder of yours.")
    return real


def _renamed(name: str, origin: Path, number: int) -> str:
    """IMG.jpg as IMG (2).jpg, and its sidecars IMG.xmp and IMG.jpg.xmp with it."""
    if number == 1:
        return name
    cut = len(origin.stem)
    return f"{name[:cut]} ({number}){name[cut:]}"


def _take_back(target: Path, origin: Path, targets: dict[Path, Path], same: Callable[[Path, Path], bool]) -> None:
    """Of a group that could not be brought whole, what we did bring goes again; only what is still as we made it."""
    for new, old in targets.items():
        if not os.path.lexists(new) or not same(old, new):
            break
        with suppress(OSError):  # it stays, then: it is a copy of the original and does no harm
            os.unlink(new)  # noqa: PTH108


# ---- copies


def _copy(origin: Path, target: Path) -> None:
    """A new file with the bytes, the mode, the attributes and the times of the original; never over another one."""
    temp = target.with_name(f".phototag-{uuid.uuid4().hex}.tmp")
    try:
        before = origin.stat()
        read = clone.copied(origin, temp)
        publish.like_original(origin, before, temp)
        publish.made_durable(temp)
        if not _is_same(before, origin.stat()) or whole_file_digest(temp) != read:
            raise _Changed
        os.utime(temp, ns=(before.st_atime_ns, before.st_mtime_ns))
        publish.appeared(temp, target)
    finally:
        temp.unlink(missing_ok=True)


def _is_same(before: os.stat_result, now: os.stat_result) -> bool:
    parts = ("st_size", "st_mtime_ns", "st_ino", "st_dev")
    return all(getattr(now, part) == getattr(before, part) for part in parts)


def _same_content(origin: Path, target: Path) -> bool:
    """Does a file of these very bytes stand there, be it the original itself?"""
    try:
        found = target.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != origin.stat().st_size:
            return False
        return target.samefile(origin) or whole_file_digest(target) == whole_file_digest(origin)
    except OSError:  # it cannot be read, so nobody can say that it is the same
        return False


# ---- links


def _link(origin: Path, target: Path) -> None:
    os.symlink(origin.absolute(), target)  # noqa: PTH211


def _is_link_to(origin: Path, target: Path) -> bool:
    with suppress(OSError):  # a link that leads nowhere is another one
        return target.samefile(origin)
    return False
