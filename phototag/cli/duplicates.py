"""`phototag duplicates`: files of one picture, which of them is kept, and the rest put away."""

from __future__ import annotations

import csv
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import Shared, interrupted, list_failures, shared, stopping
from phototag.report import folded, many, out, out_json, rows, shown, size

if TYPE_CHECKING:
    from phototag.api_duplicates import Duplicate, Duplicates
    from phototag.decide.keeper import Cluster, Other, Print
    from phototag.decide.keeper_inherits import Inheritance

_COLUMNS = ("group", "kind", "action", "path", "why", "bits", "bytes")


@click.command("duplicates")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--quarantine", is_flag=True, help="Put all but the kept ones into the quarantine, after asking.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--bursts", is_flag=True, help="Frames of different moments may be duplicates, too.")
@click.option("--keep", metavar="RULES", help="Which is kept, such as raw,older; the other rules follow.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets.")
@shared
def command(
    path: Path, quarantine: bool, yes: bool, bursts: bool, keep: str | None, as_csv: bool, both: Shared
) -> None:
    """List files that are the same picture, and which of them would be kept.

    \b
    exact          the same bytes
    same picture   the same image, other metadata
    near           saved again, resized or edited a little: by hashes and vectors

    Of each group one is kept: the edited one, else that with the RAW, else by pixels, size, metadata and age
    (--keep puts other rules first). RAW and JPEG, live photos and sidecars are one. Frames of a burst and of a series
    are different pictures. A RAW never goes for a picture without one; what was edited or developed is kept, or stays,
    and so does what somebody put into an album, named, titled or flagged and the kept one does not say.

    It changes photos, after asking, and only with --quarantine: then the kept one takes over what people said of the
    others (keywords, rating, caption, GPS), and the others are moved, with their sidecars, to
    .phototag/quarantine. Nothing is deleted: phototag undo takes all of it back.

    \b
    Examples:
      phototag duplicates ~/Pictures
      phototag duplicates ~/Pictures/2024 --quarantine
    """
    if as_csv and both.json:
        raise click.UsageError("Choose one of --json and --csv.")
    from phototag import api

    asks = None if yes or not quarantine else _asks(both, as_csv)
    with stopping() as stop:
        found = api.duplicates(
            path,
            bursts=bursts,
            quarantine=quarantine,
            agree=asks,
            library=both.library,
            flags=both.flags | ({"duplicates.keep": keep} if keep else {}),
            report=both.report,
            stop=stop,
        )
    _printed(found, quarantine, asks is not None, as_csv, both)
    if found.interrupted:
        raise interrupted()
    raise SystemExit(1 if found.unreadable or found.failed or found.gone.refused else 0)


def _asks(both: Shared, as_csv: bool) -> Any:
    """Shows everything and asks whether to go on; where nobody can answer, nothing is moved."""
    if both.json or as_csv or not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes, or leave --quarantine out to see the list.")

    def agree(found: Duplicates) -> bool:
        _table(found)
        count = sum(len(_going(one)) for one in found.groups)
        sentence = f"Move {many(count, 'file')} into the quarantine? (phototag undo brings them back)"
        return click.confirm(sentence, default=False, err=True)

    return agree


def _printed(found: Duplicates, quarantine: bool, was_shown: bool, as_csv: bool, both: Shared) -> None:
    if both.json:
        out_json(_as_json(found))
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, _COLUMNS)
        writer.writeheader()
        writer.writerows(_lines(found))
    else:
        if not was_shown:
            _table(found)
        list_failures(found.unreadable, "Could not be read")
        list_failures(found.failed, "Could not be looked at")
        list_failures(found.gone.refused, "Not moved")
        out(rows(_summary(found, quarantine, both)))


# ---- for people


def _table(found: Duplicates) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
    for group in found.groups:
        for line in _group(group, width):
            out(line)
        out()


def _group(group: Duplicate, width: int) -> Iterator[str]:
    cluster = group.cluster
    yield f"{_heading(cluster)}: {many(len(cluster.others) + 1, 'photo')}"
    yield _row("keep", cluster.keeper, width)
    yield folded(f"           {cluster.why}", 11)
    for one in cluster.others:
        stays = one.stays or group.refused
        yield _row("stays" if stays else "goes", one.print, width)
        bits = f", {many(one.bits, 'bit')}" if one.bits is not None else ""
        yield folded(f"           {_likeness(one, cluster.keeper)}{bits}" + (f": {shown(stays)}" if stays else ""), 11)
    if group.inheritance and group.going:
        yield folded(f"  takes over: {shown(_words(group.inheritance))}", 14)


