"""What the model says: text made from the schema or given by the test, cut where the tokens end.

The decision: an answer depends on model, pictures, prompt, schema and seed and on nothing else, so that a test can ask
beforehand what will be said; refused: one generator for the whole server, whose answers depend on who came first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.ollama_stand_in.images import Picture
from tests.ollama_stand_in.schema import WORDS, Maker

TOKEN = re.compile(r" ?\w{1,6}|\s{1,2}|[^\w\s]")
EQUAL_CHUNKS = 30
EQUAL_CHUNKS_LATER = 100


@dataclass(frozen=True)
class Question:
    """A request as the model sees it; a test's `answers` gets it."""

    model: str
    prompt: str  # the text of all messages, one a line
    pictures: tuple[Picture, ...]
    schema: dict[str, Any] | str | None  # a JSON schema, "json", or nothing
    options: dict[str, Any]
    think: bool | str | None
    body: dict[str, Any]
    number: int  # of the request in the journal

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(picture.hash for picture in self.pictures)


Answers = Callable[[Question], Any]


@dataclass
class Said:
    """What came out of the model."""

    tokens: list[str]
    thinking: str = ""
    done: bool = True
    reason: str = "stop"
    error: str = ""  # an error in mid-stream
    counted: int | None = None
    prompt_tokens: int = 0
    seconds: tuple[float, float] = field(default=(0.0, 0.0))  # reading the prompt, writing

    @property
    def text(self) -> str:
        return "".join(self.tokens)

    @property
    def count(self) -> int:
        return len(self.tokens) + (self.reason == "stop") if self.counted is None else self.counted


def seed_of(model: str, images: tuple[str, ...], prompt: str, schema: Any, seed: int, server_seed: int) -> str:
    """What an answer depends on."""
    parts = [model, *images, prompt, json.dumps(schema, sort_keys=True), str(seed), str(server_seed)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def say(schema: Any, seed: str, manner: str, alphabetical: bool) -> str:
    """An answer that nobody gave: from the schema, or a sentence where there is none."""
    if isinstance(schema, dict) and schema:
        return Maker(schema, seed, manner, alphabetical).text()
    free = {"type": "object", "properties": {"caption": {"type": "string"}}, "required": ["caption"]}
    text = Maker(free, seed, manner).text()
    return text if schema else str(json.loads(text)["caption"])


def tokens_of(text: str) -> list[str]:
    return TOKEN.findall(text)


def cut(said: Said, limit: int) -> Said:
    """At most so many tokens; what is longer ends with `length`."""
    if len(said.tokens) > limit:
        said.tokens, said.reason = said.tokens[:limit], "length"
    return said


def guard_loops(said: Said, fails: bool) -> Said:
    """The rendered path and era A stop a model that repeats itself: the answer just ends."""
    most = EQUAL_CHUNKS_LATER if fails else EQUAL_CHUNKS
    equal, last = 0, None
    for at, token in enumerate(said.tokens):
        equal = equal + 1 if token.strip() == last else 0
        last = token.strip()
        if equal > most:
            said.tokens, said.done = said.tokens[:at], False
            said.error = "prediction aborted, token repeat limit reached" if fails else ""
            break
    return said


def spoil(said: Said, kind: str, text: str) -> Said:
    """A fault of what is said."""
    whole = said.text
    if kind == "empty-content":
        said.tokens = []
    elif kind == "in-thinking":
        said.tokens, said.thinking = [], whole
    elif kind == "fenced":
        said.tokens = tokens_of(f"```json\n{whole}\n```")
    elif kind == "prose":
        said.tokens = tokens_of(f"Here is the JSON you asked for:\n{whole}\nIs there anything else?")
    elif kind == "not-done":
        said.tokens, said.done = said.tokens[: len(said.tokens) // 2], False
    elif kind == "length":
        said.tokens, said.reason = said.tokens[: len(said.tokens) // 2], "length"
    elif kind == "loop":
        said.tokens = [*said.tokens[:3], *([f" {WORDS[0]}"] * 100_000)]
    elif kind in ("peg", "error-line"):
        said.tokens, said.error = said.tokens[: len(said.tokens) // 2], text
    return said
