"""The second question with a shortlist, and the verdicts: what is asked, what counts, and what a hostile model gets in.

The decision: the shipped vocabulary and the real sentence encoder; only the model is a few lines, since what it may
say, however wrong, is what is tested. Refused: answers that only a well-behaved model gives.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag import resources, vocabulary
from phototag.backends.protocols import Pixels, Question
from phototag.backends.sentences import Sentences
from phototag.errors import NoBackend, PhototagError
from phototag.look.choose import MOST, Choose, chosen
from phototag.look.prompts import Prompt, named, shipped
from phototag.look.schemas import VERDICTS
from phototag.look.step import Subject
from phototag.look.verdict import Verdict, judged
from phototag.records import Facts
from phototag.vocabulary import Term, Vocabulary
from tests.ollama_stand_in import StandIn

WORDS = vocabulary.load(resources.vocabulary_file())
BEE = {
    "description": "A bee sits on a yellow flower.",
    "keywords": ["honey bee", "kids", "zweihander"],
    "again": ["oboe"],
}
SEEN = {"labels": {"labels": [[309, "bee", 0.9]]}, "objects": {"objects": []}}


class Clerk:
    """Answers each question by a rule, and keeps what it was asked."""

    name, parallel, notices = "clerk", 3, ("a server is away",)

    def __init__(self, rule: Any = None) -> None:
        self.rule = rule or (lambda question: json.dumps({"keywords": listed(question)[:3]}))
        self.asked: list[Question] = []
        self.pictures: list[Any] = []

    def why_not(self) -> str | None:
        return None

    def describe(self, pictures: Sequence[Pixels | None], questions: Sequence[Question]) -> list[str | PhototagError]:
        self.asked += questions
        self.pictures += pictures
        return [self.rule(question) for question in questions]


def listed(question: Question) -> list[str]:
    return list(question.schema["properties"]["keywords"]["items"]["enum"])


SENTENCES = Sentences()  # loaded with the first text


@cache
def term_vectors() -> tuple[list[str], Any]:
    names = list(WORDS.terms)
    return names, np.asarray(SENTENCES.embed_texts(names))


def encoder(text: str) -> Any:
    return SENTENCES.embed_texts([text])[0]


def made_up(words: Vocabulary) -> Any:
    """Vectors that mean nothing, but are there."""
    rows = np.random.default_rng(7).normal(size=(len(words.terms), 512))
    return lambda: (list(words.terms), rows / np.linalg.norm(rows, axis=1, keepdims=True))


def step(rule: Any = None, words: Vocabulary = WORDS, vectors: Any = term_vectors) -> tuple[Choose, Clerk]:
    clerk = Clerk(rule)
    return Choose(clerk, shipped("choose"), words, 1024, vectors, encoder), clerk


def photo(name: str = "a", describe: Any = BEE, **earlier: Any) -> Subject:
    return Subject(name, None, Facts(), earlier | ({"describe": describe} if describe else {}))


# ---- the shortlist


def test_the_list_has_what_was_said_and_what_lies_near_the_photo() -> None:
    choose, clerk = step()
    (made,) = choose.make([photo(**SEEN)])
    terms = listed(clerk.asked[0])
    assert len(terms) == MOST and terms == sorted(set(terms)) and set(terms) <= set(WORDS.terms)
    assert {"bee", "insect", "child", "oboe"} <= set(terms)  # seen, near, an alias that was said, and said once more
    assert "zweihander" not in clerk.asked[0].text  # said, but no word of ours
    assert all(f'"{term}"' in clerk.asked[0].text for term in terms)
    assert made.value == {"keywords": terms[:3]} and made.maker == choose.maker and made.step == "choose"


def test_where_nothing_was_recognised_the_words_of_the_describer_place_the_photo() -> None:
    nothing = {"labels": {"labels": []}, "objects": {"objects": []}}
    for described in ({"description": "A wedding in a church."}, {"keywords": ["Hochzeitsfeier", "Kapelle"]}):
        for earlier in ({}, nothing):
            choose, clerk = step()
            choose.make([photo(describe=described, **earlier)])
            assert {"wedding", "church"} <= set(listed(clerk.asked[0]))


def test_what_was_recognised_and_what_was_said_have_equal_parts() -> None:
    wrong = {"labels": {"labels": [[874, "trolleybus", 0.9]]}, "objects": {"objects": []}}
    choose, clerk = step()
    choose.make([photo(describe={"description": "A wedding in a church."}, **wrong)])
    assert {"bus", "tram", "wedding", "church"} <= set(listed(clerk.asked[0]))


def test_no_term_that_a_machine_may_not_decide_is_offered() -> None:
    barred = {term.name for term in WORDS.terms.values() if term.sensitive or term.exclude}
    said = {"description": "A nude in a church, a gun and a photo.", "keywords": sorted(barred)}
    choose, clerk = step()
    choose.make([photo(describe=said)])
    assert barred and len(listed(clerk.asked[0])) == MOST and barred.isdisjoint(listed(clerk.asked[0]))


def test_long_words_of_any_script_leave_the_schema_small() -> None:
    words = Vocabulary(Term(f"{chr(0x4E00 + n) * 60} {n}") for n in range(200))
    choose, clerk = step(words=words, vectors=made_up(words))
    choose.make([photo(describe={"description": "Text."})])
    assert 3 < len(listed(clerk.asked[0])) < MOST and len(json.dumps(clerk.asked[0].schema)) < 8000


def test_rows_for_aliases_and_for_words_that_are_gone_are_taken_as_their_terms() -> None:
    words = Vocabulary([Term("bee", aliases=("Biene",)), Term("gun", sensitive=True)])
    rows = np.eye(4, 512)
    choose, clerk = step(words=words, vectors=lambda: (["Biene", "bee", "gun", "forgotten"], rows))
    choose.make([photo()])
    assert listed(clerk.asked[0]) == ["bee"]


def test_without_a_term_to_offer_nobody_is_asked_and_nothing_is_chosen() -> None:
    for words in (Vocabulary([]), Vocabulary([Term("gun", sensitive=True)])):
        choose, clerk = step(words=words, vectors=made_up(words))
        (made,) = choose.make([photo()])
        assert made.value == {"keywords": []} and not clerk.asked


def test_a_photo_that_nobody_described_is_left_for_another_run() -> None:
    choose, clerk = step()
    made = choose.make([photo("a", describe=None, **SEEN), photo("b")])
    assert [one.image_id for one in made] == ["b"] and len(clerk.asked) == 1


def test_many_threads_load_the_vectors_once() -> None:
    loaded = []

    def vectors() -> tuple[Sequence[str], Any]:
        loaded.append(1)
        return term_vectors()

    choose, clerk = step(vectors=vectors)
    threads = [threading.Thread(target=choose.make, args=([photo(str(n))],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1 and len(clerk.asked) == 8 and len({tuple(listed(one)) for one in clerk.asked}) == 1


# ---- the maker


def test_vocabulary_prompt_side_and_model_are_part_of_the_maker() -> None:
    own = Prompt("own", "choose", "en", "{terms}", "own@0")
    makers = {
        step()[0].maker,
        step(words=Vocabulary([Term("bee")]))[0].maker,
        Choose(Clerk(), own, WORDS, 1024, term_vectors).maker,
        Choose(Clerk(), shipped("choose"), WORDS, 512, term_vectors).maker,
    }
    assert len(makers) == 4
    assert step()[0].maker.startswith("clerk/choose@") and WORDS.digest in step()[0].maker
    assert step()[0].parallel == 3 and step()[0].logged and step()[0].notices == ("a server is away",)


# ---- answers


def test_what_is_chosen_keeps_the_models_order_and_is_on_the_list() -> None:
    def reply(*words: str) -> str:
        return json.dumps({"keywords": words})

    terms = ["bee", "flower", "iPhone", *(f"term {n}" for n in range(30))]
    assert chosen(reply("flower", "BEE", "bee ", "iphone", "wasp", "Biene"), terms) == ["flower", "bee", "iPhone"]
    assert chosen(reply(), terms) == chosen(reply("wasp"), terms) == []
    assert len(chosen(reply(*terms), terms)) == 15


@pytest.mark.parametrize("reply", ["", "[]", "{}", '{"keywords": "bee"}', '{"keywords": ["bee", 3]}', "9" * 5000])
def test_what_is_no_answer_fails_its_photo_alone(reply: str) -> None:
    replies = iter([reply, '{"keywords": ["bee"]}', PhototagError("the server gave up")])
    choose, _ = step(lambda question: next(replies))
    first, second, third = choose.make([photo("a"), photo("b"), photo("c")])
    assert "the answer does not fit" in first.error and first.value is None
    assert second.value == {"keywords": ["bee"]} and third.error == "the server gave up"


def test_what_stops_the_describer_stops_the_run() -> None:
    def gone(_: Question) -> str:
        raise NoBackend("the server is gone")

    def cut(_: Question) -> str:
        raise OSError("cut")

    with pytest.raises(NoBackend):
        step(gone)[0].make([photo()])
    assert [one.error for one in step(cut)[0].make([photo("a"), photo("b")])] == ["cut", "cut"]


def test_2000_photos_and_a_hostile_model_leave_no_word_that_was_not_offered() -> None:
    dice = random.Random(5)
    inventions = ["unicorn", "../../etc", "Gift\x00", "", "ignore the list", "gun", "nude"]

    def hostile(question: Question) -> str:
        words = dice.choices([*listed(question), *inventions], k=dice.randrange(20))
        return json.dumps({"keywords": words, "also": inventions})

    choose, clerk = step(hostile)
    kept = 0
    for start in range(0, 2000, 100):
        made = choose.make([photo(str(n), **SEEN) for n in range(start, start + 100)])
        for one, question in zip(made, clerk.asked[start:], strict=True):
            words = one.value["keywords"]
            assert set(words) <= set(listed(question)) <= set(WORDS.terms) and len(set(words)) == len(words) <= 15
            kept += len(words)
    assert kept > 5000


@given(st.lists(st.text() | st.sampled_from(["bee", "BEE", "insect"])), st.lists(st.text(min_size=1)))
def test_whatever_is_said_only_listed_words_come_out(said: list[str], terms: list[str]) -> None:
    found = chosen(json.dumps({"keywords": said}), [*terms, "bee"])
    assert set(found) <= {*terms, "bee"} and len(set(found)) == len(found) <= 15
    assert "bee" in found or "bee" not in said or len(found) == 15 or any(map(_is_bee, terms))


def _is_bee(term: str) -> bool:
    return vocabulary.folded(term) == "bee"


# ---- behind a server


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(models=["qwen3-vl:4b-instruct"]) as found:
        yield found


@pytest.mark.server
def test_a_server_that_keeps_to_the_grammar_alone_says_words_of_the_list(server: StandIn) -> None:
    from phototag.backends import registry

    describer = registry.describer("ollama:qwen3-vl:4b-instruct", {"hosts": (server.url,)})
    choose = Choose(describer, shipped("choose"), WORDS, 64, term_vectors)  # with its own encoder
    grey = np.full((64, 64, 3), 127, np.uint8)
    made = choose.make([Subject(str(n), grey, Facts(), {"describe": BEE}) for n in range(12)])
    words = [word for one in made for word in one.value["keywords"]]
    assert len(made) == 12 and words and set(words) <= set(WORDS.terms)
    assert server.violations == []


# ---- verdicts


GOOD = {"eyes_open": "can't tell", "sharp": "yes", "subject_in_frame": "no"}


def test_verdicts_are_a_step_of_their_own() -> None:
    clerk = Clerk(lambda question: json.dumps(GOOD))
    verdict = Verdict(clerk, named("cull"), 1024)
    near = {"place": {"city": "Fürth"}, "people": {"count": 2}}
    (made,) = verdict.make([Subject("a", None, Facts(keywords=("Anna",)), near)])
    assert (made.step, made.value) == ("verdict", GOOD) and made.maker.startswith("clerk/cull@")
    assert '- Keywords it has: "Anna"\n' in clerk.asked[0].text and "- People: 2 " in clerk.asked[0].text
    assert clerk.asked[0].schema["required"] == sorted(GOOD) and {"place", "people"} <= set(Verdict.after)
    assert verdict.logged and verdict.needs_picture and verdict.notices == ("a server is away",)


def test_verdicts_are_cleaned_or_refused() -> None:
    assert judged(json.dumps(GOOD | {"sharp": " Yes ", "score": 9, "eyes_open": "Can\u2019t tell"})) == GOOD
    for changed in ({"sharp": "very"}, {"sharp": True}, {"sharp": None}, {"eyes_open": ["yes"]}):
        (name,) = changed
        with pytest.raises(ValueError, match=f"`{name}` is none of: yes, no, can't tell"):
            judged(json.dumps(GOOD | changed))
    with pytest.raises(ValueError, match="subject_in_frame"):
        judged('{"eyes_open": "yes", "sharp": "yes"}')


def test_a_verdict_that_fails_is_named_and_the_others_are_kept() -> None:
    replies = iter([json.dumps(GOOD), "no JSON", PhototagError("the server gave up")])
    verdict = Verdict(Clerk(lambda question: next(replies)), named("cull"), 1024)
    first, second, third = verdict.make([Subject("a"), Subject("b"), Subject("c")])
    assert first.value == GOOD and "no JSON" in second.error and third.error == "the server gave up"


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.sampled_from([*VERDICTS, "YES", "maybe"]) | st.integers()))
def test_whatever_is_judged_is_a_verdict_or_refused(said: dict[str, object]) -> None:
    try:
        found = judged(json.dumps(said))
    except ValueError:
        assert any(said.get(name) not in (*VERDICTS, "YES") for name in GOOD)
        return
    assert list(found) == sorted(GOOD) and set(found.values()) <= set(VERDICTS)
