"""Distances between spectrograms, as losses of a generator of waveforms.

All compare `wave_B1T` (or `wave_BT`) with the real one at equal length, in float32 even under autocast, and answer with
one value per sample. The real side is computed without a graph.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from toolkit.adversarial.schedules import Schedule, Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.errors import ConfigError, Problem, ToolkitError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.mel import LogMel, mel_filters, stft_magnitude
from toolkit.speech.spectral_distance import stft_differences
from toolkit.speech.waves import require_positive


class _SpectralTerm:
    needs_real_outputs = False

    def __init__(self, weight: Schedule | float) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: see the class.

        Raises:
            ToolkitError: the task has no real data, or it differs from what was generated in shape.
        """
        made, real = offer.output.data, offer.target()
        if made.shape != real.shape:
            raise ToolkitError(
                f"a spectral term compares waveforms of one shape, but {list(made.shape)} was generated "
                f"for {list(real.shape)}",
                "the generator's hop_length must be that of the mel spectrogram it is given",
            )
        return self._distance(made, real)

    def _distance(self, made: Tensor, real: Tensor) -> Tensor:
        raise NotImplementedError


class MelL1(_SpectralTerm):
    """Mean absolute difference of log-mel spectrograms (Kong et al. 2020, "HiFi-GAN", equation 3).

    Args:
        sample_rate: of the waveforms, in Hz; the data fills it in.
        weight: schedule or number; published: 45.
        n_fft: samples in a Fourier transform.
        hop_length: samples between frames.
        win_length: samples under the Hann window.
        mels: number of bands.
        fmin: lowest frequency in Hz.
        fmax: highest in Hz; `null` for half the sample rate. The published loss goes up to there although the
            generator's input ends at 8 kHz: what is not in the input has to be learned too.

    Raises:
        ConfigError: the settings do not fit each other.
    """

    def __init__(
        self,
        sample_rate: int,
        weight: Scheduled = 45.0,
        n_fft: int = 1024,
        hop_length: int = 256,
        win_length: int = 1024,
        mels: int = 80,
        fmin: float = 0.0,
        fmax: float | None = None,
    ) -> None:
        super().__init__(weight)
        self._mel = LogMel(
            AudioFormat(
                sample_rate=sample_rate,
                n_fft=n_fft,
                hop_length=hop_length,
                win_length=win_length,
                mels=mels,
                fmin=fmin,
                fmax=fmax,
            )
        )

    def _distance(self, made: Tensor, real: Tensor) -> Tensor:
        mel = self._mel.to(made.device)
        with torch.no_grad():
            wanted: Tensor = mel(real)
        difference: Tensor = mel(made) - wanted
        return difference.abs().mean((1, 2))


class MultiScaleMel(_SpectralTerm):
    """Absolute differences of log-mel spectrograms of several window lengths, summed (Kumar et al. 2023, section 3.5).

    The hop is a quarter of the window; logarithms are to base 10, as published (with the weight 15, also of
    BigVGAN-v2).

    Args:
        sample_rate: of the waveforms, in Hz; the data fills it in.
        weight: schedule or number; published: 15.
        windows: window lengths in samples, of the Fourier transforms too.
        bands: number of mel bands for each window; more than a short window can tell apart leaves some of them empty,
            which does no harm.
        floor: magnitudes below it count as it.

    Raises:
        ConfigError: the lists differ in length, or a member is out of range.
    """

    def __init__(
        self,
        sample_rate: int,
        weight: Scheduled = 15.0,
        windows: tuple[int, ...] = (32, 64, 128, 256, 512, 1024, 2048),
        bands: tuple[int, ...] = (5, 10, 20, 40, 80, 160, 320),
        floor: float = 1e-5,
    ) -> None:
        super().__init__(weight)
        _require_lists("multi_scale_mel", windows=windows, bands=bands)
        self.windows, self.floor = windows, floor
        self._filters = [mel_filters(sample_rate, window, count) for window, count in zip(windows, bands, strict=True)]

    def _distance(self, made: Tensor, real: Tensor) -> Tensor:
        self._filters = [filters.to(made.device) for filters in self._filters]
        parts = []
        for window, filters in zip(self.windows, self._filters, strict=True):
            with torch.no_grad():
                wanted = self._log_mel(real, window, filters)
            parts.append((self._log_mel(made, window, filters) - wanted).abs().mean((1, 2)))
        return torch.stack(parts).sum(0)

    def _log_mel(self, wave: Tensor, window: int, filters: Tensor) -> Tensor:
        """`BTM`."""
        magnitude_BTF = stft_magnitude(wave, window, window // 4, window, "center").transpose(1, 2)
        with torch.autocast(wave.device.type, enabled=False):
            return F.linear(magnitude_BTF, filters.to(magnitude_BTF.dtype)).clamp(min=self.floor).log10()


class MultiResolutionStft(_SpectralTerm):
    """Spectral convergence and log-magnitude distance at several resolutions (Yamamoto, Song & Kim 2020, equation 6).

    "Parallel WaveGAN", equations 4 to 6: ||S - S'|| / ||S|| (Frobenius) and the mean of |log S - log S'|, averaged
    over the resolutions. The ratio is taken for each sample alone, so that a loud one does not speak for the quiet.

    Args:
        weight: schedule or number.
        fft_sizes: samples in each Fourier transform.
        hops: samples between frames, for each.
        windows: samples under the Hann window, for each.

    Raises:
        ConfigError: the lists differ in length, or a member is out of range.
    """

    def __init__(
        self,
        weight: Scheduled = 1.0,
        fft_sizes: tuple[int, ...] = (1024, 2048, 512),
        hops: tuple[int, ...] = (120, 240, 50),
        windows: tuple[int, ...] = (600, 1200, 240),
    ) -> None:
        super().__init__(weight)
        _require_lists("multi_resolution_stft", fft_sizes=fft_sizes, hops=hops, windows=windows)
        wide = [place for place, (size, window) in enumerate(zip(fft_sizes, windows, strict=True)) if window > size]
        if wide:
            raise ConfigError(
                [Problem(f"windows.{place}", f"{windows[place]} is longer than its transform") for place in wide],
                "multi_resolution_stft",
            )
        self.resolutions = list(zip(fft_sizes, hops, windows, strict=True))

    def _distance(self, made: Tensor, real: Tensor) -> Tensor:
        parts = []
        for size, hop, window in self.resolutions:
            convergence, log_magnitude = stft_differences(real, made, size, hop, window)
            parts.append(convergence + log_magnitude)
        return torch.stack(parts).mean(0)


def _require_lists(part: str, **lists: tuple[int, ...]) -> None:
    """Lists of one length, of positive numbers."""
    require_positive(part, **lists)
    if len({len(members) for members in lists.values()}) > 1:
        counts = ", ".join(f"{name} has {len(members)}" for name, members in lists.items())
        raise ConfigError([Problem("", f"the lists must have one length: {counts}")], part)
