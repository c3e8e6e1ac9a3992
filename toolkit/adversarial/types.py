"""What the two sides of the game say to each other.

Shape suffixes used throughout the toolkit: B batch, C channels, H height, W width, T time or tokens, V vocabulary, N
any other feature dimension. `x_BCHW` is a picture, `wave_B1T` a waveform, `logits_BTV` scores of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Batch = Mapping[str, Any]
"""One minibatch: tensors with the batch first, on the training device; `index` holds the samples' places."""


@dataclass(frozen=True, slots=True)
class GeneratorOutput:
    """What the generator offers.

    Attributes:
        data: `x_BCHW`, `wave_B1T`, or tokens: `ids_BT` int64, or `rows_BTV` (one-hot or soft) for gradients to pass.
        log_prob: `BT`, log-probability of each sampled token; only for sampled, non-differentiable data.
        mask: `BT`, 1 = real position, 0 = padding.
        extra: further tensors for terms (e.g. `logits`), by name.
    """

    data: Tensor
    log_prob: Tensor | None = None
    mask: Tensor | None = None
    extra: Mapping[str, Tensor] | None = None

    def detach(self) -> GeneratorOutput:
        """The same output without its graph, for the discriminator's turn."""
        extra = None if self.extra is None else {name: tensor.detach() for name, tensor in self.extra.items()}
        log_prob = None if self.log_prob is None else self.log_prob.detach()
        return GeneratorOutput(self.data.detach(), log_prob, self.mask, extra)


@dataclass(frozen=True, slots=True)
class DiscriminatorOutput:
    """What the discriminator answers.

    Attributes:
        logits: one `[B, ...]` tensor per sub-discriminator; higher means "real".
        features: inner activations, in order, for feature matching.
    """

    logits: tuple[Tensor, ...]
    features: tuple[Tensor, ...] = ()
