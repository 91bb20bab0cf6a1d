"""The shape of every table, and how one version of a library becomes the next.

The decision here: a row holds columns for what queries ask and one JSON column for the rest, so that
a new fact needs no new schema. Refused: a column per EXIF field.
pyarrow is imported inside functions: an unchanged scan never pays for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from phototag.records import Decision, Evidence, Facts, File, Gps, Moment, Photo, Region, Tag, family

VERSION = 1

# version n -> the step that makes it n + 1; it gets the open LanceDB connection.
MIGRATIONS: dict[int, Callable[[Any], None]] = {}

KEYS: dict[str, tuple[str, ...]] = {
    "files": ("path",),
    "photos": ("image_id",),
    "evidence": ("key",),
    "decisions": ("key",),
    "changes": ("id",),
    "settled": ("image_id",),
    "searchable": ("image_id",),
}
INDEXED = KEYS | {"files": ("path", "folder", "photo_id"), "changes": ("id", "batch", "target", "image_id")}
INDEXED |= {"searchable": ("image_id", "day", "keywords")}


def schema(table: str, width: int = 0) -> Any:
    """The Arrow schema of a table; `vectors_<space>` tables need the space's width."""
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    if table.startswith("vectors_"):
        return pa.schema([("image_id", text), ("maker", text), ("vector", pa.list_(pa.float32(), width))])
    columns: dict[str, list[tuple[str, Any]]] = {
        "files": [
            *((name, text) for name in ("path", "folder", "kind", "image_id", "photo_id", "status", "error")),
            *((name, whole) for name in ("size", "mtime_ns", "inode")),
            ("facts", text),
        ],
        "photos": [
            *((name, text) for name in ("image_id", "kind", "path", "picture", "picture_kind", "status")),
            *((name, text) for name in ("taken_at", "date_source", "camera")),
            ("taken_utc", pa.timestamp("us")),
            ("lens", text),
            ("lat", pa.float64()),
            ("lon", pa.float64()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("rating", pa.int32()),
            ("modified_ns", whole),
            ("files", pa.list_(text)),
            ("keywords", pa.list_(text)),
            ("caption", text),
            ("facts", text),
        ],
        "evidence": [
            *((name, text) for name in ("key", "image_id", "step", "maker", "value", "error", "made_at")),
        ],
        "decisions": [
            *((name, text) for name in ("key", "image_id", "value", "by", "policy", "made_at")),
        ],
        "changes": [
            *((name, text) for name in ("id", "batch", "target", "image_id", "kind", "state", "at")),
            ("seq", whole),
            ("entry", text),
        ],
        "settled": [("image_id", text), ("digest", text)],
        "searchable": _searchable(),
    }
    return pa.schema(columns[table])


def _searchable() -> list[tuple[str, Any]]:
    """What decide/findable.py makes."""
    import pyarrow as pa

    text, some = pa.string(), pa.list_(pa.string())
    return [
        *((name, text) for name in ("image_id", "path", "status", "season", "camera", "lens", "country_code")),
        ("decided", pa.bool_()),
        *((name, pa.int64()) for name in ("modified_ns", "phash")),
        ("day", pa.int32()),
        *((name, pa.int16()) for name in ("minute", "people")),
        *((name, pa.int8()) for name in ("month", "weekday", "rating")),
        *((name, some) for name in ("light", "technique", "places", "kinds", "keywords", "words")),
        *((name, pa.float64()) for name in ("lat", "lon")),
        *((name, text) for name in ("text", "caption", "place")),
    ]


# ---- files


def file_row(file: File) -> dict[str, Any]:
    row = {name: getattr(file, name) for name in _FILE_COLUMNS}
    return row | {"folder": file.path.rpartition("/")[0], "facts": facts_text(file.facts)}


def file_of(row: dict[str, Any]) -> File:
    return File(**{name: row[name] for name in _FILE_COLUMNS}, facts=facts_of(row["facts"]))


_SEEN = ("picture", "raw")
_FILE_COLUMNS = tuple(f.name for f in fields(File) if f.name != "facts")


# ---- photos


def photo_row(photo: Photo, files: Sequence[File]) -> dict[str, Any]:
    """A row; the first file with a picture, a RAW only where no other has one, stands for it when a model looks."""
    looked_at = next((one for one in files if family(one.kind) in _SEEN and one.status == "present"), None)
    facts = photo.facts
    moment = facts.moment
    return {
        "image_id": photo.image_id,
        "kind": photo.kind,
        "path": photo.files[0],
        "files": list(photo.files),
        "picture": looked_at.path if looked_at else "",
        "picture_kind": looked_at.kind if looked_at else "",
        "status": photo.status,
        "taken_at": moment.local.isoformat() if moment else None,
        "taken_utc": _utc(moment),
        "date_source": moment.source if moment else None,
        "camera": facts.model,
        "lens": facts.lens,
        "lat": facts.gps.lat if facts.gps else None,
        "lon": facts.gps.lon if facts.gps else None,
        "width": _column(facts.width),
        "height": _column(facts.height),
        "rating": facts.rating,
        "modified_ns": files[0].mtime_ns,
        "keywords": list(facts.keywords),
        "caption": facts.caption,
        "facts": facts_text(facts),
    }


def _column(side: int | None) -> int | None:
    """A side that a picture can have: what a damaged header claims may fit no column."""
    return side if side is not None and 0 < side < 2**31 else None


def photo_of(row: dict[str, Any]) -> Photo:
    return Photo(row["image_id"], row["kind"], tuple(row["files"]), facts_of(row["facts"]), row["status"])


def _utc(moment: Moment | None) -> datetime | None:
    """The moment on one common clock; a photo that knows no zone counts as if it were UTC."""
    if moment is None:
        return None
    try:
        return moment.local - timedelta(minutes=moment.offset or 0)
    except OverflowError:  # a date in the year 1 with an offset
        return moment.local


# ---- evidence


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    value = None if evidence.value is None else clean(json.dumps(evidence.value, ensure_ascii=False))
    return {
        "key": evidence.key,
        "image_id": evidence.image_id,
        "step": evidence.step,
        "maker": evidence.maker,
        "value": value,
        "error": clean(evidence.error),
        "made_at": evidence.made_at,
    }


def evidence_of(row: dict[str, Any]) -> Evidence:
    value = json.loads(row["value"]) if row.get("value") is not None else None
    return Evidence(row["image_id"], row["step"], row["maker"], value, row["error"] or "", row["made_at"])


# ---- decisions


def decision_row(decision: Decision) -> dict[str, Any]:
    parts = asdict(decision)
    return {
        "key": decision.image_id,
        "image_id": decision.image_id,
        "value": clean(json.dumps(parts, ensure_ascii=False)),
        "by": decision.by,
        "policy": decision.policy,
        "made_at": now(),
    }


def decision_of(row: dict[str, Any]) -> Decision:
    parts = json.loads(row["value"])
    for name in ("tags", "queued", "proposed"):
        parts[name] = tuple(Tag(tag["term"], tag["score"], tuple(tag["because"])) for tag in parts[name])
    return Decision(**parts)


# ---- facts as JSON: only what is there


_DEFAULTS = tuple((name, getattr(Facts(), name)) for name in (field.name for field in fields(Facts)))


def facts_text(facts: Facts) -> str:
    """Written by hand: `dataclasses.asdict` copies deeply and takes six times as long."""
    found = {name: value for name, default in _DEFAULTS if (value := getattr(facts, name)) != default}
    if moment := facts.moment:
        found["moment"] = {
            "local": moment.local.isoformat(),
            "offset": moment.offset,
            "zone": moment.zone,
            "source": moment.source,
        }
    if gps := facts.gps:
        found["gps"] = {"lat": gps.lat, "lon": gps.lon, "alt": gps.alt}
    if facts.regions:
        found["regions"] = [asdict(region) for region in facts.regions]
    return clean(json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def facts_of(text: str) -> Facts:
    found = json.loads(text or "{}")
    if moment := found.get("moment"):
        found["moment"] = Moment(**{**moment, "local": datetime.fromisoformat(moment["local"])})
    if gps := found.get("gps"):
        found["gps"] = Gps(**gps)
    for name in ("keywords", "ours", "warnings"):
        found[name] = tuple(found.get(name, ()))
    found["regions"] = tuple(Region(**region) for region in found.get("regions", ()))
    found["lists"] = {name: tuple(words) for name, words in found.get("lists", {}).items()}
    return Facts(**found)


def clean(text: str) -> str:
    """Text as a table can hold it: half an emoji, which models and files do contain, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def now() -> str:
    """The time of a stored line: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
