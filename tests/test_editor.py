"""The editor: what is read back is what was wished for, everything else stays, and no text or name is a command.

The witnesses are programs that no one here wrote: ExifTool asked anew, exiv2, and exempi, which is Adobe's own reader.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag.change import fields, texts
from phototag.change.editor import Editor, Written
from phototag.errors import Interrupted, Unreadable
from phototag.read.exiftool_pool import Pool
from phototag.records import Change, Region, Values

NAMES = {"jpeg": "jpg", "tiff": "tif", "png": "png", "webp": "webp", "xmp": "xmp"}
CONTAINERS = pytest.mark.parametrize("container", NAMES)
CAPTIONS = ("XMP-dc:Description", "IPTC:Caption-Abstract", "IFD0:ImageDescription", "XMP-tiff:ImageDescription")
WORDS = ("Müller", "日本", "\U0001f600 smile", "-all=", "two words")
CAPTION = texts.caption('A "quoted" line\n-all=\n@file $HOME <b>&amp; \u202eabc\u202c éü日\U0001f600')

# What somebody's work looks like: develop settings, another caption language, a foreign namespace, a named face.
WORK = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:foo="http://foo.example/1/" foo:Bar="baz"
 xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="+1.25" crs:UnknownThing="7"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Credit="me"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
<foo:List><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></foo:List>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">old</rdf:li><rdf:li xml:lang="de">alt</rdf:li>
<rdf:li xml:lang="fr">vieux</rdf:li></rdf:Alt>
</dc:description>
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="64" stDim:h="48" stDim:unit="pixel"/>
<mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Anna | B, {x} [y] = ü" mwg-rs:Type="Face"
 foo:own="kept" mwg-rs:Rotation="0.10000"><mwg-rs:Area stArea:x="0.5" stArea:y="0.250000" stArea:w="0.1" stArea:h="0.1"
 stArea:unit="normalized"/></rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(2) as one:
        yield one


@pytest.fixture(scope="module")
def witness() -> Iterator[Pool]:
    """ExifTool without our settings."""
    with_default = Pool(1)
    yield with_default
    with_default.close()


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A file of each container with somebody's work in it."""
    folder = tmp_path_factory.mktemp("works")
    (folder / "work.xmp").write_text(WORK, encoding="utf-8")
    found = {"xmp": str(folder / "work.xmp")}
    for container in ("jpeg", "tiff", "png", "webp"):
        path = folder / f"work.{NAMES[container]}"
        Image.new("RGB", (64, 48), (9, 90, 120)).save(path)
        both = ["-IPTC:By-line=Jürgen", "-IPTC:Urgency=3", "-IPTC:CodedCharacterSet=UTF8"]
        more = both if container in ("jpeg", "tiff") else []
        exif = (
            ["-IFD0:Artist=me", "-ExifIFD:LensModel=50 mm", "-IFD0:Software=x"] if container in ("jpeg", "tiff") else []
        )
        exiftool("-tagsfromfile", found["xmp"], "-xmp", path)
        exiftool(*more, *exif, "-XMP-xmp:Nickname=nick", path)
        found[container] = str(path)
    return found


