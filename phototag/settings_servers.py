"""Settings of who looks at photos: models and servers, and what has to be allowed first.

The decision here: whatever lets a picture or a place leave the machine is personal: a person sets it for themselves,
and the file of a library, which may come from somebody else, cannot. Refused: consent that travels with photos.
"""

from __future__ import annotations

from dataclasses import dataclass

from phototag.settings_schema import CODE, setting


@dataclass(frozen=True, slots=True)
class Look:
    """What models are shown, and which ones."""

    side: int = setting(
        1024, "longest side in pixels of the picture that models see; Ollama gets 1280 at most", 64, 4096
    )
    describer: str = setting("", 'who writes keywords and captions, such as "ollama"; empty: the built-in choice')
    embedder: str = setting("", 'who makes search vectors, such as "fake"; empty: the built-in choice')
    download: bool = setting(False, "weights of an embedder may be fetched from their hub", personal=True)
    prompt: str = setting("", "what the describer is asked: the name of a prompt that phototag ships, or a file")
    style: str = setting("", "how the describer shall word things, such as: say wedding band, not ring")
    retag: bool = setting(False, "photos that another model or prompt described are asked about again")
    twice: bool = setting(
        False, "a describer is asked twice, by other chances, and believed where it agrees with itself"
    )
    every_photo: bool = setting(False, "each photo of a burst is asked about, instead of one for those that are alike")
    translate: tuple[str, ...] = setting(
        (), "languages into which Ollama translates its captions", shape=CODE, looks='codes such as "de"'
    )
    batch: int = setting(8, "photos decoded and looked at together", 1, 1024)


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

    hosts: tuple[str, ...] = setting(
        ("http://127.0.0.1:11434",), "the servers; several share the work; unset: OLLAMA_HOST, if it is this machine"
    )
    allow_hosts: tuple[str, ...] = setting(
        (), "hosts that may be sent pictures though they are another machine", personal=True
    )
    model: str = setting("", "the vision model; empty: the best one that is installed")
    translator: str = setting("", "the model that translates; empty: the vision model")
    hottest: int = setting(0, "degrees at which this machine's GPU gets a rest; 0: when it says itself", 0, 120)
    parallel: int = setting(0, "requests in flight for each host; 0: as many as make it faster", 0, 64)
    keep_alive: str = setting("15m", "how long a model stays loaded after a request", shape=r"-?\d+[smh]", looks="15m")
    num_ctx: int = setting(8192, "tokens that picture, question and answer may take together", 2048, 262_144)
    num_predict: int = setting(600, "tokens of an answer at most", 16, 8192)
    temperature: float = setting(0.1, "how freely the model chooses its words", 0, 2)
    timeout_s: float = setting(600.0, "seconds that an answer may take", 1, 7200)
    seed: int = setting(0, "makes answers repeatable", 0, 2**31 - 1)
