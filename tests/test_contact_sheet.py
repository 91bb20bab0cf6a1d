"""The contact sheet needs nothing but itself, shows what was found, and no name or caption on it can do anything."""

from __future__ import annotations

import base64
import errno
import io
import os
import re
import shutil
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag import api, api_found
from phototag.errors import Interrupted, NoSpace, UsageError
from phototag.read.scan import Options
from phototag.search.nouns import Count, Found, Hit, Part, Query, Why
from phototag.search.page import Card, page
from phototag.store.log import replace_file
from tests import browser
from tests.conftest import SAMPLES

EVIL = '<script>document.title="owned"</script> & "quoted" \'q\'\nnew 🐕.jpg'
NEEDS_BROWSER = pytest.mark.skipif(browser.program() is None, reason="no Chromium on this machine")


class _Page(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag]


def found_in(root: Path, paths: list[str], text: str = "dog", **shown: Any) -> Found:
    why = (Why("dog", "text", 0.8, "keyword dog"), Why(EVIL, "search", 0.5, EVIL))
    hits = tuple(
        Hit(path, path, 0.9 - at / 1000, why, weak=at == 1, folded=("x",) * (at == 2), shown=shown)
        for at, path in enumerate(paths)
    )
    query = Query(text, (Part("people", EVIL, Count(2, None)),), text)
    return Found(query, hits, len(hits), roots=(str(root),))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample pictures, one with a name that bites, one damaged, scanned: to read only."""
    folder = tmp_path_factory.mktemp("sheet") / "photos"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    shutil.copy(folder / "birthday" / "IMG_0011.jpg", folder / EVIL.replace("/", "∕"))
    (folder / "damaged.jpg").write_bytes((folder / "birthday" / "IMG_0011.jpg").read_bytes()[:3000])
    api.scan(folder, options=Options(decode=False))
    return folder


def pictures(library: Path) -> list[str]:
    names = (str(path.relative_to(library)) for path in sorted(library.rglob("*.jpg")))
    return [name for name in names if not name.startswith(".phototag")]


def test_a_sheet_holds_its_pictures_and_asks_for_nothing_else(library: Path, tmp_path: Path) -> None:
    names = pictures(library)
    done = api_found.contact_sheet(found_in(library, names, caption="A dog"), tmp_path / "out.html")
    read = _Page((tmp_path / "out.html").read_text("utf-8"))
    assert done.photos == len(names) and [Path(path).name for path, _ in done.without] == ["damaged.jpg"]
    assert len(read.all("img")) == len(names) - 1
    for image in read.all("img"):
        kind, _, content = (image["src"] or "").partition(",")
        assert kind == "data:image/jpeg;base64" and image["alt"] == "A dog"
        with Image.open(io.BytesIO(base64.b64decode(content))) as small:
            assert max(small.size) <= 320 and small.size == (int(image["width"] or 0), int(image["height"] or 0))
            assert not small.getexif() and "icc_profile" not in small.info
    links = [link["href"] or "" for link in read.all("a")]
    assert [unquote(urlsplit(link).path) for link in links] == [str(library / name) for name in names]
    outside = [
        found[name]
        for _, found in read.elements
        for name in ("src", "href", "action", "data", "poster", "srcset")
        if found.get(name) and not re.match(r"data:|file:///", found[name] or "")
    ]
    assert outside == [] and "http://" not in done.file.read_text("utf-8").replace("http-equiv", "")
    assert "cut short" in read.text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
def test_no_text_becomes_an_element(name: str, said: str, words: list[str]) -> None:
    path = "/photos/" + (name.replace("\0", "").replace("/", "") or "x")
    plain, odd = (
        _Page("".join(page(Found(Query(q), (hit,), 1, roots=("/photos",)), [Card(p, b"x", 1, 1)], "today")))
        for q, p, hit in (
            ("dog", "/photos/x", Hit("1", "x", 0.5, (Why("a", "b", 1, "c"),), shown={"place": "p", "caption": "c"})),
            (said, path, Hit("1", "x", 0.5, (Why(said, said, 1, said),), shown={"place": f"p{said}", "caption": said})),
        )
    )
    assert [tag for tag, _ in plain.elements] == [tag for tag, _ in odd.elements]
    assert [sorted(found) for _, found in plain.elements] == [sorted(found) for _, found in odd.elements]


def test_a_name_that_is_no_utf_8_is_shown_and_linked() -> None:
    path = os.fsdecode(b"/photos/caf\xe9.jpg")
    text = "".join(page(Found(Query("x"), (Hit("1", "x", 0.5),), 1), [Card(path, why_not="gone")], "today"))
    assert "file:///photos/caf%E9.jpg" in text and r"caf\udce9.jpg" in text
    assert text.encode("utf-8")


def test_photos_of_one_name_are_told_apart_by_their_folders() -> None:
    hits = tuple(Hit(path, path, 0.5) for path in ("a/b/1.jpg", "c/b/1.jpg", "2.jpg"))
    found = Found(Query("x"), hits, 3, roots=("/p",))
    cards = [Card(f"/p/{hit.path}", why_not="gone") for hit in hits]
    text = "".join(page(found, cards, "today"))
    assert re.findall(r'class="name"[^>]*>([^<]*)<', text) == ["a/b/1.jpg", "c/b/1.jpg", "2.jpg"]


def test_reasons_are_plain_words_and_figures_wait_for_a_mouse() -> None:
    said = "0.88, 4.1 deviations above the rest"
    why = (Why("dog", "visual", 0.9, said), Why("dog", "text", 0.8, "keyword dog"), Why("two", "people", 1, "2"))
    text = "".join(page(Found(Query("dog"), (Hit("1", "x", 1, why),), 1), [Card("/x", why_not="gone")], "today"))
    read = _Page(text)
    assert "deviations" not in read.text and "what it shows stands out strongly “dog”" in read.text
    assert "words keyword dog" in read.text and "people 2" in read.text and "no date" in read.text
    assert any(said in (span.get("title") or "") for span in read.all("span"))


def test_nothing_found_is_a_page_too() -> None:
    assert "Nothing found." in "".join(page(Found(Query("x")), [], "today"))


def test_a_sheet_is_written_over_and_nothing_else_is(library: Path, tmp_path: Path) -> None:
    found, file = found_in(library, pictures(library)[:1]), tmp_path / "out.html"
    api_found.contact_sheet(found, file)
    api_found.contact_sheet(found_in(library, pictures(library)[:2]), file)
    assert file.read_text("utf-8").count("<img") == 2
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine")
    photo = library / pictures(library)[0]
    before = photo.read_bytes()
    for there in (
        mine,
        photo,
        library / "new.jpg",
        library / ".phototag" / "sheet.html",
        tmp_path,
        tmp_path / "no" / "x",
    ):
        with pytest.raises(UsageError):
            api_found.contact_sheet(found, there)
    assert mine.read_text() == "<p>mine" and photo.read_bytes() == before and not (library / "new.jpg").exists()


def test_a_disk_that_takes_nothing_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "open", refused)
        read_only.setattr(Path, "unlink", refused)
        with pytest.raises(NoSpace, match="Read-only"):
            replace_file(tmp_path / "out.html", b"x")


def test_a_folder_as_a_sheet_names_the_right_option(library: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        api_found.contact_sheet(found_in(library, pictures(library)[:1]), tmp_path)
    assert "--contact-sheet" in caught.value.hint


def test_a_stop_leaves_no_sheet(library: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        api_found.contact_sheet(found_in(library, pictures(library)), tmp_path / "out.html", stop=lambda: True)
    assert list(tmp_path.iterdir()) == []


# ---- in a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    with browser.Browser() as opened:
        yield opened


def _sheet(library: Path, folder: Path, count: int) -> Path:
    names = pictures(library)
    many = [names[at % len(names)] for at in range(count)]
    shown = {
        "date": "2023-07-14",
        "place": "Zürich-Altstetten, Kanton Zürich",
        "keywords": ["dog", EVIL],
        "caption": EVIL,
    }
    return api_found.contact_sheet(found_in(library, many, text=EVIL, **shown), folder / "out.html").file


FOCUSED = "links.indexOf(document.activeElement)"


@NEEDS_BROWSER
def test_keys_move_and_reasons_show(library: Path, tmp_path: Path, chromium: browser.Browser) -> None:
    chromium.open(_sheet(library, tmp_path, 23))
    across = chromium.value("columns()")
    assert across >= 3
    places = []
    for key in (
        "ArrowRight",
        "ArrowRight",
        "ArrowDown",
        "ArrowLeft",
        "ArrowUp",
        "End",
        "ArrowRight",
        "Home",
        "ArrowUp",
    ):
        chromium.press(key)
        places.append(chromium.value(FOCUSED))
    assert places == [0, 1, 1 + across, across, 0, 22, 22, 0, 0]
    opacity = "getComputedStyle(document.activeElement.querySelector('.why')).opacity"
    assert _soon(chromium, opacity, "1")
    height = "document.querySelector('.hit .why').getBoundingClientRect().bottom"
    before = chromium.value(height)
    chromium.press("w")
    assert chromium.value("document.getElementById('reasons').getAttribute('aria-pressed')") == "true"
    assert chromium.value(height) > before
    chromium.press("?")
    assert chromium.value("document.getElementById('keys').open") is True
    chromium.press("End")
    assert chromium.value("document.getElementById('keys').contains(document.activeElement)") is True


def _soon(chromium: browser.Browser, script: str, wanted: str) -> bool:
    """Does the page come to say this, when what moves has come to rest?"""
    for _ in range(40):
        if chromium.value(script) == wanted:
            return True
        time.sleep(0.05)
    return False


@NEEDS_BROWSER
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_sticks_out_runs_or_is_fetched(
    library: Path, tmp_path: Path, chromium: browser.Browser, width: int
) -> None:
    file = _sheet(library, tmp_path, 23)
    seen = len(chromium.happened("Network.requestWillBeSent"))
    chromium.open(file, width)
    assert chromium.value("document.documentElement.scrollWidth") <= width
    chromium.press("w")
    assert chromium.value("document.documentElement.scrollWidth") <= width
    assert chromium.value("document.title") != "owned"
    assert chromium.value("document.scripts.length") == 1
    loaded = "[...document.images].filter(one => one.complete && one.naturalWidth > 0).length > 1"
    assert chromium.value(loaded) is True
    asked = [one["request"]["url"] for one in chromium.happened("Network.requestWillBeSent")[seen:]]
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert chromium.happened("Runtime.exceptionThrown") == [] and chromium.happened("Log.entryAdded") == []


@NEEDS_BROWSER
def test_a_phone_shows_help_and_scores_and_keeps_its_columns(
    library: Path, tmp_path: Path, chromium: browser.Browser
) -> None:
    chromium.open(_sheet(library, tmp_path, 5), 390)
    for name in ("#help", "meter", "#reasons"):
        assert chromium.value(f"document.querySelector('{name}').getBoundingClientRect().width") > 20
    across = chromium.value("columns()")
    chromium.press("w")
    assert chromium.value("columns()") == across == 2


@NEEDS_BROWSER
def test_the_policy_stops_a_script_that_got_in(library: Path, tmp_path: Path, chromium: browser.Browser) -> None:
    file = _sheet(library, tmp_path, 2)
    text = file.read_text("utf-8")
    inside = '<script>document.body.id = "owned"</script><img src="x" onerror="document.body.id = \'owned\'">'
    (tmp_path / "bad.html").write_text(text.replace("</main>", f"{inside}</main>"))
    chromium.open(tmp_path / "bad.html")
    assert chromium.value("document.body.id") == "" and chromium.value("links.length") == 2
    chromium.events.clear()


@NEEDS_BROWSER
def test_it_is_light_by_day_and_dark_by_night(library: Path, tmp_path: Path, chromium: browser.Browser) -> None:
    file = _sheet(library, tmp_path, 2)
    brightness = []
    for dark in (False, True):
        chromium.open(file, dark=dark)
        colour = chromium.value("getComputedStyle(document.body).backgroundColor")
        brightness.append(sum(map(int, re.findall(r"\d+", colour)[:3])))
    assert brightness[0] > 600 and brightness[1] < 150


@NEEDS_BROWSER
def test_five_hundred_photos_stay_quick(library: Path, tmp_path: Path, chromium: browser.Browser) -> None:
    file = _sheet(library, tmp_path, 500)
    start = time.monotonic()
    chromium.open(file)
    chromium.press("End")
    assert chromium.value(FOCUSED) == 499
    assert time.monotonic() - start < 10  # a second where nothing else runs
