from __future__ import annotations

from pathlib import Path

from tests.tiny import refused, toolkit


def test_the_measures_are_json(trained: Path) -> None:
    outcome = toolkit("evaluate", trained, "metrics=[kernel, precision_recall]", "--samples", 20, "--json")
    assert outcome.code == 0, outcome.err
    result = outcome.json
    assert set(result) >= {"model", "real", "real_samples", "samples", "features", "seed", "metrics", "seconds"}
    assert result["samples"] == 20
    assert set(result["metrics"]) >= {"kernel_distance", "precision", "recall"}


def test_the_measures_in_words(trained: Path) -> None:
    outcome = toolkit("evaluate", trained, "--split", "validation")
    assert outcome.out.startswith("32 samples against ")
    assert "digits (validation)" in outcome.out
    assert "features: pixels-8x8" in outcome.out
    assert "kernel_distance" in outcome.out


def test_a_measure_of_few_samples_comes_with_a_warning_and_clean_json(trained: Path) -> None:
    outcome = toolkit("evaluate", trained, "metrics=[frechet]", "--json")
    assert outcome.json["metrics"]["frechet_distance"] > 0
    assert outcome.err.startswith("warning: ")
    assert "much too high" in outcome.err


def test_mistakes_are_explained(trained: Path, tmp_path: Path) -> None:
    assert "there is no such folder or file" in refused("evaluate", trained, "--real", tmp_path / "nosuch")
    assert "did you mean 'kernel'?" in refused("evaluate", trained, "metrics=[kernl]")
    assert "nosuch" in refused("evaluate", tmp_path / "nosuch")
    assert "not in the range" in refused("evaluate", trained, "--samples", 1)
