"""Photos such as a camera writes: 12 to 16 megapixels, 4 to 7 MB, with EXIF and a place.

The decision here: they are made of the test pictures, enlarged, with grain on top, for it is grain that fills a
camera's files and costs the time to decode them; made once, in parallel, and kept. Refused: asking for real photos,
which nobody may hand on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

COUNT = 24
_VERSION = 1  # in the folder's name: photos of another recipe are not taken for these
_SAMPLES = Path(__file__).resolve().parent.parent / "photos"
_SIZES = ((4000, 3000), (4608, 3456), (4928, 3264))
_CAMERAS = (("Canon", "Canon EOS R6"), ("NIKON CORPORATION", "NIKON Z 6_2"), ("SONY", "ILCE-7M3"))


def photos(kept: Path) -> list[Path]:
    """The photos in `kept`, made if they are not there."""
    folder = kept / f"camera-{_VERSION}"
    if not folder.is_dir():
        kept.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=kept))
        try:
            _make(unfinished)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return sorted(folder.glob("*.jpg"))


def _make(folder: Path) -> None:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(_photo, range(COUNT), [folder] * COUNT):
            continue
    arguments = [argument for number in range(COUNT) for argument in _written(number, folder)]
    subprocess.run(
        ["exiftool", "-@", "-"], input="\n".join(arguments), text=True, check=True, stdout=subprocess.DEVNULL
    )


def _photo(number: int, folder: Path) -> None:
    """One picture: part of a sample, enlarged, with coarse and fine grain in its brightness."""
    chance = np.random.default_rng(number)
    samples = sorted(_SAMPLES.rglob("*.jpg"))
    sample = Image.open(samples[number % len(samples)]).convert("YCbCr")
    width, height = _SIZES[number % len(_SIZES)]
    wide = int(min(sample.width, sample.height * width / height) * chance.uniform(0.7, 1))
    high = wide * height // width
    left, top = (int(chance.integers(0, room + 1)) for room in (sample.width - wide, sample.height - high))
    part = sample.crop((left, top, left + wide, top + high))
    brightness, blue, red = part.resize((width, height), Image.Resampling.BICUBIC).split()
    for size, strength in (((width // 3, height // 3), 6.0), ((width, height), 3.9)):
        grain = chance.standard_normal(size[::-1], np.float32) * np.float32(strength) + np.float32(128)
        layer = Image.fromarray(grain.clip(0, 255).astype(np.uint8)).resize((width, height))
        brightness = ImageChops.add(brightness, layer, offset=-128)
    picture = Image.merge("YCbCr", (brightness, blue, red))
    picture.save(folder / _name(number), quality=94, subsampling="4:2:0")


def _written(number: int, folder: Path) -> list[str]:
    """What the camera says of the photo, as arguments for ExifTool."""
    make, model = _CAMERAS[number % len(_CAMERAS)]
    return [
        f"-Make={make}",
        f"-Model={model}",
        f"-EXIF:DateTimeOriginal=2024:{1 + number % 12:02d}:{1 + number:02d} 12:30:00",
        f"-EXIF:SubSecTimeOriginal={number:02d}",
        "-EXIF:OffsetTimeOriginal=+02:00",
        "-EXIF:LensModel=24-105mm F4",
        "-EXIF:ExposureTime=1/250",
        "-EXIF:FNumber=5.6",
        "-EXIF:ISO=400",
        "-EXIF:FocalLength=50",
        f"-EXIF:Orientation#={(1, 1, 6)[number % 3]}",
        f"-EXIF:GPSLatitude={46 + number / 10}",
        "-EXIF:GPSLatitudeRef=N",
        f"-EXIF:GPSLongitude={8 + number / 10}",
        "-EXIF:GPSLongitudeRef=E",
        "-EXIF:GPSAltitude=500",
        "-overwrite_original",
        str(folder / _name(number)),
        "-execute",
    ]


def _name(number: int) -> str:
    return f"DSC_{number:04d}.jpg"
