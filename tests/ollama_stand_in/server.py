"""A stand-in for an Ollama server, in this process, on a loopback port.

The decision: a real server on a real socket with the real one's checks in the real one's order, so that a client meets
its sentences, its silences and its limits; refused: replacing the client's transport, behind which time-outs, resets,
redirects and proxies would be what we believe them to be.

    with StandIn(models=["qwen3-vl:4b-instruct"], era="B-native") as server:
        ...                                  # a client asks server.url
        assert server.violations == []       # no metadata, no large picture, no cloud
        assert server.max_in_flight <= 2
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from typing import Any

from tests.ollama_stand_in import answers as speech
from tests.ollama_stand_in.answers import Answers, Question, Said
from tests.ollama_stand_in.face import Canary, Face
from tests.ollama_stand_in.faults import Fault, Faults
from tests.ollama_stand_in.images import Picture, measure
from tests.ollama_stand_in.journal import Entry, Journal
from tests.ollama_stand_in.models import Model, model, parse_name, version_numbers
from tests.ollama_stand_in.scheduler import Clock, Scheduler

ERAS = ("A", "B-native", "B-rendered")
VERSIONS = {"A": "0.24.0", "B-native": "0.32.15", "B-rendered": "0.32.15"}
LOCAL_ENDINGS = (".localhost", ".local", ".internal")


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024
    allow_reuse_address = True
    stand_in: StandIn

    def __init__(self, address: tuple[str, int], face: type[Face]) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, face)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends every connection, as the end of a process does, those kept alive too."""
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client was first
                    connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Without a look-up of our own name, which the real class does and some machines are slow at."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the test; anything else is kept for it."""
        self.stand_in.remember_failure()


