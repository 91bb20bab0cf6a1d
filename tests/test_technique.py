"""Photographers' terms from the camera's numbers: each at its bound, and none where the numbers leave it open."""

from __future__ import annotations

from typing import Any

import pytest

from phototag.look.step import Subject
from phototag.look.technique import Technique, terms
from phototag.records import Facts

CAMERA: dict[str, Any] = {"make": "Canon", "width": 6000, "height": 4000}


def said(measured: dict[str, Any] | None = None, **facts: Any) -> set[str]:
    """The terms but for the shape that every photo has."""
    return set(terms(Facts(**{**CAMERA, **facts}), measured or {})) - {"landscape orientation"}


def test_a_photo_that_nothing_is_known_of_has_no_terms() -> None:
    assert terms(Facts(), {}) == []


def test_terms_come_in_one_order_and_spelling() -> None:
    everything = Facts(
        **CAMERA, exposure_s=2, aperture=1.4, focal_mm=135, focal_35mm=135, iso=6400, flash=True, orientation=6
    )
    assert terms(everything, {"monochrome": True}) == [
        *("long exposure", "shallow depth of field", "telephoto", "high iso", "flash", "black and white"),
        "portrait orientation",
    ]


@pytest.mark.parametrize(
    ("facts", "term", "holds"),
    [
        ({"exposure_s": 1.0}, "long exposure", True),
        ({"exposure_s": 0.9}, "long exposure", False),
        ({"exposure_s": 1e9}, "long exposure", False),
        ({"iso": 3200}, "high iso", True),
        ({"iso": 3199}, "high iso", False),
        ({"flash": True}, "flash", True),
        ({"flash": False}, "flash", False),
        ({"focal_mm": 200}, "telephoto", True),
        ({"focal_mm": 100, "focal_35mm": 150}, "telephoto", True),
        ({"focal_mm": 5.7, "focal_35mm": 77}, "telephoto", False),
        ({"focal_mm": 85, "focal_35mm": 85}, "telephoto", False),
        ({"focal_mm": 24, "focal_35mm": 24}, "wide angle", True),
        ({"focal_mm": 16, "focal_35mm": 25}, "wide angle", True),
        ({"focal_mm": 35, "focal_35mm": 35}, "wide angle", False),
        ({"focal_mm": 16}, "wide angle", False),  # on which sensor?
        ({"focal_mm": 6.8, "focal_35mm": 24}, "wide angle", False),  # what every phone has
        ({"focal_mm": 2.2, "focal_35mm": 13}, "wide angle", True),  # its second camera
    ],
)
def test_bounds(facts: dict[str, Any], term: str, holds: bool) -> None:
    assert (term in said(**facts)) is holds


@pytest.mark.parametrize(
    ("aperture", "focal_mm", "focal_35mm", "holds"),
    [
        (1.8, 50, 50, True),
        (1.8, 50, 75, True),
        (2.8, 200, 200, True),
        (8, 200, 200, False),
        (1.4, 24, 24, False),
        (1.8, 5.7, 26, False),  # a phone: f/8 on film
        (2.8, 9, 77, False),
        (1.4, 85, None, True),
        (1.8, 50, None, False),  # on a small sensor not
        (1.4, 85, 0, True),  # no number
        (None, 85, 85, False),
        (1.4, None, 85, False),
    ],
)
def test_shallow_depth_of_field(
    aperture: float | None, focal_mm: float | None, focal_35mm: float | None, holds: bool
) -> None:
    found = said(aperture=aperture, focal_mm=focal_mm, focal_35mm=focal_35mm)
    assert ("shallow depth of field" in found) is holds


@pytest.mark.parametrize(
    ("lens", "aperture", "holds"),
    [
        ("EF100mm f/2.8L Macro IS USM", 16, True),
        ("AF-S VR Micro-Nikkor 105mm f/2.8G IF-ED", 11, True),
        ("EF100mm f/2.8L Macro IS USM", 2.8, False),  # may well be a portrait
        ("EF100mm f/2.8L Macro IS USM", None, False),
        ("24-70mm F2.8 IF EX DG ASPHERICAL HSM MACRO", 16, False),
        ("70mm-300mm F4-5.6 APO DG MACRO", 16, False),
        ("Micro Four Thirds 25mm F1.7", 16, False),
        (None, 16, False),
    ],
)
def test_macro(lens: str | None, aperture: float | None, holds: bool) -> None:
    assert ("macro" in said(lens=lens, aperture=aperture)) is holds


def test_black_and_white_is_measured() -> None:
    assert said({"monochrome": True}) == {"black and white"}
    assert said({"monochrome": False}) == set()
    step = Technique()
    assert step.after == ("measure",)
    grey, failed = step.make([Subject("a", earlier={"measure": {"monochrome": True}}), Subject("b")])
    assert (grey.value, failed.value) == ({"terms": ["black and white"]}, {"terms": []})
    assert grey.maker == step.maker and grey.image_id == "a"


@pytest.mark.parametrize(
    ("width", "height", "orientation", "expected"),
    [
        (4000, 3000, 1, ["landscape orientation"]),
        (4000, 3000, 3, ["landscape orientation"]),
        (4000, 3000, 6, ["portrait orientation"]),
        (4000, 3000, 8, ["portrait orientation"]),
        (3000, 4000, 1, ["portrait orientation"]),
        (3000, 3000, 6, ["square"]),
        (3000, 2970, 1, ["square"]),
        (3000, 2900, 1, ["landscape orientation"]),
        (12000, 3000, 1, ["panorama", "landscape orientation"]),
        (12000, 3000, 6, ["panorama", "portrait orientation"]),
        (4000, 1800, 1, ["landscape orientation"]),  # 20:9, as some phones photograph
        (1, 1, 1, ["square"]),
        (None, 3000, 1, []),
    ],
)
def test_shapes_are_those_of_the_upright_picture(
    width: int | None, height: int, orientation: int, expected: list[str]
) -> None:
    assert terms(Facts(make="Canon", width=width, height=height, orientation=orientation), {}) == expected


def test_numbers_beside_an_impossible_aperture_are_not_believed() -> None:
    assert said(aperture=9557.4, exposure_s=2.2, iso=6400, flash=True, focal_mm=1876) == set()
    assert said(aperture=95, exposure_s=2.2) == {"long exposure"}


def test_a_banner_that_no_camera_took_is_no_panorama() -> None:
    assert terms(Facts(width=2000, height=100), {}) == ["landscape orientation"]
