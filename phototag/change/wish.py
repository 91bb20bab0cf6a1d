"""A decision in the words in which it is to be written: one language, clean text, nobody's word twice.

The decision here: what a person wrote in one file of a photo is brought to the photo's other files beside it, as it
was spelled; a word that the file has in another language is not written again in ours. Refused: carrying a person's
words into copies in other folders, which may be somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from phototag.change import fields, texts
from phototag.change.merge import Modes, Wish
from phototag.change.merge_words import Wanted, Word
from phototag.read.values import key_of
from phototag.records import Decision, File, Region, Said, Tag
from phototag.vocabulary import Vocabulary

_HUMAN = "human"


@dataclass(slots=True)
class Spoken:
    """What a person said of one photo through phototag."""

    removed: set[str] = field(default_factory=set)  # terms and words taken away
    rejected: set[str] = field(default_factory=set)  # terms called wrong
    caption: dict[str, str] = field(default_factory=dict)  # by language
    asked: dict[str, str] = field(default_factory=dict)  # terms and words accepted or added -> when


def spoken(said: Iterable[Said], vocabulary: Vocabulary) -> dict[str, Spoken]:
    """By photo; a later word on a term takes the earlier one back."""
    found: dict[str, Spoken] = {}
    for word in said:
        own = found.setdefault(word.image_id, Spoken())
        for term in (*word.accept, *word.add):
            for barred in (own.removed, own.rejected):
                barred -= {other for other in barred if vocabulary.key(other) == vocabulary.key(term)}
            own.asked[term] = word.at
        for term in (*word.reject, *word.remove):
            for other in [other for other in own.asked if vocabulary.key(other) == vocabulary.key(term)]:
                del own.asked[other]
        own.removed.update(word.remove)
        own.rejected.update(word.reject)
        if word.caption:
            own.caption = {name: text for name, text in (own.caption | dict(word.caption)).items() if text.strip()}
    return found


class Wording:
    """Puts decisions into words."""

    def __init__(self, vocabulary: Vocabulary, language: str, modes: Modes, model: str, prompt: str, run: str) -> None:
        self.vocabulary, self._language, self._modes = vocabulary, language, modes
        self._model, self._prompt, self._run = model, prompt, run

    def wish(
        self,
        decision: Decision,
        beside: Sequence[File],
        said: Spoken,
        faces: Sequence[Region] = (),
        ours: frozenset[str] = frozenset(),  # keys of what the journal knows to be ours in these files
        elsewhere: Sequence[File] = (),  # the photo's files in other folders, whose words stay there
    ) -> Wish:
        """What shall stand in the files of a photo that lie together; `beside` are these files."""
        ratings = (file.facts.rating for file in beside)
        first = next((file for file in beside if file.facts.width and file.facts.height), None)
        return Wish(
            keywords=Wanted(
                words=tuple(self._words(decision, beside, said, ours)),
                removed=frozenset(name for term in said.removed for name in self.spellings(term)),
                rejected=frozenset(name for term in said.rejected for name in self.spellings(term)),
                said={name: at for term, at in said.asked.items() for name in self.spellings(term)},
            ),
            caption=texts.caption(self._caption(decision, beside, elsewhere, said)),
            place=_place(decision, beside, elsewhere),
            rating=decision.rating if decision.rating is not None else next(filter(None, ratings), None),
            label=next((file.facts.label for file in beside if file.facts.label), ""),
            gps=_point(beside),
            faces=tuple(faces),
            picture=(first.facts.width or 0, first.facts.height or 0) if first else (0, 0),
            model=self._model,
            prompt=self._prompt,
            run=self._run,
        )

    def _words(self, decision: Decision, beside: Sequence[File], said: Spoken, ours: frozenset[str]) -> Iterable[Word]:
        """People's words as they spelled them, then the decided terms in the language of the settings."""
        barred = {name for term in said.removed for name in self.spellings(term)}
        own = {key_of(word): word for file in beside for word in file.facts.keywords if key_of(word) not in ours}
        people = {self._term(word): word for name, word in own.items() if name not in barred}
        above = _paths(beside)
        for word in people.values():
            yield Word((*above.get(key_of(word), ()), word), human=True)
        tags = self._of_here(decision.tags, people, self._of(said))
        decided = {tag.term for tag in tags}
        for tag in tags:
            asked = self._term(tag.term) in self._of(said)
            if self._term(tag.term) not in people:
                path = [self._label(name) for name in self._above(tag.term) if name in decided]
                if text := self._label(tag.term):
                    yield Word((*filter(None, path), text), human=asked)

    def _of_here(self, tags: Sequence[Tag], people: Mapping[str, str], asked: set[str]) -> list[Tag]:
        """The tags without a person's words that stand only in a copy in another folder, and what comes with these."""
        own = [tag for tag in tags if tag.because != (_HUMAN,) or self._term(tag.term) in {*people, *asked}]
        sources = [tag for tag in own if not all(why.startswith("broader than ") for why in tag.because)]
        above = {name for tag in sources for name in self._above(tag.term)}
        return [tag for tag in own if tag in sources or tag.term in above]

    def _caption(self, decision: Decision, beside: Sequence[File], elsewhere: Sequence[File], said: Spoken) -> str:
        """A person's, else the decided one; not that of a copy elsewhere, nor before a person's in another language."""
        if own := said.caption.get(self._language) or next(iter(said.caption.values()), ""):
            return own
        wanted = decision.caption.get(self._language) or next(iter(decision.caption.values()), "")
        here, there = _captions(beside), _captions(elsewhere)
        if wanted in there and wanted not in here:
            wanted = ""
        foreign = [text for file in beside for text in file.facts.captions.values()]
        return foreign[0] if foreign and wanted not in here else wanted

    def _of(self, said: Spoken) -> set[str]:
        return {self._term(term) for term in said.asked}

    def _above(self, name: str) -> tuple[str, ...]:
        """The broader terms, the broadest first."""
        return tuple(reversed(self.vocabulary.ancestors(name)))

    def _label(self, name: str) -> str:
        return texts.keyword(self.vocabulary.label(name, self._language))

    def _term(self, word: str) -> str:
        term = self.vocabulary.canonical(word)
        return key_of(term.name if term else word)

    def spellings(self, word: str) -> set[str]:
        """The keys under which a file may have the word."""
        term = self.vocabulary.canonical(word)
        written = {key_of(word), key_of(texts.keyword(word))}
        return written | {key_of(term.name), key_of(self._label(term.name))} if term else written


