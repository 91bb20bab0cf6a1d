"""The page for culling works by itself in a browser: keys decide, the saved file holds it, `--decisions` applies it."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag import api
from phototag.culling.nouns import Culled, Known, Member, Sorted
from phototag.culling.page import Card, page
from phototag.decide.cull import BURST, Judged
from phototag.decide.cull_faults import Reason
from phototag.decide.cull_weighing import Frame
from phototag.decide.groups import Shot
from phototag.errors import UsageError
from phototag.store.library import Library
from phototag.store.place import Place
from tests import browser, culling

NEEDS_BROWSER = pytest.mark.skipif(browser.program() is None, reason="no Chromium on this machine")


class _Page(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Culled once: to read, or to copy."""
    root = culling.wedding(tmp_path_factory.mktemp("page") / "photos")
    api.cull(root)
    return root


@pytest.fixture(scope="module")
def sheet(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return api.cull_page(api.cull(folder), tmp_path_factory.mktemp("out") / "cull.html")


def test_the_page_holds_everything_and_asks_for_nothing(sheet: Path) -> None:
    read = _Page(sheet.read_text("utf-8"))
    photos = [found for tag, found in read.elements if tag == "li"]
    assert len(photos) == 15 and sum(tag == "section" for tag, _ in read.elements) == 4
    assert all(re.fullmatch(r"\d+(,\d+)*", photo["data-tiles"] or "") for photo in photos)
    addresses = [
        found[name] or "" for _, found in read.elements for name in ("src", "href", "action") if found.get(name)
    ]
    assert addresses and all(one.startswith("data:") for one in addresses)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=20))
def test_no_text_becomes_an_element(name: str, said: str, image_id: str) -> None:
    def made(name: str, said: str, image_id: str) -> _Page:
        judged = Judged(image_id, "maybe", faults=(Reason("model", said),), notes=(said,))
        member = Member(Known(name, (name,), name, "jpeg", Shot(image_id), Frame(image_id)), judged)
        culled = Culled(Library(Place(Path("/photos"), Path("/photos/.phototag"), 1)), f"/photos/{name}")
        culled.groups = [Sorted(1, BURST, said, (member,))]
        return _Page("".join(page(culled, [Card(f"/photos/{name}", why_not=said or "x")], "today")))

    plain, odd = made("a", "b", "c"), made(name.replace("\0", "").replace("/", "") or "x", said or "x", image_id)
    assert [(tag, sorted(found)) for tag, found in plain.elements] == [
        (tag, sorted(found)) for tag, found in odd.elements
    ]


def test_a_page_is_written_over_and_nothing_else_is(folder: Path, tmp_path: Path) -> None:
    culled, file = api.cull(folder), tmp_path / "cull.html"
    api.cull_page(culled, file)
    api.cull_page(culled, file)
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine")
    for there in (mine, folder / "burst1.jpg", folder / ".phototag" / "x.html", tmp_path / "no" / "x.html", tmp_path):
        with pytest.raises(UsageError):
            api.cull_page(culled, there)
    assert mine.read_text() == "<p>mine"


# ---- in a browser


@pytest.fixture
def chromium() -> Iterator[browser.Browser]:
    with browser.Browser() as opened:
        yield opened


NAME = "document.activeElement.querySelector('.name').title.split('/').pop()"
VERDICT = "document.activeElement.dataset.verdict"


@NEEDS_BROWSER
def test_keys_decide_and_the_saved_file_is_applied(
    folder: Path, sheet: Path, tmp_path: Path, chromium: browser.Browser
) -> None:
    photos = Path(shutil.copytree(folder, tmp_path / "photos"))
    chromium.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    chromium.open(sheet)
    seen = []
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowLeft", "p", "n", "4", "Home", "m"):
        chromium.press(key)
        seen.append(chromium.value(NAME))
    assert seen == [f"burst{n}.jpg" for n in (1, 2, 3, 2, 2)] + ["bracket0.jpg"] * 2 + ["burst1.jpg"] * 2
    chromium.press("ArrowRight")
    assert chromium.value(VERDICT) == "pick" and "Pick" in chromium.value(
        "document.activeElement.getAttribute('aria-label')"
    )
    chromium.press("End")
    chromium.press("r")
    chromium.press("u")  # taken back: not in the file
    assert chromium.value(VERDICT) == "maybe" and "3 decided here" in chromium.value("document.body.innerText")
    chromium.value("save.click()")
    saved = tmp_path / "cull-decisions.json"
    for _ in range(100):
        if saved.exists() and saved.stat().st_size:
            break
        time.sleep(0.05)
    said = {one["verdict"]: one for one in json.loads(saved.read_text())["decisions"]}
    assert len(json.loads(saved.read_text())["decisions"]) == 3 and "pick" in said
    told = [one["entry"] for one in chromium.happened("Log.entryAdded")]
    assert chromium.value("document.title") and not [one for one in told if one["level"] in ("error", "warning")]
    found = api.cull(photos, decisions=saved)
    now = {member.known.path: member.judged for member in found.members()}
    assert found.applied == {"pick": 1, "maybe": 2}
    assert now["burst2.jpg"].verdict == "pick" and now["burst1.jpg"].verdict == "maybe"
    assert {name for name, judged in now.items() if judged.by == "person"} == {
        "burst1.jpg",
        "burst2.jpg",
        "bracket0.jpg",
    }


@NEEDS_BROWSER
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True), (320, False)])
def test_it_fits_and_shows_where_photos_are_sharp(
    sheet: Path, chromium: browser.Browser, width: int, dark: bool
) -> None:
    chromium.open(sheet, width, dark=dark)
    assert chromium.value("document.documentElement.scrollWidth") <= width
    assert chromium.value("document.querySelectorAll('canvas').length") == 0
    hover = "new MouseEvent('mouseenter')"
    chromium.value(f"photos[0].dispatchEvent({hover})")
    assert chromium.value("photos[0].querySelectorAll('canvas').length") == 1
    chromium.value("photos[0].dispatchEvent(new MouseEvent('mouseleave'))")
    assert chromium.value("document.querySelectorAll('canvas').length") == 0
    chromium.press("s")
    assert chromium.value("document.querySelectorAll('canvas').length") == 15
    colour = "c => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data]"
    red = [chromium.value(f"({colour})(photos[{at}].querySelector('canvas'))[0]") for at in (2, 5)]
    assert red[0] > red[1] + 30, "the sharp frame is painted yellow, the moved one blue"
    chromium.press("?")
    assert chromium.value("dialog.open") is True
    requests = [event["request"]["url"] for event in chromium.happened("Network.requestWillBeSent")]
    assert all(url.startswith(("file:", "data:", "about:")) for url in requests)


@NEEDS_BROWSER
def test_buttons_say_the_same_as_keys(sheet: Path, chromium: browser.Browser) -> None:
    chromium.open(sheet, 390)
    chromium.value("photos[1].querySelector('[data-say=pick]').click()")
    assert chromium.value("photos[1].dataset.verdict") == "pick"
    assert chromium.value("photos[1].querySelector('[data-say=pick]').getAttribute('aria-pressed')") == "true"
    assert chromium.value("document.getElementById('told').textContent").startswith("burst2.jpg: Pick")
    assert chromium.value("document.querySelectorAll('li[tabindex=\"0\"]').length") == 1
    height = (
        "Math.min(...[...document.querySelectorAll('button')].filter(b => b.offsetParent).map(b => b.offsetHeight))"
    )
    assert chromium.value(height) >= 44
