"""Photos for the tests of culling, made on the spot: what a camera writes down, and frames that differ as bursts do.

The decision: drawn scenes with detail everywhere, moved and blurred by known amounts, and a real ExifTool for the
rest. Refused: photos of people, of whom nobody would know which frame is the best.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy
from PIL import Image

from tests.writing import exiftool

START = datetime(2024, 6, 1, 14, 0, 0)
SIZE = (720, 480)


def scene(seed: int, width: int = SIZE[0], height: int = SIZE[1]) -> numpy.ndarray:
    """A picture full of edges of all sizes, another one for each seed."""
    dice = numpy.random.default_rng(seed)
    picture = numpy.full((height, width, 3), dice.integers(60, 200, 3), numpy.uint8)
    for size in (150, 60, 24, 9, 4):
        for _ in range(3000 // size):
            colour = tuple(int(each) for each in dice.integers(20, 236, 3))
            x, y = int(dice.integers(0, width)), int(dice.integers(0, height))
            w, h = (int(each) for each in dice.integers(size // 3 + 1, size, 2))
            if dice.integers(2):
                cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
            else:
                cv2.ellipse(picture, (x, y), (w, h), int(dice.integers(180)), 0, 360, colour, -1)
    return picture


def moved(picture: numpy.ndarray, pixels: int) -> numpy.ndarray:
    """The picture as it looks when the camera moved to the side meanwhile."""
    if pixels < 2:
        return picture
    kernel = numpy.zeros((pixels, pixels), numpy.float32)
    kernel[pixels // 2] = 1 / pixels
    return cv2.filter2D(picture, -1, kernel)


def save(file: Path, picture: numpy.ndarray) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file, quality=93)
    return file


def stamp(frames: dict[Path, dict[str, object]]) -> None:
    """What the camera wrote: `at` is seconds after START, the rest are ExifTool's tags."""
    rows = []
    for file, given in frames.items():
        tags = {"Make": "Test", "Model": "Camera", "FocalLength": 50, "FNumber": 4, "ISO": 200, "ExposureTime": 0.004}
        tags |= {name: value for name, value in given.items() if name != "at"}
        moment = START + timedelta(seconds=float(str(given["at"])))
        rows.append(
            {
                "SourceFile": str(file),
                "DateTimeOriginal": moment.strftime("%Y:%m:%d %H:%M:%S"),
                "SubSecTimeOriginal": f"{moment.microsecond // 10000:02}",
                **tags,
            }
        )
    table = next(iter(frames)).parent / "stamps.json"
    table.write_text(json.dumps(rows))
    exiftool(f"-json={table}", "-overwrite_original", *map(str, frames))
    table.unlink()


def burst(folder: Path, name: str, seed: int, lengths: tuple[int, ...], at: float = 0.0) -> list[Path]:
    """Frames of one scene, a fifth of a second apart, each moved by so many pixels while it was taken."""
    picture = scene(seed)
    files = [save(folder / f"{name}{number}.jpg", moved(picture, long)) for number, long in enumerate(lengths, 1)]
    stamp({file: {"at": at + number * 0.2} for number, file in enumerate(files)})
    return files


def lit(picture: numpy.ndarray, stops: float) -> numpy.ndarray:
    """The picture with so many stops more light; what is too bright turns white."""
    light = (picture / 255.0) ** 2.2 * 2.0**stops
    return numpy.rint(light.clip(0, 1) ** (1 / 2.2) * 255).astype(numpy.uint8)


def exposed(folder: Path, picture: numpy.ndarray, at: float = 0.0) -> list[Path]:
    """A burst: good, four other exposures, then moved and bright, out of focus and bright, out of focus and dark."""
    soft = cv2.GaussianBlur(picture, (0, 0), 4)
    frames = [lit(picture, stops) for stops in (0, -1, -2, 1, 2)]
    frames += [lit(moved(picture, 15), 2), lit(soft, 2), lit(soft, -2.5)]
    files = [save(folder / f"{number}.jpg", frame) for number, frame in enumerate(frames, 1)]
    stamp({file: {"at": at + number * 0.2} for number, file in enumerate(files)})
    return files


def bracket(folder: Path, seed: int, at: float) -> list[Path]:
    """Three exposures, two stops apart."""
    picture = scene(seed).astype(numpy.float32)
    files, stamps = [], {}
    for number, (gain, seconds) in enumerate(((1.0, 0.004), (0.45, 0.001), (1.7, 0.016))):
        file = save(folder / f"bracket{number}.jpg", (picture * gain).clip(0, 255).astype(numpy.uint8))
        stamps[file] = {"at": at + number * 0.3, "ExposureTime": seconds}
        files.append(file)
    stamp(stamps)
    return files


def panorama(folder: Path, seed: int, at: float) -> list[Path]:
    """Four overlapping views of a wide scene, two seconds apart."""
    wide = scene(seed, SIZE[0] * 3)
    step = SIZE[0] // 2
    files = [save(folder / f"pan{n}.jpg", wide[:, n * step : n * step + SIZE[0]]) for n in range(4)]
    stamp({file: {"at": at + number * 2.0} for number, file in enumerate(files)})
    return files


def wedding(folder: Path) -> Path:
    """A burst of six with one sharp frame (the third), a bracket, a panorama, and two photos that stand alone."""
    burst(folder, "burst", 1, (9, 5, 0, 31, 35, 39))
    bracket(folder, 2, 600)
    panorama(folder, 3, 1200)
    alone = [save(folder / f"alone{seed}.jpg", scene(seed)) for seed in (20, 21)]
    stamp({file: {"at": 3000 + number * 600} for number, file in enumerate(alone)})
    return folder
