"""The files under `models/`: where they lie, and proof that they are the ones we measured.

The decision here: a model is known by its SHA-256, listed in `models/SHA256SUMS` and checked once a process before it
is loaded; the listed sum, which costs nothing to read, goes into the maker. Refused: running whatever lies there, which
would call a half-copied or swapped file's answers by the real one's name.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from phototag.errors import NoBackend

FOLDER = Path(__file__).resolve().parent.parent / "models"

_HINT = "Reinstall phototag: python -m pip install --force-reinstall phototag"


@cache
def checked(name: str) -> Path:
    """The path of a model whose bytes are the listed ones; NoBackend names the file otherwise."""
    path, listed = FOLDER / name, _listed(name)
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as trouble:
        raise NoBackend(f"The model {path} cannot be read: {trouble.strerror}.", _HINT) from trouble
    if actual != listed:
        raise NoBackend(
            f"The model {path} is not the file that came with phototag: it was altered or cut short.", _HINT
        )
    return path


def digest8(name: str) -> str:
    """What tells this model from others in a maker: eight digits of its listed sum."""
    return _listed(name)[:8]


def rows(name: str) -> list[list[str]]:
    """The lines of a table below its heading, cut at the tabs."""
    path = FOLDER / name
    try:
        _, *lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as trouble:
        raise NoBackend(f"The table {path} cannot be read: {trouble}.", _HINT) from trouble
    return [line.split("\t") for line in lines]


def _listed(name: str) -> str:
    sums = FOLDER / "SHA256SUMS"
    try:
        lines = sums.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as trouble:
        raise NoBackend(f"The list of models {sums} cannot be read: {trouble}.", _HINT) from trouble
    for line in lines:
        digest, _, listed = line.partition("  ")
        if listed == name:
            return digest
    raise NoBackend(f"The list of models {sums} does not name {name}.", _HINT)
