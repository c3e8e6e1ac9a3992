from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import ClassVar

import pytest
import torch

from tests.metrics.sets import bank_of, labelled, normal
from toolkit.errors import DataError
from toolkit.metrics.bank import DEFAULT_CAPACITY, FeatureBank
from toolkit.metrics.classification import Accuracy, Score
from toolkit.metrics.comparison import Banks, compare, generated_capacity, own_half_widths
from toolkit.metrics.confidence import per_class, with_confidence
from toolkit.metrics.frechet import Frechet
from toolkit.metrics.kernel import Kernel
from toolkit.metrics.memorisation import Memorisation
from toolkit.metrics.mode_coverage import ModeCoverage
from toolkit.metrics.neighbours import PrecisionRecall

BANKS = Banks(labelled(0, 60), labelled(1, 60, shift=0.3), labelled(2, 60))


def test_every_number_comes_with_its_own_or_a_resampled_interval() -> None:
    metrics = {"frechet": Frechet(), "kernel": Kernel(), "accuracy": Accuracy(), "memorisation": Memorisation()}
    found = compare(BANKS, metrics, repeats=3, seed=5)
    assert found.values["frechet_distance"] == Frechet().compute(BANKS.real, BANKS.fake)["frechet_distance"]
    expected = with_confidence(Frechet(), BANKS.real, BANKS.fake, repeats=3, seed=5)["frechet_distance"]
    assert (found.values["frechet_distance"], found.half_widths["frechet_distance"]) == expected
    assert found.half_widths["kernel_distance"] == pytest.approx(1.96 * found.values["kernel_distance_std_error"], 1e-3)
    ends = found.values["accuracy_low"], found.values["accuracy_high"]
    assert found.half_widths["accuracy"] == pytest.approx((ends[1] - ends[0]) / 2)
    assert set(found.half_widths) == {
        "frechet_distance",
        "kernel_distance",
        "accuracy",
        "memorisation_ratio",
        "memorised_fraction",
    }
    plain = compare(BANKS, metrics)
    assert plain.values == found.values
    assert plain.half_widths == {}


def test_a_metric_that_does_not_fit_is_an_error_or_is_left_out_with_the_reason() -> None:
    few = Banks(labelled(0, 60), labelled(1, 3))
    with pytest.raises(DataError, match="precision_recall: this metric needs at least 4 generated samples, not 3"):
        compare(few, {"precision_recall": PrecisionRecall()})
    found = compare(few, {"precision_recall": PrecisionRecall(), "accuracy": Accuracy()}, lenient=True)
    assert "at least 4 generated samples, not 3" in found.skipped["precision_recall"]
    assert "accuracy" in found.values
    with pytest.raises(DataError, match=r"(?s)none of the metrics can be computed.*score: 10 splits"):
        compare(few, {"precision_recall": PrecisionRecall(), "score": Score()}, lenient=True)


def test_numbers_by_class_equal_the_metric_on_that_class_and_gaps_are_named() -> None:
    real = labelled(0, 60, classes=3)
    fake = labelled(1, 62, classes=3).subset(torch.arange(62) % 3 != 2)
    found = compare(Banks(real, fake), {"frechet": Frechet(), "modes": ModeCoverage()}, by_class=True)
    expected = per_class(Frechet(), real, fake)
    assert {label: numbers["frechet_distance"] for label, numbers in found.per_class.items()} == {
        label: pytest.approx(numbers["frechet_distance"]) for label, numbers in expected.items()
    }
    assert set(found.per_class[0]) == {"frechet_distance"}
    assert "no sample with label 2" in found.skipped["class 2"]
    unlabelled = compare(Banks(bank_of(normal(0, 20, 4)), fake), {"frechet": Frechet()}, by_class=True)
    assert unlabelled.skipped == {"per class": "the real samples have no labels"}


def test_small_classes_do_not_warn_one_by_one() -> None:
    real, fake = labelled(0, 40, dimension=12, classes=4), labelled(1, 40, dimension=12, classes=4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(compare(Banks(real, fake), {"frechet": Frechet()}, by_class=True).per_class) == 4


class Rows:
    """Tells how many rows it is given."""

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool | None]] = {"rows": None, "seen": None}

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        return {"rows": float(fake.kept), "seen": float(fake.count)}


class AllRows(Rows):
    """Needs all of them."""

    needs_all_rows: ClassVar[bool] = True


def test_a_metric_that_needs_all_rows_does_not_make_the_others_slow() -> None:
    assert generated_capacity([Rows()]) == DEFAULT_CAPACITY
    assert generated_capacity([Rows(), AllRows()]) is None
    many = bank_of(normal(0, DEFAULT_CAPACITY + 50, 1))
    banks = Banks(bank_of(normal(1, 9, 1)), many)
    assert compare(banks, {"usual": Rows()}).values == {"rows": DEFAULT_CAPACITY, "seen": DEFAULT_CAPACITY + 50}
    assert compare(banks, {"all": AllRows()}).values["rows"] == DEFAULT_CAPACITY + 50


def test_half_widths_are_read_from_any_of_their_forms() -> None:
    values = {
        "a": 1.0,
        "a_half_width": 0.5,
        "b": 2.0,
        "b_std_error": 1.0,
        "c": 3.0,
        "c_low": 2.0,
        "c_high": 6.0,
        "d": 4.0,
    }
    assert own_half_widths(values) == {"a": 0.5, "b": pytest.approx(1.96, abs=1e-3), "c": 2.0}
