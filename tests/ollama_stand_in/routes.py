"""What each path answers, with the real server's checks in the real server's order.

The decision: a route returns a reply and sends nothing, so that every fault of sending applies to every route; refused:
routes that write to the socket.
"""

from __future__ import annotations

import hashlib
import math
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.ollama_stand_in import decoding, faults, images, schema
from tests.ollama_stand_in.answers import Question, Said, cut, guard_loops, say, spoil, tokens_of
from tests.ollama_stand_in.decoding import DEFAULT_KEEP_ALIVE, FOREVER, Refused, bad, quoted
from tests.ollama_stand_in.faults import Fault
from tests.ollama_stand_in.journal import Entry
from tests.ollama_stand_in.models import Model, model, parse_name
from tests.ollama_stand_in.scheduler import LOAD_OPTIONS, Gone, Lease

if TYPE_CHECKING:
    from tests.ollama_stand_in.server import StandIn

Body = dict[str, Any]
SINCE = "2026-08-01T10:00:00.123456789Z"
NO_VISION_NATIVE = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
NO_VISION_RENDERED = "Multimodal data provided, but model does not support multimodal requests."
MLLAMA = (
    "llama-server process has terminated: error loading model: error loading model architecture: "
    "unknown model architecture: 'mllama'"
)
TOO_LONG = "the prompt is longer than the context length currently available"
CLOUD_OFF = "ollama cloud is disabled: remote model is unavailable"


@dataclass
class Reply:
    """An answer: one JSON body, or lines; `finish` gives back what the request held."""

    status: int = 200
    body: Body | None = None
    lines: list[Body] | None = None
    finish: Callable[[], None] = lambda: None


@dataclass
class Visit:
    """One request on its way through a route."""

    server: StandIn
    entry: Entry
    fields: Body = field(default_factory=dict)
    fault: Fault | None = None
    gone: Gone = lambda: False

    @property
    def kind(self) -> str:
        return "chat" if self.entry.path == "/api/chat" else "generate"


def stamp() -> str:
    """Now, as Go writes it: RFC 3339 with nanoseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"


def expires_stamp(left: float) -> str:
    if left == FOREVER:
        return "2318-03-04T10:00:00.000000001Z"
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + left, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Names, and what leaves the machine


def not_found(name: str) -> Refused:
    return Refused(404, f"model '{name}' not found")


def found(visit: Visit, invalid: Refused) -> Model:
    """The model that was meant, or the refusal that the real server has for its name."""
    given = visit.fields.get("model") or visit.fields.get("name") or ""
    name = parse_name(given)
    if name is None:
        raise invalid
    if name.source == "cloud" and visit.server.since(0, 17, 6):
        visit.server.journal.reproach(visit.entry, f"a cloud model was asked: {given}")
        refuse_cloud(visit.server)
        return model(
            Model(
                given.strip(),
                capabilities=("completion", "vision"),
                remote_host="https://ollama.com:443",
                remote_model=given.strip(),
            )
        )
    row = visit.server.models.get(name.key)
    if row is None or (row.remote and name.source == "local" and visit.server.since(0, 17, 6)):
        raise not_found(given)
    return row


def refuse_cloud(server: StandIn) -> None:
    if server.cloud == "disabled":
        raise Refused(403, CLOUD_OFF)
    if server.cloud == "signin":
        raise Refused(401, "unauthorized")


# Chat and generate


def chat(visit: Visit) -> Reply:
    return work(visit, bad("model is required"))


def generate(visit: Visit) -> Reply:
    return work(visit, not_found(visit.fields.get("model", "")))


def work(visit: Visit, invalid: Refused) -> Reply:
    """Checks in ChatHandler's order, then loads, waits for a slot, and speaks."""
    server, fields = visit.server, visit.fields
    began = server.clock.now()
    if not 0 <= fields.get("top_logprobs", 0) <= 20:
        raise bad("top_logprobs must be between 0 and 20")
    row = found(visit, invalid)
    nothing_asked = not fields.get("messages") if visit.kind == "chat" else not fields.get("prompt")
    if nothing_asked and fields.get("keep_alive") == 0:
        server.scheduler.unload(row)
        return whole(visit, row, Said([], reason="unload", counted=0), {})
    if row.remote and not nothing_asked:
        server.journal.reproach(visit.entry, f"{row.full} went to {row.remote_host}")
        refuse_cloud(server)
        return speak_remote(visit, row, began)
    think = thinking(visit, row)
    if "completion" not in row.capabilities:
        raise bad(f"{quoted(fields.get('model', ''))} does not support {visit.kind}")
    if fields.get("suffix") and "insert" not in row.capabilities:
        raise bad(f"registry.ollama.ai/library/{row.full} does not support insert")
    options = {**row.defaults, **decoding.options(fields.get("options", {}))}
    lease = server.scheduler.lease(
        loadable(row, server),
        load_options(visit, row, options),
        fields.get("keep_alive", DEFAULT_KEEP_ALIVE),
        visit.gone,
    )
    try:
        if nothing_asked:
            lease.release()
            return whole(visit, row, Said([], reason="load", counted=0), {})
        return answered(visit, row, options, think, lease, began)
    except BaseException:
        lease.release()
        raise


