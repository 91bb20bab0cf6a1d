"""What culling writes, copies and moves: stars and labels without harm to a person's, folders, the quarantine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from phototag import api
from phototag.cli import run
from phototag.culling.nouns import Culled
from phototag.errors import UsageError
from tests import culling
from tests.writing import contents, exiftool

RATING, LABEL, FLAG = "XMP-xmp:Rating", "XMP-xmp:Label", "XMP-digiKam:PickLabel"


@pytest.fixture(scope="module")
def culled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A burst of four, the second frame sharp, culled once; a photo that stands alone."""
    folder = tmp_path_factory.mktemp("write") / "photos"
    culling.burst(folder, "a", 1, (31, 0, 35, 39))
    culling.stamp({culling.save(folder / "alone.jpg", culling.scene(7)): {"at": 900}})
    api.cull(folder)
    return folder


@pytest.fixture
def photos(culled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(culled, tmp_path / "photos"))


def written(folder: Path, **flags: str) -> Culled:
    found = api.cull(folder)
    api.cull_write(found, flags={f"cull.{name}": value for name, value in flags.items()})
    return found


def says(folder: Path, *names: str) -> dict[str, dict[str, str]]:
    """Stars, label and flag of each file, as ExifTool reads them."""
    wanted = [f"-{tag}" for tag in (RATING, LABEL, FLAG)]
    files = [str(folder / name) for name in names or sorted(path.name for path in folder.glob("*.jpg"))]
    rows = json.loads(exiftool("-json", "-G1", "-n", *wanted, *files))
    return {
        Path(row.pop("SourceFile")).name: {tag.split(":")[1]: str(value) for tag, value in row.items()} for row in rows
    }


RED, STARS = {"Label": "Red"}, {"Rating": "3"}


def test_picks_get_stars_rejects_a_label_and_undo_takes_it_back(photos: Path) -> None:
    before = contents(photos)
    api.cull_write(api.cull(photos), dry_run=True)
    assert contents(photos) == before
    written(photos)
    assert says(photos) == {"a1.jpg": RED, "a2.jpg": STARS, "a3.jpg": RED, "a4.jpg": RED, "alone.jpg": {}}
    after = contents(photos)
    again = api.cull_write(api.cull(photos))
    assert not again.written and contents(photos) == after, "the second run writes nothing"
    api.undo(last=True, library=photos)
    assert contents(photos) == before


def test_other_programs_see_it(photos: Path) -> None:
    written(photos)
    for name, key, value in (("a2.jpg", "Xmp.xmp.Rating", "3"), ("a1.jpg", "Xmp.xmp.Label", "Red")):
        done = subprocess.run(
            ["exiv2", "-K", key, "-Pv", str(photos / name)], capture_output=True, check=True, text=True
        )
        assert done.stdout.strip() == value


def test_what_a_person_has_set_stays(photos: Path) -> None:
    exiftool("-overwrite_original", f"-{RATING}=1", f"-{LABEL}=Green", str(photos / "a1.jpg"), str(photos / "a2.jpg"))
    written(photos)
    kept = {"Rating": "1", "Label": "Green"}
    assert says(photos, "a1.jpg", "a2.jpg", "a3.jpg") == {"a1.jpg": kept, "a2.jpg": kept, "a3.jpg": RED}


@pytest.mark.parametrize("tag", [f"{RATING}=1", f"{LABEL}=Green", "XMP-dc:Subject=bride"])
def test_what_a_person_worked_on_is_never_rejected(photos: Path, tag: str) -> None:
    exiftool("-overwrite_original", f"-{tag}", str(photos / "a4.jpg"))
    written(photos)
    for _ in range(2):  # stars and labels of ours do not become a person's
        judged = {member.known.path: member.judged for member in api.cull(photos).members()}
        assert judged["a4.jpg"].verdict == "maybe" and "of yours" in judged["a4.jpg"].because
        assert judged["a1.jpg"].verdict == "reject"


def test_a_rejecting_rating_only_where_there_are_no_stars(photos: Path) -> None:
    exiftool("-overwrite_original", f"-{RATING}=2", str(photos / "a1.jpg"))
    exiftool("-overwrite_original", "-IFD0:RatingPercent=50", str(photos / "a3.jpg"))
    written(photos, reject_as="rating")
    found = says(photos)
    assert (
        found["a1.jpg"] == {"Rating": "2"} and "Rating" not in found["a3.jpg"] and found["a4.jpg"] == {"Rating": "-1"}
    )
    assert found["a2.jpg"] == STARS and not any("Label" in each for each in found.values())


def test_flags_of_digikam_and_lightroom(photos: Path) -> None:
    written(photos, reject_as="flag", stars="0")
    assert says(photos, "a1.jpg", "a2.jpg") == {"a1.jpg": {"PickLabel": "1"}, "a2.jpg": {"PickLabel": "3"}}
    for name, flag in (("a1.jpg", b"-1"), ("a2.jpg", b"1")):  # ExifTool below 12.80 does not know Lightroom's
        assert b"<xmpDM:pick>" + flag + b"<" in (photos / name).read_bytes()


