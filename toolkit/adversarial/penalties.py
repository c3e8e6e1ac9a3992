"""Penalties on the discriminator: what keeps the game stable.

Each answers with per-sample values `B`, unweighted; the game multiplies by `weight` (a schedule) and, for lazy
penalties, by `every`, and adds them to the one loss of the turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from toolkit.adversarial.judgement import Judgement, Side, score, squared_norm
from toolkit.adversarial.schedules import Schedule, Scheduled, as_schedule


class Penalty(Protocol):
    """A further loss of the discriminator.

    Attributes:
        order: highest derivative of the discriminator in the value: 0 (logits only) or 1. Its training gradient is one
            order higher, so order 1 needs networks that can be differentiated twice.
        sides: sides whose input gradients it reads from the judgement.
        every: it acts at every so-many-th step, with its weight multiplied by as much (Karras et al. 2020, "lazy").
        weight: schedule over samples seen.
    """

    order: int
    sides: Set[Side]
    every: int
    weight: Schedule

    def __call__(self, judgement: Judgement) -> Tensor:
        """`B`: the unweighted value for each sample."""
        ...


class _Penalty:
    order = 1
    sides: Set[Side] = frozenset()

    def __init__(self, weight: Schedule | float, every: int) -> None:
        if every < 1:
            raise ValueError(f"'every' counts steps and is at least 1, got {every}")
        self.weight = as_schedule(weight)
        self.every = every


class R1(_Penalty):
    """R1: half the squared gradient norm at real data (Mescheder et al. 2018, equation 9); `weight` is gamma."""

    sides: Set[Side] = frozenset({"real"})

    def __init__(self, weight: Scheduled = 1.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def __call__(self, judgement: Judgement) -> Tensor:
        """|grad D(x)|^2 / 2."""
        return 0.5 * squared_norm(judgement.gradient("real"))


class R2(_Penalty):
    """R2: half the squared gradient norm at generated data (Mescheder et al. 2018, equation 10)."""

    sides: Set[Side] = frozenset({"fake"})

    def __init__(self, weight: Scheduled = 1.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def __call__(self, judgement: Judgement) -> Tensor:
        """|grad D(G(z))|^2 / 2."""
        return 0.5 * squared_norm(judgement.gradient("fake"))


class FirstOrderR1(_Penalty):
    """First-order stand-in for R1 (or R2): a squared finite difference along a random direction.

    With u ~ N(0, I), E[((D(x + e u) - D(x)) / e)^2] = |grad D(x)|^2 + O(e^2), so its expectation is R1's value, at the
    cost of one more forward pass instead of a second-order graph. A single direction is noisy: its relative standard
    deviation is sqrt(2) per sample.
    """

    order = 0

    def __init__(
        self, weight: Scheduled = 1.0, every: int = 1, step: float = 0.05, side: Literal["real", "fake"] = "real"
    ) -> None:
        super().__init__(weight, every)
        if step <= 0:
            raise ValueError(f"the finite difference needs a positive step, got {step}")
        self.step = step
        self.side: Side = side

    def __call__(self, judgement: Judgement) -> Tensor:
        """((D(x + e u) - D(x)) / e)^2 / 2."""
        data = judgement.data[self.side].detach()
        direction = judgement.noise.normal(f"first_order/{self.side}", *data.shape[1:], dtype=data.dtype)
        moved = score(judgement.judge(data + self.step * direction, self.side))
        return 0.5 * ((moved - score(judgement.output[self.side])) / self.step).square()


class WganGp(_Penalty):
    """WGAN-GP: gradient norm 1 between real and generated data (Gulrajani et al. 2017, equation 3)."""

    def __init__(self, weight: Scheduled = 10.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def __call__(self, judgement: Judgement) -> Tensor:
        """(|grad D(x^)| - 1)^2 at x^ = a real + (1 - a) fake."""
        return (_norm(judgement.gradient_at(_between(judgement))) - 1.0).square()


class Dragan(_Penalty):
    """DRAGAN: gradient norm 1 near real data (Kodali et al. 2017, algorithm 1); noise scales with a sample's spread."""

    def __init__(self, weight: Scheduled = 10.0, every: int = 1, spread: float = 0.5) -> None:
        super().__init__(weight, every)
        self.spread = spread

    def __call__(self, judgement: Judgement) -> Tensor:
        """(|grad D(x + d)| - 1)^2, d normal with `spread` times the sample's standard deviation."""
        real = judgement.real.detach()
        deviation = real.flatten(1).std(1).view(-1, *[1] * (real.dim() - 1))
        noise = judgement.noise.normal("dragan", *real.shape[1:], dtype=real.dtype)
        return (_norm(judgement.gradient_at(real + self.spread * deviation * noise)) - 1.0).square()


class GradientCap(_Penalty):
    """Gradient norms above `cap` are penalised, smaller ones are free (Petzka et al. 2018, equation 8)."""

    def __init__(self, weight: Scheduled = 10.0, every: int = 1, cap: float = 1.0) -> None:
        super().__init__(weight, every)
        self.cap = cap

    def __call__(self, judgement: Judgement) -> Tensor:
        """max(0, |grad D(x^)| - cap)^2 between real and generated data."""
        return torch.relu(_norm(judgement.gradient_at(_between(judgement))) - self.cap).square()


class LeCam(_Penalty):
    """LeCam: logits stay near the other side's moving average (Tseng et al. 2021, equation 7); for little data."""

    order = 0

    def __init__(self, weight: Scheduled = 0.3, every: int = 1, decay: float = 0.99) -> None:
        super().__init__(weight, every)
        self.decay = decay
        self.anchors: dict[str, dict[str, float]] = {}

    def __call__(self, judgement: Judgement) -> Tensor:
        """(D(x) - mean fake)^2 + (D(G(z)) - mean real)^2, with moving averages of past steps, per discriminator."""
        anchors = self.anchors.setdefault(judgement.name, {"real": 0.0, "fake": 0.0})
        real = (score(judgement.output["real"]) - anchors["fake"]).square()
        return real + (score(judgement.output["fake"]) - anchors["real"]).square()

    def update(self, samples: float, values: Mapping[str, float]) -> None:
        """Move the averages, from values that are already averaged over micro-batches and processes."""
        for name, anchors in self.anchors.items():
            for side in ("real", "fake"):
                logit = values.get(f"{name}/logit/{side}", values.get(f"logit/{side}"))
                if logit is not None:
                    anchors[side] = self.decay * anchors[side] + (1 - self.decay) * logit

    def state_dict(self) -> dict[str, Any]:
        """The moving averages."""
        return {name: dict(anchors) for name, anchors in self.anchors.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the moving averages of a checkpoint."""
        self.anchors = {
            name: {side: float(anchors[side]) for side in ("real", "fake")} for name, anchors in state.items()
        }


def _between(judgement: Judgement) -> Tensor:
    real, fake = judgement.real.detach(), judgement.fake.detach()
    share = judgement.noise.uniform("between", *[1] * (real.dim() - 1), dtype=real.dtype)
    return torch.lerp(fake, real, share)


def _norm(gradient: Tensor) -> Tensor:
    # The tiny constant keeps the derivative of the root finite where the gradient vanishes.
    return (squared_norm(gradient) + 1e-12).sqrt()