def thinking(visit: Visit, row: Model) -> bool | str:
    think = visit.fields.get("think")
    if row.thinks:
        return visit.server.since(0, 12, 4) if think is None else think
    if think:
        raise bad(f"{quoted(visit.fields.get('model', ''))} does not support thinking")
    return False


def loadable(row: Model, server: StandIn) -> Model:
    """Era B has no loader for some old families."""
    return model(row, load_error=MLLAMA) if server.is_b and row.family == "mllama" else row


def load_options(visit: Visit, row: Model, options: Body) -> Body:
    """What a runner is loaded with: another value loads it again."""
    context = max(options.get("num_ctx", visit.server.num_ctx), 2048 if row.sees else 1)
    given = {"shift": visit.fields.get("shift", True), **options, "num_ctx": min(context, row.train_ctx)}
    return {name: given[name] for name in LOAD_OPTIONS if name in given}


def contents(visit: Visit) -> tuple[str, list[bytes]]:
    """All text, and all pictures, of a request."""
    fields = visit.fields
    if visit.kind == "generate":
        text = "\n".join(part for part in (fields.get("system"), fields.get("prompt")) if part)
        return text, fields.get("images", [])
    messages = fields.get("messages", [])
    text = "\n".join(one.get("content", "") for one in messages)
    return text, [picture for one in messages for picture in one.get("images", [])]


def answered(visit: Visit, row: Model, options: Body, think: bool | str, lease: Lease, began: float) -> Reply:
    server = visit.server
    prompt, sent = contents(visit)
    pictures = tuple(map(server.measured, sent))
    asked = decoding.schema_of(visit.fields.get("format"))
    path = server.path_of(row)
    if isinstance(asked, dict):
        schema.check(asked, path)
    if pictures and not row.sees:
        pictures, sent, prompt = blind(path, prompt)
    look_at(server, row, pictures, path)
    tokens = prompt_tokens(visit, row, pictures, prompt, lease.runner.options["num_ctx"])
    lease.take_slot(visit.gone)
    started = server.clock.now()
    twice = 2 if think and asked else 1
    server.clock.sleep(
        twice * (server.seconds_per_image * len(pictures) if pictures else server.seconds_per_text), visit.gone
    )
    question = Question(row.full, prompt, pictures, asked, options, think, visit.entry.body, visit.entry.number)
    said = spoken(visit, row, question, sent, path)
    said.prompt_tokens = tokens
    said = limited(visit, said, lease.runner.options["num_ctx"], options, path)
    seconds = server.clock.now() - started
    times = {
        "total_duration": server.clock.now() - began,
        "load_duration": lease.load_seconds,
        "prompt_eval_duration": seconds / 3,
        "eval_duration": seconds * 2 / 3,
    }
    reply = whole(visit, row, said, times)
    reply.finish = lease.release
    return reply


