"""One change on its way through the steps, and what has been learnt of its files so far.

The decision here: a file of the copy tree keeps the name that was planned for it, for a link in its place may lead to
an original; any other file is the one behind its links. Refused: a class for every sort of change, each with steps of
its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from phototag.records import Change, Entry
from phototag.store.place import Place

NOTHING = Path(os.devnull)  # what a removed file is compared with


@dataclass(slots=True, eq=False)
class Job:
    """One change on its way."""

    change: Change
    target: Path  # behind all links; of a file in the copy tree, behind those of its folder
    restores: Entry | None = None  # an undo that puts bytes back: what this entry's pre-image says
    removes: bool = False  # an undo of a file that we made
    origin: Path = NOTHING  # the original, which is only ever read
    original: str = ""  # its digest, where it is or was copied
    entry: Entry = field(default_factory=lambda: Entry("", "", ""))
    temp: Path = NOTHING
    found: os.stat_result | None = None  # the target
    origin_found: os.stat_result | None = None
    picture: str = ""
    folders: tuple[str, ...] = ()  # that have to be made, or were made for another file of the run
    state: str = ""  # "" while it is under way | done | unchanged | refused
    why: str = ""
    minor: bool = False
    plain: bool = False

    def refuse(self, why: str, *, minor: bool = False, plain: bool = False) -> None:
        self.state, self.why, self.minor, self.plain = "refused", why, minor, plain

    @property
    def is_copy(self) -> bool:
        return self.change.kind == "copy"

    @property
    def takes_copy_back(self) -> bool:
        """The original is the way back to the file that goes."""
        return self.removes and bool(self.original)

    @property
    def is_in_tree(self) -> bool:
        return in_tree(self.change)

    @property
    def is_edited(self) -> bool:
        """ExifTool makes the new file; not where bytes are put back, copied as they are, or ours from end to end."""
        as_it_is = self.is_copy and not self.change.fields
        return not (self.restores or self.removes or as_it_is or self.change.container == "json")


def in_tree(change: Change) -> bool:
    """Is the target a file of the copy tree: a copy, or something of ours beside one?"""
    return bool(change.origin) or change.container == "json"


def job_of(
    place: Place, change: Change, *, restores: Entry | None = None, removes: bool = False, original: str = ""
) -> Job:
    """The job that carries the change out."""
    path = place.actual(change.target)
    target = Path(os.path.realpath(path))
    if in_tree(change):
        folder, name = os.path.split(path)
        target = Path(os.path.realpath(folder), name)
    origin = Path(place.actual(change.origin)) if change.origin else NOTHING
    return Job(change, target, restores, removes, origin, original)
