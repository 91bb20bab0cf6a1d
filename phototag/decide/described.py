"""How sure we are of a describer's word: by its place in the answer, and by who else could have said it.

The decision here: a describer is one witness, however often it is asked. It is believed alone where its word stands
early and nobody who could have seen the thing missed it; the rest needs somebody who agrees. What a sensor decides it
is never believed alone (`sensed`). Refused: taking every word of an answer for sure, and asking the model itself.

    what is known of the word                            what it does                        first word   tenth word
    its place in the answer, 0 first                     0.85, and 0.025 less at each place  0.85         0.62
    only chosen from a list, 0 first                     0.70, and 0.03 less at each place   0.70         0.43
    said in each further answer of the same model        half of what is missing to 1        0.92         0.81
    asked twice and said once                            times 0.65                          0.55         0.41
    said of the photos beside it, by all                 up to 0.3 of what is missing        0.90         0.74
    of none of three or more answers in its burst        times 0.9                           0.76         0.56
    the detector knows such things and sees none         times 0.85                          0.72         0.53
    the tagger knows them and sees none                  times 0.9                           0.76         0.56
    both know them, and neither sees one                 times 0.7, never 0.6 by itself      0.59         0.44

From 0.6 on a word is written, from 0.4 on it is queued. What another sensor says of the same term comes on top, as an
independent witness (`weighing`); the category of an answer is worth 0.3 and counts only as such support. Whatever its
score, a word is queued where nobody else has it and it is none of the first ones (`Rules.alone`, 8), or was only
chosen from a list; what the sentence of the answer says agrees with such a choice, as a second answer would.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from phototag.decide import inflection
from phototag.decide.claim import LINE, Around, Claim
from phototag.vocabulary import folded

FIRST, STEP = 0.85, 0.025  # a describer names what matters first
CHOSEN, CHOSEN_STEP = 0.70, 0.03  # a list suggests its words
CATEGORY = 0.3  # a forced choice of ten: it supports other words and decides nothing alone
AGREED = 0.5  # of what is missing to 1, for each further answer that has the word
ONCE = 0.65
BESIDE, ENOUGH = 0.3, 3  # from so many photos on, those beside it count in full, and in a burst their silence does
ALONE_IN_BURST = 0.9
UNSEEN: Mapping[tuple[str, ...], float] = {("objects",): 0.85, ("labels",): 0.9, ("objects", "labels"): 0.7}
DENIED = LINE - 0.01  # by detector and tagger: a model that says it again is the same model
SUREST = 0.95  # of one describer, whatever speaks for it

_NONE = r"\b(?:no|not|without|ohne|nicht|kein\w*)(?: \w+)? $"  # before a word that is said not to be there

_QUESTIONS = (("describe", "describe", "keywords"), ("again", "describe", "again"), ("choose", "choose", "keywords"))


def claims(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    """A describer's words, each judged by how often it is said; what its term means to others comes later."""
    around = _around(evidence)
    answers = {question: _list(evidence, step, part) for question, step, part in _QUESTIONS}
    asked: dict[str, set[str]] = {}
    for question, words in answers.items():
        for word in words:
            asked.setdefault(folded(word), set()).add(question)
    for question, words in answers.items():
        for rank, word in enumerate(words):
            key, alone = folded(word), base(question, rank)
            score, _ = judged(alone, asked[key], around, around.said.get(key, 0.0), ())
            said = f"{'choose' if question == 'choose' else 'describe'} {word}"
            weight = score / alone
            own = Claim("describe", word, score, said, unknown_too=True, question=question, rank=rank)
            yield replace(own, weight=weight, around=around)
    if category := (evidence.get("describe") or {}).get("category"):
        yield Claim("describe", category, CATEGORY, f"describe category {category}", question="category")


def base(question: str, rank: int) -> float:
    """The score of a word by its place in the answer to a question."""
    first, step = (CHOSEN, CHOSEN_STEP) if question == "choose" else (FIRST, STEP)
    return round(max(0.05, first - step * rank), 4)


