"""The plan of a tree: which photos are one event, and where each file goes.

The decision here: a run with new photos adds to the tree, and only stretches of time with something new in them are
looked at; a photo of which only the day is known joins the largest event of its day, and its time divides or stretches
none. Refused: a layout that is worked out anew each time and moves what a person has seen, and events at noon.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby

from phototag.decide.events import WINDOW, Border, Differ, Event, Limits, events
from phototag.decide.layout import Layout, Unit
from phototag.organizing.names import UNDATED, Members, Style, above
from phototag.organizing.stock import Original, Passed, Stock, Stocktaking
from phototag.store.decided import Sketch, sketches
from phototag.store.library import Library, chunks
from phototag.vocabulary import no_search_for_garbage

_TOGETHER = 2_000  # decisions read at once


@dataclass(frozen=True, slots=True)
class Copy:
    """One file that is to be copied."""

    image_id: str  # the photo
    original: str  # stored path
    target: str  # relative to the root
    kind: str
    size: int
    mtime_ns: int
    expect: str = ""  # digest of our file that it replaces; "" for a new one


@dataclass(slots=True)
class Group:
    """A folder of the tree, as a person is shown it: what is new in it, and why it begins."""

    folder: str
    photos: int = 0  # new ones
    files: int = 0
    size: int = 0
    standing: int = 0  # photos of the same events that are there already
    start: datetime | None = None
    end: datetime | None = None
    borders: list[Border] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Everything that would be copied, folder by folder."""

    copies: list[Copy] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    passed: Passed = field(default_factory=Passed)
    photos: int = 0  # of the source, dated or not
    pending: list[str] = field(default_factory=list)  # photos whose copies do not say what is decided now
    renewals: list[Copy] = field(default_factory=list)  # copies whose originals were changed

    @property
    def size(self) -> int:
        return sum(copy.size for copy in self.copies)


class Planning:
    """Plans the tree of one library for the photos of one source folder. Reads only."""

    def __init__(self, library: Library, source: str, style: Style, differ: Differ | None, *, again: bool) -> None:
        self._library, self._style, self._differ = library, style, differ
        at = style.settings
        self._stocktaking = Stocktaking(library, source, trust_modified=at.event.trust_modified, again=again)
        event = at.event
        self._limits = Limits(
            event.gap_minutes, event.distance_m, event.difference, event.pause_minutes, event.content_minutes
        )
        self._events: dict[str, Event] = {}  # of the photos that are new
        self._standing: Counter[str] = Counter()  # wanted folder -> photos that stand there already

    def plan(self) -> Plan:
        """What would be copied, and where to."""
        with no_search_for_garbage():
            return self._plan()

    def _plan(self) -> Plan:
        stocks = self._stocktaking.take(self._style.settings.burst.window_s)
        by_id = {one.image_id: one for one in stocks}
        units = list(self._units_of_events(self._events_of([one for one in stocks if one.dated]), by_id))
        for one in stocks:
            if one.is_new and not one.dated:
                units.append(_unit(one, UNDATED))
        layout = Layout(self._style.settings.names.forbidden, self._occupied)
        targets = layout.place([*units, *self._neighbours(stocks, units)])
        return Plan(
            copies=[
                _copy(unit.image_id, one, targets[one.path]) for unit in units for one in by_id[unit.image_id].to_copy
            ],
            groups=self._groups(units, by_id, targets),
            passed=self._stocktaking.passed,
            photos=_of_source(stocks),
            renewals=[
                _copy(one.image_id, original, target, expect)
                for one in stocks
                for original, target, expect in one.renew
            ],
        )

    # ---- events

    def _events_of(self, dated: Sequence[Stock]) -> list[Event]:
        """The events that something new may belong to; photos of which only the day is known come last in theirs."""
        timed, of_day = [one for one in dated if not one.of_day], [one for one in dated if one.of_day]
        days = {_day(one) for one in of_day}
        days &= {_day(one) for one in dated if one.is_new} if days else set()
        chosen = self._with_something_new(timed, days)
        found = events((one.taken for one in chosen), self._limits, self._differ)
        return with_days(found, [one for one in of_day if _day(one) in days], {one.image_id: one for one in chosen})

    def _with_something_new(self, dated: Sequence[Stock], days: Collection[date]) -> list[Stock]:
        """The photos of those stretches of time, between silences that part any event, that hold a new one.

        Stretches that touch one of the days are among them. Of what came before each some photos are taken along, so
        that the border can be explained.
        """
        silence = timedelta(minutes=self._limits.gap_minutes)
        stretches: list[list[Stock]] = []
        for one in sorted(dated, key=lambda one: one.taken.at):
            if not stretches or one.taken.at - stretches[-1][-1].taken.at > silence:
                stretches.append([])
            stretches[-1].append(one)
        chosen: list[Stock] = []
        left_out: list[Stock] = []
        for stretch in stretches:
            if any(one.is_new for one in stretch) or (days and any(_day(one) in days for one in stretch)):
                chosen += left_out[-WINDOW:] + stretch
                left_out = []
            else:
                left_out = stretch
        return chosen

    def _units_of_events(self, found: Sequence[Event], stocks: dict[str, Stock]) -> Iterator[Unit]:
        decided = self._decisions([photo.image_id for event in found for photo in event.photos])
        for event in found:
            members = [(stocks[photo.image_id], next(decided)) for photo in event.photos]
            if any(stock.is_new for stock, _ in members):
                yield from self._units_of_event(event, members)

    def _decisions(self, ids: Iterable[str]) -> Iterator[Sketch]:
        """The decisions for these photos in this order, an empty one where nothing was decided."""
        for some in chunks(ids, _TOGETHER):
            known = sketches(self._library, some)
            for image_id in some:
                yield known.get(image_id) or Sketch(image_id)

    def _units_of_event(self, event: Event, members: Members) -> Iterator[Unit]:
        folders = self._style.folders(members)
        for stock, _ in members:
            if stock.is_new:
                self._events[stock.image_id] = event
                yield _unit(stock, folders[stock.image_id])
            else:
                self._standing[above(stock.standing)] += 1

    # ---- files

    def _neighbours(self, stocks: Iterable[Stock], units: Sequence[Unit]) -> Iterator[Unit]:
        """What stands already in the folders that get something new, so that no new file takes its name."""
        new = {unit.image_id for unit in units}
        folders = {unit.folder for unit in units}
        for one in stocks:
            if one.standing and one.image_id not in new and above(one.standing) in folders:
                yield _unit(one, above(one.standing))

    def _occupied(self, folder: str) -> Collection[str]:
        """What is in a folder, as the layout wants it said; a link to a folder counts as one."""
        from phototag.store.place import escape

        try:
            with os.scandir(self._library.place.actual(folder)) as entries:
                return [escape(entry.name) + ("/" if entry.is_dir() else "") for entry in entries]
        except OSError:  # it is not there yet
            return ()

    def _groups(self, units: Sequence[Unit], stocks: dict[str, Stock], targets: dict[str, str]) -> list[Group]:
        """The folders that get something, by name; spelled as they will be on the disk."""
        groups: dict[str, Group] = {}
        seen: set[tuple[str, int]] = set()  # folders with the events that were met there
        for unit in units:
            new = stocks[unit.image_id].to_copy
            folder = above(targets[new[0].path])
            group = groups.setdefault(folder, Group(folder, standing=self._standing.get(folder, 0)))
            group.photos += 1
            group.files += len(new)
            group.size += sum(one.size for one in new)
            event = self._events.get(unit.image_id)
            if event is None or (folder, id(event)) in seen:
                continue
            seen.add((folder, id(event)))
            times = [photo.at for photo in event.photos if not stocks[photo.image_id].of_day]
            group.start = min(filter(None, (group.start, *times)), default=None)
            group.end = max(filter(None, (group.end, *times)), default=None)
            if event.border:
                group.borders.append(event.border)
        return [groups[folder] for folder in sorted(groups)]


