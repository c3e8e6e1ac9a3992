"""Exports to CTranslate2: what they give, when they are used, and what becomes of broken ones."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import toolkit
from tests.translation.models import toy_pairs
from toolkit.engine.weights import read_weights, write_weights
from toolkit.errors import CheckpointError, MissingExtraError, ToolkitError
from toolkit.runs import export
from toolkit.translation import ctranslate2_export
from toolkit.translation.ctranslate2_part import NOTE, export_folder
from toolkit.translation.pipeline import TranslationPipeline

pytest.importorskip("ctranslate2")

SOURCES = [source for source, _ in toy_pairs(30, seed=11)]


@pytest.fixture(scope="module")
def exported(translator: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A copy of the model with an export in 8-bit integers, and what was told about it."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(translator, folder)
    return folder, export(folder, to="ctranslate2")


@pytest.fixture
def copy(exported: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported[0], tmp_path / "model"))


def loaded(folder: Path) -> TranslationPipeline:
    found = toolkit.load(folder, device="cpu")
    assert isinstance(found, TranslationPipeline)
    return found


def test_an_export_is_compared_and_used_by_itself(exported: tuple[Path, dict[str, Any]]) -> None:
    folder, told = exported
    assert told["file"] == str(folder / "ctranslate2-int8")
    assert told["compared"] == 24
    assert told["largest_difference"] <= 2.0
    assert (folder / "ctranslate2-int8" / "model.bin").is_file()
    pipeline = loaded(folder)
    assert pipeline.engine.name == "ctranslate2-int8"
    plain = loaded(folder).compute_in("torch")
    assert plain.engine.name == "torch"
    ours, theirs = plain.translate(SOURCES), pipeline.translate(SOURCES)
    assert sum(one.text == other.text for one, other in zip(ours, theirs, strict=True)) >= 28
    assert pipeline.notes == []


def test_opening_an_export_leaves_pytorch_its_threads(exported: tuple[Path, dict[str, Any]]) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        loaded(exported[0]).translate(SOURCES[:3])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_float32_gives_the_same_translations_and_scores(translator: Path, tmp_path: Path) -> None:
    pipeline = loaded(translator)
    told = pipeline.export_ctranslate2(tmp_path / "out", "float32")
    assert told["equal"] == told["compared"]
    assert told["largest_difference"] < 1e-3
    other = loaded(translator).compute_in("ctranslate2", tmp_path / "out")
    for options, differing in (
        ({"beam": 1}, 0),
        ({"beam": 4, "n_best": 3}, 5),
        ({"beam": 4, "length_penalty": 0.0}, 5),
    ):
        pairs = list(zip(pipeline.translate(SOURCES, **options), other.translate(SOURCES, **options), strict=True))
        alike = [(one, two) for one, two in pairs if one.text == two.text]
        assert len(alike) >= len(pairs) - differing, "beams may end at another moment"
        for one, two in alike:
            assert one.score == pytest.approx(two.score, abs=1e-3)


def test_what_it_cannot_do_is_done_by_pytorch(exported: tuple[Path, dict[str, Any]]) -> None:
    pipeline = loaded(exported[0])
    plain = loaded(exported[0]).compute_in("torch")
    for options in ({"sample": True, "seed": 2}, {"alignment": True, "beam": 2}):
        assert pipeline.translate(SOURCES[:6], **options) == plain.translate(SOURCES[:6], **options)
    term = exported[0].parent / "terms.tsv"
    term.write_text("ba\tnix\n", encoding="utf-8")
    assert "nix" in pipeline.translate("ba de", terms=term).text


def test_the_loss_of_bleu_is_told(translator: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(translator, tmp_path / "model")
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{source}\t{target}\n" for source, target in toy_pairs(40, 12)), encoding="utf-8")
    told = export(folder, to="ctranslate2", pairs=pairs)
    assert told["bleu"] > 80
    assert abs(told["bleu_loss"]) < 10
    other = tmp_path / "absent.tsv"
    with pytest.raises(ToolkitError, match=r"absent\.tsv"):
        export(folder, tmp_path / "second", to="ctranslate2", pairs=other)
    assert not (tmp_path / "second").exists()


def test_an_interrupted_export_leaves_nothing(
    translator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(translator, tmp_path / "model"))
    before = sorted(path.name for path in folder.iterdir())

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ctranslate2_export, "_agreement", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(folder, to="ctranslate2")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_an_export_that_computes_something_else_is_thrown_away(
    translator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(translator, tmp_path / "model"))
    wrong = ctranslate2_export.Agreement(1, 0, 12.0)
    monkeypatch.setattr(ctranslate2_export, "_agreement", lambda *_: wrong)
    with pytest.raises(CheckpointError, match="other probabilities"):
        export(folder, to="ctranslate2")
    assert not export_folder(folder, "int8").exists()


def test_a_damaged_export_is_passed_over_with_a_note(copy: Path) -> None:
    file = export_folder(copy, "int8") / "model.bin"
    file.write_bytes(file.read_bytes()[:1000])
    pipeline = loaded(copy)
    assert pipeline.translate("ba").text == "nul"
    assert pipeline.engine.name == "torch"
    assert "PyTorch instead of CTranslate2" in pipeline.notes[0]
    with pytest.raises(CheckpointError, match="cannot be run by CTranslate2"):
        loaded(copy).compute_in("ctranslate2")


def test_an_export_of_other_weights_is_not_used(copy: Path) -> None:
    weights = read_weights(copy / "model.safetensors")
    write_weights(copy / "model.safetensors", {name: value * 1.01 for name, value in weights.items()})
    pipeline = loaded(copy)
    assert pipeline.engine.name == "torch"
    assert "made of other weights" in pipeline.notes[0]
    with pytest.raises(CheckpointError, match="toolkit export"):
        loaded(copy).compute_in("ctranslate2")


def test_a_model_without_export_says_how_to_make_one(translator: Path) -> None:
    with pytest.raises(ToolkitError, match=r"toolkit export .* --to ctranslate2"):
        loaded(translator).compute_in("ctranslate2")


def test_without_the_package_pytorch_does_it(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    pipeline = loaded(copy)
    assert pipeline.engine.name == "torch"
    assert pipeline.notes == []
    with pytest.raises(MissingExtraError, match="ctranslate2"):
        loaded(copy).compute_in("ctranslate2")
    with pytest.raises(MissingExtraError, match="ctranslate2"):
        export(copy, copy.parent / "again", to="ctranslate2")
    assert not (copy.parent / "again").exists()


def test_only_marian_is_exported(translator: Path, tmp_path: Path) -> None:
    pipeline = loaded(translator)
    with pytest.raises(CheckpointError, match="only Marian networks"):
        ctranslate2_export.write_export(torch.nn.Linear(2, 2), pipeline.segmenter, translator, tmp_path / "out", "int8")
    assert not (tmp_path / "out").exists()


def test_the_note_tells_what_it_was_made_of(exported: tuple[Path, dict[str, Any]]) -> None:
    note = json.loads((exported[0] / "ctranslate2-int8" / NOTE).read_text())
    assert note["quantization"] == "int8"
    assert len(note["weights"]) == 64
