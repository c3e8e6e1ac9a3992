"""Measuring a network by its recipe's metrics, in its recipe's features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from toolkit.config import build
from toolkit.data.order import one_epoch
from toolkit.data.source import Source
from toolkit.errors import DataError
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.base import Metric
from toolkit.metrics.comparison import Banks, Comparison, compare, generated_capacity, own_half_widths
from toolkit.metrics.extractor import Extractor
from toolkit.runs.assemble import Opened


def build_extractor(spec: Any, device: torch.device | None = None) -> Extractor:
    """A feature extractor, on a device if it has a network; plain pixels when the spec is `None`."""
    extractor: Extractor = build("extractors", spec or "pixels", "extractor")
    move = getattr(extractor, "to", None)
    if device is not None and move is not None:
        move(device)
    return extractor


def build_metrics(specs: Sequence[Any]) -> dict[str, Metric]:
    """Metrics by name; a name that occurs again gets a number."""
    built: dict[str, Metric] = {}
    for place, spec in enumerate(specs):
        name = str(spec if isinstance(spec, str) else spec.get("name"))
        built[name if name not in built else f"{name}.{place}"] = build("metrics", spec, f"metrics.{place}")
    return built


def recipe_metrics(opened: Opened) -> list[Any]:
    """Specs of the recipe's metrics; the task's default ones when it names none."""
    return list(opened.recipe.metrics or opened.task.default_metrics)


def held_out_part(opened: Opened, part: str, *, once: bool = False) -> Source:
    """A split of the recipe's data to compare with.

    Args:
        opened: the recipe with its data.
        part: the split's name.
        once: every sample once, for what is compared sample by sample; else in the proportions that are trained on,
            for what is compared as a distribution.

    Raises:
        DataError: the split is empty.
    """
    source = opened.splits.get(part)
    if source is None or len(source) == 0:
        raise DataError(
            f"the {part} split of this data is empty, so there is nothing to compare with",
            f"give it a share: split.{part}=0.1",
        )
    return source if once else one_epoch(source)


def measure_network(
    opened: Opened,
    network: nn.Module,
    held_out: Source,
    train: Source | None,
    samples: int,
    device: torch.device,
    *,
    extractor: Extractor,
    metrics: Mapping[str, Metric],
    seed: int = 0,
    cache: BankCache | None = None,
    pages: Callable[..., Any] | None = None,
    check: Callable[[Banks], None] | None = None,
    **settings: Any,
) -> Comparison:
    """Compare what a network generates with held-out data.

    A task with a method `feature_banks` (see `toolkit.image.task.ImageTask`) says what to compare; any other measures
    by itself (`measure`), and then there are no intervals but its own.

    Args:
        opened: the recipe with its task.
        network: in evaluation mode.
        held_out: data that was not trained on.
        train: training data, for the metrics that need it.
        samples: how many to generate.
        device: where the network is.
        extractor: makes the features.
        metrics: by name.
        seed: of the generated samples.
        cache: where features of real data are kept.
        pages: makes the generated samples in another way than straight from the network, e.g. judged ones; see
            `toolkit.image.measure.Pages`.
        check: looks at the banks before metrics do; may raise.
        settings: of `toolkit.metrics.comparison.compare`.
    """
    needed = train if any(metric.needs_train for metric in metrics.values()) else None
    given: dict[str, Any] = {"extractor": extractor, "samples": samples, "seed": seed, "device": device}
    gather = getattr(opened.task, "feature_banks", None)
    if gather is None:
        if pages is not None:
            raise DataError("samples of this task can only be taken straight from its network", "leave --judge out")
        values = opened.task.measure(network, held_out, needed, metrics=list(metrics.values()), **given)
        return Comparison(values, own_half_widths(values) if settings.get("repeats") else {})
    capacity = generated_capacity(metrics.values())
    banks: Banks = gather(network, held_out, needed, capacity=capacity, cache=cache, pages=pages, **given)
    if check is not None:
        check(banks)
    return compare(banks, metrics, seed=seed, **settings)
