from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.image.test_published import reference_generator
from tests.tiny import contents, refused, toolkit
from toolkit.runs import load


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    return dict(reference_generator(2, channels=1).state_dict())


def imported(file: Path, out: Path, *arguments: object) -> Path:
    outcome = toolkit("import", "dcgan", file, "--out", out, *arguments)
    assert outcome.code == 0, outcome.err
    return out


def test_a_model_is_made_that_generates_what_the_original_does(
    weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    torch.save(weights, tmp_path / "netG.pth")
    outcome = toolkit("import", "dcgan", tmp_path / "netG.pth", "--out", tmp_path / "model", "--json")
    told = outcome.json
    assert (told["model"], told["pipeline"]) == (str(tmp_path / "model"), "image")
    assert told["generator"]["resolution"] == 16
    assert told["parameters"] == sum(
        item.numel() for name, item in weights.items() if name.endswith(("weight", "bias"))
    )
    z_BN = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = reference_generator(2, channels=1)(z_BN[:, :, None, None])
        torch.testing.assert_close(load(tmp_path / "model").module(z_BN), expected, rtol=0, atol=1e-6)
    pictures = tmp_path / "pictures"
    made = toolkit("generate", "image", tmp_path / "model", "--count", 3, "--out", pictures)
    assert made.code == 0, made.err
    assert len(list(pictures.glob("*.png"))) == 4


def test_it_is_evaluated_against_pictures_though_nobody_knows_its_recipe(
    weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    save_file(weights, tmp_path / "netG.safetensors")
    model = imported(tmp_path / "netG.safetensors", tmp_path / "model")
    assert toolkit("generate", "image", model, "--count", 40, "--out", tmp_path / "pictures").code == 0
    outcome = toolkit(
        "evaluate", model, "--real", tmp_path / "pictures", "--samples", 40, "--no-intervals", "--no-cache", "--json"
    )
    assert outcome.code == 0, outcome.err
    assert outcome.json["samples"] == outcome.json["real_samples"] == 40
    assert outcome.json["metrics"]["kernel_distance"] < 0.1  # both are its own
    assert "say what to compare with: --real" in refused("evaluate", model)


def test_the_result_is_the_same_from_every_kind_of_file(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    save_file(weights, tmp_path / "one.safetensors")
    torch.save(weights, tmp_path / "two.pt")
    torch.save({"epoch": 3, "generator": weights, "optimizer": {"lr": 0.1}}, tmp_path / "three.ckpt")
    torch.save({"netG": weights, "netD": {"main.0.weight": torch.zeros(1)}}, tmp_path / "four.pth")
    folders = [imported(tmp_path / name, tmp_path / name[:3]) for name in ("one.safetensors", "two.pt", "three.ckpt")]
    folders.append(imported(tmp_path / "four.pth", tmp_path / "fou", "--entry", "netG"))
    stored = {contents(folder)["model.safetensors"] for folder in folders}
    assert len(stored) == 1


def test_the_card_says_where_the_weights_come_from(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save(weights, tmp_path / "netG_epoch_24.pth")
    outcome = toolkit("import", "dcgan", tmp_path / "netG_epoch_24.pth", "--out", tmp_path / "model")
    assert outcome.out.startswith(f"{tmp_path / 'model'}  (")
    card = (tmp_path / "model" / "README.md").read_text()
    assert "`netG_epoch_24.pth`: a generator in the layout of pytorch/examples' DCGAN" in card
    assert load(tmp_path / "model").config["imported"] == {"importer": "dcgan", "file": "netG_epoch_24.pth"}


def test_a_file_that_could_run_code_is_refused(tmp_path: Path) -> None:
    torch.save(reference_generator(1), tmp_path / "network.pth")
    message = refused("import", "dcgan", tmp_path / "network.pth", "--out", tmp_path / "model")
    assert "holds more than tensors" in message
    assert "torch.save(network.state_dict(), FILE)" in message
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.pth", b"PK\x03\x04 and no more", "is not a readable file of torch.save"),
        ("cut.safetensors", b"{}", "is not a readable safetensors file"),
        ("plain.pth", [1, 2], "holds no tensors by name, but a list"),
        ("weights.h5", b"", "the ending '.h5'"),
        ("other.pth", {"conv1.weight": torch.zeros(3)}, "'main.0.weight' is missing; the first key is 'conv1.weight'"),
        ("two.pth", {"a": {"w": torch.zeros(1)}, "b": {"w": torch.zeros(1)}}, "several networks: a, b"),
    ],
    ids=["cut archive", "cut safetensors", "no state", "another format", "another layout", "several networks"],
)
def test_other_files_are_refused_with_a_reason(name: str, content: object, words: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    message = refused("import", "dcgan", file, "--out", tmp_path / "model")
    assert str(file) in message
    assert words in message
    assert not (tmp_path / "model").exists()


def test_mistakes_are_explained_and_write_nothing(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save({"netG": weights, "netD": weights}, tmp_path / "both.pth")
    out = tmp_path / "model"
    assert "has no entry 'netX'" in refused("import", "dcgan", tmp_path / "both.pth", "--out", out, "--entry", "netX")
    assert "nosuch" in refused("import", "dcgan", tmp_path / "nosuch.pth", "--out", out)
    assert "choices: dcgan" in refused("import", "hifi", tmp_path / "both.pth", "--out", out)
    assert "Missing option '--out'" in refused("import", "dcgan", tmp_path / "both.pth")
    assert not out.exists()
    out.mkdir()
    (out / "mine").write_text("kept")
    assert "exists already" in refused("import", "dcgan", tmp_path / "both.pth", "--out", out, "--entry", "netG")
    assert contents(out) == {"mine": b"kept"}
