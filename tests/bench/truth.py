"""Measures how true the written keywords are: python tests/bench/truth.py PHOTOS

The decision here: whether a keyword is true was judged once by looking at each picture and is kept in verdicts.json,
so that precision can be printed again after any change; a keyword without a verdict is listed, never guessed. Only the
half of the photos whose path has an odd SHA-1 is reported, the other half is there to tune on. Refused: taking the
labels that a data set comes with for the truth, since they leave out most of what a picture shows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from phototag import api, resources, vocabulary  # noqa: E402
from phototag.errors import PhototagError  # noqa: E402
from phototag.records import Tag  # noqa: E402
from phototag.store.library import Library  # noqa: E402

VERDICTS = Path(__file__).with_name("verdicts.json")
PROMISED = 0.90  # of the keywords that sensors guess
# The looks and words that come with the package, whatever this machine's own settings say.
AS_SHIPPED = {"look.describer": "", "look.embedder": "", "policy.vocabulary": "", "policy.min_confidence": 0.6}
TRUE, FALSE, UNKNOWN = "true", "false", "cannot tell"


@dataclass(frozen=True)
class Photo:
    """What was decided for one photo of the reported half."""

    name: str  # relative to the folder, in POSIX form
    written: tuple[Tag, ...]  # by the machine
    people_said: frozenset[str]  # words that the file had already
    queued: frozenset[str]
    people: int | None


@dataclass(frozen=True)
class Keyword:
    """One written keyword and what looking at the picture said of it."""

    photo: str
    term: str
    kind: str
    score: float
    because: tuple[str, ...]
    verdict: str  # "" if nobody has looked yet

    @property
    def guessed(self) -> bool:
        """Facts, and what follows from people's words, have a score of 1; no guess has."""
        return self.score < 1


@dataclass
class Recall:
    """Which terms that people used for a picture were found."""

    said: int = 0
    written: int = 0
    queued: int = 0
    missed: Counter[str] = field(default_factory=Counter)


def reported(name: str) -> bool:
    """Is the photo of that relative path in the half that is reported on?"""
    return int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16) % 2 == 1


def photos(folder: Path, library: Library) -> Iterator[Photo]:
    """The reported half of a folder that was looked at, by path."""
    decisions = {decision.image_id: decision for decision in library.decisions()}
    counted: dict[str, int] = {}
    for evidence in library.evidence(decisions):
        if evidence.step == "people" and not evidence.error:
            counted[evidence.image_id] = evidence.value["count"]
    for photo in sorted(library.photos(decisions), key=lambda photo: photo.files[0]):
        name = Path(library.place.actual(photo.files[0])).relative_to(folder).as_posix()
        if reported(name):
            decision = decisions[photo.image_id]
            human = frozenset(tag.term for tag in decision.tags if "human" in tag.because)
            written = tuple(tag for tag in decision.tags if tag.term not in human)
            queued = frozenset(tag.term for tag in decision.queued)
            yield Photo(name, written, human, queued, counted.get(photo.image_id))


def judged(
    found: Iterable[Photo], verdicts: Mapping[str, Mapping[str, str]], words: vocabulary.Vocabulary
) -> list[Keyword]:
    """Every keyword that the machine wrote, with its verdict."""
    return [
        Keyword(
            photo.name,
            tag.term,
            words.terms[tag.term].kind,
            tag.score,
            tag.because,
            verdicts.get(photo.name, {}).get(tag.term, ""),
        )
        for photo in found
        for tag in photo.written
    ]


def precision(name: str, keywords: Iterable[Keyword]) -> str:
    """How many of the keywords that could be judged are true, as a line."""
    count = Counter(keyword.verdict for keyword in keywords)
    sure = count[TRUE] + count[FALSE]
    share = f"{count[TRUE] / sure:.3f}" if sure else "-"
    others = [f"{count[verdict]} {text}" for verdict, text in ((UNKNOWN, UNKNOWN), ("", "unjudged")) if count[verdict]]
    return f"{name:24} {share:>5}  {count[TRUE]:4} of {sure:4}" + "".join(f", {other}" for other in others)


