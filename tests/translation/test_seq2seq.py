"""Networks of transformers as generators: Marian's own, and others from a configuration or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import toolkit
from tests.translation.toy import recipe, sentences
from toolkit.config import build
from toolkit.errors import CheckpointError, ConfigError

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")

from toolkit.translation.seq2seq import huggingface, is_seq2seq, marian, shared_folder_config

BART = {
    "model_type": "bart",
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}
T5 = {"model_type": "t5", "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2}
SMALL: dict[str, Any] = {"width": 16, "hidden": 32, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}


def test_one_table_serves_both_languages_and_the_output() -> None:
    network: Any = marian(50, 49, 0, **SMALL)
    table = network.model.shared.weight
    assert network.lm_head.weight is table
    assert network.model.encoder.embed_tokens.weight is table
    assert network.model.decoder.embed_tokens.weight is table
    assert table.std().item() == pytest.approx(0.25, rel=0.15)  # rows of length one


def test_only_what_trains_is_a_parameter() -> None:
    network = marian(50, 49, 0, **SMALL)
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert any("embed_positions" in name for name, _ in network.named_buffers())


def test_the_width_must_divide_among_the_heads() -> None:
    with pytest.raises(ConfigError, match="multiple of heads"):
        build("generators", {"name": "marian", "vocabulary": 50, "pad_id": 49, "eos_id": 0, "width": 10}, "generator")


@pytest.mark.parametrize("config", [BART, T5], ids=["bart", "t5"])
def test_other_families_train_and_translate(config: dict[str, Any], tmp_path: Path) -> None:
    spec = {"name": "seq2seq", "config": config}
    toolkit.train(recipe(tmp_path / "data", 30, generator=spec), tmp_path / "run", quiet=True)
    model = toolkit.load(tmp_path / "run")
    assert type(model.network).__name__.lower().startswith(config["model_type"])
    texts = [source for source, _ in sentences(4, seed=3)]
    assert len(model.translate(texts, beam=2)) == 4


def test_a_model_of_ours_is_where_another_training_begins(tmp_path: Path) -> None:
    toolkit.train(recipe(tmp_path / "data", 5), tmp_path / "first", quiet=True)
    before = toolkit.load(tmp_path / "first").network.state_dict()
    changes = {"generator": {"name": "seq2seq", "path": str(tmp_path / "first")}}
    document = recipe(tmp_path / "data", 1, **changes, data__segmentation=str(tmp_path / "first"))
    document["optimizer"] = {"generator": {"name": "adam", "lr": 1e-9}}
    toolkit.train(document, tmp_path / "second", quiet=True)
    after = toolkit.load(tmp_path / "second").network.state_dict()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-6, rtol=0, msg=name)


def test_a_vocabulary_that_is_too_small_for_the_data_is_refused(tmp_path: Path) -> None:
    toolkit.train(recipe(tmp_path / "data", 1), tmp_path / "first", quiet=True)
    with pytest.raises(CheckpointError, match="another vocabulary") as caught:
        huggingface(5000, 4999, 0, path=str(tmp_path / "first"))
    assert "data.segmentation=" in caught.value.way_out


def test_folders_that_hold_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot make a sequence-to-sequence model"):
        huggingface(50, 49, 0, path=str(tmp_path / "nothing"))
    with pytest.raises(CheckpointError, match="cannot make a sequence-to-sequence model"):
        huggingface(50, 49, 0, config={"model_type": "no-such-family"})
    with pytest.raises(ValueError, match="path or config"):
        huggingface(50, 49, 0)


def test_what_plain_transformers_reads_is_there_for_its_networks_only() -> None:
    described = shared_folder_config(marian(50, 49, 0, **SMALL))
    assert described["architectures"] == ["MarianMTModel"]
    assert described["model_type"] == "marian"
    assert described["pad_token_id"] == 49
    assert not is_seq2seq(torch.nn.Linear(2, 2))
    assert shared_folder_config(torch.nn.Linear(2, 2)) == {}
