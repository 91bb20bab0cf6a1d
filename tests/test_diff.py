"""`phototag diff`: two models on the same photos.

The decision: two models of one stand-in server that say different things, and the command as a person types it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phototag.comparing import Answers, compared
from tests.conftest import SAMPLES, Run
from tests.ollama_stand_in import StandIn

pytestmark = pytest.mark.server
COUNT = 12


def answered(question: Any) -> dict[str, Any]:
    words = {"qwen3-vl:4b-instruct": ["cat", "sword"], "gemma3:4b": ["cats", "grass", "cat"]}[question.model]
    answer = {"keywords": words, "description": f"A cat, says {question.model}.", "category": "wildlife"}
    return {name: answer[name] for name in question.schema["properties"]}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(models=["qwen3-vl:4b-instruct", "gemma3:4b"], answers=answered) as found:
        yield found


def chats(server: StandIn) -> list[Any]:
    return [entry for entry in server.asked("/api/chat") if entry.pictures]


def test_two_models_are_asked_about_the_same_photos_and_nothing_else_changes(
    phototag: Run, server: StandIn, tmp_path: Path
) -> None:
    at = ("--library", tmp_path / "l", "--ollama", server.url)
    words = ("diff", "qwen3-vl:4b-instruct", "gemma3:4b", SAMPLES, "--sample", "6", "--seed", "3", *at)
    done = phototag(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["pairs"]) == 6 and len(chats(server)) == 12
    hashes = [entry.pictures[0].hash for entry in chats(server)]
    assert sorted(hashes[:6]) == sorted(hashes[6:]) and len(set(hashes)) == 6
    assert [side["only"] for side in found["sides"]] == [{"sword": 6}, {"grass": 6}]
    assert found["categories"] == 1 and 0.5 < found["captions"] < 1
    assert all(side["seconds"] > 0 for side in found["sides"])
    again = phototag(*words)
    assert len(chats(server)) == 12  # nothing is asked twice
    assert "only A says: sword 6" in again.stdout and "asked before" in again.stdout
    assert "Worth a look of your own:" in again.stdout
    shown = phototag("show", SAMPLES / "DSC00042.jpg", "--library", tmp_path / "l").stdout
    assert "sword" not in shown.partition("compare")[0]


def test_what_a_run_has_asked_is_not_asked_again(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    at = ("--library", tmp_path / "l", "--ollama", server.url)
    phototag("look", SAMPLES, "--model", "gemma3:4b", "--every-photo", *at)
    before = len(chats(server))
    assert before == COUNT
    phototag("diff", "gemma3:4b", "qwen3-vl:4b-instruct", SAMPLES, *at)
    assert len(chats(server)) == before + COUNT


def test_a_model_that_is_not_there_is_a_sentence(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    done = phototag("diff", "gemma3:4b", "nobody:1b", SAMPLES, "--library", tmp_path / "l", "--ollama", server.url)
    assert done.returncode == 7 and "does not have the model nobody:1b" in done.stderr and not chats(server)


def test_photos_on_which_two_differ_most_come_first() -> None:
    one = Answers("a", {"1": {"keywords": ["dog", "lawn"]}, "2": {"keywords": ["dog"]}, "3": {"keywords": ["owl"]}})
    other = Answers("b", {"1": {"keywords": ["dog", "ball"]}, "2": {"keywords": ["dog"]}})
    found = compared(one, other, {"1": "a.jpg", "2": "b.jpg", "3": "c.jpg"}, str, lambda word: word == "dog", list)
    assert [(pair.path, round(pair.agreement, 2)) for pair in found.pairs] == [("a.jpg", 0.33), ("b.jpg", 1.0)]
    assert found.pairs[0].only == (("lawn",), ("ball",)) and found.captions is None and found.categories is None
    assert found.sides[0].answered == 3 and found.sides[1].known == pytest.approx(2 / 3)
