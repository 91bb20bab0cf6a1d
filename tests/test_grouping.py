"""The hashes that a library holds, as arrays: of today's maker and of photos that are there."""

from __future__ import annotations

from pathlib import Path

from phototag import api
from phototag.records import Evidence
from phototag.store.grouping import hashed

MAKER = "measure/side1024/2"


def test_hashes_are_read_of_one_maker_and_of_photos_that_are_present(photos_dir: Path) -> None:
    library = api.scan(photos_dir / "birthday")[0]
    ids = sorted(library.photo_ids())
    top = "ffffffffffffffff"
    made = [Evidence(one, "measure", MAKER, {"phash": f"{n:016x}", "dhash": top}) for n, one in enumerate(ids[:3])]
    made.append(Evidence(ids[3], "measure", "measure/older", {"phash": top, "dhash": top}))
    made.append(Evidence(ids[4], "measure", MAKER, error="damaged"))
    made.append(Evidence("gone", "measure", MAKER, {"phash": top, "dhash": top}))
    with library.writing():
        library.put(made)
    found = hashed(library, MAKER)
    assert found.ids == ids[:3]
    assert (found.phash.tolist(), found.dhash.tolist()) == ([0, 1, 2], [2**64 - 1] * 3)
    assert hashed(library, MAKER, {ids[1], ids[3]}).ids == [ids[1]]
    assert hashed(library, "nobody").phash.shape == (0,)
