"""A picture as a function: colour from a pixel's place and a latent vector."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from toolkit.nn.conditioning import LabelEmbedding


class CoordinateGenerator(nn.Module):
    """Every pixel is computed alone, from its coordinates and the latent vector (Stanley 2007; Anokhin et al. 2021).

    Stanley, "Compositional pattern producing networks"; Anokhin et al., "Image generators with conditionally-
    independent pixel synthesis". The latent vector moves and zooms the plane of coordinates (as at the input of Karras
    et al. 2021, "Alias-free generative adversarial networks"), and scales and shifts every layer (Perez et al. 2018,
    "FiLM: visual reasoning with a general conditioning layer"). Coordinates enter as sines and cosines (Tancik et al.
    2020, "Fourier features let networks learn high frequency functions in low dimensional domains").

    Args:
        resolution: height and width of the pictures; any number, since places are continuous.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional generator.
        latent: length N of the latent vector.
        width: units per layer.
        depth: number of layers.
        octaves: frequencies per axis, each twice the one before.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        latent: int = 32,
        width: int = 64,
        depth: int = 3,
        octaves: int = 4,
    ) -> None:
        super().__init__()
        self.resolution, self.channels, self.classes, self.latent = resolution, channels, classes, latent
        self.embedding = None if classes is None else LabelEmbedding(classes, latent)
        inputs = latent if classes is None else 2 * latent
        self.places: Tensor
        self.frequencies: Tensor
        self.register_buffer("places", grid(resolution), persistent=False)
        self.register_buffer("frequencies", math.pi / 2 * 2.0 ** torch.arange(octaves), persistent=False)
        self.frame = nn.Linear(inputs, 3)
        sizes = [4 * octaves, *[width] * depth]
        self.layers = nn.ModuleList(nn.Linear(sizes[place], width) for place in range(depth))
        self.styles = nn.ModuleList(nn.Linear(inputs, 2 * width) for _ in range(depth))
        self.head = nn.Linear(width, channels)

    def forward(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
        """Pictures `x_BCHW` within [-1, 1].

        Args:
            z_BN: standard normal latent vectors.
            label_B: integer labels; needed by a conditional generator.
        """
        if self.embedding is not None:
            z_BN = torch.cat([z_BN, self.embedding(label_B)], dim=1)
        move, zoom = self.frame(z_BN)[:, None].split([2, 1], dim=2)
        angles = ((self.places + move) * zoom.exp())[..., None] * self.frequencies  # P places, row by row
        x_BPN = torch.cat([angles.sin(), angles.cos()], dim=3).flatten(2)
        for layer, style in zip(self.layers, self.styles, strict=True):
            scale, shift = style(z_BN)[:, None].chunk(2, dim=2)
            x_BPN = nn.functional.leaky_relu(layer(x_BPN) * (1 + scale) + shift, 0.2)
        colours_BPC: Tensor = self.head(x_BPN).to(self.head.weight.dtype).tanh()
        return colours_BPC.transpose(1, 2).reshape(-1, self.channels, self.resolution, self.resolution)


def grid(resolution: int) -> Tensor:
    """`[resolution^2, 2]`: row and column of every pixel's centre; the picture reaches from -1 to 1."""
    axis = (torch.arange(resolution) + 0.5) / resolution * 2 - 1
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([rows, columns], dim=2).view(-1, 2)
