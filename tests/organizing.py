"""What the tests of `organize` share: a heap of originals, a command line in this process, the eyes of two programs.

The decision: a heap and its library are made once for each file of tests, and each test gets a copy of the tree alone,
so that no test waits for models; the heap is only ever read, which every test proves. Refused: a heap for each test.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from phototag.cli import run
from tests.conftest import PICTURES, SAMPLES
from tests.writing import exiftool

NOON = 1_600_000_000_123_456_789  # when a file was saved
LISTS = ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords")
CAPTION = "XMP-dc:Description"
GATE = "52.516272, 13.377722"


class Told(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tell = Callable[..., Told]


def teller(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Types a command in this process, and returns what happened; captions part no events unless a test asks."""
    monkeypatch.setenv("PHOTOTAG_READ_PROCESSES", "1")  # a handful of files: a second one would only have to start
    monkeypatch.setenv("PHOTOTAG_EVENT_CONTENT", "off")  # comparing captions loads a model in every run

    def type_in(*words: str | Path) -> Told:
        capsys.readouterr()
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Told(code, said.out, said.err)

    return type_in


@contextmanager
def plain_home(folder: Path) -> Iterator[None]:
    """For what is made once for many tests: no settings of the person at this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "DATA", "CACHE", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(folder / name))
        for name, value in (("READ_PROCESSES", "1"), ("EVENT_CONTENT", "off"), ("WRITE_SETTLE_SECONDS", "0")):
            patch.setenv(f"PHOTOTAG_{name}", value)
        yield


# ---- a heap


def copy_samples(heap: Path, *names: str) -> None:
    """The pictures of tests/photos and their sidecar, or only those named."""
    for path in sorted(SAMPLES.rglob("*")):
        name = path.relative_to(SAMPLES).as_posix()
        if path.suffix in PICTURES and (not names or name in names):
            (heap / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, heap / name)
    assert all((heap / name).exists() for name in names or ("DSC00042.jpg",))


def picture(path: Path, side: int = 64, *tags: str) -> Path:
    """A small picture, another one for each side, with these tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    gradient = Image.linear_gradient("L").resize((96, side)).convert("RGB")
    gradient.save(path, format="TIFF" if path.suffix.lower() == ".nef" else None)
    if tags:
        exiftool("-overwrite_original", *tags, str(path))
    return path


def film(path: Path, *tags: str) -> Path:
    """Two seconds of film that no program needs to play."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        inside = b"".join(parts)
        return struct.pack(">I4s", 8 + len(inside), kind) + inside

    matrix = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    header = struct.pack(">5IIH10x", 0, 0, 0, 1000, 2000, 1 << 16, 256) + matrix + bytes(24) + struct.pack(">I", 2)
    brand = b"qt  " if path.suffix.lower() == ".mov" else b"mp42"
    path.write_bytes(
        box(b"ftyp", brand, bytes(4), brand) + box(b"moov", box(b"mvhd", header)) + box(b"mdat", b"frame" * 50)
    )
    exiftool("-overwrite_original", *tags, str(path))
    return path


def make_heap(heap: Path) -> None:
    """The samples; RAW+JPEG with develop settings, a live photo, a drawing, a film, and a scan without a date."""
    copy_samples(heap)
    more = heap / "more"
    taken = ("-DateTimeOriginal=2023:09:03 10:00:00", "-Make=NIKON CORPORATION", f"-GPSPosition={GATE}")
    picture(more / "DSC_1.JPG", 64, *taken)
    picture(more / "DSC_1.NEF", 64, *taken, "-IFD0:PhotometricInterpretation#=32803")
    exiftool("-o", str(more / "DSC_1.xmp"), "-XMP-crs:Exposure2012=+0.35", "-XMP-dc:Subject=mine")
    (more / "DSC_1.AAE").write_text("<plist/>")
    live = ("-DateTimeOriginal=2023:09:03 10:30:00", "-OffsetTimeOriginal=+02:00", "-Make=Apple")
    picture(more / "IMG_9.JPG", 65, *live)
    film(more / "IMG_9.MOV", "-QuickTime:CreateDate=2023:09:03 08:30:01")
    (more / "IMG_9.AAE").write_text("<plist/>")
    picture(more / "drawing.gif", 66, "-XMP-exif:DateTimeOriginal=2023:09:03 11:00:00")
    film(more / "film.mp4", "-QuickTime:CreateDate=2023:09:03 09:15:00", f"-Keys:GPSCoordinates={GATE}")
    picture(more / "scan.jpg", 67)
    for number, path in enumerate(sorted(heap.rglob("*"))):
        if path.is_file():
            os.utime(path, ns=(NOON, NOON + number * 10**9))


def state(folder: Path) -> dict[str, tuple[bytes, int, int, int]]:
    """What must never change in a folder: every file and folder with content, time, mode and number of names."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", found.st_mtime_ns, found.st_mode, found.st_nlink)
        for path in (folder, *sorted(folder.rglob("*")))
        if ".phototag" not in path.parts and (found := path.stat())
    }


