"""Which keywords name an event."""

from __future__ import annotations

import random

from phototag.decide.event_words import words
from phototag.records import Tag
from phototag.vocabulary import Term, Vocabulary

TERMS = Vocabulary(
    [
        Term("animal", labels={"de": "Tier"}),
        Term("dog", parent="animal", labels={"de": "Hund"}, aliases=("dogs",)),
        Term("cat", parent="animal", labels={"de": "Katze"}),
        Term("beach", kind="places", labels={"de": "Strand"}),
        Term("wedding", kind="events", labels={"de": "Hochzeit"}),
        Term("berlin zoo", kind="places"),
        Term("person", kind="people"),
        Term("sunset", kind="light"),
        Term("macro", kind="technique"),
        Term("blurred", kind="quality"),
        Term("church", kind="places", sensitive=True),
        Term("chapel", kind="places", parent="church"),
        Term("outdoors", kind="places", exclude=True),
    ]
)


def seen(term: str, score: float = 0.8) -> Tag:
    return Tag(term, score, (f"labels {term} {score}",))


def said(term: str) -> Tag:
    return Tag(term, 1.0, ("human",))


def named(*photos: list[Tag], most: int = 9, language: str = "en", stop: tuple[str, ...] = (), avoid: str = "") -> str:
    return ", ".join(words(photos, TERMS, language, stop, most, avoid=[avoid]))


def test_the_weightiest_words_come_first_and_only_so_many() -> None:
    photos = [[seen("beach")], [seen("beach"), seen("dog")], [seen("wedding", 0.9), seen("dog", 0.7)]]
    assert named(*photos) == "beach, dog, wedding"
    assert named(*photos, most=1) == "beach"
    assert named(*photos, most=0) == ""
    assert named() == ""


def test_a_word_of_a_few_photos_names_nothing() -> None:
    rest = [[seen("beach")]] * 3
    assert named([seen("dog")], *rest) == "beach, dog"  # a quarter of four
    assert named([seen("dog", 1)], *rest, []) == "beach"  # of five, two at least
    assert named([seen("dog")], [seen("dog")], *rest * 3) == "beach"  # two of eleven are no quarter


def test_what_a_person_said_weighs_three_times() -> None:
    assert named([seen("beach", 0.9), said("wedding")], [seen("beach", 0.9)]) == "wedding, beach"


def test_only_what_is_there_or_going_on_names_an_event() -> None:
    kinds = ("person", "sunset", "macro", "blurred", "church", "chapel", "outdoors", "dog")
    assert named([seen(term) for term in kinds]) == "dog"
    assert named([said("person"), said("church")]) == "church"


def test_words_outside_the_vocabulary_only_when_a_person_said_them() -> None:
    assert named([seen("Grandma Rose"), said("Onkel Fritz")]) == "Onkel Fritz"


def test_of_kin_the_narrower_unless_it_is_the_smaller_part() -> None:
    assert named([seen("animal"), seen("dog")], [seen("animal")]) == "dog"
    zoo = [[seen("animal"), seen(term)] for term in ("dog", "cat")] + [[seen("animal")]] * 3
    assert named(*zoo[0:1], *zoo[2:]) == "animal"
    assert named(*zoo[:2], [seen("animal"), seen("cat")]) == "cat, dog"
    assert named([seen("animal"), said("dog")], *zoo[2:]) == "animal, dog"  # a person's word is not swallowed


def test_words_speak_the_language_of_the_folders_once_each() -> None:
    assert named([seen("dogs"), seen("beach", 0.9)], [seen("dog")], language="de") == "Hund, Strand"


def test_stop_words_and_the_names_of_places_are_left_out() -> None:
    photo = [seen("dog"), seen("beach"), said("Berlin")]
    assert named(photo, avoid="BERLIN") == "beach, dog"
    assert named(photo, language="de", stop=("Strand",)) == "Berlin, Hund"


def test_the_order_of_photos_and_tags_does_not_count() -> None:
    photos = [[seen(term, 0.1 * place) for term in ("dog", "beach", "wedding")] for place in range(1, 8)]
    wanted = named(*photos)
    assert wanted == "beach, dog, wedding"  # alike: by name
    for seed in range(20):
        mixed = [random.Random(seed).sample(photo, 3) for photo in random.Random(seed).sample(photos, 7)]
        assert named(*mixed) == wanted
