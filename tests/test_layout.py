"""Every file gets one legal place below the root, whatever it is called and whatever order photos come in."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from phototag.decide.event_words import words
from phototag.decide.layout import LONGEST_PATH, RESERVE, Layout, Unit
from phototag.decide.naming import Named, Template
from phototag.records import Tag
from phototag.settings_schema import TEMPLATE
from phototag.vocabulary import Term, Vocabulary

FORBIDDEN = '<>:"/\\|?*'


def placed(*units: Unit, disk: Mapping[str, Collection[str]] | None = None) -> dict[str, str]:
    asked: list[str] = []

    def occupied(folder: str) -> Collection[str]:
        asked.append(folder)
        return (disk or {}).get(folder, ())

    targets = Layout(FORBIDDEN, occupied).place(units)
    assert len(asked) == len(set(asked)), "a folder is looked up once"
    return targets


def photo(image_id: str, *files: str, folder: str = "X", standing: str = "") -> Unit:
    return Unit(image_id, files, folder, standing)


def test_what_travels_together_keeps_one_stem() -> None:
    files = ("/s/IMG_1.CR2", "/s/img_1.JPG", "/s/IMG_1.CR2.xmp", "/s/IMG_1.xmp")
    assert placed(photo("a", *files)) == {
        "/s/IMG_1.CR2": "X/IMG_1.CR2",
        "/s/img_1.JPG": "X/IMG_1.JPG",
        "/s/IMG_1.CR2.xmp": "X/IMG_1.CR2.xmp",
        "/s/IMG_1.xmp": "X/IMG_1.xmp",
    }


def test_a_pair_whose_halves_come_from_two_folders_keeps_one_stem() -> None:
    assert placed(photo("a", "/s/raw/I.CR2", "/s/jpg/I.JPG")) == {"/s/raw/I.CR2": "X/I.CR2", "/s/jpg/I.JPG": "X/I.JPG"}


def test_a_clash_gives_the_later_photo_a_suffix_of_its_own() -> None:
    one, other = photo("a", "/s/1/IMG.CR2", "/s/1/IMG.xmp"), photo("b", "/s/2/img.JPG", "/s/2/img.xmp")
    targets = placed(other, one)
    assert targets["/s/1/IMG.CR2"] == "X/IMG.CR2"
    stem = targets["/s/2/img.JPG"].removesuffix(".JPG")
    assert stem.startswith("X/img ~")
    assert targets["/s/2/img.xmp"] == f"{stem}.xmp"
    more = placed(other, one, photo("c", "/s/15/IMG.PNG"), photo("d", "/s/9/IMG.PNG"))
    assert more["/s/2/img.JPG"] == targets["/s/2/img.JPG"]  # whoever else is there
    assert len(set(map(str.casefold, more.values()))) == 6


def test_two_photos_of_one_folder_and_stem_share_it_while_their_names_differ() -> None:
    same = (photo("a", "/s/IMG.jpg"), photo("b", "/s/img.png"), photo("c", "/s/IMG.JPG"))
    targets = placed(*same)
    assert targets["/s/img.png"] == "X/img.png"
    assert targets["/s/IMG.JPG"] == "X/IMG.JPG"
    assert targets["/s/IMG.jpg"].startswith("X/IMG ~")


def test_copies_of_one_photo_whose_names_differ_by_case_only_both_find_a_place() -> None:
    targets = placed(photo("a", "/s/I.JPG", "/s/i.jpg", "/t/I.JPG"))
    assert targets["/s/I.JPG"] == "X/I.JPG"
    assert len(set(map(str.casefold, targets.values()))) == 3


def test_a_photo_stays_where_it_stands_and_what_joins_it_goes_there() -> None:
    stood = photo("b", "/s/2/IMG.xmp", folder="Elsewhere", standing="Old/IMG ~12")
    disk = {"Old": ["IMG ~12.JPG", "IMG.JPG"]}
    targets = placed(stood, photo("a", "/s/1/IMG ~12.JPG", folder="Old"), disk=disk)
    assert targets["/s/2/IMG.xmp"] == "Old/IMG ~12.xmp"
    assert targets["/s/1/IMG ~12.JPG"].startswith("Old/IMG ~12 ~")


def test_a_mate_of_a_photo_that_stands_still_shares_its_stem() -> None:
    stood = Unit("a", (), "X", "X/IMG", origin="/s/IMG.jpg")
    new = photo("b", "/s/IMG.png")
    assert placed(stood, new, disk={"X": ["IMG.jpg"]})["/s/IMG.png"] == "X/IMG.png"
    assert placed(new, photo("a", "/s/IMG.jpg"))["/s/IMG.png"] == "X/IMG.png"  # as in one go
    stranger = replace(stood, origin="/other/IMG.jpg")
    assert placed(stranger, new, disk={"X": ["IMG.jpg"]})["/s/IMG.png"].startswith("X/IMG ~")


def test_a_standing_place_that_leads_out_of_the_root_is_not_believed() -> None:
    for standing in ("../x/IMG", "/etc/IMG", "a//IMG", ".phototag/IMG", "a/.."):
        assert placed(photo("a", "/s/IMG.jpg", standing=standing)) == {"/s/IMG.jpg": "X/IMG.jpg"}


def test_what_is_on_disk_is_never_written_over() -> None:
    targets = placed(photo("a", "/s/IMG.JPG"), disk={"X": ["img.txt"]})
    assert targets["/s/IMG.JPG"].startswith("X/IMG ~")
    assert placed(photo("a", "/s/Rom.JPG"), disk={"X": ["Rom/"]}) == {"/s/Rom.JPG": "X/Rom.JPG"}  # beside a folder


def test_folders_that_differ_by_case_or_composition_are_one() -> None:
    decomposed = unicodedata.normalize("NFD", "Köln")
    units = (photo("a", "/a.jpg", folder="köln/Dom"), photo("b", "/b.jpg", folder=f"{decomposed}/dom"))
    assert placed(*units) == {"/a.jpg": "Köln/dom/a.jpg", "/b.jpg": "Köln/dom/b.jpg"}
    on_disk = placed(*units, disk={"": ["KÖLN/"], "KÖLN": ["DOM/"], "KÖLN/DOM": ["a.jpg"]})
    assert on_disk["/b.jpg"] == "KÖLN/DOM/b.jpg"
    assert on_disk["/a.jpg"].startswith("KÖLN/DOM/a ~")
    stood = photo("c", "/c.xmp", standing="kölN/dOm/c")
    assert placed(*units, stood)["/a.jpg"] == "kölN/dOm/a.jpg"


def test_no_file_takes_the_name_of_a_folder() -> None:
    targets = placed(photo("a", "/s/Rom"), photo("b", "/s/b.jpg", folder="X/Rom"), photo("c", "/s/metadata"))
    assert targets["/s/b.jpg"] == "X/Rom/b.jpg"
    assert targets["/s/Rom"].startswith("X/Rom ~")
    assert targets["/s/metadata"].startswith("X/metadata ~")


def test_our_own_folders_are_never_a_target() -> None:
    for folder, wanted in (("metadata", "metadata_"), ("a/METADATA/b", "a/METADATA_/b"), (".phototag", "phototag")):
        assert placed(photo("a", "/s/a.jpg", folder=folder)) == {"/s/a.jpg": f"{wanted}/a.jpg"}


def test_a_folder_in_which_photos_stand_is_taken_as_a_person_called_it() -> None:
    for folder in ("Where are we?", "2024/Omas 80.", " x ", "a:b/CON", "ï" * 120):
        stood, new = photo("b", standing=f"{folder}/old"), photo("a", "/s/a?.jpg", folder=folder)
        assert placed(stood, new) == {"/s/a?.jpg": f"{folder}/a.jpg"}  # the file's name is ours
    elsewhere = photo("b", standing="Omas 80/old")
    assert placed(elsewhere, photo("a", "/s/a.jpg", folder="Where?")) == {"/s/a.jpg": "Where/a.jpg"}


def test_a_standing_folder_of_ours_is_no_target_all_the_same() -> None:
    for folder in ("X/metadata", "METADATA", ".phototag"):
        target = placed(photo("b", standing=f"{folder}/old"), photo("a", "/s/a.jpg", folder=folder))["/s/a.jpg"]
        assert target.rpartition("/")[0] not in ("X/metadata", "METADATA", ".phototag")


def test_a_file_that_lies_where_a_folder_is_wanted_gives_the_folder_a_suffix() -> None:
    units = (photo("a", "/s/a.jpg", folder="2024/05"), photo("b", "/s/b.jpg", folder="2024/06"), photo("c", "/c.jpg"))
    disk = {"": ["2024"]}
    targets = placed(*units, disk=disk)
    folder = targets["/s/a.jpg"].removesuffix("/05/a.jpg")
    assert folder.startswith("2024 ~") and len(folder) == len("2024 ~abcdef")
    assert targets == {"/s/a.jpg": f"{folder}/05/a.jpg", "/s/b.jpg": f"{folder}/06/b.jpg", "/c.jpg": "X/c.jpg"}
    later = placed(photo("d", "/s/d.jpg", folder="2024/07"), disk={"": ["2024", f"{folder}/"]})
    assert later == {"/s/d.jpg": f"{folder}/07/d.jpg"}
    both = placed(photo("d", "/s/d.jpg", folder="2024/07"), disk={"": ["2024", folder]})["/s/d.jpg"]
    assert both.startswith(folder) and both.split("/")[0] != folder
    beside = placed(*units, disk={"": ["2024/"], "2024": ["05"]})
    assert beside["/s/a.jpg"].startswith("2024/05 ~") and beside["/s/b.jpg"] == "2024/06/b.jpg"
    assert placed(photo("d", "/s/d.jpg", folder="Rom"), disk={"": ["ROM.jpg"]}) == {"/s/d.jpg": "Rom/d.jpg"}


# ---- all of it together

PIECES = st.sampled_from(
    (
        "..",
        "/",
        "\n",
        "-",
        "ü",
        "u\u0308",
        "Ü",
        "😀",
        "👩\u200d🚀",
        "CON",
        "nul",
        ".",
        " ",
        "x" * 300,
        "한" * 90,
        "metadata",
        ".phototag",
        "C:",
        "\\",
        "*",
        "~",
        "IMG",
        "img",
        "1",
        "\u202e",
        "{year}",
        "ß",
        "ss",
    )
)
WORD = st.one_of(st.text(max_size=8), st.lists(PIECES, max_size=4).map("".join))
# A file's name as the tables have it: no slash, and NUL only before the two digits of a byte.
NAME = st.one_of(WORD, st.lists(st.one_of(PIECES, st.just("\x00ff")), max_size=4).map("".join)).map(
    lambda text: "".join(one for one in text.replace("\x00ff", "\ufffe") if one not in "/\x00").replace(
        "\ufffe", "\x00ff"
    )
)
SUFFIXES = st.sampled_from((".jpg", ".JPG", ".CR2", "", ".a b", ".mov"))
MOMENT = st.sampled_from((datetime(2025, 1, 31, 23, 59), datetime(2024, 2, 29), datetime(1999, 12, 1, 8)))
VOCABULARY = Vocabulary([Term("dog", labels={"de": "Hund/../x"})])
TEMPLATES = tuple(map(Template, (TEMPLATE, "{place}/{keywords}", "{country}/{city}/{landmark}")))


@st.composite
def a_photo(draw: st.DrawFn) -> tuple[tuple[str, ...], str]:
    """Its files, and the folder that its place, its date and a model's words ask for."""
    folder = draw(st.sampled_from(("/s/a", "/s/b", "b\x00ff")))
    stem, suffix = draw(NAME), draw(SUFFIXES)
    lead = f"{folder}/{stem}{suffix}" if stem + suffix else f"{folder}/x"
    sidecars = draw(st.lists(st.sampled_from((f"{lead}.xmp", f"{folder}/{stem or 'x'}.xmp")), unique=True))
    start = draw(MOMENT)
    tags = [Tag(draw(WORD), 1.0, ("human",)), Tag("dog", 0.7, ("labels",))]
    named = Named(
        start,
        start + draw(st.sampled_from((timedelta(), timedelta(hours=3)))),
        city=draw(WORD),
        landmark=draw(st.one_of(st.just(""), WORD)),
        country=draw(WORD),
        keywords=words([tags], VOCABULARY, "de", (), 2),
    )
    return (lead, *sidecars), draw(st.sampled_from(TEMPLATES)).folder(named, "de", FORBIDDEN)


