"""The rules that turn evidence into keywords: what is written, what waits for a person, what people decided."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from phototag import resources, vocabulary
from phototag.decide.labels import SPECIES, calibrated
from phototag.decide.policy import Person, Rules, decide, name_of
from phototag.records import Decision, Facts
from phototag.vocabulary import Term


class Small:
    """A vocabulary of a few terms, so that the rules are tested and not the words."""

    digest = "5ma11000"

    def __init__(self, *terms: Term) -> None:
        self.terms = {term.name: term for term in terms}
        self._known = {
            self._folded(word): term for term in terms for word in (term.name, *term.aliases, *term.labels.values())
        }

    @staticmethod
    def _folded(word: str) -> str:
        return " ".join(unicodedata.normalize("NFC", word).casefold().split())

    def canonical(self, word: str) -> Term | None:
        return self._known.get(self._folded(word))

    def leading_to(self, term: Term) -> frozenset[str]:
        return frozenset(self._folded(word) for word in (term.name, *term.aliases))

    def ancestors(self, name: str) -> tuple[str, ...]:
        parent = self.terms[name].parent
        return (parent, *self.ancestors(parent)) if parent else ()

    def label(self, name: str, language: str) -> str:
        return self.terms[name].labels.get(language, name)


WORDS = Small(
    Term("animal"),
    Term("pet", parent="animal"),
    Term("dog", parent="pet", labels={"de": "Hund"}, aliases=("dogs",)),
    Term("cat", parent="pet", labels={"de": "Katze"}, aliases=("kitty",)),
    *(Term(name, parent="animal") for name in ("bird", "cow", "fox", "giraffe", "horse")),
    Term("food", labels={"de": "Essen"}),
    Term("fruit", parent="food"),
    Term("lemon", parent="fruit"),
    Term("pizza", parent="food"),
    *(Term(name) for name in ("camera", "umbrella", "wine glass", "stage", "NASA", "furniture", "bottle", "cup")),
    Term("television", aliases=("tv",)),
    Term("computer"),
    Term("photo", exclude=True),
    Term("weapon", sensitive=True),
    Term("rifle", parent="weapon"),
    *(Term(name, kind="people") for name in ("person", "people", "group", "crowd", "portrait")),
    *(Term(name, kind="light") for name in ("golden hour", "night", "summer")),
    *(Term(name, kind="technique") for name in ("long exposure", "black and white")),
    Term("wedding", kind="events"),
)
DOG = {"labels": {"labels": [[207, "Golden Retriever", 0.81]], "groups": {"dog": 0.93}}}


def labels(*classes: tuple[str, float], **groups: float) -> dict[str, Any]:
    named = [[number, name, chance] for number, (name, chance) in enumerate(classes)]
    return {"labels": {"labels": named, "groups": {word.replace("_", " "): chance for word, chance in groups.items()}}}


def objects(*seen: tuple[str, float], side: float = 0.3) -> dict[str, Any]:
    box = [0.1, 0.1, 0.1 + side, 0.1 + side]
    return {"objects": {"objects": [{"label": label, "score": score, "box": box} for label, score in seen]}}


def faces(*scores: float, side: float = 0.1) -> dict[str, Any]:
    box = [0.3, 0.3, 0.3 + side, 0.3 + side]
    return {"faces": {"faces": [{"box": box, "score": score, "size": 90, "smile": None} for score in scores]}}


def described(*keywords: str, **more: str) -> dict[str, Any]:
    return {"describe": {"keywords": list(keywords), "description": "A dog.", **more}}


def of(evidence: Mapping[str, Any], facts: Facts | None = None, person: Person | None = None, **rules: Any) -> Decision:
    return decide("a" * 32, evidence, facts or Facts(), WORDS, Rules(**rules), person)  # type: ignore[arg-type]


def tags(decision: Decision) -> list[str]:
    return [tag.term for tag in decision.tags]


def queued(decision: Decision) -> list[str]:
    return [tag.term for tag in decision.queued]


def proposed(decision: Decision) -> list[str]:
    return [tag.term for tag in decision.proposed]


# ---- what is written


def test_two_sensors_that_agree_are_surer_than_either_and_both_are_named():
    both = of(DOG | objects(("dog", 0.81))).tags[0]
    alone = of(DOG).tags[0]
    assert (both.term, both.because) == ("dog", ("labels dog 0.93", "objects dog 0.81"))
    assert 0.9 < alone.score < both.score < 1


def test_the_broader_terms_come_with_a_term_at_its_score():
    decision = of(DOG)
    assert tags(decision) == ["dog", "pet", "animal"]
    assert len({tag.score for tag in decision.tags}) == 1
    assert decision.tags[1].because == ("broader than dog",)


def test_a_doubtful_term_waits_for_a_person():
    decision = of(labels(dog=0.35))
    assert tags(decision) == []
    assert queued(decision) == ["dog"]
    assert 0.4 <= decision.queued[0].score < 0.6


def test_what_is_hardly_seen_is_not_even_asked():
    decision = of(labels(dog=0.2) | objects(("cup", 0.36)))
    assert tags(decision) == queued(decision) == proposed(decision) == []


def test_two_doubtful_words_for_the_same_thing_make_it_sound():
    assert "cat" in tags(of(labels(cat=0.4) | objects(("cat", 0.45))))


def test_several_words_of_one_sensor_are_one_witness():
    once = of(labels(("pizza", 0.5), pizza=0.5))
    assert once.tags == of(labels(pizza=0.5)).tags


def test_the_detector_is_believed_from_its_own_lines_on():
    assert tags(of(objects(("bottle", 0.61)))) == []
    assert tags(of(objects(("bottle", 0.63)))) == ["bottle"]
    assert tags(of(objects(("person", 0.54)))) == []
    assert tags(of(objects(("person", 0.56)))) == ["person"]


def test_a_thing_too_small_to_matter_is_no_keyword():
    assert tags(of(objects(("bottle", 0.9), side=0.05))) == []


def test_a_class_is_believed_where_its_broader_photo_word_is():
    assert tags(of(labels(("pizza", 0.9), food=0.92))) == ["food", "pizza"]
    alone = of(labels(("camera", 0.8)))
    assert (tags(alone), queued(alone)) == ([], ["camera"])
    assert alone.queued[0].because[-1] == "but a single class"
    assert tags(of(labels(("camera", 0.91)))) == ["camera"]


def test_terms_of_facts_are_certain():
    evidence = {"light": {"light": "night", "season": "summer"}, "technique": {"terms": ["long exposure"]}}
    assert {tag.term: tag.score for tag in of(evidence).tags} == {"night": 1, "summer": 1, "long exposure": 1}


def test_a_monochrome_picture_is_black_and_white():
    assert of({"measure": {"monochrome": True}}).tags[0].because == ("measure monochrome",)
    assert tags(of({"measure": {"monochrome": False}})) == []


def test_generic_words_are_dropped():
    decision = of(described("photo", "dog"))
    assert "dog" in tags(decision)
    assert "photo" not in tags(decision) + queued(decision) + proposed(decision)


def test_no_machine_decides_a_sensitive_term_nor_a_narrower_one():
    decision = of(labels(("rifle", 0.9), weapon=0.97) | described("rifle", "weapon"))
    assert tags(decision) == []
    assert queued(decision) == ["weapon", "rifle"]
    assert all(tag.because[-1] == "but it is sensitive" for tag in decision.queued)


def test_a_sensitive_broader_term_does_not_come_with_a_persons_word():
    assert tags(of({}, Facts(keywords=("rifle",)))) == ["rifle"]


def test_a_kind_may_ask_for_more_or_less():
    evidence = labels(dog=0.55)
    assert "dog" in tags(of(evidence))
    assert tags(of(evidence, thresholds={"objects": 0.9})) == []
    assert "dog" in tags(of(evidence, thresholds={"events": 0.9}))
    assert "dog" in tags(of(evidence, min_confidence=0.9, thresholds={"objects": 0.5}))


def test_most_keeps_the_surest_and_does_not_count_broader_terms():
    evidence = labels(dog=0.95, food=0.6, computer=0.5)
    assert tags(of(evidence, most=1)) == ["dog", "pet", "animal"]
    assert tags(of(evidence, most=2)) == ["dog", "pet", "animal", "food"]
    assert queued(of(evidence, most=1)) == []


def test_least_takes_the_best_doubtful_terms_but_never_contradicted_or_weak_ones():
    evidence = labels(food=0.4, computer=0.35, dog=0.2) | objects(("umbrella", 0.9))
    assert tags(of(evidence, least=1)) == ["food"]
    assert tags(of(evidence, least=9)) == ["food", "computer"]


# ---- false friends


def test_an_animal_that_only_the_detector_sees_waits():
    evidence = objects(("giraffe", 0.71)) | labels(("lakeshore", 0.4), food=0.1)
    assert tags(of(evidence)) == []
    assert queued(of(evidence)) == ["giraffe"]
    assert queued(of(objects(("dog", 0.8)) | labels())) == ["dog"]
    assert of(objects(("dog", 0.8)) | labels()).queued[0].because[-1] == "but labels see no animal"
    assert "dog" in tags(of(objects(("dog", 0.8)) | labels(dog=0.12)))


def test_without_the_tagger_nobody_denies_the_animal():
    assert "dog" in tags(of(objects(("dog", 0.8))))


def test_words_that_often_mislead_need_a_second_witness():
    assert queued(of(objects(("umbrella", 0.8)))) == ["umbrella"]
    assert tags(of(objects(("umbrella", 0.8)) | labels(umbrella=0.3))) == ["umbrella"]
    limes = labels(("lemon", 0.7), fruit=0.8)
    assert tags(of(limes)) == ["fruit", "food"]
    assert queued(of(limes)) == ["lemon"]


def test_what_the_tagger_falls_back_to_is_not_even_proposed():
    assert proposed(of(labels(("solar thermal collector", 0.9)))) == []
    assert proposed(of(labels(("megalith", 0.6)))) == ["megalith"]


def test_a_computers_screen_is_no_television():
    assert tags(of(objects(("tv", 0.72)) | labels(computer=0.91))) == ["computer"]
    assert tags(of(objects(("tv", 0.72)) | labels())) == ["television"]


def test_cat_or_dog_is_neither_but_a_pet():
    decision = of(labels(dog=0.72) | objects(("cat", 0.45)))
    assert tags(decision) == ["pet", "animal"]
    assert queued(decision) == ["dog", "cat"]
    assert decision.queued[0].because == ("labels dog 0.72", "but objects cat 0.45")


def test_two_sensors_outvote_one():
    decision = of(labels(dog=0.9) | objects(("cat", 0.7)) | described("cat"))
    assert "cat" in tags(decision)
    assert queued(decision) == ["dog"]


def test_a_describer_is_not_unsettled_by_a_doubtful_detection():
    assert "dog" in tags(of(described("dog") | objects(("cat", 0.5))))
    assert "dog" in queued(of(described("dog") | objects(("cat", 0.7))))


def test_a_detector_that_sees_both_has_seen_both():
    assert {"cat", "dog"} <= set(tags(of(labels(dog=0.9) | objects(("cat", 0.7), ("dog", 0.7)))))


def test_the_tagger_knows_animals_for_which_the_detector_has_no_word():
    decision = of(labels(fox=0.91) | objects(("cat", 0.7)))
    assert "fox" in tags(decision)
    assert queued(decision) == ["cat"]


def test_golden_hour_in_a_room_waits():
    evidence = {"light": {"light": "golden hour"}}
    assert tags(of(evidence)) == ["golden hour"]
    assert queued(of(evidence | labels(furniture=0.7))) == ["golden hour"]


# ---- people


def test_people_are_as_sure_as_the_second_surest():
    assert tags(of(objects(("person", 0.9)))) == ["person"]
    assert tags(of(objects(("person", 0.9), ("person", 0.8)))) == ["people"]
    doubtful = of(objects(("person", 0.9), ("person", 0.45)))
    assert (tags(doubtful), queued(doubtful)) == (["person"], ["people"])


def test_a_face_and_a_body_are_two_witnesses():
    assert tags(of(objects(("person", 0.42)) | faces(0.7))) == ["person"]
    assert tags(of(faces(0.9, 0.8))) == ["people"]


def test_three_faces_are_a_group_and_ten_people_a_crowd():
    assert "group" in tags(of(faces(0.9, 0.9, 0.9)))
    assert "group" not in tags(of(objects(*[("person", 0.9)] * 3)))
    crowd = tags(of(objects(*[("person", 0.9)] * 10) | faces(0.9, 0.9, 0.9)))
    assert "crowd" in crowd
    assert "group" not in crowd


def test_a_lone_large_face_is_a_portrait():
    alone = {"people": {"count": 1, "persons": 1, "faces": 1}}
    assert "portrait" in tags(of(faces(0.9, side=0.4) | alone))
    assert "portrait" not in tags(of(faces(0.9, side=0.1) | alone))
    assert "portrait" not in tags(of(faces(0.9, side=0.4) | {"people": {"count": 2, "persons": 2, "faces": 1}}))


# ---- a describer


def test_a_describers_first_keyword_is_believed_most():
    decision = of(described("food", "camera", "dogs"))
    scores = {tag.term: tag.score for tag in decision.tags}
    assert 0.6 < scores["dog"] < scores["camera"] < scores["food"] < 1


def test_a_describers_category_decides_nothing_alone():
    assert tags(of(described("food", category="wedding"))) == ["food"]


def test_words_outside_the_vocabulary_are_proposed_and_not_written():
    decision = of(described("Old  Bridge", "dog") | labels(("Golden Retriever", 0.81), dog=0.9))
    assert tags(decision) == ["dog", "pet", "animal"]
    assert proposed(decision) == ["Old Bridge", "Golden Retriever"]


@pytest.mark.parametrize("word", ["a, b", "a;b", "a|b", "a/b", "x" * 65, "\x1b[31m", "one two three four five", ""])
def test_what_cannot_be_a_keyword_is_not_proposed(word: str):
    assert proposed(of(described(word))) == []


# ---- what people said


def test_peoples_words_come_first_in_their_order_and_spelling():
    decision = of(DOG, Facts(keywords=("iPhone 5", "nasa", "Katze", "kitty", "Oma Erna")))
    assert tags(decision)[:4] == ["iPhone 5", "NASA", "cat", "Oma Erna"]
    assert all(tag.score == 1 and tag.because[0] == "human" for tag in decision.tags[:4])


def test_what_a_person_accepts_is_written_with_its_reasons():
    decision = of(labels(dog=0.35), person=Person(accepted=("dog",), added=("Rex",)))
    assert tags(decision) == ["dog", "Rex", "pet", "animal"]
    assert decision.tags[0].because == ("human", "labels dog 0.35")
    assert (queued(decision), decision.by) == ([], "human")


def test_what_a_person_rejects_is_wrong_and_so_is_everything_narrower():
    decision = of(labels(dog=0.93) | described("dog", "puppy", "food"), person=Person(rejected=("ANIMAL", "Puppy")))
    assert tags(decision) == ["food"]
    assert queued(decision) == proposed(decision) == []


def test_what_a_person_removes_leaves_the_narrower_term():
    assert tags(of(DOG, person=Person(removed=("animal",)))) == ["dog", "pet"]
    assert tags(of({}, Facts(keywords=("Katze", "Rex")), Person(removed=("cat", "rex")))) == []


def test_people_are_never_cut_and_may_say_what_machines_may_not():
    facts = Facts(keywords=("photo", "weapon", "one", "two", "three"))
    assert tags(of(DOG, facts, most=2)) == ["photo", "weapon", "one", "two", "three"]


def test_people_settle_contradictions():
    cat = Facts(keywords=("cat",))
    assert queued(of(labels(dog=0.7), cat)) == ["dog"]
    assert of(labels(dog=0.7), cat).queued[0].because[-1] == "but a person said cat"
    assert "dog" in tags(of(labels(dog=0.7) | objects(("dog", 0.7)), cat))


# ---- captions, places, names


def test_a_persons_caption_wins_then_the_files_then_the_describers():
    person = Person(caption={"en": "Rex!", "de": ""})
    told = Facts(caption="My dog", captions={"x-default": "My dog", "de": "Mein Hund"})
    languages = ("en", "de")
    assert of(described("dog"), told, person, languages=languages).caption == {"en": "Rex!", "de": "Mein Hund"}
    assert of(described("dog"), told, languages=languages).caption == {"en": "My dog", "de": "Mein Hund"}
    assert of(described("dog"), languages=languages).caption == {"en": "A dog.", "de": "Ein Hund."}
    german = Facts(caption="Mein Hund", captions={"de-DE": "Mein Hund"})
    assert of(DOG, german, languages=languages).caption == {"en": "A dog.", "de": "Mein Hund"}
    assert of(DOG, Facts(caption="Rex"), languages=languages).caption == {"en": "Rex", "de": "Ein Hund."}


def test_a_place_is_no_keyword_and_the_files_own_wins():
    seen = {"place": {"city": "Barcelona", "state": "Catalonia", "country": "Spain", "country_code": "ES"}}
    decision = of(seen)
    assert tags(decision) == proposed(decision) == []
    assert decision.place == seen["place"]
    assert of(seen, Facts(place={"city": "Barcelona", "location": "Port"})).place == seen["place"] | {
        "location": "Port"
    }
    assert of(seen, Facts(place={"city": "BARCELONA"})).place["city"] == "BARCELONA"
    assert of(seen, Facts(place={"city": "Sitges"})).place == {"city": "Sitges"}


def test_the_policys_name_changes_with_rules_and_vocabulary():
    rules = Rules()
    other = Small()
    other.digest = "07e40000"
    names = {
        name_of(rules, WORDS),  # type: ignore[arg-type]
        name_of(rules, other),  # type: ignore[arg-type]
        name_of(replace(rules, least=1), WORDS),  # type: ignore[arg-type]
        name_of(replace(rules, thresholds={"events": 0.9}), WORDS),  # type: ignore[arg-type]
        name_of(replace(rules, languages=("de",)), WORDS),  # type: ignore[arg-type]
    }
    assert len(names) == 5
    assert of(DOG).policy == name_of(Rules(), WORDS)  # type: ignore[arg-type]
    assert name_of(Rules(thresholds={"a": 1, "b": 0}), WORDS) == name_of(Rules(thresholds={"b": 0, "a": 1}), WORDS)  # type: ignore[arg-type]


@pytest.mark.parametrize("line", [0.3, 0.55, 0.62])
def test_scores_are_bent_without_a_jump(line: float):
    bent = [calibrated(raw / 100, line) for raw in range(101)]
    assert (bent[0], bent[-1], calibrated(line, line)) == (0, 1, 0.6)
    assert bent == sorted(bent)
    assert max(b - a for a, b in pairwise(bent)) < 0.03


# ---- whatever the evidence

NAMES = st.sampled_from([*WORDS.terms, "Katze", "tv", "traffic light", "megalith", "Rex", "NASA", "nasa ", "ﬁsh"])
TEXTS = NAMES | st.text(max_size=8)
CHANCES = st.integers(0, 100).map(lambda percent: percent / 100)
LABELS = st.fixed_dictionaries(
    {
        "labels": st.lists(st.tuples(st.integers(0, 999), NAMES, CHANCES).map(list), max_size=4),
        "groups": st.dictionaries(NAMES, CHANCES, max_size=5),
    }
)
BOXES = st.just([0.1, 0.1, 0.5, 0.6])
THINGS = st.fixed_dictionaries({"label": NAMES, "score": CHANCES, "box": BOXES})
FACES = st.fixed_dictionaries({"box": BOXES, "score": CHANCES, "smile": st.none() | CHANCES})
DESCRIBED = st.fixed_dictionaries(
    {"keywords": st.lists(TEXTS, max_size=4), "description": st.text(max_size=9)}, optional={"category": TEXTS}
)
EVIDENCE = st.fixed_dictionaries(
    {},
    optional={
        "labels": LABELS,
        "objects": st.fixed_dictionaries({"objects": st.lists(THINGS, max_size=5)}),
        "faces": st.fixed_dictionaries({"faces": st.lists(FACES, max_size=4)}),
        "people": st.fixed_dictionaries({"count": st.integers(0, 12)}),
        "measure": st.fixed_dictionaries({"monochrome": st.booleans()}),
        "light": st.just({}) | st.just({"light": "golden hour", "season": None}),
        "technique": st.just({"terms": ["long exposure"]}),
        "place": st.just({}) | st.just({"city": "Barcelona", "distance_km": 3.0, "at_sea": False}),
        "describe": DESCRIBED,
    },
)
SOME = st.lists(TEXTS, max_size=4).map(tuple)
PEOPLE = st.none() | st.builds(Person, SOME, SOME, SOME, SOME, st.just({}))
RULES = st.builds(
    Rules,
    min_confidence=CHANCES,
    least=st.integers(0, 6),
    most=st.integers(0, 6),
    thresholds=st.dictionaries(st.sampled_from(["objects", "people", "light"]), CHANCES),
    languages=st.sampled_from([(), ("en",), ("de", "en", "fr")]),
)


def meaning(word: str) -> str:
    term = WORDS.canonical(word)
    return term.name if term else Small._folded(word)


@settings(max_examples=300, deadline=None)
@given(EVIDENCE, SOME, PEOPLE, RULES)
@example({"labels": {"labels": [], "groups": {"dog": 1.0}}}, ("cat",), Person(rejected=("animal",)), Rules(most=0))
def test_whatever_the_evidence(
    evidence: dict[str, Any], keywords: tuple[str, ...], person: Person | None, rules: Rules
):
    facts = Facts(keywords=keywords)
    decision = decide("b" * 32, evidence, facts, WORDS, rules, person)  # type: ignore[arg-type]
    said = person or Person()
    every = (*decision.tags, *decision.queued, *decision.proposed)
    written = {meaning(tag.term) for tag in decision.tags}
    barred = {meaning(word) for word in (*said.rejected, *said.removed)}
    human = {meaning(word) for word in (*keywords, *said.accepted, *said.added) if word.strip()}

    assert all(0 < tag.score <= 1 and tag.because for tag in every)
    assert not barred & {meaning(tag.term) for tag in every}, "what a person took away came back"
    assert human - barred <= written, "a person's word was lost"
    assert all(tag.term in WORDS.terms for tag in decision.tags if tag.because[0] != "human")
    assert all(tag.term in WORDS.terms for tag in decision.queued)
    assert not any(WORDS.canonical(tag.term) for tag in decision.proposed)
    assert len({meaning(tag.term) for tag in every}) == len(every), "a word stands twice"
    assert all(text.strip() for text in decision.caption.values())

    turned = {step: evidence[step] for step in reversed(evidence)}
    assert decide("b" * 32, turned, facts, WORDS, rules, person) == decision  # type: ignore[arg-type]
    stored = json.loads(json.dumps(evidence))
    assert decide("b" * 32, stored, facts, WORDS, rules, person) == decision  # type: ignore[arg-type]


# ---- with the vocabulary that is shipped


def test_the_shipped_vocabulary_knows_what_our_own_sensors_say():
    words = vocabulary.load(resources.vocabulary_file())
    own = ("person", "people", "group", "crowd", "portrait", "golden hour", "blue hour", "night", "black and white")
    assert [word for word in (*own, *SPECIES) if words.canonical(word) is None] == []
    assert [word for word in SPECIES if "animal" not in words.ancestors(word)] == []
    decision = decide("c" * 32, DOG | objects(("dog", 0.81)), Facts(), words, Rules(languages=("en", "de")))
    assert {"animal", "dog"} <= {tag.term for tag in decision.tags}
    assert decision.caption == {"en": "A dog.", "de": "Ein Hund."}
