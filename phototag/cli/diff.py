"""`phototag diff`: two models on the same photos, before one of them is trusted with all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, asks_servers, shared, stopping
from phototag.report import folded, out, out_json, rows, shown

if TYPE_CHECKING:
    from phototag.comparing import Compared, Side

_TERMS, _PHOTOS = 12, 10


@click.command("diff")
@click.argument("model_a")
@click.argument("model_b")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option(
    "--sample", type=click.IntRange(min=1), default=200, show_default=True, help="How many photos are asked about."
)
@click.option("--seed", type=int, default=0, help="Another draw.")
@asks_servers
@shared
def command(
    model_a: str, model_b: str, folder: Path, sample: int, seed: int, models: dict[str, str], both: Shared
) -> None:
    """Ask two models about the same photos and show where they differ.

    How many terms both say, which ones only one of them says, how alike their captions are, the seconds that a photo
    takes, and the photos that are worth a look of your own. A model is the name of an Ollama model.

    It never changes a photo, nor a tag: the answers are kept apart in the library, so that the same comparison asks
    nothing twice.

    \b
    Examples:
      phototag diff qwen3-vl:4b-instruct gemma3:12b ~/Pictures --sample 50
      phototag diff qwen3-vl:4b-instruct qwen3-vl:8b-instruct --json
    """
    from phototag import api

    with stopping() as stop:
        found = api.diff(
            model_a,
            model_b,
            folder,
            library=both.library,
            sample=sample,
            seed=seed,
            flags=both.flags | models,
            report=both.report,
            stop=stop,
        )
    if both.json:
        out_json(asdict(found))
    else:
        _print(found)
    raise SystemExit(1 if any(side.failed for side in found.sides) else 0)


def _print(found: Compared) -> None:
    one, other = found.sides
    out(rows([("A", shown(one.maker)), ("B", shown(other.maker))]))
    out("")
    same = [("photos", f"{len(found.pairs):,} that both answered for")]
    for name, share in (("terms", found.agreement), ("captions", found.captions), ("categories", found.categories)):
        if share is not None:
            same.append((name, f"{share:.0%} {_MEANS[name]}"))
    out(rows(same))
    out("")
    out(rows([("A", _figures(one)), ("B", _figures(other))]))
    for name, side in (("A", one), ("B", other)):
        terms = [f"{shown(term)} {count}" for term, count in list(side.only.items())[:_TERMS]]
        out(folded(f"only {name} says: {', '.join(terms) or 'nothing'}", 2))
    differing = [pair for pair in found.pairs if pair.likeness < 1][:_PHOTOS]
    if differing:
        out("\nWorth a look of your own:")
    for pair in differing:
        out(f"  {shown(pair.path)}  ({pair.likeness:.0%} alike)")
        for name, words in zip("AB", pair.only, strict=True):
            if words:
                out(folded(f"    {name}: {_listed(words)}", 7))


_MEANS = {
    "terms": "of the terms that either says, both say (mean of the photos)",
    "captions": "alike in meaning",
    "categories": "the same",
}


def _figures(side: Side) -> str:
    failed = f", {side.failed:,} failed" if side.failed else ""
    speed = f"{side.seconds:.2f} s a photo" if side.seconds is not None else "asked before"
    return f"{side.keywords:.1f} keywords a photo, {side.known:.0%} in the vocabulary, {speed}{failed}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(shown, words))
