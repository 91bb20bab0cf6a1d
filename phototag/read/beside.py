"""What other programs keep beside a photo, which no scan takes for a file of it: its develop settings.

The decision here: they are known by their names, as each program gives them: after the whole name of the photo, after
its stem, or in a folder of the program's own. Refused: reading them; that they are there is enough to leave the photo
in peace, and to take them along where it goes.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

# RawTherapee, DxO, ON1, Capture One, Nikon, Canon, AfterShot.
SUFFIXES = frozenset({"pp3", "dop", "on1", "cos", "nksc", "vrd", "arp"})
_FOLDERS = ("CaptureOne/Settings*", "NKSC_PARAM")


class Beside:
    """Finds what lies beside photos; every folder is read once."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, list[str]]] = {}

    def of(self, path: str) -> list[str]:
        """The settings for this photo and no other, by absolute path: those that bear its whole name."""
        photo = Path(path)
        return list(self._in(photo.parent).get(photo.name.casefold(), ()))

    def of_stem(self, path: str) -> list[str]:
        """The settings for all photos of that name, whatever their suffix."""
        photo = Path(path)
        return list(self._in(photo.parent).get(photo.stem.casefold(), ()))

    def _in(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._known:
            found: dict[str, list[str]] = defaultdict(list)
            for path in sorted(_settings(folder)):
                found[path.stem.casefold()].append(str(path))
            self._known[folder] = found
        return self._known[folder]


def _settings(folder: Path) -> Iterator[Path]:
    for place in (folder, *(one for pattern in _FOLDERS for one in folder.glob(pattern))):
        try:
            with os.scandir(place) as entries:
                names = [entry.name for entry in entries]
        except OSError:  # it has gone: whoever wants to change something there says so
            continue
        yield from (place / name for name in names if Path(name).suffix[1:].lower() in SUFFIXES)