def blind(path: str, prompt: str) -> tuple[tuple[()], list[bytes], str]:
    """A picture for a model that cannot see: era A drops it without a word."""
    if path == "A":
        return (), [], f"[img-0]{prompt}"
    if path == "native":
        raise Refused(500, schema.nested(500, NO_VISION_NATIVE, "server_error"))
    raise bad(schema.nested(400, NO_VISION_RENDERED))


def look_at(server: StandIn, row: Model, pictures: tuple[images.Picture, ...], path: str) -> None:
    for picture in pictures:
        if not images.readable(picture.format, server.era, server.numbers, row):
            if path == "A":
                raise Refused(500, "failed to create new sequence: failed to process inputs: image: unknown format")
            raise bad(schema.nested(400, "Failed to load image or audio file"))
        if images.kills_the_runner(picture, server.era, row):
            server.scheduler.crash(row)
            raise Refused(500, faults.CRASH)
    if row.one_image and len(pictures) > 1:
        raise Refused(500, "vision model only supports a single image per message")


def prompt_tokens(visit: Visit, row: Model, pictures: tuple[images.Picture, ...], prompt: str, context: int) -> int:
    """How much of the context the question takes; refused where it is more than there is."""
    tokens = 16 + len(prompt) // 4 + sum(row.image_tokens(one.width, one.height) for one in pictures)
    if tokens <= context:
        return tokens
    if not visit.server.is_b:
        if visit.fields.get("truncate") is False:
            raise bad("the input length exceeds the context length")
        return context
    if not pictures:
        raise bad(TOO_LONG)
    text = f"request ({tokens} tokens) exceeds the available context size ({context} tokens), try increasing it"
    raise bad(schema.nested(400, text, "exceed_context_size_error", n_prompt_tokens=tokens, n_ctx=context))


def spoken(visit: Visit, row: Model, question: Question, sent: list[bytes], path: str) -> Said:
    server = visit.server
    if server.engine:
        return server.engine.speak(question, sent, path)  # type: ignore[no-any-return]
    deaf = row.parser and question.think is False and visit.fields.get("think") is False
    if deaf and question.schema and not server.since(0, 31, 2):
        return Said(tokens_of(say(None, f"{question.prompt}{question.images}", server.manner, False)))
    said = server.speaks(row, question)
    if question.think:
        said.thinking = "The picture is looked at before anything is said."
    return said


def limited(visit: Visit, said: Said, context: int, options: Body, path: str) -> Said:
    """Faults of speech, loops, and the two limits: num_predict and what is left of the context."""
    if visit.server.engine is None or visit.fault:
        kind = visit.fault.kind if visit.fault else ""
        if kind == "peg" and path == "rendered":
            kind = "not-done"  # this path does not look at the engine's error
        said = spoil(said, kind, faults.PEG if kind == "peg" else visit.fault.text if visit.fault else "")
        if path != "native":
            said = guard_loops(said, visit.server.loops_fail)
    predict = options.get("num_predict", -1)
    limit = min(predict if predict >= 0 else 10 * context, 10 * context, max(0, context - said.prompt_tokens))
    return said if not said.done else cut(said, limit)


def speak_remote(visit: Visit, row: Model, began: float) -> Reply:
    prompt, sent = contents(visit)
    pictures = tuple(map(visit.server.measured, sent))
    asked = decoding.schema_of(visit.fields.get("format"))
    question = Question(row.full, prompt, pictures, None, {}, None, visit.entry.body, visit.entry.number)
    said = visit.server.speaks(row, question) if not isinstance(asked, dict) else Said(tokens_of("A cloud saw it."))
    return whole(visit, row, said, {"total_duration": visit.server.clock.now() - began})


