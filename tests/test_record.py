"""The record of one photo: every key, always; people's words first; and nothing that nobody said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag import resources
from phototag.decide.policy import Person, Rules, decide
from phototag.decide.record import record, shape
from phototag.records import Decision, Facts, File, Gps, Moment, Photo, Region, Tag
from phototag.vocabulary import load

WORDS = load(resources.vocabulary_file())
BERLIN = {"city": "Berlin", "state": "Berlin", "country": "Germany", "country_code": "DE", "distance_km": 0.4}
GATE = {
    "name": "Brandenburger Tor",
    "road": "Pariser Platz",
    "city": "Berlin",
    "postcode": "10117",
    "country": "Deutschland",
    "country_code": "DE",
}


NONE = Facts()


def photo(facts: Facts) -> Photo:
    return Photo("j1-1", "picture", ("a.jpg",), facts)


def made(facts: Facts = NONE, evidence: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A record of a photo with these facts, decided as phototag does unless a decision is given."""
    evidence = evidence or {}
    decision = more.pop("decision", decide("j1-1", evidence, facts, WORDS, Rules(), more.pop("person", None)))
    languages = more.pop("languages", ("en", "de"))
    return record(photo(facts), [], decision, evidence, WORDS, languages, **more)


def leaves(value: Any) -> list[Any]:
    return [leaf for part in value.values() for leaf in leaves(part)] if isinstance(value, dict) else [value]


def test_a_photo_of_which_nothing_is_known_has_every_key_and_says_nothing() -> None:
    found = made(decision=None)
    assert list(found) == list(shape())
    known = {name for name, value in found.items() if any(leaf not in (None, []) for leaf in leaves(value))}
    assert known == {"path", "image_id", "kind"}
    assert found["queued"] is None and found["people"] == {"count": None, "faces": None, "names": []}
    assert found["address"].keys() == shape()["address"].keys()  # type: ignore[union-attr]


def test_looked_for_and_not_there_is_not_the_same_as_unknown() -> None:
    found = made(evidence={"people": {"count": 0, "persons": 0, "faces": 0}, "faces": {"faces": []}})
    assert found["people"] == {"count": 0, "faces": 0, "names": []}
    assert found["queued"] == {} and found["proposed"] == {}


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (None, "2024-08-10T13:25:32"),
        (0, "2024-08-10T13:25:32+00:00"),
        (120, "2024-08-10T13:25:32+02:00"),
        (-210, "2024-08-10T13:25:32-03:30"),
        (99_999, "2024-08-10T13:25:32"),
    ],
)
def test_a_date_has_an_offset_where_one_is_known(offset: int | None, text: str) -> None:
    found = made(Facts(moment=Moment(datetime(2024, 8, 10, 13, 25, 32), offset, None, "exif")))
    assert (found["date"], found["date_source"]) == (text, "exif")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sides_are_those_of_the_upright_picture(orientation: int) -> None:
    found = made(Facts(width=400, height=300, orientation=orientation))
    assert (found["width"], found["height"]) == ((400, 300) if orientation < 5 else (300, 400))


def test_a_size_that_no_picture_has_is_not_told() -> None:
    found = made(Facts(width=2**40, height=0), {"measure": {"sharpness": float("nan"), "sharpest_tiles": 7}})
    assert (found["width"], found["height"], found["sharpness"], found["sharpest_tiles"]) == (None, None, None, 7)


# ---- where


def place(evidence: dict[str, Any], **own: str) -> dict[str, str]:
    address = made(Facts(place=own), evidence)["address"]
    return {part: name for part, name in address.items() if name}


def test_a_point_and_the_nearest_town() -> None:
    found = made(Facts(gps=Gps(52.5, -13.4)), {"place": BERLIN})
    assert (found["lat"], found["lon"]) == (52.5, -13.4)
    assert found["address"]["city"] == "Berlin" and found["address"]["road"] is None


def test_what_a_server_knows_beside_or_without_the_nearest_town() -> None:
    assert place({"address": GATE}) == GATE
    assert place({"place": BERLIN, "address": GATE}) == GATE | {"state": "Berlin", "country": "Germany"}
    assert place({"place": BERLIN, "address": {}})["country"] == "Germany"


def test_a_persons_place_wins_and_is_never_mixed_with_another() -> None:
    both = {"place": BERLIN, "address": GATE}
    own = place(both, city="Berlin", location="Am Tor")
    assert own["name"] == "Am Tor" and own["road"] == "Pariser Platz" and own["city"] == "Berlin"
    assert place(both, city="Paris") == {"city": "Paris"}
    assert place(both, city="Hamburg", country_code="DE") == {"city": "Hamburg", "country_code": "DE"}


def test_a_file_that_has_the_town_in_our_words_still_gets_the_road() -> None:
    near, asked = BERLIN | {"city": "Munich"}, GATE | {"city": "München"}
    assert place({"place": near, "address": asked}, city="Munich", country="Germany")["road"] == "Pariser Platz"