def together(told: Sequence[Claim], name: str, unseen: Sequence[str]) -> Claim:
    """One claim of the describer for a term, from all of its words that lead there.

    `unseen` are the local sensors that could have seen it and did not.
    """
    words = [claim for claim in told if claim.question != "category"]
    if not words:
        return told[0]
    best = min(words, key=lambda claim: (-claim.score / claim.weight, claim.question == "choose", claim.said))
    around = best.around or Around()
    share = around.said.get(folded(name), 0.0)
    asked = {claim.question for claim in words}
    if asked == {"choose"} and _mentions(around.caption, {name, *(claim.word for claim in words)}):
        asked.add("caption")
    score, more = judged(best.score / best.weight, asked, around, share, unseen)
    return replace(best, score=score, weight=1.0, more=more, is_agreed=len(asked) > 1 or share > 0)


def alone(told: Claim, most: int) -> str:
    """Why a word that nobody else has must wait; "" for the first so many of an answer, and where others have it."""
    if told.is_agreed or told.question == "category":
        return ""
    if told.question == "choose":
        return "it was only chosen from a list"
    return "" if told.rank < most else "nobody else says so"


def judged(
    alone: float, asked: Collection[str], around: Around, share: float, unseen: Sequence[str]
) -> tuple[float, tuple[str, ...]]:
    """The score of a word and the reasons for it, by the table above.

    `alone` is its score by place, `asked` are the questions whose answers have it, `share` is that of the photos
    beside it of which it is said too, `unseen` are the sensors that know such things and see none.
    """
    score, more = alone, []
    if len(asked) > 1:
        score = _raised(score, 1 - (1 - AGREED) ** (len(asked) - 1))
        more.append("said twice" if len(asked) == 2 else "said three times")
    elif around.twice and "choose" not in asked:
        score *= ONCE
        more.append("but asked twice, said once")
    if share > 0:
        score = _raised(score, BESIDE * share * min(1.0, around.photos / ENOUGH))
        more.append(f"said of {round(share * around.photos)} of {around.photos} photos beside it")
    elif around.near >= ENOUGH:
        score *= ALONE_IN_BURST
        more.append(f"but of none of {around.near} photos beside it")
    if unseen:
        score *= UNSEEN[tuple(unseen)]
        score = min(score, DENIED) if len(unseen) > 1 and not share else score
        more.append(f"but {' and '.join(unseen)} see none")
    return round(min(score, SUREST), 4), tuple(more)


def words(values: Mapping[str, Any]) -> Iterator[str]:
    """Every word that a describer says of a photo, in all of its answers."""
    for _, step, part in _QUESTIONS:
        yield from _list(values, step, part)


def _raised(score: float, share: float) -> float:
    """The score with a share of what is missing to 1."""
    return score + (1 - score) * share


def _mentions(caption: str, words: Iterable[str]) -> bool:
    """Does the sentence speak of it, in any number, and not of its absence?"""
    line = folded(caption)
    forms = {form for word in words for form in (folded(word), *inflection.nouns(folded(word)))}
    places = (found for form in forms for found in re.finditer(rf"\b{re.escape(form)}\b", line))
    return any(not re.search(_NONE, line[: found.start()]) for found in places)


def _around(evidence: Mapping[str, Any]) -> Around:
    beside = evidence.get("neighbours") or {}
    looked: dict[str, tuple[str, ...]] = {}
    if "objects" in evidence:
        seen = [one["label"] for one in _list(evidence, "objects", "objects")]
        looked["objects"] = _once([*seen, *(["person"] if _list(evidence, "faces", "faces") else [])])
    if "labels" in evidence:
        classes = [name for _, name, _ in _list(evidence, "labels", "labels")]
        looked["labels"] = _once([*(evidence["labels"] or {}).get("groups", ()), *classes])
    return Around(
        "again" in (evidence.get("describe") or {}),
        looked,
        beside.get("photos", 0),
        beside.get("near", 0),
        beside.get("said", {}),
        (evidence.get("describe") or {}).get("description") or "",
    )


def _once(seen: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(seen))


def _list(values: Mapping[str, Any], step: str, part: str) -> list[Any]:
    return list((values.get(step) or {}).get(part) or ())
