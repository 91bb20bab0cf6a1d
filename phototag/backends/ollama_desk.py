"""What `phototag models` asks the servers: which models are there, which one a run would take, and to fetch one.

The decision here: the same addresses and refusals as for a run, the same choice by the same code, and nothing that has
to do with pictures. Refused: a model that a run fetches on its own, and a second opinion on which models see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phototag.backends import ollama_hosts as hosts
from phototag.backends.ollama_client import Door, Pulled
from phototag.backends.ollama_models import Met, Model, is_cloud, meet, models
from phototag.backends.ollama_troubles import Then, Trouble
from phototag.errors import NoBackend

_NAMES = "Models that see: https://ollama.com/search?c=vision"
_START = "Install Ollama (https://ollama.com/download), start it (ollama serve), then: phototag models"


@dataclass(frozen=True, slots=True)
class VisionModel:
    """A model that may be asked about photos: local, and proved to see."""

    name: str
    parameters: str
    quantisation: str
    size: int
    loaded: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one server has; `trouble` and `hint` say why a run would not ask it, `chosen` is the model that it would."""

    host: str
    near: bool  # on this machine
    version: str = ""  # empty: it did not answer
    models: tuple[VisionModel, ...] = ()
    blind: tuple[str, ...] = ()
    cloud: tuple[str, ...] = ()
    chosen: str = ""
    trouble: str = ""
    hint: str = ""


def shelves(urls: Iterable[str], wanted: str = "", allowed: Sequence[str] = (), timeout_s: float = 600) -> list[Shelf]:
    """What each server has, and which model a run over all of them would take; `wanted` as in a run.

    A server that cannot be asked has a shelf that says why; NoBackend where a run would refuse the address.
    """
    found: list[Shelf] = []
    first: Met | None = None
    for where in [_permitted(url, allowed) for url in dict.fromkeys(urls)]:
        shelf, met = _shelf(_Moment(where, timeout_s), first, wanted)
        found.append(shelf)
        first = first or met
    return found


def listed(host: str, allowed: Iterable[str] = (), timeout_s: float = 600) -> list[Model]:
    """All models of one server; NoBackend where it cannot be asked."""
    where = _permitted(host, allowed)
    try:
        return models(Door(where, timeout_s))
    except Trouble as trouble:
        raise NoBackend(*_told(trouble, where, "")) from trouble


def pulled(host: str, model: str, allowed: Iterable[str] = (), timeout_s: float = 600) -> Iterator[Pulled]:
    """Has one server fetch a model, and says how far it is; NoBackend where that fails."""
    local(model)
    where = _permitted(host, allowed)
    door = Door(where, timeout_s)
    try:
        door.version()
    except Trouble as trouble:
        raise NoBackend(*_told(trouble, where, model)) from trouble
    try:
        yield from door.pull(model)
    except Trouble as trouble:
        sentence, hint = trouble.told(where, model)
        raise NoBackend(sentence, hint or _NAMES) from trouble


def local(model: str) -> None:
    """Raises NoBackend if a server would ask a cloud for this name."""
    if is_cloud(model):
        raise NoBackend(f"{model} is a cloud model: photos would leave your machine.", f"Choose another one. {_NAMES}")


class _Moment(Door):
    """A server as it was at one moment: each thing is asked once, however many of its models are looked at."""

    def __init__(self, where: hosts.Address, timeout_s: float) -> None:
        super().__init__(where, timeout_s)
        self._version = ""
        self._rows: list[Mapping[str, Any]] | None = None
        self._pages: dict[str, Mapping[str, Any]] = {}

    def version(self) -> str:
        self._version = self._version or super().version()
        return self._version

    def tags(self) -> list[Mapping[str, Any]]:
        if self._rows is None:
            self._rows = super().tags()
        return self._rows

    def show(self, model: str) -> Mapping[str, Any]:
        if model not in self._pages:
            self._pages[model] = super().show(model)
        return self._pages[model]


def _shelf(door: _Moment, first: Met | None, wanted: str) -> tuple[Shelf, Met | None]:
    """One server's shelf, and the model that a run would take there, if it would; `first` is that of another one."""
    where = door.where
    name = first.name if first else wanted
    near = where.reach == "loopback"
    try:
        there, loaded = _sorted(door), door.loaded()
    except Trouble as trouble:
        sentence, hint = _told(trouble, where, name)
        return Shelf(where.url, near, trouble=sentence, hint=hint), None
    rows = {row["name"]: row for row in door.tags()}
    seeing = tuple(
        VisionModel(one.name, one.parameters, _quantisation(rows[one.name]), one.size, one.name in loaded)
        for one in there["sees"]
    )
    blind, cloud = (tuple(one.name for one in there[kind]) for kind in ("blind", "cloud"))
    try:
        met = _chosen(door, first, wanted)
        return Shelf(where.url, near, door.version(), seeing, blind, cloud, met.name), met
    except Trouble as trouble:
        sentence, hint = trouble.told(where, name or "that it would choose")
        if not name and "suits this machine" in hint:
            hint = ""  # whoever lists the models recommends one
        return Shelf(where.url, near, door.version(), seeing, blind, cloud, "", sentence, hint), None


def _sorted(door: _Moment) -> dict[str, list[Model]]:
    """All models of a server by what a run would say to each, in the order of their names."""
    door.version()
    found: dict[str, list[Model]] = {"sees": [], "blind": [], "cloud": []}
    for model in sorted(models(door), key=lambda one: one.name):
        found[_kind(door, model)].append(model)
    return found


def _kind(door: _Moment, model: Model) -> str:
    if model.cloud or is_cloud(model.name):
        return "cloud"
    if model.sees is False:
        return "blind"
    try:
        meet(door, model.name)
    except Trouble as trouble:
        if trouble.then in (Then.STOP, Then.LEAVES):
            return "cloud" if trouble.then is Then.LEAVES else "blind"
        raise
    return "sees"


def _chosen(door: _Moment, first: Met | None, wanted: str) -> Met:
    """The model that a run takes here: the one that the first server gave it, in the same version."""
    met = meet(door, first.name if first else wanted)
    if first and first.digest != met.digest:
        other = "{host} has another version of the model {model}, whose answers would differ."
        raise Trouble(Then.STOP, other, "Bring both up to date: ollama pull {model}")
    return met


def _quantisation(row: Mapping[str, Any]) -> str:
    details = row.get("details")
    return str(details.get("quantization_level") or "") if isinstance(details, dict) else ""


def _told(trouble: Trouble, where: hosts.Address, model: str) -> tuple[str, str]:
    """Sentence and hint; where nobody listens, also how somebody would, and that nobody has to."""
    sentence, hint = trouble.told(where, model)
    if trouble.then is Then.LOST:
        return f"{sentence} phototag works without one; its own models need no server.", _START
    return sentence, hint


def _permitted(host: str, allowed: Iterable[str]) -> hosts.Address:
    where = hosts.address(host)
    hosts.permitted(where, allowed)
    return where
