"""The three-way merge of keywords: what we left in a file, what the file says now, what we wish for.

The decision here: a word that a person deleted anywhere is deleted, a word that stands anywhere and is not ours is
theirs, and only then are all lists made complete and equal. Refused: adding to one list and hoping that every program
reads that one; taking the union of the lists, which brings back what somebody deleted in a program that knows two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from phototag.change.fields import LISTS
from phototag.read.values import key_of as key
from phototag.records import Base, Values

SUBJECT = LISTS["subject"]  # the one list that every program keeps
HIERARCHY, TAGSLIST, IPTC = LISTS["hierarchy"], LISTS["tagslist"], LISTS["iptc"]
WINDOWS = ("XMP-microsoft:LastKeywordXMP", "IFD0:XPKeywords")  # kept in line where they are there, never made
MACHINE = "XMP-phototag:MachineKeywords"
_SEPARATORS = {HIERARCHY: "|", TAGSLIST: "/", WINDOWS[0]: "/"}
_TWINS = {"|": "\u2223", "/": "\u2215"}  # how a separator inside a person's word looks where it would split the word
_LONGEST_IN_IPTC = 64  # bytes; a longer word of a person is left out there, for readers would show its stump as well


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword to be written: with its broader words, the broadest first, itself last."""

    path: tuple[str, ...]
    human: bool = False  # a person's, somewhere; it is brought along and never counts as ours

    @property
    def text(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a photo's keywords shall be, as far as it is for us to say."""

    words: tuple[Word, ...] = ()
    removed: frozenset[str] = frozenset()  # keys of words that a person took away through phototag
    said: Mapping[str, str] = field(default_factory=dict)  # key of a word that a person asked for -> when
    replace: bool = True  # ours that are not wanted any more go
    rejected: frozenset[str] = frozenset()  # keys of words that a person called wrong: ours go, theirs stay


@dataclass(frozen=True, slots=True)
class Lists:
    """The keyword lists of one file as they shall be, and what of them is ours."""

    after: Mapping[str, Values]
    added: Mapping[str, Values]
    ours: Values


def leaf(tag: str, item: str) -> str:
    """The word at the end of a path of this list."""
    separator = _SEPARATORS.get(tag)
    if separator is None:
        return item.strip()
    return item.rpartition(separator)[2].replace(_TWINS[separator], separator).strip()


def deleted(tags: Mapping[str, Values], base: Base | None) -> frozenset[str]:
    """The words that stood in the file when we left it and that somebody has taken away since.

    Some programs know only some of the lists: gone from one of them is gone. A list that is missing as a whole was
    stripped by a program that does not keep it; only without dc:Subject nothing is left that anybody would read.
    """
    before = base.lists if base and base.lists else {SUBJECT: tags.get(MACHINE, ())}
    gone: set[str] = set()
    for tag, items in before.items():
        if tag == SUBJECT or tags.get(tag):
            held = _keys(tag, _split(tag, tags.get(tag, ())))
            gone.update(key(leaf(tag, item)) for item in items if key(leaf(tag, item)) not in held)
    return frozenset(gone)


def lists(
    tags: Mapping[str, Values], allowed: Iterable[str], base: Base | None, wanted: Wanted, gone: Mapping[str, str]
) -> Lists:
    """The lists of a file after the merge; `gone` are the words deleted by a person, and when that was seen."""
    merge = _Merge(tags, allowed, base, wanted, gone)
    after = {tag: merge.after(tag) for tag in merge.tags}
    if all(merge.same(tag, items) for tag, items in after.items()):
        return Lists({tag: tags[tag] for tag in merge.tags if tag in tags}, merge.still_added(), merge.ours())
    complete = {tag: merge.completed(tag, items, after) for tag, items in after.items()}
    return Lists(complete, merge.all_added(complete), merge.ours())


class _Merge:
    """One file's lists and everything that is known of their words."""

    def __init__(
        self,
        tags: Mapping[str, Values],
        allowed: Iterable[str],
        base: Base | None,
        wanted: Wanted,
        gone: Mapping[str, str],
    ) -> None:
        self.held, self.wanted, self.base = tags, wanted, base or Base()
        may = set(allowed)
        self.tags = [tag for tag in LISTS.values() if tag in may or tag in tags]
        self.tags += [tag for tag in WINDOWS if tag in tags]
        self.mine = {key(word) for word in (*self.base.ours, *tags.get(MACHINE, ()))}
        self.lost = frozenset(
            word for word, seen in gone.items() if not wanted.said.get(word, "") > seen
        )  # a person who asks for the word again, later, gets it
        self.words = {key(word.text): word for word in wanted.words if key(word.text) not in self.lost}
        self.present = {tag: _keys(tag, tags.get(tag, ())) for tag in self.tags}
        own = self.present.get(SUBJECT, set()) - _keys(SUBJECT, self.base.added.get(SUBJECT, ()))
        self.theirs = set().union(*self.present.values()) - self.mine - (self.lost - own)

    def after(self, tag: str) -> list[str]:
        """The list without what goes, and with the words that it lacks of those that we wish for."""
        kept = [self._moved(tag, item) for item in self.held.get(tag, ()) if not self._goes(tag, item)]
        there = _keys(tag, kept)
        lacking = [word for name, word in self.words.items() if name not in there]
        new = dict.fromkeys(self._item(tag, path) for word in lacking for path in self._trees(word))
        return kept + [item for item in new if _fits(tag, item)]

    def same(self, tag: str, items: Sequence[str]) -> bool:
        return tuple(items) == tuple(self.held.get(tag, ()))

    def completed(self, tag: str, items: list[str], lists: Mapping[str, list[str]]) -> Values:
        """With the words of the other lists, so that every program shows the same."""
        there = _keys(tag, items)
        for other in lists:
            for item in lists[other]:
                name = key(leaf(other, item))
                known = name in self.words or name in self.theirs or (name in self.mine and not self.wanted.replace)
                if name not in there and known and not (other == IPTC and self._is_stump(item, lists[SUBJECT])):
                    branches = _branches(name, lists) or [(leaf(other, item),)]
                    twins = dict.fromkeys(self._item(tag, path) for path in branches)
                    items = [*items, *(twin for twin in twins if _fits(tag, twin))]
                    there.add(name)
        return tuple(items)

    def ours(self) -> Values:
        """The words that a machine chose: those that we add now, and earlier ones that no person made theirs."""
        chosen = {name: word.text for name, word in self.words.items() if not word.human and name not in self.theirs}
        if not self.wanted.replace:
            held = self.present.get(SUBJECT, set()) - self.lost - self.wanted.removed - self.wanted.rejected
            people = {name for name, word in self.words.items() if word.human}
            old = (*self.base.ours, *self.held.get(MACHINE, ()))
            chosen = {key(word): word for word in old if key(word) in held and key(word) not in people} | chosen
        return tuple(chosen.values())

    def still_added(self) -> dict[str, Values]:
        """Of what we added before, what stands there yet."""
        return {
            tag: tuple(item for item in items if item in self.held.get(tag, ()))
            for tag, items in self.base.added.items()
        }

    def all_added(self, complete: Mapping[str, Values]) -> dict[str, Values]:
        before = self.still_added()
        return {
            tag: tuple(item for item in items if item in before.get(tag, ()) or item not in set(self.held.get(tag, ())))
            for tag, items in complete.items()
        }

    def _goes(self, tag: str, item: str) -> bool:
        """Taken away by a person, through phototag or elsewhere, or ours and not wanted any more."""
        name = key(leaf(tag, item))
        through_us = name in self.mine or item in self.base.added.get(tag, ())
        replaced = self.wanted.replace or name in self.wanted.rejected
        outdated = replaced and name in self.mine and name not in self.words
        return name in self.wanted.removed or outdated or (name in self.lost and through_us and name not in self.theirs)

    def _moved(self, tag: str, item: str) -> str:
        """A path that we wrote, where the vocabulary's tree has it today."""
        word = self.words.get(key(leaf(tag, item)))
        ours = item in self.base.added.get(tag, ()) or (not self.base.lists and key(leaf(tag, item)) in self.mine)
        trees = [self._item(tag, path) for path in self._trees(word)] if word and ours else [item]
        return item if item in trees else trees[0]

    def _trees(self, word: Word) -> list[tuple[str, ...]]:
        """The word with its broader words; a person's wherever the person has put it."""
        own = _branches(key(word.text), self.held) if word.human else []
        return own or [word.path]

    @staticmethod
    def _item(tag: str, path: Sequence[str]) -> str:
        separator = _SEPARATORS.get(tag)
        if separator is None:
            return path[-1]
        return separator.join(part.replace(separator, _TWINS[separator]) for part in path)

    @staticmethod
    def _is_stump(item: str, subject: Sequence[str]) -> bool:
        """Is this what IPTC had room for of a longer keyword?"""
        long_enough = len(item.encode("utf-8", "replace")) > _LONGEST_IN_IPTC - 4
        return long_enough and any(len(longer) > len(item) and longer.startswith(item) for longer in subject)


def _split(tag: str, texts: Values) -> Values:
    """The items of a list; the keywords of Windows are one text in a file."""
    return tuple(word for text in texts for word in text.split(";")) if tag == WINDOWS[1] else texts


def _branches(name: str, lists: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Every place at which the trees in these lists have a word below others, the broadest of these first."""
    found: dict[tuple[str, ...], None] = {}
    for tag in (HIERARCHY, TAGSLIST):
        for item in lists.get(tag, ()):
            if key(leaf(tag, item)) == name and _SEPARATORS[tag] in item:
                separator = _SEPARATORS[tag]
                parts = (part.replace(_TWINS[separator], separator).strip() for part in item.split(separator))
                found.setdefault(tuple(filter(None, parts)))
    return list(found)


def _keys(tag: str, items: Iterable[str]) -> set[str]:
    return {key(leaf(tag, item)) for item in items}


def _fits(tag: str, item: str) -> bool:
    if tag == WINDOWS[1] and max(item, default="") > "\uffff":
        return False  # ExifTool can neither write nor read such a letter there
    if tag == WINDOWS[1] and ";" in item:
        return False  # there it would be two words
    return bool(item) and (tag != IPTC or len(item.encode("utf-8", "replace")) <= _LONGEST_IN_IPTC)
