"""Distance of magnitude spectrograms at several resolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from toolkit.errors import DataError
from toolkit.metrics.paired import Signal, UnfitPairError, as_pair
from toolkit.speech.spectral_distance import RESOLUTIONS, stft_differences


class StftDistance:
    """Multi-resolution distance of magnitude spectrograms, from 0: relative error plus log-magnitude difference.

    Yamamoto, Song & Kim 2020 ("Parallel WaveGAN", equation 6, the published three resolutions), averaged over these:

    * `spectral_convergence`: `||S - S'|| / ||S||`, from 0 and 1 for silence; led by the loud parts.
    * `log_magnitude`: mean of `|ln S - ln S'|` in Np (8.69 dB), from 0; led by the many quiet parts.
    * `stft_distance`: their sum.

    Windows are given in samples, so numbers at different sample rates are not comparable.
    """

    lower_is_better: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset()
    units: ClassVar[Mapping[str, str]] = {"stft_distance": "", "spectral_convergence": "", "log_magnitude": "Np"}

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """`stft_distance`, `spectral_convergence` and `log_magnitude`; see `PairedMetric`."""
        real, made = (torch.from_numpy(wave)[None] for wave in as_pair(reference, generated))
        try:
            with torch.no_grad():
                parts = [torch.stack(stft_differences(real, made, *resolution)) for resolution in RESOLUTIONS]
        except DataError as error:
            raise UnfitPairError("too short for a spectrogram") from error
        convergence, log_magnitude = torch.stack(parts).mean(0)[:, 0].tolist()
        return {
            "stft_distance": convergence + log_magnitude,
            "spectral_convergence": convergence,
            "log_magnitude": log_magnitude,
        }
