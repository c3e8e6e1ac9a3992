"""Reading and writing audio files: any rate, depth and number of channels in, one wave of floats out."""

from __future__ import annotations

import io
import math
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from toolkit.data.listing import Listing, list_files
from toolkit.engine.files import atomic_write
from toolkit.engine.torchaudio_part import torchaudio_functional
from toolkit.errors import require
from toolkit.speech.libsndfile import (
    AGAIN,
    DECODER_ERRORS,
    AudioFileError,
    Wave,
    check_file,
    decode,
    explained,
    first_line,
    soundfile_for,
)

__all__ = [
    "EXTENSIONS",
    "AudioFileError",
    "Wave",
    "audio_files",
    "audio_rate",
    "is_audio_name",
    "list_audio",
    "read_audio",
    "recording_keys",
    "resample",
    "write_audio",
]

EXTENSIONS = frozenset(
    (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64")
)
"""Endings of the audio files that are looked for in folders; a file that is named is read whatever its ending."""

_AWKWARD = 1000  # 44101 to 22050 Hz reduces to no smaller numbers: torchaudio's filter bank would take 4 GB

# What resampy and librosa call kaiser_best: flat to 85 % of the highest frequency, aliases below -110 dB (measured).
_SINC = {
    "lowpass_filter_width": 64,
    "rolloff": 0.9475937167399596,
    "resampling_method": "sinc_interp_kaiser",
    "beta": 14.769656459379492,
}


def read_audio(path: str | Path, sample_rate: int | None = None, *, name: str = "") -> tuple[Wave, int]:
    """One audio file as a wave: the mean of its channels, at its own rate or another one.

    The content decides about the format, not the name. Integers are scaled to [-1, 1); files of floats, and resampling
    close to full scale, can go beyond.

    Args:
        path: WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF or whatever else libsndfile reads.
        sample_rate: samples per second to resample to; `None` keeps the file's own.
        name: what to call it in an error message; the path by default.

    Returns:
        float32 `[T]`, at least one sample, all finite; and its sample rate.

    Raises:
        AudioFileError: the file is missing, empty, truncated, not audio, or holds values that are not finite.
        MissingExtraError: soundfile or torchaudio is not installed.
    """
    path, called = Path(path), name or str(path)
    check_file(path, called)
    wave, rate = decode(path, called)
    if not len(wave):
        raise AudioFileError(called, "holds no samples", AGAIN)
    finite = np.isfinite(wave)
    if not finite.all():
        first = int(finite.argmin())
        raise AudioFileError(
            called,
            f"{len(wave) - int(finite.sum())} of {len(wave)} samples are not finite; "
            f"the first is {wave[first]} at {first / rate:.3f} s",
            "export it again from its source, or leave it out",
        )
    if sample_rate is None:
        return wave, rate
    return resample(wave, rate, sample_rate), sample_rate


def audio_rate(path: str | Path, *, name: str = "") -> int:
    """The sample rate that an audio file's header tells, without decoding it.

    Args:
        path: the file.
        name: what to call it in an error message; the path by default.

    Raises:
        AudioFileError: the file is missing, empty or not audio.
        MissingExtraError: soundfile is not installed.
    """
    path, called = Path(path), name or str(path)
    check_file(path, called)
    soundfile = soundfile_for("Reading audio files")
    try:
        return int(soundfile.info(str(path)).samplerate)
    except DECODER_ERRORS as error:
        raise AudioFileError(called, *explained(error)) from error


def resample(wave: Wave, rate: int, new_rate: int) -> Wave:
    """A wave at another sample rate: a windowed sinc filter (Kaiser), which also keeps aliases out.

    Args:
        wave: float32 `[T]`.
        rate: its samples per second.
        new_rate: those of the result.

    Returns:
        float32 `[ceil(T * new_rate / rate)]`.

    Raises:
        MissingExtraError: torchaudio is not installed.
    """
    if rate == new_rate:
        return wave
    if max(rate, new_rate) // math.gcd(rate, new_rate) > _AWKWARD:
        librosa: Any = require("librosa", "speech", "Resampling between these sample rates")
        resampled = librosa.resample(wave, orig_sr=rate, target_sr=new_rate, res_type="soxr_hq")
    else:
        with torch.no_grad():
            resampled = (
                torchaudio_functional().resample(torch.from_numpy(wave)[None], rate, new_rate, **_SINC)[0].numpy()
            )
    result: Wave = np.ascontiguousarray(resampled, dtype=np.float32)
    return result


def write_audio(path: str | Path, wave: npt.ArrayLike | Tensor, sample_rate: int, subtype: str = "PCM_16") -> Path:
    """Write a wave whole or not at all; what lies outside [-1, 1] is clamped.

    A wave that was read from 16-bit audio is written back bit for bit.

    Args:
        path: the file; its ending names the format (wav, flac, ogg, opus, mp3, aiff ...).
        wave: `[T]`, also with dimensions of size 1 before it.
        sample_rate: samples per second.
        subtype: encoding as libsndfile names it; a format that has no such encoding takes its usual one.

    Returns:
        The file.

    Raises:
        AudioFileError: the ending names no format, the format cannot hold this rate, or the wave is not finite.
        TrainingError: the disk is full.
        MissingExtraError: soundfile is not installed.
    """
    path = Path(path)
    soundfile = soundfile_for("Writing audio files")
    format = {"AIF": "AIFF", "OGA": "OGG", "OPUS": "OGG", "AIFC": "AIFF", "SND": "AU"}.get(_ending(path), _ending(path))
    if format not in soundfile.available_formats():
        raise AudioFileError(str(path), "the ending names no audio format", "choose .wav, .flac, .ogg or .mp3")
    if _ending(path) == "OPUS":
        subtype = "OPUS"
    if not soundfile.check_format(format, subtype):
        subtype = soundfile.default_subtype(format)
    array = np.asarray(wave.detach().float().cpu() if isinstance(wave, Tensor) else wave, dtype=np.float32)
    samples: npt.NDArray[Any] = array.reshape(-1) if array.size == array.shape[-1] else array
    if samples.ndim != 1:
        raise ValueError(f"expected one wave of shape [T], got {list(array.shape)}")
    if not np.isfinite(samples).all():
        raise AudioFileError(str(path), "the wave to write holds values that are not finite", "check what made it")
    samples = samples.clip(-1, 1)
    if subtype == "PCM_16":  # libsndfile multiplies by 32767 on the way out and divides by 32768 on the way in
        samples = (samples * 32768).round().clip(-32768, 32767).astype(np.int16)
    stream = io.BytesIO()
    try:
        soundfile.write(stream, samples, sample_rate, format=format, subtype=subtype)
    except DECODER_ERRORS as error:
        reason = f"{format} ({subtype}) cannot hold {sample_rate} Hz: {first_line(error)}"
        raise AudioFileError(str(path), reason, "write .wav or .flac instead") from error
    atomic_write(path, stream.getvalue())
    return path


def list_audio(folder: str | Path) -> Listing:
    """Everything in a folder and its sub folders, with what was passed over.

    Raises:
        DataError: there is no such folder.
    """
    return list_files(folder, EXTENSIONS, "recordings")


def audio_files(folder: str | Path) -> list[tuple[str, Path]]:
    """The audio files in a folder and its sub folders, in the order of their keys.

    Returns:
        `(key, path)`: a key is the path below the folder without its ending, with `/` between its parts. Files that
        differ only in their endings keep them.

    Raises:
        DataError: there is no such folder.
    """
    files = list_audio(folder).files
    keys = recording_keys([key for key, _ in files])
    return sorted((key, path) for key, (_, path) in zip(keys, files, strict=True))


def is_audio_name(name: str) -> bool:
    """Whether a file of this name is looked for in folders.

    >>> is_audio_name("a/b.FLAC"), is_audio_name("a/b.txt")
    (True, False)
    """
    return PurePosixPath(name).suffix.lower() in EXTENSIONS


def recording_keys(keys: list[str]) -> list[str]:
    """Paths without their endings, except where two would become the same.

    >>> recording_keys(["a/1.wav", "a/2.wav", "a/2.flac"])
    ['a/1', 'a/2.wav', 'a/2.flac']
    """
    bare = [str(PurePosixPath(key).with_suffix("")) for key in keys]
    times = Counter(bare)
    return [short if times[short] == 1 else key for short, key in zip(bare, keys, strict=True)]


def _ending(path: Path) -> str:
    return path.suffix.lstrip(".").upper()
