"""A describer's answer to a prompt, as checked evidence.

The decision here: a reply is data. What does not fit the schema is an error of that photo, kept and
named, and nothing in a reply is ever used as a path, a flag or a command. What stops the describer for every photo
(NoBackend) stops the run: refused is a failure for each of 90,000 photos that nobody was asked about.
"""

from __future__ import annotations

import json
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

import xxhash

from phototag.backends.protocols import Describer, Question
from phototag.errors import NoBackend, PhototagError, UsageError
from phototag.look import known
from phototag.look.prompts import Prompt
from phototag.look.schemas import DESCRIPTION_LENGTH, GENRES, KEYWORD_BYTES, MOST_KEYWORDS, SCHEMAS
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_VERSION = 2
_SEPARATORS = frozenset(",;|/\\#")  # of keywords, and of the levels of a tree
_ENGLISH = "en"


class Describe(LocalLook):
    """The step `describe`: one describer, one prompt, and the style guide of a person who has one.

    What is known of a photo fills the prompt but is not part of the maker: a corrected date is no new question.
    """

    name = "describe"
    logged = True
    after: tuple[str, ...] = known.USED

    def __init__(self, describer: Describer, prompt: Prompt, side: int, style: str = "") -> None:
        self._describer, self._prompt, self._style = describer, prompt, known.style(style)
        if self._style and not prompt.has("style"):
            sentence = f"The prompt {prompt.name!r} has no place for a style guide."
            raise UsageError(sentence, "Write {style} into it where the guide shall stand, or leave the guide out.")
        self.parallel = describer.parallel
        guided = f"/style@{xxhash.xxh3_64_hexdigest(self._style.encode())[:8]}" if self._style else ""
        self.maker = f"{describer.name}/{prompt.maker}{guided}/side{side}/{_VERSION}"

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should hear of the run, such as a server that was left out."""
        return tuple(getattr(self._describer, "notices", ()))

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        questions = [self._question(subject) for subject in batch]
        try:
            replies = self._describer.describe([subject.pixels for subject in batch], questions)
        except NoBackend:
            raise
        except (PhototagError, OSError, RuntimeError, ValueError) as trouble:  # what clients of servers raise
            return [Evidence(subject.image_id, self.name, self.maker, error=str(trouble)) for subject in batch]
        return [self._evidence(subject, reply) for subject, reply in zip(batch, replies, strict=True)]

    def _question(self, subject: Subject) -> Question:
        return Question(self._prompt.filled(known.facts(subject) | {"style": self._style}), self._prompt.answer)

    def _evidence(self, subject: Subject, reply: str | PhototagError) -> Evidence:
        if isinstance(reply, PhototagError):
            return Evidence(subject.image_id, self.name, self.maker, error=str(reply))
        try:
            value = checked(reply, self._prompt.schema)
        except ValueError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=f"the answer does not fit: {trouble}")
        if self._prompt.language != _ENGLISH:  # English goes without saying
            value["language"] = self._prompt.language
        return Evidence(subject.image_id, self.name, self.maker, value)


def checked(reply: str, schema: str = "catalog") -> dict[str, Any]:
    """The members of an answer that its schema has, cleaned, or ValueError that says what is wrong.

    A category that is none of the ten is left out; without a description or keywords that were asked for it is no
    answer.
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
        found["description"] = _description(answer.get("description"))
    if "category" in asked and (category := _category(answer.get("category"))):
        found["category"] = category
    return found


def _keywords(said: Any) -> list[str]:
    """The first fifteen different ones that can be keywords, in the model's order."""
    if not isinstance(said, list) or not all(isinstance(word, str) for word in said):
        raise ValueError("`keywords` is no list of texts")
    found: dict[str, str] = {}
    for word in (unicodedata.normalize("NFC", word.strip().lstrip("#").strip()) for word in said):
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
    """One line, cut after its last whole word that has room."""
    if not isinstance(said, str):
        raise ValueError("`description` is no text")
    line = " ".join("".join(letter if known.is_seen(letter) else " " for letter in said).split())
    if len(line) > DESCRIPTION_LENGTH:
        line = textwrap.shorten(line, DESCRIPTION_LENGTH, placeholder=" …", break_on_hyphens=False)
    if not any(letter.isalnum() for letter in line):
        raise ValueError("`description` says nothing")
    return line


def _category(said: Any) -> str:
    word = said.strip().casefold() if isinstance(said, str) else ""
    return word if word in GENRES else ""
