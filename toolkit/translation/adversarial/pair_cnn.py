"""A discriminator of sentence pairs made of two text CNNs (Yang et al. 2018, section 3.2; Kim 2014)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.translation.adversarial.pair_text import SubwordEmbedding, require_source


class PairCnn(nn.Module):
    """Features of n-grams of the source and of the translation, their maxima over the text, and a score of both.

    Args:
        vocabulary: number of subwords.
        pad_id: fills the places after a text.
        embedding: width of the vectors of subwords.
        widths: of the filters, in subwords; each occurs in both sentences.
        filters: of every width.
        hidden: width of the layer that sees both sentences.
        dropout: of the features, in training.
    """

    def __init__(
        self,
        vocabulary: int,
        pad_id: int,
        embedding: int = 64,
        widths: tuple[int, ...] = (1, 2, 3, 5),
        filters: int = 48,
        hidden: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embed = SubwordEmbedding(vocabulary, pad_id, embedding)
        self.source = TextCnn(embedding, widths, filters)
        self.target = TextCnn(embedding, widths, filters)
        both = 2 * filters * len(widths)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(both, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One logit for each pair.

        Args:
            data: translations, `ids_BT` or `rows_BTV`.
            condition: sources, `ids_BS`.
        """
        source = self.source(*self.embed(require_source(condition)))
        target = self.target(*self.embed(data))
        hidden = nn.functional.leaky_relu(self.hidden(self.dropout(torch.cat([source, target], 1))), 0.2)
        return DiscriminatorOutput((self.out(hidden).squeeze(1),), (source, target, hidden))


class TextCnn(nn.Module):
    """Maxima over a text of filters of several widths, `[B, widths * filters]`; they end in a highway layer."""

    def __init__(self, embedding: int, widths: tuple[int, ...], filters: int) -> None:
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv1d(embedding, filters, width, padding=width - 1) for width in widths)
        count = filters * len(widths)
        self.change, self.gate = nn.Linear(count, count), nn.Linear(count, count)
        nn.init.constant_(self.gate.bias, -1.0)  # mostly passes on, at first (Srivastava et al. 2015)

    def forward(self, vectors_BTE: Tensor, text_BT: Tensor) -> Tensor:
        """Of vectors that are zero beside the text, and where there is text."""
        across = vectors_BTE.transpose(1, 2)
        length = text_BT.sum(1, keepdim=True)
        found = []
        for layer in self.filters:
            values = layer(across)  # one place for each window that touches a place, before the text and after it
            reach = length + values.shape[2] - text_BT.shape[1]
            touches = torch.arange(values.shape[2], device=values.device).unsqueeze(0) < reach
            found.append(values.masked_fill(~touches.unsqueeze(1), -torch.inf).amax(2))
        best = nn.functional.leaky_relu(torch.cat(found, 1), 0.2)
        gate = torch.sigmoid(self.gate(best))
        return gate * nn.functional.leaky_relu(self.change(best), 0.2) + (1 - gate) * best
