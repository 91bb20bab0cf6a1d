"""The sheet on which a query is read: what a reader has understood is struck out, what is left describes the picture.

The decision here: readers come one after the other, each strikes out what it takes, and nobody reads across a struck
place. A word that both limits and describes ("three children") may be kept. Refused: a grammar of whole queries; people
write words in any order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from phototag.search.nouns import Part

_QUOTES = frozenset((('"', '"'), ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»")))
STRUCK = "\0"
_SHIELD = "\1"
Found = tuple[tuple[str, Any], ...]  # fields and values; () is a refusal
_NOT = (
    r"(?:without|w/o|not|no|excluding|except(?:\ for)?|minus|ohne|kein(?:e[nmrs]?)?|nicht|außer|ausser|never|nie)"
    r"\ (?:(?:any|a|an|the|ein(?:e[nmrs]?)?|d(?:er|ie|as|en|em))\ )?"
)
NOT = rf"(?P<no>(?:{_NOT})|(?<!\S)-)"


def pattern(body: str, *, negated: bool = True, case: bool = False) -> re.Pattern[str]:
    """The words of `body` as whole words, after an optional "not"; spaces in it must be escaped or \\s."""
    before = f"{NOT}?" if negated else ""
    flags = re.VERBOSE if case else re.VERBOSE | re.IGNORECASE
    return re.compile(rf"(?<![\w]){before}(?<![\w])(?:{body})(?![\w])", flags)


class Sheet:
    """The text of a query, struck characters NUL and shielded ones SOH, and the parts found, by their place in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._typed = text
        self.parts: list[tuple[int, Part]] = []
        self.without: list[tuple[int, str]] = []

    def take(self, wanted: re.Pattern[str], read: Callable[[re.Match[str]], Found]) -> None:
        """Strike out every match that `read` makes parts of, but for its group "keep"."""

        def struck(match: re.Match[str]) -> str:
            found = read(match)
            if not found:
                return match[0]
            self.add(match.start(), match[0], found, without=bool(match.groupdict().get("no")))
            if not match.groupdict().get("keep"):
                return STRUCK * len(match[0])
            start, end = match.span("keep")
            return STRUCK * (start - match.start()) + match["keep"] + STRUCK * (match.end() - end)

        self.text = wanted.sub(struck, self.text)

    def add(self, at: int, typed: str, found: Found, *, without: bool = False) -> None:
        """One part for each field; `typed` as it stands in the query."""
        typed = " ".join(typed.replace(STRUCK, " ").split())
        if len(typed) > 2 and (typed[0], typed[-1]) in _QUOTES and not set(typed[1:-1]) & set('"“”„'):
            typed = typed[1:-1]
        self.parts += [(at, Part(field, typed, value, without)) for field, value in found]

    def strike(self, start: int, end: int) -> None:
        """Strike out these characters."""
        self.text = self.text[:start] + STRUCK * (end - start) + self.text[end:]

    def shield(self, start: int, end: int) -> None:
        """Hide these characters from readers until `unshield`."""
        self.text = self.text[:start] + _SHIELD * (end - start) + self.text[end:]

    def unshield(self) -> None:
        """Show what was hidden."""
        pairs = zip(self.text, self._typed, strict=True)
        self.text = "".join(typed if letter == _SHIELD else letter for letter, typed in pairs)

    def in_order(self) -> tuple[Part, ...]:
        """The parts as they were typed, each once."""
        return tuple(dict.fromkeys(part for _, part in sorted(self.parts, key=lambda one: one[0])))


def words(text: str) -> frozenset[str]:
    """The words of the text."""
    return frozenset(text.split())
