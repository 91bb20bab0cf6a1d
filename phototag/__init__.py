"""phototag: tags, organises, searches and culls a photographer's library on their own machine.

The whole public interface is `phototag.api`; the names here are shortcuts to it, loaded on first use,
so that `import phototag` and `phototag --help` cost nothing. (`phototag.look` is the room of that
name: the function is `phototag.api.look`.) `phototag.run("organize", "/photos", "--to", "/tree")` runs a command as
the shell would, and returns its exit code.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "open", "organize", "rebuild", "recover", "run", "scan", "status", "tag", "undo"]


def run(*words: str) -> int:
    """Run a command, such as `run("organize", "/photos", "--to", "/tree")`, and return its exit code."""
    from phototag.cli import run as run_words

    return run_words(words)


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("phototag.api"), name)
    raise AttributeError(f"module 'phototag' has no attribute {name!r}")
