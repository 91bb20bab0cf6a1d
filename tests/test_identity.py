"""The identity of a picture: the same through every metadata write, another for other pixels, and never a crash."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag.errors import Unreadable
from phototag.read import identity_bytes, identity_jpeg
from phototag.read.identity import identify, whole_file_digest

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")


def picture(seed: int = 1, size: tuple[int, int] = (96, 64)) -> Image.Image:
    rng = numpy.random.default_rng(seed)
    blocks = Image.fromarray(rng.integers(0, 256, (8, 12, 3), dtype=numpy.uint8))
    return blocks.resize(size, Image.Resampling.BICUBIC)


def encoded(form: str, seed: int = 1, **options: Any) -> bytes:
    room = BytesIO()
    picture(seed).save(room, form, **options)
    return room.getvalue()


JPEG, PNG, WEBP = encoded("JPEG", quality=85), encoded("PNG"), encoded("WEBP", quality=80)
SAMPLES = {"jpeg": JPEG, "png": PNG, "webp": WEBP}


@pytest.fixture
def id_of(tmp_path: Path) -> Callable[..., str]:
    def ask(content: bytes, kind: str = "jpeg") -> str:
        path = tmp_path / "asked"
        path.write_bytes(content)
        return identify(path, kind).image_id

    return ask


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + segment(marker, body) + jpeg[2:]


MPF = segment(0xE2, b"MPF\x00" + bytes(40))[4:]


# ---- form


@pytest.mark.parametrize(
    ("kind", "letter"), [("jpeg", "j1"), ("png", "p1"), ("webp", "w1"), ("gif", "f1"), ("nef", "f1")]
)
def test_an_id_names_its_reader(id_of: Callable[..., str], kind: str, letter: str) -> None:
    assert re.fullmatch(letter + "-[0-9a-f]{32}", id_of(SAMPLES.get(kind, b"GIF89a and more"), kind))


def test_ids_stay_what_they_are(id_of: Callable[..., str]) -> None:
    """These ids are in people's journals: if one changes, the reader needs a new version digit."""
    scan = segment(0xDA, bytes((1, 1, 0, 0, 63, 0))) + bytes(range(1, 200)) + b"\xff\xd9"
    frame = segment(0xC0, bytes((8, 0, 16, 0, 16, 1, 1, 0x11, 0)))
    jpeg = b"\xff\xd8" + segment(0xE0, b"JFIF\x00") + segment(0xDB, bytes(65)) + frame + segment(0xC4, bytes(17)) + scan
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", b"data") + chunk(b"IEND", b"")
    webp = b"RIFF" + struct.pack("<I", 4 + 8 + 4) + b"WEBP" + b"VP8L" + struct.pack("<I", 4) + b"data"
    assert id_of(jpeg) == "j1-" + xxhash.xxh3_128_hexdigest(jpeg[2 + 9 :])
    assert id_of(png, "png") == "p1-" + xxhash.xxh3_128_hexdigest(b"IHDR" + bytes(13) + b"IDATdata")
    assert id_of(webp, "webp") == "w1-" + xxhash.xxh3_128_hexdigest(b"VP8Ldata")
    assert id_of(b"anything", "gif") == "f1-" + xxhash.xxh3_128_hexdigest(b"anything")


def test_a_whole_file_digest_is_plain_xxh3(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"0123456789" * 300_000)
    assert whole_file_digest(path) == xxhash.xxh3_128_hexdigest(path.read_bytes())
    assert identify(path, "raf").image_id == "f1-" + whole_file_digest(path)
    (tmp_path / "empty").write_bytes(b"")
    assert whole_file_digest(tmp_path / "empty") == xxhash.xxh3_128_hexdigest(b"")


def test_paths_may_be_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = bytes(tmp_path) + b"/photo\xff.jpg"
    try:
        with open(path, "wb") as file:
            file.write(JPEG)
    except OSError:
        pytest.skip("this file system takes only text as names")
    assert identify(path, "jpeg").image_id.startswith("j1-")


