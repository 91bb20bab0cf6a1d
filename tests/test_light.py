"""The light from point, time and zone: names against the almanac, silence where the time is not certain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.look.light import Light, light
from phototag.look.step import Subject
from phototag.records import Facts, Gps, Moment

BERLIN, SYDNEY, SINGAPORE, TROMSO = Gps(52.52, 13.405), Gps(-33.86, 151.21), Gps(1.29, 103.85), Gps(69.65, 18.96)


def at(
    gps: Gps | None, *when: int, hours: float | None, source: str = "exif", zone: str | None = None
) -> dict[str, Any]:
    offset = None if hours is None else round(hours * 60)
    return light(Facts(gps=gps, moment=Moment(datetime(*when), offset, zone, source)))  # type: ignore[arg-type]


# On 21 June 2024 the sun over Berlin rose at 4:43, stood highest (60.9 degrees) at 13:08 and set at 21:33 summer time.
DAY_IN_BERLIN = {
    (1, 10): "night",
    (3, 15): "twilight",
    (4, 5): "blue hour",
    (4, 43): "golden hour",
    (5, 20): "golden hour",
    (6, 0): "day",
    (11, 0): "day",
    (12, 30): "noon",
    (13, 50): "noon",
    (14, 30): "day",
    (20, 30): "day",
    (21, 0): "golden hour",
    (21, 33): "golden hour",
    (22, 8): "blue hour",
    (22, 30): "twilight",
}


@pytest.mark.parametrize(("clock", "name"), DAY_IN_BERLIN.items(), ids=str)
def test_a_day_in_berlin(clock: tuple[int, int], name: str) -> None:
    assert at(BERLIN, 2024, 6, 21, *clock, 1, hours=2)["light"] == name


def test_the_altitude_is_that_of_the_almanac() -> None:
    assert at(BERLIN, 2024, 6, 21, 13, 8, 1, hours=2)["sun_altitude"] == pytest.approx(60.9, abs=0.2)
    assert at(BERLIN, 2024, 6, 21, 21, 33, 1, hours=2)["sun_altitude"] == pytest.approx(-0.4, abs=0.4)


def test_the_offset_counts_not_the_clock() -> None:
    assert at(BERLIN, 2024, 6, 21, 13, 8, 1, hours=2) == at(BERLIN, 2024, 6, 21, 11, 8, 1, hours=0)
    assert at(BERLIN, 2024, 6, 21, 13, 8, 1, hours=-9)["light"] != "noon"


def test_a_low_sun_at_midday_is_day_not_noon() -> None:
    assert at(BERLIN, 2024, 12, 21, 12, 4, hours=1) == {"sun_altitude": 14.1, "light": "day", "season": "winter"}


def test_the_sun_does_not_rise_in_the_polar_night_nor_set_in_its_summer() -> None:
    assert at(TROMSO, 2024, 12, 21, 11, 45, hours=1)["light"] == "golden hour"  # three degrees below the horizon
    assert at(TROMSO, 2024, 6, 21, 0, 45, hours=2)["light"] == "golden hour"


# ---- seasons


@pytest.mark.parametrize(
    ("gps", "month", "season"),
    [
        *((BERLIN, 12, "winter"), (BERLIN, 2, "winter"), (BERLIN, 3, "spring"), (BERLIN, 8, "summer")),
        *((BERLIN, 11, "autumn"), (SYDNEY, 12, "summer"), (SYDNEY, 3, "autumn"), (SYDNEY, 7, "winter")),
        *((SYDNEY, 9, "spring"), (SINGAPORE, 1, None), (Gps(-23.3, 0.1), 7, None), (Gps(23.5, 0.1), 7, "summer")),
    ],
)
def test_seasons_by_hemisphere(gps: Gps, month: int, season: str | None) -> None:
    assert at(gps, 2024, month, 15, 10, 30, hours=0)["season"] == season


# ---- what is not certain


def test_without_a_point_a_time_or_an_offset_nothing_is_told() -> None:
    assert light(Facts()) == {}
    assert light(Facts(gps=BERLIN)) == {}
    assert at(None, 2024, 6, 21, 13, 8, hours=2) == {}
    assert at(BERLIN, 2024, 6, 21, 13, 8, hours=None) == {}


@pytest.mark.parametrize("source", ["name", "modified"])
def test_dates_that_no_camera_stated_are_not_believed(source: str) -> None:
    assert at(BERLIN, 2024, 6, 21, 13, 8, hours=2, source=source) == {}


@pytest.mark.parametrize("source", ["exif", "xmp", "iptc", "quicktime", "gps"])
def test_dates_that_were_stated_are(source: str) -> None:
    assert at(BERLIN, 2024, 6, 21, 13, 8, hours=2, source=source)["light"] == "noon"


@pytest.mark.parametrize("hour", [0, 12])
def test_a_day_without_a_time_has_no_light(hour: int) -> None:
    assert at(BERLIN, 2024, 6, 21, hour, 0, hours=2) == {}
    assert at(BERLIN, 2024, 6, 21, hour, 0, 1, hours=2) != {}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([90.0, -90.0, 0.0, 66.6]) | st.floats(-90, 90),
    st.sampled_from([180.0, -180.0, 0.0]) | st.floats(-180, 180),
    st.datetimes(datetime(1826, 1, 1), datetime(2100, 12, 31)),
    st.integers(-12 * 60, 14 * 60),
)
def test_no_place_and_no_date_is_too_much(lat: float, lon: float, local: datetime, offset: int) -> None:
    found = light(Facts(gps=Gps(lat, lon), moment=Moment(local, offset, None, "exif")))
    if found:
        assert -90 <= found["sun_altitude"] <= 91
        assert found["light"] in {"night", "twilight", "blue hour", "golden hour", "day", "noon"}


@settings(max_examples=100, deadline=None)
@given(st.floats(-60, 60), st.floats(-180, 180), st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)))
def test_noon_is_at_most_an_hour_around_the_days_highest_sun(lat: float, lon: float, local: datetime) -> None:
    def sun(minutes: int) -> float:
        moment = Moment(stated + timedelta(minutes=minutes), 0, None, "exif")
        return float(light(Facts(gps=Gps(lat, lon), moment=moment))["sun_altitude"])

    stated = local.replace(microsecond=1)  # never noon or midnight to the microsecond, which counts as no time
    found = light(Facts(gps=Gps(lat, lon), moment=Moment(stated, 0, None, "exif")))
    if found["light"] == "noon":
        highest = max(range(-120, 121, 5), key=sun)
        assert abs(highest) <= 70 or sun(highest) - sun(0) < 0.2


def test_the_step_gives_one_evidence_per_photo() -> None:
    step = Light()
    facts = Facts(gps=BERLIN, moment=Moment(datetime(2024, 6, 21, 21, 0, 1), 120, None, "exif"))
    lit, unknown = step.make([Subject("a", facts=facts), Subject("b")])
    assert (lit.image_id, lit.value["light"], lit.maker) == ("a", "golden hour", step.maker)
    assert (unknown.image_id, unknown.value, unknown.error) == ("b", {}, "")
    assert "astral@" in step.maker
