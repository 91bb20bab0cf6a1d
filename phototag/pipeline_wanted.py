"""What a run has to do: which photos lack which steps, and which of them wait for another photo's answer.

The decision here: a photo lacks a step if there is no evidence of it by today's maker; but what cost model time is
asked for anew only on request (`--retag`), for a changed prompt must not cost a library's week unasked. Refused: flags
that say what is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from phototag.look.step import Step
from phototag.pipeline_choice import Selection
from phototag.pipeline_scenes import given, scenes
from phototag.records import LASTING, Evidence
from phototag.settings import Settings
from phototag.store.library import Library

_SHARED = LASTING - {"verdict"}  # what can be said of a whole burst: whose eyes are open differs from photo to photo
_KEPT = LASTING - {"translate"}  # another language is another question


class Wanted:
    """By photo the names of the steps that it lacks. What is found to be done is told to it."""

    def __init__(self, library: Library, steps: Sequence[Step], settings: Settings) -> None:
        self._library, self._steps, self._settings = library, steps, settings
        self._lacking: dict[str, set[str]] = {}
        self._waits: dict[str, str] = {}  # photo -> the photo of its burst whose answer it may get
        self.renewed: set[str] = set()  # photos for which an answer that was there counts again
        self.kept: Counter[str] = Counter()  # by step: photos that another model or prompt has answered for

    def find(self, photos: Sequence[tuple[str, bool]], selection: Selection) -> list[str]:
        """Those of the photos that lack something, in their order; the flag says whether there is a picture."""
        for step in self._steps:
            self._look_for(step, [image_id for image_id, has in photos if has or not step.needs_picture], selection)
        self._hold([image_id for image_id, _ in photos])
        return [image_id for image_id, _ in photos if image_id in self._lacking]

    def now(self, image_id: str, step: Step) -> bool:
        """Is the photo to be taken through the step, and not waiting?"""
        return self.ever(image_id, step) and not (image_id in self._waits and step.name in _SHARED)

    def ever(self, image_id: str, step: Step) -> bool:
        return step.name in self._lacking[image_id]

    def anywhere(self, step: Step) -> bool:
        return any(step.name in names for names in self._lacking.values())

    def shared(self, selection: Selection) -> Iterator[list[Evidence]]:
        """The answers that waiting photos get from others that agree with them, in batches to store."""
        anew = selection.fresh or self._settings.look.retag
        for made in given(self._library, self._waits, self._steps, self._still, anew=anew):
            for evidence in made:
                self._lacking[evidence.image_id].discard(evidence.step)
            yield made

    def waited(self) -> list[str]:
        """The photos that wait in vain: no answer fits them, so they are asked about themselves."""
        alone = [one for one in self._waits if any(self._still(one, step) for step in self._steps)]
        self._waits.clear()
        for image_id in alone:
            self._lacking[image_id] &= _SHARED
        return alone

    @property
    def waiting(self) -> Mapping[str, str]:
        return self._waits

    def _still(self, image_id: str, step: Step) -> bool:
        return step.name in _SHARED and self.ever(image_id, step)

    def _look_for(self, step: Step, ids: Sequence[str], selection: Selection) -> None:
        """Note which photos lack this step; with `fresh` and `retry_failed` make them lack it."""
        library = self._library
        if selection.fresh:
            library.forget(step.name, step.maker, ids, step.space)
        made = library.made(step.name, step.maker, failed=not selection.retry_failed)
        if step.name in _KEPT and self._settings.look.retag:
            self.renewed |= self._last_word_again(step, made.intersection(ids))
        if step.name in LASTING:
            made = self._outlasting(step, made, ids, selection)
        lacking = [image_id for image_id in ids if image_id not in made]
        if selection.retry_failed and not selection.fresh:
            library.forget(step.name, step.maker, lacking, step.space)
        for image_id in lacking:
            self._lacking.setdefault(image_id, set()).add(step.name)

    def _last_word_again(self, step: Step, made: set[str]) -> set[str]:
        """Where others have spoken since, an answer of this maker that is there counts again; nobody is asked."""
        last: dict[str, tuple[str, str]] = {}
        for one in self._library.evidence(made):
            if one.step == step.name and not one.error and last.get(one.image_id, ("", ""))[0] <= one.made_at:
                last[one.image_id] = one.made_at, one.maker
        others = {image_id for image_id, (_, maker) in last.items() if maker != step.maker}
        self._library.renew(step.name, step.maker, others)
        return others

    def _outlasting(self, step: Step, made: set[str], ids: Sequence[str], selection: Selection) -> set[str]:
        """The photos for which an answer stands. What builds on one that is asked for anew does not stand either."""
        if self._lasts(step, selection):
            by_others = self._library.made(step.name, failed=False) - made
            self.kept[step.name] += len(by_others.intersection(ids))
            made |= by_others
        below = set(step.after) & LASTING
        moot = {one for one in made.intersection(ids) if self._lacking.get(one, set()) & below}
        self._library.forget(step.name, step.maker, moot)
        return made - moot

    def _lasts(self, step: Step, selection: Selection) -> bool:
        """Does the answer of another model or prompt do?"""
        return step.name in _KEPT and not selection.fresh and not self._settings.look.retag

    def _hold(self, ids: Sequence[str]) -> None:
        """Find the photos that wait for the answer to another one of their burst."""
        asked = [step for step in self._steps if step.name in _SHARED]
        if not asked or self._settings.look.every_photo:
            return
        lacking = {one for one, names in self._lacking.items() if names & {step.name for step in asked}}
        if lacking:
            leaders = scenes(self._library, ids, set(ids) - lacking, self._settings.burst.window_s)
            self._waits = {one: leaders[one] for one in ids if one in leaders and one in lacking}
