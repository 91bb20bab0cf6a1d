"""What all steps have in common that ask a describer.

The decision here: what costs model time is logged, and what the describer wants people to hear passes through the step
unchanged. Refused: steps that know which backend they ask.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from phototag.backends.protocols import Describer
from phototag.errors import NoBackend
from phototag.look.step import LocalLook


class Asking(LocalLook):
    """A step with a describer."""

    logged = True
    _describer: Describer

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should hear of the run, such as a server that was left out."""
        return tuple(getattr(self._describer, "notices", ()))

    @property
    def told(self) -> str:
        """What the describer says of the run in the end, "" where it says nothing."""
        told = getattr(self._describer, "told", None)
        return str(told()) if told else ""

    @property
    def asks(self) -> Describer:
        """Whom; several steps may ask one describer."""
        return self._describer

    def begin(self, tell: Callable[[str], None]) -> None:
        """Let the describer get ready, which may take minutes."""
        if begin := getattr(self._describer, "begin", None):
            with suppress(NoBackend):  # the first question hears it too, and ends the run
                begin(tell)
