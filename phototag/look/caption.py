"""A describer's answer to a prompt, as checked evidence.

The decision here: a reply is data. What does not fit the schema is an error of that photo, kept and
named, and nothing in a reply is ever used as a path, a flag or a command. What is bad in an answer goes, and the good
rest stays: a word that can be no keyword, a description that is no sentence. What stops the describer for every photo
(NoBackend) stops the run: refused is a failure for each of 90,000 photos that nobody was asked about.
"""

from __future__ import annotations

import json
import textwrap
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import xxhash

from phototag.backends.protocols import Describer, Question
from phototag.errors import PhototagError, UsageError
from phototag.look import known
from phototag.look.asking import Asking
from phototag.look.prompts import Prompt, replies
from phototag.look.schemas import DESCRIPTION_LENGTH, GENRES, KEYWORD_BYTES, MOST_KEYWORDS, SCHEMAS
from phototag.look.sentence import is_sentence
from phototag.look.step import Subject
from phototag.records import Evidence

_VERSION = 3
_SEPARATORS = frozenset(",;|/\\#")  # of keywords, and of the levels of a tree
_ENGLISH = "en"
_MORE = " …"


class Describe(Asking):
    """The step `describe`: one describer, one prompt, and the style guide of a person who has one.

    What is known of a photo fills the prompt but is not part of the maker: a corrected date is no new question.
    Asked `twice`, the keywords of the second answer stand beside those of the first one, where there is a second one;
    a prompt that asks for no keywords is put once.
    """

    name = "describe"
    after: tuple[str, ...] = known.USED

    def __init__(self, describer: Describer, prompt: Prompt, side: int, style: str = "", twice: bool = False) -> None:
        self._describer, self._prompt, self._style = describer, prompt, known.style(style)
        self._turns = 2 if twice and "keywords" in SCHEMAS[prompt.schema]["required"] else 1
        if self._style and not prompt.has("style"):
            sentence = f"The prompt {prompt.name!r} has no place for a style guide."
            raise UsageError(sentence, "Write {style} into it where the guide shall stand, or leave the guide out.")
        self.parallel = describer.parallel
        guided = f"/style@{xxhash.xxh3_64_hexdigest(self._style.encode())[:8]}" if self._style else ""
        turns = "/twice" if self._turns > 1 else ""
        self.maker = f"{describer.name}/{prompt.maker}{guided}{turns}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        """One evidence per photo; both turns of a photo follow each other, so that a server still has its picture."""
        asked = [(subject, turn) for subject in batch for turn in range(self._turns)]
        pictures = [subject.pixels for subject, _ in asked]
        said = replies(self._describer, pictures, [self._question(*one) for one in asked])
        turns = [said[start : start + self._turns] for start in range(0, len(said), self._turns)]
        return [self._evidence(subject, *some) for subject, some in zip(batch, turns, strict=True)]

    def _question(self, subject: Subject, turn: int) -> Question:
        text = self._prompt.filled(known.facts(subject) | {"style": self._style})
        return Question(text, self._prompt.answer, turn)

    def _evidence(self, subject: Subject, first: str | PhototagError, second: str | PhototagError = "") -> Evidence:
        try:
            value = self._checked(first)
        except ValueError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=f"the answer does not fit: {trouble}")
        except PhototagError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=why(trouble))
        with suppress(ValueError, PhototagError):  # one answer is enough
            value["again"] = self._checked(second)["keywords"]
        if self._prompt.language != _ENGLISH:  # English goes without saying
            value["language"] = self._prompt.language
        return Evidence(subject.image_id, self.name, self.maker, value)

    def _checked(self, reply: str | PhototagError) -> dict[str, Any]:
        if isinstance(reply, PhototagError):
            raise reply
        return checked(reply, self._prompt.schema, prose=True)


def why(trouble: PhototagError) -> str:
    """Why a photo has no answer, and what to do about it: what a person reads beside its name."""
    return f"{trouble.sentence.rstrip('.')}. {trouble.hint}" if trouble.hint else trouble.sentence


def checked(reply: str, schema: str = "catalog", *, prose: bool = False) -> dict[str, Any]:
    """The members of an answer that its schema has, cleaned, or ValueError that says what is wrong.

    A category that is none of the ten is left out, and so, where `prose` is asked for, is a description beside
    keywords that is no sentence. An answer that lacks what was asked for is none.
    """
    try:
        answer = json.loads(reply)
    except (ValueError, RecursionError) as trouble:
        raise ValueError("it is no JSON") from trouble
    if not isinstance(answer, dict):
        raise ValueError("it is no JSON object")
    asked = SCHEMAS[schema]["required"]
    found: dict[str, Any] = {}
    if "keywords" in asked:
        found["keywords"] = _keywords(answer.get("keywords"))
    if "description" in asked:
        line = _description(answer.get("description"))
        if not prose and not any(map(str.isalnum, line)):
            raise ValueError("`description` says nothing")
        if not prose or is_sentence(line):
            found["description"] = line
        elif "keywords" not in found:
            raise ValueError("`description` is no sentence")
    if "category" in asked and (category := _category(answer.get("category"))):
        found["category"] = category
    return found


def _keywords(said: Any) -> list[str]:
    """The first fifteen different ones that can be keywords, in the model's order; the others are left out."""
    if not isinstance(said, list):
        raise ValueError("`keywords` is no list of texts")
    found: dict[str, str] = {}
    texts = (word for word in said if isinstance(word, str))
    for word in (unicodedata.normalize("NFC", word.strip().lstrip("#").strip()) for word in texts):
        if _can_be_a_keyword(word):
            word = " ".join(word.split())
            found.setdefault(word.casefold(), word)
    if not found:
        raise ValueError("`keywords` has no word that can be a keyword")
    return list(found.values())[:MOST_KEYWORDS]


def _can_be_a_keyword(word: str) -> bool:
    if not any(letter.isalnum() for letter in word) or any(letter in _SEPARATORS for letter in word):
        return False
    return all(map(known.is_seen, word)) and len(word.encode()) <= KEYWORD_BYTES


def _description(said: Any) -> str:
    """One line, cut after its last whole word that has room, or anywhere in a text without spaces."""
    if not isinstance(said, str):
        raise ValueError("`description` is no text")
    line = " ".join("".join(letter if known.is_seen(letter) else " " for letter in said).split())
    if len(line) > DESCRIPTION_LENGTH:
        whole = textwrap.shorten(line, DESCRIPTION_LENGTH, placeholder=_MORE, break_on_hyphens=False)
        short = line[: DESCRIPTION_LENGTH - len(_MORE)].rstrip() + _MORE
        line = whole if len(whole) > DESCRIPTION_LENGTH // 2 else short
    return line


def _category(said: Any) -> str:
    word = said.strip().casefold() if isinstance(said, str) else ""
    return word if word in GENRES else ""
