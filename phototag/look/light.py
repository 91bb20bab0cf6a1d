"""What light there was outside, from where the sun stood: a point, a time and its zone say it without a picture.

The decision here: the sun is computed only for a time that a camera or an editing program stated and whose distance
from UTC is known, for an hour's error turns dusk into day. Exactly 12:00:00 and 00:00:00 are what programs write where
they know the day alone, and count as unknown. Refused: guessing the light from a file name's date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from astral import Observer
from astral.sun import elevation, noon

from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence, Facts, Gps

# Degrees of the sun above the horizon, refraction included; each name holds from its bound up to the next.
_NIGHT = -90.0  # below -12 a camera sees a black sky: the astronomers' last six degrees of dusk count as night
_TWILIGHT = -12.0  # nautical: the horizon can still be made out
_BLUE_HOUR = -6.0  # as photographers' tables have it: blue from -6 to -4, golden from -4 to 6
_GOLDEN_HOUR = -4.0
_DAY = 6.0
_BOUNDS = (
    (_DAY, "day"),
    (_GOLDEN_HOUR, "golden hour"),
    (_BLUE_HOUR, "blue hour"),
    (_TWILIGHT, "twilight"),
    (_NIGHT, "night"),
)
_HIGH = 45.0  # lower than this, noon light is not the hard one that the word stands for
_AROUND_NOON_S = 3_600
_DAY_S = 86_400

_TROPIC = 23.4
_SEASONS = ("winter", "spring", "summer", "autumn")  # by whole months (meteorological), from December, in the north
_STATED = frozenset({"exif", "xmp", "iptc", "quicktime", "gps"})
_NOT_A_TIME = frozenset({(0, 0, 0, 0), (12, 0, 0, 0)})
_VERSION = 1


class Light(LocalLook):
    """The step `light`."""

    name = "light"
    needs_picture = False

    def __init__(self) -> None:
        self.maker = f"light/astral@{version('astral')}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [Evidence(subject.image_id, self.name, self.maker, light(subject.facts)) for subject in batch]


def light(facts: Facts) -> dict[str, Any]:
    """The sun's altitude, what that light is called and the season; {} without a point or a certain time."""
    moment, gps = facts.moment, facts.gps
    if moment is None or gps is None or moment.offset is None or moment.source not in _STATED:
        return {}
    clock = moment.local
    if (clock.hour, clock.minute, clock.second, clock.microsecond) in _NOT_A_TIME:
        return {}
    utc = (clock - timedelta(minutes=moment.offset)).replace(tzinfo=UTC)
    observer = Observer(gps.lat, gps.lon)
    altitude = elevation(observer, utc)
    return {
        "sun_altitude": round(altitude, 1),
        "light": _named(altitude, observer, utc),
        "season": season(gps, clock),
    }


def season(gps: Gps, clock: datetime) -> str | None:
    """Spring, summer, autumn or winter by month and hemisphere; None in the tropics, which have others."""
    if abs(gps.lat) < _TROPIC:
        return None
    quarter = clock.month % 12 // 3
    return _SEASONS[quarter if gps.lat > 0 else (quarter + 2) % 4]


def _named(altitude: float, observer: Observer, utc: datetime) -> str:
    if altitude >= _HIGH and _from_noon(observer, utc) <= _AROUND_NOON_S:
        return "noon"
    return next(name for bound, name in _BOUNDS if altitude >= bound)


def _from_noon(observer: Observer, utc: datetime) -> float:
    """Seconds from when the sun stands highest. Of which day does not matter: noon shifts by half a minute a day."""
    apart = abs((utc - noon(observer, utc.date())).total_seconds()) % _DAY_S
    return min(apart, _DAY_S - apart)
