"""Class labels as vectors, for conditional networks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LabelEmbedding(nn.Module):
    """A learned vector per class; blends vectors when given weights over classes.

    Args:
        classes: number of classes K.
        size: length N of a vector.
        std: standard deviation of the initial values.
    """

    def __init__(self, classes: int, size: int, std: float = 1.0) -> None:
        super().__init__()
        self.classes = classes
        self.weight = nn.Parameter(torch.randn(classes, size) * std)

    def forward(self, label: Tensor | None) -> Tensor:
        """`[B, N]`.

        Args:
            label: integers `[B]` in [0, K), or floating-point weights `[B, K]` over classes, to pass between classes.

        Raises:
            ValueError: there is no label, or its shape fits neither form.
        """
        if label is None:
            raise ValueError(
                f"this network was built with classes={self.classes} and needs a label for every sample, got None"
            )
        if label.is_floating_point():
            if label.dim() != 2 or label.shape[1] != self.classes:
                raise ValueError(f"class weights must have shape [B, {self.classes}], got {list(label.shape)}")
            return label.to(self.weight.dtype) @ self.weight
        if label.dim() != 1:
            raise ValueError(f"labels must be integers of shape [B], got shape {list(label.shape)}")
        return F.embedding(label, self.weight)
