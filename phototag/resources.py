"""Where the shipped prompts and vocabularies lie.

The decision here: in a checkout the folders beside the package are used, whatever copies an installation left
elsewhere, so that an edited prompt is the prompt that is asked; a wheel carries them inside the package.
Refused: packages named `prompts` and `vocab`, which would collide with anybody else's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from phototag.errors import PhototagError, UsageError

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["prompts", "vocab"]) -> Path:
    """The shipped folder of that name: the checkout's, else the wheel's."""
    # Beside an installed package lies site-packages, where a folder of that name is somebody else's.
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    shipped = _PACKAGE / "_shipped" / name
    if not shipped.is_dir():
        raise PhototagError(
            f"The folder {shipped}, which comes with phototag, is missing.",
            "Reinstall phototag: python -m pip install --force-reinstall phototag",
        )
    return shipped


def prompt(name: str) -> Path:
    """The file of a shipped prompt."""
    return _file("prompts", name, ".md", "prompt")


def vocabulary_file(name: str = "core") -> Path:
    """The file of a shipped vocabulary."""
    return _file("vocab", name, ".toml", "vocabulary")


def _file(room: Literal["prompts", "vocab"], name: str, ending: str, noun: str) -> Path:
    # A name is a word, never a way out of the folder.
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f'"{name}" is not the name of a {noun}.', f"A {noun} is named by letters, digits, - and _.")
    path = folder(room) / (name + ending)
    if not path.is_file():
        others = ", ".join(sorted(one.stem for one in path.parent.glob("*" + ending))) or "none"
        raise PhototagError(
            f'There is no {noun} "{name}": the file {path} does not exist.',
            f"There are: {others}. If it came with phototag, reinstall: "
            "python -m pip install --force-reinstall phototag",
        )
    return path
