"""What the place of a photo is called: the landmark and the road at its GPS point, asked online where the user says so.

The decision here: a landmark is a thing with a name that a person would call a place; a road, a house number, a home, a
bench is none. Each spot is asked about once and for good, to about ten metres; a server that fails five times in a row
is left alone for the rest of the run, and the photos that nobody asked about get no evidence at all: they stay pending.
Refused: an error for each of them, which would make one broken line look like a thousand bad photos.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag.errors import NoBackend, UsageError
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence, Gps
from phototag.report import Report
from phototag.settings import Settings
from phototag.store.answers import Answers

if TYPE_CHECKING:
    from phototag.backends.online import Nominatim

FAILURES = 5  # in a row, after which the run asks no more
_DECIMALS = 4  # of a degree: photos of one spot are one question, and the server learns no more than the spot
_VERSION = 1


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a person would call a place, by OpenStreetMap's classes: of some classes only these types, of others all but.
_ALL_BUT: Mapping[str, frozenset[str]] = {
    "tourism": _words("information"),  # signposts
    "historic": _words("memorial boundary_stone milestone"),  # the stones in the pavement bear people's names
    "leisure": _words("picnic_table pitch fitness_station outdoor_seating swimming_pool"),
    "natural": _words("tree tree_row"),
    "amenity": _words(
        "atm bench bicycle_parking bicycle_rental bicycle_repair_station bureau_de_change car_rental car_sharing",
    )
    | _words("charging_station clock compressed_air fuel grit_bin letter_box loading_dock motorcycle_parking parking")
    | _words("parking_entrance parking_space payment_terminal post_box recycling shelter shower taxi telephone toilets")
    | _words("vending_machine waste_basket waste_disposal water_point"),
    "building": _words("apartments bungalow detached dormitory garage garages house hut residential shed terrace"),
}
_ONLY: Mapping[str, frozenset[str]] = {
    "place": _words("square island islet"),
    "man_made": _words("bridge lighthouse observatory obelisk pier tower watermill windmill"),
    "railway": _words("station"),
    "aeroway": _words("aerodrome"),
}
_CITY = ("city", "town", "village", "municipality", "hamlet")
_STATE = ("state", "region", "province")
_ROAD = ("road", "pedestrian", "footway", "path", "cycleway")


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, where the answers are kept, and who is told that something is asked."""

    server: Nominatim
    answers: Answers
    report: Report


class Address(LocalLook):
    """The step `address`. Without `asking` it only has a name: it makes nothing, and every photo stays pending."""

    name = "address"
    needs_picture = False
    parallel = 1  # a lane of its own, which waits for the server's second while the models work

    def __init__(self, server: str, language: str, asking: Asking | None = None) -> None:
        self.maker = f"address/nominatim@{server}/{language}/{_VERSION}"
        self._about = f"{server} {language}"
        self._asking = asking
        self._said = self._given_up = False
        self._failures = 0  # in a row
        self._failed: set[str] = set()  # questions of this run: the next photo of the spot would only fail again

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        """One evidence for each photo, none for those that the server was not asked about."""
        if self._asking is None:
            return []
        made = (self._evidence(self._asking, subject) for subject in batch)
        return [evidence for evidence in made if evidence]

    def _evidence(self, asking: Asking, subject: Subject) -> Evidence | None:
        gps = subject.facts.gps
        if gps is None:
            return Evidence(subject.image_id, self.name, self.maker, {})
        lat, lon = _spot(gps)
        question = f"{self._about} {lat:.{_DECIMALS}f},{lon:.{_DECIMALS}f}"
        known = asking.answers.get(question)
        if known is None and (self._given_up or question in self._failed):
            return None
        if known is None:
            self._say_it_once(asking)
            reply = asking.server.place(lat, lon)
            known = reply.found
            if known is None:
                self._failed.add(question)
                self._count_failure(asking, reply.error, closed=reply.closed)
                return Evidence(subject.image_id, self.name, self.maker, error=reply.error)
            self._failures = 0
            asking.answers.keep(question, known)
        return Evidence(subject.image_id, self.name, self.maker, value(known))

    def _say_it_once(self, asking: Asking) -> None:
        """Before the first byte leaves; a run that finds all its answers kept tells nobody anything."""
        if not self._said:
            self._said = True
            asking.report.say(notice(asking.server.host))

    def _count_failure(self, asking: Asking, reason: str, *, closed: bool) -> None:
        self._failures += 1
        if closed or self._failures >= FAILURES:
            self._given_up = True
            end = "The other photos keep the place that is known offline; run the same command again later."
            asking.report.warn(f"{reason}. It is not asked any more in this run. {end}")


def notice(host: str) -> str:
    """What a run says before it asks."""
    return f"Asking {host} for the names of places: it learns where these photos were taken."


def step(using: Settings, state: Path | None = None, report: Report | None = None) -> Address:
    """The step as the settings have it, asking if it is told where answers are kept and whom to tell; or NoBackend."""
    server, language = using.online.server.rstrip("/"), using.languages.keywords
    if "@" in server:  # it would stand in every table and log
        raise UsageError("The setting online.server must not hold a name or a password.", "Write https://HOST")
    if state is None or report is None:
        return Address(server, language)
    try:
        from phototag.backends.online import Nominatim
    except ImportError as trouble:
        sentence = f"The names of places come through the package geopy, which is not installed: {trouble.name}."
        raise NoBackend(sentence, 'Install it: pip install "phototag[online]"') from trouble
    asked = Nominatim(server, language, using.online.timeout_s)
    return Address(server, language, Asking(asked, Answers(state / "answers" / "nominatim.jsonl"), report))


def value(reply: Mapping[str, Any]) -> dict[str, str]:
    """The names in a checked reply, each "" where it has none."""
    found = reply.get("address")
    address = {part: name for part, name in found.items() if isinstance(name, str)} if isinstance(found, dict) else {}
    road = _first(address, _ROAD)
    kind, name = _landmark(reply, address, frozenset({road, address.get("house_number", "")}))
    code = address.get("country_code", "")
    return {
        "name": name,
        "kind": kind,
        "road": road,
        "city": _first(address, _CITY),
        "state": _first(address, _STATE),
        "postcode": address.get("postcode", ""),
        "country": address.get("country", ""),
        "country_code": code.upper() if len(code) == 2 and code.isascii() and code.isalpha() else "",
    }


def _landmark(reply: Mapping[str, Any], address: Mapping[str, str], others: frozenset[str]) -> tuple[str, str]:
    """Kind and name of what stands there, if it is a place with a name of its own; two empty texts if not."""
    group, type_ = str(reply.get("class") or ""), str(reply.get("type") or "")
    if not group:  # older servers say what it is by the name of the address's part alone
        group = next((part for part in _ALL_BUT if address.get(part)), "")
    is_place = type_ not in _ALL_BUT[group] if group in _ALL_BUT else type_ in _ONLY.get(group, ())
    name = str(reply.get("name") or "") or address.get(group, "") or address.get(type_, "")
    if not is_place or name in others or not any(one.isalpha() for one in name):
        return "", ""
    return f"{group}/{type_}".rstrip("/"), name


def _first(address: Mapping[str, str], parts: Sequence[str]) -> str:
    return next((address[part] for part in parts if address.get(part)), "")


def _spot(gps: Gps) -> tuple[float, float]:
    return round(gps.lat, _DECIMALS) + 0.0, round(gps.lon, _DECIMALS) + 0.0
