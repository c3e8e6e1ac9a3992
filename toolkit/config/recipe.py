"""A recipe: which parts play which game on which data. Validated whole before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from toolkit.config.documents import load_document
from toolkit.config.explain import Place, found_problems
from toolkit.config.options import EngineOptions, Options, ReportOptions, SplitOptions, TrainerOptions
from toolkit.config.overrides import apply_variants
from toolkit.config.schema import check
from toolkit.errors import ConfigError, PluginError, Problem, ToolkitError, UnknownPartError, nearest
from toolkit.registry import REGISTRY, import_script


class EmaOptions(Options):
    """Exponential moving average of the generator's weights, by half-life in samples."""

    half_life: Any = Field(
        default=10_000, description="samples after which a weight counts half; a number or a schedule"
    )
    warm_up: float = Field(default=0.05, ge=0, description="half-life is at most this share of the samples seen so far")


class PlayerOptimizers(Options):
    """One optimiser per player."""

    generator: Any = "adam"
    discriminator: Any = "adam"


class Recipe(Options):
    """A whole recipe. Sections that name parts hold specs, checked against the part's own signature."""

    name: str = "unnamed"
    imports: list[str] = Field(default_factory=list, description="Python files whose parts this recipe uses")
    seed: int = Field(default=0, ge=0, description="all randomness of a run follows from it")
    start: str | None = Field(
        default=None, description="run or model folder whose weights the generator begins with, instead of random ones"
    )
    task: Any
    data: Any
    split: SplitOptions = SplitOptions()
    generator: Any
    discriminators: dict[str, Any] = Field(default_factory=dict)
    loss: Any = "non_saturating"
    penalties: list[Any] = Field(default_factory=list)
    terms: list[Any] = Field(default_factory=list)
    estimator: Any = "pathwise"
    augmentation: Any = None
    optimizer: PlayerOptimizers = PlayerOptimizers()
    ema: EmaOptions | None = EmaOptions()
    trainer: TrainerOptions = TrainerOptions()
    engine: EngineOptions = EngineOptions()
    report: ReportOptions = ReportOptions()
    extractor: Any = None
    metrics: list[Any] = Field(default_factory=list)

    @field_validator("discriminators")
    @classmethod
    def _plain_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name.isidentifier():  # it becomes part of file names and of the names of weights
                raise ValueError(f"a discriminator cannot be called '{name}': use letters, digits and '_'")
        return value


PART_SECTIONS: dict[str, str] = {
    "task": "tasks",
    "data": "datasets",
    "generator": "generators",
    "discriminators": "discriminators",
    "loss": "losses",
    "penalties": "penalties",
    "terms": "terms",
    "estimator": "estimators",
    "augmentation": "augmentations",
    "extractor": "extractors",
    "metrics": "metrics",
}
"""Sections whose values are specs, and the kind of part in them."""

PROVIDED = frozenset({"generators", "discriminators", "terms"})
"""Kinds whose parameters the task may fill in once the data is open."""


def load_recipe(
    source: str | Path | Mapping[str, Any],
    overrides: tuple[str, ...] | list[str] = (),
    imports: tuple[str, ...] | list[str] = (),
) -> Recipe:
    """Read, override and validate a recipe.

    Args:
        source: see `load_document`; a mapping is taken as the document itself.
        overrides: `a.b=value` texts, applied in order; `variant=name` selects one of the recipe's variants.
        imports: Python files whose parts it uses, besides those that it names itself.

    Raises:
        ConfigError: with every problem found.
    """
    if isinstance(source, Mapping):
        document, folder, words = dict(source), Path(), "the recipe"
    else:
        document, file = load_document(source)
        folder, words = file.parent, str(file)
    document = apply_variants(document, overrides, words)
    named = document.get("imports") or []
    if isinstance(named, list):  # else validating says what is wrong
        located = [_locate(name, folder) if isinstance(name, str) else name for name in named]
        document["imports"] = list(dict.fromkeys([*located, *(str(Path(script).resolve()) for script in imports)]))
    return validate(document, words)


def _locate(name: str, folder: Path) -> str:
    """A script named in a recipe: beside the recipe, or as given."""
    beside = folder / name
    return str((beside if beside.is_file() else Path(name)).resolve())


