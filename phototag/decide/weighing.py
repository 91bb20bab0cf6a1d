"""What the claims say together: one score and one doubt for every term that is claimed.

The decision here: sensors are independent witnesses and their scores add up; the words of one sensor do not. Where
two sensors name different animals, neither name is sound, only what the two have in common. What a sensor can tell is
never taken from a describer alone. Refused: letting the higher of two unlike scores win.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations
from math import prod

from phototag.decide import described
from phototag.decide.claim import LINE, Around, Claim
from phototag.decide.labels import DETECTED_ANIMALS, SPECIES
from phototag.decide.sensed import Sensed, verdict
from phototag.decide.witnesses import Witnesses
from phototag.records import Tag
from phototag.vocabulary import Term, Vocabulary

FLOOR = 0.4  # below this a term is not even worth a person's question
SUREST = 0.99  # machines that agree; only facts and people reach 1
WITNESS = 0.2  # a sensor counts as a witness from this score on

_MANY = frozenset(("objects", "describe"))  # sensors that name several things at once: two of their words agree


@dataclass(frozen=True, slots=True)
class Weighed:
    """A vocabulary term with all that speaks for it, and what speaks against it."""

    term: Term
    words: frozenset[str]  # as the sensors said it
    score: float
    because: tuple[str, ...]
    sensors: frozenset[str]
    doubt: str = ""

    @property
    def tag(self) -> Tag:
        return Tag(self.term.name, self.score, (*self.because, *([f"but {self.doubt}"] if self.doubt else ())))

    @property
    def is_species(self) -> bool:
        return not SPECIES.isdisjoint(self.words)


def weighed(heard: Sequence[Claim], vocabulary: Vocabulary, known: Sensed, alone: int) -> list[Weighed]:
    """Every term of the vocabulary that is claimed.

    `known` is what sensors say of what only they decide; so many first words of a describer are believed `alone`.
    """
    found: dict[str, list[Claim]] = {}
    for claim in heard:
        if term := vocabulary.canonical(claim.word):
            found.setdefault(term.name, []).append(claim)
    found = _described_once(found, vocabulary)
    strong = {name for name, some in found.items() if any(not one.single and one.score >= LINE for one in some)}
    every = [(_together(name, some, strong, vocabulary), some) for name, some in found.items()]
    return [_unless_alone(one, some, vocabulary, known, alone) for one, some in every if one.score > 0]


def _unless_alone(one: Weighed, some: Sequence[Claim], vocabulary: Vocabulary, known: Sensed, alone: int) -> Weighed:
    """The same; what a describer says and nobody else carries that as a doubt, unless it is believed alone."""
    told = next((claim for claim in some if claim.sensor == "describe"), None)
    if told is None or one.sensors - {"describe"}:
        return one
    heard = verdict(one.term, vocabulary.ancestors(one.term.name), known)
    if heard.is_backed:
        return one
    doubt = heard.doubt or described.alone(told, alone)
    return replace(one, doubt=one.doubt or doubt, score=min(one.score, SUREST)) if doubt else one


def _described_once(found: Mapping[str, list[Claim]], vocabulary: Vocabulary) -> dict[str, list[Claim]]:
    """The same claims by term, a describer's words for it made one: it is one witness, however often it is asked."""
    around = next((claim.around for some in found.values() for claim in some if claim.around), Around())
    witnesses = Witnesses(around, vocabulary)
    one_each: dict[str, list[Claim]] = {}
    for name, some in found.items():
        told = [claim for claim in some if claim.sensor == "describe"]
        one_each[name] = [claim for claim in some if claim.sensor != "describe"]
        if told:
            unseen = witnesses.unseen(vocabulary.terms[name])
            one_each[name].append(described.together(told, name, unseen))
    return one_each


