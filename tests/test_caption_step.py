"""The step `describe`: what is asked of each photo, what an answer must be, and what makes it another question.

The decision: a describer of a few lines stands behind the same door as a real one and keeps what it was asked.
Refused: answers that only a well-behaved model gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.backends.protocols import Pixels, Question
from phototag.errors import NoBackend, PhototagError, UsageError
from phototag.look import known
from phototag.look.caption import Describe, checked
from phototag.look.prompts import Prompt, named
from phototag.look.schemas import GENRES, SCHEMAS
from phototag.look.step import Subject
from phototag.records import Facts

GOOD = {"category": "macro", "description": "A bee on a flower.", "keywords": ["bee", "flower"]}


class Clerk:
    """Says what it was told to, and keeps the questions."""

    name, parallel = "clerk", 3

    def __init__(self, *replies: str | Exception) -> None:
        self.replies, self.asked, self.seen = replies, list[Question](), list[Pixels]()

    def why_not(self) -> str | None:
        return None

    def describe(self, pictures: Sequence[Pixels], questions: Sequence[Question]) -> list[Any]:
        self.asked += questions
        self.seen += pictures
        if self.replies and isinstance(self.replies[0], Exception) and not isinstance(self.replies[0], PhototagError):
            raise self.replies[0]
        if self.replies and isinstance(self.replies[0], NoBackend):
            raise self.replies[0]
        return list(self.replies)


def step(
    *replies: str | Exception, prompt: str = "catalog", style: str = "", twice: bool = False
) -> tuple[Describe, Clerk]:
    clerk = Clerk(*replies)
    return Describe(clerk, named(prompt), 1024, style, twice), clerk


def answer(**changed: object) -> str:
    return json.dumps(GOOD | changed)


# ---- what is asked


def test_each_photo_is_asked_about_with_what_is_known_of_it() -> None:
    describe, clerk = step(answer(), answer())
    near = {"city": "Fürth", "state": "Bavaria", "country": "Germany"}
    first = Subject("a", None, Facts(keywords=("Anna",)), {"place": near, "people": {"count": 2}})
    made = describe.make([first, Subject("b")])
    assert [(one.image_id, one.value) for one in made] == [("a", GOOD), ("b", GOOD)]
    texts = [question.text for question in clerk.asked]
    assert '- Keywords it has: "Anna"\n' in texts[0] and "- Place: Fürth, Bavaria, Germany\n" in texts[0]
    assert "- People: 2 " in texts[0] and "- Keywords it has:\n" in texts[1]
    assert all(question.schema == SCHEMAS["catalog"] for question in clerk.asked)


def test_it_names_the_steps_whose_evidence_it_uses() -> None:
    assert {"place", "people"} <= set(Describe.after) == set(known.USED)


def test_the_style_guide_is_asked_and_makes_another_question() -> None:
    plain, _ = step()
    styled, clerk = step(answer(), style="weddings in Franconia,\nsay wedding band, not ring")
    other, _ = step(style="weddings in Swabia")
    styled.make([Subject("a")])
    assert "say wedding band, not ring" in clerk.asked[0].text
    assert len({plain.maker, styled.maker, other.maker}) == 3
    assert "style@" in styled.maker and "style" not in plain.maker
    assert step(style=" \n")[0].maker == plain.maker


def test_what_is_known_of_a_photo_is_not_part_of_the_maker() -> None:
    describe, _ = step(answer())
    before = describe.maker
    (made,) = describe.make([Subject("a", None, Facts(keywords=("Anna",)))])
    assert made.maker == before == describe.maker and "Anna" not in before


def test_another_prompt_is_another_maker() -> None:
    assert len({step(prompt=name)[0].maker for name in SCHEMAS}) == 3


def test_a_style_guide_without_a_place_is_an_error() -> None:
    prompt = Prompt("own", "caption", "en", "Look.", "own@0")
    with pytest.raises(UsageError, match="no place for a style guide"):
        Describe(Clerk(), prompt, 1024, "say ring")


def test_an_answer_in_another_language_says_so() -> None:
    prompt = Prompt("own", "caption", "de", "Was siehst du?", "own@0")
    (made,) = Describe(Clerk(json.dumps({"description": "Ein Hund schläft."})), prompt, 1024).make([Subject("a")])
    assert made.value == {"description": "Ein Hund schläft.", "language": "de"}


# ---- asked twice


def test_asked_twice_the_second_answers_keywords_stand_beside_the_first() -> None:
    describe, clerk = step(answer(), answer(keywords=["Bee ", "bee", "pollen"]), answer(), answer(), twice=True)
    first, second = describe.make([Subject("a", "picture a"), Subject("b", "picture b", Facts(keywords=("Anna",)))])
    assert first.value == GOOD | {"again": ["Bee", "pollen"]} and second.value == GOOD | {"again": ["bee", "flower"]}
    assert [question.turn for question in clerk.asked] == [0, 1, 0, 1]
    assert clerk.asked[2].text == clerk.asked[3].text != clerk.asked[0].text
    assert clerk.seen == ["picture a", "picture a", "picture b", "picture b"]


@pytest.mark.parametrize("second", [PhototagError("the server gave up"), "no JSON", answer(keywords=["..."])])
def test_a_second_answer_that_failed_is_left_out(second: str | Exception) -> None:
    (made,) = step(answer(), second, twice=True)[0].make([Subject("a")])
    assert made.value == GOOD


def test_without_a_first_answer_the_photo_failed() -> None:
    (made,) = step(PhototagError("the server gave up"), answer(), twice=True)[0].make([Subject("a")])
    assert made.value is None and made.error == "the server gave up"


def test_asking_twice_is_another_maker_but_for_a_prompt_without_keywords() -> None:
    assert step(twice=True)[0].maker != step()[0].maker and "/twice/" in step(twice=True)[0].maker
    captions, clerk = step(answer(), prompt="caption", twice=True)
    (made,) = captions.make([Subject("a")])
    assert made.value == {"description": "A bee on a flower."} and len(clerk.asked) == 1
    assert captions.maker == step(prompt="caption")[0].maker


# ---- failures


def test_a_photo_that_fails_is_named_and_the_others_are_kept() -> None:
    describe, _ = step(answer(), PhototagError("the server gave up"), "no JSON", answer(keywords=[]))
    made = describe.make([Subject(name) for name in "abcd"])
    assert made[0].value == GOOD and [one.value for one in made[1:]] == [None] * 3
    assert made[1].error == "the server gave up"
    assert "no JSON" in made[2].error and "keywords" in made[3].error


def test_a_client_that_breaks_fails_its_batch_only() -> None:
    describe, _ = step(OSError("cut"))
    assert [one.error for one in describe.make([Subject("a"), Subject("b")])] == ["cut", "cut"]


def test_what_stops_the_describer_stops_the_run() -> None:
    describe, _ = step(NoBackend("the server is gone"))
    with pytest.raises(NoBackend):
        describe.make([Subject("a")])


# ---- answers


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        ("", "no JSON"),
        ('{"keywords": ["a"', "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("9" * 5_000, "no JSON"),
        ("[]", "no JSON object"),
        (answer(keywords="bee, flower"), "`keywords` is no list"),
        (answer(keywords=[3, None, ["bee"]]), "`keywords` has no word"),
        (answer(keywords=["", " ", "...", "a, b", "x" * 65]), "`keywords` has no word"),
        (answer(description=None), "`description` is no text"),
        (answer(description=" \x00\n"), "`description` says nothing"),
        ('{"description": "A bee."}', "`keywords`"),
        ('{"keywords": ["bee"]}', "`description`"),
    ],
)
def test_what_is_no_answer_is_an_error_that_says_why(reply: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        checked(reply)


def test_keywords_are_cleaned_thinned_out_and_kept_in_order() -> None:
    said = [" Bee ", "bee", "BEE", "#flower", "wild  bee", "a/b", "a|b", "a;b", "tab\tbed", "half \ud83d", "\u202eeeb"]
    said += ["é" * 33, "é" * 32, "Straße", "STRASSE", "می\u200cخواهم"]
    assert checked(answer(keywords=said))["keywords"] == [
        "Bee",
        "flower",
        "wild bee",
        "é" * 32,
        "Straße",
        "می\u200cخواهم",
    ]
    assert checked(answer(keywords=[f"w{n}" for n in range(40)]))["keywords"] == [f"w{n}" for n in range(15)]


def test_a_category_is_one_of_the_ten_or_none() -> None:
    assert checked(answer(category=" Wildlife "))["category"] == "wildlife"
    for other in ("insect", "", None, 3, ["macro"]):
        assert "category" not in checked(answer(category=other))


def test_a_description_is_one_line_that_ends_at_a_word() -> None:
    assert checked(answer(description=" A bee\n on\x00a \u2028flower. "))["description"] == "A bee on a flower."
    long = checked(answer(description="many words " * 100))["description"]
    assert 480 < len(long) <= 500 and long.endswith((" words …", " many …"))


def test_one_bad_keyword_does_not_spoil_an_answer() -> None:
    for bad in ("x" * 65, "é" * 33, "word " * 300, 3, None, ["a"], "a, b", ""):
        assert checked(answer(keywords=["bee", bad, "flower"])) == GOOD


NO_SENTENCES = [
    "",
    " \x00\n",
    "...",
    "bee",
    "A bee",
    "12 34 56 78 90 a b c",
    "<b>A bee on a flower</b>",
    "A bee &lt;script&gt; on a flower",
    "**A bee** on a flower",
    "![a bee](bee.jpg) on a flower",
    "# Title of a photo",
    "${jndi:ldap} for the photo",
    "Please see https://example.com for more",
    "Please see www.example.com for more",
    "The text /etc/passwd in a photo",
    "The text C:\\Users in a photo",
    "The text photos/2024/spring is here",
    "The file bee.jpg is a photo",
    "sudo rm -rf everything there",
    "def bee(): return the flower",
    'A bee {"keywords": ["bee"]} on a flower',
    "return the bee now;",
    "`bee` on a flower",
    "日本",
]
SENTENCES = [
    "A bee on a flower.",
    "Runner no. 12 leads at 10:30; the other, #7, is third.",
    "A sign of 24/12/2024 says “Open 24/7” to him/her.",
    "Ein Hund - braun und müde - schläft.",
    "L'été, une femme rit aux éclats.",
    "一只黑狗在跑。",
    "犬が走っている",
    "สุนัขวิ่งบนหญ้า",
    "강아지가 풀밭에서 달린다.",
    "हरी घास पर एक कुत्ता",
]


@pytest.mark.parametrize("text", NO_SENTENCES)
def test_what_is_no_sentence_is_left_out_and_the_keywords_stay(text: str) -> None:
    assert checked(answer(description=text), prose=True) == {"category": "macro", "keywords": ["bee", "flower"]}
    with pytest.raises(ValueError, match="`description` is no sentence"):
        checked(answer(description=text), "caption", prose=True)


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_in_any_script_are_kept(text: str) -> None:
    assert checked(answer(description=text), "caption", prose=True) == {"description": text}


def test_a_long_text_without_spaces_is_cut_too() -> None:
    long = checked(answer(description="一只黑狗在跑。" * 200), "caption")["description"]
    assert 490 < len(long) <= 500 and long.endswith(" …")


def test_a_schema_takes_only_its_own_members() -> None:
    assert checked(answer(), "caption") == {"description": "A bee on a flower."}
    assert checked(answer(), "keywords") == {"keywords": ["bee", "flower"]}
    assert checked('{"keywords": ["bee"]}', "keywords") == {"keywords": ["bee"]}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=20),
    max_leaves=20,
)
LETTERS = st.characters(codec=None)  # half letters too, as JSON may say them
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "keywords": st.lists(st.text(LETTERS, max_size=70), max_size=30) | VALUES,
        "description": st.text(LETTERS, max_size=700) | VALUES,
        "category": st.sampled_from(GENRES) | VALUES,
        "path": VALUES,
    },
)


@given(ANSWERS.map(json.dumps) | st.text(), st.sampled_from(sorted(SCHEMAS)))
def test_whatever_is_answered_is_clean_or_refused(reply: str, schema: str) -> None:
    try:
        found = checked(reply, schema, prose=True)
    except ValueError as trouble:
        assert str(trouble)
        return
    asked = set(SCHEMAS[schema]["required"])
    must = asked - {"category"} - ({"description"} if "keywords" in asked else set())
    assert must <= set(found) <= asked
    assert found.get("category", "macro") in GENRES
    words = found.get("keywords", ["x"])
    assert 1 <= len(words) <= 15 and len({word.casefold() for word in words}) == len(words)
    for word in words:
        assert word == " ".join(word.split()) and 0 < len(word.encode()) <= 64 and not set(word) & set(",;|/\\#\n\x00")
    line = found.setdefault("description", "A bee flies.") if "description" in asked else "x"
    assert 0 < len(line) <= 500 and len(line.splitlines()) == 1 and line.encode()
    assert checked(json.dumps(found), schema, prose=True) == found
