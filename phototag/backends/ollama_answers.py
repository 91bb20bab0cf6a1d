"""What is sent of a picture, and which reply counts as an answer.

The decision here: a picture leaves as a small JPEG made of its pixels alone, so that nothing of the file can travel
with it; an answer counts only if it was finished, not cut, and has what its schema asks for. More than was asked for
(longer texts and lists, numbers out of range, the same word twice) is no fault, for some servers keep to no such limit:
who asked cuts and thins out. JSON that stands in the thoughts or between fences is taken, and counted. Where a schema
has `minProperties` beside `required`, so many of its members do. Refused: repairing an answer that was cut.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from phototag.backends.protocols import Pixels
from phototag.errors import Unreadable
from phototag.report import duration, many

LONGEST = 1280
_LEAST = 64  # pixels of a side: below half of it some servers crash
_MOST_ASPECT = 20
_GREY = (127, 127, 127)


class Unfit(Exception):
    """Why a reply is no answer."""


def jpeg(pixels: Pixels, side: int, quality: int) -> bytes:
    """The picture as it is sent: never longer than `side`, never enlarged, without metadata."""
    height, width = pixels.shape[:2]
    if not min(height, width) or max(height, width) > _MOST_ASPECT * min(height, width):
        raise Unreadable(f"the picture is too narrow to be described: {width} x {height} pixels")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((min(side, LONGEST),) * 2, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if min(image.size) < _LEAST:
        framed = Image.new("RGB", (max(_LEAST, image.width), max(_LEAST, image.height)), _GREY)
        framed.paste(image, ((framed.width - image.width) // 2, (framed.height - image.height) // 2))
        image = framed
    sent = io.BytesIO()
    image.save(sent, "JPEG", quality=quality)
    return sent.getvalue()


@dataclass(frozen=True, slots=True)
class Said:
    """An accepted answer; `oddly` says where it was found if not in its place: thinking, or salvaged."""

    text: str
    oddly: str = ""


def accepted(reply: Any, schema: Mapping[str, Any]) -> Said:
    """The answer in a chat reply, or Unfit that says what is wrong with it."""
    if not reply.done:
        raise Unfit("the answer broke off, as a model's does that repeats itself")
    if reply.done_reason != "stop":
        raise Unfit(
            "the answer was too long" if reply.done_reason == "length" else f"it ended with {reply.done_reason!r}"
        )
    content, thinking = (reply.message.content or "").strip(), (reply.message.thinking or "").strip()
    if not schema:
        if not content:
            raise Unfit("the answer was empty")
        return Said(content)
    if not content and not thinking:
        raise Unfit("the answer was empty")
    oddly = "" if content else "thinking"
    text = content or thinking
    value = _json(text)
    if value is _NONE:
        text, oddly = _first_object(text), "salvaged"
        value = _json(text)
    if value is _NONE:
        raise Unfit("the answer is no JSON")
    if fault := misfit(value, schema):
        raise Unfit(f"the answer does not fit: {fault}")
    return Said(text, oddly)


_NONE = object()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NONE


def _first_object(text: str) -> str:
    """The first whole {...} in fences or among words, "" where there is none."""
    start = text.find("{")
    while start >= 0:
        try:
            _, end = json.JSONDecoder().raw_decode(text, start)
            return text[start:end]
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
    return ""


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def misfit(value: Any, schema: Mapping[str, Any], name: str = "it") -> str:
    """What is wrong with a value by the keywords of a schema that a server's grammar honours; "" if nothing."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is_a(value, kind) for kind in kinds):
        return f"`{name}` is no {' or '.join(kinds)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"`{name}` is none of the words to choose from"
    if "const" in schema and value != schema["const"]:
        return f"`{name}` is another value"
    if isinstance(value, str | list) and len(value) < schema.get(
        "minLength" if isinstance(value, str) else "minItems", 0
    ):
        return f"`{name}` is too short"
    if isinstance(value, dict):
        return _member_misfit(value, schema)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        one_of_many = {**schema["items"], "minLength": 0}  # an empty word among good ones is left out by who asked
        return next(filter(None, (misfit(one, one_of_many, name) for one in value)), "")
    return ""


def grammar(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as a server gets it: it is to give every member, however few do."""
    return {key: part for key, part in schema.items() if key != "minProperties"}


def _member_misfit(value: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    members = schema.get("properties", {})
    if "minProperties" in schema:
        good = [key for key, part in members.items() if key in value and not misfit(value[key], part, key)]
        if len(good) >= schema["minProperties"]:
            return ""
    absent = [key for key in schema.get("required", ()) if key not in value]
    if absent:
        return f"`{absent[0]}` is missing"
    if schema.get("additionalProperties") is False and any(key not in members for key in value):
        return "it has a member that nobody asked for"
    return next(filter(None, (misfit(value[key], part, key) for key, part in members.items() if key in value)), "")


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _TYPES.get(kind, (object,)))


def tally(counts: Mapping[str, int], slowed_s: float = 0.0) -> str:
    """What became of all questions, as a part of a sentence; "" where nothing did."""
    told = [f"{counts[name]:,} {text}" for name, text in _TALLY.items() if counts.get(name)]
    told = [many(counts["answered"], "answer"), *told] if counts.get("answered") else told
    return ", ".join([*told, f"slowed down for {duration(slowed_s)} by a hot GPU"] if slowed_s else told)


_TALLY = {
    "failed": "failed",
    "again": "asked again",
    "handed back": "handed back to another server",
    "busy": "waited for a busy server",
    "thinking": "found in the model's thoughts",
    "salvaged": "found among other words",
}
