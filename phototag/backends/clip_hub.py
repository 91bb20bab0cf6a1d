"""What has been fetched from Hugging Face before, found without asking anybody.

The decision here: the cache on this disk is read by its documented layout, and while a model is loaded the client is
told that there is no network, unless the user asked to download. Refused: the client's own habit of asking its server
whether there is something newer, which tells it who looks at photos and when.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_one_at_a_time = threading.Lock()  # the switch is the client's, for the whole process


def cached(repo: str, name: str) -> Path | None:
    """A file of a repository's main revision, if it lies on this disk."""
    folder = _cache() / f"models--{repo.replace('/', '--')}"
    try:
        revision = (folder / "refs" / "main").read_text("ascii").strip()
    except (OSError, ValueError):  # never fetched
        return None
    path = folder / "snapshots" / revision / name
    return path if path.is_file() else None


@contextmanager
def offline(unless: bool = False) -> Iterator[None]:
    """While this lasts, the client of Hugging Face refuses to use the network."""
    if unless:
        yield
        return
    constants: Any = importlib.import_module("huggingface_hub.constants")
    with _one_at_a_time:
        before = constants.HF_HUB_OFFLINE
        constants.HF_HUB_OFFLINE = True
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before


def _cache() -> Path:
    """Where the client keeps what it fetched: the rules are its own."""
    named = os.environ.get
    home = named("HF_HOME") or str(Path(named("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    return Path(os.path.expandvars(named("HF_HUB_CACHE") or str(Path(home) / "hub"))).expanduser()