def _paths(files: Sequence[File]) -> dict[str, tuple[str, ...]]:
    """The broader words that a person's tree has above a word; of several branches the first."""
    found: dict[str, tuple[str, ...]] = {}
    for file in files:
        for name, separator in (("hierarchy", "|"), ("tagslist", "/")):
            for item in file.facts.lists.get(name, ()):
                *above, last = (part.strip() for part in item.split(separator))
                if above:
                    found.setdefault(key_of(last), tuple(filter(None, above)))
    return found


def _captions(files: Sequence[File]) -> set[str]:
    return {text for file in files for text in (file.facts.caption or "", *file.facts.captions.values()) if text}


def _place(decision: Decision, beside: Sequence[File], elsewhere: Sequence[File]) -> dict[str, str]:
    here = {item for file in beside for item in file.facts.place.items()}
    there = {item for file in elsewhere for item in file.facts.place.items()}
    return {part: name for part, name in decision.place.items() if name and (part, name) not in there - here}


def _point(files: Sequence[File]) -> str:
    gps = next((file.facts.gps for file in files if file.facts.gps), None)
    return fields.point(gps.lat, gps.lon)[0] if gps else ""


def faces_in(evidence: Mapping[str, object], orientation: int) -> list[Region]:
    """The faces that were found, as regions of the stored picture: programs turn them with it."""
    found = evidence.get("faces")
    boxes = [face["box"] for face in found if isinstance(face, dict)] if isinstance(found, list) else []
    return [_region(box, orientation) for box in boxes]


def _region(box: Sequence[float], orientation: int) -> Region:
    left, top, right, bottom = box
    corners = [_stored(x, y, orientation) for x, y in ((left, top), (right, bottom))]
    (x1, y1), (x2, y2) = corners
    return Region("", "Face", (x1 + x2) / 2, (y1 + y2) / 2, abs(x2 - x1), abs(y2 - y1))


def _stored(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Where a point of the upright picture lies in the picture as stored."""
    return {
        1: (x, y),
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }[orientation]
