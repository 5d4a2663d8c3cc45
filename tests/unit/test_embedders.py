"""Other embedders than the packaged one: small models made here, loaded by their folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from memory.recall.embedder import Loaded, LoadingStopped, load_again, load_model
from memory.recall.packaged import PACKAGED_NAME

pytestmark = pytest.mark.model

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "query",
    "passage",
    ":",
    "the",
    "rent",
    "went",
    "up",
    "boss",
]


def make_model(folder: Path, *, seed: int = 0) -> Path:
    """A BERT of one layer with weights by chance, saved as sentence-transformers saves one."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    bare = folder.parent / f"{folder.name}-bare"
    bare.mkdir(parents=True)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(bare)
    BertTokenizer(vocab={word: number for number, word in enumerate(WORDS)}).save_pretrained(bare)
    reads = Transformer(str(bare), max_seq_length=32)
    SentenceTransformer(modules=[reads, Pooling(16)], device="cpu").save(str(folder))
    return folder


def load(folder: Path, device: str = "cpu") -> Loaded:
    return load_model(str(folder), device=device)


def test_a_model_in_a_folder_is_loaded_and_named_after_its_weights(tmp_path: Path) -> None:
    one = load(make_model(tmp_path / "small", seed=1))
    other = load(make_model(tmp_path / "again" / "small", seed=2))
    assert one.complaint == ""
    assert one.model.name.startswith("small@")
    assert one.model.name != other.model.name
    vectors = one.model.encode(["the rent went up", "the boss"], query=False)
    assert vectors.shape == (2, 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_model_that_wants_prefixes_gets_them(tmp_path: Path) -> None:
    plain = load(make_model(tmp_path / "plain")).model
    marked = load(make_model(tmp_path / "my-e5-small")).model
    said = ["the rent went up"]
    assert not np.allclose(
        plain.encode(["query: the rent"], query=True), plain.encode(["the rent"], query=True)
    )
    assert np.allclose(
        marked.encode(said, query=True), plain.encode([f"query: {said[0]}"], query=True), atol=1e-6
    )
    assert np.allclose(
        marked.encode(said, query=False), plain.encode([f"passage: {said[0]}"], query=False), atol=1e-6
    )


def test_a_model_says_how_much_of_a_text_it_cannot_read(tmp_path: Path) -> None:
    model = load(make_model(tmp_path / "small")).model
    assert model.unreadable("the rent went up") == 0.0
    assert model.unreadable("the rent 涨了") > 0.3


@pytest.mark.parametrize("broken", ["missing", "empty"])
def test_a_model_that_cannot_be_loaded_is_named_and_the_packaged_one_serves(
    tmp_path: Path, broken: str
) -> None:
    folder = tmp_path / broken / "model"
    if broken == "empty":
        folder.mkdir(parents=True)
    loaded = load(folder)
    assert loaded.model.name == PACKAGED_NAME
    assert str(folder) in loaded.complaint
    assert loaded.complaint.endswith("the packaged one serves.")
    assert "\n" not in loaded.complaint


def test_a_device_that_is_not_there_is_named_and_the_processor_serves(tmp_path: Path) -> None:
    loaded = load(make_model(tmp_path / "small"), device="no-such-device")
    assert loaded.model.name.startswith("small@")
    assert "no-such-device" in loaded.complaint
    assert loaded.model.encode(["the boss"], query=True).shape == (1, 16)


def test_loading_stops_when_the_program_closes(tmp_path: Path) -> None:
    with pytest.raises(LoadingStopped):
        load_model(str(make_model(tmp_path / "small")), going_on=lambda: False)


def test_a_model_that_was_used_before_is_loaded_again_by_its_name(tmp_path: Path) -> None:
    folder = str(make_model(tmp_path / "small", seed=1))
    name = load_model(folder, device="cpu").model.name
    again = load_again(folder, name)
    assert again is not None
    assert again.name == name
    assert load_again(folder, "small@other") is None
    assert load_again(str(tmp_path / "gone"), name) is None
