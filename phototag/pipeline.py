"""One runner for every look: decode once, ask each step that still lacks evidence, store in one thread.

The decision here: what is to do is a set difference (photos without evidence of this step by this
maker), so running again is resuming. Answers are stored as they come, so that whatever kills a run
costs at most one batch of model time. Refused: progress flags and resuming by row number.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from phototag.errors import NoBackend, Unreadable
from phototag.look.step import Step, Subject
from phototag.pipeline_choice import ORDERS, Selection, chosen
from phototag.pipeline_nouns import Ahead, Batch, Photo
from phototag.pipeline_wanted import Wanted
from phototag.read import picture
from phototag.records import Evidence
from phototag.report import Progress, Report, many, shown
from phototag.settings import Settings
from phototag.store.known import counting
from phototag.store.lance import one_of
from phototag.store.library import Library
from phototag.store.storing import Storing
from phototag.store.tables import facts_of

__all__ = ["ORDERS", "Looked", "Run", "Selection"]


@dataclass
class Looked:
    """What a run made, for the end summary."""

    photos: int = 0  # that the run looked at
    made: Counter[str] = field(default_factory=Counter)  # by step
    unchanged: int = 0  # that lacked nothing
    without_picture: int = 0  # videos: no reader for their frames yet
    given: Counter[str] = field(default_factory=Counter)  # by step: answers to another photo of the same burst
    kept: Counter[str] = field(default_factory=Counter)  # by step: photos that another model or prompt has answered for
    told: list[str] = field(default_factory=list)  # what backends say of the run
    failed: list[tuple[str, str]] = field(default_factory=list)  # path, reason
    decided: Any = None  # what was then decided, if anything was
    interrupted: bool = False


class Run:
    """One run of some steps over some photos. The library must be held for writing."""

    def __init__(
        self,
        library: Library,
        steps: Sequence[Step],
        settings: Settings,
        report: Report,
        stop: Callable[[], bool] = lambda: False,
        ahead: Ahead | None = None,  # told which photos are finished
    ) -> None:
        self._ahead = ahead
        self.library, self.steps, self.settings, self.report = library, steps, settings, report
        self.found = Looked()
        self._stop = stop
        self._threads = settings.threads or os.cpu_count() or 1
        self._wanted = Wanted(library, steps, settings)
        self._guard = threading.Lock()
        self._named: set[tuple[str, str]] = set()  # failures that were named
        self._taking_part: list[Step] = []  # steps that a photo lacks
        self._warned: list[str] = []
        self.touched: set[str] = set()  # photos with new evidence

    def run(self, selection: Selection) -> Looked:
        if self._stop():
            return Looked(interrupted=True)
        photos = chosen(self.library, selection)
        todo = self._wanted.find(photos, selection)
        self.found.kept = self._wanted.kept
        self.touched |= self._wanted.renewed
        self.found.unchanged = len(photos) - len(todo)
        if any(step.needs_picture for step in self.steps):
            self.found.without_picture = sum(not has for _, has in photos)
        if todo:
            if self._ahead:
                self._ahead.begins(todo)
            self._begin()
            try:
                self._through(todo)
                if self._wanted.waiting and not self.found.interrupted:
                    self._share(selection)
            except NoBackend as stop:
                raise self._ended(stop, selection) from stop
            self._warn()
            self.library.compact()
        told = (getattr(step, "told", "") for step in self.steps)
        self.found.told = list(dict.fromkeys(filter(None, told)))  # steps may share one describer
        self.report.keep(f"looked at {self.found.photos} photos: {dict(self.found.made)}")
        for path, reason in self.found.failed:
            self.report.keep(f"could not look at {shown(path)}: {reason}")
        return self.found

    def _warn(self, but: str = "") -> None:
        """Say what backends want people to hear of the run, each thing once."""
        for notice in (text for step in self._taking_part for text in getattr(step, "notices", ())):
            if notice not in (*self._warned, but):
                self._warned.append(notice)
                self.report.warn(notice)

    def _ended(self, stop: NoBackend, selection: Selection) -> NoBackend:
        """What stopped the run, and with it what is kept and how to go on; what went wrong before is said first."""
        self._warn(f"{stop.sentence} {stop.hint}".strip())
        kept = sum(self.found.made[step.name] for step in self.steps if step.logged)
        again = "without --fresh again" if selection.fresh else "again"
        told = f"{many(kept, 'answer')} kept. Run the same command {again}: it goes on where it stopped."
        return NoBackend(stop.sentence, "\n  ".join(filter(None, (stop.hint, told))))

    # ---- doing it

    def _begin(self) -> None:
        """Let those who need long to get ready begin; what comes of it they say when they are asked."""
        begun: list[object] = []
        self._taking_part = list(filter(self._wanted.anywhere, self.steps))
        self._warn()  # it may be that pictures go to another machine
        for step in self._taking_part:
            begin, who = getattr(step, "begin", None), getattr(step, "asks", step)
            if begin and who not in begun:
                begun.append(who)
                threading.Thread(target=begin, args=(self.report.say,), name=f"begin-{step.name}", daemon=True).start()

    def _through(self, todo: Sequence[str], *, again: bool = False) -> None:
        """Take the photos through all steps that they want; `again` is no new photo in the summary."""
        with self._storing() as storing:
            self._work(todo, storing, again=again)

    def _storing(self) -> Storing:
        logged = {step.name for step in self.steps if step.logged}
        return Storing(self.library, self.report, logged, compact_every=self.settings.store.compact_every)

    def _share(self, selection: Selection) -> None:
        """Give the photos that wait the answers to others that agree with them, and ask about the rest."""
        with self._storing() as storing:
            for made in self._wanted.shared(selection):
                self.found.given.update(evidence.step for evidence in made)
                self.touched.update(evidence.image_id for evidence in made)
                storing.put(made)
        if rest := self._wanted.waited():
            self._through(rest, again=True)

    def _work(self, todo: Sequence[str], storing: Storing, *, again: bool) -> None:
        """Keep some batches under way: decoding ahead, local steps in lanes, model servers in pools of their own."""
        decoders = ThreadPoolExecutor(self._threads, "decode")
        lanes = ThreadPoolExecutor(self._threads, "lane")
        pools = {step.name: ThreadPoolExecutor(step.parallel, step.name) for step in self.steps if step.parallel}
        size = self.settings.look.batch
        most = self._threads + 1 + sum(-(-step.parallel // size) for step in self.steps)
        under_way: deque[tuple[Batch, list[Future[None]]]] = deque()
        try:
            with self.report.progress("looking", len(todo)) as bar:
                for start in range(0, len(todo), size):
                    if self._stop():
                        break
                    batch = self._batch(todo[start : start + size], decoders)
                    under_way.append((batch, self._sent(batch, lanes, pools, storing)))
                    if len(under_way) >= most:
                        self._finish(*under_way.popleft(), bar, storing, again=again)
                while under_way:
                    self._finish(*under_way.popleft(), bar, storing, again=again)
        finally:
            for pool in (decoders, lanes, *pools.values()):
                pool.shutdown(cancel_futures=True)
        self.found.interrupted = self._stop()

    def _sent(
        self, batch: Batch, lanes: ThreadPoolExecutor, pools: Mapping[str, ThreadPoolExecutor], storing: Storing
    ) -> list[Future[None]]:
        """Send a batch on its way: through the local steps as a whole, to the servers photo by photo.

        A server's answer is stored when it is there: whatever kills a run costs no answer that has arrived.
        """
        local = [step for step in self.steps if not step.parallel]
        first = lanes.submit(self._lane, batch, batch.photos, local, storing)
        asked: dict[str, Sequence[Future[None]]] = {step.name: [first] * len(batch.photos) for step in local}
        for step in (step for step in self.steps if step.parallel):
            builds_on = [asked[name] for name in step.after if name in asked]
            asked[step.name] = [
                pools[step.name].submit(self._in_turn, batch, photo, step, storing, [each[at] for each in builds_on])
                if self._wanted.now(photo.image_id, step)
                else first
                for at, photo in enumerate(batch.photos)
            ]
        return [first, *(future for futures in asked.values() for future in futures)]

    def _in_turn(
        self, batch: Batch, photo: Photo, step: Step, storing: Storing, before: Sequence[Future[None]]
    ) -> None:
        """Take a photo through a step with a pool of its own, once the steps that it builds on are through."""
        for future in before:
            future.result()  # and not wait(), which never hears of those that a shutdown cancels
        self._lane(batch, [photo], [step], storing)

    def _finish(
        self, batch: Batch, asked: Sequence[Future[None]], bar: Progress, storing: Storing, *, again: bool
    ) -> None:
        for future in asked:
            future.result()
        ids = (photo.image_id for photo in batch.photos)
        if self._ahead and not self._stop():
            self._ahead.finished((one for one in ids if one not in self._wanted.waiting), storing)
        looked_at = len(batch.photos) - len(batch.left_out)
        self.found.photos += 0 if again else looked_at
        bar.step(looked_at)

    def _batch(self, ids: Sequence[str], decoders: ThreadPoolExecutor) -> Batch:
        rows = {
            row["image_id"]: Photo(**row) for row in self.library.photo_rows(Photo._fields, one_of("image_id", ids))
        }
        photos = [rows[image_id] for image_id in ids]
        pictures = {photo.image_id: decoders.submit(self._picture, photo) for photo in photos}
        return Batch(photos, pictures, self._earlier(ids))

    def _picture(self, photo: Photo) -> Any:
        """The shared picture of a photo, the reason why there is none, or None where nobody asks for it."""
        if not any(step.needs_picture and self._wanted.now(photo.image_id, step) for step in self.steps):
            return None
        look, limit = self.settings.look, self.settings.scan.max_megapixels * 1_000_000
        if not os.path.lexists(actual := self.library.place.actual(photo.picture)):
            return FileNotFoundError(photo.picture)
        with self.report.clock("decode"):
            try:
                return picture.decode(actual, photo.picture_kind, look.side, limit).pixels
            except Unreadable as trouble:
                return trouble

    def _earlier(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What earlier runs found by the steps that others build on."""
        found: dict[str, dict[str, Any]] = {image_id: {} for image_id in ids}
        makers = {step.name: step.maker for step in self.steps}
        needed = {name for step in self.steps for name in step.after}
        if needed:
            for image_id, steps in counting(self.library.evidence(ids), makers).items():
                found[image_id] = {name: one.value for name, one in steps.items() if name in needed}
        return found

    def _lane(self, batch: Batch, photos: Sequence[Photo], steps: Sequence[Step], storing: Storing) -> None:
        """Take photos of a batch through some steps, one after the other; after a stop nothing new is begun."""
        for step in steps:
            if self._stop():
                batch.left_out.update(photo.image_id for photo in photos)
                return
            subjects, made = [], []
            for photo in photos:
                if not self._wanted.now(photo.image_id, step):
                    continue
                pixels = batch.pictures[photo.image_id].result() if step.needs_picture else None
                if isinstance(pixels, FileNotFoundError):  # its disk is away: it stays pending
                    self._note_absent(photo)
                    continue
                if isinstance(pixels, Unreadable):
                    made.append(Evidence(photo.image_id, step.name, step.maker, error=pixels.sentence))
                else:
                    found = batch.earlier[photo.image_id]  # other lanes add to it meanwhile: never walk through it
                    earlier = {name: found[name] for name in step.after if name in found}
                    subjects.append(Subject(photo.image_id, pixels, facts_of(photo.facts), earlier))
            if subjects:
                with self.report.clock(step.name):
                    made += step.make(subjects)
            for evidence in made:
                if not evidence.error:
                    batch.earlier[evidence.image_id][step.name] = evidence.value
            self._count(made, batch)
            storing.put(made)

    def _note_absent(self, photo: Photo) -> None:
        with self._guard:
            if (photo.image_id, "") not in self._named:
                self._named.add((photo.image_id, ""))
                self.found.failed.append((photo.path, "the file is not there now; scan its folder again"))

    def _count(self, made: Sequence[Evidence], batch: Batch) -> None:
        paths = {photo.image_id: photo.path for photo in batch.photos}
        with self._guard:
            for evidence in made:
                self.found.made[evidence.step] += not evidence.error
                self.touched.add(evidence.image_id)
                if evidence.error and (evidence.image_id, evidence.error) not in self._named:
                    self._named.add((evidence.image_id, evidence.error))  # a picture that breaks fails every step
                    self.found.failed.append((paths[evidence.image_id], evidence.error))
