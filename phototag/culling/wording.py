"""A verdict in the words in which it is written into files: stars, a label, a flag.

The decision here: the planner, the merge and the writer are those of `tag`; only the wish is another one. Where a file
of the photo has stars that are not of an earlier culling, the photo has been judged, and no file of it gets ours.
Refused: a second way into a user's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from phototag.change.merge import CULLED, LABEL, RATING, Culled, Modes, Wish
from phototag.change.wish import Spoken, Wording
from phototag.culling.decisions import Decided
from phototag.culling.nouns import Member
from phototag.decide.cull import PICK, REJECT
from phototag.records import Decision, Entry, File, Region
from phototag.settings_cull import Cull
from phototag.vocabulary import Vocabulary

MODES = Modes(only=frozenset({CULLED}))
_FLAGS = {PICK: "3", REJECT: "1"}  # as digiKam counts
_OWN_FIELDS = "XMP-phototag:MachineFields"


def wanted(member: Member, people: Mapping[str, Decided], using: Cull) -> Culled:
    """What the files of a photo shall say about its verdict."""
    verdict, person = member.judged.verdict, people.get(member.judged.image_id)
    stars = person.stars if person and person.stars else using.stars if verdict == PICK else 0
    rating = str(stars) if stars else ""
    if verdict == REJECT:
        rating = "-1" if using.reject_as == "rating" else ""
    return Culled(
        rating=rating,
        label="Red" if verdict == REJECT and using.reject_as == "label" else "",
        flag=_FLAGS.get(verdict, "") if using.reject_as == "flag" else "",
    )


def stars_of_ours(entries: Mapping[str, Sequence[Entry]]) -> dict[str, int]:
    """File -> the stars that culling wrote there last, by the journal."""
    found: dict[str, int] = {}
    for entry in (entry for done in entries.values() for entry in done):
        fields, target = entry.change.get("fields") or {}, str(entry.change.get("target"))
        if (
            entry.state == "done"
            and RATING in fields
            and any(item.startswith("culled_rating=") for item in fields.get(_OWN_FIELDS, ((), ()))[1])
        ):
            found[target] = int(fields[RATING][1][0]) if fields[RATING][1] else 0
    return found


def label_of_ours(entries: Mapping[str, Sequence[Entry]]) -> dict[str, str]:
    """File -> the label that culling wrote there last, by the journal."""
    found: dict[str, str] = {}
    for entry in (entry for done in entries.values() for entry in done):
        fields = entry.change.get("fields") or {}
        if (
            entry.state == "done"
            and LABEL in fields
            and any(item.startswith("culled_label=") for item in fields.get(_OWN_FIELDS, ((), ()))[1])
        ):
            found[str(entry.change.get("target"))] = str(fields[LABEL][1][0]) if fields[LABEL][1] else ""
    return found


class CullWording(Wording):
    """Puts verdicts into words, where `tag` puts decisions."""

    def __init__(
        self, vocabulary: Vocabulary, run: str, verdicts: Mapping[str, Culled], ours: Mapping[str, int]
    ) -> None:
        super().__init__(vocabulary, "en", MODES, "", "", run)
        self._verdicts, self._ours = verdicts, ours

    def wish(
        self,
        decision: Decision,
        beside: Sequence[File],
        said: Spoken,
        faces: Sequence[Region] = (),
        ours: frozenset[str] = frozenset(),
        elsewhere: Sequence[File] = (),
    ) -> Wish:
        """The verdict on a photo, and nothing else."""
        culled = self._verdicts[decision.image_id]
        rated = [file for file in beside if file.facts.rating and self._ours.get(file.path) != file.facts.rating]
        return Wish(run=self._run, culled=replace(culled, rating=None) if rated else culled)
