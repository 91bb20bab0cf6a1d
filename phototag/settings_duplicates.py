"""Settings of duplicates: which file of several is kept.

The decision here: the order of the rules is the person's, for whoever shoots RAW and whoever keeps edits want different
files; what no rule tells apart is told apart by the path, so that every run chooses alike. Refused: a switch a rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from phototag.settings_schema import setting

RULES = ("edited", "raw", "resolution", "size", "metadata", "older")


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Which photo of several that are the same is kept."""

    keep: tuple[str, ...] = setting(
        RULES,
        "by what the photo that is kept is chosen, the first that tells two apart",
        shape="|".join(RULES),
        looks=f"some of {', '.join(RULES)}",
    )
