"""The Ollama backend, against the stand-in server: which model, which pictures, which answers count, and what stops.

The decision: every fault comes over a real socket from a server that fails as the real one does, and what is asserted
is the sentence that a user reads and the journal of what was sent; refused: a client whose transport is replaced.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from PIL import Image

from phototag.backends import registry
from phototag.backends.protocols import Pixels, Question
from phototag.errors import NoBackend, PhototagError
from phototag.look.caption import Describe
from phototag.look.prompts import Prompt
from phototag.look.step import Subject
from tests.ollama_stand_in import BUSY, CRASH, PEG, Model, StandIn, model

httpx = pytest.importorskip("httpx")
ollama = pytest.importorskip("ollama")
pydantic = pytest.importorskip("pydantic")

from phototag.backends.ollama import Ollama  # noqa: E402  (needs the packages above)
from phototag.backends.ollama_answers import misfit  # noqa: E402
from phototag.backends.ollama_desk import listed, pulled  # noqa: E402
from phototag.backends.ollama_slots import MOST, Pace  # noqa: E402
from phototag.backends.ollama_troubles import Then, Trouble, trouble_of  # noqa: E402

pytestmark = pytest.mark.server

SCHEMA = {
    "type": "object",
    "properties": {
        "caption": {"type": "string", "minLength": 1, "maxLength": 60},
        "kind": {"enum": ["street", "macro"]},
    },
    "required": ["caption", "kind"],
    "additionalProperties": False,
}
QUESTION = Question("What is it?", SCHEMA)
MANY_SLOTS = model("gemma3:4b")  # the server lets it answer several at once
BLIND = Model("blind", family="llama", capabilities=("completion",))
ALIAS = Model("alias", remote_host="https://ollama.com:443", remote_model="gpt-oss:20b")
QUICK = {"pause_s": 0.01, "patience_s": 0.4, "timeout_s": 5}


def pixels(width: int = 80, height: int = 64, shade: int = 0) -> Pixels:
    return np.full((height, width, 3), (shade * 7 % 256, 90, 200), np.uint8)


def pictures(count: int) -> list[Pixels]:
    return [pixels(shade=shade) for shade in range(count)]


def describer(*servers: StandIn | str, model: str = "", **options: Any) -> Ollama:
    urls = [server if isinstance(server, str) else server.url for server in servers]
    return Ollama(model, {"hosts": urls, **QUICK, **options})


def ask(backend: Ollama, seen: Sequence[Pixels], question: Question = QUESTION) -> list[str | PhototagError]:
    return backend.describe(seen, [question] * len(seen))


def one_by_one(backend: Ollama, seen: Sequence[Pixels], question: Question = QUESTION) -> list[str | PhototagError]:
    """As the pipeline asks: one photo in each of as many threads as the backend wants."""
    with ThreadPoolExecutor(backend.parallel) as pool:
        return [reply for (reply,) in pool.map(lambda one: backend.describe([one], [question]), seen)]


def sentence(backend: Ollama) -> str:
    reason = backend.why_not()
    assert reason, "it claims that it can work"
    return reason


def fits(reply: str | PhototagError) -> bool:
    return isinstance(reply, str) and not misfit(json.loads(reply), SCHEMA)


@contextmanager
def canned(replies: Mapping[str, tuple[int, str, bytes]]) -> Iterator[str]:
    """A server that has one reply for each path, and knows nothing else."""

    class Page(BaseHTTPRequestHandler):
        def reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, content = replies.get(self.path, (404, "text/plain", b"404 page not found"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = reply

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def as_json(value: object) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps(value).encode()


# Which model


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["llava:7b", "minicpm-v:8b", "qwen3-vl:4b-instruct", "gemma3:4b"], "qwen3-vl:4b-instruct"),
        (["qwen3-vl:4b-instruct", "qwen3-vl:8b-instruct"], "qwen3-vl:8b-instruct"),
        (["qwen3-vl:8b-thinking", "qwen2.5vl:7b", "qwen3.5:4b"], "qwen3.5:4b"),
        (["gemma3:4b", "gemma4:4b", "llava:7b"], "gemma4:4b"),
        (["llava:7b", "minicpm-v:8b", "qwen2.5vl:7b"], "qwen2.5vl:7b"),
        (["llava:7b", "minicpm-v:8b"], "minicpm-v:8b"),
        (["llama3.2:3b", "moondream", "llava:7b"], "llava:7b"),
        (["gpt-oss:20b-cloud", "llama3.2:3b", "moondream"], "moondream:latest"),
        ([model("qwen3.5:4b", capabilities=("completion",)), "gemma3:4b"], "gemma3:4b"),
        ([model("gemma3:4b", name="gemma3:27b", size=17_000_000_000), "gemma3:4b"], "gemma3:4b"),
    ],
)
@pytest.mark.parametrize("era", ["A", "B-native"])
def test_without_a_name_the_best_model_that_sees_is_asked(there: list[str | Model], chosen: str, era: str) -> None:
    with StandIn(there, era=era) as server:
        backend = describer(server)
        assert backend.why_not() is None
        digest = server.models[chosen].digest
        assert backend.name == f"ollama:{chosen}@{digest[:12]}"
        assert server.violations == [] and server.asked() == []


def test_a_named_model_is_found_however_it_is_written_and_changed_options_are_in_the_name() -> None:
    with StandIn(["llava", "qwen3-vl:4b-instruct"]) as server:
        for written in ("llava", "LLaVA:latest", "library/llava"):
            backend = describer(server, model=written)
            assert backend.why_not() is None and backend.name.startswith("ollama:llava:latest@")
        usual, other = describer(server), describer(server, seed=7)
        assert usual.why_not() is other.why_not() is None
        assert other.name == f"{usual.name}/seed=7"


@pytest.mark.parametrize(
    ("there", "options", "wanted", "said"),
    [
        (["llava:7b"], {}, "qwen3-vl:8b", "does not have the model qwen3-vl:8b. Get it: ollama pull qwen3-vl:8b"),
        (["llama3.2:3b"], {}, "", "has no model that can see pictures. See which one suits this machine"),
        (["llama3.2:3b"], {}, "llama3.2:3b", "The model llama3.2:3b at http://127.0.0.1"),
        ([BLIND], {"era": "A"}, "blind", "cannot see pictures"),
        ([BLIND], {"era": "A", "version": "0.6.0"}, "blind", "cannot see pictures"),
        (["llava:7b"], {"era": "A", "version": "0.4.7"}, "", "is too old (0.4.7). Update it"),
        ([ALIAS], {}, "alias", "runs in a cloud: photos would leave your machine"),
    ],
)
def test_what_cannot_work_is_said_before_a_picture_is_sent(
    there: list[str | Model], options: dict[str, Any], wanted: str, said: str
) -> None:
    with StandIn(there, **options) as server:
        backend = describer(server, model=wanted)
        assert said in sentence(backend)
        with pytest.raises(NoBackend):
            ask(backend, pictures(1))
        assert server.asked() == [] and server.violations == []


@pytest.mark.parametrize("version", ["0.0.0", "0.6.0", "0.5.0-rc1", "0.33.0-rc2"])
def test_old_and_self_made_servers_work(version: str) -> None:
    with StandIn(["llava:7b"], era="A", version=version) as server:
        backend = describer(server)
        assert fits(ask(backend, pictures(1))[0])


def test_no_server_or_another_one_is_said() -> None:
    with StandIn() as server:
        gone = server.url
    assert f"No Ollama server answers at {gone}. Start it: ollama serve" in sentence(describer(gone))
    for replies in (
        {},
        {"/api/version": (200, "text/html", b"<html>hello</html>")},
        {"/api/version": as_json(["1"])},
        {"/api/version": as_json({"name": "x"})},
        {"/api/version": (502, "text/html", b"<html>Bad gateway</html>")},
    ):
        with canned(replies) as url:
            assert url in sentence(describer(url))


def test_the_registry_gives_options_to_those_who_take_them() -> None:
    with StandIn(["llava:7b"]) as server:
        made = registry.describer("ollama:llava:7b", {"hosts": (server.url,)})
        assert made.name.startswith("ollama:llava:7b@")
        with pytest.raises(NoBackend, match="does not have the model nobody") as refused:
            registry.describer("ollama:nobody", {"hosts": (server.url,)})
        assert refused.value.hint.startswith("Get it: ollama pull nobody")
    assert registry.describer("fake", {"hosts": ("http://127.0.0.1:1",)}).name == "fake"


# Private


@pytest.mark.parametrize("name", ["gpt-oss:cloud", "qwen3-vl:235b-cloud", " X:CLOUD"])
def test_a_cloud_name_is_refused_before_anything_is_sent(name: str) -> None:
    with StandIn() as server:
        with pytest.raises(NoBackend, match="is a cloud model: photos would leave your machine"):
            describer(server, model=name)
        with pytest.raises(NoBackend, match="is a cloud model"):
            list(pulled(server.url, name))
        assert server.requests == []


def test_a_server_elsewhere_is_refused_before_anything_is_looked_up() -> None:
    for host in ("http://192.168.1.5:11434", "tower", "https://example.com", "ollama.com"):
        with pytest.raises(NoBackend, match="not asked"):
            describer(host)
        with pytest.raises(NoBackend, match="not asked"):
            listed(host)


@pytest.mark.parametrize("key", ["remote_host", "remote_model"])
@pytest.mark.parametrize("where", ["list", "page"])
def test_a_cloud_behind_a_model_is_refused_whichever_word_betrays_it(where: str, key: str) -> None:
    cloud = {key: "somewhere"}
    row: dict[str, Any] = {"name": "sly:latest", "digest": "ab" * 32, "size": 1}
    page: dict[str, Any] = {"capabilities": ["vision"]}
    with canned(
        {
            "/api/version": as_json({"version": "0.32.15"}),
            "/api/tags": as_json({"models": [row | cloud if where == "list" else row]}),
            "/api/show": as_json(page | cloud if where == "page" else page),
        }
    ) as url:
        assert "runs in a cloud" in sentence(describer(url, model="sly"))
        unnamed = sentence(describer(url))
        assert ("has no model that can see" if where == "list" else "runs in a cloud") in unnamed


def test_an_answer_that_came_from_a_cloud_stops_the_run() -> None:
    with StandIn([MANY_SLOTS]) as server:
        server.fault("remote-host", nth=3)  # the first loads the model, the second is answered
        backend = describer(server, parallel=1)
        with pytest.raises(NoBackend, match="had the answer made elsewhere"):
            ask(backend, pictures(6))
        with pytest.raises(NoBackend, match="had the answer made elsewhere"):
            ask(backend, pictures(1))
        assert len(server.asked()) == 3


@pytest.mark.parametrize("path", ["/api/version", "/api/tags", "/api/show"])
def test_no_redirect_is_followed_at_the_start(path: str) -> None:
    with StandIn() as server:
        server.fault("redirect", path=path)
        assert "sends us elsewhere" in sentence(describer(server))
        assert server.canary_reached == []


def test_no_redirect_is_followed_with_a_picture() -> None:
    with StandIn() as server:
        server.fault("redirect", nth=2)
        with pytest.raises(NoBackend, match="sends us elsewhere"):
            ask(describer(server), pictures(1))
        assert server.canary_reached == []


def test_proxies_and_keys_of_the_environment_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, server.canary_url)
        monkeypatch.setenv("OLLAMA_API_KEY", "secret")
        monkeypatch.setenv("OLLAMA_HOST", server.canary_url)
        assert fits(ask(describer(server), pictures(1))[0])
        assert server.violations == [] and server.canary_reached == []
        assert not any("secret" in str(entry.headers) for entry in server.requests)


# What is sent


def test_pictures_are_small_jpegs_without_metadata() -> None:
    sizes = {(2000, 1000): (1280, 640), (1000, 3000): (427, 1280), (640, 480): (640, 480), (20, 30): (64, 64)}
    sizes |= {(1280, 64): (1280, 64), (1900, 100): (1280, 67), (300, 16): (300, 64)}
    with StandIn([MANY_SLOTS], keep_images=True) as server:
        for (width, height), sent in sizes.items():
            before = len(server.asked())
            assert fits(ask(describer(server, parallel=1), [pixels(width, height)])[0])
            (picture,) = server.asked()[before + 1].pictures
            assert (picture.width, picture.height, picture.format) == (*sent, "JPEG")
            opened = Image.open(io.BytesIO(server.images[picture.hash]))
            assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert server.violations == []


def test_a_small_picture_is_framed_and_not_enlarged() -> None:
    with StandIn(keep_images=True) as server:
        ask(describer(server), [np.full((20, 30, 3), (255, 0, 0), np.uint8)])
        (picture,) = server.asked()[1].pictures
        opened = np.asarray(Image.open(io.BytesIO(server.images[picture.hash]))).astype(int)
        red = (opened[:, :, 0] > 200) & (opened[:, :, 1] < 60)
        assert 500 < red.sum() < 700 and red[32, 32]


def test_a_strip_is_refused_and_its_neighbours_are_not() -> None:
    with StandIn() as server:
        replies = ask(describer(server), [pixels(), pixels(2100, 100), pixels(0, 0), pixels(shade=1)])
    assert [fits(reply) for reply in replies] == [True, False, False, True]
    assert str(replies[1]) == "the picture is too narrow to be described: 2100 x 100 pixels"


def test_every_request_has_the_same_load_options_and_is_loaded_once() -> None:
    with StandIn([MANY_SLOTS], parallel=4) as server:
        server.fault("empty-content", nth=4)  # asked again, with other chances
        backend = describer(server, num_ctx=6000, keep_alive="7m")
        assert all(map(fits, ask(backend, pictures(8))))
        assert server.reloads == 0 and len(server.loads) == 1
        assert {entry.options["num_ctx"] for entry in server.asked()} == {6000}
        assert {entry.body["keep_alive"] for entry in server.asked()} == {"7m"}
        assert {entry.body["think"] for entry in server.asked()} == {False}
        assert {entry.body["stream"] for entry in server.asked()} == {False}
        first, *rest = server.asked()
        assert first.pictures == () and all(len(entry.pictures) == 1 for entry in rest)


def test_each_picture_gets_the_answer_to_its_own_question() -> None:
    def echo(question: Any) -> dict[str, str]:
        return {"caption": f"{question.prompt} {question.pictures[0].width}", "kind": "macro"}

    with StandIn([MANY_SLOTS], parallel=4, answers=echo) as server:
        seen = [pixels(70 + at) for at in range(12)]
        asked = [Question(f"Q{at}", SCHEMA) for at in range(12)]
        replies = describer(server).describe(seen, asked)
    assert [json.loads(str(reply))["caption"] for reply in replies] == [f"Q{at} {70 + at}" for at in range(12)]


def test_free_text_needs_no_schema() -> None:
    with StandIn(answers=lambda question: "A red door.") as server:
        assert ask(describer(server), pictures(1), Question("Say it.", {})) == ["A red door."]
        assert server.asked()[1].body.get("format") is None


def test_another_turn_is_another_opinion_of_the_same_loaded_model() -> None:
    with StandIn([MANY_SLOTS], parallel=2) as server:
        backend = describer(server, seed=7, parallel=1)
        questions = [Question("What is it?", SCHEMA, turn) for turn in range(3)]
        replies = backend.describe([pixels()] * 3, questions)
        assert all(map(fits, replies)) and len(set(map(str, replies))) == 3
        assert len(server.loads) == 1 and server.reloads == 0
        chances = {(entry.options["seed"], entry.options["temperature"]) for entry in server.asked()[1:]}
        assert len({seed for seed, _ in chances}) == 3
        assert {temperature for seed, temperature in chances if seed == 7} == {0.1}
        assert {temperature for seed, temperature in chances if seed != 7} == {0.4}
        assert replies == backend.describe([pixels()] * 3, questions)  # and yet repeatable
    with StandIn() as server:
        ask(describer(server, temperature=1.2), pictures(1), Question("What is it?", SCHEMA, 1))
        assert server.asked()[1].options["temperature"] == 1.2


def test_a_turn_that_is_asked_again_gets_a_seed_that_no_other_turn_has() -> None:
    with StandIn() as server:
        server.fault("empty-content", nth=2)
        server.fault("empty-content", nth=4)
        backend = describer(server, parallel=1)
        for turn in (0, 1):
            assert fits(ask(backend, pictures(1), Question("What is it?", SCHEMA, turn))[0])
        seeds = [entry.options["seed"] for entry in server.asked()[1:]]
        assert len(seeds) == len(set(seeds)) == 4


# Texts alone


def test_a_text_alone_is_asked_without_pictures_and_like_any_other_question() -> None:
    with StandIn([MANY_SLOTS], parallel=2) as server:
        backend = describer(server, parallel=2)
        assert all(map(fits, backend.describe([None, pixels(), None], [QUESTION] * 3)))
        asked = server.asked()[1:]
        assert sorted(len(entry.pictures) for entry in asked) == [0, 0, 1]
        assert sum("images" not in entry.body["messages"][0] for entry in asked) == 2
        server.fault("empty-content", times=1)
        assert fits(backend.describe([None], [QUESTION])[0]) and backend.counts["again"] == 1
        server.fault("empty-content", times=2)
        (reply,) = backend.describe([None], [QUESTION])
        assert isinstance(reply, PhototagError) and "gave no answer that counts" in str(reply)
        assert len(server.loads) == 1 and server.violations == []


@pytest.mark.parametrize("version", [{}, {"era": "A", "version": "0.6.0"}])
def test_a_model_for_texts_need_not_see_and_gets_no_picture(version: dict[str, str]) -> None:
    with StandIn(["llava:7b", BLIND], **version) as server:
        for backend in (
            describer(server, model="blind", sees=False),
            registry.describer("ollama:blind", {"hosts": (server.url,), "sees": False, "translator": "blind"}),
        ):
            assert fits(backend.describe([None], [QUESTION])[0])
            assert backend.name.startswith("ollama:blind:latest@")
            before = len(server.asked())
            (reply,) = backend.describe([pixels()], [QUESTION])
            assert isinstance(reply, PhototagError) and "texts alone" in str(reply)
            assert len(server.asked()) == before
        assert "cannot see pictures" in sentence(describer(server, model="blind"))


def test_a_model_that_cannot_write_or_runs_in_a_cloud_is_none_for_texts() -> None:
    with StandIn([Model("vectors", family="bert", capabilities=("embedding",)), ALIAS]) as server:
        assert "cannot write texts" in sentence(describer(server, model="vectors", sees=False))
        assert "runs in a cloud" in sentence(describer(server, model="alias", sees=False))
        assert server.asked() == []


# Before the first photo


def test_loading_is_told_and_photos_wait_for_it() -> None:
    with StandIn(load_seconds=0.5) as server:
        backend, said = describer(server, tell_every_s=0.15), list[str]()
        begun = threading.Thread(target=backend.begin, args=(said.append,))
        begun.start()
        assert all(map(fits, one_by_one(backend, pictures(3))))
        begun.join()
        where = f"qwen3-vl:4b-instruct on {server.url.removeprefix('http://')}"
        assert said[0] == f"loading {where} …" and said[-1].startswith(f"{where} is ready after ")
        assert 2 <= len(said[1:-1]) <= 3 and all(line.startswith(f"still loading {where}, ") for line in said[1:-1])
        assert len(server.loads) == 1 and len(server.asked()) == 4


def test_what_is_in_memory_already_is_not_told() -> None:
    with StandIn() as server:
        assert fits(ask(describer(server), pictures(1))[0])
        said = list[str]()
        describer(server).begin(said.append)
        assert said == [] and len(server.loads) == 1


def test_servers_load_side_by_side_and_one_that_cannot_is_left_out() -> None:
    broken = model("gemma3:4b", load_error="llama-server process has terminated: exit status 1")
    with (
        StandIn([MANY_SLOTS], load_seconds=0.6) as one,
        StandIn([MANY_SLOTS], load_seconds=0.6) as two,
        StandIn([broken]) as three,
    ):
        backend, said, began = describer(one, two, three), list[str](), time.monotonic()
        backend.begin(said.append)
        assert time.monotonic() - began < 1.1
        ready = [line for line in said if "is ready after" in line]
        assert len(ready) == 2 and not any(three.url.removeprefix("http://") in line for line in ready)
        assert [three.url in notice for notice in backend.notices] == [True]
        assert all(map(fits, one_by_one(backend, pictures(12))))
        assert len(one.loads) == len(two.loads) == 1 and not any(entry.pictures for entry in three.asked())


def test_begin_stops_where_no_server_can_load_the_model() -> None:
    with StandIn(["llama3.2-vision:11b"]) as server:
        backend = describer(server)
        with pytest.raises(NoBackend, match="cannot load the model"):
            backend.begin(lambda text: None)
        with pytest.raises(NoBackend, match="cannot load the model"):
            ask(backend, pictures(1))


def test_a_server_that_does_not_tell_what_is_in_memory_is_asked_all_the_same() -> None:
    with StandIn() as server:
        server.fault("status", status=404, text="", path="/api/ps")
        backend, said = describer(server), list[str]()
        backend.begin(said.append)
        assert len(said) == 2 and fits(ask(backend, pictures(1))[0])


# Which answers count

ODD = {
    "in-thinking": "thinking",
    "fenced": "salvaged",
    "prose": "salvaged",
}
UNFIT = {
    "not-done": "broke off",
    "length": "too long",
    "empty-content": "empty",
    "loop": "too long",
    "cut-json": "none of Ollama's",
    "odd-shape": "none of Ollama's",
    "error-in-200": "said: ",
    "wrong-length": "broke off",
    "reset": "broke off",
    "reset-mid-body": "broke off",
    "crash": "crashed at this picture",
    "peg": "does not match the expected peg-native format",
}


@pytest.mark.parametrize(("kind", "counted"), ODD.items())
def test_json_in_an_odd_place_is_taken_and_counted(kind: str, counted: str) -> None:
    with StandIn() as server:
        server.fault(kind, nth=2)
        backend = describer(server)
        assert fits(ask(backend, pictures(1))[0])
        assert backend.counts == {"answered": 1, counted: 1}


@pytest.mark.parametrize(("kind", "said"), UNFIT.items())
def test_a_bad_answer_is_asked_for_once_more_with_a_smaller_picture(kind: str, said: str) -> None:
    with StandIn() as server:
        server.fault(kind, nth=2)
        backend = describer(server)
        assert fits(ask(backend, [pixels(1400, 900)])[0])
        first, again = server.asked()[1:]
        assert backend.counts == {"answered": 1, "again": 1}
        assert (first.pictures[0].long_side, again.pictures[0].long_side) == (1280, 768)
        assert (first.options["temperature"], again.options["temperature"]) == (0.1, 0.4)
        assert first.options["seed"] != again.options["seed"]


@pytest.mark.parametrize(("kind", "said"), UNFIT.items())
def test_a_photo_that_failed_twice_says_why(kind: str, said: str) -> None:
    with StandIn([MANY_SLOTS]) as server:
        backend = describer(server)
        assert fits(ask(backend, pictures(1))[0])
        server.fault(kind, times=2)
        (reply,) = ask(backend, pictures(1))
        assert isinstance(reply, PhototagError) and said in str(reply), reply
        assert len(server.asked()) == 4 and backend.counts["failed"] == 1


@pytest.mark.parametrize("kind", ["slow-headers", "never-ends", "drip"])
def test_a_server_that_takes_for_ever_costs_its_time_and_no_more(kind: str) -> None:
    with StandIn() as server:
        backend = describer(server, timeout_s=0.25)
        assert fits(ask(backend, pictures(1))[0])
        server.fault(kind, seconds={"slow-headers": 5.0, "never-ends": 0.02, "drip": 0.01}[kind], times=2)
        began = time.monotonic()
        (reply,) = ask(backend, pictures(1))
        assert isinstance(reply, PhototagError) and "took too long: no answer in 0.2 s" in str(reply)
        assert reply.hint == "Give it more time: --set ollama.timeout_s=0.5"
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "answer",
    [
        {"caption": "x"},
        {"caption": "x", "kind": "cat"},
        {"caption": 5, "kind": "macro"},
        {"caption": "", "kind": "macro"},
        {"caption": "x", "kind": "macro", "more": 1},
        "null",
        "[]",
        "no",
        '{"caption": "x", "kind"',
    ],
)
def test_an_answer_that_does_not_fit_its_schema_is_none(answer: Any) -> None:
    with StandIn(answers=lambda question: answer) as server:
        (reply,) = ask(describer(server), pictures(1))
        assert isinstance(reply, PhototagError)
        assert "gave no answer that counts" in str(reply)


def test_what_a_grammar_cannot_hold_is_left_to_who_asked() -> None:
    schema = {"type": "object", "properties": {"sure": {"type": "number", "maximum": 1}}, "required": ["sure"]}
    assert misfit({"sure": 74}, schema) == ""
    assert misfit({"sure": True}, schema) == "`sure` is no number"
    tags = {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True}
    assert misfit(["x", "x"], tags) == "" and misfit(["x"], tags) and misfit(["x", 1], tags)


def test_a_server_that_ignores_the_format_is_salvaged_or_failed_but_never_believed() -> None:
    with StandIn(["qwen3.5:4b"], version="0.30.1") as server:
        (reply,) = ask(describer(server), pictures(1))
        assert isinstance(reply, PhototagError) and "is no JSON" in str(reply)


# What the server says

STOPS = [
    (404, "model 'llava:7b' not found", "does not have the model llava:7b"),
    (404, "", "does not answer as an Ollama server does"),
    (403, "ollama cloud is disabled: remote model is unavailable", "photos would leave your machine"),
    (403, "", "refuses to be asked under this name"),
    (401, "unauthorized", "wants a login"),
    (400, '"llava:7b" does not support chat', "cannot describe pictures"),
    (400, "missing request body", "does not understand the request: missing request body"),
    (400, "illegal base64 data at input byte 4", "does not understand the request"),
    (400, 'time: missing unit in duration "300"', "does not understand the request"),
    (400, "Multimodal data provided, but model does not support multimodal requests.", "cannot see pictures"),
    (
        400,
        json.dumps({"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request_error"}}),
        "does not understand the request: failed to parse grammar",
    ),
    (
        500,
        json.dumps({"error": {"code": 500, "message": "image input is not supported - hint: you may need the mmproj"}}),
        "cannot see pictures",
    ),
    (500, 'invalid format: "xml"; expected "json" or a valid JSON Schema object', "does not understand the request"),
    (500, 'option "num_ctx" must be of type integer', "does not understand the request"),
    (500, "failed to load model vocabulary required for format", "does not understand the request"),
    (
        500,
        "llama-server process has terminated: error loading model: unknown model architecture: 'mllama'",
        "cannot load the model llava:7b: llama-server process has terminated",
    ),
    (500, "timed out waiting for llama-server to start", "cannot load the model"),
    (500, "model requires more system memory (9.1 GiB) than is available (5.3 GiB)", "cannot load the model"),
]
FAILS = [
    (500, CRASH, "crashed at this picture"),
    (500, "an error was encountered while running the model: something", "said: an error was encountered"),
    (500, PEG, "said: llama-server chat error"),
    (500, "prediction aborted, token repeat limit reached", "token repeat limit reached"),
    (
        400,
        json.dumps({"error": {"code": 400, "message": "Failed to load image or audio file"}}),
        "cannot read the picture",
    ),
    (
        400,
        json.dumps(
            {
                "error": {
                    "code": 400,
                    "message": "request (18037 tokens) exceeds the available context size (4096 tokens)",
                    "type": "exceed_context_size_error",
                }
            }
        ),
        "does not fit: request (18037 tokens) exceeds",
    ),
    (400, "the input length exceeds the context length", "does not fit"),
    (400, "something that nobody has seen", "said: something that nobody has seen"),
    (499, "request canceled", "said: request canceled"),
    (500, "", "said: HTTP 500"),
    (503, BUSY, "is too busy: server busy, please try again. maximum pending requests exceeded"),
    (429, "too many requests", "is too busy: too many requests"),
    (502, "", "A proxy at http://127.0.0.1"),
    (504, "", "gave up waiting for the Ollama server behind it: HTTP 504"),
]


@pytest.fixture(scope="module")
def one_server() -> Iterator[StandIn]:
    with StandIn(["llava:7b"]) as server:
        yield server


@pytest.mark.parametrize(("status", "text", "said"), STOPS)
def test_what_is_wrong_with_model_or_server_stops_the_run(
    one_server: StandIn, status: int, text: str, said: str
) -> None:
    one_server.faults.clear()
    backend = describer(one_server)
    assert fits(ask(backend, pictures(1))[0])
    one_server.fault("status" if text else "empty-body", status=status, text=text)
    before = len(one_server.asked())
    with pytest.raises(NoBackend) as stop:
        ask(backend, pictures(8))
    assert said in stop.value.sentence and stop.value.hint
    assert "{" not in stop.value.sentence + stop.value.hint
    with pytest.raises(NoBackend):
        ask(backend, pictures(8))
    assert len(one_server.asked()) - before <= MOST


@pytest.mark.parametrize(("status", "text", "said"), FAILS)
def test_what_is_wrong_with_one_photo_costs_that_photo(one_server: StandIn, status: int, text: str, said: str) -> None:
    one_server.faults.clear()
    backend = describer(one_server, pause_s=0.001)
    one_server.fault("status" if text else "empty-body", status=status, text=text, nth=2)
    assert fits(ask(backend, pictures(1))[0])
    assert backend.counts["again"] + backend.counts["busy"] == 1
    one_server.faults.clear()
    one_server.fault("status" if text else "empty-body", status=status, text=text)
    (reply,) = ask(backend, pictures(1))
    assert isinstance(reply, PhototagError) and said in str(reply), reply


def test_a_page_of_a_proxy_is_no_sentence() -> None:
    with StandIn() as server:
        server.fault("html", nth=2)
        backend = describer(server)
        assert fits(ask(backend, pictures(1))[0])
        assert backend.counts == {"busy": 1, "answered": 1}


def test_a_server_that_fails_every_photo_is_given_up() -> None:
    with StandIn() as server:
        backend = describer(server)
        assert fits(ask(backend, pictures(1))[0])
        server.fault("crash")
        with pytest.raises(NoBackend, match=r"Too many photos in a row failed, .*crashed at this picture"):
            ask(backend, pictures(60))
        assert len(server.asked()) < 60


@pytest.mark.parametrize(("turns", "least"), [(1, 20), (2, 20)])
def test_photos_in_a_row_are_counted_and_not_their_questions(turns: int, least: int) -> None:
    with StandIn() as server:
        backend, failed = describer(server, parallel=1), 0
        assert fits(ask(backend, pictures(1))[0])
        server.fault("crash")
        questions = [Question("What is it?", SCHEMA, turn) for turn in range(turns)]
        with pytest.raises(NoBackend, match="Too many photos in a row failed"):
            for picture in pictures(60):
                backend.describe([picture] * turns, questions)
                failed += 1
        assert least - 1 <= failed <= least + 1


def test_what_became_of_all_questions_is_told() -> None:
    with StandIn([MANY_SLOTS], parallel=2) as server:
        backend = describer(server, parallel=1)
        assert backend.told() == ""
        server.fault("in-thinking", nth=2)
        server.fault("empty-content", nth=3)
        assert all(map(fits, ask(backend, pictures(3))))
        assert backend.told() == "3 answers, 1 asked again, 1 found in the model's thoughts"
        server.fault("crash", times=2)
        ask(backend, pictures(1))
        assert backend.told() == "3 answers, 1 failed, 2 asked again, 1 found in the model's thoughts"


def test_a_few_failures_between_answers_stop_nothing() -> None:
    def every_third(question: Any) -> Any:
        return "no" if question.pictures[0].width % 3 == 0 else {"caption": "x", "kind": "macro"}

    with StandIn([MANY_SLOTS], parallel=4, answers=every_third) as server:
        replies = ask(describer(server), [pixels(70 + at) for at in range(75)])
    assert sum(map(fits, replies)) == 50


def test_what_a_stranger_says_is_printed_on_one_short_line() -> None:
    with StandIn() as server:
        server.fault("status", status=500, text="evil\x1b[2J\nline {model} " + "x" * 5000)
        (reply,) = ask(describer(server), pictures(1))
        assert str(reply).isprintable() and len(str(reply)) < 400 and "(model)" in str(reply)


def _every(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(below for one in kind.__subclasses__() for below in _every(one))]


def _made(kind: type[Exception]) -> Exception:
    request = httpx.Request("POST", "http://127.0.0.1/api/chat")
    makers: list[Callable[[], Exception]] = [
        lambda: kind("x"),
        lambda: kind(),
        lambda: kind("x", request=request, response=httpx.Response(500, request=request)),  # type: ignore[call-arg]
    ]
    for make in makers:
        try:
            return make()
        except TypeError:
            continue
    raise AssertionError(kind)


def test_every_exception_of_the_client_is_known() -> None:
    """A new one in a new httpx fails here, not in somebody's night run."""
    kinds = [*_every(httpx.HTTPError), *_every(httpx.StreamError)]
    for kind in (one for one in kinds if one.__module__.startswith("httpx")):
        assert isinstance(trouble_of(_made(kind)), Trouble), kind
    known: dict[Exception, Then] = {
        ConnectionError("x"): Then.LOST,
        ConnectionResetError("x"): Then.LOST,
        httpx.ConnectError("x"): Then.LOST,
        httpx.ConnectTimeout("x"): Then.LOST,
        httpx.ReadError("x"): Then.LOST,
        httpx.RemoteProtocolError("x"): Then.LOST,
        httpx.ReadTimeout("x"): Then.AGAIN,
        httpx.WriteTimeout("x"): Then.AGAIN,
        json.JSONDecodeError("x", "", 0): Then.AGAIN,
        ollama.ResponseError("x", 500): Then.AGAIN,
        ollama.ResponseError("x"): Then.AGAIN,
        ollama.ResponseError(json.dumps({"error": {"message": "x"}}), 500): Then.AGAIN,
        ollama.ResponseError("server busy", 503): Then.WAIT,
        ollama.ResponseError("", 307): Then.LEAVES,
    }
    for error, then in known.items():
        assert trouble_of(error).then is then, error
    with pytest.raises(pydantic.ValidationError) as odd:
        ollama.ChatResponse(message=5)
    assert trouble_of(odd.value).then is Then.AGAIN
    with pytest.raises(ZeroDivisionError):  # a mistake of ours is not a failure of a photo
        trouble_of(ZeroDivisionError())


