"""What was asked of the server, when, and how many at once.

The decision: a request counts as in flight until the last bytes of its answer are about to leave, so that a client
that asks again at once is never counted twice; refused: counting until the socket is quiet.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.ollama_stand_in.images import Picture


@dataclass
class Entry:
    """One request: pictures are hashes in `body`, and measured in `pictures`."""

    number: int
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    at: float  # seconds of a clock that only goes forward
    in_flight: int  # with this one
    body: Any = None
    model: str = ""
    pictures: tuple[Picture, ...] = ()
    status: int = 0
    outcome: str = "under way"  # answered, gone, or the fault that it met
    ended: float = 0.0
    prompt: str = ""

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(picture.hash for picture in self.pictures)

    @property
    def options(self) -> dict[str, Any]:
        return (self.body or {}).get("options") or {}


@dataclass
class Journal:
    """All requests in the order of their coming."""

    entries: list[Entry] = field(default_factory=list)
    asked_images: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    max_in_flight: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._working: set[int] = set()

    def begin(self, method: str, path: str, headers: dict[str, str], works: bool) -> Entry:
        with self._lock:
            number = len(self.entries) + 1
            if works:
                self._working.add(number)
            self.max_in_flight = max(self.max_in_flight, len(self._working))
            entry = Entry(number, method, path, headers, time.monotonic(), len(self._working))
            self.entries.append(entry)
            return entry

    def end(self, entry: Entry, outcome: str, status: int = 0) -> None:
        """The first end counts."""
        with self._lock:
            self._working.discard(entry.number)
            if not entry.ended:
                entry.ended, entry.outcome, entry.status = time.monotonic(), outcome, status or entry.status

    def saw(self, entry: Entry, pictures: tuple[Picture, ...]) -> None:
        with self._lock:
            entry.pictures = pictures
            self.asked_images.update(picture.hash for picture in pictures)

    def reproach(self, entry: Entry, sentence: str) -> None:
        with self._lock:
            self.violations.append(f"#{entry.number} {entry.method} {entry.path}: {sentence}")
