"""`phototag models`: which vision models the Ollama servers have, which one suits this machine, and to fetch one.

The decision here: the list marks what a run would take, and every line about a gap says the command that closes it.
Refused: a list of all that exists, of which most cannot see and some would ask a cloud.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, shared
from phototag.errors import NoBackend
from phototag.report import folded, many, out, out_json, shown, size

if TYPE_CHECKING:
    from phototag.api_models import Models
    from phototag.backends.ollama_desk import Shelf


@click.command("models")
@click.option("--pull", "name", metavar="NAME", help="Have the servers fetch this model.")
@click.option("--ollama", "hosts", multiple=True, metavar="URL", help="A server, instead of setting ollama.hosts.")
@click.option(
    "--allow-host", "allowed", multiple=True, metavar="HOST", help="A server on another machine may be asked."
)
@shared
def command(name: str | None, hosts: tuple[str, ...], allowed: tuple[str, ...], both: Shared) -> None:
    """List the vision models of your Ollama servers, or fetch one.

    A star marks the model that --describer ollama would take. Models that cannot see pictures and those
    that run in a cloud are named, and never asked. The model that fits into this machine's memory is
    recommended. phototag works without Ollama, too. Where no server has a model to ask, it exits with 7.

    It connects to your servers only, on this machine unless you allow others, and sends no picture. It
    never changes a photo. With --pull your server downloads the model from where Ollama keeps them.

    \b
    Examples:
      phototag models
      phototag models --pull qwen3-vl:4b-instruct
      phototag models --ollama http://tower.local:11434 --allow-host tower.local
    """
    from phototag import api

    where = {"hosts": hosts, "allow_hosts": allowed, "library": both.library, "flags": both.flags}
    if name is not None:
        describer = api.pull_model(name, **where, report=both.report)  # type: ignore[arg-type]
        following = _following(describer, hosts, allowed)
        if both.json:
            out_json({"pulled": name, "describer": describer, "next": following})
        else:
            out(f"{name} is there. Try it on a few photos:\n  {following}")
        return
    found = api.vision_models(**where)  # type: ignore[arg-type]
    for notice in found.notices:
        both.report.warn(notice)
    if both.json:
        out_json(_as_json(found))
    else:
        for shelf in found.shelves:
            out(_shelf(shelf) + "\n")
        out(_advice(found, hosts, allowed))
    raise SystemExit(0 if found.usable else NoBackend.code)


def _following(describer: str, hosts: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """The command that tries the model on a few photos, with the servers that were named here."""
    words = ["--sample", "20", "--describer", describer, *_servers(hosts, allowed)]
    return f"phototag look ~/Pictures {shlex.join(words)}"


def _servers(hosts: tuple[str, ...], allowed: tuple[str, ...]) -> list[str]:
    """The options that name the same servers once more."""
    named = (("--ollama", hosts), ("--allow-host", allowed))
    return [word for option, values in named for value in values for word in (option, value)]


def _as_json(found: Models) -> dict[str, object]:
    return {
        "hosts": [
            {
                "host": shelf.host,
                "version": shelf.version,
                "chosen": shelf.chosen or None,
                "trouble": f"{shelf.trouble} {shelf.hint}".strip() or None,
                "models": [
                    {part: getattr(model, part) for part in ("name", "parameters", "quantisation", "size", "loaded")}
                    for model in shelf.models
                ],
                "cannot_see": list(shelf.blind),
                "in_a_cloud": list(shelf.cloud),
            }
            for shelf in found.shelves
        ],
        "recommended": found.recommended,
        "memory": {"machine": found.memory.machine, "gpu": found.memory.gpu},
    }


def _shelf(shelf: Shelf) -> str:
    """One server: a line for each model, and what is the matter."""
    lines = [f"{shelf.host}  (Ollama {shown(shelf.version)})" if shelf.version else shelf.host]
    table = [
        (
            "* " + model.name if model.name == shelf.chosen else "  " + model.name,
            model.parameters,
            model.quantisation,
            size(model.size),
            "loaded" if model.loaded else "",
        )
        for model in shelf.models
    ]
    if table:
        table.insert(0, ("  model", "parameters", "quantisation", "size", ""))
    cells = [[shown(cell) for cell in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines += ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    for names, why in ((shelf.blind, "cannot see pictures"), (shelf.cloud, "in a cloud, never asked")):
        if names:
            lines.append(folded(f"  {why}: {shown(', '.join(names))}", 4))
    if shelf.trouble:
        lines.append(folded(f"  not asked: {shelf.trouble} {shelf.hint}".rstrip(), 4))
    return "\n".join(lines)


def _advice(found: Models, hosts: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """What a run would take, and what this machine has room for."""
    taking = [shelf for shelf in found.shelves if shelf.chosen]
    lines = []
    if taking:
        servers = f" at {many(len(taking), 'server')}" if len(taking) > 1 else ""
        lines.append(f"--describer ollama takes {shown(taking[0].chosen)}{servers}.")
    fits = f"For this machine ({found.memory}) {found.recommended} is recommended"
    near = [shelf for shelf in found.shelves if shelf.near and shelf.version]
    if any(found.recommended == model.name for shelf in near for model in shelf.models):
        lines.append(f"{fits}, and it is there.")
    else:
        words = shlex.join(["--pull", found.recommended, *_servers(hosts, allowed)])
        lines.append(f"{fits}. Get it: phototag models {words}")
    return "\n".join(lines)
