from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny import TINY, tiny_recipe
from toolkit.config import Recipe, load_recipe, to_document, validate
from toolkit.config.documents import recipe_names
from toolkit.config.yaml import dump_yaml, parse_yaml
from toolkit.errors import ConfigError

DOCUMENT: dict[str, Any] = {"task": "image", "data": "digits", "generator": "dcgan", "discriminator": "dcgan"}


def problems(document: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a document, by path."""
    with pytest.raises(ConfigError) as caught:
        load_recipe(document)
    return {problem.path: problem.message for problem in caught.value.problems}


# -- the two ways to write a discriminator ----------------------------------------------------------------------------


def test_one_discriminator_is_short_for_a_mapping_with_one() -> None:
    short = load_recipe(DOCUMENT)
    plural = {key: value for key, value in DOCUMENT.items() if key != "discriminator"}
    assert load_recipe({**plural, "discriminators": {"main": "dcgan"}}) == short
    assert list(short.discriminators) == ["main"]
    assert load_recipe({**DOCUMENT, "discriminator": None}).discriminators == {}
    assert load_recipe(plural).discriminators == {}


def test_both_ways_at_once_are_a_problem() -> None:
    assert "not both" in problems({**DOCUMENT, "discriminators": {"other": "dcgan"}})["discriminator"]


@pytest.mark.parametrize("name", ["a.b", "a/b", "", "a b", "1"])
def test_the_name_of_a_discriminator_is_a_plain_word(name: str) -> None:
    plural = {key: value for key, value in DOCUMENT.items() if key != "discriminator"}
    assert "cannot be called" in problems({**plural, "discriminators": {name: "dcgan"}})["discriminators"]


# -- what may be left out ---------------------------------------------------------------------------------------------


def test_everything_has_a_default_but_the_task_the_data_and_the_generator() -> None:
    recipe = load_recipe({"task": "image", "data": "digits", "generator": "dcgan"})
    assert recipe.loss == {"name": "non_saturating"}
    assert recipe.trainer.steps == 1000
    assert recipe.optimizer.generator["name"] == "adam"
    assert set(problems({})) == {"task", "data", "generator"}


@pytest.mark.parametrize(
    "section", ["trainer", "engine", "report", "split", "optimizer", "penalties", "terms", "metrics", "loss", "imports"]
)
def test_a_section_without_content_is_as_good_as_none(section: str) -> None:
    assert load_recipe({**DOCUMENT, section: None}) == load_recipe(DOCUMENT)


def test_an_empty_average_means_no_average() -> None:
    assert load_recipe({**DOCUMENT, "ema": None}).ema is None
    assert load_recipe(DOCUMENT).ema is not None


def test_parameters_without_a_name_change_the_default_part() -> None:
    recipe = load_recipe({**DOCUMENT, "optimizer": {"generator": {"lr": 1e-3}}}, ["optimizer.discriminator.beta1=0.5"])
    assert recipe.optimizer.generator["lr"]["value"] == 1e-3
    assert recipe.optimizer.discriminator["beta1"] == 0.5
    assert "no parameter 'margin'" in problems({**DOCUMENT, "loss": {"margin": 1}})["loss.margin"]
    assert "expected the name" in problems({**DOCUMENT, "generator": {"width": 3}})["generator"]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def test_problems_of_all_sections_come_at_once() -> None:
    found = problems(
        {
            **DOCUMENT,
            "losss": "hinge",
            "trainer": {"steps": 0, "stepss": 3, "micro_batch": "some"},
            "generator": {"name": "dcgan", "widht": 3},
            "penalties": ["r1", {"name": "r3"}],
            "optimizer": {"generator": {"name": "adam", "lr": "fast"}},
            "ema": {"half_life": "slow"},
        }
    )
    assert set(found) == {
        "losss",
        "trainer.steps",
        "trainer.stepss",
        "trainer.micro_batch",
        "generator.widht",
        "penalties.1.name",
        "optimizer.generator.lr.name",
        "ema.half_life.name",
    }
    assert "did you mean 'loss'?" in found["losss"]
    assert "did you mean 'steps'?" in found["trainer.stepss"]
    assert "batch_size" in found["trainer.stepss"]
    assert "greater than or equal to 1; got 0" in found["trainer.steps"]


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"penalties": "r1"}, "penalties", "valid list"),
        ({"trainer": 5}, "trainer", "valid dictionary"),
        ({"trainer": {"clip_gradient": float("inf")}}, "trainer.clip_gradient", "finite number"),
        ({"split": {"train": 0.5}}, "split", "add up to 0.6; they must add up to 1"),
        ({"report": {"trackers": ["jsonl", "nosuch"]}}, "report.trackers.1.name", "tensorboard"),
        ({"imports": "parts.py"}, "imports", "valid list"),
        ({"imports": [3]}, "imports.0", "valid string"),
        ({"imports": ["no/such.py"]}, "imports.0", "no such Python file"),
        ({"task": "images"}, "task.name", "did you mean 'image'?"),
        ({"discriminator": {"name": "dcgan", "no": 1}}, "discriminators.main.no", "no parameter"),
        ({1: 2}, "1", "string"),
    ],
)
def test_each_mistake_is_named_by_its_path(change: dict[Any, Any], path: str, words: str) -> None:
    assert words in problems({**DOCUMENT, **change})[path]


def test_what_the_task_provides_need_not_be_written() -> None:
    assert "resolution" not in load_recipe(DOCUMENT).generator
    written = load_recipe({**DOCUMENT, "generator": {"name": "dcgan", "resolution": 8}})
    assert written.generator["resolution"] == 8


# -- storing ----------------------------------------------------------------------------------------------------------

_weights = st.floats(0, 1e9) | st.fixed_dictionaries(
    {"name": st.just("linear"), "start": st.floats(0, 1), "end": st.floats(0, 1), "samples": st.integers(1, 10**9)}
)
_recipes = st.fixed_dictionaries(
    {
        "task": st.sampled_from(["image", {"name": "image", "flip": True}]),
        "data": st.fixed_dictionaries({"name": st.just("folder"), "path": st.text("abc/~ 1e:#", min_size=1)}),
        "generator": st.fixed_dictionaries({"name": st.just("dcgan"), "width": st.integers(1, 512)}),
    },
    optional={
        "name": st.text(min_size=1, max_size=8),
        "seed": st.integers(0, 2**70),
        "discriminator": st.sampled_from(["dcgan", {"name": "residual", "spectral_norm": True}]),
        "penalties": st.lists(st.fixed_dictionaries({"name": st.just("r1"), "weight": _weights}), max_size=3),
        "ema": st.none() | st.fixed_dictionaries({"half_life": _weights}),
        "trainer": st.fixed_dictionaries({}, optional={"micro_batch": st.sampled_from([None, 1, 4])}),
        "optimizer": st.fixed_dictionaries({}, optional={"generator": st.fixed_dictionaries({"lr": _weights})}),
        "augmentation": st.sampled_from([None, "ada", {"name": "adaptive", "pipeline": "diffaugment"}]),
    },
)


@given(_recipes)
@settings(deadline=None, max_examples=60)
def test_a_stored_recipe_is_read_back_the_same(document: dict[str, Any]) -> None:
    recipe = load_recipe(document)
    stored = to_document(recipe)
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    again = validate(parse_yaml(dump_yaml(stored), "stored"))
    assert to_document(again) == stored
    assert again == validate(stored)


@pytest.mark.parametrize("name", [TINY, *recipe_names()])
def test_every_packaged_recipe_is_valid_and_survives_storing(name: str) -> None:
    stored = to_document(load_recipe(name))
    assert to_document(validate(stored)) == stored


def test_a_stored_recipe_names_every_default_so_that_a_new_one_changes_no_old_run() -> None:
    stored = to_document(load_recipe({**DOCUMENT, "penalties": ["r1"]}))
    assert stored["penalties"][0] == {"name": "r1", "every": 1, "weight": {"name": "constant", "value": 1.0}}
    assert stored["optimizer"]["generator"]["beta2"] == {"name": "constant", "value": 0.99}
    assert stored["trainer"]["batch_size"] == 64


def test_overrides_and_variants_reach_the_recipe() -> None:
    recipe = load_recipe(*_split(tiny_recipe("variant=wide", "seed=11", "discriminator.width=4")))
    assert (recipe.generator["width"], recipe.seed) == (16, 11)
    assert recipe.discriminators["main"]["width"] == 4


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    return arguments[0], arguments[1:]


def test_a_recipe_does_not_change() -> None:
    recipe = load_recipe(TINY)
    assert isinstance(recipe, Recipe)
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 5
    assert yaml.safe_load(TINY.read_text())["seed"] == 3


def test_trackers_are_parts_with_settings_of_their_own() -> None:
    recipe = load_recipe(TINY, ["report.trackers=[tensorboard, {name: wandb, project: digits}]"])
    assert [spec["name"] for spec in recipe.report.trackers] == ["tensorboard", "wandb"]
    assert recipe.report.trackers[1]["project"] == "digits"
    with pytest.raises(ConfigError, match=r"report\.trackers\.0\.name: .*did you mean 'wandb'"):
        load_recipe(TINY, ["report.trackers=[wandbb]"])
