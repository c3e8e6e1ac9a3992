"""A discriminator that looks through a network which already knows how to see.

Sauer, Chitta, Mueller & Geiger 2021, "Projected GANs converge faster", sections 3.1 and 3.2: a frozen network makes
feature maps of the pictures, random frozen convolutions mix them across channels (1x1) and scales (3x3, from the
coarsest map up, like one half of a U-Net), so that no discriminator can rely on a few channels, and one small
discriminator judges each mixed map.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.config import PartOf
from toolkit.image.checks import require_pictures, require_positive
from toolkit.image.frozen import FrozenFeatures, freeze
from toolkit.nn.conditioning import LabelEmbedding
from toolkit.nn.init import fan_in_normal_, leaky_relu_gain
from toolkit.nn.resample import upsample
from toolkit.nn.spectral import normalise_spectrally

_SLOPE = 0.2  # of every leaky ReLU
_FINAL = 4  # rows and columns of logits, as published
_LARGEST = 4  # times the width


class RandomMixing(nn.Module):
    """Random projections of feature maps, never trained: m_l = M_l f_l + S_l up(m_(l+1)).

    M_l is a 1x1 and S_l a 3x3 convolution with He-normal weights, so a mixed map is about as large as what it is made
    of. A square 1x1 matrix of random numbers loses no information.

    Args:
        widths: channels of the maps, from the finest to the coarsest.
        mixed: channels of the mixed maps.
    """

    def __init__(self, widths: list[int], mixed: list[int]) -> None:
        super().__init__()
        self.channels = nn.ModuleList(_random(before, after, 1) for before, after in zip(widths, mixed, strict=True))
        self.scales = nn.ModuleList(_random(coarse, fine, 3) for fine, coarse in pairwise(mixed))
        freeze(self)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Mixed maps of the same sizes, from the finest to the coarsest."""
        mixed = [self.channels[-1](maps[-1])]
        for place in reversed(range(len(maps) - 1)):
            coarse = self.scales[place](_resized(mixed[-1], maps[place]))
            mixed.append(self.channels[place](maps[place]) + coarse)
        return mixed[::-1]


class MapDiscriminator(nn.Module):
    """One small discriminator: strided 4x4 convolutions with leaky ReLU, down to the smallest map of 4x4 or more.

    Labels enter by projection at every position (Miyato & Koyama 2018, equation 3).

    Args:
        before: channels of the map it judges.
        size: height or width of that map, whichever is less; under 8 a 3x3 convolution stands for the strided ones.
        width: channels of the first layer; doubled with every halving, up to 4 times.
        classes: number of classes, or `None`.
    """

    def __init__(self, before: int, size: int, width: int, classes: int | None) -> None:
        super().__init__()
        halvings = max((size // _FINAL).bit_length() - 1, 0)
        widths = [before, *(width * min(2**place, _LARGEST) for place in range(max(halvings, 1)))]
        self.layers = nn.ModuleList(
            nn.Conv2d(here, there, 4, stride=2, padding=1) if halvings else nn.Conv2d(here, there, 3, padding=1)
            for here, there in pairwise(widths)
        )
        self.head = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.projection = None if classes is None else LabelEmbedding(classes, widths[-1], std=widths[-1] ** -0.5)
        for convolution in (*self.layers, self.head):
            assert isinstance(convolution, nn.Conv2d)
            assert convolution.bias is not None
            fan_in_normal_(convolution.weight, leaky_relu_gain(_SLOPE) if convolution is not self.head else 1.0)
            nn.init.zeros_(convolution.bias)

    def forward(self, map_BNHW: Tensor, label_B: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """Logits `[B, h, w]`, and the activations of every layer."""
        features = []
        x = map_BNHW
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE, inplace=True)
            features.append(x)
        assert self.head.bias is not None
        dtype = self.head.bias.dtype
        logits_BHW = self.head(x)[:, 0].to(dtype)
        if self.projection is not None:
            logits_BHW = logits_BHW + (self.projection(label_B)[:, :, None, None] * x.to(dtype)).sum(1)
        return logits_BHW, features


class ProjectedDiscriminator(nn.Module):
    """Small discriminators on the mixed features of a frozen network (Sauer et al. 2021).

    Only the small discriminators are trained. The feature network and the random mixing are part of checkpoints. The
    authors use the hinge loss and differentiable augmentation (`augmentation: diffaugment`), which acts on pictures.

    Args:
        features: the network to look through: a recipe names an extractor, e.g. `{name: classifier, model: FOLDER}`;
            from Python also a torch module with a method `maps(x)`. See `toolkit.metrics.extractor.FeatureMaps`.
        resolution: height and width of the pictures.
        channels: colours of the pictures; where the network wants others they are converted: alpha is laid on white,
            grey repeated, colour averaged.
        classes: number of classes; `None` for an unconditional discriminator.
        width: channels of a small discriminator's first layer; doubled with every halving, up to 4 times.
        mixed_width: most channels of a mixed map; `None` keeps as many as the network gives, and with them all that
            it sees, which costs much for networks of more than some hundred.
        spectral_norm: divide every trained weight by its largest singular value, as published.

    Raises:
        ConfigError: the network shows no maps, or cannot take such pictures.
    """

    def __init__(
        self,
        features: Annotated[Any, PartOf("extractors")],
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        width: int = 64,
        mixed_width: int | None = None,
        spectral_norm: bool = True,
    ) -> None:
        super().__init__()
        limit = {} if mixed_width is None else {"mixed_width": mixed_width}
        require_positive("the projected discriminator", resolution=resolution, channels=channels, width=width, **limit)
        self.resolution, self.channels, self.classes = resolution, channels, classes
        self.features = FrozenFeatures(features, resolution, channels)
        found = [shape[0] for shape in self.features.shapes]
        mixed = [min(item, mixed_width or item) for item in found]
        self.mixing = RandomMixing(found, mixed)
        self.heads = nn.ModuleList(
            MapDiscriminator(before, min(rows, columns), width, classes)
            for before, (_, rows, columns) in zip(mixed, self.features.shapes, strict=True)
        )
        if spectral_norm:
            normalise_spectrally(self.heads)

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        """Logits `[B, h, w]` of every small discriminator, the finest map's first; their activations as features.

        Raises:
            ValueError: the pictures have another shape, or the discriminator is conditional and there is no label.
        """
        require_pictures(x_BCHW, self.channels, self.resolution)
        logits: list[Tensor] = []
        features: list[Tensor] = []
        for head, mixed in zip(self.heads, self.mixing(self.features(x_BCHW)), strict=True):
            answer, seen = head(mixed, label_B)
            logits.append(answer)
            features += seen
        return DiscriminatorOutput(tuple(logits), tuple(features))


def _random(before: int, after: int, size: int) -> nn.Conv2d:
    convolution = nn.Conv2d(before, after, size, padding=size // 2, bias=False)
    fan_in_normal_(convolution.weight)
    return convolution


def _resized(x_BCHW: Tensor, like_BCHW: Tensor) -> Tensor:
    """As high and wide as another map, bilinearly."""
    (height, width), wanted = x_BCHW.shape[-2:], tuple(like_BCHW.shape[-2:])
    if wanted == (height, width):
        return x_BCHW
    if wanted == (2 * height, 2 * width):
        return upsample(x_BCHW)  # the usual case, in the form whose gradient is the same every time on a GPU
    return F.interpolate(x_BCHW, wanted, mode="bilinear", align_corners=False)