def _unit(stock: Stock, folder: str) -> Unit:
    origin = stock.originals[0].path if stock.standing and stock.originals else ""
    return Unit(stock.image_id, tuple(one.path for one in stock.to_copy), folder, stock.standing, origin)


def with_days(found: Sequence[Event], of_day: Iterable[Stock], stocks: Mapping[str, Stock]) -> list[Event]:
    """Every photo of a day in an event of that day; on a day without events they are one of their own.

    It is the event in whose folder it stands, else the largest of that day, else the one nearest to noon.
    """
    waiting: dict[date, list[Stock]] = defaultdict(list)
    for one in sorted(of_day, key=lambda one: (one.taken.at, one.taken.path, one.image_id)):
        waiting[_day(one)].append(one)
    ranked: dict[date, list[tuple[int, timedelta, int]]] = defaultdict(list)
    for number, event in enumerate(found if waiting else ()):
        for day, photos in groupby(event.photos, key=lambda photo: photo.at.date()):
            if day in waiting:
                times, noon = [photo.at for photo in photos], datetime.combine(day, time(12))
                ranked[day].append((-len(times), min(abs(at - noon) for at in times), number))
    joined: dict[int, list[Stock]] = defaultdict(list)
    for day, some in ranked.items():
        homes: dict[str, int] = {}
        for *_, number in sorted(some, reverse=True):  # the first choice is written last
            homes |= dict.fromkeys((above(stocks[one.image_id].standing) for one in found[number].photos), number)
            homes[""] = number
        for one in waiting.pop(day):
            joined[homes.get(above(one.standing), homes[""])].append(one)
    fuller = [
        replace(event, photos=(*event.photos, *(one.taken for one in joined[number]))) if number in joined else event
        for number, event in enumerate(found)
    ]
    return [*fuller, *(Event(tuple(one.taken for one in some), None) for some in waiting.values())]


def _day(one: Stock) -> date:
    return one.taken.at.date()


def _of_source(stocks: Iterable[Stock]) -> int:
    return sum(bool(one.originals) for one in stocks)


def _copy(image_id: str, one: Original, target: str, expect: str = "") -> Copy:
    return Copy(image_id, one.path, target, one.kind, one.size, one.mtime_ns, expect)
