"""Reading one value out of ExifTool's tags.

The decision here: a tag's value is text, or a list or a struct of text, and becomes a number only where
a number is asked for. Refused: trusting the type that a keyword such as 2024 happens to look like.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Tags = Mapping[str, Any]
_STAND_INS = {0x2223: "|", 0x2215: "/"}  # how a separator inside a word stands in a list of paths


def text_of(value: Any) -> str:
    """The text without the padding that cameras leave, of several values the first; empty where there is none."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return str(value).replace("\0", " ").strip() if isinstance(value, str | int | float) else ""


def first(tags: Tags, *keys: str) -> str | None:
    """The text of the first of these tags that has one."""
    return next((text for key in keys if (text := text_of(tags.get(key)))), None)


def each(value: Any) -> Iterator[Any]:
    """The members of a list; a single value is a list of one."""
    yield from value if isinstance(value, list) else [] if value is None else [value]


def words(value: Any) -> tuple[str, ...]:
    """The words of a keyword list, as they stand."""
    return tuple(str(word) for word in each(value) if text_of(word))


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, whatever its case and its way to write an umlaut; the first spelling wins."""
    found: dict[str, str] = {}
    for text in texts:
        if plain := text.strip():
            found.setdefault(key_of(plain), plain)
    return tuple(found.values())


def key_of(word: str) -> str:
    """What makes two spellings one word: case, composition and spaces do not count."""
    plain = unicodedata.normalize("NFC", word).translate(_STAND_INS)
    folded = unicodedata.normalize("NFC", plain.casefold())
    return " ".join(folded.split())


def sum_of(text: str) -> str:
    """The sum by which a file records that phototag wrote this text."""
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def as_number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        number = float(text_of(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def number(tags: Tags, *keys: str) -> float | None:
    """The first of these tags that is a number."""
    return next((found for key in keys if (found := as_number(tags.get(key))) is not None), None)


def positive(tags: Tags, *keys: str) -> float | None:
    """The first of these tags that is a number above zero: cameras write 0 where they do not know."""
    return next((found for key in keys if (found := as_number(tags.get(key))) and found > 0), None)
