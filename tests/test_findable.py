"""The row that search has of a photo: what is known stands in its column, what is not known is marked as unknown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag import resources, vocabulary
from phototag.decide.findable import LINES, bare, row, tokens
from phototag.records import Decision, Facts, Gps, Moment, Photo, Tag
from phototag.store import tables

WORDS = vocabulary.load(resources.vocabulary_file())


NOTHING = Facts()
FILES = {"2023/Sommer/IMG_1.jpg": "jpeg"}


def made(
    facts: Facts = NOTHING,
    decision: Decision | None = None,
    evidence: dict[str, Any] | None = None,
    files: dict[str, str] = FILES,
) -> dict[str, Any]:
    photo = Photo("a" * 32, "picture", ("old name.jpg", *files), facts)
    return row(photo, files, decision, evidence or {}, WORDS)


def line(found: dict[str, Any], name: str) -> str:
    return found["text"].split("\n")[LINES.index(name)]


def test_a_photo_of_which_nothing_is_known_is_unknown_in_every_column() -> None:
    found = made()
    assert (found["day"], found["minute"], found["weekday"], found["people"], found["rating"]) == (0, -1, -1, -1, -1)
    assert found["light"] is None and found["technique"] is None and found["lat"] is None and found["phash"] is None
    assert found["places"] == [] and found["season"] == "" and found["country_code"] == "" and found["camera"] == ""


def test_the_row_has_the_columns_of_the_table() -> None:
    assert set(made()) == set(tables.schema("searchable").names)


@pytest.mark.parametrize(
    ("moment", "day", "minute"),
    [
        (Moment(datetime(2023, 7, 14, 18, 3), None, None, "exif"), 20230714, 1083),
        (Moment(datetime(2023, 7, 14, 12, 0), None, None, "name"), 20230714, -1),  # only the day is known
        (Moment(datetime(2023, 7, 14, 18, 3), None, None, "modified"), 0, -1),  # of the file, not of the photo
    ],
)
def test_the_day_by_the_clock_on_the_wall(moment: Moment, day: int, minute: int) -> None:
    found = made(Facts(moment=moment))
    assert (found["day"], found["minute"]) == (day, minute)


def test_noon_is_by_day_and_a_person_may_say_the_light() -> None:
    assert made(evidence={"light": {"light": "noon", "season": "summer"}})["light"] == ["noon", "day"]
    own = Decision("a" * 32, tags=(Tag("night", 1.0, ("human",)),), by="human")
    assert made(decision=own)["light"] == ["night"]
    guessed = Decision("a" * 32, tags=(Tag("night", 0.9, ("labels night 0.9",)),))
    assert made(decision=guessed)["light"] is None


def test_technique_that_was_looked_for_and_not_found_is_known() -> None:
    assert made(evidence={"technique": {"terms": []}})["technique"] == []
    assert made(evidence={"measure": {"monochrome": True}})["technique"] == ["black and white"]


def test_keywords_come_with_their_broader_terms_and_with_what_people_call_them() -> None:
    tags = (Tag("dog", 0.9, ("labels",)), Tag("Aunt Mary", 1.0, ("human",)))
    found = made(decision=Decision("a" * 32, tags=tags, by="human"))
    assert {"dog", "animal", "aunt mary"} <= set(found["keywords"])
    assert "Hund" in line(found, "keyword") and "Aunt Mary" in line(found, "keyword")
    assert "animal" in line(found, "broader keyword") and "Tier" in line(found, "broader keyword")


def test_after_a_decision_the_words_in_the_files_count_as_they_are_now() -> None:
    decided = Decision("a" * 32, tags=(Tag("Aunt Mary", 1.0, ("human",)), Tag("dog", 0.9, ("labels",))))
    found = made(Facts(keywords=("Miezi", "Hund")), decided)
    assert found["words"] == ["Miezi", "dog"] and "aunt mary" not in found["keywords"]
    by_person = Decision("a" * 32, tags=(Tag("dog", 0.9, ("labels",)),), by="human")  # who took Miezi away
    assert made(Facts(keywords=("Miezi",)), by_person)["words"] == ["dog"]


def test_before_a_decision_people_s_own_words_count() -> None:
    found = made(Facts(keywords=("Hund", "Opa")))
    assert {"dog", "opa"} <= set(found["keywords"]) and not found["decided"]


def test_captions_places_names_and_doubtful_words_have_lines_of_their_own() -> None:
    decision = Decision(
        "a" * 32,
        queued=(Tag("cat", 0.5, ()),),
        proposed=(Tag("zeppelin", 0.7, ()),),
        caption={"en": "Crossing the Alps"},
        place={"city": "München", "country": "Germany", "country_code": "de"},
    )
    found = made(decision=decision, files={"Alpen/Zugspitze 2023/DasHaus.jpg": "jpeg"})
    assert line(found, "caption") == "Crossing the Alps"
    assert "muenchen" in line(found, "place") and found["places"] == ["munchen", "germany"]
    assert "Das Haus" in line(found, "name") and "Zugspitze" in line(found, "name") and "jpg" not in line(found, "name")
    assert "zeppelin" in line(found, "seen") and "Katze" in line(found, "seen")
    assert found["country_code"] == "DE" and found["place"] == "München"


def test_names_are_those_of_files_that_are_there() -> None:
    assert "Sommer" in line(made(), "name") and "old" not in line(made(), "name")


def test_kinds_of_all_files_and_their_families() -> None:
    assert made(files={"a.cr3": "cr3", "a.jpg": "jpeg"})["kinds"] == ["cr3", "jpeg", "picture", "raw"]


def test_make_and_model_name_the_make_once() -> None:
    assert made(Facts(make="Canon", model="Canon EOS R5"))["camera"] == "canon eos r5"
    assert made(Facts(make="FUJIFILM", model="X100V"))["camera"] == "fujifilm x100v"


@pytest.mark.parametrize(("phash", "bits"), [("0" * 16, 0), ("f" * 16, -1), ("8" + "0" * 15, -(2**63)), ("xyz", None)])
def test_the_hash_fits_its_column(phash: str, bits: int | None) -> None:
    assert made(evidence={"measure": {"phash": phash}})["phash"] == bits


def test_a_point_is_kept_as_it_is() -> None:
    found = made(Facts(gps=Gps(52.5, 13.4)))
    assert (found["lat"], found["lon"]) == (52.5, 13.4)


def test_words_are_compared_without_marks_and_case() -> None:
    assert tokens("Straße, ÉTÉ: Ærø_2") == ["strasse", "ete", "aero", "2"]
    assert bare("Saint-Étienne, St. Gallen") == "saint etienne st gallen"


@given(st.text(), st.lists(st.text(min_size=1), max_size=4))
def test_any_words_make_a_text_of_the_same_lines(caption: str, keywords: list[str]) -> None:
    found = made(Facts(caption=caption, keywords=tuple(keywords)))
    assert found["text"].count("\n") == len(LINES) - 1
