"""`phototag review`: the doubtful terms, and a person's answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json, shown

if TYPE_CHECKING:
    from phototag.review import Queue


@click.command("review")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--by", type=click.Choice(["photo", "term"]), default="photo", help="How the queue is listed.")
@click.option(
    "--accept", multiple=True, metavar="TERM", help="This term is right, for the photo (or all in the folder)."
)
@click.option(
    "--reject", multiple=True, metavar="TERM", help="This term is wrong, for the photo (or all in the folder)."
)
@click.option("--all", "every", metavar="TERM", help="List every photo for which this term is queued.")
@shared
def command(
    path: Path, by: str, accept: tuple[str, ...], reject: tuple[str, ...], every: str | None, both: Shared
) -> None:
    """List the terms that are too doubtful to be tags, and answer them.

    PATH is a photo, or a folder with all below it. An answer is yours: it is kept in the journal, wins
    over every model, and survives a rebuild and new models.

    It never changes a photo. It writes only into the library's folder .phototag.

    \b
    Examples:
      phototag review ~/Pictures --by term
      phototag review ~/Pictures --all dog --reject dog
    """
    from phototag import api

    if accept or reject:
        count = api.answer(
            path, accept=accept, reject=reject, library=both.library, flags=both.flags, report=both.report
        )
        both.report.say(f"Kept for {count:,} photos.")
    waiting = api.review(path, library=both.library)
    if every:
        waiting.photos = [(i, p, tags) for i, p, tags in waiting.photos if any(tag.term == every for tag in tags)]
    if both.json:
        photos = [{"path": p, "queued": {tag.term: tag.score for tag in tags}} for _, p, tags in waiting.photos]
        out_json({"photos": photos, "terms": dict(waiting.terms.most_common())})
    elif by == "term":
        out("\n".join(f"{count:>7,}  {term}" for term, count in waiting.terms.most_common()) or "Nothing is queued.")
    else:
        _list(waiting)


def _list(waiting: Queue) -> None:
    for _, path, tags in waiting.photos:
        out(f"{shown(path)}: " + ", ".join(f"{tag.term} {tag.score:.2f}" for tag in tags))
    if not waiting.photos:
        out("Nothing is queued.")
