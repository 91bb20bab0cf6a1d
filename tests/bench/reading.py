"""T1 to T4: walking folders, naming pictures, scanning again, reading metadata.

The decision here: what stands beside phototag is what somebody would write without thinking (rglob, sha256, a process
per file), and the least that the job can cost (a bare walk, only reading, ExifTool's own recursion).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import tiny
from processes import audited, bare_walk, phototag
from rounds import Side, interleaved
from table import Row, compared, limited

TREE_FILES, TREE_FOLDERS = 20_000, 200
SCANNED_FILES, SCANNED_FOLDERS = 3_000, 30
_FIXED_START = 1.5  # seconds that a second scan may take over its walks
_CHUNK = 1 << 20
_NAMES_PER_PHOTO = 16
_ONE_BY_ONE = 12  # files for the way that starts a process for each


def walking(tree: Path) -> Iterator[Row]:
    """T1."""
    from phototag.read.walk import Walk

    root = str(tree)
    ours, rglob, walk, bare = interleaved(
        7,
        Side("Walk.folders()", lambda: list(Walk(root).folders()), TREE_FILES),
        Side("sorted rglob + stat", lambda: _rglob(tree), TREE_FILES),
        Side("os.walk + stat", lambda: _os_walk(root), TREE_FILES),
        Side("bare scandir + stat", lambda: bare_walk(root), TREE_FILES),
    )
    what = f"walk {TREE_FILES:,} files"
    yield compared("T1", what, "/s", ours, rglob, goal=3, by="cpu")
    yield compared("", "", "/s", ours, walk)
    yield compared("", "", "/s", ours, bare)


def naming(photos: Sequence[Path]) -> Iterator[Row]:
    """T2."""
    from phototag.read.identity import identify, whole_file_digest

    size = sum(photo.stat().st_size for photo in photos)
    identity, digest, read, sha256 = interleaved(
        9,
        Side("identify", _each(photos, lambda photo: identify(photo, "jpeg")), size),
        Side("whole_file_digest", _each(photos, whole_file_digest), size),
        Side("only reading", _each(photos, lambda photo: _read(photo)), size),
        Side("sha256", _each(photos, lambda photo: _read(photo, hashlib.sha256())), size),
    )
    for name, ours in (("image id, warm", identity), ("digest of whole file", digest)):
        yield compared("T2", name, "B/s", ours, read, goal=0.7, by="cpu")
        yield compared("T2", name, "B/s", ours, sha256, goal=5, by="cpu")
    yield compared("", "  the limit", "B/s", read, sha256)


def scanning(temp: Path) -> Iterator[Row]:
    """T3."""
    tree = tiny.tree(temp / "scanned", SCANNED_FILES, SCANNED_FOLDERS)
    first = audited(tree, "scan", tree, "--quiet")
    if first.opened != SCANNED_FILES:  # else a count of 0 below would prove nothing
        raise RuntimeError(f"the first scan opened {first.opened} of {SCANNED_FILES} files")
    again, walk = interleaved(
        5,
        Side("phototag scan", lambda: phototag("scan", tree, "--quiet")),
        Side("bare scandir + stat", lambda: bare_walk(tree)),
    )
    second = audited(tree, "scan", tree, "--quiet")
    allowed = 1.5 * walk.seconds + _FIXED_START
    yield limited("T3", f"scan {SCANNED_FILES:,} again", "s", again.seconds, allowed, walk.name, walk.seconds)
    yield limited("T3", "  files it opened", "", second.opened, 0, "the first scan", first.opened)
    yield limited("T3", "  programs it started", "", len(second.started), 0, "the first scan", len(first.started))


def reading_tags(photos: Sequence[Path], temp: Path) -> Iterator[Row]:
    """T4. A pool starts its processes in every round; it ends them when nothing is timed."""
    from phototag.read.exiftool import ExifTool
    from phototag.read.metadata import TAGS

    folder = temp / "named"
    folder.mkdir()
    names = [folder / f"{number:02d}-{photo.name}" for number in range(_NAMES_PER_PHOTO) for photo in photos]
    for name in names:
        name.symlink_to(photos[names.index(name) % len(photos)])
    same_tags = [f"-{tag}" for tag in TAGS]
    with ExitStack() as pools:

        def pool(processes: int) -> Callable[[], object]:
            return lambda: pools.enter_context(ExifTool(processes)).read([str(name) for name in names])

        two, one, each, whole = interleaved(
            3,
            Side("pool of 2", pool(2), len(names)),
            Side("pool of 1", pool(1), len(names)),
            Side("exiftool per file", _each(names[:_ONE_BY_ONE], lambda name: _exiftool(name)), _ONE_BY_ONE),
            Side("exiftool -r, same tags", lambda: _exiftool(folder, "-r", "-fast", *same_tags), len(names)),
        )
    yield compared("T4", "metadata, pool of 2", "/s", two, each, goal=18)
    yield compared("T4", "metadata, pool of 1", "/s", one, whole, goal=0.85, by="cpu")
    yield compared("", "metadata, pool of 2", "/s", two, whole)


def _rglob(tree: Path) -> list[tuple[Path, os.stat_result]]:
    return [(path, path.stat()) for path in sorted(tree.rglob("*")) if path.is_file()]


def _os_walk(root: str) -> list[tuple[str, os.stat_result]]:
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    return [(path, os.stat(path)) for path in paths]


def _each(paths: Sequence[Path], work: Callable[[Path], object]) -> Callable[[], object]:
    return lambda: [work(path) for path in paths]


_BUFFER = memoryview(bytearray(_CHUNK))


def _read(path: Path, digest: hashlib._Hash | None = None) -> None:
    with open(path, "rb", buffering=0) as file:
        while got := file.readinto(_BUFFER):
            if digest is not None:
                digest.update(_BUFFER[:got])


def _exiftool(path: Path, *options: str) -> object:
    command = ["exiftool", "-j", "-n", *options, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
