"""What a person put into a copy is never lost with it: it is taken over, or the copy stays and says why."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from phototag import api
from phototag.cli import run
from phototag.decide.keeper import Print, clusters
from phototag.decide.keeper_inherits import inherited
from phototag.decide.keeper_own import own
from phototag.errors import UsageError
from phototag.read.values import sum_of
from phototag.records import Facts, Region
from phototag.settings_duplicates import RULES, Duplicates
from tests.test_duplicates import a_print, found_in, picture, told
from tests.writing import LONG_AGO, contents, exiftool

_FACES = "-XMP-mwg-rs:RegionInfo={{AppliedToDimensions={{W=640,H=480,Unit=pixel}},RegionList=[{{Area={{X=0.4,Y=0.4,W=0.2,H=0.2,Unit=normalized}},Name={},Type=Face}}]}}"  # noqa: E501
_FORMAT = "-XMP-dc:Format=image/jpeg"  # nobody's word, and another file
_BEST = "-XMP-mwg-coll:Collections={CollectionName=Best}"
# The name of a copy -> what is put into it, and the reason for which it stays.
_MARKS: dict[str, tuple[tuple[str, ...], str]] = {
    "album": ((_BEST,), "it is in the album Best"),
    "albums": (
        ("-XMP-mwg-coll:Collections={CollectionName=Mine}", _BEST.replace("Best", "Zoo")),
        "it is in the album Zoo",
    ),
    "tongues": (("-XMP-dc:Description=sea", "-XMP-dc:Description-de=See"), "its caption is not that of the kept one"),
    "title": (("-XMP-dc:Title=The sea",), "its title is not that of the kept one: The sea"),
    "titel": (("-XMP-dc:Title-de=Meer",), "its title is not that of the kept one: Meer"),
    "headline": (("-XMP-photoshop:Headline=Storm",), "its headline"),
    "instruction": (("-XMP-photoshop:Instructions=not before May",), "its instruction"),
    "creator": (("-XMP-dc:Creator=Eve",), "its creator is not that of the kept one: Eve"),
    "copyright": (("-IFD0:Copyright=(c) Eve",), "its copyright"),
    "face": ((_FACES.format("Bob"),), "it names Bob"),
    "person": (("-XMP-iptcExt:PersonInImage=Zoe",), "it names Zoe"),
    "label": (("-XMP-xmp:Label=Red",), "its label is not that of the kept one: Red"),
    "flag": (("-XMP-digiKam:PickLabel=3",), "it is flagged as picked"),
    "reject": (("-XMP-xmp:Rating=-1",), "it is rated as a reject"),
    "place": (("-XMP-photoshop:City=Bonn",), "its place is not that of the kept one: Bonn"),
}
# What is nothing: a camera's words, and what the kept one says as well.
_NOTHING: dict[str, tuple[str, ...]] = {
    "plain": (),
    "camera": ("-IFD0:ImageDescription=OLYMPUS DIGITAL CAMERA", "-IFD0:Software=Ver.1.00", "-XMP-digiKam:PickLabel=0"),
    "same": ("-XMP-mwg-coll:Collections={CollectionName=mine}", "-IFD0:Artist=Anna ", _FACES.format("Anna")),
    "unflagged": ("-XMP-digiKam:ColorLabel=0", "-XMP-dc:Title="),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A picture of a person, kept because it is the oldest."""
    kept = picture(tmp_path / "photos" / "a.jpg")
    album = "-XMP-mwg-coll:Collections={CollectionName=Mine,CollectionURI=x}"
    exiftool("-overwrite_original", album, "-XMP-dc:Creator=Anna", _FACES.format("Anna"), str(kept))
    os.utime(kept, (LONG_AGO - 9, LONG_AGO - 9))
    return kept.parent


def copied(root: Path, name: str, *arguments: str) -> Path:
    copy = shutil.copy2(root / "a.jpg", root / f"{name}.jpg")
    exiftool("-overwrite_original", *arguments, _FORMAT, str(copy))
    os.utime(copy, (LONG_AGO, LONG_AGO))
    return Path(copy)


def older(root: Path, **options: Any) -> Any:
    return found_in(root, flags={"duplicates.keep": "older"}, **options)


def reasons(found: Any) -> dict[str, str]:
    return {one.print.path.removesuffix(".jpg"): one.stays for one in found.groups[0].cluster.others}


