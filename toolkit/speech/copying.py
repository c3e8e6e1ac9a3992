"""Measuring a trained vocoder on recordings: what `toolkit evaluate MODEL --real DIR` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from toolkit.data.source import Source, Subset
from toolkit.errors import DataError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.evaluation import MODEL, FromMels, evaluate_vocoder
from toolkit.speech.evaluation_table import evaluation_table
from toolkit.speech.recordings import Recordings


class Vocoder(Protocol):
    """What is measured; `toolkit.speech.vocoder_pipeline.VocoderPipeline` is one."""

    format: AudioFormat

    def vocode(self, mel_BMT: Tensor) -> Tensor:
        """`wave_B1T` of mel spectrograms."""
        ...


def open_recordings(format: AudioFormat, path: Path, split: str) -> tuple[Source, str]:
    """Somebody's recordings at a vocoder's sample rate and level, and which part of them: a split, or `all`.

    Where the folder fixes splits (sub folders, lists of names) only those of `split` are taken.

    Raises:
        DataError: there are no usable recordings, or none in that split.
    """
    if path.is_file():
        raise DataError(f"{path} is a file", "give the folder it lies in; one file: toolkit vocode MODEL FILE")
    source = Recordings(path=str(path), sample_rate=format.sample_rate, level=format.level)
    splits = [source.split_of(place) for place in range(len(source))]
    if not any(splits):
        return source, "all"
    places = np.flatnonzero([name == split for name in splits])
    if not len(places):
        raise DataError(f"{path} names splits, but no recording belongs to '{split}'", "choose another with --split")
    return Subset(source, places), split


def evaluate_copies(
    vocoder: Vocoder, source: Source, metrics: Sequence[Any] | None, samples: int | None, seed: int
) -> dict[str, Any]:
    """Copy synthesis of recordings with a vocoder and with Griffin-Lim; see `toolkit.runs.paired.JudgesPairs`.

    The real-time factor is that of the path that the vocoder computes in.
    """
    copy = FromMels(vocoder.vocode, vocoder.format)
    found = evaluate_vocoder(copy, vocoder.format, source, metrics, limit=samples, seed=seed)
    row = found.rows[MODEL]
    notes = [
        f"{name}: {count} recordings could not be judged: {reason}"
        for name, reasons in row.refused.items()
        for reason, count in reasons.items()
    ]
    return {
        "samples": found.recordings,
        "seconds_of_audio": round(found.seconds, 2),
        "real_time_factor": row.real_time_factor,
        "metrics": row.means,
        "intervals": row.half_widths,
        "rows": found.to_document()["rows"],
        "units": dict(found.units),
        "skipped": dict(found.left_out),
        "notes": notes,
        "table": evaluation_table(found, markdown=False),
    }