# ---- what keeps it and what changes it


@needs_exiftool
@pytest.mark.parametrize(
    ("kind", "suffix", "options"),
    [("jpeg", "jpg", {}), ("jpeg", "jpg", {"progressive": True}), ("png", "png", {}), ("webp", "webp", {})],
)
def test_exiftool_writes_keep_it(tmp_path: Path, kind: str, suffix: str, options: dict[str, Any]) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / f"photo.{suffix}"
    path.write_bytes(encoded(kind.upper(), icc_profile=profile, **options))
    before = identify(path, kind)
    assert before.trouble == ""

    def exiftool(*args: str) -> None:
        subprocess.run(
            ["exiftool", "-q", "-m", "-overwrite_original", *args, str(path)], check=True, capture_output=True
        )
        assert identify(path, kind) == before, args

    size = path.stat().st_size
    iptc = ["-IPTC:Keywords=x", "-Comment=hello"] if kind == "jpeg" else []
    exiftool(
        "-XMP-dc:Subject=red", "-XMP-dc:Subject+=blue", "-EXIF:ImageDescription=A day", "-EXIF:Orientation#=6", *iptc
    )
    assert path.stat().st_size > size + 200
    exiftool("-ICC_Profile:all=")
    exiftool("-XMP-dc:Description=" + "long " * 20_000)  # in a JPEG this needs several segments
    exiftool("-all=")
    assert path.stat().st_size < size
    shutil.copy(path, tmp_path / "renamed.dat")
    assert identify(tmp_path / "renamed.dat", kind) == before


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_other_pixels_and_other_encodings_are_other_pictures(id_of: Callable[..., str], kind: str) -> None:
    form = kind.upper()
    ids = {id_of(SAMPLES[kind], kind), id_of(encoded(form, seed=2), kind)}
    again = encoded(form, compress_level=1) if kind == "png" else encoded(form, quality=60)
    assert len(ids | {id_of(again, kind)}) == 3


def test_adobes_colour_transform_belongs_to_the_pixels(id_of: Callable[..., str]) -> None:
    adobe = [with_segment(JPEG, 0xEE, b"Adobe\x00\x64\x80\x00\x00\x00" + bytes((way,))) for way in (0, 1)]
    assert len({id_of(JPEG), *map(id_of, adobe)}) == 3
    version = with_segment(JPEG, 0xEE, b"Adobe\x00\x65\x00\x00\x00\x00\x01")
    assert id_of(version) == id_of(adobe[1])


@pytest.mark.parametrize("progressive", [False, True])
def test_what_hangs_behind_a_jpeg_is_left_out(id_of: Callable[..., str], progressive: bool) -> None:
    jpeg = encoded("JPEG", quality=85, progressive=progressive)
    alone, second = id_of(jpeg), encoded("JPEG", seed=3)
    film = b"\x00\x00\x00\x18ftypmp42" + bytes(2000)
    assert id_of(jpeg + film) == id_of(jpeg + second + film) == id_of(jpeg + b"\x00" * 64) == alone
    xmp = (
        b"http://ns.adobe.com/xap/1.0/\x00<x hdrgm:Version='1.0' xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'/>"
    )
    for marker, body in ((0xE2, MPF), (0xE1, xmp), (0xE1, b"Exif\x00\x00MM\x00*\x00\x00\x00\x08OLYMPUS\x00")):
        announced = with_segment(jpeg, marker, body)
        assert id_of(announced) == id_of(announced + second) == id_of(announced + bytes(7) + second) == alone


