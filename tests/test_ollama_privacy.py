"""What leaves the machine when an Ollama server is asked, and what never does, from the command line.

The decision: what was sent is read from the journal of a server on a socket, and a connection to anywhere else fails
the test by itself. Refused: trust in the settings of a client.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import phototag
from tests.ollama_stand_in import Model, StandIn

pytest.importorskip("ollama")

from phototag.backends.ollama_client import Door
from phototag.backends.ollama_hosts import address
from phototag.backends.ollama_troubles import Then, Trouble
from tests.test_ollama_backend import as_json, canned
from tests.test_ollama_errors import (
    ANSWER,
    GET_ONE,
    LEAVES,
    LOCAL,
    MODEL,
    AtPictures,
    Look,
    answered,
    four_photos,
    looking,
    pictures,
)

__all__ = ["four_photos", "looking"]  # what the tests below have as `photos` and `look`

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("gpt-oss:cloud", "--model"),
        ("X:CLOUD", "--model"),
        ("library/gemma3:4b-cloud", "--model"),
        ("qwen3-vl:235b-cloud", "--describer"),
        ("qwen3-vl:235b-cloud", "--set"),
        ("qwen3-vl:235b-cloud", "the environment"),
    ],
)
def test_a_cloud_name_is_refused_before_anything_is_sent(
    name: str, way: str, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"--model": ("--model", name), "--describer": ("--describer", f"ollama:{name}")}
    words["--set"] = ("--set", f"ollama.model={name}")
    if way == "the environment":
        monkeypatch.setenv("PHOTOTAG_OLLAMA_MODEL", name)
    with StandIn(["gpt-oss:20b-cloud", MODEL], answers=answered) as server:
        done = look(server, words=words.get(way, ()), named="")
        assert done.code == 7 and server.requests == []
        assert done.told == (
            f"{name} is a cloud model: {LEAVES}",
            "Choose a model that is on the machine: phototag models",
        )


@pytest.mark.parametrize("era", ["A", "B-native"])
def test_a_cloud_behind_a_local_name_is_refused_before_a_picture(era: str, look: Look) -> None:
    alias = Model("sly", remote_host="https://ollama.com:443", remote_model="qwen3-vl:235b")
    with StandIn([alias], era=era, answers=answered) as server:
        done = look(server, named="sly")
        assert done.code == 7
        assert done.told == (f"The model sly at {server.url} runs in a cloud: {LEAVES}", LOCAL)
        assert server.asked() == [] and server.violations == []
        unnamed = look(server, named="")
        assert unnamed.told == (f"{server.url} has no model that can see pictures.", GET_ONE)
        assert server.asked() == []


@pytest.mark.parametrize("key", ["remote_host", "remote_model"])
def test_a_cloud_that_only_the_models_page_betrays_is_refused(key: str, look: Look) -> None:
    pages = {
        "/api/version": as_json({"version": "0.32.15"}),
        "/api/tags": as_json({"models": [{"name": "sly:latest", "digest": "ab" * 32, "size": 1}]}),
        "/api/show": as_json({"capabilities": ["vision"], key: "somewhere"}),
    }
    with canned(pages) as url:
        for name in ("sly", ""):
            done = look(url, named=name)
            assert done.code == 7 and f"runs in a cloud: {LEAVES}" in done.err


def test_nothing_is_kept_of_an_answer_that_came_from_a_cloud(photos: Path, look: Look, capsys: Any) -> None:
    with StandIn([MODEL], answers=lambda question: {**ANSWER, "description": "Seen from afar."}) as server:
        server.fault(AtPictures("remote-host", server=server))
        assert look(server).code == 7 and len(pictures(server)) == 1
    kept = [path.read_bytes() for path in (photos / ".phototag").rglob("*") if path.is_file()]
    assert not any(b"Seen from afar" in content for content in kept)
    capsys.readouterr()
    assert phototag.run("show", str(photos / "one.jpg")) == 0
    assert "afar" not in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/api/version", "/api/tags", "/api/show"])
def test_a_redirect_is_followed_nowhere(path: str, look: Look) -> None:
    with StandIn([MODEL], answers=answered) as server:
        server.fault("redirect", path=path)
        done = look(server)
        assert done.code == 7 and done.told == (f"{server.url} sends us elsewhere.", "Name the server itself.")
        assert server.canary_reached == [] and server.violations == [] and pictures(server) == []


@pytest.mark.parametrize(
    "names",
    [("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), ("http_proxy", "https_proxy", "all_proxy"), ("OLLAMA_HOST",)],
    ids=" ".join,
)
def test_variables_that_lead_elsewhere_lead_nowhere(
    names: tuple[str, ...], look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with StandIn([MODEL], answers=answered) as server:
        for name in names:
            monkeypatch.setenv(name, server.canary_url)
        monkeypatch.setenv("OLLAMA_API_KEY", "a-secret")
        assert look(server).code == 0 and len(pictures(server)) == 4
        assert server.canary_reached == [] and server.violations == []  # an Authorization header is one
        assert not any("a-secret" in str(entry.headers) + str(entry.body) for entry in server.requests)


def test_without_an_address_only_this_machine_is_asked_whatever_the_environment_says(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn([MODEL]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.canary_url)
        monkeypatch.setenv("PHOTOTAG_OLLAMA_HOSTS", "http://127.0.0.1:9")  # a machine that tests may have an Ollama
        done = look(words=("--describer", "ollama"), named="")
        assert done.code == 7 and "127.0.0.1:9" in done.err and server.canary_reached == []


ALLOW = "If that is what you want, allow it: --allow-host "
NOT_HERE = " is not asked: it is not this machine, and photos would be sent to it."


@pytest.mark.parametrize(
    ("url", "said", "hint"),
    [
        ("http://10.0.0.9:11434", f"http://10.0.0.9:11434{NOT_HERE}", f"{ALLOW}10.0.0.9"),
        ("tower.local", f"http://tower.local:11434{NOT_HERE}", f"{ALLOW}tower.local"),
        ("http://[fd00::7]", f"http://[fd00::7]:80{NOT_HERE}", f"{ALLOW}fd00::7"),
        ("https://photos.example.com", f"https://photos.example.com:443{NOT_HERE}", f"{ALLOW}photos.example.com"),
        ("127.0.0.1.example.com", f"http://127.0.0.1.example.com:11434{NOT_HERE}", f"{ALLOW}127.0.0.1.example.com"),
        (
            "ollama.com",
            "ollama.com is not asked: photos would leave your machine.",
            "Use an Ollama server of your own.",
        ),
    ],
)
def test_another_machine_is_not_asked_unless_it_is_allowed(url: str, said: str, hint: str, look: Look) -> None:
    """What would be looked up or connected to fails the test by itself: the suite's guard hears it."""
    done = look(url)
    assert done.code == 7 and done.told == (said, hint)


