"""Reads a request's body as Go's `encoding/json` does, and writes JSON as Go writes it.

The decision: each request is a table of fields and Go types, so that unknown keys, upper case, `null`, wrong types and
strict base64 behave as on the real server; refused: pydantic, which forgives what Go refuses and the other way round.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

FOREVER = float("inf")
DEFAULT_KEEP_ALIVE = 300.0
THOUGHTS = ("high", "medium", "low", "max")
ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
Reader = Callable[[Any, str], Any]


class Refused(Exception):
    """What the server answers instead: a status and a sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def bad(text: str) -> Refused:
    return Refused(400, text)


def write(value: Any) -> bytes:
    """JSON as Go's encoder makes it: no blanks, UTF-8 as it is, <, > and & escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "replace")


def quoted(text: str) -> str:
    """A string as Go's %q shows it, near enough."""
    return json.dumps(text, ensure_ascii=False)


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else {dict: "object", list: "array"}.get(type(value), "number")


def _mismatch(value: Any, where: str, go_type: str) -> Refused:
    return bad(f"json: cannot unmarshal {kind_of(value)} into Go struct field {where} of type {go_type}")


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _mismatch(value, where, "string")
    return value


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _mismatch(value, where, "bool")
    return value


def whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _mismatch(value, where, "int")
    if isinstance(value, float):
        raise bad(f"json: cannot unmarshal number {value} into Go struct field {where} of type int")
    return value


def mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _mismatch(value, where, "map[string]interface {}")
    return value


def anything(value: Any, where: str) -> Any:
    return value


