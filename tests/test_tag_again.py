"""The second run: what a person did to a file since the first one stays done, whatever is tagged, taken back or moved.

The decision: one real photo that was looked at once is copied for each test, and a person's other program is a
stay-open ExifTool, so that each history runs through the whole of `api.tag` in a second. Refused: merges made by hand,
which know nothing of what a scan, a journal and an undo leave behind.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from phototag import api, change
from phototag.change.fields import LISTS
from phototag.cli import main
from phototag.read.stay_open import StayOpen
from phototag.read.values import each
from tests.conftest import SAMPLES

FLAGS = {"write.settle_seconds": "0", "read.processes": "1"}
GERMAN = {"languages.keywords": "de"}
APPEND = {"write.keywords": "append"}
STARS = {"write.only": "rating,label"}
BESIDE = {"write.where": "sidecar"}

HIERARCHY, TAGSLIST = LISTS["hierarchy"], LISTS["tagslist"]
SEPARATORS = {HIERARCHY: "|", TAGSLIST: "/"}
TWINS = str.maketrans("\u2223\u2215", "|/")  # how a separator inside a word is written in a tree
CAPTION, CITY = "XMP-dc:Description", "XMP-photoshop:City"
RATING, LABEL = "XMP-xmp:Rating", "XMP-xmp:Label"
IN_ENGLISH = {"landscape orientation", "long exposure", "night", "winter"}
IN_GERMAN = {"querformat", "langzeitbelichtung", "nacht", "winter"}


class Program:
    """Somebody else's program, which knows every tag and nothing of phototag."""

    def __init__(self) -> None:
        config = Path(change.__file__).with_name("exiftool.config")  # only to take our own namespace away
        self._exiftool = StayOpen(shutil.which("exiftool") or "exiftool", str(config))

    def edit(self, path: Path, *arguments: str) -> None:
        said = self._ask("-overwrite_original", *arguments, "-Photoshop:IPTCDigest=new", str(path))
        assert "1 image files" in said, said

    def delete(self, path: Path, *words: str) -> None:
        """Takes keywords out of every list, whatever tree they stand in."""
        lists = {
            tag: [item for item in items if leaf(tag, item) not in words] for tag, items in self.lists(path).items()
        }
        self.edit(path, *(f"-{tag}={item}" for tag, items in lists.items() for item in ("", *items)))

    def read(self, path: Path) -> dict[str, Any]:
        asked = ("-j", "-G1", "-struct", "-XMP:all", "-IPTC:all", "-IFD0:ImageDescription", "-IFD0:XPKeywords")
        (found,) = json.loads(self._ask(*asked, str(path)), parse_int=str, parse_float=str)
        assert isinstance(found, dict)
        return found

    def lists(self, path: Path) -> dict[str, list[str]]:
        found = self.read(path)
        return {tag: sorted(map(str, each(found[tag]))) for tag in LISTS.values() if tag in found}

    def words(self, path: Path) -> set[str]:
        """The keywords of a file, which all its lists agree about, each there once; in small letters."""
        leaves = [[leaf(tag, item).casefold() for item in items] for tag, items in self.lists(path).items()]
        assert all(sorted(words) == sorted(set(leaves[0])) for words in leaves), leaves
        return set(leaves[0]) if leaves else set()

    def close(self) -> None:
        self._exiftool.discard()

    def _ask(self, *arguments: str) -> str:
        answer = self._exiftool.ask([b"-charset", b"filename=utf8", *(one.encode() for one in arguments)], 20)
        return answer.printed.decode() + answer.complained.decode()


def leaf(tag: str, item: str) -> str:
    return item.rpartition(SEPARATORS.get(tag, "\0"))[2].translate(TWINS)


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    one = Program()
    yield one
    one.close()


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Path:
    """A library with one photo of a winter's night in Berlin, looked at and never tagged."""
    folder = tmp_path_factory.mktemp("looked")
    shutil.copyfile(SAMPLES / "DSC00042.jpg", folder / "photo.jpg")
    program.edit(folder / "photo.jpg", "-GPSPosition=52.516272, 13.377722")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        api.look(folder, flags=FLAGS)
    return folder


