"""From evidence to decisions, for a whole library: no model, no picture, seconds.

The decision here: what is decided is a pure function of evidence, files' facts, vocabulary, rules and what people
said; it is made anew wherever one of these has changed. What a describer says of the photos beside a photo is evidence
too, so a new answer decides its neighbours again. People's words come from the journal alone, so a rebuild loses none.
Refused: a library in memory; of the photos beside others only cameras, times and ids are known at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from phototag.decide import described, findable, policy
from phototag.decide.meaning import Meant
from phototag.decide.policy import Person, Rules
from phototag.look.step import Step
from phototag.read.values import key_of
from phototag.records import Change, Decision, Entry, Photo, Said
from phototag.report import Report
from phototag.store import searchable
from phototag.store.known import counting
from phototag.store.lance import one_of
from phototag.store.library import Library, chunks
from phototag.vocabulary import Vocabulary, folded

MOST_BESIDE = 4  # photos on either side that are asked
_DESCRIBED = "step IN ('describe', 'choose') AND error = ''"


class Meanings(Protocol):
    """Which term a word outside the vocabulary stands for; words are learned by the batch."""

    def learn(self, words: Sequence[str]) -> object: ...

    def __call__(self, word: str) -> Meant | None: ...


@dataclass
class Decided:
    """What a run decided, for the end summary."""

    photos: int = 0  # decided anew
    unchanged: int = 0
    tags: int = 0
    queued: int = 0
    proposed: int = 0

    def add(self, other: Decided) -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


class Made(NamedTuple):
    """Photos with their evidence and the decision that was made of it."""

    photos: list[tuple[Photo, Mapping[str, Any], Decision]]


class Deciding:
    """Decides for photos of one library. It must be held for writing."""

    def __init__(
        self,
        library: Library,
        steps: Sequence[Step],
        vocabulary: Vocabulary,
        rules: Rules,
        said: Iterator[Said],
        meanings: Meanings | None = None,
        *,
        gap_minutes: float = 120,
        window_s: float = 2.0,
    ) -> None:
        self.library, self.vocabulary, self.rules = library, vocabulary, rules
        self._makers = {step.name: step.maker for step in steps}
        self._people = people(said, vocabulary)
        self._meanings = meanings
        self._pauses = gap_minutes * 60, window_s
        self._known_timeline: Timeline | None = None

    def run(
        self,
        ids: Sequence[str],
        touched: Collection[str],
        report: Report,
        stop: Callable[[], bool],
        ahead: Mapping[str, Decided] | None = None,
    ) -> Decided:
        """Decide for those photos that are touched, or were decided by another policy or not at all.

        Photos beside those that are touched are decided again too, wherever they lie, if they ever were. Those that
        were decided `ahead`, with all that is beside them, are only counted.
        """
        current, ahead = policy.name_of(self.rules, self.vocabulary), ahead or {}
        before = self.library.decided()
        self._known_timeline = None
        again = {one for one in touched if one not in ahead}
        again |= {other for one in again for other, _ in self._timeline.beside(one) if other in before}
        again -= ahead.keys()
        todo = [photo for photo in ids if photo not in ahead and (photo in again or before.get(photo) != current)]
        found = Decided(unchanged=sum(photo not in ahead for photo in ids) - len(todo))
        for one in ahead.values():
            found.add(one)
        todo = self._timeline.in_order({*todo, *(again & before.keys())})
        with report.clock("decide"), report.progress("deciding", len(todo)) as bar:
            for some in chunks(todo):
                if stop():
                    break
                for one in self.put(self.made(some)).values():
                    found.add(one)
                bar.step(len(some))
        if found.photos:
            self.library.lance.indexed(searchable.TABLE)
        return found

    def decide(self, ids: Sequence[str]) -> Iterator[Decision]:
        """The decisions for some photos, in the order of the library."""
        return (decision for *_, decision in self._made(ids))

    def made(self, ids: Sequence[str]) -> Made:
        """The decisions for some photos, to be put into the tables."""
        return Made(list(self._made(ids)))

    def put(self, made: Made) -> dict[str, Decided]:
        """The decisions are in the tables; what they are, photo by photo."""
        decisions = [decision for *_, decision in made.photos]
        if made.photos:  # first, so that a decided photo has its row
            searchable.put(self.library.lance, self._findable(made.photos))
        self.library.put_decisions(decisions)
        return {one.image_id: Decided(1, 0, len(one.tags), len(one.queued), len(one.proposed)) for one in decisions}

    def _made(self, ids: Sequence[str]) -> Iterator[tuple[Photo, Mapping[str, Any], Decision]]:
        """Each photo with its evidence and its decision."""
        beside = {image_id: self._timeline.beside(image_id) for image_id in ids}
        wanted = dict.fromkeys([*ids, *(other for some in beside.values() for other, _ in some)])
        counted = counting(self.library.evidence(wanted), self._makers)
        values = {one: {step: each.value for step, each in counted.get(one, {}).items()} for one in wanted}
        self._learn(values.values())
        answers = {one: answer for one in wanted if (answer := self._answer(one, values[one]))}
        written = self.library.changes.of_images(ids)
        for photo in self.library.photos(ids):
            own = values[photo.image_id]
            if found := neighbours(answers, photo.image_id, beside[photo.image_id]):
                own["neighbours"] = found
            yield photo, own, self._decision(_without_ours(photo, written.get(photo.image_id, [])), own)

    def _findable(self, made: Sequence[tuple[Photo, Mapping[str, Any], Decision]]) -> list[dict[str, Any]]:
        """The rows that search asks, of photos that have just been decided upon."""
        files: dict[str, dict[str, str]] = {photo.image_id: {} for photo, *_ in made}
        where = f"status <> 'missing' AND {one_of('photo_id', files)}"
        for image_id, path, kind in self.library.lance.tuples("files", ("photo_id", "path", "kind"), where):
            files[image_id][path] = kind
        changed = dict(self.library.lance.tuples("photos", ("image_id", "modified_ns"), one_of("image_id", files)))
        return [
            findable.row(photo, files[photo.image_id], one, own, self.vocabulary, changed.get(photo.image_id, 0))
            for photo, own, one in made
        ]

    def _decision(self, photo: Photo, values: Mapping[str, Any]) -> Decision:
        person = self._people.get(photo.image_id)
        return policy.decide(
            photo.image_id, values, photo.facts, self.vocabulary, self.rules, person, meanings=self._meanings
        )

    # ---- the photos beside a photo

    def timeline(self) -> Timeline:
        """Who stands beside whom, whether a describer has said anything of them or not; kept until `run`."""
        shots = self.library.lance.tuples("photos", ("camera", "taken_utc", "image_id"), "taken_utc IS NOT NULL")
        self._known_timeline = Timeline(shots, *self._pauses)
        return self._known_timeline

    @property
    def _timeline(self) -> Timeline:
        """Who stands beside whom; nobody does where no describer has said anything."""
        if self._known_timeline is None:
            if self.library.lance.count("evidence", _DESCRIBED):
                return self.timeline()
            self._known_timeline = Timeline((), *self._pauses)
        return self._known_timeline

    def _learn(self, values: Iterable[Mapping[str, Any]]) -> None:
        if self._meanings is not None:
            self._meanings.learn(list(dict.fromkeys(word for each in values for word in described.words(each))))

    def _answer(self, image_id: str, values: Mapping[str, Any]) -> Answer | None:
        """What a describer said of a photo, as keys of terms, and of which picture it said so."""
        said = frozenset(map(self._key, described.words(values)))
        given = (values.get("describe") or values.get("choose") or {}).get("from")
        return Answer(given or image_id, said) if said else None

    def _key(self, word: str) -> str:
        meant = self._meanings(word) if self._meanings is not None else None
        return folded(meant.term) if meant else self.vocabulary.key(word)


class Answer(NamedTuple):
    """A describer's words for one picture, whichever photos they were given to."""

    picture: str
    said: frozenset[str]


