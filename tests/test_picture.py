"""Pixels: reduced, upright, in sRGB, whatever the file's mode, profile, orientation or state of health."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile

from phototag.errors import Unreadable
from phototag.read.picture import Picture, decode
from phototag.read.sniff import HEAD, kind_of
from phototag.records import PICTURES

pillow_heif.register_heif_opener()  # for making samples; the reader itself does not need it

FORMS = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "tiff": "TIFF",
    "gif": "GIF",
    "bmp": "BMP",
    "heic": "HEIF",
    "avif": "AVIF",
}
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 40), (30, 40, 210), (245, 245, 245)


def quarters(width: int = 160, height: int = 120) -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def corners(picture: Picture) -> list[str]:
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    height, width, _ = picture.pixels.shape
    found = []
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            pixel = picture.pixels[y, x].astype(int)
            found.append(min(names, key=lambda name: abs(pixel - names[name]).sum()))
    return found


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, over tags that tests damage

UPRIGHT = ["red", "green", "blue", "white"]
# How a camera stores an upright picture so that the orientation tag turns it back.
STORED: dict[int, list[Image.Transpose]] = {
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., Picture]:
    """Saves an image in the form of a kind and decodes it."""

    def show(image: Image.Image, kind: str, side: int = 1024, **options: Any) -> Picture:
        path = tmp_path / f"shown.{kind}"
        image.save(path, FORMS[kind], **options)
        return decode(path, kind, side)

    return show


def colour(picture: Picture) -> tuple[int, ...]:
    return tuple(round(float(c)) for c in picture.pixels.reshape(-1, 3).mean(axis=0))


# ---- size


@pytest.mark.parametrize("kind", sorted(PICTURES))
def test_every_picture_kind_decodes_to_a_small_shareable_array(shown: Callable[..., Picture], kind: str) -> None:
    picture = shown(quarters(330, 250), kind, side=100)
    assert picture.pixels.shape == (75, 100, 3)
    assert (picture.width, picture.height) == (330, 250)
    assert picture.pixels.dtype == numpy.uint8 and picture.pixels.flags.c_contiguous
    assert corners(picture) == UPRIGHT
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0] = 0


@pytest.mark.parametrize("kind", ["jpeg", "png", "heic"])
@pytest.mark.parametrize(("side", "shape"), [(99, (74, 99)), (159, (119, 159)), (160, (120, 160)), (4000, (120, 160))])
def test_the_long_side_is_as_asked_and_never_enlarged(
    shown: Callable[..., Picture], kind: str, side: int, shape: tuple[int, int]
) -> None:
    assert shown(quarters(), kind, side).pixels.shape[:2] == shape


def test_a_panorama_of_one_line_keeps_a_line(shown: Callable[..., Picture]) -> None:
    picture = shown(Image.new("RGB", (3000, 2), RED), "png", side=64)
    assert picture.pixels.shape == (1, 64, 3)


def test_the_reduced_decode_shows_what_the_full_one_shows(shown: Callable[..., Picture]) -> None:
    noise = numpy.random.default_rng(5).integers(0, 256, (40, 60, 3), dtype=numpy.uint8)
    image = Image.fromarray(noise).resize((1800, 1200), Image.Resampling.BICUBIC)
    small = shown(image, "jpeg", side=200, quality=95)
    expected = numpy.asarray(image.resize((200, 133), Image.Resampling.LANCZOS), numpy.int16)
    assert numpy.abs(small.pixels - expected).mean() < 4


# ---- orientation


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "heic", "avif"])
@pytest.mark.parametrize("side", [1024, 40])
def test_pictures_come_out_upright_once(shown: Callable[..., Picture], kind: str, orientation: int, side: int) -> None:
    image = quarters()
    for turn in STORED[orientation]:
        image = image.transpose(turn)
    exif = Image.Exif()
    exif[274] = orientation
    picture = shown(image, kind, side, exif=exif.tobytes())  # the HEIC writer makes a turn of the container of it
    assert corners(picture) == UPRIGHT
    assert (picture.width, picture.height) == (160, 120)
    assert picture.pixels.shape[1] > picture.pixels.shape[0]


@pytest.mark.parametrize("exif", [b"Exif\x00\x00", b"Exif\x00\x00MM\x00*\x00\x00\xff\xff", b"Exif\x00\x00nonsense" * 9])
def test_tags_that_cannot_be_read_leave_the_picture_as_it_is(shown: Callable[..., Picture], exif: bytes) -> None:
    assert corners(shown(quarters(), "jpeg", exif=exif)) == UPRIGHT


# ---- colours


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and green exchanged: nobody can overlook that it was applied."""
    return srgb_profile().replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "heic", "avif"])
def test_a_profile_is_converted_to_srgb(shown: Callable[..., Picture], kind: str) -> None:
    picture = shown(Image.new("RGB", (64, 64), RED), kind, icc_profile=swapped_profile())
    red, green, _ = colour(picture)
    assert green > 190 and red < 60


