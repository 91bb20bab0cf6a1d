"""Where the tags of a photo go: into which of its files, or beside which of them.

The decision here: whatever Adobe's programs read of a type decides, for they cannot be set to read anything else: what
they read embedded is embedded, a proprietary RAW gets `IMG.xmp`; a sidecar that is there already is kept in step,
because other programs believe it first. Refused: one habit for all types; rewriting a RAW that its maker does not
document.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from phototag.read.boxes import takes_new_xmp
from phototag.read.sniff import PHOTO_SUFFIXES
from phototag.records import File, family
from phototag.store.place import Place

EMBEDS = frozenset({"jpeg", "tiff", "png", "webp", "dng", "heic", "avif"})
_WITHOUT_READER = "f1-"  # an identity of the whole file: nothing could prove that the picture is unchanged


@dataclass(frozen=True, slots=True)
class Target:
    """One file to be written (or the reason why none is) for one file of a photo."""

    source: File
    path: str  # stored
    container: str
    exists: bool = True
    why_not: str = ""

    @property
    def kind(self) -> str:
        return "embed" if self.path == self.source.path else "sidecar"


class Where:
    """Finds the targets of photos in one library."""

    def __init__(self, place: Place, way: str = "auto", sidecar: str = "base") -> None:
        self._place, self._way, self._sidecar = place, way, sidecar

    def targets(self, files: Sequence[File], beside: frozenset[str] = frozenset()) -> list[Target]:
        """The files to write for a photo with these files; those in `beside` are not to be written into themselves."""
        found: dict[str, Target] = {}
        ordered = sorted(files, key=lambda file: (family(file.kind) != "raw", file.path))
        for file in ordered if self._way != "none" else ():
            if family(file.kind) in ("picture", "raw", "video"):
                for target in self._targets_of(file, files, file.path in beside):
                    found.setdefault(target.path, target)
        return list(found.values())

    def _targets_of(self, file: File, files: Sequence[File], only_beside: bool) -> Iterator[Target]:
        if file.status == "missing":
            return
        if file.status != "present":
            yield Target(file, file.path, file.kind, why_not=file.error)
            return
        embeds = file.kind in EMBEDS and not file.image_id.startswith(_WITHOUT_READER)
        if self._way == "embed" and (only_beside or not embeds):
            why = f"a {file.kind.upper()} file is not written into; use --write auto for a sidecar"
            yield Target(file, file.path, file.kind, why_not=why)
            return
        inside = embeds and self._way != "sidecar" and not only_beside
        if inside and file.kind in ("heic", "avif") and not takes_new_xmp(self._place.actual(file.path)):
            inside = False  # several readers would not see a new packet in such a file
        there = self._sidecars_there(file)
        if inside:
            yield Target(file, file.path, file.kind)
            yield from (Target(file, path, "xmp") for path in there)
            return
        instead = file.kind in EMBEDS and self._way != "sidecar"  # Adobe's programs read no sidecar of these
        for path in self._sidecars_wanted(file, files, there, "ext" if instead else self._sidecar):
            yield Target(file, path, "xmp", exists=path in there)

    def _sidecars_wanted(self, file: File, files: Sequence[File], there: list[str], names: str) -> list[str]:
        """The names that are asked for, and every sidecar that is there."""
        base, ext = _stem(file.path) + ".xmp", file.path + ".xmp"
        wanted = {"base": [base], "ext": [ext], "both": [base, ext]}[names]
        if base in wanted and not self._owns_stem(file, files):
            wanted = [ext]
        by_name = {path.casefold(): path for path in there}
        return list(dict.fromkeys([by_name.get(path.casefold(), path) for path in wanted] + there))

    def _owns_stem(self, file: File, files: Sequence[File]) -> bool:
        """May `IMG.xmp` speak for this file? Not where programs would take it for another file's."""
        alike = self._namesakes(file.path)
        others = alike - {mine.path for mine in files}
        embedded_twin = any(path != file.path and _kind_of(path, files) in EMBEDS for path in alike)
        return not others and not (family(file.kind) == "video" and embedded_twin)

    def _sidecars_there(self, file: File) -> list[str]:
        """The sidecars on disk that speak of this file: by its whole name, or by its stem where that is its own."""
        folder, _, name = file.path.rpartition("/")
        exact, stem = f"{name}.xmp".casefold(), f"{_stem(name)}.xmp".casefold()
        alone = self._namesakes(file.path) <= {file.path}
        found = []
        for other in self._alike(folder, name) + self._alike(folder, _stem(name)):
            if other.casefold() == exact or (other.casefold() == stem and (alone or family(file.kind) == "raw")):
                found.append(f"{folder}/{other}" if folder else other)
        return sorted(set(found))

    def _namesakes(self, path: str) -> frozenset[str]:
        """The photos and videos of the same folder that have this file's stem."""
        folder, _, name = path.rpartition("/")
        return frozenset(
            f"{folder}/{other}" if folder else other
            for other in self._alike(folder, _stem(name))
            if Path(other).suffix.lower() in PHOTO_SUFFIXES
        )

    def _alike(self, folder: str, stem: str) -> list[str]:
        """The names in a folder that have this stem, whatever their letters' case."""
        actual = self._place.actual(folder)
        try:
            changed = os.stat(actual).st_mtime_ns  # noqa: PTH116 - may hold undecodable bytes
            return _listed(actual, changed).get(stem.casefold(), [])
        except OSError:
            return []


@lru_cache(maxsize=8)
def _listed(folder: str, changed: int) -> dict[str, list[str]]:
    """The names in a folder by their stems: a folder of thousands is looked through once, not once for each photo."""
    from phototag.store.place import escape

    found: dict[str, list[str]] = {}
    for name in map(escape, os.listdir(folder)):  # noqa: PTH208 - names, not paths
        found.setdefault(_stem(name).casefold(), []).append(name)
    return found


def _stem(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + (last.rpartition(".")[0] or last)


def _kind_of(path: str, files: Sequence[File]) -> str:
    return next((file.kind for file in files if file.path == path), "")
