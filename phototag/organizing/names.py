"""The folder of an event: the one in which it stands, else one that its photos give a name to.

The decision here: an event stands where its own photos stand, under whatever name a person gave that folder; what a
rule or a hand took elsewhere speaks for no other photo while any of them can. Refused: to ask the template again, by
which one new photo renames a folder that a person knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from phototag.decide.event_words import words
from phototag.decide.legal import fold
from phototag.decide.naming import Named, Rules, Template
from phototag.decide.tongues import country_name
from phototag.organizing.stock import Stock
from phototag.settings import Settings
from phototag.store.decided import Sketch
from phototag.vocabulary import Vocabulary

UNDATED = "undated"
_MOSTLY = 0.4  # share of an event's placed photos that a place needs to give it its name
_THIRD = 3  # one in so many of the standing photos is enough to decide
_PARTS = ("country", "state", "city", "location")

Members = Sequence[tuple[Stock, Sketch]]  # the photos of one event, each with what was decided for it


@dataclass(frozen=True)
class Style:
    """How folders are named."""

    template: Template
    rules: Rules
    vocabulary: Vocabulary
    settings: Settings

    def folders(self, members: Members) -> dict[str, str]:
        """Photo -> the folder where it belongs; all that no rule sends elsewhere go to the folder of the event."""
        special = self._special(members)
        own = [(stock, decision) for stock, decision in members if stock.image_id not in special]
        folder = ""
        if any(stock.is_new for stock, _ in own):
            folder = event_folder([stock for stock, _ in members], special) or self._folder(self.template, own)
        return {stock.image_id: special.get(stock.image_id, folder) for stock, _ in members}

    def _special(self, members: Members) -> dict[str, str]:
        """Photo -> the folder to which a rule sends it."""
        if not self.settings.rules:
            return {}
        found = {}
        for stock, decision in members:
            if template := self.rules.folder_for([tag.term for tag in decision.tags]):
                found[stock.image_id] = self._folder(template, [(stock, decision)])
        return found

    def _folder(self, template: Template, members: Members) -> str:
        return template.folder(self._named(members), self.settings.languages.folders, self.settings.names.forbidden)

    def _named(self, members: Members) -> Named:
        at, language = self.settings.names, self.settings.languages.folders
        decisions = [decision for _, decision in members]
        place = common_place(decisions)
        country = country_name(place.get("country_code", ""), language, place.get("country", ""))
        times = [stock.taken.at for stock, _ in members if not stock.of_day]
        cameras = Counter(stock.taken.camera for stock, _ in members if stock.taken.camera)
        return Named(
            start=min(times, default=members[0][0].taken.at),
            end=max(times, default=members[-1][0].taken.at),
            city=place.get("city", ""),
            state=place.get("state", ""),
            country=country,
            country_code=place.get("country_code", ""),
            landmark=place.get("location", ""),
            keywords=words(
                [decision.tags for decision in decisions],
                self.vocabulary,
                language,
                at.stop_words,
                at.keywords,
                avoid=[*place.values(), country],
            ),
            camera=_commonest(cameras),
            count=len(members),
            by_day=not times,
        )


def event_folder(stocks: Collection[Stock], special: Mapping[str, str]) -> str:
    """The folder in which an event stands already; "" if it stands in none.

    Photos whose time is known are asked first: they made the event. Those that a rule sends elsewhere are asked last,
    and only where they stand in another folder than that of the rule: there they stood before the rule was made.
    """
    own = [stock for stock in stocks if stock.standing and stock.image_id not in special]
    sent = [stock for stock in stocks if stock.standing and stock.image_id in special]
    asked = (
        (stock.standing for stock in own if not stock.of_day),
        (stock.standing for stock in own if stock.of_day),
        (stock.standing for stock in sent if fold(above(stock.standing)) != fold(special[stock.image_id])),
    )
    return next(filter(None, map(standing_folder, asked)), "")


def standing_folder(standing: Iterable[str]) -> str:
    """The folder in which most of these photos stand; "" where that is less than a third of them.

    Photos without a date and those in the root itself stand in no event's folder.
    """
    folders = Counter(map(above, standing))
    for folder in [one for one in folders if not one or one.partition("/")[0] == UNDATED]:
        del folders[folder]
    folder = _commonest(folders)
    return folder if _THIRD * folders[folder] >= folders.total() else ""


def common_place(decisions: Sequence[Sketch]) -> dict[str, str]:
    """The place that most of the photos share, as exactly as enough of them do; without those that have none."""
    placed = [decision.place for decision in decisions if decision.place]
    inside, found = placed, dict[str, str]()
    for part in _PARTS:
        names = Counter(name for place in inside if (name := place.get(part, "")))
        if not names:
            continue
        name = _commonest(names)
        if names[name] < _MOSTLY * len(placed):
            break
        found[part] = name
        inside = [place for place in inside if place.get(part, "") == name]
    if country := found.get("country"):
        codes = Counter(place.get("country_code", "") for place in placed if place.get("country", "") == country)
        found["country_code"] = _commonest(codes)
    return found


def above(path: str) -> str:
    """The folder of a path; "" of one in the root."""
    return path.rpartition("/")[0]


def _commonest(counted: Counter[str]) -> str:
    """What is there most often, the first by name of those that are there as often; "" of nothing."""
    return min(counted, key=lambda one: (-counted[one], one), default="")
