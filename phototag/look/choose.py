"""A second, cheap question: which of a few terms of the vocabulary does the photo show?

The decision here: a shortlist of at most sixty terms goes into the question and into the grammar of its answer: those
that the first answer led to, and those that lie nearest to the photo, by turns to what was recognised in it and to
what was said of it, for either may be mistaken. What comes back is held against the list once more, because not every
server keeps to a grammar. Refused: the whole vocabulary in a grammar, which is slow and badly chosen from; terms that
no machine may decide; and an order by likeness, which a model would take for a hint.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from phototag.backends.protocols import Describer, Question
from phototag.errors import PhototagError
from phototag.look import schemas
from phototag.look.asking import Asking
from phototag.look.caption import why
from phototag.look.prompts import Prompt, quoted, replies
from phototag.look.search_vector import placed
from phototag.look.step import Subject
from phototag.records import Evidence
from phototag.vocabulary import Term, Vocabulary, folded

MOST = 60
ROOM = 6000  # bytes that the terms may take in the schema: beyond 8 KB some servers cut their grammar
_VERSION = 1

TermVectors = Callable[[], tuple[Sequence[str], Any]]  # terms, and one row of length one for each, as sentences have
Encoder = Callable[[str], Any]


class Choose(Asking):
    """The step `choose`: the terms that a describer takes from a shortlist, in its order."""

    name = "choose"
    after: tuple[str, ...] = ("labels", "objects", "describe")

    def __init__(
        self,
        describer: Describer,
        prompt: Prompt,
        vocabulary: Vocabulary,
        side: int,
        term_vectors: TermVectors,
        encoder: Encoder | None = None,
    ) -> None:
        self._describer, self._prompt = describer, prompt
        self._shortlist = Shortlist(vocabulary, term_vectors, encoder)
        self.parallel = describer.parallel
        self.maker = f"{describer.name}/{prompt.maker}/{vocabulary.digest}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        """A photo that nobody has described is left for another run; where no term comes near, nobody is asked."""
        lists = {one.image_id: self._shortlist.of(one.earlier) for one in batch if one.earlier.get("describe")}
        asked = [one for one in batch if lists.get(one.image_id)]
        said = replies(
            self._describer, [one.pixels for one in asked], [self._question(lists[one.image_id]) for one in asked]
        )
        made = {one.image_id: self._evidence(one, reply, lists) for one, reply in zip(asked, said, strict=True)}
        for image_id in lists:
            made.setdefault(image_id, Evidence(image_id, self.name, self.maker, {"keywords": []}))
        return list(made.values())

    def _question(self, terms: Sequence[str]) -> Question:
        listed = ", ".join(map(quoted, terms))
        return Question(self._prompt.filled({"terms": listed}), schemas.choose(terms))

    def _evidence(self, subject: Subject, reply: str | PhototagError, lists: Mapping[str, Sequence[str]]) -> Evidence:
        if isinstance(reply, PhototagError):
            return Evidence(subject.image_id, self.name, self.maker, error=why(reply))
        try:
            words = chosen(reply, lists[subject.image_id])
        except ValueError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=f"the answer does not fit: {trouble}")
        return Evidence(subject.image_id, self.name, self.maker, {"keywords": words})


def chosen(reply: str, terms: Sequence[str]) -> list[str]:
    """The different terms of the list that a reply names, in its order; ValueError if it is no answer."""
    said = schemas.members(reply).get("keywords")
    if not isinstance(said, list) or not all(isinstance(word, str) for word in said):
        raise ValueError("`keywords` is no list of texts")
    listed = {folded(term): term for term in terms}
    found = dict.fromkeys(listed[key] for key in map(folded, said) if key in listed)
    return list(found)[: schemas.MOST_KEYWORDS]


class Shortlist:
    """Which terms a photo may show. The vectors are asked for with the first photo; for any number of threads."""

    def __init__(self, vocabulary: Vocabulary, term_vectors: TermVectors, encoder: Encoder | None = None) -> None:
        self._vocabulary, self._term_vectors = vocabulary, term_vectors
        self._encoder = encoder or _sentences()
        self._guard = threading.Lock()
        self._terms: list[Term | None] = []  # of each row
        self._rows: Any = None

    def of(self, earlier: Mapping[str, Any]) -> list[str]:
        """At most sixty terms in the order of the alphabet: those the describer led to, then the nearest ones."""
        found: set[str] = set()
        room = ROOM
        for term in (*self._led_to(earlier["describe"]), *self._nearest(self._points(earlier))):
            if term is None or term.sensitive or term.exclude or term.name in found:
                continue
            room -= len(json.dumps(term.name)) + 2
            if room < 0 or len(found) == MOST:
                break
            found.add(term.name)
        return sorted(found)

    def _led_to(self, described: Mapping[str, Any]) -> Iterator[Term | None]:
        said = (*(described.get("keywords") or ()), *(described.get("again") or ()), described.get("category") or "")
        yield from map(self._vocabulary.canonical, said)

    def _nearest(self, points: Sequence[Any]) -> Iterator[Term | None]:
        """All terms, the nearest first: one to the first point, one to the second, and so on."""
        self._load()
        if len(self._terms):
            orders = [np.argsort(-(self._rows @ point), kind="stable") for point in points]
            yield from (self._terms[row] for turn in zip(*orders, strict=True) for row in turn)

    def _points(self, earlier: Mapping[str, Any]) -> list[Any]:
        """Where the photo lies by what was recognised, if anything was, and by what was said of it."""
        seen = placed(earlier) if "labels" in earlier and "objects" in earlier else None
        described = earlier["describe"]
        text = described.get("description") or ", ".join(described.get("keywords") or ())
        found = [] if seen is None else [seen]
        if text:
            with self._guard:  # the encoder is for one thread
                found.append(self._encoder(text))
        return [np.asarray(point, np.float32) for point in found]

    def _load(self) -> None:
        with self._guard:
            if self._rows is None:
                names, rows = self._term_vectors()
                self._terms = [self._vocabulary.canonical(name) for name in names]
                self._rows = np.asarray(rows, np.float32)


def _sentences() -> Encoder:
    from phototag.backends.sentences import Sentences

    encoder = Sentences()
    return lambda text: encoder.embed_texts([text])[0]
