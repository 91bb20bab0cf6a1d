"""From claims to a decision: which terms are written, which wait for a person, which are new words.

The decision here: precision before recall. A term is written when its sensors, taken together, are surer than
the rule asks and nothing contradicts it; what is doubtful waits in the queue. What a person said is never weighed,
only kept. A describer's word that is merely like a term waits too, unless another sensor agrees or it is very like,
and so does its word for what a sensor decides, and its late words.
Refused: filling a photo up to a wished number of keywords with guesses.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from phototag.decide import captions
from phototag.decide.labels import LINE, Claim, claims, place
from phototag.decide.meaning import Meant
from phototag.decide.sensed import sensed
from phototag.decide.weighing import FLOOR, Weighed, settled, weighed
from phototag.records import Decision, Facts, Tag
from phototag.vocabulary import Term, Vocabulary

_VERSION = 3
VERY_LIKE = 0.95  # from this likeness on a describer's word needs no second witness to stand for a term
MOST_ASKED = 10  # queued terms, and proposed words, of one photo
LONGEST_WORD = 64  # bytes that a keyword may have in IPTC
_SEPARATORS = frozenset(",;|/\\")

MeaningOf = Callable[[str], Meant | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user may set."""

    min_confidence: float = 0.6
    least: int = 0  # fewer terms than this: the best doubtful ones are taken, never those below FLOOR
    most: int = 25  # broader terms that come with a term, and people's own words, are not cut
    thresholds: Mapping[str, float] = field(default_factory=dict)  # kind of term -> its own min_confidence
    languages: tuple[str, ...] = ("en",)  # of captions
    strict: bool = False  # no word outside the vocabulary is proposed
    alone: int = 8  # so many first words of a describer need no second witness
    meanings: str = ""  # which encoder and which likeness tell what an unknown word stands for

    @property
    def digest(self) -> str:
        """Eight digits that change with any rule."""
        asked = (self.min_confidence, self.least, self.most, sorted(self.thresholds.items()))
        own = (*asked, self.languages, self.strict, self.alone, self.meanings)
        return hashlib.sha256(json.dumps(own).encode()).hexdigest()[:8]

    def line(self, term: Term) -> float:
        """The score from which the term is written."""
        return self.thresholds.get(term.kind, self.min_confidence)


@dataclass(frozen=True, slots=True)
class Person:
    """What people decided for one photo."""

    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()  # wrong: so is every narrower term
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()  # not wanted
    caption: Mapping[str, str] = field(default_factory=dict)  # by language


def name_of(rules: Rules, vocabulary: Vocabulary) -> str:
    """Which code, rules and vocabulary decide; another name means: decide again."""
    return f"policy/{_VERSION}/{rules.digest}/{vocabulary.digest}"


def decide(
    image_id: str,
    evidence: Mapping[str, Any],
    facts: Facts,
    vocabulary: Vocabulary,
    rules: Rules,
    person: Person | None = None,
    meanings: MeaningOf | None = None,
) -> Decision:
    """The decision for one photo: a pure function of what it is given.

    `meanings` says which term a describer's word stands for; without it, those that the vocabulary itself knows.
    """
    said = person or Person()
    words = _Words(vocabulary, said)
    human = words.human((*facts.keywords, *said.accepted, *said.added))
    heard = _meant(claims(evidence), words, meanings)
    every = weighed(heard, vocabulary, sensed(evidence, facts), rules.alone)
    found = [one for one in settled(every, human.keys(), vocabulary) if words.allows(one.term)]
    found.sort(key=lambda one: (-one.score, one.term.name))
    tags = _written(human, found, words, rules)
    taken = {tag.term for tag in tags}
    waiting = [one for one in found if one.score >= _floor(rules) and (one.doubt or one.score < rules.line(one.term))]
    queued = [one.tag for one in waiting if one.term.name not in taken]
    return Decision(
        image_id,
        tags=tuple(tags),
        queued=_best(queued),
        proposed=() if rules.strict else _best(_proposed(heard, words, frozenset(map(words.key, taken)))),
        caption=captions.chosen(evidence, facts, tags, rules.languages, vocabulary, said.caption),
        place=place(evidence, facts),
        by="human" if said != Person() else "policy",
        policy=name_of(rules, vocabulary),
    )


