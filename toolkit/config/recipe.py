"""A recipe: which parts play which game on which data. Validated whole before anything is built."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from toolkit.config.options import EngineOptions, Options, ReportOptions, SplitOptions, TrainerOptions
from toolkit.config.overrides import apply_overrides, merge
from toolkit.config.schema import Spec, check, parameters
from toolkit.config.yaml import parse_yaml
from toolkit.errors import ConfigError, PluginError, Problem, UnknownPartError, nearest
from toolkit.registry import REGISTRY, import_script

RECIPE_FILE = "recipe.yaml"


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

    @field_validator("penalties", "terms", "metrics", mode="before")
    @classmethod
    def _nothing_is_an_empty_list(cls, value: Any) -> Any:
        return [] if value is None else value


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

PROVIDED = frozenset({"generators", "discriminators"})
"""Kinds whose parameters the task may fill in once the data is open."""


def load_document(source: str | Path) -> tuple[dict[str, Any], Path]:
    """Read a recipe file, without validating it.

    Args:
        source: a folder with `recipe.yaml` or `recipe.py`, or such a file, or the name of a packaged recipe
            (`image/digits`).

    Returns:
        The document, and the file it came from.

    Raises:
        ConfigError: it is missing or cannot be read.
    """
    file = _find(source)
    if file.suffix == ".py":
        return _from_python(file), file
    document = parse_yaml(file.read_text(encoding="utf-8"), str(file))
    return document, file


def packaged_recipes() -> Path | None:
    """The folder of recipes that comes with the toolkit: in a wheel, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "_recipes", package.parent / "recipes"):
        if candidate.is_dir():
            return candidate
    return None


def recipe_names() -> list[str]:
    """Names of the packaged recipes, e.g. `image/digits`."""
    root = packaged_recipes()
    if root is None:
        return []
    return sorted(str(file.parent.relative_to(root)) for file in root.rglob(RECIPE_FILE))


def _find(source: str | Path) -> Path:
    path = Path(source)
    candidates = [path]
    root = packaged_recipes()
    if root is not None and not path.is_absolute():
        short = Path(*path.parts[1:]) if path.parts[:1] == ("recipes",) else path
        candidates.append(root / short)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
        for name in (RECIPE_FILE, "recipe.py"):
            if (candidate / name).is_file():
                return candidate / name
    raise ConfigError(
        [Problem("", f"no such file, nor a folder with {RECIPE_FILE}; {nearest(str(source), recipe_names())}")],
        str(source),
    )