def validate(document: Mapping[str, Any], words: str = "the recipe") -> Recipe:
    """Validate a recipe document and fill in the defaults of every part.

    A section without content (`trainer:` with every line commented out) is as good as none; only `ema: null` means
    something, namely no average.

    Raises:
        ConfigError: with every problem found, each with its path, the nearest valid name and the choices.
    """
    problems: list[Problem] = []
    document = {key: value for key, value in document.items() if value is not None or key in ("ema", "discriminator")}
    if "discriminator" in document:  # the common case of a single one
        if "discriminators" in document:
            problems.append(Problem("discriminator", "give either 'discriminator' or 'discriminators', not both"))
        single = document.pop("discriminator")
        document.setdefault("discriminators", {"main": single} if single is not None else {})
    if isinstance(document.get("discriminators"), Mapping):  # null: a variant takes one of them out
        document["discriminators"] = {key: spec for key, spec in document["discriminators"].items() if spec is not None}
    problems += _import_scripts(document.get("imports", []))
    try:
        recipe = Recipe.model_validate(document)
    except ValidationError as error:
        problems += _explain(error, document)
        known = {problem.path for problem in problems}
        problems += [problem for problem in _check_parts(document)[1] if problem.path not in known]
        raise ConfigError(problems, words) from None
    sections, found = _check_parts({name: getattr(recipe, name) for name in Recipe.model_fields})
    if problems + found:
        raise ConfigError(problems + found, words)
    return recipe.model_copy(update=sections)


def _import_scripts(scripts: Any) -> list[Problem]:
    problems = []
    for place, script in enumerate(scripts if isinstance(scripts, list) else []):
        try:
            import_script(str(script))
        except ToolkitError as error:
            problems.append(Problem(f"imports.{place}", error.message.removeprefix("--import ")))
    return problems


def _explain(error: ValidationError, document: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for place, kind, words in found_problems(error, document):
        path = ".".join(str(step) for step in place)
        if kind == "extra_forbidden":
            words = f"there is no such section or option; {nearest(str(place[-1]), _known_beside(place))}"
        problems.append(Problem(path, "is required" if kind == "missing" else words))
    return problems


def _known_beside(place: Place) -> list[str]:
    """What could stand where something unknown does."""
    known: Any = Recipe.model_fields
    for step in place[:-1]:
        annotation = known[step].annotation if step in known else None
        choices = [annotation, *getattr(annotation, "__args__", ())]
        known = next((item.model_fields for item in choices if hasattr(item, "model_fields")), {})
    return list(known)


def _check_parts(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Every part of the document, checked; works on half-broken documents so that all problems come at once."""
    problems: list[Problem] = []
    checked: dict[str, Any] = {}
    provided = _provided(document.get("task"))

    def one(kind: str, value: Any, path: str, default: Any = None) -> Any:
        if isinstance(value, Mapping) and "name" not in value and isinstance(default, str):
            value = {"name": default, **value}  # `optimizer: {generator: {lr: 1e-3}}` changes the default one
        spec, found = check(kind, value, path, provided if kind in PROVIDED else frozenset())
        problems.extend(found)
        return spec

    def members(section: str, options: type[Options], kinds: Mapping[str, str]) -> None:
        given = document.get(section)
        values = dict(given) if isinstance(given, (Options, Mapping)) else {}
        specs = {
            name: one(kind, values[name], f"{section}.{name}", options.model_fields[name].default)
            for name, kind in kinds.items()
            if name in values
        }
        if isinstance(given, Options):
            checked[section] = given.model_copy(update=specs)

    for section, kind in PART_SECTIONS.items():
        value = document.get(section)
        if value is None:
            continue
        if section == "discriminators" and isinstance(value, Mapping):
            checked[section] = {name: one(kind, spec, f"{section}.{name}") for name, spec in value.items()}
        elif section in ("penalties", "terms", "metrics") and isinstance(value, (list, tuple)):
            checked[section] = [one(kind, spec, f"{section}.{place}") for place, spec in enumerate(value)]
        else:
            checked[section] = one(kind, value, section, Recipe.model_fields[section].default)
    members("optimizer", PlayerOptimizers, {"generator": "optimizers", "discriminator": "optimizers"})
    members("ema", EmaOptions, {"half_life": "schedules"})
    report = document.get("report")
    if isinstance(report, ReportOptions):
        trackers = [one("trackers", spec, f"report.trackers.{place}") for place, spec in enumerate(report.trackers)]
        checked["report"] = report.model_copy(update={"trackers": trackers})
    return checked, problems


def _provided(task: Any) -> frozenset[str]:
    """Names of the context values that the task fills in: its class says so in `provides`."""
    name = task.get("name") if isinstance(task, Mapping) else task
    if not isinstance(name, str):
        return frozenset()
    try:
        return frozenset(getattr(REGISTRY.load("tasks", name), "provides", ()))
    except (UnknownPartError, PluginError):
        return frozenset()  # reported where the task itself is checked


def to_document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain data, for storing beside the weights; `validate` reads it back."""
    document: dict[str, Any] = recipe.model_dump(mode="json")
    return document


__all__ = ["Recipe", "load_recipe", "to_document", "validate"]