def test_an_srgb_profile_changes_no_pixel(shown: Callable[..., Picture]) -> None:
    with_profile = shown(quarters(), "png", icc_profile=srgb_profile())
    assert numpy.array_equal(with_profile.pixels, shown(quarters(), "png").pixels)


@pytest.mark.parametrize("profile", [b"no profile", swapped_profile()[:200], bytes(500)])
def test_a_broken_profile_is_ignored(shown: Callable[..., Picture], profile: bytes) -> None:
    assert corners(shown(quarters(), "jpeg", icc_profile=profile)) == UPRIGHT


def test_a_profile_for_another_mode_is_ignored(shown: Callable[..., Picture]) -> None:
    assert colour(shown(Image.new("L", (40, 40), 90), "jpeg", icc_profile=swapped_profile())) == (90, 90, 90)


def test_cmyk_is_shown_in_its_colours(shown: Callable[..., Picture]) -> None:
    for kind in ("jpeg", "tiff"):
        red, green, blue = colour(shown(Image.new("CMYK", (64, 64), (0, 200, 220, 10)), kind))
        assert red > 180 and green < 90 and blue < 90, kind


def test_lab_is_shown_in_its_colours(shown: Callable[..., Picture]) -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = to_lab.apply(quarters())
    assert corners(shown(lab, "tiff", side=100)) == UPRIGHT


def ramp(dtype: str, top: float) -> Image.Image:
    return Image.fromarray((numpy.linspace(0, 1, 256)[None, :].repeat(16, axis=0) * top).astype(dtype))


@pytest.mark.parametrize(
    ("kind", "image"),
    [
        ("png", ramp("uint16", 65535)),
        ("tiff", ramp("uint16", 65535)),
        ("tiff", ramp("int32", 65535)),
        ("tiff", ramp("int32", 255)),
        ("tiff", ramp("int32", 2_000_000_000)),
        ("tiff", ramp("float32", 1)),
        ("tiff", ramp("float32", 255)),
        ("tiff", ramp("float32", 1e9)),
    ],
)
def test_deep_greys_are_scaled_to_eight_bits(shown: Callable[..., Picture], kind: str, image: Image.Image) -> None:
    row = shown(image, kind).pixels[8, :, 1].astype(int)
    assert numpy.abs(row - numpy.arange(256)).max() <= 1


def test_floats_that_are_no_numbers_are_black(shown: Callable[..., Picture]) -> None:
    values = numpy.array([[0.0, numpy.nan, numpy.inf, 1.0]], dtype=numpy.float32)
    assert shown(Image.fromarray(values), "tiff").pixels[0, :, 0].tolist() == [0, 0, 0, 255]


def transparent(mode: str) -> Image.Image:
    """Left half clear over black, right half opaque green or grey."""
    image = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    image.paste((*GREEN, 255), (40, 0, 80, 40))
    return image.convert(mode)


def clear_palette() -> Image.Image:
    image = Image.new("P", (80, 40), 0)
    image.putpalette([0, 0, 0, *GREEN])
    image.paste(1, (40, 0, 80, 40))
    image.info["transparency"] = 0
    return image


@pytest.mark.parametrize(
    ("kind", "image", "options"),
    [
        ("png", transparent("RGBA"), {}),
        ("png", transparent("LA"), {}),
        ("png", clear_palette(), {"transparency": 0}),
        ("png", clear_palette(), {"transparency": b"\x00\xff"}),
        ("gif", clear_palette(), {"transparency": 0}),
        ("webp", transparent("RGBA"), {"lossless": True}),
        ("tiff", transparent("RGBA"), {}),
        ("heic", transparent("RGBA"), {}),
        ("avif", transparent("RGBA"), {}),
        ("png", transparent("RGBA").convert("RGB"), {"transparency": (0, 0, 0)}),
        ("png", transparent("LA").convert("L"), {"transparency": 0}),
    ],
)
def test_what_is_clear_is_white(
    shown: Callable[..., Picture], kind: str, image: Image.Image, options: dict[str, Any]
) -> None:
    pixels = shown(image, kind, side=60, **options).pixels
    assert pixels[:, :20].min() > 240
    assert pixels[:, 45:, 0].max() < 150


@pytest.mark.parametrize("kind", ["png", "tiff", "gif", "bmp"])
def test_black_and_white_is_smooth_when_reduced(shown: Callable[..., Picture], kind: str) -> None:
    stripes = Image.fromarray(numpy.tile(numpy.array([[0, 255]], dtype=numpy.uint8), (80, 40))).convert("1")
    pixels = shown(stripes, kind, side=20).pixels
    assert 100 < pixels.mean() < 155 and pixels.std() < 30


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_the_first_frame_or_page_is_the_picture(shown: Callable[..., Picture], kind: str) -> None:
    first, second = Image.new("RGB", (40, 30), RED), Image.new("RGB", (40, 30), BLUE)
    red, _, blue = colour(shown(first, kind, save_all=True, append_images=[second]))
    assert red > 200 and blue < 60


# ---- limits and damage


