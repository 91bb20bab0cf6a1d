"""`phototag look`: ask the makers about the photos that lack their evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phototag.cli.common import (
    Shared,
    asks_a_model,
    check_asked,
    interrupted,
    list_failures,
    list_not_looked,
    shared,
    stopping,
)
from phototag.cli.decide import summary, vocabulary_flags
from phototag.cli.scan import as_json as scan_as_json
from phototag.report import Report, many, out, out_json, rows

if TYPE_CHECKING:
    from phototag.pipeline import Looked

_ORDERS = ("taken", "name", "modified")


@click.command("look")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--embedder", metavar="NAME", help="Vectors for search by CLIP too, such as clip:ViT-B-32/openai.")
@click.option("--vocab", type=click.Path(exists=True, dir_okay=False), help="A file with terms of your own.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), help="What scores less is queued (default 0.6).")
@click.option("--retry-failed", is_flag=True, help="Also look once more at photos that failed before.")
@click.option("--fresh", is_flag=True, help="Forget the evidence of these steps and make it anew.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Look at the first N photos only.")
@click.option("--sample", type=click.IntRange(min=1), default=None, help="Look at N photos drawn by lot.")
@click.option("--seed", type=int, default=0, help="Another draw for --sample.")
@click.option("--order", type=click.Choice(_ORDERS), default="taken", help="Which photos come first.")
@click.option("--threads", type=click.IntRange(min=1), default=None, help="Threads for decoding (default: one a core).")
@asks_a_model
@shared
def command(
    folder: Path,
    models: dict[str, str],
    embedder: str | None,
    vocab: str | None,
    min_confidence: float | None,
    threads: int | None,
    both: Shared,
    **choice: object,
) -> None:
    """Look at photos and keep what is found as evidence.

    Always, with the models that come with phototag: what the picture shows, objects, faces, the number
    of people, and vectors for search. Also sharpness and exposure, the place of a GPS point, the light
    by the sun, and the technique by what the camera wrote. --describer and --embedder add more models.
    Only photos without such evidence are looked at, so running the same command again goes on where it
    stopped.

    It never changes a photo. It writes only into the library's folder .phototag.

    \b
    Examples:
      phototag look ~/Pictures --limit 100
      phototag look ~/Pictures --describer fake --embedder fake
      phototag look ~/Pictures --describer ollama --model qwen3-vl:4b-instruct --sample 20
    """
    from phototag import api
    from phototag.pipeline import Selection

    given = {"look.embedder": embedder, "threads": str(threads) if threads else None}
    flags = both.flags | models | {key: value for key, value in given.items() if value is not None}
    flags |= vocabulary_flags(vocab, min_confidence)
    check_asked(folder, both, flags)
    selection = Selection(**{name: value or 0 if name in _COUNTS else value for name, value in choice.items()})  # type: ignore[arg-type]
    with stopping() as stop:
        library, scanned, looked = api.look(
            folder, library=both.library, selection=selection, flags=flags, report=both.report, stop=stop
        )
    if both.json:
        spent = both.report.seconds
        out_json({"scan": scan_as_json(library, scanned, {}), **as_json(looked), "seconds": spent})
    else:
        list_failures(scanned.unreadable, "Could not be read")
        list_not_looked(looked.failed)
        out(rows(summary_of(looked, both.report)))
    if looked.interrupted or scanned.interrupted:
        raise interrupted(undecided=looked.interrupted and any(looked.made.values()))
    raise SystemExit(1 if looked.failed or scanned.unreadable else 0)


_COUNTS = ("limit", "sample")


def as_json(looked: Looked) -> dict[str, object]:
    """What a run made, for --json."""
    from phototag.api_asking import untranslated

    failed, translations = untranslated(looked.failed)
    return {
        "photos": looked.photos,
        "made": dict(looked.made),
        "given": dict(looked.given),
        "kept": {step: count for step, count in looked.kept.items() if count},
        "unchanged": looked.unchanged,
        "without_picture": looked.without_picture,
        "decided": vars(looked.decided),
        "failed": [{"path": path, "reason": reason} for path, reason in failed],
        "untranslated": [{"path": path, "reason": reason} for path, reason in translations],
        "interrupted": looked.interrupted,
    }


def saved(looked: Looked) -> list[tuple[str, str]]:
    """What the run did not ask, and how to have it asked."""
    lines = []
    if calls := sum(looked.given.values()):
        photos = max(looked.given.values())
        got = f"{many(photos, 'photo')} got the answer to another one of their burst"
        lines.append(("scenes", f"{got}: {many(calls, 'call')} saved"))
    for step, count in looked.kept.items():
        if count:
            lines.append(
                ("kept", f"{step}: {many(count, 'answer')} of another model or prompt; ask again with --retag")
            )
    return lines + [("model", told) for told in looked.told]


def summary_of(looked: Looked, report: Report) -> list[tuple[str, str]]:
    """What a run made, line by line."""
    from phototag.api_asking import untranslated

    made = ", ".join(f"{step} {count:,}" for step, count in looked.made.items()) or "nothing new"
    lines = [
        ("looked at", f"{many(looked.photos, 'photo')} ({looked.unchanged:,} had all evidence)"),
        ("evidence", made),
    ]
    lines += saved(looked)
    lines.append(("decided", summary(looked.decided)))
    if looked.without_picture:
        lines.append(
            (
                "passed over",
                many(looked.without_picture, "video") + " without a picture beside them",
            )
        )
    for name, failed in zip(("failed", "not translated"), untranslated(looked.failed), strict=True):
        if failed:
            lines.append((name, f"{len(failed):,}; try again with --retry-failed"))
    lines.append(("time", report.spent()))
    return lines
