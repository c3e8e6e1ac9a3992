"""A small network that hears phonemes: how intelligible a voice is, without any weights from elsewhere."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toolkit.errors import ConfigError, Problem
from toolkit.speech.vocos import ConvNeXtBlock
from toolkit.speech.voice.alignment import frame_mask

BLANK = 0
"""The number of no phoneme; the inventory's padding, which no text holds."""


class PhonemeRecognizer(nn.Module):
    """Log-mels to scores of phonemes, every second frame: ConvNeXt blocks after a convolution of stride 2.

    Width 160 with 6 blocks is 1 million parameters with 80 mels and 60 symbols.

    Args:
        symbols: size of the inventory; its padding is the blank.
        mels: bands of the log-mel spectrogram.
        mel_scale: mean and standard deviation of log-mels.
        width: of the network.
        blocks: ConvNeXt blocks.
        kernel: frames that each block's convolution sees; odd.
        dropout: before the last layer.

    Raises:
        ConfigError: a size is not possible.
    """

    stride = 2

    def __init__(
        self,
        symbols: int,
        mels: int,
        mel_scale: tuple[float, float] = (-5.0, 2.0),
        width: int = 160,
        blocks: int = 6,
        kernel: int = 9,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        sizes = {"symbols": symbols, "mels": mels, "width": width, "blocks": blocks}
        problems = [Problem(name, f"is {size}; it must be at least 1") for name, size in sizes.items() if size < 1]
        if kernel < 1 or kernel % 2 == 0:
            problems.append(Problem("kernel", f"is {kernel}; it must be odd"))
        if problems:
            raise ConfigError(problems, "the phoneme recogniser")
        self.symbols, self.mels, self.mel_scale = symbols, mels, mel_scale
        self.first = nn.Conv1d(mels, width, 5, stride=self.stride, padding=2)
        self.first_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, 3 * width, kernel, 1 / blocks) for _ in range(blocks))
        self.last_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, symbols)

    def forward(self, mel_BTM: Tensor, frames_B: Tensor) -> Tensor:
        """Scores [B, ceil(T / 2), symbols], not normalised; behind the end of a sample they mean nothing.

        Args:
            mel_BTM: log-mels.
            frames_B: frames of each sample.
        """
        seen = (mel_BTM - self.mel_scale[0]) / self.mel_scale[1] * frame_mask(frames_B, mel_BTM.shape[1])[..., None]
        x_BTC = self.first_norm(self.first(seen.transpose(1, 2)).transpose(1, 2))
        mask = frame_mask(self.lengths(frames_B), x_BTC.shape[1])[..., None]
        for block in self.blocks:
            x_BTC = block(x_BTC * mask)
        scores: Tensor = self.head(self.dropout(self.last_norm(x_BTC)))
        return scores if scores.dtype == torch.float64 else scores.float()

    def lengths(self, frames_B: Tensor) -> Tensor:
        """Places of the output that belong to each sample."""
        return (frames_B + self.stride - 1) // self.stride
