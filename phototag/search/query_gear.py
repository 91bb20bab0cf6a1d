"""Cameras and lenses by the names that the library has.

The decision here: a camera is known by any run of words of its name that is not ordinary: a make, or a word with a
figure in it ("x100v", "iphone 13"); what the vocabulary calls a thing ("apple", "orange") only after "shot on". A focal
length in millimetres always means the lens. Refused: a list of all cameras; nobody searches for one that took nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from phototag.search.query_sheet import STRUCK, Found, Sheet, pattern, words
from phototag.search.query_terms import Words
from phototag.vocabulary import folded

_LONGEST = 6
_WORD = re.compile(r"[^\W_]+(?:[./+][^\W_]+)*")
_ORDINARY = words(
    "camera kamera phone digital pro max mini plus mark ii iii iv the one lens objektiv zoom corporation company "
    "co ltd inc ag gmbh imaging optical electronics photo foto body super star note edge ultra lite air go back "
    "front dual triple wide with and art sport contemporary macro is usm stm vr ed di ois oss for of in on at a "
    "an main tele "
)
_SHOT = re.compile(
    r"(?:(?P<no>(?:not|without|nicht|ohne)\ )|(?<!\S)(?P<no2>-))?"
    r"(?:(?:(?P<surely>(?:taken|shot|made|photographed|captured|aufgenommen|fotografiert|gemacht)"
    r"\ (?:with|on|by|mit|von))"
    r"|with|by|on|mit|from|von)\ )?(?:(?:the|my|a|an|der|dem|einer|einem|meiner|meinem)\ )?$",
    re.IGNORECASE,
)
_FOCAL = pattern(
    r"(?:(?:with|at|by|mit|bei)\ )?(?:(?:the|a|an|my|dem|einem)\ )?"
    r"(?:(?P<mm>\d{1,4}(?:\.\d)?(?:\ ?[-–]\ ?\d{1,4}(?:\.\d)?)?)\ ?mm|(?P<zoom>\d{1,3}[-–]\d{2,3}))"
    r"(?:\ (?:lens|objektiv))?"
)


def read_gear(sheet: Sheet, cameras: Sequence[str], lenses: Sequence[str], vocabulary: Words) -> None:
    """Strike out cameras and lenses; a name of both is the camera."""
    for field, names in (("camera", cameras), ("lens", lenses)):
        runs = _runs(tuple(names))
        if runs:
            _read_names(sheet, field, runs, vocabulary)
    named = tuple(map(folded, lenses))
    sheet.take(_FOCAL, lambda found: _focal(found, named))


def _read_names(sheet: Sheet, field: str, runs: Mapping[str, str], vocabulary: Words) -> None:
    typed_words = list(re.finditer(r"[^\W_][\w./+-]*", sheet.text))
    at = 0
    while at < len(typed_words):
        for length in range(min(_LONGEST, len(typed_words) - at), 0, -1):
            start, end = typed_words[at].start(), typed_words[at + length - 1].end()
            typed = sheet.text[start:end]
            value = runs.get(squeeze(typed)) if STRUCK not in typed else None
            if not value:
                continue
            lead = _SHOT.search(sheet.text[max(0, start - 60) : start])
            if not (lead and lead["surely"]) and vocabulary.canonical(typed):
                continue
            begin = start - len(lead[0]) if lead else start
            sheet.add(
                begin, sheet.text[begin:end], ((field, value),), without=bool(lead and (lead["no"] or lead["no2"]))
            )
            sheet.strike(begin, end)
            at += length - 1
            break
        at += 1


@lru_cache(maxsize=8)
def _runs(names: tuple[str, ...]) -> dict[str, str]:
    """Each run of words of a name, without its spaces, with the run as the folded name has it."""
    found: dict[str, str] = {}
    for name in names:
        whole = folded(name)
        parts = list(_WORD.finditer(whole))
        for first in range(len(parts)):
            for last in range(first, min(first + _LONGEST, len(parts))):
                run = [word[0] for word in parts[first : last + 1]]
                if _says_enough(run, makes=first == 0):
                    part = whole[parts[first].start() : parts[last].end()]
                    found.setdefault(squeeze(part), part)
    return found


def _says_enough(run: Sequence[str], *, makes: bool) -> bool:
    own = [word for word in run if word not in _ORDINARY]
    letters = [word for word in own if any(map(str.isalpha, word))]
    if not letters:
        return False
    together = "".join(own)
    if len(run) > 1 or any(map(str.isdecimal, together)):
        return len(together) >= 3 and not re.fullmatch(r"f?[\d./-]+(?:mm)?", together)
    return len(together) >= (3 if makes else 4)


def squeeze(name: str) -> str:
    """The name without spaces, hyphens and case, as "iphone13" and "iPhone 13" are the same."""
    return re.sub(r"[\s_-]+", "", name.casefold())


def _focal(found: re.Match[str], lenses: Sequence[str]) -> Found:
    """The focal length as a lens of the library has it; without "mm" only if one has it."""
    typed = re.sub(r"\s+", "", found["zoom"] or found["mm"]).replace("–", "-")
    wanted = re.compile(
        rf"(?<![\d.-]){re.escape(typed).replace('-', ' ?- ?')}(?:\.0)?(?![\d-])(?: ?mm)?".replace("\\ ?-", " ?-")
    )
    of_library = next((match[0] for lens in lenses if (match := wanted.search(lens))), None)
    if of_library:
        return (("lens", of_library),)
    return () if found["zoom"] else (("lens", f"{typed}mm"),)
