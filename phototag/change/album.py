"""An album in a person's files: one keyword more, and nothing else of what was decided.

The decision here: an album is a word in the files like those of other programs, so that taking back the run takes
back the album; what else stands in a file stays, and the lists of keywords are brought in line as at every write.
Refused: a word in the library that outlives the files', and writing decisions on the way that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phototag.change.merge import Modes, Wish
from phototag.change.merge_words import Wanted, Word
from phototag.change.wish import Spoken, Wording
from phototag.records import Decision, File, Region
from phototag.store.tables import now
from phototag.vocabulary import Vocabulary

MODES = Modes(only=frozenset({"keywords"}), keywords="append")


class AlbumWording(Wording):
    """Wishes for the name of the album alone, for every photo."""

    def __init__(self, vocabulary: Vocabulary, language: str, name: str, run: str) -> None:
        super().__init__(vocabulary, language, MODES, "", "", run)
        self._wanted = Wanted(
            words=(Word((name,), human=True),),
            said=dict.fromkeys(self.spellings(name), now()),  # asked for now, whatever was deleted before
            replace=False,
        )
        self._name_of_run = run

    def wish(
        self,
        decision: Decision,
        beside: Sequence[File],
        said: Spoken,
        faces: Sequence[Region] = (),
        ours: frozenset[str] = frozenset(),
        elsewhere: Sequence[File] = (),
    ) -> Wish:
        """The album's name; what the files say besides is not ours to say here."""
        return Wish(keywords=self._wanted, run=self._name_of_run)


def barred_before(wording: Wording, name: str, said: Mapping[str, Spoken], gone: Mapping[str, set[str]]) -> set[str]:
    """The photos of which a person took this word away once, through phototag or in another program (`gone`).

    For these the new word has to be said, too, or the next `tag` would obey the old one.
    """
    names = wording.spellings(name)
    through_us = {one for one, own in said.items() if names & _keys(wording, own)}
    return through_us | {one for one, words in gone.items() if names & words}


def _keys(wording: Wording, own: Spoken) -> set[str]:
    return {key for term in own.removed | own.rejected for key in wording.spellings(term)}