class _Words:
    """Words by what they mean, and which of them people do not want to see."""

    def __init__(self, vocabulary: Vocabulary, said: Person) -> None:
        self.vocabulary = vocabulary
        self._rejected = frozenset(map(self.key, said.rejected))
        self._barred = self._rejected | frozenset(map(self.key, said.removed))

    def key(self, word: str) -> str:
        """The canonical spelling, or a word outside the vocabulary with case and spaces folded."""
        term = self.vocabulary.canonical(word)
        return term.name if term else " ".join(unicodedata.normalize("NFC", word).casefold().split())

    def barred(self, word: str) -> bool:
        return self.key(word) in self._barred

    def allows(self, term: Term) -> bool:
        """May a machine say this term?"""
        wrong = not self._rejected.isdisjoint(self.vocabulary.ancestors(term.name))
        return not (term.exclude or wrong or self.barred(term.name))

    def above(self, word: str) -> tuple[str, ...]:
        """Every broader term of the word, nearest first; none of a word outside the vocabulary."""
        return self.vocabulary.ancestors(word) if word in self.vocabulary.terms else ()

    def broader(self, word: str) -> list[Term]:
        """The terms that are written along with the word."""
        found = (self.vocabulary.terms[name] for name in self.above(word))
        return [term for term in found if self.allows(term) and not term.sensitive]

    def human(self, said: Iterable[str]) -> dict[str, str]:
        """Key -> spelling of people's words, in their order: canonical where the vocabulary knows them."""
        found: dict[str, str] = {}
        for word in said:
            if word.strip() and not self.barred(word):
                term = self.vocabulary.canonical(word)
                found.setdefault(self.key(word), term.name if term else word)
        return found


def _meant(heard: Sequence[Claim], words: _Words, meanings: MeaningOf | None) -> list[Claim]:
    """The claims, a describer's unknown words replaced by the terms that they stand for.

    A word that is only like a term is left out where the describer has said the term itself, and one that a person
    has ruled out stands for nothing.
    """
    if meanings is None:
        return list(heard)
    said: list[Claim] = []
    like: list[Claim] = []
    for claim in heard:
        free = claim.sensor == "describe" and claim.unknown_too and not words.barred(claim.word)
        meant = meanings(claim.word) if free else None
        if meant is None or meant.how == "exact":
            said.append(claim)
        elif meant.how == "inflection":
            said.append(replace(claim, word=meant.term))
        else:
            like.append(_like(claim, meant))
    named = {words.key(claim.word) for claim in said if claim.sensor == "describe" and claim.unknown_too}
    return [*said, *(claim for claim in like if words.key(claim.word) not in named)]


def _like(claim: Claim, meant: Meant) -> Claim:
    """The claim for a term that its word is like: less sure, and in doubt unless it is very like."""
    doubt = claim.doubt or ("" if meant.likeness >= VERY_LIKE else "the word is only like the term")
    score = round(claim.score * meant.likeness, 4)
    said = f"{claim.said} ~ {meant.term} {meant.likeness:.2f}"
    return replace(claim, word=meant.term, score=score, said=said, doubt=doubt)


def _written(human: Mapping[str, str], found: Sequence[Weighed], words: _Words, rules: Rules) -> list[Tag]:
    """People's words in their order, then the machines' by score, each with its broader terms."""
    support = {one.term.name: one.because for one in found}
    own = [Tag(word, 1.0, ("human", *support.get(key, ()))) for key, word in human.items()]
    sound = [one for one in found if not one.doubt and one.term.name not in human]
    sure = [one.tag for one in sound if one.score >= rules.line(one.term)]
    unsure = [one.tag for one in sound if _floor(rules) <= one.score < rules.line(one.term)]
    chosen: list[Tag] = []
    for tag in (*sure, *unsure):
        wanted = rules.most if tag in sure else min(rules.least, rules.most)
        if _counted([*own, *chosen, tag], words) <= wanted:
            chosen.append(tag)
    broader: dict[str, Tag] = {tag.term: tag for tag in chosen}
    for tag in (*own, *chosen):
        for term in words.broader(tag.term):
            known = broader.get(term.name)
            if term.name not in human and (known is None or known.score < tag.score):
                because = known.because if known else ()
                broader[term.name] = Tag(term.name, tag.score, (*because, f"broader than {tag.term}"))
    return own + sorted(broader.values(), key=lambda tag: (-tag.score, -len(words.above(tag.term)), tag.term))


def _counted(tags: Sequence[Tag], words: _Words) -> int:
    """How many of the tags are no mere broader term of another one."""
    above = {name for tag in tags for name in words.above(tag.term)}
    return sum(tag.term not in above for tag in tags)


def _proposed(heard: Sequence[Claim], words: _Words, taken: frozenset[str]) -> list[Tag]:
    """Words that a sensor is sure of and the vocabulary does not know."""
    found: dict[str, Tag] = {}
    for claim in heard:
        key = words.key(claim.word)
        known = words.vocabulary.canonical(claim.word) is not None or key in taken or words.barred(claim.word)
        if claim.unknown_too and not known and claim.score >= LINE and _is_keyword(claim.word):
            better = key not in found or found[key].score < claim.score
            if better:
                found[key] = Tag(" ".join(claim.word.split()), round(claim.score, 3), (claim.said,))
    return list(found.values())


def _is_keyword(word: str) -> bool:
    """Could this stand in a file as a keyword? A describer's text is not trusted to."""
    short = len(word.encode("utf-8", "replace")) <= LONGEST_WORD and 0 < len(word.split()) <= 4
    return short and word.isprintable() and _SEPARATORS.isdisjoint(word)


def _best(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    return tuple(sorted(tags, key=lambda tag: (-tag.score, tag.term))[:MOST_ASKED])


def _floor(rules: Rules) -> float:
    return min(FLOOR, rules.min_confidence)
