"""Measures the measures of craft: python tests/bench/blur.py PHOTOS [--every N]

The decision here: real photos are blurred by known amounts, and each figure must put the less blurred before the more
blurred one, also where only the subject or only the background is. The threshold that people know, the Laplacian of
the picture at 256 x 256, stands beside. Each frame is noisy on its own account, as a camera's are. Frames that got more
or less light, with all that turns white in it, and frames of another tone curve are compared across: a stop is no blur.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from phototag.decide import cull_sharp  # noqa: E402
from phototag.decide.cull_frame import Frame  # noqa: E402
from phototag.decide.cull_weighing import CLEARLY  # noqa: E402
from phototag.errors import Unreadable  # noqa: E402
from phototag.look.craft import figures  # noqa: E402
from phototag.look.faces import Faces  # noqa: E402
from phototag.look.measure import Measure  # noqa: E402
from phototag.look.objects import Objects  # noqa: E402
from phototag.look.step import Subject  # noqa: E402
from phototag.read import picture  # noqa: E402
from phototag.read.sniff import HEAD, kind_of  # noqa: E402

PROMISED, COST = 0.95, 15.0  # share of the pairs, and milliseconds of CPU a photo
SIDE, SMALLEST = 1024, 250
NOISES = (0, 8)  # standard deviation in grey levels; 8 is what ISO 12,800 leaves in the shared picture
SIGMAS = (0, 0.5, 0.8, 1.2, 2, 3, 4.5, 6, 8)
LENGTHS, ANGLES = (0, 3, 6, 12, 25, 40), (0, 35, 90, 125)
RADII = (0, 1, 2, 3, 5, 8, 12)
STOPS, GAMMAS = (-2, -1, 0, 1, 2), (0.8, 1.25)
STEPS = {"gaussian": (0, 1, 2, 4), "defocus": (0, 2, 4, 8), "motion": (0, 6, 12, 25)}
COLUMNS = ("lead", "subject_sharpness", "sharpness", "subject_detail", "laplacian_256")
KINDS = ("sharp", "motion", "defocus", "unknown")

Earlier = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and what other steps say of it."""

    name: str
    pixels: Any
    earlier: Earlier


def photos(folder: Path, every: int = 1) -> Iterator[Photo]:
    """Every so manieth photo that is large enough to be blurred, by name."""
    measure, faces, objects = Measure(SIDE), Faces(SIDE), Objects(SIDE)
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[::every]:
        try:
            with path.open("rb") as file:
                pixels = picture.decode(path, kind_of(file.read(HEAD), path.name) or "", SIDE).pixels
        except Unreadable:
            continue
        if min(pixels.shape[:2]) >= SMALLEST:
            subject = Subject(path.name, pixels)
            steps = (measure, faces, objects)
            yield Photo(path.name, pixels, {step.name: step.make([subject])[0].value for step in steps})


def gaussian(pixels: Any, sigma: float) -> Any:
    return cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) if sigma else pixels


def moved(pixels: Any, length: float, angle: float) -> Any:
    """Moved by so many pixels, in degrees clockwise from level."""
    if not length:
        return pixels
    side = (int(length) | 1) + 2
    fine, middle = np.zeros((side * 8, side * 8), np.float32), (side * 8 - 1) / 2
    half = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * length * 4
    ends = [tuple(round(float(each)) for each in middle + sign * half) for sign in (-1, 1)]
    cv2.line(fine, ends[0], ends[1], 1.0, 8)
    return _through(pixels, fine, side)


def unfocused(pixels: Any, radius: float) -> Any:
    """As a round aperture blurs a point."""
    if not radius:
        return pixels
    side = 2 * int(np.ceil(radius)) + 1
    along = (np.arange(side * 8) + 0.5) / 8 - side / 2
    return _through(pixels, (np.hypot(along[:, None], along) <= radius).astype(np.float32), side)


def _through(pixels: Any, fine: Any, side: int) -> Any:
    kernel = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def noisy(pixels: Any, deviation: float, chance: np.random.Generator) -> Any:
    if not deviation:
        return pixels
    grains = chance.normal(0, deviation, pixels.shape[:2])[..., None]
    return np.clip(np.rint(pixels + grains), 0, 255).astype(np.uint8)


def lit(pixels: Any, stops: float) -> Any:
    """With so many stops more light: what is too bright turns white."""
    return _curved(lambda greys: (greys**2.2 * 2.0**stops).clip(0, 1) ** (1 / 2.2))[pixels] if stops else pixels


def toned(pixels: Any, gamma: float) -> Any:
    """As an editor's curve makes it brighter (under one) or darker."""
    return _curved(lambda greys: greys**gamma)[pixels]


def _curved(curve: Callable[[Any], Any]) -> Any:
    return np.rint(curve(np.arange(256) / 255) * 255).astype(np.uint8)


