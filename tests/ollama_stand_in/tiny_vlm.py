"""Makes a tiny vision model with random weights: 1 MB, half a second, real image decoding, grammar and limits.

The decision: a llava-type pair (text model and projector) written by the `gguf` package at test time, its words being
noise; refused: real weights, which nobody wants in a test, and a fake file that no engine would load.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

WIDTH, INNER, LAYERS, HEADS, CONTEXT = 64, 128, 2, 4, 32_768
SIDE, PATCH = 56, 14
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
WORDS: list[tuple[str, int]] = [
    ("<unk>", UNKNOWN),
    ("<s>", CONTROL),
    ("</s>", CONTROL),
    *((f"<0x{byte:02X}>", BYTE) for byte in range(256)),
    ("\u2581", NORMAL),
    *((chr(code), NORMAL) for code in range(33, 127)),
]


def make(folder: Path) -> tuple[Path, Path]:
    """Writes the pair into the folder: the text model, and the projector that sees."""
    import numpy as np

    chance = np.random.default_rng(7)

    def noise(*shape: int) -> Any:
        return (chance.standard_normal(shape) * 0.05).astype(np.float32)

    text, sight = folder / "tiny.gguf", folder / "tiny-mmproj.gguf"
    _text(text, noise)
    _sight(sight, noise)
    return text, sight


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _text(path: Path, noise: Any) -> None:
    import gguf
    import numpy as np

    ones = np.ones(WIDTH, np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny-random-llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(WORDS))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([word for word, _ in WORDS])
    writer.add_token_scores([-1.0 if kind == NORMAL else 0.0 for _, kind in WORDS])
    writer.add_token_types([kind for _, kind in WORDS])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)
    writer.add_tensor("token_embd.weight", noise(len(WORDS), WIDTH))
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", noise(len(WORDS), WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.add_tensor(f"{block}attn_norm.weight", ones)
        writer.add_tensor(f"{block}ffn_norm.weight", ones)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}{name}.weight", noise(WIDTH, WIDTH))
        writer.add_tensor(f"{block}ffn_gate.weight", noise(INNER, WIDTH))
        writer.add_tensor(f"{block}ffn_up.weight", noise(INNER, WIDTH))
        writer.add_tensor(f"{block}ffn_down.weight", noise(WIDTH, INNER))
    _finish(writer)


def _sight(path: Path, noise: Any) -> None:
    import gguf
    import numpy as np

    ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "mlp")
    writer.add_bool("clip.use_gelu", False)
    writer.add_file_type(0)
    numbers = {
        "image_size": SIDE,
        "patch_size": PATCH,
        "embedding_length": WIDTH,
        "feed_forward_length": INNER,
        "block_count": LAYERS,
        "projection_dim": WIDTH,
        "attention.head_count": HEADS,
    }
    for name, number in numbers.items():
        writer.add_uint32(f"clip.vision.{name}", number)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.48, 0.46, 0.41])
    writer.add_array("clip.vision.image_std", [0.27, 0.26, 0.28])
    writer.add_tensor("v.class_embd", noise(WIDTH))
    writer.add_tensor("v.patch_embd.weight", noise(WIDTH, 3, PATCH, PATCH))
    writer.add_tensor("v.position_embd.weight", noise((SIDE // PATCH) ** 2 + 1, WIDTH))
    writer.add_tensor("v.pre_ln.weight", ones)
    writer.add_tensor("v.pre_ln.bias", zeros)
    for layer in range(LAYERS):
        block = f"v.blk.{layer}."
        for name in ("ln1", "ln2"):
            writer.add_tensor(f"{block}{name}.weight", ones)
            writer.add_tensor(f"{block}{name}.bias", zeros)
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            writer.add_tensor(f"{block}{name}.weight", noise(WIDTH, WIDTH))
            writer.add_tensor(f"{block}{name}.bias", zeros)
        writer.add_tensor(f"{block}ffn_up.weight", noise(INNER, WIDTH))
        writer.add_tensor(f"{block}ffn_up.bias", np.zeros(INNER, np.float32))
        writer.add_tensor(f"{block}ffn_down.weight", noise(WIDTH, INNER))
        writer.add_tensor(f"{block}ffn_down.bias", zeros)
    writer.add_tensor("mm.0.weight", noise(WIDTH, WIDTH))
    writer.add_tensor("mm.0.bias", zeros)
    writer.add_tensor("mm.2.weight", noise(WIDTH, WIDTH))
    writer.add_tensor("mm.2.bias", zeros)
    _finish(writer)