def whole(visit: Visit, row: Model, said: Said, times: dict[str, float]) -> Reply:
    """The reply in one body or in lines, whichever was asked for."""
    metrics = {name: int(seconds * 1e9) for name, seconds in times.items()}
    metrics |= {"prompt_eval_count": said.prompt_tokens, "eval_count": said.count} if said.prompt_tokens else {}
    metrics = {name: number for name, number in metrics.items() if number}
    remote = {"remote_model": row.remote_model, "remote_host": row.remote_host} if row.remote else {}
    if visit.fault and visit.fault.kind == "remote-host":
        remote = {"remote_model": f"{row.family}:480b", "remote_host": "https://ollama.com:443"}
    head = {"model": visit.fields.get("model", row.full), **remote, "created_at": stamp()}
    last: Body = {"done": True, "done_reason": said.reason, **metrics} if said.done else {"done": False}
    if visit.kind == "generate" and said.done and said.prompt_tokens:
        last["context"] = [1, 2, 3]
    no_final = bool(visit.fault and visit.fault.kind == "no-final")
    if not visit.fields.get("stream", True):
        if said.error:
            raise Refused(500, said.error)
        last = {"done": False} if no_final else last
        return Reply(body={**head, **words(visit, said.text, said.thinking), **last})
    lines = [{**head, **words(visit, "", said.thinking), "done": False}] if said.thinking else []
    lines += [{**head, **words(visit, token), "done": False} for token in said.tokens]
    if said.error:
        lines.append({"error": said.error})
    elif said.done and not no_final:
        lines.append({**head, **words(visit, ""), **last})
    return Reply(lines=lines)


def words(visit: Visit, text: str, thinking: str = "") -> Body:
    thought = {"thinking": thinking} if thinking else {}
    if visit.kind == "generate":
        return {"response": text, **thought}
    return {"message": {"role": "assistant", "content": text, **thought}}


# The rest


