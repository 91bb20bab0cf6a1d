"""What a query means: conditions that a sensor checks, and the rest, which describes the picture.

The decision here: whatever is not surely a condition describes the picture, as it was typed; only a condition that is
spelled out and cannot be ("date:2023-13") is an error. The conditions stand in the first thousand characters: what is
pasted behind them is picture. Refused: asking a model what somebody meant, and a language of its own that has to be
learnt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from phototag.search.nouns import Area, Count, Query
from phototag.search.query_dates import read_dates
from phototag.search.query_fields import read_fields
from phototag.search.query_gear import read_gear
from phototag.search.query_places import read_places
from phototag.search.query_sheet import STRUCK, Sheet, words
from phototag.search.query_terms import NOBODY, Words, read_terms, shield

_READ = 1_000  # characters in which conditions are sought
_STOP = (
    r"and|or|nor|but|in|on|at|by|with|without|of|from|near|under|over|behind|next|during|before|after|for|to|is|are"
    r"|und|oder|noch|aber|im|am|an|auf|bei|mit|ohne|von|vom|aus|unter|über|hinter|neben|vor|nach|für|zu|zum|zur|ist|sind"
)
_WORD = rf"(?!(?:{_STOP}|not|no|nicht|kein\w*)(?!\w))[^\W_][\w’'-]*"
_ARTICLE = r"(?:(?:any|a|an|the|ein(?:e[nmrs]?)?|d(?:er|ie|as|en|em)|my|mein\w*)\ )?"
_WITHOUT = re.compile(
    r"(?<![\w])(?:(?:(?:without|w/o|not|no|excluding|except|ohne|kein(?:e[nmrs]?)?|nicht|außer|ausser)\ "
    rf"{_ARTICLE}(?P<what>{_WORD}(?:\ {_WORD})?)"
    rf"(?P<more>(?:(?:,\ ?{_ARTICLE}{_WORD}){{0,9}},?\ (?:and|or|nor|und|oder|noch)\ (?:no\ |keine?\ )?"
    rf"{_ARTICLE}{_WORD})?))"
    r"|(?<!\S)-(?P<minus>[^\W_][\w’'-]*))",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r",\ ?|(?<!\S)(?:and|or|nor|und|oder|noch|no|keine?|any|a|an|the|eine?[nmrs]?|der|die|das|den)\ ", re.IGNORECASE
)
_FILLERS = words("photos pictures images pics shots fotos bilder aufnahmen bildern")
_LEADING = _FILLERS | words(  # an article belongs to what follows it
    "in on at by with of from near around during for to and or but without is was were taken shot made "
    "im am auf bei mit von vom aus um für fuer zu zum zur und oder aber ohne war wurde aufgenommen außer "
)
_LOOSE = _LEADING | words(
    "the a an no not my all an der die das den dem des ein eine einer einem einen nicht kein keine alle meine "
)
_OPENING = re.compile(
    r"^(?:(?:please\ |bitte\ )?(?:show(?:\ me)?|find(?:\ me)?|search(?:\ for)?|zeig(?:e)?(?:\ mir)?|finde|suche)\ )?"
    r"(?:(?:all|any|the|my|alle|die|meine)\ ){0,2}(?:photos?|pictures?|images?|pics?|fotos?|bilder|bild|aufnahmen?)"
    r"\ (?:of|from|with|von|vom|mit|aus)\ (?=\S)|^(?:show\ me|find\ me|zeig(?:e)?\ mir)\ (?=\S)",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    rf"(?<![\w{STRUCK}-])(?:(?:{'|'.join(sorted(_LOOSE - _FILLERS))})\s+)+(?={STRUCK})", re.IGNORECASE
)
_PUNCTUATION = " ,;.:!?&+/|-–—()[]{}\"'“”„«»`<>=~*\\"


class Known(Protocol):
    """What a library and the gazetteer know, as far as it makes words mean something."""

    @property
    def cameras(self) -> Sequence[str]:
        """Make and model of each camera of the library."""
        ...

    @property
    def lenses(self) -> Sequence[str]:
        """The lenses of the library."""
        ...

    @property
    def vocabulary(self) -> Words:
        """The terms."""
        ...

    def place(self, text: str, least: int = 0) -> Area | None:
        """The place of that name; a town that nothing but the gazetteer knows only with so many inhabitants."""
        ...


def understood(text: str, today: date, known: Known) -> Query:
    """The query that somebody typed, whatever it is; UsageError only for a prefix with what it cannot have."""
    clean = _clean(text)
    cut = clean.rfind(" ", 0, _READ) if len(clean) > _READ else len(clean)
    head, tail = clean[: cut if cut > 0 else _READ], clean[cut if cut > 0 else _READ :]
    sheet = Sheet(head)
    read_fields(sheet, today, known, known.vocabulary)
    _read_gear_days_terms(sheet, today, known)
    read_places(sheet, known, known.vocabulary)
    sheet.unshield()
    _read_without(sheet, known.vocabulary)
    without = tuple(dict.fromkeys(word for _, word in sorted(sheet.without, key=lambda one: one[0])))
    picture = _picture(sheet.text + tail, untouched=not (sheet.parts or sheet.without))
    return Query(text, sheet.in_order(), picture, without)


def _read_gear_days_terms(sheet: Sheet, today: date, known: Known) -> None:
    """Cameras first, for their names have figures; then days, for they have numbers that count nothing else."""
    read_gear(sheet, known.cameras, known.lenses, known.vocabulary)
    shield(sheet, known.vocabulary)
    read_dates(sheet, today)
    read_terms(sheet, known.vocabulary)


def _clean(text: str) -> str:
    """One line in NFC with single spaces, without control characters and half characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def _read_without(sheet: Sheet, vocabulary: Words) -> None:
    """What the picture must not show, and people that must not be there."""

    def struck(found: re.Match[str]) -> str:
        unwanted, end = _unwanted(found, vocabulary)
        for word in unwanted:
            if NOBODY.fullmatch(word):
                sheet.add(found.start(), found[0][: end - found.start()], (("people", Count(0, 0)),))
            else:
                sheet.without.append((found.start(), word))
        return STRUCK * (end - found.start()) + found.string[end : found.end()]

    sheet.text = _WITHOUT.sub(struck, sheet.text)


def _unwanted(found: re.Match[str], vocabulary: Words) -> tuple[list[str], int]:
    """The unwanted words, and where they end: two words are one thing unless the first is one by itself."""
    if found["minus"]:
        return [found["minus"]], found.end()
    first, _, second = found["what"].partition(" ")
    if second and not vocabulary.canonical(found["what"]) and vocabulary.canonical(first):
        return [first], found.start("what") + len(first)
    more = [word for word in _ANOTHER.sub("\n", found["more"] or "").split("\n") if word.strip()]
    return [found["what"], *(word.strip() for word in more)], found.end()


def _picture(text: str, *, untouched: bool) -> str:
    """What is left, without the prepositions that led to what was taken."""
    text = _OPENING.sub("", text)
    if untouched:
        return text if any(map(str.isalnum, text)) else text.strip(_PUNCTUATION)
    left = _DANGLING.sub("", text).replace(STRUCK, " ").split()
    while left and _is_one_of(left[0], _LEADING):
        del left[0]
    while left and _is_one_of(left[-1], _LOOSE):
        del left[-1]
    return " ".join(word for word in left if not set(word) <= set(_PUNCTUATION)).strip(_PUNCTUATION)


def _is_one_of(word: str, loose: frozenset[str]) -> bool:
    bare = word.strip(_PUNCTUATION)
    return not bare or bare.casefold() in loose
