"""The acoustic model as one network for other programs: units in, frames out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toolkit.speech.text.inventory import PADDING
from toolkit.speech.voice.acoustic import AcousticModel


class ExportedVoice(nn.Module):
    """Units with predicted timing, pitch and energy, spread over frames, decoded.

    The frames of a batch are as many as its longest sample has; behind the end of a sample stands 0, which no log-mel
    of speech is. Timing is controlled by `pace`, which divides the length of every unit.

    Args:
        model: the acoustic model; its weights are shared.
    """

    def __init__(self, model: AcousticModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, symbols_BN: Tensor, stress_BN: Tensor, initial_BN: Tensor, speaker_B: Tensor, pace_B: Tensor
    ) -> Tensor:
        """Log-mels [B, T, M].

        Args:
            symbols_BN: numbers of the inventory, 0 behind the units of a sample.
            stress_BN: 0 none, 1 primary, 2 secondary.
            initial_BN: 1 where a word begins.
            speaker_B: number of the speaker.
            pace_B: 1 as the voice speaks by itself, 2 twice as fast.
        """
        model = self.model
        mask_BN = symbols_BN != PADDING
        hidden = model.encoder(model.embed(symbols_BN, stress_BN, initial_BN, speaker_B), mask_BN)
        log_durations, pitch, energy = model.predict(hidden, mask_BN)
        lengths = (log_durations.exp() / pace_B[:, None]).clamp(min=1.0) * mask_BN
        ends = lengths.cumsum(1).round().to(torch.int64)
        durations = torch.diff(ends, dim=1, prepend=torch.zeros_like(ends[:, :1])).clamp(min=0)
        coloured = model.colour(hidden, pitch, energy, mask_BN)
        frames_T = torch.arange(int(ends[:, -1].max()), device=symbols_BN.device)
        path = (frames_T[None, :, None] >= ends[:, None, :]).sum(2).clamp(max=symbols_BN.shape[1] - 1)
        inside = frames_T[None] < ends[:, -1:]
        decoded: Tensor = model.decode_frames(model.spread(coloured, durations, path), inside)
        return decoded


def example_units(symbols: int, speakers: int, batch: int = 2, length: int = 12) -> dict[str, Tensor]:
    """Inputs of `ExportedVoice`, the same every time."""
    places = torch.arange(batch * length).view(batch, length)
    return {
        "symbols": 1 + places * 7 % max(symbols - 1, 1),
        "stress": places % 3,
        "initial": (places % 4 == 0).long(),
        "speaker": torch.arange(batch) % speakers,
        "pace": torch.ones(batch),
    }