def refused(path: Path, kind: str, **options: Any) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        decode(path, kind, **options)
    assert caught.value.sentence and str(path) not in caught.value.sentence
    return caught.value


def test_a_picture_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    assert refused(path, "png").sentence == "too large to decode: 60000 x 60000 pixels, the limit is 500 megapixels"


def test_the_limit_can_be_set(tmp_path: Path) -> None:
    quarters().save(tmp_path / "a.png")
    assert "160 x 120" in refused(tmp_path / "a.png", "png", max_pixels=160 * 120 - 1).sentence
    assert decode(tmp_path / "a.png", "png", max_pixels=160 * 120).width == 160


def test_two_hundred_megapixels_of_a_telephone_work(tmp_path: Path) -> None:
    Image.new("L", (16384, 12288), 99).save(tmp_path / "huge.jpg")
    picture = decode(tmp_path / "huge.jpg", "jpeg", side=256)
    assert (picture.width, picture.height) == (16384, 12288)
    assert colour(picture) == (99, 99, 99)


def busy() -> Image.Image:
    noise = numpy.random.default_rng(7).integers(0, 256, (90, 120, 3), dtype=numpy.uint8)
    return Image.fromarray(noise)


def bytes_of(kind: str) -> bytes:
    room = BytesIO()
    busy().save(room, FORMS[kind])
    return room.getvalue()


SAMPLES = {kind: bytes_of(kind) for kind in sorted(PICTURES)}


@pytest.mark.parametrize("kind", sorted(PICTURES))
def test_half_a_picture_is_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "half"
    path.write_bytes(SAMPLES[kind][: len(SAMPLES[kind]) // 2])
    trouble = refused(path, kind, side=32)
    assert trouble.hint
    if kind in ("jpeg", "png", "gif", "bmp"):
        assert trouble.sentence.startswith("cut short"), trouble.hint


@pytest.mark.parametrize("kind", sorted(PICTURES))
@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"Remember the milk\n" * 20])
def test_what_is_no_picture_is_unreadable(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / "none"
    path.write_bytes(content)
    refused(path, kind)


@pytest.mark.parametrize(("kind", "words"), [("mov", "film"), ("xmp", "no picture")])
def test_kinds_without_a_reader_say_so(tmp_path: Path, kind: str, words: str) -> None:
    sentence = refused(tmp_path / "a", kind).sentence
    assert words in sentence and sentence.endswith("there is no picture reader for it yet")


def test_an_absent_file_is_named_as_such(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "gone.jpg", "jpeg").sentence


def answers(path: Path, content: bytes, kind: str) -> None:
    path.write_bytes(content)
    try:
        picture = decode(path, kind, side=32, max_pixels=4_000_000)
    except Unreadable as trouble:
        assert trouble.sentence and trouble.hint
    else:
        assert picture.pixels.ndim == 3


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(
        st.tuples(st.one_of(st.integers(0, 120), st.integers(0, 40_000)), st.binary(min_size=1, max_size=6)), max_size=5
    ),
    st.one_of(st.none(), st.integers(0, 40_000)),
)
def test_damaged_bytes_never_raise_anything_else(
    tmp_path: Path, kind: str, changes: list[tuple[int, bytes]], cut: int | None
) -> None:
    content = bytearray(SAMPLES[kind])
    for at, noise in changes:
        at %= len(content)
        content[at : at + len(noise)] = noise
    answers(tmp_path / "damaged", bytes(content[:cut]), kind)


def test_no_switch_of_pillow_is_touched(shown: Callable[..., Picture]) -> None:
    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, dict(Image.OPEN))
    shown(quarters(), "heic")
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)) == before


def test_threads_get_the_same_pictures(tmp_path: Path) -> None:
    jobs = []
    for kind in ("jpeg", "png", "heic", "avif", "webp"):
        for number, profile in enumerate((srgb_profile(), swapped_profile())):
            path = tmp_path / f"{number}.{kind}"
            busy().save(path, FORMS[kind], icc_profile=profile)
            jobs.append((path, kind))
    alone = [decode(path, kind, 64).pixels for path, kind in jobs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: decode(job[0], job[1], 64).pixels, jobs * 5))
    assert all(numpy.array_equal(alone[number % len(jobs)], pixels) for number, pixels in enumerate(together))


def test_real_photos_decode_except_those_known_as_broken(shared_photos: Path) -> None:
    broken = {line.split("\t")[0] for line in (shared_photos / "decode_failures.tsv").read_text().splitlines()}
    decoded = 0
    for path in sorted(each for each in shared_photos.rglob("*") if each.is_file()):
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD), path.name)
        if kind not in PICTURES:
            continue
        name = path.relative_to(shared_photos).as_posix()
        try:
            picture = decode(path, kind, 64)
        except Unreadable as trouble:
            assert name in broken, (name, trouble.sentence, trouble.hint)
        else:  # a newer or older decoder may bear with one of the broken
            assert max(picture.pixels.shape[:2]) <= 64
            decoded += 1
    assert decoded
