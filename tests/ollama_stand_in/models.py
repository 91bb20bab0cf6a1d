"""Which models the stand-in has, what each can do, and what a name means.

The decision: a model is a row of facts (capabilities, image rule, era's own traps), so that a test makes the model that
it needs in one line; refused: a class for each family, whose differences nobody would find.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

Version = tuple[int, ...]
PREFIXES = ("https://", "http://", "registry.ollama.ai/", "library/")
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}")


def version_numbers(text: str) -> Version:
    """`0.32.15-rc1` as (0, 32, 15), so that versions can be compared."""
    return tuple(int(number) for number in re.findall(r"\d+", text.split("-")[0])[:3])


@dataclass(frozen=True)
class Name:
    """A model's name as the server understands it: `full` has its tag, `source` is cloud, local or nothing."""

    full: str
    source: str = ""

    @property
    def key(self) -> str:
        return self.full.lower()


def parse_name(text: str) -> Name | None:
    """Reads a name as the server does; None for one that is no name."""
    text = text.strip()
    source = ""
    head, colon, suffix = text.rpartition(":")
    low = suffix.strip().lower()
    if colon and (low == "cloud" or (low.endswith("-cloud") and "/" not in suffix)):
        source = "cloud"
    elif colon and low == "local":
        text, source = head, "local"
    for prefix in PREFIXES:
        text = text.removeprefix(prefix)
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, "latest"
    if not path or not all(PART.fullmatch(part) for part in [*path.split("/"), tag]):
        return None
    return Name(f"{path}:{tag}", source)


@dataclass(frozen=True)
class Model:
    """One model of the table; what is not said is what a small Qwen-VL has."""

    name: str
    family: str = "qwen3vl"
    capabilities: tuple[str, ...] = ("completion", "vision")
    parameters: str = "4.4B"
    size: int = 3_300_000_000
    train_ctx: int = 262_144
    defaults: dict[str, Any] = field(default_factory=dict)  # PARAMETER lines of its Modelfile
    pixels: int = 32  # an image token stands for pixels x pixels
    least_tokens: int = 1024
    most_tokens: int = 4096
    fixed_tokens: int | None = None  # squashed to a square: always so many
    least_side: int = 0  # era A: below it the runner dies
    one_at_a_time: bool = False  # the server forces one slot, whatever it was told
    one_image: bool = False
    parser: bool = False  # up to 0.31.1 `format` was ignored where think is false
    remote_host: str = ""
    remote_model: str = ""
    path: str = ""  # native or rendered, where it differs from the server's
    load_error: str = ""  # what loading it ends in
    vram: float = 1.0  # how much of it is on the GPU
    width: int = 384  # of its embeddings
    revision: str = ""  # another revision has another digest

    @property
    def full(self) -> str:
        """The name as lists show it."""
        name = parse_name(self.name)
        assert name is not None, f"no model name: {self.name!r}"
        return name.full

    @property
    def key(self) -> str:
        return self.full.lower()

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.key}\n{self.revision}".encode()).hexdigest()

    @property
    def sees(self) -> bool:
        return "vision" in self.capabilities

    @property
    def thinks(self) -> bool:
        return "thinking" in self.capabilities

    @property
    def remote(self) -> bool:
        return bool(self.remote_host and self.remote_model)

    def image_tokens(self, width: int, height: int) -> int:
        """How much of the context a picture of this size takes."""
        if self.fixed_tokens is not None:
            return self.fixed_tokens
        tokens = math.ceil(width / self.pixels) * math.ceil(height / self.pixels)
        return min(max(tokens, self.least_tokens), self.most_tokens)

    def details(self, with_lengths: bool) -> dict[str, Any]:
        lengths = {"context_length": self.train_ctx, "embedding_length": 2560} if with_lengths else {}
        return {
            "parent_model": "",
            "format": "" if self.remote else "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameters,
            "quantization_level": "Q4_K_M",
            **lengths,
        }


TEXT = ("completion", "tools")
SIGHT = ("completion", "vision")
ALONE: dict[str, Any] = {"one_at_a_time": True}
CLOUD: dict[str, Any] = {"remote_host": "https://ollama.com:443", "remote_model": "gpt-oss:20b"}
_ROWS = (
    Model("qwen3-vl:4b-instruct", least_side=32, **ALONE),
    Model("qwen3-vl:8b-instruct", parameters="8.8B", size=6_100_000_000, least_side=32, **ALONE),
    Model("qwen3.5:4b", family="qwen35", capabilities=(*SIGHT, "tools", "thinking"), parser=True, **ALONE),
    Model("gemma3:4b", family="gemma3", parameters="4.3B", train_ctx=131_072, fixed_tokens=256),
    Model("gemma4:4b", family="gemma4", capabilities=(*SIGHT, "thinking"), fixed_tokens=256),
    Model("qwen2.5vl:7b", family="qwen25vl", parameters="8.3B", size=6_000_000_000, pixels=28, least_side=28),
    Model("minicpm-v:8b", family="minicpmv", parameters="7.6B", size=5_500_000_000, fixed_tokens=640),
    Model("llava:7b", family="llama", parameters="7B", size=4_700_000_000, train_ctx=32_768, fixed_tokens=576),
    Model("moondream", family="phi2", parameters="1B", size=1_700_000_000, train_ctx=2048, fixed_tokens=729),
    Model("llama3.2-vision:11b", family="mllama", parameters="10.7B", fixed_tokens=1601, one_image=True, **ALONE),
    Model("llama3.2:3b", family="llama", capabilities=TEXT, parameters="3.2B", size=2_000_000_000, train_ctx=131_072),
    Model("all-minilm", family="bert", capabilities=("embedding",), parameters="23M", size=46_000_000, train_ctx=256),
    Model("gpt-oss:20b-cloud", family="gptoss", capabilities=(*TEXT, "thinking"), size=381, **CLOUD),
)
KNOWN = {row.name: row for row in _ROWS}


def model(name: str | Model, /, **other: Any) -> Model:
    """A row by its name; a name that is not known is a vision model of that name."""
    row = name if isinstance(name, Model) else KNOWN.get(name) or Model(name)
    return replace(row, **other) if other else row