@pytest.mark.parametrize("way", ["the environment", "beside one of ours", "before one of ours"])
def test_another_machine_is_refused_wherever_it_is_named(way: str, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://10.0.0.9:11434"
    with StandIn([MODEL], answers=answered) as server:
        if way == "the environment":
            monkeypatch.setenv("PHOTOTAG_OLLAMA_HOSTS", f"{server.url},{url}")
            done = look(words=("--describer", "ollama"))
        else:
            done = look(*([server, url] if way == "beside one of ours" else [url, server]))
        assert done.code == 7 and done.told == (f"{url}{NOT_HERE}", f"{ALLOW}10.0.0.9")
        assert server.requests == []


@pytest.mark.parametrize(
    ("url", "allowed", "code", "said"),
    [
        ("https://ollama.com", "ollama.com", 7, "ollama.com is not asked"),
        ("http://photos.example.com", "photos.example.com", 7, "photos would travel there unencrypted"),
        ("http://10.0.0.9", "10.0.0.8", 7, NOT_HERE),
        ("http://me:secret@127.0.0.1:11434", "127.0.0.1", 2, "has a name and a password in it"),
        ("ftp://127.0.0.1", "127.0.0.1", 2, "it is neither http nor https"),
    ],
)
def test_what_is_allowed_opens_no_other_way(url: str, allowed: str, code: int, said: str, look: Look) -> None:
    done = look(url, words=("--allow-host", allowed))
    assert done.code == code and said in done.err and "secret" not in done.err


@pytest.fixture
def gpu_local(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of another machine, which is this one after all."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **also: real("127.0.0.1", *more, **also))
    return "gpu.local"


@pytest.mark.parametrize("words", [(), ("--quiet",)], ids=" ".join)
def test_another_machine_that_is_allowed_is_named_before_the_first_picture_goes_there(
    words: tuple[str, ...], look: Look, gpu_local: str, capsys: Any
) -> None:
    said_before: list[str] = []

    def listening(question: Any) -> Any:
        said_before.append(capsys.readouterr().err)
        return answered(question)

    with StandIn([MODEL], answers=listening) as server:
        url = f"http://{gpu_local}:{server.url.rpartition(':')[2]}"
        said = f"Pictures are sent to {gpu_local} (allowed by --allow-host)."
        done = look(url, words=("--allow-host", gpu_local, *words))
        assert done.code == 0 and len(pictures(server)) == 4 and server.violations == []
        assert said in said_before[0] and said not in "".join(said_before[1:]) + done.err
        assert said not in look(url, words=("--allow-host", gpu_local, *words)).err  # nothing more is sent
        assert said not in look(server, words=("--fresh",)).err and len(pictures(server)) == 8


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"messages": [{"role": "user", "content": "x", "images": [b"picture"]}]}, "a picture has left your machine"),
        ({"messages": [{"role": "user", "content": "x"}]}, "a question has left your machine"),
        ({"messages": []}, "the model {model} is not on the machine"),
    ],
)
def test_an_answer_from_a_cloud_is_told_with_what_has_left(asked: Mapping[str, Any], said: str) -> None:
    answer = {"model": "sly", "remote_host": "https://ollama.com:443", "message": {"role": "assistant"}, "done": True}
    with canned({"/api/chat": as_json(answer)}) as url, pytest.raises(Trouble) as trouble:
        Door(address(url), 5).chat("sly", **asked)
    assert trouble.value.then is Then.LEAVES and said in trouble.value.sentence