def _heading(cluster: Cluster) -> str:
    """The loosest likeness in the group; copies of a part of the kept photo are no exact copies of it."""
    whole = all(one.print.digests == cluster.keeper.digests for one in cluster.others)
    return "copies" if cluster.kind == "exact" and not whole else cluster.kind


def _likeness(one: Other, keeper: Print) -> str:
    partly = one.kind == "exact" and one.print.digests != keeper.digests
    return "exact copy of a part" if partly else one.kind


def _row(action: str, one: Print, width: int) -> str:
    from phototag.search.listing import shortened

    more = len(one.files) + len(one.sidecars) - 1
    pixels = f"{one.pixels[0]}x{one.pixels[1]}" if one.pixels[0] else ""
    tail = f" +{more}" * bool(more) + f"  {pixels}  {size(one.size)}"
    return f"  {action:<7}  {shortened(shown(one.path), max(20, width - 11 - len(tail)))}{tail}"


def _words(taken: Inheritance) -> str:
    words = ", ".join(" > ".join(path) for path in taken.keywords)
    told = [f"keywords {words}" if words else "", f'caption "{taken.caption}"' if taken.caption else ""]
    told.append(f"rating {taken.rating}" if taken.rating else "")
    told.append(f"GPS {taken.gps.lat:.5f}, {taken.gps.lon:.5f}" if taken.gps else "")
    return "; ".join(filter(None, told))


def _summary(found: Duplicates, quarantine: bool, both: Shared) -> list[tuple[str, str]]:
    paths = [path for one in found.groups for path in _going(one)]
    told = [("photos", f"{found.photos:,} compared" if found.photos else "0: there are none in this folder")]
    told.append(("groups", f"{len(found.groups):,}"))
    room = sum(found.sizes.get(path, 0) for path in paths)
    if found.batch:
        told.append(("moved", f"{many(len(found.gone.moved), 'file')}, {size(found.gone.bytes)}"))
        root = found.library.place.root
        elsewhere = "" if Path.cwd().is_relative_to(root) else f" --library {shlex.quote(str(root))}"
        told.append(("bring back", f"phototag undo {found.batch}{elsewhere}"))
    else:
        told.append(("would go", f"{many(len(paths), 'file')}, {size(room)}"))
        told.append(("moved", "nothing" if quarantine or not paths else "nothing: --quarantine moves them"))
    told.append(("time", both.report.spent()))
    return told


def _going(group: Duplicate) -> list[str]:
    return [path for one in group.going for path in (*one.files, *one.sidecars)]


# ---- for programs


def _lines(found: Duplicates) -> Iterator[dict[str, Any]]:
    """One line for each file."""
    for number, group in enumerate(found.groups, 1):
        cluster = group.cluster
        yield from _files(number, cluster.keeper, "keep", cluster.kind, cluster.why, "", found)
        for one in cluster.others:
            stays = one.stays or group.refused
            action = "stays" if stays else "goes"
            yield from _files(number, one.print, action, one.kind, stays, one.bits, found)


def _files(
    number: int, one: Print, action: str, kind: str, why: str, bits: int | str | None, found: Duplicates
) -> Iterator[dict[str, Any]]:
    for path in (*one.files, *one.sidecars):
        plain = f"'{shown(path)}" if path[:1] in "=+-@" else shown(path)  # a spreadsheet would run it
        away = "" if bits is None else bits
        values = (number, kind, action, plain, why, away, found.sizes.get(path, ""))
        yield dict(zip(_COLUMNS, values, strict=True))


def _as_json(found: Duplicates) -> dict[str, Any]:
    return {
        "run": found.batch,
        "photos": found.photos,
        "groups": [_group_as_json(one) for one in found.groups],
        "moved": [{"path": path, "lies": lies} for path, lies in found.gone.moved],
        "refused": [{"path": path, "reason": why} for path, why in found.gone.refused],
        "unreadable": [{"path": path, "reason": why} for path, why in found.unreadable],
        "failed": [{"path": path, "reason": why} for path, why in found.failed],
        "interrupted": found.interrupted,
    }


def _group_as_json(group: Duplicate) -> dict[str, Any]:
    cluster, taken = group.cluster, group.inheritance
    return {
        "kind": cluster.kind,
        "keep": {"files": [*cluster.keeper.files, *cluster.keeper.sidecars], "why": cluster.why},
        "others": [
            {
                "files": [*one.print.files, *one.print.sidecars],
                "kind": one.kind,
                "bits": one.bits,
                "goes": not (one.stays or group.refused),
                "why": one.stays or group.refused,
            }
            for one in cluster.others
        ],
        "takes_over": {
            "keywords": [list(path) for path in taken.keywords],
            "caption": taken.caption,
            "rating": taken.rating or None,
            "gps": [taken.gps.lat, taken.gps.lon] if taken.gps else None,
        },
    }
