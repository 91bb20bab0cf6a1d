"""How well free words find their terms, by the likeness that is asked for: precision, recall and time.

The decision here: three tests that differ in what they can be right about. Words of the shipped vocabulary are held
out and looked up among the rest (each has a term); keywords as vision models write them stand in meaning.txt, half of
them things for which there is no term at all; those below its line `====` were written after the rules were fixed.
Refused: one figure for all, which the easy test would decide.

`python tests/bench/meaning.py` prints the tables. Right is the term itself or a broader one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from phototag import resources, vocabulary
from phototag.api_nearness import Nearness
from phototag.backends.sentences import Sentences
from phototag.decide.kinship import head
from phototag.decide.meaning import Meanings
from phototag.vocabulary import Vocabulary, folded

LIKENESSES = (0.7, 0.75, 0.8, 0.83, 0.85, 0.87, 0.9, 0.95)
FOLDS = 10
NEW_WORDS = 1_000
WORDS_OF_A_LIBRARY = 50_000  # distinct keywords of 200,000 photos
_FILE = Path(__file__).with_suffix(".txt")
_EVERYTHING = 0.01


@dataclass(frozen=True)
class Answer:
    """What a word was taken for, and whether that is right."""

    word: str
    term: str
    how: str
    likeness: float
    right: bool
    named: bool  # the word is a phrase that ends in a term's own word


def main() -> None:
    words, encoder = vocabulary.load(resources.vocabulary_file()), Sentences()
    for name, truth in written(words):
        show(name, answers(Meanings(words, Nearness(words, sentences=encoder), _EVERYTHING), truth, words), truth)
    held: list[Answer] = []
    whole: dict[str, frozenset[str]] = {}
    for some, truth in folds(words):
        held += answers(Meanings(some, Nearness(some, sentences=encoder), _EVERYTHING), truth, some)
        whole |= truth
    show("held out of the vocabulary", held, whole)
    times(words)


def written(words: Vocabulary) -> Iterator[tuple[str, dict[str, frozenset[str]]]]:
    """The hand-written words, each with the terms that are right for it."""
    first, fresh = _FILE.read_text("utf-8").split("\n# ====")
    for name, text in (("written by hand", first), ("written by hand, afterwards", fresh)):
        lines = [line.partition("#")[0].partition("=") for line in text.split("\n") if not line.startswith("#")]
        found = {word.strip(): [term.strip() for term in terms.split(",") if term.strip()] for word, _, terms in lines}
        yield name, {word: _with_broader(terms, words) for word, terms in found.items() if word}


def folds(words: Vocabulary) -> Iterator[tuple[Vocabulary, dict[str, frozenset[str]]]]:
    """The vocabulary without a tenth of its aliases and labels, and these."""
    every = {folded(word) for term in words.terms.values() for word in (*term.aliases, *term.labels.values())}
    order = sorted(every - {folded(name) for name in words.terms})
    for fold in range(FOLDS):
        out = frozenset(order[fold::FOLDS])
        truth: dict[str, frozenset[str]] = {}
        terms = []
        for term in words.terms.values():
            mine = [word for word in (*term.aliases, *term.labels.values()) if folded(word) in out]
            truth |= {word: _with_broader([term.name], words) for word in mine}
            aliases = tuple(word for word in term.aliases if folded(word) not in out)
            labels = {language: word for language, word in term.labels.items() if folded(word) not in out}
            terms.append(replace(term, aliases=aliases, labels=labels))
        yield Vocabulary(terms), truth


def answers(meanings: Meanings, truth: Mapping[str, frozenset[str]], words: Vocabulary) -> list[Answer]:
    """What the words are taken for; what leads to a term that is never written counts for nothing."""
    meanings.learn(truth)
    found = {word: meant for word in truth if (meant := meanings(word)) and not words.terms[meant.term].exclude}
    return [
        Answer(word, meant.term, meant.how, meant.likeness, meant.term in truth[word], head(word, words) is not None)
        for word, meant in found.items()
    ]


def show(name: str, found: Sequence[Answer], truth: Mapping[str, frozenset[str]]) -> None:
    spelled = [one for one in found if one.how != "likeness"]
    rest = {word for word, terms in truth.items() if terms} - {one.word for one in spelled}
    say(f"{name}: {len(truth)} words, {sum(map(bool, truth.values()))} have a term")
    for how in ("exact", "inflection"):
        some = [one for one in spelled if one.how == how]
        wrong = ", ".join(f"{one.word} -> {one.term}" for one in some if not one.right)
        if some:
            say(f"  {how:<11} {len(some):5}  precision {_share(some):.3f}  {wrong}")
    for least in LIKENESSES:
        some = [one for one in found if one.how == "likeness" and one.likeness >= least]
        right = sum(one.right for one in some)
        alone = [one for one in some if not one.named]
        by_vector = f"by vector alone {len(alone):4} {_share(alone):.3f}"
        figures = f"precision {_share(some):.3f}  recall {right / len(rest):.3f}"
        say(f"  likeness {least:.2f} {len(some):4}  {figures}  ({by_vector})")
    wrong = [one for one in found if one.how == "likeness" and not one.right and one.likeness >= 0.85]
    say("  wrong from 0.85 on: " + ", ".join(f"{one.word} ~ {one.term} {one.likeness}" for one in wrong[:40]))
    say("")


def times(words: Vocabulary) -> None:
    """Seconds for a first run, for new words, and for a run that meets no new word."""
    with tempfile.TemporaryDirectory() as folder:
        new = [f"{adjective} {noun}" for adjective in ("old", "red", "wet") for noun in words.terms][:NEW_WORDS]
        first = timed("the encoder, the whole vocabulary and one word", Nearness(words, Path(folder)), ["zeppelin"])
        timed(f"{len(new):,} new words", first, new)
        known = {f"word {number}": ("dog", 0.5) for number in range(WORDS_OF_A_LIBRARY)}
        first.kept.keep(known)  # type: ignore[union-attr]
        timed(f"{len(known):,} words, all known, no encoder", Nearness(words, Path(folder)), list(known))
        timed("the encoder and one word, the vocabulary's vectors kept", Nearness(words, Path(folder)), ["cow hide"])


def timed(what: str, near: Nearness, asked: Sequence[str]) -> Nearness:
    wall, cpu = time.perf_counter(), time.process_time()
    near(asked)
    say(f"{time.perf_counter() - wall:8.2f} s  {time.process_time() - cpu:6.2f} s of CPU  {what}")
    return near


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _with_broader(terms: Sequence[str], words: Vocabulary) -> frozenset[str]:
    names = [term.name for word in terms if (term := words.canonical(word))]
    return frozenset(name for one in names for name in (one, *words.ancestors(one)))


def _share(some: Sequence[Answer]) -> float:
    return sum(one.right for one in some) / max(1, len(some))


if __name__ == "__main__":
    main()
