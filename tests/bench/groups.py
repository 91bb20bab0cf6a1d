"""Do copies, edits and near views of real photos find each other among 100,000 others? python tests/bench/groups.py

The decision here: every photo of the folder (../shared/photos) is saved again, resized, cropped, edited, turned and
seen from aside, by the hashes and vectors of the real looks; hidden among hashes that are random or those of crops of
the same photos, each with the vector of another photo, bent a little. Found and right pairs are counted for each
change, with vectors and without. Then a million hashes, held against comparing all with all, and brackets and
panoramas cut from the photos. Refused: vectors of nothing but noise, among which nothing is ever confirmed wrongly.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import table
from table import Row

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from phototag.backends.tagger import Tagger  # noqa: E402
from phototag.decide import alike, groups, overlap, pairs, series  # noqa: E402
from phototag.decide.groups import Shot  # noqa: E402
from phototag.errors import Unreadable  # noqa: E402
from phototag.look.measure import hashes  # noqa: E402
from phototag.read import picture  # noqa: E402
from phototag.read.sniff import HEAD, kind_of  # noqa: E402

HIDDEN = 100_000
PROMISED = 0.98
_CPU_S, _MEMORY_MB = 10.0, 600.0
_CROPS = 40  # of each photo, among what is hidden
_BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024


def saved(quality: int) -> Callable[[Any], Any]:
    def change(pixels: Any) -> Any:
        _, written = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.ascontiguousarray(cv2.imdecode(written, cv2.IMREAD_COLOR)[:, :, ::-1])

    return change


def resized(share: float) -> Callable[[Any], Any]:
    return lambda pixels: saved(85)(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA))


def cropped(share: float, across: float = 0.5, down: float = 0.5) -> Callable[[Any], Any]:
    def change(pixels: Any) -> Any:
        height, width = pixels.shape[:2]
        high, wide = int(height * (1 - share)), int(width * (1 - share))
        top, left = int((height - high) * down), int((width - wide) * across)
        return np.ascontiguousarray(pixels[top : top + high, left : left + wide])

    return change


def turned(degrees: float) -> Callable[[Any], Any]:
    """Turned, and enlarged so that no corner is empty, as programs level a horizon."""

    def change(pixels: Any) -> Any:
        height, width = pixels.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1 + abs(degrees) * 0.035)
        return cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT)

    return change


def lit(power: float = 1.0, contrast: float = 1.0) -> Callable[[Any], Any]:
    grey = ((np.arange(256) / 255) ** power - 0.5) * contrast * 255 + 127.5
    steps = grey.clip(0, 255).astype(np.uint8)
    return lambda pixels: cv2.LUT(pixels, steps)


def aside(pixels: Any) -> Any:
    """The next shot from the same place: moved a little, turned a little, saved by the camera."""
    return saved(85)(cropped(0.02, 1.0, 0.0)(turned(0.7)(pixels)))


CHANGES: dict[str, Callable[[Any], Any]] = {
    "saved again, 85": saved(85),
    "saved again, 40": saved(40),
    "half the size": resized(0.5),
    "a fifth of the size": resized(0.2),
    "cropped by 1 %": cropped(0.01),
    "cropped by 3 %": cropped(0.03),
    "cropped by 5 %": cropped(0.05),
    "brighter": lit(0.7),
    "darker": lit(1.5),
    "more contrast": lit(1.0, 1.3),
    "turned by 0.5 degrees": turned(0.5),
    "turned by 1 degree": turned(1.0),
    "the next view": aside,
}


def photos(folder: Path) -> Iterator[Any]:
    """The pixels of every picture that is large enough and not plain."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD), path.name)
        try:
            pixels = picture.decode(path, kind or "", 1024).pixels
        except Unreadable:
            continue
        if min(pixels.shape[:2]) >= 200 and pixels.std() > 8:
            yield pixels


