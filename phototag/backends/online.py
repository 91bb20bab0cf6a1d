"""What is around a point, from the Nominatim server that the user has chosen, through geopy.

The decision here: one question a second at most, whoever asks in this process, and the reply is a stranger's text: of
limited length, its shape checked before geopy reads it, nothing but short printable words let through. No redirect is
followed: the user has said who may learn where the photos were taken, and nobody else is told. A proxy in the user's
environment is the user's own network and is used as geopy does, except for a server on this very machine. Refused:
geopy's own adapter, which follows redirects anywhere and reads replies of any length, and retries behind the back of
the run.
"""

from __future__ import annotations

import json
import threading
import time
import unicodedata
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from geopy.adapters import AdapterHTTPError, BaseSyncAdapter  # type: ignore[import-untyped]
from geopy.exc import (  # type: ignore[import-untyped]
    GeocoderParseError,
    GeocoderRateLimited,
    GeocoderServiceError,
    GeocoderTimedOut,
    GeopyError,
)
from geopy.geocoders.nominatim import Nominatim as Geocoder  # type: ignore[import-untyped]

from phototag import __version__

INTERVAL = 1.05  # seconds between two questions: one a second is allowed, and the way to the server is not even
PATIENCE = 30.0  # seconds that we wait where the server asks for it; who asks for more is not asked again
USER_AGENT = f"phototag/{__version__} (command-line program that tags and organises its user's own photos)"
DECIMALS = 5  # of a degree, about a metre: more is not sent, whatever the caller has
_LONGEST = 100  # characters of a name
_MOST_BYTES = 100_000  # of a reply; an ordinary one has 1,500
_MOST_PARTS = 40  # of an address
_NOTHING = "Unable to geocode"  # Nominatim's words for a point with nothing around
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a question: the checked reply ({} where there is nothing), or why there is none."""

    found: dict[str, Any] | None
    error: str = ""
    closed: bool = False  # the server asks to be left alone for longer than a run waits


class Nominatim:
    """One server, asked in one language."""

    def __init__(self, server: str, language: str, timeout_s: float, interval: float = INTERVAL) -> None:
        address = urlsplit(server)
        self.host = str(address.hostname)
        self._language, self._interval = language, interval
        self._turns = _TURNS.setdefault(address.netloc, _Turns())
        self._geocoder = Geocoder(
            domain=address.netloc,
            scheme=address.scheme,
            user_agent=USER_AGENT,
            timeout=timeout_s,
            proxies={} if self.host in _LOOPBACK else None,  # None: what the environment says
            adapter_factory=_Door,
        )

    def place(self, lat: float, lon: float) -> Reply:
        """The class, type, name and address of what is there; waits for its turn and never raises for a failure."""
        if not (abs(lat) <= 90 and abs(lon) <= 180):  # nan is refused too
            return self._nothing_said("there is no such point on Earth")
        point = (round(lat, DECIMALS) + 0.0, round(lon, DECIMALS) + 0.0)  # + 0.0: never "-0.0"
        self._turns.wait(self._interval)
        try:
            found = self._geocoder.reverse(point, language=self._language)
        except GeocoderRateLimited as trouble:
            pause = trouble.retry_after or 0
            self._turns.rest(min(pause, PATIENCE))
            return self._nothing_said("it has been asked too often (HTTP 429)", closed=pause > PATIENCE)
        except GeopyError as trouble:
            return self._nothing_said(str(trouble))
        return Reply({} if found is None else found.raw["checked"])

    def _nothing_said(self, reason: str, *, closed: bool = False) -> Reply:
        return Reply(None, f"{self.host} named no place: {words(reason)}", closed)


def words(text: object) -> str:
    """What is printable of a text from outside, on one line and not long; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    shown = (one if one.isprintable() else "" if unicodedata.category(one) in ("Cf", "Cs") else " " for one in text)
    return " ".join("".join(shown).split())[:_LONGEST].rstrip()


