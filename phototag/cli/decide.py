"""`phototag decide`: tags and captions again, from evidence that is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, shared, stopping
from phototag.report import many, out, out_json, rows

if TYPE_CHECKING:
    from phototag.deciding import Decided


@click.command("decide")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--vocab", type=click.Path(exists=True, dir_okay=False), help="A file with terms of your own.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), help="What scores less is queued (default 0.6).")
@shared
def command(folder: Path, vocab: str | None, min_confidence: float | None, both: Shared) -> None:
    """Decide tags and captions again, without a model.

    After a change of the vocabulary or of a threshold. `phototag look` does the same by itself for
    what it has looked at. What people said is never changed by it.

    It never changes a photo. It writes only into the library's folder .phototag.

    \b
    Examples:
      phototag decide ~/Pictures --min-confidence 0.7
      phototag decide ~/Pictures --vocab my-terms.txt
    """
    from phototag import api

    flags = both.flags | vocabulary_flags(vocab, min_confidence)
    with stopping() as stop:
        decided = api.decide(folder, library=both.library, flags=flags, report=both.report, stop=stop)
    if both.json:
        out_json(vars(decided))
    else:
        out(rows([("decided", summary(decided)), ("time", both.report.spent())]))


def vocabulary_flags(vocab: str | None, min_confidence: float | None) -> dict[str, str]:
    """The settings behind --vocab and --min-confidence."""
    given = {"policy.vocabulary": vocab, "policy.min_confidence": min_confidence}
    return {key: str(value) for key, value in given.items() if value is not None}


def summary(decided: Decided) -> str:
    return (
        f"{many(decided.photos, 'photo')}: {many(decided.tags, 'tag')}, {decided.queued:,} queued for you "
        f"(phototag review), {many(decided.proposed, 'proposed word')} (phototag vocab proposed)"
    )
