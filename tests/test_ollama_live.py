"""A real Ollama server, where a person has one: what we believe of it holds, and phototag works with it.

The decision: run only when asked for (`pytest --live`, or `make test-live`), against the server of this machine that
OLLAMA_HOST names (else 127.0.0.1:11434) and the model of PHOTOTAG_OLLAMA_MODEL (else the one that phototag would
choose); what is asserted holds for any model that sees, and nothing is fetched, removed or unloaded there. Refused:
assertions about what a model says, and a server on another machine, which the suite's guard would not reach.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from phototag.backends.ollama_hosts import DEFAULT, Address, address
from phototag.backends.protocols import Pixels, Question
from phototag.errors import NoBackend, PhototagError
from phototag.look.schemas import SCHEMAS
from tests.conftest import SAMPLES, Run
from tests.ollama_stand_in import StandIn

pytest.importorskip("ollama")

from phototag.backends.ollama import Ollama
from phototag.backends.ollama_answers import misfit

pytestmark = pytest.mark.live

# Read before the fixtures clear the environment of every test.
WHERE = os.environ.get("OLLAMA_HOST") or DEFAULT
MODEL = os.environ.get("PHOTOTAG_OLLAMA_MODEL", "")
NOBODY = "nobody-has-this:1b"
ASKED = {"num_ctx": 8192, "num_predict": 400, "temperature": 0.1}  # one set for all: another would load it again
COLD = 900  # seconds: the first answer waits until the model is in memory


def ask(path: str, body: Mapping[str, Any] | None = None, method: str = "") -> tuple[int, str, Any]:
    """Status, content type and reply of the server itself, past our client; JSON where it is some."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server_address().url + path, data=sent, method=method or None)
    try:
        reply = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=COLD)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        content, kind = reply.read(), reply.headers.get("Content-Type", "")
    return reply.status, kind, json.loads(content) if "json" in kind else content.decode()


def server_address() -> Address:
    """The one that the environment names; fails with what to do where it is another machine."""
    where = address(WHERE)
    if where.reach != "loopback":
        pytest.fail(f"{where} is another machine; bring it here: ssh -L 11434:127.0.0.1:11434 {where.host}")
    return where


@pytest.fixture(scope="module")
def url() -> str:
    """The server; a person who asks for these tests wants to hear that there is none."""
    try:
        status, _, _ = ask("/api/version")
    except OSError as trouble:
        pytest.fail(f"no Ollama server at {server_address()} ({trouble}): ollama serve")
    assert status == 200
    return server_address().url


@pytest.fixture(scope="module")
def seeing(url: str) -> Ollama:
    """Our describer with the model that was named or chosen; fails with what to fetch where none sees."""
    backend = Ollama(MODEL, {"hosts": [url], **ASKED})
    if why_not := backend.why_not():
        pytest.fail(why_not)
    return backend


@pytest.fixture(scope="module")
def model(seeing: Ollama) -> str:
    """The name of the model, as the server lists it."""
    return seeing.name.removeprefix("ollama:").partition("@")[0]


def photo() -> Pixels:
    """One of the samples, upright and small."""
    with Image.open(SAMPLES / "DSC00042.jpg") as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((512, 512))
    return np.asarray(upright)


def fits(reply: str | PhototagError, schema: Mapping[str, Any]) -> bool:
    assert isinstance(reply, str), reply
    return not misfit(json.loads(reply), schema)


# What its own replies look like


def test_the_server_tells_its_version(url: str) -> None:
    status, kind, found = ask("/api/version")
    assert status == 200 and "json" in kind
    assert re.match(r"\d+\.\d+\.\d+", found["version"])


def test_its_list_has_what_we_read(url: str, model: str) -> None:
    _, _, found = ask("/api/tags")
    rows = {row["name"]: row for row in found["models"]}
    assert model in rows
    row = rows[model]
    assert re.fullmatch(r"(sha256:)?[0-9a-f]{64}", row["digest"]) and row["size"] > 1_000_000
    assert not row.get("remote_host") and not row.get("remote_model")
    assert isinstance(row["details"], dict)


def test_its_page_of_the_model_says_that_it_sees(url: str, model: str) -> None:
    status, _, page = ask("/api/show", {"model": model})
    assert status == 200 and not page.get("remote_host")
    can = page.get("capabilities")
    assert "vision" in can if can is not None else page.get("projector_info") or page.get("model_info")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/show", {"model": NOBODY}),
        ("/api/chat", {"model": NOBODY, "messages": [], "stream": False}),
        ("/api/generate", {"model": NOBODY, "prompt": "", "stream": False}),
    ],
)
def test_a_model_that_nobody_has_is_a_404_with_its_name(url: str, path: str, body: Mapping[str, Any]) -> None:
    status, kind, found = ask(path, body)
    assert status == 404 and "json" in kind
    assert re.search(r"model .*nobody-has-this.* not found", found["error"])


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/api/nothing", "GET", 404), ("/api/chat", "GET", 405), ("/api/tags", "POST", 405)]
)
def test_what_it_does_not_know_is_plain_text(url: str, path: str, method: str, status: int) -> None:
    found, kind, text = ask(path, None, method)
    assert found == status and "json" not in kind and str(status) in text


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"messages": "no list"}, 400, "cannot unmarshal"),
        ({"messages": [{"role": "user", "content": "x", "images": ["data:image/png;base64,AAAA"]}]}, 400, "base64"),
        ({"messages": [], "keep_alive": "300"}, 400, "missing unit"),
    ],
)
def test_it_refuses_what_is_malformed_as_we_expect(
    url: str, model: str, more: Mapping[str, Any], status: int, said: str
) -> None:
    found, _, reply = ask("/api/chat", {"model": model, "stream": False, **more})
    assert found == status and said in reply["error"]


