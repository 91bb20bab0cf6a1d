"""Conditions that are spelled out: camera:x100v, rating:>=3, date:2023-05..2023-08, keyword:"aunt mary", -kind:raw.

The decision here: a prefix takes one word, or words in quotes, and is taken at its word. What cannot be read
("rating:many") stays in the picture part. Refused: an error; it is a search, and a time such as 12:30 has a colon too.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from phototag.search.nouns import FIELDS, Area, Count, Days
from phototag.search.query_dates import days
from phototag.search.query_places import Finder
from phototag.search.query_sheet import Found, Sheet
from phototag.search.query_terms import Words, checked, kind
from phototag.search.words_dates import SEASONS
from phototag.vocabulary import folded

_NAMES = {
    "kamera": "camera", "model": "camera", "objektiv": "lens", "ort": "place", "near": "place", "in": "place",
    "city": "place", "country": "place", "land": "place", "bewertung": "rating", "stars": "rating", "sterne": "rating",
    "datum": "date", "when": "date", "wann": "date", "schlagwort": "keyword", "tag": "keyword", "stichwort": "keyword",
    "typ": "kind", "type": "kind", "art": "kind", "is": "kind", "personen": "people", "leute": "people",
    "persons": "people", "licht": "light", "technik": "technique", "jahreszeit": "season", "since": "since",
    "seit": "since", "before": "before", "vor": "before", "until": "until", "bis": "until",
}  # fmt: skip
_PREFIX = re.compile(
    rf"(?<![\w:])(?P<no>-|(?:not|no|nicht|NOT)\ )?(?P<field>{'|'.join(sorted({*FIELDS, *_NAMES}))})"
    r':(?:"(?P<quoted>[^"\0]{1,400})"|(?P<word>[^\s"\0]+))',
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"(?<![^\s(\0])(?P<no>-|(?:not|no|without|ohne|nicht)\ )?"
    r'(?:"(?P<a>[^"\0]{1,400})"|“(?P<b>[^“”\0]{1,400})”|„(?P<c>[^„“”\0]{1,400})[“”]|«(?P<d>[^«»\0]{1,400})»)',
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?P<how>>=|<=|>|<|=|≥|≤)?(?P<n>\d{1,4})(?:(?P<up>\+)|(?:\.\.|-)(?P<to>\d{1,4})?)?")


def read_fields(sheet: Sheet, today: date, known: Finder, vocabulary: Words) -> None:
    """Strike out what is spelled out, and then what is in quotes: a keyword."""
    sheet.take(_PREFIX, lambda found: _prefixed(found, today, known, vocabulary))
    sheet.take(_QUOTED, _quoted)


def _quoted(found: re.Match[str]) -> Found:
    word = " ".join((found["a"] or found["b"] or found["c"] or found["d"]).split())
    return (("keyword", word),) if any(map(str.isalnum, word)) else ()


def _prefixed(found: re.Match[str], today: date, known: Finder, vocabulary: Words) -> Found:
    name = found["field"].casefold()
    field = _NAMES.get(name, name)
    text = " ".join((found["quoted"] or found["word"]).split()).rstrip(",;")
    if not text:
        return ()
    if field in ("since", "before", "until"):
        limits = {"since": f"{text}..", "until": f"..{text}", "before": f"..{text}"}[field]
        said = days(limits, today)
        return (("date", _before(said, text, today) if field == "before" else said),) if said else ()
    value = _value(field, text, today, known, vocabulary)
    return ((field, value),) if value is not None and value != "" else ()


def _before(said: Days, text: str, today: date) -> Days:
    """Up to the eve of that time."""
    begin = days(f"{text}..", today)
    if begin is None or not begin.first:
        return said
    first = begin.first
    eve = date(first // 10_000, first // 100 % 100, first % 100) - timedelta(1)
    return Days(last=eve.year * 10_000 + eve.month * 100 + eve.day)


def _value(field: str, text: str, today: date, known: Finder, vocabulary: Words) -> Any:
    """What the field is to be, or None."""
    if field == "date":
        return days(text, today)
    if field in ("people", "rating"):
        return _count(text)
    if field == "place":
        return known.place(text) or Area((folded(text),))
    if field == "season":
        return next((name for name, form in SEASONS.items() if re.fullmatch(form, text, re.IGNORECASE)), None)
    if field in ("light", "technique"):
        term = next((value for one, value in checked(text, vocabulary) if one == field), None)
        canonical = vocabulary.canonical(text)
        return term or (canonical.name if canonical else folded(text))
    if field == "kind":
        return kind(text) or folded(text)
    return text if field == "keyword" else folded(text)


def _count(text: str) -> Count | None:
    if text.casefold() in ("none", "no", "0", "keine", "unrated"):
        return Count(None, 0)
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    n, how = int(found["n"]), found["how"] or ""
    if found["to"]:
        return Count(*sorted((n, int(found["to"]))))
    if how in (">=", "≥") or found["up"] or text.endswith(".."):
        return Count(n)
    if how == ">":
        return Count(n + 1)
    if how in ("<=", "≤"):
        return Count(None, n)
    return Count(None, max(n - 1, 0)) if how == "<" else Count(n, n)
