"""The acoustic model: from units of speech to a mel spectrogram, all frames at once.

The plan is that of FastSpeech 2 (Ren et al. 2021, figure 1): an encoder of units, predictors of how long, how high and
how loud each unit is, a length regulator that repeats each unit for its frames, and a decoder of frames. Encoder and
decoder are ConvNeXt blocks as in Vocos: no attention, so a frame depends on its surroundings only and speech can be
made piece by piece, exactly. Pitch and energy are means over units, as in FastPitch (Łańcucki 2021, section 2). The
alignment is learned with it (`toolkit.speech.voice.aligner`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from toolkit.config import PartOf
from toolkit.errors import ConfigError, Problem
from toolkit.speech.text.inventory import PADDING
from toolkit.speech.vocos import ConvNeXtBlock
from toolkit.speech.voice.aligner import Aligner
from toolkit.speech.voice.alignment import (
    beta_binomial_prior,
    durations_of,
    expected_prior,
    frame_mask,
    monotonic_path,
    unit_means,
)
from toolkit.speech.voice.frames import energy_of

STRESSES = 3
"""Kinds of stress: none, primary, secondary."""


@dataclass(frozen=True, slots=True)
class Scales:
    """Means and standard deviations of what the network sees and says, over the training data.

    Attributes:
        mel: of log-mels.
        pitch: of the natural logarithm of Hz.
        energy: of log amplitudes.
    """

    mel: tuple[float, float] = (-5.0, 2.0)
    pitch: tuple[float, float] = (5.0, 0.25)
    energy: tuple[float, float] = (0.0, 2.0)


@dataclass(frozen=True, slots=True)
class Taught:
    """What the network says in training.

    Attributes:
        mel: [B, T, M] log-mels, 0 behind a sample.
        scores: [B, T, N] of the aligner (`toolkit.speech.voice.aligner.Aligner`).
        path: int64 [B, T], the unit of each frame, by monotonic alignment search.
        durations: int64 [B, N], frames of each unit on that path.
        log_durations: [B, N], predicted.
        pitch: [B, N], predicted, in standard deviations.
        energy: [B, N], predicted, in standard deviations.
        real_pitch: [B, N], of the recording on that path.
        real_energy: [B, N], likewise.
    """

    mel: Tensor
    scores: Tensor
    path: Tensor
    durations: Tensor
    log_durations: Tensor
    pitch: Tensor
    energy: Tensor
    real_pitch: Tensor
    real_energy: Tensor

    def fields(self) -> dict[str, Tensor]:
        """All of them by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class AcousticModel(nn.Module):
    """Units to mel spectrograms, with duration, pitch and energy predicted on the way (Ren et al. 2021).

    Width 160 with 4 + 5 blocks is 1.6 million parameters with 80 mels.

    Args:
        symbols: size of the inventory, padding among them.
        mels: bands of the log-mel spectrogram.
        speakers: how many voices there are.
        mel_scale: mean and standard deviation of log-mels.
        pitch_scale: likewise of the natural logarithm of the fundamental frequency in Hz.
        energy_scale: likewise of log amplitudes.
        width: of the network; 128 to 256.
        expansion: width inside a block over `width`.
        encoder_blocks: ConvNeXt blocks over units; 3 to 6.
        decoder_blocks: ConvNeXt blocks over frames; 4 to 8.
        kernel: units or frames that each block's convolution sees; odd.
        dropout: in the predictors, which learn small recordings by heart first.
        block_dropout: of what each block adds; an hour of recordings is learned by heart without it.
        sound: a generator of waves that belongs to the voice and is trained with it, by the task `text_to_wave`; `null`
            where a vocoder of its own makes the sound.

    Attributes:
        context_frames: frames on each side that one frame depends on, once units have their durations.

    Raises:
        ConfigError: a size is not possible.
    """

    def __init__(
        self,
        symbols: int,
        mels: int,
        speakers: int = 1,
        mel_scale: tuple[float, float] = (-5.0, 2.0),
        pitch_scale: tuple[float, float] = (5.0, 0.25),
        energy_scale: tuple[float, float] = (0.0, 2.0),
        width: int = 160,
        expansion: int = 3,
        encoder_blocks: int = 4,
        decoder_blocks: int = 5,
        kernel: int = 7,
        dropout: float = 0.1,
        block_dropout: float = 0.0,
        sound: Annotated[Any, PartOf("generators")] = None,
    ) -> None:
        super().__init__()
        sizes = {"symbols": symbols, "mels": mels, "speakers": speakers, "width": width, "expansion": expansion}
        problems = [Problem(name, f"is {size}; it must be at least 1") for name, size in sizes.items() if size < 1]
        if kernel < 1 or kernel % 2 == 0:
            problems.append(Problem("kernel", f"is {kernel}; it must be odd, so that a frame stays where it is"))
        if sound is not None and getattr(sound, "mels", None) != mels:
            problems.append(Problem("sound.mels", f"is {getattr(sound, 'mels', None)}; the voice has {mels} bands"))
        if problems:
            raise ConfigError(problems, "the acoustic model")
        self.mels = mels
        self.scales = Scales(mel_scale, pitch_scale, energy_scale)
        self.symbol = nn.Embedding(symbols, width, padding_idx=PADDING)
        self.stress = nn.Embedding(STRESSES, width)
        self.initial = nn.Embedding(2, width)
        self.speaker = nn.Embedding(speakers, width)
        self.encoder = _Blocks(encoder_blocks, width, expansion, kernel, block_dropout)
        self.decoder = _Blocks(decoder_blocks, width, expansion, kernel, block_dropout)
        self.aligner = Aligner(mels, width)
        self.duration, self.pitch, self.energy = (_Predictor(width, dropout) for _ in range(3))
        self.from_pitch, self.from_energy = (nn.Conv1d(1, width, 3, padding=1) for _ in range(2))
        self.place = nn.Linear(3, width)
        self.head = nn.Linear(width, mels)
        self.sound: nn.Module | None = sound
        self.context_frames = decoder_blocks * (kernel // 2)
        for table in (self.symbol, self.stress, self.initial, self.speaker):
            nn.init.normal_(table.weight, std=0.3)
        with torch.no_grad():
            self.symbol.weight[PADDING].zero_()

    # -- training -------------------------------------------------------------------------------------------------

    def forward(
        self,
        symbols_BN: Tensor,
        stress_BN: Tensor,
        initial_BN: Tensor,
        speaker_B: Tensor,
        mel_BTM: Tensor,
        pitch_BT: Tensor,
        frames_B: Tensor,
        expected_BN: Tensor | None = None,
    ) -> Taught:
        """What the network makes of texts whose recordings it is shown: their timing, pitch and energy are given.

        Args:
            symbols_BN: numbers of the inventory, 0 behind the units of a sample.
            stress_BN: 0 none, 1 primary, 2 secondary.
            initial_BN: 1 where a word begins.
            speaker_B: number of the speaker.
            mel_BTM: log-mels of the recordings.
            pitch_BT: their log fundamental frequency, drawn on through unvoiced frames.
            frames_B: frames of each recording, at least as many as units.
            expected_BN: frames at which units should begin, where another voice has read the texts; negative for a
                sample about which nothing is known. The aligner begins there, not at the diagonal.
        """
        mask_BN, inside_BT = symbols_BN != PADDING, frame_mask(frames_B, mel_BTM.shape[1])
        embedded_BNC = self.embed(symbols_BN, stress_BN, initial_BN, speaker_B)
        seen_BTM = (mel_BTM - self.scales.mel[0]) / self.scales.mel[1] * inside_BT[..., None]
        units_B = mask_BN.sum(1)
        prior_BTN = beta_binomial_prior(frames_B, units_B, mel_BTM.shape[1], symbols_BN.shape[1])
        if expected_BN is not None:
            known_B = expected_BN[:, 0] >= 0
            expected_BN = expected_BN.masked_fill(~mask_BN, float(mel_BTM.shape[1]))  # the last unit lasts to the end
            prior_BTN = torch.where(known_B[:, None, None], expected_prior(expected_BN, mel_BTM.shape[1]), prior_BTN)
        scores_BTN = self.aligner(embedded_BNC, seen_BTM, mask_BN, prior_BTN)
        path_BT = monotonic_path(scores_BTN, frames_B, units_B)
        durations_BN = durations_of(path_BT, frames_B, symbols_BN.shape[1])
        pitch_BN = self._unit_scale(pitch_BT, self.scales.pitch, inside_BT, path_BT, durations_BN)
        energy_BN = self._unit_scale(energy_of(mel_BTM), self.scales.energy, inside_BT, path_BT, durations_BN)
        hidden_BNC = self.encoder(embedded_BNC, mask_BN)
        said = self.predict(hidden_BNC, mask_BN)
        voiced_BNC = self.colour(hidden_BNC, pitch_BN.to(hidden_BNC.dtype), energy_BN.to(hidden_BNC.dtype), mask_BN)
        mel = self.decode(voiced_BNC, durations_BN, path_BT, inside_BT)
        return Taught(mel, scores_BTN, path_BT, durations_BN, *said, pitch_BN, energy_BN)

    def _unit_scale(
        self,
        values_BT: Tensor,
        scale: tuple[float, float],
        inside_BT: Tensor,
        path_BT: Tensor,
        durations_BN: Tensor,
    ) -> Tensor:
        """Means over units in standard deviations, 0 for units without frames."""
        scaled_BT = (values_BT - scale[0]) / scale[1] * inside_BT
        return unit_means(scaled_BT, path_BT, durations_BN)

    # -- the parts, for speaking ----------------------------------------------------------------------------------

    def embed(self, symbols_BN: Tensor, stress_BN: Tensor, initial_BN: Tensor, speaker_B: Tensor) -> Tensor:
        """Units as vectors [B, N, C], 0 where there are none."""
        vectors = self.symbol(symbols_BN) + self.stress(stress_BN) + self.initial(initial_BN)
        vectors = vectors + self.speaker(speaker_B)[:, None]
        embedded: Tensor = vectors * (symbols_BN != PADDING)[..., None]
        return embedded

    def predict(self, hidden_BNC: Tensor, mask_BN: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-durations in frames, pitch and energy in standard deviations, [B, N] each."""
        return (
            self.duration(hidden_BNC, mask_BN),
            self.pitch(hidden_BNC, mask_BN),
            self.energy(hidden_BNC, mask_BN),
        )

    def colour(self, hidden_BNC: Tensor, pitch_BN: Tensor, energy_BN: Tensor, mask_BN: Tensor) -> Tensor:
        """Units that know how high and how loud they are, [B, N, C]."""
        pitch = self.from_pitch((pitch_BN * mask_BN)[:, None]).transpose(1, 2)
        energy = self.from_energy((energy_BN * mask_BN)[:, None]).transpose(1, 2)
        coloured: Tensor = hidden_BNC + pitch + energy
        return coloured

    def decode(self, units_BNC: Tensor, durations_BN: Tensor, path_BT: Tensor, inside_BT: Tensor) -> Tensor:
        """Log-mels [B, T, M], 0 behind the samples.

        Args:
            units_BNC: of `colour`.
            durations_BN: frames of each unit.
            path_BT: the unit of each frame.
            inside_BT: whether a frame belongs to its sample.
        """
        return self.decode_frames(self.spread(units_BNC, durations_BN, path_BT), inside_BT)

    def spread(self, units_BNC: Tensor, durations_BN: Tensor, path_BT: Tensor) -> Tensor:
        """The length regulator: each unit for each of its frames, with the frame's place in it, [B, T, C]."""
        frames_BTC = units_BNC.gather(1, path_BT[..., None].expand(-1, -1, units_BNC.shape[2]))
        starts_BN = durations_BN.cumsum(1) - durations_BN
        start_BT, length_BT = starts_BN.gather(1, path_BT), durations_BN.gather(1, path_BT)
        since_BT = torch.arange(path_BT.shape[1], device=path_BT.device)[None] - start_BT
        share = (since_BT + 0.5) / length_BT.clamp(min=1)
        places = torch.stack((share, share.square(), length_BT.clamp(min=1).log() / 2), 2).to(units_BNC.dtype)
        spread: Tensor = frames_BTC + self.place(places)
        return spread

    def decode_frames(self, frames_BTC: Tensor, inside_BT: Tensor) -> Tensor:
        """Log-mels [B, T, M] of frames from `spread`, 0 behind the samples."""
        x_BTC = self.decoder(frames_BTC, inside_BT)
        said = self.head(x_BTC).to(x_BTC.dtype if x_BTC.dtype == torch.float64 else torch.float32)
        mel: Tensor = (self.scales.mel[0] + self.scales.mel[1] * said) * inside_BT[..., None]
        return mel


class _Blocks(nn.Module):
    """ConvNeXt blocks, with nothing behind the end of a sample."""

    def __init__(self, blocks: int, width: int, expansion: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(width, expansion * width, kernel, 1 / max(blocks, 1)) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x_BTC: Tensor, mask_BT: Tensor) -> Tensor:
        mask = mask_BT[..., None]
        for block in self.blocks:
            x_BTC = x_BTC * mask
            x_BTC = x_BTC + self.dropout(block(x_BTC) - x_BTC) if self.training and self.dropout.p else block(x_BTC)
        normed: Tensor = self.norm(x_BTC) * mask
        return normed


class _Predictor(nn.Module):
    """A number for each unit: two convolutions with normalisation and dropout, and a linear layer (Ren et al., 2.3)."""

    def __init__(self, width: int, dropout: float, kernel: int = 3) -> None:
        super().__init__()
        inner = max(width // 2, 1)
        self.layers = nn.ModuleList(
            (
                nn.Conv1d(width, inner, kernel, padding=kernel // 2),
                nn.Conv1d(inner, inner, kernel, padding=kernel // 2),
            )
        )
        self.norms = nn.ModuleList(nn.LayerNorm(inner) for _ in range(2))
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(inner, 1)

    def forward(self, x_BNC: Tensor, mask_BN: Tensor) -> Tensor:
        mask = mask_BN[..., None]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x_BNC = norm(torch.relu(layer((x_BNC * mask).transpose(1, 2)).transpose(1, 2)))
            x_BNC = self.dropout(x_BNC)
        said: Tensor = self.out(x_BNC)[..., 0].to(x_BNC.dtype if x_BNC.dtype == torch.float64 else torch.float32)
        return said * mask_BN