def test_what_the_kept_one_cannot_take_over_stays_and_says_why(root: Path) -> None:
    marks = {name: arguments for name, (arguments, _) in _MARKS.items()} | _NOTHING
    copies = [(shutil.copy2(root / "a.jpg", root / f"{name}.jpg"), arguments) for name, arguments in marks.items()]
    words = (word for copy, arguments in copies for word in (*arguments, _FORMAT, str(copy), "-execute"))
    exiftool(*words, "-common_args", "-overwrite_original")
    for copy, _ in copies:
        os.utime(copy, (LONG_AGO, LONG_AGO))
    before = contents(root)
    found = older(root, quarantine=True)
    said = reasons(found)
    assert found.groups[0].cluster.keeper.path == "a.jpg"
    assert {name: why for name, (_, why) in _MARKS.items() if not said[name].startswith(why)} == {}, said
    assert {name for name, why in said.items() if not why} == set(_NOTHING)
    assert sorted(path.removesuffix(".jpg") for path, _ in found.gone.moved) == sorted(_NOTHING)
    api.undo([found.batch], library=root)
    assert contents(root) == before


def test_what_a_sidecar_says_of_a_copy_counts_as_well(root: Path) -> None:
    for name, text in (("one", "-XMP-mwg-coll:Collections={CollectionName=Best}"), ("two", "-XMP-dc:Subject=Oma")):
        shutil.copy2(root / "a.jpg", root / f"{name}.jpg")
        exiftool(text, str(root / f"{name}.xmp"))
    found = older(root)
    assert reasons(found) == {"one": "it is in the album Best, and the kept one is not", "two": ""}
    assert found.groups[0].inheritance.keywords == (("Oma",),)


def test_of_two_captions_one_fills_the_gap_and_the_other_one_stays(root: Path) -> None:
    copied(root, "b", "-XMP-dc:Description=Am See")
    copied(root, "c", "-XMP-dc:Description=Am Meer")
    copied(root, "d", "-XMP-dc:Description=am  see")
    found = older(root)
    assert reasons(found) == {"b": "", "c": "its caption is not that of the kept one: Am Meer", "d": ""}
    assert found.groups[0].inheritance.caption == "Am See"


def test_what_was_taken_over_is_a_persons_and_not_ours(root: Path) -> None:
    """Marked as ours, the next `tag` would replace it, and no search by stars would find it."""
    copied(root, "b", "-XMP-dc:Description=Am See", "-XMP-xmp:Rating=4")
    assert older(root, quarantine=True).gone.refused == []
    kept = next(iter(api.open(root).files("path", ["a.jpg"]))).facts
    assert (kept.caption, kept.rating) == ("Am See", 4)


def test_a_persons_caption_takes_the_place_of_a_machines(root: Path) -> None:
    mark = f"-XMP-phototag:MachineFields=caption={sum_of('a sea')}"
    config = Path(api.__file__).parent / "change" / "exiftool.config"
    said = ("-XMP-dc:Description=a sea", mark, "-overwrite_original", str(root / "a.jpg"))
    subprocess.run(["exiftool", "-config", config, "-q", *said], check=True)
    os.utime(root / "a.jpg", (LONG_AGO - 9, LONG_AGO - 9))
    copied(root, "b", "-XMP-dc:Description=Am See")
    found = older(root, quarantine=True)
    assert len(found.gone.moved) == 1
    assert exiftool("-s3", "-XMP-dc:Description", str(root / "a.jpg")).strip() == "Am See"


def test_where_something_stands_in_the_way_nothing_goes(root: Path) -> None:
    exiftool("-overwrite_original", "-XMP-xmp:Rating=-1", str(root / "a.jpg"))
    os.utime(root / "a.jpg", (LONG_AGO - 9, LONG_AGO - 9))
    copied(root, "b", "-XMP-xmp:Rating=4")
    before = contents(root)
    found = older(root, quarantine=True)
    assert "cannot take the rating" in found.groups[0].refused and contents(root) == before


# ---- for any words

_OWN = st.frozensets(st.tuples(st.sampled_from(("album", "caption", "title")), st.sampled_from("abA")), max_size=4)