def test_no_road_from_beyond_the_border() -> None:
    found = place({"place": BERLIN, "address": GATE | {"country_code": "PL"}})
    assert found["country_code"] == "DE" and "road" not in found and "name" not in found


# ---- words


def test_keywords_are_labels_and_a_persons_as_they_spelled_them() -> None:
    evidence = {"light": {"light": "golden hour", "season": "summer"}}
    found = made(Facts(keywords=("Hund", "Zoë")), evidence)
    assert found["keywords"]["en"][:2] == found["keywords"]["de"][:2] == ["Hund", "Zoë"]
    assert "summer" in found["keywords"]["en"] and "Sommer" in found["keywords"]["de"]
    assert found["human"] == ["dog", "Zoë"] and found["scores"]["dog"] == 1
    assert "animal" in found["scores"] and "animal" not in found["human"]


def test_a_term_that_only_phototag_knows_of_is_said_in_each_language() -> None:
    found = made(person=Person(added=("dog",)))
    assert found["keywords"]["en"][0] == "dog" and found["keywords"]["de"][0] == "Hund" and found["human"] == ["dog"]


def test_without_a_decision_the_words_of_people_are_there() -> None:
    found = made(Facts(keywords=("Hund", "Zoë", "dog"), caption="Am See"), decision=None)
    assert found["keywords"] == {"en": ["Hund", "Zoë"], "de": ["Hund", "Zoë"]}
    assert found["scores"] == {"dog": 1.0, "Zoë": 1.0} and found["caption"] == {"en": "Am See", "de": "Ein Hund."}


def test_captions_are_the_decided_ones_and_composed_in_other_languages() -> None:
    evidence = {"light": {"light": "", "season": "summer"}, "place": BERLIN}
    found = made(Facts(keywords=("dog",)), evidence, person=Person(caption={"de": "Mein Hund"}))
    assert found["caption"]["de"] == "Mein Hund" and "dog" in found["caption"]["en"].casefold()
    assert made(Facts(keywords=("dog",)), evidence, languages=("fr",))["caption"] == {"fr": None}


def test_a_caption_in_a_file_stays_in_the_language_in_which_it_was_decided() -> None:
    facts = Facts(caption="Our dog", keywords=("dog",))
    assert "Our dog" not in made(facts, languages=("de",))["caption"].values()
    assert made(facts)["caption"]["en"] == "Our dog"


# ---- the rest


def test_people_opinions_files_and_makers() -> None:
    regions = (Region("Anna", "Face", 0.5, 0.5, 0.1, 0.1), Region("Rex", "Pet", 0.5, 0.5, 0.1, 0.1))
    facts = Facts(rating=3, label="Red", regions=regions, make="Sony", model="A7", lens="")
    decision = Decision("j1-1", (Tag("dog", 0.9, ("labels dog 0.9",)),), (Tag("cat", 0.5, ()),), rating=5, pick="keep")
    files = [File(path, 1, 1, 1, "jpeg", "j1-1", "j1-1", status) for path, status in _FILES]
    one = replace(photo(facts), files=("in/a.jpg", "/heap/a.jpg", "gone.jpg"))
    found = record(one, files, decision, {}, WORDS, ("en",), original="/heap/a.jpg", makers={"labels": "x/1"})
    assert found["people"]["names"] == ["Anna"]
    assert (found["rating"], found["label"], found["pick"]) == (5, "Red", "keep")
    assert found["files"] == ["in/a.jpg", "/heap/a.jpg"] and found["original"] == "/heap/a.jpg"
    assert found["queued"] == {"cat": 0.5} and found["human"] == [] and found["makers"] == {"labels": "x/1"}
    assert made(replace(facts), decision=None)["rating"] == 3


_FILES = (("/heap/a.jpg", "present"), ("gone.jpg", "missing"), ("in/a.jpg", "present"))


def test_a_name_with_broken_bytes_is_text() -> None:
    assert made(path="b\x00ffd.jpg")["path"] == "b\\xffd.jpg"


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)


@given(
    keywords=st.lists(texts, max_size=4),
    place=st.dictionaries(st.sampled_from(["city", "state", "country", "country_code", "location"]), texts),
    address=st.dictionaries(st.sampled_from(sorted(GATE)), texts | st.none()),
    caption=st.none() | texts,
    decided=st.booleans(),
)
def test_whatever_is_known_the_record_is_json_of_the_same_shape(
    keywords: list[str], place: dict[str, str], address: dict[str, Any], caption: str | None, decided: bool
) -> None:
    facts = Facts(keywords=tuple(keywords), place=place, caption=caption)
    found = made(facts, {"address": address}, **({} if decided else {"decision": None}))
    assert json.loads(json.dumps(found)) == found
    assert list(found) == list(shape())
    for name, kind in shape().items():
        if not isinstance(kind, str):
            assert list(found[name]) == list(kind)
