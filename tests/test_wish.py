"""Decisions in words: one language, clean text, a person's spelling, and nothing from other folders."""

from __future__ import annotations

import pytest

from phototag.change.merge import Modes, Wish
from phototag.change.wish import Spoken, Wording, faces_in, spoken
from phototag.records import Decision, Facts, File, Gps, Region, Said, Tag
from phototag.vocabulary import Term, Vocabulary

VOCABULARY = Vocabulary(
    [
        Term("animal", labels={"de": "Tier"}),
        Term("dog", parent="animal", labels={"de": "Hund"}, aliases=("hound",)),
        Term("beach", labels={"de": "Strand"}),
    ]
)


def file(path: str = "a.jpg", **facts: object) -> File:
    return File(path, 1, 1, 1, "jpeg", "j1-0", "x", facts=Facts(**facts))  # type: ignore[arg-type]


def wish(decision: Decision, *files: File, said: Spoken | None = None, language: str = "en") -> Wish:
    wording = Wording(VOCABULARY, language, Modes(), "phototag embedded", "", "run")
    return wording.wish(decision, files or (file(),), said or Spoken())


def decision(*terms: str, human: tuple[str, ...] = (), **rest: object) -> Decision:
    tags = tuple(Tag(term, 0.9, ("human",) if term in human else ("labels",)) for term in terms)
    return Decision("x", tags=tags, **rest)  # type: ignore[arg-type]


def texts(found: Wish) -> dict[str, bool]:
    return {word.text: word.human for word in found.keywords.words}


def test_terms_are_written_in_the_language_of_the_settings_with_their_tree() -> None:
    found = wish(decision("dog", "animal", "beach"), language="de")
    assert [word.path for word in found.keywords.words] == [("Tier", "Hund"), ("Tier",), ("Strand",)]


def test_a_path_shows_only_words_that_are_written_as_well() -> None:
    assert [word.path for word in wish(decision("dog")).keywords.words] == [("dog",)]


def test_a_persons_word_is_kept_as_spelled_and_not_written_again_in_our_language() -> None:
    found = wish(decision("dog", "beach", human=("dog",)), file(keywords=("Hund", "Rex")))
    assert texts(found) == {"Hund": True, "Rex": True, "beach": False}


def test_a_persons_word_in_a_copy_in_another_folder_stays_there() -> None:
    assert texts(wish(decision("dog", "beach", human=("dog",)))) == {"beach": False}


def test_what_a_person_asks_for_through_phototag_is_a_persons() -> None:
    said = spoken([Said("x", add=("dog",), at="2026-01-01")], VOCABULARY)["x"]
    found = wish(decision("dog", human=("dog",)), said=said)
    assert texts(found) == {"dog": True} and found.keywords.said["dog"] == "2026-01-01"


def test_what_a_person_takes_away_is_taken_away_in_every_spelling() -> None:
    said = spoken([Said("x", add=("dog",), at="1"), Said("x", remove=("dog",), at="2")], VOCABULARY)["x"]
    found = wish(decision("beach"), file(keywords=("Hund", "Rex")), said=said, language="de")
    assert found.keywords.removed >= {"dog", "hund"} and not found.keywords.said
    assert texts(found) == {"Rex": True, "Strand": False}


def test_a_later_word_takes_an_earlier_one_back() -> None:
    said = spoken([Said("x", remove=("dog",), at="1"), Said("x", accept=("dog",), at="2")], VOCABULARY)["x"]
    assert said.removed == set() and said.asked == {"dog": "2"}


def test_what_one_file_of_a_pair_says_is_brought_to_the_other() -> None:
    found = wish(
        decision(caption={"en": "A\r\ndog\x07."}, place={"city": "Rome", "state": ""}),
        file("a.cr2", gps=Gps(41.5, -12.25)),
        file("a.jpg", rating=4, label="Red"),
    )
    assert (found.rating, found.label, found.gps) == (4, "Red", "41.50000000,-12.25000000")
    assert found.caption == "A\ndog." and found.place == {"city": "Rome"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_faces_lie_where_they_are_in_the_stored_picture(orientation: int) -> None:
    """A face in the upper left of the upright picture, against what Pillow makes of a marked picture."""
    from PIL import Image, ImageOps

    stored = Image.new("L", (40, 20))
    exif = stored.getexif()
    exif[0x0112] = orientation
    (found,) = faces_in({"faces": [{"box": [0.1, 0.1, 0.3, 0.3]}]}, orientation)
    left, top = int((found.x - found.w / 2) * 40 + 0.5), int((found.y - found.h / 2) * 20 + 0.5)
    right, bottom = int((found.x + found.w / 2) * 40 + 0.5), int((found.y + found.h / 2) * 20 + 0.5)
    stored.paste(255, (left, top, right, bottom))
    stored.info["exif"] = exif.tobytes()
    upright = ImageOps.exif_transpose(stored)
    box = upright.getbbox()
    width, height = upright.size
    expected = [0.1 * width, 0.1 * height, 0.3 * width, 0.3 * height]
    assert box is not None and all(abs(a - b) <= 1 for a, b in zip(box, expected, strict=True))
    assert isinstance(found, Region) and found.kind == "Face" and found.name == ""
