"""The mapping between two spaces of words: it turns vectors, and changes nothing else about them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Rotation(nn.Module):
    """An orthogonal matrix, the matrix exponential of a skew-symmetric one; it begins as the identity.

    Conneau et al. 2018 (section 3.3, equation 7) pull their matrix back towards the orthogonal ones after each step;
    here it never leaves them.

    Args:
        dimension: of the vectors.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.skew = nn.Parameter(torch.zeros(dimension, dimension))

    def weight(self) -> Tensor:
        """`[E, E]`: the matrix."""
        found: Tensor = torch.matrix_exp(self.skew - self.skew.T)
        return found

    def forward(self, vectors_BE: Tensor) -> Tensor:
        """The vectors, turned; their lengths stay."""
        return vectors_BE @ self.weight().T
