"""Groups of photos as folders: all originals of a group, its best ones under a name that says so, and why.

The decision here: a folder of a group that holds anything of another group stops the export before a file is copied,
for two runs mixed in one folder are no groups any more. Refused: writing over what lies there, and moving originals.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from phototag.change.gathering import Gathering, _Changed
from phototag.change.publish import Occupied
from phototag.errors import UsageError
from phototag.read.sniff import sidecar_kind
from phototag.report import shown
from phototag.store.log import cannot_write, no_space

_NUMBER = re.compile(r" \(\d+\)(?=\.[^.]*$|$)")  # by which two files of one name are told apart
_BEST, _TEXT, _ORIGINALS = "best_", "metadata.txt", "originals"


@dataclass(frozen=True, slots=True)
class Group:
    """What one folder gets: photos by absolute path, the best of them, and a text about them."""

    number: int
    originals: tuple[str, ...]
    best: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        return f"group_{self.number:04}"


@dataclass
class Exported:
    """What came of it."""

    folder: Path
    groups: int = 0
    copied: int = 0  # photos, without their sidecars
    there: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)  # original, reason


def export(folder: Path, groups: Sequence[Group], stop: Callable[[], bool]) -> Exported:
    """Copy the groups into folders below this one; what is there already, byte for byte, stays."""
    real = Path(os.path.realpath(folder))
    for group in groups:
        _check(real / group.name, group)
    done = Exported(real)
    for group in groups:
        if stop():
            break
        gathering = Gathering(real / group.name / _ORIGINALS)
        for path in group.originals:
            gathering.bring(path)
        best = _Best(real / group.name)
        for path in group.best:
            best.bring_as(path, _BEST + path.rpartition("/")[2])
        _write(real / group.name / _TEXT, group.text)
        done.groups += 1
        done.copied += len(gathering.done.made)
        done.there += len(gathering.done.there)
        done.failed += [*gathering.done.failed, *best.done.failed]
    return done


class _Best(Gathering):
    """Brings a photo under a name of ours, without its sidecars."""

    def bring_as(self, path: str, name: str) -> None:
        origin, target = Path(path), self.done.folder / name
        try:
            if os.path.lexists(target):
                if not self._same(origin, target):
                    self.done.failed.append((path, f"another file is called {shown(name)} there"))
                return
            self._bring(origin, target)
        except (_Changed, Occupied):
            self.done.failed.append((path, "it changed while it was being copied"))
        except OSError as trouble:
            if trouble.errno in (errno.ENOSPC, errno.EDQUOT):
                raise no_space(target.parent) from trouble
            self.done.failed.append((path, trouble.strerror or str(trouble)))


def _check(folder: Path, group: Group) -> None:
    """UsageError where the folder is of another group."""
    names = {path.rpartition("/")[2] for path in group.originals}
    originals = folder / _ORIGINALS
    there = {one.name for one in originals.iterdir()} if originals.is_dir() else set()
    strange = sorted(
        name
        for name in there - names
        if _NUMBER.sub("", name) not in names and not sidecar_kind(name) and not name.startswith(".phototag-")
    )
    beside = {one.name for one in folder.iterdir()} if folder.is_dir() else set()
    ours = (_BEST, Path(_TEXT).stem, ".phototag-")
    strange += sorted(name for name in beside - {_ORIGINALS} if not name.startswith(ours))
    if strange:
        raise UsageError(
            f"{shown(str(folder))} holds something else than this group: {shown(strange[0])}.",
            "Name a new folder: --export DIR",
        )


def _write(file: Path, text: str) -> None:
    """The text in a file of this name, or, where another text has it, of the next one that is free."""
    content, number = text.encode("utf-8", "backslashreplace"), 1
    while True:
        target = file if number == 1 else file.with_stem(f"{file.stem} ({number})")
        try:
            with target.open("xb") as new:
                new.write(content)
            return
        except FileExistsError:
            if target.read_bytes() == content:
                return
            number += 1
        except OSError as trouble:
            raise cannot_write(target, trouble, "Make it writable, or name another folder.") from trouble