def _together(name: str, some: Sequence[Claim], strong: Set[str], vocabulary: Vocabulary) -> Weighed:
    best: dict[str, Claim] = {}
    for claim in sorted(some, key=lambda claim: (-claim.score, claim.said)):
        best.setdefault(claim.sensor, claim)
    term, above = vocabulary.terms[name], vocabulary.ancestors(name)
    backed = not strong.isdisjoint(above)
    sensors = frozenset(sensor for sensor, claim in best.items() if claim.score >= WITNESS)
    doubts = [claim.doubt or ("" if backed or not claim.single else "a single class") for claim in best.values()]
    doubt = doubts[0] if all(doubts) and len(sensors) < 2 else ""
    if any(vocabulary.terms[one].sensitive for one in (name, *above)):
        doubt = "it is sensitive"
    score = _any_of([claim.score for claim in best.values()])
    if doubt:
        score = min(score, SUREST)
    because = tuple(dict.fromkeys(reason for claim in best.values() for reason in (claim.said, *claim.more)))
    return Weighed(term, frozenset((name, *(claim.word for claim in some))), score, because, sensors, doubt)


def _any_of(scores: Sequence[float]) -> float:
    """How sure independent witnesses make us together."""
    score = 1 - prod(1 - one for one in scores)
    return round(score if score == 1 else min(score, SUREST), 3)


def settled(found: Sequence[Weighed], human: Set[str], vocabulary: Vocabulary) -> list[Weighed]:
    """The same terms; an animal that a person or another sensor calls by another name carries that as a doubt."""
    animals = [one for one in found if one.is_species and one.score >= FLOOR]
    doubts: dict[str, str] = {}
    shared: dict[str, Weighed] = {}
    stated = sorted(human & SPECIES)
    for one in animals:
        others = [name for name in stated if not _akin(one.term.name, name, vocabulary)]
        if others and one.term.name not in human and len(one.sensors) < 2:
            doubts[one.term.name] = f"a person said {others[0]}"
    for one, other in combinations(animals, 2):
        if one.sensors & other.sensors & _MANY or one.sensors == other.sensors:
            continue  # one sensor sees both, or one splits its mind between them
        if _akin(one.term.name, other.term.name, vocabulary):
            continue
        for loser, rival in _losers(one, other):
            doubts.setdefault(loser.term.name, rival.because[0])
        for common in _in_common(one, other, vocabulary):
            shared.setdefault(common.term.name, common)
    known = {one.term.name for one in found}
    doubted = [replace(one, doubt=one.doubt or doubts.get(one.term.name, "")) for one in found]
    return doubted + [common for name, common in shared.items() if name not in known]


def _losers(one: Weighed, other: Weighed) -> Iterator[tuple[Weighed, Weighed]]:
    """Which of two contradicting terms is not to be believed, and why: maybe both."""
    for mine, rival in ((one, other), (other, one)):
        # A detector without a word for foxes sees cats: there the tagger, which has one, is right.
        outwits = (
            mine.sensors == {"labels"} and rival.sensors == {"objects"} and DETECTED_ANIMALS.isdisjoint(mine.words)
        )
        timid = "describe" in mine.sensors and rival.score < LINE
        if len(mine.sensors) <= len(rival.sensors) and not outwits and not timid:
            yield mine, rival


def _akin(one: str, other: str, vocabulary: Vocabulary) -> bool:
    return one == other or one in _line(other, vocabulary) or other in _line(one, vocabulary)


def _in_common(one: Weighed, other: Weighed, vocabulary: Vocabulary) -> Iterator[Weighed]:
    """The nearest term that is true of both."""
    theirs = set(_line(other.term.name, vocabulary))
    nearest = next((name for name in _line(one.term.name, vocabulary) if name in theirs), None)
    if nearest:
        score = _any_of([one.score, other.score])
        because = (*one.because, *other.because)
        yield Weighed(vocabulary.terms[nearest], frozenset((nearest,)), score, because, one.sensors | other.sensors)


def _line(name: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    return vocabulary.ancestors(name) if name in vocabulary.terms else ()