PHOTOS = st.lists(a_photo(), max_size=9).map(
    lambda photos: [
        Unit(f"id{place}", files, folder)
        for place, (files, folder) in enumerate(
            (tuple(file for file in files if not any(file in other for other, _ in photos[:before])), folder)
            for before, (files, folder) in enumerate(photos)
        )
        if files
    ]
)
DISK = st.lists(st.one_of(WORD, st.sampled_from(("IMG.jpg", "IMG", "img/"))).filter(bool), max_size=3)
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"}
DEVICES |= {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}


def hold(units: Sequence[Unit], targets: Mapping[str, str]) -> None:
    """What must be true of any tree, in the words of the three systems."""
    assert set(targets) == {file for unit in units for file in unit.files}
    same = [unicodedata.normalize("NFC", unicodedata.normalize("NFC", one).casefold()) for one in targets.values()]
    assert len(set(same)) == len(same)
    folders = {"/".join(target.split("/")[:depth]) for target in same for depth in range(1, target.count("/") + 1)}
    assert folders.isdisjoint(same), "a file where a folder must be"
    for target in targets.values():
        assert len(target.encode()) <= LONGEST_PATH
        for segment in target.split("/"):
            legal_everywhere(segment)
        assert "metadata" not in target.casefold().split("/")[:-1]


