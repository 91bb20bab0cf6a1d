"""Conditions that are spelled out: camera:x100v, rating:>=3, date:2023-05..2023-08, keyword:"aunt mary", -kind:raw.

The decision here: a prefix takes one word, or words in quotes, and is taken at its word. What cannot be
("date:2023-13", "plcae:Berlin") is an error, for who writes a prefix knows what it should mean. Other words with a
colon, such as 12:30, are none. Refused: a misspelled condition that silently becomes part of the picture.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from phototag.errors import UsageError
from phototag.search.nouns import FIELDS, Area, Count, Days
from phototag.search.query_dates import days
from phototag.search.query_places import Finder
from phototag.search.query_sheet import Found, Sheet
from phototag.search.query_terms import Words, checked, kind
from phototag.search.query_when import number
from phototag.search.words_dates import NUMBER, SEASONS
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
_EVERY = sorted({*FIELDS, *_NAMES})
_LONG = [name for name in _EVERY if len(name) > 3]  # "iso:" is no slip of "is:"
_QUOTED = re.compile(
    r"(?<![^\s(\0])(?P<no>-|(?:not|no|without|ohne|nicht)\ )?"
    r'(?:"(?P<a>[^"\0]{1,400})"|“(?P<b>[^“”\0]{1,400})”|„(?P<c>[^„“”\0]{1,400})[“”]|«(?P<d>[^«»\0]{1,400})»)',
    re.IGNORECASE,
)
_ALMOST = re.compile(r"(?<![^\s(-])(?P<field>[^\W\d_]{3,14}):(?=[^\s:/\"\0])")
_NEAR = 0.8  # likeness of a word to a prefix from which it is a slip
_MOST_STARS = 5
_TAKES = {
    "date": "a date such as 2023, 2023-05, 2023-05-14 or 2023-05..2023-08",
    "people": "a number such as 2, >=3 or 2..4",
    "rating": "stars such as 5, >=3 or 2..4; five are the most",
    "light": "a light such as night, day, golden hour, blue hour or twilight",
    "technique": 'a technique such as macro, panorama or "long exposure"',
    "season": "spring, summer, autumn or winter",
}
_NUMBER = re.compile(r"(?P<how>>=|<=|>|<|=|≥|≤)?(?P<n>\d{1,4})(?:(?P<up>\+)|(?:\.\.|-)(?P<to>\d{1,4})?)?")


def read_fields(sheet: Sheet, today: date, known: Finder, vocabulary: Words) -> None:
    """Strike out what is spelled out, and then what is in quotes: a keyword. UsageError for what cannot be."""
    ends: dict[str, str] = {}
    sheet.take(_PREFIX, lambda found: _prefixed(found, today, known, vocabulary, ends))
    sheet.take(_QUOTED, _quoted)
    if len(ends) == 2 and (said := days(f"{ends['since']}..{ends['until']}", today)):
        _in_order(said, f"since:{ends['since']} until:{ends['until']}")
    for slip in _ALMOST.finditer(sheet.text):
        name = slip["field"].casefold()
        if name not in _EVERY and (near := get_close_matches(name, _LONG, 1, _NEAR)):
            raise UsageError(
                f'"{slip["field"]}:" is no prefix of a search.',
                f'Did you mean "{near[0]}:"? Else leave out the colon.',
            )


def _quoted(found: re.Match[str]) -> Found:
    word = " ".join((found["a"] or found["b"] or found["c"] or found["d"]).split())
    return (("keyword", word),) if any(map(str.isalnum, word)) else ()


def _prefixed(found: re.Match[str], today: date, known: Finder, vocabulary: Words, ends: dict[str, str]) -> Found:
    name = found["field"].casefold()
    field = _NAMES.get(name, name)
    text = " ".join((found["quoted"] or found["word"]).split()).rstrip(",;")
    if not text:
        return ()
    if field in ("since", "before", "until"):
        limits = {"since": f"{text}..", "until": f"..{text}", "before": f"..{text}"}[field]
        said = days(limits, today)
        if said is None:
            raise _wrong(name, "date", text)
        if field != "before" and not found["no"]:
            ends[field] = text
        return (("date", _before(said, text, today) if field == "before" else said),)
    value = _value(field, text, today, known, vocabulary)
    if value is None or value == "":
        raise _wrong(name, field, text)
    if isinstance(value, Days):
        _in_order(value, found[0])
    return ((field, value),)


def _wrong(name: str, field: str, text: str) -> UsageError:
    return UsageError(f'"{name}:{text}" is not possible.', f"{name}: takes {_TAKES.get(field, 'a word')}.")


def _in_order(said: Days, typed: str) -> None:
    if said.first and said.last and said.first > said.last:
        raise UsageError(f'"{typed}" ends before it begins.', "Write the earlier date first.")


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
        counted = _count(text)
        over = counted is not None and max(counted.least or 0, counted.most or 0) > _MOST_STARS
        return None if field == "rating" and over else counted
    if field == "place":
        return known.place(text) or Area((folded(text),))
    if field == "season":
        return next((name for name, form in SEASONS.items() if re.fullmatch(form, text, re.IGNORECASE)), None)
    if field in ("light", "technique"):
        term = next((value for one, value in checked(text, vocabulary) if one == field), None)
        canonical = vocabulary.canonical(text)
        return term or (canonical.name if canonical and canonical.kind == field else None)
    if field == "kind":
        return kind(text) or folded(text)
    if field == "path":
        return text.strip("*").lower()
    return text if field == "keyword" else folded(text)


def _count(text: str) -> Count | None:
    if text.casefold() in ("none", "no", "0", "keine", "unrated"):
        return Count(None, 0)
    if re.fullmatch(NUMBER, text, re.IGNORECASE):
        return Count(number(text), number(text))
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
