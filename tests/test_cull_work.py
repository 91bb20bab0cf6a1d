"""What of a person's work is seen in the files of a photo, so that it is never rejected."""

import subprocess
from pathlib import Path

import pytest

from phototag import api
from phototag.culling.work import work
from phototag.read.packet import packet

from .culling import save, scene

DEVELOPED = ("-XMP-crs:HasSettings=True", "-XMP-crs:Exposure2012=0.5")
SHARED = Path(__file__).parents[2] / "shared" / "photos"


def tagged(file: Path, *tags: str) -> Path:
    subprocess.run(["exiftool", "-q", "-m", "-overwrite_original", *tags, file], check=True)
    return file


def test_work_counts_wherever_a_program_leaves_it(tmp_path: Path) -> None:
    names = ("plain", "inside", "exported", "beside", "therapee", "on one", "capture", "captioned", "flagged", "ours")
    for number, name in enumerate(names):
        save(tmp_path / f"{name}.jpg", scene(number))
    tagged(tmp_path / "inside.jpg", *DEVELOPED)
    tagged(tmp_path / "exported.jpg", *DEVELOPED, "-XMP-crs:AlreadyApplied=True")
    tagged(tmp_path / "beside.xmp", *DEVELOPED)
    for other in ("therapee.jpg.pp3", "on one.on1", "CaptureOne/Settings153/capture.jpg.cos"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).touch()
    tagged(tmp_path / "captioned.jpg", "-XMP-dc:Description=The first dance")
    tagged(tmp_path / "flagged.jpg", "-XMP-digiKam:PickLabel=3")
    tagged(tmp_path / "ours.jpg", "-XMP-digiKam:PickLabel=3", "-XMP-dc:Source=culled_flag=ab")
    library, _ = api.scan(tmp_path)
    ids = {path: row["image_id"] for row in library.photo_rows(("image_id", "path")) if (path := row["path"])}
    seen = work(library, list(ids.values()))
    assert {path: seen[image_id].owned for path, image_id in ids.items()} == {
        "plain.jpg": "",
        "inside.jpg": "was developed by you",
        "exported.jpg": "",
        "beside.jpg": "was developed by you",
        "therapee.jpg": "was developed by you",
        "on one.jpg": "was developed by you",
        "capture.jpg": "was developed by you",
        "captioned.jpg": "has a caption, a title or a name of yours",
        "flagged.jpg": "has a flag of yours",
        "ours.jpg": "",
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real photos are not there")
def test_a_dng_has_its_settings_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "a.dng"
    file.write_bytes((SHARED / "pigallery2" / "test.dng").read_bytes())
    assert b"crs:HasSettings" not in packet(file, "dng")
    assert b"crs:HasSettings" in packet(tagged(file, *DEVELOPED), "dng")


@pytest.mark.parametrize(
    "content", [b"", b"II*\0\x08\0\0\0", b"\xff\xd8<x:xmpmeta crs:HasSettings", b"MM\0*" + b"\xff" * 40]
)
def test_rubbish_has_no_packet(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    assert packet(file, "jpeg") == packet(file, "dng") == b""
