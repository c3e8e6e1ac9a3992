"""Model folders of runs: writing them, and loading them as pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

import toolkit
from toolkit.adversarial.judge import DISCRIMINATORS
from toolkit.adversarial.trainer import Progress
from toolkit.config import to_document
from toolkit.engine.cards import Card
from toolkit.engine.device import choose_device
from toolkit.engine.models import ModelFolder, locate_model, read_model, save_model
from toolkit.errors import DISTRIBUTION, CheckpointError, ConfigError, UnknownPartError
from toolkit.registry import REGISTRY, import_script
from toolkit.runs.assemble import Opened
from toolkit.runs.judging import JudgeFiles
from toolkit.runs.task import RunnableTask

_REPORTED = ("win_rate", "diversity", "samples_per_second")


def write_model(
    folder: Path,
    opened: Opened,
    network: nn.Module,
    progress: Progress,
    values: Mapping[str, float],
    judge: JudgeFiles | None = None,
) -> None:
    """Write the network that a run made as a model folder, with a card and, if it can have one, its judge."""
    recipe = opened.recipe
    described = opened.task.model_config(network)
    spec = "network" if "model_type" in described else "generator"  # transformers has another use for the latter name
    config = {
        "pipeline": opened.task.pipeline,
        "toolkit": toolkit.__version__,
        spec: recipe.generator,
        **described,
        "trained": {"steps": progress.step, "samples": progress.samples},
        "recipe": to_document(recipe),
    }
    files = task_files(opened.task)
    if judge is None:
        save_model(folder, network.state_dict(), config, _card(opened, network, progress, values), files)
        return
    config["judge"] = judge.document
    weights = {DISCRIMINATORS: judge.weights} if judge.weights else {}
    card = _card(opened, network, progress, values, judge.document)
    save_model(folder, network.state_dict(), config, card, {**files, **judge.files}, more_weights=weights)


def task_files(task: RunnableTask) -> dict[str, bytes]:
    """The further files that models of a task need, by name; most tasks have none."""
    files: Callable[[], dict[str, bytes]] | None = getattr(task, "files", None)
    return {} if files is None else files()


def _card(
    opened: Opened,
    network: nn.Module,
    progress: Progress,
    values: Mapping[str, float],
    judge: Mapping[str, Any] | None = None,
) -> str:
    recipe = opened.recipe
    terms = [spec["name"] for spec in recipe.terms]
    parts = [recipe.loss["name"], *(spec["name"] for spec in recipe.penalties)] if recipe.discriminators else []
    count = sum(parameter.numel() for parameter in network.parameters())
    figures = "".join(f"| {name} | {values[name]:.4g} |\n" for name in _REPORTED if name in values)
    facts = {"library_name": DISTRIBUTION, "datasets": [recipe.data["name"]], "recipe": recipe.name}
    text = (
        f"# {recipe.name}\n\n"
        f"Made by adversarial-toolkit {toolkit.__version__} from the recipe `{recipe.name}`.\n\n"
        "| | |\n| --- | --- |\n"
        f"| network | {recipe.generator['name']}, {count:,} parameters |\n"
        f"| data | {recipe.data['name']}, {len(opened.splits['train']):,} training samples |\n"
        f"| losses | {', '.join([*parts, *terms])} |\n"
        f"| trained for | {progress.step:,} steps of {recipe.trainer.batch_size}, {progress.samples:,} samples |\n"
        f"| seed | {recipe.seed} |\n"
        f"{figures}{_judge_row(judge or {})}\n"
        'Load it with `toolkit.load("FOLDER")`. The terms of use are those of the data it was trained on.\n'
    )
    return str(Card(text, facts))


def _judge_row(judge: Mapping[str, Any]) -> str:
    """How well the discriminator tells real from generated samples, for the card."""
    if "calibration" not in judge:
        return ""
    part, ranking = judge["calibrated_on"]["split"], judge["calibration"]["ranking"]
    return f"| judge | a real sample ({part}) scores higher than a generated one in {ranking:.0%} of pairs |\n"


def load(path: str | Path, device: str = "auto") -> Any:
    """Load a model folder, or the model of a run, as a pipeline ready to use.

    Args:
        path: a run folder, a model folder, the name of a model that comes with the toolkit, or `hf://OWNER/NAME`.
        device: where to put it.

    Raises:
        CheckpointError: there is no model, it is damaged, or its weights do not fit its configuration.
    """
    model = read_model(locate_model(path))
    name = model.config.get("pipeline")
    if not isinstance(name, str):
        raise CheckpointError(f"{model.path}/config.json does not say which pipeline it is for ('pipeline')")
    absent = _import_scripts(model)
    try:
        pipeline: Any = REGISTRY.load("pipelines", name)
        return pipeline.from_folder(model, choose_device(device))
    except KeyError as error:
        raise CheckpointError(
            f"{model.path}/config.json has no entry {error}, which its pipeline '{name}' needs",
            "copy the folder again from where it came from",
        ) from error
    except (ConfigError, UnknownPartError) as error:
        if not absent:
            raise
        raise CheckpointError(
            f"{model.path} may need parts of {', '.join(absent)}, which is not there: {error.message}",
            "put the script back in its place, or register its parts first (--import)",
        ) from error


def _import_scripts(model: ModelFolder) -> list[str]:
    """Run the scripts that the model was trained with, for its network may come from one; returns those not there.

    Runs remember their scripts by absolute path. Others are not followed: a model folder from a stranger must not be
    able to name a file that it brings along.
    """
    recipe = model.config.get("recipe")
    scripts = recipe.get("imports", []) if isinstance(recipe, dict) else []
    for script in scripts:
        if _is_own(script):
            import_script(script)
    return [str(script) for script in scripts if not _is_own(script)]


def _is_own(script: object) -> bool:
    return isinstance(script, str) and Path(script).is_absolute() and Path(script).is_file()