def legal_everywhere(name: str) -> None:
    assert 0 < len(name.encode()) <= 255 - RESERVE
    assert len(unicodedata.normalize("NFD", name).encode("utf-16-le")) <= 2 * 255
    assert name[0] not in ". " and name[-1] not in ". "
    assert not any(one in '<>:"/\\|?*' or unicodedata.category(one) in ("Cc", "Cs", "Cn") for one in name)
    assert name.split(".")[0].rstrip(" ").casefold() not in DEVICES
    assert unicodedata.is_normalized("NFC", name)


@given(PHOTOS, DISK, st.randoms(use_true_random=False))
def test_any_photos_find_a_place_and_the_order_does_not_count(
    units: list[Unit], disk: list[str], dice: random.Random
) -> None:
    names = {unit.folder: disk for unit in units}
    targets = placed(*units, disk=names)
    hold(units, targets)
    for target in targets.values():
        folder, _, name = target.rpartition("/")
        assert name.casefold() not in {one.casefold() for one in names.get(folder, ())}
    mixed = dice.sample(units, len(units))
    assert placed(*mixed, disk=names) == targets


@given(PHOTOS)
def test_sidecars_keep_the_stem_of_their_mate(units: list[Unit]) -> None:
    targets = placed(*units)
    for unit in units:
        lead = targets[unit.files[0]]
        for file in unit.files[1:]:
            if file == f"{unit.files[0]}.xmp" and file.endswith((".jpg.xmp", ".JPG.xmp", ".CR2.xmp", ".mov.xmp")):
                assert targets[file] == f"{lead}.xmp"


