"""Everything that is told to a person while work goes on, and the log file that keeps it.

The decision here: results go to stdout, everything else to stderr, and nothing moves on a screen that
is not a terminal. Refused: print() anywhere else, and file names that can steer a terminal.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LOG = logging.getLogger("phototag")


class Report:
    """How one run talks. Also keeps the seconds that each stage took and the files that failed."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.seconds: dict[str, float] = {}  # by stage, of all threads together
        self._lasted: dict[str, float] = {}  # by stage, while any thread was at it
        self._at: dict[str, int] = {}  # by stage, threads
        self._since: dict[str, float] = {}
        self._started = time.perf_counter()
        self._guard = threading.Lock()
        self._bar: Any = None

    # ---- words

    def say(self, text: str) -> None:
        """A line that a person wants to see while waiting."""
        _LOG.info(text)
        if not self.quiet:
            self._print(text)

    def detail(self, text: str) -> None:
        """A line for `--verbose` and the log."""
        _LOG.info(text)
        if self.verbose and not self.quiet:
            self._print(text)

    def keep(self, text: str) -> None:
        """A line for the log alone: what the summary says to the person."""
        _LOG.info(text)

    def warn(self, text: str) -> None:
        """A line that is worth breaking the silence of `--quiet`."""
        _LOG.warning(text)
        self._print(f"warning: {text}")

    def _print(self, text: str) -> None:
        if self._bar is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    # ---- time and progress

    @contextmanager
    def clock(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        with self._guard:
            self._at[stage] = self._at.get(stage, 0) + 1
            self._since.setdefault(stage, start)
        try:
            yield
        finally:
            with self._guard:
                end = time.perf_counter()
                self.seconds[stage] = self.seconds.get(stage, 0.0) + end - start
                self._at[stage] -= 1
                if not self._at[stage]:
                    self._lasted[stage] = self._lasted.get(stage, 0.0) + end - self._since.pop(stage)

    def spent(self) -> str:
        """The end summary's line on time: the whole, and how long each stage was under way, however many at once.

        Stages overlap; those of less than a tenth of a second are not worth a word.
        """
        stages = [f"{stage} {duration(s)}" for stage, s in self._lasted.items() if s >= 0.1]
        whole = duration(time.perf_counter() - self._started)
        return f"{whole} (side by side: {', '.join(stages)})" if stages else whole

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Progress]:
        """A bar with rate and time left on a terminal; nothing elsewhere."""
        if self.quiet or not sys.stderr.isatty() or total == 0:
            yield Progress(None, None)
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
        )
        with Bar(*columns, TimeRemainingColumn(compact=True), console=Console(stderr=True), transient=True) as bar:
            self._bar = bar
            try:
                yield Progress(bar, bar.add_task(label, total=total, rate=""))
            finally:
                self._bar = None

    # ---- the log file

    def log_to(self, path: Path) -> None:
        """Keep what is said in a file of the library, five megabytes at most."""
        for handler in list(_LOG.handlers):
            _LOG.removeHandler(handler)
            handler.close()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = logging.handlers.RotatingFileHandler(
                path, maxBytes=1_000_000, backupCount=4, encoding="utf-8", errors="backslashreplace"
            )
        except OSError as trouble:
            self.warn(f"No log file: {path} cannot be written ({trouble.strerror}).")
            return
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _LOG.addHandler(handler)
        _LOG.setLevel(logging.INFO)
        _LOG.propagate = False
        logging.raiseExceptions = False  # a full disk must not print tracebacks from the log


class Progress:
    """What moves the bar."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar, self._task, self._start, self._done = bar, task, time.monotonic(), 0

    def step(self, count: int = 1) -> None:
        self._done += count
        if self._bar is not None:
            rate = self._done / max(time.monotonic() - self._start, 0.001)
            self._bar.update(self._task, advance=count, rate=f"{rate:,.1f}/s")


def shown(path: str) -> str:
    """A file name as it may stand on a line of a terminal: control characters and broken bytes escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in path)


def out(text: str = "") -> None:
    """A result, on stdout."""
    try:
        print(text.encode("utf-8", "backslashreplace").decode(), flush=True)
    except BrokenPipeError:  # the reader has gone, as `| head` does: nobody is left to tell
        os._exit(0)


def out_json(value: Any) -> None:
    """A result for programs: one JSON value, on stdout."""
    out(json.dumps(value, ensure_ascii=False, indent=2))


def rows(pairs: list[tuple[str, str]]) -> str:
    """Two columns; on a terminal the second one is folded to its width."""
    column = max((len(left) for left, _ in pairs), default=0) + 2
    room = shutil.get_terminal_size().columns - column if sys.stdout.isatty() else 0
    lines = []
    for left, right in pairs:
        folded = textwrap.wrap(right, room, break_long_words=False, break_on_hyphens=False) if room > 20 else [right]
        lines.append(f"{left:<{column}}{folded[0] if folded else ''}".rstrip())
        lines += [" " * column + part for part in folded[1:]]
    return "\n".join(lines)


def folded(line: str, indent: int) -> str:
    """The line; on a terminal folded to its width, with what follows indented."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if room <= indent + 20 or len(line) <= room:
        return line
    return textwrap.fill(
        line, room, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def many(count: int, noun: str, nouns: str = "") -> str:
    """A number with its noun: 1 photo, 1,200 photos."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def size(count: int) -> str:
    """Bytes as people say them."""
    value, units = float(count), iter(("bytes", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"


def duration(value: float) -> str:
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
