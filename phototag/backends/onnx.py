"""Models in ONNX form, run on the CPU by the thread that asks.

The decision here: one session per model for the whole process, with no threads of its own, so that photos and not the
inside of one picture are shared out and nobody spins while waiting. Refused: a session per thread, measured as fast
with 120 to 230 MB more on two threads, and processes, which hold every model again.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

from phototag.backends.shipped import checked
from phototag.errors import NoBackend

_sessions: dict[tuple[str, int], Any] = {}
_loading = threading.Lock()


def run(name: str, value: Any, outputs: tuple[str, ...]) -> list[Any]:
    """What the model answers to its one input, by the names of its outputs."""
    ours = session(name)
    found: list[Any] = ours.run(list(outputs), {ours.get_inputs()[0].name: value})
    return found


def session(name: str, threads: int = 1) -> Any:
    """The session of a shipped model, loaded on first use after its checksum was compared. Threads may share it."""
    if (name, threads) not in _sessions:
        with _loading:
            if (name, threads) not in _sessions:
                _sessions[name, threads] = _loaded(name, threads)
    return _sessions[name, threads]


def _loaded(name: str, threads: int) -> Any:
    path = checked(name)
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as trouble:
        raise NoBackend(
            f"The built-in models need the package onnxruntime, and it does not load: {trouble}.",
            "Install it: python -m pip install onnxruntime",
        ) from trouble
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
