"""A file full of a photographer's work goes through tag, re-tag and undo, and through other programs in between.

The decision: what ExifTool and exiv2 list of a file is compared as a whole, less only what phototag may write, so that
a field that nobody thought of is compared as well. Refused: a list of the fields that have to survive.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from phototag import api
from phototag.change import fields
from phototag.change.plan import Planned
from phototag.change.undo import Undone
from phototag.cli.plan import lines
from phototag.read.values import each
from tests.conftest import SHARED

FLAGS = {"write.settle_seconds": "0", "read.processes": "1"}
LISTS = tuple(tag for tag in fields.LISTS.values() if tag.startswith("XMP-"))
SEPARATORS = {"XMP-lr:HierarchicalSubject": "|", "XMP-digiKam:TagsList": "/"}

# What Lightroom and others leave in a file, and one namespace that no program but its maker's knows.
WORK = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
 xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/" xmlns:studio="http://studio.example/archive/2/"
 crs:Version="15.4" crs:ProcessVersion="11.0" crs:WhiteBalance="Custom" crs:Temperature="5600" crs:Tint="+7"
 crs:Exposure2012="+0.35" crs:Contrast2012="-12" crs:Clarity2012="+18" crs:HasSettings="True" crs:SomethingNew="17"
 exif:GPSLatitude="54,9.0432N" exif:GPSLongitude="11,44.7066E" photoshop:Credit="Möwenfoto"
 photoshop:City="Kühlungsborn" xmp:Rating="4" xmp:Label="Green" xmp:CreateDate="2024-08-10T11:05:30.12+02:00"
 xmp:ModifyDate="2024-08-12T08:00:00" xmp:CreatorTool="Adobe Photoshop Lightroom Classic 12.4"
 studio:Shelf="B 12 / links" studio:Sold="yes">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Sturm</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Jörg Müller</rdf:li><rdf:li>Anna Öz</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© 2024 Jörg Müller</rdf:li></rdf:Alt></dc:rights>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">A gull in the storm\nover the pier</rdf:li>
<rdf:li xml:lang="de">Eine Möwe im Sturm</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>Ostsee</rdf:li><rdf:li>Möwe</rdf:li><rdf:li>Urlaub 2024</rdf:li></rdf:Bag></dc:subject>
<lr:hierarchicalSubject><rdf:Bag><rdf:li>Orte|Deutschland|Ostsee</rdf:li><rdf:li>Tiere|Vögel|Möwe</rdf:li>
<rdf:li>Urlaub 2024</rdf:li></rdf:Bag></lr:hierarchicalSubject>
<MicrosoftPhoto:LastKeywordXMP><rdf:Bag><rdf:li>Ostsee</rdf:li><rdf:li>Möwe</rdf:li></rdf:Bag>
</MicrosoftPhoto:LastKeywordXMP>
<crs:ToneCurvePV2012><rdf:Seq><rdf:li>0, 0</rdf:li><rdf:li>64, 56</rdf:li><rdf:li>255, 255</rdf:li></rdf:Seq>
</crs:ToneCurvePV2012>
<crs:ToneCurvePV2012Red><rdf:Seq><rdf:li>0, 0</rdf:li><rdf:li>255, 250</rdf:li></rdf:Seq></crs:ToneCurvePV2012Red>
<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:when="2024-08-12T08:00:00" stEvt:changed="/metadata"/>
</rdf:Seq></xmpMM:History>
<studio:Prints><rdf:Bag><rdf:li>30 x 45</rdf:li><rdf:li>größer</rdf:li></rdf:Bag></studio:Prints>
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="96" stDim:h="64" stDim:unit="pixel"/>
<mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Anna Öz" mwg-rs:Type="Face">
<mwg-rs:Area stArea:x="0.25" stArea:y="0.5" stArea:w="0.1" stArea:h="0.15" stArea:unit="normalized"/>
</rdf:Description></rdf:li><rdf:li><rdf:Description mwg-rs:Name="Flöckchen" mwg-rs:Type="Pet">
<mwg-rs:Area stArea:x="0.75" stArea:y="0.5" stArea:w="0.1" stArea:h="0.15" stArea:unit="normalized"/>
</rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
EXIF = (
    *("-IFD0:Artist=Jörg Müller", "-IFD0:Copyright=© 2024 Jörg Müller", "-IFD0:Make=Canon", "-IFD0:Model=Canon EOS R6"),
    *("-IFD0:XPKeywords=Ostsee;Möwe", "-IFD0:XPComment=windig", "-IFD0:Rating=4", "-IFD0:RatingPercent=75"),
    *("-IFD0:ImageDescription=A gull in the storm", "-ExifIFD:LensModel=RF24-105mm F4 L IS USM", "-ExifIFD:ISO=800"),
    *("-ExifIFD:DateTimeOriginal=2024:08:10 11:05:30", "-ExifIFD:OffsetTimeOriginal=+02:00", "-ExifIFD:FNumber=8"),
    *("-ExifIFD:UserComment=Grüße", "-GPSPosition=54.15072, 11.74511", "-GPS:GPSAltitude=3"),
)
IPTC = (
    *("-IPTC:Keywords=Ostsee", "-IPTC:Keywords=Möwe", "-IPTC:Keywords=Urlaub 2024", "-IPTC:Credit=Agentur Nord"),
    *("-IPTC:By-line=Jörg Müller", "-IPTC:Urgency=3", "-IPTC:Caption-Abstract=A gull in the storm, says IPTC"),
    *("-IPTC:SpecialInstructions=nicht für Werbung", "-IPTC:CodedCharacterSet=UTF8", "-Photoshop:IPTCDigest=new"),
)
HUMAN = {"Ostsee", "Möwe", "Urlaub 2024"}
TREES = {"Orte|Deutschland|Ostsee", "Tiere|Vögel|Möwe", "Urlaub 2024"}

MADE = {"work.jpg": "work.jpg", "work.tif": "work.tif", "work.png": "work.png", "raw.nef": "raw.xmp"}
CAMERAS = {"powershot.jpg": "immich/picasa.jpg", "ixus.jpg": "imagededup/ukbench09380.jpg"}  # with maker's notes
FILES = pytest.mark.parametrize("name", [*MADE.values(), *CAMERAS])
ROOT = Path(__file__).resolve().parent.parent
PHOTO = "DSC00042.jpg"
EXIV2_LISTS = {
    "Xmp.dc.subject": "XMP-dc:Subject",
    "Xmp.lr.hierarchicalSubject": "XMP-lr:HierarchicalSubject",
    "Xmp.digiKam.TagsList": "XMP-digiKam:TagsList",
    "Iptc.Application2.Keywords": "IPTC:Keywords",
}
STEPS = ("tagged", "tagged again", "taken back once")

# What belongs to no one: when a file was saved and by what, and where in it something lies. And what is ours.
_BOOKKEEPING = re.compile(
    r"SourceFile|(File|System|ExifTool|Composite):.*|XMP-x:XMPToolkit|XMP-xmp:MetadataDate|Photoshop:IPTCDigest"
    r"|IPTC:(CodedCharacterSet|(Envelope|Application)RecordVersion)|.*(Offset|Start)s?|XMP-phototag:.*"
    r"|Xmp\.(xmp\.MetadataDate|phototag\..*)|Iptc\.(Envelope\..*|Application2\.RecordVersion)"
    r"|Exif\.Image\.(ExifTag|GPSTag|IPTCNAA|XMLPacket|ImageResources|0x8649)"
)
_KEYWORDS = {*fields.LISTS.values(), "XMP-microsoft:LastKeywordXMP", "IFD0:XPKeywords"}
_KEYWORDS |= {"Xmp.dc.subject", "Xmp.lr.hierarchicalSubject", "Xmp.digiKam.TagsList", "Iptc.Application2.Keywords"}
_KEYWORDS |= {"Xmp.MicrosoftPhoto.LastKeywordXMP", "Exif.Image.XPKeywords"}
_GAPS = ("State", "Country", "CountryCode", "City", "ProvinceState", "CountryName", "Province-State")
_GAPS += ("Country-PrimaryLocationName", "Country-PrimaryLocationCode")

Fields = dict[str, Any]


# ---- a life of files


@dataclass(frozen=True)
class Life:
    """The files at each step of one history, as bytes and as fields."""

    contents: Mapping[str, Mapping[str, bytes]]  # step -> file -> its bytes
    listed: Mapping[str, Mapping[str, Fields]]  # what ExifTool lists
    witnessed: Mapping[str, Mapping[str, Fields]]  # what exiv2 lists
    undone: Sequence[Undone]
    raw_is_as_it_was: bool
    left: list[str]  # the names of files that were not there before


@contextmanager
def stranger(home: Path) -> Iterator[None]:
    """No settings of the person whose machine this is, for phototag and for the programs that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home))
        yield


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Tag, tag again with another describer and other decisions, take that back, take everything back."""
    folder = tmp_path_factory.mktemp("archive")
    with stranger(tmp_path_factory.mktemp("home")):
        names = [*_made(folder), *_from_cameras(folder)]
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        contents, listed, witnessed = {}, {}, {}

        def look_around(step: str) -> None:
            contents[step] = {name: (folder / name).read_bytes() for name in names}
            listed[step] = _listed(folder, names)
            witnessed[step] = {name: _by_exiv2(folder / name) for name in names}

        look_around("before")
        first = api.tag([folder], flags=FLAGS)
        assert sum(first.written.values()) == len(names) and not first.refused
        look_around("tagged")
        photos = [folder / name for name in before if name != "raw.xmp"]
        api.say(photos, add=["嵐, Sturm", "gull"], remove=["animal"], caption={"en": "mine"}, flags=FLAGS)
        again = api.tag([folder], flags={**FLAGS, "look.describer": "fake", "policy.min_confidence": "0.9"})
        assert sum(again.written.values()) == len(names) and not again.refused
        look_around("tagged again")
        _, undone = api.undo([folder], last=True, flags=FLAGS)
        look_around("taken back once")
        undone += api.undo([folder], flags=FLAGS)[1]
        look_around("taken back")
        left = sorted({path.name for path in folder.iterdir()} - before.keys() - {".phototag"})
        raw = (folder / "raw.nef").read_bytes() == before["raw.nef"]
        yield Life(contents, listed, witnessed, undone, raw, left)


def _made(folder: Path) -> list[str]:
    (folder / "raw.xmp").write_text(WORK, encoding="utf-8")
    picture = Image.linear_gradient("L").resize((96, 64))
    for number, name in enumerate(MADE):
        turned = picture.rotate(90 * number, expand=True).convert("RGB")
        turned.save(folder / name, **({"format": "TIFF"} if name.endswith(".nef") else {}))
    _edit(folder, "-tagsfromfile", "raw.xmp", "-xmp", "work.jpg", "work.tif", "work.png")  # the packet as it is
    _edit(folder, *EXIF, "work.jpg", "work.tif")
    _edit(folder, *IPTC, "work.jpg", "work.tif")
    _edit(folder, "-IFD0:PhotometricInterpretation#=32803", "-IFD0:Make=NIKON CORPORATION", "raw.nef")
    return list(MADE.values())


def _from_cameras(folder: Path) -> list[str]:
    """Photos with maker's notes, into which the same work is put."""
    if not SHARED.is_dir():
        return []
    for name, original in CAMERAS.items():
        shutil.copyfile(SHARED / original, folder / name)
    _edit(folder, "-tagsfromfile", "raw.xmp", "-xmp", *CAMERAS)
    _edit(folder, *IPTC, *CAMERAS)
    return list(CAMERAS)