def test_end_markers_inside_tables_between_scans_do_not_end_the_picture(id_of: Callable[..., str]) -> None:
    """A quantisation table may hold FF D9; here one stands between two scans, before a trailer."""
    frame = segment(0xC2, bytes((8, 0, 16, 0, 16, 1, 1, 0x11, 0)))
    scan = segment(0xDA, bytes((1, 1, 0, 0, 0, 0))) + b"first"
    table = segment(0xDB, b"\x00" + b"\xff\xd9" * 32)
    end = segment(0xDA, bytes((1, 1, 0, 1, 63, 0))) + b"second\xff\x00\xff\xd3more\xff\xd9"
    whole = b"\xff\xd8" + frame + scan + table + end
    assert id_of(whole) == id_of(whole + b"trailer")
    assert id_of(whole) != id_of(whole.replace(b"second", b"secund") + b"trailer")


def test_the_end_is_found_at_odd_and_even_places_and_across_pieces(
    id_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_jpeg, "CHUNK", 64)
    frame = b"\xff\xd8" + segment(0xC0, bytes((8, 0, 16, 0, 16, 1, 1, 0x11, 0)))
    start = frame + segment(0xDA, bytes((1, 1, 0, 0, 63, 0)))
    for length in range(1, 200):
        jpeg = start + b"x" * length + b"\xff\xd9"
        assert id_of(jpeg) == id_of(jpeg + b"tail") == id_of(jpeg + b"\xff\xd9more"), length


def test_fill_bytes_and_segments_before_the_scan_do_not_matter(id_of: Callable[..., str]) -> None:
    padded = JPEG[:2] + b"\xff\xff\xff" + JPEG[2:]
    large = JPEG
    for _ in range(20):  # so that the header does not fit in the first piece read
        large = with_segment(large, 0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + bytes(65_000))
    assert id_of(padded) == id_of(large) == id_of(JPEG)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 8, []
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def test_png_ids_do_not_depend_on_the_chunking(id_of: Callable[..., str]) -> None:
    parts = []
    for name, body in chunks(PNG):
        if name == b"IDAT":
            parts += [chunk(name, body[at : at + 100]) for at in range(0, len(body), 100)]
        else:
            parts.append(chunk(name, body))
    parts.insert(1, chunk(b"tEXt", b"Comment\x00hello") + chunk(b"tIME", bytes(7)))
    assert id_of(PNG[:8] + b"".join(parts) + b"behind the end", "png") == id_of(PNG, "png")


def test_animations_count_every_frame(id_of: Callable[..., str]) -> None:
    for form, kind in (("PNG", "png"), ("WEBP", "webp")):
        ids = set()
        for second in (2, 3):
            room = BytesIO()
            picture(1).save(room, form, save_all=True, append_images=[picture(second)], duration=100)
            ids.add(id_of(room.getvalue(), kind))
        assert len(ids) == 2


