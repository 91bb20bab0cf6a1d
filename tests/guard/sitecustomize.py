"""Keeps the test suite off the network: whatever Python process it is in may talk to loopback and UNIX sockets only.

The decision: an audit hook, because the interpreter itself raises these events for every socket, whoever made it, and
no test can take a hook back; refused: replacing `socket.socket.connect`, which misses what C code or an earlier
`from socket import ...` holds. This folder stands on PYTHONPATH while the tests run, so that Python imports this file
at the start of every child process too; `tests/conftest.py` loads it for the test process itself.

An attempt raises `NetworkRefused` and leaves a line in the file that NETWORK_GUARD_LOG names, so that a test fails
even where the code under test swallows the error. Native libraries that open sockets without Python are not seen.
"""

from __future__ import annotations

import os
import sys

FAR_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
NAME_EVENTS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
ANY_ADDRESS = {"", "0.0.0.0", "::"}  # what a server binds to; as a target it is refused


class NetworkRefused(RuntimeError):
    """A test, or a program that it started, tried to reach past this machine."""


def is_loopback(host: object) -> bool:
    """127.0.0.0/8, ::1 and localhost; any other name would need a resolver, so it is not."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return host is None
    numbers = host.removeprefix("::ffff:").split(".")
    if len(numbers) == 4 and all(number.isdigit() for number in numbers):
        return numbers[0] == "127"
    return host.lower().rstrip(".") in {"localhost", "::1"}


def target_of(event: str, args: tuple[object, ...]) -> object:
    """The host that this event would reach, None where it stays on the machine."""
    if event in FAR_EVENTS:
        # An AF_UNIX address is a path, an AF_NETLINK one is numbers; a connected socket's sendmsg has none.
        address = args[1]
        if not isinstance(address, tuple) or not isinstance(address[0], str):
            return None
        return None if is_loopback(address[0]) else address[0]
    if event in NAME_EVENTS:
        name = args[0][0] if isinstance(args[0], tuple) else args[0]
        return None if is_loopback(name) or name in ANY_ADDRESS else name
    return None


def guard(event: str, args: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    target = target_of(event, args)
    if target is None:
        return
    sentence = f"{event} to {target!r}: the tests reach nothing but loopback"
    log = os.environ.get("NETWORK_GUARD_LOG")
    if log:
        with open(log, "a", encoding="utf-8") as lines:
            lines.write(sentence + "\n")
    raise NetworkRefused(sentence)


def import_the_next() -> None:
    """Runs the sitecustomize that this file hides, if the machine has one (Debian does)."""
    here = os.path.dirname(os.path.abspath(__file__))
    ours, path = sys.modules.pop(__name__), sys.path[:]
    sys.path[:] = [folder for folder in path if os.path.abspath(folder) != here]
    try:
        import sitecustomize  # noqa: F401
    except ModuleNotFoundError as missing:
        if missing.name != "sitecustomize":
            raise
        sys.modules[__name__] = ours
    finally:
        sys.path[:] = path


sys.addaudithook(guard)
if __name__ == "sitecustomize":
    import_the_next()
