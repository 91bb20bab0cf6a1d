"""What `phototag models` asks the servers: which models are there, and to fetch one.

The decision here: the same addresses and refusals as for a run, and nothing that has to do with pictures. Refused: a
model that a run fetches on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from phototag.backends import ollama_hosts as hosts
from phototag.backends.ollama_client import Door, Pulled
from phototag.backends.ollama_models import Model, is_cloud, models
from phototag.backends.ollama_troubles import Trouble
from phototag.errors import NoBackend


def listed(host: str, allowed: Iterable[str] = (), timeout_s: float = 600) -> list[Model]:
    """All models of one server; NoBackend where it cannot be asked."""
    where = _permitted(host, allowed)
    try:
        return models(Door(where, timeout_s))
    except Trouble as trouble:
        raise NoBackend(*trouble.told(where, "")) from trouble


def pulled(host: str, model: str, allowed: Iterable[str] = (), timeout_s: float = 600) -> Iterator[Pulled]:
    """Has one server fetch a model, and says how far it is; NoBackend where that fails."""
    if is_cloud(model):
        raise NoBackend(f"{model} is a cloud model: photos would leave your machine.", "Choose another one.")
    where = _permitted(host, allowed)
    try:
        yield from Door(where, timeout_s).pull(model)
    except Trouble as trouble:
        raise NoBackend(*trouble.told(where, model)) from trouble


def _permitted(host: str, allowed: Iterable[str]) -> hosts.Address:
    where = hosts.address(host)
    hosts.permitted(where, allowed)
    return where