@given(st.lists(_OWN, min_size=2, max_size=6))
def test_everything_that_goes_is_said_by_the_kept_one_afterwards(said: list[frozenset[tuple[str, str]]]) -> None:
    prints = [a_print(f"{number}", own=one) for number, one in enumerate(said)]
    for cluster in clusters(prints, RULES, 6):
        facts = [_facts(one.print) for one in cluster.going]
        taken = inherited([_facts(cluster.keeper)], facts).caption
        kept = cluster.keeper.own | ({("caption", taken)} if taken else frozenset())
        folded = {(kind, text.lower()) for kind, text in kept}
        for one in cluster.going:
            assert {(kind, text.lower()) for kind, text in one.print.own} <= folded


def _facts(one: Print) -> Facts:
    captions = sorted(text for kind, text in one.own if kind == "caption")
    return Facts(caption=captions[0] if captions else None)


def test_marks_of_ours_are_not_a_persons() -> None:
    facts = Facts(label="Red", rating=-1, regions=(Region("", "Face", 0.5, 0.5, 0.1, 0.1),))
    tags = {"XMP-digiKam:PickLabel": "1"}
    assert {kind for kind, _ in own(facts, tags)} == {"label", "rating", "flag"}
    marks = [f"culled_label={sum_of('Red')}", f"culled_rating={sum_of('-1')}", f"culled_flag={sum_of('1')}"]
    assert list(own(facts, tags | {"XMP-phototag:MachineFields": marks})) == []


# ---- which one is kept


@given(st.permutations(RULES), st.integers(0, len(RULES)))
def test_rules_that_are_left_out_follow_in_their_order(rules: list[str], count: int) -> None:
    order = Duplicates(keep=tuple(rules[:count])).order
    assert order[:count] == tuple(rules[:count]) and sorted(order) == sorted(RULES)
    assert [rule for rule in RULES if rule in order[count:]] == list(order[count:])


def test_a_poor_copy_is_not_kept_for_want_of_a_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "z" / "original.jpg")
    poor = picture(tmp_path / "a.jpg")
    Image.open(tmp_path / "z" / "original.jpg").save(poor, quality=40)
    os.utime(poor, (LONG_AGO, LONG_AGO))
    for keep in ("raw,resolution", "metadata", "raw"):
        assert told(found_in(tmp_path, flags={"duplicates.keep": keep}))[0][1] == "z/original.jpg"
    with pytest.raises(UsageError, match="names edited twice"):
        found_in(tmp_path, flags={"duplicates.keep": "edited,raw,edited"})
    assert run(["duplicates", str(poor)]) == 2
    assert "is not a folder" in (said := capsys.readouterr().err) and "Name a folder" in said


def test_a_run_and_its_undo_change_no_choice(root: Path) -> None:
    for name, seconds in (("b", 5), ("c", 3)):
        copied(root, name, "-XMP-dc:Subject=Oma")
        os.utime(root / f"{name}.jpg", (LONG_AGO + seconds, LONG_AGO + seconds))
    first = older(root, quarantine=True)
    assert first.groups[0].cluster.keeper.path == "a.jpg" and len(first.gone.moved) == 2
    api.undo([first.batch], library=root)
    assert (root / "a.jpg").stat().st_mtime > LONG_AGO + 9, "saved anew"
    assert older(root).groups[0].cluster.keeper.path == "a.jpg"


def test_pictures_that_only_gps_time_dates_are_told_apart_by_it(tmp_path: Path) -> None:
    for number, second in enumerate((1, 1, 9)):
        moment = {"GPS__GPSDateStamp": "2024:05:04", "GPS__GPSTimeStamp": f"12:00:0{second}"}
        picture(tmp_path / f"p{number}" / f"x{'yz'[number // 2]}.jpg", 1, (640, 480 - number), **moment)
    found = told(found_in(tmp_path))
    assert [(kept, list(others)) for _, kept, others in found] == [("p0/xy.jpg", ["p1/xy.jpg"])]


def test_the_heading_names_the_weakest_likeness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = picture(tmp_path / "a" / "IMG_1.jpg")
    raw = picture(tmp_path / "a" / "IMG_1.tif").rename(tmp_path / "a" / "IMG_1.dng")
    exiftool("-overwrite_original", "-IFD0:DNGVersion=1 4 0 0", str(raw))
    (tmp_path / "b").mkdir()
    shutil.copy2(first, tmp_path / "b" / "exported.jpg")
    shutil.copy2(raw, tmp_path / "b" / "IMG_1 (1).dng")
    assert run(["duplicates", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "copies: 3 photos" in text and "exact copy of a part" in text and "exact:" not in text
