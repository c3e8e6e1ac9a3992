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


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation with a gain and a bias of its own for every class.

    gamma_y (x - mean) / std + beta_y per channel (de Vries et al. 2017, "Modulating early visual processing by
    language", section 3.1; for generators Miyato & Koyama 2018). Gains start at 1, biases at 0.

    Args:
        channels: channels C of the input.
        classes: number of classes.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = LabelEmbedding(classes, channels, std=0.0)
        self.bias = LabelEmbedding(classes, channels, std=0.0)
        nn.init.ones_(self.gain.weight)

    def forward(self, x_BCHW: Tensor, label: Tensor | None) -> Tensor:
        """`x_BCHW` of the same shape and dtype.

        Args:
            x_BCHW: activations.
            label: integers, or weights over classes; see `LabelEmbedding`.

        Raises:
            ValueError: there is no label.
        """
        normed: Tensor = self.norm(x_BCHW)
        gain_BC11, bias_BC11 = (item(label).to(normed.dtype)[:, :, None, None] for item in (self.gain, self.bias))
        return torch.addcmul(bias_BC11, normed, gain_BC11)
