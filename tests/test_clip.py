"""CLIP by open_clip: any weights, one space each, nothing fetched, and sentences for all that can be wrong.

The decision: a tiny model with random weights goes the whole way, from a folder on disk to vectors in a library.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phototag import api
from phototag.backends import clip_models, registry
from phototag.backends.clip import Clip
from phototag.backends.clip_hub import cached, offline
from phototag.backends.sentences_st import SentenceModel
from phototag.errors import NoBackend
from phototag.look.vectors import Embed
from phototag.store.vectors import vectors
from tests import clip_support
from tests.conftest import ROOT

pytestmark = pytest.mark.clip

WEIGHTS = "open_clip_model.safetensors"
QUICK = "ViT-S-32-alt"  # the smallest that open_clip knows by name


BASE: list[Path] = []


@pytest.fixture(scope="module", autouse=True)
def _models_lie_here(tmp_path_factory: pytest.TempPathFactory) -> None:
    clip_support.open_clip()
    BASE.append(tmp_path_factory.mktemp("models"))


@cache
def model(seed: int = 0) -> Path:
    return clip_support.tiny(BASE[0] / f"clip{seed}", seed)


@cache
def clip(seed: int = 0) -> Clip:
    return Clip(str(model(seed)))


@cache
def pictures() -> list[Any]:
    chance = np.random.default_rng(7)
    return [chance.integers(0, 256, (40 + 13 * at, 90, 3), np.uint8) for at in range(5)]


# ---- vectors


def test_pictures_become_vectors_of_length_one_and_of_the_width_that_was_said_before_loading() -> None:
    found = np.array(clip().embed_pictures(pictures()))
    assert found.shape == (5, clip().width) == (5, clip_support.WIDTH)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert abs(found[0] @ found[1]) < 0.9999, "other pictures, other vectors"


def test_the_same_picture_has_the_same_vector_in_another_batch_and_from_the_model_loaded_anew() -> None:
    whole = np.array(clip().embed_pictures(pictures()))
    back = np.array(clip().embed_pictures(pictures()[::-1]))[::-1]
    alone = np.array([Clip(str(model())).embed_pictures([one])[0] for one in pictures()])
    assert np.allclose(whole, back, atol=1e-5) and np.allclose(whole, alone, atol=1e-5)


def test_more_pictures_than_go_through_at_once_come_back_in_their_order() -> None:
    chance = np.random.default_rng(3)
    many = [chance.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(70)]
    found = np.array(clip().embed_pictures(many))
    for at in (0, 63, 64, 69):
        assert np.allclose(found[at], clip().embed_pictures([many[at]])[0], atol=1e-5)


def test_pictures_are_prepared_as_open_clip_itself_prepares_them() -> None:
    import torch
    from PIL import Image

    made, _, prepare = clip_support.open_clip().create_model_and_transforms(f"local-dir:{model()}")
    with torch.inference_mode():
        rows = torch.stack([prepare(Image.fromarray(one)) for one in pictures()])
        theirs = made.eval().encode_image(rows, normalize=True).numpy()
    assert np.allclose(clip().embed_pictures(pictures()), theirs, atol=1e-5)


def test_a_question_is_the_mean_of_its_wordings_whatever_it_says() -> None:
    found = np.array(clip().embed_texts(["two dogs", "{} and %s {0}", "", "x" * 5_000]))
    assert found.shape == (4, clip_support.WIDTH)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.allclose(found[0], clip().embed_texts(["two dogs"])[0], atol=1e-5)
    made = clip_support.open_clip().create_model_and_transforms(f"local-dir:{model()}")[0].eval()
    words = ["two dogs", "a photo of two dogs", "a picture of two dogs"]
    mean = made.encode_text(clip_support.open_clip().tokenize(words), normalize=True).detach().numpy().mean(axis=0)
    assert np.allclose(found[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_nothing_asked_is_nothing_answered() -> None:
    assert clip().embed_pictures([]) == [] == clip().embed_texts([])


# ---- whose vectors they are


def test_other_weights_are_another_space_and_another_maker() -> None:
    one, other = clip(), Clip(str(model(1)))
    assert one.space != other.space and one.name != other.name
    assert Embed(one, 1024).maker != Embed(other, 1024).maker
    assert not np.allclose(one.embed_pictures(pictures()), other.embed_pictures(pictures()), atol=0.1)


def test_the_same_weights_elsewhere_are_the_same_space(tmp_path: Path) -> None:
    for name in ("open_clip_config.json", WEIGHTS):
        (tmp_path / name).write_bytes((model() / name).read_bytes())
    moved = Clip(str(tmp_path / WEIGHTS))
    assert (moved.space, moved.name) == (clip().space, clip().name)


def test_another_description_of_the_same_weights_is_another_space(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes((model() / WEIGHTS).read_bytes())
    changed = clip_support.CONFIG | {"preprocess_cfg": {"mean": [0, 0, 0], "std": [1, 1, 1]}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(changed))
    assert Clip(str(tmp_path)).space != clip().space


def test_a_space_can_be_the_name_of_a_table() -> None:
    assert clip().space.startswith("clip_") and clip().space.isidentifier() and clip().space == clip().space.lower()


# ---- the user's own weights for a model that open_clip knows


def test_a_file_of_weights_for_a_named_model(tmp_path: Path) -> None:
    import torch

    made = clip_support.open_clip().create_model(QUICK, load_weights=False)
    torch.save({"state_dict": made.half().state_dict()}, tmp_path / "mine.pt")
    ours = registry.embedder(f"clip:{QUICK}@{tmp_path / 'mine.pt'}")
    (found,) = ours.embed_pictures(pictures()[:1])
    assert len(found) == ours.width == 256
    assert ours.space.startswith("clip_vit_s_32_alt_")


# ---- what is wrong is a sentence


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "clip:ViT-B-32/openai --download"),
        ("ViT-L-14", "clip:ViT-L-14/openai --download"),
        ("ViT-B-32-256", "clip:ViT-B-32-256/datacomp_s34b_b86k --download"),
        ("ViT-B-33", "ViT-B-32"),
        ("ViT-B/32", "ViT-B-32"),
        ("ViT-B-32/opnai", "There are: openai"),
        ("ViT-S-32-alt", "nobody has published"),
        ("ViT-B-32@/nowhere/weights.pt", "not there"),
        ("/nowhere", "not there"),
        ("ViT-B-99@/nowhere", "ViT-B-32"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_loaded(spec: str, says: str) -> None:
    why_not = Clip(spec).why_not()
    assert why_not and says in why_not
    with pytest.raises(NoBackend, match="cannot work here"):
        registry.embedder(f"clip:{spec}")
    with pytest.raises(NoBackend):
        Clip(spec).embed_texts(["a"])


def test_a_folder_must_say_what_it_holds(tmp_path: Path) -> None:
    assert "holds no" in (Clip(str(tmp_path)).why_not() or "")
    (tmp_path / WEIGHTS).write_bytes((model() / WEIGHTS).read_bytes())
    assert f"clip:ViT-B-32@{tmp_path / WEIGHTS}" in (Clip(str(tmp_path)).why_not() or "")
    for content in ("{", "[]", "{}", '{"model_cfg": {}}', '{"model_cfg": {"embed_dim": "wide"}}'):
        (tmp_path / "open_clip_config.json").write_text(content)
        assert "open_clip_config.json" in (Clip(str(tmp_path)).why_not() or "")


@pytest.mark.parametrize("how", ["cut.safetensors", "text.safetensors", "empty.safetensors", "cut.pt", "other.pt"])
def test_broken_weights_are_a_sentence_that_names_the_file(tmp_path: Path, how: str) -> None:
    import torch

    path = tmp_path / how
    if how.endswith(".pt"):
        torch.save({"visual.proj": torch.zeros(3, 3)}, path)
    if how == "cut.pt":
        path.write_bytes(path.read_bytes()[:300])
    if how.endswith(".safetensors"):
        cut = (model() / WEIGHTS).read_bytes()[:5_000]
        path.write_bytes({"cut": cut, "text": b"version https://git-lfs\n" * 9, "empty": b""}[path.stem])
    with pytest.raises(NoBackend) as told:
        Clip(f"{QUICK}@{path}").embed_texts(["a"])
    assert how in told.value.sentence and len(told.value.sentence) < 500 + len(str(path))


def test_weights_that_would_run_code_do_not(tmp_path: Path) -> None:
    """A pickle can name any function: nothing but numbers is read from it."""

    class Trap:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "sprung",)

    path = tmp_path / "trap.pt"
    path.write_bytes(pickle.dumps({"state_dict": Trap()}))
    with pytest.raises(NoBackend, match=r"trap\.pt"):
        Clip(f"{QUICK}@{path}").embed_texts(["a"])
    assert not (tmp_path / "sprung").exists()
    with path.open("rb") as file:
        pickle.load(file)
    assert (tmp_path / "sprung").exists(), "the trap was none"


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(NoBackend, match=f"cannot be loaded into {QUICK}") as told:
        Clip(f"{QUICK}@{model() / WEIGHTS}").embed_pictures(pictures())
    assert "another model" in told.value.hint


# ---- what open_clip knows, without loading it


def test_the_lists_are_open_clips_own() -> None:
    theirs = clip_support.open_clip()
    ours = clip_models.published()
    assert sorted((one, tag) for one, tags in ours.items() for tag in tags) == sorted(theirs.list_pretrained())
    assert all(ours[one][tag] == theirs.get_pretrained_cfg(one, tag) for one, tag in theirs.list_pretrained())


def test_saying_whose_vectors_count_loads_no_torch() -> None:
    code = (
        "import sys; from phototag.backends.clip import Clip; import phototag.backends.registry as r\n"
        f"made = [Clip({str(model())!r}), Clip('ViT-B-32/openai'), Clip('ViT-B-32+st:nowhere')]\n"
        "print([one.space for one in made], sorted({'torch', 'open_clip', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert clip().space in done.stdout and done.stdout.strip().endswith("[]")


def in_cache(home: Path, repo: str, name: str, content: bytes) -> Path:
    """A file as the client of Hugging Face leaves it behind."""
    folder = home / ".cache" / "huggingface" / "hub" / f"models--{repo.replace('/', '--')}"
    blob = folder / "blobs" / ("ab" * 32)
    for path in (blob, folder / "refs" / "main", folder / "snapshots" / "0123" / name):
        path.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    (folder / "refs" / "main").write_text("0123")
    (folder / "snapshots" / "0123" / name).symlink_to(blob)
    return folder / "snapshots" / "0123" / name


def test_weights_that_were_fetched_before_are_found_as_their_client_finds_them(home: Path) -> None:
    from huggingface_hub import try_to_load_from_cache

    repo = "timm/vit_base_patch32_clip_224.openai"
    assert cached(repo, WEIGHTS) is None
    path = in_cache(home, repo, WEIGHTS, b"weights")
    assert cached(repo, WEIGHTS) == path
    theirs = try_to_load_from_cache(repo, WEIGHTS, cache_dir=home / ".cache" / "huggingface" / "hub")
    assert theirs == str(path)
    ours = Clip("ViT-B-32/openai")
    assert ours.why_not() is None and ours.width == 512
    assert ours.name == f"clip:ViT-B-32/openai@{'ab' * 6}/1", "the blob's own name is the digest"
    assert Clip("ViT-B-32").name == ours.name
    with pytest.raises(NoBackend, match=WEIGHTS):
        ours.embed_texts(["a"])


def test_a_published_model_keeps_how_it_was_trained(home: Path) -> None:
    in_cache(home, "timm/vit_base_patch32_clip_224.openai", WEIGHTS, b"weights")
    found = clip_models.model("ViT-B-32/openai")
    assert found.quick_gelu and found.prepared["mean"][0] == pytest.approx(0.48145466)


def test_only_who_asks_to_download_lets_anything_be_fetched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fetched(one: Any) -> None:
        asked.append(one["hf_hub"])
        in_cache(home, "timm/vit_base_patch32_clip_224.openai", WEIGHTS, b"weights")

    monkeypatch.setattr(clip_support.open_clip(), "download_pretrained", fetched)
    assert Clip("ViT-B-32/openai").why_not() and not asked
    assert Clip("ViT-B-32/openai", {"download": True}).why_not() is None
    assert asked == ["timm/vit_base_patch32_clip_224.openai/"]
    assert Clip("ViT-B-32/openai", {"download": True}).why_not() is None and len(asked) == 1, "what is there is used"


def test_a_download_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(one: Any) -> None:
        raise FileNotFoundError("no route to host")

    monkeypatch.setattr(clip_support.open_clip(), "download_pretrained", refused)
    assert "could not be fetched: no route to host" in (Clip("ViT-B-32", {"download": True}).why_not() or "")


def test_a_tokenizer_that_is_not_on_this_machine_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes((model() / WEIGHTS).read_bytes())
    config: Any = json.loads((model() / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"]["hf_tokenizer_name"] = "somebody/tokenizer"
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(NoBackend, match="words") as told:
        Clip(str(tmp_path)).embed_texts(["a"])
    assert "--download" in told.value.hint


# ---- other encoders of texts


@cache
def sentence_model(width: int) -> Path:
    """A tiny encoder of sentences, as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = BASE[0] / f"st{width}"
    words = {word: at for at, word in enumerate(("[PAD]", "[UNK]", "a", "dog", "cat", "hund", "katze"))}
    split = Tokenizer(models.WordLevel(words, "[UNK]"))
    split.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=split, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder / "b")
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    shape = BertConfig(vocab_size=len(words), max_position_embeddings=64, **size)
    BertModel(shape).save_pretrained(folder / "b")
    with offline():  # it would look for the papers of the models that it saves
        base = Transformer(str(folder / "b"))
        SentenceTransformer(modules=[base, Pooling(16), Dense(16, width)]).save(str(folder / "st"))
    return folder / "st"