class _Turns:
    """Lets questions through one after the other, each a while after the start of the one before."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._next = 0.0

    def wait(self, interval: float) -> None:
        with self._guard:  # who comes meanwhile queues up here
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next = time.monotonic() + interval

    def rest(self, seconds: float) -> None:
        with self._guard:
            self._next = max(self._next, time.monotonic() + seconds)


_TURNS: dict[str, _Turns] = {}  # by server: two runs in one process are one visitor


class _StayHere(HTTPRedirectHandler):
    """Turns every redirect into an error: the other address is one that the user has not named."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _Door(BaseSyncAdapter):  # type: ignore[misc]
    """How geopy reaches the server."""

    def __init__(self, *, proxies: Any, ssl_context: Any) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        self._opener = build_opener(HTTPSHandler(context=ssl_context), ProxyHandler(proxies), _StayHere())

    def get_json(self, url: str, *, timeout: float, headers: dict[str, str]) -> dict[str, Any]:
        text = self.get_text(url, timeout=timeout, headers=headers)
        try:
            reply = json.loads(text)
        except (ValueError, RecursionError) as trouble:
            raise GeocoderParseError("its reply is no JSON") from trouble
        return _checked(reply)

    def get_text(self, url: str, *, timeout: float, headers: dict[str, str]) -> str:
        until = time.monotonic() + timeout
        try:
            with self._opener.open(Request(url, headers=headers), timeout=timeout) as page:
                return _body(page, until).decode("utf-8")
        except HTTPError as trouble:
            trouble.close()
            raise _refusal(trouble) from trouble
        except TimeoutError as trouble:
            raise GeocoderTimedOut("it took too long") from trouble
        except UnicodeDecodeError as trouble:
            raise GeocoderParseError("its reply is no text") from trouble
        except (OSError, HTTPException, ValueError) as trouble:
            reason = trouble.reason if isinstance(trouble, URLError) else trouble
            if isinstance(reason, TimeoutError):
                raise GeocoderTimedOut("it took too long") from trouble
            said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            raise GeocoderServiceError(f"it cannot be reached ({said})") from trouble


def _body(page: Any, until: float) -> bytes:
    """The reply, if it is small and all there in time: a time-out of the socket alone lets a server drip for ever."""
    body = b""
    while part := page.read1(_MOST_BYTES):
        body += part
        if len(body) > _MOST_BYTES:
            raise GeocoderParseError("its reply is far too long")
        if time.monotonic() > until:
            raise TimeoutError
    return body


def _refusal(trouble: HTTPError) -> AdapterHTTPError:
    """The error as geopy wants it, with nothing of the server's own words but a number of seconds."""
    pause = (trouble.headers.get("Retry-After") or "").strip()
    headers = {"retry-after": pause} if pause.isascii() and pause.isdigit() and len(pause) < 9 else {}
    said = "it sends us elsewhere" if 300 <= trouble.code < 400 else "it refuses"
    return AdapterHTTPError(f"{said} (HTTP {trouble.code})", status_code=trouble.code, headers=headers, text=None)


def _checked(reply: object) -> dict[str, Any]:
    """The reply as geopy reads it, its members that we read as short words; GeocoderParseError on another shape."""
    if not isinstance(reply, dict):
        raise GeocoderParseError("its reply is no JSON object")
    if reply.get("error") == _NOTHING:
        return {"error": _NOTHING}
    if "error" in reply:
        raise GeocoderParseError(f"it says {words(reply['error']) or 'that something went wrong'}")
    address = reply.get("address")
    if not isinstance(address, dict):
        raise GeocoderParseError("its reply has no address")
    parts = {words(part): words(name) for part, name in list(address.items())[:_MOST_PARTS]}
    found = {"class": reply.get("class") or reply.get("category"), "type": reply.get("type"), "name": reply.get("name")}
    checked = {part: words(text) for part, text in found.items()} | {"address": parts}
    return {"display_name": "", "checked": checked}
