"""From a validated recipe to the things it speaks of: data, networks, game, trainer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from toolkit.adversarial.accuracy_band import AccuracyBand
from toolkit.adversarial.ema import Ema
from toolkit.adversarial.game import Game, Player
from toolkit.adversarial.optimizers import OptimizerRule
from toolkit.adversarial.trainer import Trainer
from toolkit.config import Recipe, build, complete
from toolkit.data.buckets import BucketLoader
from toolkit.data.loader import Loader
from toolkit.data.source import Source, Subset
from toolkit.data.splits import split
from toolkit.engine.device import Precision
from toolkit.engine.processes import Processes, broadcast_module
from toolkit.engine.randomness import fold
from toolkit.errors import ConfigError, Problem
from toolkit.nn.building import build_module
from toolkit.runs.task import RunnableTask


@dataclass
class Opened:
    """A recipe with its data open.

    Attributes:
        recipe: the networks' specs are complete: what the data decides has been filled in.
        splits: `train`, `validation` and `test`, each a source.
    """

    recipe: Recipe
    task: RunnableTask
    source: Source
    splits: dict[str, Source]


def open_recipe(recipe: Recipe, dtype: torch.dtype = torch.float32, source: Source | None = None) -> Opened:
    """Open the data and complete the recipe with what follows from it.

    Args:
        recipe: validated.
        dtype: what the networks compute in.
        source: the recipe's data, when it has been opened already.

    Raises:
        DataError: the data is absent or unfit.
        ConfigError: a network cannot be built for such data.
    """
    task: RunnableTask = build("tasks", recipe.task, "task")
    source = build("datasets", recipe.data, "data") if source is None else source
    context = task.open(source, dtype)
    _check_fit(recipe, context)
    parts = split(source, recipe.split.model_dump(), seed=0)
    changes = {
        "generator": complete("generators", recipe.generator, "generator", **context),
        "discriminators": {
            name: complete("discriminators", spec, f"discriminators.{name}", **context)
            for name, spec in recipe.discriminators.items()
        },
        "terms": [complete("terms", spec, f"terms.{place}", **context) for place, spec in enumerate(recipe.terms)],
    }
    subsets: dict[str, Source] = {name: Subset(source, indices) for name, indices in parts.items()}
    return Opened(recipe.model_copy(update=changes), task, source, subsets)


def _check_fit(recipe: Recipe, context: dict[str, Any]) -> None:
    """What a recipe says of its data although the data decides it, must be true."""
    parts = {"generator": recipe.generator}
    parts.update({f"discriminators.{name}": spec for name, spec in recipe.discriminators.items()})
    parts.update({f"terms.{place}": spec for place, spec in enumerate(recipe.terms)})
    problems = [
        Problem(f"{path}.{key}", f"is {spec[key]!r}, but for this data it must be {value!r}")
        for path, spec in parts.items()
        for key, value in context.items()
        if key in spec and _listed(spec[key]) != _listed(value)
    ]
    if problems:
        raise ConfigError(problems)


def _listed(value: Any) -> Any:
    """Without the difference of tuples, which parameters may be, and lists, which files hold."""
    return [_listed(one) for one in value] if isinstance(value, (list, tuple)) else value


def build_network(kind: str, spec: dict[str, Any], path: str, seed: int) -> nn.Module:
    """A network whose initial weights depend on the seed and its place in the recipe only.

    Raises:
        ConfigError: its constructor refuses the values, in its own words.
    """
    torch.manual_seed(fold(seed, "init", path) % 2**63)
    return build_module(kind, spec, path)


def build_game(opened: Opened, device: torch.device, precision: Precision) -> Game:
    """The game with its players on their device, in their precision and memory layout."""
    recipe = opened.recipe
    _check_names(recipe)
    generator = build_network("generators", recipe.generator, "generator", recipe.seed)
    discriminators = {
        name: build_network("discriminators", spec, f"discriminators.{name}", recipe.seed)
        for name, spec in recipe.discriminators.items()
    }
    for network in (generator, *discriminators.values()):
        network.to(device=device, dtype=precision.parameter_dtype)
        if recipe.engine.channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        broadcast_module(network)
    options = recipe.trainer
    game = Game(
        opened.task,
        generator,
        discriminators,
        build("losses", recipe.loss, "loss"),
        penalties=[build("penalties", spec, f"penalties.{place}") for place, spec in enumerate(recipe.penalties)],
        terms=[build("terms", spec, f"terms.{place}") for place, spec in enumerate(recipe.terms)],
        estimator=build("estimators", recipe.estimator, "estimator"),
        augmentation=build("augmentations", recipe.augmentation, "augmentation") if recipe.augmentation else None,
        discriminator_steps=options.discriminator_steps,
        discriminator_warmup=options.discriminator_warmup,
        generator_warmup=options.generator_warmup,
        shared_fakes=options.shared_fakes,
        band=_band(recipe),
    )
    _check_game(opened, game)
    if recipe.engine.compile:
        _compile(game)
    return game


def _band(recipe: Recipe) -> AccuracyBand | None:
    options = recipe.trainer
    if options.accuracy_band is None or not recipe.discriminators:
        return None
    return AccuracyBand(*options.accuracy_band, patience=options.discriminator_warmup)


def _check_names(recipe: Recipe) -> None:
    """Discriminators live in a module by their names, which must not be those of its methods."""
    taken = [name for name in recipe.discriminators if hasattr(nn.ModuleDict(), name)]
    if taken:
        raise ConfigError(
            [
                Problem(f"discriminators.{name}", "a discriminator cannot have this name; choose another")
                for name in taken
            ]
        )


def _check_game(opened: Opened, game: Game) -> None:
    recipe, options = opened.recipe, opened.recipe.trainer
    problems = []
    alone = any(not term.needs_real_outputs for term in game.terms)  # terms that need no discriminator
    if not recipe.discriminators and not alone:
        problems.append(Problem("terms", "without discriminators the generator needs at least one term of its own"))
    if options.generator_warmup and not alone:
        problems.append(
            Problem("trainer.generator_warmup", "the generator plays alone on its own terms, and there are none")
        )
    if options.evaluate_every and not len(opened.splits["validation"]):
        problems.append(
            Problem(
                "trainer.evaluate_every",
                "the validation split of this data is empty; give it a share (split.validation=0.1 split.train=0.85), "
                "or set this to null",
            )
        )
    if options.shared_fakes and not options.shared_batch:
        problems.append(Problem("trainer.shared_fakes", "needs trainer.shared_batch=true"))
    if game.discriminator_warmup and options.shared_fakes and game.band is None and recipe.discriminators:
        words = "cannot go with trainer.discriminator_warmup, unless there is a trainer.accuracy_band"
        problems.append(Problem("trainer.shared_fakes", words))
    if problems:
        raise ConfigError(problems)


def _compile(game: Game) -> None:
    """Compile the players in place; a compiled discriminator cannot be differentiated twice, so it stays eager then."""
    game.generator.compile()
    if not any(penalty.order > 0 for penalty in game.penalties):
        for discriminator in cast(Iterable[nn.Module], game.discriminators.values()):
            discriminator.compile()


def build_trainer(
    opened: Opened, game: Game, device: torch.device, precision: Precision, processes: Processes
) -> Trainer:
    """The trainer of a game, at its beginning."""
    recipe = opened.recipe
    rules: dict[Player, OptimizerRule] = {
        player: build("optimizers", getattr(recipe.optimizer, player), f"optimizer.{player}")
        for player in game.players()
    }
    ema = None
    if recipe.ema is not None:
        ema = Ema(game.generator, build("schedules", recipe.ema.half_life, "ema.half_life"), recipe.ema.warm_up)
    return Trainer(
        game,
        rules,
        recipe.trainer,
        seed=recipe.seed,
        ema=ema,
        precision=precision,
        device=device,
        processes=processes,
    )


def build_loader(opened: Opened, processes: Processes) -> Loader | BucketLoader:
    """The stream of training batches."""
    source, options, seed = opened.splits["train"], opened.recipe.trainer, opened.recipe.seed
    rank, world_size, transform = processes.rank, processes.world_size, opened.task.transform()
    if options.batch_tokens is None:
        return Loader(source, options.batch_size, seed, rank=rank, world_size=world_size, transform=transform)
    return BucketLoader(source, options.batch_tokens, seed, rank=rank, world_size=world_size, transform=transform)
