"""Runs and models that are damaged, are something else, or belong to another recipe."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny import assert_same_state, contents, refused, steps_saved, tiny_recipe, toolkit


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the finished run: checkpoints of the steps 4 and 6."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


# -- a run in the way, or none ----------------------------------------------------------------------------------------


def test_a_second_run_into_the_same_folder_is_refused(run: Path) -> None:
    before = contents(run)
    message = refused("train", *tiny_recipe("seed=8"), "--out", run)
    assert f"{run} already holds a run" in message
    assert f"toolkit resume {run}" in message
    assert contents(run) == before


def test_a_folder_that_is_no_run_cannot_be_resumed(run: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path, run / "model"):
        message = refused("resume", place)
        assert f"{place} is not a run: it has no recipe.yaml" in message
        assert "-> give the folder that `toolkit train --out` wrote" in message


# -- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", [cut, flip, Path.unlink], ids=["cut", "changed", "missing"])
@pytest.mark.parametrize("name", ["generator.safetensors", "state.pt", "manifest.json"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(
    trained: Path, run: Path, harm: Callable[[Path], None], name: str
) -> None:
    harm(run / "checkpoints" / "step-00000006" / name)
    outcome = toolkit("resume", run, "--quiet", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith("warning: checkpoint ")
    assert "step-00000006 is damaged and is skipped" in outcome.err
    assert name in outcome.err
    assert outcome.json["step"] == 6
    assert_same_state(trained, run)


def test_when_every_checkpoint_is_damaged_nothing_is_touched(run: Path) -> None:
    for state in run.glob("checkpoints/*/state.pt"):
        cut(state)
    before = contents(run)
    message = refused("resume", run, "trainer.steps=8")
    assert "every checkpoint in" in message
    assert "restore one from a backup" in message
    assert contents(run) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "expected a mapping of sections"),
        (b"task: [", "line 1"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"task: image\n", "is required"),
    ],
)
def test_a_damaged_stored_recipe_is_named(run: Path, content: bytes, words: str) -> None:
    (run / "recipe.yaml").write_bytes(content)
    before = contents(run)
    message = refused("resume", run)
    assert str(run / "recipe.yaml") in message
    assert words in message
    assert contents(run) == before


def test_a_missing_report_file_or_model_is_made_again(trained: Path, run: Path) -> None:
    (run / "metrics.jsonl").unlink()
    shutil.rmtree(run / "model")
    assert toolkit("resume", run, "--quiet").code == 0
    weights = (run / "model" / "model.safetensors").read_bytes()
    assert weights == (trained / "model" / "model.safetensors").read_bytes()


# -- another recipe ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["generator.width=16"], "of another shape: head.weight (file [8, 1, 4, 4], model [16, 1, 4, 4])"),
        (["discriminator.norm=batch"], "unknown to the model: head.bias"),
        (["discriminator.spectral_norm=true"], "missing from the file"),
        (["discriminators.second=dcgan"], "no player named 'discriminator.second'"),
        (["optimizer.generator=sgd"], "the state of the generator's optimiser 'adam', not of 'sgd'"),
        (["data.resolution=16"], "generator.resolution: is 8, but for this data it must be 16"),
        (["task.conditional=false"], "generator.classes: is 10"),
    ],
)
def test_a_checkpoint_of_another_recipe_is_refused_and_untouched(run: Path, overrides: list[str], words: str) -> None:
    before = contents(run)
    assert words in refused("resume", run, "trainer.steps=8", *overrides)
    assert contents(run) == before


def test_checkpoints_of_another_run_are_refused(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert toolkit("train", *tiny_recipe("variant=wide", "trainer.steps=1"), "--out", other, "--quiet").code == 0
    shutil.rmtree(other / "checkpoints")
    shutil.copytree(run / "checkpoints", other / "checkpoints")
    message = refused("resume", other, "trainer.steps=8")
    assert "do not fit DCGANGenerator" in message
    assert steps_saved(other) == [4, 6]


# -- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda model: (model / "config.json").unlink(), "config.json"),
        (lambda model: cut(model / "config.json"), "config.json is not valid JSON"),
        (lambda model: (model / "config.json").write_text("[]"), "does not describe a model"),
        (lambda model: (model / "config.json").write_text('{"format": 1}'), "which pipeline"),
        (
            lambda model: (model / "config.json").write_text('{"format": 1, "pipeline": "image"}'),
            "no entry 'generator'",
        ),
        (lambda model: (model / "model.safetensors").unlink(), "model.safetensors: there is no such file"),
        (lambda model: cut(model / "model.safetensors"), "not a readable safetensors file"),
        (lambda model: (model / "model.safetensors").write_bytes(b""), "not a readable safetensors file"),
    ],
)
def test_a_broken_model_is_explained_by_every_command(
    run: Path, tmp_path: Path, harm: Callable[[Path], object], words: str
) -> None:
    harm(run / "model")
    before = contents(run)
    for arguments in (
        ["generate", "image", run, "--out", tmp_path / "pictures"],
        ["evaluate", run / "model"],
        ["export", run, "--out", tmp_path / "export"],
    ):
        assert words in refused(*arguments)
    assert contents(run) == before
    assert not (tmp_path / "pictures").exists()
    assert not (tmp_path / "export").exists()