class StandIn:
    """The server: what it is told at the start, and what a test may read from it afterwards."""

    def __init__(
        self,
        models: Iterable[str | Model] = ("qwen3-vl:4b-instruct",),  # rows of models.KNOWN by name, or made here
        era: str = "B-native",  # A, B-native or B-rendered
        version: str | None = None,
        seconds_per_image: float = 0.0,  # in the slot, for each picture
        seconds_per_text: float = 0.0,
        load_seconds: float = 0.0,
        parallel: int = 1,  # OLLAMA_NUM_PARALLEL; some families have one slot whatever it says
        max_queue: int = 512,  # waiting for a load; one more gets 503
        max_loaded: int = 3,
        num_ctx: int = 4096,  # the server's default, where a request names none
        seed: int = 1,
        manner: str = "legal",  # tame keeps the whole schema, legal what a grammar keeps, hostile writes nonsense
        answers: Answers | None = None,  # what the model says: an object or a text
        longest: int = 1280,  # a longer picture is a violation
        cloud: str = "answers",  # what a cloud name meets: answers, disabled (403) or signin (401)
        pullable: Iterable[str | Model] = (),
        pull_bytes: int = 3_000_000,
        clock: Clock | None = None,  # FakeClock: nobody sleeps, timers by hand
        engine: Any = None,  # engine.BackendEngine: a real llama.cpp server speaks
        keep_images: bool = False,  # keeps the bytes in `images`, by hash
        loops_fail: bool = False,  # a repeated token is a 500 instead of an answer without an end
        allow_authorization: bool = False,
    ) -> None:
        assert era in ERAS, f"no such era: {era!r}; there are {', '.join(ERAS)}"
        assert cloud in ("answers", "disabled", "signin"), cloud
        self.era, self.version = era, version or VERSIONS[era]
        self.models = {row.key: row for row in map(model, models)}
        self.pullable = {row.key: row for row in map(model, pullable)}
        self.pull_bytes = pull_bytes
        self.seconds_per_image, self.seconds_per_text = seconds_per_image, seconds_per_text
        self.num_ctx, self.seed, self.manner, self.answers = num_ctx, seed, manner, answers
        self.longest, self.cloud, self.engine = longest, cloud, engine
        self.keep_images, self.loops_fail, self.allow_authorization = keep_images, loops_fail, allow_authorization
        self.clock = clock or Clock()
        self.scheduler = Scheduler(self.clock, parallel, max_queue, max_loaded, load_seconds)
        self.faults, self.journal = Faults(), Journal()
        self.images: dict[str, bytes] = {}
        self.failures: list[str] = []
        self.canary_reached: list[str] = []
        self._measured: dict[int, Picture] = {}
        self._listener: _Listener | None = None
        self._canary: _Listener | None = None
        self._port = 0

    # Its life

    def __enter__(self) -> StandIn:
        self.revive()
        return self

    def __exit__(self, *_: object) -> None:
        self.clock.stopped.set()
        self.die()
        if self._canary:
            self._canary.shutdown()
            self._canary.server_close()
        assert not self.failures, f"the stand-in itself failed:\n{self.failures[0]}"

    def _listen(self, port: int, face: type[Face]) -> _Listener:
        listener = _Listener(("127.0.0.1", port), face)
        listener.stand_in = self
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return listener

    def die(self) -> None:
        """From now on connections are refused, and those that there are have ended."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown()
            listener.server_close()
            listener.hang_up()

    def revive(self) -> None:
        """Listens (again), on the same port."""
        if not self._listener:
            self._listener = self._listen(self._port, Face)
            self._port = self._listener.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def canary_url(self) -> str:
        """Another server, that nobody should ever ask."""
        if not self._canary:
            self._canary = self._listen(0, Canary)
        return f"http://127.0.0.1:{self._canary.server_port}"

    def remember_failure(self) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            self.failures.append(traceback.format_exc())

    # What a test reads and sets

    @property
    def requests(self) -> list[Entry]:
        return self.journal.entries

    def asked(self, path: str = "/api/chat") -> list[Entry]:
        """The requests of one path."""
        return [entry for entry in self.journal.entries if entry.path == path]

    @property
    def max_in_flight(self) -> int:
        return self.journal.max_in_flight

    @property
    def max_running(self) -> int:
        """How many answers were made at once: never more than there are slots."""
        return self.scheduler.max_running

    @property
    def reloads(self) -> int:
        """How often a loaded model was loaded again because load options changed."""
        return self.scheduler.reloads

    @property
    def loads(self) -> list[tuple[str, dict[str, Any]]]:
        return self.scheduler.loads

    @property
    def asked_images(self) -> Counter[str]:
        return self.journal.asked_images

    @property
    def violations(self) -> list[str]:
        return self.journal.violations

    def fault(self, rule: Fault | str, **conditions: Any) -> Fault:
        """Adds a rule: a Fault, or its kind and conditions."""
        return self.faults.add(Fault(rule, **conditions) if isinstance(rule, str) else rule)

    def would_say(self, name: str, image: str, prompt: str, schema: Any = None, seed: int = -1) -> str:
        """The answer that a question gets, if no `answers` were given: prompt is the text of all messages."""
        row = self.find(name)
        assert row is not None, name
        return self._made(row, (image,) if image else (), prompt, schema, seed)

    # What the face asks

    @property
    def numbers(self) -> tuple[int, ...]:
        return version_numbers(self.version)

    def since(self, *version: int) -> bool:
        return self.numbers >= version

    @property
    def is_b(self) -> bool:
        return self.era != "A"

    def path_of(self, row: Model) -> str:
        """A, native or rendered: which code answers for this model."""
        return (row.path or self.era.removeprefix("B-")) if self.is_b else "A"

    def find(self, name: str) -> Model | None:
        parsed = parse_name(name)
        return self.models.get(parsed.key) if parsed else None

    def measured(self, content: bytes) -> Picture:
        key = hash(content)
        picture = self._measured.get(key)
        if picture is None:
            picture = self._measured[key] = measure(content)
            if self.keep_images:
                self.images[picture.hash] = content
        return picture

    def speaks(self, row: Model, question: Question) -> Said:
        """The model's words, whole: nothing is cut yet."""
        if self.answers:
            given = self.answers(question)
            text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        else:
            seed = int(question.options.get("seed", -1))
            text = self._made(row, question.images, question.prompt, question.schema, seed)
        return Said(speech.tokens_of(text))

    def _made(self, row: Model, images: tuple[str, ...], prompt: str, schema: Any, seed: int) -> str:
        mixed = speech.seed_of(row.full, images, prompt, schema, seed, self.seed)
        return speech.say(schema, mixed, self.manner, self.path_of(row) == "native")

    def may_visit(self, host: str) -> bool:
        """Whether the Host header names this machine or a private one; others get an empty 403."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").lower()
        if name in ("", "localhost") or name.endswith(LOCAL_ENDINGS) or name == socket.gethostname().lower():
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or address.is_private or address.is_unspecified
