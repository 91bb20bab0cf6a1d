"""Which model and which weights a spec of `clip` means, found without loading torch.

The decision here: what open_clip can make is read from its own lists, and weights are known by their bytes, so that
every command can say in milliseconds whose vectors count. Refused: importing open_clip for that, which takes six
seconds, and a name without a digest, under which the vectors of two models would meet in one table.
"""

from __future__ import annotations

import ast
import copy
import difflib
import hashlib
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xxhash

from phototag.backends.clip_hub import cached
from phototag.errors import NoBackend

DEFAULT = "ViT-B-32"
INSTALL = 'python -m pip install "phototag[clip]"'
_FIRST = "openai"  # the weights of a name alone, where there are such: the multilingual text encoder is made for them
_VERSION = 1  # of how we ask the model
_CONFIG = "open_clip_config.json"
_NAMES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")  # of weights, in a folder or a repository
_PREPARED = ("size", "mean", "std", "interpolation", "resize_mode", "fill_color")
_PATH = re.compile(r"[~/.\\]|[A-Za-z]:[\\/]")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Fetch = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Model:
    """All that it takes to load one."""

    make: str  # what open_clip is asked to make
    weights: Path
    width: int
    name: str  # for the maker
    space: str
    quick_gelu: bool = False
    prepared: Mapping[str, Any] = field(default_factory=dict)  # how pictures were prepared when it was trained


def model(spec: str, fetch: Fetch | None = None) -> Model:
    """What `NAME`, `NAME/WEIGHTS`, `NAME@FILE` or the path of a FOLDER means; NoBackend says what is missing.

    Where `fetch` is given, it is asked for weights that are not on this disk.
    """
    absent = [package for package in ("torch", "torchvision", "open_clip") if find_spec(package) is None]
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        raise NoBackend(f"{' and '.join(absent)} {verb} not installed", f"Install them: {INSTALL}")
    name, at, path = spec.partition("@")
    if _PATH.match(spec):
        return _own(Path(spec).expanduser())
    if at:
        return _from_file(name, Path(path).expanduser())
    return _published(*spec.partition("/")[::2], fetch)


def _own(path: Path) -> Model:
    """A folder with a model of the user's: its description and its weights, or a file of weights in such a folder."""
    folder = path if path.is_dir() else path.parent
    config = folder / _CONFIG
    weights = path if path.is_file() else next((folder / name for name in _NAMES if (folder / name).is_file()), None)
    if weights is None:
        what = f"{path} is not there" if not path.is_dir() else f"the folder {path} holds no {' or '.join(_NAMES)}"
        raise NoBackend(what, "Name a file of weights, as in clip:ViT-B-32@/path/weights.safetensors")
    if not config.is_file():
        raise NoBackend(
            f"{path} does not say of which model it is: there is no {_CONFIG} beside it",
            f"Name the model: clip:ViT-B-32@{weights}",
        )
    content = _content(config)
    inner = content.get("model_cfg")
    if not isinstance(inner, dict):
        raise NoBackend(f"{config} describes no model: model_cfg is missing")
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
    name = f"clip:own@{digest}/{_digest(weights)}/{_VERSION}"
    return Model(f"local-dir:{folder}", weights, _width(inner, config), name, _space("own", name))


def _from_file(make: str, weights: Path) -> Model:
    """A model that open_clip knows, with weights of the user's."""
    width = _known(make)
    if not weights.is_file():
        raise NoBackend(f"the weights {weights} are not there", "Name the file that holds them.")
    name = f"clip:{make}@{_digest(weights)}/{_VERSION}"
    return Model(make, weights, width, name, _space(make, name), make.endswith("quickgelu"))


