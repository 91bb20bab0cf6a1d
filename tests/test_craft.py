"""The craft of a photo: blur is ranked right on real photos and by the subject, noise is no detail, doubts are told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from phototag.look.craft import Craft, figures
from phototag.look.craft_subject import cut
from phototag.look.faces import Faces
from phototag.look.measure import Measure, measures
from phototag.look.objects import Objects
from phototag.look.step import Subject
from tests.bench import blur
from tests.conftest import SAMPLES

RANKING = ("sharpness", "subject_sharpness")
SOFT = "IMG_0013.jpg"  # the one sample that was made blurred
WHOLE = [0.0, 0.0, 1.0, 1.0]
MIDDLE = [0.35, 0.3, 0.65, 0.7]


def face(box: list[float], size: float = 100, eyes: str = "open", smile: float | None = None) -> dict[str, Any]:
    return {"box": box, "size": size, "eyes": eyes, "smile": smile}


def before(pixels: Any, faces: Iterable[Any] = (), objects: Iterable[Any] = ()) -> dict[str, Any]:
    """What the steps before would say."""
    return {"faces": {"faces": list(faces)}, "objects": {"objects": list(objects)}, "measure": measures(pixels)}


def thing(box: list[float], score: float = 0.8) -> dict[str, Any]:
    return {"label": "dog", "score": score, "box": box}


def texture(seed: int = 1, width: int = 768, height: int = 512) -> Any:
    """As much detail of every size, as photos have."""
    chance = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for size in (2, 4, 8, 16, 32, 64):
        rough = chance.normal(0, 12, (height // size + 1, width // size + 1, 1)).astype(np.float32)
        total += cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(total + 128, 0, 255).astype(np.uint8)


@cache
def samples() -> list[blur.Photo]:
    return list(blur.photos(SAMPLES))


def short_series(pixels: Any) -> list[tuple[str, list[Any]]]:
    return [
        ("gaussian", [blur.gaussian(pixels, sigma) for sigma in (0, 0.8, 2, 4, 8)]),
        ("defocus", [blur.unfocused(pixels, radius) for radius in (0, 2, 5, 10)]),
        ("level", [blur.moved(pixels, length, 0) for length in (0, 5, 12, 30)]),
        ("slanting", [blur.moved(pixels, length, 125) for length in (0, 5, 12, 30)]),
    ]


def ranked(photos: Iterable[blur.Photo], noise: float) -> dict[str, float]:
    """The share of the pairs of steps, of each kind of blur, where a figure puts the less blurred first."""
    chance, right = np.random.default_rng(1), []
    for photo in photos:
        for _, steps in short_series(photo.pixels):
            found = [blur.measured(blur.noisy(each, noise, chance), photo.earlier) for each in steps]
            right += [[one[name] > other[name] for name in RANKING] for one, other in combinations(found, 2)]
    assert len(right) > 100
    return dict(zip(RANKING, np.mean(right, axis=0).tolist(), strict=True))


# ---- sharpness


@pytest.mark.parametrize("noise", [0, 8])
def test_the_less_blurred_of_two_is_the_sharper_one(noise: float) -> None:
    assert min(ranked(samples()[::2], noise).values()) >= 0.99


def test_the_less_blurred_of_two_is_the_sharper_one_on_many_photos(shared_photos: Path) -> None:
    photos = list(blur.photos(shared_photos, every=20))
    assert len(photos) >= 4
    assert min(ranked(photos, 4).values()) >= 0.95


def test_a_sharp_subject_beats_a_blurred_one_whatever_the_background_does() -> None:
    tally, photos = blur.Tally(), [photo for photo in samples() if blur.subject_mask(photo) is not None]
    assert photos
    for photo in photos:
        for kind, mixed in blur.composites(photo):
            tally.rank("mixed", kind, [(step, blur.measured(each, photo.earlier)) for step, each in mixed])
    assert tally.share("mixed", "subject_sharpness") >= 0.95
    assert tally.share("mixed", "laplacian_256") < 0.95  # else these pictures would be no test


def test_noise_does_not_make_a_blurred_frame_the_sharper_one() -> None:
    chance = np.random.default_rng(2)
    for photo in samples():
        clean = blur.measured(photo.pixels, photo.earlier)
        grainy = blur.measured(blur.noisy(blur.gaussian(photo.pixels, 2), 12, chance), photo.earlier)
        assert grainy["subject_sharpness"] < clean["subject_sharpness"], photo.name
        assert grainy["sharpness"] < clean["sharpness"], photo.name


@pytest.mark.parametrize("deviation", [2, 5, 12])
def test_noise_is_told_in_grey_levels(deviation: float) -> None:
    smooth = cv2.GaussianBlur(texture(), (0, 0), 6)
    seen = figures(blur.noisy(smooth, deviation, np.random.default_rng(3)), before(smooth))
    assert seen["noise"] == pytest.approx(deviation, rel=0.15)


def test_detail_over_coarse_detail_does_not_depend_on_contrast() -> None:
    full = texture()
    faint = (128 + (full.astype(np.float32) - 128) * 0.5).astype(np.uint8)
    strong, weak = (figures(each, before(each)) for each in (full, faint))
    assert weak["subject_sharpness"] < strong["subject_sharpness"] - 1
    assert weak["subject_detail"] == pytest.approx(strong["subject_detail"], abs=0.25)


@pytest.mark.parametrize("stops", [-2, -1, 1, 2])
def test_a_stop_of_light_is_no_sharpness_and_hides_no_blur(stops: float) -> None:
    for photo in samples()[::2]:
        if photo.name == SOFT:
            continue
        soft = blur.measured(blur.unfocused(photo.pixels, 5), photo.earlier)
        sharp, other = (blur.measured(each, photo.earlier) for each in (photo.pixels, blur.lit(photo.pixels, stops)))
        assert abs(blur.lead(sharp, other)) < 0.3, photo.name
        assert blur.lead(other, soft) > 0.6, photo.name
        bright = blur.measured(blur.lit(blur.unfocused(photo.pixels, 5), stops), photo.earlier)
        assert blur.lead(sharp, bright) > 0.6, photo.name


def test_pictures_of_two_sizes_are_compared_at_the_smaller_ones() -> None:
    whole = texture()
    half = cv2.resize(whole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    full, small, soft = (figures(each, before(each)) for each in (whole, half, blur.gaussian(whole, 5)))
    assert abs(blur.lead(full, small)) < 0.3
    assert blur.lead(small, soft) > 0.6 > blur.lead(full, small)


def test_the_map_shows_where_the_detail_is() -> None:
    mixed = blur.gaussian(texture(), 5)
    mixed[256:, 384:] = texture()[256:, 384:]
    found = figures(mixed, before(mixed))
    tiles = np.array(found["tiles"]).reshape(-1, found["tiles_across"])
    assert tiles.shape == (8, 12)
    assert tiles[5:, 7:].min() > tiles[:3, :5].max() + 5


# ---- what blurred it


def test_what_is_not_blurred_is_never_called_moved_or_out_of_focus() -> None:
    called = {photo.name: blur.measured(photo.pixels, photo.earlier)["blur"] for photo in samples()}
    assert called.pop(SOFT) == "defocus"
    assert set(called.values()) <= {"sharp", "unknown"} and "sharp" in called.values()


def test_out_of_focus_is_neither_sharp_nor_moved() -> None:
    called = [blur.measured(blur.unfocused(photo.pixels, 6), photo.earlier)["blur"] for photo in samples()]
    assert set(called) <= {"defocus", "unknown"} and called.count("defocus") > len(called) / 2


@pytest.mark.parametrize("angle", [0, 35, 90, 125])
def test_what_moved_is_never_called_sharp_and_the_way_is_right(angle: float) -> None:
    found = [blur.measured(blur.moved(photo.pixels, 16, angle), photo.earlier) for photo in samples()]
    called = [each["blur"] for each in found]
    assert "sharp" not in called and called.count("motion") > len(called) / 3
    ways = [each["blur_angle"] for each in found if each["blur"] == "motion"]
    assert max(abs((way - angle + 90) % 180 - 90) for way in ways) <= 12


def test_a_subject_that_moved_before_a_still_background_is_told_by_itself() -> None:
    still = texture()
    mixed = still.copy()
    mixed[100:412, 200:568] = blur.moved(still, 20, 35)[100:412, 200:568]
    box = [200 / 768, 100 / 512, 568 / 768, 412 / 512]
    found = figures(mixed, before(mixed, objects=[thing(box)]))
    assert found["subject_blur"] == "motion" and found["subject_blur_angle"] == pytest.approx(35, abs=6)
    assert found["blur"] != "motion"


def test_stripes_are_not_taken_for_motion() -> None:
    stripes = np.repeat(np.where(np.arange(768) // 6 % 2, 200, 60)[None, :, None], 512, axis=0)
    pixels = np.repeat(stripes, 3, axis=2).astype(np.uint8)
    assert figures(pixels, before(pixels))["blur"] in {"sharp", "unknown"}


def test_a_plain_picture_is_no_blurred_one() -> None:
    pixels = np.full((300, 400, 3), 120, np.uint8)
    found = figures(pixels, before(pixels))
    assert (found["blur"], found["blur_angle"], found["sharpness"], found["noise"]) == ("unknown", None, 0.0, 0.0)


# ---- the subject


def test_faces_come_before_things_and_sure_things_before_what_stands_out() -> None:
    pixels = texture()
    by = [
        figures(pixels, before(pixels, faces, objects))["subject_by"]
        for faces, objects in [([face(MIDDLE)], [thing(WHOLE)]), ([], [thing(MIDDLE)]), ([], [thing(MIDDLE, 0.4)])]
    ]
    assert by == ["faces", "objects", "saliency"]


def test_what_stands_out_is_found_without_a_box() -> None:
    pixels = np.full((512, 768, 3), 110, np.uint8)
    pixels[180:330, 300:450] = texture()[180:330, 300:450]
    empty, full = figures(np.full_like(pixels, 110), before(pixels)), figures(pixels, before(pixels))
    assert full["subject_sharpness"] > empty["subject_sharpness"] + 5


def test_the_larger_face_counts_more() -> None:
    pixels = blur.gaussian(texture(), 5)
    pixels[:, 384:] = texture()[:, 384:]
    left, right = [0.1, 0.2, 0.4, 0.8], [0.6, 0.2, 0.9, 0.8]
    sharp = figures(pixels, before(pixels, [face(left, 40), face(right, 200)]))["subject_sharpness"]
    soft = figures(pixels, before(pixels, [face(left, 200), face(right, 40)]))["subject_sharpness"]
    assert sharp > soft + 0.5


def test_the_light_on_the_subject_is_told() -> None:
    pixels = np.full((512, 768, 3), 40, np.uint8)
    pixels[100:412, 200:568] = 255
    found = figures(pixels, before(pixels, [face(MIDDLE)]))
    assert found["subject_clipped_bright"] > 0.95 and found["subject_brightness"] > 245
    assert found["clipped_bright"] < 0.5 and found["subject_clipped_dark"] == 0


@pytest.mark.parametrize(
    ("box", "edges"),
    [
        ([0.2, 0.2, 0.5, 0.5], ""),
        ([0.0, 0.2, 0.5, 0.5], "left"),
        ([0.2, 0.4, 0.5, 1.0], "bottom"),
        ([0.4, 0.0, 1.0, 0.6], "top right"),
        (WHOLE, ""),
    ],
)
def test_the_frame_cuts_what_touches_its_edge_and_is_not_the_scene_itself(box: list[float], edges: str) -> None:
    pixels = texture()
    assert cut(box) == edges
    found = figures(pixels, before(pixels, objects=[thing(box)]))
    assert found["subject_cut"] == edges
    assert figures(pixels, before(pixels, [face(box)]))["faces_cut"] == bool(edges)


# ---- people


@pytest.mark.parametrize(
    ("faces", "eyes", "least"),
    [
        ([], "unknown", None),
        ([("unknown", 90)], "unknown", None),
        ([("open", 90), ("unknown", 200)], "open", 1.0),
        ([("closed", 90)], "closed", 0.0),
        ([("open", 200), ("closed", 150)], "closed", 0.25),
        ([("open", 400), ("closed", 100)], "open", 0.75),
        ([("unknown", 400), ("closed", 100)], "open", 0.75),
    ],
)
def test_closed_eyes_count_by_the_size_of_the_face(
    faces: list[tuple[str, float]], eyes: str, least: float | None
) -> None:
    pixels = texture()
    found = figures(pixels, before(pixels, [face(MIDDLE, size, each) for each, size in faces]))
    assert (found["faces"], found["eyes"], found["eyes_least"]) == (len(faces), eyes, least)


def test_the_least_smile_counts_by_the_size_of_the_face() -> None:
    pixels = texture()
    faces = [face(MIDDLE, 100, smile=0.8), face(MIDDLE, 50, smile=0.2), face(MIDDLE, 50)]
    assert figures(pixels, before(pixels, faces))["smile_least"] == 0.6
    assert figures(pixels, before(pixels, faces[2:]))["smile_least"] is None


# ---- the horizon


def sea(lean: float, width: int = 900, height: int = 600) -> Any:
    """Sky over water with waves, the horizon leaning clockwise."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    below = y - 300 - (x - width / 2) * np.tan(np.radians(lean)) > 0
    grey = np.where(below, 90 + 6 * np.sin(x / 7 + y * 1.3), 190 - y / 20)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("lean", [-9, -2.5, 0, 1, 6])
