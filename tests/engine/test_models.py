from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from toolkit.engine.models import load_weights, read_model, save_model
from toolkit.engine.weights import read_weights
from toolkit.errors import CheckpointError

CONFIG = {"generator": {"name": "conv", "width": 8}, "name": "Käse"}


def save(folder: Path, module: nn.Module, **more: object) -> None:
    save_model(folder, module.state_dict(), CONFIG, "# A card\n", **more)  # type: ignore[arg-type]


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    module = nn.Linear(3, 2)
    save(tmp_path / "model", module, files={"tokenizer/words.txt": b"a\r\nb"})
    model = read_model(tmp_path / "model")
    assert model.config == {"format": 1, **CONFIG}
    assert model.file("tokenizer/words.txt").read_bytes() == b"a\r\nb"
    assert (tmp_path / "model" / "README.md").read_text() == "# A card\n"
    other = nn.Linear(3, 2)
    load_weights(other, model.weights, model.path)
    assert torch.equal(other.weight, module.weight)


def test_a_model_can_be_stored_in_half_precision(tmp_path: Path) -> None:
    save(tmp_path / "model", nn.Linear(3, 2), dtype=torch.float16)
    assert {value.dtype for value in read_model(tmp_path / "model").weights.values()} == {torch.float16}


def test_further_weights_are_stored_beside_the_model_in_the_same_precision(tmp_path: Path) -> None:
    more = {"discriminator.safetensors": {"main.weight": torch.ones(2), "main.count": torch.tensor(3)}}
    save(tmp_path / "model", nn.Linear(3, 2), more_weights=more, dtype=torch.float16)
    found = read_weights(tmp_path / "model" / "discriminator.safetensors")
    assert (found["main.weight"].dtype, found["main.count"].item()) == (torch.float16, 3)
    assert read_model(tmp_path / "model").weights.keys() == {"weight", "bias"}
    with pytest.raises(CheckpointError, match="cannot be a further file"):
        save(tmp_path / "other", nn.Linear(3, 2), more_weights={"../d.safetensors": {}})


def test_a_copied_model_still_works(tmp_path: Path) -> None:
    save(tmp_path / "model", nn.Linear(3, 2))
    (tmp_path / "model").rename(tmp_path / "moved")
    assert set(read_model(tmp_path / "moved").weights) == {"weight", "bias"}


def test_saving_again_replaces_the_model_even_with_a_config_that_was_read(tmp_path: Path) -> None:
    save(tmp_path / "model", nn.Linear(3, 2))
    first = read_model(tmp_path / "model")
    save_model(tmp_path / "model", {"x": torch.ones(1)}, {**first.config, "format": 99}, "card")
    second = read_model(tmp_path / "model")
    assert second.config == first.config
    assert set(second.weights) == {"x"}


def test_a_folder_that_is_no_model_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CheckpointError, match="not empty and holds no model"):
        save(tmp_path, nn.Linear(3, 2))
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    save(tmp_path / "empty", nn.Linear(3, 2))
    assert read_model(tmp_path / "empty").weights


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../b", "model.safetensors", "config.json", ""])
def test_further_files_stay_inside_and_take_no_reserved_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="cannot be a further file"):
        save(tmp_path / "model", nn.Linear(3, 2), files={name: b""})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_model(tmp_path: Path) -> None:
    save(tmp_path / "model", nn.Linear(3, 2))
    before = read_model(tmp_path / "model").weights
    with pytest.raises(TypeError):
        save_model(tmp_path / "model", {}, {"function": print}, "card")
    with pytest.raises(ValueError, match="JSON"):
        save_model(tmp_path / "model", {}, {"rate": float("nan")}, "card")
    after = read_model(tmp_path / "model").weights
    assert all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("config.json", None, "config.json: there is no such file"),
        ("config.json", b"{broken", "config.json is not valid JSON"),
        ("config.json", b"\xff\xfe", "config.json is not valid JSON"),
        ("config.json", b"[1]", "has no number 'format'"),
        ("config.json", json.dumps({"architectures": ["Other"]}).encode(), "has no number 'format'"),
        ("config.json", json.dumps({"format": 2}).encode(), "format 2; this version reads up to 1"),
        ("model.safetensors", None, "model.safetensors: there is no such file"),
        ("model.safetensors", b"garbage", "not a readable safetensors file"),
    ],
)
def test_a_damaged_model_is_explained(tmp_path: Path, file: str, content: bytes | None, complaint: str) -> None:
    save(tmp_path / "model", nn.Linear(3, 2))
    if content is None:
        (tmp_path / "model" / file).unlink()
    else:
        (tmp_path / "model" / file).write_bytes(content)
    with pytest.raises(CheckpointError, match=complaint):
        read_model(tmp_path / "model")


def test_a_missing_model_points_to_what_an_interrupted_save_put_aside(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no such model folder.*\n.*check the path"):
        read_model(tmp_path / "model")
    (tmp_path / ".model.12-0badcafe.replaced").mkdir()
    with pytest.raises(CheckpointError, match=r"an interrupted save left the model in .*\.replaced; rename"):
        read_model(tmp_path / "model")


def test_a_missing_further_file_is_explained(tmp_path: Path) -> None:
    save(tmp_path / "model", nn.Linear(3, 2))
    with pytest.raises(CheckpointError, match=r"has no file 'words\.txt'"):
        read_model(tmp_path / "model").file("words.txt")
