"""Measuring a network by its recipe's metrics, in its recipe's features."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from toolkit.config import build
from toolkit.data.source import Source
from toolkit.errors import DataError
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.runs.assemble import Opened


def build_extractor(opened: Opened) -> Extractor:
    """The recipe's feature extractor; plain pixels when it names none."""
    extractor: Extractor = build("extractors", opened.recipe.extractor or "pixels", "extractor")
    return extractor


def build_metrics(opened: Opened) -> list[Metric]:
    """The recipe's metrics; the task's default ones when it names none."""
    specs: list[Any] = opened.recipe.metrics or list(opened.task.default_metrics)
    return [build("metrics", spec, f"metrics.{place}") for place, spec in enumerate(specs)]


def measure_network(
    opened: Opened,
    network: nn.Module,
    part: str,
    samples: int,
    device: torch.device,
    *,
    seed: int = 0,
    held_out: Source | None = None,
    extractor: Extractor | None = None,
) -> dict[str, float]:
    """Compare a network with held-out data.

    Args:
        opened: the recipe with its data.
        network: in evaluation mode.
        part: `validation` or `test`.
        samples: how many to generate.
        device: where the network is.
        seed: of the generated samples.
        held_out: real data to compare with instead of that split.
        extractor: the recipe's, when it has been built already.

    Raises:
        DataError: the split is empty.
    """
    source = opened.splits.get(part) if held_out is None else held_out
    if source is None or len(source) == 0:
        raise DataError(
            f"the {part} split of this data is empty, so there is nothing to compare with",
            f"give it a share: split.{part}=0.1",
        )
    return opened.task.measure(
        network,
        source,
        opened.splits["train"] if held_out is None else None,
        extractor=extractor or build_extractor(opened),
        metrics=build_metrics(opened),
        samples=samples,
        seed=seed,
        device=device,
    )