@pytest.mark.parametrize("era", ["A", "B-native", "B-rendered"])
@pytest.mark.parametrize("name", ["qwen3-vl:4b-instruct", "qwen2.5vl:7b", "gemma3:4b", "llava:7b", "minicpm-v:8b"])
def test_both_eras_answer_small_and_large_pictures(era: str, name: str) -> None:
    with StandIn([name], era=era) as server:
        backend = describer(server)
        assert all(map(fits, ask(backend, [pixels(20, 16), pixels(1280, 1280), pixels(600, 31)])))
        assert backend.counts == {"answered": 3} and server.violations == []


def test_a_model_that_the_server_cannot_load_stops_the_run_before_a_picture_is_sent() -> None:
    with StandIn(["llama3.2-vision:11b"]) as server:
        backend = describer(server)
        with pytest.raises(NoBackend, match=r"cannot load the model llama3\.2-vision:11b: llama-server process"):
            ask(backend, pictures(3))
        assert not any(entry.pictures for entry in server.asked())


# Several servers, several at once


def test_two_servers_share_the_work_and_one_that_dies_hands_its_photos_back() -> None:
    with StandIn([MANY_SLOTS], seconds_per_image=0.02) as one, StandIn([MANY_SLOTS], seconds_per_image=0.02) as two:
        backend = describer(one, two, parallel=2)
        two.fault("dies", nth=6)
        assert all(map(fits, ask(backend, pictures(30))))
        assert len(one.asked()) > 10 and 5 <= len(two.asked()) <= 8
        assert 1 <= backend.counts["handed back"] <= 2 + 2 and backend.counts["failed"] == 0
        time.sleep(0.8)
        assert [two.url in notice for notice in backend.notices] == [True]
        one.die()  # connections that were kept alive end with it
        with pytest.raises(NoBackend, match=f"{one.url}"):
            ask(backend, pictures(3))
        assert [one.url in notice for notice in backend.notices] == [False, True]


