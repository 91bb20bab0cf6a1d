"""What an answer may look like, by the name that a prompt's front matter gives.

The decision here: small schemas, with every key required and every list and text ended, so that a model that loops is
cut by its grammar. Keys stand in the order of the alphabet, because some servers put them there whatever was asked:
so all servers ask alike, first the coarse look, then the sentence, then the words. Refused: a least number of
keywords, for a model that must name eight things invents the eighth; and the vocabulary as one long list to choose
from, on which models choose badly and slowly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GENRES = ("wedding", "portrait", "landscape", "sports", "editorial", "street", "product", "macro", "wildlife", "event")
MOST_KEYWORDS = 15
KEYWORD_BYTES = 64  # what IPTC has room for
DESCRIPTION_LENGTH = 500

_PARTS: dict[str, Any] = {
    "category": {"type": "string", "enum": list(GENRES)},
    "description": {"type": "string", "minLength": 1, "maxLength": DESCRIPTION_LENGTH},
    "keywords": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": KEYWORD_BYTES},
        "minItems": 1,
        "maxItems": MOST_KEYWORDS,
    },
}


def _of(*parts: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {part: _PARTS[part] for part in parts},
        "required": list(parts),
        "additionalProperties": False,
    }


SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "catalog": _of("category", "description", "keywords"),
    "caption": _of("description"),
    "keywords": _of("keywords"),
}