def _published(make: str, tag: str, fetch: Fetch | None) -> Model:
    """A model with weights that somebody published: those that lie on this disk already, unless fetched now."""
    make = make or DEFAULT
    width, there = _known(make), published().get(make, {})
    if not there:
        raise NoBackend(f"nobody has published weights for {make}", f"Name a file of yours: clip:{make}@FILE")
    tag = (tag or (_FIRST if _FIRST in there else next(iter(there)))).lower().replace("-", "_")
    if tag not in there:
        near = difflib.get_close_matches(tag, there, 3, 0.3) or sorted(there)
        raise NoBackend(f"there are no weights {tag!r} for {make}", f"There are: {', '.join(near)}.")
    one = there[tag]
    weights = _on_disk(one)
    if weights is None and fetch:
        fetch(one)
        weights = _on_disk(one)
    if weights is None:
        command = f"phototag embed --embedder clip:{make}/{tag} --download"
        raise NoBackend(f"the weights of {make}/{tag} are not on this machine", f"Fetch them: {command}")
    name = f"clip:{make}/{tag}@{_digest(weights)}/{_VERSION}"
    prepared = {key: one[key] for key in _PREPARED if key in one}
    return Model(make, weights, width, name, _space(f"{make}_{tag}", name), bool(one.get("quick_gelu")), prepared)


def _known(make: str) -> int:
    """The width of a model that open_clip can make; NoBackend with the nearest names otherwise."""
    configs = {path.stem: path for path in (_home() / "model_configs").glob("*.json")}
    if make not in configs:
        near = difflib.get_close_matches(make.replace("/", "-"), configs, 3, 0.3)
        hint = f"The nearest are: {', '.join(near)}." if near else f"Such as: {DEFAULT}."
        raise NoBackend(f"open_clip knows no model {make!r}", hint)
    return _width(_content(configs[make]), configs[make])


@cache
def published() -> dict[str, dict[str, dict[str, Any]]]:
    """Model -> the name of weights -> where they are and how they want pictures, as open_clip lists them.

    Its list is a page of Python below its imports, and those are what takes seconds: the page is run without them.
    """
    names: dict[str, Any] = {**vars(typing), "copy": copy}
    for page in ("constants.py", "pretrained.py"):
        tree = ast.parse((_home() / page).read_text("utf-8"))
        tree.body = [part for part in tree.body if not isinstance(part, ast.Import | ast.ImportFrom | ast.Try)]
        exec(compile(tree, page, "exec"), names)
    found: dict[str, dict[str, dict[str, Any]]] = names["_PRETRAINED"]
    return found


def _on_disk(one: Mapping[str, Any]) -> Path | None:
    """Where published weights lie, if they were fetched before."""
    repo, _, name = str(one.get("hf_hub", "")).rpartition("/")
    if repo:
        names: Iterable[str] = (f"{Path(name).stem}.safetensors", name) if name else _NAMES
        return next((path for each in names if (path := cached(repo, each))), None)
    path = Path("~/.cache/clip").expanduser() / str(one.get("url", "")).rpartition("/")[2]
    return path if path.is_file() else None


def _home() -> Path:
    spec = find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        raise NoBackend("open_clip is not installed", f"Install it: {INSTALL}")
    return Path(spec.submodule_search_locations[0])


def _width(config: Mapping[str, Any], path: Path) -> int:
    width = config.get("embed_dim")
    if not isinstance(width, int) or width < 1:
        raise NoBackend(f"{path} does not say how wide the vectors are: embed_dim is missing")
    return width


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as trouble:
        raise NoBackend(f"{path} cannot be read: {trouble}") from trouble
    if not isinstance(content, dict):
        raise NoBackend(f"{path} describes no model")
    return content


def _digest(path: Path) -> str:
    """Twelve digits of the bytes. Hugging Face calls a file in its cache by its SHA-256: that one is taken."""
    real = path.resolve()
    if _SHA256.fullmatch(real.name):
        return real.name[:12]
    try:
        state = real.stat()
        return _hashed(str(real), state.st_size, state.st_mtime_ns)
    except OSError as trouble:
        raise NoBackend(f"the weights {path} cannot be read: {trouble.strerror}") from trouble


@cache
def _hashed(path: str, size: int, mtime_ns: int) -> str:
    """Of the whole file, once a process."""
    if not size:
        raise NoBackend(f"the weights {path} are an empty file")
    found, part = xxhash.xxh3_128(), memoryview(bytearray(1 << 20))
    with Path(path).open("rb") as file:
        while count := file.readinto(part):
            found.update(part[:count])
    return found.hexdigest()[:12]


def _space(words: str, name: str) -> str:
    """The name of a table for these vectors alone: letters, digits and _, in one case, for disks that know but one."""
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40]
    return f"clip_{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
