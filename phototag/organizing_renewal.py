"""Which copies are out of date: their originals were changed since, and nobody but us has written the copies.

The decision here: the journal alone says whether a copy is still ours, by a chain of digests from the day on which we
made it to the file as it is; what fits into no chain is a person's and is only reported. Refused: renewing by times,
which overwrites what a person did to a copy; reading files of which no time has changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from phototag.read.identity import whole_file_digest
from phototag.records import Entry
from phototag.store.place import Place

if TYPE_CHECKING:
    from phototag.organizing_stock import Original

CURRENT, RENEW, OUTDATED = "current", "renew", "outdated"


class Renewal(NamedTuple):
    """A copy whose place a new copy of its original shall take."""

    original: Original
    target: str  # stored: our file
    expect: str  # its digest


class Verdict(NamedTuple):
    """What is to be done about one file of the tree."""

    what: str  # current: nothing | renew | outdated: a person has written it, and its original says something else
    renewal: Renewal | None = None


def of_copy(place: Place, originals: Iterable[Original], target: str, entries: Sequence[Entry]) -> Verdict:
    """What becomes of the file at `target`, of which one of these is the original, by all that was done to it.

    Its original is the one that the journal names. Where that has gone, its folder may have been moved: then another
    one counts, if it was saved after the copy was made; an older one may be a backup.
    """
    copy = _last_copy(entries)
    if copy is None:  # a person put it there
        return Verdict(CURRENT)
    origin, seen = str(copy.change.get("origin")), _seen(copy)
    ordered = list(originals)
    one = next((one for one in ordered if one.path == origin), None)
    if one is None and not os.path.lexists(place.actual(origin)):
        one = next((one for one in ordered if one.mtime_ns > seen[1]), None)
    if one is None or (one.path == origin and (one.size, one.mtime_ns) == seen):
        return Verdict(CURRENT)
    return _verdict(place, one, target, entries, {_kept(copy)})


def of_sidecar(place: Place, one: Original, target: str, entries: Sequence[Entry]) -> Verdict:
    """What becomes of the file at the place of a sidecar that was never copied from there.

    It may be a copy of the same words, from a folder that was moved since; or the sidecar that we made while there was
    none. A copy of another original that is still there keeps its place.
    """
    known = {_kept(entry) for entry in _done(entries) if entry.change.get("kind") == "copy"}
    copy = _last_copy(entries)
    verdict = _verdict(place, one, target, entries, known)
    if verdict.what == RENEW and copy is not None:
        gone = not os.path.lexists(place.actual(str(copy.change.get("origin"))))
        if not gone or one.mtime_ns <= _seen(copy)[1]:
            return Verdict(OUTDATED)
    return verdict


def _verdict(place: Place, one: Original, target: str, entries: Sequence[Entry], known: set[str]) -> Verdict:
    """By what both files hold; `known` has the digests of originals that the target was made of."""
    original, now = _digest(place, one.path), _digest(place, target)
    if not original or original in known or original == now:  # touched, or out of reach; or a person saw to it
        return Verdict(CURRENT)
    if not now or not is_ours(entries, now):
        return Verdict(OUTDATED)
    return Verdict(RENEW, Renewal(one, target, now))


def is_ours(entries: Sequence[Entry], now: str) -> bool:
    """Has nobody but us written the file with this digest, since we made it?"""
    wanted = now
    for entry in reversed(_done(entries)):
        if entry.after != wanted:
            return False
        if not entry.before:
            return True
        wanted = entry.before
    return False


def named(paths: Iterable[str]) -> dict[str, str]:
    """Paths by what a system takes them for that ignores the case of letters."""
    return {path.casefold(): path for path in paths}


def last_copies(entries: Mapping[str, Sequence[Entry]]) -> dict[str, Entry]:
    """The last copy that was made of each original and not taken back, by the original's stored path."""
    found: dict[str, Entry] = {}
    for own in entries.values():
        for entry in own:
            origin = str(entry.change.get("origin", ""))
            if entry.change.get("kind") == "copy" and entry.state == "done":
                found[origin] = entry
    return found


def _last_copy(entries: Sequence[Entry]) -> Entry | None:
    return next((entry for entry in reversed(_done(entries)) if entry.change.get("kind") == "copy"), None)


def _done(entries: Sequence[Entry]) -> list[Entry]:
    """What was done to a file and not taken back."""
    return [entry for entry in entries if entry.state == "done" and entry.change.get("kind") != "undo"]


def _seen(copy: Entry) -> tuple[int, int]:
    """Size and time of the original when the copy was made."""
    size, mtime_ns = copy.change.get("seen") or (0, 0)
    return int(size), int(mtime_ns)


def _kept(copy: Entry) -> str:
    return str(copy.keep.get("original", ""))


def _digest(place: Place, path: str) -> str:
    """Of the file as it is; "" where it cannot be read now."""
    try:
        return whole_file_digest(place.actual(path))
    except OSError:
        return ""
