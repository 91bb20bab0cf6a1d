"""How unlike photos on both sides of a border are: by what their captions mean, or by what they look like.

The decision here: each side is the mean of a few photos, and what the other rules judge already, the date and the
place, is taken out of the captions first. Refused: comparing one photo with the next, which differ at any party.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from phototag.backends.sentences import Sentences
from phototag.decide.events import Pair
from phototag.store.decided import Sketch, sketches
from phototag.store.library import Library, chunks
from phototag.store.vectors import vectors

_TOGETHER = 2_000  # decisions read at once
_SAYS_NOTHING = frozenset(("", "a photo", "ein foto"))
_DATE = re.compile(r",? *\b(?:in )?(?:[^\W\d_]+ )?(?:19|20)\d\d(?=\W*$)")  # ", August 2023."
_WHERE = re.compile(r",? *(?:\b(?:in|near|bei) *)?\(? *$", re.IGNORECASE)


class Contents:
    """The two scores, for photos of one library. What cannot be compared has none."""

    def __init__(self, library: Library, visual_maker: str) -> None:
        self._library, self._maker = library, visual_maker
        self._sentences = Sentences()
        self.why_not = self._sentences.why_not()

    def by_captions(self, pairs: Sequence[Pair]) -> list[float | None]:
        """How unlike what is said of both sides is, 0 (the same) to 2; None where nothing is said of one side."""
        if self.why_not:
            return [None] * len(pairs)
        texts = {
            one.image_id: said(one)
            for some in chunks(_ids(pairs), _TOGETHER)
            for one in sketches(self._library, some).values()
        }
        telling = {photo: text for photo, text in texts.items() if text.casefold() not in _SAYS_NOTHING}
        known = dict(zip(telling, self._sentences.embed_texts(list(telling.values())), strict=True))
        return [_difference(pair, known) for pair in pairs]

    def by_pixels(self, pairs: Sequence[Pair]) -> list[float | None]:
        """How unlike both sides look, 0 (the same) to 2; None where no photo of one side was looked at."""
        known = vectors(self._library, "visual", self._maker, _ids(pairs))
        return [_difference(pair, known) for pair in pairs]


def said(decision: Sketch) -> str:
    """The caption without its date and its place."""
    text = next(iter(decision.caption.values()), "").strip().rstrip(".")
    text = _DATE.sub("", text)
    names = [name for part in ("location", "city", "state", "country") if (name := decision.place.get(part))]
    for name in reversed(names):
        before, found, after = text.rpartition(name)
        if found and not after.strip(" ,.)"):
            text = _WHERE.sub("", before)
    return text.strip(" ,.")


def _ids(pairs: Sequence[Pair]) -> Iterable[str]:
    return dict.fromkeys(photo for pair in pairs for side in pair for photo in side)


def _difference(pair: Pair, known: Mapping[str, Any]) -> float | None:
    """One minus the cosine between the means of both sides."""
    import numpy as np

    means = []
    for side in pair:
        found = [known[photo] for photo in side if photo in known]
        if not found:
            return None
        mean = np.mean([vector / max(float(np.linalg.norm(vector)), 1e-9) for vector in found], axis=0)
        means.append(mean / max(float(np.linalg.norm(mean)), 1e-9))
    return round(1.0 - float(means[0] @ means[1]), 3)
