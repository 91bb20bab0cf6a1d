"""Composed captions: factual, from evidence only, in correct English and German."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag import resources, vocabulary
from phototag.decide import nouns
from phototag.decide.captions import compose
from phototag.records import Facts, Moment, Region, Tag

BOX = [0.1, 0.1, 0.5, 0.6]
JUNE = Facts(moment=Moment(datetime(2019, 6, 3, 20, 15), 120, "Europe/Madrid", "exif"))
BARCELONA = {"city": "Barcelona", "country": "Spain", "country_code": "ES", "distance_km": 2.0, "at_sea": False}


def said(*terms: str, facts: Facts | None = None, **evidence: Any) -> tuple[str, str]:
    """The caption in both languages."""
    tags = [Tag(term, 0.9, ("labels",)) for term in terms]
    return tuple(compose(evidence, facts or Facts(), tags, language) for language in ("en", "de"))  # type: ignore[return-value]


def crowd(count: int, *smiles: float | None) -> dict[str, Any]:
    faces = [{"box": BOX, "score": 0.9, "smile": smile} for smile in smiles]
    return {"people": {"count": count, "persons": count, "faces": len(faces)}, "faces": {"faces": faces}}


def seen(**counts: int) -> dict[str, Any]:
    things = [{"label": label, "score": 0.8, "box": BOX} for label, count in counts.items() for _ in range(count)]
    return {"objects": {"objects": things}}


def test_without_evidence_it_is_a_photo():
    assert said() == ("A photo.", "Ein Foto.")
    assert said("wedding", "golden retriever", "romantic mood") == ("A photo.", "Ein Foto.")


@pytest.mark.parametrize(
    ("terms", "english", "german"),
    [
        (["dog"], "A dog.", "Ein Hund."),
        (["cat"], "A cat.", "Eine Katze."),
        (["horse"], "A horse.", "Ein Pferd."),
        (["owl", "umbrella"], "An owl and an umbrella.", "Eine Eule und ein Regenschirm."),
        (["food"], "Food.", "Essen."),
        (["sunglasses", "bus"], "Sunglasses and a bus.", "Sonnenbrille und ein Bus."),
        (["vegetable"], "Vegetables.", "Gemüse."),
        (["mountain"], "A mountain.", "Ein Berg."),
        (["dog", "cat", "car", "tree"], "A dog, a cat and a car.", "Ein Hund, eine Katze und ein Auto."),
    ],
)
def test_things_have_their_articles(terms: list[str], english: str, german: str):
    assert said(*terms) == (english, german)


def test_things_are_counted_where_the_detector_told_them_apart():
    assert said("dog", **seen(dog=2)) == ("Two dogs.", "Zwei Hunde.")
    assert said("sheep", **seen(sheep=3)) == ("Three sheep.", "Drei Schafe.")
    assert said("wolf") == ("A wolf.", "Ein Wolf.")
    assert said("knife", **seen(knife=2))[0] == "Two knives."
    assert said("cow", **seen(cow=7)) == ("Several cows.", "Mehrere Kühe.")


def test_things_that_were_not_decided_are_not_said():
    assert said(**seen(dog=2), **crowd(2)) == ("A photo.", "Ein Foto.")


def test_people_are_counted():
    assert said("person", **crowd(1)) == ("A person.", "Eine Person.")
    assert said("people", **crowd(2)) == ("Two people.", "Zwei Personen.")
    assert said("people", **crowd(7)) == ("Several people.", "Mehrere Personen.")
    assert said("people", **crowd(14)) == ("Many people.", "Viele Personen.")
    assert said("crowd", **crowd(14)) == ("A crowd.", "Eine Menschenmenge.")
    assert said("people") == ("People.", "Personen.")
    assert said("person", **crowd(0)) == ("A person.", "Eine Person.")


def test_a_number_is_not_said_where_more_are_suspected():
    doubtful = {"objects": {"objects": [{"label": "person", "score": score, "box": BOX} for score in (0.9, 0.8, 0.4)]}}
    assert said("people", **crowd(2), **doubtful) == ("People.", "Personen.")
    assert said("people", **crowd(3), **doubtful) == ("Three people.", "Drei Personen.")


def test_smiles_are_told():
    assert said("person", **crowd(1, 0.8)) == ("A smiling person.", "Eine lächelnde Person.")
    assert said("people", **crowd(2, 0.8, 0.9)) == ("Two smiling people.", "Zwei lächelnde Personen.")
    assert said("people", "dog", **crowd(3, 0.8, None, 0.1)) == (
        "Three people (one smiling) and a dog.",
        "Drei Personen (eine lächelnd) und ein Hund.",
    )


def test_people_with_names_are_named():
    anna, ben = (Region(name, "Face", 0.5, 0.5, 0.1, 0.1) for name in ("Anna", "Ben"))
    rex = Region("Rex", "Pet", 0.5, 0.5, 0.1, 0.1)
    assert said("people", facts=Facts(regions=(anna, ben, rex)), **crowd(2))[0] == "Anna and Ben."
    assert said("people", facts=Facts(regions=(anna,)), **crowd(3)) == (
        "Anna and two other people.",
        "Anna und zwei weitere Personen.",
    )
    assert said(facts=Facts(regions=(anna,)), **crowd(2))[1] == "Anna und eine weitere Person."


def test_the_whole_sentence():
    assert said("people", "dog", "beach", "golden hour", facts=JUNE, place=BARCELONA, **crowd(2)) == (
        "Two people and a dog on a beach in Barcelona, Spain, at golden hour, June 2019.",
        "Zwei Personen und ein Hund am Strand in Barcelona, Spanien, zur goldenen Stunde, Juni 2019.",
    )
    assert said("dog", facts=JUNE, measure={"monochrome": True}) == (
        "Black-and-white photo of a dog, June 2019.",
        "Schwarz-Weiß-Foto: ein Hund, Juni 2019.",
    )
    assert said("black and white") == ("A black-and-white photo.", "Ein Schwarz-Weiß-Foto.")
    assert said("night", place=BARCELONA)[0] == "A photo in Barcelona, Spain, at night."


def test_a_scene_without_anybody_is_the_subject():
    assert said("beach") == ("A beach.", "Ein Strand.")


def test_a_town_is_said_to_be_near_or_not_at_all():
    def told(km: float, facts: Facts | None = None) -> str:
        return said("dog", facts=facts, place=BARCELONA | {"distance_km": km})[0]

    assert told(3) == "A dog in Barcelona, Spain."
    assert told(20) == "A dog near Barcelona, Spain."
    assert told(200) == "A dog (Spain)."
    assert told(20, Facts(place={"city": "Barcelona"})) == "A dog in Barcelona, Spain."
    assert said("dog", place={"at_sea": True, "city": "", "distance_km": 400.0}) == (
        "A dog at sea.",
        "Ein Hund auf See.",
    )


def test_a_date_that_only_the_disk_knows_is_not_told():
    copied = Facts(moment=Moment(datetime(2024, 1, 1), None, None, "modified"))
    assert said("dog", "winter", facts=copied) == ("A dog, in winter.", "Ein Hund, im Winter.")


def test_a_language_that_we_do_not_write_gets_no_caption():
    assert compose({}, Facts(), [Tag("dog", 1.0, ("human",))], "fr") == ""


def test_with_the_shipped_vocabulary_only_the_narrowest_terms_are_said():
    words = vocabulary.load(resources.vocabulary_file())
    tags = [Tag(term, 0.9, ("labels",)) for term in ("dog", "animal")]
    assert compose({}, Facts(), tags, "en", words) == "A dog."
    assert compose(crowd(3), Facts(), [Tag("child", 0.9, ("describe",))], "en", words) == "Three people."
    assert compose(crowd(1), Facts(), [Tag("cyclist", 0.9, ("describe",))], "de", words) == "Ein Radfahrer."
    assert compose(crowd(1), Facts(), [Tag("friends", 0.9, ("human",))], "en", words) == "People."
    assert compose(crowd(1), Facts(), [Tag("face", 0.9, ("describe",))], "en", words) == "A person."
    assert compose({}, Facts(), [Tag("mammal", 0.9, ("labels",))], "en", words) == "An animal."
    assert [term for term in nouns.terms() if term not in words.terms] == []
    bare = [
        term
        for term in words.terms.values()
        if term.kind == "objects" and not (nouns.known(term.name) or term.name == "mammal")
    ]
    for term in bare[:20]:
        tag = [Tag(term.name, 0.9, ("labels",))]
        label = words.label(term.name, "de")
        assert compose({}, Facts(), tag, "de", words) == f"{label[0].upper()}{label[1:]}."


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["dog", "people", "person", "beach", "food", "crowd", "night", "Ω"]), unique=True),
    st.integers(0, 30),
    st.lists(st.none() | st.floats(0, 1), max_size=4),
    st.sampled_from(["en", "de"]),
    st.booleans(),
)
def test_every_caption_is_one_sentence(
    terms: list[str], count: int, smiles: list[float | None], language: str, monochrome: bool
):
    tags = [Tag(term, 0.9, ("labels",)) for term in terms]
    evidence = crowd(count, *smiles) | {"measure": {"monochrome": monochrome}, "place": BARCELONA}
    text = compose(evidence, JUNE, tags, language)
    assert text == text.strip()
    assert text[0].isupper()
    assert text.endswith("2019.")
    assert text.count(".") == 1
    assert not {"  ", " ,", ",,", "()"} & {text[at : at + 2] for at in range(len(text))}
    assert ("dog" in terms) == any(word in text for word in ("dog", "Hund"))
