"""Where an Ollama server is, and whether a picture may go there.

The decision here: we read addresses ourselves, as Ollama's server reads OLLAMA_HOST, and one that is not loopback is
asked only if the user has named it as allowed; ollama.com never is. Where nobody names a server, the variable of the
environment may, under the same rules. Refused: the client's own reading, which keeps
quotes, fails at `::1` and connects wherever a variable of the environment points; and a bad port that silently becomes
the usual one, as it does there.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phototag.errors import NoBackend, UsageError

PORT = 11434
DEFAULT = "http://127.0.0.1:11434"
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")
_PATH = re.compile(r"[A-Za-z0-9._~/-]*")
_NEAR_ENDINGS = (".local", ".lan", ".home", ".fritz.box", ".internal", ".home.arpa", ".localhost")
_FORMS = "Write http://127.0.0.1:11434, or a name and a port such as tower.local:11434."


@dataclass(frozen=True, slots=True)
class Address:
    """One server. `reach`: loopback (this machine), lan (a private address or name), far (anything else)."""

    scheme: str
    host: str  # without brackets
    port: int
    path: str = ""
    reach: str = "far"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    def __str__(self) -> str:
        return self.url


def address(text: str) -> Address:
    """The address that a user wrote, or UsageError; nothing is looked up."""
    scheme, rest = _scheme(text.strip(" \t\r\n\"'"), text)
    netloc, slash, path = rest.partition("/")
    if "@" in netloc:
        raise UsageError("The address of an Ollama server has a name and a password in it.", _FORMS)
    if not _PATH.fullmatch(path) or re.search(r"[\s%?#\\]", netloc):
        raise UsageError(f"{text!r} is no address of an Ollama server.", _FORMS)
    host, port = _host_and_port(netloc, text)
    if host.rstrip(".") == "ollama.com" and "://" not in text:
        scheme, port = "https", port or _PORTS["https"]
    usual = _PORTS[scheme] if "://" in text else PORT
    host = _connectable(host, text)
    return Address(scheme, host, port or usual, (slash + path).rstrip("/"), _reach(host))


def usual(allowed: Iterable[str] = (), environ: Mapping[str, str] = os.environ) -> tuple[Address, str]:
    """The server to ask where nobody named one, and what to say of it: OLLAMA_HOST's, if that one may be asked."""
    text = environ.get("OLLAMA_HOST", "").strip(" \t\r\n\"'")
    if not text:
        return address(DEFAULT), ""
    try:
        where = address(text)
        permitted(where, allowed)
    except UsageError as wrong:
        said, hint = f"OLLAMA_HOST is set, and not used: {wrong.sentence}", wrong.hint
    except NoBackend as refused:
        said, hint = f"OLLAMA_HOST is set, and not used: {refused.sentence}", refused.hint
    else:
        return where, ""
    return address(DEFAULT), f"{said} {hint}"


def permitted(where: Address, allowed: Iterable[str]) -> None:
    """Raises NoBackend unless pictures may go there: to this machine always, elsewhere only if it is allowed."""
    host = where.host.rstrip(".")
    if host == "ollama.com" or host.endswith(".ollama.com"):
        raise NoBackend(
            "ollama.com is not asked: photos would leave your machine.", "Use an Ollama server of your own."
        )
    if where.reach == "loopback":
        return
    if host not in {_allowed_host(one) for one in allowed}:
        raise NoBackend(
            f"{where} is not asked: it is not this machine, and photos would be sent to it.",
            f"If that is what you want, allow it: --allow-host {host}",
        )
    if where.reach == "far" and where.scheme != "https":
        raise NoBackend(
            f"{where} is not asked: it is outside your network, and photos would travel there unencrypted.",
            f"Use https://{host}, or a private address.",
        )


def _scheme(text: str, given: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if not mark:
        return "http", text
    if scheme.lower() not in _PORTS:
        raise UsageError(f"{given!r} is no address of an Ollama server: it is neither http nor https.", _FORMS)
    return scheme.lower(), rest


def _host_and_port(netloc: str, given: str) -> tuple[str, int]:
    """The host in small letters without brackets, and the port, 0 where none is written."""
    if netloc.count(":") > 1 and "[" not in netloc:  # a bare IPv6 address has no port
        return netloc.lower(), 0
    if netloc.startswith("["):
        host, end, after = netloc[1:].partition("]")
        if not end or (after and not after.startswith(":")):
            raise UsageError(f"{given!r} is no address of an Ollama server.", _FORMS)
        port = after[1:]
    else:
        host, _, port = netloc.partition(":")
    if not port:
        return host.lower(), 0
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise UsageError(f"{given!r} is no address of an Ollama server: {port!r} is no port.", _FORMS)
    return host.lower(), int(port)


def _connectable(host: str, given: str) -> str:
    """What can be connected to: an address that means every interface becomes this machine."""
    if not host:
        return "127.0.0.1"
    try:
        number = ipaddress.ip_address(host)
    except ValueError as trouble:
        if not _NAME.fullmatch(host):
            raise UsageError(f"{given!r} is no address of an Ollama server.", _FORMS) from trouble
        return host
    if number.is_unspecified:
        return "127.0.0.1" if number.version == 4 else "::1"
    return str(number)


def _reach(host: str) -> str:
    """By the name alone: `localhost` and loopback addresses are this machine, whatever a resolver says of others."""
    if host.rstrip(".") == "localhost":
        return "loopback"
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".")
        numeric = name.rpartition(".")[2].isdigit()  # 127.1 and 2130706433 are addresses to some systems
        return "lan" if not numeric and ("." not in name or name.endswith(_NEAR_ENDINGS)) else "far"
    number = getattr(number, "ipv4_mapped", None) or number
    if number.is_loopback:
        return "loopback"
    return "lan" if number.is_private or number.is_link_local else "far"


def _allowed_host(text: str) -> str:
    return address(text).host.rstrip(".")
