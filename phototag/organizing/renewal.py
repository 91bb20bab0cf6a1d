"""Which copies are out of date: their originals were changed since, and nobody but us has written the copies.

The decision here: the journal alone says whether a copy is still ours, by a chain of digests from the day on which we
made it to the file as it is; what fits into no chain is a person's and is only reported. Refused: renewing by times,
which overwrites what a person did to a copy; reading files of which no time has changed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from phototag.read.identity import whole_file_digest
from phototag.records import Entry
from phototag.store.place import Place

if TYPE_CHECKING:
    from phototag.organizing.stock import Original


class Renewal(NamedTuple):
    """A file of ours in the tree, whose place a new copy of its original shall take."""

    original: Original
    target: str  # stored
    expect: str  # digest of the file


class Verdict(NamedTuple):
    """What is to be done about a file of the tree."""

    how: str  # current: nothing | renew | outdated: a person wrote it | left: it is a copy of another original
    renewal: Renewal | None = None


CURRENT, OUTDATED, LEFT = Verdict("current"), Verdict("outdated"), Verdict("left")


def judged(place: Place, one: Original, others: Sequence[Original], target: str, entries: Sequence[Entry]) -> Verdict:
    """What becomes of the file at `target`, the place of the copy of `one`, by all that was done to it.

    If the journal names one of the `others` as its original, that one counts. If it names one that is not there any
    more, the folder was moved, or its disk is away and this is a backup: the later one has to be the newer one.
    """
    copy = next((entry for entry in reversed(_done(entries)) if entry.change.get("kind") == "copy"), None)
    if copy is None:  # a person's picture, or a sidecar: it may be the one that we made while there was none
        return CURRENT if one.image_id else _verdict(place, one, target, entries)
    origin, seen = str(copy.change.get("origin", "")), seen_by(copy)
    named = next((other for other in (one, *others) if other.path == origin), None)
    if named:
        return CURRENT if (named.size, named.mtime_ns) == seen else _verdict(place, named, target, entries)
    if one.image_id and (one.size == seen[0] or one.mtime_ns <= seen[1]):  # not worth reading it
        return CURRENT
    verdict = _verdict(place, one, target, entries)
    if verdict is CURRENT or (one.mtime_ns > seen[1] and not os.path.lexists(place.actual(origin))):
        return verdict
    return CURRENT if one.image_id else LEFT


def _verdict(place: Place, one: Original, target: str, entries: Sequence[Entry]) -> Verdict:
    """By what both files hold."""
    original, now = _digest(place, one.path), _digest(place, target)
    made_of = [entry.keep.get("original") for entry in _done(entries) if entry.change.get("kind") == "copy"]
    if not original or original in (now, *made_of[-1:]):  # out of reach; or only its time is another one
        return CURRENT
    if not is_ours(entries, now) or os.path.islink(place.actual(target)):  # noqa: PTH114 - may hold undecodable bytes
        return OUTDATED
    return Verdict("renew", Renewal(one, target, now))


def is_ours(entries: Sequence[Entry], now: str) -> bool:
    """Has nobody but us written the file with this digest since we made it?"""
    wanted = now
    for entry in reversed(_done(entries)):
        if entry.after != wanted:
            return False
        if not entry.before:
            return True
        wanted = entry.before
    return False


def seen_by(copy: Entry) -> tuple[int, int]:
    """Size and time of the original when the copy was made."""
    size, mtime_ns = copy.change.get("seen") or (0, 0)
    return int(size), int(mtime_ns)


def _done(entries: Sequence[Entry]) -> list[Entry]:
    """What was done to a file and was not taken back, the oldest first."""
    return [entry for entry in entries if entry.state == "done" and entry.change.get("kind") != "undo"]


def _digest(place: Place, path: str) -> str:
    """Of a file as it is; "" where it cannot be read now."""
    try:
        return whole_file_digest(place.actual(path))
    except OSError:
        return ""
