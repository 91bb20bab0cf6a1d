"""Makes the pictures of this folder anew from scikit-image's public-domain and CC0 samples. Run by hand.

    pip download scikit-image==0.26.0 --no-deps -d somewhere
    python tests/photos/make.py somewhere/scikit_image-*.whl

It needs Pillow, pillow-heif and ExifTool. The pictures tell two stories (a birthday afternoon in Potsdam, a
weekend in Berlin) and three odd ones (a night at sea, New Year's Eve without a time zone, a drawing), so that
tests meet bursts, rotation, sub-seconds, offsets, places, people's own keywords, captions and a sidecar.
Where each picture comes from stands in LICENSES.md; the metadata is invented here and belongs to no real photo.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageFilter

HERE = Path(__file__).parent
Edit = Callable[[Image.Image], Image.Image]

CANON = ["-Make=Canon", "-Model=Canon EOS R6", "-LensModel=RF24-105mm F4 L IS USM"]
APPLE = ["-Make=Apple", "-Model=iPhone 15", "-LensModel=iPhone 15 back dual wide camera 5.96mm f/1.6"]
GOOGLE = ["-Make=Google", "-Model=Pixel 8"]
SONY = ["-Make=SONY", "-Model=ILCE-7M3", "-LensModel=FE 35mm F1.8"]
NIKON = ["-Make=NIKON CORPORATION", "-Model=NIKON Z 6_2"]
POTSDAM = (52.402853, 13.060531, 35.0)
BRANDENBURG_GATE = (52.516272, 13.377722, 34.0)
MID_ATLANTIC = (30.5, -40.25, 2.0)

CAPTION = "Kaffee und Kuchen zum Geburtstag: schöne Grüße an Jürgen"
KEYWORDS = ["Berlin", "Fotograf", "Schwarzweiß", "Straße"]
EVERY_LIST = ["XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords"]


@dataclass(frozen=True)
class Picture:
    """One file to make: from which sample, how its pixels change, how it is encoded, what ExifTool writes."""

    name: str
    sample: str
    edits: tuple[Edit, ...] = ()
    encode: dict[str, Any] = field(default_factory=lambda: {"quality": 82})
    long_side: int = 640
    tags: tuple[str, ...] = ()


def crop(left: float, top: float, right: float, bottom: float) -> Edit:
    """Cuts to the given shares of width and height."""

    def cut(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        return picture.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))

    return cut


def blur(radius: float) -> Edit:
    return lambda picture: picture.filter(ImageFilter.GaussianBlur(radius))


def store_rotated(picture: Image.Image) -> Image.Image:
    """Turns the stored pixels so that orientation 6 shows them upright."""
    return picture.transpose(Image.Transpose.ROTATE_90)


def taken(when: str, subsec: str = "", offset: str = "") -> list[str]:
    tags = [f"-EXIF:DateTimeOriginal={when}", f"-EXIF:CreateDate={when}", f"-EXIF:ModifyDate={when}"]
    if subsec:
        tags += [f"-EXIF:SubSecTimeOriginal={subsec}", f"-EXIF:SubSecTimeDigitized={subsec}"]
    if offset:
        tags += [f"-EXIF:OffsetTime={offset}", f"-EXIF:OffsetTimeOriginal={offset}"]
    return tags


def at(place: tuple[float, float, float]) -> list[str]:
    lat, lon, alt = place
    return [
        f"-EXIF:GPSLatitude={abs(lat)}",
        f"-EXIF:GPSLatitudeRef={'N' if lat >= 0 else 'S'}",
        f"-EXIF:GPSLongitude={abs(lon)}",
        f"-EXIF:GPSLongitudeRef={'E' if lon >= 0 else 'W'}",
        f"-EXIF:GPSAltitude={alt}",
        "-EXIF:GPSAltitudeRef=Above Sea Level",
    ]


def exposed(seconds: str, aperture: float, iso: int, focal_mm: float) -> list[str]:
    return [f"-ExposureTime={seconds}", f"-FNumber={aperture}", f"-ISO={iso}", f"-FocalLength={focal_mm}"]


def birthday(clock: str, subsec: str) -> list[str]:
    """What every picture of that afternoon has in common."""
    return [*CANON, *taken(f"2024:06:15 {clock}", subsec, "+02:00"), *at(POTSDAM), *exposed("1/125", 4, 800, 50)]


def pictures() -> list[Picture]:
    caption = [f"-{tag}={CAPTION}" for tag in ("IFD0:ImageDescription", "XMP-dc:Description", "IPTC:Caption-Abstract")]
    keywords = [f"-{tag}={word}" for tag in EVERY_LIST for word in KEYWORDS]
    utf8 = ["-IPTC:CodedCharacterSet=UTF8", "-Photoshop:IPTCDigest=new"]
    trip = [*APPLE, *exposed("1/500", 1.6, 50, 5.96)]
    return [
        Picture("birthday/IMG_0007.jpg", "coffee.png", tags=(*birthday("15:02:11", "20"), *caption, *utf8)),
        # A burst: four frames a second, the cat moves a little, the last frame is out of focus.
        Picture("birthday/IMG_0011.jpg", "chelsea.png", (crop(0, 0, 0.97, 0.97),), tags=(*birthday("15:41:07", "10"),)),
        Picture(
            "birthday/IMG_0012.jpg", "chelsea.png", (crop(0.01, 0.01, 0.98, 0.98),), tags=(*birthday("15:41:07", "35"),)
        ),
        Picture(
            "birthday/IMG_0013.jpg",
            "chelsea.png",
            (crop(0.02, 0.02, 0.99, 0.99), blur(1.5)),
            tags=(*birthday("15:41:07", "60"),),
        ),
        Picture(
            "birthday/IMG_0019.jpg",
            "astronaut.png",
            (crop(0.05, 0, 0.80, 1), store_rotated),
            tags=(*birthday("16:20:45", "00"), "-Orientation#=6", "-XMP-xmp:Rating=4"),
        ),
        Picture(
            "Berlin trip/IMG_0431.heic",
            "brick.png",
            encode={"quality": 55},
            tags=(*trip, *taken("2024:08:10 11:05:30", "123", "+02:00"), *at(BRANDENBURG_GATE)),
        ),
        Picture(
            "Berlin trip/IMG_0440.jpg",
            "camera.png",
            tags=(*trip, *taken("2024:08:10 12:10:02", "871", "+02:00"), *at(BRANDENBURG_GATE), *keywords, *utf8),
        ),
        Picture("Berlin trip/IMG_20240810_132532.jpg", "gravel.png", encode={"quality": 70}),
        Picture(
            "Berlin trip/PXL_20240811_073000.webp",
            "grass.png",
            encode={"quality": 60},
            tags=(*GOOGLE, *taken("2024:08:11 09:30:00", "004", "+02:00")),
        ),
        Picture(
            "DSC00042.jpg",
            "rocket.jpg",
            tags=(*SONY, *taken("2024:02:29 22:47:05", "5", "-03:00"), *at(MID_ATLANTIC), *exposed("2", 1.8, 100, 35)),
        ),
        Picture(
            "DSC00108.jpg",
            "hubble_deep_field.jpg",
            long_side=720,
            encode={"quality": 78},
            tags=(*NIKON, *taken("2023:12:31 23:59:59", "99")),
        ),
        Picture("horse.png", "horse.png", encode={}, tags=("-XMP-xmp:CreateDate=2024:05:01 18:20:11",)),
    ]


def make(picture: Picture, wheel: zipfile.ZipFile) -> Path:
    """Draws one picture and lets ExifTool write its tags; the sample's own metadata is left behind."""
    target = HERE / picture.name
    target.parent.mkdir(parents=True, exist_ok=True)
    drawn: Image.Image = Image.open(io.BytesIO(wheel.read(f"skimage/data/{picture.sample}")))
    # The horse is black on nothing: on white it is a drawing.
    if drawn.mode == "RGBA":
        drawn = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn)
    drawn = drawn.convert("L" if drawn.mode == "L" and target.suffix == ".jpg" else "RGB")
    for edit in picture.edits:
        drawn = edit(drawn)
    share = picture.long_side / max(drawn.size)
    drawn = drawn.resize((round(drawn.width * share), round(drawn.height * share)), Image.Resampling.LANCZOS)
    if target.suffix == ".png":
        drawn = drawn.quantize(16)
    drawn.info.clear()
    drawn.save(target, **picture.encode)
    if picture.tags:
        exiftool(*picture.tags, target)
    return target


