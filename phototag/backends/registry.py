"""From a spec string (`fake`, `ollama:qwen3-vl:4b-instruct`) to a backend.

The decision here: the first word names a dotted path that is imported on use, and the built-in ones
come through the same table as those of other packages (entry-point group `phototag.backends`).
Settings reach a backend as plain options, and only one whose constructor has a place for them.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, cast

from phototag.backends.protocols import Describer, Embedder
from phototag.errors import NoBackend

GROUP = "phototag.backends"
_BUILT_IN = {
    "clip": "phototag.backends.clip:Clip",
    "fake": "phototag.backends.fake:Fake",
    "ollama": "phototag.backends.ollama:Ollama",
}
# Of ours, those that lack a method: what a sentence offers is not imported to find out.
_CANNOT = {"describe": frozenset({"clip"}), "embed_pictures": frozenset({"ollama"})}


def names() -> list[str]:
    return sorted(_paths())


def describer(spec: str, options: Mapping[str, object] | None = None) -> Describer:
    """The describer that the spec names, with these options; NoBackend where it cannot work here."""
    return cast(Describer, _made(spec, "describe", options))


def embedder(spec: str, options: Mapping[str, object] | None = None) -> Embedder:
    """The embedder that the spec names; NoBackend where it cannot work here."""
    return cast(Embedder, _made(spec, "embed_pictures", options))


def _made(spec: str, method: str, options: Mapping[str, object] | None = None) -> Any:
    word, _, rest = spec.partition(":")
    paths = _paths()
    if word not in paths:
        fitting = sorted(paths.keys() - _CANNOT[method])
        near = difflib.get_close_matches(word, fitting, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(fitting)}."
        raise NoBackend(f"There is no backend named {word!r}.", hint)
    module, _, attribute = paths[word].partition(":")
    try:
        backend = _called(getattr(importlib.import_module(module), attribute), rest, options or {})
    except ImportError as trouble:
        raise NoBackend(
            f"The backend {word!r} needs a package that is not installed: {trouble.name}.",
            f"Install it: python -m pip install {trouble.name}",
        ) from trouble
    if not hasattr(backend, method):
        verb = "describe pictures" if method == "describe" else "embed pictures"
        raise NoBackend(f"The backend {word!r} cannot {verb}.", "Choose another one.")
    if meet := getattr(backend, "meet", None):  # it says by itself what is wrong, and what to do
        meet()
    elif why_not := backend.why_not():
        raise NoBackend(f"The backend {spec!r} cannot work here: {why_not}")
    return backend


def _called(backend: Any, rest: str, options: Mapping[str, object]) -> Any:
    """The backend made of the rest of its spec, and of the options if it takes them."""
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = [one for one in inspect.signature(backend).parameters.values() if one.kind in places]
    return backend(rest, options) if len(taken) > 1 else backend(rest)


def _paths() -> dict[str, str]:
    others = {point.name: point.value for point in entry_points(group=GROUP)}
    return others | _BUILT_IN
