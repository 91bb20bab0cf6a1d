"""Rubbish of every kind: named, counted, never a traceback, never the end of the run."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from phototag.store.library import Library, open_library
from tests.conftest import Run

NAMES = [
    "new\nline.jpg",
    "-dash.jpg",
    "trailing space.jpg ",
    "#hash.jpg",
    "ü🎂 emoji.jpg",
    "n" * 251 + ".jpg",
    "-all=.jpg",
]


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def rubbish(photos_dir: Path) -> Path:
    good = (photos_dir / "DSC00108.jpg").read_bytes()
    (photos_dir / "text.jpg").write_text("I am no photo")
    (photos_dir / "empty.jpg").write_bytes(b"")
    (photos_dir / "half.jpg").write_bytes(good[: len(good) // 2])
    (photos_dir / "bomb.png").write_bytes(png_header(60_000, 60_000))
    (photos_dir / "cut.png").write_bytes((photos_dir / "horse.png").read_bytes()[:200])
    (photos_dir / "random.cr2").write_bytes(os.urandom(3000))
    (photos_dir / "notes.txt").write_text("not named: it claims to be nothing")
    (photos_dir / "png in disguise.jpg").write_bytes((photos_dir / "horse.png").read_bytes())
    for number, name in enumerate(NAMES):
        # A copy of its own for each: bytes after the end marker are no part of the picture.
        (photos_dir / name).write_bytes(good + bytes([number]))
    Path(os.fsdecode(os.fsencode(photos_dir) + b"/undecod\xffable.jpg")).write_bytes(good)
    return photos_dir


def test_rubbish_is_named_and_the_rest_is_read(phototag: Run, rubbish: Path) -> None:
    done = phototag("scan", rubbish, "--json")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    found = json.loads(done.stdout)
    reasons = {each["path"]: each["reason"] for each in found["unreadable"]}
    assert set(reasons) == {"text.jpg", "empty.jpg", "half.jpg", "bomb.png", "cut.png", "random.cr2"}
    assert "text" in reasons["text.jpg"] and "empty" in reasons["empty.jpg"] and "cut short" in reasons["half.jpg"]
    assert "megapixel" in reasons["bomb.png"] or "60" in reasons["bomb.png"]
    assert found["new"] == len(list(rubbish.rglob("*.*"))) - 1 - _inner_files(rubbish)


def _inner_files(folder: Path) -> int:
    """What lies in .phototag, and folders with a dot, are no photos."""
    return sum(1 for path in folder.rglob("*.*") if ".phototag" in path.relative_to(folder).parts or path.is_dir())


def test_odd_names_are_shown_on_one_line_each_and_looked_at(phototag: Run, rubbish: Path) -> None:
    for name in NAMES:
        (rubbish / name).write_bytes(b"x")
    done = phototag("scan", rubbish)
    assert "new\\nline.jpg: " in done.stdout and "-dash.jpg: " in done.stdout and "\x1b" not in done.stdout
    looked = phototag("look", rubbish, "--describer", "fake")
    assert looked.returncode == 0 and "Traceback" not in looked.stderr


def test_values_that_fit_no_column_do_no_harm(phototag: Run, photos_dir: Path) -> None:
    os.utime(photos_dir / "DSC00108.jpg", (0, 13_600_000_000))  # the year 2400
    avi = b"RIFF" + struct.pack("<I", 200) + b"AVI LIST" + struct.pack("<I", 192) + b"hdrlavih" + struct.pack("<I", 56)
    (photos_dir / "wide.avi").write_bytes(avi + b"\xff" * 160)
    (photos_dir / "wide.png").write_bytes(png_header(4_294_967_295, 4_294_967_295))
    for command in ("scan", "look", "rebuild", "scan"):
        done = phototag(command, photos_dir)
        assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    assert phototag("status", photos_dir).returncode == 0


def test_a_bad_ignore_pattern_names_file_and_line(phototag: Run, photos_dir: Path) -> None:
    (photos_dir / ".phototagignore").write_text("*.tmp\n[z-a]\n!\n")
    done = phototag("scan", photos_dir)
    assert done.returncode == 2 and ".phototagignore:" in done.stderr and "Traceback" not in done.stderr


def test_a_library_that_cannot_be_written_is_a_sentence(phototag: Run, photos_dir: Path) -> None:
    phototag("scan", photos_dir)
    (photos_dir / ".phototag" / "lock").unlink()
    (photos_dir / ".phototag" / "lock").mkdir()
    done = phototag("scan", photos_dir)
    assert done.returncode == 8 and "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(phototag: Run, photos_dir: Path) -> None:
    phototag("scan", photos_dir)
    command = f'"{sys.executable}" -m phototag status "{photos_dir}" --json | true; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""


def test_an_empty_folder_is_no_error(phototag: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = phototag("scan", tmp_path / "empty")
    assert done.returncode == 0 and "0 in the library" in done.stdout
    assert phototag("look", tmp_path / "empty").returncode == 0
    assert phototag("status", tmp_path / "empty").returncode == 0


def test_what_failed_is_read_again_on_request(phototag: Run, rubbish: Path) -> None:
    phototag("scan", rubbish)
    again = json.loads(phototag("scan", rubbish, "--json").stdout)
    assert again["unreadable"] == [] and again["unreadable_before"] == 6 and again["opened"] == 0
    retried = json.loads(phototag("scan", rubbish, "--retry-failed", "--json").stdout)
    assert len(retried["unreadable"]) == 6 and retried["unreadable_before"] == 0


def test_a_corrupt_table_says_so_and_rebuild_mends_it(phototag: Run, photos_dir: Path) -> None:
    phototag("scan", photos_dir)
    for part in (photos_dir / ".phototag" / "lance" / "photos.lance" / "_versions").iterdir():
        part.write_bytes(b"rubbish")
    for command in (("status",), ("look",), ("scan", "--fresh")):
        done = phototag(command[0], photos_dir, *command[1:])
        assert done.returncode == 4 and "phototag rebuild" in done.stderr and "Traceback" not in done.stderr
    assert phototag("rebuild", photos_dir).returncode == 0
    assert phototag("status", photos_dir).returncode == 0


def test_a_full_disk_is_a_sentence_and_the_next_run_goes_on(phototag: Run, photos_dir: Path, small_disk: Path) -> None:
    verb = ("look", photos_dir, "--library", small_disk, "--describer", "fake", "--embedder", "fake")
    filler = small_disk / "filler"
    full = 0
    for size in (2_090_000, 2_000_000, 1_900_000, 1_700_000):
        filler.write_bytes(b"x" * size)
        done = phototag(*verb)
        assert done.returncode in (0, 8) and "Traceback" not in done.stderr, (size, done.stderr)
        assert "No space left" in done.stderr or done.returncode == 0
        full += done.returncode == 8
        filler.unlink()
    assert full >= 2
    done = phototag(*verb)
    assert done.returncode == 0, done.stderr
    library = open_library(small_disk)
    photos = library.photo_ids()
    assert len(photos) == 12 and library.made("describe", _maker(library)) == set(photos)
    keys = [evidence.key for evidence in library.evidence(photos)]
    assert len(keys) == len(set(keys)) == 12 * 11


def _maker(library: Library) -> str:
    return next(e.maker for e in library.evidence(library.photo_ids()) if e.step == "describe")
