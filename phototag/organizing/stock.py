"""What there is to organise: each photo's originals, and which of them stand in the tree already.

The decision here: a picture stands in the tree if the tree holds it under any name, so that folders may be renamed and
photos moved by hand; a file without a picture of its own is known by the journal, which names original and copy.
Refused: a list of what was copied that a person's file manager knows nothing of.
"""

from __future__ import annotations

import filecmp
import itertools
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from phototag.decide.events import Taken
from phototag.decide.groups import Shot, bursts
from phototag.decide.legal import fold, parted
from phototag.organizing.renewal import Renewal, judged, seen_by
from phototag.organizing.twins import chosen_of, ending, stem
from phototag.store.library import Library, chunks

_AT_ONCE = 500  # files of the tree that the journal is asked about
_FILES = ("path", "kind", "image_id", "size", "mtime_ns")


class _Row(NamedTuple):
    """What the table says of a photo."""

    image_id: str
    taken_at: str | None
    date_source: str | None
    camera: str | None
    lat: float | None
    lon: float | None
    facts: str


@dataclass(frozen=True, slots=True)
class Original:
    """One file of the source."""

    path: str  # stored
    kind: str
    image_id: str  # "" of a sidecar
    size: int
    mtime_ns: int

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


class _Copied(NamedTuple):
    """Where an original was copied to, and what was seen of it then."""

    target: str
    seen: tuple[int, int]


class _Doubt(NamedTuple):
    """A file of the tree whose original may say something else by now."""

    stock: Stock
    one: Original
    others: list[Original]
    target: str
    was_copied: bool  # from there to this place, as far as is known


@dataclass(slots=True)
class Stock:
    """One photo of the source or of the tree: its files to copy, and where it stands already."""

    taken: Taken
    dated: bool
    burst_id: str = ""
    originals: list[Original] = field(default_factory=list)  # one of each picture, with their sidecars; leading first
    to_copy: list[Original] = field(default_factory=list)
    renew: list[Renewal] = field(default_factory=list)  # copies whose originals were changed since
    standing: str = ""  # folder and stem of its copies, relative to the root; "" if there are none
    of_day: bool = False  # its time is not known, only its day

    @property
    def image_id(self) -> str:
        return self.taken.image_id

    @property
    def is_new(self) -> bool:
        return bool(self.to_copy)


@dataclass
class Passed:
    """Originals that are not copied, by why."""

    there: int = 0  # the tree holds them
    twins: int = 0  # another file of the source is the same picture
    changed: list[str] = field(default_factory=list)  # copies that a person has changed since: theirs
    deleted: list[str] = field(default_factory=list)  # copies that a person has deleted
    outdated: list[str] = field(default_factory=list)  # copies of a person's, whose originals were changed as well
    left: list[str] = field(default_factory=list)  # sidecars of the source for which another folder's was taken


