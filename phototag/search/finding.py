"""A query answered: conditions by their sensors, what the picture shows by words and spaces, and why it matched.

The decision here: conditions decide who may be found, words and spaces only in which order, and a picture that nothing
speaks for is not found at all, so that "nothing found" is an answer. Where few photos pass the conditions and none
stands out, they are listed as weak: somebody who says when and where it was knows more than the words. Refused: the
nearest photos, however far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from phototag.records import family
from phototag.report import many
from phototag.search import conditions, ranking, reasons, spaces
from phototag.search.conditions import Gear
from phototag.search.nouns import Found, Hit, Part, Query
from phototag.search.ranking import Sight
from phototag.search.spaces import Near, Space
from phototag.search.wording import Stands, alternatives, says_nothing, stands, words
from phototag.store.lance import one_of
from phototag.store.searchable import Searchable
from phototag.vocabulary import Vocabulary

_DEEP = 300  # hits of each source that are ranked
_LIKE = 3.0  # what the photos to look like count, beside words
_NAMED = 20_000  # photos whose ids are handed to a space; above, its hits are asked about
_BEHIND = 4  # times as many photos as are shown are looked at, for near duplicates stand behind others
_LEAST_WORTH = 0.2  # of the words that must stand in a text, by what they are worth
_FEW = 50  # photos that pass the conditions: so many are listed although the picture part finds none
_FAINT = 0.05  # their score
_MOST_TEXT = 600  # letters of a query that are made a vector: what is meant stands in them
_COLUMNS = (
    *("status", "day", "minute", "season", "light", "technique", "people", "camera", "lens", "lat", "lon"),
    *("country_code", "rating", "kinds", "phash", "text", "caption", "place", "words"),
)

Row = Mapping[str, Any]


class Among(NamedTuple):
    """The photos that may be found: as SQL, and either by their ids or as a share of all."""

    where: str
    ids: frozenset[str] | None = None
    share: float = 0.0


EVERY = Among("")


class Finder:
    """Searches one library. It only reads."""

    def __init__(
        self, table: Searchable, sources: Callable[[], Sequence[Space]], vocabulary: Vocabulary, gear: Gear
    ) -> None:
        self.table, self.vocabulary, self.gear = table, vocabulary, gear
        self._sources = sources
        self._known_spaces: Sequence[Space] | None = None

    @property
    def spaces(self) -> Sequence[Space]:
        if self._known_spaces is None:
            self._known_spaces = self._sources()
        return self._known_spaces

    def find(
        self,
        query: Query,
        limit: int = 50,
        *,
        like: Sequence[Any] = (),
        unlike: Sequence[Any] = (),
        every: bool = False,
    ) -> Found:
        """What was found, best first; `like` and `unlike` are photos' ids or vectors, `every` folds nothing."""
        begun = time.perf_counter()
        compared = bool(like or unlike)
        if not (compared or query.parts or query.without) and says_nothing(query.picture):
            return Found(query, notes=(f'Every text is full of "{query.picture}": nothing was searched for.',))
        where = conditions.where(query.parts, self.vocabulary, self.gear, soft=compared)
        matching, notes = self.table.count(where), self._unjudged(query.parts, where)
        sight = Sight()
        if matching:
            barred = {one for one in like if isinstance(one, str)} | self._unwanted(query.without)
            if query.picture or compared:
                sight = self._seen(query, self.among(query.parts, where, matching), like, unlike, barred)
            else:
                latest = self.table.latest(where, limit * _BEHIND + len(barred))
                sight.order = [(one, 1.0) for one in latest if one not in barred]
                if not query.parts:
                    sight.notes.append(f"All photos without {_listed(query.without)}, the latest first.")
        hits = self._hits(query, sight, limit, every=every)
        seconds = round(time.perf_counter() - begun, 4)
        return Found(query, tuple(hits), matching, tuple(dict.fromkeys((*notes, *sight.notes))), seconds)

    def _seen(
        self, query: Query, among: Among, like: Sequence[Any], unlike: Sequence[Any], barred: Collection[str]
    ) -> Sight:
        """What shows the picture part, sure hits first."""
        sight = self._sight(query.picture, among, like, unlike)
        sight.order = [one for one in sight.order if one[0] not in barred]
        ids = [one for one, _ in sight.order]
        sight.doubts = set(filter(sight.doubtful, ids))
        if (like or unlike) and query.parts and ids:
            strict = conditions.where(query.parts, self.vocabulary, self.gear)
            sight.doubts |= set(ids) - self.table.passing(ids, strict)
        elif not ids and query.parts and among.ids and len(among.ids) <= _FEW:
            sight.order = self._passing(query.picture, among.ids - set(barred))
            sight.doubts = {one for one, _ in sight.order}
            if sight.order:
                said = f'Nothing stands out as "{query.picture}": these are photos that pass the rest.'
                sight.notes.append(said)
        sight.order.sort(key=lambda one: one[0] in sight.doubts)
        return sight

    def _passing(self, picture: str, ids: Collection[str]) -> list[tuple[str, float]]:
        """These photos, those first that are most like the text."""
        first: Sequence[str] = ()
        for space in self.spaces:
            if space.embed and not first:
                first = spaces.everything(space, space.embed([picture[:_MOST_TEXT]])[0], ids)
        return [(one, _FAINT) for one in dict.fromkeys((*first, *sorted(ids)))]

    # ---- conditions

    def _unjudged(self, parts: Sequence[Part], where: str) -> list[str]:
        notes = []
        for part in parts:
            known = conditions.condition(part, self.vocabulary, self.gear).known
            unknown = self.table.count(f"status <> 'missing' AND NOT ({known})") if known else 0
            if unknown:
                notes.append(
                    f"{many(unknown, 'photo')} cannot be judged by {part.field}: nothing is known of it there."
                )
            if part.field == "season" and (by_month := self.table.count(f"{where} AND season = ''")):
                notes.append(f"The season of {many(by_month, 'photo')} is by the month alone: the place is not known.")
        return notes

    def among(self, parts: Sequence[Part], where: str, matching: int) -> Among:
        """The photos that the conditions leave: by name where they are few, else to be asked about each hit."""
        if not parts:
            return Among(where)
        if matching <= _NAMED:
            return Among(where, frozenset(self.table.ids(where)))
        return Among(where, share=matching / max(self.table.count(), 1))

    # ---- the picture

    def _sight(self, picture: str, among: Among, like: Sequence[Any], unlike: Sequence[Any]) -> Sight:
        found = Sight()
        rankings: list[tuple[Sequence[str], float]] = []
        asked = picture[:_MOST_TEXT]
        if (like or unlike) and (best := self._like(asked, among, like, unlike)):
            found.liked = best[0].name
            found.near[best[0].name] = {one.image_id: one for one in best[1]}
            rankings.append(([one.image_id for one in best[1]], _LIKE))
        if asked:
            found.text = self.text(picture, among.where)
            every = [one for one, said in found.text.items() if said.every]
            some = [one for one, said in found.text.items() if not said.every]
            rankings += [(every, ranking.TEXT)] if every else []
            rankings += [([*every, *some], ranking.SOME_WORDS)] if some else []
            for space in self.spaces:
                if space.embed and space.name not in found.near:
                    near = self.near(space, asked, among)
                    found.near[space.name] = {one.image_id: one for one in near}
                    rankings.append(([one.image_id for one in near], space.weight))
        found.order = [(one, score * found.trust(one)) for one, score in ranking.fused(rankings)]
        found.order.sort(key=lambda one: (-one[1], one[0]))
        if like and asked:  # words say which of the like photos come first, and bring no others
            alike = next(iter(found.near.values()), {})
            found.order = [one for one in found.order if one[0] in alike] or found.order
        return found

    def text(self, picture: str, where: str = "") -> dict[str, Stands]:
        """The photos in whose text the words stand, best first."""
        asked = alternatives(picture)
        found = [self._text(one, where) for one in asked]
        if len(found) == 1:
            return found[0]
        every = [one for some in found for one in some.items()]
        every.sort(key=lambda one: (one[1].every, one[1].worth))
        return dict(reversed(list(dict(every).items())))

    def _text(self, picture: str, where: str) -> dict[str, Stands]:
        sought = words(picture, self.vocabulary)
        groups = [word.forms for word in sought]
        hits = self.table.words(groups, where, _DEEP, every=True) if len(groups) > 1 else []
        if len(hits) < _DEEP:
            hits = [*self.table.words(groups, where, _DEEP), *hits]
        scores = {one: score for one, score, _ in hits}
        found = {one: stands(text, sought) for one, _, text in hits}
        kept = [one for one, said in found.items() if said.worth >= _LEAST_WORTH]
        kept.sort(key=lambda one: (not found[one].every, -scores[one] * (0.5 + found[one].worth), one))
        return {one: found[one] for one in kept}

    def near(self, space: Space, text: str, among: Among = EVERY) -> list[Near]:
        """The photos that a space finds for a text, best first."""
        if space.embed is None or not text:
            return []
        best: dict[str, Near] = {}
        for one in alternatives(text):
            long = len(words(one, self.vocabulary)) > spaces.FEW_WORDS
            for near in self._nearest(space, space.embed([one[:_MOST_TEXT]])[0], among, long=long):
                if near.image_id not in best or near.strength > best[near.image_id].strength:
                    best[near.image_id] = near
        return (
            sorted(best.values(), key=lambda near: -near.strength) if len(alternatives(text)) > 1 else [*best.values()]
        )

    def _nearest(self, space: Space, vector: Any, among: Among, *, long: bool = False) -> list[Near]:
        deep = int(_DEEP / among.share) if among.share else _DEEP
        found = spaces.nearest(space, vector, deep, among.ids, long=long)
        if among.share and found:
            passing = self.table.passing([one.image_id for one in found], among.where)
            found = [one for one in found if one.image_id in passing]
        return found[:_DEEP]

    def _like(
        self, text: str, among: Among, like: Sequence[Any], unlike: Sequence[Any]
    ) -> tuple[Space, list[Near]] | None:
        """What the best space that has all these photos finds for them."""
        for space in self.spaces:
            known = space.rows.vectors([one for one in (*like, *unlike) if isinstance(one, str)], space.maker)
            if any(isinstance(one, str) and one not in known for one in (*like, *unlike)):
                continue
            wished, unwished = (
                [known[one] if isinstance(one, str) else one for one in some] for some in (like, unlike)
            )
            said = space.embed([text])[0] if text and space.embed else None
            vector = spaces.towards(wished, unwished, said)
            return space, self._nearest(replace(space, least=-1.0, sure=0.0), vector, among)
        return None

    def _unwanted(self, without: Sequence[str]) -> set[str]:
        """The photos that show what must not be seen: by their words, or surely by a space."""
        found: set[str] = set()
        for word in without:
            sought = words(word, self.vocabulary)
            found |= {one for one, *_ in self.table.words([each.forms for each in sought], "", None, every=True)}
            for space in self.spaces:
                found |= {one.image_id for one in self.near(space, word) if one.strength >= 0.75}
        return found

    # ---- hits

    def _hits(self, query: Query, sight: Sight, limit: int, *, every: bool) -> list[Hit]:
        scores = dict(sight.order)
        deep = [one for one, _ in sight.order[: limit * _BEHIND]]
        rows = self.table.rows(deep, _COLUMNS)
        files = self.table.rows(deep, ("path", "status"), "photos")
        there = [one for one in deep if one in rows and files.get(one, {}).get("status") not in (None, "missing")]
        groups = {one: [] for one in there} if every else self._folded(there, rows)
        paths = self._paths(query.parts, groups)
        hits = []
        for image_id, others in list(groups.items())[:limit]:
            row, score = rows[image_id], scores[image_id]
            weak = image_id in sight.doubts or any(reasons.loosely(part, row) for part in query.parts)
            why, shown = reasons.why(query, image_id, row, sight), reasons.shown(row)
            path = paths.get(image_id, files[image_id]["path"])
            hits.append(Hit(image_id, path, round(score, 4), why, weak, tuple(others), shown))
        return sorted(hits, key=lambda hit: hit.weak)

    def _paths(self, parts: Sequence[Part], ids: Collection[str]) -> dict[str, str]:
        """For photos of several files: the one that is of the kind that was asked for."""
        kinds = {str(part.value) for part in parts if part.field == "kind" and not part.without}
        if not kinds or not ids:
            return {}
        where = f"status <> 'missing' AND {one_of('photo_id', ids)}"
        files = self.table.every(("photo_id", "path", "kind"), where, "files")
        return {
            one["photo_id"]: one["path"] for one in files if not kinds.isdisjoint((one["kind"], family(one["kind"])))
        }

    def _folded(self, ids: Sequence[str], rows: Mapping[str, Row]) -> dict[str, list[str]]:
        """Near duplicates behind the first of them: by their hashes, unless a space that sees pictures denies it."""
        hashes = {one: rows[one]["phash"] for one in ids}
        pairs = ranking.pairs_alike(ids, hashes)
        eyes = next((space for space in self.spaces if space.name != "search"), None) if pairs else None
        denied = {}
        if eyes is not None:
            vectors = eyes.rows.vectors({one for pair in pairs for one in pair}, eyes.maker)
            known = [pair for pair in pairs if all(one in vectors for one in pair)]
            denied = {pair: _cosine(*(vectors[one] for one in pair)) >= eyes.alike for pair in known}
        return ranking.folded(ids, hashes, denied)


def _listed(words_: Sequence[str]) -> str:
    return " and ".join(f'"{word}"' for word in words_)


def _cosine(first: Any, second: Any) -> float:
    length = float((first @ first) * (second @ second)) ** 0.5
    return float(first @ second) / length if length else 0.0
