"""The indexes of the table that search asks, on LanceDB's side.

The decision here: words have an index from the first row on, columns when a scan of them is slower. Refused: a stemmer,
for both languages stand in one text.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def index(table: Any, names: Collection[str], there: Collection[str], *, is_large: bool) -> None:
    """Make the indexes that the table lacks, on LanceDB's side: words at once, columns when they are worth it."""
    from lancedb.index import FTS, BTree, LabelList

    if "text" not in there:
        # Both languages are in one text, so no stemmer: forms of words are sought instead (decide/inflection.py).
        config = FTS(stem=False, remove_stop_words=False, lower_case=True, ascii_folding=True, with_position=False)
        table.create_index("text", config=config)
    for column in names if is_large else ():
        if column not in there:
            table.create_index(column, config=LabelList() if column == "keywords" else BTree())