def many(reader: Reader, go_type: str) -> Reader:
    def read(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise _mismatch(value, where, f"[]{go_type}")
        return [reader(one, where) for one in value]

    return read


def duration(value: Any, where: str) -> float:
    """Seconds of a keep_alive: a number, or a Go duration; below zero is for ever."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        go_type = {"object": "map[string]interface {}", "array": "[]interface {}"}.get(kind_of(value), kind_of(value))
        raise bad(f"Unsupported type: '{go_type}'")
    seconds = go_duration(value) if isinstance(value, str) else float(value)
    return FOREVER if seconds < 0 else seconds


def go_duration(text: str) -> float:
    """Seconds of `5m`, `1h30m` or `-1s`, with Go's sentences for what is none."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0.0
    total, seen = 0.0, False
    while rest:
        found = re.match(r"(\d+\.?\d*|\.\d+)([^\d.]*)", rest)
        if not found:
            break
        number, unit = found.groups()
        if not unit:
            raise bad(f"time: missing unit in duration {quoted(text)}")
        if unit not in UNITS:
            raise bad(f"time: unknown unit {quoted(unit)} in duration {quoted(text)}")
        total, seen, rest = total + float(number) * UNITS[unit], True, rest[found.end() :]
    if rest or not seen:
        raise bad(f"time: invalid duration {quoted(text)}")
    return -total if text.startswith("-") else total


def thought(value: Any, where: str) -> bool | str:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise bad('think must be a boolean or string ("high", "medium", "low", "max", true, or false)')
    if value not in THOUGHTS:
        raise bad(f'invalid think value: {quoted(value)} (must be "high", "medium", "low", "max", true, or false)')
    return value


def image(value: Any, where: str) -> bytes:
    """Standard base64 with its padding, newlines allowed: Go's `[]byte`."""
    if not isinstance(value, str):
        raise _mismatch(value, where, "[]uint8")
    packed = value.replace("\n", "").replace("\r", "")
    try:
        if len(packed) % 4 == 0:
            return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        pass  # said below, with the place
    raise bad(f"illegal base64 data at input byte {_first_bad_byte(value)}")


def _first_bad_byte(text: str) -> int:
    filled = 0
    for at, char in enumerate(text):
        if char in "\r\n":
            continue
        if char in ALPHABET:
            filled = (filled + 1) % 4
        elif char != "=" or filled < 2:
            return at
        else:
            return _after_padding(text, at, filled)
    return len(text) - filled


def _after_padding(text: str, at: int, filled: int) -> int:
    rest = [(place, char) for place, char in enumerate(text) if place > at and char not in "\r\n"]
    if filled == 3:
        return rest[0][0] if rest else at
    if not rest:
        return len(text)
    return rest[0][0] - 1 if rest[0][1] != "=" else (rest[1][0] if len(rest) > 1 else at)


MESSAGE: dict[str, Reader] = {
    "role": text,
    "content": text,
    "thinking": text,
    "images": many(image, "api.ImageData"),
    "tool_calls": anything,
    "tool_name": text,
    "tool_call_id": text,
}
_COMMON: dict[str, Reader] = {
    "model": text,
    "stream": flag,
    "format": anything,
    "keep_alive": duration,
    "options": mapping,
    "think": thought,
    "truncate": flag,
    "shift": flag,
    "logprobs": flag,
    "top_logprobs": whole,
}


def message(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _mismatch(value, where, "api.Message")
    fields = _fields(MESSAGE, value, where)
    return {**fields, "role": fields.get("role", "").lower()}


REQUESTS: dict[str, dict[str, Reader]] = {
    "ChatRequest": {**_COMMON, "messages": many(message, "api.Message"), "tools": anything},
    "GenerateRequest": {
        **_COMMON,
        "prompt": text,
        "suffix": text,
        "system": text,
        "template": text,
        "context": many(whole, "int"),
        "raw": flag,
        "images": many(image, "api.ImageData"),
    },
    "EmbedRequest": {
        "model": text,
        "input": anything,
        "truncate": flag,
        "dimensions": whole,
        "options": mapping,
        "keep_alive": duration,
    },
    "ShowRequest": {"model": text, "name": text, "verbose": flag, "options": mapping},
    "PullRequest": {"model": text, "name": text, "insecure": flag, "stream": flag},
}


def _fields(table: dict[str, Reader], given: dict[str, Any], where: str) -> dict[str, Any]:
    read = {}
    for key, value in given.items():
        name = key if key in table else key.lower()
        if name in table and value is not None:
            read[name] = table[name](value, f"{where}.{name}")
    return read


def parse(body: bytes) -> Any:
    """The first JSON value of the body; Go looks no further."""
    source = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    if not source:
        raise bad("missing request body")
    try:
        return json.JSONDecoder(parse_constant=_no_constant).raw_decode(source)[0]
    except json.JSONDecodeError as error:
        if error.pos >= len(source) or error.msg.startswith("Unterminated"):
            raise bad("unexpected EOF") from error
        raise bad(f"invalid character {source[error.pos]!r} looking for beginning of value") from error


def _no_constant(name: str) -> Any:
    raise bad(f"invalid character {name[0]!r} looking for beginning of value")


def request(kind: str, value: Any) -> dict[str, Any]:
    """The fields of a request that were given; refused as Go would refuse them."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad(f"json: cannot unmarshal {kind_of(value)} into Go value of type api.{kind}")
    return _fields(REQUESTS[kind], value, kind)


WHOLE = [
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "num_thread",
    "draft_num_predict",
    "num_keep",
    "seed",
    "num_predict",
    "top_k",
    "repeat_last_n",
]
REAL = ["top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty"]


def options(given: dict[str, Any]) -> dict[str, Any]:
    """The options that the server knows, floats cut to whole numbers; a wrong type is the server's 500."""
    read: dict[str, Any] = {}
    for name, value in given.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is None:
            continue
        if name in WHOLE:
            if not number:
                raise Refused(500, f"option {quoted(name)} must be of type integer")
            read[name] = int(value)
        elif name in REAL:
            if not number:
                raise Refused(500, f"option {quoted(name)} must be of type float32")
            read[name] = float(value)
        elif name == "use_mmap":
            if not isinstance(value, bool):
                raise Refused(500, f"option {quoted(name)} must be of type boolean")
            read[name] = value
        elif name == "stop":
            if not isinstance(value, list):
                raise Refused(500, f"option {quoted(name)} must be of type array")
            if not all(isinstance(one, str) for one in value):
                raise Refused(500, f"option {quoted(name)} must be of an array of strings")
            read[name] = value
    return read


def schema_of(given: Any) -> dict[str, Any] | str | None:
    """What `format` asks for: nothing, any JSON (`json`), or a schema; anything else is the server's 500."""
    if given is None or given == "":
        return None
    if given == "json" or isinstance(given, dict):
        return given
    shown = write(given).decode()
    raise Refused(500, f'invalid format: {shown}; expected "json" or a valid JSON Schema object')