def _edit(folder: Path, *arguments: str) -> None:
    charsets = ("-charset", "filename=utf8", "-charset", "exif=utf8")
    subprocess.run(["exiftool", "-q", "-overwrite_original", *charsets, *arguments], cwd=folder, check=True)


def _listed(folder: Path, names: Sequence[str]) -> dict[str, Fields]:
    """All that ExifTool finds in each file, unknown tags too."""
    command = ["exiftool", "-config", "", "-j", "-a", "-u", "-n", "-G1", "-struct", *names]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    answers = json.loads(done.stdout, parse_int=str, parse_float=str)
    return {answer["SourceFile"]: answer for answer in answers}


def _by_exiv2(path: Path) -> Fields:
    """All that exiv2 finds in XMP and IPTC, and in EXIF where the file has some; {} where there is no exiv2."""
    if not shutil.which("exiv2"):
        return {}
    asked = "-PXkv" if path.suffix == ".xmp" else "-PXIEkv"
    done = subprocess.run(["exiv2", "-q", asked, str(path)], capture_output=True, check=False)
    text = done.stdout.decode("utf-8", "replace")
    parts = re.split(r"^((?:Xmp|Iptc|Exif)\.\S+) *", text, flags=re.MULTILINE)
    found: dict[str, list[str]] = {}
    for key, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(key, []).append(value)
    return found


