"""The acoustic model as one network for other programs: units in, frames out."""

from __future__ import annotations

import torch
from torch import Tensor

from toolkit.speech.text.inventory import PADDING
from toolkit.speech.voice.acoustic import AcousticModel


class ExportedVoice(AcousticModel):
    """Units with predicted timing, pitch and energy, spread over frames, decoded.

    Shapes follow from the inputs alone, so that exporters need not know how long a sentence will be: the caller offers
    more frames than it can need, 20 for each unit say, and cuts off the zeros behind its end, which no log-mel of
    speech is.
    """

    @classmethod
    def of(cls, model: AcousticModel) -> ExportedVoice:
        """A model in this form; its weights are shared."""
        made = cls.__new__(cls)
        made.__dict__ = dict(model.__dict__)
        return made

    def forward(self, units_B3N: Tensor, frames_BT: Tensor, speaker_B: Tensor, pace_B: Tensor) -> Tensor:  # type: ignore[override]
        """Log-mels [B, T, M], 0 behind the end of each sentence.

        Args:
            units_B3N: numbers of the inventory, 0 behind the units of a sample; stress; whether a word begins.
            frames_BT: 0, 1, 2, ...
            speaker_B: number of the speaker.
            pace_B: 1 as the voice speaks by itself, 2 twice as fast.
        """
        symbols_BN, stress_BN, initial_BN = units_B3N.unbind(1)
        mask_BN = symbols_BN != PADDING
        hidden = self.encoder(self.embed(symbols_BN, stress_BN, initial_BN, speaker_B), mask_BN)
        log_durations, pitch, energy = self.predict(hidden, mask_BN)
        lengths = (log_durations.exp() / pace_B[:, None]).clamp(min=1.0) * mask_BN
        ends = lengths.cumsum(1).round().to(torch.int64)
        durations = ends - torch.nn.functional.pad(ends, (1, 0))[:, :-1]
        coloured = self.colour(hidden, pitch.to(hidden.dtype), energy.to(hidden.dtype), mask_BN)
        path = (frames_BT[:, :, None] >= ends[:, None, :]).sum(2).clamp(max=symbols_BN.shape[1] - 1)
        inside = frames_BT < ends[:, -1:]
        return self.decode_frames(self.spread(coloured, durations, path), inside)


def example_units(symbols: int, speakers: int, batch: int = 2, length: int = 12) -> dict[str, Tensor]:
    """Inputs of `ExportedVoice`, the same every time."""
    places = torch.arange(batch * length).view(batch, length)
    return {
        "units": torch.stack([1 + places * 7 % max(symbols - 1, 1), places % 3, (places % 4 == 0).long()], 1),
        "frames": torch.arange(8 * length).expand(batch, -1).contiguous(),
        "speaker": torch.arange(batch) % speakers,
        "pace": torch.ones(batch),
    }
