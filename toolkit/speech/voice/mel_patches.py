"""A discriminator of mel spectrograms: does each patch look like speech, or like an average of speech?

What is trained on distances alone says the mean of all that could be said, and its spectrograms are too smooth: voices
sound muffled. A discriminator that sees patches of some hundred milliseconds tells the smooth from the real.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.speech.waves import SLOPE, normed, require_positive


class MelPatchDiscriminator(nn.Module):
    """Judges patches of log-mel spectrograms (Isola et al. 2017, "Image-to-image translation", section 3.2.2).

    Four convolutions of 3 x 3 over bands and frames, the middle two halving the bands, with weight normalisation as in
    the discriminators of waves. With 4 layers a logit sees 9 frames, 0.1 s at the usual hop.

    Args:
        mels: bands of the spectrograms.
        channels: of the first layer; the others have twice as many. 16 costs about as much as the acoustic model.
        mel_scale: mean and standard deviation of log-mels.
        spectral_norm: normalise spectrally instead of by weight normalisation.
    """

    def __init__(
        self,
        mels: int,
        channels: int = 16,
        mel_scale: tuple[float, float] = (-5.0, 2.0),
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        require_positive("the mel discriminator", mels=mels, channels=channels)
        self.mel_scale = mel_scale
        widths = [1, channels, 2 * channels, 2 * channels]
        strides = [(2, 1), (2, 1), (2, 2)]
        self.layers = nn.ModuleList(
            normed(nn.Conv2d(narrow, wide, 3, stride, padding=1), spectral_norm)
            for narrow, wide, stride in zip(widths[:-1], widths[1:], strides, strict=True)
        )
        self.head = normed(nn.Conv2d(2 * channels, 1, 3, padding=1), spectral_norm)

    def forward(self, mel_BMT: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """Logits `[B, patches]`; features `[B, C, bands, frames]` of every layer.

        Args:
            mel_BMT: log-mels; padding must be the same in real and generated ones.
            condition: not looked at.

        Raises:
            ValueError: the spectrograms have another shape.
        """
        if mel_BMT.dim() != 3:
            raise ValueError(f"this network judges mel spectrograms of shape [B, M, T], got {list(mel_BMT.shape)}")
        x = ((mel_BMT - self.mel_scale[0]) / self.mel_scale[1])[:, None].contiguous(memory_format=torch.channels_last)
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            features.append(x)
        return DiscriminatorOutput((self.head(x).flatten(1),), tuple(features))