# ---- what has to be true of it


@FILES
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("reader", ["exiftool", "exiv2"])
def test_every_field_that_is_not_ours_is_the_same(life: Life, name: str, step: str, reader: str) -> None:
    said = life.listed if reader == "exiftool" else life.witnessed
    before, now = _of(said["before"], name), _of(said[step], name)
    if not before:
        pytest.skip("needs exiv2")
    theirs = {tag: value for tag, value in before.items() if not _is_ours(tag)}
    assert len(theirs) > 30
    assert {tag: now.get(tag) for tag in theirs} == theirs
    new = {tag for tag in now if tag not in before and not _is_ours(tag)}
    assert {tag for tag in new if not re.split(r"[.:]", tag)[-1].endswith(_GAPS)} == set()


def _is_ours(tag: str) -> bool:
    return bool(_BOOKKEEPING.fullmatch(tag)) or tag in _KEYWORDS


@FILES
@pytest.mark.parametrize("step", STEPS)
def test_every_list_has_all_of_the_persons_keywords(life: Life, name: str, step: str) -> None:
    now = _of(life.listed[step], name)
    leaves = {tag: {_leaf(tag, item) for item in now[tag]} for tag in (*LISTS, "XMP-microsoft:LastKeywordXMP")}
    if "IPTC:By-line" in now:
        leaves["IPTC:Keywords"] = set(now["IPTC:Keywords"])
    if "IFD0:XPKeywords" in now:
        leaves["IFD0:XPKeywords"] = set(now["IFD0:XPKeywords"].split(";"))
    assert all(found == leaves["XMP-dc:Subject"] for found in leaves.values())
    assert leaves["XMP-dc:Subject"] > HUMAN
    assert set(now["XMP-lr:HierarchicalSubject"]) >= TREES
    assert set(now["XMP-digiKam:TagsList"]) >= {tree.replace("|", "/") for tree in TREES}
    assert not HUMAN & set(now.get("XMP-phototag:MachineKeywords", ()))


