"""Where a photo was taken, in words, from its GPS point.

The decision here: every name has a reach of its own. The country comes from the borders; the state is told where the
towns around agree on it; a town is named within 25 km, and where a big city covers the point, the city rather than its
quarter. Beyond that a name would be a guess, and none is given. Refused: the nearest town, however far, as both of the
usual packages name one in the middle of the Atlantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phototag.backends.gazetteer import Gazetteer, Town
from phototag.errors import PhototagError
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

CITY_KM = 25.0  # a day trip, not a place, lies beyond
SURE_KM = 2.0  # so near to a town, it is in the town's state (97 % in a trial on the table itself)
STATE_KM = 100.0  # where three towns around agree, it is their state up to here (94 % from 50 to 100 km)
SEA_KM = 20.0  # a town so near to what no country owns is an island too small for the map of the zones
AGREEING = 3
_SAME_RANK = 4  # how many times bigger than the town a city is that holds it
_VERSION = 1


class Place(LocalLook):
    """The step `place`."""

    name = "place"
    needs_picture = False

    def __init__(self, gazetteer: Gazetteer | None = None) -> None:
        self._gazetteer = gazetteer or Gazetteer()
        self.maker = f"place/{self._gazetteer.name}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [self._evidence(subject) for subject in batch]

    def _evidence(self, subject: Subject) -> Evidence:
        gps = subject.facts.gps
        try:
            value = place(self._gazetteer, gps.lat, gps.lon) if gps else {}
        except PhototagError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=trouble.sentence)
        return Evidence(subject.image_id, self.name, self.maker, value)


def place(gazetteer: Gazetteer, lat: float, lon: float) -> dict[str, Any]:
    """City, state and country as far as they are known ("" otherwise), and how far the nearest town is.

    `at_sea` is True outside of all territorial waters. False is no proof of land: it covers lakes, bays, coastal
    waters and whatever lies south of 60 degrees.
    """
    owners = gazetteer.countries(lat, lon)
    # A country without a town in the table (Antarctica) still has a nearest town abroad: its distance, not its name.
    towns = gazetteer.nearest(lat, lon, owners, AGREEING)
    nearest = (towns or gazetteer.nearest(lat, lon))[0]
    if gazetteer.open_sea(lat, lon) and nearest.km > SEA_KM:
        return _value(gazetteer, "", "", "", nearest.km, at_sea=True)
    if not towns or (not owners and nearest.km > CITY_KM):
        return _value(gazetteer, "", "", owners[0] if owners else "", nearest.km)
    city = _city(gazetteer, nearest, lat, lon)
    state = nearest.state if _sure_of_state(towns) else ""
    if city.km > CITY_KM:
        return _value(gazetteer, "", state, nearest.country_code, nearest.km)
    return _value(gazetteer, city.name, state, nearest.country_code, city.km)


def _city(gazetteer: Gazetteer, nearest: Town, lat: float, lon: float) -> Town:
    """The nearest town, or the big city around it in the same state."""
    for city in gazetteer.cities_over(lat, lon):
        same_state = (city.country_code, city.state) == (nearest.country_code, nearest.state)
        if same_state and city.population > _SAME_RANK * nearest.population:
            return city
    return nearest


def _sure_of_state(towns: Sequence[Town]) -> bool:
    if towns[0].km <= SURE_KM:
        return True
    return len(towns) == AGREEING and len({town.state for town in towns}) == 1 and towns[0].km <= STATE_KM


def _value(
    gazetteer: Gazetteer, city: str, state: str, code: str, km: float, *, at_sea: bool = False
) -> dict[str, Any]:
    return {
        "city": city,
        "state": state,
        "country": gazetteer.country(code) if code else "",
        "country_code": code,
        "distance_km": round(km, 1),
        "at_sea": at_sea,
    }