def test_files_too_large_for_the_buffer_have_the_same_ids(
    id_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = with_segment(JPEG, 0xE2, MPF) + JPEG
    before = [id_of(announced), id_of(PNG, "png"), id_of(WEBP, "webp")]
    monkeypatch.setattr(identity_bytes, "_BUFFERED", 100)
    assert [id_of(announced), id_of(PNG, "png"), id_of(WEBP, "webp")] == before


def test_threads_do_not_share_their_buffers(tmp_path: Path) -> None:
    paths = []
    for seed in range(8):
        paths.append(tmp_path / str(seed))
        paths[-1].write_bytes(with_segment(encoded("JPEG", seed=seed), 0xE2, MPF) + bytes(500_000))
    expected = [identify(path, "jpeg") for path in paths]
    wrong: list[Path] = []

    def work() -> None:
        for _ in range(20):
            wrong.extend(path for path, right in zip(paths, expected, strict=True) if identify(path, "jpeg") != right)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


# ---- damage


@pytest.mark.parametrize(
    ("kind", "content", "trouble"),
    [
        ("jpeg", JPEG[:-300], "cut short: no end marker"),
        ("jpeg", encoded("JPEG", progressive=True)[:-200], "cut short: no end marker"),
        ("jpeg", JPEG[:2] + b"stray" + JPEG[2:], "damaged: stray bytes in the header"),
        ("png", PNG[:-12], "cut short: no end marker"),
        ("png", PNG[:2000], "cut short: 2000 of at least"),
        ("png", PNG[:300] + b"?" + PNG[301:], "damaged: a PNG chunk (IDAT) is not as it was written"),
        ("webp", WEBP[:-50], f"cut short: {len(WEBP) - 50} of {len(WEBP)} bytes"),
        (
            "mp4",
            b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x10\x00mdat" + bytes(90),
            "cut short: 114 of 4112 bytes",
        ),
        ("mov", b"\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x01\x00\x00" + bytes(90), "cut short: 106 of 65536 bytes"),
        ("avi", b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(90), "cut short: 106 of 4104 bytes"),
        ("mp4", b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x00\x00mdat" + bytes(90), ""),
        ("mp4", b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x00\x08mdatSEFH and a maker's trailer", ""),
        ("raf", b"FUJIFILMCCD-RAW " + bytes(90), ""),
    ],
)
def test_damage_is_named_and_the_id_given(tmp_path: Path, kind: str, content: bytes, trouble: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(content)
    found = identify(path, kind)
    assert found.image_id
    assert found.trouble.startswith(trouble) if trouble else found.trouble == ""


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("jpeg", JPEG[:200]),
        ("jpeg", b"\xff\xd8\xff\xd9"),
        ("jpeg", b"not a JPEG at all"),
        ("png", PNG[:33]),
        ("png", b"not a PNG at all"),
        ("webp", WEBP[:20]),
        ("webp", b"not a WebP at all"),
        *((kind, b"") for kind in ("jpeg", "png", "webp", "heic", "mov")),
    ],
)
def test_a_file_without_a_picture_has_no_id(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / "photo"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        identify(path, kind)
    assert refused.value.sentence


def test_an_absent_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        identify(tmp_path / "gone.jpg", "jpeg")


def answers(path: Path, content: bytes, kind: str) -> None:
    path.write_bytes(content)
    try:
        found = identify(path, kind)
    except Unreadable as refused:
        assert refused.sentence
    else:
        assert re.fullmatch("[a-z][0-9]-[0-9a-f]{32}", found.image_id)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_cut_at_any_byte_it_never_raises_anything_else(tmp_path: Path, kind: str) -> None:
    content = SAMPLES[kind]
    for length in [*range(min(700, len(content))), *range(700, len(content), 37)]:
        answers(tmp_path / "cut", content[:length], kind)


roomy = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@roomy
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6),
    st.binary(max_size=40),
)
def test_mutations_never_raise_anything_else(
    tmp_path: Path, kind: str, changes: list[tuple[int, bytes]], tail: bytes
) -> None:
    content = bytearray(SAMPLES[kind])
    for at, noise in changes:
        at %= len(content)
        content[at : at + len(noise)] = noise
    answers(tmp_path / "mutated", bytes(content) + tail, kind)


@roomy
@given(st.sampled_from(["jpeg", "png", "webp", "mov", "gif"]), st.binary(max_size=300))
def test_random_bytes_never_raise_anything_else(tmp_path: Path, kind: str, noise: bytes) -> None:
    start = {"jpeg": b"\xff\xd8", "png": PNG[:8], "webp": b"RIFF\xff\x00\x00\x00WEBP", "mov": b""}.get(kind, b"")
    answers(tmp_path / "random", start + noise, kind)


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\x00", b"\xff\xc4\x00\x02", b"\x00\x00\x00\x08free", b"\x00"])
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "mov"])
def test_megabytes_of_the_same_do_not_hang(tmp_path: Path, kind: str, filling: bytes) -> None:
    start = {"jpeg": JPEG[:620] + JPEG[-2:], "png": PNG[:8], "webp": WEBP[:12], "mov": b""}[kind]
    answers(tmp_path / "long", start + filling * (3_000_000 // len(filling)), kind)
    answers(tmp_path / "long", start[:2] + filling * (3_000_000 // len(filling)), kind)
