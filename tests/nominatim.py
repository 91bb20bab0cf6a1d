"""A stand-in for a Nominatim server, on loopback: it remembers who asked what and when, and answers as it is told.

The decision: a real server on a real socket, so that time-outs, broken replies and redirects are what they are in the
world; refused: a replaced geocoder, which would test what we believe about geopy.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GATE: dict[str, Any] = {
    "place_id": 1,
    "licence": "Data © OpenStreetMap contributors",
    "lat": "52.5162",
    "lon": "13.3777",
    "class": "tourism",
    "type": "attraction",
    "name": "Brandenburg Gate",
    "display_name": "Brandenburg Gate, Pariser Platz, Berlin",
    "address": {
        "tourism": "Brandenburg Gate",
        "road": "Pariser Platz",
        "city": "Berlin",
        "ISO3166-2-lvl4": "DE-BE",
        "postcode": "10117",
        "country": "Germany",
        "country_code": "de",
    },
}
NOTHING = {"error": "Unable to geocode"}


@dataclass(frozen=True)
class Asked:
    """One question as it came in."""

    at: float  # seconds of a clock that only goes forward
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Nominatim:
    """`reply` makes status, headers and body of every answer; a body that is no bytes is sent as JSON."""

    address: str
    asked: list[Asked] = field(default_factory=list)
    reply: Callable[[Asked], tuple[int, dict[str, str], Any]] = lambda _: (200, {}, GATE)
    drip: float = 0  # seconds between two bytes of a body
    released: threading.Event = field(default_factory=threading.Event)  # ends whatever the server still waits for

    def says(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer everything so from now on."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        self.reply = lambda _: (status, named, body)


@contextmanager
def nominatim() -> Iterator[Nominatim]:
    class Visitor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked = Asked(time.monotonic(), parts.path, query, dict(self.headers))
            stand_in.asked.append(asked)
            status, headers, body = stand_in.reply(asked)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                if not stand_in.drip:
                    self.wfile.write(content)
                for one in content if stand_in.drip else b"":
                    self.wfile.write(bytes([one]))
                    if stand_in.released.wait(stand_in.drip):
                        return
            except OSError:
                self.close_connection = True  # the visitor has had enough, as some tests want

        def log_message(self, *_: object) -> None:
            """Says nothing: the tests' output is not its place."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Visitor)
    stand_in = Nominatim(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