def test_another_encoder_reads_the_texts_for_the_same_pictures() -> None:
    both = Clip(f"{model()}+st:{sentence_model(clip_support.WIDTH)}")
    assert both.why_not() is None
    assert (both.space, both.name) == (clip().space, clip().name), "the pictures' vectors are the same"
    found = np.array(both.embed_texts(["ein hund", "katze"]))
    assert found.shape == (2, clip_support.WIDTH)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert not np.allclose(found, clip().embed_texts(["ein hund", "katze"]), atol=0.1)


def test_an_encoder_of_another_width_is_refused() -> None:
    with pytest.raises(NoBackend, match="was not made for the space"):
        Clip(f"{model()}+st:{sentence_model(24)}").embed_texts(["a dog"])


def test_sentences_compare_as_the_built_in_encoder_does() -> None:
    ours = SentenceModel(str(sentence_model(24)))
    assert ours.why_not() is None and ours.width == 24
    dog, cat, again = ours.embed_texts(["dog", "cat", "dog"])
    assert np.allclose(dog, again, atol=1e-6) and float(dog @ cat) < 0.9999


@pytest.mark.parametrize(("spec", "says"), [("", "no model"), ("/nowhere", "/nowhere"), ("some-model", "--download")])
def test_an_encoder_that_is_not_there_is_a_sentence(spec: str, says: str) -> None:
    why_not = SentenceModel(spec).why_not()
    assert why_not and says in why_not
    assert says in (Clip(f"{model()}+st:{spec}").why_not() or "")
    with pytest.raises(NoBackend):
        SentenceModel(spec).embed_texts(["a"])