def make_sidecar() -> Path:
    """What a photographer's own program left beside the first birthday picture."""
    target = HERE / "birthday" / "IMG_0007.xmp"
    target.unlink(missing_ok=True)
    words = ("Geburtstag", "Kaffee", "Jürgen")
    tags = [f"-{tag}={word}" for tag in EVERY_LIST[:3] for word in words]
    exiftool(*tags, "-XMP-dc:Title=Omas Geburtstag", "-XMP-xmp:Rating=3", "-XMP-xmp:Label=Green", target)
    return target


def exiftool(*words: str | Path) -> None:
    """One argument a line in a file, so that the umlauts do not depend on the terminal's locale."""
    with tempfile.NamedTemporaryFile("w", suffix=".args", encoding="utf-8") as args:
        args.write("\n".join(str(word) for word in words) + "\n")
        args.flush()
        charsets = ["-charset", "filename=utf8", "-charset", "exif=utf8"]
        subprocess.run(["exiftool", "-q", *charsets, "-overwrite_original", "-@", args.name], check=True)


def main() -> None:
    pillow_heif.register_heif_opener()
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        made = [make(picture, wheel) for picture in pictures()]
    made.append(make_sidecar())
    for path in made:
        print(f"{path.stat().st_size:>8} {path.relative_to(HERE)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
