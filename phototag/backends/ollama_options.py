"""What the settings may say of Ollama servers, and how a question is asked by them.

The decision here: what a model is loaded with is the same in every request of a run, for another value has a server
load it again; only the choice of words (seed, temperature) differs between a first question, one asked once more, and
another turn. What changes answers is in the name of their maker. Refused: options that reach a server unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from phototag.backends.heat import EVERY_S

_FREER = 0.4  # the temperature from which another seed brings another answer
_TURN = 1000  # between the seeds of two turns
_IN_THE_NAME = ("num_ctx", "num_predict", "temperature", "seed")  # what changes answers, where it was changed


@dataclass(frozen=True, slots=True)
class Manner:
    """How a picture is sent, and how the model is to choose its words."""

    side: int
    quality: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """What the settings may say; none of it reaches a server but by name."""

    hosts: Sequence[str] = ()  # none: the usual one
    allow_hosts: Sequence[str] = ()
    parallel: int = 0  # requests at once at each server; 0: as many as pay
    keep_alive: str = "15m"
    num_ctx: int = 8192
    num_predict: int = 600
    temperature: float = 0.1
    timeout_s: float = 600
    seed: int = 0
    hottest: int = 0  # degrees of this machine's GPU; 0: its own word alone
    translator: str = ""  # another model's name: whoever makes that one looks at it
    sees: bool = True  # False: a model that is asked about texts alone, and need not see
    pause_s: float = 0.5  # before a busy server is asked again, doubled each time
    patience_s: float = 20  # until a server that is gone is given up
    tell_every_s: float = 15  # while a model is loaded
    tell_busy_s: float = 10  # that a server answers nothing but that it has no time
    heat_every_s: float = EVERY_S

    @property
    def changed(self) -> str:
        """What was changed that changes answers, as a part of a maker's name."""
        usual = {field.name: field.default for field in fields(self)}
        own = {name: getattr(self, name) for name in _IN_THE_NAME}
        return "".join(f"/{name}={value}" for name, value in own.items() if value != usual[name])

    def manners(self, turn: int = 0) -> tuple[Manner, Manner]:
        """How it is asked first, and how once more; a model is loaded with the same in both, and in any turn."""
        freer = max(_FREER, self.temperature)
        first: dict[str, Any] = {"num_ctx": self.num_ctx, "num_predict": self.num_predict}
        first |= {"temperature": freer if turn else self.temperature, "seed": self.seed + _TURN * turn}
        again = first | {"temperature": freer, "seed": first["seed"] + 1, "repeat_penalty": 1.1}
        return Manner(1280, 88, first), Manner(768, 80, again)
