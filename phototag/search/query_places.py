"""Which words of a query are a place.

The decision here: the longest run of words that is a place wins. After "in" or "near" a small town counts, alone only a
large one, and a word that is also a thing ("nice", "bath") needs the "in", or a capital letter among small ones; in a
German query capital letters say nothing. Refused: every word that some village bears.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Protocol

from phototag.search.nouns import Area
from phototag.search.query_sheet import STRUCK, Sheet, words
from phototag.search.query_terms import Words
from phototag.search.words_places import WORDS

NEAR_KM = 25.0  # a day trip lies beyond
_LONGEST = 4  # words of a name
_MOST_ASKED = 150  # runs of words; nobody names so many places
_SAID, _NAMED, _ALONE, _A_THING = 20_000, 15_000, 100_000, 80_000  # inhabitants that a town must have
_SHORT = 3  # letters; so short a word alone is no town
_WORD = re.compile(r"[^\W\d_](?:[\w’'.-]*\w)?")
_LEAD = re.compile(
    r"(?:^|(?<=[\s,;(\0]))(?:(?P<no>(?:not|nicht|without|except|excluding|außer|ausser)\ )|(?<!\S)(?P<minus>-))?"
    r"(?:(?P<outside>outside(?:\ of)?|außerhalb(?:\ von)?|ausserhalb(?:\ von)?)\ "
    r"|(?:(?:within|im\ umkreis\ von|in\ einem\ umkreis\ von|weniger\ als|less\ than|at\ most|höchstens)\ )?"
    r"(?P<km>\d{1,4}(?:[.,]\d)?)\ ?(?P<unit>km|kilomet(?:er|re)s?n?|mi|miles?|meilen)"
    r"\ (?:of|from|around|near|um|von|bei)\ "
    r"|(?P<near>in\ der\ nähe\ (?:von|des|der)|in\ der\ naehe\ von|in\ der\ gegend\ (?:um|von)|nahe(?:\ bei)?"
    r"|near(?:\ to)?|close\ to|next\ to|around|bei|um|rund\ um)\ "
    r"|(?P<in>in|at|from|im|aus|auf|nach|to|visiting|via)\ |(?P<of>of|von|on|an|am|by|the|der|over|über)\ )?"
    r"(?:the\ |der\ |die\ |den\ |dem\ )?$",
    re.IGNORECASE,
)
_GERMAN = re.compile(
    r"(?<!\w)(?:eine?[nmrs]?|der|die|das|den|dem|und|mit|im|am|auf|bei|ohne|nicht|von|vom|zwei|drei|vor|seit|nach|zwischen|aus"
    r"|kein\w*|letzte\w*|ist|für|über|unter)(?!\w)",
    re.IGNORECASE,
)
_LITTLE = words("the a an and or in on at of by with der die das ein eine und mit im am auf ")


class Finder(Protocol):
    """Who knows places."""

    def place(self, text: str, least: int = 0) -> Area | None:
        """The place of that name; a town that nothing but the gazetteer knows only with so many inhabitants."""
        ...


def read_places(sheet: Sheet, known: Finder, vocabulary: Words) -> None:
    """Strike out places with their prepositions."""
    text = sheet.text
    names = list(_WORD.finditer(text))
    small = any(word[0].islower() for word in names) and not _GERMAN.search(text)
    at, asked = 0, 0
    while at < len(names) and asked < _MOST_ASKED:
        start = names[at].start()
        lead = _LEAD.search(text[max(0, start - 60) : start])
        for length in range(min(_LONGEST, len(names) - at), 0, -1):
            run = text[start : names[at + length - 1].end()]
            if STRUCK in run or re.search(r"[;:()\"]", run):
                continue
            least = _least(run, lead, vocabulary, capital=small and at > 0 and run[0].isupper(), alone=length == 1)
            if least is None:
                continue
            asked += 1
            area = known.place(run, least)
            if area:
                begin = start - len(lead[0]) if lead else start
                _add(sheet, begin, start + len(run), area, lead)
                at += length - 1
                break
        at += 1


def _least(run: str, lead: re.Match[str] | None, vocabulary: Words, *, capital: bool, alone: bool) -> int | None:
    """How large a town of that name must be here; None where it cannot be a place."""
    key = run.casefold()
    if key.split()[0] in _LITTLE or key.split()[-1] in _LITTLE:
        return None
    said = bool(lead and any(lead[name] for name in ("in", "near", "km", "outside")))
    is_thing = vocabulary.canonical(run) is not None
    if said:
        return _A_THING if is_thing else 0 if capital else _SAID
    if key in WORDS or is_thing:
        return _A_THING if capital and key in WORDS else None
    if capital:
        return _NAMED
    return None if alone and len(run) <= _SHORT and key not in ("ulm", "nyc", "usa") else _ALONE


def _add(sheet: Sheet, begin: int, end: int, area: Area, lead: re.Match[str] | None) -> None:
    without = bool(lead and (lead["no"] or lead["minus"] or lead["outside"]))
    if lead and lead["km"]:
        far = float(lead["km"].replace(",", "."))
        area = reaching(area, far * (1.609 if lead["unit"].lower().startswith("m") else 1))
    elif lead and lead["near"]:
        area = reaching(area, area.radius_km + NEAR_KM)
    sheet.add(begin, sheet.text[begin:end], (("place", area),), without=without)
    sheet.strike(begin, end)


def reaching(area: Area, km: float) -> Area:
    """The area with that radius; a country or region has none."""
    return area if area.lat is None else replace(area, radius_km=round(km, 1))