def embed(visit: Visit) -> Reply:
    server, fields = visit.server, visit.fields
    given = fields.get("input")
    texts = [given] if isinstance(given, str) else given if given is not None else []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise bad("invalid input type")
    name = fields.get("model", "")
    try:
        row = found(visit, not_found(name))
    except Refused as refused:
        if refused.status == 404:
            raise Refused(404, f"model {quoted(name)} not found, try pulling it first") from refused
        raise
    options = load_options(visit, row, decoding.options(fields.get("options", {})))
    began = server.clock.now()
    lease = server.scheduler.lease(row, options, fields.get("keep_alive", DEFAULT_KEEP_ALIVE), visit.gone)
    try:
        lease.take_slot(visit.gone)
        server.clock.sleep(server.seconds_per_text * len(texts), visit.gone)
        width = min(fields.get("dimensions") or row.width, row.width)
        body: Body = {"model": name, "embeddings": [vector(row, text, width) for text in texts]}
    except BaseException:
        lease.release()
        raise
    numbers = {
        "total_duration": int((server.clock.now() - began) * 1e9),
        "load_duration": int(lease.load_seconds * 1e9),
        "prompt_eval_count": sum(1 + len(text) // 4 for text in texts),
    }
    body |= {key: number for key, number in numbers.items() if number}
    return Reply(body=body, finish=lease.release)


def vector(row: Model, text: str, width: int) -> list[float]:
    """A direction of length one that depends on model and text; the words of a text pull it, so that likes are near."""
    total = [0.0] * width
    for word in text.lower().split() or [""]:
        chance = random.Random(hashlib.sha256(f"{row.full}\n{word}".encode()).digest())
        total = [one + chance.gauss(0, 1) for one in total]
    length = math.sqrt(sum(one * one for one in total)) or 1.0
    return [struct.unpack("f", struct.pack("f", one / length))[0] for one in total]


def tags(visit: Visit) -> Reply:
    server = visit.server
    return Reply(body={"models": [listed(row, server) for row in server.models.values()]})


def listed(row: Model, server: StandIn) -> Body:
    remote = {"remote_model": row.remote_model, "remote_host": row.remote_host} if row.remote else {}
    more = {"capabilities": list(row.capabilities)} if server.since(0, 30) else {}
    return {
        "name": row.full,
        "model": row.full,
        **remote,
        "modified_at": SINCE,
        "size": row.size,
        "digest": row.digest,
        "details": row.details(server.since(0, 30)),
        **more,
    }


def ps(visit: Visit) -> Reply:
    server, now = visit.server, visit.server.clock.now()
    running = [
        {
            "name": runner.model.full,
            "model": runner.model.full,
            "size": runner.model.size,
            "digest": runner.model.digest,
            "details": runner.model.details(False),
            "expires_at": expires_stamp(runner.keep_alive if runner.leases else runner.expires - now),
            "size_vram": int(runner.model.size * runner.model.vram),
            "context_length": runner.options["num_ctx"],
        }
        for runner in server.scheduler.loaded()
    ]
    return Reply(body={"models": running})


def show(visit: Visit) -> Reply:
    if not (visit.fields.get("model") or visit.fields.get("name")):
        raise bad("model is required")
    row, server = found(visit, bad("invalid model name")), visit.server
    lengths = {f"{row.family}.context_length": row.train_ctx, f"{row.family}.embedding_length": 2560}
    sight = {f"{row.family}.vision.block_count": 24} if row.sees else {}
    remote = {"remote_model": row.remote_model, "remote_host": row.remote_host} if row.remote else {}
    body: Body = {
        "license": "Apache License",
        "modelfile": f"FROM {row.full}\n",
        "parameters": "\n".join(f"{name:30} {value}" for name, value in row.defaults.items()),
        "template": "{{ .Prompt }}",
        "details": row.details(server.since(0, 30)),
        **remote,
        "model_info": {"general.architecture": row.family, **lengths, **sight},
        "modified_at": SINCE,
    }
    if row.sees and not server.is_b:
        body["projector_info"] = {"clip.has_vision_encoder": True}
    if server.since(0, 6, 4):
        body["capabilities"] = list(row.capabilities)
    return Reply(body=body)


def pull(visit: Visit) -> Reply:
    server, given = visit.server, visit.fields.get("model") or visit.fields.get("name") or ""
    name = parse_name(given)
    if name is None:
        raise bad("invalid model name")
    if name.source == "cloud":
        server.journal.reproach(visit.entry, f"a cloud model was pulled: {given}")
    row = server.pullable.get(name.key) or server.models.get(name.key)
    lines: list[Body] = [{"status": "pulling manifest"}]
    if row is None:
        error = "pull model manifest: file does not exist"
        if visit.fields.get("stream", True):
            return Reply(lines=[*lines, {"error": error}])
        raise Refused(500, error)
    layer = {"status": f"pulling {row.digest[:12]}", "digest": f"sha256:{row.digest}", "total": server.pull_bytes}
    lines += [layer] + [{**layer, "completed": server.pull_bytes * part // 4} for part in (1, 2, 3, 4)]
    ends = ("verifying sha256 digest", "writing manifest", "removing unused layers", "success")
    lines += [{"status": status} for status in ends]
    server.models[row.key] = row
    return Reply(lines=lines) if visit.fields.get("stream", True) else Reply(body={"status": "success"})


def version(visit: Visit) -> Reply:
    return Reply(body={"version": visit.server.version})


def status(visit: Visit) -> Reply:
    off = visit.server.cloud == "disabled"
    return Reply(body={"cloud": {"disabled": off, "source": "env" if off else "none"}})


Route = Callable[[Visit], Reply]
GETS: dict[str, Route] = {"/api/version": version, "/api/tags": tags, "/api/ps": ps, "/api/status": status}
POSTS: dict[str, tuple[str, Route]] = {
    "/api/chat": ("ChatRequest", chat),
    "/api/generate": ("GenerateRequest", generate),
    "/api/embed": ("EmbedRequest", embed),
    "/api/show": ("ShowRequest", show),
    "/api/pull": ("PullRequest", pull),
}
