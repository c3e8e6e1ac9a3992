"""What discriminators of sentence pairs read: ids or rows of subwords as vectors, and where there is text."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SubwordEmbedding(nn.Module):
    """Vectors of subwords: of ids `[B, T]`, or of rows `[B, T, V]`, through which a gradient passes.

    Args:
        vocabulary: number of subwords.
        pad_id: fills the places after a text; its vector is nowhere used.
        width: of the vectors.
    """

    def __init__(self, vocabulary: int, pad_id: int, width: int) -> None:
        super().__init__()
        self.pad_id = pad_id
        self.weight = nn.Parameter(torch.randn(vocabulary, width) * width**-0.5)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """`vectors_BTE`, zero where there is no text, and `text_BT`, 1 where there is."""
        if tokens.is_floating_point():
            text = 1 - tokens.detach()[..., self.pad_id].round()
            vectors = tokens @ self.weight
        else:
            text = (tokens != self.pad_id).to(self.weight.dtype)
            vectors = nn.functional.embedding(tokens, self.weight)
        return vectors * text.unsqueeze(-1), text


def require_source(condition: Tensor | None) -> Tensor:
    """The ids of the source, which discriminators of pairs are told as the condition.

    Raises:
        ValueError: there is none.
    """
    if condition is None:
        raise ValueError("a discriminator of sentence pairs needs the source as its condition")
    return condition
