"""Which of several files with one picture is copied, and which sidecars go with it.

The decision here: the folder in which people have made most leads, by its kinds of files, its sidecars and its bytes,
for of two files with the same picture the larger one says more about it. Refused: copying all of them; leaving a
sidecar behind without a word because its folder did not lead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from phototag.decide.legal import fold, parted
from phototag.records import family

if TYPE_CHECKING:
    from phototag.organizing.stock import Original


def chosen_of(
    originals: Sequence[Original], alike: Callable[[Original, Original], bool]
) -> tuple[list[Original], list[str]]:
    """One file of each picture with its sidecars, and the paths of sidecars that say something else than those.

    The folder leads that has most of what people made; of files with the same picture the larger one says more.
    """
    if len(originals) == 1:
        return list(originals), []
    ranks = _ranks(originals)
    pictures: dict[str, Original] = {}
    for one in sorted(originals, key=lambda one: (ranks[one.folder] > 0, -one.size, ranks[one.folder], one.path)):
        if one.image_id:
            pictures.setdefault(one.image_id, one)
    sidecars, left = _sidecars(originals, pictures, ranks, alike)
    ordered = sorted(pictures.values(), key=lambda one: (ranks[one.folder] > 0, family(one.kind) != "raw", one.path))
    return [*ordered, *sorted(sidecars, key=lambda one: one.path)], left


def _ranks(originals: Sequence[Original]) -> dict[str, int]:
    """The folders, the leading one first."""
    by_folder: dict[str, list[Original]] = defaultdict(list)
    for one in originals:
        by_folder[one.folder].append(one)

    def rank(folder: str) -> tuple[int, bool, int, str]:
        own = by_folder[folder]
        sizes: dict[str, int] = {}
        for one in own:  # a picture that is there twice counts once
            sizes[one.image_id or one.path] = max(one.size, sizes.get(one.image_id or one.path, 0))
        return -len({one.kind for one in own}), all(one.image_id for one in own), -sum(sizes.values()), folder

    return {folder: number for number, folder in enumerate(sorted(by_folder, key=rank))}


def _sidecars(
    originals: Sequence[Original],
    pictures: Mapping[str, Original],
    ranks: Mapping[str, int],
    alike: Callable[[Original, Original], bool],
) -> tuple[list[Original], list[str]]:
    """The sidecars that go with the chosen pictures, one of each name, and the paths of others with other content."""
    speaks_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in originals:
        if one.image_id:
            speaks_of[one.folder, stem(one.path)].add(one.image_id)
    taken: list[tuple[Original, set[str]]] = []
    left: list[str] = []
    stems = {stem(one.path) for one in pictures.values()}
    sidecars = (one for one in originals if not one.image_id)
    for one in sorted(sidecars, key=lambda one: (ranks[one.folder], stem(one.path) not in stems, one.path)):
        own = speaks_of.get((one.folder, stem(one.path))) or set(pictures)
        name = fold(ending(one.path))
        rival = next((other for other, its in taken if fold(ending(other.path)) == name and its & own), None)
        if rival is None and any(stem(pictures[image_id].path) == stem(one.path) for image_id in own):
            taken.append((one, own))
        elif rival is None or not alike(one, rival):
            left.append(one.path)
    return [one for one, _ in taken], left


def stem(path: str) -> str:
    """What the names of a picture and of its sidecars have in common."""
    return fold(parted(path.rpartition("/")[2])[0])


def ending(path: str) -> str:
    """What a sidecar's name has behind that: `.CR2.xmp`."""
    return parted(path.rpartition("/")[2])[1]