# ---- in a library


def look(folder: Path, spec: str) -> Any:
    return api.look(folder, flags={"look.embedder": f"clip:{spec}"})


def test_a_library_is_embedded_once_and_again_with_another_model(photos_dir: Path) -> None:
    library, _, first = look(photos_dir, str(model()))
    photos = first.made["embed"]
    assert photos >= 10
    maker = Embed(clip(), 1024).maker
    found = vectors(library, clip().space, maker, library.photo_ids())
    assert len(found) == photos
    assert look(photos_dir, str(model()))[2].made["embed"] == 0

    other = Clip(str(model(1)))
    library, _, second = look(photos_dir, str(model(1)))
    assert second.made["embed"] == photos
    theirs = vectors(library, other.space, Embed(other, 1024).maker, library.photo_ids())
    assert theirs.keys() == found.keys()
    assert not any(np.allclose(theirs[photo], found[photo], atol=0.05) for photo in found)
    kept = vectors(library, clip().space, maker, library.photo_ids())
    assert all(np.array_equal(kept[photo], found[photo]) for photo in found), "the first space is as it was"


def test_a_run_with_a_model_that_is_not_there_ends_before_the_first_photo(photos_dir: Path) -> None:
    with pytest.raises(NoBackend, match="phototag embed --embedder clip:ViT-B-16/openai --download"):
        look(photos_dir, "ViT-B-16/openai")
