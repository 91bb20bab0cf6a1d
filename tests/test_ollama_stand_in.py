"""The stand-in Ollama server keeps its word: the contract's sentences, limits and faults, and the client agrees.

The decision: the double is tested as a server, over its socket, by bodies known from the real one, by the published
specification and by the official client; refused: believing a double because the program's tests pass with it.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conftest import ROOT
from tests.ollama_stand_in import BUSY, CRASH, KINDS, PEG, FakeClock, Fault, Model, Question, StandIn, model, parse_name
from tests.ollama_stand_in.decoding import Refused, image
from tests.ollama_stand_in.routes import NO_VISION_NATIVE, NO_VISION_RENDERED
from tests.ollama_stand_in.scheduler import Slots
from tests.ollama_stand_in.schema import Maker

pytestmark = pytest.mark.server

ollama = pytest.importorskip("ollama")
httpx = pytest.importorskip("httpx")
pydantic = pytest.importorskip("pydantic")

GOLDEN = json.loads((ROOT / "tests" / "ollama_stand_in" / "golden.json").read_text())
SPEC = ROOT.parent / "shared" / "specs" / "ollama-openapi.yaml"
SEES = Model("sees", family="gemma3", fixed_tokens=256)
BLIND = Model("test", family="llama", capabilities=("completion",))
BERT = model("all-minilm", name="bert")
ALIAS = Model("alias", remote_host="https://ollama.com:443", remote_model="gpt-oss:20b")
DEEP = Model("deep", family="qwen35", capabilities=("completion", "vision", "thinking"), fixed_tokens=256, parser=True)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 20}, "minItems": 8, "maxItems": 15},
        "caption": {"type": "string", "maxLength": 200},
        "sure": {"type": "number", "minimum": 0, "maximum": 1},
        "kind": {"enum": ["street", "macro"]},
    },
    "required": ["tags", "caption", "sure", "kind"],
}


def picture(width: int = 64, height: int = 64, kind: str = "JPEG", colour: str = "red", **save: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, kind, **save)
    return made.getvalue()


class Answer(NamedTuple):
    status: int
    kind: str
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> str:
        return str(self.json["error"])

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.content.splitlines()]


def ask(
    server: StandIn, path: str, body: Any = None, method: str = "", headers: dict[str, str] | None = None
) -> Answer:
    """A request as any program would make it, without the official client."""
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rsplit(":", 1)[1]), timeout=10)
    try:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        connection.request(method or ("GET" if body is None else "POST"), path, content, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheader("Content-Type") or "", answer.read())
    finally:
        connection.close()


def question(name: str = "sees", *pictures: bytes, stream: bool = False, text: str = "What is it?", **more: Any) -> Any:
    packed = [base64.b64encode(one).decode() for one in pictures]
    message = {"role": "user", "content": text, **({"images": packed} if packed else {})}
    return {"model": name, "messages": [message], "stream": stream, **more}


def chat(server: StandIn, *args: Any, **more: Any) -> Answer:
    return ask(server, "/api/chat", question(*args, **more))


def client(server: StandIn, timeout: float = 5) -> Any:
    return ollama.Client(server.url, timeout=timeout, trust_env=False, follow_redirects=False)


def until(truth: Callable[[], bool]) -> None:
    """Waits for what another thread is about to do."""
    end = time.monotonic() + 5
    while not truth():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn([SEES, BLIND, BERT, ALIAS, DEEP]) as stand_in:
        yield stand_in


# 1 and 2: routes, decoding, and exact bodies


@pytest.fixture(scope="module")
def golden_server() -> Iterator[StandIn]:
    with StandIn([BLIND, BERT, ALIAS], cloud="disabled") as stand_in:
        yield stand_in


@pytest.mark.parametrize("row", GOLDEN, ids=[row["name"] for row in GOLDEN])
def test_golden_bodies(golden_server: StandIn, row: dict[str, Any]) -> None:
    before = len(golden_server.violations)
    said = ask(golden_server, row["path"], row["body"])
    assert said.status == row["status"], said.content
    assert said.kind == "application/json; charset=utf-8"
    if "error" in row:
        assert said.json == {"error": row["error"]}
    if "nested" in row:
        assert json.loads(said.error)["error"] == {
            "code": 400,
            "message": row["nested"],
            "type": "invalid_request_error",
        }
    if "answer" in row:
        assert {key: value for key, value in said.json.items() if key != "created_at"} == row["answer"]
    assert (len(golden_server.violations) > before) == row.get("reproached", False)


def test_routes_and_methods(server: StandIn) -> None:
    assert ask(server, "/") == (200, "text/plain; charset=utf-8", b"Ollama is running")
    assert ask(server, "/", method="HEAD") == (200, "text/plain; charset=utf-8", b"")
    assert ask(server, "/nowhere") == (404, "text/plain; charset=utf-8", b"404 page not found")
    assert ask(server, "/api/chat") == (405, "text/plain; charset=utf-8", b"405 method not allowed")
    assert ask(server, "/api/tags", {}) == (405, "text/plain; charset=utf-8", b"405 method not allowed")
    assert ask(server, "/api/version").json == {"version": "0.32.15"}
    assert ask(server, "/api/status").json == {"cloud": {"disabled": False, "source": "none"}}
    with StandIn([SEES], era="A", version="0.16.1") as old:
        assert ask(old, "/api/status").status == 404


def test_a_foreign_host_or_origin_is_refused_without_a_word(server: StandIn) -> None:
    for host in ("localhost", "127.0.0.1:11434", "192.168.1.5", "nas.local", "box.internal", "[::1]:80"):
        assert ask(server, "/api/version", headers={"Host": host}).status == 200, host
    assert ask(server, "/api/version", headers={"Host": "photos.example.org"}) == (403, "", b"")
    assert ask(server, "/api/version", headers={"Origin": "https://example.org"}).status == 403


@given(st.binary(max_size=40), st.integers(0, 60))
@trials(max_examples=200, deadline=None)
def test_base64_is_gos(content: bytes, at: int) -> None:
    packed = base64.b64encode(content).decode()
    torn = packed[:at] + "\r\n" + packed[at:]
    assert image(torn, "x") == content
    if packed:
        with pytest.raises(Refused, match="illegal base64 data at input byte"):
            image(packed[:-1], "x")


def test_names_and_sources() -> None:
    same = [parse_name(name) for name in ("llava", "llava:latest", "library/llava", "registry.ollama.ai/library/llava")]
    assert {name.key for name in same if name} == {"llava:latest"}
    table = {
        "x:cloud": "cloud",
        "x:7B-CLOUD": "cloud",
        " x:cloud ": "cloud",
        "me/x:4b-cloud": "cloud",
        "x:local": "local",
        "my-cloud-model": "",
        "x-cloud": "",
        "x:cloudy": "",
    }
    assert {name: found.source for name in table if (found := parse_name(name))} == table
    assert parse_name("") is None and parse_name("a b") is None and parse_name("../x") is None


# 3 and 4: the order of checks, models


def test_checks_come_in_the_real_order(server: StandIn) -> None:
    wrong = {"think": True, "options": {"num_ctx": "x"}, "format": "xml", "top_logprobs": 99}
    in_order = ["top_logprobs must be between 0 and 20", '"test" does not support thinking', "option", "invalid format"]
    for start, cause in zip(in_order, ("top_logprobs", "think", "options", "format"), strict=True):
        assert chat(server, "test", **wrong).error.startswith(start)
        del wrong[cause]
    assert server.loads == [("test:latest", {"shift": True, "num_ctx": 4096})]  # only the last came so far


def test_lists_and_details(server: StandIn) -> None:
    rows = {row["name"]: row for row in ask(server, "/api/tags").json["models"]}
    assert rows["sees:latest"]["capabilities"] == ["completion", "vision"] and len(rows["sees:latest"]["digest"]) == 64
    assert rows["alias:latest"]["remote_host"] == "https://ollama.com:443"
    shown = ask(server, "/api/show", {"model": "SEES"}).json
    assert shown["capabilities"] == ["completion", "vision"] and shown["model_info"]["gemma3.vision.block_count"]
    with StandIn([SEES], era="A", version="0.6.3") as old:
        assert "capabilities" not in ask(old, "/api/tags").json["models"][0]
        shown = ask(old, "/api/show", {"model": "sees"}).json
        assert "capabilities" not in shown and shown["projector_info"]


def test_pulling_shows_progress_and_the_model_is_there(server: StandIn) -> None:
    assert ask(server, "/api/pull", {"model": "nobody"}).lines == [
        {"status": "pulling manifest"},
        {"error": "pull model manifest: file does not exist"},
    ]
    with StandIn([], pullable=["gemma3:4b"]) as empty:
        lines = ask(empty, "/api/pull", {"model": "gemma3:4b"}).lines
        assert lines[0] == {"status": "pulling manifest"} and lines[-1] == {"status": "success"}
        assert "completed" not in lines[1] and lines[5]["completed"] == lines[5]["total"] == empty.pull_bytes
        assert chat(empty, "gemma3:4b").status == 200


# 5: structured output


def test_an_answer_follows_the_schema_and_depends_on_nothing_else(server: StandIn) -> None:
    red, blue = picture(), picture(colour="blue")
    said = [chat(server, "sees", one, format=SCHEMA).json["message"]["content"] for one in (red, blue, red)]
    assert said[0] == said[2] != said[1]
    assert chat(server, "sees", red, format=SCHEMA, options={"seed": 5}).json["message"]["content"] != said[0]
    assert server.would_say("sees", server.requests[0].images[0], "What is it?", SCHEMA) == said[0]
    value = json.loads(said[0])
    assert 8 <= len(value["tags"]) <= 15 and value["kind"] in ("street", "macro")


def test_the_native_path_sorts_properties_the_others_keep_their_order() -> None:
    for era, order in (
        ("A", ["tags", "caption", "sure", "kind"]),
        ("B-rendered", ["tags", "caption", "sure", "kind"]),
        ("B-native", ["caption", "kind", "sure", "tags"]),
    ):
        with StandIn([SEES], era=era) as one:
            assert list(json.loads(chat(one, "sees", format=SCHEMA).json["message"]["content"])) == order


def test_what_the_grammar_ignores_is_broken_and_what_it_keeps_is_kept() -> None:
    made = [Maker(SCHEMA, seed).value() for seed in range(200)]
    assert any(not 0 <= one["sure"] <= 1 for one in made) and any(
        len(set(one["tags"])) < len(one["tags"]) for one in made
    )
    tame = [Maker(SCHEMA, seed, "tame").value() for seed in range(200)]
    assert all(0 <= one["sure"] <= 1 and len(set(one["tags"])) == len(one["tags"]) >= 8 for one in tame)


def test_hostile_answers_are_legal_nonsense() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    kept = json.loads(json.dumps(SCHEMA).replace('"minimum": 0, "maximum": 1', '"description": "no range"'))
    words = set()
    for seed in range(300):
        value = json.loads(Maker(SCHEMA, seed, "hostile").text())
        jsonschema.validate(value, kept)
        words |= set(value["tags"])
    assert {"--delete-original", "../../../etc/passwd"[:20], ""} <= words and len(words) > 500


def test_more_of_the_schema_language() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = {
        "type": "object",
        "properties": {
            "date": {"type": "string", "format": "date"},
            "id": {"type": "string", "format": "uuid"},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}(a|bc)?$"},
            "count": {"type": "integer", "minimum": 3, "maximum": 5},
            "both": {"allOf": [{"$ref": "#/$defs/one"}, {"properties": {"y": {"const": 7}}, "required": ["y"]}]},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
            "pair": {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
            "either": {"type": ["integer", "null"]},
            "tree": {"$ref": "#/$defs/tree"},
        },
        "required": ["date", "id", "code", "count", "both", "maybe", "pair", "either", "tree"],
        "$defs": {
            "one": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
            "tree": {"type": "object", "properties": {"leaves": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}},
        },
    }
    for seed in range(60):
        for manner in ("tame", "legal", "hostile"):
            jsonschema.validate(Maker(schema, seed, manner).value(), schema)


def test_a_test_may_give_the_answers() -> None:
    seen: list[Question] = []

    def answer(asked: Question) -> Any:
        seen.append(asked)
        return {"tags": [asked.images[0][:8]]} if asked.schema else "just text"

    with StandIn([SEES], answers=answer) as one:
        content = chat(one, "sees", picture(), format=SCHEMA, options={"seed": 3}).json["message"]["content"]
        assert json.loads(content) == {"tags": [one.requests[0].images[0][:8]]}
        assert chat(one, "sees").json["message"]["content"] == "just text"
    assert seen[0].schema == SCHEMA and seen[0].options["seed"] == 3 and seen[0].prompt == "What is it?"


# 6: tokens and limits


def test_num_predict_cuts_the_answer(server: StandIn) -> None:
    said = chat(server, "sees", picture(), format=SCHEMA, options={"num_predict": 5}).json
    assert (said["done"], said["done_reason"], said["eval_count"]) == (True, "length", 5)
    with pytest.raises(json.JSONDecodeError):
        json.loads(said["message"]["content"])


def test_a_context_that_is_too_small(server: StandIn) -> None:
    with StandIn([Model("qwen", one_at_a_time=True)]) as one:
        said = chat(one, "qwen", picture(3000, 3000), text="x" * 400)
        assert said.status == 400
        inner = json.loads(said.error)["error"]
        assert inner["type"] == "exceed_context_size_error" and inner["n_prompt_tokens"] > inner["n_ctx"] == 4096
        assert chat(one, "qwen", picture(3000, 3000), text="x" * 400, options={"num_ctx": 8192}).status == 200
    assert chat(server, "test", text="word " * 5000).error.startswith("the prompt is longer than the context length")
    with StandIn([BLIND], era="A") as old:
        assert chat(old, "test", text="word " * 5000).json["done_reason"] == "length"
        assert (
            chat(old, "test", text="word " * 5000, truncate=False).error
            == "the input length exceeds the context length"
        )


def test_metrics_are_nanoseconds_and_zeros_are_left_out() -> None:
    with StandIn([SEES], clock=FakeClock(), seconds_per_image=3, load_seconds=2) as one:
        first, second = (chat(one, "sees", picture()).json for _ in range(2))
    assert (first["total_duration"], first["load_duration"]) == (5_000_000_000, 2_000_000_000)
    assert second["total_duration"] == 3_000_000_000 and "load_duration" not in second
    assert first["prompt_eval_duration"] + first["eval_duration"] == 3_000_000_000


# 7: streams


def test_a_stream_says_the_same_and_tears_characters() -> None:
    with StandIn([SEES], answers=lambda _: {"caption": "Schöner Täubling 🍄 <b>"}) as one:
        whole = chat(one, "sees", format=SCHEMA).json
        streamed = chat(one, "sees", format=SCHEMA, stream=True)
        assert streamed.kind == "application/x-ndjson"
        assert "".join(line["message"]["content"] for line in streamed.lines) == whole["message"]["content"]
        assert [line["done"] for line in streamed.lines][-2:] == [False, True]
        assert b"\\u003cb" in ask(one, "/api/chat", question(format=SCHEMA)).content
        port = int(one.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as line:
            body = json.dumps(question(format=SCHEMA, stream=True)).encode()
            line.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
            line.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            raw = b"".join(iter(lambda: line.recv(65536), b""))
    assert "ö".encode() not in raw  # its two bytes came in two chunks
    assert raw.endswith(b"0\r\n\r\n")


# 8: the scheduler


def test_changed_load_options_load_again() -> None:
    with StandIn([SEES]) as one:
        same = {"num_ctx": 8192, "temperature": 0}
        for options in (same, same, {**same, "temperature": 0.4}, {**same, "seed": 2}):
            chat(one, "sees", options=options)
        assert (one.reloads, len(one.loads)) == (0, 1)
        chat(one, "sees", options={"num_ctx": 4096})
        chat(one, "sees", options={"num_ctx": 4096}, shift=False)
        assert (one.reloads, len(one.loads)) == (2, 3)


def test_slots_bound_what_runs_and_a_busy_model_never_says_503() -> None:
    with StandIn([SEES, model("qwen3-vl:4b-instruct")], parallel=3, seconds_per_image=0.1, max_queue=1) as one:
        chat(one, "sees")
        chat(one, "qwen3-vl:4b-instruct")
        for name, slots, asked in (("sees", 3, 9), ("qwen3-vl:4b-instruct", 1, 3)):
            one.scheduler.max_running = 0
            with ThreadPoolExecutor(9) as pool:
                began = time.monotonic()
                said = list(pool.map(lambda _, n=name: chat(one, n, picture()), range(asked)))
            assert {answer.status for answer in said} == {200} and one.max_running == slots
            assert 0.3 <= time.monotonic() - began < 0.9
        assert one.max_in_flight == 9


def test_who_comes_first_is_served_first() -> None:
    slots, served = Slots(1), []

    def use(number: int) -> None:
        slots.take(lambda: False)
        served.append(number)
        slots.give()

    slots.take(lambda: False)
    with ThreadPoolExecutor(5) as pool:
        for number in range(5):
            pool.submit(use, number)
            until(lambda: slots.waiting == number + 1)  # noqa: B023  (asked before the loop goes on)
        slots.give()
    assert served == [0, 1, 2, 3, 4]


def test_too_many_waiting_for_a_load_are_sent_away() -> None:
    with StandIn([SEES], load_seconds=0.3, max_queue=2) as one, ThreadPoolExecutor(6) as pool:
        first = pool.submit(chat, one)
        until(lambda: bool(one.loads))
        rest = [answer.result() for answer in [pool.submit(chat, one) for _ in range(5)]]
        assert first.result().status == 200
    assert sorted(answer.status for answer in rest) == [200, 200, 503, 503, 503]
    assert {answer.error for answer in rest if answer.status == 503} == {BUSY}


def test_a_client_that_goes_ends_its_load_and_gives_its_slot_back() -> None:
    with StandIn([SEES], load_seconds=30, seconds_per_image=30) as one:
        with pytest.raises(httpx.ReadTimeout):
            client(one, 0.1).chat("sees", [{"role": "user", "content": "hi"}])
        until(lambda: one.scheduler.aborted_loads == 1 and one.requests[0].outcome == "gone")
        one.scheduler.load_seconds = 0
        with pytest.raises(httpx.ReadTimeout):
            client(one, 0.1).chat("sees", [{"role": "user", "content": "hi", "images": [picture()]}])
        until(lambda: one.scheduler.running == 0)
        assert chat(one).status == 200


def test_keep_alive_by_a_clock_that_is_turned_by_hand() -> None:
    clock = FakeClock()
    with StandIn([SEES, BLIND], clock=clock) as one:
        chat(one, "sees")
        chat(one, "test", keep_alive="15m")
        clock.advance(299)
        assert {row["name"] for row in ask(one, "/api/ps").json["models"]} == {"sees:latest", "test:latest"}
        clock.advance(2)
        assert [row["name"] for row in ask(one, "/api/ps").json["models"]] == ["test:latest"]
        chat(one, "sees", keep_alive=-1)
        clock.advance(10**6)
        (row,) = ask(one, "/api/ps").json["models"]
        assert (
            row["expires_at"].startswith("2318") and row["context_length"] == 4096 and row["size_vram"] == row["size"]
        )
        ask(one, "/api/chat", {"model": "sees", "messages": [], "keep_alive": 0})
        assert ask(one, "/api/ps").json == {"models": []}


def test_a_model_that_does_not_fit_drives_out_an_idle_one() -> None:
    with StandIn([SEES, BLIND], max_loaded=1) as one:
        for name in ("sees", "test", "sees"):
            chat(one, name)
        assert one.scheduler.evictions == 2 and [name for name, _ in one.loads] == [
            "sees:latest",
            "test:latest",
            "sees:latest",
        ]


# 9 and 10: pictures, eras


@pytest.mark.parametrize(
    ("era", "version", "kind", "status"),
    [
        ("A", "0.24.0", "WEBP", 200),
        ("A", "0.6.9", "WEBP", 500),
        ("A", "0.24.0", "GIF", 500),
        ("B-native", "0.32.13", "WEBP", 400),
        ("B-native", "0.32.14", "WEBP", 200),
        ("B-native", "0.32.15", "GIF", 200),
        ("B-rendered", "0.32.15", "TIFF", 400),
        ("B-native", "0.32.15", "TIFF", 400),
    ],
)
def test_kinds_of_pictures(era: str, version: str, kind: str, status: int) -> None:
    with StandIn([SEES], era=era, version=version) as one:
        said = chat(one, "sees", picture(kind=kind))
        assert said.status == status
        if status == 400:
            assert json.loads(said.error)["error"]["message"] == "Failed to load image or audio file"
        wished = kind == "WEBP" and status == 200
        assert bool(one.violations) != wished


def test_a_small_picture_kills_an_old_runner_and_it_comes_back() -> None:
    with StandIn(["qwen2.5vl:7b"], era="A") as old:
        assert chat(old, "qwen2.5vl:7b", picture(20, 64)).error == CRASH
        assert chat(old, "qwen2.5vl:7b", picture(64, 64)).status == 200
        assert len(old.loads) == 2
    with StandIn(["qwen2.5vl:7b"]) as new:
        assert chat(new, "qwen2.5vl:7b", picture(20, 64)).status == 200


def test_a_model_that_cannot_see() -> None:
    with StandIn([BLIND], era="A") as old:
        assert chat(old, "test", picture()).status == 200  # and invents what it says
        assert (
            old.would_say("test", "", "[img-0]What is it?") == chat(old, "test", picture()).json["message"]["content"]
        )
    for era, status, sentence in (("B-native", 500, NO_VISION_NATIVE), ("B-rendered", 400, NO_VISION_RENDERED)):
        with StandIn([BLIND], era=era) as one:
            said = chat(one, "test", picture())
            assert said.status == status and json.loads(said.error)["error"]["message"] == sentence


def test_an_old_family_does_not_load_in_the_new_era() -> None:
    with StandIn(["llama3.2-vision:11b"]) as new:
        assert "unknown model architecture: 'mllama'" in chat(new, "llama3.2-vision:11b").error
    with StandIn(["llama3.2-vision:11b"], era="A") as old:
        assert chat(old, "llama3.2-vision:11b", picture()).status == 200
        assert "single image" in chat(old, "llama3.2-vision:11b", picture(), picture()).error


def test_schemas_in_the_old_era() -> None:
    with StandIn([SEES], era="A") as old:
        big = {"type": "string", "enum": [f"a long word number {number}" for number in range(3000)]}
        assert chat(old, format=big).error == "failed to load model vocabulary required for format"
        assert chat(old, format={"type": "text"}).status == 500


def test_thinking_and_format_by_version() -> None:
    for version, think, json_is_there in (("0.31.1", False, False), ("0.31.1", True, True), ("0.32.15", False, True)):
        with StandIn([DEEP], version=version) as one:
            said = chat(one, "deep", format=SCHEMA, think=think).json["message"]
            assert said["content"].lstrip().startswith("{") == json_is_there
            assert bool(said.get("thinking")) == think
    for version, thinks in (("0.12.3", False), ("0.12.4", True)):
        with StandIn([DEEP], era="A", version=version) as one:
            assert ("thinking" in chat(one, "deep").json["message"]) == thinks


def test_loops_end_differently() -> None:
    endless = {"answers": lambda _: " la" * 20_000}
    with StandIn([SEES], era="B-rendered", **endless) as one:
        said = chat(one, "sees")
        assert (said.status, said.json["done"]) == (200, False)
        assert not chat(one, "sees", stream=True).lines[-1]["done"]
    with StandIn([SEES], era="B-rendered", loops_fail=True, **endless) as one:
        assert chat(one, "sees").error == "prediction aborted, token repeat limit reached"
    with StandIn([SEES], **endless) as one:
        assert chat(one, "sees", options={"num_predict": 400}).json["done_reason"] == "length"


# 11: faults

MESSAGES = [{"role": "user", "content": "hi"}]
RAISES: dict[str, Any] = {
    "reset": httpx.TransportError,
    "dies": httpx.TransportError,
    "status": ollama.ResponseError,
    "html": ollama.ResponseError,
    "empty-body": ollama.ResponseError,
    "redirect": ollama.ResponseError,
    "crash": ollama.ResponseError,
    "error-in-200": pydantic.ValidationError,
    "odd-shape": pydantic.ValidationError,
    "peg": ollama.ResponseError,
    "error-line": ollama.ResponseError,
    "slow-headers": httpx.ReadTimeout,
    "cut-json": json.JSONDecodeError,
    "wrong-length": httpx.RemoteProtocolError,
    "reset-mid-body": httpx.TransportError,
    "reset-mid-stream": httpx.TransportError,
    "close-mid-stream": httpx.RemoteProtocolError,
}
STREAM_ONLY_ENDS = {"error-in-200", "odd-shape"}


@pytest.mark.parametrize("kind", sorted(RAISES))
@pytest.mark.parametrize("stream", [False, True])
def test_faults_that_raise_in_the_official_client(server: StandIn, kind: str, stream: bool) -> None:
    server.fault(kind, times=1, seconds=5)
    with pytest.raises((RAISES[kind], ollama.ResponseError)) as raised:
        said = client(server, 0.3 if kind == "slow-headers" else 5).chat("sees", MESSAGES, stream=stream)
        assert list(said) if stream else said.done
    if kind not in STREAM_ONLY_ENDS:
        assert isinstance(raised.value, RAISES[kind])
    if kind in ("peg", "error-line"):
        assert raised.value.status_code == (-1 if stream else 500)
    until(lambda: server.requests[0].ended > 0)
    if kind == "dies":
        with pytest.raises((ConnectionError, httpx.ConnectError)):
            client(server).chat("sees", MESSAGES)
        server.revive()
    assert client(server).chat("sees", MESSAGES).done_reason == "stop"
    assert server.violations == [] and server.canary_reached == []


def test_faults_that_look_like_answers(server: StandIn) -> None:
    def once(kind: str, stream: bool = False, **more: Any) -> Any:
        server.fault(kind, times=1, **more)
        answer = chat(server, "sees", format=SCHEMA, stream=stream)
        return answer.lines if stream else answer.json

    right = json.loads(chat(server, "sees", format=SCHEMA).json["message"]["content"])
    empty = once("empty-content")
    assert empty["message"]["content"] == "" and empty["done_reason"] == "stop"
    hidden = once("in-thinking")["message"]
    assert hidden["content"] == "" and json.loads(hidden["thinking"]) == right
    fenced = once("fenced")["message"]["content"]
    assert json.loads(fenced.removeprefix("```json").removesuffix("```")) == right
    assert "{" in once("prose")["message"]["content"][1:]
    assert once("not-done")["done"] is False
    assert once("no-final")["done"] is False
    assert [line["done"] for line in once("no-final", stream=True)].count(True) == 0
    assert once("length")["done_reason"] == "length"
    assert once("remote-host")["remote_host"] == "https://ollama.com:443"
    assert once("loop")["done_reason"] == "length"
    assert once("drip", seconds=0.0001)["done"] is True


def test_an_answer_that_never_ends(server: StandIn) -> None:
    server.fault("never-ends", seconds=0.001)
    count = 0
    for _ in client(server).chat("sees", MESSAGES, stream=True):
        count += 1
        if count == 50:
            break
    assert count == 50
    until(lambda: server.scheduler.running == 0)


def test_faults_are_chosen_by_number_model_picture_and_path(server: StandIn) -> None:
    red, blue = picture(), picture(colour="blue")
    chat(server, "sees", red)
    server.fault(Fault("status", image=server.requests[0].images[0][:12], status=503, text=BUSY))
    server.fault("status", model="test", nth=2, status=504, text="late")
    server.fault("status", path="/api/tags", times=1, status=502)
    seen = [chat(server, *args).status for args in (("sees", red), ("sees", blue), ("test",), ("test",), ("test",))]
    assert seen == [503, 200, 200, 504, 200]
    assert [ask(server, "/api/tags").status for _ in range(2)] == [502, 200]
    server.faults.clear()
    assert chat(server, "sees", red).status == 200
    assert [entry.outcome for entry in server.asked()][1:3] == ["fault: status", "answered"]


def test_every_kind_of_fault_is_tried_here() -> None:
    alike = "empty-content in-thinking fenced prose not-done no-final length remote-host loop drip never-ends"
    assert set(RAISES) | set(alike.split()) == KINDS
    with pytest.raises(AssertionError, match="no such fault"):
        Fault("typo")


def test_the_rendered_path_overlooks_an_error_in_mid_stream() -> None:
    with StandIn([SEES], era="B-rendered") as one:
        one.fault("peg")
        said = chat(one, "sees", format=SCHEMA)
        assert said.status == 200 and said.json["done"] is False
    with StandIn([SEES]) as one:
        one.fault("peg")
        assert chat(one, "sees", format=SCHEMA).error == PEG


# 12: the journal, and what should not have been sent


def test_the_journal_tells_what_was_asked(server: StandIn) -> None:
    red = picture(100, 80)
    for _ in range(2):
        chat(server, "sees", red, options={"num_ctx": 8192, "seed": 1})
    first, second = server.asked("/api/chat")
    assert first.images == second.images == (first.pictures[0].hash,) and server.asked_images[first.images[0]] == 2
    sent = first.pictures[0]
    assert (sent.format, sent.width, sent.height, sent.size, sent.carries) == ("JPEG", 100, 80, len(red), ())
    assert first.body["messages"][0]["images"] == list(first.images) and first.prompt == "What is it?"
    assert first.options == second.options == {"num_ctx": 8192, "seed": 1}
    assert first.outcome == "answered" and first.status == 200 and first.at < first.ended <= second.at
    assert (server.max_in_flight, second.in_flight) == (1, 1)


def _carrying() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    gps = Image.Exif()
    gps[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    turned = Image.Exif()
    turned[0x0112] = 6
    text = PngInfo()
    text.add_text("Author", "somebody")
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x08\x1c\x02\x19\x00\x03abc"
    plain = picture()
    return {
        "EXIF": picture(exif=exif),
        "GPS": picture(exif=gps),
        "turned": picture(exif=turned),
        "XMP": picture(xmp=b"<x:xmpmeta/>"),
        "text": picture(kind="PNG", pnginfo=text),
        "comment": picture(comment=b"hello"),
        "tail": plain + b"a film",
        "IPTC": plain[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + plain[2:],
    }


def test_metadata_in_a_picture_is_reproached(server: StandIn) -> None:
    for what, content in _carrying().items():
        server.violations.clear()
        assert chat(server, "sees", content).status == 200
        assert any(f"carries {what}" in sentence for sentence in server.violations), (what, server.violations)
    server.violations.clear()
    for clean in (picture(1280, 960), picture(kind="PNG"), picture(kind="WEBP"), picture(icc_profile=b"x" * 200)):
        chat(server, "sees", clean)
    assert server.violations == []
    chat(server, "sees", picture(1281, 100))
    chat(server, "sees", picture(kind="GIF"))
    assert ["1281" in server.violations[0], "GIF" in server.violations[1]] == [True, True]


def test_clouds_redirects_keys_and_proxies_are_reproached(server: StandIn) -> None:
    assert chat(server, "qwen3-vl:235b-cloud").json["remote_host"] == "https://ollama.com:443"
    assert "cloud" in server.violations[-1]
    assert chat(server, "alias").json["remote_model"] == "gpt-oss:20b"
    assert "went to https://ollama.com:443" in server.violations[-1]
    ask(server, "/api/show", {"model": "x:cloud"})
    assert "cloud" in server.violations[-1]
    ask(server, "/api/tags", headers={"Authorization": "Bearer key"})
    assert "Authorization" in server.violations[-1]
    httpx.get("http://127.0.0.1:9/api/tags", proxy=server.url)
    assert "asked as a proxy" in server.violations[-1]
    server.fault("redirect", times=1)
    httpx.post(f"{server.url}/api/chat", json=question("sees", picture()), follow_redirects=True, trust_env=False)
    assert "canary" in server.violations[-1] and len(server.canary_reached) == 1
    with StandIn([SEES], cloud="signin") as one:
        assert ask(one, "/api/chat", question("x:cloud")).json.keys() == {"error", "signin_url"}
    with StandIn([SEES], era="A", version="0.17.5") as old:
        assert chat(old, "x:cloud").status == 404 and old.violations == []


# The official client, and the published specification


def test_the_official_client(server: StandIn) -> None:
    server.pullable = {row.key: row for row in [model("gemma3:4b")]}
    red = picture()
    message = {"role": "user", "content": "What is it?", "images": [red]}
    one = client(server)
    said = one.chat("sees", [message], format=SCHEMA, think=False, keep_alive="15m", options={"num_ctx": 8192})
    pieces = list(one.chat("sees", [message], format=SCHEMA, stream=True, options={"num_ctx": 8192}))
    assert "".join(piece.message.content for piece in pieces) == said.message.content
    assert pieces[-1].done and pieces[-1].eval_count == said.eval_count and said.done_reason == "stop"
    assert one.generate("sees", "What is it?", images=[red], format=SCHEMA).response.lstrip().startswith("{")
    assert [row.model for row in one.ps().models] == ["sees:latest"]
    assert one.show("sees").capabilities == ["completion", "vision"]
    assert len(one.list().models) == 5
    progress = list(one.pull("gemma3:4b", stream=True))
    assert progress[-1].status == "success" and max(step.completed or 0 for step in progress) == server.pull_bytes
    assert one.pull("gemma3:4b").status == "success"
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(one.pull("nobody", stream=True))
    vectors = one.embed("bert", ["red boat", "red boats", "red boat at sea"]).embeddings
    assert len(vectors) == 3 and all(abs(sum(x * x for x in row) - 1) < 1e-5 for row in vectors)
    assert len(one.embed("bert", "a", dimensions=16).embeddings[0]) == 16
    assert server.violations == []


def test_the_official_client_async(server: StandIn) -> None:
    async def talk() -> tuple[Any, str]:
        one = ollama.AsyncClient(server.url, timeout=5, trust_env=False)
        whole, streamed = await asyncio.gather(
            one.chat("sees", MESSAGES, format=SCHEMA), one.chat("sees", MESSAGES, format=SCHEMA, stream=True)
        )
        return whole, "".join([piece.message.content async for piece in streamed])

    whole, streamed = asyncio.run(talk())
    assert whole.message.content == streamed and json.loads(streamed).keys() == SCHEMA["properties"].keys()


def test_answers_keep_to_the_published_specification(server: StandIn) -> None:
    if not SPEC.is_file():
        pytest.skip("no ../shared/specs beside the project")
    jsonschema = pytest.importorskip("jsonschema")
    spec = pytest.importorskip("yaml").safe_load(SPEC.read_text())

    def keeps(said: Any, name: str) -> None:
        known = set(spec["components"]["schemas"][name]["properties"])
        extra = {"context", "message", "projector_info", "modelfile", "done_reason", "remote_model", "remote_host"}
        extra |= {key for key in said if key.endswith(("_duration", "_count"))}
        assert set(said) <= known | extra, set(said) - known
        schema = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
        jsonschema.Draft202012Validator(schema).validate(said)

    def asks(said: Any, name: str) -> Any:
        schema = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
        jsonschema.Draft202012Validator(schema).validate(said)
        return said

    asked = asks(question("deep", picture(), format=SCHEMA, think=True), "ChatRequest")
    keeps(ask(server, "/api/chat", asked).json, "ChatResponse")
    for line in chat(server, "sees", picture(), stream=True).lines:
        keeps(line, "ChatStreamEvent")
    body = asks({"model": "sees", "prompt": "hi"}, "GenerateRequest")
    for line in ask(server, "/api/generate", body).lines:
        keeps(line, "GenerateStreamEvent")
    keeps(ask(server, "/api/generate", {**body, "stream": False}).json, "GenerateResponse")
    keeps(ask(server, "/api/embed", asks({"model": "bert", "input": ["a"]}, "EmbedRequest")).json, "EmbedResponse")
    for line in ask(server, "/api/pull", asks({"model": "sees"}, "PullRequest")).lines:
        keeps(line, "StatusEvent")
    keeps(ask(server, "/api/show", asks({"model": "sees"}, "ShowRequest")).json, "ShowResponse")
    keeps(ask(server, "/api/tags").json, "ListResponse")
    keeps(ask(server, "/api/ps").json, "PsResponse")
    keeps(ask(server, "/api/version").json, "VersionResponse")
    keeps(chat(server, "nobody").json, "ErrorResponse")


# The real engine behind the face


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    from tests.ollama_stand_in.engine import tiny_engine

    with tiny_engine(tmp_path_factory.mktemp("tiny")) as real:
        yield real


PLAIN = {
    "type": "object",
    "properties": {"b_kind": {"enum": ["wedding", "street", "macro"]}, "a_sharp": {"type": "boolean"}},
    "required": ["b_kind", "a_sharp"],
}


@pytest.mark.slow
def test_a_real_engine_answers_by_its_grammar(engine: Any) -> None:
    with StandIn([SEES], engine=engine) as one:
        talk = client(one, 30)
        message = {"role": "user", "content": "What is it?", "images": [picture(640, 480)]}
        for seed in range(8):
            said = talk.chat("sees", [message], format=PLAIN, options={"seed": seed, "num_predict": 200})
            assert said.done_reason == "stop"
            value = json.loads(said.message.content)
            assert list(value) == ["a_sharp", "b_kind"] and value["b_kind"] in ("wedding", "street", "macro")
        cut = talk.chat("sees", [message], format=PLAIN, options={"num_predict": 4})
        assert cut.done_reason == "length"
        pieces = list(talk.chat("sees", [message], format=PLAIN, stream=True, options={"seed": 1, "num_predict": 200}))
        assert json.loads("".join(piece.message.content for piece in pieces)) and pieces[-1].done


@pytest.mark.slow
def test_a_real_engine_keeps_the_order_on_the_rendered_path(engine: Any) -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "more": {"type": "integer"}}}
    whole = 0
    with StandIn([SEES], era="B-rendered", engine=engine) as one:
        for seed in range(6):
            options = {"seed": seed, "num_predict": 1500}
            said = chat(one, "sees", picture(), format=schema, options=options).json
            assert said["done"] is True
            if said["done_reason"] == "stop":
                value = json.loads(said["message"]["content"])
                assert list(value)[:4] == ["tags", "caption", "sure", "kind"]
                assert 8 <= len(value["tags"]) <= 15 and value["kind"] in ("street", "macro")
                whole += 1
    assert whole > 0


@pytest.mark.slow
def test_a_real_engine_refuses_what_it_cannot_decode_and_what_is_too_long(engine: Any) -> None:
    for era in ("B-native", "B-rendered"):
        with StandIn([SEES], era=era, engine=engine, num_ctx=100_000) as one:
            said = ask(one, "/api/chat", question("sees", picture(kind="PNG"), options={"num_predict": 8}))
            assert said.status == 200
            long = chat(one, "sees", picture(), text="word " * 8000)
            assert long.status == 400 and json.loads(long.error)["error"]["type"] == "exceed_context_size_error"
    junk = Question("sees:latest", "What is it?", (), None, {}, None, {}, 1)
    for path in ("native", "rendered"):
        with pytest.raises(Refused, match="Failed to load image or audio file"):
            engine.speak(junk, [b"no picture at all"], path)


@pytest.mark.slow
def test_a_real_engine_serves_several_clients(engine: Any) -> None:
    with StandIn([SEES], engine=engine, parallel=2) as one, ThreadPoolExecutor(4) as pool:
        body = question("sees", picture(), format=PLAIN, options={"num_predict": 200, "seed": 4})
        said = list(pool.map(lambda _: ask(one, "/api/chat", body).status, range(8)))
    assert said == [200] * 8 and one.max_running == 2


def test_the_server_keeps_up() -> None:
    """A run of many photos measures the client, not this server: it takes a few milliseconds a picture."""
    content = picture(1024, 768)
    with StandIn([SEES], seconds_per_image=0.02, parallel=4) as one:
        talk = [client(one) for _ in range(4)]
        message = {"role": "user", "content": "What is it?", "images": [content]}
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda at: talk[at % 4].chat("sees", [message], format=SCHEMA), range(40)))
        assert time.monotonic() - began < 2
    assert one.max_in_flight <= 4 and threading.active_count() < 60


def test_a_failure_of_the_double_is_never_overlooked() -> None:
    def broken(_: Question) -> Any:
        raise ZeroDivisionError("a mistake in a test")

    with pytest.raises(AssertionError, match="the stand-in itself failed"), StandIn([SEES], answers=broken) as one:
        with pytest.raises((http.client.HTTPException, OSError)):
            chat(one, "sees")
        until(lambda: bool(one.failures))
