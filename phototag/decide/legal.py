"""One name for a folder or a file that Windows, macOS and Linux all take, and that a scan does not pass over.

The decision here: a name is made legal for all three systems wherever it is made, so that a tree can move to another
disk; the rules are applied until nothing changes any more, so that a legal name stays as it is. Refused: the rules of
the system at hand only, and percent signs or codes in place of what is not allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache

from phototag.read.sniff import PHOTO_SUFFIXES, sidecar_kind
from phototag.read.walk import SYSTEM, SYSTEM_ENDINGS, SYSTEM_FILES

NOWHERE = '/\\:*?"<>|'  # legal nowhere, whatever the settings say
LONGEST = 255  # bytes on Linux; UTF-16 units on Windows; the same, decomposed, on HFS+
NAMELESS = "photo"

_JOINER = "\u200d"
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_PICTURES = frozenset(("So", "Sk"))
_AS_SPACE = frozenset(("Cc", "Zs", "Zl", "Zp"))
# Private ones too: macOS and Samba keep them for the characters that Windows forbids.
_VANISHING = frozenset(("Cf", "Cs", "Co", "Cn"))
_DEVICE = re.compile("CON|PRN|AUX|NUL|(COM|LPT)[0-9¹²³]|CONIN\\$|CONOUT\\$")
_SUFFIX = re.compile(r"[A-Za-z0-9_-]{1,16}")
_ESCAPED_BYTE = re.compile("\x00[0-9a-f]{2}")  # how stored paths spell what is no UTF-8
_category = lru_cache(4096)(unicodedata.category)


def clean(text: str, forbidden: str) -> str:
    """The text in NFC, with single spaces and without any character that no name may hold: maybe a part of a name."""
    barred = _barred(forbidden)
    if text.isascii() and text.isprintable() and barred.isdisjoint(text) and text == " ".join(text.split()):
        return text  # as most names are
    while True:
        plain = unicodedata.normalize("NFC", text)
        kept = "".join([_kept(plain, at, barred) for at in range(len(plain))])
        kept = " ".join(kept.split())
        while kept and _category(kept[0])[0] == "M":  # it would sit on the separator before it
            kept = kept[1:].lstrip()
        if kept == text:
            return kept
        text = kept


@lru_cache(maxsize=8192)  # the folders of a tree come again with each of their files
def legal(text: str, forbidden: str, room: int = LONGEST) -> str:
    """The text as the name of a folder, `room` bytes at most; "" where nothing is left of it."""
    room = min(room, LONGEST)
    while True:
        name = _unreserved(_cut(clean(text, forbidden).strip(" ."), room).strip(" ."), forbidden, room)
        if name == text:
            return name
        text = name


def legal_stem(stem: str, forbidden: str, room: int = LONGEST) -> str:
    """A legal name to which suffixes are added, never empty; bytes that are no UTF-8 become underscores."""
    return legal(_ESCAPED_BYTE.sub("_", stem), forbidden, room) or NAMELESS


def legal_file(name: str, forbidden: str, room: int = LONGEST) -> str:
    """The name of a file made legal; what is cut is the stem, the suffixes stay as they are."""
    room = min(room, LONGEST)
    if legal(name, forbidden, room) == name:
        return name or NAMELESS
    stem, suffix = parted(name)
    made = legal_stem(stem, forbidden, room - len(suffix))
    if is_passed_over(made + suffix):
        made = legal_stem(made, forbidden, room - len(suffix) - 1) + (_mark(forbidden) or "x")
    return made + suffix


@lru_cache(1024)
def parted(name: str) -> tuple[str, str]:
    """Stem and suffixes of a file's name, as it is spelled: `IMG_1` and `.CR2.xmp`; a sentence has no suffix."""
    stem, dot, last = name.rpartition(".")
    if not dot or not _SUFFIX.fullmatch(last) or (not stem and not _is_ours(last)):
        return name, ""
    inner, inner_dot, photo = stem.rpartition(".")
    if inner_dot and sidecar_kind(name) and f".{photo.lower()}" in PHOTO_SUFFIXES:
        return inner, f".{photo}.{last}"
    return stem, f".{last}"


def fold(name: str) -> str:
    """The same for names that one of the systems takes for one: case, composition and joiners do not count."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFD", name.replace(_JOINER, "")).casefold()
    return unicodedata.normalize("NFD", folded)


def is_passed_over(name: str) -> bool:
    """Would a scan leave out a folder or a file of exactly that name? Folders are left out by their endings too."""
    return name.lower() in SYSTEM or name.lower() in SYSTEM_FILES


@lru_cache
def _barred(forbidden: str) -> frozenset[str]:
    return frozenset(NOWHERE + forbidden)


def _is_ours(suffix: str) -> bool:
    return f".{suffix.lower()}" in PHOTO_SUFFIXES or sidecar_kind(f"x.{suffix}") is not None


def _kept(text: str, at: int, barred: Set[str]) -> str:
    """What becomes of one character."""
    one = text[at]
    if one in barred or _category(one) in _AS_SPACE:
        return " "
    if one == _JOINER and 0 < at < len(text) - 1:
        before = text[at - 1 : at] if text[at - 1] != "\ufe0f" else text[at - 2 : at - 1]
        joins = before and _category(before) in _PICTURES and _category(text[at + 1]) in _PICTURES
        return one if joins else ""
    return "" if _category(one) in _VANISHING else one


def _cut(text: str, room: int) -> str:
    """As many whole characters, with the marks and joiners that belong to them, as fit."""
    if 4 * len(text) <= room:  # no character takes more, composed or not
        return text
    short = text[: max(0, room)]
    while not _fits(short, room):
        short = short[:-1]
    whole = short
    while whole and len(whole) < len(text) and _hang_together(whole[-1], text[len(whole)]):
        whole = whole[:-1]
    return whole or short


def _fits(text: str, room: int) -> bool:
    """Is there room for the text, as bytes and, for HFS+, as decomposed UTF-16 units?"""
    decomposed = unicodedata.normalize("NFD", text)
    return max(len(text.encode()), len(decomposed.encode("utf-16-le")) // 2) <= max(0, room)


def _hang_together(one: str, other: str) -> bool:
    return _JOINER in (one, other) or other in _SKIN_TONES or _category(other)[0] == "M"


def _unreserved(name: str, forbidden: str, room: int) -> str:
    """The name, marked where Windows keeps it for a device or a scan passes it over."""
    base = name.partition(".")[0].rstrip(" ")
    if name.lower().endswith(SYSTEM_ENDINGS):
        base = name
    elif not (_DEVICE.fullmatch(base.upper()) or is_passed_over(name)):
        return name
    mark, rest = _mark(forbidden), name[len(base) :]
    marked = base + mark + rest
    # Where there is no room for one more, the mark takes the place of the last character.
    return (marked if _fits(marked, room) else base[:-1] + mark + rest) if mark else ""


def _mark(forbidden: str) -> str:
    return next((mark for mark in "_-~" if mark not in forbidden), "")
