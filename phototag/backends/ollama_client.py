"""The official Ollama client, tamed: one server, asked with time-outs, and nothing that leads anywhere else.

The decision here: the request goes to the address that the user named or nowhere (no redirect, no proxy towards this
machine or network, no key of a cloud in the headers), a reply has a last moment and a largest size, and every reply is
read raw for the two words that betray a cloud behind the server. Refused: the client as it comes, which waits for ever,
posts a picture again to wherever it is sent, and drops those two words; and streamed answers, whose errors have no
status and whose end may be missing.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

import httpx
import ollama

from phototag.backends.ollama_hosts import Address
from phototag.backends.ollama_troubles import Then, Trouble, refused, trouble_of

_CONNECT_S, _WRITE_S = 5.0, 60.0
_QUICK_S = 30.0  # for questions that load no model: a list is quick, a first look into a large file on a disk is not
_LOAD_S = 900.0  # a model from a slow disk into memory
_LARGEST = 20_000_000  # bytes of a reply: a list of a thousand models has two million
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pulled:
    """How far a download is: the server's word, bytes that are there, bytes in all (0: not told)."""

    status: str
    completed: int
    total: int


class Door:
    """One server. Every method raises Trouble and nothing else; for many threads."""

    def __init__(self, where: Address, timeout_s: float) -> None:
        self.where = where
        self._client = self._tamed(timeout_s)
        self._patient = self._tamed(max(timeout_s, _LOAD_S))
        self._quick = self._tamed(_QUICK_S, keep=0)  # each on a connection of its own: is anybody listening?

    def _tamed(self, seconds: float, keep: int | None = None) -> ollama.Client:
        return ollama.Client(
            self.where.url,
            timeout=httpx.Timeout(connect=_CONNECT_S, read=seconds, write=_WRITE_S, pool=None),
            follow_redirects=False,
            trust_env=self.where.reach == "far",
            verify=_certificates(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=keep, keepalive_expiry=60),
            event_hooks={"request": [_sent], "response": [_Reader(self.where, seconds)]},
        )

    def version(self) -> str:
        """What the server calls itself; Trouble where it is no Ollama server."""
        found = self._raw(self._quick, "GET", "/api/version").get("version")
        if not isinstance(found, str):
            raise Trouble(Then.STOP, "{host} does not answer as an Ollama server does.", "Look at its address.")
        return found

    def tags(self) -> list[Mapping[str, Any]]:
        """The models that are there, as the server lists them, remote ones too."""
        rows = self._raw(self._quick, "GET", "/api/tags").get("models") or []
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]

    def show(self, model: str) -> Mapping[str, Any]:
        """What the server knows of a model. The name must have been found to be none of a cloud's."""
        return self._raw(self._quick, "POST", "/api/show", {"model": model})

    def loaded(self) -> set[str]:
        """The names of the models that are in memory now."""
        rows = self._raw(self._quick, "GET", "/api/ps").get("models")
        return {str(row.get("name")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()

    def chat(self, model: str, **asked: Any) -> ollama.ChatResponse:
        """One whole answer; what comes of a cloud is Trouble, whoever made it come."""
        # think: a server takes a model's silence about it for yes.
        return self._asked(lambda: self._client.chat(model, stream=False, think=False, **asked))

    def load(self, model: str, **asked: Any) -> None:
        """Has the model loaded, with the options of the questions that follow: others would load it again."""
        self._asked(lambda: self._patient.chat(model, [], stream=False, think=False, **asked))

    def pull(self, model: str) -> Iterator[Pulled]:
        """Downloads a model, and says how far it is; the last status is `success`."""
        status = ""
        lines = self._asked(lambda: self._client.pull(model, stream=True))
        while (line := self._asked(lambda: next(lines, None))) is not None:
            status = line.status or ""
            yield Pulled(status, line.completed or 0, line.total or 0)
        if status != "success":
            raise Trouble(Then.LOST, "{host} broke off.", "Run it again: what was downloaded is kept.")

    def _raw(self, client: ollama.Client, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A reply as it is: the client's own types leave out what betrays a cloud."""

        def asked() -> object:
            return client._request_raw(method, path, json=body).json()  # type: ignore[no-untyped-call]

        found = self._asked(asked)
        if not isinstance(found, dict):
            raise Trouble(Then.STOP, "{host} does not answer as an Ollama server does.", "Look at its address.")
        return found

    def _asked(self, request: Callable[[], _T]) -> _T:
        try:
            return request()
        except Exception as error:
            raise trouble_of(error) from error


def betrays(reply: object) -> str:
    """The cloud behind an answer or a row of a list, "" where there is none."""
    if not isinstance(reply, dict):
        return ""
    return str(reply.get("remote_host") or reply.get("remote_model") or "")


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes longer than to ask a server."""
    return httpx.create_ssl_context()


class _Reader:
    """Reads each whole reply at once: in time, not too much, and looks for a cloud behind it."""

    def __init__(self, where: Address, seconds: float) -> None:
        self._where, self._seconds = where, seconds

    def __call__(self, response: httpx.Response) -> None:
        if response.request.url.path.endswith("/api/pull"):
            return  # a download: it takes as long as it takes, and carries nothing of ours
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx.DecodingError("packed, though nobody asked for it")  # what is small here may be large unpacked
        until = response.request.extensions.get("began", time.monotonic()) + self._seconds
        response.stream = _Bounded(cast(httpx.SyncByteStream, response.stream), until)
        response.read()
        if response.request.url.path.endswith("/api/chat"):
            _seen_to(response)


def _seen_to(response: httpx.Response) -> None:
    """Raises Trouble for what the client does not see in an answer: a cloud behind it, an error in a good status."""
    found = _parsed(response.content)
    if betrays(found):
        raise Trouble(
            Then.LEAVES,
            f"{{host}} had the answer made elsewhere: {_gone(_parsed(response.request.content))}.",
            "Remove the model (ollama rm {model}), and set OLLAMA_NO_CLOUD=1 for the server.",
        )
    if response.is_success and isinstance(found, dict) and found.get("error"):
        said = found["error"]
        raise refused(500, said if isinstance(said, str) else json.dumps(said))  # its own status is lost


def _gone(asked: object) -> str:
    """What of this question is now where nobody wanted it."""
    messages = asked.get("messages") if isinstance(asked, dict) else None
    if any(message.get("images") for message in messages or ()):
        return "a picture has left your machine"
    return "a question has left your machine" if messages else "the model {model} is not on the machine"


class _Bounded(httpx.SyncByteStream):
    """A body that ends in time: a read time-out alone lets a server drip for ever."""

    def __init__(self, stream: httpx.SyncByteStream, until: float) -> None:
        self._stream, self._until = stream, until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._stream:
            size += len(part)
            if size > _LARGEST:
                raise httpx.DecodingError("far too long")
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("it drips")
            yield part

    def close(self) -> None:
        self._stream.close()


def _sent(request: httpx.Request) -> None:
    """Notes when the request began, and takes OLLAMA_API_KEY out: it is ollama.com's, and nobody else's business."""
    request.extensions["began"] = time.monotonic()
    request.headers.pop("Authorization", None)
    request.headers["Accept-Encoding"] = "identity"


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None  # the client will say so
