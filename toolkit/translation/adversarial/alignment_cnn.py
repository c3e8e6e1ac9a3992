"""A discriminator that sees each subword of the source beside each one of the translation (Wu et al. 2018)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.translation.adversarial.pair_text import SubwordEmbedding, require_source


class AlignmentCnn(nn.Module):
    """A 2-D CNN over the grid whose cell (i, j) knows source subword i and target subword j.

    A cell begins as a linear function of both vectors, which is what a 1 x 1 convolution makes of the two put together
    (Wu et al. 2018, section 3.2), at a fraction of the memory.

    Args:
        vocabulary: number of subwords.
        pad_id: fills the places after a text.
        embedding: width of the vectors of subwords.
        channels: of the grid; each further layer has twice as many.
        layers: 3 x 3 convolutions, each followed by a 2 x 2 maximum.
        hidden: width of the layer before the score.
    """

    def __init__(
        self,
        vocabulary: int,
        pad_id: int,
        embedding: int = 64,
        channels: int = 24,
        layers: int = 2,
        hidden: int = 64,
    ) -> None:
        super().__init__()
        self.embed = SubwordEmbedding(vocabulary, pad_id, embedding)
        self.of_source = nn.Linear(embedding, channels)
        self.of_target = nn.Linear(embedding, channels, bias=False)
        counts = [channels * 2**place for place in range(layers + 1)]
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(counts))
        self.hidden = nn.Linear(2 * counts[-1], hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One logit for each pair.

        Args:
            data: translations, `ids_BT` or `rows_BTV`.
            condition: sources, `ids_BS`.
        """
        source, source_text = self.embed(require_source(condition))
        target, target_text = self.embed(data)
        cells = self.of_source(source).unsqueeze(2) + self.of_target(target).unsqueeze(1)
        text = (source_text.unsqueeze(2) * target_text.unsqueeze(1)).unsqueeze(1)
        grid = torch.relu(cells.permute(0, 3, 1, 2)) * text
        features = []
        for layer in self.layers:
            grid = torch.relu(layer(grid)) * text
            grid = nn.functional.max_pool2d(grid, 2, ceil_mode=True)  # zeros beside the text change no maximum
            text = nn.functional.max_pool2d(text, 2, ceil_mode=True)
            features.append(grid)
        mean = (grid * text).sum((2, 3)) / text.sum((2, 3)).clamp(min=1)
        pooled = torch.cat([grid.amax((2, 3)), mean], 1)
        hidden = nn.functional.leaky_relu(self.hidden(pooled), 0.2)
        return DiscriminatorOutput((self.out(hidden).squeeze(1),), (pooled, hidden))
