"""Lets a real llama.cpp server answer behind the stand-in's face, as Ollama does since 0.30.

The decision: requests are posted as Ollama posts them (native: /v1/chat/completions, rendered: /completion), streamed,
and the engine's errors are passed on in Ollama's wrapping; refused: calling the engine's library, which would skip the
very protocol that is to be tested.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.ollama_stand_in.answers import Question, Said
from tests.ollama_stand_in.decoding import Refused, write
from tests.ollama_stand_in.gbnf import grammar
from tests.ollama_stand_in.tiny_vlm import make

REASONS = {"stop": "stop", "length": "length", "limit": "length", "eos": "stop", "word": "stop"}
SAMPLING = ("temperature", "top_k", "top_p", "min_p", "seed", "stop", "repeat_penalty")


class BackendEngine:
    """Asks the llama.cpp server at this address."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._where = (parts.hostname, parts.port)
        self._timeout = timeout
        self.marker = self._get("/props").get("media_marker", "<__media__>")

    def _get(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self._where, timeout=self._timeout)
        try:
            connection.request("GET", path)
            return dict(json.loads(connection.getresponse().read()))
        finally:
            connection.close()

    def speak(self, question: Question, pictures: list[bytes], path: str) -> Said:
        """The engine's answer to a question, errors as Ollama words them."""
        options = {name: question.options[name] for name in SAMPLING if name in question.options}
        context = question.options.get("num_ctx", 4096)
        predict = question.options.get("num_predict", -1)
        options |= {"stream": True, "cache_prompt": True}
        limit = predict if predict >= 0 else 10 * context
        if path == "native":
            return self._native(question, pictures, {**options, "max_tokens": limit})
        return self._rendered(question, pictures, {**options, "n_predict": limit})

    def _native(self, question: Question, pictures: list[bytes], options: dict[str, Any]) -> Said:
        packed = [base64.b64encode(one).decode() for one in pictures]
        content = [{"type": "text", "text": question.prompt}]
        content += [{"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{one}"}} for one in packed]  # type: ignore[dict-item]
        body = {**options, "messages": [{"role": "user", "content": content}]}
        if isinstance(question.schema, dict):
            ordered = json.loads(json.dumps(question.schema, sort_keys=True))  # Ollama's Go map sorts the properties
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": ordered}}
        elif question.schema:
            body["response_format"] = {"type": "json_object"}
        said = Said([])
        for event in self._events("/v1/chat/completions", body):
            if "error" in event:
                said.done, said.error = False, f"llama-server chat error: {_go_map(event['error'])}"
                return said
            for choice in event.get("choices", []):
                piece = choice.get("delta", {}).get("content")
                said.tokens += [piece] if piece else []
                said.reason = REASONS.get(choice.get("finish_reason") or "", said.reason)
        return said

    def _rendered(self, question: Question, pictures: list[bytes], options: dict[str, Any]) -> Said:
        rendered = f"user: {self.marker * len(pictures)}{question.prompt}\nassistant: "
        body: dict[str, Any] = {**options, "prompt": rendered}
        if pictures:
            packed = [base64.b64encode(one).decode() for one in pictures]
            body["prompt"] = {"prompt_string": rendered, "multimodal_data": packed}
        if isinstance(question.schema, dict):
            body["grammar"] = grammar(question.schema)
        said = Said([], done=False)  # this path does not look at an error in mid-stream: it just ends
        for event in self._events("/completion", body):
            said.tokens += [event["content"]] if event.get("content") else []
            if event.get("stop"):
                said.done, said.reason = True, REASONS.get(event.get("stop_type", ""), "stop")
        return said

    def _events(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        connection = http.client.HTTPConnection(*self._where, timeout=self._timeout)
        try:
            connection.request("POST", path, write(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise Refused(answer.status, answer.read().decode().strip())
            for line in answer:
                text = line.strip().removeprefix(b"data: ").removeprefix(b"error: ")
                if text.startswith(b"{"):
                    yield json.loads(text)
        finally:
            connection.close()


def _go_map(error: Any) -> str:
    """A Go map as %v prints it: keys in order."""
    if isinstance(error, dict):
        return f"map[{' '.join(f'{key}:{_go_map(error[key])}' for key in sorted(error))}]"
    return str(error)


@contextmanager
def tiny_engine(folder: Path, parallel: int = 1, context: int = 4096, blind: bool = False) -> Iterator[BackendEngine]:
    """A real llama.cpp server in this process with the tiny random model; needs xllamacpp and gguf."""
    import xllamacpp

    text, sight = make(folder)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(text)
    if not blind:
        settings.mmproj.path = str(sight)
    settings.n_ctx = context * parallel
    settings.n_parallel = parallel
    settings.port = 0
    settings.warmup = False
    settings.verbosity = -1
    server = xllamacpp.Server(settings)
    try:
        yield BackendEngine(server.listening_address)
    finally:
        del server