MARKS = (b"Exif\0\0", b"http://ns.adobe.com/", b"Photoshop 3.0", b"ICC_PROFILE", b"<x:xmpmeta")


def _telling(folder: Path, count: int) -> list[dict[str, Any]]:
    """The photos that have most to tell: with a place, then with a camera, then large."""
    words = ["exiftool", "-json", "-n", "-q", "-r", "-GPSLatitude", "-GPSLongitude", "-Make", "-ImageSize"]
    words += [word for ending in ("jpg", "jpeg", "heic", "webp", "png") for word in ("-ext", ending)]
    said = subprocess.run([*words, str(folder)], capture_output=True, check=False).stdout
    rows = [row for row in json.loads(said) if row.get("ImageSize")]

    def tells(row: dict[str, Any]) -> tuple[bool, bool, int]:
        width, height = map(int, str(row["ImageSize"]).replace("x", " ").split())
        return bool(row.get("GPSLatitude")), "Make" in row, min(width * height, 30_000_000)

    return sorted(rows, key=tells, reverse=True)[:count]


def test_real_photos_leave_small_and_without_a_word_about_themselves(
    shared_photos: Path, tmp_path: Path, capsys: Any
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = _telling(shared_photos, 20)
    for number, row in enumerate(rows):
        source = Path(row["SourceFile"])
        shutil.copy(source, photos / f"{number:02}{source.suffix}")
    placed = [row for row in rows if row.get("GPSLatitude")]
    assert len(placed) >= 8 and sum("Make" in row for row in rows) >= 15
    with StandIn([MODEL], answers=answered, keep_images=True) as server:
        words = ["look", str(photos), "--ollama", server.url]
        assert phototag.run(*words) in (0, 1), capsys.readouterr().err  # some may be broken on purpose
        asked = len(pictures(server))
        assert asked >= 15 and max(one.long_side for entry in server.asked() for one in entry.pictures) <= 1024
        assert phototag.run(*words, "--set", "look.side=4096", "--fresh", "--limit", "3") in (0, 1)
        assert len(pictures(server)) > asked
        assert server.violations == []
        for content in server.images.values():
            assert not any(mark in content for mark in MARKS)
            with Image.open(io.BytesIO(content)) as opened:
                assert opened.format == "JPEG" and max(opened.size) <= 1280 and not opened.getexif()
                assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        told = " ".join(entry.prompt for entry in pictures(server))
        assert str(tmp_path) not in told
        for row in placed:
            for number in (abs(float(row["GPSLatitude"])), abs(float(row["GPSLongitude"]))):
                assert number < 1 or f"{number:.4f}"[:-1] not in told
