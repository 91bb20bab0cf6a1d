"""`phototag vocab`: the words that may become tags."""

from __future__ import annotations

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json, shown


@click.group("vocab")
def command() -> None:
    """See and extend the vocabulary: only its words become tags.

    A word outside the vocabulary is proposed, never written. Adopt it, and all photos are decided
    again, without asking a model.

    It never changes a photo. It writes only vocabulary.txt in the library's folder .phototag.

    \b
    Examples:
      phototag vocab proposed
      phototag vocab add "cargo bike" --parent bicycle
    """


@command.command("proposed")
@click.argument("folder", default=".")
@shared
def proposed(folder: str, both: Shared) -> None:
    """List the words that makers proposed, most frequent first. It only reads."""
    from phototag import api

    found = api.proposed(folder, library=both.library)
    if both.json:
        out_json([{"word": word, "photos": count, "best": best} for word, count, best in found])
    else:
        out(
            "\n".join(f"{count:>7,}  {shown(word)}  {best:.2f}" for word, count, best in found)
            or "Nothing is proposed."
        )


@command.command("add")
@click.argument("words", nargs=-1, required=True)
@click.option("--parent", default="", help="The term above.")
@click.option("--folder", default=".", help="A folder of the library (default: the current one).")
@shared
def add(words: tuple[str, ...], parent: str, folder: str, both: Shared) -> None:
    """Adopt words into the library's own vocabulary, and decide again. It never changes a photo."""
    from phototag import api

    file, decided = api.adopt(words, parent, folder, library=both.library, flags=both.flags, report=both.report)
    if both.json:
        out_json({"file": str(file), "decided": decided.photos})
    else:
        out(f"Added to {file}; {decided.photos:,} photos decided again.")
