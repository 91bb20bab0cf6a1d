"""The words that may become keywords: each with one spelling, whatever it is called.

The decision here: a word, an alias or a label in any language leads to one term, and a term is written as it was
spelled (NASA, iPhone, McDonald). Refused: title case, and two terms that answer to the same word.

What a later file says of a term wins: a user's file over the shipped one, the second user's file over the first. Its
aliases, labels and phrasings are added to those that the term has; its spelling, parent, kind and flags replace them.
A name or alias that was another term's alias is taken over. A name that is already a term cannot become an alias.
Names and aliases go before labels where a word is both, but for the label as it is spelled, with its capitals.
"""

from __future__ import annotations

import gc
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xxhash

from phototag.errors import UsageError
from phototag.vocabulary_files import KINDS, Given, Source, folded, from_line, plain, read

__all__ = ["KINDS", "Term", "Vocabulary", "folded", "load", "text_line"]


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of the vocabulary, spelled as it is written into files."""

    name: str
    parent: str = ""  # the broader term
    kind: str = "objects"  # one of KINDS
    labels: Mapping[str, str] = field(default_factory=dict)  # by language
    aliases: tuple[str, ...] = ()
    phrasings: tuple[str, ...] = ()  # sentences for matching a picture with text
    sensitive: bool = False  # no machine decides it alone
    exclude: bool = False  # never written


class Vocabulary:
    """Terms and every word that leads to them; `digest` changes with anything they say."""

    def __init__(self, terms: Iterable[Term]) -> None:
        by_name = sorted(terms, key=lambda term: term.name)
        self.terms: Mapping[str, Term] = {term.name: term for term in by_name}
        self.digest = _digest(by_name)
        self._known: dict[str, Term] = {}
        self._above: dict[str, tuple[str, ...]] = {}  # remembered: every photo asks
        self._leading: dict[str, frozenset[str]] = {}
        for term in by_name:
            self._known[folded(term.name)] = term
        self._spelled: dict[str, Term] = {}  # labels that are another term's word but for their capitals
        for words in (_aliases, _labels):
            for term in by_name:
                for word in words(term):
                    other = self._known.setdefault(folded(word), term)
                    if other is not term and words is _labels and word != word.lower():
                        self._spelled[word] = term

    def canonical(self, word: str) -> Term | None:
        """The term of that name, alias or label, whatever its case and inner spaces.

        Case counts only where it tells two languages apart: a boot is a shoe, a Boot is a boat.
        """
        return self._spelled.get(word) or self._known.get(folded(word))

    def key(self, word: str) -> str:
        """What makes two words one: the term that they lead to."""
        term = self.canonical(word)
        return folded(term.name if term else word)

    def ancestors(self, name: str) -> tuple[str, ...]:
        """The broader terms, nearest first; none for a word that is no term."""
        term = self.canonical(name)
        if term is None:
            return ()
        if term.name not in self._above:
            self._above[term.name] = tuple(self._broader(term))
        return self._above[term.name]

    def _broader(self, term: Term | None) -> list[str]:
        above: list[str] = []
        while term and term.parent and term.parent not in above:
            above.append(term.parent)
            term = self.terms.get(term.parent)
        return above

    def leading_to(self, term: Term) -> frozenset[str]:
        """Its name and aliases, folded, without those that are another term's word."""
        if term.name not in self._leading:
            words = map(folded, (term.name, *term.aliases))
            self._leading[term.name] = frozenset(word for word in words if self.key(word) == folded(term.name))
        return self._leading[term.name]

    def label(self, name: str, language: str) -> str:
        """The term in that language; its name where it has no label, the word itself where it is no term."""
        term = self.canonical(name)
        if term is None:
            return name
        return term.labels.get(language) or term.labels.get(language[:2]) or term.name


def load(core: Path, users: Sequence[Path] = ()) -> Vocabulary:
    """The terms of all files, a later one's say before an earlier one's; UsageError names file and line."""
    book = _Book()
    with no_search_for_garbage():
        for path in (core, *users):
            book.add(read(path))
        return Vocabulary(book.terms())


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Keep the collector off: a great many objects are made, none is garbage, and looking for some costs a quarter."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def text_line(term: Term) -> str:
    """The term as a line of a text vocabulary: parent, name and aliases; the rest has no place there.

    UsageError for a word that cannot be a term, or that such a line would read as something else.
    """
    line = " > ".join(filter(None, (term.parent, term.name)))
    line += f" = {', '.join(term.aliases)}" if term.aliases else ""
    found = [(one.name, one.parts.get("parent", ""), *one.aliases.values()) for one in from_line(Source("", [line]), 1)]
    wanted = tuple(unicodedata.normalize("NFC", word) for word in (term.name, term.parent, *term.aliases))
    if found != [wanted]:
        raise UsageError(
            f'"{plain(term.name)}" cannot stand on a line of a text vocabulary.',
            'Write it without "=", ">", line breaks and "#", or put it into a TOML vocabulary.',
        )
    return unicodedata.normalize("NFC", line)


def _aliases(term: Term) -> tuple[str, ...]:
    return term.aliases


def _labels(term: Term) -> list[str]:
    return [term.labels[language] for language in sorted(term.labels)]