def test_a_leaning_horizon_is_measured(lean: float) -> None:
    assert figures(sea(lean), before(sea(lean)))["tilt"] == pytest.approx(lean, abs=0.5)


def test_no_horizon_is_claimed_where_there_is_none() -> None:
    hills = sea(0)
    y, x = np.mgrid[:600, :900]
    hills[y > 220 + 60 * np.sin(x / 90)] = 80
    for pixels in (texture(), hills, np.zeros((300, 400, 3), np.uint8)):
        assert figures(pixels, before(pixels))["tilt"] is None


# ---- the evidence


def test_every_key_is_told_in_words_and_every_value_is_flat() -> None:
    told = (figures.__doc__ or "").replace("\n", " ")
    pixels = texture()
    for key, value in figures(pixels, before(pixels, [face(MIDDLE)])).items():
        assert key in told or (key.startswith("subject_blur_") and "(also subject_...)" in told), key
        assert isinstance(value, str | int | float | None) or all(isinstance(each, int) for each in value), key


@settings(max_examples=20, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 200), st.integers(1, 300), st.just(3))))
def test_every_shape_has_the_same_keys_and_no_odd_numbers(pixels: Any) -> None:
    found = figures(pixels, before(pixels, [face([0.9, 0.9, 0.95, 1.0])], [thing([0.5, 0.5, 0.5, 0.5])]))
    assert list(found) == list(figures(texture(), before(texture())))
    json.dumps(found, allow_nan=False)
    if found["tiles"] is not None:
        assert len(found["tiles"]) <= 100 and len(found["tiles"]) % found["tiles_across"] == 0
        assert all(0 <= tile <= 99 for tile in found["tiles"])


def test_the_step_builds_on_faces_objects_and_measure() -> None:
    faces, objects, measure = Faces(1024), Objects(1024), Measure(1024)
    step = Craft(1024, faces, objects, measure)
    pixels = texture()
    pixels.flags.writeable = False
    good, bad = step.make([Subject("a", pixels, earlier=before(pixels)), Subject("b", pixels, earlier={"faces": {}})])
    assert good.value == figures(pixels, before(pixels)) and not good.error
    assert bad.value is None and "objects and measure" in (bad.error or "")
    others = [Craft(512, faces, objects, measure), Craft(1024, Faces(512), objects, measure)]
    others += [Craft(1024, faces, Objects(512), measure), Craft(1024, faces, objects, Measure(512))]
    assert step.maker not in {other.maker for other in others}
