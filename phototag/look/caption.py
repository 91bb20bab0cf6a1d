"""A describer's answer to a prompt, as checked evidence.

The decision here: a reply is data. What does not fit the schema is an error of that photo, kept and
named, and nothing in a reply is ever used as a path, a flag or a command. What stops the describer for every photo
(NoBackend) stops the run: refused is a failure for each of 90,000 photos that nobody was asked about.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from phototag.backends.protocols import Describer, Question
from phototag.errors import NoBackend, PhototagError
from phototag.look.prompts import Prompt
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_VERSION = 1

_GENRES = ("wedding", "portrait", "landscape", "sports", "editorial", "street", "product", "macro", "wildlife", "event")
# Every key is required, and every list and text has an end: a model that loops is cut by its grammar.
_CATALOG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "keywords": {"type": "array", "items": {"type": "string", "minLength": 2, "maxLength": 40}, "maxItems": 15},
        "description": {"type": "string", "minLength": 1, "maxLength": 300},
        "category": {"enum": list(_GENRES)},
    },
    "required": ["keywords", "description", "category"],
    "additionalProperties": False,
}


class Describe(LocalLook):
    """The step `describe`: one describer, one prompt."""

    name = "describe"
    logged = True

    def __init__(self, describer: Describer, prompt: Prompt, side: int) -> None:
        self._describer, self._prompt = describer, prompt
        self.parallel = describer.parallel
        self.maker = f"{describer.name}/{prompt.maker}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        question = Question(self._prompt.filled({}), _CATALOG)
        try:
            replies = self._describer.describe([subject.pixels for subject in batch], [question] * len(batch))
        except NoBackend:
            raise
        except (PhototagError, OSError, RuntimeError, ValueError) as trouble:  # what clients of servers raise
            return [Evidence(subject.image_id, self.name, self.maker, error=str(trouble)) for subject in batch]
        return [self._evidence(subject, reply) for subject, reply in zip(batch, replies, strict=True)]

    def _evidence(self, subject: Subject, reply: str | PhototagError) -> Evidence:
        if isinstance(reply, PhototagError):
            return Evidence(subject.image_id, self.name, self.maker, error=str(reply))
        try:
            return Evidence(subject.image_id, self.name, self.maker, checked(reply))
        except ValueError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=f"the answer does not fit: {trouble}")


def checked(reply: str) -> dict[str, Any]:
    """The members of a catalogue answer, or ValueError that says what is wrong."""
    try:
        answer = json.loads(reply)
    except json.JSONDecodeError as trouble:
        raise ValueError("it is no JSON") from trouble
    if not isinstance(answer, dict):
        raise ValueError("it is no JSON object")
    keywords, description = answer.get("keywords"), answer.get("description")
    if not isinstance(keywords, list) or not all(isinstance(word, str) and word.strip() for word in keywords):
        raise ValueError("`keywords` is no list of texts")
    if not isinstance(description, str) or not description.strip():
        raise ValueError("`description` is no text")
    category = answer.get("category")
    found = {"keywords": [word.strip() for word in keywords], "description": description.strip()}
    return found | ({"category": category} if isinstance(category, str) else {})
