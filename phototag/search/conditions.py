"""Parts of a query as conditions on the table: when one holds, and where nobody knows.

The decision here: a condition holds only where its sensor has said something, with "not" as well as without, so a photo
without a GPS point is neither in Berlin nor outside of it; how many could not be judged is told. Whatever a person
typed is quoted. A season is by the sun at the place; where nobody knows the place, the months decide. Refused: unknown
taken as no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from math import cos, radians
from typing import Any, NamedTuple

from phototag.decide.findable import bare
from phototag.search.nouns import Area, Count, Days, Part
from phototag.store.lance import one_of, quoted
from phototag.vocabulary import Vocabulary, folded

_EARTH_KM = 6371.0
DEGREE_KM = 111.2
_NOTHING = "false"
_MANY = 4  # people; from here on one more or less may have been counted
HUMANS = ("people", "person", "crowd", "group", "man", "woman", "child", "boy", "girl", "baby")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}  # first months in the north


class Condition(NamedTuple):
    """SQL: where it holds, and where it can be told at all ("" is everywhere)."""

    holds: str
    known: str = ""

    def sql(self, *, without: bool) -> str:
        holds = f"NOT ({self.holds})" if without else f"({self.holds})"
        return f"{self.known} AND {holds}" if self.known else holds


class Gear(NamedTuple):
    """What of a library conditions need: its cameras and lenses, folded, as they stand in the table."""

    cameras: Sequence[str] = ()
    lenses: Sequence[str] = ()
    south: bool = False  # most of its photos are of the southern half of the earth
    named: Callable[[str], Sequence[str]] = lambda _: ()  # the photos that have a file with that in its path


def condition(part: Part, vocabulary: Vocabulary, gear: Gear) -> Condition:
    """What the part asks of the table; a value that nothing can have holds nowhere."""
    if part.field in ("camera", "lens"):
        names = gear.cameras if part.field == "camera" else gear.lenses
        return _gear(part.field, str(part.value), names)
    if part.field == "path":
        return _path(str(part.value), gear)
    if part.field == "season":
        return _season(str(part.value), vocabulary, south=gear.south)
    if part.field == "keyword":
        return Condition(f"array_has(keywords, {quoted(vocabulary.key(str(part.value)))})")
    if part.field in ("light", "technique"):
        return _sensed(part.field, str(part.value), vocabulary)
    return _BY_FIELD.get(part.field, _never)(part.value)


def where(parts: Sequence[Part], vocabulary: Vocabulary, gear: Gear, *, soft: bool = False) -> str:
    """All parts together, of photos that are there; `soft` lets those pass of which nothing is known."""
    found = []
    for part in parts:
        one = condition(part, vocabulary, gear)
        sql = one.sql(without=part.without)
        found.append(f"(({sql}) OR NOT ({one.known}))" if soft and one.known else sql)
    return " AND ".join(["status <> 'missing'", *found])


def _never(_: Any) -> Condition:
    return Condition(_NOTHING)


def _sensed(column: str, word: str, vocabulary: Vocabulary) -> Condition:
    """What a sensor says; where it is silent, a keyword says it."""
    term = vocabulary.canonical(word)
    name, is_tagged = term.name if term else word, f"array_has(keywords, {quoted(vocabulary.key(word))})"
    silent, says = f"{column} IS NULL", f"array_has({column}, {quoted(name)})"
    return Condition(f"({silent} AND {is_tagged}) OR (NOT ({silent}) AND {says})", f"(NOT ({silent}) OR {is_tagged})")


def _season(word: str, vocabulary: Vocabulary, *, south: bool) -> Condition:
    """What the sun says at the place; where that is not known, a keyword, or else the month."""
    term = vocabulary.canonical(word)
    name, is_tagged = term.name if term else word, f"array_has(keywords, {quoted(vocabulary.key(word))})"
    first = _SEASONS.get(name, 0)
    months = tuple((first - 1 + n + 6 * south) % 12 + 1 for n in range(3)) if first else ()
    by_month = f"(day > 0 AND month IN ({_numbers(months)}))" if months else _NOTHING
    holds = f"season = {quoted(name)} OR (season = '' AND ({is_tagged} OR {by_month}))"
    return Condition(holds, f"(season <> '' OR day > 0 OR {is_tagged})")


def _path(wanted: str, gear: Gear) -> Condition:
    """A part of the name of any file of the photo, with its folders."""
    forms = dict.fromkeys(unicodedata.normalize(form, wanted) for form in ("NFC", "NFD"))
    tests = [f"contains(lower(path), {quoted(one)})" for one in forms if one]
    others = gear.named(wanted) if tests else ()
    return Condition(" OR ".join([*tests, *([one_of("image_id", others)] if others else [])]) or _NOTHING)


def _date(days: Days) -> Condition:
    tests = []
    if days.first:
        tests.append(f"day >= {int(days.first)}")
    if days.last:
        tests.append(f"day <= {int(days.last)}")
    if days.months:
        tests.append(f"month IN ({_numbers(days.months)})")
    if days.weekdays:
        tests.append(f"weekday IN ({_numbers(days.weekdays)})")
    if days.hours:
        first, after = (int(hour) * 60 for hour in days.hours)
        join = "AND" if first < after else "OR"  # over midnight
        tests.append(f"(minute >= {first} {join} minute < {after})")
    known = "day > 0 AND minute >= 0" if days.hours else "day > 0"
    return Condition(" AND ".join(tests) or "true", known)


def _numbers(values: Sequence[int]) -> str:
    return ", ".join(str(int(value)) for value in values)


def _people(count: Count) -> Condition:
    """So many people; of many, one may be missed, and nobody is there only if no keyword says otherwise."""
    if count.most == 0:
        humans = ", ".join(map(quoted, HUMANS))
        return Condition(f"people = 0 AND NOT array_has_any(keywords, [{humans}])", "people >= 0")
    if count.least is not None and count.least == count.most and count.least >= _MANY:
        count = Count(count.least - 1, count.least + 1)
    return Condition(_between("people", count), "people >= 0")


def _rating(count: Count) -> Condition:
    """A photo without stars is unrated, and so it has less than any number of them."""
    return Condition(_between("rating", count))


def _between(column: str, count: Count) -> str:
    tests = [] if count.least is None else [f"{column} >= {int(count.least)}"]
    tests += [] if count.most is None else [f"{column} <= {int(count.most)}"]
    return " AND ".join(tests) or f"{column} >= 0"


def _kind(kind: str) -> Condition:
    return Condition(f"array_has(kinds, {quoted(str(kind))})")


def _place(area: Area) -> Condition:
    """By name, by country, or by the way to the middle of the circle; a point that is there says more than a name."""
    by_name = [f"array_has(places, {quoted(name)})" for name in dict.fromkeys(map(bare, area.names)) if name]
    if area.country_code:
        by_name.append(f"country_code = {quoted(area.country_code.upper())}")
    known = "(array_length(places) > 0 OR country_code <> '' OR lat IS NOT NULL)"
    tests = list(by_name)
    if area.lat is not None and area.lon is not None:
        circle = _circle(area.lat, area.lon, max(area.radius_km, 0.1))
        tests.append(f"(lat IS NOT NULL AND {circle})")
    return Condition(" OR ".join(tests) or _NOTHING, known)


def _circle(lat: float, lon: float, km: float) -> str:
    """Points so near; first a box, which costs less."""
    north = km / DEGREE_KM
    box = f"lat BETWEEN {lat - north:.6f} AND {lat + north:.6f}"
    shrink = cos(radians(min(abs(lat) + north, 89.9)))
    east = north / shrink
    if abs(lon) + east < 180:
        box += f" AND lon BETWEEN {lon - east:.6f} AND {lon + east:.6f}"
    half = (
        f"power(sin(radians(lat - ({lat:.6f})) / 2), 2) + "
        f"cos(radians(lat)) * {cos(radians(lat)):.9f} * power(sin(radians(lon - ({lon:.6f})) / 2), 2)"
    )
    return f"({box} AND {2 * _EARTH_KM} * asin(sqrt({half})) <= {km:.3f})"


def _gear(column: str, wanted: str, names: Sequence[str]) -> Condition:
    """The names of the library that the words are part of; "50mm" is no part of 150 mm."""
    squeezed = _squeezed(wanted)
    digit = squeezed[:1].isdigit()
    test = re.compile(
        (r"(?<![\d.])" if digit else "") + re.escape(squeezed) + (r"(?!\d)" if squeezed[-1:].isdigit() else "")
    )
    found = [name for name in names if squeezed and (folded(wanted) == name or test.search(_squeezed(name)))]
    return Condition(one_of(column, found) if found else _NOTHING, f"{column} <> ''")


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.casefold())


_BY_FIELD: Mapping[str, Callable[[Any], Condition]] = {
    "date": _date,
    "place": _place,
    "people": _people,
    "rating": _rating,
    "kind": _kind,
}
