"""Cleaned text: nothing in it that a program would cut, split or refuse, and cleaning it again changes nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.change.texts import caption, keyword, place_part

ANY = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("dog", "dog"),
        ("  two   words ", "two words"),
        ("AC/DC", "AC-DC"),
        ("black / white", "black - white"),
        ("Paris, France; Europe", "Paris France Europe"),
        ("animal|dog", "animal-dog"),
        ("C:\\photos", "C:-photos"),
        ("/", ""),
        (", ;", ""),
        ("\u0301", ""),
        ("\u200b\ufeff", ""),
        ("line\nbreak\ttab\x00nul\x85", "line break tab nul"),
        ("Mu\u0308ller", "Müller"),
        ("sem\u037eicolon", "sem icolon"),  # a Greek question mark is a semicolon
        ("half \ud83d letter", "half letter"),
        ("-all=", "-all="),
        ("\u65e5\u672c \U0001f600", "\u65e5\u672c \U0001f600"),
        ("x" * 70, "x" * 64),
        ("ü" * 40, "ü" * 32),
        ("a" + "ü" * 40, "a" + "ü" * 31),
        ("x" * 63 + "q\u0323", "x" * 63),  # never a letter without its accent
        ("x" * 60 + "\U0001f468\u200d\U0001f469", "x" * 60),  # nor half a family
    ],
)
def test_keywords(text: str, clean: str) -> None:
    assert keyword(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        (" \n text, with; all|of/it \n", "text, with; all|of/it"),
        ("bell\x07 and\x9f more\ufffe", "bell and more"),
        ("\u202eright to left\u202c", "\u202eright to left\u202c"),
        ("tab\there", "tab here"),
        ("\n\n", ""),
        ("é" * 1200, "é" * 1000),
    ],
)
def test_captions(text: str, clean: str) -> None:
    assert caption(text) == clean


def test_places() -> None:
    assert place_part(" Frankfurt / Main\n(West) ", 32) == "Frankfurt / Main (West)"
    assert place_part("Köln", 4) == "Köl"
    assert place_part("Llanfairpwllgwyngyllgogerychwyrndrobwll", 32) == "Llanfairpwllgwyngyllgogerychwyrn"


@given(ANY)
def test_a_clean_keyword_is_one_short_line_and_stays_clean(text: str) -> None:
    clean = keyword(text)
    assert len(clean.encode()) <= 64
    assert not set(clean) & set(",;|/\\\n\r\0") and clean == " ".join(clean.split())
    assert unicodedata.is_normalized("NFC", clean) and keyword(clean) == clean


@given(ANY)
def test_a_clean_caption_stays_clean(text: str) -> None:
    clean = caption(text)
    assert clean == clean.strip() and unicodedata.is_normalized("NFC", clean) and caption(clean) == clean
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in clean.replace("\n", ""))


@given(ANY, st.integers(3, 64))
def test_a_place_fits(text: str, room: int) -> None:
    clean = place_part(text, room)
    assert len(clean.encode()) <= room and "\n" not in clean and place_part(clean, room) == clean
