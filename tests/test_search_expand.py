"""`phototag search --expand`: other phrases for a query, from the text side of an Ollama server.

The decision: the stand-in server says the phrases, the library and the search are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES, Run
from tests.ollama_stand_in import StandIn

pytestmark = pytest.mark.server


def answered(question: Any) -> dict[str, Any]:
    return {"phrases": ["cat", "a house cat", "kitten"]}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(models=["qwen3-vl:4b-instruct"], answers=answered) as found:
        yield found


def test_other_phrases_find_what_the_words_do_not(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    at = ("--library", tmp_path / "l")
    assert phototag("look", SAMPLES / "birthday", *at).returncode == 0
    words = ("search", "mouser 2024", *at)
    sure = [line for line in phototag(*words).stdout.splitlines() if "IMG_001" in line and "?" not in line]
    assert sure == []
    asked = phototag(*words, "--expand", "--set", f"ollama.hosts={server.url}")
    assert asked.returncode == 0, asked.stderr
    assert any("IMG_001" in line and "?" not in line for line in asked.stdout.splitlines())
    assert 'Also searched for: "cat", "a house cat", "kitten".' in asked.stderr
    (request,) = [entry for entry in server.asked("/api/chat") if entry.prompt.strip()]
    assert "mouser" in request.prompt and not request.pictures and str(SAMPLES) not in request.prompt


def test_without_a_server_it_says_so(phototag: Run, tmp_path: Path) -> None:
    at = ("--library", tmp_path / "l")
    assert phototag("look", SAMPLES / "birthday", *at).returncode == 0
    done = phototag("search", "mouser", "--expand", *at, "--set", "ollama.hosts=http://127.0.0.1:9")
    assert done.returncode == 7 and "No Ollama server answers at http://127.0.0.1:9" in done.stderr