def exiftool(*arguments: str | Path) -> str:
    command = ["exiftool", "-q", "-q", "-overwrite_original", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def change(container: str, wished: dict[str, Values], **more: Any) -> Change:
    pairs = {tag: value if value and isinstance(value[0], tuple) else ((), value) for tag, value in wished.items()}
    return Change("embed", "t", "t", "p1-0", container, "", pairs, **more)  # type: ignore[arg-type]


def everything(container: str, keywords: Values, caption: str) -> dict[str, Values]:
    may = fields.allowed(container)
    wished: dict[str, Values] = {tag: keywords for tag in fields.LISTS.values() if tag in may}
    wished |= {tag: (caption,) if caption else () for tag in CAPTIONS if tag in may}
    return wished | {"XMP-phototag:MachineKeywords": keywords, "XMP-phototag:Model": ("m",)}


def held(editor: Editor, path: str | Path) -> dict[str, Values]:
    (answer,) = editor.read([str(path)])
    assert not isinstance(answer, Unreadable)
    return fields.held(answer)


def others(witness: Pool, path: str, managed: set[str]) -> dict[str, Any]:
    """Every tag of the file but those that are ours, and those that say where in the file something lies."""
    asked = [b"-j", b"-a", b"-G1", b"-struct", b"-x", b"System:all", b"-x", b"Composite:all", os.fsencode(path)]
    (answer,) = json.loads(witness.ask(asked).printed)
    passed = {"SourceFile", "XMP-x:XMPToolkit", "XMP-xmp:MetadataDate", "Photoshop:IPTCDigest", "IFD0:StripOffsets"}
    passed |= {"File:CurrentIPTCDigest", "IPTC:EnvelopeRecordVersion", "IPTC:ApplicationRecordVersion", *managed}
    passed |= {"IPTC:CodedCharacterSet"}
    return {tag: value for tag, value in answer.items() if tag not in passed and not tag.startswith("ExifTool:")}


def fresh(folder: Path, container: str) -> str:
    return str(folder / f".phototag-{time.monotonic_ns()}.{NAMES[container]}")


# ---- what was wished for, and nothing else

NASTY = st.sampled_from(
    ["-all=", "@x", "$HOME", "a=b", "<x", "&#65;", "#c", "true", "1e3", "x\u0301", "\u05d0\u05d1", "'", '"']
)
ANYTHING = st.one_of(NASTY, st.text(max_size=40), st.text(st.characters(min_codepoint=0x10000), max_size=10))


@CONTAINERS
@settings(max_examples=12, deadline=None)
@given(words=st.lists(ANYTHING, max_size=6), caption=st.lists(ANYTHING, max_size=5))
def test_any_text_comes_back_and_nothing_else_changes(
    editor: Editor,
    witness: Pool,
    works: dict[str, str],
    container: str,
    words: list[str],
    caption: list[str],
) -> None:
    clean = tuple(word for word in map(texts.keyword, words) if word)
    wished = everything(container, clean, texts.caption("\n".join(caption)))
    source = works[container]
    temp = fresh(Path(source).parent, container)
    assert editor.write_copy(source, temp, change(container, wished)) == Written(True)
    after = held(editor, temp)
    assert {tag: after.get(tag, ()) for tag in wished} == wished
    assert others(witness, temp, set(wished)) == others(witness, source, set(wished))
    os.unlink(temp)


@CONTAINERS
def test_a_change_and_its_way_back_leave_every_tag_as_it_was(
    editor: Editor, witness: Pool, works: dict[str, str], tmp_path: Path, container: str
) -> None:
    before = held(editor, works[container])
    faces = fields.faces_with(before[fields.FACES], [Region("Zoë, {2}", "Face", 0.1, 0.2, 0.1, 0.1)], 64, 48)
    rated = {"XMP-xmp:Rating": ("4",), "XMP-xmp:Label": ("Red",), "XMP-microsoft:RatingPercent": ("75",)}
    wished = everything(container, WORDS, CAPTION) | rated | {fields.FACES: faces, "GPS": fields.point(-33.9, 18.42)}
    pairs = {tag: (before.get(tag, ()), after) for tag, after in wished.items()}
    there, back = fresh(tmp_path, container), fresh(tmp_path, container)
    assert editor.write_copy(works[container], there, change(container, pairs)) == Written(True)  # type: ignore[arg-type]
    assert {tag: held(editor, there).get(tag, ()) for tag in wished} == wished
    undone = {tag: (after, old) for tag, (old, after) in pairs.items()}
    assert editor.write_copy(there, back, change(container, undone)) == Written(True)  # type: ignore[arg-type]
    assert held(editor, back) == before
    made_on_the_way = {"GPS:GPSVersionID"}
    assert others(witness, back, made_on_the_way) == others(witness, works[container], made_on_the_way)


@pytest.mark.parametrize("container", ["jpeg", "tiff", "png", "xmp"])
@pytest.mark.parametrize("lat,lon", [(-33.91234567, 18.42), (0.00000001, -179.99999999), (89.5, -0.1)])
def test_points(editor: Editor, works: dict[str, str], tmp_path: Path, container: str, lat: float, lon: float) -> None:
    temp = fresh(tmp_path, container)
    assert editor.write_copy(works[container], temp, change(container, {"GPS": fields.point(lat, lon)})).ok
    assert held(editor, temp)["GPS"] == fields.point(lat, lon)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_heic_and_avif(editor: Editor, tmp_path: Path, container: str) -> None:
    source, temp = tmp_path / f"one.{container}", str(tmp_path / f".phototag-1.{container}")
    pytest.importorskip("pillow_heif").register_heif_opener()
    try:
        Image.new("RGB", (64, 64), (9, 90, 120)).save(source)
    except (KeyError, ValueError, OSError):
        pytest.skip(f"no encoder for {container} here")
    wished = everything(container, WORDS, CAPTION)
    assert not any(tag.startswith(("IPTC", "IFD0")) for tag in wished)
    assert editor.write_copy(str(source), temp, change(container, wished)) == Written(True)
    assert held(editor, temp) == wished


def test_regions_keep_what_exiftool_cannot_write(editor: Editor, works: dict[str, str], tmp_path: Path) -> None:
    before = held(editor, works["jpeg"])[fields.FACES]
    assert '"Own":"kept"' in before[0] and '"Y":"0.250000"' in before[0]
    after = fields.faces_with(before, [Region("", "Face", 0.9, 0.9, 0.1, 0.1)], 64, 48)
    temp = fresh(tmp_path, "jpeg")
    assert editor.write_copy(works["jpeg"], temp, change("jpeg", {fields.FACES: (before, after)})).ok  # type: ignore[dict-item]
    assert held(editor, temp)[fields.FACES] == after
    packet = subprocess.run(["exiftool", "-b", "-xmp", temp], check=True, capture_output=True, text=True).stdout
    assert "<foo:own>kept</foo:own>" in packet


def test_windows_keywords_and_country_codes(editor: Editor, works: dict[str, str], tmp_path: Path) -> None:
    wished: dict[str, Values] = {"IFD0:XPKeywords": ("a;Müller;日本",), "XMP-microsoft:LastKeywordXMP": WORDS}
    wished |= {"IPTC:Country-PrimaryLocationCode": ("DE",), "IFD0:RatingPercent": ("75",), "IFD0:Rating": ("4",)}
    temp = fresh(tmp_path, "jpeg")
    assert editor.write_copy(works["jpeg"], temp, change("jpeg", wished)).ok
    assert wished.items() <= held(editor, temp).items()


def test_the_source_is_only_read(works: dict[str, str], tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    script = tmp_path / "traced"
    log = tmp_path / "log"
    script.write_text(f'#!/bin/sh\nexec strace -f -s 300 -o "{log}" "{shutil.which("exiftool")}" "$@"\n')
    script.chmod(0o755)
    temp = fresh(tmp_path, "jpeg")
    with Editor(1, executable=str(script)) as traced:
        if not traced.write_copy(works["jpeg"], temp, change("jpeg", everything("jpeg", WORDS, CAPTION))).ok:
            pytest.skip("strace may not trace here")
    calls = [line for line in log.read_text(errors="replace").splitlines() if works["jpeg"] in line]
    opened = [line for line in calls if re.search(r"\bopen(at)?\(", line)]
    assert opened and all("O_RDONLY" in line for line in opened)
    assert not [line for line in calls if re.search(r"\b(rename|unlink|truncate|chmod|utime)", line)]


# ---- names

FOLDERS = [
    "plain",
    "-all=",
    "@x",
    "#y",
    " lead",
    "per%d%f%%cent",
    "new\nline",
    "Mü日",
    'it\'s "q" $HOME',
    "two\n-all=\nx",
]


@pytest.mark.parametrize("name", FOLDERS)
def test_any_file_name(editor: Editor, works: dict[str, str], tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for container in ("jpeg", "webp", "xmp"):
        source = folder / f"{name}.{NAMES[container]}"
        shutil.copyfile(works[container], source)
        temp = folder / f".phototag-%d{name}.{NAMES[container]}"
        wished = everything(container, WORDS, CAPTION)
        assert editor.write_copy(str(source), str(temp), change(container, wished)).ok
        assert wished.items() <= held(editor, temp).items()
        assert source.read_bytes() == Path(works[container]).read_bytes()
        temp.unlink()
    new = folder / f"{name}.new.xmp"
    assert editor.write_copy(None, str(new), change("xmp", {"XMP-dc:Subject": WORDS}), seed=str(source)).ok
    assert held(editor, new)["XMP-dc:Subject"] == WORDS
    assert len(os.listdir(folder)) == 4


def test_a_name_that_is_no_text(editor: Editor, works: dict[str, str], tmp_path: Path) -> None:
    source = os.path.join(os.fsencode(tmp_path), b"latin \xfc.jpg")
    try:
        shutil.copyfile(works["jpeg"], source)
    except OSError:
        pytest.skip("this file system keeps UTF-8 names only")
    temp = os.path.join(os.fsencode(tmp_path), b".phototag-\xfc.jpg")
    assert editor.write_copy(os.fsdecode(source), os.fsdecode(temp), change("jpeg", {"XMP-dc:Subject": WORDS})).ok
    assert held(editor, os.fsdecode(temp))["XMP-dc:Subject"] == WORDS


# ---- what others read


def exempi_list(packet: str, tag: str) -> list[str]:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", packet, re.DOTALL)
    return [
        html.unescape(text) for text in re.findall(r"<rdf:li[^>]*>(.*?)</rdf:li>", found[1] if found else "", re.DOTALL)
    ]


def exempi(path: str | Path, sidecar: bool = False) -> str:
    if not shutil.which("exempi"):
        pytest.skip("needs exempi")
    command = ["exempi", *(["-X"] if sidecar else []), "-x", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exiv2(path: str | Path, key: str) -> list[str]:
    if not shutil.which("exiv2"):
        pytest.skip("needs exiv2")
    command = ["exiv2", "-K", key, "-Pt", "-q", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.rstrip("\n").split("\n")


@CONTAINERS
def test_exiv2_and_exempi_see_the_same(editor: Editor, works: dict[str, str], tmp_path: Path, container: str) -> None:
    words = ("Müller", "日本", "\U0001f600 smile", "-all=")
    caption = "Zwei Hunde über\nder Brücke \U0001f600 & <b>"
    temp = str(tmp_path / f"out.{NAMES[container]}")
    assert editor.write_copy(works[container], temp, change(container, everything(container, words, caption))).ok
    packet = exempi(temp, container == "xmp")
    assert exempi_list(packet, "dc:subject") == list(words)
    assert exempi_list(packet, "lr:hierarchicalSubject") == list(words)
    assert exempi_list(packet, "dc:description") == [caption, "alt", "vieux"]
    assert exiv2(temp, "Xmp.dc.subject") == [", ".join(words)]
    assert "\n".join(exiv2(temp, "Xmp.dc.description")).startswith(f'lang="x-default" {caption}, lang=')
    if container in ("jpeg", "tiff"):
        assert exiv2(temp, "Iptc.Application2.Keywords") == list(words)
        assert "\n".join(exiv2(temp, "Iptc.Application2.Caption")) == caption
        assert "\n".join(exiv2(temp, "Exif.Image.ImageDescription")) == caption


OLD = ["-IPTC:By-line=Jürgen", "-IPTC:City=Köln", "-IPTC:Credit=plain", "-IPTC:Keywords=Äpfel", "-IPTC:Keywords=old"]


@pytest.mark.parametrize("container", ["jpeg", "tiff"])
@pytest.mark.parametrize("charset", ["latin", "utf8"])
def test_undeclared_iptc_is_converted(editor: Editor, tmp_path: Path, container: str, charset: str) -> None:
    source = tmp_path / f"old.{NAMES[container]}"
    Image.new("RGB", (32, 32)).save(source)
    exiftool("-charset", f"iptc={charset}", *OLD, source)
    (tags,) = editor.read([str(source)])
    assert isinstance(tags, dict) and fields.undeclared(tags) == charset
    assert fields.held(tags)["IPTC:Keywords"] == ("Äpfel", "old")
    temp = str(tmp_path / f"new.{NAMES[container]}")
    wished = everything(container, ("Äpfel", "old", "日本"), "Grüße")
    assert editor.write_copy(str(source), temp, change(container, wished, iptc=charset)).ok
    (tags,) = editor.read([temp])
    assert isinstance(tags, dict) and not fields.undeclared(tags) and not fields.stale(tags)
    assert (tags["IPTC:By-line"], tags["IPTC:City"], tags["IPTC:Credit"]) == ("Jürgen", "Köln", "plain")
    assert exiv2(temp, "Iptc.Application2.Byline") == ["Jürgen"] and exiv2(temp, "Iptc.Application2.City") == ["Köln"]
    assert exiv2(temp, "Iptc.Application2.Keywords") == ["Äpfel", "old", "日本"]
    packet = exempi(temp)
    assert exempi_list(packet, "dc:creator") == ["Jürgen"] and "<photoshop:City>Köln<" in packet
    assert exempi_list(packet, "dc:subject") == ["Äpfel", "old", "日本"]


def test_iptc_in_a_character_set_that_nobody_can_read_is_left_alone(editor: Editor, tmp_path: Path) -> None:
    source, temp = tmp_path / "shifted.jpg", tmp_path / ".phototag-x.jpg"
    Image.new("RGB", (8, 8)).save(source)
    exiftool("-IPTC:CodedCharacterSet=ESC % A", "-charset", "iptc=latin", *OLD, source)
    (tags,) = editor.read([str(source)])
    assert isinstance(tags, dict) and fields.undeclared(tags)
    wished = change("jpeg", {"IPTC:Keywords": WORDS}, iptc=fields.undeclared(tags))
    done = editor.write_copy(str(source), str(temp), wished)
    assert not done.ok and "character set" in done.said and not temp.exists()


@pytest.mark.parametrize("container", ["jpeg", "tiff"])
def test_iptc_that_was_edited_last_is_not_lost(
    editor: Editor, works: dict[str, str], tmp_path: Path, container: str
) -> None:
    ours, theirs = str(tmp_path / f"1.{NAMES[container]}"), str(tmp_path / f"2.{NAMES[container]}")
    assert editor.write_copy(works[container], ours, change(container, everything(container, ("a", "b"), "ours"))).ok
    assert not stale(editor, ours), "what we write is in step"
    exiftool("-IPTC:Keywords+=theirs", "-IPTC:Caption-Abstract=mine", "-IPTC:City=Köln", ours)
    assert stale(editor, ours)
    wished: dict[str, Values] = {"XMP-xmp:Rating": ("3",)}
    assert editor.write_copy(ours, theirs, change(container, wished, stale=True)).ok
    assert not stale(editor, theirs)
    after = held(editor, theirs)
    assert after["XMP-dc:Subject"] == after["IPTC:Keywords"] == ("a", "b", "theirs")
    assert after["XMP-dc:Description"] == ("mine",) and after["XMP-photoshop:City"] == ("Köln",)
    packet = exempi(theirs)
    assert exempi_list(packet, "dc:subject") == ["a", "b", "theirs"] and ">3<" in packet
    assert exempi_list(packet, "dc:description") == ["mine", "alt", "vieux"]


def stale(editor: Editor, path: str) -> bool:
    (tags,) = editor.read([path])
    return isinstance(tags, dict) and fields.stale(tags)


def test_adobe_agrees_on_what_is_stale_in_a_tiff(editor: Editor, works: dict[str, str], tmp_path: Path) -> None:
    """A TIFF fills IPTC up to four bytes, which ExifTool's own digest forgets."""
    for length in range(1, 5):
        path = str(tmp_path / f"{length}.tif")
        word = ("x" * length,)
        wished: dict[str, Values] = {"XMP-dc:Subject": word, "IPTC:Keywords": word}
        assert editor.write_copy(works["tiff"], path, change("tiff", wished)).ok
        assert not stale(editor, path)
        exiftool("-XMP-dc:Subject=only here", path)
        assert exempi_list(exempi(path), "dc:subject") == ["only here"] and not stale(editor, path)
        exiftool("-IPTC:Keywords=only there", path)
        assert exempi_list(exempi(path), "dc:subject") == ["only there"] and stale(editor, path)


# ---- new sidecars


def test_a_new_sidecar_starts_with_what_its_file_says(
    editor: Editor, witness: Pool, works: dict[str, str], tmp_path: Path
) -> None:
    sidecar = tmp_path / "new.xmp"
    exiftool("-charset", "iptc=latin", *OLD, "-IPTC:CodedCharacterSet=", works_copy := copied(works["jpeg"], tmp_path))
    done = editor.write_copy(None, str(sidecar), change("xmp", everything("xmp", WORDS, CAPTION)), seed=works_copy)
    assert done == Written(True)
    tags = others(witness, str(sidecar), set())
    assert (tags["XMP-foo:Bar"], tags["XMP-foo:List"]) == ("baz", ["one", "two"])
    assert (tags["XMP-crs:Exposure2012"], tags["XMP-crs:UnknownThing"]) == ("+1.25", 7)
    assert tags["XMP-dc:Description-de"] == "alt" and "Own" in tags[fields.FACES]["RegionList"][0]
    assert (tags["XMP-dc:Creator"], tags["XMP-photoshop:City"]) == (["Jürgen"], "Köln")
    assert tags["XMP-photoshop:Credit"] == "me", "XMP wins"
    assert held(editor, sidecar)["XMP-dc:Subject"] == WORDS


def copied(path: str, folder: Path) -> str:
    return shutil.copyfile(path, folder / Path(path).name).__fspath__()


def test_a_new_sidecar_of_a_file_without_xmp(editor: Editor, tmp_path: Path) -> None:
    plain = tmp_path / "plain.jpg"
    Image.new("RGB", (8, 8)).save(plain)
    exiftool("-IPTC:ObjectName=Titel", "-IFD0:Artist=Künstler", plain)
    sidecar = str(tmp_path / "plain.xmp")
    assert editor.write_copy(None, sidecar, change("xmp", {"XMP-dc:Subject": WORDS}), seed=str(plain)).ok
    assert exempi_list(exempi(sidecar, sidecar=True), "dc:creator") == ["Künstler"]
    assert exempi_list(exempi(sidecar, sidecar=True), "dc:title") == ["Titel"]
    alone = str(tmp_path / "alone.xmp")
    assert editor.write_copy(None, alone, change("xmp", {"XMP-dc:Subject": WORDS})).ok
    assert held(editor, alone) == {"XMP-dc:Subject": WORDS}


def test_xmp_that_fills_several_segments_goes_into_the_sidecar_whole(editor: Editor, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    Image.new("RGB", (8, 8)).save(large)
    story = "wörd & <b> &#65; " * 6_000
    (tmp_path / "story.txt").write_text(story, encoding="utf-8")
    exiftool(f"-XMP-photoshop:History<={tmp_path / 'story.txt'}", "-XMP-photoshop:Credit=me", large)
    sidecar = str(tmp_path / "large.xmp")
    assert editor.write_copy(None, sidecar, change("xmp", {"XMP-dc:Subject": WORDS}), seed=str(large)).ok
    said = exiftool("-b", "-XMP-photoshop:History", sidecar)
    assert said == story and held(editor, sidecar)["XMP-dc:Subject"] == WORDS


def test_a_raw_file_gets_its_sidecar(editor: Editor, shared_photos: Path, tmp_path: Path) -> None:
    raws = sorted(path for path in shared_photos.rglob("*") if path.suffix.lower() in (".cr2", ".arw", ".cr3", ".dng"))
    for number, raw in enumerate(raws):
        sidecar = str(tmp_path / f"{number}.xmp")
        assert editor.write_copy(None, sidecar, change("xmp", {"XMP-dc:Subject": WORDS}), seed=str(raw)).ok
        assert held(editor, sidecar)["XMP-dc:Subject"] == WORDS


# ---- what goes wrong


def test_a_failure_leaves_no_copy(editor: Editor, works: dict[str, str], tmp_path: Path) -> None:
    empty, noise, lies = tmp_path / "empty.jpg", tmp_path / "noise.jpg", tmp_path / "lies.png"
    empty.touch()
    noise.write_bytes(bytes(range(256)) * 9)
    shutil.copyfile(works["jpeg"], lies)
    for number, source in enumerate((empty, noise, lies, tmp_path / "none.jpg", tmp_path)):
        temp = tmp_path / f".phototag-{number}{source.suffix or '.jpg'}"
        done = editor.write_copy(str(source), str(temp), change("jpeg", {"XMP-dc:Subject": WORDS}))
        assert not done.ok and done.said and not done.minor and not temp.exists()
    done = editor.write_copy(
        None, str(tmp_path / "x.xmp"), change("xmp", {"XMP-dc:Subject": WORDS}), seed=str(noise.parent)
    )
    assert not done.ok and not (tmp_path / "x.xmp").exists()


def test_a_tag_that_is_not_known_or_a_text_that_is_cut_is_a_failure(
    editor: Editor, works: dict[str, str], tmp_path: Path
) -> None:
    for wished in ({"XMP-dc:Nonsense": ("x",)}, {"IPTC:Keywords": ("x" * 65,)}, {"IFD0:Rating": ("many",)}):
        temp = fresh(tmp_path, "jpeg")
        done = editor.write_copy(works["jpeg"], temp, change("jpeg", wished | {"XMP-dc:Subject": WORDS}))
        assert not done.ok and not done.minor and not os.path.exists(temp), done


def test_a_file_in_the_way_is_left_alone(editor: Editor, works: dict[str, str], tmp_path: Path) -> None:
    temp = tmp_path / ".phototag-x.jpg"
    temp.write_bytes(b"somebody's")
    assert not editor.write_copy(works["jpeg"], str(temp), change("jpeg", {"XMP-dc:Subject": WORDS})).ok
    assert temp.read_bytes() == b"somebody's"


def test_trouble_with_the_makers_notes_asks_for_a_sidecar(editor: Editor, tmp_path: Path) -> None:
    broken = tmp_path / "maker.jpg"
    Image.new("RGB", (8, 8)).save(broken, exif=maker_notes())
    temp = str(tmp_path / ".phototag-maker.jpg")
    done = editor.write_copy(
        str(broken), temp, change("jpeg", {"XMP-dc:Subject": WORDS, "IFD0:ImageDescription": ("x",)})
    )
    assert not done.ok and done.minor and "aker" in done.said and not os.path.exists(temp)


def maker_notes() -> bytes:
    """Canon's notes with an entry that points far behind the end of everything."""
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    entries = [(0x0006, 2, 400, 0x7FFFFFF0), (0x0007, 2, 400, 0x7FFFFF00), (0x0009, 2, 320, 0x7FFFFE00)]
    packed = [b"".join(part.to_bytes(size, "big") for part, size in zip(e, (2, 2, 4, 4), strict=True)) for e in entries]
    exif.get_ifd(0x8769)[0x927C] = len(entries).to_bytes(2, "big") + b"".join(packed) + bytes(4)
    return exif.tobytes()


def test_a_file_that_takes_too_long_leaves_no_copy(tmp_path: Path) -> None:
    slow = tmp_path / "slow.jpg"
    Image.new("RGB", (8, 8)).save(slow)
    whole = slow.read_bytes()
    slow.write_bytes(whole[:2] + b"\xff\xfe\x00\x02" * 1_000_000 + whole[2:])
    with Editor(1, timeout_s=1) as hurried:
        done = hurried.write_copy(
            str(slow), str(tmp_path / ".phototag-s.jpg"), change("jpeg", {"XMP-dc:Subject": WORDS})
        )
        assert not done.ok and "longer than 1 s" in done.said
    assert os.listdir(tmp_path) == ["slow.jpg"]


def test_a_full_disk_leaves_no_copy(editor: Editor, small_disk: Path) -> None:
    large = small_disk / "large.jpg"
    large.write_bytes(b"")
    Image.effect_noise((1500, 1100), 90).save(large, quality=95)
    assert large.stat().st_size > 1 << 20
    done = editor.write_copy(str(large), str(small_disk / ".phototag-x.jpg"), change("jpeg", {"XMP-dc:Subject": WORDS}))
    assert not done.ok and done.said
    assert os.listdir(small_disk) == ["large.jpg"]


def test_threads_share_the_editor_and_closing_ends_it(works: dict[str, str], tmp_path: Path) -> None:
    with Editor(2) as shared, ThreadPoolExecutor(6) as threads:
        temps = [str(tmp_path / f"{n}.jpg") for n in range(24)]
        wishes = [change("jpeg", {"XMP-dc:Subject": (f"word {n}",)}) for n in range(24)]
        done = threads.map(lambda pair: shared.write_copy(works["jpeg"], *pair), zip(temps, wishes, strict=True))
        assert all(one.ok for one in done)
        assert [held(shared, temp)["XMP-dc:Subject"] for temp in temps] == [(f"word {n}",) for n in range(24)]
    with pytest.raises(Interrupted):
        shared.write_copy(works["jpeg"], str(tmp_path / "late.jpg"), wishes[0])
    assert not (tmp_path / "late.jpg").exists()
