"""Penalties, terms, estimators, schedules, optimisers, augmentations and networks with one fault each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from tests.contracts.faults import fault
from toolkit.adversarial.estimators import Choice, ScoreFunction
from toolkit.adversarial.judgement import Judgement
from toolkit.adversarial.optimizers import Sgd
from toolkit.adversarial.penalties import R1, LeCam
from toolkit.adversarial.schedules import Linear
from toolkit.adversarial.terms import Offer, Reconstruction
from toolkit.adversarial.types import DiscriminatorOutput, GeneratorOutput
from toolkit.engine.randomness import Noise

# -- penalties, terms, estimators ---------------------------------------------------------------------------------


@fault("penalties", "no value below zero")
class Negative(R1):
    """Rewards steepness."""

    def __call__(self, judgement: Judgement) -> Tensor:
        return -super().__call__(judgement)


@fault("penalties", "trains the discriminator's weights|finite differences")
class CutOff(R1):
    """Forgets the graph."""

    def __call__(self, judgement: Judgement) -> Tensor:
        return super().__call__(judgement).detach()


@fault("penalties", "same value in a micro-batch")
class WholeBatch(R1):
    """Compares each sample with the batch's mean."""

    def __call__(self, judgement: Judgement) -> Tensor:
        values = super().__call__(judgement)
        return (values - values.mean()).square()


@fault("penalties", "goes on after a checkpoint")
class Forgetful(LeCam):
    """Loses what it learnt."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.anchors = {"real": 0.0, "fake": 0.0}


@fault("terms", "finite differences")
class HalfBlind(Reconstruction):
    """Its gradient leaves something out."""

    def __call__(self, offer: Offer) -> Tensor:
        data = offer.output.data
        return (data * data.detach() - offer.target()).flatten(1).square().mean(1)


@fault("estimators", "is unbiased")
class Biased(ScoreFunction):
    """Weights log-probabilities by something that is not the loss."""

    def surrogate(self, losses: Tensor, output: GeneratorOutput, greedy: Tensor | None) -> Tensor:
        return 1.5 * super().surrogate(losses, output, greedy)


@fault("estimators", "probabilities of the softmax")
class Greedy(ScoreFunction):
    """Takes the most probable token too often."""

    def choose(self, logits: Tensor, noise: Noise, role: str) -> Choice:
        ids = (logits + 0.5 * noise.normal(role, 3)).argmax(1)
        return Choice(one_hot(ids, 3).to(logits.dtype), ids, logits.log_softmax(1).gather(1, ids[:, None])[:, 0])


# -- schedules, optimisers, augmentations -------------------------------------------------------------------------


@fault("schedules", "is at its end")
class Endless(Linear):
    """Goes on beyond its end."""

    def progress(self, samples: float) -> float:
        return samples / self.samples


@fault("optimizers", "the learning rate 0.005")
class FixedRate(Sgd):
    """Never looks at its schedule again."""

    def schedule(self, optimizer: torch.optim.Optimizer, samples: float) -> None:
        """Nothing."""


@fault("optimizers", "lowers a quadratic")
class Uphill(Sgd):
    """Climbs."""

    def create(self, parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(list(parameters), lr=0.02, maximize=True)


class _OneDerivative(torch.autograd.Function):
    """A square without a second derivative, as fused kernels are."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return 2 * ctx.saved_tensors[0] * gradient


def _fused(x: Tensor) -> Tensor:
    result: Tensor = _OneDerivative.apply(x)
    return result


@fault("augmentations", "differentiated twice")
class Fused:
    """Uses a kernel that has no second derivative."""

    def __call__(self, data: Tensor, noise: Noise, strength: float = 1.0) -> Tensor:
        amount = strength * noise.uniform("amount", 1, 1, 1, dtype=data.dtype)
        return data + amount * _fused(data)


@fault("augmentations", "in a micro-batch")
class Unkeyed:
    """Draws for the batch, not for the sample."""

    def __call__(self, data: Tensor, noise: Noise, strength: float = 1.0) -> Tensor:
        return data + strength * noise.normal("shade", dtype=data.dtype).sum()


# -- networks -----------------------------------------------------------------------------------------------------


@fault("generators", "the gradient reaches the parameter 'spare'")
class Idle(nn.Module):
    """Has a weight that does nothing."""

    latent = 4

    def __init__(self, resolution: int = 8, channels: int = 1) -> None:
        super().__init__()
        self.shape = (channels, resolution, resolution)
        self.layer = nn.Linear(4, channels * resolution**2)
        self.spare = nn.Parameter(torch.zeros(1))

    def forward(self, z: Tensor) -> Tensor:
        return self.layer(z).view(-1, *self.shape)


@fault("generators", "same output for the same input")
class Restless(Idle):
    """Draws from the global generator."""

    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z + torch.randn_like(z)) * self.spare


@fault("generators", "listens to its input number 2")
class Deaf(Idle):
    """Takes labels and ignores them."""

    def __init__(self, classes: int, resolution: int = 8, channels: int = 1) -> None:
        super().__init__(resolution, channels)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return super().forward(z) * self.spare


@fault("discriminators", "judges each sample alone")
class Gossip(nn.Module):
    """Compares the samples of a batch without saying so."""

    def __init__(self, resolution: int = 8, channels: int = 1) -> None:
        super().__init__()
        self.layer = nn.Linear(channels * resolution**2, 1)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        logits = self.layer(x.flatten(1))[:, 0]
        return DiscriminatorOutput((logits - 0.5 * logits.mean(),))


@fault("discriminators", "differentiated twice|is trained by R1")
class FusedAttention(Gossip):
    """Attends with a kernel that has no second derivative."""

    def forward(self, x: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        rows = x.flatten(2)
        return DiscriminatorOutput((self.layer(_fused(rows).flatten(1))[:, 0],))
