"""The part of `phototag.api` that knows vision models: which are there, which one suits this machine, and to fetch one.

The decision here: a model is recommended by memory alone, by the table below, for that decides whether it answers in
seconds or in minutes. With an NVIDIA GPU of 4 GB or more its memory counts, else that of the machine. Refused: a
benchmark before the first photo, and a model that is fetched without being asked for.

    model                   NVIDIA GPU         else: memory of the machine
    qwen3-vl:8b-instruct    10 GB or more      more than 16 GB
    qwen3-vl:4b-instruct    6 GB or more       8 to 16 GB
    qwen3-vl:2b-instruct    less               less
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags
from phototag.errors import NoBackend, UsageError
from phototag.report import Report, shown, size
from phototag.store import place

if TYPE_CHECKING:
    from phototag.backends.ollama_client import Pulled
    from phototag.backends.ollama_desk import Shelf

_GIB = 2**30
_MB = 1_000_000
# Least memory of an NVIDIA GPU, and else of the machine, in GiB: somewhat less than on the box, for not all is told.
_BY_MEMORY = (
    ("qwen3-vl:8b-instruct", 9.5, 17),
    ("qwen3-vl:4b-instruct", 5.5, 7),
    ("qwen3-vl:2b-instruct", 0, 0),
)
_LEAST_GPU = 3.5
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*(:[A-Za-z0-9_][\w.-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a model has room in: bytes of an NVIDIA GPU (0: none), and of the machine."""

    gpu: int
    machine: int

    @property
    def counts_gpu(self) -> bool:
        return self.gpu >= _LEAST_GPU * _GIB

    def __str__(self) -> str:
        counted = self.gpu if self.counts_gpu else self.machine
        return f"{counted / _GIB:.0f} GB {'on its GPU' if self.counts_gpu else 'of memory'}"


@dataclass(frozen=True, slots=True)
class Models:
    """What the servers have, the model that fits into this machine, and the memory that says so."""

    shelves: tuple[Shelf, ...]
    recommended: str
    memory: Memory
    notices: tuple[str, ...] = ()  # what a person should hear of the servers

    @property
    def usable(self) -> bool:
        """Would a run find a model?"""
        return any(shelf.chosen for shelf in self.shelves)


def vision_models(
    *,
    hosts: Sequence[str] = (),
    allow_hosts: Sequence[str] = (),
    library: Path | None = None,
    flags: Flags | None = None,
) -> Models:
    """The vision models of the servers that the settings (or `hosts`) name; NoBackend where none of them answers."""
    servers = _servers(hosts, allow_hosts, library, flags)
    found = servers.shelves()
    if not any(shelf.version for shelf in found):
        raise NoBackend(found[0].trouble, found[0].hint)
    memory = memory_here()
    return Models(tuple(found), recommended(memory), memory, servers.notices)


def pull_model(
    name: str,
    *,
    hosts: Sequence[str] = (),
    allow_hosts: Sequence[str] = (),
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
) -> str:
    """Have every server fetch a model, and return the describer to name for it: `ollama`, or `ollama:NAME`.

    One server that fails stops none of the others. NoBackend says which one did, or that the model cannot be used.
    """
    from phototag.backends.ollama_desk import local, pulled

    servers, report = _servers(hosts, allow_hosts, library, flags), report or Report(quiet=True)
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a model.", "Write it as Ollama does: qwen3-vl:4b-instruct")
    local(name)
    failed: list[NoBackend] = []
    for host in servers.hosts:
        try:
            _followed(pulled(host, name, servers.allowed, servers.timeout_s), f"{name} at {host}", report)
        except NoBackend as trouble:
            report.detail(trouble.sentence)
            failed.append(trouble)
    if failed:
        raise failed[0]
    there = servers.shelves(name)
    for shelf in there:
        if shelf.trouble:
            raise NoBackend(f"{name} was fetched but cannot be used: {shelf.trouble}", shelf.hint)
    return "ollama" if servers.shelves()[0].chosen == there[0].chosen else f"ollama:{name}"


def recommended(memory: Memory) -> str:
    """The largest model of the table that fits."""
    room = (memory.gpu if memory.counts_gpu else memory.machine) / _GIB
    return next(name for name, gpu, machine in _BY_MEMORY if room >= (gpu if memory.counts_gpu else machine))


def memory_here() -> Memory:
    """The memory of this machine, and of its largest NVIDIA GPU as nvidia-smi tells it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    asks = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(asks, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):  # no such GPU, or a driver that hangs
        said = ""
    sizes = [int(line) * 2**20 for line in said.split() if line.isascii() and line.isdigit()]
    return Memory(max(sizes, default=0), machine)


@dataclass(frozen=True, slots=True)
class _Servers:
    """Who is asked, as the settings and the call name them."""

    hosts: tuple[str, ...]
    allowed: tuple[str, ...]
    model: str
    timeout_s: float
    notices: tuple[str, ...] = ()

    def shelves(self, model: str | None = None) -> list[Shelf]:
        from phototag.backends.ollama_desk import shelves

        return shelves(self.hosts, self.model if model is None else model, self.allowed, self.timeout_s)


def _servers(hosts: Sequence[str], allow: Sequence[str], library: Path | None, flags: Flags | None) -> _Servers:
    from phototag.backends.ollama_hosts import usual

    found = place.here(Path(os.path.realpath(library))) if library else place.find(Path.cwd())
    settings = settings_.load(found.settings_file if found else None, flags)
    using, allowed = settings.ollama, (*settings.ollama.allow_hosts, *allow)
    named = hosts or (() if settings.row("ollama.hosts").source == "default" else using.hosts)
    if named:
        return _Servers(tuple(dict.fromkeys(named)), allowed, using.model, using.timeout_s)
    where, notice = usual(allowed)
    return _Servers((where.url,), allowed, using.model, using.timeout_s, tuple(filter(None, [notice])))


def _followed(steps: Iterator[Pulled], what: str, report: Report) -> None:
    """See a download to its end, with a bar in megabytes for each of its large parts."""
    for status, part in groupby(steps, key=lambda step: step.status):
        first = next(part)
        if first.total < _MB:
            report.detail(shown(status))
        else:
            report.say(f"Fetching {shown(what)}: {size(first.total)}")
        with report.progress("MB", first.total // _MB) as bar:
            there = 0
            for step in chain((first,), part):
                bar.step(max(0, step.completed // _MB - there))
                there = max(there, step.completed // _MB)
