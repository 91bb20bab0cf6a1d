"""How unlike photos on both sides of a border are: by what their captions mean, or by what they look like.

The decision here: each side is the mean of a few photos, and what the other rules judge already, the date and the
place, is taken out of the captions first. An embedder that the user chose (CLIP) is asked before the built-in labels;
its differences are stretched to theirs by what unrelated photos of this library are apart in both, so that one setting
means the same in every space. Refused: comparing one photo with the next, which differ at any party.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from phototag.backends.sentences import Sentences
from phototag.decide.events import Pair
from phototag.store.decided import Sketch, sketches
from phototag.store.library import Library, chunks
from phototag.store.vectors import vectors

_TOGETHER = 2_000  # decisions read at once
_UNRELATED, _ENOUGH = 400, 60  # photos by which two spaces are compared: at most, at least
_TELLS = 0.05  # a space in which unrelated photos are less apart tells nothing but its own noise
_SAYS_NOTHING = frozenset(("", "a photo", "ein foto"))
_DATE = re.compile(r",? *\b(?:in )?(?:[^\W\d_]+ )?(?:19|20)\d\d(?=\W*$)")  # ", August 2023."
_WHERE = re.compile(r",? *(?:\b(?:in|near|bei) *)?\(? *$", re.IGNORECASE)

Embedded = tuple[str, str]  # the space and the maker of an embedder that the user chose


class Contents:
    """The two scores, for photos of one library. What cannot be compared has none."""

    def __init__(self, library: Library, visual_maker: str, embed: Embedded | None = None) -> None:
        self._library, self._maker, self._embed = library, visual_maker, embed
        self._stretch: float | None = None
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
        ids = list(_ids(pairs))
        visual = self._visual(ids)
        found = [_difference(pair, visual) for pair in pairs]
        if self._embed and (stretch := self._stretched()):
            known = vectors(self._library, *self._embed, ids)
            better = [_difference(pair, known) for pair in pairs]
            found = [
                built_in if own is None else round(min(2.0, own * stretch), 3)
                for built_in, own in zip(found, better, strict=True)
            ]
        return found

    def _visual(self, ids: Sequence[str]) -> Mapping[str, Any]:
        return vectors(self._library, "visual", self._maker, ids)

    def _stretched(self) -> float:
        """By how much unrelated photos are further apart for the labels than for the embedder; 0 where too few tell."""
        if self._stretch is None and self._embed:
            # Photos are named by digests: in the order of their names, neighbours have nothing to do with each other.
            ids = sorted(self._library.made("embed", self._embed[1], failed=False))[:_UNRELATED]
            visual, own = self._visual(ids), vectors(self._library, *self._embed, ids)
            ids = [one for one in ids if one in visual and one in own]
            apart = _apart(ids, own)
            self._stretch = _apart(ids, visual) / apart if len(ids) >= _ENOUGH and apart >= _TELLS else 0.0
        return self._stretch or 0.0


def _apart(ids: Sequence[str], known: Mapping[str, Any]) -> float:
    """How unlike each other photos and their neighbours in the list are, in the middle of all."""
    found = [_difference(((one,), (other,)), known) or 0.0 for one, other in pairwise(ids)]
    return median(found) if found else 0.0


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
