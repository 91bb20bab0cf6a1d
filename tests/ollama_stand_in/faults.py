"""What goes wrong, and when: rules that a test gives, by number, model, path or picture.

The decision: a fault is a row with a kind and a condition, matched before the answer is made; refused: a subclass of
the server for each failure.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

CRASH = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)
PEG = (
    "llama-server chat error: map[code:500 message:The model produced output that does not match "
    "the expected peg-native format type:server_error]"
)
WORK = ("/api/chat", "/api/generate", "/api/embed")

# Before the answer is made.
EARLY = frozenset({"reset", "dies", "status", "html", "empty-body", "redirect", "crash", "error-in-200", "odd-shape"})
# What is said, by a server that works.
SAID = frozenset(
    [
        "empty-content",
        "in-thinking",
        "fenced",
        "prose",
        "not-done",
        "length",
        "remote-host",
        "loop",
        "peg",
        "error-line",
        "no-final",
    ]
)
# How it is sent.
SENT = frozenset(
    [
        "slow-headers",
        "drip",
        "never-ends",
        "cut-json",
        "wrong-length",
        "reset-mid-body",
        "reset-mid-stream",
        "close-mid-stream",
    ]
)
KINDS = EARLY | SAID | SENT


@dataclass
class Fault:
    """One rule: without a condition it holds for every chat, generate and embed.

    nth: only the nth request that the other conditions meet (1 is the first); times: at most so often.
    """

    kind: str
    nth: int | None = None
    times: int | None = None
    model: str | None = None
    image: str | None = None  # the beginning of a picture's hash
    path: str | None = None
    status: int = 500
    text: str = "an error was encountered while running the model: something"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0  # slow-headers: the wait; drip: the wait between two bytes; never-ends: between two lines
    met: int = 0
    used: int = 0

    def __post_init__(self) -> None:
        assert self.kind in KINDS, f"no such fault: {self.kind!r}; there are {', '.join(sorted(KINDS))}"

    def fits(self, path: str, model: str, images: tuple[str, ...]) -> bool:
        return (
            (path == self.path if self.path else path in WORK)
            and (self.model is None or self.model == model)
            and (self.image is None or any(name.startswith(self.image) for name in images))
        )


class Faults:
    """The rules in force; the first that fits is taken."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, rule: Fault) -> Fault:
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self.rules.clear()

    def find(self, path: str, model: str, images: tuple[str, ...]) -> Fault | None:
        with self._lock:
            chosen = None
            for rule in self.rules:
                if not rule.fits(path, model, images):
                    continue
                rule.met += 1
                spent = rule.times is not None and rule.used >= rule.times
                if chosen is None and not spent and rule.nth in (None, rule.met):
                    chosen = rule
            if chosen:
                chosen.used += 1
            return chosen
