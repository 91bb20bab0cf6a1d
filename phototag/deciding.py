"""From evidence to decisions, for a whole library: no model, no picture, seconds.

The decision here: what is decided is a pure function of evidence, files' facts, vocabulary, rules and
what people said; it is made anew wherever one of these has changed. People's words come from the
journal alone, so a rebuild loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from phototag.decide import policy
from phototag.decide.policy import Person, Rules
from phototag.look.step import Step
from phototag.read.values import key_of
from phototag.records import Change, Decision, Entry, Evidence, Photo, Said
from phototag.report import Report
from phototag.store.library import Library, chunks
from phototag.vocabulary import Vocabulary


@dataclass
class Decided:
    """What a run decided, for the end summary."""

    photos: int = 0  # decided anew
    unchanged: int = 0
    tags: int = 0
    queued: int = 0
    proposed: int = 0


class Deciding:
    """Decides for photos of one library. It must be held for writing."""

    def __init__(
        self, library: Library, steps: Sequence[Step], vocabulary: Vocabulary, rules: Rules, said: Iterator[Said]
    ) -> None:
        self.library, self.vocabulary, self.rules = library, vocabulary, rules
        self._makers = {step.name: step.maker for step in steps}
        self._people = people(said, vocabulary)

    def run(self, ids: Sequence[str], touched: Collection[str], report: Report, stop: Callable[[], bool]) -> Decided:
        """Decide for those photos that are touched, or were decided by another policy or not at all."""
        current = policy.name_of(self.rules, self.vocabulary)
        before = self.library.decided()
        again = set(touched)
        todo = [photo for photo in ids if photo in again or before.get(photo) != current]
        found = Decided(unchanged=len(ids) - len(todo))
        with report.clock("decide"), report.progress("deciding", len(todo)) as bar:
            for some in chunks(todo):
                if stop():
                    break
                decisions = list(self.decide(some))
                self.library.put_decisions(decisions)
                found.photos += len(decisions)
                for decision in decisions:
                    found.tags += len(decision.tags)
                    found.queued += len(decision.queued)
                    found.proposed += len(decision.proposed)
                bar.step(len(some))
        return found

    def decide(self, ids: Sequence[str]) -> Iterator[Decision]:
        """The decisions for some photos, in the order of the library."""
        values: dict[str, dict[str, object]] = {image_id: {} for image_id in ids}
        for evidence in self.library.evidence(ids):
            if self._counts(evidence):
                values[evidence.image_id][evidence.step] = evidence.value
        written = self.library.changes.of_images(ids)
        for photo in self.library.photos(ids):
            yield self._decision(_without_ours(photo, written.get(photo.image_id, [])), values[photo.image_id])

    def _decision(self, photo: Photo, values: dict[str, object]) -> Decision:
        person = self._people.get(photo.image_id)
        return policy.decide(photo.image_id, values, photo.facts, self.vocabulary, self.rules, person)

    def _counts(self, evidence: Evidence) -> bool:
        """Evidence of the makers that would be asked today; of a step that nobody asks now, the last word stands."""
        return not evidence.error and self._makers.get(evidence.step, evidence.maker) == evidence.maker


def _without_ours(photo: Photo, written: Sequence[Entry]) -> Photo:
    """The photo without keywords of ours whose origin a program has stripped from the file; the journal knows them."""
    last = {str(entry.change.get("target")): entry for entry in written if entry.state == "done"}
    ours = {key_of(word) for entry in last.values() for word in Change.from_json(entry.change).base.ours}
    ours -= {key_of(word) for word in photo.facts.ours}  # where the file itself knows, it knows better
    if not ours:
        return photo
    kept = tuple(word for word in photo.facts.keywords if key_of(word) not in ours)
    return replace(photo, facts=replace(photo.facts, keywords=kept))


def people(said: Iterator[Said], vocabulary: Vocabulary) -> dict[str, Person]:
    """What people decided, photo by photo; a later word on a term takes the earlier one back."""
    found: dict[str, dict[str, str]] = {}
    captions: dict[str, dict[str, str]] = {}
    for word in said:
        terms = found.setdefault(word.image_id, {})
        for verb in ("accept", "reject", "add", "remove"):
            for term in getattr(word, verb):
                for other in [other for other in terms if vocabulary.key(other) == vocabulary.key(term)]:
                    del terms[other]
                terms[term] = verb
        captions.setdefault(word.image_id, {}).update(word.caption)
    return {image_id: _person(terms, captions[image_id]) for image_id, terms in found.items()}


def _person(terms: dict[str, str], caption: dict[str, str]) -> Person:
    def those(verb: str) -> tuple[str, ...]:
        return tuple(term for term, last in terms.items() if last == verb)

    own = {language: text for language, text in caption.items() if text}
    return Person(those("accept"), those("reject"), those("add"), those("remove"), own)
