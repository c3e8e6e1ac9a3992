"""Adversarial losses: what each side of the game minimises, per sample.

`real` and `fake` are logits of the same shape `[B, ...]`, higher meaning "real". Values keep that shape: reducing them
belongs to the game, which knows of masks and policy gradients. Pairing losses compare sample i of `real` with sample i
of `fake`, so the task must put both under the same condition.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus

from toolkit.engine.processes import global_mean


class AdversarialLoss(Protocol):
    """What the discriminator and the generator minimise.

    Attributes:
        needs_real: the generator's loss looks at `real` too.
        batch_coupled: a sample's loss depends on the whole batch, so the batch must not be cut into micro-batches.
    """

    needs_real: bool
    batch_coupled: bool

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Per-sample loss of the discriminator, shape of `real`."""
        ...

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """Per-sample loss of the generator, shape of `fake`; `real` is given when `needs_real`."""
        ...


class _Independent:
    """Defaults of losses that judge each sample alone."""

    needs_real = False
    batch_coupled = False


class NonSaturating(_Independent):
    """Non-saturating logistic loss (Goodfellow et al. 2014, section 3): G maximises log D(G(z))."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(-real) + softplus(fake)."""
        return softplus(-real) + softplus(fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """softplus(-fake)."""
        return softplus(-fake)


class Minimax(NonSaturating):
    """The original zero-sum game (Goodfellow et al. 2014, equation 1): G minimises log(1 - D(G(z)))."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """-softplus(fake): saturates while the discriminator wins, which is why it is seldom used."""
        return -softplus(fake)


class Hinge(_Independent):
    """Hinge loss (Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17)."""

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """max(0, margin - real) + max(0, margin + fake)."""
        return torch.relu(self.margin - real) + torch.relu(self.margin + fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """-fake."""
        return -fake


class LeastSquares(_Independent):
    """Least squares (Mao et al. 2017, equation 9) with targets `real_target` and `fake_target`."""

    def __init__(self, real_target: float = 1.0, fake_target: float = 0.0) -> None:
        self.real_target = real_target
        self.fake_target = fake_target

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """(real - real_target)^2 + (fake - fake_target)^2, without the paper's factor 1/2 (as vocoders use it)."""
        return (real - self.real_target).square() + (fake - self.fake_target).square()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """(fake - real_target)^2."""
        return (fake - self.real_target).square()


class Wasserstein(_Independent):
    """Wasserstein distance by a critic (Arjovsky et al. 2017); needs a Lipschitz penalty such as `wgan_gp`."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Fake - real."""
        return fake - real

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """-fake."""
        return -fake


class RelativisticPairing(_Independent):
    """Relativistic pairing GAN, RpGAN (Jolicoeur-Martineau 2018, section 4; Huang et al. 2024, equation 2)."""

    needs_real = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(-(real - fake)): real sample i must look more real than fake sample i."""
        return softplus(fake - real)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """softplus(-(fake - real))."""
        return softplus(_given(real) - fake)


class RelativisticAverage:
    """Relativistic average GAN, RaGAN (Jolicoeur-Martineau 2018, section 4.2): against the other side's mean."""

    needs_real = True
    batch_coupled = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(-(real - mean fake)) + softplus(fake - mean real); means over the batch of all processes."""
        return softplus(global_mean(fake) - real) + softplus(fake - global_mean(real))

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """The same with the sides exchanged."""
        return self.discriminator(fake, _given(real))


def _given(real: Tensor | None) -> Tensor:
    if real is None:
        raise ValueError("this loss compares with real samples: the generator's turn must pass their logits")
    return real
