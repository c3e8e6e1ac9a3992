"""From latent vectors to styles: the mapping network, the space W it leads to, and its middle."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, Problem
from toolkit.image.checks import require_positive
from toolkit.image.style_layers import ROOT_TWO, EqualisedLinear, activate
from toolkit.nn.conditioning import LabelEmbedding

_TINY = 1e-8


class MappingNetwork(nn.Module):
    """Fully connected layers from a normalised latent vector to a style (Karras et al. 2019, section 2).

    Args:
        latent: length N of the latent vector.
        style: length D of a style.
        classes: number of classes, or `None`. A label's vector, normalised like the latent one, stands beside it.
        layers: how many.
        rate: learning rate of the layers as a multiple of the network's.

    Raises:
        ConfigError: a size is below 1, or the rate is not positive.
    """

    def __init__(self, latent: int, style: int, classes: int | None, layers: int, rate: float) -> None:
        super().__init__()
        require_positive("the mapping network", latent=latent, style=style, mapping_layers=layers)
        if not rate > 0:
            raise ConfigError([Problem("mapping_rate", f"is {rate}; it must be above 0")], "the mapping network")
        self.latent, self.classes = latent, classes
        self.embedding = None if classes is None else LabelEmbedding(classes, latent)
        sizes = [latent if classes is None else 2 * latent, *([style] * layers)]
        self.layers = nn.ModuleList(
            EqualisedLinear(before, after, gain=ROOT_TWO, rate=rate) for before, after in pairwise(sizes)
        )

    def forward(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
        """Styles `w_BD` of latent vectors, whose length does not matter; in the precision of the weights.

        Raises:
            ValueError: there are classes and no label.
        """
        with torch.autocast(z_BN.device.type, enabled=False):
            w = _normalised(z_BN.to(next(self.layers.parameters()).dtype))
            if self.embedding is not None:
                w = torch.cat([w, _normalised(self.embedding(label_B))], dim=1)
            for layer in self.layers:
                w = activate(layer(w))
            return w

    @torch.no_grad()
    def mean(self, samples: int) -> Tensor:
        """The mean style over fixed latent vectors: `[1, D]`, or one row per class `[K, D]`."""
        like = next(self.parameters())
        places = torch.arange(samples, device=like.device)
        z_BN = Noise(0, 0, places, "mean_style").normal("z", self.latent, dtype=like.dtype)
        if self.classes is None:
            return self(z_BN).mean(0, keepdim=True)  # type: ignore[no-any-return]
        return torch.stack([self(z_BN, torch.full_like(places, label)).mean(0) for label in range(self.classes)])

    def towards(self, mean_KD: Tensor, w: Tensor, truncation: float, label_B: Tensor | None) -> Tensor:
        """Styles moved to the mean of their class until only the share `truncation` of the way is left.

        Raises:
            ValueError: the share is outside of [0, 1], or there are classes and no label.
        """
        if not 0 <= truncation <= 1:
            raise ValueError(f"truncation must be from 0 to 1, got {truncation}")
        mean_BD = mean_KD
        if self.classes is not None:
            if label_B is None:
                raise ValueError(f"there is a mean style for each of {self.classes} classes: truncation needs labels")
            weights = label_B.is_floating_point()
            mean_BD = label_B.to(mean_KD.dtype) @ mean_KD if weights else mean_KD[label_B]
        return torch.lerp(mean_BD if w.dim() == 2 else mean_BD[:, None], w, truncation)


def _normalised(rows_BN: Tensor) -> Tensor:
    """Each row divided by its root mean square (Karras et al. 2018, section 4.2): that of a normal one is about 1."""
    return rows_BN * (rows_BN.square().mean(1, keepdim=True) + _TINY).rsqrt()
