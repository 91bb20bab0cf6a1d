"""What a backend must be able to do: one method, and a name that tells its answers from others'.

The decision here: a backend gets decoded pictures and text, never paths, settings or the store, and
its reply is data. Refused: a base class that knows the pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Pixels = Any  # numpy uint8, height x width x 3, RGB, upright, sRGB


class Backend(Protocol):
    """What every backend says about itself."""

    name: str  # part of the maker: whatever would change the answers belongs in it
    parallel: int  # how many batches it wants at a time

    def why_not(self) -> str | None:
        """Why it cannot work here, as a sentence; None if it can."""


class Describer(Backend, Protocol):
    """Looks at pictures and answers a prompt."""

    def describe(self, pictures: Sequence[Pixels], prompt: str) -> list[str]:
        """One reply per picture, as the model gave it: text that ought to be JSON."""


class Embedder(Backend, Protocol):
    """Turns pictures and texts into vectors of one space."""

    space: str
    width: int

    def embed_pictures(self, pictures: Sequence[Pixels]) -> list[list[float]]: ...

    def embed_texts(self, texts: Sequence[str]) -> list[list[float]]: ...
