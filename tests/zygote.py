"""Programs that start warm: `python -m phototag ARGS`, forked from a process that has its heavy imports behind it.

The decision here: a child that is forked from a bare interpreter is the same program as one that is started. It has its
own environment, folder, standard streams, threads and end; only the packages of others, which nobody changes, are
shared, and they are most of what a command costs. Nothing of phototag is imported before the fork. Refused: calling
the command inside the test's process, where one test's environment, caches, log and open files reach the next.

A package that does not survive the fork is not there: onnxruntime's thread would hang a child at its end; lancedb may
be only because it has done nothing yet and begins its one thread anew. All children of one zygote have one hash seed,
so two of them take turns, each with a seed of its own: what holds from one run to the next, holds in whatever order a
set has. Where a test says how Python or its libraries start (PYTHON*, LC_*, OMP_* …), or where forks are not safe, the
fixture `phototag` starts a process of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

MODULE = "phototag"
HEAVY = (
    *("PIL.Image", "PIL.ImageOps", "asyncio", "click", "concurrent.futures.thread", "cv2", "lance", "lancedb", "numpy"),
    *("pillow_heif", "pyarrow", "pyarrow.compute", "pyarrow.dataset", "pydantic", "rich.console", "rich.progress"),
)
# What an interpreter or a library reads when it starts, so that only a process of its own can be told of it.
AT_START = (
    *("PYTHON", "LC_", "LANG", "LD_", "DYLD_", "MALLOC_", "OMP_", "OPENBLAS_", "MKL_", "OPENCV_", "ARROW_", "LANCE"),
    *("RUST_", "TOKIO_"),
)
FORKS = sys.platform.startswith("linux")  # libraries of macOS do not survive a fork, and Windows has none


class Zygote:
    """The test's end: one warm process, which runs one command at a time."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="phototag-zygote-")
        self._folder = Path(self._scratch.name)
        self.environ = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": str(random.randrange(2**32))}
        asked, self._ask = os.pipe()
        self._hear, answered = os.pipe()
        self._heard = b""
        with (self._folder / "said").open("w") as said:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(asked), str(answered)],
                cwd=self._folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=(asked, answered),
            )
        os.close(asked)
        os.close(answered)

    def is_like(self, environ: Mapping[str, str]) -> bool:
        """Whether a process that starts in this environment would start as the warm one did."""
        return _at_start(environ) == _at_start(self.environ)

    def run(
        self, args: Sequence[str], cwd: Path, environ: Mapping[str, str], timeout: float, stdin: str
    ) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` of the command would give, which waits no longer than `timeout` seconds either."""
        (self._folder / "in").write_text(stdin, encoding="utf-8", newline="")
        wanted = {"args": list(args), "cwd": str(cwd), "environ": dict(environ)}
        (self._folder / "wanted").write_text(json.dumps(wanted), encoding="utf-8")
        os.write(self._ask, b"\n")
        child = self._line(60)
        if not child:
            raise RuntimeError(f"the zygote does not answer: {self._said()}")
        status = b""
        try:
            status = self._line(timeout)
        finally:
            if not status:  # the time is over, or the wait was interrupted
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
                self._line(60)
        out, err = ((self._folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        command = [sys.executable, "-m", MODULE, *args]
        if not status:
            raise subprocess.TimeoutExpired(command, timeout, out, err)
        return subprocess.CompletedProcess(command, int(status), out, err)

    def _line(self, timeout: float) -> bytes:
        """The zygote's next line; nothing where the time is over."""
        until = time.monotonic() + timeout
        while b"\n" not in self._heard:
            if not select.select([self._hear], [], [], max(0.0, until - time.monotonic()))[0]:
                return b""
            said = os.read(self._hear, 100)
            if not said:
                raise RuntimeError(f"the zygote ended: {self._said()}")
            self._heard += said
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def _said(self) -> str:
        return (self._folder / "said").read_text("utf-8", errors="replace")[-2000:]

    def close(self) -> None:
        """Ends the warm process and waits for it."""
        os.close(self._ask)
        self._process.wait(timeout=20)
        os.close(self._hear)
        self._scratch.cleanup()


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(AT_START) and name != "PYTHONHASHSEED"}


# ---- the warm process ------------------------------------------------------------------------------------------------


def serve(asked: int, answered: int) -> None:
    """Forks a child for every line; returns in the child, ready to run the program, and never in the zygote."""
    while os.read(asked, 1):
        with warnings.catch_warnings(action="ignore"):  # lancedb's warning: it was imported and has done nothing yet
            child = os.fork()
        if not child:
            os.close(asked)
            os.close(answered)
            return become(json.loads(Path("wanted").read_text(encoding="utf-8")))
        os.write(answered, b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        os.write(answered, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def become(wanted: dict[str, Any]) -> None:
    """Makes of this process what the shell would have started."""
    for number, name, flags in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, "err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(name, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    time.tzset()
    sys.argv = ["-m", *wanted["args"]]
    sys.path[0] = os.getcwd()


if __name__ == "__main__":
    for name in HEAVY:
        with suppress(ModuleNotFoundError):  # an extra that is not installed
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a child's collector does not copy what it shares
    serve(int(sys.argv[1]), int(sys.argv[2]))
    # The program ends this process as it ends any: its exit code, its threads, atexit and the last flush.
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
