"""Settings of what talks to servers: which, and what has to be allowed first.

The decision here: whatever lets a picture or a place leave the machine is personal: a person sets it for themselves,
and the file of a library, which may come from somebody else, cannot. Refused: consent that travels with photos.
"""

from __future__ import annotations

from dataclasses import dataclass

from phototag.settings_schema import setting


@dataclass(frozen=True, slots=True)
class Online:
    """What may be asked over the network; nothing, unless it is set."""

    places: bool = setting(
        False, "ask a Nominatim server for the names of places: it learns where photos were taken", personal=True
    )
    server: str = setting(
        "https://nominatim.openstreetmap.org",
        "the Nominatim server that is asked",
        shape="https?://[^/?#]+/?",
        looks='an address such as "https://nominatim.openstreetmap.org"',
        personal=True,
    )
    timeout_s: float = setting(10.0, "seconds that an answer may take", 0.1, 600)


@dataclass(frozen=True, slots=True)
class Ollama:
    """Which Ollama servers are asked, and how."""

    hosts: tuple[str, ...] = setting(("http://127.0.0.1:11434",), "the servers; several share the work")
    allow_hosts: tuple[str, ...] = setting(
        (), "hosts that may be sent pictures though they are another machine", personal=True
    )
    model: str = setting("", "the vision model; empty: the best one that is installed")
    parallel: int = setting(0, "requests in flight for each host; 0: as many as make it faster", 0, 64)
    keep_alive: str = setting("15m", "how long a model stays loaded after a request", shape=r"-?\d+[smh]", looks="15m")
    num_ctx: int = setting(8192, "tokens that picture, question and answer may take together", 2048, 262_144)
    num_predict: int = setting(600, "tokens of an answer at most", 16, 8192)
    temperature: float = setting(0.1, "how freely the model chooses its words", 0, 2)
    timeout_s: float = setting(600.0, "seconds that an answer may take", 1, 7200)
    seed: int = setting(0, "makes answers repeatable", 0, 2**31 - 1)
