"""Games of translation on the toy language, a few steps long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.translation import toy

CROSS_ENTROPY = {"name": "cross_entropy", "target": "target", "average": "token"}
PAIR_CNN = {"name": "pair_cnn", "embedding": 16, "widths": [1, 2, 3], "filters": 12, "hidden": 24}


def game(folder: Path, steps: int, **changes: Any) -> dict[str, Any]:
    """A recipe for a game by the score function; `a__b=value` sets `a.b`."""
    document = toy.recipe(folder, steps)
    document["task"] = {"name": "adversarial_translation"}
    document["discriminators"] = {"main": PAIR_CNN}
    document["estimator"] = {"name": "score_function", "baseline": "self_critical", "weight": 0.1}
    document["terms"] = [CROSS_ENTROPY]
    document["optimizer"] = {
        "generator": {"name": "adam", "lr": 1e-3, "beta1": 0.9, "beta2": 0.98},
        "discriminator": {"name": "adam", "lr": 2e-3, "beta1": 0.5},
    }
    document["trainer"] = {**document["trainer"], "log_every": 1}
    for path, value in changes.items():
        section, _, name = path.partition("__")
        document[section] = {**document[section], name: value} if name else value
    return document