class Seen:
    """Photos and what was made of them, as hashes and vectors; `of` tells which of them show one picture."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.phash: list[int] = []
        self.dhash: list[int] = []
        self.vectors: list[Any] = []
        self._tagger = Tagger("effnet_lite2")

    def add(self, name: str, pixels: Any) -> None:
        one, other = hashed(pixels)
        self.ids.append(name)
        self.phash.append(one)
        self.dhash.append(other)
        self.vectors.append(self._tagger.seen(pixels)[1])


def hashed(pixels: Any) -> tuple[int, int]:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    one, other = hashes(cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA))
    return int(one, 16), int(other, 16)


def distinct(folder: Path) -> list[Any]:
    """One of each picture: what the folder has twice or in a series would count as wrong and is right."""
    kept: list[tuple[Any, int, Any]] = []
    tagger, left = Tagger("effnet_lite2"), 0
    for pixels in photos(folder):
        one, vector = hashed(pixels)[0], tagger.seen(pixels)[1]
        if all((one ^ other).bit_count() > 16 and float(vector @ seen) < 0.95 for _, other, seen in kept):
            kept.append((pixels, one, vector))
        else:
            left += 1
    print(f"{left} pictures left out that the folder has twice or in a series")
    return [pixels for pixels, _, _ in kept]


def hidden(real: Sequence[Any], vectors: Any) -> tuple[Any, Any, Any]:
    """Hashes of crops, and random ones; each with the vector of some photo, bent by as much as unlike ones differ."""
    chance = np.random.default_rng(7)
    crops = [
        hashed(cropped(chance.uniform(0.4, 0.7), chance.random(), chance.random())(small))
        for small in (cv2.resize(pixels, (400, 300), interpolation=cv2.INTER_AREA) for pixels in real)
        for _ in range(_CROPS)
    ]
    made = chance.integers(0, 2**64, (HIDDEN, 2), np.uint64)
    made[: len(crops)] = np.array(crops, np.uint64)
    bent = vectors[chance.integers(0, len(vectors), HIDDEN)] + chance.normal(
        0, 0.9 / np.sqrt(vectors.shape[1]), (HIDDEN, vectors.shape[1])
    ).astype(np.float32)
    bent /= np.linalg.norm(bent, axis=1, keepdims=True)
    return made[:, 0], made[:, 1], bent


def near_duplicates(real: Sequence[Any]) -> None:
    """Recall by change and precision over all, by four ways of asking."""
    seen = Seen()
    for number, pixels in enumerate(real):
        seen.add(f"{number:03}|", pixels)
        for name, change in CHANGES.items():
            seen.add(f"{number:03}|{name}", change(pixels))
    known = np.array(seen.vectors, np.float32)
    one, other, bent = hidden(real, known[:: len(CHANGES) + 1])
    ids = [*seen.ids, *(f"hidden {number:06}" for number in range(HIDDEN))]
    phash = np.concatenate([np.array(seen.phash, np.uint64), one])
    dhash = np.concatenate([np.array(seen.dhash, np.uint64), other])
    likeness = alike.by_vectors(np.concatenate([known, bent]))
    print(f"{len(real)} photos, {len(CHANGES)} changes of each, among {HIDDEN:,} others\n")
    asked: dict[str, dict[str, Any]] = {
        "phash": {},
        "both": {"second": dhash},
        "phash+vec": {"likeness": likeness},
        "both+vec": {"second": dhash, "likeness": likeness},
    }
    ways, spent = {}, {}
    for way, given in asked.items():
        start = time.process_time()
        ways[way] = alike.near(ids, phash, 6, **given)
        spent[way] = time.process_time() - start
    print(f"{'recall':24}" + "".join(f"{way:>11}" for way in ways))
    together = {
        way: {each: n for n, group in enumerate(found) for each in group.members} for way, found in ways.items()
    }
    for name in CHANGES:
        print(f"{name:24}" + "".join(f"{_recall(where, len(real), [name]):11.3f}" for where in together.values()))
    print(f"{'all':24}" + "".join(f"{_recall(where, len(real), list(CHANGES)):11.3f}" for where in together.values()))
    print(f"{'precision':24}" + "".join(f"{_precision(found):11.3f}" for found in ways.values()))
    print(f"{'CPU seconds':24}" + "".join(f"{each:11.2f}" for each in spent.values()))
    print(f"promised: {PROMISED} of both, by both hashes with vectors\n")


def _recall(where: dict[str, int], count: int, names: Sequence[str]) -> float:
    """How many of the changed pictures are in the group of their original."""
    wanted = [(f"{number:03}|", f"{number:03}|{name}") for number in range(count) for name in names]
    return sum(where.get(one, -1) == where.get(other, -2) for one, other in wanted) / len(wanted)


def _precision(found: Sequence[alike.Group]) -> float:
    """How many of the pairs that stand in one group show one picture, of those with a photo; hidden ones show none."""
    right = wrong = 0
    for group in found:
        for one, other in combinations([each.partition("|")[0] for each in group.members], 2):
            if not (one.startswith("hidden") and other.startswith("hidden")):
                right, wrong = right + (one == other), wrong + (one != other)
    return right / max(right + wrong, 1)


# ---- series


def never_culled(real: Sequence[Any]) -> None:
    """Brackets and panoramas cut from each photo: how many are known as such, and how many land in a group to cull."""
    chosen = [pixels for pixels in real if pixels.shape[1] >= 600]
    known, culled = {"bracket": 0, "panorama": 0}, {"bracket": 0, "panorama": 0}
    for pixels in chosen:
        for kind, taken in (("bracket", _bracket(pixels)), ("panorama", _panorama(pixels))):
            views = dict(zip((shot.image_id for shot, _ in taken), (grey for _, grey in taken), strict=True))
            shots = [shot for shot, _ in taken]
            found = series.series(shots, lambda a, b, views=views: overlap.moved(views[a.image_id], views[b.image_id]))
            apart = series.never_culled(found)
            known[kind] += any(one.kind == kind and len(one.shots) == len(shots) for one in found)
            rapid = groups.bursts(shots, 3.0, groups.within(pairs.MOST, unknown=False), apart)
            phash = np.array([shot.phash for shot in shots], np.uint64)
            culled[kind] += bool(rapid or alike.near([shot.image_id for shot in shots], phash, 6, apart=apart))
    for kind, count in known.items():
        print(f"{kind}s made of {len(chosen)} photos: {count} known, {culled[kind]} with frames in a group to cull")


def _shot(name: str, pixels: Any, at: float, **facts: Any) -> tuple[Shot, Any]:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    scale = overlap.SIDE / max(grey.shape)
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    shot = Shot(name, "camera", at, aperture=8.0, iso=100.0, focal_mm=35.0, phash=hashed(pixels)[0], **facts)
    return shot, cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _bracket(pixels: Any) -> list[tuple[Shot, Any]]:
    steps = ((0, 1 / 100), (-2, 1 / 400), (2, 1 / 25))
    return [
        _shot(f"b{bias}", lit(2 ** (-bias / 2.2))(pixels), n / 2, exposure_s=seconds, exposure_bias=float(bias))
        for n, (bias, seconds) in enumerate(steps)
    ]


def _panorama(pixels: Any) -> list[tuple[Shot, Any]]:
    """Four frames, each 40 % further to the right, turned by a hand; the light is locked."""
    width = pixels.shape[1]
    wide = int(width / 2.2)
    frames = (pixels[:, int(n * 0.4 * wide) : int(n * 0.4 * wide) + wide] for n in range(4))
    return [
        _shot(f"p{n}", turned((-1) ** n * 0.6)(frame), n * 2.0, exposure_s=1 / 250) for n, frame in enumerate(frames)
    ]


# ---- a million hashes


def million(count: int = 1_000_000) -> Iterator[Row]:
    """T12: all pairs within six bits, and those of a thousand hashes as comparing with all finds them."""
    chance = np.random.default_rng(1)
    made = chance.integers(0, 2**64, count, np.uint64)
    flips = (np.uint64(1) << chance.integers(0, 64, (count // 5, 6)).astype(np.uint64)).T
    made[-(count // 5) :] = made[: count // 5] ^ np.bitwise_xor.reduce(flips * (chance.random(flips.shape) < 0.7))
    start = time.process_time()
    near = pairs.within(made, 6)
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT / 1e6
    what = f"{count:,} hashes"
    beside = f"{len(near.first):,} pairs"
    yield Row("T12", what, spent, "s", beside, goal=_CPU_S, sign="<=", decided_by="ours")
    yield Row("", "  peak memory", peak, "MB", "with numpy", goal=_MEMORY_MB, sign="<=", decided_by="ours")
    sample = chance.choice(len(near.hashes), 1000, replace=False)
    slow = {
        (min(one, other), max(one, other))
        for one in sample.tolist()
        for other in np.flatnonzero(pairs.ones(near.hashes ^ near.hashes[one]) <= 6).tolist()
        if one != other
    }
    asked = np.isin(near.first, sample) | np.isin(near.second, sample)
    quick = set(zip(near.first[asked].tolist(), near.second[asked].tolist(), strict=True))
    missed = len(slow ^ quick)
    yield Row("", "  unlike brute force", missed, "", f"{len(slow):,} pairs", goal=0, sign="<=", decided_by="ours")


def main() -> int:
    load = os.getloadavg()[0]
    print(table.heading())
    for row in million():  # first: the peak of memory is this process's
        print(table.line(row), flush=True)
    print(table.machine(load) + "\n")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "photos"
    real = distinct(folder) if folder.is_dir() else []
    if len(real) < 2:
        print(f"no photos in {folder}: python tests/bench/groups.py PHOTOS")
        return 0
    never_culled(real)
    near_duplicates(real)
    return 0


if __name__ == "__main__":
    sys.exit(main())
