"""T17: how soon `phototag --help` answers, and what it loads for that.

The decision here: the best of seven processes, for whatever slows a start is not ours; a Python that imports click
alone stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from processes import audited, phototag, python
from table import Row, limited

_HEAVY = ("numpy", "lancedb", "torch", "pyarrow", "cv2", "PIL")
_STARTS = 7


def starting(temp: Path) -> Iterator[Row]:
    """T17."""
    pairs = [(phototag("--help").wall, python("-c", "import click").wall) for _ in range(_STARTS)]
    ours, bare = (min(times) for times in zip(*pairs, strict=True))
    loaded = audited(temp, "--help").modules
    yield limited("T17", "phototag --help", "s", ours, 0.3, "import click", bare)
    heavy = [name for name in _HEAVY if name in loaded]
    yield limited("T17", "  heavy modules loaded", "", len(heavy), 0, ", ".join(heavy) or "modules in all", len(loaded))
