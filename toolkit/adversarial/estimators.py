"""How the discriminator's opinion becomes a gradient for the generator.

Pictures and waves are differentiable, so the gradient flows straight through (`Pathwise`). Tokens are chosen, and
choosing has no derivative: either the choice is relaxed (`StraightThrough`) or the choice's log-probability is
weighted by the opinion (`ScoreFunction`). A task with discrete data calls `noise.choose(role, logits)` wherever it
picks a token; the estimator in force decides what that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from toolkit.adversarial.schedules import Schedule, Scheduled, as_schedule
from toolkit.adversarial.types import GeneratorOutput
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError


@dataclass(frozen=True, slots=True)
class Choice:
    """Tokens chosen from logits.

    Attributes:
        rows: `[B, V]` one-hot rows, with whatever gradient the estimator lets through.
        ids: `B` the token numbers.
        log_prob: `B` log-probability of the choice, with a graph; `None` where the estimator does not use it.
    """

    rows: Tensor
    ids: Tensor
    log_prob: Tensor | None


class Estimator(Protocol):
    """Turns per-sample generator losses into something whose gradient trains the generator.

    Two further attributes are looked for: `weight`, a schedule over samples seen by which the game multiplies the
    values; and `credit`, which says where in a sequence a loss belongs (see `ScoreFunction`).

    Attributes:
        needs_greedy: the game also generates without chance and passes that loss as the baseline.
    """

    needs_greedy: bool

    def choose(self, logits: Tensor, noise: Noise, role: str) -> Choice:
        """Choose tokens from `logits_BV`."""
        ...

    def surrogate(self, losses: Tensor, output: GeneratorOutput, greedy: Tensor | None) -> Tensor:
        """`B`: values whose gradient is the estimate.

        Args:
            losses: `B` the generator's adversarial loss of each sample; `BT`, of each position, for an estimator whose
                `credit` is `prefix` or `roll_outs`.
            output: what was generated.
            greedy: `B` the loss of the greedy choice, when `needs_greedy`.
        """
        ...


class Draw(Noise):
    """A noise source that also chooses tokens, in the way of the estimator in force."""

    def __init__(self, noise: Noise, estimator: Estimator | None) -> None:
        super().__init__(noise.seed, noise.step, noise.samples, noise.path)
        self._estimator = estimator
        self._gumbels: dict[str, Tensor] = {}

    def scope(self, name: str) -> Draw:
        """See `Noise.scope`."""
        return Draw(super().scope(name), self._estimator)

    def part(self, start: int, stop: int) -> Draw:
        """See `Noise.part`."""
        return Draw(super().part(start, stop), self._estimator)

    def choose(self, role: str, logits: Tensor) -> Choice:
        """Choose one token per row of `logits_BV`; without an estimator, the most probable one."""
        if self._estimator is None:
            ids = logits.argmax(-1)
            return Choice(one_hot(ids, logits.shape[-1]).to(logits.dtype), ids, None)
        return self._estimator.choose(logits, self, role)

    def gumbel(self, role: str, logits: Tensor) -> Tensor:
        """Standard Gumbel noise in the form of `logits_BV`; made once for a role that is chosen for twice."""
        found = self._gumbels.get(role)
        if found is None or found.shape != logits.shape or found.dtype != logits.dtype:
            found = self._gumbels[role] = _gumbel(self, role, logits)
        return found


def _gumbel(noise: Noise, role: str, logits: Tensor) -> Tensor:
    wide = torch.float32 if logits.device.type == "mps" else torch.float64  # mps has no float64
    uniform = noise.uniform(role, *logits.shape[1:], dtype=wide)
    return -(-(uniform + 2.0**-25).log()).log().to(logits.dtype)


class Pathwise:
    """The gradient flows through the generated data itself; for pictures, waves and other continuous data.

    Args:
        weight: of the adversarial loss beside the terms; a number or a schedule, here and in the other estimators.
    """

    needs_greedy = False

    def __init__(self, weight: Scheduled = 1.0) -> None:
        self.weight: Schedule = as_schedule(weight)

    def choose(self, logits: Tensor, noise: Noise, role: str) -> Choice:
        """Refuse: a choice has no derivative."""
        raise ToolkitError(
            "the estimator 'pathwise' cannot train a generator that chooses tokens",
            "set estimator: straight_through, or estimator: score_function",
        )

    def surrogate(self, losses: Tensor, output: GeneratorOutput, greedy: Tensor | None) -> Tensor:
        """The losses themselves."""
        return losses


class StraightThrough:
    """Hard choices forward, softmax gradient backward (Jang et al. 2017, section 2.2: straight-through Gumbel)."""

    needs_greedy = False

    def __init__(self, temperature: Scheduled = 1.0, weight: Scheduled = 1.0) -> None:
        self.temperature: Schedule = as_schedule(temperature)
        self.weight: Schedule = as_schedule(weight)
        self._samples = 0.0

    def update(self, samples: float, values: Mapping[str, float]) -> None:
        """Remember how far training is, for the temperature's schedule."""
        self._samples = samples

    def state_dict(self) -> dict[str, float]:
        """How far training is."""
        return {"samples": self._samples}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Take up where a checkpoint left off."""
        self._samples = float(state["samples"])

    def choose(self, logits: Tensor, noise: Noise, role: str) -> Choice:
        """One-hot of the largest logit + Gumbel noise, carrying the gradient of the softmax of the same."""
        gumbel = noise.gumbel(role, logits) if isinstance(noise, Draw) else _gumbel(noise, role, logits)
        perturbed = logits + gumbel
        ids = perturbed.argmax(-1)
        hard = one_hot(ids, logits.shape[-1]).to(logits.dtype)
        soft = torch.softmax(perturbed / self.temperature(self._samples), -1)
        return Choice(hard + soft - soft.detach(), ids, None)

    def surrogate(self, losses: Tensor, output: GeneratorOutput, greedy: Tensor | None) -> Tensor:
        """The losses themselves: their gradient reaches the logits through the soft rows."""
        return losses


class ScoreFunction:
    """Score function, or REINFORCE (Williams 1992): losses, less a baseline, weight the log-probabilities.

    Args:
        baseline: `moving`: average of past losses; `self_critical`: the loss of the greedy choice (Rennie et al. 2017,
            equation 8); `none`.
        decay: of the moving average, per step.
        credit: what each choice of a sequence answers for: `sequence`, the loss of the whole; `prefix`, the loss of
            what is written up to it, from a discriminator with a logit for each prefix, which then is a critic in the
            sense of actor and critic; `roll_outs`, the mean loss of completions (Yu et al. 2017, equation 4).
        roll_outs: completions of each prefix; each costs a pass of generator and discriminator.
        weight: of the adversarial loss beside the terms.
    """

    def __init__(
        self,
        baseline: Literal["moving", "self_critical", "none"] = "moving",
        decay: float = 0.99,
        credit: Literal["sequence", "prefix", "roll_outs"] = "sequence",
        roll_outs: int = 4,
        weight: Scheduled = 1.0,
    ) -> None:
        if roll_outs < 1:
            raise ValueError(f"roll_outs={roll_outs} must be at least 1")
        self.baseline = baseline
        self.decay = decay
        self.credit = credit
        self.roll_outs = roll_outs
        self.weight: Schedule = as_schedule(weight)
        self.needs_greedy = baseline == "self_critical"
        self._average: float | None = None

    def choose(self, logits: Tensor, noise: Noise, role: str) -> Choice:
        """A sample from the softmax (by inversion: one random number for each choice), with its log-probability."""
        with torch.no_grad():
            reached = torch.softmax(logits.double() if logits.device.type != "mps" else logits, -1).cumsum(-1)
            uniform = noise.uniform(role, 1, dtype=reached.dtype) * reached[:, -1:]
            ids = (reached <= uniform).sum(-1)
        log_prob = torch.log_softmax(logits, -1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
        return Choice(one_hot(ids, logits.shape[-1]).to(logits.dtype), ids, log_prob)

    def surrogate(self, losses: Tensor, output: GeneratorOutput, greedy: Tensor | None) -> Tensor:
        """(loss - baseline) * sum of log-probabilities; in expectation its gradient is that of the expected loss.

        With losses of positions, each position's log-probability is weighted with its own.
        """
        if output.log_prob is None:
            raise ToolkitError(
                "the estimator 'score_function' needs the log-probabilities of what the generator chose",
                "choose tokens with noise.choose(...) and return them as GeneratorOutput.log_prob",
            )
        log_prob = output.log_prob if output.mask is None else output.log_prob * output.mask
        cost = losses.detach() if losses.dim() > 1 else losses.detach().unsqueeze(1)
        if greedy is not None:
            cost = cost - greedy.detach().unsqueeze(1)
        elif self.baseline == "moving":
            cost = cost - (0.0 if self._average is None else self._average)
        return (cost * log_prob.flatten(1)).sum(1)

    def update(self, samples: float, values: Mapping[str, float]) -> None:
        """Move the baseline towards the loss of this step, averaged over all processes."""
        loss = values.get("opinion")
        if loss is not None:
            self._average = loss if self._average is None else self.decay * self._average + (1 - self.decay) * loss

    def state_dict(self) -> dict[str, Any]:
        """The moving average."""
        return {"average": self._average}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up where a checkpoint left off."""
        self._average = state["average"]
