"""Changes that were planned for originals, turned into changes of their copies.

The decision here: a copy says exactly what `tag` would write into its original, so the one planner plans for both, and
here only the paths are exchanged. Refused: a second set of rules for what goes where in a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from phototag.change.plan import Planned
from phototag.records import Change


def redirected(planned: Iterable[Planned], plain: Mapping[str, Change]) -> list[Change]:
    """The copies with their tags, and the new sidecars beside them.

    `plain` has for every original (stored path) the change that copies it as it is.
    """
    copies = dict(plain)
    sidecars: list[Change] = []
    for change in (one.change for one in planned if one.change):
        if change.target in copies:
            copies[change.target] = _tagged(copies[change.target], change, plain)
        elif not change.expect and change.source in plain:
            sidecars += _sidecars(change, plain)
    return [*copies.values(), *sidecars]


def sidecars_only(planned: Iterable[Planned], plain: Mapping[str, Change]) -> list[Change]:
    """The new sidecars alone, for copies that were made without tags."""
    wanted = (one.change for one in planned if one.change and not one.change.expect)
    return [made for change in wanted if change.source in plain for made in _sidecars(change, plain)]


def _tagged(copy: Change, change: Change, plain: Mapping[str, Change]) -> Change:
    """The copy of a file, with what was planned to be written into the file."""
    of = plain.get(change.source)
    return replace(
        copy,
        source=of.target if of else copy.target,
        original=change.expect,
        fields=change.fields,
        base=change.base,
        iptc=change.iptc,
        stale=change.stale,
    )


def _sidecars(change: Change, plain: Mapping[str, Change]) -> list[Change]:
    """The new sidecar; none where a copied one takes its place, or where the copy has had its own since it was made."""
    copy = plain[change.source]
    made = _sidecar(change, copy)
    taken = {one.target for one in plain.values()}
    return [] if copy.expect or made.target in taken else [made]


def _sidecar(change: Change, copy: Change) -> Change:
    """A new sidecar beside a copy: it is called as it would be beside the original."""
    folder, _, name = copy.target.rpartition("/")
    stem = name if change.target == f"{change.source}.xmp" else name.rpartition(".")[0] or name
    return replace(
        change, target=f"{folder}/{stem}.xmp" if folder else f"{stem}.xmp", source=copy.target, origin=copy.origin
    )
