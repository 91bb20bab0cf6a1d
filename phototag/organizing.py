"""The plan of a tree: which photos are one event, how its folder is called, and where each file goes.

The decision here: an event keeps the folder in which some of its photos stand already, so that a run with new photos
adds to the tree and never builds another one beside it; only stretches of time with something new in them are looked
at. Refused: a layout that is worked out anew each time and moves what a person has seen.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from phototag.decide.event_words import words
from phototag.decide.events import WINDOW, Border, Differ, Event, Limits, events
from phototag.decide.layout import Layout, Unit
from phototag.decide.naming import Named, Rules, Template
from phototag.decide.tongues import country_name
from phototag.organizing_stock import Original, Passed, Stock, Stocktaking
from phototag.settings import Settings
from phototag.store.decided import Sketch, sketches
from phototag.store.library import Library, chunks
from phototag.vocabulary import Vocabulary, no_search_for_garbage

UNDATED = "undated"
_MOSTLY = 0.4  # share of an event's placed photos that a place needs to give it its name
_TOGETHER = 2_000  # decisions read at once
_PARTS = ("location", "city", "state", "country")


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


@dataclass(frozen=True)
class Style:
    """How folders are named."""

    template: Template
    rules: Rules
    vocabulary: Vocabulary
    settings: Settings


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
        dated = self._with_something_new([one for one in stocks if one.dated])
        units = list(self._units_of_events(events((one.taken for one in dated), self._limits, self._differ), by_id))
        for one in stocks:
            if one.is_new and not one.dated:
                units.append(_unit(one, UNDATED))
        layout = Layout(self._style.settings.names.forbidden, self._occupied)
        targets = layout.place([*units, *self._neighbours(stocks, units)])
        copies = list(self._copies(units, by_id, targets))
        return Plan(copies, self._groups(units, by_id, targets), self._stocktaking.passed, _of_source(stocks))

    # ---- events

    def _with_something_new(self, dated: Sequence[Stock]) -> list[Stock]:
        """The photos of those stretches of time, between silences that part any event, that hold a new one.

        Of what came before each some photos are taken along, so that the border can be explained.
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
            if any(one.is_new for one in stretch):
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

    def _units_of_event(self, event: Event, members: Sequence[tuple[Stock, Sketch]]) -> Iterator[Unit]:
        special = self._special(members)
        own = [(stock, decision) for stock, decision in members if stock.image_id not in special]
        folder = ""
        if any(stock.is_new for stock, _ in own):
            folder = standing_folder(stock for stock, _ in own) or self._folder_of(own)
        for stock, _ in members:
            wanted = special.get(stock.image_id, folder)
            if stock.is_new:
                self._events[stock.image_id] = event
                yield _unit(stock, wanted)
            elif wanted == folder and folder:
                self._standing[folder] += 1

    def _special(self, members: Sequence[tuple[Stock, Sketch]]) -> dict[str, str]:
        """Photo -> the folder to which a rule sends it."""
        if not self._style.settings.rules:
            return {}
        found = {}
        for stock, decision in members:
            if template := self._style.rules.folder_for([tag.term for tag in decision.tags]):
                named = self._named([stock], [decision])
                found[stock.image_id] = template.folder(named, self._style.settings.languages.folders, self._forbidden)
        return found

    def _folder_of(self, members: Sequence[tuple[Stock, Sketch]]) -> str:
        named = self._named([stock for stock, _ in members], [decision for _, decision in members])
        return self._style.template.folder(named, self._style.settings.languages.folders, self._forbidden)

    def _named(self, stocks: Sequence[Stock], decisions: Sequence[Sketch]) -> Named:
        at, language = self._style.settings.names, self._style.settings.languages.folders
        place = common_place(decisions)
        country = country_name(place.get("country_code", ""), language, place.get("country", ""))
        cameras = Counter(stock.taken.camera for stock in stocks if stock.taken.camera)
        return Named(
            start=stocks[0].taken.at,
            end=stocks[-1].taken.at,
            city=place.get("city", ""),
            state=place.get("state", ""),
            country=country,
            country_code=place.get("country_code", ""),
            landmark=place.get("location", ""),
            keywords=words(
                [decision.tags for decision in decisions],
                self._style.vocabulary,
                language,
                at.stop_words,
                at.keywords,
                avoid=[*place.values(), country],
            ),
            camera=cameras.most_common(1)[0][0] if cameras else "",
            count=len(stocks),
        )

    # ---- files

    def _neighbours(self, stocks: Iterable[Stock], units: Sequence[Unit]) -> Iterator[Unit]:
        """What stands already in the folders that get something new, so that no new file takes its name."""
        new = {unit.image_id for unit in units}
        folders = {unit.folder for unit in units}
        for one in stocks:
            if one.standing and one.image_id not in new and one.standing.rpartition("/")[0] in folders:
                yield _unit(one, one.standing.rpartition("/")[0])

    def _occupied(self, folder: str) -> Collection[str]:
        from phototag.store.place import escape

        try:
            return [escape(name) for name in os.listdir(self._library.place.actual(folder))]  # noqa: PTH208 - names
        except OSError:  # it is not there yet
            return ()

    def _copies(self, units: Sequence[Unit], stocks: dict[str, Stock], targets: dict[str, str]) -> Iterator[Copy]:
        for unit in units:
            for one in stocks[unit.image_id].to_copy:
                yield _copy(unit.image_id, one, targets[one.path])

    def _groups(self, units: Sequence[Unit], stocks: dict[str, Stock], targets: dict[str, str]) -> list[Group]:
        """The folders that get something, by name; spelled as they will be on the disk."""
        groups: dict[str, Group] = {}
        for unit in units:
            new = stocks[unit.image_id].to_copy
            folder = targets[new[0].path].rpartition("/")[0]
            group = groups.setdefault(folder, Group(folder))
            group.photos += 1
            group.files += len(new)
            group.size += sum(one.size for one in new)
            group.standing += self._standing.pop(unit.folder, 0)
            if event := self._events.get(unit.image_id):
                group.start = min(filter(None, (group.start, event.photos[0].at)))
                group.end = max(filter(None, (group.end, event.photos[-1].at)))
                if event.border and event.border not in group.borders:
                    group.borders.append(event.border)
        return [groups[folder] for folder in sorted(groups)]

    @property
    def _forbidden(self) -> str:
        return self._style.settings.names.forbidden


