"""`phototag caption`: a person's own caption."""

from __future__ import annotations

from pathlib import Path

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json, shown


@click.command("caption")
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("text", required=False)
@click.option("--language", default="en", show_default=True, help="Which language the text is in.")
@shared
def command(photo: Path, text: str | None, language: str, both: Shared) -> None:
    """Give a photo a caption of your own, in the library.

    It is kept in the journal and wins over every composed one. An empty text takes yours back.
    Without TEXT the caption is only shown.

    It never changes a photo. It writes only into the library's folder .phototag.

    \b
    Examples:
      phototag caption DSC00042.jpg
      phototag caption DSC00042.jpg "Anna am Tor" --language de
    """
    from phototag import api

    if text is not None:
        caption = {language: text.strip()}
        api.say([photo], caption=caption, library=both.library, flags=both.flags, report=both.report)
    (found,) = api.show([photo], library=both.library)
    captions = dict(found.decision.caption) if found.decision else {}
    if both.json:
        out_json(captions)
    else:
        out("\n".join(f"{shown(text)} ({spoken})" for spoken, text in captions.items()) or "No caption.")
