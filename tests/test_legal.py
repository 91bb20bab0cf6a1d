"""A legal name is taken by Windows, macOS and Linux alike, is not passed over by a scan, and stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phototag.decide.legal import fold, legal, legal_file, parted
from phototag.read.walk import Walk

FORBIDDEN = '<>:"/\\|?*'
_STEMS = {"con", "prn", "aux", "nul", "conin$", "conout$"}
_STEMS |= {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}

NASTY = st.sampled_from(
    (
        "..",
        "/etc/passwd",
        "C:\\Windows",
        "CON",
        "con.tar.gz",
        "nul .txt",
        "LPT¹.jpg",
        "CONIN$",
        "-rf",
        "a\nb\r\n",
        ".hidden",
        "trailing. . .",
        "e\u0301" * 200,
        "\u0301lone",
        "Müller",
        unicodedata.normalize("NFD", "Müller"),
        "👩\u200d🚀 launch",
        "👍🏽" * 40,
        "a\u202egpj.exe",
        "x\x00ffy",
        "\ud800",
        "\ue000",
        "x" * 300,
        "한국어" * 60,
        "\u1f82" * 85,
        "System Volume Information",
        "Catalog.lrdata",
        "@eaDir",
        "thumbs.db",
        "\u212a",
        "~",
    )
)
TEXT = st.one_of(NASTY, st.text(max_size=40), st.builds("".join, st.lists(st.one_of(NASTY, st.text(max_size=5)))))
ROOMS = st.integers(16, 255)
EXTRA = st.sampled_from(("", "_", "_-", "~.", "aeiou", " ", "\u0301ä;"))


def illegal(name: str) -> str:
    """Why one of the three systems refuses the name, or changes it; "" where none does. No word of legal.py in here."""
    base = name.split(".")[0].rstrip(" ").casefold()
    utf16 = len(name.encode("utf-16-le", "surrogatepass")) // 2
    decomposed = len(unicodedata.normalize("NFD", name).encode("utf-16-le", "surrogatepass")) // 2
    reasons = {
        "empty": not name,
        "dots": name in (".", ".."),
        "hidden": name.startswith("."),
        "windows: characters": any(one in '<>:"/\\|?*' or ord(one) < 32 or ord(one) == 127 for one in name),
        "windows: end": name.endswith((" ", ".")),
        "windows: device": base in _STEMS,
        "windows: units": utf16 > 255,
        "macos: form": unicodedata.normalize("NFC", name) != name,
        "macos: units": decomposed > 255,
        "macos: unassigned": any(unicodedata.category(one) in ("Cn", "Cs") for one in name),
        "linux: bytes": len(name.encode("utf-8", "surrogatepass")) > 255,
        "start": name[:1].isspace() or unicodedata.category(name[:1] or "x").startswith("M"),
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


@given(TEXT, EXTRA, ROOMS)
@example("system volume information", "", 25)
@example("CON", "_-~", 16)
@example("a\u200b\u0308", "ä", 255)
def test_a_name_is_legal_everywhere_and_stays_as_it_is(text: str, extra: str, room: int) -> None:
    name = legal(text, FORBIDDEN + extra, room)
    assert not name or not illegal(name), ascii(name)
    assert len(name.encode()) <= room
    assert not any(one in name for one in extra.strip())
    assert legal(name, FORBIDDEN + extra, room) == name


@given(TEXT, st.integers(60, 300))
@example("x" * 300 + ".CR2.xmp", 80)
@example("Thumbs.db", 255)
@example(".jpg", 255)
@example("\u1f82" * 85 + "?.exe", 255)
def test_a_file_name_is_legal_never_empty_and_stays_as_it_is(name: str, room: int) -> None:
    made = legal_file(name, FORBIDDEN, room)
    assert not illegal(made), ascii(made)
    assert len(made.encode()) <= room
    assert legal_file(made, FORBIDDEN, room) == made


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Berlin/Mitte", "Berlin Mitte"),
        ("  a \t\n b  ", "a b"),
        ("...", ""),
        (".phototag", "phototag"),
        ("../..", ""),
        ("Straße…", "Straße…"),
        ("-rf", "-rf"),
        ("CON", "CON_"),
        ("aux.2025", "aux_.2025"),
        ("Contact", "Contact"),
        ("COM10", "COM10"),
        (unicodedata.normalize("NFD", "Zürich"), "Zürich"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("a\u200db", "ab"),
        ("evil\u202egnp", "evilgnp"),
        ("Catalog.lrdata", "Catalog.lrdata_"),
        ("lost+found", "lost+found_"),
    ],
)
def test_names_people_would_write(text: str, wanted: str) -> None:
    assert legal(text, FORBIDDEN) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("IMG_1.JPG", "IMG_1.JPG"),
        ("IMG\x00ff1.JPG", "IMG_1.JPG"),
        ("What?.jpg", "What.jpg"),
        ("???.jpg", "photo.jpg"),
        ("CON.jpg", "CON_.jpg"),
        ("Thumbs.db", "Thumbs_.db"),
        ("x" * 300 + ".CR2.xmp", "x" * 247 + ".CR2.xmp"),
        ("Dr. Meyer und ich", "Dr. Meyer und ich"),
    ],
)
def test_file_names_keep_their_suffixes(name: str, wanted: str) -> None:
    assert legal_file(name, FORBIDDEN) == wanted


def test_a_cut_never_parts_a_character_from_what_belongs_to_it() -> None:
    assert legal("g" + "q\u0323\u0307" * 100, "", 18) == "g" + "q\u0323\u0307" * 3
    assert legal("👩\u200d🚀" * 9, "", 24) == "👩\u200d🚀" * 2
    assert legal("👍🏽" * 9, "", 20) == "👍🏽" * 2


def test_other_forbidden_characters_go_too_but_slashes_whatever_is_said() -> None:
    assert legal("a_b/c", "_") == "a b c"
    assert legal("aux", "_") == "aux-"


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("IMG_1.CR2.xmp", "IMG_1", ".CR2.xmp"),
        ("IMG_1.xmp", "IMG_1", ".xmp"),
        ("a.b.jpg", "a.b", ".jpg"),
        ("a.b.xmp", "a.b", ".xmp"),
        (".jpg", "", ".jpg"),
        (".bashrc", ".bashrc", ""),
        ("Dr. Meyer", "Dr. Meyer", ""),
    ],
)
def test_stem_and_suffixes(name: str, stem: str, suffix: str) -> None:
    assert parted(name) == (stem, suffix)


def test_names_that_a_system_takes_for_one_fold_to_one() -> None:
    assert fold("MÜLLER") == fold(unicodedata.normalize("NFD", "müller"))
    assert fold("👩\u200d🚀") == fold("👩🚀")  # HFS+ passes over joiners
    assert fold("a") != fold("b")


def test_a_scan_passes_over_no_name_of_ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("names")
    left_out = ("@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__MACOSX", ".git")
    names = [legal(name, "") for name in (*left_out, "a.lrdata", "b.photoslibrary", "c.lrlibrary")]
    for name in names:
        (root / name).mkdir()
        (root / name / legal_file("desktop.ini", "")).touch()
    found = [folder for folder in Walk(str(root)).folders() if folder.entries]
    assert sorted(folder.path.rpartition("/")[2] for folder in found) == sorted(names)