def test_a_server_that_comes_back_goes_on() -> None:
    with StandIn() as server:
        backend = describer(server, parallel=1, patience_s=5)
        server.fault("dies", nth=3)  # the first loads the model
        threading.Timer(0.4, server.revive).start()
        assert all(map(fits, ask(backend, pictures(4))))
        assert backend.counts == {"answered": 4, "handed back": 1} and backend.notices == []


def test_a_server_that_is_not_there_or_has_another_version_is_left_out_and_named() -> None:
    with StandIn() as gone:
        url = gone.url
    other = model("qwen3-vl:4b-instruct", revision="new")
    with StandIn() as one, StandIn([other]) as two, StandIn(["llava:7b"]) as three:
        backend = describer(url, one, two, three)
        assert backend.why_not() is None
        assert all(map(fits, ask(backend, pictures(4))))
        assert two.asked() == three.asked() == []
        assert [notice.split(" Bring")[0].split(" Get")[0].split(" Start")[0] for notice in backend.notices] == [
            f"No Ollama server answers at {url}.",
            f"{two.url} has another version of the model qwen3-vl:4b-instruct, whose answers would differ.",
            f"{three.url} does not have the model qwen3-vl:4b-instruct.",
        ]


def test_a_server_that_comes_back_with_another_version_is_not_asked() -> None:
    with StandIn() as server:
        backend = describer(server, parallel=1, patience_s=5)
        assert fits(ask(backend, pictures(1))[0])
        changed = model("qwen3-vl:4b-instruct", revision="new")
        server.models[changed.key] = changed
        server.fault("dies", nth=1)
        threading.Timer(0.2, server.revive).start()
        with pytest.raises(NoBackend, match="has another version of the model"):
            ask(backend, pictures(2))


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_as_many_at_once_as_were_told(parallel: int) -> None:
    with StandIn([MANY_SLOTS], parallel=4, seconds_per_image=0.02) as server:
        backend = describer(server, parallel=parallel)
        assert all(map(fits, ask(backend, pictures(12))))
        assert server.max_in_flight == parallel