def recall(found: Iterable[Photo], captions: Mapping[str, Sequence[str]], words: vocabulary.Vocabulary) -> Recall:
    """Which terms of the vocabulary that occur in captions written by people were written or queued."""
    total = Recall()
    for photo in found:
        written = {tag.term for tag in photo.written} | photo.people_said
        for term in sorted({term for text in captions.get(photo.name, ()) for term in terms_in(text, words)}):
            total.said += 1
            total.written += term in written
            total.queued += term in photo.queued
            if term not in written | photo.queued:
                total.missed[term] += 1
    return total


def terms_in(text: str, words: vocabulary.Vocabulary) -> Iterator[str]:
    """The vocabulary's terms in a caption, the longest first, also in the plural."""
    said = re.findall(r"[a-z][a-z-]+", text.casefold())
    at = 0
    while at < len(said):
        for length in (3, 2, 1):
            phrase = " ".join(said[at : at + length])
            term = words.canonical(phrase) or words.canonical(phrase.removesuffix("s"))
            if term:
                yield term.name
                at += length
                break
        else:
            at += 1


def captions_of(folder: Path) -> dict[str, list[str]]:
    """What people wrote about the pictures, if the folder has a captions.jsonl."""
    file = folder / "captions.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {entry["file"]: entry["captions"] for entry in map(json.loads, lines)}


def lines(folder: Path, library: Library, kept: Mapping[str, Any]) -> Iterator[str]:
    """The report."""
    words = vocabulary.load(resources.vocabulary_file())
    found = list(photos(folder, library))
    keywords = judged(found, kept["verdicts"], words)
    guessed = [keyword for keyword in keywords if keyword.guessed]
    yield f"{len(found)} photos in the reported half, {len(keywords)} keywords written by the machine"
    yield ""
    yield precision("precision, all", keywords)
    yield precision("without sensors' facts", guessed) + f"   (promised: {PROMISED:.2f})"
    for kind in sorted({keyword.kind for keyword in keywords}):
        yield precision(f"  {kind}", (keyword for keyword in keywords if keyword.kind == kind))
    yield ""
    yield from _recall_lines(recall(found, captions_of(folder), words))
    yield from _people_lines(found, kept["people_truth"])
    yield from _listed("wrong, worst first", [keyword for keyword in keywords if keyword.verdict == FALSE])
    yield from _listed("without a verdict (look, then add to verdicts.json)", [k for k in keywords if not k.verdict])


def _recall_lines(total: Recall) -> Iterator[str]:
    if total.said:
        share, asked = total.written / total.said, (total.written + total.queued) / total.said
        yield f"recall against captions  {share:.3f}  {total.written:4} of {total.said:4}; with the queue {asked:.3f}"
        yield "  missed most: " + ", ".join(f"{term} {count}" for term, count in total.missed.most_common(12))


def _people_lines(found: Sequence[Photo], truth: Mapping[str, int]) -> Iterator[str]:
    pairs = [(photo, truth[photo.name]) for photo in found if photo.name in truth and photo.people is not None]
    for name, some in (("all countable photos", pairs), ("photos with people", [pair for pair in pairs if pair[1]])):
        if some:
            right = sum(photo.people == count for photo, count in some)
            yield f"people counted exactly   {right / len(some):.3f}  {right:4} of {len(some):4}  ({name})"
    for photo, count in pairs:
        if photo.people != count:
            yield f"  {photo.people} instead of {count}: {photo.name}"


def _listed(heading: str, keywords: Sequence[Keyword]) -> Iterator[str]:
    yield ""
    yield f"{heading}: {len(keywords)}"
    for keyword in sorted(keywords, key=lambda keyword: (-keyword.score, keyword.photo, keyword.term)):
        yield f"  {keyword.score:.2f} {keyword.term:22} {keyword.photo}  ({', '.join(keyword.because)})"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures how true the written keywords are.")
    parser.add_argument("photos", type=Path)
    folder = parser.parse_args().photos.resolve()
    if not folder.is_dir():
        parser.error(f"{folder} is not a folder")
    kept = json.loads(VERDICTS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place:
        try:
            library, _, _ = api.look(folder, library=Path(place) / "library", flags=AS_SHIPPED)
        except PhototagError as error:
            sys.exit(str(error))
        for line in lines(folder, library, kept):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
