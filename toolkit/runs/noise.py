"""A run's translator on noisy sources of its own test split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from toolkit.errors import DataError
from toolkit.runs.assemble import open_recipe
from toolkit.runs.folder import RunFolder
from toolkit.runs.models import load
from toolkit.translation.noise import KINDS, NoiseKind
from toolkit.translation.robustness import RATES, noise_suite


def measure_noise(
    run: str | Path,
    kinds: Sequence[str] = (),
    rates: Sequence[float] = RATES,
    samples: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """See `toolkit.translation.robustness.noise_suite`.

    Args:
        run: a run folder.
        kinds: all when left out.
        rates: of noise.
        samples: test sentences, at most.
        seed: of the noise.

    Raises:
        CheckpointError: this is no run.
        ConfigError: a kind is unknown, or a rate lies outside of 0 to 1.
        DataError: it is no translator, or its data has no sentence pairs or no test split.
    """
    recipe = RunFolder(Path(run)).recipe()
    translator = load(run)
    kind = getattr(translator, "modality", "something else")
    if kind != "translation":
        raise DataError(f"{run} is a model for {kind}, no translator", "name a run of `train translation`")
    held_out = open_recipe(recipe).splits["test"]
    chosen = cast(Sequence[NoiseKind], tuple(kinds) or KINDS)
    return noise_suite(translator, held_out, chosen, rates, samples, seed)
