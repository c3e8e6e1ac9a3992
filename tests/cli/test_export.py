from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import contents, refused, toolkit


@pytest.mark.parametrize(("to", "name"), [("torch", "model.pt2"), ("safetensors", "model.safetensors")])
def test_a_model_is_written_and_described(trained: Path, tmp_path: Path, to: str, name: str) -> None:
    outcome = toolkit("export", trained, "--to", to, "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["file"] == str(tmp_path / "out" / name)
    assert outcome.json["format"] == to
    assert outcome.json["largest_difference"] < 1e-5
    assert (tmp_path / "out" / name).stat().st_size > 1000
    assert {"README.md", "config.json"} <= set(contents(tmp_path / "out"))


def test_onnx_is_the_default_and_its_exporter_is_silent(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    outcome = toolkit("export", trained, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(f"{tmp_path / 'out' / 'model.onnx'}  (largest difference")
    assert outcome.err == ""


def test_mistakes_are_explained(trained: Path, tmp_path: Path) -> None:
    assert "Missing option '--out'" in refused("export", trained)
    (tmp_path / "there").mkdir()
    assert "exists already" in refused("export", trained, "--out", tmp_path / "there")
    assert "nosuch" in refused("export", tmp_path / "nosuch", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
