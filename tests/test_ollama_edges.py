"""Where an Ollama run meets its edges: options that nobody can follow, servers that are busy for good, odd answers.

The decision: commands as a person types them, against stand-in servers; what a backend says is asked of the backend.
Refused: a look at how it is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phototag.backends.ollama import Ollama
from phototag.backends.ollama_hosts import DEFAULT, usual
from phototag.errors import NoBackend, PhototagError
from phototag.report import Report
from tests.conftest import SAMPLES, Run
from tests.ollama_stand_in import StandIn
from tests.test_ollama_backend import QUICK, ask, describer, fits, pictures

pytestmark = pytest.mark.server

MODEL = "qwen3-vl:4b-instruct"
ONE = ("--limit", "1")
LONG = "A cat with " + ", ".join(f"a sword of kind {number}" for number in range(26)) + " in its paws."


def answered(question: Any) -> dict[str, Any]:
    told = {"keywords": ["cat"], "description": "A cat beside a sword.", "category": "wildlife"}
    told |= {"de": "Eine Katze neben einem Schwert.", "fr": "Un chat."}
    return {name: told.get(name, "yes") for name in question.schema["properties"]}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(models=[MODEL, "gemma3:4b"], answers=answered) as found:
        yield found


# ---- options that nobody can follow


LOOK, TAG, TREE = ["look"], ["tag", "--dry-run"], ["organize", "--to", "TO", "--dry-run"]


@pytest.mark.parametrize(
    ("command", "option", "named"),
    [
        (LOOK, ["--twice", "--retag", "--every-photo"], "--twice and --every-photo and --retag say"),
        (LOOK, ["--set", "look.twice=true"], "--twice says"),
        (TAG, ["--translate", "de"], "--translate says"),
        (TREE, ["--style", "say cat", "--prompt", "caption"], "--prompt and --style say"),
    ],
)
def test_what_only_a_describer_can_follow_asks_for_one(
    phototag: Run, tmp_path: Path, command: list[str], option: list[str], named: str
) -> None:
    words = [str(tmp_path / "to") if word == "TO" else word for word in command]
    done = phototag(words[0], tmp_path, *words[1:], *option)
    assert done.returncode == 2
    assert f"{named} nothing here: no describer is asked." in done.stderr
    assert "--describer ollama" in done.stderr
    assert list(tmp_path.iterdir()) == []  # not even a library


def test_a_describer_of_the_settings_is_one(phototag: Run, tmp_path: Path) -> None:
    env = {"PHOTOTAG_LOOK_DESCRIBER": "fake"}
    done = phototag("look", tmp_path, "--every-photo", "--library", tmp_path / "l", env=env)
    assert done.returncode == 0, done.stderr


def test_strict_alone_says_how_little_it_does(phototag: Run, tmp_path: Path) -> None:
    done = phototag("look", tmp_path, "--strict")
    assert done.returncode == 0 and "asks nobody: it only drops the words outside" in done.stderr


@pytest.mark.parametrize("option", [["--strict"], ["--twice"], ["--translate", "de"], ["--style", "short"]])
def test_verdicts_take_no_options_of_captions(phototag: Run, tmp_path: Path, option: list[str]) -> None:
    done = phototag("look", tmp_path, "--describer", "fake", "--prompt", "cull", *option)
    assert done.returncode == 2 and f"{option[0]} says nothing to this prompt." in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--translate", "xx"], "'xx' is no language"),
        (["--translate", "jp"], "Did you mean ja?"),
        (["--translate", "ger"], "Did you mean de?"),
        (["--prompt", "catalogue"], "Did you mean catalog?"),
        (["--prompt", "cul"], "There are: catalog, caption, keywords, cull."),
    ],
)
def test_a_word_that_nobody_knows_is_a_mistake_of_usage(
    phototag: Run, tmp_path: Path, options: list[str], said: str
) -> None:
    done = phototag("look", tmp_path, "--describer", "fake", *options)
    assert done.returncode == 2 and said in done.stderr


def test_status_advises_a_command_that_works(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    at = ("--library", tmp_path / "l")
    for model, more in ((MODEL, ONE), ("gemma3:4b", ("--limit", "2"))):
        phototag("look", SAMPLES, *more, "--every-photo", "--model", model, "--ollama", server.url, *at)
    said = phototag("status", SAMPLES, *at).stdout
    line = next(line for line in said.splitlines() if line.startswith("describe by"))
    assert f"phototag look {SAMPLES} --describer ollama --retag --library {tmp_path / 'l'})" in line
    empty = phototag("status", tmp_path, "--library", tmp_path / "l", "--json")
    assert len(json.loads(empty.stdout)["makers"]["describe"]) == 2


# ---- a server that is busy for good


@pytest.mark.parametrize("status", [503, 502, 504])
def test_a_server_that_is_busy_for_good_is_told_once_and_then_given_up(status: int) -> None:
    told: list[str] = []
    with StandIn([MODEL]) as server:
        backend = Ollama(MODEL, {**QUICK, "hosts": [server.url], "pause_s": 0.001, "tell_busy_s": 0.005})
        backend.begin(told.append)
        server.fault("status", status=status, text="busy")
        before = len(server.asked())
        with pytest.raises(NoBackend) as stop:
            for _ in range(20):
                ask(backend, pictures(1))
        assert len(server.asked()) - before == 3 * 9
    assert [line for line in told if "is busy: waiting" in line] == [f"{server.url[7:]} is busy: waiting"]
    assert "Too many photos in a row failed" in stop.value.sentence and stop.value.hint


def test_a_busy_server_that_answers_between_is_not_given_up() -> None:
    with StandIn([MODEL]) as server:
        backend = describer(server, pause_s=0.001)
        for _ in range(4):
            server.fault("status", status=503, text="busy")
            assert isinstance(ask(backend, pictures(1))[0], PhototagError)
            server.faults.clear()
            assert fits(ask(backend, pictures(1))[0])


def test_a_crash_at_every_picture_ends_the_run_after_twenty() -> None:
    with StandIn([MODEL]) as server:
        backend = describer(server)
        server.fault("status", status=500, text="model runner has unexpectedly stopped")
        with pytest.raises(NoBackend, match="Too many photos in a row failed"):
            for _ in range(25):
                ask(backend, pictures(1))
        assert len(server.asked()) == 2 * 20


# ---- odd answers


def test_more_than_was_asked_for_is_no_reason_to_refuse_an_answer(
    phototag: Run, server: StandIn, tmp_path: Path
) -> None:
    many = ["cat", "", "x" * 70, *(f"word {number}" for number in range(16))]
    server.answers = lambda question: {"keywords": many, "description": LONG, "category": "wildlife"}
    done = phototag("look", SAMPLES, *ONE, "--ollama", server.url, "--library", tmp_path / "l", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["made"]["describe"] == 1 and found["failed"] == []


@pytest.mark.parametrize("french", [None, 5, "A cat beside a sword.", ""])
def test_one_bad_language_is_left_out(phototag: Run, server: StandIn, tmp_path: Path, french: Any) -> None:
    def half(question: Any) -> dict[str, Any]:
        found = answered(question)
        if "fr" in found:
            found |= {"fr": french}
            if french is None:
                del found["fr"]
        return found

    server.answers = half
    at = ("--library", tmp_path / "l")
    done = phototag("look", SAMPLES, *ONE, "--ollama", server.url, "--translate", "de,fr", *at, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["made"]["translate"] == 1
    assert "translate by" in phototag("status", SAMPLES, *at).stdout


def test_a_translation_that_failed_is_no_failed_look(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    server.answers = lambda question: {**answered(question), **({"de": ""} if "de" in answered(question) else {})}
    words = ("look", SAMPLES, *ONE, "--ollama", server.url, "--translate", "de", "--library", tmp_path / "l")
    done = phototag(*words)
    assert "Could not be translated:\n" in done.stdout and "Could not be looked at" not in done.stdout
    assert "not translated" in done.stdout and "describe 1" in done.stdout
    said = phototag("status", SAMPLES, "--library", tmp_path / "l").stdout
    assert "Could not be translated:\n" in said and "Could not be looked at" not in said
    server.answers = answered
    again = phototag(*words, "--retry-failed")
    assert again.returncode == 0 and "translate 1" in again.stdout
    assert "Could not" not in phototag("status", SAMPLES, "--library", tmp_path / "l").stdout


# ---- two models against each other


def test_diff_refuses_what_says_nothing(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    at = ("--ollama", server.url, "--library", tmp_path / "l")
    (tmp_path / "empty").mkdir()
    for words, code, said in (
        ((MODEL, "gemma3:4b", tmp_path / "empty"), 2, "There is no photo in"),
        ((MODEL, f"ollama:{MODEL}", SAMPLES), 2, "Both are the same model"),
        ((MODEL, "gemma3:4b", SAMPLES, "--prompt", "cull"), 2, "this prompt asks for verdicts"),
        ((MODEL, "gemma3:4b", SAMPLES, "--retag"), 2, "No such option"),
    ):
        done = phototag("diff", *words, *at)
        assert done.returncode == code and said in done.stderr, done.stderr
    assert server.asked("/api/chat") == [] or not any(entry.pictures for entry in server.asked("/api/chat"))


# ---- who is asked where nobody is named


@pytest.mark.parametrize(
    ("variable", "allowed", "url"),
    [
        ("", (), DEFAULT),
        ("0.0.0.0", (), DEFAULT),
        ("127.0.0.1:9999", (), "http://127.0.0.1:9999"),
        ('"localhost"', (), "http://localhost:11434"),
        ("[::]:1234", (), "http://[::1]:1234"),
        ("tower.local", ("tower.local",), "http://tower.local:11434"),
    ],
)
def test_the_variable_of_ollama_names_the_server(variable: str, allowed: tuple[str, ...], url: str) -> None:
    where, notice = usual(allowed, {"OLLAMA_HOST": variable})
    assert (where.url, notice) == (url, "")


@pytest.mark.parametrize("variable", ["tower.local", "http://8.8.8.8", "ollama.com", "h:abc", "user:pw@127.0.0.1"])
def test_a_variable_that_leads_elsewhere_is_not_followed_but_said(variable: str) -> None:
    where, notice = usual((), {"OLLAMA_HOST": variable})
    assert where.url == DEFAULT and notice.startswith("OLLAMA_HOST is set, and not used: ")
    assert variable != "tower.local" or "--allow-host tower.local" in notice


def test_a_run_follows_the_variable_unless_a_server_is_named(phototag: Run, server: StandIn, tmp_path: Path) -> None:
    words = ("look", SAMPLES, *ONE, "--describer", "ollama", "--library", tmp_path / "l")
    done = phototag(*words, env={"OLLAMA_HOST": server.url[7:]})
    assert done.returncode == 0 and len([one for one in server.asked("/api/chat") if one.pictures]) == 1
    assert phototag("models", env={"OLLAMA_HOST": server.url}).returncode == 0
    elsewhere = phototag(*words, "--ollama", "http://127.0.0.1:9", env={"OLLAMA_HOST": server.url})
    assert elsewhere.returncode == 7 and "http://127.0.0.1:9" in elsewhere.stderr


# ---- what a person reads


def test_the_command_that_fetches_a_model_names_the_same_server(phototag: Run) -> None:
    with StandIn(["llama3.2:3b"]) as blind:
        done = phototag("models", "--ollama", blind.url)
    assert done.returncode == 7 and f"phototag models --pull {_recommended(done.stdout)} --ollama {blind.url}" in (
        done.stdout
    )
    assert done.stdout.count("qwen3-vl:") == 2  # one recommendation, and how to follow it


def _recommended(said: str) -> str:
    return said.partition(") ")[2].partition(" is recommended")[0].rpartition(" ")[2]


def test_stages_never_last_longer_than_the_run() -> None:
    import time
    from concurrent.futures import ThreadPoolExecutor

    report = Report(quiet=True)

    def wait(_: int) -> None:
        with report.clock("describe"):
            time.sleep(0.2)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(wait, range(5)))
    assert report.seconds["describe"] > 0.9
    said = report.spent()
    assert 0.2 <= float(said.partition("describe ")[2].partition(" s")[0]) < 0.9
