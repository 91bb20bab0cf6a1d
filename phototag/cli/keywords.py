"""`phototag keywords` and `phototag caption`: a person's own words for photos."""

from __future__ import annotations

from pathlib import Path

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json, shown


class _Words(click.Command):
    """Takes -TERM for a word whatever its letters, where click would find -h in -beach."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        words = [word for word in args[:end] if word.startswith("-") and not word.startswith("--") and len(word) > 2]
        rest = [word for word in args[:end] if word not in words]
        return super().parse_args(ctx, [*rest, "--", *words, *args[end + 1 :]])


@click.command("keywords", cls=_Words, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, required=True, metavar="PHOTO... [+TERM|-TERM]...")
@shared
def command(words: tuple[str, ...], both: Shared) -> None:
    """Add keywords to photos and take keywords away, in the library.

    What you add or take away is yours: it is kept in the journal and wins over every model, for ever.
    Without +TERM and -TERM the keywords are only shown.

    It never changes a photo. It writes only into the library's folder .phototag.

    \b
    Examples:
      phototag keywords DSC00042.jpg
      phototag keywords *.jpg +birthday +"Anna Müller" -cat
    """
    from phototag import api

    add = tuple(word[1:].strip() for word in words if word.startswith("+"))
    remove = tuple(word[1:].strip() for word in words if word.startswith("-"))
    photos = [Path(word) for word in words if not word.startswith(("+", "-"))]
    if not photos:
        raise click.UsageError("Name at least one photo. A photo whose name begins with - or + is written ./-name.jpg")
    if add or remove:
        api.say(photos, add=add, remove=remove, library=both.library, flags=both.flags, report=both.report)
    found = {one.files[0].path: one.decision for one in api.show(photos, library=both.library)}
    if both.json:
        out_json({path: [tag.term for tag in d.tags] if d else [] for path, d in found.items()})
        return
    for path, decision in found.items():
        out(f"{shown(path)}: " + (", ".join(tag.term for tag in decision.tags) if decision else ""))
