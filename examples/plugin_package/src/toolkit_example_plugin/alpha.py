"""An adversarial loss with a dial between the logistic loss and the total variation distance."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from toolkit.errors import ConfigError, Problem


class AlphaLoss:
    """Alpha-loss: logistic at alpha = 1, total variation as alpha grows (Kurri, Sypherd & Sankar 2021).

    "Realizing GANs via a tunable loss function". The alpha-loss of a probability p given to the truth is
    a / (a - 1) * (1 - p^((a - 1) / a)); here p = sigmoid(logit). A large alpha forgives outliers among the real data,
    but the generator's loss saturates: far behind, at logit v < 0, it learns at the rate exp(v (a - 1) / a).

    Args:
        alpha: at least 1; below, the loss would grow exponentially with a logit.

    Raises:
        ConfigError: alpha is below 1.
    """

    needs_real = False
    batch_coupled = False

    def __init__(self, alpha: float = 1.5) -> None:
        if alpha < 1:
            raise ConfigError([Problem("alpha", f"must be at least 1, got {alpha}")], "the loss 'alpha'")
        self.share = 1 - 1 / alpha

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Loss of calling real data real, and of calling generated data generated."""
        return self._of(real) + self._of(-fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """Loss of generated data being called real: the non-saturating form at alpha = 1; it saturates above."""
        return self._of(fake)

    def _of(self, logit: Tensor) -> Tensor:
        log_p = logsigmoid(logit)
        if self.share == 0:
            return -log_p
        return -torch.expm1(self.share * log_p) / self.share  # 1 - p^share without cancellation
