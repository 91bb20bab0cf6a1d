"""`phototag config`: which settings hold here, and who set them.

The decision here: this command only reads; settings are changed in the two files, in the environment or with
`--set`, where their owner sees them. Refused: a `config set` that rewrites a file with somebody's comments in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, shared
from phototag.report import out_json

if TYPE_CHECKING:
    from phototag.settings import SettingRow

WIDTH = 80
SOURCE_WIDTH = 32  # enough for "~/.config/phototag/phototag.toml" less its beginning


@click.command("config")
@click.argument("key", required=False)
@shared
def command(key: str | None, both: Shared) -> None:
    """Show every setting and where its value comes from.

    With KEY: that one in full, with what it is for and what it may be. What comes later in this list wins:
    default, your own phototag.toml, the library's .phototag/phototag.toml, the environment
    (PHOTOTAG_LOOK_SIDE=512), the command line (--set look.side=512).

    This only reads: it changes no setting, no photo and no library.

    \b
    Examples:
      phototag config look.side
      phototag config --library ~/Pictures --json
    """
    from phototag import api

    settings = api.settings(both.library, both.flags)
    rows = [settings.row(key)] if key else list(settings.rows())
    if both.json:
        parts = ("key", "value", "source", "help")
        out_json([{part: getattr(row, part) for part in parts} for row in rows])
    elif key:
        click.echo(_one(rows[0]))
    else:
        click.echo(_table(rows))
        click.echo("Looked for: " + ", ".join(settings.files), err=True)


def _one(row: SettingRow) -> str:
    return f"{row.key} = {row.text}\n  from: {row.source}\n  what: {row.help}\n  may be: {row.allowed}"


def _table(rows: list[SettingRow]) -> str:
    keys = max(len(row.key) for row in rows)
    sources = min(SOURCE_WIDTH, max(len(row.source) for row in rows))
    values = WIDTH - keys - sources - 4
    lines = [f"{'setting':{keys}}  {'value':{values}}  from"]
    for row in rows:
        # Of a path the end says most: the file and the line.
        source = row.source if len(row.source) <= sources else "…" + row.source[1 - sources :]
        text = row.text if len(row.text) <= values else row.text[: values - 1] + "…"
        lines.append(f"{row.key:{keys}}  {text:{values}}  {source}".rstrip())
    return "\n".join(lines)