@pytest.mark.parametrize(("slots", "least", "most"), [(1, 1, 2), (4, 4, 5)])
def test_as_many_at_once_as_pay(slots: int, least: int, most: int) -> None:
    """By its own measure, on a clock that the test turns; each slot of the server makes an answer a second."""
    pace, now, under_way, made = Pace(), time.monotonic(), 0, 0
    ends: list[float] = []
    free = [now] * slots
    while made < 300:
        while under_way < pace.allowed:
            pace.moves(under_way, now)
            under_way += 1
            slot = min(range(slots), key=free.__getitem__)
            free[slot] = max(free[slot], now + 0.02) + 1.0  # the way there and back takes a little
            ends.append(free[slot])
        ends.sort()
        now = ends.pop(0)
        pace.moves(under_way, now)
        under_way, made = under_way - 1, made + 1
        pace.answered(now)
    assert least <= pace.allowed <= most


def test_a_server_with_slots_gets_more_at_once_and_one_without_is_kept_busy() -> None:
    for there, slots, most in ((MANY_SLOTS, 4, MOST), (model("qwen3-vl:4b-instruct"), 1, 3)):
        with StandIn([there], parallel=slots, seconds_per_image=0.04) as server:
            assert all(map(fits, one_by_one(describer(server), pictures(70))))
            assert server.max_running == slots and server.max_in_flight <= most