@FILES
def test_another_model_and_other_words_change_our_keywords_alone(life: Life, name: str) -> None:
    first, second = (set(_of(life.listed[step], name)["XMP-dc:Subject"]) for step in STEPS[:2])
    assert "animal" in first - second and "嵐 Sturm" in second - first
    assert "gull" not in first | second  # that is what the person calls a Möwe


@FILES
def test_undo_goes_back_step_by_step_and_byte_for_byte(life: Life, name: str) -> None:
    steps = [_of(life.contents[step], name) for step in ("before", *STEPS, "taken back")]
    before, tagged, again, once, back = steps
    assert len({before, tagged, again}) == 3
    assert once == tagged and back == before


def test_undo_says_so_and_leaves_nothing_behind(life: Life) -> None:
    files = len(life.contents["before"])
    assert [one.how for one in life.undone] == ["bytes"] * (2 * files)
    assert life.raw_is_as_it_was and not life.left


def _leaf(tag: str, item: str) -> str:
    return item.rpartition(SEPARATORS.get(tag, "/" if "Last" in tag else "\0"))[2]


def _of(step: Mapping[str, Any], name: str) -> Any:
    if name not in step:
        pytest.skip("no ../shared/photos beside the project")
    return step[name]


# ---- other programs in between


@pytest.fixture(scope="module")
def tagged_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one photo and its library, tagged for the first time; its original beside it, for comparison."""
    folder = tmp_path_factory.mktemp("once")
    with stranger(tmp_path_factory.mktemp("home")):
        shutil.copyfile(ROOT / "tests" / "photos" / PHOTO, folder / PHOTO)
        done = api.tag([folder], flags=FLAGS)
        assert dict(done.written) == {"embed": 1}
    assert {"night", "winter"} <= _words(folder / PHOTO)["XMP-dc:Subject"]
    return folder


@pytest.fixture
def photo(tagged_once: Path, tmp_path: Path) -> Path:
    """The tagged photo in a library of its own."""
    if not shutil.which("exiv2"):
        pytest.skip("needs exiv2")
    shutil.copytree(tagged_once, tmp_path / "mine")
    return tmp_path / "mine" / PHOTO


def exiv2(path: Path, *commands: str) -> None:
    subprocess.run(["exiv2", *(word for one in commands for word in ("-M", one)), str(path)], check=True)


def _without(path: Path, word: str, key: str) -> list[str]:
    """The commands by which exiv2 takes a word out of one list."""
    kind, verb = ("String", "add") if key.startswith("Iptc") else ("XmpBag", "set")
    (now,) = _listed(path.parent, [path.name]).values()
    items = [item for item in now[EXIV2_LISTS[key]] if _leaf(EXIV2_LISTS[key], item) != word]
    return [f"del {key}", *(f"{verb} {key} {kind} {item}" for item in items)]


def _words(path: Path) -> dict[str, set[str]]:
    """The leaves of every keyword list, and what counts as a machine's."""
    (now,) = _listed(path.parent, [path.name]).values()
    tags = (*fields.LISTS.values(), "XMP-phototag:MachineKeywords")
    return {tag: {_leaf(tag, item) for item in each(now.get(tag, []))} for tag in tags}


