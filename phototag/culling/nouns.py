"""What culling talks in: photos as they are shown, their groups, and the whole of a run.

The decision here: a group carries its photos with all that a table, a page and an export need, so that none of them
asks the tables again. Refused: verdicts without the photos that they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from phototag.decide.cull import BURST, NEAR, PICK, REJECT, SINGLE, Judged
from phototag.decide.cull_weighing import Frame
from phototag.decide.groups import Shot
from phototag.store.library import Library


class Known(NamedTuple):
    """One photo as the tables have it."""

    path: str  # stored: of its first file
    files: tuple[str, ...]  # stored, its sidecars among them
    picture: str  # stored: the file to look at; "" if there is none
    kind: str  # of that file
    shot: Shot
    frame: Frame
    dhash: int | None = None


class Member(NamedTuple):
    """One photo of a group, judged."""

    known: Known
    judged: Judged


@dataclass(frozen=True, slots=True)
class Sorted:
    """One group in the order in which its photos were taken, or a photo that stands alone."""

    number: int  # from 1; 0 for a photo that stands alone
    kind: str
    why: str
    members: tuple[Member, ...]

    @property
    def is_series(self) -> bool:
        """A work of several frames, none of which is culled."""
        return self.kind not in (BURST, NEAR, SINGLE)


@dataclass
class Culled:
    """What a run of `cull` found: every group, in order of time."""

    library: Library
    folder: str  # absolute
    groups: list[Sorted] = field(default_factory=list)
    scanned: Any = None
    looked: Any = None
    asked: Any = None  # what the looks of --ask-model did
    applied: dict[str, int] = field(default_factory=dict)  # verdict -> decisions of a person's, just taken over
    left_out: list[tuple[str, str]] = field(default_factory=list)  # photos not decided upon: path or id, and why
    profile: str = ""
    interrupted: bool = False

    def members(self) -> Iterator[Member]:
        """Every photo."""
        return (member for group in self.groups for member in group.members)

    def of(self, verdict: str) -> list[Member]:
        """The photos with this verdict."""
        return [member for member in self.members() if member.judged.verdict == verdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many photos there are of each verdict; those of series and those alone apart."""
        alone = sum(len(group.members) for group in self.groups if group.kind == SINGLE)
        series = sum(len(group.members) for group in self.groups if group.is_series)
        return {
            "photos": sum(1 for _ in self.members()),
            "groups": sum(group.kind in (BURST, NEAR) for group in self.groups),
            "pick": len(self.of(PICK)),
            "reject": len(self.of(REJECT)),
            "alone": alone,
            "in_series": series,
        }
