"""Texts as vectors, by a model of sentence-transformers: captions in many languages, or the text side of a CLIP space.

The decision here: it stands where the built-in encoder of sentences stands, loads what lies on this disk, and fetches
only where the user asked (`download`). Refused: models that bring code of their own to run.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from phototag.backends.clip_hub import cached, offline
from phototag.backends.clip_models import INSTALL
from phototag.errors import NoBackend

_OWN = "sentence-transformers"  # whose models need no name before the slash
_DESCRIBED = "modules.json"  # lies in every model's folder


class SentenceModel:
    """Encodes texts, by a name or the path of a folder; every vector has length one. Threads may share it."""

    parallel = 0

    def __init__(self, spec: str, options: Mapping[str, object] | None = None) -> None:
        given = options or {}
        self._download, self._device = bool(given.get("download")), str(given.get("device") or "")
        self._spec = spec
        self.name = f"st:{Path(spec).name}"
        self.space = "sentences_st"
        self._model: Any = None
        self._guard = threading.Lock()

    @property
    def width(self) -> int:
        """How many numbers a vector has; loads the model."""
        return int(self._ready().get_embedding_dimension())

    def why_not(self) -> str | None:
        """Why it cannot work here, and what to do about it; None if it can, as far as one sees without loading it."""
        if not self._spec:
            return "no model is named. Write st:clip-ViT-B-32-multilingual-v1, or the path of a folder"
        if find_spec("sentence_transformers") is None:
            return f"sentence_transformers is not installed. Install it: {INSTALL}"
        if self._download or self._folder() is not None:
            return None
        if self._is_path:
            return f"{self._spec} is no folder of a model for sentences: it holds no {_DESCRIBED}"
        return f"the model {self._spec} is not on this machine. Fetch it: --download"

    def embed_texts(self, texts: Sequence[str]) -> list[Any]:
        """One vector for each text."""
        if not texts:
            return []
        model = self._ready()
        with self._guard:
            return list(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))

    @property
    def _is_path(self) -> bool:
        return self._spec.startswith(("/", "~", ".")) or Path(self._spec).is_absolute()

    def _folder(self) -> Path | None:
        """Where the model lies, if it is on this disk."""
        if self._is_path:
            folder = Path(self._spec).expanduser()
            return folder if (folder / _DESCRIBED).is_file() else None
        described = cached(self._spec if "/" in self._spec else f"{_OWN}/{self._spec}", _DESCRIBED)
        return described.parent if described else None

    def _ready(self) -> Any:
        """The model, loaded once."""
        from phototag.backends.clip_loaded import BROKEN, best_device, packages

        with self._guard:
            if self._model is not None:
                return self._model
            if trouble := self.why_not():
                raise NoBackend(f"{self.name} cannot work here: {trouble}")
            torch, transformers = packages("torch", "sentence_transformers")
            folder = self._folder()
            if folder:  # no bar for what takes a moment
                importlib.import_module("transformers.utils.logging").disable_progress_bar()
            try:
                with offline(unless=self._download):
                    self._model = transformers.SentenceTransformer(
                        str(folder or self._spec),
                        device=self._device or best_device(torch),
                        trust_remote_code=False,
                        local_files_only=not self._download,
                    )
            except BROKEN as problem:
                raise NoBackend(f"The model {self._spec} cannot be loaded: {problem}") from problem
            return self._model
