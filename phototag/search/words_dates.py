"""What months, seasons, days and holidays are called in English and German.

The decision here: each name is a pattern that takes short forms and both spellings of an umlaut. Refused: asking a date
library, which reads "may" and "sun" in every sentence.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

MONTHS = (
    r"jan(?:uary|uar)?|j(?:ä|ae)n(?:ner)?",
    r"feb(?:ruary|ruar)?|feber",
    r"mar(?:ch)?|m(?:ä|ae|a)rz|mrz",
    r"apr(?:il)?",
    r"may|mai",
    r"june?|juni",
    r"july?|juli",
    r"aug(?:ust)?",
    r"sept?(?:ember)?",
    r"oct(?:ober)?|okt(?:ober)?",
    r"nov(?:ember)?",
    r"dec(?:ember)?|dez(?:ember)?",
)
MONTH = "|".join(MONTHS)
# Those that may stand alone; "may", "march" and all short forms are too often something else.
PLAIN_MONTH = (
    r"january|januar|j(?:ä|ae)nner|february|februar|m(?:ä|ae)rz|april|june|juni|july|juli|august|september"
    r"|oct(?:ober)|oktober|november|dec(?:ember)|dezember"
)
SEASONS = {
    "spring": r"spring(?:time)?|fr(?:ü|ue)hling|fr(?:ü|ue)hjahr",
    "summer": r"summer(?:time)?|sommer",
    "autumn": r"autumn|fall|herbst",
    "winter": r"winter(?:time)?",
}
SEASON = "|".join(SEASONS.values())
WEEKDAYS = (
    r"mondays?|montags?",
    r"tuesdays?|dienstags?",
    r"wednesdays?|mittwochs?",
    r"thursdays?|donnerstags?",
    r"fridays?|freitags?",
    r"saturdays?|samstags?|sonnabends?",
    r"sundays?|sonntags?",
)
WEEKDAY = "|".join(WEEKDAYS)
NUMBERS = (
    r"one|an?|ein(?:e[mnrs]?)?",
    r"two|zwei|a\ couple\ of",
    r"three|drei",
    r"four|vier",
    r"five|f(?:ü|ue)nf",
    r"six|sechs",
    r"seven|sieben",
    r"eight|acht",
    r"nine|neun",
    r"ten|zehn",
    r"eleven|elf",
    r"twelve|zw(?:ö|oe)lf",
)
NUMBER = r"\d{1,3}|" + "|".join(NUMBERS)

# First and last day in any year, or for the days that move: how far from Easter Sunday.
_FIXED = {
    r"christmas\ eve|heilig(?:er\ )?abend": ((12, 24), (12, 24)),
    r"christmas\ day": ((12, 25), (12, 25)),
    r"boxing\ day": ((12, 26), (12, 26)),
    r"christmas|x-?mas|weihnachten": ((12, 24), (12, 26)),
    r"new\ year[’']?s\ eve|silvester": ((12, 31), (12, 31)),
    r"new\ year(?:[’']?s)?(?:\ day)?|neujahr": ((1, 1), (1, 1)),
    r"valentine[’']?s?(?:\ day)?|valentinstag": ((2, 14), (2, 14)),
    r"halloween": ((10, 31), (10, 31)),
    r"nikolaus(?:tag)?": ((12, 6), (12, 6)),
}
_MOVING = {
    r"good\ friday|karfreitag": (-2, -2),
    r"easter(?:\ weekend)?|ostern": (-2, 1),
    r"pentecost|whitsun|pfingsten": (49, 50),
}
HOLIDAYS = (*_FIXED, *_MOVING)
HOLIDAY = "|".join(HOLIDAYS)

# From, to (exclusive).
HOURS = {
    r"mornings|in\ the\ mornings?|early\ mornings?|morgens|vormittags|am\ (?:fr(?:ü|ue)hen\ )?(?:morgen|vormittag)": (
        5,
        12,
    ),
    r"at\ (?:noon|midday)|mittags|am\ mittag": (11, 14),
    r"afternoons|in\ the\ afternoons?|nachmittags|am\ nachmittag": (12, 18),
    r"evenings|in\ the\ evenings?|abends|am\ abend": (18, 23),
    r"at\ midnight|um\ mitternacht": (23, 1),
}


def holiday(which: int, year: int) -> tuple[date, date]:
    """First and last day of the holiday with that place in `HOLIDAYS`."""
    name = HOLIDAYS[which]
    if name in _FIXED:
        first, last = _FIXED[name]
        return date(year, *first), date(year, *last)
    sunday = easter(year)
    return sunday + timedelta(_MOVING[name][0]), sunday + timedelta(_MOVING[name][1])


def holiday_months(which: int) -> tuple[int, ...]:
    """The months in which the holiday may lie, the morning after included."""
    if HOLIDAYS[which] in _FIXED:
        first, last = holiday(which, 2001)
        return tuple(sorted({first.month, (last + timedelta(1)).month}))
    return (3, 4) if _MOVING[HOLIDAYS[which]][1] < 7 else (5, 6)


def which_holiday(found: str) -> int:
    """The place in `HOLIDAYS` of the one that is called so."""
    return next(at for at, name in enumerate(HOLIDAYS) if re.fullmatch(name, found, re.IGNORECASE))


def easter(year: int) -> date:
    """Easter Sunday (Butcher's rule, Gregorian)."""
    gold, (century, rest) = year % 19, divmod(year, 100)
    leaps, skipped = divmod(century, 4)
    moon = (19 * gold + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    days = (32 + 2 * skipped + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (gold + 11 * moon + 22 * days) // 451
    month, day = divmod(moon + days - 7 * late + 114, 31)
    return date(year, month, day + 1)
