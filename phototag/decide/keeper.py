"""Which of several files of one picture is kept, which go, and what the kept one takes over.

The decision here: files that lie together (RAW and JPEG, a live photo, sidecars) are kept or go as one, and they go
only if nothing in them would be missed: a RAW never for a picture without one, develop settings never for others, what
a person put in (`keeper_own`) never for what does not say it.
Frames of different moments are different pictures, however alike. Refused: a score, which nobody can foresee.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from phototag.decide.keeper_own import Own, fits, unsaid, why_stays

EXACT, SAME, NEAR = "exact", "same picture", "near"
_KINDS = (EXACT, SAME, NEAR)
_NUMBER = re.compile(r"\d+(?=\.[^./]*$)")  # at the end of a name


@dataclass(frozen=True, slots=True)
class Print:
    """Files that lie together and are one photo, with what tells which of several is kept."""

    photo: str  # image id
    files: tuple[str, ...]  # stored paths, the one to show first
    sidecars: tuple[str, ...] = ()
    pictures: frozenset[str] = frozenset()  # image ids of the files
    digests: frozenset[str] = frozenset()  # of the whole files; empty where no other could be equal
    families: frozenset[str] = frozenset()  # picture, raw, video (and what may move like one)
    edited: str = ""  # the program that edited it
    develop: str = ""  # a digest of its develop settings; "" where it has none
    pixels: tuple[int, int] = (0, 0)
    size: int = 0  # bytes
    says: int = 0  # how much its metadata say
    modified_ns: int = 0  # 0 where phototag itself saved it last, so that a run and its undo change no choice
    camera: str = ""
    moment: datetime | None = None  # by the clock on the wall; None where it is not known
    clock: str = "camera"  # whose the moment is: camera | gps
    hashes: tuple[int, ...] = ()
    own: frozenset[Own] = frozenset()  # what a person put in and no other takes over

    @property
    def path(self) -> str:
        return self.files[0]

    @property
    def stem(self) -> str:
        return self.path.rpartition("/")[2].rpartition(".")[0].casefold()


@dataclass(frozen=True, slots=True)
class Other:
    """One that is not the kept one: whether it goes, and why, or why not."""

    print: Print
    kind: str  # what it is to the kept one
    bits: int | None = None  # in which the hashes differ, of near ones
    stays: str = ""  # why it does not go; "" where it goes


@dataclass(frozen=True, slots=True)
class Cluster:
    """Files of one picture: the kept ones, why, and the others."""

    kind: str  # the loosest of its others
    keeper: Print
    why: str
    others: tuple[Other, ...]

    @property
    def going(self) -> list[Other]:
        return [one for one in self.others if not one.stays]


# ---- which one is kept


def clusters(prints: Sequence[Print], order: Sequence[str], bits: int) -> Iterator[Cluster]:
    """The clusters among prints that may be one picture; what is no copy of one kept print may be one of another."""
    left = list(prints)
    while len(left) > 1:
        keeper = best(left, order)
        found = _judged(keeper, left, order, bits)
        if found:
            yield found
        inside = {keeper.path, *(one.print.path for one in (found.others if found else ()))}
        left = [one for one in left if one.path not in inside]


def best(prints: Sequence[Print], order: Sequence[str]) -> Print:
    """The print that is kept."""
    return min(prints, key=lambda one: (*(_missing(one, rule) for rule in order), _plainness(one)))


def _judged(keeper: Print, prints: Sequence[Print], order: Sequence[str], bits: int) -> Cluster | None:
    """The cluster of the kept print; None where there is nothing beside it that is the same picture."""
    rest = sorted((one for one in prints if one != keeper and _is_copy(one, keeper, bits)), key=lambda one: one.path)
    others = tuple(_without_loss([_other(one, keeper) for one in rest], keeper))
    if not others:
        return None
    kind = max((one.kind for one in others), key=_KINDS.index)
    return Cluster(kind, keeper, _why_kept(keeper, best(rest, order), order), others)


def _without_loss(others: Sequence[Other], keeper: Print) -> Iterator[Other]:
    """The same, but what a person put in and the kept one does not say stays; one caption fills a gap."""
    said = set(keeper.own)
    for one in others:
        missing = [] if one.stays else unsaid(one.print.own, said)
        if fits(missing, said):
            said.update(missing)
            yield one
        else:
            yield replace(one, stays=why_stays(missing))


def _missing(one: Print, rule: str) -> int:
    """How far the print is from the best by this rule; less is better."""
    worth = {
        "edited": bool(one.edited or one.develop),
        "raw": "raw" in one.families,
        "resolution": one.pixels[0] * one.pixels[1],
        "size": one.size,
        "metadata": one.says,
        "older": -one.modified_ns,
    }
    return -worth[rule]


def _plainness(one: Print) -> tuple[int, int, int, str]:
    """What no rule tells apart: more files, the shorter path, then by name."""
    return -len(one.files), one.path.count("/"), len(one.path), one.path


def _why_kept(keeper: Print, second: Print, order: Sequence[str]) -> str:
    for rule in order:
        if _missing(keeper, rule) != _missing(second, rule):
            return _WHY[rule] if rule != "older" or keeper.modified_ns else "phototag has written to it before"
    return "the first of equals"


_WHY = {
    "edited": "it was edited",
    "raw": "it has the RAW",
    "resolution": "it has more pixels",
    "size": "its file is larger",
    "metadata": "its metadata say more",
    "older": "its file is older",
}


def _is_copy(one: Print, keeper: Print, bits: int) -> bool:
    """Is it the kept picture once more, and not another part of the same photo, such as its RAW or its video?"""
    if one.photo == keeper.photo:
        return bool(one.pictures & keeper.pictures)
    away = apart(one, keeper)
    return away is not None and away <= bits


def _other(one: Print, keeper: Print) -> Other:
    if one.digests and one.digests <= keeper.digests:
        return Other(one, EXACT, stays=_settings(one, keeper))
    if one.photo == keeper.photo:
        lacks = "" if one.pictures <= keeper.pictures else "it has a file that the kept one lacks"
        return Other(one, SAME, stays=lacks or _settings(one, keeper))
    return Other(one, NEAR, apart(one, keeper), _why_near_stays(one, keeper))


def _why_near_stays(one: Print, keeper: Print) -> str:
    if "raw" in one.families - keeper.families:
        return "it is a RAW, and the kept one is none"
    if "video" in one.families - keeper.families:
        return "it may move, and the kept one does not"
    if one.edited:
        return f"it was edited ({one.edited})"
    return _settings(one, keeper)


def _settings(one: Print, keeper: Print) -> str:
    return "it has develop settings of its own" if one.develop and one.develop != keeper.develop else ""


def apart(one: Print, other: Print) -> int | None:
    """The bits in which the hashes differ, in the hash that differs less; None where one has none."""
    found = [(mine ^ its).bit_count() for mine, its in zip(one.hashes, other.hashes, strict=False)]
    return min(found, default=None)


# ---- which are one picture


def alike(prints: Sequence[Print], bursts: bool = False) -> Iterator[list[Print]]:
    """Prints whose pictures are near, parted where they are frames of different moments; two or more each.

    Prints of one photo stay together. With `bursts` frames of a burst may be one picture.
    """
    parts: list[list[Print]] = []
    for one in prints:
        fitting = (part for part in parts if all(may_be_one(one, other, bursts) for other in part))
        part = next(fitting, None)
        if part is None:
            parts.append([one])
        else:
            part.append(one)
    yield from (part for part in parts if len(part) > 1)


def may_be_one(one: Print, other: Print, bursts: bool = False) -> bool:
    """May both be one picture, as far as camera and clock tell? RAW and JPEG of one shot are no duplicates."""
    if one.photo == other.photo:
        return True
    if ("raw" in one.families) != ("raw" in other.families) and (one.stem == other.stem or _is_one_shot(one, other)):
        return False
    if one.camera and other.camera and one.camera != other.camera:
        return False
    if bursts:
        return True
    if one.moment is None or other.moment is None or one.clock != other.clock:
        return not _are_numbered(one, other)
    if not _is_same_moment(one.moment, other.moment):
        return False
    return not _may_be_frames(one, other)


def _are_numbered(one: Print, other: Print) -> bool:
    """Do they look like frames of which no clock tells: in one folder, of one size, numbered?"""
    first, second = (_NUMBER.sub("0", print.path) for print in (one, other))
    return first == second and one.pixels == other.pixels


def _is_one_shot(one: Print, other: Print) -> bool:
    return bool(one.camera) and one.camera == other.camera and _is_same_moment(one.moment, other.moment)


def _is_same_moment(one: datetime | None, other: datetime | None) -> bool:
    """As far as both are known: many programs drop the fraction of a second."""
    if one is None or other is None:
        return False
    if one.microsecond and other.microsecond:
        return one == other
    return one.replace(microsecond=0) == other.replace(microsecond=0)


def _may_be_frames(one: Print, other: Print) -> bool:
    """May they be two frames of one second? Unless a name, a size or a fraction tells that they are not."""
    named_alike = one.stem in other.stem or other.stem in one.stem
    fraction = one.moment is not None and one.moment.microsecond and one.moment == other.moment
    return not (named_alike or fraction or one.pixels != other.pixels or one.edited or other.edited)
