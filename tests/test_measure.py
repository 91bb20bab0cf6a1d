"""Figures of a picture: sharpness, light, colour, and hashes that stay near for what looks alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from phototag.errors import Unreadable
from phototag.look.measure import Measure, measures
from phototag.look.step import Subject
from phototag.read.picture import decode


def scene(seed: int = 1, width: int = 1024, height: int = 700) -> Any:
    """Blurred coloured noise over a slope: as many frequencies as a photo has, and no ties."""
    chance = np.random.default_rng(seed)
    rough = chance.integers(0, 256, (height // 64 + 2, width // 64 + 2, 3)).astype(np.uint8)
    return cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)


def apart(one: dict[str, Any], other: dict[str, Any]) -> tuple[int, int]:
    return tuple((int(one[name], 16) ^ int(other[name], 16)).bit_count() for name in ("phash", "dhash"))  # type: ignore[return-value]


def full_size_hashes(grey: Any) -> dict[str, str]:
    """The definition, slowly: Lanczos over the whole picture as Pillow does it, SciPy's cosine sum, written out."""
    from PIL import Image

    def reduced(width: int, height: int) -> Any:
        return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.LANCZOS), np.float64)

    grid, steps = reduced(32, 32), reduced(9, 8)
    where = np.arange(32)
    low = np.array(
        [
            [
                (grid * np.outer(*(np.cos(np.pi * k * (2 * where + 1) / 64) for k in (row, column)))).sum()
                for column in range(8)
            ]
            for row in range(8)
        ]
    )
    bits = {"phash": low > np.median(low), "dhash": steps[:, 1:] > steps[:, :-1]}
    return {name: np.packbits(found).tobytes().hex() for name, found in bits.items()}


# ---- hashes


@pytest.mark.parametrize("seed", range(6))
def test_hashes_are_those_of_the_full_picture_to_two_bits(seed: int) -> None:
    full = scene(seed, 3000, 2000)
    shared = cv2.resize(full, (1024, 683), interpolation=cv2.INTER_AREA)
    expected = full_size_hashes(cv2.cvtColor(full, cv2.COLOR_RGB2GRAY))
    assert max(apart(measures(shared), expected)) <= 2


def test_hashes_of_real_photos_are_those_of_the_full_picture_to_two_bits(shared_photos: Path) -> None:
    from PIL import Image

    compared = 0
    for path in sorted(shared_photos.rglob("*.jp*g")):
        try:
            pixels = decode(path, "jpeg", 1024).pixels
        except Unreadable:
            continue
        with Image.open(path) as image:
            profile, turned = image.info.get("icc_profile"), image.getexif().get(274, 1) != 1
            if min(image.size) < 64 or profile or turned:
                continue  # too small for 64 bits; turned or with other colours it is another picture
            grey = np.asarray(image.convert("L"))
        if grey.std() < 26:
            continue  # too plain: its bits are the noise
        assert max(apart(measures(pixels), full_size_hashes(grey))) <= 2, path.name
        compared += 1
    assert compared > 30


def test_what_looks_alike_is_near_and_another_picture_is_not() -> None:
    first = scene(1)
    smaller = cv2.resize(first, (640, 437), interpolation=cv2.INTER_AREA)
    darker = (first * 0.8).astype(np.uint8)
    for alike in (smaller, darker):
        assert max(apart(measures(first), measures(alike))) <= 4
    assert min(apart(measures(first), measures(scene(2)))) >= 15
    assert min(apart(measures(first), measures(first[:, ::-1]))) >= 15


@pytest.mark.parametrize("grey", [0, 1, 127, 254, 255])
def test_a_plain_picture_has_one_hash_whatever_its_grey(grey: int) -> None:
    found = measures(np.full((300, 400, 3), grey, np.uint8))
    assert (found["phash"], found["dhash"]) == ("8000000000000000" if grey else "0" * 16, "0" * 16)


# ---- colour


def test_a_grey_picture_is_monochrome_and_a_coloured_one_is_not() -> None:
    grey = np.repeat(scene()[:, :, :1], 3, axis=2)
    assert measures(grey)["monochrome"] is True
    assert measures(scene())["monochrome"] is False


def test_jpegs_traces_of_colour_do_not_count_a_red_spot_does() -> None:
    grey = np.repeat(scene()[:, :, :1], 3, axis=2)
    _, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 40])
    assert measures(cv2.imdecode(encoded, cv2.IMREAD_COLOR))["monochrome"] is True
    spotted = grey.copy()
    spotted[100:200, 100:200] = (220, 10, 10)  # 1.4 % of the picture
    assert measures(spotted)["monochrome"] is False


def test_a_toned_picture_is_not_called_monochrome() -> None:
    grey = np.repeat(scene()[:, :, :1], 3, axis=2)
    assert measures((grey * np.array([1.0, 0.9, 0.7])).astype(np.uint8))["monochrome"] is False


def test_a_blank_picture_is_not_monochrome() -> None:
    assert measures(np.full((50, 50, 3), 255, np.uint8))["monochrome"] is False


# ---- sharpness and light


def test_blur_lowers_both_kinds_of_sharpness_and_a_sharp_part_keeps_one_up() -> None:
    chance = np.random.default_rng(1)
    sharp = chance.integers(0, 256, (700, 1024, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    portrait = blurred.copy()
    portrait[175:525, 256:768] = sharp[175:525, 256:768]
    crisp, soft, mixed = measures(sharp), measures(blurred), measures(portrait)
    assert soft["sharpness"] < crisp["sharpness"] / 5
    assert soft["sharpest_tiles"] < crisp["sharpest_tiles"] / 50
    assert mixed["sharpest_tiles"] > crisp["sharpest_tiles"] / 3
    assert mixed["sharpness"] < crisp["sharpness"] / 2


def test_brightness_contrast_and_clipping() -> None:
    half = np.zeros((100, 200, 3), np.uint8)
    half[:, 100:] = 255
    found = measures(half)
    assert (found["brightness"], found["contrast"]) == (127.5, 127.5)
    assert (found["clipped_dark"], found["clipped_bright"]) == (0.5, 0.5)


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 300), st.just(3))))
def test_every_shape_has_figures(pixels: Any) -> None:
    found = measures(pixels)
    assert all(len(bytes.fromhex(found[name])) == 8 for name in ("phash", "dhash"))
    assert 0 <= found["brightness"] <= 255 and np.isfinite(found["sharpest_tiles"])


def test_the_step_takes_read_only_pictures_and_gives_one_evidence_each() -> None:
    pixels = scene(3)
    pixels.flags.writeable = False
    step = Measure(1024)
    first, second = step.make([Subject("a", pixels), Subject("b", scene(4))])
    assert (first.image_id, second.image_id) == ("a", "b")
    assert first.value == measures(pixels) and first.maker == step.maker and "1024" in step.maker
