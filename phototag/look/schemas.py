"""What an answer may look like, by the name that a prompt's front matter gives.

The decision here: small schemas, with every key required and every list and text ended, so that a model that loops is
cut by its grammar. Keys stand in the order of the alphabet, because some servers put them there whatever was asked:
so all servers ask alike, first the coarse look, then the sentence, then the words. Refused: a least number of
keywords, for a model that must name eight things invents the eighth; and the vocabulary as one long list to choose
from, on which models choose badly and slowly.

`SCHEMAS` are those that describe a photo, `OF_PHOTOS` all that a person may ask of one. Those in `BESIDE` are made for
each question, because what may be said depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

GENRES = ("wedding", "portrait", "landscape", "sports", "editorial", "street", "product", "macro", "wildlife", "event")
MOST_KEYWORDS = 15
KEYWORD_BYTES = 64  # what IPTC has room for
DESCRIPTION_LENGTH = 500
CANNOT_TELL = "can't tell"
VERDICTS = ("yes", "no", CANNOT_TELL)
MOST_PHRASES, PHRASE_LENGTH = 6, 80

_VERDICT = {"type": "string", "enum": list(VERDICTS)}
_PARTS: dict[str, Any] = {
    "category": {"type": "string", "enum": list(GENRES)},
    "description": {"type": "string", "minLength": 1, "maxLength": DESCRIPTION_LENGTH},
    "keywords": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": KEYWORD_BYTES},
        "minItems": 1,
        "maxItems": MOST_KEYWORDS,
    },
    "eyes_open": _VERDICT,
    "phrases": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": PHRASE_LENGTH},
        "minItems": 0,
        "maxItems": MOST_PHRASES,
    },
    "sharp": _VERDICT,
    "subject_in_frame": _VERDICT,
}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: properties[name] for name in sorted(properties)}
    return {"type": "object", "properties": named, "required": list(named), "additionalProperties": False}


def _of(*parts: str) -> dict[str, Any]:
    return _object({part: _PARTS[part] for part in parts})


SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "catalog": _of("category", "description", "keywords"),
    "caption": _of("description"),
    "keywords": _of("keywords"),
}
OF_PHOTOS: Mapping[str, Mapping[str, Any]] = {**SCHEMAS, "cull": _of("eyes_open", "sharp", "subject_in_frame")}
BESIDE = ("choose", "expand", "translate")
EXPAND: Mapping[str, Any] = _of("phrases")


def choose(terms: Sequence[str]) -> dict[str, Any]:
    """Some of these terms, of which there must be one at least; to choose none is an answer too."""
    items = {"type": "string", "enum": list(terms)}
    return _object({"keywords": {"type": "array", "items": items, "minItems": 0, "maxItems": MOST_KEYWORDS}})


def translate(languages: Sequence[str]) -> dict[str, Any]:
    """One text for each language."""
    return _object(dict.fromkeys(languages, _PARTS["description"]))


def members(reply: str) -> dict[str, Any]:
    """The members of the JSON object that a reply is, unchecked, or ValueError that says that it is none."""
    try:
        answer = json.loads(reply)
    except (ValueError, RecursionError) as trouble:
        raise ValueError("it is no JSON") from trouble
    if not isinstance(answer, dict):
        raise ValueError("it is no JSON object")
    return answer
