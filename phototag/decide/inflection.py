"""What a word may be a form of: the base forms of English and German words, to be looked up in a vocabulary.

The decision here: generous guesses, of which only one that is a term counts, in three kinds, because they are not
equally safe. Another number of the same noun is. A German ending is safe only on the way from one German word to
another (Häuser -> Haus, but corner is no form of corn, and boots are no Boot). What somebody does is a form of what is
done (smiling -> smile) but hardly ever of a thing or a place: training is no train and parking is no park. Refused: a
stemmer, which makes universe of university.
"""

from __future__ import annotations

from collections.abc import Iterator


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_SHORTEST = 3  # letters of a base form
_SHORTEST_GERMAN = 4  # Skin is no form of Ski

_IRREGULAR = {
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "men": "man",
    "mice": "mouse",
    "oxen": "ox",
    "people": "person",
    "teeth": "tooth",
    "women": "woman",
}
_PLURALS = {one: many for many, one in _IRREGULAR.items()}
# Alone they are no mere plural or singular of the word that they look like.
_OTHERS = _words(
    "arm arms bra brass cloth clothes custom customs even facing dying fall falls falling fell glass glasses",
    "good goods green greens iron irons manning mean means mine new news people person short shorts spectacle",
    "spectacles spirit spirits spring springs springing tight tights water waters wood woods work works",
)
_ENDINGS = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""), ("men", "man"), ("i", "us"), ("a", "um"))
_BEFORE_ES = ("s", "x", "z", "ch", "sh", "o")
_NO_PLURAL = ("ss", "us", "is")
_DEEDS = (
    ("ing", ""),
    ("ing", "e"),
    ("ed", ""),
    ("ed", "e"),
    ("ied", "y"),
    ("y", ""),
    ("y", "e"),
    ("s", ""),
    ("es", ""),
)
_ARTICLES = _words("a an the some one two three der die das ein eine einen zwei drei")
_GERMAN_ENDINGS = ("innen", "nen", "en", "e", "n")
_UMLAUTS = (("äu", "au"), ("ä", "a"), ("ö", "o"), ("ü", "u"))
_BROAD = frozenset("aou")  # vowels that a German plural in -er turns into umlauts: Mann, Männer


def nouns(word: str) -> Iterator[str]:
    """The same thing in another number or spelling, without its article; English."""
    for bare in _spelled(word):
        if bare != word:
            yield bare
        start, last = _split(bare)
        if start or last not in _OTHERS:
            yield from (start + form for form in (*_singular(last), *_plural(last)))


def german(word: str) -> Iterator[str]:
    """The base forms of a German noun, folded; these count only where a German word is hit."""
    for bare in _spelled(word):
        start, last = _split(bare)
        yield from (start + form for form in _german(last) if len(form) >= _SHORTEST_GERMAN)


def deeds(word: str) -> Iterator[str]:
    """What one does, and what it is called; these count only where no thing or place is hit."""
    start, last = _split(word)
    if last in _OTHERS:
        return
    for ending, instead in _DEEDS:
        stem = last.removesuffix(ending)
        if stem != last and len(stem) >= _SHORTEST:
            yield start + stem + instead
            if stem[-1] == stem[-2] and not instead:
                yield start + stem[:-1]  # hugging, running
    if len(last) > _SHORTEST:
        yield from (start + form for form in (f"{last}ing", f"{last.removesuffix('e')}ing", f"{last}{last[-1]}ing"))


def _spelled(word: str) -> Iterator[str]:
    """The word without its article, and with its parts joined in other ways."""
    first, space, rest = word.partition(" ")
    bare = rest if space and first in _ARTICLES else word
    yield bare
    parts = bare.replace("-", " ").split()
    if len(parts) > 1:
        yield from (joined for glue in (" ", "-", "") if (joined := glue.join(parts)) != bare)


def _split(word: str) -> tuple[str, str]:
    """What stands before the last word, and the last word."""
    cut = max(word.rfind(" "), word.rfind("-")) + 1
    return word[:cut], word[cut:]


def _singular(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if not word.endswith(_NO_PLURAL):
        for ending, instead in _ENDINGS:
            stem = word.removesuffix(ending)
            whole = ending != "es" or stem.endswith(_BEFORE_ES)  # boxes, but stages have no stag
            if stem != word and whole and len(stem + instead) >= _SHORTEST:
                yield stem + instead


def _plural(word: str) -> Iterator[str]:
    if len(word) < _SHORTEST or (word.endswith("s") and not word.endswith("ss")):
        return
    if word in _PLURALS:
        yield _PLURALS[word]
    yield f"{word}s"
    if word.endswith(_BEFORE_ES):
        yield f"{word}es"
    if word.endswith("y"):
        yield f"{word[:-1]}ies"
    if word.endswith(("f", "fe")):
        yield f"{word.removesuffix('e')[:-1]}ves"


def _german(word: str) -> Iterator[str]:
    stems = [word, *(word.removesuffix(ending) for ending in _GERMAN_ENDINGS if word.endswith(ending))]
    if word.endswith(("as", "is", "os")):  # Kameras; no other German noun has its plural in -s
        stems.append(word[:-1])
    for ending in ("er", "ern"):
        stem = word.removesuffix(ending)
        if stem != word and not _has_broad_vowel(stem):
            stems.append(stem)
    for stem in stems:
        if stem != word:
            yield stem
        if len(stem) < len(word):  # Bilder and Bild, but Blumen and Blume
            yield f"{stem}e"
        for umlaut, plain in _UMLAUTS:
            before, found, after = stem.rpartition(umlaut)
            if found:
                yield before + plain + after
                break


def _has_broad_vowel(stem: str) -> bool:
    """Whether the last vowel could have become an umlaut and did not: manner is no plural of Mann."""
    vowels = [letter for letter in stem if letter in "aeiouäöüy"]
    return bool(vowels) and vowels[-1] in _BROAD and "äu" not in stem[-4:]
