"""One ExifTool process that stays open: a question, an answer in time, or a clean end.

The decision here: no state of the process outlives a doubt. One that hangs, dies or answers something
else is killed, and so is one whose owner was killed. Refused: guessing what a late answer belongs to.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import NamedTuple

from phototag.errors import MissingTool

INSTALL = "Install it: `apt-get install libimage-exiftool-perl` (Debian, Ubuntu) or `brew install exiftool` (macOS)."

# At the end of its input a stay-open ExifTool waits for more, for ever. So a small shell waits on a pipe whose other
# end only we hold, and ends ExifTool when that closes, even where we were killed without a last word.
_WATCHED = 'exec 3<"/dev/fd/$1" 4<&0; shift; "$@" <&4 3<&- 4<&- & exec <&- >&- 2>&- 4<&-; read -r _ <&3; kill -9 $!'


class Answer(NamedTuple):
    """What ExifTool printed, and what it complained about."""

    printed: bytes
    complained: bytes


class Failed(Exception):
    """The process hung, ended or answered something else; it is of no use any more."""

    def __init__(self, why: str, *, hung: bool = False) -> None:
        super().__init__(why)
        self.hung = hung


class StayOpen:
    """One stay-open ExifTool, for one command at a time; with a file that defines tags, or with none of the user's."""

    def __init__(self, executable: str, config: str = "") -> None:
        life, self._lifeline = os.pipe()
        exiftool = [executable, "-config", config, "-stay_open", "True", "-@", "-"]
        try:
            # A session of its own: Ctrl-C in the terminal is for us, and we decide what becomes of the process.
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _WATCHED, "sh", str(life), *exiftool],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(life,),
                start_new_session=True,
                env=_environment(),
            )
        except OSError as trouble:
            os.close(self._lifeline)
            raise MissingTool(f"ExifTool cannot be started: {trouble.strerror or trouble}.", INSTALL) from trouble
        finally:
            os.close(life)
        self._pipes = [pipe for pipe in (self._shell.stdin, self._shell.stdout, self._shell.stderr) if pipe]
        os.set_blocking(self._pipes[0].fileno(), False)
        self._lock = threading.Lock()
        self._count = 0

    def ask(self, arguments: Sequence[bytes], timeout_s: float) -> Answer:
        """What ExifTool says to these arguments; `Failed` if it says nothing for `timeout_s` seconds."""
        self._count += 1
        mark = b"{ready%d}\n" % self._count
        left = memoryview(b"\n".join([*arguments, b"-echo4", mark[:-1], b"-execute%d" % self._count, b""]))
        stdin, stdout, stderr = (pipe.fileno() for pipe in self._pipes)
        heard = {stdout: bytearray(), stderr: bytearray()}
        # One loop over all three pipes: neither a full error stream nor a full input can block the other two.
        with selectors.DefaultSelector() as ready:
            ready.register(stdin, selectors.EVENT_WRITE)
            for stream in heard:
                ready.register(stream, selectors.EVENT_READ)
            while not all(text.endswith(mark) for text in heard.values()):
                pipes = [key.fd for key, _ in ready.select(timeout_s)]
                if not pipes:
                    raise Failed(_too_long(timeout_s), hung=True)
                for pipe in pipes:
                    if pipe == stdin:
                        left = left[_written(pipe, left) :]
                        if not left:
                            ready.unregister(stdin)
                    elif chunk := os.read(pipe, 1 << 16):
                        heard[pipe] += chunk
                    else:
                        raise Failed("ExifTool ended while it worked on this file")
        return Answer(*(bytes(heard[pipe].removesuffix(mark)) for pipe in (stdout, stderr)))

    def kill(self) -> None:
        """End the process at once, from any thread; it reads and makes copies, so no user's file is half done."""
        with self._lock:
            if self._shell.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: not permitted on the dead
                    os.killpg(self._shell.pid, signal.SIGKILL)
                self._shell.wait()
                os.close(self._lifeline)

    def discard(self) -> None:
        """Kill it and close the pipes; only for the thread that uses it."""
        self.kill()
        for pipe in self._pipes:
            pipe.close()


def run_once(executable: str, arguments: Sequence[str | bytes], timeout_s: float, config: str = "") -> Answer:
    """What a process of its own says, for arguments that cannot be lines."""
    command = [executable, "-config", config, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=timeout_s, start_new_session=True, env=_environment(), check=False
        )
    except subprocess.TimeoutExpired as trouble:
        raise Failed(_too_long(timeout_s), hung=True) from trouble
    except OSError as trouble:
        raise MissingTool(f"ExifTool cannot be started: {trouble.strerror or trouble}.", INSTALL) from trouble
    return Answer(done.stdout, done.stderr)


def _environment() -> dict[str, str]:
    # A few times are given in the zone of the machine (CR3): the same file must read the same everywhere.
    return {**os.environ, "TZ": "UTC"}


def _too_long(timeout_s: float) -> str:
    return f"ExifTool took longer than {timeout_s:g} s"


def _written(pipe: int, text: memoryview) -> int:
    try:
        return os.write(pipe, text)
    except BlockingIOError:
        return 0
    except BrokenPipeError as trouble:
        raise Failed("ExifTool ended while it worked on this file") from trouble
