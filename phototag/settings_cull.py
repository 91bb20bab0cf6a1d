"""Settings of `phototag cull`: what counts how much, how many are kept, and how that is written.

The decision here: a profile is a set of weights and no more, and each weight can be set alone. Refused: thresholds for
"reject", which nobody could choose without our measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

from phototag.settings_schema import setting

_PROFILES = "wedding|portrait|wildlife|sports|landscape"
_PARTS = "sharpness|eyes|exposure|smile|framing"


@dataclass(frozen=True, slots=True)
class Cull:
    """How the best of a group are found, and what they and the failed ones get."""

    profile: str = setting(
        "wedding",
        f"what counts how much: {_PROFILES.replace('|', ' | ')}",
        shape=_PROFILES,
        looks=_PROFILES.replace("|", ", "),
    )
    weights: tuple[str, ...] = setting(
        (),
        'weights of your own, such as "eyes=2"',
        shape=rf"({_PARTS})=\d{{1,3}}(\.\d+)?",
        looks='texts such as "eyes=2"',
    )
    keep: int = setting(1, "picks of each group", 1, 1000)
    stars: int = setting(3, "stars that --write gives to picks; 0: none", 0, 5)
    reject_as: str = setting(
        "label",
        "what --write gives to rejects: label (Red) | flag (digiKam's, for picks too) | rating (-1)",
        shape="label|flag|rating",
        looks="label, flag or rating",
    )
