"""`phototag organize` as a person types it: the first run, its plan, its names, and what it refuses.

The decision: one heap with everything that a card can hold is looked at and organised once, and every program that
reads the copies is a real one. Refused: expecting the words of a model; what a test expects, it finds in the files.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

import phototag
from phototag import api
from phototag.cli import run
from tests.organizing import (
    CAPTION,
    Tell,
    Told,
    exiv2,
    found,
    keywords,
    make_heap,
    page,
    picture,
    plain_home,
    state,
    tags,
    teller,
    timeless,
    tree,
)

# folder as a pattern (the words in it are a model's) -> its files
EXPECTED = {
    r"2023/09 Sep/2023-09-03T1000 - 03T1115 Berlin( [\w -]+)?": {
        *("DSC_1.AAE", "DSC_1.JPG", "DSC_1.NEF", "DSC_1.xmp", "IMG_9.AAE", "IMG_9.JPG", "IMG_9.MOV"),
        *("IMG_9.MOV.xmp", "drawing.gif", "drawing.xmp", "film.mp4", "film.xmp"),
    },
    r"2023/12 Dec/2023-12-31T2359( [\w -]+)?": {"DSC00108.jpg"},
    r"2024/02 Feb/2024-02-29T2247( [\w -]+)?": {"DSC00042.jpg"},
    r"2024/05 May/2024-05-01T1820 [\w -]+": {"horse.png"},
    r"2024/06 Jun/2024-06-15T1502 - 15T1620 Potsdam birthday [\w -]+": {
        *("IMG_0007.jpg", "IMG_0007.xmp", "IMG_0011.jpg", "IMG_0012.jpg", "IMG_0013.jpg", "IMG_0019.jpg"),
    },
    r"2024/08 Aug/2024-08-10T1105 - 10T1325 Berlin [\w -]+": {
        *("IMG_0431.heic", "IMG_0431.heic.xmp", "IMG_0440.jpg", "IMG_20240810_132532.jpg"),
    },
    r"2024/08 Aug/2024-08-11T0930( [\w -]+)?": {"PXL_20240811_073000.webp"},
    r"undated": {"scan.jpg"},
}
OURS = {"drawing.xmp", "film.xmp", "IMG_0431.heic.xmp", "IMG_9.MOV.xmp"}  # sidecars that no original has
PHOTOS = 17


class Made(NamedTuple):
    """A heap, what it was before anything was done, its library before the first copy, and the tree."""

    heap: Path
    before: dict[str, tuple[bytes, int, int, int]]
    looked: Path
    tree: Path
    told: Told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("organize")
    heap, looked, made = folder / "heap", folder / "looked", folder / "made"
    make_heap(heap)
    folders = [heap, *(path for path in heap.rglob("*") if path.is_dir())]
    for one in folders:
        one.chmod(0o555)
    before = state(heap)
    said = io.StringIO()
    with plain_home(folder):
        assert run(["organize", str(heap), "--to", str(looked), "--dry-run", "--quiet"]) == 0
        shutil.copytree(looked, made)
        with contextlib.redirect_stdout(said):
            code = run(["organize", str(heap), "--to", str(made)])
    yield Made(heap, before, looked, made, Told(code, said.getvalue(), ""))
    assert state(heap) == before  # whatever the tests of this file did
    for one in folders:
        one.chmod(0o755)


@pytest.fixture
def heap(made: Made) -> Path:
    """The originals; no test writes to them."""
    return made.heap


@pytest.fixture
def to(made: Made, tmp_path: Path) -> Path:
    """A tree with nothing in it, whose library knows the heap."""
    return Path(shutil.copytree(made.looked, tmp_path / "tree"))


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    return teller(capsys, monkeypatch)


# ---- the rehearsal


def test_a_dry_run_shows_the_tree_and_makes_nothing(made: Made, to: Path, tell: Tell) -> None:
    done = tell("organize", made.heap, "--to", to, "--dry-run")
    assert done.code == 0 and tree(to) == [] and os.listdir(to) == [".phototag"]
    lines = re.findall(r"^( *)(\S.*)/(?:  \((.*)\))?$", done.out, re.MULTILINE)
    folders: dict[str, str] = {}
    above: list[str] = []
    for indent, name, counted in lines:
        above = [*above[: len(indent) // 2], name]
        if counted:
            folders["/".join(above)] = counted
    assert sorted(folders) == sorted(folders, key=lambda one: one.split("/")) and len(folders) == len(EXPECTED)
    for pattern, names in EXPECTED.items():
        (counted,) = (counted for folder, counted in folders.items() if re.fullmatch(pattern, folder))
        originals = [path for path in made.heap.rglob("*") if path.name in names]
        kilobytes = sum(path.stat().st_size for path in originals) / 1000
        assert re.search(rf"{kilobytes:.1f} KB$", counted), (pattern, counted, kilobytes)
        assert counted.startswith("1 photo,") == (len([one for one in originals if one.suffix != ".xmp"]) == 1)
    assert f"new     {PHOTOS} photos" in done.out and "a rehearsal" in done.out


def test_every_border_is_explained_with_rule_pause_way_and_both_scores(heap: Path, to: Path, tell: Tell) -> None:
    words = ("organize", heap, "--to", to, "--dry-run", "--explain", "--content", "captions")
    said = tell(*words).out
    assert re.search(r"begins with a new month: \d\d days later, [\d,]+\.\d km away; unlike by captions \d", said)
    assert re.search(
        r"begins with a long pause: 20 h 0\d min later; unlike by captions \d\.\d\d, pixels \d\.\d\d", said
    )
    borders = [
        (one["folder"][:10], border) for one in tell(*words, "--json").json["folders"] for border in one["borders"]
    ]
    assert [border["rule"] for _, border in borders] == ["month", "month", "month", "month", "month", "gap"]
    last = borders[-1][1]
    assert 20 * 3600 < last["pause_s"] < 21 * 3600 and last["distance_m"] is None
    assert 0 <= last["captions"] <= 2 and 0 <= last["pixels"] <= 2
    assert borders[0][1]["pause_s"] == pytest.approx(119 * 86400, rel=0.02)


def test_a_dry_run_is_there_for_programs(made: Made, to: Path, tell: Tell) -> None:
    done = tell("organize", made.heap, "--to", to, "--dry-run", "--json").json
    assert {one["folder"] for one in done["folders"]} == {str(Path(one).parent) for one in tree(made.tree)}
    assert (done["photos"], done["copied"], done["run"], done["refused"]) == (PHOTOS, {}, "", [])
    assert done["files"] == sum(one["files"] for one in done["folders"]) == len(tree(made.tree)) - len(OURS)
    assert done["bytes"] == sum(one["bytes"] for one in done["folders"])


# ---- the tree


def test_the_tree_is_the_one_that_was_expected(made: Made) -> None:
    assert made.told.code == 0
    folders: dict[str, set[str]] = {}
    for path in tree(made.tree):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, set()).add(name)
    assert len(folders) == len(EXPECTED)
    for pattern, names in EXPECTED.items():
        assert [own for folder, own in folders.items() if re.fullmatch(pattern, folder)] == [names], folders
    assert f"copied        {PHOTOS} photos" in made.told.out and f"{PHOTOS} JSON" in made.told.out
    assert re.search(r"phototag undo \d{8}-\d{6}-\w{4} --library ", made.told.out)


def test_no_original_is_touched_or_linked(made: Made) -> None:
    assert state(made.heap) == made.before and not list(made.heap.rglob(".phototag*"))
    numbers = {path.stat().st_ino for path in made.heap.rglob("*")}
    for path in (path for path in made.tree.rglob("*") if path.is_file()):
        assert path.stat().st_nlink == 1 and not path.is_symlink() and path.stat().st_ino not in numbers


def test_a_copy_has_its_originals_time_and_picture(made: Made) -> None:
    for path in (made.tree / one for one in tree(made.tree) if one.rpartition("/")[2] not in OURS):
        (original,) = (one for one in made.heap.rglob("*") if one.name == path.name)
        assert path.stat().st_mtime_ns == original.stat().st_mtime_ns, path.name
        if path.suffix in (".jpg", ".JPG", ".png", ".webp"):
            with Image.open(path) as copy, Image.open(original) as first:
                assert copy.tobytes() == first.tobytes()
        if path.suffix in (".NEF", ".MOV", ".mp4", ".gif", ".AAE", ".heic"):  # nothing is written into these
            assert path.read_bytes() == original.read_bytes()


def test_exiftool_and_exiv2_read_caption_keywords_and_place(made: Made) -> None:
    names = {"IMG_0007.jpg": "Potsdam", "IMG_0007.xmp": "Potsdam", "IMG_0440.jpg": "Berlin", "DSC_1.JPG": "Berlin"}
    for name, town in (names | {"DSC_1.xmp": "Berlin", "film.xmp": "Berlin", "IMG_0431.heic.xmp": "Berlin"}).items():
        path = found(made.tree, name)
        one, other, words = tags(path), exiv2(path), keywords(path)
        assert one["XMP-photoshop:City"] == town and other["Xmp.photoshop.City"] == {town}, name
        assert one["XMP-photoshop:Country"] == "Germany" and other["Xmp.photoshop.Country"] == {"Germany"}, name
        assert words and {word.lower() for word in other["Xmp.dc.subject"]} == words, name
        assert one[CAPTION] and other["Xmp.dc.description"] == {one[CAPTION]}, name
        if path.suffix in (".jpg", ".JPG"):
            assert {word.lower() for word in other["Iptc.Application2.Keywords"]} == words
            assert other["Iptc.Application2.City"] == {town}
    assert {"berlin", "fotograf", "schwarzweiß", "straße"} < keywords(found(made.tree, "IMG_0440.jpg"))
    assert tags(found(made.tree, "IMG_0007.jpg"))[CAPTION].startswith("Kaffee und Kuchen zum Geburtstag")


def test_a_sidecar_keeps_its_develop_settings_and_the_persons_words(made: Made) -> None:
    sidecar, jpeg = found(made.tree, "DSC_1.xmp"), found(made.tree, "DSC_1.JPG")
    assert tags(sidecar)["XMP-crs:Exposure2012"] == "+0.35" and exiv2(sidecar)["Xmp.crs.Exposure2012"] == {"+0.35"}
    assert "mine" in keywords(sidecar) and keywords(sidecar) == keywords(jpeg) != {"mine"}


def test_a_page_of_facts_lies_beside_each_photo(made: Made) -> None:
    pages = sorted(path.relative_to(made.tree).as_posix() for path in made.tree.rglob("metadata/*.json"))
    assert len(pages) == PHOTOS
    for path in pages:
        facts = json.loads((made.tree / path).read_text("utf-8"))
        assert page(made.tree / facts["path"]) == made.tree / path and (made.tree / facts["path"]).is_file()
        assert Path(facts["original"]).is_relative_to(made.heap) and Path(facts["original"]).name == Path(path).stem
        assert facts["path"] in facts["files"] and all((made.tree / one).is_file() for one in facts["files"])
        assert set(facts["keywords"]) == {"en", "de"} and len(facts["keywords"]["en"]) == len(facts["keywords"]["de"])
    facts = {Path(path).stem: json.loads((made.tree / path).read_text("utf-8")) for path in pages}
    live, gate = facts["IMG_9.JPG"], facts["DSC_1.NEF"]
    assert {Path(one).name for one in live["files"]} == {"IMG_9.JPG", "IMG_9.MOV", "IMG_9.AAE", "IMG_9.MOV.xmp"}
    assert (gate["address"]["city"], gate["address"]["country_code"], gate["kind"]) == ("Berlin", "DE", "raw")
    assert "mine" in gate["keywords"]["en"] and "mine" in gate["human"]
    assert (gate["lat"], gate["lon"]) == (pytest.approx(52.516272), pytest.approx(13.377722))
    assert facts["IMG_0007.jpg"]["date"] == "2024-06-15T15:02:11.200000+02:00"
    assert facts["IMG_0007.jpg"]["date_source"] == "exif" and facts["scan.jpg"]["date_source"] == "modified"
    assert facts["IMG_0019.jpg"]["people"]["count"] == 1 and facts["IMG_0019.jpg"]["rating"] == 4
    assert (
        set(facts["IMG_0007.jpg"]["keywords"]["en"]) & {"summer"}
        and "Sommer" in facts["IMG_0007.jpg"]["keywords"]["de"]
    )


# ---- names


def folders(told: Told) -> set[str]:
    assert told.code == 0, told.err
    return {one["folder"] for one in told.json["folders"]}


def rehearsed(tell: Tell, heap: Path, to: Path, *words: str) -> set[str]:
    return folders(tell("organize", heap, "--to", to, "--dry-run", "--json", *words))


def test_a_template_names_the_folders(heap: Path, to: Path, tell: Tell) -> None:
    template = "{country}/{year}-{month:02}-{day:02} {city} ({count})"
    assert rehearsed(tell, heap, to, "--template", template) >= {
        "Germany/2024-06-15 Potsdam (5)",
        "Germany/2024-08-10 Berlin (3)",
        "2024-05-01 (1)",
        "undated",
    }


def test_folders_speak_german(made: Made, to: Path, tell: Tell) -> None:
    found = rehearsed(tell, made.heap, to, "--folder-language", "de")
    names = {one[:12] for one in found if one != "undated"}
    assert names >= {"2023/12 Dez/", "2024/05 Mai/", "2024/08 Aug/"}
    (party,) = (one for one in found if "Potsdam" in one)
    assert "Geburtstag" in party and "birthday" not in party


def test_a_rule_sends_photos_by_their_tags(heap: Path, to: Path, tell: Tell) -> None:
    done = tell("organize", heap, "--to", to, "--dry-run", "--json", "--set", "rules=birthday -> {year}/Birthday")
    counts = {one["folder"]: one["photos"] for one in done.json["folders"]}
    assert counts["2024/Birthday"] >= 1
    assert sum(counts.values()) == PHOTOS


def test_a_date_of_the_file_alone_is_trusted_when_it_shall_be(heap: Path, to: Path, tell: Tell) -> None:
    found = rehearsed(tell, heap, to, "--set", "event.trust_modified=true", "--template", "{year}/{month:02}")
    assert "2020/09" in found and "undated" not in found


def test_names_without_keywords(heap: Path, to: Path, tell: Tell) -> None:
    found = rehearsed(tell, heap, to, "--set", "names.keywords=0")
    assert {"2024/06 Jun/2024-06-15T1502 - 15T1620 Potsdam", "2024/05 May/2024-05-01T1820"} < found


def test_a_tree_without_pages(heap: Path, to: Path, tell: Tell) -> None:
    part = heap / "more"
    done = tell("organize", part, "--to", to, "--no-json")
    assert done.code == 0 and found(to, "DSC_1.NEF") and "JSON" not in done.out
    assert not list(to.rglob("metadata"))


# ---- plans


class Planned(NamedTuple):
    """A plan file and what is in it."""

    path: Path
    content: dict[str, Any]

    def write(self) -> None:
        self.path.write_text(json.dumps(self.content), encoding="utf-8")


@pytest.fixture
def plan(heap: Path, to: Path, tell: Tell, tmp_path: Path) -> Planned:
    """The plan of a part of the heap; nothing is copied yet."""
    path = tmp_path / "plan.json"
    done = tell("organize", heap / "more", "--to", to, "--plan", path)
    assert done.code == 0 and "carry it out with --from-plan" in done.out and tree(to) == []
    return Planned(path, json.loads(path.read_text("utf-8")))


def carry_out(tell: Tell, heap: Path, to: Path, plan: Planned) -> Told:
    return tell("organize", heap / "more", "--to", to, "--from-plan", plan.path)


def test_a_plan_carried_out_is_the_direct_run(
    heap: Path, to: Path, tell: Tell, plan: Planned, made: Made, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(made.looked, tmp_path / "other"))
    assert carry_out(tell, heap, to, plan).code == 0
    assert tell("organize", heap / "more", "--to", other).code == 0
    assert tree(to) and timeless(to) == timeless(other)
    assert tell("undo", "--last", "--library", to).code == 0
    assert tree(to) == []


def test_a_target_that_was_edited_is_honoured(heap: Path, to: Path, tell: Tell, plan: Planned) -> None:
    for copy in plan.content["copies"]:
        copy["target"] = f"mine/{copy['target'].rpartition('/')[2]}"
    plan.content["copies"] = [one for one in plan.content["copies"] if "IMG_9" not in one["target"]]
    plan.write()
    assert carry_out(tell, heap, to, plan).code == 0
    names = {"DSC_1.AAE", "DSC_1.JPG", "DSC_1.NEF", "DSC_1.xmp", "drawing.gif", "film.mp4", "scan.jpg"}
    assert set(tree(to)) == {f"mine/{name}" for name in names | {"drawing.xmp", "film.xmp"}}


TAMPERED = {
    "up": "../outside.jpg",
    "absolute": "/tmp/outside.jpg",
    "ours": ".phototag/lance/x.jpg",
    "ours in capitals": "2024/.PhotoTag/x.jpg",
    "reserved": "2024/CON.jpg",
    "empty": "",
    "a folder in between": "2024//x.jpg",
    "a trailing dot": "2024./x.jpg",
}


@pytest.mark.parametrize("target", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_target_that_cannot_be_is_refused_before_anything_is_copied(
    heap: Path, to: Path, tell: Tell, plan: Planned, target: str
) -> None:
    plan.content["copies"][-1]["target"] = target
    plan.write()
    done = carry_out(tell, heap, to, plan)
    assert done.code == 2 and f"copy {len(plan.content['copies'])}" in done.err and tree(to) == []
    assert os.listdir(to) == [".phototag"]


def test_plans_that_name_something_twice_or_from_elsewhere_are_refused(
    heap: Path, to: Path, tell: Tell, plan: Planned
) -> None:
    good = json.dumps(plan.content)
    first, second = plan.content["copies"][:2]
    second["target"] = first["target"].swapcase()
    plan.write()
    assert (done := carry_out(tell, heap, to, plan)).code == 2 and "the target of copy" in done.err
    for original in ("/etc/hostname", f"{heap}/more/../DSC00042.jpg", f"{heap}/DSC00042.jpg"):
        bad = json.loads(good)
        bad["copies"][0]["original"] = original
        Planned(plan.path, bad).write()
        assert (done := carry_out(tell, heap, to, plan)).code == 2 and "does not lie in the source" in done.err
    for broken in ("", "[]", good[: len(good) // 2], json.dumps({"phototag": "plan", "format": 99}), "{}"):
        plan.path.write_text(broken)
        assert carry_out(tell, heap, to, plan).code == 2
    assert tree(to) == []


def test_a_plan_is_for_its_folders_alone(heap: Path, to: Path, tell: Tell, plan: Planned, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for words in ((heap, "--to", to), (heap / "more", "--to", tmp_path / "other")):
        done = tell("organize", *words, "--from-plan", plan.path)
        assert done.code == 2 and "made for other folders" in done.err
    assert tree(to) == [] == tree(tmp_path / "other")


def test_a_plan_is_written_neither_into_the_source_nor_over_something_else(
    heap: Path, to: Path, tell: Tell, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("a person's")
    for path in (heap / "plan.json", heap / "more" / "plan.json", mine):
        assert tell("organize", heap, "--to", to, "--plan", path).code == 2
    assert mine.read_text() == "a person's" and not (heap / "plan.json").exists()


def test_an_original_that_has_changed_since_is_named_and_the_others_are_copied(
    to: Path, tell: Tell, tmp_path: Path, made: Made
) -> None:
    heap = Path(shutil.copytree(made.heap / "more", tmp_path / "card", copy_function=shutil.copy2))
    path = tmp_path / "plan.json"
    heap.chmod(0o755)
    assert tell("organize", heap, "--to", to, "--plan", path).code == 0
    with (heap / "scan.jpg").open("ab") as file:
        file.write(b"more")
    done = tell("organize", heap, "--to", to, "--from-plan", path)
    assert done.code == 1 and re.search(r"card/scan\.jpg: the original has changed since", done.out)
    names = {one.rpartition("/")[2] for one in tree(to)}
    assert names >= {"DSC_1.NEF", "IMG_9.MOV", "film.mp4"} and "scan.jpg" not in names


@pytest.mark.parametrize("more", ["--dry-run", "--again", "--explain", "--plan=other.json"])
def test_a_plan_goes_with_nothing_that_would_change_it(
    heap: Path, tmp_path: Path, tell: Tell, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = tell("organize", heap, "--to", tmp_path / "t", "--from-plan", "plan.json", more)
    assert done.code == 2 and "--from-plan goes without" in done.err and os.listdir(tmp_path) == []


# ---- refusals


def test_source_and_target_are_kept_apart_by_whatever_name(tell: Tell, tmp_path: Path) -> None:
    photos, tree = tmp_path / "photos", tmp_path / "tree"
    picture(photos / "deep" / "a.jpg")
    (tmp_path / "link").symlink_to(photos)
    (photos / "inner").symlink_to(tmp_path / "outer")
    (tmp_path / "outer").mkdir()
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    wrong = [
        (photos, photos),
        (photos, photos / "tree"),
        (photos / "deep", photos),
        (photos, tmp_path / "link"),
        (photos, tmp_path / "link" / "deep" / "tree"),
        (tmp_path / "link", photos / "tree"),
        (tmp_path / "link" / "deep", photos),
        (photos, tmp_path / "photos" / ".." / "photos" / "tree"),
        (photos / "deep" / "a.jpg", tree),
        (photos / "nothing", tree),
        (photos, photos / "deep" / "a.jpg"),
    ]
    for source, target in wrong:
        done = tell("organize", source, "--to", target)
        assert done.code == 2 and done.err.startswith("phototag: "), (source, target, done)
        assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before, (source, target)


WRONG = {
    "template with an unknown field": (("--template", "{year}/{colour}"), "colour"),
    "template with an open brace": (("--template", "{year"), "template"),
    "template that climbs": (("--template", "../{year}"), ".."),
    "template that reaches into objects": (("--template", "{start.__class__}"), "template"),
    "unknown language": (("--folder-language", "xx"), "xx"),
    "rule for an unknown tag": (("--set", "rules=no such tag -> {year}"), "no such tag"),
    "rule without an arrow": (("--set", "rules=birthday"), "birthday"),
    "rule with an unknown field": (("--set", "rules=birthday -> {colour}"), "colour"),
    "unknown setting": (("--set", "event.gaps=3"), "event.gaps"),
    "unknown content": (("--content", "smell"), "smell"),
    "no gap": (("--gap", "0"), "0"),
}


@pytest.mark.parametrize("words,named", WRONG.values(), ids=WRONG.keys())
def test_wrong_words_make_nothing(heap: Path, tmp_path: Path, tell: Tell, words: tuple[str, ...], named: str) -> None:
    done = tell("organize", heap, "--to", tmp_path / "tree", *words)
    assert done.code == 2 and named in done.err and "\n" in done.err.strip()
    assert os.listdir(tmp_path) == []


def test_a_target_that_cannot_be_written_is_refused(tell: Tell, tmp_path: Path, heap: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a person's")
    done = tell("organize", heap, "--to", file)
    assert done.code == 2 and "is not a folder" in done.err
    done = tell("organize", heap, "--to", file / "deep" / "tree")
    assert done.code in (2, 8) and done.err.startswith("phototag: ") and file.read_text() == "a person's"
    assert os.listdir(tmp_path) == ["file"]


def test_a_second_run_at_the_same_time_is_turned_away(heap: Path, to: Path, tell: Tell) -> None:
    with (to / ".phototag" / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = tell("organize", heap, "--to", to)
    assert done.code == 3 and "Another phototag is writing" in done.err and tree(to) == []


# ---- from a script


def test_a_script_gets_what_was_done(heap: Path, to: Path) -> None:
    flags = {"event.content": "off", "read.processes": "1"}
    done = api.organize(heap / "more", to, dry_run=True, flags=flags)
    assert (done.exit_code, done.batch, done.photos) == (0, "", 0) and len(done.plan.copies) == 10
    done = api.organize(heap / "more", to, flags=flags)
    assert (done.exit_code, done.photos, done.refused, done.interrupted) == (0, 5, [], False)
    assert done.copied == {"tagged": 4, "plain": 6, "sidecar": 3, "json": 5} and done.batch
    assert done.size == sum(path.stat().st_size for path in (heap / "more").iterdir())
    again = phototag.organize(heap / "more", to, flags=flags)
    assert (again.exit_code, again.photos, again.batch, again.plan.passed.there) == (0, 0, "", 10)
    assert api.organize(heap / "more", to, flags=flags, stop=lambda: True).exit_code == 130


def test_a_script_may_type_a_command(heap: Path, to: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("organize", str(heap), "--to", str(to), "--dry-run", "--quiet", "--content", "off")
    assert phototag.run(*words) == 0
    assert phototag.run("organize", str(heap), "--to", str(heap / "tree")) == 2
    assert phototag.run("organize", str(heap)) == 2
    assert "lies in the source" in capsys.readouterr().err
