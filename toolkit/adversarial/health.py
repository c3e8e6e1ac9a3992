"""The health monitor: what a practised eye reads off the curves, in plain sentences.

Thresholds are rules of thumb, stated where they are used; each sentence names the figure, the stretch of samples it
held for, and what to try.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Watch:
    """One condition: how long it has held, and whether it has been spoken of."""

    since: float | None = None
    reported: bool = False


@dataclass
class HealthMonitor:
    """Reads the values of every step and speaks up when something has been off for a while.

    Attributes:
        patience: samples for which a condition must hold without a break.
        memory: samples over which values are averaged before they are judged (one batch says little).
    """

    patience: float = 5_000.0
    memory: float = 2_000.0
    _means: dict[str, float] = field(default_factory=dict)
    _watches: dict[str, _Watch] = field(default_factory=dict)
    _last: float = 0.0

    def update(self, samples: float, values: Mapping[str, float]) -> list[str]:
        """New sentences, if any; a condition is reported once until it has gone away.

        Args:
            samples: training samples seen.
            values: `win_rate`, `sign/real`, `diversity`, `gradient/generator`, `gradient/discriminator`; missing ones
                are not judged.
        """
        weight = 1.0 - 0.5 ** (max(samples - self._last, 0.0) / self.memory)
        self._last = samples
        for name, value in values.items():
            if not math.isfinite(value):  # a skipped step; the trainer reports those itself
                continue
            old = self._means.get(name, value)
            self._means[name] = old + weight * (value - old)
        return [sentence for sentence in self._judge(samples) if sentence]

    def _judge(self, samples: float) -> list[str]:
        mean = self._means
        found: list[str] = []

        def watch(name: str, holds: bool, words: str) -> None:
            state = self._watches.setdefault(name, _Watch())
            if not holds:
                self._watches[name] = _Watch()
                return
            state.since = samples if state.since is None else state.since
            length = samples - state.since
            if length >= self.patience and not state.reported:
                state.reported = True
                found.append(words.replace("LENGTH", f"{length:,.0f}"))

        if "win_rate" in mean:
            rate = mean["win_rate"]
            watch(
                "discriminator wins",
                rate > 0.97,
                f"The discriminator wins {rate:.0%} of pairs for LENGTH samples: raise the penalty weight (gamma) "
                "or lower the discriminator's learning rate; if there is little data, use augmentation.",
            )
            watch(
                "discriminator loses",
                rate < 0.4,
                f"The discriminator wins only {rate:.0%} of pairs for LENGTH samples: lower the penalty weight, "
                "widen the discriminator or give it more turns.",
            )
        if "sign/real" in mean:
            sign, rate = mean["sign/real"], mean.get("win_rate", 0.0)
            # A relativistic sign says no more than the rate of wins does (2 rate - 1): one sentence for one fact.
            watch(
                "overfitting",
                sign > 0.95 and 0.9 < rate <= 0.97,
                f"The discriminator is sure of the training data (overfitting sign {sign:.2f}, 0.6 is healthy) for "
                "LENGTH samples: use augmentation (augmentation: {name: adaptive, ...}) or more data.",
            )
        if "diversity" in mean:
            diversity = mean["diversity"]
            watch(
                "collapse",
                diversity < 0.3,
                f"Generated samples differ from each other only {diversity:.0%} as much as real ones do, for LENGTH "
                "samples: a sign of mode collapse; use a relativistic loss with r1 and r2, or raise their weight.",
            )
        for player in ("generator", "discriminator"):
            norm = mean.get(f"gradient/{player}")
            if norm is None:
                continue
            watch(
                f"{player} vanishes",
                norm < 1e-6,
                f"The {player}'s gradient has been nearly zero ({norm:.1e}) for LENGTH samples: it learns nothing; "
                "try a non-saturating or relativistic loss.",
            )
            watch(
                f"{player} explodes",
                norm > 1e4,
                f"The {player}'s gradient norm has been {norm:.1e} for LENGTH samples: lower its learning rate or "
                "set trainer.clip_gradient.",
            )
        return found

    def state_dict(self) -> dict[str, Any]:
        """Averages and running watches, so that a resumed run speaks as an uninterrupted one."""
        watches = {name: [watch.since, watch.reported] for name, watch in self._watches.items()}
        return {"means": dict(self._means), "watches": watches, "last": self._last}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self._means = dict(state["means"])
        self._watches = {name: _Watch(since, reported) for name, (since, reported) in state["watches"].items()}
        self._last = float(state["last"])