def _plan(path: Path, **flags: str) -> str:
    """Tag, and what the plan says that a person would read."""
    said: list[str] = []

    def show(planned: Planned) -> None:
        said.extend(lines(planned))

    done = api.tag([path], show=show, flags={**FLAGS, **flags})
    assert not done.refused
    return "\n".join(said)


@pytest.mark.parametrize("where", ["one list", "every list"])
def test_a_keyword_that_another_program_deleted_comes_back_only_when_the_person_asks(photo: Path, where: str) -> None:
    keys = [*EXIV2_LISTS] if where == "every list" else ["Xmp.dc.subject"]
    exiv2(photo, *(command for key in keys for command in _without(photo, "night", key)))
    for flags in ({}, {"look.describer": "fake"}):
        assert not any("night" in line for line in _plan(photo, **flags).splitlines() if line.startswith("  + "))
        assert not any("night" in words for words in _words(photo).values())
    api.say([photo], add=["night"], flags=FLAGS)
    assert "+ night" in _plan(photo)
    found = _words(photo)
    assert "night" not in found.pop("XMP-phototag:MachineKeywords")
    assert all("night" in words for words in found.values())
    assert _plan(photo) == ""


def test_a_keyword_that_another_program_added_stays_through_tagging_and_undo(photo: Path) -> None:
    before = set(_words(photo)["XMP-dc:Subject"])
    exiv2(photo, "set Xmp.dc.subject XmpBag Leuchtturm")
    edited = photo.read_bytes()
    assert "Leuchtturm" not in _plan(photo, **{"look.describer": "fake"}).partition("\n  + ")[2]
    found = _words(photo)
    assert "Leuchtturm" not in found.pop("XMP-phototag:MachineKeywords")
    assert all("Leuchtturm" in words for words in found.values())
    newer, older = api.undo([photo], flags=FLAGS)[1]
    assert (newer.how, older.how) == ("bytes", "fields")
    assert edited != photo.read_bytes()
    assert "XMP-dc:Subject" in older.fields and not older.kept
    found = _words(photo)
    assert found.pop("XMP-dc:Subject") == {"Leuchtturm"}
    assert before and not any(found.values())