def _unit(stock: Stock, folder: str) -> Unit:
    origin = stock.originals[0].path if stock.standing and stock.originals else ""
    return Unit(stock.image_id, tuple(one.path for one in stock.to_copy), folder, stock.standing, origin)


def _of_source(stocks: Iterable[Stock]) -> int:
    return sum(bool(one.originals) for one in stocks)


def _copy(image_id: str, one: Original, target: str) -> Copy:
    return Copy(image_id, one.path, target, one.kind, one.size, one.mtime_ns)


def standing_folder(stocks: Iterable[Stock]) -> str:
    """The folder in which most of these photos stand; "" if none does."""
    folders = Counter(stock.standing.rpartition("/")[0] for stock in stocks if stock.standing)
    return min(folders, key=lambda folder: (-folders[folder], folder)) if folders else ""


def common_place(decisions: Sequence[Sketch]) -> dict[str, str]:
    """The place that most of the photos share, as exactly as enough of them do; without those that have none."""
    placed = [decision.place for decision in decisions if decision.place]
    if not placed:
        return {}
    found: dict[str, str] = {}
    for part in reversed(_PARTS):
        inside = [
            place
            for place in placed
            if all(place.get(name, "") == found[name] for name in found if name != "country_code")
        ]
        names = Counter(name for place in inside if (name := place.get(part, "")))
        if not names:
            continue
        name, count = min(names.items(), key=lambda one: (-one[1], one[0]))
        if count < _MOSTLY * len(placed):
            break
        found[part] = name
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for place in placed:
        codes[place.get("country", "")][place.get("country_code", "")] += 1
    if found.get("country"):
        found["country_code"] = codes[found["country"]].most_common(1)[0][0]
    return found
