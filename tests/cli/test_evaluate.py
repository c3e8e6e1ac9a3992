from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.tiny import refused, toolkit
from toolkit.data.digits import Digits


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


def test_numbers_are_printed_with_their_half_widths(trained: Path) -> None:
    outcome = toolkit("evaluate", trained, "--metrics", "kernel,precision_recall", "--repeats", 3, "--per-class")
    assert outcome.code == 0, outcome.err
    lines = {line.split()[0]: line for line in outcome.out.splitlines()}
    assert " +- " in lines["kernel_distance"]
    assert " +- " in lines["recall"]
    assert "kernel_distance_std_error" not in outcome.out
    assert "no FID" in lines["features:"]
    assert "class 3: " in outcome.out + outcome.err
    plain = toolkit("evaluate", trained, "--metrics", "kernel", "--no-intervals").out
    assert "+-" not in plain
    assert "kernel_distance_std_error" in plain


def test_two_folders(tmp_path: Path) -> None:
    for name, start in (("a", 0), ("b", 100)):
        digits = Digits(16)
        (tmp_path / name).mkdir()
        for number in range(start, start + 8):
            Image.fromarray(digits[number]["image"][..., 0]).save(tmp_path / name / f"{number}.png")
    (tmp_path / "a" / "torn.png").write_bytes(b"torn")
    outcome = toolkit("evaluate", tmp_path / "a", "--real", tmp_path / "b", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["samples"] == 8
    assert outcome.json["left_out"][0].startswith("torn.png: ")
    assert set(outcome.json["intervals"]) <= set(outcome.json["metrics"])
    words = toolkit("evaluate", tmp_path / "a", "--real", tmp_path / "b", "--all", "--no-intervals")
    assert "8 samples against 8 of" in words.out
    assert "torn.png" in words.err
    assert "memorisation: the metric 'memorisation' needs" in words.err
    assert "holds pictures, not a model" in refused("evaluate", tmp_path / "a")


def test_what_a_classifier_learns_of_generated_pictures(trained: Path) -> None:
    short = ["trainer.steps=2", "generator.width=4", "trainer.batch_size=8", "report.trackers=[]"]
    outcome = toolkit("evaluate", trained, "--cas", "--samples", 20, *short, "trainer.evaluate_every=null", "--json")
    assert outcome.code == 0, outcome.err
    assert "classification_accuracy_score" in outcome.json["metrics"]


def test_options_that_exclude_each_other(trained: Path) -> None:
    assert "do not go together" in refused("evaluate", trained, "--all", "--metrics", "kernel")
    assert "goes with --cas" in refused("evaluate", trained, "--out", "somewhere")
    assert "do not go with --cas" in refused("evaluate", trained, "--cas", "--per-class")
