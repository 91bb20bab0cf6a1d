"""Tiny CLIP models with random weights, made on the spot, for the tests of what works with such models.

The decision: the real open_clip makes and loads them, from folders and files as a user's would lie there, so that only
the size is unreal. torch for the CPU alone comes without the operators that torchvision's own build wants to find: here
they are declared, for no test calls one. Refused: weights from a network, and a stand-in for open_clip.
"""

from __future__ import annotations

import importlib
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

WIDTH = 32
CONFIG = {
    "model_cfg": {
        "embed_dim": WIDTH,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16, "head_width": 32},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
}


@cache
def open_clip() -> Any:
    """The package, whatever torch and torchvision are beside each other; skips the test where there is none."""
    for name in ("torch", "torchvision", "open_clip"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed: make test-clip")
    _declare_operators()
    return importlib.import_module("open_clip")


def _declare_operators() -> None:
    """Declare what torchvision's native part would bring, where that part does not load."""
    import torch

    home = find_spec("torchvision")
    assert home and home.submodule_search_locations
    if hasattr(torch.ops.torchvision, "nms"):
        return
    page = Path(home.submodule_search_locations[0], "_meta_registrations.py").read_text("utf-8")
    names = set(re.findall(r'register_meta\("(\w+)"', page)) | set(re.findall(r'"torchvision::(\w+)"', page))
    _kept.append(torch.library.Library("torchvision", "DEF"))
    for name in sorted(names):
        _kept[0].define(f"{name}() -> ()")


_kept: list[Any] = []  # operators live as long as who declared them


def tiny(folder: Path, seed: int = 0, **changed: Any) -> Path:
    """A folder with a tiny model, as open_clip saves them, made where there is none; another seed, other weights."""
    import torch
    from safetensors.torch import save_file

    clip = open_clip()
    weights = folder / "open_clip_model.safetensors"
    if weights.exists():
        return folder
    folder.mkdir(parents=True)
    config = {**CONFIG, "model_cfg": {**CONFIG["model_cfg"], **changed}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    torch.manual_seed(seed)
    model = clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(model.state_dict(), weights)
    return folder
