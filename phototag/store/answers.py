"""What a server once answered, kept for good: who was told something once need not be told it again.

The decision here: an answer is durable before it counts, and "nothing there" is an answer too; a failure is none, so
that it is asked again. Refused: answers in the tables alone, which a rebuild throws away and would have to ask for
anew, in the user's name and at one a second.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from phototag.store.log import Log
from phototag.store.tables import now


class Answers:
    """The answers of one file, by question. Reading needs no lock, keeping needs the library's."""

    def __init__(self, path: Path) -> None:
        self._log = Log(path)
        self._guard = threading.Lock()
        self._known: dict[str, dict[str, Any]] | None = None

    def get(self, question: str) -> dict[str, Any] | None:
        """What was answered last, {} for "nothing there"; None if nobody has answered yet."""
        with self._guard:
            return self._loaded().get(question)

    def keep(self, question: str, answer: dict[str, Any]) -> None:
        """The answer is on the disk when this returns."""
        with self._guard:
            known = self._loaded()
            self._log.append([{"question": question, "answer": answer, "at": now()}])
            known[question] = answer

    def _loaded(self) -> dict[str, dict[str, Any]]:
        """The whole file, read when the first question comes: a run without one never opens it."""
        if self._known is None:
            lines = (line for line, _ in self._log.read())
            self._known = {line["question"]: line["answer"] for line in lines if _is_whole(line)}
        return self._known


def _is_whole(line: dict[str, Any]) -> bool:
    return isinstance(line.get("question"), str) and isinstance(line.get("answer"), dict)
