"""Weights & Biases and MLflow, through stand-in modules that record what is asked of them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from toolkit.engine.mlflow_tracker import MLflow
from toolkit.engine.wandb_tracker import WeightsAndBiases
from toolkit.errors import MissingExtraError, ToolkitError

Calls = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


class Recorder(ModuleType):
    """A module any function of which can be called; remembers the calls."""

    def __init__(self, name: str, answers: dict[str, Any]) -> None:
        super().__init__(name)
        self.calls: Calls = []
        self.answers = answers

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls.append((name, arguments, keywords))
            return self.answers.get(name)

        return call

    def keywords(self, name: str) -> list[dict[str, Any]]:
        return [keywords for called, _, keywords in self.calls if called == name]

    def arguments(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments, _ in self.calls if called == name]


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    run = Recorder("run", {})
    run.id = "abc123"
    module = Recorder("wandb", {"init": run, "Image": "a picture"})
    module.Error = RuntimeError
    module.run = run
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    module = Recorder("mlflow", {"start_run": SimpleNamespace(info=SimpleNamespace(run_id="f00d"))})
    module.MlflowException = RuntimeError
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return module


@pytest.mark.parametrize(("module", "asked"), [("wandb", "init"), ("mlflow", "set_experiment")])
def test_a_refusing_service_is_explained(
    tmp_path: Path, request: pytest.FixtureRequest, module: str, asked: str
) -> None:
    service = request.getfixturevalue(module)

    def refuse(*arguments: Any, **keywords: Any) -> None:
        raise RuntimeError("nobody is logged in")

    setattr(service, asked, refuse)
    tracker = WeightsAndBiases() if module == "wandb" else MLflow()
    with pytest.raises(ToolkitError, match="refuses the run: nobody is logged in"):
        tracker.start(tmp_path, {})


def test_wandb_gets_values_over_samples(tmp_path: Path, wandb: Recorder) -> None:
    tracker = WeightsAndBiases(project="cats", mode="offline")
    tracker.start(tmp_path / "run-7", {"seed": 1})
    tracker.log(64, {"loss": 0.5})
    tracker.picture(64, "samples", tmp_path / "grid.png")
    tracker.close()
    tracker.close()
    (begun,) = wandb.keywords("init")
    assert (begun["project"], begun["name"], begun["mode"], begun["id"]) == ("cats", "run-7", "offline", None)
    assert begun["config"] == {"seed": 1}
    assert begun["dir"] == str(tmp_path / "run-7")
    assert wandb.run.calls == [
        ("define_metric", ("samples",), {}),
        ("define_metric", ("*",), {"step_metric": "samples"}),
        ("log", ({"samples": 64, "loss": 0.5},), {}),
        ("log", ({"samples": 64, "pictures/samples": "a picture"},), {}),
        ("finish", (), {}),
    ]


def test_a_resumed_run_goes_on_in_the_same_wandb_run(tmp_path: Path, wandb: Recorder) -> None:
    for _ in range(2):
        tracker = WeightsAndBiases(run_name="mine")
        tracker.start(tmp_path, {})
        tracker.close()
    assert [begun["id"] for begun in wandb.keywords("init")] == [None, "abc123"]
    assert {begun["resume"] for begun in wandb.keywords("init")} == {"allow"}
    assert {begun["name"] for begun in wandb.keywords("init")} == {"mine"}


def test_mlflow_gets_the_recipe_as_dotted_parameters_and_values_over_samples(tmp_path: Path, mlflow: Recorder) -> None:
    tracker = MLflow(experiment="cats", uri="file:store")
    recipe = {"seed": 1, "penalties": [{"name": "r1", "weight": 5}], "text": "x" * 600, "nothing": None, "empty": {}}
    tracker.start(tmp_path / "run-7", recipe)
    tracker.log(64, {"loss": 0.5})
    tracker.picture(64, "samples", tmp_path / "grid.png")
    tracker.close()
    tracker.close()
    assert mlflow.calls == [
        ("set_tracking_uri", ("file:store",), {}),
        ("set_experiment", ("cats",), {}),
        ("start_run", (), {"run_name": "run-7"}),
        (
            "log_params",
            (
                {
                    "seed": "1",
                    "penalties.0.name": "r1",
                    "penalties.0.weight": "5",
                    "text": "x" * 500,
                    "nothing": "None",
                },
            ),
            {},
        ),
        ("log_metrics", ({"loss": 0.5},), {"step": 64}),
        ("log_artifact", (str(tmp_path / "grid.png"),), {"artifact_path": "samples"}),
        ("end_run", (), {}),
    ]


def test_mlflow_takes_many_parameters_in_several_requests(tmp_path: Path, mlflow: Recorder) -> None:
    tracker = MLflow()
    tracker.start(tmp_path, {f"p{number}": number for number in range(250)})
    sizes = [len(parameters) for (parameters,) in mlflow.arguments("log_params")]
    assert sizes == [100, 100, 50]
    assert mlflow.arguments("set_tracking_uri") == []


def test_a_resumed_run_goes_on_in_the_same_mlflow_run(tmp_path: Path, mlflow: Recorder) -> None:
    for _ in range(2):
        tracker = MLflow(run_name="mine")
        tracker.start(tmp_path, {"seed": 1})
        tracker.close()
    assert mlflow.keywords("start_run") == [{"run_name": "mine"}, {"run_id": "f00d"}]
    assert len(mlflow.arguments("log_params")) == 1  # parameters cannot be changed there


@pytest.mark.parametrize(
    ("tracker", "package"), [(WeightsAndBiases(), "wandb"), (MLflow(), "mlflow")], ids=["wandb", "mlflow"]
)
def test_a_package_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracker: Any, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"needs the package '{package}'.*\n.*\[tracking\]"):
        tracker.start(tmp_path, {})
