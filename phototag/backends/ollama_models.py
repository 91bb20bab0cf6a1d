"""Which models a server has, which of them see, and which one is asked.

The decision here: a model is asked only if its name is none of a cloud's, the server's own list shows nothing remote
behind it, and it says that it can see, all before the first picture: an old server drops the picture of a blind model
without a word, and the model invents one. Refused: pulling a model that nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phototag.backends.ollama_client import Door, betrays
from phototag.backends.ollama_troubles import Then, Trouble

OLDEST = (0, 5, 0)  # the first that keeps an answer to a schema
_LOCAL_SINCE = (0, 17, 6)  # the first that understands `name:local`, which no cloud ever answers
# Best first: what a name begins with, and what must stand in it.
_ORDER = (
    ("qwen3-vl", "instruct"),
    ("qwen3.5", ""),
    ("gemma4", ""),
    ("gemma3", ""),
    ("qwen2.5vl", ""),
    ("minicpm-v", ""),
    ("llava", ""),
)
_LARGE = 12_000_000_000  # bytes: of the models of one kind the largest below this, else the smallest
_SEEING_FAMILIES = {"clip", "mllama"}  # of servers that are too old to say
_NONE_SEES = "{host} has no model that can see pictures."
_PULL = "See which one suits this machine, and get it: phototag models"
_CHOOSE = "Choose another one: phototag models"


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a server's list. `sees` is None where only a closer look tells; `cloud` is where it really runs."""

    name: str
    digest: str
    size: int
    parameters: str
    sees: bool | None
    cloud: str = ""


@dataclass(frozen=True, slots=True)
class Met:
    """The model that a server will be asked for: `name` is the list's, `asked` the one that stays on the machine."""

    name: str
    digest: str
    version: tuple[int, ...]
    asked: str


def is_cloud(name: str) -> bool:
    """Whether this name makes a server ask ollama.com, whatever its list shows."""
    tag = name.strip().lower().rpartition(":")[2] if ":" in name else ""
    return tag == "cloud" or (tag.endswith("-cloud") and "/" not in tag)


def models(door: Door) -> list[Model]:
    """All models of a server, as it lists them."""
    return [_model(row) for row in door.tags()]


def meet(door: Door, wanted: str, sees: bool = True) -> Met:
    """The model to ask here, proved to be there, local and seeing; Trouble says what is wrong. No picture is sent.

    One that was named and need not see (`sees` False) must be able to write.
    """
    version = _version(door.version())
    if (0, 0, 0) != version < OLDEST:  # what was built from source calls itself 0.0.0
        there = ".".join(map(str, version))
        raise Trouble(Then.STOP, f"The Ollama at {{host}} is too old ({there}).", "Update it to 0.5 or newer.")
    there_are = models(door)
    found = _named(there_are, wanted) if wanted else _best(door, there_are)
    if found.cloud or is_cloud(found.name):
        raise _cloud()
    if wanted:
        _look_closer(door, found, sees)
    local = version >= _LOCAL_SINCE
    return Met(found.name, found.digest, version, f"{found.name}:local" if local else found.name)


def _model(row: Mapping[str, Any]) -> Model:
    details = row.get("details") if isinstance(row.get("details"), dict) else {}
    can = row.get("capabilities")
    sees = "vision" in can if isinstance(can, list) else None
    size, digest = row.get("size"), str(row.get("digest") or "").removeprefix("sha256:")
    parameters = str((details or {}).get("parameter_size") or "")
    return Model(row["name"], digest, size if isinstance(size, int) else 0, parameters, sees, betrays(row))


def _named(there_are: Sequence[Model], wanted: str) -> Model:
    for model in there_are:
        if _key(model.name) == _key(wanted):
            return model
    raise Trouble(
        Then.STOP,
        "{host} does not have the model {model}.",
        "Get it: ollama pull {model} (or: phototag models --pull {model})",
    )


def _key(name: str) -> str:
    """One name for all ways to write it."""
    name = name.strip().lower().removesuffix(":local")
    name = re.sub(r"^(https?://)?(registry\.ollama\.ai/)?(library/)?", "", name)
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _best(door: Door, there_are: Sequence[Model]) -> Model:
    """The first by our order that sees; what runs in a cloud is passed over."""
    for model in sorted((one for one in there_are if not one.cloud and not is_cloud(one.name)), key=_rank):
        if model.sees is not False and _sees(door, model):
            return model
    raise Trouble(Then.STOP, _NONE_SEES, _PULL)


def _rank(model: Model) -> tuple[int, bool, int, str]:
    base = model.name.lower().rpartition("/")[2]
    kind = next((at for at, (begin, has) in enumerate(_ORDER) if base.startswith(begin) and has in base), len(_ORDER))
    too_large = model.size > _LARGE
    return kind, too_large, model.size if too_large else -model.size, model.name


def _look_closer(door: Door, model: Model, sees: bool) -> None:
    if sees and not _sees(door, model):
        raise Trouble(Then.STOP, "The model {model} at {host} cannot see pictures.", _CHOOSE)
    can = None if sees else _page(door, model).get("capabilities")
    if isinstance(can, list) and "completion" not in can:
        raise Trouble(Then.STOP, "The model {model} at {host} cannot write texts.", _CHOOSE)


def _page(door: Door, model: Model) -> Mapping[str, Any]:
    """What the server says of this one model: its list may be silent about eyes and about clouds."""
    page = door.show(model.name)
    if betrays(page):
        raise _cloud()
    return page


def _sees(door: Door, model: Model) -> bool:
    page = _page(door, model)
    can = page.get("capabilities")
    if isinstance(can, list):
        return "vision" in can
    about, details = page.get("model_info"), page.get("details")
    families = details.get("families") or [] if isinstance(details, dict) else []
    return bool(
        page.get("projector_info")
        or (isinstance(about, dict) and any(".vision." in key for key in about))
        or _SEEING_FAMILIES.intersection(families)
    )


def _cloud() -> Trouble:
    return Trouble(
        Then.LEAVES,
        "The model {model} at {host} runs in a cloud: photos would leave your machine.",
        "Choose a model that is on the machine: phototag models",
    )


def _version(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d{1,6}", text.split("-")[0])[:3]]
    return tuple([*numbers, 0, 0, 0][:3])