def put_back(kept: Path, heap: Path) -> None:
    """The heap as it was: files that nobody has touched stay the same files."""
    for path in sorted(heap.rglob("*"), reverse=True):
        if not os.path.lexists(kept / path.relative_to(heap)):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in sorted(kept.rglob("*")):
        own = heap / path.relative_to(kept)
        if path.is_dir():
            own.mkdir(exist_ok=True)
        elif not own.exists() or not filecmp.cmp(path, own) or own.stat().st_mtime_ns != path.stat().st_mtime_ns:
            shutil.copy2(path, own)


# ---- a tree


def tree(folder: Path) -> list[str]:
    """The files in a tree, without phototag's own and without the pages of facts."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if not {".phototag", "metadata"} & set(path.parts))


def found(folder: Path, name: str) -> Path:
    """The one file of this name in a tree."""
    (path,) = (folder / one for one in tree(folder) if one.rpartition("/")[2] == name)
    return path


def page(copy: Path) -> Path:
    return copy.parent / "metadata" / f"{copy.name}.json"


def timeless(folder: Path) -> dict[str, bytes]:
    """Every file of a tree, without what differs between two runs: when tags were written, and by which run."""
    moment = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)|\d{8}-\d{6}-[0-9a-f]{4}")
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".phototag" not in path.parts)
    return {path.relative_to(folder).as_posix(): moment.sub(b"", path.read_bytes()) for path in paths}


def tags(path: Path) -> dict[str, Any]:
    """What ExifTool reads."""
    asked = ["-j", "-G1", "-XMP:all", "-IPTC:all", str(path)]
    found: dict[str, Any] = json.loads(exiftool(*asked), parse_int=str, parse_float=str)[0]
    return found


def keywords(path: Path) -> set[str]:
    """The keywords of a file, which all its lists agree about; in small letters."""
    found = tags(path)
    lists = [found[tag] if isinstance(found[tag], list) else [found[tag]] for tag in LISTS if tag in found]
    leaves = [{re.split(r"[|/]", word)[-1].lower() for word in words} for words in lists]
    assert all(words == leaves[0] for words in leaves), leaves
    return leaves[0] if leaves else set()


def exiv2(path: Path) -> dict[str, set[str]]:
    """What exiv2 reads: each key with all its values; lists of XMP are parted."""
    done = subprocess.run(["exiv2", "-q", "-PXIkt", str(path)], capture_output=True, encoding="utf-8", check=False)
    read: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        key, _, text = line.partition(" ")
        text = re.sub(r'^lang="[^"]*" ', "", text.strip())
        parts = text.split(", ") if key in ("Xmp.dc.subject", "Xmp.lr.hierarchicalSubject") else [text]
        read.setdefault(key, set()).update(parts)
    return read
