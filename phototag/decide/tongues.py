"""Months and countries in the language of the folders.

The decision here: the words come from CLDR through babel, which knows some 200 languages and is loaded when a name
needs it. Refused: a list of our own for two languages, and Python's locales, which are those that a machine happens to
have.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from phototag.errors import UsageError
from phototag.settings_schema import plain

if TYPE_CHECKING:
    from babel import Locale

_SOME = ("en", "de", "fr", "es", "it", "nl", "pl", "pt")
_UNKNOWN = "ZZ"  # CLDR has a name even for a region that is not known


def check(language: str) -> None:
    """UsageError unless months and countries have names in that language."""
    _locale(language)


@cache
def month(number: int, language: str, *, short: bool = False) -> str:
    """The month as it stands alone: January, or Jan where it is short."""
    width = "abbreviated" if short else "wide"
    names = _locale(language).months["stand-alone"][width]
    return str(names[number]).rstrip(".")  # "janv." would end a folder's name with a dot


@cache
def country_name(code: str, language: str, otherwise: str = "") -> str:
    """The country with that ISO code; `otherwise` where the language has no word for it."""
    known = _locale(language).territories.get(code.upper()) if code.upper() != _UNKNOWN else ""
    return str(known or otherwise)


@cache
def _locale(language: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    sentence = f'"{plain(language)}" is no language that has names for months and countries.'
    hint = f"Name it by its code, such as {', '.join(_SOME[:-1])} or {_SOME[-1]}."
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError) as trouble:
        raise UsageError(sentence, hint) from trouble
    if str(locale.months["stand-alone"]["wide"][1]) == "M01":  # a few languages are known by name only
        raise UsageError(sentence, hint)
    return locale
