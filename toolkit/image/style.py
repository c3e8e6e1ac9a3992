"""The style-based generator: a latent vector becomes a style, and the style scales every layer's channels.

Karras, Laine & Aila 2019, "A style-based generator architecture for generative adversarial networks" (mapping network,
noise inputs, style mixing, truncation in W), in the form of Karras et al. 2020, "Analyzing and improving the image
quality of StyleGAN" (StyleGAN2: weight demodulation, figure 2d; pictures of all sizes added up, figure 7b).

Randomness. In training mode `draw` gives fresh noise maps and mixed styles, keyed like z by (seed, step, sample). In
evaluation mode it gives z alone, and the maps are those stored with the weights: a picture is a function of its latent
vector and label, whoever computes it (this library, an ONNX export), and a latent vector that was kept gives its
picture back.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, Problem
from toolkit.image.style_layers import StyledConvolution, StyledPicture, stage_widths
from toolkit.image.style_mapping import MappingNetwork
from toolkit.nn.resample import upsample


class StyleGenerator(nn.Module):
    """Mapping network, modulated convolutions, noise per layer, pictures added up (Karras et al. 2019, 2020).

    Channels: `width` at full resolution, twice as many per halving, at most `max_width`. A stage (4x4, 8x8, ...) has
    two convolutions (4x4: one) and a layer that makes a picture. A style is a vector w of length D. With S stages there
    are L = 2 S places where one enters, from coarse to fine: the convolutions in order, then the last picture layer.
    Any other picture layer shares the place of the next convolution. The output is linear, about [-1, 1] once trained.
    Weights have an equalised learning rate, which goes with Adam at about 2e-3.

    Args:
        resolution: height and width of the pictures: a power of two from 4 to 1024.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional generator. A label's vector, normalised like the latent
            one, stands beside it.
        latent: length N of the latent vector.
        style: length D of a style vector.
        width: channels at full resolution.
        max_width: channels of a stage are never more.
        mapping_layers: layers from the latent vector to the style; 8 in the papers, 2 in the authors' later settings
            for small pictures.
        mapping_rate: learning rate of these layers as a multiple of the others'.
        mixing: share of training samples that take the styles of their finer layers from a second latent vector.

    Raises:
        ConfigError: a size is not supported, or `mixing` is no share.
    """

    noise: Tensor

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        latent: int = 64,
        style: int = 128,
        width: int = 32,
        max_width: int = 256,
        mapping_layers: int = 2,
        mapping_rate: float = 0.01,
        mixing: float = 0.9,
    ) -> None:
        super().__init__()
        part = "the style generator"
        widths = stage_widths(resolution, width, max_width, part)
        if not 0 <= mixing <= 1:
            raise ConfigError([Problem("mixing", f"is {mixing}; it is a share, from 0 to 1")], part)
        self.resolution, self.channels, self.classes, self.latent = resolution, channels, classes, latent
        self.style, self.mixing = style, mixing
        self.mapping = MappingNetwork(latent, style, classes, mapping_layers, mapping_rate)
        self.constant = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.convolutions = nn.ModuleList([StyledConvolution(widths[0], widths[0], style, enlarge=False)])
        for before, after in pairwise(widths):
            self.convolutions.append(StyledConvolution(before, after, style, enlarge=True))
            self.convolutions.append(StyledConvolution(after, after, style, enlarge=False))
        self.pictures = nn.ModuleList(StyledPicture(wide, channels, style) for wide in widths)
        self.layers = len(self.convolutions) + 1  # L
        self._sides = [4 * 2 ** ((place + 1) // 2) for place in range(len(self.convolutions))]
        self.register_buffer("noise", torch.randn(self.noise_size))

    @property
    def noise_size(self) -> int:
        """How many values the noise maps of one sample have, all layers together."""
        return sum(side**2 for side in self._sides)

    # -- from latent vectors to pictures --------------------------------------------------------------------------

    def forward(
        self,
        z_BN: Tensor,
        label_B: Tensor | None = None,
        *,
        mix_BN: Tensor | None = None,
        crossover_B: Tensor | None = None,
        noise_BN: Tensor | None = None,
        truncation: float | None = None,
        mean_KD: Tensor | None = None,
    ) -> Tensor:
        """Pictures `x_BCHW`, not clamped.

        Args:
            z_BN: standard normal latent vectors.
            label_B: integer labels, or weights over classes; see `LabelEmbedding`.
            mix_BN: second latent vectors, for style mixing.
            crossover_B: places below this one have the style of `z_BN`, the others that of `mix_BN`.
            noise_BN: see `synthesise`.
            truncation: see `truncate`.
            mean_KD: what `mean_style` gave, to save computing it again.

        Raises:
            ValueError: the generator is conditional and there is no label, or one of `mix_BN` and `crossover_B` is
                given without the other.
        """
        w = self.map(z_BN, label_B)
        if (mix_BN is None) != (crossover_B is None):
            raise ValueError("style mixing needs both mix_BN and crossover_B")
        if mix_BN is not None and crossover_B is not None:
            second_BD = self.map(mix_BN, label_B)
            first_BL = torch.arange(self.layers, device=w.device) < crossover_B[:, None]
            w = torch.where(first_BL[:, :, None], w[:, None], second_BD[:, None])
        if truncation is not None:
            w = self.truncate(w, truncation, label_B, mean_KD)
        return self.synthesise(w, noise_BN)

    def map(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
        """Styles `w_BD` of latent vectors, whose length does not matter; in the precision of the weights.

        Raises:
            ValueError: the generator is conditional and there is no label.
        """
        w_BD: Tensor = self.mapping(z_BN, label_B)
        return w_BD

    def synthesise(self, w: Tensor, noise_BN: Tensor | None = None) -> Tensor:
        """Pictures `x_BCHW` from styles.

        Args:
            w: `w_BD`, one style for all places; or `w_BLD`, one for each, from coarse to fine.
            noise_BN: standard normal `[B, noise_size]`, the maps of every layer one after the other from 4x4 up; zeros
                for none. When left out, the maps stored with the weights, the same for all samples.

        Raises:
            ValueError: a shape does not fit.
        """
        w_BLD = w[:, None].expand(-1, self.layers, -1) if w.dim() == 2 else w
        if w_BLD.dim() != 3 or tuple(w_BLD.shape[1:]) != (self.layers, self.style):
            wanted = f"[B, {self.style}] or [B, {self.layers}, {self.style}]"
            raise ValueError(f"styles must have shape {wanted}, got {list(w.shape)}")
        maps = self._maps(self.noise[None] if noise_BN is None else noise_BN)
        x = self.constant[None].expand(w_BLD.shape[0], -1, -1, -1)
        picture: Tensor | None = None
        for place, (convolution, noise_B1HW) in enumerate(zip(self.convolutions, maps, strict=True)):
            x = convolution(x, w_BLD[:, place], noise_B1HW)
            if place % 2 == 0:  # the last convolution of its stage
                found: Tensor = self.pictures[place // 2](x, w_BLD[:, place + 1])
                picture = found if picture is None else found + upsample(picture)
        assert picture is not None
        return picture

    def _maps(self, noise_BN: Tensor) -> Iterator[Tensor]:
        if noise_BN.dim() != 2 or noise_BN.shape[1] != self.noise_size:
            raise ValueError(f"noise must have shape [B, {self.noise_size}], got {list(noise_BN.shape)}")
        start = 0
        for side in self._sides:
            yield noise_BN[:, start : start + side**2].view(-1, 1, side, side)
            start += side**2

    # -- truncation -----------------------------------------------------------------------------------------------

    def mean_style(self, samples: int = 10_000) -> Tensor:
        """The mean of w over fixed latent vectors: `[1, D]`, or one row per class `[K, D]`.

        Computed when it is asked for, rather than followed while training: it is that of exactly these weights (also
        of averaged ones), and of every class, and training has no state that differs between processes.
        """
        return self.mapping.mean(samples)

    def truncate(
        self, w: Tensor, truncation: float, label_B: Tensor | None = None, mean_KD: Tensor | None = None
    ) -> Tensor:
        """Styles nearer to the mean: m + psi (w - m), Karras et al. 2019, appendix B; less varied, more typical.

        A conditional generator has a mean per class, so that pictures keep to their class; weights over classes blend
        the means.

        Args:
            w: `w_BD` or `w_BLD`.
            truncation: psi from 0 (the mean picture) to 1 (the style itself).
            label_B: integer labels, or weights over classes.
            mean_KD: what `mean_style` gave; computed when left out.

        Raises:
            ValueError: psi is outside of [0, 1], or the generator is conditional and there is no label.
        """
        return self.mapping.towards(self.mean_style() if mean_KD is None else mean_KD, w, truncation, label_B)

    # -- randomness -----------------------------------------------------------------------------------------------

    def draw(self, noise: Noise) -> dict[str, Tensor]:
        """Everything random that a call takes, by name: `z`, and in training mode noise maps and what to mix.

        Args:
            noise: keyed source; every value depends on (seed, step, sample) only.
        """
        dtype = self.constant.dtype
        inputs = {"z": noise.normal("z", self.latent, dtype=dtype)}
        if not self.training:
            return inputs
        inputs["noise_BN"] = noise.normal("maps", self.noise_size, dtype=dtype)
        if self.mixing > 0:
            mixed_B = noise.uniform("mixing") < self.mixing
            inputs["mix_BN"] = noise.normal("z_mix", self.latent, dtype=dtype)
            inputs["crossover_B"] = noise.integers("crossover", 1, self.layers).where(mixed_B, self.layers)
        return inputs
