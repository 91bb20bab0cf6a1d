"""Text as it may stand in a file: what these functions return comes back from every container as it was written.

The decision here: a word is cleaned before it is decided where it goes, so that all readers show the same one; what
would be cut, split or refused somewhere is cut, replaced or left out by us, at a whole letter. Refused: leaving it to
ExifTool, which cuts umlauts in half, and to readers, which split a word at its comma.
"""

from __future__ import annotations

import re
import unicodedata

KEYWORD_BYTES = 64  # what IPTC has room for
CAPTION_BYTES = 2000

# Line breaks of every kind; what XML cannot hold, or may not; what is half a letter.
_BREAK = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_NO_TEXT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_TREE = re.compile(r"\s*[|/\\]+\s*")  # what separates the levels of a tree in one program or another
_LIST = re.compile("[,;]")  # what separates keywords
_SEPARATORS = " ,;|/\\"
_JOINER = "\u200d"


def keyword(text: str) -> str:
    """One keyword on one line, without anything that separates keywords; "" if nothing is left that can be seen.

    AC/DC becomes AC-DC, "Paris, France" becomes Paris France.
    """
    text = _one_line(text).strip(_SEPARATORS)
    spaced = _TREE.sub(lambda found: " - " if found[0] != found[0].strip() else "-", text)
    text = _folded(_LIST.sub(" ", spaced))
    return _seen(_cut(text, KEYWORD_BYTES))


def caption(text: str) -> str:
    """A text of any number of lines, which end in a line feed; "" if nothing is left that can be seen."""
    text = unicodedata.normalize("NFC", _NO_TEXT.sub("", _BREAK.sub("\n", text)))
    text = text.replace("\t", " ").strip()
    return _seen(_cut(text, CAPTION_BYTES))


def place_part(text: str, room: int) -> str:
    """The name of a place on one line, in as many bytes as its tag has room for."""
    return _seen(_cut(_folded(_one_line(text)), room))


def _one_line(text: str) -> str:
    return unicodedata.normalize("NFC", _NO_TEXT.sub(" ", _BREAK.sub(" ", text).replace("\ufeff", "")))


def _folded(text: str) -> str:
    return " ".join(text.split())


def _seen(text: str) -> str:
    """The text, or "" where it is all spaces, accents without a letter and marks that nobody sees."""
    # A letter that is younger than our tables ("Cn") is one that somebody sees.
    shown = (
        category for category in map(unicodedata.category, text) if category[0] in "LNPS" or category in ("Cn", "Co")
    )
    return text if any(shown) else ""


def _cut(text: str, room: int) -> str:
    """As much of the text as fits, with no letter left without its accents and no joined emoji cut apart."""
    if len(text.encode()) <= room:
        return text
    kept = text.encode()[:room].decode("utf-8", "ignore")
    end = len(kept)
    while end and _belongs_to_the_last(text, end):
        end -= 1
    return (text[:end] or kept).strip()


def _belongs_to_the_last(text: str, at: int) -> bool:
    """Is the letter at this place only a part of what stands before it?"""
    return text[at - 1] == _JOINER or text[at] == _JOINER or unicodedata.category(text[at])[0] == "M"
