"""The command line: thin, one file per family of commands.

The decision here: a command is imported when it is typed or when help lists it, and nothing heavier
than click is imported for help. Errors are caught here, once, and become two lines and an exit code.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from phototag import __version__
from phototag.errors import Interrupted, PhototagError

_COMMANDS = {
    "organize": "phototag.cli.organize",
    "scan": "phototag.cli.scan",
    "look": "phototag.cli.look",
    "embed": "phototag.cli.embed",
    "decide": "phototag.cli.decide",
    "show": "phototag.cli.show",
    "review": "phototag.cli.review",
    "keywords": "phototag.cli.keywords",
    "caption": "phototag.cli.caption",
    "vocab": "phototag.cli.vocab",
    "tag": "phototag.cli.tag",
    "search": "phototag.cli.search",
    "similar": "phototag.cli.similar",
    "cull": "phototag.cli.cull",
    "duplicates": "phototag.cli.duplicates",
    "quarantine": "phototag.cli.quarantine",
    "undo": "phototag.cli.undo",
    "history": "phototag.cli.history",
    "forget": "phototag.cli.forget",
    "export": "phototag.cli.export",
    "status": "phototag.cli.status",
    "config": "phototag.cli.config",
    "models": "phototag.cli.models",
    "diff": "phototag.cli.diff",
    "rebuild": "phototag.cli.rebuild",
    "recover": "phototag.cli.recover",
}


class _Commands(click.Group):
    """The commands in the order in which a photo meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        found: click.Command = importlib.import_module(_COMMANDS[name]).command
        return found


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  phototag organize ~/Pictures --to ~/Organized --dry-run      Then without --dry-run.",
)
@click.version_option(__version__, prog_name="phototag")
def group() -> None:
    """Tag, organise, search and cull your photos on your own machine.

    Nothing leaves this machine unless you ask for it. organize makes tagged copies and only reads the
    originals. Photos are changed by tag, search --album and cull --write alone, and put away by
    duplicates and cull where you say so: they show their plan and ask first, and undo takes everything
    back. State is kept in the folder .phototag beside the photos, or in the organised tree.

    """


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run one command and return its exit code; every error that a user can cause ends here."""
    try:
        ended = group.main(list(words), prog_name="phototag", standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except PhototagError as error:
        return _told(error)
    except click.exceptions.Abort:
        return _told(Interrupted("Interrupted.", "Run the same command again: it goes on where it stopped."))
    except click.ClickException as error:
        error.show()
        return 2


def _told(error: PhototagError) -> int:
    text = f"phototag: {error.sentence}" + (f"\n  {error.hint}" if error.hint else "")
    click.echo(text.encode("utf-8", "backslashreplace").decode(), err=True)
    return error.code
