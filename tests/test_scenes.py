"""One question for a burst, and when a question is asked again.

The decision: real photos, the real looks and a describer that counts what it is shown. Refused: vectors made up by the
test, for what agrees is what real makers say.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from phototag import api
from phototag.api_opening import steps_of
from phototag.errors import PhototagError
from phototag.look.caption import Describe
from phototag.look.prompts import named
from phototag.pipeline import Run as PipelineRun
from phototag.pipeline import Selection
from phototag.report import Report
from phototag.settings import Settings, load
from phototag.store.library import Library
from tests.conftest import Run

BURST = ("IMG_0011.jpg", "IMG_0012.jpg", "IMG_0013.jpg")


class Counting:
    """Answers with a number, and fails at the photos whose number is in `fails`."""

    parallel = 2

    def __init__(self, name: str = "counting@1", fails: Sequence[int] = ()) -> None:
        self.name, self.asked, self.fails = name, 0, set(fails)
        self._guard = threading.Lock()

    def why_not(self) -> str | None:
        return None

    def describe(self, pictures: Sequence[Any], questions: Sequence[Any]) -> list[str | PhototagError]:
        return [self._reply() for _ in pictures]

    def _reply(self) -> str | PhototagError:
        with self._guard:
            self.asked += 1
            number = self.asked
        if number in self.fails:
            return PhototagError("I would rather not")
        return json.dumps(
            {
                "category": "event",
                "description": f"A cake with candles, number {number}.",
                "keywords": ["candle", "cake"],
            }
        )


@pytest.fixture
def birthday(photos_dir: Path) -> Library:
    return api.scan(photos_dir / "birthday")[0]


def look(library: Library, describer: Counting, flags: dict[str, object] | None = None, **selection: Any) -> Any:
    using = load(None, flags or {}, {}, Path("absent"))
    steps = [step for step in steps_of(Settings()) if step.name in ("labels", "objects", "faces", "people", "search")]
    steps.append(Describe(describer, named(), using.look.side))
    with library.writing():
        return PipelineRun(library, steps, using, Report(quiet=True)).run(Selection(**selection))


def described(library: Library) -> dict[str, list[Any]]:
    """By file name, what was said, the last word last."""
    names = {photo.image_id: photo.files[0] for photo in library.photos(library.photo_ids())}
    found: dict[str, list[Any]] = {}
    for one in sorted(library.evidence(names), key=lambda one: one.made_at):
        if one.step == "describe":
            found.setdefault(names[one.image_id].rpartition("/")[2], []).append(one.value)
    return found


def test_a_burst_is_asked_about_once_and_each_of_it_has_the_answer(birthday: Library) -> None:
    model = Counting()
    found = look(birthday, model)
    count = len(birthday.photo_ids())
    assert model.asked == count - 2 and found.given == {"describe": 2} and found.photos == count
    said = described(birthday)
    assert len(said) == count and {name: len(values) for name, values in said.items()} == dict.fromkeys(said, 1)
    assert len({value[0]["description"] for name, value in said.items() if name in BURST}) == 1
    assert sum("from" in said[name][0] for name in BURST) == 2
    assert all("from" not in values[0] for name, values in said.items() if name not in BURST)
    again = look(birthday, model)
    assert model.asked == count - 2 and again.photos == 0


def test_every_photo_turns_it_off(birthday: Library) -> None:
    model = Counting()
    found = look(birthday, model, {"look.every_photo": True})
    assert model.asked == len(birthday.photo_ids()) and not found.given


def test_where_the_one_that_is_asked_fails_the_others_are_asked(birthday: Library) -> None:
    count = len(birthday.photo_ids())
    model = Counting(fails=range(1, count - 1))  # all of the first round
    found = look(birthday, model)
    assert model.asked == count and found.made["describe"] == 2 and len(found.failed) == count - 2


def test_pictures_that_do_not_agree_are_asked_about_themselves(birthday: Library, photos_dir: Path) -> None:
    # Another picture with the clock of the burst: what is in it decides, not when it was taken.
    other = next(path for path in (photos_dir / "birthday").iterdir() if path.name == "IMG_0019.jpg")
    from tests.writing import exiftool

    stamp = exiftool("-s3", "-DateTimeOriginal", str(photos_dir / "birthday" / "IMG_0012.jpg")).strip()
    model_name = exiftool("-s3", "-Model", str(photos_dir / "birthday" / "IMG_0012.jpg")).strip()
    exiftool("-overwrite_original", f"-DateTimeOriginal={stamp}", f"-Model={model_name}", str(other))
    library = api.scan(photos_dir / "birthday")[0]
    model = Counting()
    found = look(library, model)
    assert found.given == {"describe": 2} and model.asked == len(library.photo_ids()) - 2


def test_a_new_photo_of_a_described_burst_gets_its_answer(birthday: Library, photos_dir: Path) -> None:
    model = Counting()
    late = photos_dir / "birthday" / "IMG_0013.jpg"
    away = photos_dir / "away.jpg"
    late.rename(away)
    library = api.scan(photos_dir / "birthday")[0]
    look(library, model)
    before = model.asked
    away.rename(late)
    library = api.scan(photos_dir / "birthday")[0]
    found = look(library, model)
    assert model.asked == before and found.given == {"describe": 1}


def test_another_model_is_asked_only_on_request(birthday: Library) -> None:
    first, second = Counting(), Counting("counting@2")
    look(birthday, first)
    found = look(birthday, second)
    assert second.asked == 0 and found.kept == {"describe": len(birthday.photo_ids())}
    found = look(birthday, second, {"look.retag": True})
    assert second.asked == first.asked and found.given == {"describe": 2}
    assert all(len(values) == 2 for values in described(birthday).values())
    assert look(birthday, second, {"look.retag": True}).photos == 0


def test_what_failed_with_one_model_is_asked_of_the_next(birthday: Library) -> None:
    count = len(birthday.photo_ids())
    look(birthday, Counting(fails=range(1, 2 * count)))
    second = Counting("counting@2")
    assert look(birthday, second).made["describe"] + 2 == count


def test_the_command_line_says_what_was_saved_and_what_was_kept(phototag: Run, photos_dir: Path) -> None:
    done = phototag("look", photos_dir / "birthday", "--describer", "fake")
    assert "2 photos got the answer to another one of their burst: 2 calls saved" in done.stdout
    other = phototag("look", photos_dir / "birthday", "--describer", "fake", "--prompt", "caption")
    assert "describe: 5 answers of another model or prompt; ask again with --retag" in other.stdout
    anew = phototag("look", photos_dir / "birthday", "--describer", "fake", "--prompt", "caption", "--retag")
    assert "describe 3" in anew.stdout


def test_a_question_for_captions_alone_leaves_the_keywords_and_the_way_back_asks_nobody(
    phototag: Run, photos_dir: Path
) -> None:
    def tags() -> list[str]:
        shown: list[dict[str, Any]] = json.loads(phototag("export", photos_dir / "birthday", "--json").stdout)
        return [word for row in shown for word in row["scores"]]

    words = ("look", photos_dir / "birthday", "--describer", "fake", "--every-photo", "--retag", "--prompt")
    phototag(*words, "catalog")
    before = tags()
    phototag(*words, "caption")
    assert tags() == before
    status = phototag("status", photos_dir / "birthday").stdout
    assert "5 by fake/caption" in status
    back = phototag(*words, "catalog")
    assert "nothing new" in back.stdout and tags() == before
    assert "5 by fake/catalog" in phototag("status", photos_dir / "birthday").stdout
