"""What the runner talks in: photos on their way, in batches, and who is told when they are through.

The decision here: of a photo the runner knows which file to name, which to decode and what the file says, and nothing
else. Refused: whole rows of the tables, of which a batch would hold megabytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from phototag.store.storing import Storing


class Photo(NamedTuple):
    """What the runner needs of a photo: which file to name and to decode, and what the file says."""

    image_id: str
    path: str
    picture: str  # "" for a film without a picture beside it
    picture_kind: str
    facts: str


@dataclass
class Batch:
    """Some photos on their way through the steps."""

    photos: list[Photo]
    pictures: dict[str, Future[Any]]  # by photo
    earlier: dict[str, dict[str, Any]]  # photo -> step -> value, for the steps that build on others
    left_out: set[str] = field(default_factory=set)  # photos that nobody came to because the run was stopped


class Ahead(Protocol):
    """Goes on with photos while the run looks at others."""

    def begins(self, todo: Iterable[str]) -> None:
        """The run is going to look at these photos."""

    def finished(self, ids: Iterable[str], storing: Storing) -> None:
        """The run is through with these photos, and will not come back to them."""
