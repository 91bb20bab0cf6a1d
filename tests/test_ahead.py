"""What is decided while a run still looks is what its end would decide.

The decision: real looks at small pictures, with the describer that sees colours. Refused: a judge made up by the test.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from phototag import api, api_ahead
from phototag.api_people import deciding
from phototag.report import Report
from phototag.settings import load
from phototag.store.library import Library

from .culling import save, scene

COUNT, BATCH = 24, 4
FLAGS = {"look.describer": "fake", "look.every_photo": "true", "look.batch": str(BATCH)}


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos a minute apart, so that each has neighbours, and decisions by the handful."""
    monkeypatch.setattr(api_ahead, "_TOGETHER", 6)
    for number in range(COUNT):
        file = save(tmp_path / "photos" / f"{number:02}.jpg", scene(number, 160, 120))
        os.utime(file, (1_700_000_000 + 60 * number,) * 2)
    library, _ = api.scan(tmp_path / "photos")
    library.place.vocabulary_file.write_text("bright\ndark\nred\ngreen\nblue\n")
    return tmp_path / "photos"


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Which photos were decided ahead, each time that some were."""
    seen: list[set[str]] = []
    decide = api_ahead.Ahead._decide

    def noting(self: api_ahead.Ahead, *args: Any) -> None:
        before = set(self.decided)
        decide(self, *args)
        seen.append(set(self.decided) - before)

    monkeypatch.setattr(api_ahead.Ahead, "_decide", noting)
    return seen


def decisions(library: Library) -> dict[str, Any]:
    return {one.image_id: asdict(one) | {"at": ""} for one in library.decisions()}


def again(library: Library) -> dict[str, Any]:
    """The same evidence decided wholly at the end."""
    judge = deciding(library, load(library.place.settings_file, FLAGS))
    judge.run(list(library.decided()), list(library.decided()), Report(quiet=True), lambda: False)
    return decisions(library)


def test_it_is_what_the_end_would_decide_and_is_counted_once(photos: Path, ahead: list[set[str]]) -> None:
    library, _, looked = api.look(photos, flags=FLAGS)
    early = set().union(*ahead)
    assert len(early) >= COUNT // 2 and sum(map(len, ahead)) == len(early)
    made = decisions(library)
    assert looked.decided.photos == len(made) == COUNT and looked.decided.unchanged == 0
    assert looked.decided.tags == sum(len(one["tags"]) for one in made.values())
    assert sum("photos beside it" in str(one) for one in made.values()) > COUNT // 2
    assert again(library) == made


def test_a_run_that_is_stopped_leaves_decisions(photos: Path, ahead: list[set[str]]) -> None:
    stop: Callable[[], bool] = lambda: bool(ahead)  # noqa: E731  (one condition)
    library, _, looked = api.look(photos, flags=FLAGS, stop=stop)
    assert looked.interrupted and ahead
    assert set(library.decided()) == set().union(*ahead) != set()
    rest = api.look(photos, flags=FLAGS)[2]
    assert set(library.__class__(library.place).decided()) and rest.decided.photos >= COUNT - len(ahead[0])
