"""A discriminator that judges patches of faces, and whether they fit the landmarks they were made for."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.face.landmark_maps import LINES, landmark_maps
from toolkit.image.checks import require_positive
from toolkit.nn.spectral import normalise_spectrally


class FacePatchDiscriminator(nn.Module):
    """Strided convolutions over the picture and its landmarks as lines; one logit for each patch.

    Source: P. Isola et al., "Image-to-image translation with conditional adversarial networks", CVPR 2017, section 3.2
    (patches, condition beside the picture), with spectral normalisation (Miyato et al. 2018).

    Args:
        channels: colours of the pictures.
        width: channels of the first layer, doubled twice.
        spectral_norm: whether weights are divided by their largest singular value.
    """

    def __init__(self, channels: int = 3, width: int = 32, spectral_norm: bool = True) -> None:
        super().__init__()
        require_positive("the patch discriminator", channels=channels, width=width)
        self.first = nn.Conv2d(channels + len(LINES), width, 4, 2, 1)
        self.second = nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.third = nn.Conv2d(2 * width, 4 * width, 4, 2, 1)
        self.last = nn.Conv2d(4 * width, 1, 3, 1, 1)
        if spectral_norm:
            normalise_spectrally(self)

    def forward(self, x_BCHW: Tensor, points_BN2: Tensor | None = None) -> DiscriminatorOutput:
        """Logits `[B, H / 8, W / 8]`, and what the three layers before saw.

        Args:
            x_BCHW: pictures in [-1, 1].
            points_BN2: the landmarks that they should have, from 0 to 1; `None` draws no lines.
        """
        if points_BN2 is None:
            lines = x_BCHW.new_zeros(len(x_BCHW), len(LINES), *x_BCHW.shape[2:])
        else:
            half = landmark_maps(points_BN2.to(x_BCHW.dtype), x_BCHW.shape[-1] // 2)
            lines = interpolate(half, scale_factor=2.0, mode="bilinear", align_corners=False)
        x, features = torch.cat([x_BCHW, lines], 1), []
        for layer in (self.first, self.second, self.third):
            x = leaky_relu(layer(x), 0.2)
            features.append(x)
        return DiscriminatorOutput((self.last(x)[:, 0],), tuple(features))
