"""Readers that no one here wrote see what was decided: every keyword, every caption, every place, letter by letter.

The decision: the witnesses are ExifTool started afresh, exiv2, and exempi (Adobe's own toolkit), asked of files that
`api.tag` has written; what they say is put into one form and has to be equal. Refused: reading back with our own code.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest
from PIL import Image

from phototag import api, resources, vocabulary
from phototag.records import Decision
from tests.conftest import SHARED

WORDS = ("Grüße aus Köln", "東京", "🎂 Fest", 'O\'Hara & "Söhne" <b>', "cat", "airplane")
PATHS = ("animal|mammal|cat", "animal|mammal", "animal", "vehicle|airplane", "vehicle")
CAPTION = 'Kaffee für Jürgen: "schön" & <gut>\n東京タワー, 🎂 und $5 @home\n\n-all='
FLAGS = {"write.settle_seconds": "0", "read.processes": "1"}

# File -> where the tags go and what may be said there: iptc and exif beside XMP, or tiff as a sidecar says it.
MADE = {
    "photo.jpg": ("photo.jpg", "iptc exif"),
    "scan.tif": ("scan.tif", "iptc exif"),
    "drawing.png": ("drawing.png", ""),
    "web.webp": ("web.webp", ""),
    "phone.heic": ("phone.heic", ""),
    "adobe.dng": ("adobe.dng", "exif"),
    "nikon.nef": ("nikon.xmp", "tiff"),
}
CAMERAS = {
    "notes.dng": ("pigallery2/test.dng", "notes.dng.xmp", "tiff"),  # ExifTool fears for its maker's notes
    "iphone.heic": ("immich/IMG_2682.heic", "iphone.heic", ""),
    "libheif.heic": ("rclip/bee.heic", "libheif.heic.xmp", "tiff"),  # exiv2 would not see a new packet in such a file
    "sample.avif": ("immich/8bit-sRGB.avif", "sample.avif", ""),
}
PHOTOS = pytest.mark.parametrize("photo", [*MADE, *CAMERAS])

# What each reader calls it, in the order ExifTool, exiv2, exempi; "" where the reader does not show it apart.
NAMES = {
    "subject": ("XMP-dc:Subject", "Xmp.dc.subject", "dc:subject"),
    "hierarchy": ("XMP-lr:HierarchicalSubject", "Xmp.lr.hierarchicalSubject", "lr:hierarchicalSubject"),
    "tagslist": ("XMP-digiKam:TagsList", "Xmp.digiKam.TagsList", "digiKam:TagsList"),
    "caption": ("XMP-dc:Description", "Xmp.dc.description", "dc:description"),
    "city": ("XMP-photoshop:City", "Xmp.photoshop.City", "photoshop:City"),
    "state": ("XMP-photoshop:State", "Xmp.photoshop.State", "photoshop:State"),
    "country": ("XMP-photoshop:Country", "Xmp.photoshop.Country", "photoshop:Country"),
    "country_code": ("XMP-iptcCore:CountryCode", "Xmp.iptc.CountryCode", "Iptc4xmpCore:CountryCode"),
    "iptc subject": ("IPTC:Keywords", "Iptc.Application2.Keywords", ""),
    "iptc caption": ("IPTC:Caption-Abstract", "Iptc.Application2.Caption", ""),
    "iptc city": ("IPTC:City", "Iptc.Application2.City", ""),
    "iptc state": ("IPTC:Province-State", "Iptc.Application2.ProvinceState", ""),
    "iptc country": ("IPTC:Country-PrimaryLocationName", "Iptc.Application2.CountryName", ""),
    "iptc country_code": ("IPTC:Country-PrimaryLocationCode", "Iptc.Application2.CountryCode", ""),
    "exif caption": ("IFD0:ImageDescription", "Exif.Image.ImageDescription", ""),
    "tiff caption": ("XMP-tiff:ImageDescription", "Xmp.tiff.ImageDescription", ""),
}
LISTS = ("subject", "hierarchy", "tagslist")
Seen = dict[str, Any]

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 exif:GPSLatitude="52,30.97632N" exif:GPSLongitude="13,22.66332E"/></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True)
class Tagged:
    """One photo after the run: where its tags went, and what had been decided."""

    path: Path
    original: bytes
    now: bytes
    expected: Seen


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Tagged]]:
    """Every photo, tagged in one run after a person had said some words."""
    folder = tmp_path_factory.mktemp("photos")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
            patch.setenv(name, str(home))
        made = {**_made(folder), **_from_cameras(folder)}
        before = {name: (folder / name).read_bytes() for name in made}
        photos = [folder / name for name in made]
        api.scan(folder, flags=FLAGS)
        api.say(photos, add=WORDS, caption={"en": CAPTION}, flags=FLAGS)
        done = api.tag([folder], flags=FLAGS)
        assert not done.refused and sum(done.written.values()) == len(made)
        decisions = {one.files[0].path: one.decision for one in api.show(photos)}
        yield {
            name: Tagged(
                folder / target, before[name], (folder / name).read_bytes(), _expected(decisions[name], also.split())
            )
            for name, (target, also) in made.items()
        }


def _made(folder: Path) -> dict[str, tuple[str, str]]:
    """Small pictures of one pattern each, taken at the Brandenburg Gate."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    dice = numpy.random.default_rng(7)
    for name in MADE:
        picture = Image.fromarray(dice.integers(0, 255, (6, 8, 3), dtype=numpy.uint8)).resize((96, 64))
        raw = {"format": "TIFF"} if name.endswith((".dng", ".nef")) else {}
        picture.save(folder / name, **raw, **({"xmp": PACKET.encode()} if name.endswith(".heic") else {}))
    (folder / "packet.xmp").write_text(PACKET, encoding="utf-8")
    # No EXIF into a WebP: where ExifTool 12.57 makes that, exempi reads nothing at all, not even untouched XMP.
    _edit(folder, "-tagsfromfile", "packet.xmp", "-XMP:all", "web.webp", "drawing.png")
    _edit(folder, "-GPSPosition=52.516272, 13.377722", "photo.jpg", "scan.tif", "adobe.dng", "nikon.nef")
    _edit(folder, "-DNGVersion=1.4.0.0", "-IFD0:Make=Leica", "adobe.dng")
    _edit(folder, "-IFD0:PhotometricInterpretation#=32803", "-IFD0:Make=NIKON CORPORATION", "nikon.nef")
    (folder / "packet.xmp").unlink()
    return MADE


