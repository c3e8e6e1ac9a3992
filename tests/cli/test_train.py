from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.tiny import TINY, assert_same_state, contents, fresh, newest, refused, reports, tiny_recipe, toolkit
from toolkit.config.yaml import parse_yaml

SCRIPT = """
from toolkit.adversarial.losses import LeastSquares
from toolkit.registry import register

@register("losses", "train_mine")
class Mine(LeastSquares):
    "Least squares of my own."
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(SCRIPT)
    return file


def test_the_result_is_json_on_stdout_and_progress_on_stderr(trained: Path) -> None:
    result = json.loads((trained.parent / "result.json").read_text())
    assert set(result) == {"path", "step", "samples", "values", "stopped_by", "skipped", "main", "seconds"}
    assert "48 samples  100.0 %" in (trained.parent / "stderr.txt").read_text()


def test_without_json_one_sentence_says_where_the_model_is(tmp_path: Path) -> None:
    outcome = toolkit("train", *tiny_recipe("trainer.steps=2"), "--out", tmp_path / "run", "--quiet")
    assert outcome.code == 0
    assert outcome.out.startswith("2 steps (16 samples) done in ")
    assert outcome.out.endswith(f"the model is {tmp_path / 'run' / 'model'}\n")
    assert outcome.err == ""


def test_overrides_and_variants_reach_the_run(tmp_path: Path) -> None:
    arguments = tiny_recipe("variant=wide", "trainer.steps=1", "penalties.0.weight=3", "loss=hinge")
    assert toolkit("train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    stored = parse_yaml((tmp_path / "run" / "recipe.yaml").read_text(), "stored")
    assert stored["generator"]["width"] == 16
    assert stored["penalties"][0]["weight"] == {"name": "constant", "value": 3.0}
    assert stored["loss"] == {"name": "hinge", "margin": 1.0}


def test_a_stored_recipe_is_a_recipe(trained: Path, tmp_path: Path) -> None:
    outcome = toolkit("train", trained, "--out", tmp_path / "again", "--quiet")
    assert outcome.code == 0
    assert_same_state(trained, tmp_path / "again")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["image/digit"], "did you mean 'image/digits'?"),
        ([str(TINY), "nonsense"], "section.option=value"),
        ([str(TINY), "generator.widht=3"], "generator.widht: 'dcgan' has no parameter 'widht'; did you mean 'width'?"),
        ([str(TINY), "loss=hing", "trainer.steps=none"], "2 problems"),
        ([str(TINY), "variant=tall"], "there is no variant 'tall'; choices: wide"),
        ([str(TINY), "engine.device=quantum"], "unknown device 'quantum'"),
    ],
)
def test_mistakes_are_explained_before_anything_is_written(arguments: list[str], words: str, tmp_path: Path) -> None:
    assert words in refused("train", *arguments, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_for_longer(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    result = toolkit("resume", run, "trainer.steps=8", "--json", "--quiet").json
    assert (result["step"], result["samples"]) == (8, 64)
    assert newest(run).step == 8
    assert [report["step"] for report in reports(run)] == list(range(1, 9))
    assert parse_yaml((run / "recipe.yaml").read_text(), "stored")["trainer"]["steps"] == 8
    assert json.loads((run / "model" / "config.json").read_text())["trained"]["steps"] == 8


# -- scripts ----------------------------------------------------------------------------------------------------------


def test_a_script_given_on_the_command_line_is_found_again_by_resume(script: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = tiny_recipe("loss=train_mine", "trainer.steps=2")
    assert toolkit("--import", script, "train", *arguments, "--out", run, "--quiet").code == 0
    assert parse_yaml((run / "recipe.yaml").read_text(), "stored")["imports"] == [str(script)]
    outcome = fresh(tmp_path, "resume", run, "trainer.steps=4", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["step"] == 4


def test_a_script_that_a_recipe_names_is_found_beside_it(script: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(TINY.read_text().replace("loss: relativistic", "loss: train_mine\nimports: [mine.py]"))
    outcome = fresh(tmp_path, "train", recipe, "trainer.steps=2", "--out", tmp_path / "run", "--quiet", "--json")
    assert outcome.code == 0, outcome.err
    assert fresh(tmp_path, "resume", tmp_path / "run", "trainer.steps=3", "--quiet").code == 0


def test_a_run_may_be_resumed_with_a_part_of_another_script(trained: Path, script: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    outcome = toolkit("--import", script, "resume", run, "loss=train_mine", "trainer.steps=7", "--quiet")
    assert outcome.code == 0, outcome.err
    assert parse_yaml((run / "recipe.yaml").read_text(), "stored")["imports"] == [str(script)]


def test_a_run_whose_script_is_gone_says_which(script: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = tiny_recipe("loss=train_mine", "trainer.steps=1")
    assert toolkit("--import", script, "train", *arguments, "--out", run, "--quiet").code == 0
    script.unlink()
    before = contents(run)
    outcome = fresh(tmp_path, "resume", run, "trainer.steps=2")
    assert outcome.code == 2
    assert f"imports.0: {script}: there is no such Python file" in outcome.err
    assert contents(run) == before
