from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.tiny import TINY, fresh, newest, reports, tiny_recipe, toolkit
from toolkit.config import load_recipe
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.runs import load
from toolkit.runs.assemble import open_recipe

GENERATOR = """
from toolkit.image.dcgan import DCGANGenerator
from toolkit.registry import register

@register("generators", "models_mine")
class Mine(DCGANGenerator):
    "My generator."
"""


def test_the_model_is_the_average_and_not_the_generator(trained: Path) -> None:
    shipped = load_file(trained / "model" / "model.safetensors")
    average, generator = newest(trained).weights("ema"), newest(trained).weights("generator")
    assert shipped.keys() == average.keys()
    assert all(torch.equal(shipped[name], average[name]) for name in shipped)
    assert not all(torch.equal(shipped[name], generator[name]) for name in shipped)


def test_the_model_remembers_all_it_needs(trained: Path) -> None:
    config = json.loads((trained / "model" / "config.json").read_text())
    assert config["pipeline"] == "image"
    assert config["generator"]["classes"] == 10
    assert config["classes"] == [str(digit) for digit in range(10)]
    assert config["trained"] == {"steps": 6, "samples": 48}
    assert config["recipe"]["loss"] == {"name": "relativistic"}


def test_the_card_states_facts(trained: Path) -> None:
    card = (trained / "model" / "README.md").read_text()
    count = sum(value.numel() for value in newest(trained).weights("ema").values())
    assert f"| network | dcgan, {count:,} parameters |" in card
    samples = len(open_recipe(load_recipe(TINY)).splits["train"])
    assert f"| data | digits, {samples:,} training samples |" in card
    assert "| losses | relativistic, r1 |" in card
    assert "| trained for | 6 steps of 8, 48 samples |" in card
    assert "| seed | 3 |" in card
    assert f"| win_rate | {reports(trained)[-1]['win_rate']:.4g} |" in card


def test_a_model_loads_from_its_run_from_its_folder_and_from_a_copy(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "model", tmp_path / "copy")
    pictures = [load(place).generate(3, seed=1).pixels for place in (trained, trained / "model", tmp_path / "copy")]
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] == pictures[2]).all()


def test_a_model_makes_the_same_pictures_in_another_process(trained: Path, tmp_path: Path) -> None:
    outcome = fresh(tmp_path, "generate", "image", trained, "--count", 4, "--seed", 2, "--out", tmp_path / "there")
    assert outcome.code == 0, outcome.err
    assert toolkit("generate", "image", trained, "--count", 4, "--seed", 2, "--out", tmp_path / "here").code == 0
    for file in (tmp_path / "here").iterdir():
        assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes()


# -- models whose generator comes from a script -----------------------------------------------------------------------


@pytest.fixture
def scripted(tmp_path: Path) -> tuple[Path, Path]:
    """A run whose generator is registered by a script, and the script."""
    script = tmp_path / "mine.py"
    script.write_text(GENERATOR)
    arguments = tiny_recipe("generator.name=models_mine", "trainer.steps=1")
    assert toolkit("--import", script, "train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    return tmp_path / "run", script


def test_a_model_finds_the_script_of_its_generator_in_a_fresh_process(
    scripted: tuple[Path, Path], tmp_path: Path
) -> None:
    run, script = scripted
    outcome = fresh(tmp_path, "generate", "image", run, "--count", 1, "--out", tmp_path / "pictures")
    assert outcome.code == 0, outcome.err
    moved = script.rename(tmp_path / "moved.py")
    outcome = fresh(tmp_path, "generate", "image", run, "--count", 1, "--out", tmp_path / "pictures")
    assert outcome.code == 2
    assert str(script) in outcome.err
    assert "put the script back" in outcome.err
    outcome = fresh(tmp_path, "--import", moved, "generate", "image", run, "--count", 1, "--out", tmp_path / "pictures")
    assert outcome.code == 0, outcome.err


def test_a_model_does_not_need_the_script_of_a_part_that_only_training_used(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "from toolkit.adversarial.losses import Hinge\n"
        "from toolkit.registry import register\n"
        "register('losses', 'models_loss')(type('Mine', (Hinge,), {'__module__': __name__}))\n"
    )
    arguments = tiny_recipe("loss=models_loss", "trainer.steps=1")
    assert toolkit("--import", script, "train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    script.unlink()
    outcome = fresh(tmp_path, "generate", "image", tmp_path / "run", "--count", 1, "--out", tmp_path / "pictures")
    assert outcome.code == 0, outcome.err


# -- models that are none ---------------------------------------------------------------------------------------------


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained / "model", tmp_path / "model")
    return tmp_path / "model"


def change_config(model: Path, **entries: object) -> None:
    file = model / "config.json"
    config = {**json.loads(file.read_text()), **entries}
    file.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"pipeline": None}, "does not say which pipeline"),
        ({"pipeline": "nosuch"}, "no pipelines part named 'nosuch'"),
        ({"generator": None}, "has no entry 'generator'"),
        ({"generator": "nosuch"}, "no generators part named 'nosuch'"),
        ({"generator": {"name": "dcgan", "wdth": 3}}, "did you mean 'width'?"),
        ({"generator": {"name": "dcgan", "resolution": 8, "channels": 1}}, "do not fit"),
        ({"format": 99}, "update the toolkit"),
        ({"format": None}, "no number 'format'"),
    ],
)
def test_a_config_that_describes_no_model_is_named(model: Path, entries: dict[str, object], words: str) -> None:
    change_config(model, **entries)
    with pytest.raises(ToolkitError) as caught:
        load(model)
    assert words in str(caught.value)
    assert "config.json" in str(caught.value) or str(model) in str(caught.value) or "nosuch" in str(caught.value)


def test_a_model_whose_recipe_is_lost_still_generates(model: Path) -> None:
    change_config(model, recipe=None)
    assert len(load(model).generate(2)) == 2
    change_config(model, recipe=3)
    assert len(load(model).generate(2)) == 2


def test_a_folder_that_holds_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nothing_here"):
        load(tmp_path / "nothing_here")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load(tmp_path)
