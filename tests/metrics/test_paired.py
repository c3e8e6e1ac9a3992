from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
import pytest
import torch

from toolkit.errors import DataError
from toolkit.metrics.paired import (
    PairedMetric,
    Signal,
    UnfitPairError,
    Utterance,
    as_pair,
    judge,
    mean_with_interval,
    means_over,
    refusals,
)


class Loudness:
    """Mean absolute difference; refuses silence."""

    lower_is_better: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset()
    units: ClassVar[Mapping[str, str]] = {"loudness": ""}

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        first, second = as_pair(reference, generated)
        if not first.any():
            raise UnfitPairError("the reference is silent")
        return {"loudness": float(np.abs(first - second).mean())}


def wave(*values: float) -> Signal:
    return np.array(values, dtype=np.float32)


def test_what_has_the_attributes_and_can_be_called_is_a_paired_metric() -> None:
    assert isinstance(Loudness(), PairedMetric)


def test_the_half_width_is_the_standard_error_times_students_quantile() -> None:
    values = [3.0, 4.0, 6.0, 7.0, 10.0]
    found = mean_with_interval(values)
    assert found.value == 6.0
    assert found.count == 5
    assert found.half_width == pytest.approx(2.776445 * statistics.stdev(values) / 5**0.5, rel=1e-6)  # t(0.975, 4)


@pytest.mark.parametrize("method", ["student", "bootstrap"])
def test_the_interval_holds_the_true_mean_about_as_often_as_it_says(method: str) -> None:
    random = np.random.default_rng(1)
    hits = 0
    for trial in range(60):
        found = mean_with_interval(random.normal(2.0, 1.0, 25).tolist(), confidence=0.8, method=method, seed=trial)  # type: ignore[arg-type]
        assert found.half_width is not None
        hits += abs(found.value - 2.0) <= found.half_width
    assert 39 <= hits <= 57  # 48 expected


def test_the_bootstrap_repeats_itself() -> None:
    values = [1.0, 2.0, 2.5, 4.1, 5.3, 5.9, 6.8, 9.0]
    first, again, other = (mean_with_interval(values, method="bootstrap", seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.half_width != other.half_width


def test_one_pair_has_no_interval_and_equal_ones_an_empty_one() -> None:
    assert mean_with_interval([2.0]).half_width is None
    assert mean_with_interval([2.0, 2.0, 2.0], method="bootstrap").half_width == 0.0


@pytest.mark.parametrize(("values", "confidence"), [([], 0.95), ([1.0], 1.0), ([1.0], 0.0)])
def test_means_of_nothing_and_impossible_confidences_are_refused(values: list[float], confidence: float) -> None:
    with pytest.raises(DataError, match="at least one value"):
        mean_with_interval(values, confidence=confidence)


@pytest.mark.parametrize(
    ("reference", "generated", "words"),
    [
        (wave(1, 2), wave(1, 2, 3), "2 samples, the generated signal 3"),
        (wave(), wave(), r"shape \[0\]"),
        (wave(1), torch.zeros(1, 1), r"generated signal has the shape \[1, 1\]"),
        (wave(1), wave(float("nan")), "generated signal has values that are not finite"),
    ],
)
def test_a_mistake_names_the_pair_and_what_is_wrong(reference: Signal, generated: Signal, words: str) -> None:
    with pytest.raises(DataError, match=f"clip 7: .*{words}"):
        judge("clip 7", {"loudness": Loudness()}, reference, generated, 8000)


def test_a_pair_that_a_metric_cannot_judge_is_counted_and_left_out_of_the_mean() -> None:
    judged = [
        judge(key, {"loudness": Loudness()}, wave(level, level), wave(0, 0), 8000)
        for key, level in (("a", 1.0), ("b", 0.0), ("c", 0.5), ("d", 0.0))
    ]
    assert means_over(judged)["loudness"].count == 2
    assert means_over(judged)["loudness"].value == 0.75
    assert refusals(judged) == {"loudness": {"the reference is silent": 2}}


def test_a_number_that_only_some_pairs_have_is_averaged_over_these() -> None:
    found = means_over([Utterance("a", {"x": 1.0, "y": 4.0}, {}), Utterance("b", {"x": 3.0}, {})])
    assert (found["x"].value, found["x"].count) == (2.0, 2)
    assert (found["y"].value, found["y"].half_width, found["y"].count) == (4.0, None, 1)


@pytest.mark.parametrize("make", [torch.tensor, np.array])
def test_tensors_and_arrays_of_any_float_type_become_float32(make: Callable[[list[float]], Signal]) -> None:
    first, second = as_pair(make([0.5, -0.5]), torch.tensor([1.0, 0.0], dtype=torch.bfloat16))
    assert first.dtype == second.dtype == np.float32
    assert first.tolist() == [0.5, -0.5]
