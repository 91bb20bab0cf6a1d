"""Loads the model on every server before the first photo, and says so while it lasts.

The decision here: servers load side by side, each speaks for itself, and one that has the model in memory already says
nothing unless that turns out to take long. Refused: minutes of silence before the first photo, and a bar, for no server
tells how far it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from phototag.backends.ollama_slots import Host
from phototag.backends.ollama_troubles import Trouble
from phototag.report import duration, shown

Tell = Callable[[str], None]


def side_by_side(hosts: Sequence[Host], load: Callable[[Host], None]) -> None:
    """Runs `load` for each host, all at once, and returns when the last is through; a Ctrl-C need not wait for them."""
    threads = [threading.Thread(target=load, args=(host,), name="ollama-load", daemon=True) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def telling(model: str, host: Host, tell: Tell, every_s: float) -> Iterator[None]:
    """Tells that a model is being loaded, that it still is, and that it is there; the block loads it."""
    named = f"{shown(model)} on {host.door.where.url.partition('://')[2]}"
    began, done, said = time.monotonic(), threading.Event(), False
    if not _in_memory(model, host):
        tell(f"loading {named} …")
        said = True

    def still() -> None:
        nonlocal said
        while not done.wait(every_s):
            said = True
            tell(f"still loading {named}, {duration(round(time.monotonic() - began))}")

    watch = threading.Thread(target=still, name="ollama-still", daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
    if said:
        tell(f"{named} is ready after {duration(time.monotonic() - began)}")


def _in_memory(model: str, host: Host) -> bool:
    try:
        return model in host.door.loaded()
    except Trouble:  # whoever loads the model will say what is wrong
        return False
