"""How far an acoustic model is from recordings whose texts it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from toolkit.data.source import Array
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.text.inventory import PADDING
from toolkit.speech.voice.acoustic import Scales, Taught
from toolkit.speech.voice.alignment import frame_mask

_CENTS = 1200 / np.log(2)


def errors_of(
    said: Taught, batch: Mapping[str, Tensor], format: AudioFormat, scales: Scales, starts: Sequence[Array | None]
) -> dict[str, Array]:
    """Numbers of each sample, [B] by name.

    * `mel_l1`: mean absolute difference of log-mels in the recording's own timing, in nepers;
    * `duration_error`: mean absolute difference of each unit's predicted and aligned length, in milliseconds;
    * `pitch_error`: root mean square difference of each unit's mean pitch, in cents;
    * `alignment`: mean probability of the chosen unit among all of the sentence over frames, 0 to 1;
    * `boundary_error`: mean absolute difference of the aligned and the true beginning of units, in milliseconds, where
      the true ones are known (NaN where none is).

    Args:
        said: what the network made of the batch.
        batch: the batch.
        format: for the length of a frame.
        scales: of pitch.
        starts: true first sample of each unit, NaN where unknown; `None` where nothing is known.
    """
    frame_ms = 1000 / format.frame_rate
    inside_BT = frame_mask(batch["frames"], said.mel.shape[1])
    units_BN = batch["symbols"] != PADDING
    differences = ((said.mel - batch["mel"]).abs().mean(2) * inside_BT).sum(1) / batch["frames"]
    lengths = (said.log_durations.exp() - said.durations).abs() * units_BN
    pitch = ((said.pitch - said.real_pitch) * scales.pitch[1]).square() * units_BN
    chosen_BT = said.scores.log_softmax(2).gather(2, said.path[..., None])[..., 0].exp() * inside_BT
    found = {
        "mel_l1": differences,
        "duration_error": lengths.sum(1) / units_BN.sum(1) * frame_ms,
        "pitch_error": (pitch.sum(1) / units_BN.sum(1)).sqrt() * _CENTS,
        "alignment": chosen_BT.sum(1) / batch["frames"],
    }
    numbers = {name: values.float().cpu().numpy() for name, values in found.items()}
    if any(known is not None for known in starts):
        aligned = ((said.durations.cumsum(1) - said.durations) * format.hop_length).cpu().numpy()
        numbers["boundary_error"] = np.array(
            [
                _boundaries(known, row) / format.sample_rate * 1000 if known is not None else np.nan
                for known, row in zip(starts, aligned, strict=True)
            ]
        )
    return numbers


def _boundaries(known_N: Array, aligned_N: Array) -> float:
    """Mean absolute difference in samples of the inner boundaries that are known."""
    differences = np.abs(aligned_N[1 : len(known_N)] - known_N[1:])
    return float(np.nanmean(differences)) if np.isfinite(differences).any() else np.nan
