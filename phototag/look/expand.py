"""What somebody may have meant by a search: other phrases for it, by a model that reads text alone.

The decision here: phrases are added to a person's words and never take their place. Refused: a model that rewrites the
question, after which nobody knows why a photo was found.
"""

from __future__ import annotations

from phototag.backends.protocols import Describer, Question
from phototag.errors import PhototagError
from phototag.look import known, schemas
from phototag.look.prompts import quoted, replies, shipped

LONGEST_QUERY = 300


def expanded(describer: Describer, query: str) -> list[str]:
    """Up to six short phrases in English, none of them the query; PhototagError where the model gave no answer."""
    asked = _line(query)[:LONGEST_QUERY]
    if not asked:
        return []
    question = Question(shipped("expand").filled({"text": quoted(asked)}), schemas.EXPAND)
    (reply,) = replies(describer, [None], [question])
    if isinstance(reply, PhototagError):
        raise reply
    try:
        return phrases(reply, asked)
    except ValueError as trouble:
        raise PhototagError(f"The answer of {describer.name} does not fit: {trouble}.") from trouble


def phrases(reply: str, query: str) -> list[str]:
    """The different phrases of a reply, each on one line and none too long; ValueError if it is no answer."""
    said = schemas.members(reply).get("phrases")
    if not isinstance(said, list) or not all(isinstance(phrase, str) for phrase in said):
        raise ValueError("`phrases` is no list of texts")
    found: dict[str, str] = {}
    for phrase in map(_line, said):
        if any(map(str.isalnum, phrase)) and len(phrase) <= schemas.PHRASE_LENGTH:
            found.setdefault(phrase.casefold(), phrase)
    found.pop(query.casefold(), None)
    return list(found.values())[: schemas.MOST_PHRASES]


def _line(text: str) -> str:
    return " ".join("".join(letter if known.is_seen(letter) else " " for letter in text).split())