def _from_cameras(folder: Path) -> dict[str, tuple[str, str]]:
    if not SHARED.is_dir():
        return {}
    for name, (original, _, _) in CAMERAS.items():
        shutil.copyfile(SHARED / original, folder / name)
    return {name: (target, also) for name, (_, target, also) in CAMERAS.items()}


def _edit(folder: Path, *arguments: str) -> None:
    subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments], cwd=folder, check=True)


def _expected(decision: Decision | None, also: list[str]) -> Seen:
    """What readers shall see, from the decision and the vocabulary's tree alone."""
    assert decision
    words = vocabulary.load(resources.vocabulary_file(), [])
    terms = [tag.term for tag in decision.tags]
    trees = [[*reversed([up for up in words.ancestors(term) if up in terms]), term] for term in terms]
    assert set(WORDS) <= set(terms) and set(PATHS) <= {"|".join(tree) for tree in trees}
    place = {part: name for part, name in decision.place.items() if f"iptc {part}" in NAMES}
    seen: Seen = {
        "subject": sorted(terms),
        "hierarchy": sorted("|".join(tree) for tree in trees),
        "tagslist": sorted("/".join(tree) for tree in trees),
        "caption": CAPTION,
        **place,
    }
    if "iptc" in also:
        seen |= {f"iptc {name}": seen[name] for name in ("subject", "caption", *place)}
    return seen | {f"{other} caption": CAPTION for other in also if other != "iptc"}


# ---- the witnesses


def exiftool(path: Path) -> Seen:
    command = ["exiftool", "-config", "", "-j", "-a", "-G1", "-struct", "-all", str(path)]
    (answer,) = json.loads(_said(command), parse_int=str, parse_float=str)
    return _named(0, answer)


