"""A model of open_clip in memory, and what goes in and comes out of it.

The decision here: pictures are prepared as the model's own description says, by open_clip's own code, and one batch at
a time goes through. Half precision on CUDA alone, where it pays; it turns a vector by about a degree. Refused: pickles
that run code (open_clip asks for `weights_only`), and a server between.
"""

from __future__ import annotations

import importlib
import logging
import pickle
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from phototag.backends.clip_hub import offline
from phototag.backends.clip_models import INSTALL, Model
from phototag.backends.protocols import Pixels
from phototag.errors import NoBackend

_TOGETHER = 64  # pictures or texts that go through at once
BROKEN: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)
BROKEN += (EOFError, pickle.PickleError, AssertionError)  # what open_clip and torch raise on files that do not fit


class Loaded:
    """The model on its device; threads may share it."""

    def __init__(self, model: Model, device: str = "", *, download: bool = False) -> None:
        self._torch, self._clip = packages("torch", "open_clip")
        self.device = device or best_device(self._torch)
        self._precision = "fp16" if self.device.startswith("cuda") else "fp32"
        self._guard = threading.Lock()
        with _quiet(), offline(unless=download):
            self._model = self._made(model)
            try:
                self._tokens = self._clip.get_tokenizer(model.make)
            except BROKEN as trouble:
                raise NoBackend(
                    f"The words of {model.make} cannot be read as it wants them: {_first_line(trouble)}.",
                    "What it needs for that is not on this machine; --download fetches it.",
                ) from trouble
        self._type = self._clip.get_input_dtype(self._precision)
        wanted = self._clip.get_model_preprocess_cfg(self._model)
        transform = importlib.import_module("open_clip.transform")
        self._prepared = transform.image_transform_v2(transform.PreprocessCfg(**wanted), is_train=False)

    def pictures(self, pictures: Sequence[Pixels]) -> Any:
        """One row of length one for each picture."""
        return self._through(self._model.encode_image, [self._picture(one) for one in pictures])

    def texts(self, texts: Sequence[str]) -> Any:
        """One row of length one for each text."""
        return self._through(self._model.encode_text, list(self._tokens(list(texts))))

    def _picture(self, pixels: Pixels) -> Any:
        image = importlib.import_module("PIL.Image").fromarray(pixels)
        return self._prepared(image).to(self._type)

    def _through(self, encode: Any, rows: Sequence[Any]) -> Any:
        torch, found = self._torch, []
        for start in range(0, len(rows), _TOGETHER):
            batch = torch.stack(list(rows[start : start + _TOGETHER]))
            with self._guard, torch.inference_mode():
                made = encode(batch.to(self.device), normalize=True).float().cpu()
            if not bool(torch.isfinite(made).all()):
                raise RuntimeError("the model answers with what is no number")
            found.append(made)
        return torch.cat(found).numpy()

    def _made(self, model: Model) -> Any:
        """The model with its weights; NoBackend where they are broken or another model's."""
        unsafe = importlib.import_module("safetensors").SafetensorError
        what = model.make.removeprefix("local-dir:")
        try:
            made = self._clip.create_model(
                model.make,
                load_weights=False,
                precision=self._precision,
                device=self.device,
                pretrained_text=False,
                force_quick_gelu=model.quick_gelu,
                force_preprocess_cfg=dict(model.prepared),
            )
            self._clip.load_checkpoint(made, str(model.weights))
        except (*BROKEN, unsafe) as trouble:
            raise NoBackend(
                f"The weights {model.weights} cannot be loaded into {what}: {_first_line(trouble)}.",
                "They are damaged, or another model's: name the right one, as in clip:ViT-B-32@FILE",
            ) from trouble
        return made.eval()


def packages(*names: str) -> list[Any]:
    """These packages, loaded; NoBackend where they are absent or do not fit together."""
    try:
        return [importlib.import_module(name) for name in names]
    except (ImportError, RuntimeError, OSError, AttributeError) as trouble:
        raise NoBackend(
            f"{' and '.join(names)} cannot be loaded: {_first_line(trouble)}.",
            f"Install what belongs together: {INSTALL}",
        ) from trouble


def best_device(torch: Any) -> str:
    """Where models run fastest here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def _quiet() -> Iterator[None]:
    """No word of open_clip's on standard error: what matters, we say."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _first_line(trouble: BaseException) -> str:
    """What an error says, without its pages of advice."""
    lines = [line.strip() for line in str(trouble).splitlines() if line.strip()]
    return (lines[0] if lines else type(trouble).__name__).rstrip(".:")[:200]
