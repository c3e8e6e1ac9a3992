"""Files through a vocoder: recordings, or mel spectrograms that another program made, to audio files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.data.source import SampleError
from toolkit.engine.files import atomic_file
from toolkit.errors import DataError, MissingExtraError, ToolkitError, TrainingError, require
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.files import EXTENSIONS, AudioFileError, audio_files, read_audio, write_audio
from toolkit.speech.vocoder_pipeline import VocoderPipeline

MEL = ".npy"
STREAMED = {".wav": "WAV", ".flac": "FLAC"}
"""Formats that can be written while the audio is being made."""


@dataclass(frozen=True, slots=True)
class Vocoded:
    """What became of one file.

    Attributes:
        input: the recording or mel spectrogram.
        file: the audio that was written.
        seconds_of_audio: its length.
        seconds_taken: for the mel spectrogram and the vocoder; reading and writing files does not count, except while
            streaming, where writing is part of it.
        seconds_until_first_audio: until the first piece was there; the whole, unless it was streamed.
    """

    input: str
    file: str
    seconds_of_audio: float
    seconds_taken: float
    seconds_until_first_audio: float

    @property
    def real_time_factor(self) -> float:
        """Seconds of audio made per second: more is faster."""
        return self.seconds_of_audio / max(self.seconds_taken, 1e-9)

    def to_document(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "real_time_factor": self.real_time_factor}


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read and one to write."""

    source: Path
    target: Path


def plan(inputs: Sequence[str | Path], out: str | Path) -> list[Job]:
    """What is read, and where each result goes.

    Args:
        inputs: audio files, mel spectrograms (`.npy`), and folders that hold such files.
        out: for one file the file to write, or a folder; otherwise a folder, where names are kept.

    Raises:
        DataError: a folder holds nothing to vocode, or is not there.
        ToolkitError: two results would have the same name, or a result would replace an input.
    """
    out = Path(out)
    found: list[tuple[str, Path]] = []
    for path in map(Path, inputs):
        found += _in_folder(path) if path.is_dir() else [(path.stem, path)]
    alone = len(inputs) == 1 and not Path(inputs[0]).is_dir()
    if alone and not out.is_dir() and out.suffix:
        jobs = [Job(found[0][1], out)]
    else:
        if out.is_file() or out.suffix.lower() in EXTENSIONS:
            raise ToolkitError(
                f"{out} is to hold {len(found)} results, so it must be a folder", "name a folder (--out)"
            )
        jobs = [Job(path, out / f"{key}.wav") for key, path in found]
    _check_targets(jobs)
    return jobs


def _in_folder(folder: Path) -> list[tuple[str, Path]]:
    found = [*audio_files(folder), *((str(file.relative_to(folder).with_suffix("")), file) for file in _mels(folder))]
    if not found:
        raise DataError(f"{folder} holds no recordings and no mel spectrograms ({MEL})", "name another folder")
    return sorted(found)


def _mels(folder: Path) -> list[Path]:
    return [file for file in folder.rglob(f"*{MEL}") if file.is_file() and not file.name.startswith(".")]


def _check_targets(jobs: Sequence[Job]) -> None:
    sources = {job.source.resolve(): job.source for job in jobs}
    taken: dict[Path, Path] = {}
    for job in jobs:
        target = job.target.resolve()
        if target in taken:
            raise ToolkitError(
                f"{taken[target]} and {job.source} would both become {job.target}", "vocode them into different folders"
            )
        if target in sources:
            raise ToolkitError(f"{job.target} would replace the input {sources[target]}", "choose another --out")
        taken[target] = job.source


def vocode_files(
    pipeline: VocoderPipeline,
    jobs: Sequence[Job],
    *,
    stream: bool = False,
    done: Callable[[Vocoded], None] = lambda result: None,
    failed: Callable[[Path, ToolkitError], None] = lambda source, error: None,
) -> list[Vocoded]:
    """Vocode file after file; what cannot be read is told and passed over.

    Args:
        pipeline: the vocoder; its `notes` get what could not be checked.
        jobs: from `plan`.
        stream: decode piece by piece and write each at once; the file gets its name when it is whole.
        done: is called with each result.
        failed: is called with each file that cannot be vocoded, and why.

    Returns:
        The results.

    Raises:
        MissingExtraError: a package is not installed.
        TrainingError: the disk is full.
    """
    results = []
    for job in jobs:
        try:
            result = vocode_file(pipeline, job, stream=stream)
        except (MissingExtraError, TrainingError):  # the next file would meet the same
            raise
        except ToolkitError as error:
            failed(job.source, error)
            continue
        done(result)
        results.append(result)
    return results


