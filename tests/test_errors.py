from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import errors
from toolkit.data.source import SampleError
from toolkit.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    MissingExtraError,
    Problem,
    ToolkitError,
    TrainingError,
    nearest,
    require,
)


def test_an_error_says_what_is_wrong_and_the_way_out() -> None:
    error = DataError("photos/ holds no pictures", "check the path")
    assert str(error) == "photos/ holds no pictures\n  -> check the path"
    assert (error.message, error.way_out) == ("photos/ holds no pictures", "check the path")


def test_without_a_way_out_there_is_no_arrow() -> None:
    assert str(CheckpointError("it is damaged")) == "it is damaged"


@pytest.mark.parametrize(
    "error",
    [
        DataError("photos/ holds no pictures", "check the path"),
        ConfigError([Problem("loss.name", "there is no such part"), Problem("", "empty")], "recipe.yaml"),
        SampleError("a.png", "the file is empty"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_from_another_process_as_it_was(error: ToolkitError) -> None:
    """Several runs at once in a pool of processes: their errors are pickled."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_scripts_can_tell_mistakes_in_the_input_from_training_that_failed() -> None:
    assert DataError("x").exit_code == ConfigError([Problem("a", "b")]).exit_code == 2
    assert TrainingError("x").exit_code == 3


def test_every_error_of_the_module_can_be_caught_as_one() -> None:
    classes = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, Exception)]
    assert len(classes) > 5
    assert all(issubclass(item, ToolkitError) and item.__doc__ for item in classes)


# -- all problems at once -----------------------------------------------------------------------------------------


def test_a_wrong_recipe_shows_every_problem_with_its_path_in_order() -> None:
    problems = [Problem("generator.width", "must be at least 1"), Problem("", "there is no task")]
    error = ConfigError(problems, "my/recipe.yaml")
    assert str(error) == ("2 problems in my/recipe.yaml:\n  generator.width: must be at least 1\n  there is no task")
    assert error.problems == tuple(problems)


def test_one_problem_is_one_problem() -> None:
    assert str(ConfigError([Problem("seed", "is negative")])).startswith("1 problem in the recipe:")


# -- optional packages --------------------------------------------------------------------------------------------


def test_an_installed_package_is_imported() -> None:
    import json

    assert require("json", "export", "Reading") is json


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_package.inner", "export", "ONNX export")
    assert caught.value.message == "ONNX export needs the package 'no_such_package', which is not installed."
    assert caught.value.way_out == "pip install 'adversarial-toolkit[export]'"


def test_a_package_that_itself_lacks_something_names_what_is_really_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    folder = tmp_path
    (folder / "half_installed.py").write_text("import its_missing_dependency\n")
    monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(MissingExtraError, match="'its_missing_dependency'"):
        require("half_installed", "export", "ONNX export")


def test_other_failures_of_a_package_are_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    folder = tmp_path
    (folder / "crashing_package.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(ZeroDivisionError):
        require("crashing_package", "export", "ONNX export")


# -- mistyped names -----------------------------------------------------------------------------------------------


def test_a_mistyped_name_is_pointed_to_the_right_one() -> None:
    assert nearest("hindge", ["wasserstein", "hinge"]) == "did you mean 'hinge'? choices: hinge, wasserstein"


def test_nothing_is_guessed_where_nothing_is_near() -> None:
    assert nearest("zzz", ["b", "a"]) == "choices: a, b"
    assert nearest("zzz", []) == "there are no choices"


@given(st.lists(st.text("abcdefgh_", min_size=3, max_size=12), min_size=1, unique=True), st.data())
def test_the_guess_is_always_a_choice_and_a_valid_name_is_its_own(names: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names))
    assert nearest(name, names).startswith(f"did you mean '{name}'? ")
    words = nearest(name + "x", names)
    if words.startswith("did"):
        assert words.split("'")[1] in names
    assert words.endswith(f"choices: {', '.join(sorted(names))}")
