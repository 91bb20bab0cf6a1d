"""The part of `phototag.api` that decides upon photos while others are still looked at.

The decision here: a model's time is long and a decision is short, so what has been answered is decided while the rest
is asked, and a run that is stopped leaves tags and not only answers. A photo is decided ahead only when everything
beside it that this run asks about has been answered, so that its decision is the one which the end of the run would
make. The thread that stores evidence writes decisions, too. Refused: deciding each photo twice, and a second writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phototag.deciding import Decided, Deciding, Timeline
    from phototag.report import Report
    from phototag.store.storing import Storing

_TOGETHER = 256  # photos that are worth two writes


class Ahead:
    """The decisions of one run, made as soon as nothing can change them any more."""

    def __init__(self, judge: Callable[[], Deciding], report: Report) -> None:
        self._judge_of, self._report = judge, report
        self._judge: Deciding | None = None
        self._timeline: Timeline | None = None
        self._pending: set[str] = set()
        self._answered: list[str] = []
        self.decided: dict[str, Decided] = {}

    @property
    def judge(self) -> Deciding:
        """Who decides; made when the first answers are there, for nobody shall wait for it before."""
        if self._judge is None:
            self._judge = self._judge_of()
        return self._judge

    def begins(self, todo: Iterable[str]) -> None:
        """The run is going to look at these photos."""
        self._pending.update(todo)

    def finished(self, ids: Iterable[str], storing: Storing) -> None:
        """The run is through with these photos, and will not come back to them."""
        for image_id in ids:
            if image_id in self._pending:
                self._pending.discard(image_id)
                self._answered.append(image_id)
        if len(self._answered) >= _TOGETHER:
            self._decide(storing)

    def _decide(self, storing: Storing) -> None:
        storing.do(_nothing)  # all that was found of them is in the tables
        judge = self.judge
        self._timeline = self._timeline or judge.timeline()
        ready = [one for one in self._answered if self._is_settled(one, self._timeline)]
        with self._report.clock("decide"):
            made = judge.made(self._timeline.in_order(ready))
        storing.do(lambda: self.decided.update(judge.put(made)))
        self._answered = [one for one in self._answered if one not in self.decided]

    def _is_settled(self, image_id: str, timeline: Timeline) -> bool:
        return not any(other in self._pending for other, _ in timeline.beside(image_id))


def _nothing() -> None:
    """What is done to hear that all before it has been done."""
