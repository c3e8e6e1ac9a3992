"""Judging vocoders by copy synthesis: recording, mel spectrogram, waveform, against the recording itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from toolkit.config import build
from toolkit.data.source import Source, Subset
from toolkit.engine.randomness import fold
from toolkit.errors import DataError, MissingExtraError
from toolkit.metrics.paired import PairedMetric, Utterance, judge, means_over, refusals
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.evaluation_result import Evaluation, Row
from toolkit.speech.griffin_lim import GriffinLim
from toolkit.speech.mel import LogMel
from toolkit.speech.segments import to_wave

Copy: TypeAlias = Callable[[Tensor], Tensor]
"""From a wave `[T]` to the copy a vocoder makes of it, `[T']`; leading dimensions of 1 do not matter."""

DEFAULT_METRICS = ("mel_distance", "stft_distance", "mcd", "pitch", "pesq", "stoi")

MODEL, BASELINE, REFERENCE = "model", "griffin-lim", "recordings"
"""Names of rows."""

LONGEST_SECONDS = 30.0
"""Of a recording that are used; some metrics take memory with the square of the length."""


@dataclass(frozen=True)
class FromMels:
    """A vocoder as copy synthesis; only the vocoder's own time counts in its real-time factor.

    Attributes:
        vocode: from `mel_BMT` to `wave_B1T`.
        format: of its mel spectrograms.
    """

    vocode: Callable[[Tensor], Tensor]
    format: AudioFormat
    _mel: list[LogMel] = field(default_factory=list, repr=False, compare=False)

    def mel(self, wave_T: Tensor) -> Tensor:
        """`mel_1MT` of a wave."""
        if not self._mel:
            self._mel.append(LogMel(self.format))
        return self._mel[0](wave_T[None])  # type: ignore[no-any-return]

    def __call__(self, wave_T: Tensor) -> Tensor:
        """The copy, `[T']`."""
        return self.vocode(self.mel(wave_T)).reshape(-1)


def evaluate_vocoder(
    vocode: Copy,
    format: AudioFormat,
    source: Source,
    metrics: Sequence[Any] | None = None,
    *,
    limit: int | None = None,
    baseline: bool = True,
    seed: int = 0,
) -> Evaluation:
    """Copy synthesis with one vocoder, and with Griffin-Lim from the same mel spectrograms.

    Args:
        vocode: from a recording `[T]` to its copy; `FromMels` for one that takes mel spectrograms.
        format: the audio format of its mel spectrograms.
        source: recordings, `{"audio": int16 or float [T]}`, with an attribute `sample_rate`.
        metrics: names, specs or ready paired metrics; `None` for all default ones that can be computed here.
        limit: most recordings to use, chosen at random.
        baseline: whether to add Griffin-Lim.
        seed: of the choice of recordings and of Griffin-Lim's first phases.

    Returns:
        Rows `recordings`, `model` and `griffin-lim`.

    Raises:
        DataError: see `compare_vocoders`.
        MissingExtraError: a metric was asked for whose package is missing.
    """
    return compare_vocoders({MODEL: vocode}, format, source, metrics, limit=limit, baseline=baseline, seed=seed)


def compare_vocoders(
    vocoders: Mapping[str, Copy],
    format: AudioFormat,
    source: Source,
    metrics: Sequence[Any] | None = None,
    *,
    limit: int | None = None,
    baseline: bool = True,
    seed: int = 0,
    keep: Callable[[str, str, Tensor], None] | None = None,
) -> Evaluation:
    """Several vocoders on the same recordings; `toolkit.speech.evaluation_table` makes a table of it.

    Recording and copy are cut to the shorter of both. Time is measured around each call, after one that does not count;
    what runs on a GPU must come back to the CPU within the call (`.cpu()`), or its time is not seen.

    Args:
        vocoders: copy synthesis by name; each may have mel settings of its own (`FromMels`), all one sample rate.
        format: gives the sample rate, and the mel spectrograms of Griffin-Lim.
        source: see `evaluate_vocoder`.
        metrics: likewise.
        limit: likewise.
        baseline: likewise.
        seed: likewise.
        keep: is called with name, key and copy `[T]` of everything that is made, to write it to files, say.

    Raises:
        DataError: there are no recordings, they have another sample rate, two metrics give numbers of one name, or a
            vocoder made values that are not finite; names the recording.
        MissingExtraError: a metric was asked for whose package is missing.
    """
    _require_rate(format, source)
    taken = {REFERENCE, *([BASELINE] if baseline else [])} & set(vocoders)
    if taken:
        raise DataError(f"'{min(taken)}' is the name of another row", "call the vocoder something else")
    ready, left_out = paired_metrics(metrics)
    units = {number: unit for metric in ready.values() for number, unit in metric.units.items()}
    better = {number: metric.lower_is_better for metric in ready.values() for number in metric.units}
    several = dict(vocoders)
    if baseline:
        several[BASELINE] = FromMels(GriffinLim(format, seed=seed), format)
    found: dict[str, list[Utterance]] = {name: [] for name in (REFERENCE, *several)}
    made, computing = dict.fromkeys(found, 0.0), dict.fromkeys(found, 0.0)
    seconds, recordings = 0.0, 0
    # Of zero distances to itself nothing is learned; what a perfect copy gets is not obvious for the others.
    upward = {name: metric for name, metric in ready.items() if not metric.lower_is_better}
    for key, wave_T in _recordings(source, format, limit, seed):
        recordings, seconds = recordings + 1, seconds + len(wave_T) / format.sample_rate
        found[REFERENCE].append(judge(key, upward, wave_T, wave_T, format.sample_rate))
        for name, copy in several.items():
            copied_T, took = _timed(copy, wave_T, warm=recordings > 1)
            made[name] += len(copied_T) / format.sample_rate
            computing[name] += took
            if keep is not None:
                keep(name, key, copied_T)
            length = min(len(wave_T), len(copied_T))
            pair = wave_T[:length], copied_T[:length]
            found[name].append(judge(key, ready, *pair, format.sample_rate, model=name))
    if not recordings:
        raise DataError(f"no recording is longer than a frame ({format.n_fft} samples)")
    rows = {
        name: Row(means_over(items), refusals(items), made[name], computing[name], tuple(items))
        for name, items in found.items()
        if name != REFERENCE or upward
    }
    return Evaluation(rows, units, better, left_out, recordings, seconds, seed)


def paired_metrics(metrics: Sequence[Any] | None) -> tuple[dict[str, PairedMetric], dict[str, str]]:
    """Metrics by name, and those of the default that are left out here, with the reason.

    Args:
        metrics: names, specs or ready metrics; `None` for the default.

    Raises:
        ConfigError: there is no such metric, or its settings are wrong.
        DataError: two give numbers of one name.
        MissingExtraError: one was asked for whose package is missing.
    """
    ready: dict[str, PairedMetric] = {}
    left_out: dict[str, str] = {}
    numbers: set[str] = set()
    for item in DEFAULT_METRICS if metrics is None else metrics:
        name = item if isinstance(item, str) else item["name"] if isinstance(item, Mapping) else type(item).__name__
        try:
            metric: PairedMetric = build("paired_metrics", item) if isinstance(item, (str, Mapping)) else item
        except MissingExtraError as error:
            if metrics is not None:
                raise
            left_out[name] = f"{error.message} {error.way_out}"
            continue
        twice = numbers & set(metric.units)
        if twice:
            raise DataError(f"two metrics give the number '{min(twice)}'", "give each metric once")
        numbers |= set(metric.units)
        ready[name] = metric
    return ready, left_out


def _require_rate(format: AudioFormat, source: Source) -> None:
    whole = source
    while isinstance(whole, Subset):  # a part of a data set has the rate of the whole
        whole = whole.source
    rate = getattr(whole, "sample_rate", format.sample_rate)  # what does not say was looked at by its task
    if rate != format.sample_rate:
        raise DataError(
            f"the recordings have {rate} samples per second, the vocoder's audio format {format.sample_rate}",
            f"open them with sample_rate={format.sample_rate}",
        )
    if len(source) == 0:
        raise DataError("there are no recordings to evaluate")


def _recordings(source: Source, format: AudioFormat, limit: int | None, seed: int) -> Iterator[tuple[str, Tensor]]:
    """Key and wave of the chosen recordings, whole hops of them; none that is shorter than a frame."""
    places = np.arange(len(source))
    if limit is not None and limit < len(source):
        random = np.random.default_rng(fold(seed, "evaluated-recordings") % 2**63)
        places = np.sort(random.permutation(len(source))[: max(1, limit)])
    longest = int(LONGEST_SECONDS * format.sample_rate)
    for place in places.tolist():
        wave_T = to_wave(torch.from_numpy(np.array(source[place]["audio"][:longest])))
        whole = len(wave_T) // format.hop_length * format.hop_length
        if whole > format.n_fft:
            yield source.key(place), wave_T[:whole]


@torch.no_grad()
def _timed(copy: Copy, wave_T: Tensor, warm: bool) -> tuple[Tensor, float]:
    """The copy, and the seconds that it took; run once before where it is not warm (compilers, caches)."""
    call: Callable[[], Tensor]
    if isinstance(copy, FromMels):
        vocode, mel_1MT = copy.vocode, copy.mel(wave_T)
        call = lambda: vocode(mel_1MT)  # noqa: E731
    else:
        call = lambda: copy(wave_T)  # noqa: E731
    if not warm:
        call()
    start = time.perf_counter()
    copied = call().cpu()
    took = time.perf_counter() - start
    return copied.float().reshape(-1), took
