"""`phototag models`: what the list says, what is recommended, how a model is fetched, and whom nobody asks.

The decision: the command runs as a user runs it, against stand-in servers; what it may not ask is proved by what they
were asked. Refused: a look into the functions between the two.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import pytest

from tests.conftest import ROOT, Run
from tests.ollama_stand_in import Model, StandIn, model
from tests.test_docs import COMMANDS, NEED_A_SERVER, README

pytest.importorskip("ollama")

from phototag import api
from phototag.api_models import Memory, memory_here, recommended
from phototag.cli import group
from phototag.errors import NoBackend, UsageError
from phototag.report import Progress, Report

pytestmark = pytest.mark.server

NOBODY = "http://127.0.0.1:9"
THERE = ["qwen3-vl:4b-instruct", "llava:7b", "llama3.2:3b", "gpt-oss:20b-cloud"]
GIB = 2**30


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn(THERE) as one:
        yield one


def at(*servers: StandIn | str) -> list[str]:
    return [word for one in servers for word in ("--ollama", one if isinstance(one, str) else one.url)]


# The list


@pytest.mark.parametrize("era", ["A", "B-native"])
def test_vision_models_are_listed_and_what_a_run_takes_is_marked(phototag: Run, era: str) -> None:
    with StandIn(THERE, era=era) as there:
        done = phototag("models", *at(there))
        assert done.returncode == 0, done.stderr
        assert re.search(r"^\* qwen3-vl:4b-instruct +4\.4B +Q4_K_M +3\.3 GB$", done.stdout, re.MULTILINE)
        assert re.search(r"^  llava:7b +7B +Q4_K_M +4\.7 GB$", done.stdout, re.MULTILINE)
        assert "cannot see pictures: llama3.2:3b\n" in done.stdout
        assert "in a cloud, never asked: gpt-oss:20b-cloud\n" in done.stdout
        assert "--describer ollama takes qwen3-vl:4b-instruct." in done.stdout
        assert not any("cloud" in (entry.model or "") for entry in there.requests)
        assert there.violations == [] and there.asked() == []


def test_a_model_in_memory_is_shown_as_loaded() -> None:
    from phototag.backends.ollama import Ollama
    from tests.test_ollama_backend import QUESTION, pixels

    with StandIn(["gemma3:4b", "llava:7b"]) as there:
        Ollama("llava:7b", {"hosts": [there.url]}).describe([pixels()], [QUESTION])
        (shelf,) = api.vision_models(hosts=[there.url]).shelves
    assert {one.name: one.loaded for one in shelf.models} == {"gemma3:4b": False, "llava:7b": True}


@pytest.mark.parametrize("wanted", ["", "llava:7b"])
@pytest.mark.parametrize("there", [THERE, ["moondream", "gemma3:4b", "llava:7b"], ["llava:7b"]])
def test_the_mark_stands_where_a_run_goes(there: list[str], wanted: str) -> None:
    from phototag.backends.ollama import Ollama

    with StandIn(there) as first, StandIn(THERE) as second:
        urls = [first.url, second.url]
        run = Ollama(wanted, {"hosts": urls})
        assert run.why_not() is None
        chosen = [one.chosen for one in api.vision_models(hosts=urls, flags={"ollama.model": wanted}).shelves]
    assert chosen[0] and run.name.startswith(f"ollama:{chosen[0]}@")
    assert bool(chosen[1]) is not any(second.url in notice for notice in run.notices)


def test_json_says_the_same(phototag: Run, server: StandIn) -> None:
    done = phototag("models", "--json", env={"PHOTOTAG_OLLAMA_HOSTS": f"{server.url},{NOBODY}"})
    found = json.loads(done.stdout)
    assert [(one["host"], one["chosen"]) for one in found["hosts"]] == [
        (server.url, "qwen3-vl:4b-instruct"),
        (NOBODY, None),
    ]
    assert found["hosts"][0]["cannot_see"] == ["llama3.2:3b"]
    assert found["hosts"][0]["in_a_cloud"] == ["gpt-oss:20b-cloud"]
    assert "No Ollama server answers" in found["hosts"][1]["trouble"]
    assert found["recommended"].startswith("qwen3-vl:") and found["memory"]["machine"] > GIB


@pytest.mark.parametrize(
    ("there", "words", "said"),
    [
        (["llama3.2:3b"], [], "has no model that can see pictures.\n"),
        ([], [], "has no model that can see pictures"),
        (["llava:7b"], ["--set", "ollama.model=gemma3:4b"], "does not have the model gemma3:4b. Get it: ollama pull"),
        (["llama3.2:3b"], ["--set", "ollama.model=llama3.2:3b"], "The model llama3.2:3b at http://127"),
        ([Model("alias", remote_host="https://ollama.com:443", remote_model="x")], [], "has no model that can see"),
    ],
)
def test_a_server_without_a_model_to_ask_says_why(
    phototag: Run, there: list[str | Model], words: list[str], said: str
) -> None:
    with StandIn(there) as one:
        done = phototag("models", *at(one), *words)
    assert done.returncode == 7 and said in done.stdout and "--describer ollama takes" not in done.stdout
    assert "Get it: phototag models --pull qwen3-vl:" in done.stdout


def test_servers_with_different_versions_of_a_model_are_told(phototag: Run, server: StandIn) -> None:
    with StandIn([model("qwen3-vl:4b-instruct", revision="2")]) as other:
        done = phototag("models", *at(server, other))
    assert "has another version of the model qwen3-vl:4b-instruct" in done.stdout


def test_an_old_server_is_told_to_update(phototag: Run) -> None:
    with StandIn(["llava:7b"], era="A", version="0.4.7") as old:
        done = phototag("models", *at(old))
    assert "is too old (0.4.7). Update it to 0.5 or newer." in " ".join(done.stdout.split())


def test_a_name_from_a_stranger_cannot_steer_the_terminal(phototag: Run) -> None:
    from tests.test_ollama_backend import as_json, canned

    bad = {"name": "x\x1b[2Jy:z", "size": 5, "capabilities": ["completion"], "details": None}
    pages = {"/api/version": as_json({"version": "0.32.1\x1b]0;"}), "/api/ps": as_json({"models": None})}
    with canned({**pages, "/api/tags": as_json({"models": [bad]})}) as url:
        done = phototag("models", *at(url))
    assert done.returncode == 7 and "x\\x1b[2Jy:z" in done.stdout and "\x1b" not in done.stdout + done.stderr


# Whom nobody asks


def test_without_a_server_it_says_how_to_get_one_and_that_nobody_needs_it(phototag: Run) -> None:
    for words in ([], ["--pull", "qwen3-vl:4b-instruct"]):
        done = phototag("models", *at(NOBODY), *words)
        assert done.returncode == 7 and not done.stdout
        assert f"No Ollama server answers at {NOBODY}. phototag works without one" in done.stderr
        assert "https://ollama.com/download" in done.stderr and "ollama serve" in done.stderr


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://192.168.7.7:11434", 7, "--allow-host 192.168.7.7"),
        ("tower.local", 7, "--allow-host tower.local"),
        ("ollama.com", 7, "ollama.com is not asked"),
        ("ftp://tower", 2, "neither http nor https"),
    ],
)
def test_other_machines_are_refused_unless_allowed(server: StandIn, url: str, code: int, said: str) -> None:
    before = len(server.requests)
    for ask in (api.vision_models, partial(api.pull_model, "llava:7b")):
        with pytest.raises((NoBackend, UsageError)) as told:
            ask(hosts=[url, server.url] if ask is api.vision_models else [url])
        assert told.value.code == code and said in f"{told.value.sentence} {told.value.hint}"
    assert len(server.requests) == before


def test_an_allowed_host_is_asked(phototag: Run, network_attempts: Path) -> None:
    phototag("models", *at("tower.local"), "--allow-host", "tower.local")
    assert "'tower.local'" in network_attempts.read_text()  # the guard of the tests stopped it there
    network_attempts.write_text("")


def test_something_else_at_the_address_is_no_server(phototag: Run) -> None:
    from tests.test_ollama_backend import canned

    with canned({}) as url:
        done = phototag("models", *at(url))
    assert done.returncode == 7 and "does not answer as an Ollama server does" in done.stderr


# Fetching


def test_a_model_is_fetched_and_the_next_command_is_told(phototag: Run) -> None:
    with StandIn(["llava:7b"], pullable=["gemma3:4b", "moondream"]) as one:
        done = phototag("models", *at(one), "--pull", "gemma3:4b")
        assert done.returncode == 0, done.stderr
        assert "Fetching gemma3:4b at" in done.stderr and "3.0 MB" in done.stderr
        following = f"phototag look ~/Pictures --sample 20 --describer ollama --ollama {one.url}"
        assert done.stdout == f"gemma3:4b is there. Try it on a few photos:\n  {following}\n"
        less = phototag("models", "--pull", "moondream", "--json", env={"PHOTOTAG_OLLAMA_HOSTS": one.url})
        assert json.loads(less.stdout)["describer"] == "ollama:moondream"  # by itself a run takes gemma
        assert set(one.models) == {"llava:7b", "gemma3:4b", "moondream:latest"}


def test_the_bar_counts_megabytes_up_to_the_whole() -> None:
    seen: list[int] = []

    class Watched(Report):
        """Keeps what the bar is told."""

        @contextmanager
        def progress(self, label: str, total: int) -> Iterator[Progress]:
            if total:
                assert (label, total) == ("MB", 3300)
            with super().progress(label, total) as bar:
                bar.step = seen.append if total else bar.step  # type: ignore[method-assign, assignment]
                yield bar

    with StandIn([], pullable=["llava:7b"], pull_bytes=3_300_000_000) as one:
        api.pull_model("llava:7b", hosts=[one.url], report=Watched(quiet=True))
    assert sum(seen) == 3300 and min(seen) >= 0 and len(seen) > 3


def test_every_server_fetches_it_and_one_that_is_gone_stops_no_other() -> None:
    with StandIn([], pullable=["llava:7b"]) as one, StandIn([], pullable=["llava:7b"]) as two:
        assert api.pull_model("llava:7b", hosts=[one.url, two.url]) == "ollama"
        assert one.asked("/api/pull") and two.asked("/api/pull")
    with StandIn([], pullable=["llava:7b"]) as one:
        with pytest.raises(NoBackend, match=re.escape(f"No Ollama server answers at {NOBODY}")):
            api.pull_model("llava:7b", hosts=[NOBODY, one.url])
        assert "llava:7b" in one.models


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody:1b", "pull model manifest: file does not exist"),
        ("llama3.2:3b", "was fetched but cannot be used: The model llama3.2:3b at .* cannot see pictures"),
        ("alias", "was fetched but cannot be used: .* runs in a cloud"),
    ],
)
def test_a_pull_that_fails_is_a_sentence_and_a_hint(name: str, said: str) -> None:
    alias = Model("alias", remote_host="https://ollama.com:443", remote_model="x")
    with StandIn([], pullable=["llama3.2:3b", alias]) as one, pytest.raises(NoBackend, match=said) as told:
        api.pull_model(name, hosts=[one.url])
    assert told.value.code == 7 and told.value.hint


def test_a_download_that_breaks_off_goes_on_when_run_again(phototag: Run) -> None:
    with StandIn([], pullable=["llava:7b"]) as one:
        one.fault("close-mid-stream", path="/api/pull", times=1)
        broken = phototag("models", *at(one), "--pull", "llava:7b")
        assert broken.returncode == 7 and "broke off" in broken.stderr and "Traceback" not in broken.stderr
        assert phototag("models", *at(one), "--pull", "llava:7b").returncode == 0


@pytest.mark.parametrize(
    "name", ["gpt-oss:120b-cloud", "qwen3-vl:cloud", "Kimi:1T-Cloud", "x y", "", "-v", "http://x/y"]
)
def test_cloud_names_and_no_names_are_refused_before_anything_is_sent(server: StandIn, name: str) -> None:
    before = len(server.requests)
    with pytest.raises((NoBackend, UsageError)):
        api.pull_model(name, hosts=[server.url])
    assert len(server.requests) == before and server.violations == []


# What suits this machine


@pytest.mark.parametrize(
    ("gpu", "machine", "size"),
    [
        *((0, 4, "2b"), (0, 7.6, "4b"), (0, 16, "4b"), (0, 31, "8b"), (2, 31, "8b")),
        *((4, 64, "2b"), (6, 8, "4b"), (8, 64, "4b"), (10, 8, "8b"), (24, 64, "8b")),
    ],
)
def test_the_recommendation_goes_by_memory(gpu: float, machine: float, size: str) -> None:
    assert recommended(Memory(int(gpu * GIB), int(machine * GIB))) == f"qwen3-vl:{size}-instruct"


@pytest.mark.parametrize(
    ("script", "gpu"),
    [("echo 8192; echo 24564", 24564), ("echo '[N/A]'", 0), ("echo 'No devices were found'; exit 6", 0), ("exit 9", 0)],
)
def test_the_largest_gpu_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, gpu: int) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert memory_here().gpu == gpu * 2**20


def test_a_model_that_is_there_is_not_to_be_fetched(phototag: Run) -> None:
    with StandIn([f"qwen3-vl:{size}-instruct" for size in ("2b", "4b", "8b")]) as one:
        done = phototag("models", *at(one))
    assert "is recommended, and it is there." in done.stdout and "--pull" not in done.stdout


# What the README promises


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith(NEED_A_SERVER)])
def test_every_command_of_the_readme_that_needs_a_server_runs(phototag: Run, line: str, photos_dir: Path) -> None:
    there = ["qwen3-vl:4b-instruct", "gemma3:12b"] if " diff " in line else ["llava:7b"]
    words = [word.replace("~/Pictures", str(photos_dir / "birthday")) for word in shlex.split(line)[1:]]
    with StandIn(there, pullable=["qwen3-vl:4b-instruct"]) as one:
        done = phototag(*words, env={"PHOTOTAG_OLLAMA_HOSTS": one.url})
    assert done.returncode == 0 and done.stdout, done.stderr


def test_the_way_of_ten_minutes_has_commands_that_parse() -> None:
    block = re.findall(r"^```sh\n(ollama serve.*?)^```", README, re.MULTILINE | re.DOTALL)[0]
    lines = [shlex.split(line, comments=True) for line in block.splitlines() if line.startswith("phototag ")]
    assert len(lines) == 5
    for _, name, *words in lines:
        command = group.get_command(click.Context(group), name)
        assert command is not None, f"{ROOT / 'README.md'}: {name}"
        command.make_context(name, words, resilient_parsing=True)
