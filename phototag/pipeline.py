"""One runner for every look: decode once, ask each step that still lacks evidence, store in one thread.

The decision here: what is to do is a set difference (photos without evidence of this step by this
maker), so running again is resuming. Answers are stored as they come, so that whatever kills a run
costs at most one batch of model time. Refused: progress flags and resuming by row number.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from phototag.errors import Unreadable
from phototag.look.step import Step, Subject
from phototag.read import picture
from phototag.records import Evidence
from phototag.report import Progress, Report, shown
from phototag.settings import Settings
from phototag.store.lance import one_of
from phototag.store.library import Library
from phototag.store.storing import Storing
from phototag.store.tables import facts_of

_ORDERS = {"taken": "taken_utc", "name": "path", "modified": "modified_ns"}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True)
class Selection:
    """Which photos a run looks at, and in which order."""

    below: tuple[str, ...] = ("",)  # stored folders and files; "" is the whole library
    order: str = "taken"
    limit: int = 0
    sample: int = 0
    seed: int = 0
    retry_failed: bool = False
    fresh: bool = False


@dataclass
class Looked:
    """What a run made, for the end summary."""

    photos: int = 0  # that the run looked at
    made: Counter[str] = field(default_factory=Counter)  # by step
    unchanged: int = 0  # that lacked nothing
    without_picture: int = 0  # RAW and video: no reader for their picture yet
    failed: list[tuple[str, str]] = field(default_factory=list)  # path, reason
    decided: Any = None  # what was then decided, if anything was
    interrupted: bool = False


class _Photo(NamedTuple):
    """What the runner needs of a photo: which file to name and to decode, and what the file says."""

    image_id: str
    path: str
    picture: str  # "" for a RAW or a film without a picture beside it
    picture_kind: str
    facts: str


@dataclass
class _Batch:
    """Some photos on their way through the steps."""

    photos: list[_Photo]
    pictures: list[Future[Any]]
    earlier: dict[str, dict[str, Any]]  # photo -> step -> value, for the steps that build on others
    left_out: int = 0  # photos that nobody came to because the run was stopped


class Run:
    """One run of some steps over some photos. The library must be held for writing."""

    def __init__(
        self,
        library: Library,
        steps: Sequence[Step],
        settings: Settings,
        report: Report,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.library, self.steps, self.settings, self.report = library, steps, settings, report
        self.found = Looked()
        self._stop = stop
        self._threads = settings.threads or os.cpu_count() or 1
        self._wanted: dict[str, set[str]] = {}  # photo -> names of the steps that it lacks
        self._guard = threading.Lock()
        self._named: set[tuple[str, str]] = set()  # failures that were named
        self.touched: set[str] = set()  # photos with new evidence

    def run(self, selection: Selection) -> Looked:
        if self._stop():
            return Looked(interrupted=True)
        chosen = self._chosen(selection)
        for step in self.steps:
            self._want(step, [image_id for image_id, has in chosen if has or not step.needs_picture], selection)
        todo = [image_id for image_id, _ in chosen if image_id in self._wanted]
        self.found.unchanged = len(chosen) - len(todo)
        if any(step.needs_picture for step in self.steps):
            self.found.without_picture = sum(not has for _, has in chosen)
        if todo:
            logged = {step.name for step in self.steps if step.logged}
            every = self.settings.store.compact_every
            with Storing(self.library, self.report, logged, compact_every=every) as storing:
                self._work(todo, storing)
            self.library.compact()
        self.report.keep(f"looked at {self.found.photos} photos: {dict(self.found.made)}")
        for path, reason in self.found.failed:
            self.report.keep(f"could not look at {shown(path)}: {reason}")
        return self.found

    # ---- what is to do

    def _chosen(self, selection: Selection) -> list[tuple[str, bool]]:
        """The photos that are there, in the wanted order, and whether there is a picture to look at."""
        order = _ORDERS[selection.order]
        found = []
        columns = dict.fromkeys(("image_id", "path", "picture", "files", order))
        for row in self.library.photo_rows(tuple(columns), "status = 'present'"):
            if _lies_below(row["files"], selection.below):
                key = str(row[order] or "") if order == "taken_utc" else row[order]
                found.append((not row[order], key, row["path"], row["image_id"], bool(row["picture"])))
        found.sort()
        chosen = [(image_id, has) for *_, image_id, has in found]
        if selection.sample:
            lucky = set(random.Random(selection.seed).sample(range(len(chosen)), min(selection.sample, len(chosen))))
            chosen = [photo for place, photo in enumerate(chosen) if place in lucky]
        return chosen[: selection.limit] if selection.limit else chosen

    def _want(self, step: Step, ids: Sequence[str], selection: Selection) -> None:
        """Note which photos lack this step; with `fresh` and `retry_failed` make them lack it."""
        if selection.fresh:
            self.library.forget(step.name, step.maker, ids, step.space)
        made = self.library.made(step.name, step.maker, failed=not selection.retry_failed)
        lacking = [image_id for image_id in ids if image_id not in made]
        if selection.retry_failed and not selection.fresh:
            self.library.forget(step.name, step.maker, lacking, step.space)
        for image_id in lacking:
            self._wanted.setdefault(image_id, set()).add(step.name)

    # ---- doing it

    def _work(self, todo: Sequence[str], storing: Storing) -> None:
        """Keep some batches under way: decoding ahead, local steps in lanes, model servers in pools of their own."""
        decoders = ThreadPoolExecutor(self._threads, "decode")
        lanes = ThreadPoolExecutor(self._threads, "lane")
        pools = {step.name: ThreadPoolExecutor(step.parallel, step.name) for step in self.steps if step.parallel}
        most = self._threads + 1 + sum(step.parallel for step in self.steps)
        under_way: deque[tuple[_Batch, list[Future[None]]]] = deque()
        size = self.settings.look.batch
        try:
            with self.report.progress("looking", len(todo)) as bar:
                for start in range(0, len(todo), size):
                    if self._stop():
                        break
                    batch = self._batch(todo[start : start + size], decoders)
                    local = [step for step in self.steps if not step.parallel]
                    first = lanes.submit(self._lane, batch, local, storing)
                    asked = dict.fromkeys((step.name for step in local), first)
                    for step in (step for step in self.steps if step.parallel):
                        before = [asked[name] for name in step.after if name in asked]
                        asked[step.name] = pools[step.name].submit(self._in_turn, batch, step, storing, before)
                    under_way.append((batch, [first, *asked.values()]))
                    if len(under_way) >= most:
                        self._finish(*under_way.popleft(), bar)
                while under_way:
                    self._finish(*under_way.popleft(), bar)
        finally:
            for pool in (decoders, lanes, *pools.values()):
                pool.shutdown(cancel_futures=True)
        self.found.interrupted = self._stop()

    def _in_turn(self, batch: _Batch, step: Step, storing: Storing, before: Sequence[Future[None]]) -> None:
        """Take a batch through a step with a pool of its own, once the steps that it builds on are through."""
        for future in before:
            future.result()  # and not wait(), which never hears of those that a shutdown cancels
        self._lane(batch, [step], storing)

    def _finish(self, batch: _Batch, asked: Sequence[Future[None]], bar: Progress) -> None:
        for future in asked:
            future.result()
        looked_at = len(batch.photos) - batch.left_out
        self.found.photos += looked_at
        bar.step(looked_at)

    def _batch(self, ids: Sequence[str], decoders: ThreadPoolExecutor) -> _Batch:
        rows = {
            row["image_id"]: _Photo(**row) for row in self.library.photo_rows(_Photo._fields, one_of("image_id", ids))
        }
        photos = [rows[image_id] for image_id in ids]
        return _Batch(photos, [decoders.submit(self._picture, photo) for photo in photos], self._earlier(ids))

    def _picture(self, photo: _Photo) -> Any:
        """The shared picture of a photo, the reason why there is none, or None where nobody asks for it."""
        if not any(step.needs_picture and step.name in self._wanted[photo.image_id] for step in self.steps):
            return None
        look, limit = self.settings.look, self.settings.scan.max_megapixels * 1_000_000
        if not os.path.lexists(self.library.place.actual(photo.picture)):
            return FileNotFoundError(photo.picture)
        with self.report.clock("decode"):
            try:
                actual = self.library.place.actual(photo.picture)
                return picture.decode(actual, photo.picture_kind, look.side, limit).pixels
            except Unreadable as trouble:
                return trouble

    def _earlier(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What earlier runs found by the steps that others build on."""
        found: dict[str, dict[str, Any]] = {image_id: {} for image_id in ids}
        makers = {step.name: step.maker for step in self.steps}
        needed = {name for step in self.steps for name in step.after}
        if needed:
            for evidence in self.library.evidence(ids):
                current = evidence.step in needed and makers.get(evidence.step) == evidence.maker
                if current and not evidence.error:
                    found[evidence.image_id][evidence.step] = evidence.value
        return found

    def _lane(self, batch: _Batch, steps: Sequence[Step], storing: Storing) -> None:
        """Take a batch through some steps, one after the other; after a stop nothing new is begun."""
        for step in steps:
            if self._stop():
                batch.left_out = len(batch.photos)
                return
            subjects, made = [], []
            for photo, future in zip(batch.photos, batch.pictures, strict=True):
                if step.name not in self._wanted[photo.image_id]:
                    continue
                pixels = future.result() if step.needs_picture else None
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

    def _note_absent(self, photo: _Photo) -> None:
        with self._guard:
            if (photo.image_id, "") not in self._named:
                self._named.add((photo.image_id, ""))
                self.found.failed.append((photo.path, "the file is not there now; scan its folder again"))

    def _count(self, made: Sequence[Evidence], batch: _Batch) -> None:
        paths = {photo.image_id: photo.path for photo in batch.photos}
        with self._guard:
            for evidence in made:
                self.found.made[evidence.step] += not evidence.error
                self.touched.add(evidence.image_id)
                if evidence.error and (evidence.image_id, evidence.error) not in self._named:
                    self._named.add((evidence.image_id, evidence.error))  # a picture that breaks fails every step
                    self.found.failed.append((paths[evidence.image_id], evidence.error))


def _lies_below(files: Sequence[str], folders: Sequence[str]) -> bool:
    if "" in folders and any(not path.startswith("/") for path in files):
        return True  # the library's root: what lies outside is stored by its absolute path
    return any(path == folder or path.startswith(f"{folder}/") for path in files for folder in folders if folder)
