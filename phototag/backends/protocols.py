"""What a backend must be able to do: one method, and a name that tells its answers from others'.

The decision here: a backend gets decoded pictures and text, never paths, settings or the store, and
its reply is data. Refused: a base class that knows the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from phototag.errors import PhototagError

Pixels = Any  # numpy uint8, height x width x 3, RGB, upright, sRGB


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one picture (or about none: the text alone), and the JSON schema that the answer must fit.

    {} as schema is free text. Another `turn` is the same question by other chances, for a second opinion.
    """

    text: str
    schema: Mapping[str, Any]
    turn: int = 0


class Backend(Protocol):
    """What every backend says about itself."""

    name: str  # part of the maker: whatever would change the answers belongs in it
    parallel: int  # how many photos it wants at a time, each in a thread of the caller; 0: batches, one after the other

    def why_not(self) -> str | None:
        """Why it cannot work here, as a sentence; None if it can."""


class Describer(Backend, Protocol):
    """Looks at pictures and answers a question about each."""

    def describe(self, pictures: Sequence[Pixels | None], questions: Sequence[Question]) -> list[str | PhototagError]:
        """For each picture (None: there is no picture) the reply as the model gave it, or why there is none.

        NoBackend is raised where no further picture would get one: the run stops.
        """


class Embedder(Backend, Protocol):
    """Turns pictures and texts into vectors of one space."""

    space: str
    width: int

    def embed_pictures(self, pictures: Sequence[Pixels]) -> list[list[float]]: ...

    def embed_texts(self, texts: Sequence[str]) -> list[list[float]]: ...
