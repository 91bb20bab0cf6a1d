"""What the tests of the writer, of undo and of crashes have in common: a folder of small files, and changes for them.

The decision: real files of every container and a real ExifTool; refused: a stand-in that would agree with us.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy
from PIL import Image

from phototag.change.editor import Editor
from phototag.change.fields import LISTS, held
from phototag.read.identity import whole_file_digest
from phototag.records import Base, Change, Values
from phototag.store.library import Library

CONTAINERS = {"a.jpg": "jpeg", "b.png": "png", "c.webp": "webp", "d.tif": "tiff", "e.avif": "avif", "f.xmp": "xmp"}
SUBJECT = LISTS["subject"]
WORDS = ("Müller", "日本", "🐕 dog")
LONG_AGO = 1_600_000_000


def make_files(folder: Path) -> dict[str, bytes]:
    """One small file of each container, with keywords of a person's; a sidecar, and a raw that has none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = numpy.random.default_rng(3)
    for name, container in CONTAINERS.items():
        if container != "xmp":
            pixels = dice.integers(0, 255, (12, 16, 3), dtype=numpy.uint8)
            Image.fromarray(pixels).resize((64, 48)).save(folder / name)
    files = [str(folder / name) for name in CONTAINERS]
    exiftool("-o", files[-1], "-XMP-dc:Subject=mine", "-XMP-crs:Exposure2012=+0.35", "-XMP-xmp:Rating=4")
    exiftool("-overwrite_original", "-XMP-dc:Subject=mine", "-XMP-xmp:Rating=4", *files[:-1])
    (folder / "g.nef").write_bytes(b"no real raw, and nobody opens it")
    for path in folder.iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, without the library's own."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".phototag" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def exiftool(*arguments: str) -> str:
    command = ["exiftool", "-q", "-charset", "filename=utf8", *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def change(
    library: Library,
    editor: Editor,
    name: str,
    wanted: Mapping[str, Values] | None = None,
    *,
    source: str = "",
    container: str = "",
) -> Change:
    """What the planner would make of a wish for this file, without its rules."""
    path = library.place.actual(name)
    there = Path(path).exists()
    container = container or CONTAINERS.get(name, "xmp")
    found = editor.read([path])[0] if there else {}
    assert isinstance(found, dict), found
    now = held(found)
    after = dict(wanted) if wanted is not None else {**everywhere(now, WORDS), "XMP-phototag:MachineKeywords": WORDS}
    pairs = {tag: (now.get(tag, ()), values) for tag, values in after.items()}
    return Change(
        kind="embed" if container != "xmp" else "sidecar",
        target=name,
        source=source or name,
        image_id="p1",
        container=container,
        expect=whole_file_digest(path) if there else "",
        fields=pairs,
        base=Base(lists={SUBJECT: after.get(SUBJECT, ())}, ours=WORDS),
    )


def everywhere(now: Mapping[str, Values], words: Sequence[str]) -> dict[str, Values]:
    """The words behind those that are there, in the lists that every container has."""
    lists = (LISTS["subject"], LISTS["hierarchy"], LISTS["tagslist"])
    return {tag: (*now.get(tag, ()), *words) for tag in lists}


def changes(library: Library, editor: Editor, folder: str = "") -> list[Change]:
    """A change for each file of `make_files`, and one for the sidecar that the raw has not."""
    prefix = f"{folder}/" if folder else ""
    made = [change(library, editor, prefix + name, container=kind) for name, kind in CONTAINERS.items()]
    wanted: dict[str, Values] = {SUBJECT: WORDS}
    return [*made, change(library, editor, f"{prefix}g.xmp", wanted, source=f"{prefix}g.nef")]


def settled(folder: Path) -> list[str]:
    """Names of temp files that are left, after a moment in which an orphaned ExifTool has ended."""
    time.sleep(0.05)
    return [str(path) for path in folder.rglob(".phototag-*")]