def neighbours(
    answers: Mapping[str, Answer], image_id: str, beside: Sequence[tuple[str, bool]]
) -> dict[str, Any] | None:
    """What was said of the photos beside a photo, each answer once and never the photo's own; None without any."""
    if image_id not in answers:
        return None
    heard = {answers[image_id].picture}
    said: Counter[str] = Counter()
    photos = near = 0
    for other, is_near in beside:
        answer = answers.get(other)
        if answer and answer.picture not in heard:
            heard.add(answer.picture)
            photos, near = photos + 1, near + is_near
            said.update(answer.said)
    return (
        {"photos": photos, "near": near, "said": {key: said[key] / photos for key in sorted(said)}} if photos else None
    )


class Timeline:
    """The photos of each camera in order of time. Photos of unknown cameras follow each other, but are no burst."""

    def __init__(self, shots: Iterable[tuple[str | None, datetime, str]], gap_s: float, window_s: float) -> None:
        self._shots = sorted((camera or "", _seconds(taken), image_id) for camera, taken, image_id in shots)
        self._place = {image_id: at for at, (*_, image_id) in enumerate(self._shots)}
        self._gap, self._window = gap_s, window_s

    def beside(self, image_id: str) -> list[tuple[str, bool]]:
        """The photos next to this one, within the gap, and whether they are of the same burst; the nearest first."""
        at = self._place.get(image_id)
        if at is None:
            return []
        found = [*self._side(at, -1), *self._side(at, 1)]
        return [(other, near) for _, near, other in sorted(found, key=lambda one: (one[0], one[2]))]

    def in_order(self, ids: Collection[str]) -> list[str]:
        """The ids by camera and time, so that neighbours are read together; those without a time come last."""
        return sorted(ids, key=lambda image_id: (self._place.get(image_id, len(self._shots)), image_id))

    def _side(self, at: int, way: int) -> Iterator[tuple[float, bool, str]]:
        camera, moment, _ = self._shots[at]
        last, near = moment, bool(camera)
        for step in range(1, MOST_BESIDE + 1):
            other = at + way * step
            if not 0 <= other < len(self._shots):
                return
            its_camera, its_moment, image_id = self._shots[other]
            if its_camera != camera or abs(its_moment - moment) > self._gap:
                return
            near = near and abs(its_moment - last) <= self._window
            last = its_moment
            yield abs(its_moment - moment), near, image_id


def _seconds(taken: datetime) -> float:
    return taken.replace(tzinfo=UTC).timestamp()


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