def test_an_edited_caption_stays_and_undo_refuses_it_by_name(photo: Path) -> None:
    exiv2(photo, "set Xmp.dc.description lang=x-default Mein Schiff\nbei Nacht")
    api.say([photo], caption={"en": "A ship"}, flags=FLAGS)
    for flags in ({}, {"look.describer": "fake"}):
        assert "A ship" not in _plan(photo, **flags)
        assert _caption(photo) == "Mein Schiff\nbei Nacht"
    undone = api.undo([photo], flags=FLAGS)[1]
    assert undone[-1].how == "fields" and undone[-1].kept == ("XMP-dc:Description",)
    assert "XMP-dc:Description" in undone[-1].why
    assert _caption(photo) == "Mein Schiff\nbei Nacht"
    (now,) = _listed(photo.parent, [photo.name]).values()
    assert not {"IPTC:Caption-Abstract", "IFD0:ImageDescription", "XMP-dc:Subject"} & set(now)


def test_fields_that_others_wrote_since_stay_when_ours_go(photo: Path) -> None:
    exiv2(photo, "set Xmp.xmp.Rating 5", "set Xmp.photoshop.Headline Nachts", "set Iptc.Application2.Credit String me")
    (one,) = api.undo([photo], flags=FLAGS)[1]
    assert one.how == "fields" and not one.kept
    original = ROOT / "tests" / "photos"
    (before,), (now,) = (_listed(folder, [PHOTO]).values() for folder in (original, photo.parent))
    theirs = {"XMP-xmp:Rating": "5", "XMP-photoshop:Headline": "Nachts", "IPTC:Credit": "me"}
    theirs |= {"XMP-photoshop:Credit": "me"}  # exiv2 wrote it to the IPTC alone, and Adobe would show that
    assert _kept(now) == _kept(before) | theirs


def _kept(listed: Fields) -> Fields:
    return {tag: value for tag, value in listed.items() if not _BOOKKEEPING.fullmatch(tag)}


def _caption(path: Path) -> str:
    (now,) = _listed(path.parent, [path.name]).values()
    return str(now["XMP-dc:Description"])


# ---- the keywords of Windows, which hold letters that ExifTool cannot write


def test_a_letter_that_windows_keywords_cannot_take_stops_nothing(photo: Path) -> None:
    _edit(photo.parent, "-IFD0:XPKeywords=Nordsee", photo.name)
    api.say([photo], add=["🐦 bird"], flags=FLAGS)
    assert "🐦 bird" in _plan(photo)
    assert all("🐦 bird" in words for tag, words in _words(photo).items() if not tag.startswith("XMP-phototag"))
    assert all("Nordsee" in words for tag, words in _words(photo).items() if not tag.startswith("XMP-phototag"))


def test_a_letter_that_exiftool_cannot_read_in_windows_keywords_stays_as_it_is(photo: Path) -> None:
    letters = "🐦;Nordsee\0".encode("utf-16-le")
    exiv2(photo, f"set Exif.Image.XPKeywords Byte {' '.join(map(str, letters))}")
    api.say([photo], add=["Boot 7"], flags=FLAGS)
    assert "+ Boot 7\n" in _plan(photo)
    done = subprocess.run(["exiv2", "-K", "Exif.Image.XPKeywords", "-Pv", str(photo)], capture_output=True, check=True)
    assert "🐦;Nordsee".encode("utf-16-le") in bytes(map(int, done.stdout.split()))
    assert not any("?" in word for words in _words(photo).values() for word in words)
