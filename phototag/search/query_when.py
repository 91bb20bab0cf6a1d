"""One expression of time as the days that it means: "May 2021", "last weekend", "vor drei Jahren", "Ostern 2019".

The decision here: what needs no year says none (May is every May), but after "since" or "last" it is the latest one by
today. A season of a year is that whole year and the season: which months it has, only the place tells. Refused: reading
01/02/2020 as anything but day first.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from phototag.search import words_dates as words

_YEAR = r"(?:18[3-9]\d|19\d\d|20\d\d)(?![.,]?\d|\ ?(?:mm|m|km|px|pixels?|people|persons?|personen|leute)\b)"
_LAST = r"last|past|previous|letzte[nmrs]?|vergangene[nmrs]?|vorige[nmrs]?"
_THIS = r"this|diese[nmrs]?"
_UNITS = (
    r"days?|tage?n?",
    r"weeks?|wochen?",
    r"months?|monate?n?",
    r"years?|jahre?n?",
    r"weekends?|wochenenden?",
)
_UNIT = "|".join(_UNITS)
_DAY = r"(?P<day>[0-3]?\d)"
_MONTH = rf"(?P<month>{words.MONTH})\.?"
_NEAR = rf"(?P<near>{_LAST}|{_THIS})"


class When(NamedTuple):
    """The days from first to last; without them every year's `months`. `season` as search's sensor names it."""

    first: date | None
    last: date | None
    months: tuple[int, ...] = ()
    season: str = ""


Reader = Callable[[re.Match[str], date], When | None]


def _which(found: str, names: tuple[str, ...]) -> int:
    """The place of the name among the patterns, from 0."""
    return next(at for at, name in enumerate(names) if re.fullmatch(name, found, re.IGNORECASE))


def number(found: str) -> int:
    """A number in figures or words."""
    return int(found) if found.isdecimal() else _which(found, words.NUMBERS) + 1


def _one_day(year: int, month: int, day: int) -> When | None:
    try:
        one = date(year, month, day)
    except ValueError:
        return None
    return When(one, one)


def month_of(year: int, month: int) -> When | None:
    """All days of a month."""
    if not 1 <= month <= 12:
        return None
    return When(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _years(first: int, last: int) -> When:
    return When(date(first, 1, 1), date(last, 12, 31))


def _numeric(found: re.Match[str], today: date) -> When | None:
    year, month, day = int(found["year"]), int(found["m"]), int(found["d"])
    if month > 12 and "/" in found[0]:
        month, day = day, month
    return _one_day(year, month, day)


def _dated(found: re.Match[str], today: date) -> When | None:
    month, day = _which(found["month"], words.MONTHS) + 1, int(found["day"])
    if found["year"]:
        return _one_day(int(found["year"]), month, day)
    one = _one_day(today.year, month, day)
    return one if one and one.first and one.first <= today else _one_day(today.year - 1, month, day)


def _monthly(found: re.Match[str], today: date) -> When | None:
    return month_of(int(found["year"]), _which(found["month"], words.MONTHS) + 1)


def _every(found: re.Match[str], today: date) -> When | None:
    return When(None, None, (_which(found["month"], words.MONTHS) + 1,))


def _season(found: re.Match[str], today: date) -> When | None:
    seasons = tuple(words.SEASONS.values())
    at = _which(found["season"], seasons)
    name, said = tuple(words.SEASONS)[at], found.groupdict()
    if said.get("next"):
        return When(date(int(said["year"]), 7, 1), date(int(said["year"]) + 1, 6, 30), (), name)
    if said.get("near") and re.fullmatch(_LAST, said["near"], re.IGNORECASE):
        # The twelve months that end with the latest one that is over in the north hold one of the south as well.
        month = 3 * at + 5 if at < 3 else 2
        year = today.year if today.month > month else today.year - 1
        end = month_of(year, month)
        return When(date(year - 1, month + 1, 1), end.last, (), name) if end else None
    year = int(said.get("year") or today.year)
    return _years(year, year)._replace(season=name)


def _near_month(found: re.Match[str], today: date) -> When | None:
    return latest_month(_which(found["month"], words.MONTHS) + 1, today, over=_is_last(found))


def latest_month(month: int, today: date, *, over: bool = False) -> When | None:
    """The latest such month that has begun, or that is over."""
    begun = month < today.month if over else month <= today.month
    return month_of(today.year if begun else today.year - 1, month)


def _is_last(found: re.Match[str]) -> bool:
    return re.fullmatch(_LAST, found["near"], re.IGNORECASE) is not None


def _holiday(found: re.Match[str], today: date) -> When | None:
    which, said = _which(found["holiday"], words.HOLIDAYS), found.groupdict()
    if said.get("year"):
        return When(*words.holiday(which, int(said["year"])))
    this = words.holiday(which, today.year)
    return When(*(this if this[0] <= today else words.holiday(which, today.year - 1)))


def _weekday(found: re.Match[str], today: date) -> When | None:
    back = (today.weekday() - _which(found["weekday"], words.WEEKDAYS)) % 7
    one = today - timedelta(back or (7 if _is_last(found) else 0))
    return When(one, one)


def _period(found: re.Match[str], today: date) -> When | None:
    """This or last week, month, year or weekend."""
    return _unit(_which(found["unit"], _UNITS), int(_is_last(found)), today)


def _unit(unit: int, back: int, today: date) -> When | None:
    try:
        if unit == 0:
            return When(today - timedelta(back), today - timedelta(back))
        monday = today - timedelta(today.weekday())
        if unit == 1:
            monday -= timedelta(7 * back)
            return When(monday, monday + timedelta(6))
        if unit == 4:
            # On a Sunday the last weekend is not today's.
            saturday = monday + timedelta(5 - 7 * back)
            return When(saturday, saturday + timedelta(1))
        months = today.year * 12 + today.month - 1 - back
        return month_of(months // 12, months % 12 + 1) if unit == 2 else _years(today.year - back, today.year - back)
    except (ValueError, OverflowError):
        return None  # before the calendar


def _ago(found: re.Match[str], today: date) -> When | None:
    return _unit(_which(found["unit"], _UNITS), number(found["count"]), today)


def _lately(found: re.Match[str], today: date) -> When | None:
    begin = _unit(_which(found["unit"], _UNITS), number(found["count"]), today)
    if begin is None or begin.first is None:
        return None
    unit = _which(found["unit"], _UNITS)
    if unit in (2, 3):  # to the day
        year, month = (begin.first.year, begin.first.month if unit == 2 else today.month)
        day = min(today.day, monthrange(year, month)[1])
        return When(date(year, month, day), today)
    return When(today - timedelta(number(found["count"]) * (7 if unit else 1)), today)


def _named_day(found: re.Match[str], today: date) -> When | None:
    back = next(days for name, days in _DAYS.items() if re.fullmatch(name, found[0], re.IGNORECASE))
    return When(today - timedelta(back), today - timedelta(back))


def _decade(found: re.Match[str], today: date) -> When | None:
    first = int(found["decade"])
    if first < 100:
        first += 1900 if first > today.year % 100 else 2000
    return _years(first, first + 9)


def _year(found: re.Match[str], today: date) -> When | None:
    return _years(int(found["year"]), int(found["year"]))


_DAYS = {r"today|heute": 0, r"the\ day\ before\ yesterday|vorgestern": 2, r"yesterday|gestern": 1}
_SHOWN_YEAR = rf"(?P<year>{_YEAR})"
_ON = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\ |(?:mon|diens|donners|frei|sams|sonn)tag,?\ (?:den\ )?)?"
# In this order: the longer before what it begins with.
_FORMS: tuple[tuple[str, Reader], ...] = (
    (r"(?P<year>\d{4})[-./:](?P<m>\d\d?)[-./:](?P<d>\d\d?)", _numeric),
    (r"(?P<d>\d\d?)[./](?P<m>\d\d?)[./](?P<year>\d{4})", _numeric),
    (
        r"(?P<year>(?:19|20)\d\d)[-./](?P<m>0[1-9]|1[0-2])(?![-./]?\d)",
        lambda found, _: month_of(int(found["year"]), int(found["m"])),
    ),
    (rf"{_ON}{_DAY}(?:\.|st|nd|rd|th)?\ (?:of\ )?{_MONTH}(?:,?\ (?P<year>{_YEAR}))?", _dated),
    (rf"{_ON}{_MONTH}\ {_DAY}(?:st|nd|rd|th)?(?:,?\ (?P<year>{_YEAR}))", _dated),
    (rf"{_MONTH},?\ (?:of\ )?{_SHOWN_YEAR}", _monthly),
    (rf"(?P<season>{words.SEASON})\ (?:of\ )?(?P<year>(?:19|20)\d\d)[/-](?P<next>\d\d|\d{{4}})", _season),
    (rf"(?P<season>{words.SEASON}),?\ (?:of\ )?{_SHOWN_YEAR}", _season),
    (rf"(?P<holiday>{words.HOLIDAY}),?\ (?:of\ )?{_SHOWN_YEAR}", _holiday),
    (rf"{_NEAR}\ (?P<season>{words.SEASON})", _season),
    (rf"{_NEAR}\ (?P<month>{words.MONTH})", _near_month),
    (rf"{_NEAR}\ (?P<holiday>{words.HOLIDAY})", _holiday),
    (rf"{_NEAR}\ (?P<weekday>{words.WEEKDAY})", _weekday),
    (rf"{_NEAR}\ (?P<unit>{'|'.join(_UNITS[1:])})", _period),
    (rf"(?:the\ |den\ )?(?:{_LAST})\ (?P<count>{words.NUMBER})\ (?P<unit>{'|'.join(_UNITS[:4])})", _lately),
    (rf"(?P<count>{words.NUMBER})\ (?P<unit>{_UNIT})\ ago", _ago),
    (rf"vor\ (?P<count>{words.NUMBER})\ (?P<unit>{_UNIT})", _ago),
    ("|".join(_DAYS), _named_day),
    (
        r"(?:the\ )?[’']?(?P<decade>(?:(?:18|19|20)\d|[2-9])0)(?:[’']?s|er)(?:[\ -]jahren?)?",
        _decade,
    ),
    (_SHOWN_YEAR, _year),
)
_LOOSE_FORMS: tuple[tuple[str, Reader], ...] = (  # where a word before them says that a time is meant
    (rf"(?P<holiday>{words.HOLIDAY})", _holiday),
    (rf"(?P<month>{words.MONTH})", _every),
)


def _nameless(form: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", form)


PLAIN = "|".join(f"(?:{_nameless(form)})" for form, _ in _FORMS)
LOOSE = f"{PLAIN}|" + "|".join(f"(?:{_nameless(form)})" for form, _ in _LOOSE_FORMS)
_READERS = [(re.compile(form, re.VERBOSE | re.IGNORECASE), read) for form, read in (*_FORMS, *_LOOSE_FORMS)]


def when(text: str, today: date) -> When | None:
    """What the expression (matched by `PLAIN` or `LOOSE`) means; None for a date that does not exist."""
    for form, read in _READERS:
        if found := form.fullmatch(text):
            return read(found, today)
    return None