def decide(folder: Path, file: Path, **verdicts: str) -> Path:
    named = {member.known.path: member.judged.image_id for member in api.cull(folder).members()}
    decisions = [{"id": named[f"{name}.jpg"], "verdict": verdict} for name, verdict in verdicts.items()]
    file.write_text(json.dumps({"kind": "phototag cull decisions", "version": 1, "decisions": decisions}))
    return file


def test_a_change_of_mind_takes_ours_back_and_nothing_else(photos: Path, tmp_path: Path) -> None:
    written(photos)
    exiftool("-overwrite_original", f"-{RATING}=", str(photos / "a2.jpg"))  # a person took our stars away
    exiftool("-overwrite_original", f"-{LABEL}=Blue", str(photos / "a3.jpg"))
    api.cull(photos, decisions=decide(photos, tmp_path / "d.json", a1="pick", a4="maybe"))
    written(photos)
    assert says(photos) == {
        "a1.jpg": STARS,
        "a2.jpg": {},
        "a3.jpg": {"Label": "Blue"},
        "a4.jpg": {},
        "alone.jpg": {},
    }


def test_a_raw_gets_a_sidecar_and_its_stars_count_for_the_pair(photos: Path) -> None:
    for name in ("a2", "a4"):  # a TIFF by another name, as this maker's RAW files are
        culling.save(photos / "x.tif", culling.scene(40 + int(name[1]), 96, 64)).rename(photos / f"{name}.nef")
        pair = [str(photos / f"{name}.{ending}") for ending in ("jpg", "nef")]
        exiftool("-overwrite_original", "-tagsfromfile", *pair[:1], "-exif:all", pair[1])
        exiftool("-overwrite_original", "-Make=NIKON CORPORATION", *pair)
        exiftool("-overwrite_original", "-IFD0:SubfileType#=1", pair[1])
    exiftool("-o", str(photos / "a2.xmp"), f"-{RATING}=5")
    raw = (photos / "a2.nef").read_bytes()
    written(photos)
    found = says(photos, "a2.jpg", "a2.xmp", "a4.jpg", "a4.xmp")
    assert found == {"a2.jpg": {}, "a2.xmp": {"Rating": "5"}, "a4.jpg": RED, "a4.xmp": RED}
    assert (photos / "a2.nef").read_bytes() == raw


def test_nothing_is_written_unasked(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(photos)
    assert run(["cull", str(photos), "--write"]) == 2 and run(["cull", str(photos), "--move-rejects"]) == 2
    assert run(["cull", str(photos), "--write", "--move-rejects", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "rating: 3" in out and "label: Red" in out and "would go into the quarantine" in out
    assert contents(photos) == before


# ---- folders


def test_groups_are_copied_and_nothing_is_written_over(photos: Path, tmp_path: Path) -> None:
    before, out = contents(photos), tmp_path / "out"
    (photos / "a2.xmp").write_text("<x/>")
    found = api.cull(photos)
    done = api.cull_export(found, out)
    assert done.copied == 4 and not done.failed
    made = contents(out)
    assert set(made) == {
        *(f"group_0001/originals/a{n}.jpg" for n in range(1, 5)),
        "group_0001/originals/a2.xmp",
        "group_0001/best_a2.jpg",
        "group_0001/metadata.txt",
    }
    assert made["group_0001/best_a2.jpg"] == before["a2.jpg"] and b"sharpest of 4" in made["group_0001/metadata.txt"]
    again = api.cull_export(found, out)
    assert (again.copied, again.there) == (0, 4) and contents(out) == made
    (out / "group_0001" / "best_a2.jpg").write_bytes(b"mine")
    assert api.cull_export(found, out).failed and (out / "group_0001" / "best_a2.jpg").read_bytes() == b"mine"
    (out / "group_0001" / "originals" / "b.jpg").write_bytes(b"of another group")
    with pytest.raises(UsageError):
        api.cull_export(found, out)
    with pytest.raises(UsageError):
        api.cull_export(found, photos / "out")


# ---- the quarantine


def test_the_plan_names_every_file_that_goes(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(photos / "a4.jpg", photos / "copy.jpg")
    exiftool("-o", str(photos / "a4.xmp"), "-XMP-dc:Source=x")
    planned = set(api.rejected(api.cull(photos)))
    assert {str(photos / name) for name in ("a4.jpg", "copy.jpg", "a4.xmp")} <= planned
    before = set(contents(photos))
    assert run(["cull", str(photos), "--move-rejects", "--yes"]) == 0
    assert {str(photos / name) for name in before - set(contents(photos))} == planned
    capsys.readouterr()


def test_rejects_go_into_the_quarantine_and_come_back(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(photos)
    assert run(["cull", str(photos), "--move-rejects", "--yes"]) == 0
    assert set(contents(photos)) == {"a2.jpg", "alone.jpg"}
    assert "phototag undo" in capsys.readouterr().out
    assert not api.cull(photos).of("reject")
    api.undo(last=True, library=photos)
    assert contents(photos) == before
