"""Judging short trial games that differ in their penalty weights.

After so few steps the samples say little about the end of training, but a weight that is far off shows: values that are
not finite, samples that are all alike, a discriminator that always wins or never does, a distance to held-out data that
does not fall. So the planned weight stays unless it is unhealthy or another one is far better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

FAR_BETTER = 2 / 3
"""Another weight replaces a healthy planned one when its distance is at most this share of the planned one's."""
COLLAPSED = 0.3
"""Diversity, as a share of real data's, below which samples are all alike; early on, half of the best trial's counts
too."""
LOSES, ALWAYS_WINS, WINS_LESS = 0.4, 0.999, 0.98
"""The discriminator's share of pairs won: below the first it loses; above the second it is too sure, if another trial
is below the third."""


@dataclass(frozen=True)
class Trial:
    """How one trial game went.

    Attributes:
        factor: of the planned weights.
        weights: the penalty weights at its beginning.
        distance: Fréchet distance, the geometric mean of two measurements; infinite where values were not finite.
        diversity: distances between generated samples over those between real ones, towards the end.
        win_rate: share of pairs that the discriminator wins, towards the end.
        seconds_per_step: how long a step took.
        verdict: `healthy`, or what is wrong.
    """

    factor: float
    weights: tuple[float, ...]
    distance: float
    diversity: float
    win_rate: float
    seconds_per_step: float
    verdict: str = ""

    def as_document(self) -> dict[str, Any]:
        """Plain values that are the same on every call, so without the time."""
        document = asdict(self)
        del document["seconds_per_step"]
        return {**document, "weights": list(self.weights), "distance": _plain(self.distance)}


def judge(trials: Sequence[Trial]) -> list[Trial]:
    """The trials with their verdicts; thresholds are the constants of this module."""
    most = max(trial.diversity for trial in trials)
    least_wins = min(trial.win_rate for trial in trials)

    def verdict(trial: Trial) -> str:
        if not math.isfinite(trial.distance):
            return "values were not finite"
        if trial.diversity < COLLAPSED and trial.diversity < most / 2:
            return "samples are all alike"
        if trial.win_rate < LOSES:
            return "the discriminator loses"
        if trial.win_rate > ALWAYS_WINS and least_wins < WINS_LESS:
            return "the discriminator always wins"
        return "healthy"

    return [replace(trial, verdict=verdict(trial)) for trial in trials]


def choose(trials: Sequence[Trial]) -> tuple[Trial, str]:
    """The trial whose weights to take, and why.

    The planned weights stay when they are healthy and no other healthy trial's distance is at most two thirds of
    theirs. Otherwise the healthy trial with the smallest distance is taken; with none, the plan stays.
    """
    planned = min(trials, key=lambda trial: abs(math.log(trial.factor)))
    healthy = [trial for trial in trials if trial.verdict == "healthy"]
    if not healthy:
        return planned, f"no weight looks healthy ({planned.verdict}), so the planned one stays: watch the samples"
    best = min(healthy, key=lambda trial: trial.distance)
    if planned not in healthy:
        return best, f"with the planned weight {planned.verdict}; {best.factor:g} times as much is healthy"
    if best is not planned and best.distance <= FAR_BETTER * planned.distance:
        return best, f"{best.factor:g} times the planned weight brings the distance down by more than a third"
    return planned, "the planned weight is healthy, and no other is better by a third"


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
