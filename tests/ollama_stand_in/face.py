"""The HTTP side: reads a request, keeps the journal, finds the fault, and sends the reply as well or as badly as told.

The decision: head and body leave in as few writes as Go makes, and a fault breaks them at a known byte; refused: a web
framework, which would repair what we break.
"""

from __future__ import annotations

import json
import socket
import struct
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.ollama_stand_in import decoding, faults, images, routes
from tests.ollama_stand_in.decoding import Refused
from tests.ollama_stand_in.faults import EARLY, Fault
from tests.ollama_stand_in.journal import Entry
from tests.ollama_stand_in.routes import Reply, Visit
from tests.ollama_stand_in.scheduler import ClientGone

if TYPE_CHECKING:
    from tests.ollama_stand_in.server import StandIn

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"
LINES = "application/x-ndjson"
HTML = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n"
)


class Face(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Says nothing: the tests' output is not its place."""

    @property
    def stand_in(self) -> StandIn:
        return self.server.stand_in  # type: ignore[attr-defined,no-any-return]

    def gone(self) -> bool:
        """Whether the client has closed the connection."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def serve(self) -> None:
        """One request, from its body to its end in the journal."""
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body()
        works = self.command == "POST" and path in faults.WORK
        entry = self.stand_in.journal.begin(self.command, path, headers, works)
        try:
            self._visit(entry, body)
        except (ClientGone, ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            self.stand_in.journal.end(entry, "gone")

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _visit(self, entry: Entry, body: bytes) -> None:
        stand_in = self.stand_in
        if self.path.startswith("http"):
            stand_in.journal.reproach(entry, f"asked as a proxy, for {self.path}")
        if "authorization" in entry.headers and not stand_in.allow_authorization:
            stand_in.journal.reproach(entry, "an Authorization header was sent")
        origin = urlsplit(entry.headers.get("origin", "")).hostname
        if not stand_in.may_visit(entry.headers.get("host", "")) or origin not in (None, "localhost", "127.0.0.1"):
            return self._plain(entry, 403, b"", "")
        if entry.path == "/" and self.command in ("GET", "HEAD"):
            return self._plain(entry, 200, b"Ollama is running", TEXT)
        if (entry.path not in routes.GETS and entry.path not in routes.POSTS) or (
            entry.path == "/api/status" and not stand_in.since(0, 16, 2)
        ):
            return self._plain(entry, 404, b"404 page not found", TEXT)
        if self.command not in (("POST",) if entry.path in routes.POSTS else ("GET", "HEAD")):
            return self._plain(entry, 405, b"405 method not allowed", TEXT)
        visit = Visit(stand_in, entry, gone=self.gone)
        try:
            reply = self._routed(visit, body)
        except Refused as refused:
            said: dict[str, Any] = {"error": refused.text}
            if refused.status == 401:
                said["signin_url"] = "https://ollama.com/connect?name=here&key=none"
            reply = Reply(refused.status, said)
        if reply is not None:
            try:
                self._send(visit, reply)
            finally:
                reply.finish()

    def _routed(self, visit: Visit, body: bytes) -> Reply | None:
        """The route's reply; None where an early fault has already answered."""
        entry, route = visit.entry, routes.GETS.get(visit.entry.path)
        if route is None:
            kind, route = routes.POSTS[entry.path]
            value = decoding.parse(body)
            self._note(entry, value)
            visit.fields = decoding.request(kind, value)
            self._measure(visit)
        visit.fault = self.stand_in.faults.find(entry.path, entry.model, entry.images)
        if visit.fault and visit.fault.kind in EARLY:
            self._fail(visit, visit.fault)
            return None
        return route(visit)

    def _note(self, entry: Entry, value: Any) -> None:
        """Keeps the body for the journal; its pictures become hashes once they are read."""
        if isinstance(value, dict):
            entry.body = value
            given = next((value[key] for key in value if key.lower() in ("model", "name")), "")
            entry.model = given if isinstance(given, str) else ""

    def _measure(self, visit: Visit) -> None:
        if visit.entry.path not in ("/api/chat", "/api/generate"):
            return
        stand_in, entry = self.stand_in, visit.entry
        entry.prompt, sent = routes.contents(visit)
        pictures = tuple(map(stand_in.measured, sent))
        stand_in.journal.saw(entry, pictures)
        for picture in pictures:
            for sentence in images.reproaches(picture, stand_in.longest, stand_in.era, stand_in.numbers):
                stand_in.journal.reproach(entry, sentence)
        hashes = iter(entry.images)
        entry.body = _without_pictures(entry.body, hashes)

    # Sending

    def _head(self, status: int, kind: str, more: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {_phrase(status)}"]
        lines += [f"Content-Type: {kind}"] if kind else []
        lines += [f"{name}: {value}" for name, value in more.items()]
        lines += ["Connection: close"] if self.close_connection else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _plain(self, entry: Entry, status: int, content: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.stand_in.journal.end(entry, "answered", status)
        head = self._head(status, kind, {**(more or {}), "Content-Length": str(len(content))})
        self.connection.sendall(head if self.command == "HEAD" else head + content)

    def _break(self) -> None:
        """Ends the connection with a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def _fail(self, visit: Visit, fault: Fault) -> None:
        """The faults that need no answer."""
        entry, stand_in = visit.entry, self.stand_in
        stand_in.journal.end(entry, f"fault: {fault.kind}", fault.status)
        if fault.kind == "dies":
            stand_in.die()
        if fault.kind in ("reset", "dies"):
            return self._break()
        if fault.kind == "crash":
            row = stand_in.find(entry.model)
            if row:
                stand_in.scheduler.crash(row)
            return self._plain(entry, 500, decoding.write({"error": faults.CRASH}), JSON)
        if fault.kind == "redirect":
            return self._plain(entry, 307, b"", "", {"Location": stand_in.canary_url + entry.path})
        if fault.kind == "html":
            return self._plain(entry, 502, HTML, "text/html", fault.headers)
        if fault.kind == "empty-body":
            return self._plain(entry, fault.status, b"", "", fault.headers)
        if fault.kind == "odd-shape":
            return self._plain(entry, 200, b'{"message":"not an object","done":"perhaps"}', JSON)
        status = 200 if fault.kind == "error-in-200" else fault.status
        self._plain(entry, status, decoding.write({"error": fault.text}), JSON, fault.headers)

    def _send(self, visit: Visit, reply: Reply) -> None:
        fault = visit.fault
        if fault and fault.kind == "slow-headers":
            self.stand_in.clock.sleep(fault.seconds, self.gone)
        if reply.lines is not None:
            self._send_lines(visit, reply)
        else:
            self._send_body(visit, reply, decoding.write(reply.body))

    def _finish(self, visit: Visit, reply: Reply, status: int) -> None:
        """The last bytes are about to leave: slot and journal are free."""
        reply.finish()
        outcome = f"fault: {visit.fault.kind}" if visit.fault else "answered"
        self.stand_in.journal.end(visit.entry, outcome, status)

    def _send_body(self, visit: Visit, reply: Reply, content: bytes) -> None:
        fault = visit.fault.kind if visit.fault and reply.status == 200 else ""
        if fault == "never-ends":
            return self._never_end(visit, reply, JSON, b" ")
        if fault == "cut-json":
            content = content[: len(content) // 2]
        broken = fault in ("wrong-length", "reset-mid-body", "reset-mid-stream", "close-mid-stream")
        length = len(content) + (100 if fault == "wrong-length" else 0)
        head = self._head(reply.status, JSON, {"Content-Length": str(length)})
        if fault == "drip":
            assert visit.fault
            self.connection.sendall(head)
            for at in range(len(content) - 1):
                self.connection.sendall(content[at : at + 1])
                self.stand_in.clock.sleep(visit.fault.seconds, self.gone)
            head, content = b"", content[-1:]
        self._finish(visit, reply, reply.status)
        if self.command == "HEAD":
            content = b""
        if not broken:
            return self.connection.sendall(head + content)
        self.close_connection = True
        self.connection.sendall(head + (content if fault == "wrong-length" else content[: len(content) // 2]))
        if fault.startswith("reset"):
            self._break()

    def _chunk(self, content: bytes) -> None:
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(content), content))

    def _line(self, content: bytes) -> None:
        """One line; a character of several bytes is torn in two, as a network may do."""
        torn = next((at for at, byte in enumerate(content) if byte >= 0x80), None)
        if torn is None:
            return self._chunk(content)
        self._chunk(content[: torn + 1])
        self._chunk(content[torn + 1 :])

    def _send_lines(self, visit: Visit, reply: Reply) -> None:
        fault = visit.fault.kind if visit.fault else ""
        lines = [decoding.write(line) + b"\n" for line in reply.lines or []]
        if fault == "never-ends":
            return self._never_end(visit, reply, LINES, lines[max(0, len(lines) - 2)])
        self.connection.sendall(self._head(200, LINES, {"Transfer-Encoding": "chunked"}))
        halfway = fault in ("wrong-length", "reset-mid-body", "reset-mid-stream", "close-mid-stream")
        if halfway:
            lines = lines[: max(1, len(lines) // 2)]
        elif fault == "cut-json":
            lines[-1] = lines[-1][: len(lines[-1]) // 2]
        for line in lines[:-1]:
            if fault == "drip" and visit.fault:
                self.stand_in.clock.sleep(visit.fault.seconds, self.gone)
            self._line(line)
        self._finish(visit, reply, 200)
        for line in lines[-1:]:
            self._line(line)
        if not halfway:
            return self.connection.sendall(b"0\r\n\r\n")
        self.close_connection = True
        if fault.startswith("reset"):
            self._break()

    def _never_end(self, visit: Visit, reply: Reply, kind: str, content: bytes) -> None:
        assert visit.fault
        self.connection.sendall(self._head(200, kind, {"Transfer-Encoding": "chunked"}))
        while True:
            self._chunk(content)
            self.stand_in.clock.sleep(visit.fault.seconds, self.gone)


class Canary(Face):
    """Where a redirect leads: to be reached is the fault."""

    def serve(self) -> None:
        path = urlsplit(self.path).path
        size = len(self._body())
        self.stand_in.canary_reached.append(f"{self.command} {path}, {size} bytes")
        self.stand_in.violations.append(f"{self.command} {path}: the canary was reached with {size} bytes")
        content = json.dumps({"error": "nobody should be here"}).encode()
        self.connection.sendall(self._head(200, JSON, {"Content-Length": str(len(content))}) + content)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "status code 499" if status == 499 else "Unknown"


def _without_pictures(value: Any, hashes: Any) -> Any:
    """The body with a hash for every picture, in their order."""
    if isinstance(value, dict):
        return {
            key: [next(hashes, "?") for _ in one]
            if key.lower() == "images" and isinstance(one, list)
            else _without_pictures(one, hashes)
            for key, one in value.items()
        }
    return [_without_pictures(one, hashes) for one in value] if isinstance(value, list) else value