# Its place in the program


def test_a_failure_is_evidence_of_that_photo_and_a_stop_is_none() -> None:
    good = {"keywords": ["door"], "description": "A red door.", "category": "street"}

    def some(question: Any) -> Any:
        return "no" if question.pictures[0].width == 71 else good

    with StandIn(answers=some) as server:
        step = Describe(describer(server), Prompt("p", "catalog", "en", "Say {place}.", "p@1"), 1024)
        assert step.maker.startswith("ollama:") and step.parallel >= 2
        batch = [Subject(f"id{at}", pixels(70 + at)) for at in range(3)]
        one, two, three = step.make(batch)
        assert one.value == three.value == good and one.image_id == "id0"
        assert two.image_id == "id1" and "gave no answer that counts" in two.error
        server.fault("status", status=404, text="model 'x' not found")
        with pytest.raises(NoBackend):
            step.make(batch)


def test_models_are_listed_and_fetched() -> None:
    with StandIn(["llava:7b", "gpt-oss:20b-cloud"], pullable=["gemma3:4b"]) as server:
        sees = {row.name: (row.sees, bool(row.cloud)) for row in listed(server.url)}
        assert sees == {"llava:7b": (True, False), "gpt-oss:20b-cloud": (False, True)}
        steps = list(pulled(server.url, "gemma3:4b"))
        assert steps[-1].status == "success" and max(step.completed for step in steps) == server.pull_bytes
        with pytest.raises(NoBackend, match="file does not exist"):
            list(pulled(server.url, "nobody"))
        assert "gemma3:4b" in {row.name for row in listed(server.url)}
