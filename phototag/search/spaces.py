"""A space of vectors as search asks it: what a text or a photo is like there, and how sure that is.

The decision here: a likeness counts by how far it stands out of the library's own background for this query, and by
what this space has been seen to mean by such a figure; either alone lets in what is not there. Refused: a flat cut-off,
for 0.91 can be right where 0.93 is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple, Protocol

OUT, SURE_OUT = 1.5, 2.5  # deviations above the background from which a photo is special, and surely so
LONG_OUT, LONG_SURE = 2.0, 3.0  # for a text of more words than FEW_WORDS: it is far from everything
FEW_WORDS = 2  # that say something
_FEW = 30  # photos among which nothing can stand out far: there the figure of the space alone counts
_LEAST_DEVIATION = 1e-6


class Rows(Protocol):
    """The vectors of a space (store/near.py)."""

    def nearest(
        self, vector: Any, maker: str, k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]: ...

    def background(self, vector: Any, maker: str) -> Any: ...

    def vectors(self, ids: Any, maker: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Space:
    """One space of one maker. `embed` makes texts vectors, where the space has texts."""

    name: str
    maker: str
    rows: Rows
    embed: Callable[[Sequence[str]], list[Any]] | None = None
    least: float = 0.0  # likeness below which nothing is meant, and from which the hit is sure
    sure: float = 0.0
    weight: float = 1.5  # in the fusion
    alike: float = 0.9  # likeness of two pictures that are nearly the same


def everything(space: Space, vector: Any, ids: Collection[str]) -> list[str]:
    """These photos, the most like first, special or not."""
    return [one for one, _ in space.rows.nearest(vector, space.maker, len(ids), ids)]


class Near(NamedTuple):
    """A photo as one space sees it."""

    image_id: str
    likeness: float
    out: float  # deviations above the background
    strength: float  # 0 to 1
    weak: bool

    @property
    def said(self) -> str:
        return f"{self.likeness:.2f}, {self.out:.1f} deviations above the rest"


class Line(NamedTuple):
    """From where on a photo is found, and surely found."""

    least: float
    sure: float
    out: float
    sure_out: float

    def strength(self, likeness: float, out: float) -> float:
        """0 to 1, half where it is just sure: the worse of what both figures say."""
        by_figure = _share(likeness, self.least, self.sure) if self.sure else 1.0
        by_out = _share(out, self.out, self.sure_out) if self.sure_out else 1.0
        return round(min(by_figure, by_out), 3)


def nearest(
    space: Space, vector: Any, k: int, among: Collection[str] | None = None, *, long: bool = False
) -> list[Near]:
    """The photos that are special for this query, best first; none where nothing is. `long` is for a long text."""
    background = space.rows.background(vector, space.maker)
    mean, deviation = background.mean, max(background.deviation, _LEAST_DEVIATION)
    if background.rows < _FEW:
        line = Line(space.least, space.sure, -inf, 0.0)
    elif long:
        line = Line(-inf, 0.0, LONG_OUT, LONG_SURE)
    else:
        line = Line(space.least, space.sure, OUT, SURE_OUT)
    found = []
    for image_id, likeness in space.rows.nearest(vector, space.maker, k, among):
        out = (likeness - mean) / deviation
        if likeness < line.least or out < line.out:
            break
        strength = line.strength(likeness, out)
        found.append(Near(image_id, likeness, out, strength, strength < 0.5))
    return found


def _share(value: float, least: float, sure: float) -> float:
    return max(0.05, min(1.0, 0.5 * (value - least) / (sure - least)))


def towards(like: Sequence[Any], unlike: Sequence[Any], text: Any = None, share: float = 0.5) -> Any:
    """One direction from photos to look like, photos not to look like, and words that say what is different."""
    import numpy as np

    def mean(vectors: Sequence[Any]) -> Any:
        return _unit(np.mean([_unit(np.asarray(one, np.float32)) for one in vectors], axis=0)) if vectors else 0.0

    found = mean(like) - share * mean(unlike)
    return _unit(found if text is None else found + mean([text]))


def _unit(vector: Any) -> Any:
    import numpy as np

    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