@pytest.fixture(scope="module")
def tagged(looked: Path, tmp_path_factory: pytest.TempPathFactory, program: Program) -> Path:
    """The same after a first run."""
    folder = tmp_path_factory.mktemp("tagged") / "library"
    shutil.copytree(looked, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        tag(folder / "photo.jpg")
    found = program.read(folder / "photo.jpg")
    assert program.words(folder / "photo.jpg") == IN_ENGLISH
    assert found[CITY] == found["IPTC:City"] == "Berlin" and found[CAPTION] == found["IPTC:Caption-Abstract"]
    return folder


@pytest.fixture
def fresh(looked: Path, tmp_path: Path) -> Path:
    """A photo that was looked at and never tagged, in a library of its own."""
    return Path(shutil.copytree(looked, tmp_path / "mine")) / "photo.jpg"


@pytest.fixture
def photo(tagged: Path, tmp_path: Path) -> Path:
    """A photo that was tagged once, in a library of its own."""
    return Path(shutil.copytree(tagged, tmp_path / "mine")) / "photo.jpg"


def tag(photo: Path, flags: Mapping[str, str] | None = None) -> int:
    """Tags the folder of the photo; returns the number of files that were written."""
    done = api.tag([photo.parent], flags={**FLAGS, **(flags or {})})
    assert not done.refused, done.refused
    return sum(done.written.values())


def say(photo: Path, **words: Any) -> None:
    api.say([photo], flags=FLAGS, **words)


# ---- keywords


def test_a_separator_inside_a_persons_word_does_not_multiply(fresh: Path, program: Program) -> None:
    mine = ("AC/DC", "f|8", "A\u2215C")
    program.edit(fresh, *(f"-XMP-dc:Subject={word}" for word in mine))
    tag(fresh)
    first = program.lists(fresh)
    assert set(mine) < set(first["XMP-dc:Subject"])
    assert len({len(items) for items in first.values()}) == 1
    assert (tag(fresh), tag(fresh)) == (0, 0) and program.lists(fresh) == first


def test_a_word_taken_away_comes_when_asked_for_in_another_spelling(fresh: Path, program: Program) -> None:
    program.edit(fresh, "-XMP-dc:Subject=Rita")
    say(fresh, remove=["rita", "Hund"])
    say(fresh, add=["Rita", "dog"])
    tag(fresh)
    assert {"rita", "dog"} < program.words(fresh)


def test_a_deleted_keyword_does_not_return_after_undo_of_the_fields(photo: Path, program: Program) -> None:
    program.delete(photo, "winter")
    _, undone = api.undo([photo], flags=FLAGS)
    assert [one.how for one in undone] == ["fields"] and not program.words(photo)
    tag(photo)
    assert program.words(photo) == IN_ENGLISH - {"winter"}


def test_a_deleted_keyword_does_not_return_after_undo_of_every_run(photo: Path, program: Program) -> None:
    program.delete(photo, "winter")
    say(photo, add=["Rita"])
    tag(photo)
    _, undone = api.undo([photo], flags=FLAGS)
    assert [one.how for one in undone] == ["bytes", "fields"] and not program.words(photo)
    tag(photo)
    assert program.words(photo) == IN_ENGLISH - {"winter"} | {"rita"}


def test_a_deleted_keyword_does_not_return_after_a_new_name(photo: Path, program: Program) -> None:
    program.delete(photo, "winter")
    tag(photo)
    renamed = photo.rename(photo.with_name("renamed.jpg"))
    tag(renamed)
    assert program.words(renamed) == IN_ENGLISH - {"winter"}


def test_a_deleted_keyword_does_not_return_in_another_language(photo: Path, program: Program) -> None:
    program.delete(photo, "long exposure", "night")
    tag(photo, GERMAN)
    assert program.words(photo) == IN_GERMAN - {"langzeitbelichtung", "nacht"}


def test_a_word_that_another_language_only_capitalises_is_spelled_alike_in_every_list(
    photo: Path, program: Program
) -> None:
    tag(photo, GERMAN)
    assert all("Winter" in items for items in program.lists(photo).values())


def test_nothing_of_a_copy_in_another_folder_comes_into_this_one(fresh: Path, program: Program) -> None:
    copy = fresh.parent / "other" / "copy.jpg"
    copy.parent.mkdir()
    shutil.copyfile(fresh, copy)
    program.edit(copy, "-XMP-dc:Description=A secret", "-XMP-photoshop:City=Annatown", "-XMP-dc:Subject=dog")
    tag(fresh)
    assert program.words(copy) == IN_ENGLISH | {"dog", "mammal", "animal"}
    assert program.words(fresh) == IN_ENGLISH
    assert not {"A secret", "Annatown"} & set(map(str, program.read(fresh).values()))


def test_our_words_stay_ours_when_a_program_strips_our_namespace(photo: Path, program: Program) -> None:
    program.edit(photo, "-XMP-phototag:all=")
    tag(photo, GERMAN)
    assert program.words(photo) == IN_GERMAN


def test_our_words_stay_ours_in_a_sidecar_that_a_program_made_of_them(photo: Path, program: Program) -> None:
    sidecar = photo.with_name("photo.jpg.xmp")
    program.edit(sidecar, "-tagsfromfile", str(photo), "-XMP-dc:Subject", f"-{HIERARCHY}")
    tag(photo, GERMAN)
    assert program.words(photo) == program.words(sidecar) == IN_GERMAN


def test_a_persons_word_leaves_the_pair_where_the_person_deletes_it(fresh: Path, program: Program) -> None:
    raw, sidecar = fresh.with_suffix(".nef"), fresh.with_suffix(".xmp")
    make_raw(raw, fresh, program)
    tag(fresh)
    assert program.words(fresh) == program.words(sidecar) == IN_ENGLISH
    program.edit(sidecar, "-XMP-dc:Subject+=Rita")
    tag(fresh)
    assert "rita" in program.words(fresh) & program.words(sidecar)
    program.delete(sidecar, "Rita")
    tag(fresh)
    assert program.words(fresh) == program.words(sidecar) == IN_ENGLISH


def test_a_semicolon_in_a_persons_word_makes_no_new_words(fresh: Path, program: Program) -> None:
    program.edit(fresh, "-XMP-dc:Subject=Smith; Anna", "-IFD0:XPKeywords=old")
    tag(fresh)
    tag(fresh)
    assert program.words(fresh) == IN_ENGLISH | {"smith; anna", "old"}
    assert program.read(fresh)["IFD0:XPKeywords"].split(";")[0] == "old"


def test_a_word_on_two_branches_of_a_persons_tree_keeps_both(fresh: Path, program: Program) -> None:
    trees = ("Family|Anna", "Events|2024|Anna")
    program.edit(fresh, "-XMP-dc:Subject=Anna", *(f"-{HIERARCHY}={tree}" for tree in trees))
    for _ in range(2):
        tag(fresh)
        lists = program.lists(fresh)
        assert [item for item in lists[HIERARCHY] if "Anna" in item] == sorted(trees)
        assert [item for item in lists[TAGSLIST] if "Anna" in item] == ["Events/2024/Anna", "Family/Anna"]


def test_a_word_that_a_person_rejects_goes_even_where_keywords_are_only_added(fresh: Path, program: Program) -> None:
    tag(fresh, {"policy.min_confidence": "0.4"})
    assert "rocket" in program.words(fresh)
    api.decide(fresh.parent, flags=FLAGS)
    api.answer(fresh, reject=["rocket"], flags=FLAGS)
    tag(fresh, APPEND)
    assert program.words(fresh) >= IN_ENGLISH and "rocket" not in program.words(fresh)


def test_a_deleted_sidecar_is_made_again(fresh: Path, program: Program) -> None:
    sidecar = fresh.with_suffix(".xmp")
    tag(fresh, BESIDE)
    tag(fresh, BESIDE | GERMAN)
    sidecar.unlink()
    tag(fresh, BESIDE | GERMAN)
    assert program.words(sidecar) == IN_GERMAN and program.read(sidecar)[CITY] == "Berlin"


def test_an_added_word_that_is_written_otherwise_than_said_can_be_taken_away(photo: Path, program: Program) -> None:
    say(photo, add=["AC/DC"])
    tag(photo)
    assert program.words(photo) == IN_ENGLISH | {"ac-dc"}
    say(photo, remove=["AC/DC"])
    tag(photo)
    assert program.words(photo) == IN_ENGLISH


# ---- captions, places, stars


def test_a_caption_and_a_place_deleted_in_xmp_alone_are_not_written_again(photo: Path, program: Program) -> None:
    program.edit(photo, f"-{CAPTION}=", f"-{CITY}=")
    tag(photo)
    found = program.read(photo)
    assert not {CAPTION, CITY} & set(found) and found["IPTC:City"] == "Berlin"


def test_a_rating_and_a_label_that_a_person_deleted_are_not_written_again(fresh: Path, program: Program) -> None:
    rated, unrated = fresh.with_name("rated.jpg"), fresh.with_name("unrated.jpg")
    for copy in (rated, unrated):
        shutil.copyfile(fresh, copy)
    program.edit(rated, f"-{RATING}=4", f"-{LABEL}=Red")
    tag(fresh, STARS)
    for copy in (fresh, unrated):
        found = program.read(copy)
        assert (found[RATING], found[LABEL]) == ("4", "Red")
    program.edit(fresh, f"-{RATING}=", f"-{LABEL}=")
    program.edit(unrated, f"-{RATING}=0")
    tag(fresh, STARS)
    assert not {RATING, LABEL} & set(program.read(fresh)) and program.read(unrated)[RATING] == "0"


def test_a_caption_in_another_language_alone_is_not_topped_by_a_machines(fresh: Path, program: Program) -> None:
    program.edit(fresh, "-XMP-dc:Description-de=Mein Hafen bei Nacht")
    tag(fresh)
    captions = {text for name, text in program.read(fresh).items() if "Description" in name or "Caption" in name}
    assert captions == {"Mein Hafen bei Nacht"}


def test_a_persons_caption_in_another_language_goes_before_a_machines(fresh: Path, program: Program) -> None:
    say(fresh, caption={"de": "Der Hafen"})
    tag(fresh)
    assert program.read(fresh)[CAPTION] == "Der Hafen"


def test_a_caption_said_before_the_person_edited_the_file_does_not_replace_the_edit(
    photo: Path, program: Program
) -> None:
    say(photo, caption={"en": "said first"})
    program.edit(photo, f"-{CAPTION}=edited since")
    tag(photo)
    assert program.read(photo)[CAPTION] == "edited since"


def test_forgetting_what_is_older_than_all_time_is_no_error(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["forget", "--older-than", "9999y", "--folder", str(photo.parent), "--yes"]
    monkeypatch.setattr(sys, "argv", ["phototag", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert (end.value.code or 0, capsys.readouterr().out) == (0, "Nothing was dropped.\n")


def make_raw(raw: Path, photo: Path, program: Program) -> None:
    """A RAW of the same moment as the photo, as a camera leaves it beside the JPEG."""
    from PIL import Image

    Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(raw, format="TIFF")
    moment = ("-tagsfromfile", str(photo), "-ExifIFD:all", "-GPS:all")
    program.edit(raw, *moment, "-IFD0:PhotometricInterpretation#=32803", "-IFD0:Make=NIKON CORPORATION")
