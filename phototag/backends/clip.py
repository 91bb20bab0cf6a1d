"""Pictures and texts in one space, by any model that open_clip can make, with published weights or the user's own.

The decision here: each pair of model and weights is a space of its own, and nothing is fetched unless the user asked
(`download`). A question is put in a few ways and the mean is taken, for these models learned from captions. `+st:NAME`
behind the spec lets another encoder, made for the same space, read the texts: other languages. Refused: the device as
a part of the maker, for a library that moves from a GPU to a laptop would be looked at again for a degree of arc.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from phototag.backends import clip_models
from phototag.backends.protocols import Pixels
from phototag.backends.sentences_st import SentenceModel
from phototag.errors import NoBackend

if TYPE_CHECKING:
    from phototag.backends.clip_loaded import Loaded

TEMPLATES = ("{}", "a photo of {}", "a picture of {}")
_TEXTS_BY = "+st:"


class Clip:
    """An embedder for `clip:SPEC`. Options: `download` (the network may be used), `device` ("" picks one).

    Nothing is loaded before the first picture or text comes.
    """

    parallel = 0  # it works in the pipeline's own lanes

    def __init__(self, spec: str = "", options: Mapping[str, object] | None = None) -> None:
        given = options or {}
        self._download, self._device = bool(given.get("download")), str(given.get("device") or "")
        self.name, self.space, self.width = "clip", "clip", 0
        self._loaded: Loaded | None = None
        self._loading = threading.Lock()
        pictures_by, plus, texts_by = spec.partition(_TEXTS_BY)
        self._reader = SentenceModel(texts_by, given) if plus else None
        self._trouble = self._reader.why_not() if self._reader else None
        try:
            self._model = clip_models.model(pictures_by, self._fetch if self._download else None)
        except NoBackend as trouble:
            self._trouble = f"{trouble.sentence.rstrip('.')}. {trouble.hint}".strip()
        else:
            self.name, self.space, self.width = self._model.name, self._model.space, self._model.width

    def why_not(self) -> str | None:
        """Why it cannot work here, and what to do about it; None if it can, as far as one sees without loading it."""
        return self._trouble

    def embed_pictures(self, pictures: Sequence[Pixels]) -> list[list[float]]:
        """A vector of length one for each picture."""
        if not pictures:
            return []
        return _rounded(self._ready().pictures(pictures))

    def embed_texts(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector of length one for each text."""
        if not texts:
            return []
        if self._reader:
            return _rounded(self._read(texts))
        asked = [template.replace("{}", text) for text in texts for template in TEMPLATES]
        each = self._ready().texts(asked).reshape(len(texts), len(TEMPLATES), -1)
        return _rounded(_units(each.mean(axis=1)))

    def _read(self, texts: Sequence[str]) -> Any:
        """What the other encoder makes of the texts, if it is one for this space."""
        import numpy as np

        assert self._reader
        vectors = np.asarray(self._reader.embed_texts(texts), np.float32)
        if vectors.shape[1] != self.width:
            raise NoBackend(
                f"{self._reader.name} was not made for the space of {self.name}: "
                f"its vectors have {vectors.shape[1]} numbers, not {self.width}.",
                "Name an encoder of texts for this model, or none.",
            )
        return vectors

    def _ready(self) -> Loaded:
        """The model, loaded once."""
        if self._trouble:
            raise NoBackend(f"{self.name} cannot work here: {self._trouble}")
        with self._loading:
            if self._loaded is None:
                from phototag.backends.clip_loaded import Loaded

                self._loaded = Loaded(self._model, self._device, download=self._download)
            return self._loaded

    def _fetch(self, one: Mapping[str, Any]) -> None:
        """Fetch published weights into the cache of the program that knows where they are."""
        from phototag.backends.clip_loaded import BROKEN, packages

        (open_clip,) = packages("open_clip")
        try:
            open_clip.download_pretrained(dict(one))
        except BROKEN as trouble:
            raise NoBackend(f"the weights could not be fetched: {trouble}", "Try again when there is a network.") from (
                trouble
            )


def _units(vectors: Any) -> Any:
    import numpy as np

    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _rounded(vectors: Any) -> list[list[float]]:
    """As lists, to six digits: what the last bits say changes with the batch."""
    found: list[list[float]] = vectors.astype("float64").round(6).tolist()
    return found
