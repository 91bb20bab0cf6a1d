"""A describer and embedder that see only colours: deterministic, shipped, for tests and dry rehearsals.

The decision here: it stands behind the same door as a real model and its answers depend on the
picture alone, so that a run can be killed, repeated and compared. `fake:0.05` takes 50 ms a picture.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xxhash

from phototag.backends.protocols import Pixels, Question
from phototag.errors import NoBackend, PhototagError

_COLOURS = ("red", "green", "blue")
_WIDTH = 16


class Fake:
    """Says how bright a picture is and which colour leads."""

    space = "fake"
    width = _WIDTH
    parallel = 1

    def __init__(self, delay: str = "") -> None:
        try:
            self._delay = float(delay or 0)
            if not 0 <= self._delay < 3600:
                raise ValueError(delay)
        except ValueError as trouble:
            raise NoBackend(
                f"fake:{delay} is not understood.", "Write fake, or fake:0.05 for 50 ms a picture."
            ) from trouble
        self.name = "fake"

    def why_not(self) -> str | None:
        return None

    def describe(self, pictures: Sequence[Pixels | None], questions: Sequence[Question]) -> list[str | PhototagError]:
        return [self._described(picture, question) for picture, question in zip(pictures, questions, strict=True)]

    def embed_pictures(self, pictures: Sequence[Pixels]) -> list[list[float]]:
        return [self._embedded(picture) for picture in pictures]

    def embed_texts(self, texts: Sequence[str]) -> list[list[float]]:
        return [_unit(np.frombuffer(xxhash.xxh3_128_digest(text.encode()), np.uint8) - 127.5) for text in texts]

    def _described(self, picture: Pixels | None, question: Question) -> str:
        """What is asked for, and no more: of other schemas the least that fits."""
        time.sleep(self._delay)
        means = np.zeros(3) if picture is None else picture.reshape(-1, 3).mean(axis=0)
        tone = "bright" if means.mean() > 127 else "dark"
        colour = _COLOURS[int(means.argmax())]
        says = {
            "description": f"A {tone} picture, mostly {colour}.",
            "keywords": [tone, colour],
            "category": "editorial",
        }
        asked = question.schema.get("properties", says)
        return json.dumps({name: says.get(name, _least(part)) for name, part in asked.items()} | _listed(asked))

    def _embedded(self, picture: Pixels) -> list[float]:
        rows = np.array_split(picture.astype(np.float32), _WIDTH // 4, axis=0)
        cells = [cell.mean() for row in rows for cell in np.array_split(row, 4, axis=1)]
        return _unit(np.array(cells, np.float32) - 127.5)


def _least(part: Mapping[str, Any]) -> Any:
    return part["enum"][0] if "enum" in part else [] if part.get("type") == "array" else "-"


def _listed(asked: Mapping[str, Any]) -> dict[str, Any]:
    """From a list of words to choose from the first one."""
    items = asked.get("keywords", {}).get("items", {})
    return {"keywords": items["enum"][:1]} if "enum" in items else {}


def _unit(vector: np.ndarray) -> list[float]:
    length = float(np.linalg.norm(vector)) or 1.0
    return [float(value) for value in vector / length]