def vocode_file(pipeline: VocoderPipeline, job: Job, *, stream: bool = False) -> Vocoded:
    """Vocode one file; see `vocode_files`.

    Raises:
        ToolkitError: naming the file and what is wrong with it.
    """
    rate = pipeline.format.sample_rate
    whole: Callable[[], Tensor]
    pieces: Callable[[], Iterator[Tensor]]
    if job.source.suffix.lower() == MEL:
        mel = read_mel(job.source, pipeline.format, pipeline.notes)
        whole, pieces = (lambda: pipeline.vocode(mel)[0, 0]), (lambda: pipeline.stream(mel))
    else:
        wave = torch.from_numpy(read_audio(job.source, rate)[0])
        if len(wave) < pipeline.format.hop_length:
            reason = f"is {len(wave)} samples long at {rate} Hz, shorter than one frame ({pipeline.format.hop_length})"
            raise AudioFileError(str(job.source), reason, "leave it out")
        whole, pieces = (lambda: pipeline.copy_synthesis(wave)), (lambda: pipeline.stream_copy(wave))
    if stream:
        samples, taken, first = _write_stream(job.target, pieces, rate)
    else:
        started = time.perf_counter()
        made = whole().cpu()
        taken = first = time.perf_counter() - started
        samples = len(made)
        write_audio(job.target, made, rate)
    return Vocoded(str(job.source), str(job.target), samples / rate, taken, first)


def _write_stream(target: Path, pieces: Callable[[], Iterator[Tensor]], rate: int) -> tuple[int, float, float]:
    """Samples written, seconds that took, and seconds until the first piece was in the file."""
    soundfile = require("soundfile", "speech", "Writing audio files")
    format = STREAMED.get(target.suffix.lower())
    if format is None:
        raise AudioFileError(str(target), "cannot be written piece by piece", "choose .wav or .flac, or do not stream")
    samples, first = 0, None
    started = time.perf_counter()
    with atomic_file(target) as temporary:
        with soundfile.SoundFile(str(temporary), "w", rate, 1, "PCM_16", format=format) as file:
            for piece in pieces():
                file.write((piece.cpu().numpy() * 32768).round().clip(-32768, 32767).astype(np.int16))
                file.flush()
                samples += len(piece)
                first = time.perf_counter() - started if first is None else first
        taken = time.perf_counter() - started
    return samples, taken, first if first is not None else taken


def read_mel(path: Path, format: AudioFormat, notes: list[str] | None = None) -> Tensor:
    """A log-mel spectrogram `[M, T]` from a `.npy` file, if it is one of this format.

    Its audio format is read from the file of the same name ending in `.json`: the fields of `AudioFormat`, or a
    document that holds them as `"audio"`. Without that file only the number of bands can be compared.

    Args:
        path: the `.npy` file: float, `[M, T]` or `[1, M, T]`.
        format: the format of the model.
        notes: takes a sentence where the format could not be compared.

    Raises:
        SampleError: the file is missing, no array, empty, of another shape, or holds values that are not finite.
        ToolkitError: it has another audio format; every field that differs is listed.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "is no readable .npy file"
        raise SampleError(str(path), reason) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        raise SampleError(str(path), "holds no floating-point array")
    mel = array[0] if array.ndim == 3 and len(array) == 1 else array
    described = path.with_suffix(".json")
    if described.is_file():
        format.require_same(_stored_format(described), "the vocoder", str(path))
    if mel.ndim != 2 or mel.shape[0] != format.mels or not mel.shape[1]:
        turned = " (it looks transposed)" if mel.ndim == 2 and mel.shape[1] == format.mels else ""
        raise SampleError(
            str(path), f"has the shape {list(array.shape)}, not [{format.mels}, frames] as the model needs{turned}"
        )
    if not np.isfinite(mel).all():
        raise SampleError(str(path), "holds values that are not finite")
    if notes is not None and not described.is_file():
        notes.append(f"{path}: there is no {described.name} beside it, so its audio format could not be checked")
    return torch.from_numpy(np.ascontiguousarray(mel, dtype=np.float32))


def _stored_format(path: Path) -> AudioFormat:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SampleError(str(path), "is not valid JSON, and should hold the mel's audio format") from error
    if isinstance(document, dict) and isinstance(document.get("audio"), dict):
        document = document["audio"]
    return AudioFormat.from_document(document, str(path))