class Stocktaking:
    """Looks through the tables of one library for photos that have a file below the source."""

    def __init__(self, library: Library, source: str, *, trust_modified: bool, again: bool = False) -> None:
        self._library, self._source, self._trust, self._again = library, f"{source}/", trust_modified, again
        self.passed = Passed()
        self._doubts: list[_Doubt] = []
        self._near: dict[str, tuple[list[Original], list[Original]]] = {}  # sidecars of photos, and all their copies

    def take(self, window_s: float) -> list[Stock]:
        """Every photo, with what has to be copied; bursts are marked, so that no event splits them."""
        files = self._files()
        rows = itertools.starmap(_Row, self._library.lance.tuples("photos", _Row._fields, "status = 'present'"))
        stocks = [self._stock(row, *files[row.image_id]) for row in rows if row.image_id in files]
        self._pass_over([stock for stock in stocks if stock.is_new])
        self._settle_doubts()
        return _with_runs(stocks, window_s)

    def _files(self) -> dict[str, tuple[list[Original], list[Original]]]:
        """Photo -> its originals and its files in the tree: what came from other sources is part of the same events."""
        found: dict[str, tuple[list[Original], list[Original]]] = defaultdict(lambda: ([], []))
        where = "status = 'present' AND photo_id <> ''"
        for photo_id, *parts in self._library.lance.tuples("files", ("photo_id", *_FILES), where):
            one = Original(*parts)
            if one.path.startswith(self._source):
                found[photo_id][0].append(one)
            elif not one.path.startswith("/"):
                found[photo_id][1].append(one)
        return found

    def _stock(self, row: _Row, originals: list[Original], copies: list[Original]) -> Stock:
        chosen, left = chosen_of(originals, self._alike) if originals else ([], [])
        self.passed.left += left
        self.passed.twins += _pictures(originals) - _pictures(chosen)
        there = {copy.image_id for copy in copies if copy.image_id}
        missing = [one for one in chosen if not one.image_id or one.image_id not in there]
        self.passed.there += len(chosen) - len(missing)
        standing = next((copy.path for copy in sorted(copies, key=lambda copy: copy.path) if copy.image_id), "")
        stock = Stock(
            taken=_taken(row, chosen[0].path if chosen else copies[0].path),
            dated=bool(row.taken_at) and (self._trust or row.date_source != "modified"),
            burst_id=_burst_id(row.facts),
            originals=chosen,
            to_copy=missing,
            standing=without_suffix(standing),
            of_day=row.date_source == "name" and (row.taken_at or "").endswith("T12:00:00"),
        )
        if missing and copies:
            self._near[stock.image_id] = ([one for one in originals if not one.image_id], copies)
        self._doubt_pictures(stock, originals, copies)
        return stock

    def _alike(self, one: Original, other: Original) -> bool:
        """Do two sidecars hold the same? Read only where size and time do not tell."""
        if one.size != other.size or one.mtime_ns == other.mtime_ns:
            return one.size == other.size
        actual = self._library.place.actual
        try:
            return filecmp.cmp(actual(one.path), actual(other.path), shallow=False)
        except OSError:  # one has gone meanwhile
            return False

    # ---- what was copied before

    def _pass_over(self, stocks: Sequence[Stock]) -> None:
        """Take off the list what the journal says was copied before, and learn where it went."""
        copied: dict[str, _Copied] = {}
        for some in chunks(stock.image_id for stock in stocks):
            for entries in self._library.changes.of_images(some).values():
                for entry in entries:
                    origin, target = str(entry.change.get("origin", "")), str(entry.change.get("target", ""))
                    if entry.change.get("kind") != "copy":
                        continue
                    if entry.state == "done":
                        copied[origin] = _Copied(target, seen_by(entry))
                    elif origin in copied and copied[origin].target == target and not entry.change.get("expect"):
                        del copied[origin]  # taken back; of a renewal, the copy of before is there again
        for stock in stocks:
            stock.to_copy = [one for one in stock.to_copy if not self._was_copied(one, stock, copied.get(one.path))]

    def _was_copied(self, one: Original, stock: Stock, copied: _Copied | None) -> bool:
        if not copied:
            return not one.image_id and self._is_in_place(one, stock)
        target = copied.target
        if os.path.lexists(self._library.place.actual(target)):
            if one.image_id:
                self.passed.changed.append(target)
            else:
                self.passed.there += 1
                if copied.seen != (one.size, one.mtime_ns):
                    self._doubts.append(_Doubt(stock, one, [], target, True))
            stock.standing = stock.standing or without_suffix(target)
            return True
        if one.image_id == "" and stock.standing not in ("", without_suffix(target)):  # it was moved with its photo
            self.passed.there += 1
            return True
        if not self._again:
            self.passed.deleted.append(target)
        return not self._again

    def _is_in_place(self, one: Original, stock: Stock) -> bool:
        """Does a file stand where this sidecar, that was never copied from here, belongs?"""
        sidecars, copies = self._near.get(stock.image_id, ([], []))
        if not stock.standing:
            return False
        own = {other.image_id for other in stock.originals if other.image_id and stem(other.path) == stem(one.path)}
        of_own = sorted(copy.path for copy in copies if copy.image_id in own)
        place = (without_suffix(of_own[0]) if of_own else stock.standing) + ending(one.path)
        alike = [copy.path for copy in copies if not copy.image_id and fold(copy.path) == fold(place)]
        target = place if place in alike else next(iter(alike), place)
        if not os.path.lexists(self._library.place.actual(target)):
            return False
        self.passed.there += 1
        self._doubts.append(_Doubt(stock, one, sidecars, target, False))
        return True

    # ---- what has become of the originals since

    def _doubt_pictures(self, stock: Stock, originals: Sequence[Original], copies: Sequence[Original]) -> None:
        """A copy has the time of its original until one of them is written."""
        for copy in copies:
            if not copy.image_id:
                continue
            same = [one for one in originals if one.image_id == copy.image_id]
            if any(one.mtime_ns != copy.mtime_ns for one in same):
                chosen = next(one for one in stock.originals if one.image_id == copy.image_id)
                self._doubts.append(_Doubt(stock, chosen, same, copy.path, True))

    def _settle_doubts(self) -> None:
        """Ask the journal, and the files themselves where it cannot tell."""
        for start in range(0, len(self._doubts), _AT_ONCE):
            some = self._doubts[start : start + _AT_ONCE]
            entries = self._library.changes.of_targets([doubt.target for doubt in some])
            for stock, one, others, target, was_copied in some:
                how, renewal = judged(self._library.place, one, others, target, entries.get(target, []))
                if how == "current":
                    continue
                self.passed.there -= 1
                if renewal:
                    stock.renew.append(renewal)
                elif how == "left":
                    self.passed.left.append(one.path)
                else:
                    (self.passed.outdated if was_copied else self.passed.changed).append(target)
        self._doubts, self._near = [], {}


def _pictures(files: Iterable[Original]) -> int:
    return sum(bool(one.image_id) for one in files)


def without_suffix(path: str) -> str:
    """Folder and stem of a file."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{parted(name)[0]}"


def _taken(row: _Row, path: str) -> Taken:
    return Taken(
        image_id=row.image_id,
        at=datetime.fromisoformat(row.taken_at) if row.taken_at else datetime.min,
        camera=row.camera or "",
        gps=(row.lat, row.lon) if row.lat is not None and row.lon is not None else None,
        path=path,
    )


def _burst_id(facts: str) -> str:
    """The camera's own word, read without parsing all that the file says."""
    _, found, rest = (facts or "").partition('"burst_id":"')
    return rest.partition('"')[0] if found else ""


def _with_runs(stocks: Sequence[Stock], window_s: float) -> list[Stock]:
    """The same, each shot of a burst with the burst's name."""
    shots = [
        Shot(one.image_id, one.taken.camera, (one.taken.at - datetime(1970, 1, 1)).total_seconds(), one.burst_id)
        for one in stocks
        if one.dated
    ]
    runs = {shot.image_id: burst[0].image_id for burst in bursts(shots, window_s) for shot in burst}
    for one in stocks:
        if run := runs.get(one.image_id):
            one.taken = replace(one.taken, run=run)
    return list(stocks)
