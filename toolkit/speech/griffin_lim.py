"""Griffin-Lim: a waveform from a mel spectrogram without any learning, as a baseline for vocoders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.engine.randomness import fold
from toolkit.errors import ConfigError, Problem, require
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.mel import mel_filters


class GriffinLim:
    """A waveform from a log-mel spectrogram by fast Griffin-Lim iterations, through librosa.

    Griffin & Lim 1984 ("Signal estimation from modified short-time Fourier transform") with the momentum of Perraudin,
    Balazs & Sondergaard 2013 ("A fast Griffin-Lim algorithm"). The magnitudes behind the mel bands are found by least
    squares with values of at least 0 (`librosa.util.nnls`), which takes about as long as the iterations.

    Args:
        format: of the mel spectrograms.
        iterations: 60 are usual; more change little.
        momentum: 0 is the method of 1984.
        seed: of the phases it starts with.

    Raises:
        ConfigError: iterations below 1, or a momentum outside 0..1.
        MissingExtraError: librosa is not installed.
    """

    def __init__(self, format: AudioFormat, iterations: int = 60, momentum: float = 0.99, seed: int = 0) -> None:
        problems = []
        if iterations < 1:
            problems.append(Problem("iterations", f"is {iterations}; it must be at least 1"))
        if not 0 <= momentum < 1:
            problems.append(Problem("momentum", f"is {momentum:g}; it must be from 0 to below 1"))
        if problems:
            raise ConfigError(problems, "Griffin-Lim")
        self._librosa: Any = require("librosa", "speech", "Griffin-Lim")
        self.format = format
        self.iterations = iterations
        self.momentum = momentum
        self.seed = seed
        self._filters_MF = mel_filters(
            format.sample_rate, format.n_fft, format.mels, format.fmin, format.fmax, format.mel_scale, format.mel_norm
        ).numpy()

    @torch.no_grad()
    def __call__(self, mel_BMT: Tensor) -> Tensor:
        """`wave_B1T` of `[B, mels, frames]` log-mels; `frames * hop_length` samples each, on the CPU.

        With the padding `center` there is a frame more than hops; the last hop of samples then lies behind the sound.
        """
        waves = [self._wave(mel.exp().cpu().float().numpy()) for mel in mel_BMT]
        return torch.from_numpy(np.stack(waves))[:, None]

    def _wave(self, mel_MT: Any) -> Any:
        format = self.format
        magnitude_FT = self._librosa.util.nnls(self._filters_MF, mel_MT)
        centred = format.padding == "center"
        samples = format.samples(mel_MT.shape[1])
        cut = 0 if centred else (format.n_fft - format.hop_length) // 2  # what was reflected before the first sample
        wave_T = self._librosa.griffinlim(
            magnitude_FT,
            n_iter=self.iterations,
            hop_length=format.hop_length,
            win_length=format.win_length,
            n_fft=format.n_fft,
            center=centred,
            momentum=self.momentum,
            random_state=np.random.default_rng(fold(self.seed, "griffin-lim") % 2**63),
        )[cut:]
        return np.pad(wave_T, (0, max(0, samples - len(wave_T))))[:samples].astype(np.float32)
