"""What else sensors can check: how many people, which light and technique, how many stars, which kind of file.

The decision here: light is by the sun. "at sunset" asks for the golden hour and keeps the word, "sunset" alone only
describes the picture. A number of some persons ("three children") is the least number of people, and the word stays;
a number of people is exact. Refused: light from words that things have too ("bright", "dark").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from phototag.records import PICTURES, RAWS, VIDEOS
from phototag.search.nouns import Count
from phototag.search.query_sheet import STRUCK, Found, Sheet, pattern
from phototag.search.query_when import number
from phototag.search.words_dates import NUMBER, NUMBERS
from phototag.vocabulary import Term

GROUP, CROWD = 3, 6  # from how many people on it is one
_SUN = frozenset(("golden hour", "blue hour", "twilight", "night", "day"))  # what the step `light` says
_TECHNIQUE = frozenset(
    (
        "long exposure",
        "shallow depth of field",
        "telephoto",
        "wide angle",
        "macro",
        "high iso",
        "flash",
        "black and white",
        "panorama",
        "square",
        "landscape orientation",
        "portrait orientation",
    )
)
# In the vocabulary they are words of a sensor's term; in a query they are more often things.
_THINGS = frozenset(("square", "tag", "day", "mist", "dawn", "dusk", "twilight", "dämmerung"))
_ALSO = {"bokeh": "shallow depth of field", "blurred background": "shallow depth of field"}

_LEAST = r"at\ least|mindestens|min\.?|from|ab|>=|≥"
_MORE = r"more\ than|over|mehr\ als|(?:ü|ue)ber|>"
_MOST = r"at\ most|up\ to|h(?:ö|oe)chstens|maximal|max\.?|bis\ zu|<=|≤"
_LESS = r"less\ than|fewer\ than|under|weniger\ als|unter|<"
_HOW = rf"(?:(?P<least>{_LEAST})|(?P<more>{_MORE})|(?P<most>{_MOST})|(?P<less>{_LESS})|exactly|genau|=)"
_PEOPLE = r"people|persons?|humans?|faces?|adults|personen|person|leute[n]?|menschen|mensch|gesichter[n]?|erwachsenen?"
_SOME = (
    r"friends|children|kids|men|women|girls|boys|babies|ladies|guys|brothers|sisters|hikers|tourists|players|dancers"
    r"|freunden?|freundinnen|kindern?|m(?:ä|ae)nnern?|frauen|m(?:ä|ae)dchen|jungen|jungs|babys|br(?:ü|ue)dern?|schwestern"
    r"|wanderern?|touristen"
)
_WITH = r"(?:(?:with|of|mit|von)\ )?"
_A = r"(?:(?:a|an|the|ein|eine|einer|einem|eines|der|die|das|den|dem)\ )?"
_MANY = r"many|lots\ of|a\ lot\ of|viele[nr]?"
_SEVERAL = r"several|a\ few|some|mehrere[nr]?|einige[nr]?"

# Who does something ("two people riding horses") is also what the picture shows.
_DOING = r"(?=\ (?:\w{2,}ing|are|is|who|that|wait|stand|sit|walk|ride|play|d(?:ie|er|as))\b)"
_SUBJECT = rf"(?:(?P<keep>(?:{_PEOPLE}){_DOING})|(?:{_PEOPLE}))"
NOBODY = re.compile(_PEOPLE + r"|anyone|anybody|jemand(?:en)?", re.IGNORECASE)
_COUNTED = pattern(
    rf"{_WITH}(?:{_HOW}\ ?)?(?P<n>{NUMBER})(?:\ ?(?:-|–|to|bis|or|oder)\ ?(?P<to>{NUMBER}))?\ {_SUBJECT}"
)
_SOME_COUNTED = pattern(
    rf"{_WITH}(?:{_HOW}\ ?)?(?P<n>(?!an?\ |one\ |ein)(?:{NUMBER}))\ (?P<keep>{_SOME})", negated=False
)
_NONE = pattern(
    r"(?:(?:without|w/o|no|not|ohne|kein(?:e[nmrs]?)?|zero|0|excluding)\ (?:any\ |a\ |single\ )?|(?<!\S)-)"
    rf"(?:{_PEOPLE})|nobody|no[\ -]one|without\ (?:anyone|anybody)|niemand(?:en)?|menschenleere?[nrms]?",
    negated=False,
)
_ALONE = pattern(r"(?:all\ )?alone|by\ (?:him|her|it)self|allein[e]?|solo|single\ person")
_GROUP = pattern(
    rf"{_WITH}{_A}(?:(?:large|small|big|gro(?:ß|ss)e[nr]?|kleine[nr]?)\ )?"
    r"(?:group(?:\ photo|\ shot|\ picture)?s?|gruppen(?:foto|bild)s?|gruppen?)"
    rf"(?:\ (?:of|von)\ (?:(?P<keep>{_SOME}|(?:{_PEOPLE}){_DOING})|{_PEOPLE})|(?!\ (?:of|von)\b))"
)
_CROWD = pattern(rf"{_WITH}{_A}(?P<keep>crowds?|crowded|menschenmengen?|menschenmasse[n]?)")
_COUPLE = pattern(rf"{_WITH}{_A}(?P<keep>couple|p(?:ä|ae)rchen|liebespaar|ehepaar)(?!\ of\b)")
_PAAR = pattern(r"(?:[Ee]in(?:em)? )?(?P<keep>Paar)(?! [A-ZÄÖÜ])".replace(" ", r"\ "), case=True)
_QUITE_MANY = pattern(rf"{_WITH}(?:(?P<many>{_MANY})|(?P<several>{_SEVERAL}))\ {_SUBJECT}")
_ANYBODY = pattern(rf"(?:with|mit)\ (?!no\ )(?!person\b){_SUBJECT}|somebody|someone|anybody|jemand")

_NIGHT = pattern(
    r"(?:at|by|in\ the|during\ the|bei|in\ der)\ (?:night|nacht)|night[\ -]?(?:time|shots?|photos?|photography)|nights?"
    r"|nachts|nacht(?:aufnahmen?|fotos?|bild(?:er)?)?"
)
_HOURS = pattern(
    r"(?:(?:at|in|during|w(?:ä|ae)hrend|zu|zur)\ )?(?:the\ |der\ )?"
    r"(?:(?P<golden>(?:golden|magic)[\ -]?hours?|goldene[nr]?\ stunde)|(?P<blue>blue[\ -]?hours?|blaue[nr]?\ stunde))"
)
_TWILIGHT = pattern(
    r"(?:at|before|after|in\ the|bei|in\ der|vor\ der)\ (?:dusk|dawn|twilight|d(?:ä|ae)mmerung|nightfall|daybreak)"
)
_AT_SUNSET = pattern(
    r"(?:at|during|around|bei(?:m)?|zum|w(?:ä|ae)hrend)\ (?:the\ |des\ |dem\ )?"
    r"(?P<keep>sunset|sunrise|sonnenunterganges|sonnenuntergangs?|sonnenaufgangs?)"
)
_BY_DAY = pattern(
    r"(?:by|in|during\ the|at)\ (?:day|daytime|daylight)|in\ broad\ daylight"
    r"|tags(?:ü|ue)ber|bei\ tag(?:eslicht)?|am\ tage?"
)

_SPELLED = "|".join(NUMBERS)
_STARS = r"(?:stars?|sternen?|sterne)"
_RATED = pattern(
    rf"(?:(?:rated|rating|bewertet(?:\ mit)?|bewertung(?:\ von)?)\ (?:of\ )?(?:{_HOW}\ ?)?(?P<n>[0-5]|{_SPELLED})"
    rf"(?P<up>\+|\ (?:or|oder|und|and)\ (?:more|better|higher|above|mehr|besser|h(?:ö|oe)her))?(?:[\ -]{_STARS})?)"
)
_STARRED = pattern(
    rf"(?:with\ |mit\ )?(?:{_HOW}\ ?)?(?P<n>[0-5]|{_SPELLED})(?P<plus>\+)?[\ -]{_STARS}"
    r"(?P<up>\+|\ (?:or|oder|und|and)\ (?:more|better|higher|above|mehr|besser|h(?:ö|oe)her))?"
    r"(?!\ (?:hotel|in|on|am)\b)"
)
_UNRATED = pattern(
    r"unrated|not\ rated|(?:no|without(?:\ a)?|ohne|keine)\ (?:rating|stars|bewertung|sterne)|unbewertete?[nrs]?"
    r"|nicht\ bewertet",
    negated=False,
)
_HAS_RATING = pattern(r"rated|with\ (?:a\ )?rating|bewertete?[nrs]?|mit\ bewertung")
_ASTERISKS = re.compile(r"(?<![\w*★])(?P<s>★{1,5}|\*{2,5})(?P<up>\+?)(?![\w*★])")

_FILES = r"(?:[\ -]?(?:files?|photos?|pictures?|images?|shots?|dateien?|fotos?|bilder|aufnahmen))"
_RAW = pattern(
    rf"raws?{_FILES}|raws|rohdaten|raw(?=\ ?(?:$|{STRUCK}|,|(?:from|of|in|with|and|or|on|at|by|von|aus|mit|und)\b))"
)
_VIDEO = pattern(r"videos?(?:[\ -]?(?:clips?|files?|dateien?))?|video(?:aufnahmen?)|clips|movies")
_SAME = {"jpg": "jpeg", "jpeg": "jpeg", "heif": "heic", "tif": "tiff"}
_NOT_KINDS = frozenset(("mos", "mef", "mov", "gif", "fff"))  # also words or noise: only with "files", or in capitals
_EXTENSIONS = sorted((PICTURES | RAWS | VIDEOS | _SAME.keys()) - _NOT_KINDS)
_KIND = pattern(rf"(?<!\.)(?P<ext>{'|'.join(_EXTENSIONS)})s?{_FILES}?|(?P<ext2>gif|mov|mef|mos|fff)(?:s|{_FILES})")


class Words(Protocol):
    """What of a vocabulary counts here."""

    def canonical(self, word: str) -> Term | None:
        """The term that the word leads to."""
        ...


def read_terms(sheet: Sheet, vocabulary: Words) -> None:
    """Strike out people, light, technique, ratings and kinds."""
    for wanted, read in _RULES:
        sheet.take(wanted, read)
    _read_vocabulary(sheet, vocabulary)


def checked(word: str, vocabulary: Words) -> Found:
    """The part that a term of light or technique makes; () where no sensor knows it."""
    key = word.casefold()
    term = vocabulary.canonical(word)
    name = _ALSO.get(key) or (_ALSO.get(term.name) or term.name if term else "")
    if key in _THINGS:
        return ()
    if name.casefold() in _TECHNIQUE:
        return (("technique", name),)
    return (("light", name),) if name in _SUN else ()


def kind(word: str) -> str:
    """The kind of file that a word names, or ""."""
    word = word.casefold().removeprefix(".")
    word = _SAME.get(word, word)
    if word in ("raw", "raws", "video", "videos"):
        return word.removesuffix("s")
    return word if word in PICTURES | RAWS | VIDEOS else ""


def count(found: re.Match[str], field: str = "people") -> Found:
    """How many, by the groups n, to and those of `_HOW`."""
    said = found.groupdict()
    n = number(said["n"])
    if said.get("to"):
        return ((field, Count(*sorted((n, number(said["to"]))))),)
    if said.get("least") or said.get("plus") or said.get("up"):
        return ((field, Count(n)),)
    if said.get("more"):
        return ((field, Count(n + 1)),)
    if said.get("most"):
        return ((field, Count(None, n)),)
    if said.get("less"):
        return ((field, Count(None, max(n - 1, 0))),)
    return ((field, Count(n, n)),)


def _people(found: re.Match[str]) -> Found:
    if re.match(r"an?\ ", found[0], re.IGNORECASE):  # "a person": there may be more
        return (("people", Count(1)),)
    return count(found)


def _some(found: re.Match[str]) -> Found:
    ((field, said),) = count(found)
    return ((field, Count(said.least)),) if said.least else ()


def _stars(found: re.Match[str]) -> Found:
    ((_, said),) = count(found, "rating")
    return (("rating", said),) if max(said.least or 0, said.most or 0) <= 5 else ()


def _always(field: str, value: object) -> Callable[[re.Match[str]], Found]:
    return lambda _: ((field, value),)


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Found]], ...] = (
    (_UNRATED, _always("rating", Count(None, 0))),
    (_ASTERISKS, lambda found: (("rating", Count(len(found["s"]), None if found["up"] else len(found["s"]))),)),
    (_RATED, _stars),
    (_STARRED, _stars),
    (_HAS_RATING, _always("rating", Count(1))),
    (_NONE, _always("people", Count(0, 0))),
    (_COUNTED, _people),
    (_SOME_COUNTED, _some),
    (_QUITE_MANY, lambda found: (("people", Count(CROWD if found["many"] else GROUP)),)),
    (_GROUP, _always("people", Count(GROUP))),
    (_CROWD, _always("people", Count(CROWD))),
    (_COUPLE, _always("people", Count(2, 2))),
    (_PAAR, _always("people", Count(2, 2))),
    (_ALONE, _always("people", Count(1, 1))),
    (_ANYBODY, _always("people", Count(1))),
    (_AT_SUNSET, _always("light", "golden hour")),
    (_HOURS, lambda found: (("light", "golden hour" if found["golden"] else "blue hour"),)),
    (_TWILIGHT, _always("light", "twilight")),
    (_NIGHT, _always("light", "night")),
    (_BY_DAY, _always("light", "day")),
    (_RAW, _always("kind", "raw")),
    (_VIDEO, _always("kind", "video")),
    (_KIND, lambda found: (("kind", kind(found["ext"] or found["ext2"])),)),
)
_LONGEST = 4  # words of a term
_WORD = re.compile(r"[^\W_&][\w&'’-]*|&")
_SHIELDED = frozenset(("objects", "places", "light"))  # kinds


def shield(sheet: Sheet, vocabulary: Words) -> None:
    """Keep things of several words ("autumn leaves", "starry night") from being read word by word."""
    found = list(_WORD.finditer(sheet.text))
    at = 0
    while at < len(found):
        for length in range(min(_LONGEST, len(found) - at), 1, -1):
            start, end = found[at].start(), found[at + length - 1].end()
            run = sheet.text[start:end]
            term = None if STRUCK in run else vocabulary.canonical(run)
            if term and term.kind in _SHIELDED and not checked(run, vocabulary):
                sheet.shield(start, end)
                at += length - 1
                break
        at += 1


def _read_vocabulary(sheet: Sheet, vocabulary: Words) -> None:
    """Every run of words that the vocabulary has as a light or a technique, the longest first."""
    found = list(_WORD.finditer(sheet.text))
    at = 0
    while at < len(found):
        for length in range(min(_LONGEST, len(found) - at), 0, -1):
            start, end = found[at].start(), found[at + length - 1].end()
            words = sheet.text[start:end]
            if STRUCK not in words and (parts := checked(words, vocabulary)):
                before = re.search(_BEFORE, sheet.text[:start][-40:])
                begin = start - len(before[0]) if before else start
                sheet.add(begin, sheet.text[begin:end], parts, without=bool(before and before["no"]))
                sheet.strike(begin, end)
                at += length - 1
                break
        at += 1


_BEFORE = re.compile(
    r"(?:(?<=\s)|^)(?:(?P<no>(?:without|w/o|not|no|ohne|nicht|kein(?:e[nmrs]?)?|excluding)\s(?:an?\s|the\s|eine[rnm]?\s)?|-)"
    r"|(?:with|in|as|mit|als)\s(?:an?\s|eine[rnm]?\s)?)$",
    re.IGNORECASE,
)