def _digest(terms: Sequence[Term]) -> str:
    said = [
        [
            term.name,
            term.parent,
            term.kind,
            sorted(term.labels.items()),
            sorted(term.aliases),
            term.phrasings,
            term.sensitive,
            term.exclude,
        ]
        for term in terms
    ]
    return xxhash.xxh3_64_hexdigest(json.dumps(said, ensure_ascii=False).encode())[:8]


class _Book:
    """What all files say of each term, in their order."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Given]] = {}  # by the name's key
        self.owners: dict[str, str] = {}  # key of an alias -> key of its term
        self.files: list[Source] = []

    def add(self, entries: Sequence[Given]) -> None:
        """Take in a file; UsageError if it contradicts itself or makes a term an alias."""
        own: dict[str, Given] = {}
        for one in entries:
            first = own.setdefault(folded(one.name), one)
            if first is not one:
                sentence = f'the term "{one.name}" is already in {first.place(first.name)}.'
                raise one.wrong(sentence, "Keep one of them.", one.name)
        aliases: dict[str, str] = {}
        for key, one in own.items():
            for word in one.aliases:
                if word in aliases or word in own or word in self.heard:
                    raise self._taken(word, one, own, aliases)
                aliases[word] = key
        for key, one in own.items():
            self.owners.pop(key, None)  # it is a term of its own from here on
            self.heard.setdefault(key, []).append(one)
        self.owners |= aliases
        self.files.extend(one.source for one in entries[:1])

    def _taken(self, word: str, one: Given, own: Mapping[str, Given], aliases: Mapping[str, str]) -> UsageError:
        """Why this term's alias cannot be one."""
        alias = one.aliases[word]
        if word in aliases:
            other = own[aliases[word]]
            sentence = f'the alias "{alias}" is already in {other.place(other.aliases[word])}, for "{other.name}".'
            return one.wrong(sentence, "An alias leads to one term: keep one of them.", alias)
        other = own[word] if word in own else self.heard[word][-1]
        sentence = f'the alias "{alias}" is itself a term, in {other.place(other.name)}.'
        return one.wrong(sentence, f"Take it away. To group terms, write: {one.name} > {other.name}", alias)

    def terms(self) -> list[Term]:
        """Every term with its parent and kind; UsageError for an unknown parent, a circle or a label used twice."""
        parents = {key: self._parent(key) for key in self.heard}
        kinds: dict[str, str] = {}
        for key in self.heard:
            line: list[str] = []
            while key and key not in kinds:
                if key in line:
                    raise self._circle(line[line.index(key) :])
                line.append(key)
                key = parents[key]
            for one in reversed(line):
                kinds[one] = self._said(one, "kind", kinds.get(parents[one], "objects"))
        terms = [self._term(key, parents[key], kinds[key]) for key in self.heard]
        self._check_labels(terms)
        return terms

    def _said(self, key: str, part: str, otherwise: Any) -> Any:
        """The last word on a part of a term."""
        for one in reversed(self.heard[key]):
            if part in one.parts:
                return one.parts[part]
        return otherwise

    def _term(self, key: str, parent: str, kind: str) -> Term:
        entries = self.heard[key]
        aliases: dict[str, str] = {}
        labels: dict[str, str] = {}
        for one in entries:
            aliases |= one.aliases
            labels |= one.labels
        return Term(
            entries[-1].name,
            self.heard[parent][-1].name if parent else "",
            kind,
            labels,
            tuple(alias for word, alias in aliases.items() if self.owners.get(word) == key),
            tuple(dict.fromkeys(phrase for one in entries for phrase in one.parts.get("phrasings", ()))),
            self._said(key, "sensitive", False),
            self._said(key, "exclude", False),
        )

    def _parent(self, key: str) -> str:
        """The key of the term above, which may have been named by an alias."""
        parent = self._said(key, "parent", "")
        above = folded(parent)
        above = self.owners.get(above, above)
        if not above or above in self.heard:
            return above
        import difflib

        near = difflib.get_close_matches(above, self.heard, n=1)
        asks = f'Did you mean "{self.heard[near[0]][-1].name}"? ' if near else ""
        one = self.heard[key][-1]
        sentence = f'"{one.name}" stands under "{parent}", which is no term.'
        raise one.wrong(sentence, f"{asks}A parent must be a term itself.", parent)

    def _circle(self, keys: Sequence[str]) -> UsageError:
        last = self._latest(keys)
        names = " > ".join(self.heard[key][-1].name for key in (*reversed(keys), keys[-1]))
        hint = "A term cannot stand under itself: change one of the parents."
        return last.wrong(f"the terms go round in a circle: {names}.", hint, last.parts.get("parent", ""))

    def _latest(self, keys: Iterable[str]) -> Given:
        """What was said last of any of these terms: there the mistake was made."""
        return max((self.heard[key][-1] for key in keys), key=lambda one: (self.files.index(one.source), one.line))

    def _check_labels(self, terms: Sequence[Term]) -> None:
        first: dict[tuple[str, str], Term] = {}
        for term in terms:
            for language, label in term.labels.items():
                other = first.setdefault((language, folded(label)), term)
                if other is not term:
                    sentence = f'"{term.name}" and "{other.name}" have the same label "{label}" ({language}).'
                    one = self._latest((folded(term.name), folded(other.name)))
                    raise one.wrong(sentence, "Give each term a label of its own.", label)
