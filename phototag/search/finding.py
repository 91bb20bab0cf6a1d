"""A query answered: conditions by their sensors, what the picture shows by words and spaces, and why it matched.

The decision here: conditions decide who may be found, words and spaces only in which order, and a picture that nothing
speaks for is not found at all, so that "nothing found" is an answer. Refused: the nearest photos, however far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from phototag.search import conditions, ranking, spaces
from phototag.search.conditions import Gear
from phototag.search.nouns import Found, Hit, Part, Query, Why
from phototag.search.spaces import Near, Space
from phototag.search.wording import Stands, stands, words
from phototag.store.searchable import Searchable
from phototag.vocabulary import Vocabulary

_DEEP = 300  # hits of each source that are ranked
_TRUST = 0.5  # how much it tells in the order that a source is sure
_LIKE = 3.0  # what the photos to look like count, beside words
_NAMED = 20_000  # photos whose ids are handed to a space; above, its hits are asked about
_BEHIND = 4  # times as many photos as are shown are looked at, for near duplicates stand behind others
_LEAST_WORTH = 0.2  # of the words that must stand in a text, by what they are worth
_SURE_WORTH = 0.5
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


@dataclass
class Sight:
    """What the sources say of the picture part."""

    text: dict[str, Stands] = field(default_factory=dict)
    near: dict[str, dict[str, Near]] = field(default_factory=dict)  # by space
    order: list[tuple[str, float]] = field(default_factory=list)

    def trust(self, image_id: str) -> float:
        """How sure the surest source is, 0 to 1: a photo that is first everywhere may still be nothing."""
        told = [near[image_id].strength for near in self.near.values() if image_id in near]
        said = min(1.0, self.text[image_id].worth) if image_id in self.text else 0.0
        return float(max([*told, said]) ** _TRUST)


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
        where = conditions.where(query.parts, self.vocabulary, self.gear)
        matching, notes = self.table.count(where), list(self._unjudged(query.parts))
        seen = bool(query.picture or like or unlike)
        barred = {one for one in like if isinstance(one, str)}
        barred |= self._unwanted(query.without) if matching else set()
        sight = Sight()
        if not matching:
            ranked: list[tuple[str, float]] = []
        elif seen:
            sight = self._sight(query.picture, self.among(query.parts, where, matching), like, unlike)
            ranked = [one for one in sight.order if one[0] not in barred]
        else:
            latest = self.table.latest(where, limit * _BEHIND + len(barred))
            ranked = [(one, 1.0) for one in latest if one not in barred]
        hits = self._hits(query, ranked, sight, limit, every=every)
        seconds = round(time.perf_counter() - begun, 4)
        return Found(query, tuple(hits), matching, tuple(notes), seconds)

    # ---- conditions

    def _unjudged(self, parts: Sequence[Part]) -> list[str]:
        notes = []
        for part in parts:
            known = conditions.condition(part, self.vocabulary, self.gear).known
            unknown = self.table.count(f"status <> 'missing' AND NOT ({known})") if known else 0
            if unknown:
                photos = "1 photo" if unknown == 1 else f"{unknown:,} photos"
                notes.append(f"{photos} cannot be judged by {part.field}: nothing is known of it there.")
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
        long = len(words(text, self.vocabulary)) > spaces.FEW_WORDS
        return self._nearest(space, space.embed([text[:_MOST_TEXT]])[0], among, long=long)

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

    def _hits(
        self, query: Query, ranked: Sequence[tuple[str, float]], sight: Sight, limit: int, *, every: bool
    ) -> list[Hit]:
        scores = dict(ranked)
        deep = [one for one, _ in ranked[: limit * _BEHIND]]
        rows = self.table.rows(deep, _COLUMNS)
        files = self.table.rows(deep, ("path", "status"), "photos")
        there = [one for one in deep if one in rows and files.get(one, {}).get("status") not in (None, "missing")]
        groups = {one: [] for one in there} if every else self._folded(there, rows)
        hits = []
        for image_id, others in list(groups.items())[:limit]:
            row, score = rows[image_id], scores[image_id]
            why, weak = self._why(query, image_id, row, sight)
            shown = _shown(row)
            hits.append(Hit(image_id, files[image_id]["path"], round(score, 4), why, weak, tuple(others), shown))
        return hits

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

    def _why(self, query: Query, image_id: str, row: Row, sight: Sight) -> tuple[tuple[Why, ...], bool]:
        why = []
        for part in query.parts:
            km = conditions.distance_km(part.value, row)
            why.append(Why(part.text, part.field, 1.0, conditions.said(part, row, near_km=km)))
        strengths = []
        if said := sight.text.get(image_id):
            why.append(Why(query.picture, "text", round(min(1.0, said.worth), 3), said.said))
            strengths.append(said.worth >= _SURE_WORTH)
        for name, near in sight.near.items():
            if one := near.get(image_id):
                why.append(Why(query.picture, name, one.strength, one.said))
                strengths.append(not one.weak)
        return tuple(why), bool(strengths) and not any(strengths)


def _shown(row: Row) -> dict[str, Any]:
    """What a list shows of a photo."""
    return {
        "date": conditions.shown_day(row),
        "place": row["place"],
        "keywords": list(row["words"]),
        "caption": row["caption"],
        "rating": row["rating"] if row["rating"] >= 0 else None,
    }


def _cosine(first: Any, second: Any) -> float:
    length = float((first @ first) * (second @ second)) ** 0.5
    return float(first @ second) / length if length else 0.0
