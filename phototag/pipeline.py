"""One runner for every look: decode once, ask each step that still lacks evidence, store in one thread.

The decision here: what is to do is a set difference (photos without evidence of this step by this
maker), so running again is resuming. Answers are stored as they come, so that whatever kills a run
costs at most one batch of model time. Refused: progress flags and resuming by row number.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from phototag.errors import Unreadable
from phototag.look.step import Step, Subject
from phototag.read import picture
from phototag.records import Evidence
from phototag.report import Progress, Report
from phototag.settings import Settings
from phototag.store.lance import one_of
from phototag.store.library import Library
from phototag.store.storing import Storing

_ORDERS = {"taken": "taken_utc", "name": "path", "modified": "modified_ns"}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True)
class Selection:
    """Which photos a run looks at, and in which order."""

    below: str = ""  # stored folder; "" is the whole library
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
    interrupted: bool = False


class _Photo(NamedTuple):
    """What the runner needs of a photo: which file to name and which one to decode."""

    image_id: str
    path: str
    picture: str
    picture_kind: str


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

    def run(self, selection: Selection) -> Looked:
        chosen = self._chosen(selection)
        if selection.fresh:
            for step in self.steps:
                self.library.forget(step.name, step.maker, chosen, step.space)
        wanted = self._pending(chosen, selection.retry_failed)
        todo = [image_id for image_id in chosen if image_id in wanted]
        self.found.unchanged = len(chosen) - len(todo)
        if todo:
            with self._storing() as storing:
                self._work(todo, wanted, storing)
            self.library.compact()
        return self.found

    def _storing(self) -> Storing:
        logged = {step.name for step in self.steps if step.logged}
        using = self.settings
        return Storing(
            self.library, self.report, logged, batch=using.look.batch, compact_every=using.store.compact_every
        )

    # ---- what is to do

    def _chosen(self, selection: Selection) -> list[str]:
        """The photos that are there and can be looked at, in the wanted order."""
        order = _ORDERS[selection.order]
        found = []
        columns = dict.fromkeys(("image_id", "path", "picture", "files", order))
        for row in self.library.photo_rows(tuple(columns), "status = 'present'"):
            if not _lies_below(row["files"], selection.below):
                continue
            if not row["picture"]:
                self.found.without_picture += 1
                continue
            key = str(row[order] or "") if order == "taken_utc" else row[order]
            found.append((not row[order], key, row["path"], row["image_id"]))
        found.sort()
        ids = [row[-1] for row in found]
        if selection.sample:
            lucky = set(random.Random(selection.seed).sample(ids, min(selection.sample, len(ids))))
            ids = [image_id for image_id in ids if image_id in lucky]
        return ids[: selection.limit] if selection.limit else ids

    def _pending(self, chosen: Sequence[str], retry_failed: bool) -> dict[str, list[Step]]:
        """Photo -> the steps that it lacks."""
        wanted: dict[str, list[Step]] = {}
        for step in self.steps:
            made = self.library.made(step.name, step.maker, failed=not retry_failed)
            lacking = [image_id for image_id in chosen if image_id not in made]
            if retry_failed and lacking:
                self.library.forget(step.name, step.maker, lacking, step.space)
            for image_id in lacking:
                wanted.setdefault(image_id, []).append(step)
        return wanted

    # ---- doing it

    def _work(self, todo: Sequence[str], wanted: dict[str, list[Step]], storing: Storing) -> None:
        size = self.settings.look.batch
        makers = {step.name: ThreadPoolExecutor(max(1, step.parallel), step.name) for step in self.steps}
        try:
            with self.report.progress("looking", len(todo)) as bar:
                under_way: list[Future[None]] = []
                for photos, pictures in self._decoded(todo, size):
                    under_way += self._ask(photos, pictures, wanted, makers, storing)
                    while len(under_way) > sum(step.parallel + 1 for step in self.steps):
                        under_way.pop(0).result()
                    self._advance(bar, len(photos))
                for future in under_way:
                    future.result()
        finally:
            for pool in makers.values():
                pool.shutdown(cancel_futures=True)

    def _advance(self, bar: Progress, count: int) -> None:
        self.found.photos += count
        bar.step(count)

    def _decoded(self, todo: Sequence[str], size: int) -> Iterator[tuple[list[_Photo], list[Any]]]:
        """Batches of photos with their pictures; the next batch decodes while this one is looked at."""
        with ThreadPoolExecutor(self._threads, "decode") as pool:
            ahead: list[tuple[list[_Photo], list[Future[Any]]]] = []
            for start in range(0, len(todo), size):
                if self._stop():
                    break
                photos = self._photos(todo[start : start + size])
                ahead.append((photos, [pool.submit(self._picture, photo) for photo in photos]))
                if len(ahead) > 1:
                    first, futures = ahead.pop(0)
                    yield first, [future.result() for future in futures]
            while ahead and not self._stop():
                first, futures = ahead.pop(0)
                yield first, [future.result() for future in futures]
            self.found.interrupted = self._stop()
            for _, futures in ahead:
                for future in futures:
                    future.cancel()

    def _photos(self, ids: Sequence[str]) -> list[_Photo]:
        columns = ("image_id", "path", "picture", "picture_kind")
        rows = {row["image_id"]: _Photo(**row) for row in self.library.photo_rows(columns, one_of("image_id", ids))}
        return [rows[image_id] for image_id in ids]

    def _picture(self, photo: _Photo) -> Any:
        """The shared picture of a photo, or the reason why there is none."""
        look, limit = self.settings.look, self.settings.scan.max_megapixels * 1_000_000
        with self.report.clock("decode"):
            try:
                actual = self.library.place.actual(photo.picture)
                return picture.decode(actual, photo.picture_kind, look.side, limit).pixels
            except Unreadable as trouble:
                return trouble

    def _ask(
        self,
        photos: Sequence[_Photo],
        pictures: Sequence[Any],
        wanted: dict[str, list[Step]],
        makers: dict[str, ThreadPoolExecutor],
        storing: Storing,
    ) -> list[Future[None]]:
        """Hand the batch to every step that lacks something of it."""
        futures = []
        for step in self.steps:
            subjects, failures = [], []
            for photo, pixels in zip(photos, pictures, strict=True):
                if step not in wanted[photo.image_id]:
                    continue
                if isinstance(pixels, Unreadable):
                    failures.append(Evidence(photo.image_id, step.name, step.maker, error=pixels.sentence))
                else:
                    subjects.append(Subject(photo.image_id, pixels))
            self._take(failures, photos, storing)
            if subjects:
                futures.append(makers[step.name].submit(self._make, step, subjects, photos, storing))
        return futures

    def _make(self, step: Step, subjects: Sequence[Subject], photos: Sequence[_Photo], storing: Storing) -> None:
        with self.report.clock(step.name):
            made = step.make(subjects)
        self._take(made, photos, storing)

    def _take(self, made: Sequence[Evidence], photos: Sequence[_Photo], storing: Storing) -> None:
        paths = {photo.image_id: photo.path for photo in photos}
        for evidence in made:
            self.found.made[evidence.step] += not evidence.error
            if evidence.error:
                self.found.failed.append((paths[evidence.image_id], f"{evidence.step}: {evidence.error}"))
        storing.put(made)


def _lies_below(files: Sequence[str], folder: str) -> bool:
    return folder == "" or any(path == folder or path.startswith(folder + "/") for path in files)
