"""An aligner that learns from recordings and texts alone which frames belong to which unit.

Every unit has a mean frame, and a frame is the likelier the nearer it is to the mean: a hidden Markov model with one
Gaussian for each unit, as in Glow-TTS (Kim et al. 2020, section 3.2). What is trained is the likelihood of all
monotonic paths together (Badlani et al. 2021, "One TTS alignment to rule them all", section 2.2), with a prior near the
diagonal (section 2.3).

A unit's mean depends on the unit alone, not on its neighbours: networks that see the neighbours too explain a shifted
alignment as well as the right one, and stay with it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

EXCLUDED = -1e4
"""Score of units that a sample does not have: as good as none, and finite in every sum."""

_SHARPNESS = 8.0  # per mean squared difference of bands; bands of speech are not independent, so less than their number


class Aligner(nn.Module):
    """Scores of each unit at each frame: Gaussian log-likelihoods, and the prior's logarithm.

    Args:
        mels: bands of the frames.
        width: of the units' embeddings.
    """

    def __init__(self, mels: int, width: int) -> None:
        super().__init__()
        self.mean = nn.Linear(width, mels)

    def forward(self, units_BNC: Tensor, frames_BTM: Tensor, mask_BN: Tensor, prior_BTN: Tensor) -> Tensor:
        """Log-scores [B, T, N], not normalised.

        Args:
            units_BNC: embeddings, 0 behind the units of a sample.
            frames_BTM: normalised log-mels, 0 behind the frames of a sample.
            mask_BN: whether a unit belongs to its sample.
            prior_BTN: log-probabilities.
        """
        with torch.autocast(units_BNC.device.type, enabled=False):
            mean_BNM = self.mean(_precise(units_BNC))
            frames_BTM = frames_BTM.to(mean_BNM.dtype)
            squares = frames_BTM.square().mean(2)[:, :, None] + mean_BNM.square().mean(2)[:, None, :]
            distances = squares - 2 / mean_BNM.shape[2] * frames_BTM @ mean_BNM.transpose(1, 2)
            scores = prior_BTN.to(distances.dtype) - _SHARPNESS * distances
            masked: Tensor = scores.masked_fill(~mask_BN[:, None], EXCLUDED)
            return masked


def _precise(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
