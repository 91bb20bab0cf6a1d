"""The days that a query is about: one time, a stretch between two, or some days and hours of every year.

The decision here: "night", "dawn" and "dusk" are light and by the sun; hours are only what a clock shows ("after 10
pm") or a part of the day that recurs ("mornings", "nachmittags"). "morning fog" is fog. Refused: a range that a word
does not state ("around 2019").
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from phototag.search import words_dates as words
from phototag.search.nouns import Days
from phototag.search.query_sheet import Found, Sheet, pattern
from phototag.search.query_when import LOOSE, PLAIN, When, latest_month, when

_IN = (
    r"(?:in\ the\ year|im\ jahre?|aus\ dem\ jahre?|in\ the|in|im|on|at|during|of|from|von|vom|aus|am|an|zu"
    r"|w(?:ä|ae)hrend|over|den)"
)
_TO = r"(?:to|till|until|through|bis(?:\ zum)?)"
_CLOCK = r"\d\d?(?::\d\d)?\ ?(?:[ap]\.?m\.?|uhr|h|o[’']clock)|\d\d?:\d\d"
_SINCE = r"since|seit(?:\ dem)?|ab(?:\ dem)?"
_BEFORE = r"before|vor(?:\ dem)?|earlier\ than"
_AFTER = r"after|nach(?:\ dem)?|later\ than"
_UNTIL = r"until|till|up\ to|bis(?:\ zum)?"

_CLOCKS = pattern(
    rf"(?:between|zwischen|from|von)?\ ?(?P<a>{_CLOCK}|\d\d?)\ ?(?:and|und|to|bis|-|–)\ ?(?P<b>{_CLOCK})"
    rf"|(?P<how>{_AFTER}|{_BEFORE}|at|um|gegen|around)\ (?P<one>{_CLOCK})"
)
_BETWEEN = pattern(
    rf"(?:between|zwischen)\ (?P<a1>{LOOSE})\ (?:and|und)\ (?P<b1>{LOOSE})"
    rf"|(?:from|von|vom)\ (?P<a2>{LOOSE})\ {_TO}\ (?P<b2>{LOOSE})"
    rf"|(?P<a3>{PLAIN})(?:\.\.|\ ?[-–]\ ?|\ {_TO}\ )(?P<b3>{PLAIN})"
)
_OPEN = pattern(
    rf"(?:(?P<since>{_SINCE})|(?P<before>{_BEFORE})|(?P<after>{_AFTER})|(?P<until>{_UNTIL}))\ (?P<a>{LOOSE})"
)
_LAST_NIGHT = pattern(r"last\ night|letzte\ nacht|gestern\ abend|yesterday\ evening")
_THIS_MORNING = pattern(r"this\ (?:morning|afternoon|evening)|heute\ (?:morgen|nachmittag|abend|fr(?:ü|ue)h)")
_ON = pattern(rf"(?:{_IN}\ )?(?P<a>{PLAIN})")
_IN_MONTH = pattern(rf"(?:(?:in|im|during|every|jeden)\ (?P<a>{words.MONTH})|(?P<plain>{words.PLAIN_MONTH}))")
_MAY = pattern(r"(?P<plain>May)", case=True)
_SEASON = pattern(rf"(?:(?:in\ the|in|im|during|every|jeden)\ )?(?P<season>{words.SEASON})")
_DAYS = pattern(
    r"(?:(?:on|at|am|an|every|jede[ns]?)\ )?(?:the\ )?(?:(?P<end>weekends|wochenends|wochenenden)"
    r"|(?P<work>weekdays|workdays|werktags|wochentags))"
    rf"|(?:on|at|over|am|every|jede[ns]?)\ (?:the\ )?(?:(?P<end2>weekend|wochenende)|(?P<some>{words.WEEKDAY}))"
    r"|(?P<end3>wochenende)"
    r"|(?P<many>(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:mon|diens|donners|frei|sams|sonn|sonnaben)[td]a?g?s)"
    rf"|(?P<part>(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?=\ (?:mornings|afternoons|evenings|nights))"
)
_HOLIDAY = pattern(
    rf"(?:at|on|over|an|zu|(?P<eve>))\ ?(?P<keep>(?P<holiday>{words.HOLIDAY}))"
    r"(?!\ (?:tree|market|lights|dinner|eve|day))"
)
_HOURS = [(pattern(form), hours) for form, hours in words.HOURS.items()]


def read_dates(sheet: Sheet, today: date) -> None:
    """Strike out all that says when."""
    sheet.take(_CLOCKS, _clocks)
    sheet.take(_LAST_NIGHT, lambda _: (("date", Days(_number(today - timedelta(1)), _number(today), hours=(18, 6))),))
    sheet.take(_THIS_MORNING, lambda found: _today(found, today))
    sheet.take(_BETWEEN, lambda found: _between(found, today))
    sheet.take(_OPEN, lambda found: _open(found, today))
    sheet.take(_ON, lambda found: _found(when(found["a"], today)))
    sheet.take(_IN_MONTH, lambda found: _found(_any_year(found["a"] or found["plain"], today)))
    sheet.take(_MAY, lambda found: _found(_any_year(found["plain"], today)) if found[0] != sheet.text else ())
    sheet.take(_HOLIDAY, _every_holiday)
    sheet.take(_SEASON, _season)
    sheet.take(_DAYS, _weekdays)
    for form, hours in _HOURS:
        sheet.take(form, lambda _, hours=hours: (("date", Days(hours=hours)),))  # type: ignore[misc]


def days(text: str, today: date) -> Days | None:
    """The value of a "date:" prefix: one time, or two with ".." between, of which one may be missing."""
    first, dots, last = text.partition("..")
    if not dots:
        alone = when(first, today)
        return _days(alone) if alone else None
    begin, end = (when(side, today) if side else When(None, None) for side in (first, last))
    if begin is None or end is None or not (first or last):
        return None
    begin, end = _settled(begin, today), _settled(end, today)
    return Days(_number(begin.first), _number(end.last))


def _number(day: date | None) -> int:
    return day.year * 10_000 + day.month * 100 + day.day if day else 0


def _days(said: When) -> Days:
    return Days(_number(said.first), _number(said.last), said.months)


def _found(said: When | None) -> Found:
    if said is None:
        return ()
    season = (("season", said.season),) if said.season else ()
    return (*season, ("date", _days(said)))


def _any_year(month: str, today: date) -> When | None:
    return when(month, today)


def _settled(said: When, today: date) -> When:
    """A month of no year is the latest."""
    return (latest_month(said.months[0], today) or said) if said.months else said


def _between(found: re.Match[str], today: date) -> Found:
    first, last = next((found[f"a{n}"], found[f"b{n}"]) for n in (1, 2, 3) if found[f"a{n}"])
    begin, end = when(first, today), when(last, today)
    if begin is None or end is None:
        return ()
    if begin.months and end.months:  # "from May to August": of every year
        a, b = begin.months[0], end.months[0]
        return (("date", Days(months=tuple((a - 1 + n) % 12 + 1 for n in range((b - a) % 12 + 1)))),)
    if begin.months and end.last:  # "between May and August 2023"
        begin = latest_month(begin.months[0], end.last) or begin
    begin, end = _settled(begin, today), _settled(end, today)
    if begin.first and end.last and begin.first > end.last:
        begin, end = end, begin
    return (("date", Days(_number(begin.first), _number(end.last))),)


def _open(found: re.Match[str], today: date) -> Found:
    said = when(found["a"], today)
    said = _settled(said, today) if said else None
    if said is None or said.first is None or said.last is None:
        return ()
    try:
        if found["since"]:
            return (("date", Days(first=_number(said.first))),)
        if found["after"]:
            return (("date", Days(first=_number(said.last + timedelta(1)))),)
        if found["until"]:
            return (("date", Days(last=_number(said.last))),)
        return (("date", Days(last=_number(said.first - timedelta(1)))),)
    except OverflowError:
        return ()  # nothing is after the last day of the calendar


def _today(found: re.Match[str], today: date) -> Found:
    parts = {"morn": (5, 12), "morg": (5, 12), "früh": (5, 12), "frue": (5, 12), "nach": (12, 18), "afte": (12, 18)}
    hours = parts.get(found[0].split()[-1].lower()[:4], (18, 24))
    return (("date", Days(_number(today), _number(today), hours=hours)),)


def _season(found: re.Match[str]) -> Found:
    word = found["season"]
    if word.lower() in ("spring", "fall") and not found[0].lower().startswith(("in ", "during ", "every ")):
        return ()  # water and leaves do both
    name = next(name for name, form in words.SEASONS.items() if re.fullmatch(form, word, re.IGNORECASE))
    return (("season", name),)


def _every_holiday(found: re.Match[str]) -> Found:
    """Its months in every year; the word stays, for it describes the rest."""
    if found["eve"] is not None and not re.search(r"eve$|abend$|silvester", found["holiday"], re.IGNORECASE):
        return ()  # "christmas" may be a tree
    months = words.holiday_months(words.which_holiday(found["holiday"]))
    return (("date", Days(months=months)),)


def _weekdays(found: re.Match[str]) -> Found:
    if found["end"] or found["end2"] or found["end3"]:
        return (("date", Days(weekdays=(5, 6))),)
    if found["work"]:
        return (("date", Days(weekdays=(0, 1, 2, 3, 4))),)
    name = found["some"] or found["many"] or found["part"]
    day = next((n for n, form in enumerate(words.WEEKDAYS) if re.fullmatch(form, name, re.IGNORECASE)), None)
    return (("date", Days(weekdays=(day,))),) if day is not None else ()


def _clocks(found: re.Match[str]) -> Found:
    if found["one"]:
        hour = _hour(found["one"])
        if hour is None:
            return ()
        how = found["how"].lower()
        if re.fullmatch(_AFTER, how):
            return (("date", Days(hours=(hour, 24))),)
        if re.fullmatch(_BEFORE, how):
            return (("date", Days(hours=(0, hour))),) if hour else ()
        return (("date", Days(hours=(hour, (hour + 1) % 24))),)
    end = _hour(found["b"])
    begin = _hour(found["a"], like=found["b"])
    if begin is None or end is None or begin == end:
        return ()
    return (("date", Days(hours=(begin, end))),)


def _hour(text: str, like: str = "") -> int | None:
    """The hour of a clock's time; a bare number takes am or pm from its neighbour."""
    hour = int(re.match(r"\d+", text)[0])  # type: ignore[index]  # the pattern begins with a digit
    half = re.search(r"([ap])\.?m", text.lower()) or (
        re.search(r"([ap])\.?m", like.lower()) if text.isdecimal() else None
    )
    if half:
        if not 1 <= hour <= 12:
            return None
        return hour % 12 + (12 if half[1] == "p" else 0)
    return hour if hour <= 24 else None
