"""The contract of metrics that compare a generated signal with its own reference."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch

from toolkit.errors import DataError
from toolkit.metrics.paired import PairedMetric, UnfitPairError, Wave
from toolkit.testing.subject import PartLike, Subject

_RATE = 22_050
_SECONDS = 1.2


def check_paired_metric(part: PartLike, /, **overrides: object) -> None:
    """The contract of a paired metric.

    * `lower_is_better`, true or false; `needs`, a frozenset of extras; `units`, a unit for every number;
    * finite numbers under names of `units`, the same ones again and for tensors, and all of them for a voiced sound;
      the signals stay as they were;
    * a signal against itself is rated better, by every number, than a copy of another pitch with noise in it;
    * silence and a click of a few samples give finite numbers, or an `UnfitPairError`;
    * values that are not finite, signals of two lengths, empty ones and batches are refused with a `DataError` that is
      no `UnfitPairError`: these are mistakes of the caller, not properties of the pair.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides. It is given 1.2 s of a vowel
            at 22,050 Hz.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("paired_metrics", part, overrides)
    subject.check_signature()
    metric: PairedMetric = subject.build()
    subject.must(isinstance(metric.lower_is_better, bool), "has an attribute lower_is_better, true or false")
    subject.must(isinstance(metric.needs, frozenset), "names the extras that it needs in a frozenset, needs")
    units: Mapping[str, str] = metric.units
    subject.must(units, "names its numbers in units")
    reference, bad = vowel(120.0), vowel(131.0, noise=0.1)
    kept = reference.copy(), bad.copy()
    perfect, poor = _numbers(subject, metric, reference, reference), _numbers(subject, metric, reference, bad)
    subject.must(set(perfect) == set(units), f"gives all of its numbers ({set(units)}) for a vowel, got {set(perfect)}")
    subject.must(_numbers(subject, metric, reference, bad) == poor, "gives the same numbers again")
    with subject.rule("takes tensors"):
        tensors = metric(torch.from_numpy(reference), torch.from_numpy(bad), _RATE)
    subject.must(tensors == poor, "gives the same numbers for tensors")
    unchanged = np.array_equal(kept[0], reference) and np.array_equal(kept[1], bad)
    subject.must(unchanged, "leaves the signals as they were")
    for name, value in poor.items():
        wins = perfect[name] < value if metric.lower_is_better else perfect[name] > value
        words = f"a signal against itself ({perfect[name]:.4g}) than a bad copy ({value:.4g})"
        subject.must(wins, f"rates '{name}' better for {words}")
    _check_unfit(subject, metric, reference)
    _check_mistakes(subject, metric, reference)


def vowel(pitch: float, *, noise: float = 0.0, seconds: float = _SECONDS, sample_rate: int = _RATE) -> Wave:
    """Something like a sung "a" with pauses: harmonics of a pitch under three formants, float32 `[T]`, peak 0.5.

    Args:
        pitch: in Hz; it wavers a little.
        noise: standard deviation of white noise that is added; in the last third ten times as much.
        seconds: length.
        sample_rate: in Hz.
    """
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    phase = 2 * np.pi * pitch * (time + 0.01 * np.sin(2 * np.pi * 2 * time))
    wave = np.zeros_like(time)
    for harmonic in range(1, int(4000 / pitch)):
        frequency = harmonic * pitch
        strength = sum(math.exp(-(((frequency - formant) / 150) ** 2)) for formant in (700, 1200, 2600)) + 0.02
        wave += strength * np.sin(harmonic * phase)
    wave *= np.clip(1.2 * np.sin(2 * np.pi * 2.5 * time), 0.001, 1)  # syllables
    wave *= 0.5 / np.abs(wave).max()
    loud = np.where(time > 2 / 3 * seconds, 10.0, 1.0)
    white = np.random.default_rng(0).standard_normal(len(time))
    return (wave + noise * loud * white).clip(-1, 1).astype(np.float32)


def _numbers(subject: Subject, metric: PairedMetric, reference: Wave, generated: Wave) -> dict[str, float]:
    with subject.rule("compares two signals"):
        numbers = metric(reference, generated, _RATE)
    named = set(metric.units)
    subject.must(set(numbers) <= named, f"gives only numbers that units names: {named}, got {set(numbers)}")
    for name, value in numbers.items():
        finite = isinstance(value, float) and math.isfinite(value)
        subject.must(finite, f"gives '{name}' as a finite float, got {value!r}")
    return numbers


def _check_unfit(subject: Subject, metric: PairedMetric, reference: Wave) -> None:
    silence = np.zeros_like(reference)
    click = np.array([0.0, 0.5, 0.0], dtype=np.float32)
    for words, pair in {
        "silence against silence": (silence, silence),
        "silence against a sound": (reference, silence),
        "a sound against silence": (silence, reference),
        "three samples": (click, click),
    }.items():
        try:
            with subject.rule(f"judges {words} or raises an UnfitPairError"):
                _check_finite(subject, metric, pair, words)
        except AssertionError as error:
            if not isinstance(error.__cause__, UnfitPairError):
                raise


def _check_finite(subject: Subject, metric: PairedMetric, pair: tuple[Wave, Wave], words: str) -> None:
    numbers = metric(*pair, _RATE)
    subject.must(all(map(math.isfinite, numbers.values())), f"gives finite numbers for {words}, got {numbers}")


def _check_mistakes(subject: Subject, metric: PairedMetric, reference: Wave) -> None:
    broken = reference.copy()
    broken[len(broken) // 2] = np.nan
    for words, pair in {
        "values that are not finite": (reference, broken),
        "signals of two lengths": (reference, reference[:-1]),
        "empty signals": (reference[:0], reference[:0]),
        "a batch": (reference[None], reference[None]),
    }.items():
        subject.must(_refuses(metric, pair), f"refuses {words} with a DataError that is no UnfitPairError")


def _refuses(metric: PairedMetric, pair: tuple[Wave, Wave]) -> bool:
    try:
        metric(*pair, _RATE)
    except DataError as error:
        return not isinstance(error, UnfitPairError)
    except Exception:  # a part under test may fail in any way
        return False
    return False