def exiv2(path: Path) -> Seen:
    """Lists come as one line of commas; of IPTC, every keyword has a line of its own. EXIF of a sidecar it makes up."""
    asked = "-PXkv" if path.suffix == ".xmp" else "-PXIEkv"
    parts = re.split(r"^((?:Xmp|Iptc|Exif)\.\S+) +", _said(["exiv2", "-q", asked, str(path)]), flags=re.MULTILINE)
    found: Seen = {}
    for key, value in zip(parts[1::2], parts[2::2], strict=True):
        text = value.removesuffix("\n").removeprefix('lang="x-default" ')
        if key == NAMES["iptc subject"][1]:
            found.setdefault(key, []).append(text)
        else:
            found[key] = text.split(", ") if key in {NAMES[name][1] for name in LISTS} else text
    return _named(1, found)


def exempi(path: Path) -> Seen:
    as_sidecar = ["-X"] if path.suffix == ".xmp" else []
    _, _, packet = _said(["exempi", *as_sidecar, "-x", str(path)]).partition("\n")
    spaces: dict[str, str] = dict(re.findall(r'xmlns:(\w+)="([^"]*)"', packet))
    names = {f"{{{uri}}}": f"{prefix}:" for prefix, uri in spaces.items()}
    found: Seen = {}
    for node in ElementTree.fromstring(packet).iter():
        uri, brace, local = node.tag.partition("}")
        name = names[uri + brace] + local
        items = [item.text or "" for item in node.findall("*/rdf:li", spaces)]
        is_text = not items or node.find("rdf:Alt", spaces) is not None
        found[name] = "".join(items[:1] or [node.text or ""]) if is_text else items
    return _named(2, found)


def _said(command: list[str]) -> str:
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return done.stdout.decode("utf-8", "replace").replace("\r", "\\r")


def _named(reader: int, found: Seen) -> Seen:
    """What the reader said, under our names; the order of a list does not matter."""
    own = {name: found[names[reader]] for name, names in NAMES.items() if names[reader] in found}
    own |= {name: own[name].rstrip() for name in ("country_code", "iptc country_code") if name in own}
    return {name: sorted(value) if isinstance(value, list) else value for name, value in own.items()}


READERS: dict[str, Callable[[Path], Seen]] = {"exiftool": exiftool, "exiv2": exiv2, "exempi": exempi}


# ---- what they see


@PHOTOS
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_sees_exactly_what_was_decided(tagged: Mapping[str, Tagged], photo: str, reader: str) -> None:
    one = _one(tagged, photo)
    shown = {name for name, names in NAMES.items() if names[tuple(READERS).index(reader)]}
    assert READERS[reader](one.path) == {name: value for name, value in one.expected.items() if name in shown}


@PHOTOS
def test_a_raw_is_left_alone_and_everything_else_is_written_into(tagged: Mapping[str, Tagged], photo: str) -> None:
    one = _one(tagged, photo)
    assert (one.now == one.original) == (one.path.suffix == ".xmp")


def test_what_was_written_is_the_persons_words_and_the_place(tagged: Mapping[str, Tagged]) -> None:
    for name in MADE:
        seen = tagged[name].expected
        assert set(WORDS) <= set(seen["subject"]) and set(PATHS) <= set(seen["hierarchy"]), name
        assert (seen["city"], seen["country"], seen["country_code"]) == ("Berlin", "Germany", "DE"), name


@pytest.mark.parametrize("photo", ["photo.jpg", "scan.tif"])
def test_iptc_is_declared_and_adobe_goes_on_believing_the_xmp(
    tagged: Mapping[str, Tagged], photo: str, tmp_path: Path
) -> None:
    """Were the digest of the IPTC stale, Adobe's toolkit would show the IPTC and lose what is in XMP alone."""
    copy = tmp_path / photo
    copy.write_bytes(tagged[photo].now)
    assert _said(["exiftool", "-s3", "-IPTC:CodedCharacterSet", str(copy)]).strip() == "UTF8"
    _edit(tmp_path, "-XMP-photoshop:City=Potsdam", photo)
    assert exempi(copy)["city"] == "Potsdam" and exempi(copy)["subject"] == tagged[photo].expected["subject"]


def _one(tagged: Mapping[str, Tagged], photo: str) -> Tagged:
    if photo not in tagged:
        pytest.skip("no ../shared/photos beside the project")
    return tagged[photo]
