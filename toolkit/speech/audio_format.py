"""The audio format: sample rate and mel settings, one object that every model of a voice stores and compares.

A vocoder that gets mel spectrograms made with other settings than those it learned from produces a plausible hum, no
error. So the settings travel with the weights, and `AudioFormat.require_same` compares them before anything is run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

from toolkit.errors import ConfigError, Problem, ToolkitError, nearest

MelScale: TypeAlias = Literal["slaney", "htk"]
MelNorm: TypeAlias = Literal["slaney", "none"]
Padding: TypeAlias = Literal["same", "center"]

_WHOLE = ("sample_rate", "n_fft", "hop_length", "win_length", "mels")
_CHOICES: dict[str, tuple[str, ...]] = {
    "mel_scale": get_args(MelScale),
    "mel_norm": get_args(MelNorm),
    "padding": get_args(Padding),
}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How recordings become log-mel spectrograms. The defaults are those of HiFi-GAN (Kong et al. 2020) for LJ Speech.

    Attributes:
        sample_rate: samples per second.
        n_fft: samples per Fourier transform.
        hop_length: samples from one frame to the next.
        win_length: samples under the Hann window; the rest of a transform is zeros on both sides.
        mels: mel bands.
        fmin: lowest frequency of the lowest band, in Hz.
        fmax: highest frequency of the highest band, in Hz; `None` is half the sample rate.
        floor: magnitudes below it count as it, so that the logarithm stays finite.
        mel_scale: `slaney` (linear below 1 kHz; librosa's own) or `htk`.
        mel_norm: `slaney` gives each band the area 1, `none` the height 1.
        padding: `same`, as HiFi-GAN does it: (n_fft - hop_length) / 2 reflected samples at each end, so a wave has
            exactly one frame per hop. `center`, as librosa and torchaudio do it: n_fft / 2 reflected samples at each
            end, one frame more.
        level: loudness in LUFS that recordings are brought to before anything else; `None` leaves them as they are.

    Raises:
        ConfigError: naming every field with an impossible value.
    """

    sample_rate: int = 22050
    n_fft: int = 1024
    hop_length: int = 256
    win_length: int = 1024
    mels: int = 80
    fmin: float = 0.0
    fmax: float | None = 8000.0
    floor: float = 1e-5
    mel_scale: MelScale = "slaney"
    mel_norm: MelNorm = "slaney"
    padding: Padding = "same"
    level: float | None = None

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ConfigError(problems, "the audio format")

    @property
    def nyquist(self) -> float:
        """Half the sample rate: no higher frequency exists in the wave, in Hz."""
        return self.sample_rate / 2

    @property
    def highest(self) -> float:
        """The highest frequency of the highest band, in Hz."""
        return self.nyquist if self.fmax is None else self.fmax

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    def frames(self, samples: int) -> int:
        """Frames of the spectrogram of a wave with so many samples.

        >>> AudioFormat().frames(8192)
        32
        """
        return samples // self.hop_length + (1 if self.padding == "center" else 0)

    def samples(self, frames: int) -> int:
        """Samples of the wave that a vocoder makes of so many frames.

        >>> AudioFormat().samples(32)
        8192
        """
        return frames * self.hop_length

    def to_document(self) -> dict[str, Any]:
        """The fields by name, fit for JSON and YAML."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], words: str = "the audio format") -> AudioFormat:
        """The format that a document holds. No field has a default here: a wrong guess would be heard, not seen.

        Args:
            document: fields by name, as `to_document` gives them.
            words: where it comes from, for an error message.

        Raises:
            ConfigError: a field is unknown, is missing, or has an impossible value.
        """
        if not isinstance(document, Mapping):
            raise ConfigError([Problem("", f"expected fields by name, got {type(document).__name__}")], words)
        names = [field.name for field in fields(cls)]
        unknown = [Problem(str(name), f"no such field; {nearest(str(name), names)}") for name in document]
        unknown = [problem for problem in unknown if problem.path not in names]
        missing = [Problem(name, "is missing, and cannot be guessed") for name in names if name not in document]
        if unknown or missing:
            raise ConfigError([*unknown, *missing], words)
        try:
            return cls(**document)
        except ConfigError as error:
            raise ConfigError(error.problems, words) from None

    def require_same(self, other: AudioFormat, ours: str, theirs: str) -> None:
        """Check that two formats are the same.

        Args:
            other: the format to compare with.
            ours: what this format belongs to, for the message ("the vocoder runs/v/model").
            theirs: what the other belongs to.

        Raises:
            ToolkitError: they differ; the message lists every differing field with both values.
        """
        mine, other_fields = self.to_document(), other.to_document()
        lines = [
            f"  {name}: {value!r} in {ours}, {other_fields[name]!r} in {theirs}"
            for name, value in mine.items()
            if value != other_fields[name]
        ]
        if lines:
            raise ToolkitError(
                f"{ours} and {theirs} have different audio formats:\n" + "\n".join(lines),
                f"use two models that were trained with the same audio format, or train one of them again with the "
                f"other's: a spectrogram of one format means nothing under another ({theirs} cannot be converted)",
            )

    def _problems(self) -> list[Problem]:
        found = []
        for name in _WHOLE:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                found.append(Problem(name, f"is {value!r}; it must be a whole number"))
            elif value < 1:
                found.append(Problem(name, f"is {value}; it must be at least 1"))
        for name in ("fmin", "fmax", "floor", "level"):
            value = getattr(self, name)
            if value is None and name in ("fmax", "level"):
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                found.append(Problem(name, f"is {value!r}; it must be a finite number"))
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                found.append(Problem(name, f"is {getattr(self, name)!r}; choices: {', '.join(choices)}"))
        return found or self._contradictions()

    def _contradictions(self) -> list[Problem]:
        found = []
        if self.win_length > self.n_fft:
            found.append(Problem("win_length", f"is {self.win_length}, more than n_fft ({self.n_fft})"))
        if self.hop_length > self.win_length:
            message = f"is {self.hop_length}, more than win_length ({self.win_length}): samples would be passed over"
            found.append(Problem("hop_length", message))
        if self.highest > self.nyquist:
            message = f"is {self.highest:g} Hz, above half the sample rate ({self.nyquist:g} Hz); null means that half"
            found.append(Problem("fmax", message))
        if not 0 <= self.fmin < self.highest:
            found.append(Problem("fmin", f"is {self.fmin:g} Hz; it must be from 0 to below {self.highest:g} Hz"))
        if self.floor <= 0:
            found.append(Problem("floor", f"is {self.floor:g}; it must be above 0"))
        if self.level is not None and not -70 <= self.level <= 0:
            found.append(Problem("level", f"is {self.level:g} LUFS; it must be from -70 to 0 (-23 is usual)"))
        return found