def lights(pixels: Any) -> Iterator[tuple[str, Any]]:
    """The picture in every light, and what to call each."""
    yield from ((f"{stops:+d} stops", lit(pixels, stops)) for stops in STOPS)
    yield from ((f"gamma {gamma}", toned(pixels, gamma)) for gamma in GAMMAS)


def lead(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """By how much culling takes the first for the sharper one."""
    return cull_sharp.lead(Frame("", one), Frame("", other)) or 0.0


def measured(pixels: Any, earlier: Earlier) -> dict[str, Any]:
    """The figures of a blurred picture. Faces and things are where they were; the plain Laplacian is made anew."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA)
    found = {**figures(pixels, earlier), "brightness": float(grey.mean())}
    return {**found, "laplacian_256": float(cv2.Laplacian(small, cv2.CV_64F).var())}


def series(pixels: Any) -> Iterator[tuple[str, float, list[tuple[float, Any]]]]:
    """Kind of blur, its direction, and the picture in growing steps of it."""
    yield "gaussian", 0, [(step, gaussian(pixels, step)) for step in SIGMAS]
    yield "defocus", 0, [(step, unfocused(pixels, step)) for step in RADII]
    for angle in ANGLES:
        yield "motion", angle, [(step, moved(pixels, step, angle)) for step in LENGTHS]


def subject_mask(photo: Photo) -> Any:
    """One where the faces are, or else the things that the detector is sure of; None if none is of a fit size."""
    found = [face["box"] for face in photo.earlier["faces"]["faces"]]
    found = found or [thing["box"] for thing in photo.earlier["objects"]["objects"] if thing["score"] >= 0.5]
    height, width = photo.pixels.shape[:2]
    mask = np.zeros((height, width), np.float32)
    for left, top, right, bottom in found:
        mask[int(top * height) : round(bottom * height), int(left * width) : round(right * width)] = 1
    large = any(min((b[2] - b[0]) * width, (b[3] - b[1]) * height) >= 48 for b in found)
    return cv2.GaussianBlur(mask, (0, 0), 3)[..., None] if large and mask.mean() <= 0.6 else None


def composites(photo: Photo) -> Iterator[tuple[str, list[tuple[float, Any]]]]:
    """Kind of blur, and pictures of which the subject is blurred so much, whatever the background is."""
    mask = subject_mask(photo)
    if mask is None:
        return
    kinds: dict[str, tuple[Callable[[Any, float], Any], tuple[float, ...]]] = {
        "gaussian": (gaussian, (0, 1, 2, 4)),
        "defocus": (unfocused, (0, 2, 4, 8)),
        "motion": (lambda pixels, length: moved(pixels, length, 35), (0, 6, 12, 25)),
    }
    for kind, (blurred, steps) in kinds.items():
        versions = {step: blurred(photo.pixels, step).astype(np.float32) for step in steps}
        mixed = [
            (subject, np.rint(versions[subject] * mask + versions[behind] * (1 - mask)).astype(np.uint8))
            for subject, behind in product(steps, (steps[0], steps[-1]))
        ]
        yield kind, mixed


class Tally:
    """What came out, and how to print it."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.kinds: dict[str, Counter[str]] = defaultdict(Counter)
        self.across: list[tuple[bool, dict[str, Any]]] = []
        self.turned: list[float] = []
        self.false: dict[str, list[bool]] = defaultdict(list)

    def rank(self, group: str, kind: str, found: list[tuple[float, dict[str, Any]]]) -> None:
        """Each two of which one is blurred more must be told apart by each figure."""
        for (less, one), (more, other) in combinations(sorted(found, key=lambda each: each[0]), 2):
            if less < more:
                self.pairs[group, kind]["pairs"] += 1
                self.pairs[group, kind].update(name for name in COLUMNS[1:] if one[name] > other[name])
                self.pairs[group, kind]["lead"] += lead(one, other) > 0

    def blame(self, group: str, found: list[tuple[float, dict[str, Any]]]) -> None:
        """Of two that are blurred alike neither may be called the less sharp one."""
        for (less, one), (more, other) in combinations(found, 2):
            if less == more:
                self.false[group].append(abs(lead(one, other)) >= CLEARLY)

    def name(self, kind: str, step: float, angle: float, found: Mapping[str, Any]) -> None:
        """What the blur was called."""
        called = f"{kind} {step:g}" if step else "sharp"
        self.kinds[called][found["blur"]] += 1
        if kind == "motion" and found["blur"] == "motion" and step:
            self.turned.append(abs((found["blur_angle"] - angle + 90) % 180 - 90))

    def share(self, group: str, column: str = COLUMNS[0]) -> float:
        chosen = [each for (of, _), each in self.pairs.items() if of == group]
        return sum(each[column] for each in chosen) / max(1, sum(each["pairs"] for each in chosen))

    def lines(self) -> Iterator[str]:
        yield f"{'right order, % of pairs':34}{'pairs':>8}" + "".join(f"{name:>19}" for name in COLUMNS)
        for (group, kind), each in sorted(self.pairs.items()):
            shares = "".join(f"{100 * each[name] / each['pairs']:19.1f}" for name in COLUMNS)
            yield f"{group + ', ' + kind:34}{each['pairs']:8}" + shares
        yield f"{'a sharp photo before another,':34}"
        sharp, soft = ([found for is_sharp, found in self.across if is_sharp == which] for which in (True, False))
        right = [np.mean([a[name] > b[name] for a in sharp for b in soft]) * 100 for name in COLUMNS[1:]]
        yield f"{'  which is blurred by 2 to 8 px':34}{len(sharp) * len(soft):8}{'-':>19}" + "".join(
            f"{r:19.1f}" for r in right
        )
        yield ""
        for group, wrong in self.false.items():
            yield f"{group}: {100 * np.mean(wrong):.2f} % of {len(wrong)} pairs that are blurred alike told apart"
        yield ""
        yield f"{'blur, and what it is called':34}" + "".join(f"{kind:>9}" for kind in KINDS)
        yield from (f"{of:34}" + "".join(f"{each[kind]:9}" for kind in KINDS) for of, each in self.kinds.items())
        if self.turned:
            middle, most = np.percentile(self.turned, [50, 95])
            yield f"direction of the motion: off by {middle:.1f} degrees (median), {most:.1f} (95 in 100)"


def tallied(chosen: list[Photo], noises: tuple[int, ...] = NOISES) -> Tally:
    """All the figures of these photos."""
    tally, chance = Tally(), np.random.default_rng(1)
    for photo, noise in product(chosen, noises):
        grain = f"noise {noise}"
        for kind, angle, steps in series(photo.pixels):
            found = [(step, measured(noisy(each, noise, chance), photo.earlier)) for step, each in steps]
            tally.rank(f"all blurred, {grain}", kind, found)
            for step, each in found:
                if step or kind == "gaussian":
                    tally.name(kind, step, angle, each)
            if kind == "gaussian" and not noise:
                tally.across += [(step == 0, each) for step, each in found if step == 0 or step >= 2]
            if noise:  # at each step a clean frame less blurred, a noisy one more
                clean = [(step, measured(each, photo.earlier)) for step, each in steps]
                for one, other in combinations(range(len(steps)), 2):
                    tally.rank(f"the blurred one alone, {grain}", kind, [clean[one], found[other]])
        for kind, mixed in composites(photo):
            found = [(step, measured(noisy(each, noise, chance), photo.earlier)) for step, each in mixed]
            tally.rank(f"subject or not, {grain}", kind, found)
        exposed(tally, photo, noise, chance)
    return tally


def exposed(tally: Tally, photo: Photo, noise: int, chance: np.random.Generator) -> None:
    """Each blur in each light: every light of the one against every other of the other."""
    blurs: dict[str, Callable[[Any, float], Any]] = {
        "gaussian": gaussian,
        "defocus": unfocused,
        "motion": lambda pixels, length: moved(pixels, length, 35),
    }
    for kind, steps in STEPS.items():
        found = [
            (step, measured(noisy(each, noise, chance), photo.earlier))
            for step in steps
            for _, each in lights(blurs[kind](photo.pixels, step))
        ]
        tally.rank(f"in any light, noise {noise}", kind, found)
        tally.blame(f"in any light, noise {noise}", found)


def cost(chosen: list[Photo]) -> float:
    """Milliseconds of CPU that a photo of full size takes, in one thread: the best of three rounds."""
    full = [photo for photo in chosen if max(photo.pixels.shape) >= SIDE] or chosen
    rounds = []
    for _ in range(3):
        began = time.thread_time()
        for photo in full:
            figures(photo.pixels, photo.earlier)
        rounds.append((time.thread_time() - began) / len(full) * 1e3)
    return min(rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the measures of craft.")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every so manieth file")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    chosen = list(photos(asked.photos, asked.every))
    if not chosen:
        print(f"There is no photo of {SMALLEST} pixels or more in {asked.photos}.", file=sys.stderr)
        return 2
    tally = tallied(chosen)
    print(*tally.lines(), sep="\n")
    met = {True: "met", False: "not met"}
    for group in sorted({group for group, _ in tally.pairs}):
        share = tally.share(group)
        print(f"{group}: {100 * share:.1f} % by the lead; {100 * PROMISED:.0f} %: {met[share >= PROMISED]}")
    spent = cost(chosen)
    print(f"{len(chosen)} photos; {spent:.1f} ms CPU a photo of full size; under {COST:.0f} ms: {met[spent < COST]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
