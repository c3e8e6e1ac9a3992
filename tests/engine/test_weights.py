from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from toolkit.engine.weights import load_weights, read_weights, write_weights
from toolkit.errors import CheckpointError


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
)
def test_values_and_dtypes_survive(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {"scalar": torch.tensor(1).to(dtype), "empty": torch.zeros(0, 3).to(dtype), "a.b": torch.eye(3).to(dtype)}
    write_weights(tmp_path / "x.safetensors", tensors)
    back = read_weights(tmp_path / "x.safetensors")
    assert back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back[name].dtype == dtype
        assert torch.equal(back[name], tensor)


def test_shared_strided_and_channels_last_tensors_are_stored_plain(tmp_path: Path) -> None:
    shared = torch.randn(4, 6)
    tensors = {
        "one": shared,
        "two": shared,
        "transposed": shared.T,
        "part": shared[1:3],
        "strided": shared[:, ::2],
        "channels_last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "parameter": nn.Parameter(torch.randn(3)),
    }
    write_weights(tmp_path / "x.safetensors", tensors)
    back = read_weights(tmp_path / "x.safetensors")
    assert all(torch.equal(back[name], tensor) for name, tensor in tensors.items())


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_weights(tmp_path / "x.safetensors", {"a": torch.zeros(1)})
    assert (tmp_path / "x.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_tied_weights_of_a_network_survive(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    network[1].weight = network[0].weight
    write_weights(tmp_path / "x.safetensors", network.state_dict())
    other = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    other[1].weight = other[0].weight
    load_weights(other, read_weights(tmp_path / "x.safetensors"), "x")
    assert torch.equal(other[0].weight, network[0].weight)
    assert other[0].weight is other[1].weight


def test_tied_weights_are_stored_once(tmp_path: Path) -> None:
    table = torch.randn(300, 40)
    tied, alone = {"a.weight": table, "b.weight": table, "part": table[:100]}, {"a.weight": table}
    for name, weights in (("tied", tied), ("alone", alone)):
        write_weights(tmp_path / f"{name}.safetensors", weights, torch.float16)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("tied", "alone")]
    assert sizes[0] < 1.5 * sizes[1]  # a third more for the part, which is not the same
    found = read_weights(tmp_path / "tied.safetensors")
    assert set(found) == set(tied)
    assert torch.equal(found["b.weight"], table.half().float().half())


def test_storing_in_half_precision_halves_the_file_and_leaves_integers_alone(tmp_path: Path) -> None:
    network = nn.BatchNorm1d(500)
    write_weights(tmp_path / "full.safetensors", network.state_dict())
    write_weights(tmp_path / "half.safetensors", network.state_dict(), torch.float16)
    half = read_weights(tmp_path / "half.safetensors")
    assert half["weight"].dtype == torch.float16
    assert half["num_batches_tracked"].dtype == torch.int64
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (tmp_path / "full.safetensors").stat().st_size


def test_half_precision_storage_fills_a_module_of_any_dtype() -> None:
    source = nn.Linear(3, 2)
    for dtype in (torch.float32, torch.float64):
        module = nn.Linear(3, 2).to(dtype)
        load_weights(module, {name: value.half() for name, value in source.state_dict().items()}, "x")
        assert module.weight.dtype == dtype
        torch.testing.assert_close(module.weight, source.weight.to(dtype), atol=1e-3, rtol=1e-3)


def test_loading_into_a_channels_last_module_keeps_its_layout() -> None:
    module = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    weights = {name: torch.randn_like(value).contiguous() for name, value in module.state_dict().items()}
    load_weights(module, weights, "x")
    assert torch.equal(module.weight, weights["weight"])
    assert module.weight.is_contiguous(memory_format=torch.channels_last)


def test_a_misfit_counts_and_names_every_sort_of_difference() -> None:
    module = nn.Sequential(*(nn.Linear(2, 2) for _ in range(6)))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    weights = {"0.weight": torch.zeros(2, 3), "0.bias": torch.zeros(2), "extra": torch.zeros(1)}
    with pytest.raises(CheckpointError) as caught:
        load_weights(module, weights, Path("models/cat"))
    message = caught.value.message
    assert "weights in models/cat do not fit Sequential" in message
    assert "10 missing from the file: 1.weight, 1.bias, 2.weight, 2.bias and 6 more" in message
    assert "1 unknown to the model: extra" in message
    assert "1 of another shape: 0.weight (file [2, 3], model [2, 2])" in message
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_missing_and_broken_files_are_explained(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"x\.safetensors: there is no such file"):
        read_weights(tmp_path / "x.safetensors")
    write_weights(tmp_path / "x.safetensors", {"a": torch.zeros(100)})
    whole = (tmp_path / "x.safetensors").read_bytes()
    for content in (b"", b"not at all", whole[:-10], whole[:20], b"\xff" * 8 + whole[8:]):
        (tmp_path / "x.safetensors").write_bytes(content)
        with pytest.raises(CheckpointError, match="not a readable safetensors file"):
            read_weights(tmp_path / "x.safetensors")


def test_weights_that_are_no_numbers_are_refused_by_name() -> None:
    module = nn.Linear(2, 2)
    spoiled = {name: value.clone() for name, value in module.state_dict().items()}
    spoiled["bias"][1] = float("nan")
    with pytest.raises(CheckpointError, match=r"x/model\.safetensors .*not finite.*bias"):
        load_weights(module, spoiled, "x/model.safetensors")
    assert module.bias.isfinite().all()