def _from_python(file: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(f"toolkit_recipe_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        function: Callable[[], Any] | None = getattr(module, "recipe", None)
        document = None if function is None else function()
    except Exception as error:  # a recipe in Python may fail in any way
        raise ConfigError([Problem("", f"running it failed: {type(error).__name__}: {error}")], str(file)) from error
    if function is None:
        raise ConfigError([Problem("", "it defines no function `recipe()`")], str(file))
    if not isinstance(document, Mapping):
        raise ConfigError(
            [Problem("", f"`recipe()` must return a mapping; it returned {type(document).__name__}")], str(file)
        )
    return dict(document)


def load_recipe(source: str | Path | Mapping[str, Any], overrides: tuple[str, ...] | list[str] = ()) -> Recipe:
    """Read, override and validate a recipe.

    Args:
        source: see `load_document`; a mapping is taken as the document itself.
        overrides: `a.b=value` texts, applied in order; `variant=name` selects one of the recipe's variants.

    Raises:
        ConfigError: with every problem found.
    """
    if isinstance(source, Mapping):
        document, words = dict(source), "the recipe"
    else:
        document, file = load_document(source)
        words = str(file)
        document["imports"] = [_locate(name, file.parent) for name in document.get("imports") or []]
    return validate(apply_variants(document, overrides, words), words)


def _locate(name: str, folder: Path) -> str:
    """A script named in a recipe: beside the recipe, or as given."""
    beside = folder / name
    return str((beside if beside.is_file() else Path(name)).resolve())


def apply_variants(
    document: Mapping[str, Any], overrides: tuple[str, ...] | list[str], words: str = "the recipe"
) -> dict[str, Any]:
    """The document with the chosen variants merged in and the dotted overrides applied."""
    plain = {key: value for key, value in document.items() if key != "variants"}
    variants = document.get("variants") or {}
    chosen = [item.partition("=")[2] for item in overrides if item.startswith("variant=")]
    for name in (part.strip() for text in chosen for part in text.split(",")):
        if name not in variants:
            raise ConfigError([Problem("variant", f"there is no variant '{name}'; {nearest(name, variants)}")], words)
        plain = merge(plain, variants[name] or {})
    rest = [item for item in overrides if not item.startswith("variant=")]
    return apply_overrides(plain, rest, words)


def validate(document: Mapping[str, Any], words: str = "the recipe") -> Recipe:
    """Validate a recipe document and fill in the defaults of every part.

    Raises:
        ConfigError: with every problem found, each with its path, the nearest valid name and the choices.
    """
    problems: list[Problem] = []
    document = dict(document)
    if "discriminator" in document:  # the common case of a single one
        if "discriminators" in document:
            problems.append(Problem("discriminator", "give either 'discriminator' or 'discriminators', not both"))
        single = document.pop("discriminator")
        document.setdefault("discriminators", {"main": single} if single is not None else {})
    for script in document.get("imports") or []:
        import_script(script)
    try:
        recipe = Recipe.model_validate(document)
    except ValidationError as error:
        problems += [_problem(detail) for detail in error.errors(include_url=False)]
        raise ConfigError(problems + _check_parts(document)[1], words) from None
    sections, found = _check_parts({name: getattr(recipe, name) for name in Recipe.model_fields})
    if problems + found:
        raise ConfigError(problems + found, words)
    return recipe.model_copy(update=sections)


def _problem(detail: Any) -> Problem:
    path = ".".join(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known: Any = Recipe.model_fields
        for step in detail["loc"][:-1]:
            annotation = known[step].annotation if step in known else None
            choices = [annotation, *getattr(annotation, "__args__", ())]
            known = next((item.model_fields for item in choices if hasattr(item, "model_fields")), {})
        return Problem(path, f"there is no such section or option; {nearest(str(detail['loc'][-1]), known)}")
    if detail["type"] == "missing":
        return Problem(path, "is required")
    return Problem(path, f"{detail['msg'][0].lower()}{detail['msg'][1:]}; got {detail['input']!r}")


def _check_parts(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Every part of the document, checked; works on half-broken documents so that all problems come at once."""
    problems: list[Problem] = []
    checked: dict[str, Any] = {}
    provided = _provided(document.get("task"))

    def one(kind: str, value: Any, path: str) -> Any:
        spec, found = check(kind, value, path, provided if kind in PROVIDED else frozenset())
        problems.extend(found)
        return spec

    for section, kind in PART_SECTIONS.items():
        value = document.get(section)
        if value is None:
            continue
        if section == "discriminators" and isinstance(value, Mapping):
            checked[section] = {name: one(kind, spec, f"{section}.{name}") for name, spec in value.items()}
        elif section in ("penalties", "terms", "metrics") and isinstance(value, (list, tuple)):
            checked[section] = [one(kind, spec, f"{section}.{place}") for place, spec in enumerate(value)]
        else:
            checked[section] = one(kind, value, section)
    optimizer = document.get("optimizer")
    if isinstance(optimizer, PlayerOptimizers):
        players = {
            name: one("optimizers", getattr(optimizer, name), f"optimizer.{name}")
            for name in ("generator", "discriminator")
        }
        checked["optimizer"] = optimizer.model_copy(update=players)
    ema = document.get("ema")
    if isinstance(ema, EmaOptions):
        checked["ema"] = ema.model_copy(update={"half_life": one("schedules", ema.half_life, "ema.half_life")})
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


__all__ = ["Recipe", "Spec", "load_document", "load_recipe", "parameters", "to_document", "validate"]
