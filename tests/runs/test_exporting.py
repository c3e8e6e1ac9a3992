from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.judged import judged
from tests.tiny import contents, tiny_recipe, toolkit
from toolkit.engine.weights import read_weights
from toolkit.errors import CheckpointError, ToolkitError, TrainingError
from toolkit.runs import export, load

__all__ = ["judged"]


def expected(run: Path, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """What the original makes of these inputs."""
    with torch.no_grad():
        pictures: torch.Tensor = load(run).module(z, label)
    return pictures


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    """Five latent vectors with labels: another batch size than was exported with."""
    return torch.randn(5, 8, generator=torch.Generator().manual_seed(0)), torch.arange(5)


def test_an_onnx_model_gives_the_same_pictures_at_any_batch_size(
    trained: Path, tmp_path: Path, inputs: tuple[torch.Tensor, torch.Tensor]
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    result = export(trained, tmp_path / "out", "onnx")
    assert result["file"] == str(tmp_path / "out" / "model.onnx")
    assert result["largest_difference"] < 1e-5
    session = runtime.InferenceSession(result["file"])
    [found] = session.run(None, {"z": inputs[0].numpy(), "label": inputs[1].numpy()})
    np.testing.assert_allclose(found, expected(trained, *inputs).numpy(), atol=1e-5)


def test_a_torch_program_gives_the_same_pictures_at_any_batch_size(
    trained: Path, tmp_path: Path, inputs: tuple[torch.Tensor, torch.Tensor]
) -> None:
    result = export(trained, tmp_path / "out", "torch")
    found = torch.export.load(result["file"]).module()(*inputs)
    torch.testing.assert_close(found, expected(trained, *inputs), atol=1e-5, rtol=0)
    assert (tmp_path / "out" / "README.md").is_file()
    assert not list((tmp_path / "out").glob("*.safetensors"))


def test_a_safetensors_export_is_the_model_folder(trained: Path, tmp_path: Path) -> None:
    export(trained, tmp_path / "out", "safetensors")
    assert contents(tmp_path / "out") == contents(trained / "model")


def test_half_precision_keeps_the_judge_and_its_opinions(judged: Path, tmp_path: Path) -> None:
    export(judged, tmp_path / "out", "safetensors", half=True)
    stored = read_weights(tmp_path / "out" / "discriminator.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    pictures = load(judged).generate(20, seed=1)
    assert load(tmp_path / "out").score(pictures) == pytest.approx(load(judged).score(pictures), abs=0.02)
    assert len(load(tmp_path / "out").generate(10, seed=1, judge=True)) == 10


def test_other_formats_leave_the_judge_behind(judged: Path, tmp_path: Path) -> None:
    export(judged, tmp_path / "out", "torch")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"model.pt2", "config.json", "README.md"}


def test_an_unconditional_model_exports_without_a_label(tmp_path: Path) -> None:
    arguments = tiny_recipe("task.conditional=false", "trainer.steps=1")
    assert toolkit("train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    result = export(tmp_path / "run", tmp_path / "out", "torch")
    program = torch.export.load(result["file"]).module()
    assert program(torch.zeros(3, 8)).shape == (3, 1, 8, 8)


def test_an_export_that_differs_is_not_handed_out(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="differs from the original"):
        export(trained, tmp_path / "out", "torch", tolerance=-1.0)
    assert list(tmp_path.iterdir()) == []


def test_mistakes_leave_nothing_behind(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolkitError, match="choices: onnx, torch, safetensors"):
        export(trained, tmp_path / "out", "tflite")
    with pytest.raises(CheckpointError):
        export(tmp_path / "nosuch", tmp_path / "out", "torch")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ToolkitError, match="exists already"):
        export(trained, tmp_path / "mine", "safetensors")
    assert contents(tmp_path / "mine") == {"letter.txt": b"dear"}
