"""The runner: one decode, set differences, failures kept, stopping in good order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from phototag import api
from phototag.look.step import Subject
from phototag.pipeline import Run as PipelineRun
from phototag.pipeline import Selection
from phototag.read import picture
from phototag.records import Evidence
from phototag.report import Report
from phototag.settings import load
from phototag.store.library import Library, open_library
from tests.conftest import Run

FAKE = {"look.describer": "fake", "look.embedder": "fake"}


class Tagger:
    """A step that remembers what it was shown."""

    name, maker, space, logged, parallel = "tagger", "tagger/1", "", True, 2
    needs_picture, after = True, ()

    def __init__(self, refuses: Sequence[str] = ()) -> None:
        self.shown: list[str] = []
        self.refuses = set(refuses)
        self._guard = threading.Lock()

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        with self._guard:
            self.shown += [subject.image_id for subject in batch]
        return [self._evidence(subject) for subject in batch]

    def _evidence(self, subject: Subject) -> Evidence:
        if subject.image_id in self.refuses:
            return Evidence(subject.image_id, self.name, self.maker, error="I would rather not")
        return Evidence(subject.image_id, self.name, self.maker, {"side": max(subject.pixels.shape)})


@pytest.fixture
def library(photos_dir: Path) -> Library:
    return api.scan(photos_dir)[0]


def run(library: Library, *steps: Any, flags: dict[str, object] | None = None, **selection: Any) -> Any:
    with library.writing():
        settings = load(None, flags or {}, {}, Path("absent"))
        return PipelineRun(library, steps, settings, Report(quiet=True)).run(Selection(**selection))


def test_every_photo_is_shown_once_and_a_second_run_has_nothing_to_do(library: Library) -> None:
    tagger = Tagger()
    photos = library.photo_ids()
    assert run(library, tagger, flags={"look.batch": 3}).made == {"tagger": len(photos)}
    assert sorted(tagger.shown) == photos
    again = run(library, tagger)
    assert (again.photos, again.unchanged, len(tagger.shown)) == (0, len(photos), len(photos))


def test_one_decode_serves_every_step(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    decode = picture.decode

    def counting(path: str, *rest: Any) -> Any:
        decoded.append(path)
        return decode(path, *rest)

    monkeypatch.setattr(picture, "decode", counting)
    other = Tagger()
    other.name = other.maker = "other"
    run(library, Tagger(), other)
    assert len(decoded) == len(set(decoded)) == len(library.photo_ids())


def test_a_new_maker_is_asked_and_the_old_answers_stay(library: Library) -> None:
    run(library, Tagger())
    newer = Tagger()
    newer.maker = "tagger/2"
    run(library, newer)
    photos = library.photo_ids()
    assert sorted(newer.shown) == photos
    assert library.made("tagger", "tagger/1") == library.made("tagger", "tagger/2") == set(photos)


def test_a_failure_is_kept_named_and_tried_again_only_on_request(library: Library) -> None:
    photos = library.photo_ids()
    tagger = Tagger(refuses=photos[:2])
    found = run(library, tagger)
    assert len(found.failed) == 2 and all("I would rather not" in reason for _, reason in found.failed)
    assert run(library, tagger).photos == 0
    tagger.refuses.clear()
    tagger.shown.clear()
    assert run(library, tagger, retry_failed=True).made == {"tagger": 2}
    assert sorted(tagger.shown) == photos[:2]
    assert library.made("tagger", "tagger/1", failed=False) == set(photos)


def test_fresh_forgets_and_asks_anew(library: Library) -> None:
    tagger = Tagger()
    run(library, tagger)
    run(library, tagger, fresh=True, limit=2, order="name")
    photos = library.photo_ids()
    assert len(tagger.shown) == len(photos) + 2
    assert len(list(library.evidence(photos))) == len(photos)


def test_limit_sample_and_order(library: Library) -> None:
    def shown(**selection: Any) -> list[str]:
        tagger = Tagger()
        tagger.parallel = 1
        run(library, tagger, fresh=True, **selection)
        return tagger.shown

    columns = ("image_id", "path", "taken_at")
    rows = list(library.photo_rows(columns))
    by_name = [row["image_id"] for row in sorted(rows, key=lambda row: row["path"])]
    assert shown(order="name") == by_name
    assert shown(order="name", limit=2) == by_name[:2]
    taken = [next(r["taken_at"] for r in rows if r["image_id"] == id) for id in shown(order="taken")]
    dated = [moment for moment in taken if moment]
    assert dated == sorted(dated, key=lambda m: m) or len(dated) == len(taken)
    assert sorted(shown(sample=4, seed=1)) == sorted(shown(sample=4, seed=1)) != sorted(shown(sample=4, seed=2))
    assert len(shown(sample=4)) == 4


def test_a_picture_that_breaks_later_is_error_evidence(library: Library, photos_dir: Path) -> None:
    broken = photos_dir / "DSC00108.jpg"
    broken.write_bytes(broken.read_bytes()[:3000])
    found = run(library, Tagger())
    assert [path for path, _ in found.failed] == ["DSC00108.jpg"]
    assert found.made["tagger"] == len(library.photo_ids()) - 1


def test_a_photo_whose_disk_is_away_stays_pending(library: Library, photos_dir: Path) -> None:
    path = photos_dir / "DSC00108.jpg"
    path.rename(photos_dir / "away")
    tagger = Tagger()
    found = run(library, tagger)
    assert [name for name, _ in found.failed] == ["DSC00108.jpg"]
    (photos_dir / "away").rename(path)
    assert run(library, tagger).made == {"tagger": 1}


def test_half_an_emoji_in_an_answer_does_no_harm(library: Library) -> None:
    class Surrogate(Tagger):
        def _evidence(self, subject: Subject) -> Evidence:
            return Evidence(subject.image_id, self.name, self.maker, {"text": "smile \ud83d"})

    run(library, Surrogate())
    with library.writing():
        assert len(library.made("tagger", "tagger/1")) == len(library.photo_ids())


def test_the_command_looks_describes_and_embeds(phototag: Run, photos_dir: Path) -> None:
    done = phototag("look", photos_dir, "--describer", "fake", "--embedder", "fake", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    count = found["scan"]["photos"]
    local = ("measure", "labels", "objects", "faces", "people", "search", "place", "light", "technique")
    alike = 2  # of a burst of three
    assert found["made"] == dict.fromkeys((*local, "embed"), count) | {"describe": count - alike}
    assert found["given"] == {"describe": alike}
    library = open_library(photos_dir)
    said = [e.value for e in library.evidence(library.photo_ids()) if e.step == "describe"]
    assert len(said) == count and all(value["keywords"] and value["description"] for value in said)
    again = json.loads(phototag("look", photos_dir, "--describer", "fake", "--embedder", "fake", "--json").stdout)
    assert again["made"] == {} and again["unchanged"] == count


def test_a_backend_that_is_not_there_is_a_sentence(phototag: Run, photos_dir: Path) -> None:
    done = phototag("look", photos_dir, "--describer", "fakr")
    assert done.returncode == 7 and "Did you mean 'fake'?" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_batch_and_says_how_to_go_on(photos_dir: Path, number: int) -> None:
    command = [
        sys.executable,
        "-m",
        "phototag",
        "look",
        str(photos_dir),
        "--describer",
        "fake:0.3",
        "--set=look.batch=1",
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log = photos_dir / ".phototag" / "evidence" / "describe.jsonl"
    _wait_for(lambda: log.exists() and log.stat().st_size > 0)
    os.kill(child.pid, number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, out + err
    assert "phototag look" in err and "Traceback" not in err
    stored = log.read_text().count("\n")
    rows = open_library(photos_dir).lance.count("evidence", "step = 'describe'")
    assert 0 < stored == rows < 12


def _wait_for(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited a minute"
        time.sleep(0.05)
