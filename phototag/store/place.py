"""Where a library's state lives, and how its paths are written down.

The decision here: state is `<root>/.phototag/`; where the root cannot be written, a folder named
after it in the user's data directory takes its place. Paths inside the root are stored relative
and in POSIX form, so that a library can move with its disk. Refused: one global database.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from phototag.errors import Damaged, NewerLibrary, NoLibrary, NoSpace, UsageError
from phototag.store.log import replace_file
from phototag.store.tables import VERSION

FOLDER = ".phototag"
_IDENTITY = "library.json"
_SURROGATE = re.compile("[\udc80-\udcff]")
_ESCAPED = re.compile("\x00([0-9a-f]{2})")


@dataclass(frozen=True)
class Place:
    """One library on disk: its root, its state folder, and the folders that were scanned into it."""

    root: Path
    state: Path
    version: int
    roots: tuple[str, ...] = ()

    @property
    def is_shadow(self) -> bool:
        return self.state != self.root / FOLDER

    @property
    def settings_file(self) -> Path:
        return self.state / "phototag.toml"

    @property
    def vocabulary_file(self) -> Path:
        """The words that people adopted in this library; theirs, so it is not made again by a rebuild."""
        return self.state / "vocabulary.txt"

    def stored(self, path: str) -> str:
        """The form in which an absolute path goes into tables and logs."""
        root = str(self.root)
        if path == root:
            return ""
        prefix = root if root.endswith(os.sep) else root + os.sep
        return escape(path[len(prefix) :] if path.startswith(prefix) else path)

    def actual(self, stored: str) -> str:
        """The absolute path behind a stored one."""
        path = unescape(stored)
        return path if path.startswith(os.sep) else os.path.normpath(f"{self.root}{os.sep}{path}")

    def with_root(self, folder: str) -> Place:
        """Remember that `folder` was scanned, so that `rebuild` finds it again."""
        stored = self.stored(folder)
        if stored in self.roots:
            return self
        place = replace(self, roots=(*self.roots, stored))
        place.save()
        return place

    def upgraded(self, version: int) -> Place:
        """The same library, one migration further."""
        place = replace(self, version=version)
        place.save()
        return place

    def save(self) -> None:
        content = {"library": self.root.name, "root": str(self.root), "version": self.version, "roots": self.roots}
        replace_file(self.state / _IDENTITY, json.dumps(content, indent=1).encode())


def escape(path: str) -> str:
    """A file-system path as valid UTF-8: an undecodable byte becomes NUL and two hex digits (no path holds a NUL)."""
    return _SURROGATE.sub(lambda found: f"\x00{ord(found[0]) - 0xDC00:02x}", path)


def unescape(stored: str) -> str:
    return _ESCAPED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), stored)


def find(folder: Path) -> Place | None:
    """The library that holds `folder`: the nearest one upwards, beside the photos or in the user's data directory."""
    return next((found for root in (folder, *folder.parents) if (found := here(root))), None)


def existing(folder: Path) -> Place:
    place = find(folder)
    if place is None:
        raise NoLibrary(
            f"There is no phototag library in {folder} or above it.",
            f"Make one with: phototag scan {folder}",
        )
    return place


def here(root: Path) -> Place | None:
    """The library of exactly this folder, as `--library` names it."""
    for state in (root / FOLDER, _shadow(root)):
        if (state / _IDENTITY).exists():
            return _load(root, state)
    return None


def remember(used: Place) -> None:
    """Note that this library was used last, for commands that are typed outside of any; a note, so it may fail."""
    with suppress(OSError, NoSpace):
        file = _last_file()
        noted = json.dumps({"root": escape(str(used.root))}).encode()
        if not file.is_file() or file.read_bytes() != noted:
            replace_file(file, noted, durable=False)


def last() -> Place | None:
    """The library that was used last, if it is still there."""
    try:
        root = json.loads(_last_file().read_bytes())["root"]
        return here(Path(unescape(root)))
    except (OSError, ValueError, KeyError, TypeError):  # nothing was noted, or somebody changed the note
        return None


def make(root: Path) -> Place:
    """A new library for `root`, which is made if need be; in the user's data directory where `root` is read-only."""
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a folder.", "Name the folder in which the library shall lie.")
    if _SURROGATE.search(str(root)):
        raise UsageError(f"The name of {escape(str(root))!r} is not valid UTF-8.", "Name another folder: --library DIR")
    for state in (root / FOLDER, _shadow(root)):
        try:
            state.mkdir(parents=True, exist_ok=True)
            _prove_writable(state)
        except OSError:  # read-only: the user's data directory comes next
            continue
        place = Place(root, state, VERSION)
        place.save()
        return place
    raise UsageError(f"Neither {root} nor {_shadow(root).parent} can be written.", "Name a writable folder: --library")


def _load(root: Path, state: Path) -> Place:
    file = state / _IDENTITY
    try:
        content = json.loads(file.read_bytes())
        place = Place(root, state, int(content["version"]), tuple(content["roots"]))
    except (ValueError, KeyError, TypeError) as trouble:
        raise Damaged(f"{file} cannot be read ({trouble}).", f"Delete it and run: phototag scan {root}") from trouble
    if place.version > VERSION:
        raise NewerLibrary(
            f"The library in {state} was made by a newer phototag (version {place.version}, this one knows {VERSION}).",
            "Upgrade phototag: pip install --upgrade phototag",
        )
    return place


def _last_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_path("phototag")) / "last.json"


def _shadow(root: Path) -> Path:
    import platformdirs
    import xxhash

    name = re.sub(r"[^\w.-]+", "_", root.name) or "root"
    digest = xxhash.xxh3_64_hexdigest(os.fsencode(root))[:8]
    return Path(platformdirs.user_data_path("phototag")) / "libraries" / f"{name}-{digest}"


def _prove_writable(state: Path) -> None:
    probe = state / f".probe-{uuid.uuid4().hex}"
    probe.touch()
    probe.unlink()
