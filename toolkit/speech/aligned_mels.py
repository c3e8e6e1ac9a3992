"""Mel spectrograms that an acoustic model predicted, each beside the recording that it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toolkit.data.source import Array, SampleError, Skipped
from toolkit.errors import DataError


def read_mels(
    folder: Path, keys: Sequence[str], samples: Sequence[int], hop_length: int
) -> tuple[dict[str, Array], list[Skipped]]:
    """The mels of recordings, from files `<key>.npy`; those that are missing or do not fit are left out, with reasons.

    Args:
        folder: where they lie.
        keys: of the recordings.
        samples: length of each recording.
        hop_length: samples per frame. A mel has `samples // hop_length` frames, or one more or less.

    Returns:
        By key, float32 [M, frames] with the same M for all; and what was left out.

    Raises:
        DataError: there is no such folder, or no mel in it fits.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder} with predicted mels", "check the setting 'mels' of the data")
    mels: dict[str, Array] = {}
    problems: list[Skipped] = []
    for key, length in zip(keys, samples, strict=True):
        try:
            mels[key] = _read(folder / f"{key}.npy", length // hop_length)
        except SampleError as error:
            problems.append(Skipped(key, error.reason))
    bands = Counter(len(mel) for mel in mels.values()).most_common(1)
    for key in [key for key, mel in mels.items() if len(mel) != bands[0][0]]:
        reason = f"its mel has {len(mels.pop(key))} bands, but most have {bands[0][0]}"
        problems.append(Skipped(key, reason))
    if not mels:
        first = problems[0]
        raise DataError(
            f"none of the {len(keys)} recordings has a usable mel in {folder}; the first: {first.path}: {first.reason}",
            f"store each as <key>.npy, float32 [bands, frames], such as {first.path}.npy, made from the recording as "
            f"this data set gives it (trimmed and levelled), with hop_length={hop_length}",
        )
    return mels, problems


def _read(file: Path, frames: int) -> Array:
    try:
        mel: Array = np.load(file, allow_pickle=False)
    except FileNotFoundError:
        raise SampleError(str(file), f"has no mel: {file.name} is missing") from None
    except (OSError, ValueError, EOFError) as error:
        raise SampleError(str(file), f"its mel cannot be read: {error}") from error
    if not isinstance(mel, np.ndarray) or mel.ndim != 2 or mel.dtype.kind != "f" or 0 in mel.shape:
        form = f"{mel.dtype} {list(mel.shape)}" if isinstance(mel, np.ndarray) else type(mel).__name__
        raise SampleError(str(file), f"its mel is {form}; expected float32 [bands, frames]")
    if not np.isfinite(mel).all():
        raise SampleError(str(file), "its mel has values that are not finite")
    if abs(mel.shape[1] - frames) > 1:
        raise SampleError(str(file), f"its mel has {mel.shape[1]} frames; the recording has {frames}")
    mel = np.ascontiguousarray(mel, dtype=np.float32)
    mel.flags.writeable = False
    return mel