@given(PHOTOS, st.integers(0, 9), st.randoms(use_true_random=False))
def test_a_run_that_was_cut_short_ends_in_the_same_tree(units: list[Unit], done: int, dice: random.Random) -> None:
    whole = placed(*units)
    copied = {unit.image_id for unit in dice.sample(units, min(done, len(units)))}
    disk: dict[str, list[str]] = {}
    again = []
    for unit in units:
        if unit.image_id in copied:
            for file in unit.files:
                folder, _, name = whole[file].rpartition("/")
                disk.setdefault(folder, []).append(name)
            # Leading stem as the layout gave it: the target without the suffixes of the original.
            standing = whole[unit.files[0]]
            again.append(replace(unit, files=(), standing=_without_suffixes(standing), origin=unit.files[0]))
        else:
            again.append(unit)
    rest = placed(*again, disk=disk)
    hold([unit for unit in again if unit.files], rest)
    assert rest == {file: whole[file] for unit in units if unit.image_id not in copied for file in unit.files}


def _without_suffixes(target: str) -> str:
    from phototag.decide.legal import parted

    folder, _, name = target.rpartition("/")
    return f"{folder}/{parted(name)[0]}"


def test_a_camera_roll_cut_short_ends_in_the_same_names() -> None:
    units = [
        photo(f"id{day}{n}", f"/card{day}/IMG_{n}.CR2", f"/card{day}/IMG_{n}.JPG") for day in "abc" for n in "1234"
    ]
    whole = placed(*units)
    for seed in range(10):
        dice = random.Random(seed)
        again, disk = [], []
        for unit in units:
            there = dice.randrange(3)  # none, the first, or both of its files
            disk += [whole[file].rpartition("/")[2] for file in unit.files[:there]]
            standing = whole[unit.files[0]].removesuffix(".CR2") if there else ""
            again.append(replace(unit, files=unit.files[there:], standing=standing, origin=unit.files[0]))
        rest = placed(*dice.sample(again, len(again)), disk={"X": disk})
        assert rest == {file: whole[file] for unit in again for file in unit.files}


def test_many_files_are_placed_in_seconds() -> None:
    units = [
        photo(f"{n:032x}", f"/s/{n // 10_000}/IMG_{n % 10_000:04}.JPG", folder=f"2025/{n // 300:04}")
        for n in range(30_000)
    ]
    before = perf_counter()
    targets = placed(*units)
    assert perf_counter() - before < 10  # a second, as a rule: what grows with the square takes minutes
    assert len(set(targets.values())) == 30_000
