"""Recipes with mistakes: every one is explained, and nothing is built or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import refused, tiny_recipe


@pytest.mark.parametrize(
    ("override", "place", "words"),
    [
        ("generator=dcgn", "generator.name", "did you mean 'dcgan'?"),
        ("discriminator.name=dcgn", "discriminators.main.name", "did you mean 'dcgan'?"),
        ("loss=relativstic", "loss.name", "did you mean 'relativistic'?"),
        ("penalties.0.name=r3", "penalties.0.name", "choices: "),
        ("terms=[recon]", "terms.0.name", "choices: "),
        ("estimator=pathwis", "estimator.name", "did you mean 'pathwise'?"),
        ("augmentation.pipeline=adda", "augmentation.pipeline.name", "did you mean 'ada'?"),
        ("optimizer.generator=adamm", "optimizer.generator.name", "did you mean 'adam'?"),
        ("ema.half_life=liner", "ema.half_life.name", "did you mean 'linear'?"),
        ("data=digts", "data.name", "did you mean 'digits'?"),
        ("task=imag", "task.name", "did you mean 'image'?"),
        ("extractor=pixel", "extractor.name", "did you mean 'pixels'?"),
        ("metrics=[frechett]", "metrics.0.name", "did you mean 'frechet'?"),
        ("report.trackers=[tensorbord]", "report.trackers.0.name", "did you mean 'tensorboard'?"),
        ("generator.wdth=3", "generator.wdth", "did you mean 'width'?"),
        ("generator.width=wide", "generator.width", "got 'wide'"),
        ("penalties.0.gamma=3", "penalties.0.gamma", "choices: every, weight"),
        ("optimizer.generator.lr=fast", "optimizer.generator.lr.name", "choices: constant"),
        ("trainer.step=3", "trainer.step", "did you mean 'steps'?"),
        ("engine.precision=float8", "engine.precision", "'bfloat16'"),
        ("task.conditional=maybe", "task.conditional", "boolean"),
        ("data.resolution=12", "data.resolution", "8, 16 or 32"),
        ("seed=soon", "seed", "integer"),
    ],
)
def test_an_unknown_part_or_parameter_is_named_with_the_choices(
    tmp_path: Path, override: str, place: str, words: str
) -> None:
    message = refused("train", *tiny_recipe(override), "--out", tmp_path / "run")
    assert "1 problem in " in message
    assert f"\n  {place}: " in message
    assert words in message
    assert not (tmp_path / "run").exists()


def test_all_of_them_at_once(tmp_path: Path) -> None:
    overrides = ["generator.wdth=3", "loss=relativstic", "trainer.step=3", "optimizer.generator.lr=fast"]
    message = refused("train", *tiny_recipe(*overrides), "--out", tmp_path / "run")
    assert "4 problems in " in message


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("generator.resolution=16", "for this data it must be 8"),
        ("split={train: 0.5}", "must add up to 1"),
        ("trainer.generator_warmup=80", "generator plays alone"),
        ("penalties.0.every=0", "penalties.0: 'every' counts steps"),
        ("penalties.0.weight={name: cosine, start: 1, end: 0, samples: -1}", "penalties.0.weight: a schedule needs"),
        ("engine.device=cuda:7", "device"),
        ("engine.threads=0", "number of threads is '0'"),
    ],
)
def test_values_that_cannot_be_are_explained(tmp_path: Path, override: str, words: str) -> None:
    assert words in refused("train", *tiny_recipe(override), "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    message = refused("train", *tiny_recipe(), "--out", tmp_path / "file" / "run")
    assert f"the run folder {tmp_path / 'file' / 'run'} cannot be made" in message
    assert "--out" in message