# What our describer makes of it


def test_a_photo_gets_an_answer_that_fits_its_schema_and_the_same_one_again(seeing: Ollama) -> None:
    schema = SCHEMAS["caption"]
    question = Question("Describe this photo in one sentence. Answer as JSON with the key description.", schema)
    first, second = seeing.describe([photo(), photo()], [question, question])
    assert fits(first, schema) and fits(second, schema)
    assert json.loads(str(first))["description"].strip()


def test_a_second_turn_is_answered_by_the_same_model_in_memory(seeing: Ollama, url: str, model: str) -> None:
    schema = SCHEMAS["caption"]
    text = "Describe this photo in one sentence. Answer as JSON with the key description."
    asked = [Question(text, schema, turn) for turn in (0, 1)]
    assert all(fits(reply, schema) for reply in seeing.describe([photo()] * 2, asked))
    _, _, running = ask("/api/ps")
    assert [row["name"] for row in running["models"]].count(model) == 1


def test_a_question_without_a_picture_gets_an_answer(seeing: Ollama) -> None:
    schema = {"type": "object", "properties": {"word": {"type": "string", "minLength": 1}}, "required": ["word"]}
    (reply,) = seeing.describe([None], [Question("Say cat in German, as JSON with the key word.", schema)])
    assert fits(reply, schema)


def test_the_words_to_choose_from_are_kept(seeing: Ollama) -> None:
    choice = {"enum": ["street", "macro", "wildlife"], "type": "string"}
    schema = {"type": "object", "properties": {"kind": choice}, "required": ["kind"], "additionalProperties": False}
    (reply,) = seeing.describe([photo()], [Question("Which kind of photo? Answer as JSON.", schema)])
    assert fits(reply, schema)


def test_a_model_that_nobody_has_is_said_with_how_to_get_it(url: str) -> None:
    why_not = Ollama(NOBODY, {"hosts": [url]}).why_not()
    assert why_not and f"does not have the model {NOBODY}. Get it: ollama pull {NOBODY}" in why_not


# Nothing leaves


def test_cloud_names_and_other_machines_are_refused(url: str) -> None:
    for name in ("gpt-oss:120b-cloud", "qwen3-vl:cloud"):
        with pytest.raises(NoBackend, match="is a cloud model: photos would leave your machine"):
            Ollama(name, {"hosts": [url]})
    for host in ("http://192.168.7.7:11434", "https://ollama.com"):
        with pytest.raises(NoBackend, match="is not asked"):
            Ollama(MODEL, {"hosts": [url, host]})


def test_neither_a_proxy_nor_a_key_of_the_environment_is_used(
    url: str, seeing: Ollama, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn([]) as elsewhere:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "OLLAMA_HOST"):
            monkeypatch.setenv(name, elsewhere.canary_url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OLLAMA_API_KEY", "a-secret")
        again = Ollama(model, {"hosts": [url], **ASKED})
        assert again.why_not() is None and again.name == seeing.name
        (reply,) = again.describe([photo()], [Question("Describe this photo in one sentence.", SCHEMAS["caption"])])
        assert isinstance(reply, str), reply
        assert elsewhere.canary_reached == [] and elsewhere.requests == []


# The command line


def test_models_lists_it_and_marks_the_one_that_a_run_takes(url: str, model: str, phototag: Run) -> None:
    done = phototag("models", "--ollama", url, *(["--set", f"ollama.model={MODEL}"] if MODEL else []))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^\* {re.escape(model)} ", done.stdout, re.MULTILINE)


def test_three_photos_are_looked_at_from_end_to_end(
    url: str, seeing: Ollama, model: str, phototag: Run, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(SAMPLES, photos)
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    words = ["look", photos, "--ollama", url, "--model", model, "--sample", "3", "--json"]
    done = phototag(*words, timeout=COLD)
    assert done.returncode in (0, 1), done.stderr  # a small model may fail at a photo
    found = json.loads(done.stdout)
    assert found["photos"] == 3 and found["made"]["describe"] >= 1, found
    kept = "".join(path.read_text("utf-8") for path in (photos / ".phototag" / "evidence").rglob("*.jsonl"))
    assert f"ollama:{model}@" in kept
    again = json.loads(phototag(*words, timeout=COLD).stdout)
    assert not again["made"].get("describe")  # what was answered is not asked about again
    assert all(path.read_bytes() == content for path, content in before.items())
