"""Training as a whole: what resuming, looking on and the surroundings may not change."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import TINY, assert_same_state, newest, reports, steps_saved, tiny_recipe, toolkit
from toolkit.config import load_recipe
from toolkit.errors import CheckpointError, ConfigError
from toolkit.runs import resume, train


def tiny_train(out: Path, *overrides: str) -> Path:
    return train(TINY, out, overrides, quiet=True).path


def test_the_result_says_how_it_ended(trained: Path) -> None:
    result = json.loads((trained.parent / "result.json").read_text())
    assert result["path"] == str(trained)
    assert (result["step"], result["samples"]) == (6, 48)
    assert result["stopped_by"] is None
    assert result["skipped"] == []
    last = reports(trained)[-1]
    assert result["values"]["generator/adversarial"] == last["generator/adversarial"]
    assert set(result["values"]) >= {"win_rate", "diversity", "discriminator/r1", "gradient/generator", "augmentation"}


def test_the_same_seed_gives_the_same_run_and_another_seed_another(trained: Path, tmp_path: Path) -> None:
    assert_same_state(trained, tiny_train(tmp_path / "again"))
    other = tiny_train(tmp_path / "other", "seed=4")
    assert not torch.equal(newest(trained).weights("ema")["head.weight"], newest(other).weights("ema")["head.weight"])


def test_a_run_taken_up_in_the_middle_ends_as_if_it_never_stopped(trained: Path, tmp_path: Path) -> None:
    run = tiny_train(tmp_path / "run", "trainer.steps=3")
    resume(run, ["trainer.steps=5"], quiet=True)
    resume(run, ["trainer.steps=6"], quiet=True)
    assert_same_state(trained, run)
    for mine, whole in zip(reports(run), reports(trained), strict=True):
        assert mine["generator/adversarial"] == whole["generator/adversarial"]


@pytest.mark.parametrize(
    "overrides",
    [
        ["trainer.samples_every=1", "trainer.evaluate_every=2", "trainer.checkpoint_every=1"],
        ["trainer.log_every=4", "report.trackers=[tensorboard]", "report.samples=3"],
    ],
)
def test_looking_on_does_not_disturb(trained: Path, tmp_path: Path, overrides: list[str]) -> None:
    assert_same_state(trained, tiny_train(tmp_path / "run", *overrides))


def test_looking_on_does_not_disturb_batch_statistics_where_there_is_no_average(tmp_path: Path) -> None:
    statistics = ["ema=null", "generator.norm=batch", "discriminator.norm=batch", "penalties=[]"]
    blind = tiny_train(tmp_path / "blind", *statistics)
    seen = tiny_train(tmp_path / "seen", *statistics, "trainer.samples_every=1", "trainer.evaluate_every=2")
    assert_same_state(blind, seen)
    assert len(list((seen / "samples").glob("*.png"))) == 6


def test_training_gives_the_global_random_numbers_and_settings_back(tmp_path: Path) -> None:
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    threads = torch.get_num_threads()
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()
    tiny_train(tmp_path / "run", "engine.threads=2", "engine.deterministic=true", "trainer.steps=1")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2][1])
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_reports_of_steps_that_no_checkpoint_knows_of_are_taken_back(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    shutil.rmtree(newest(run).path)  # as if the run had been cut off between step 6 and its checkpoint
    assert newest(run).step == 4
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"samples": 56, "st')  # and in the middle of a line
    resume(run, quiet=True)
    assert [report["step"] for report in reports(run)] == [1, 2, 3, 4, 5, 6]
    assert_same_state(trained, run)


def test_a_finished_run_taken_up_again_stays_as_it_is(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    result = resume(run, quiet=True)
    assert result.step == 6
    assert result.values["win_rate"] == reports(trained)[-1]["win_rate"]
    assert_same_state(trained, run)
    for name in ("model/README.md", "model/model.safetensors", "metrics.jsonl", "recipe.yaml"):
        assert (run / name).read_bytes() == (trained / name).read_bytes(), name


def test_a_run_that_ends_between_two_reports_reports_the_rest(tmp_path: Path) -> None:
    result = train(TINY, tmp_path / "run", ["trainer.steps=5", "trainer.log_every=3"], quiet=True)
    assert [report["step"] for report in reports(tmp_path / "run")] == [3, 5]
    assert result.values["win_rate"] == reports(tmp_path / "run")[-1]["win_rate"]


def test_the_best_checkpoint_is_kept_beside_the_newest(tmp_path: Path) -> None:
    overrides = ["trainer.steps=12", "trainer.evaluate_every=2", "trainer.keep_checkpoints=1"]
    for best, choose in (("lowest", min), ("highest", max)):
        run = tiny_train(tmp_path / best, *overrides, f"trainer.best_is={best}")
        measured = {
            report["samples"] // 8: report["validation/kernel_distance"]
            for report in reports(run)
            if "validation/kernel_distance" in report
        }
        assert list(measured) == [2, 4, 6, 8, 10, 12]
        expected = choose(measured, key=lambda step: measured[step])
        assert steps_saved(run) == sorted({expected, 12})
        resume(run, quiet=True)  # which must not forget how good the newest was
        assert newest(run).score == measured[12]


def test_a_measure_that_there_is_not_cannot_choose_the_best(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match=r"best_metric=nosuch is none of the measures \(kernel_distance"):
        tiny_train(tmp_path / "run", "trainer.steps=2", "trainer.evaluate_every=2", "trainer.best_metric=nosuch")


def test_only_so_many_checkpoints_are_kept(tmp_path: Path) -> None:
    overrides = ["trainer.checkpoint_every=1", "trainer.keep_checkpoints=3"]
    assert steps_saved(tiny_train(tmp_path / "run", *overrides)) == [4, 5, 6]


def test_nothing_is_written_when_the_recipe_is_wrong(tmp_path: Path) -> None:
    for wrong in ("generator.resolution=64", "report.trackers=[nosuch]", "data.resolution=9", "seeed=1"):
        with pytest.raises(ConfigError):
            train(TINY, tmp_path / "run", [wrong], quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_into_the_same_folder_is_refused(trained: Path) -> None:
    before = (trained / "recipe.yaml").read_bytes()
    with pytest.raises(CheckpointError, match="already holds a run") as caught:
        train(TINY, trained, ["seed=9"], quiet=True)
    assert f"toolkit resume {trained}" in str(caught.value)
    assert (trained / "recipe.yaml").read_bytes() == before


def test_a_recipe_may_be_given_in_any_form(tmp_path: Path) -> None:
    document = {
        "task": "image",
        "data": {"name": "digits", "resolution": 8},
        "generator": {"name": "dcgan", "width": 8},
    }
    options = {"trainer": {"steps": 1, "batch_size": 8}, "report": {"trackers": []}, "name": "given"}
    discriminator = {"discriminator": {"name": "dcgan", "width": 8}}
    assert train({**document, **options, **discriminator}, tmp_path / "document", quiet=True).step == 1
    assert train(load_recipe(TINY, ["trainer.steps=1"]), tmp_path / "recipe", quiet=True).step == 1


def test_the_run_is_called_after_the_recipe_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert toolkit("train", *tiny_recipe("trainer.steps=1", "name=mine"), "--quiet").code == 0
    assert (tmp_path / "runs" / "mine" / "recipe.yaml").is_file()


def test_training_without_an_average_ships_the_generator_itself(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    run = tiny_train(tmp_path / "run", "ema=null", "trainer.steps=2")
    assert newest(run).players == ("discriminator.main", "generator")
    shipped, trained = load_file(run / "model" / "model.safetensors"), newest(run).weights("generator")
    assert all(torch.equal(shipped[name], trained[name]) for name in trained)
