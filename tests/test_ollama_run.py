"""`phototag look` with an Ollama server, as a person types it; the server is the stand-in.

The decision: real processes or the command line in this one, real photos, and the journal of the server to say what it
was asked. Refused: a client that is replaced.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES, Run
from tests.ollama_stand_in import StandIn

pytestmark = pytest.mark.server

ANSWER = {"keywords": ["cat", "zweihander"], "description": "A cat beside a sword.", "category": "wildlife"}
COUNT = 12  # photos among the samples
ALIKE = 2  # of them get the answer to another one of their burst


def answered(question: Any) -> dict[str, Any]:
    """What was asked for, and no more."""
    return {name: ANSWER[name] for name in question.schema["properties"]}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(models=["qwen3-vl:4b-instruct"], answers=answered) as found:
        yield found


def chats(server: StandIn) -> list[Any]:
    """The requests that carried a picture."""
    return [entry for entry in server.asked("/api/chat") if entry.pictures]


def test_every_photo_is_asked_about_once_and_sent_without_metadata(
    phototag: Run, server: StandIn, tmp_path: Path
) -> None:
    words = ("look", SAMPLES, "--library", tmp_path / "l", "--ollama", server.url, "--every-photo")
    first = phototag(*words)
    assert first.returncode == 0, first.stderr
    assert len(chats(server)) == COUNT and server.violations == [] and server.reloads == 0
    assert "12 answers" in first.stdout
    again = phototag(*words)
    assert again.returncode == 0 and len(chats(server)) == COUNT
    prompts = [entry.prompt for entry in chats(server)]
    assert all("- People:" in prompt for prompt in prompts)
    assert (
        sum("- Place: Potsdam" in prompt or "- Place: Berlin" in prompt for prompt in prompts) >= 7
    )  # known on a first run
    assert not any("52.4" in prompt or str(SAMPLES) in prompt for prompt in prompts)  # neither coordinates nor paths
    shown = phototag("show", SAMPLES / "DSC00042.jpg", "--library", tmp_path / "l").stdout
    assert "A cat beside a sword." in shown and "ollama:qwen3-vl:4b-instruct@" in shown
    assert "zweihander" in shown.partition("proposed")[2].partition("describe")[0]  # no word of ours: not a tag


def test_organize_writes_the_models_caption_into_the_copies(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    done = phototag(
        "organize",
        SAMPLES / "birthday",
        "--to",
        tmp_path / "t",
        "--model",
        "qwen3-vl:4b-instruct",
        "--ollama",
        server.url,
    )
    assert done.returncode == 0, done.stderr
    pages = [path.read_text("utf-8") for path in (tmp_path / "t").rglob("metadata/*.json")]
    assert len(pages) == 5 and sum("A cat beside a sword." in page for page in pages) >= 3


def test_without_a_server_it_says_so_and_what_was_found_can_still_be_used(
    phototag: Run, server: StandIn, tmp_path: Path
) -> None:
    assert phototag("look", SAMPLES, "--library", tmp_path / "l", "--ollama", server.url).returncode == 0
    server.die()
    env = {"PHOTOTAG_LOOK_DESCRIBER": "ollama", "PHOTOTAG_OLLAMA_HOSTS": server.url}
    done = phototag("look", SAMPLES, "--library", tmp_path / "l", env=env)
    assert done.returncode == 7 and "ollama serve" in done.stderr
    for command in (
        ("status", tmp_path / "l"),
        ("decide", "--library", tmp_path / "l"),
        ("export", "--json", "--library", tmp_path / "l"),
    ):
        assert phototag(*command, env=env).returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--ollama", "http://192.168.7.7:11434"), "--allow-host"),
        (("--ollama", "https://ollama.com"), "ollama.com"),
        (("--model", "qwen3-vl:235b-cloud"), "cloud"),
    ],
)
def test_nothing_is_sent_to_another_machine_unasked(
    phototag: Run, server: StandIn, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    hosts = () if "--ollama" in options else ("--ollama", server.url)
    done = phototag("look", SAMPLES, "--library", tmp_path / "l", *options, *hosts)
    assert done.returncode in (2, 7) and said in done.stderr and not chats(server)


def test_a_folder_of_photos_cannot_bring_its_own_server(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    photos = Path(shutil.copytree(SAMPLES / "birthday", tmp_path / "photos"))
    assert phototag("scan", photos, "--no-decode").returncode == 0
    settings = '[look]\ndescriber = "ollama"\n[ollama]\nhosts = ["http://192.168.7.7"]\nallow_hosts = ["192.168.7.7"]\n'
    (photos / ".phototag" / "phototag.toml").write_text(settings)
    done = phototag("look", photos)
    assert done.returncode == 2 and "leave this machine" in done.stderr


def test_a_run_that_is_killed_asks_no_photo_twice_that_was_answered(home: Path, tmp_path: Path) -> None:
    with StandIn(models=["gemma3:4b"], answers=answered, seconds_per_image=0.4) as server:
        command = [sys.executable, "-m", "phototag", "look", str(SAMPLES), "--library", str(tmp_path / "l")]
        command += ["--ollama", server.url, "--set", "ollama.parallel=1", "--quiet", "--every-photo"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 60
        while len(chats(server)) < COUNT // 2 and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)  # the answer before has arrived, this one is being made
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before = len(chats(server))
        assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
        asked = server.asked_images
        assert COUNT // 2 <= before < COUNT and len(asked) == COUNT
        assert sum(asked.values()) <= COUNT + 1  # the one that had no answer yet


def test_a_prompt_and_a_style_of_ones_own_ask_anew(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    prompt = tmp_path / "mine.md"
    prompt.write_text("---\nname: mine\nversion: 1\nschema: caption\nlanguage: en\n---\nSay what you see. {style}\n")
    words = ("look", SAMPLES / "birthday", "--library", tmp_path / "l", "--ollama", server.url, "--prompt", prompt)
    assert phototag(*words, "--style", "say wedding band, not ring").returncode == 0
    assert {entry.prompt.strip() for entry in chats(server)} == {"Say what you see. say wedding band, not ring"}
    before = len(chats(server))
    other = phototag(*words, "--style", "say ring")
    assert other.returncode == 0 and len(chats(server)) == before and "--retag" in other.stdout
    assert phototag(*words, "--style", "say ring", "--retag").returncode == 0 and len(chats(server)) == 2 * before
    prompt.write_text(prompt.read_text().replace("schema", "shcema"))
    assert (done := phototag(*words)).returncode == 2 and "mine.md:4" in done.stderr


def test_a_server_that_is_left_out_is_named(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    words = (
        "look",
        SAMPLES / "birthday",
        "--library",
        tmp_path / "l",
        "--ollama",
        server.url,
        "--ollama",
        "http://127.0.0.1:9",
    )
    done = phototag(*words)
    assert done.returncode == 0 and "127.0.0.1:9" in done.stderr and len(chats(server)) == 5 - ALIKE
