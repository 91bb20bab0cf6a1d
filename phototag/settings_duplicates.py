"""Settings of duplicates: which file of several is kept.

The decision here: the order of the rules is the person's, for whoever shoots RAW and whoever keeps edits want different
files; rules that are left out follow as they stand here, for to want the RAW is not to want the poorest copy; what no
rule tells apart is told apart by the path, so that every run chooses alike. Refused: a switch a rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from phototag.errors import UsageError
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

    def __post_init__(self) -> None:
        """UsageError for a rule that is named twice: one of the two was meant to be another."""
        if twice := next((rule for rule in self.keep if self.keep.count(rule) > 1), ""):
            raise UsageError(
                f"duplicates.keep names {twice} twice.",
                f"Name each rule once, of {', '.join(RULES)}; those left out follow in this order.",
            )

    @property
    def order(self) -> tuple[str, ...]:
        """All rules: those that are named, then the others."""
        return (*self.keep, *(rule for rule in RULES if rule not in self.keep))
