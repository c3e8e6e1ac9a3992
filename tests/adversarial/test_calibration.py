from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor

from toolkit.adversarial.calibration import Calibration, calibrate
from toolkit.errors import DataError

SHIFT = 0.7  # the generator's mean, where data are N(0, 1); so log ratio = SHIFT^2 / 2 - SHIFT x


def normal(count: int, seed: int, mean: float = 0.0) -> Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def log_ratio(x: Tensor) -> Tensor:
    """Log density ratio of N(0, 1) to N(SHIFT, 1)."""
    return SHIFT**2 / 2 - SHIFT * x


@pytest.mark.parametrize(("real", "fake"), [(20_000, 20_000), (5_000, 40_000)])
def test_the_log_ratio_of_two_normal_densities_is_recovered_from_scores_of_any_scale(real: int, fake: int) -> None:
    scores = [3 * log_ratio(x) + 5 for x in (normal(real, 0), normal(fake, 1, SHIFT))]
    found = calibrate(*scores)
    points = torch.linspace(-2, 2.7, 20, dtype=torch.float64)
    assert found.log_ratio(3 * log_ratio(points) + 5) == pytest.approx(log_ratio(points), abs=0.08)
    expected = torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor(SHIFT / 2**0.5)).item()
    assert found.ranking == pytest.approx(expected, abs=0.01)
    assert not found.doubt


def test_a_constant_added_to_all_scores_changes_nothing() -> None:
    real, fake = log_ratio(normal(500, 0)), log_ratio(normal(500, 1, SHIFT))
    one, other = calibrate(real, fake), calibrate(real + 1000, fake + 1000)
    assert other.log_ratio(fake + 1000) == pytest.approx(one.log_ratio(fake), abs=1e-6)


def test_scores_that_separate_perfectly_get_a_finite_scale() -> None:
    found = calibrate(torch.linspace(10, 11, 50), torch.linspace(-1, 0, 50))
    chances = torch.sigmoid(found.log_ratio(torch.tensor([-1.0, 5.0, 11.0])))
    assert 0 < chances[0] < 0.02
    assert 0.98 < chances[2] < 1
    assert found.ranking == 1


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (torch.ones(10), torch.ones(10), "same score"),
        (torch.full((10,), 1e9), torch.full((10,), 1e9), "same score"),
        (torch.linspace(-1, 0, 50), torch.linspace(0, 1, 50), "no higher"),
    ],
)
def test_scores_that_say_nothing_give_no_ratio_and_a_reason(real: Tensor, fake: Tensor, words: str) -> None:
    found = calibrate(real, fake)
    assert words in found.doubt
    assert (found.log_ratio(torch.tensor([-5.0, 5.0])) == 0).all()


@pytest.mark.parametrize(
    "bad", [torch.tensor([1.0]), torch.tensor([1.0, float("nan")]), torch.tensor([1.0, float("inf")])]
)
def test_too_few_or_broken_scores_are_refused(bad: Tensor) -> None:
    with pytest.raises(DataError):
        calibrate(bad, torch.zeros(3))
    with pytest.raises(DataError):
        calibrate(torch.zeros(3), bad)


# -- with classes -----------------------------------------------------------------------------------------------------


def classes(count: int, seed: int, mean: float, sizes: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Points, labels, and scores that have an arbitrary constant for each class."""
    x, label = normal(count, seed, mean), torch.arange(count) % sizes
    return x, label, 2 * log_ratio(x) + torch.tensor([0.0, 50.0, -300.0])[label]


def test_a_constant_for_each_class_is_seen_through() -> None:
    _, real_label, real = classes(6000, 0, 0.0)
    x, fake_label, fake = classes(6000, 1, SHIFT)
    found = calibrate(real, fake, real_label, fake_label, 3)
    assert (found.log_ratio(fake, fake_label) - log_ratio(x)).abs().max() < 0.5  # far out, at four deviations
    assert (found.log_ratio(fake, fake_label) - log_ratio(x)).abs().mean() < 0.08
    blind = calibrate(real, fake)
    assert found.ranking > blind.ranking + 0.1


def test_a_class_with_few_samples_keeps_the_common_line() -> None:
    _, real_label, real = classes(3000, 0, 0.0, sizes=2)
    _, fake_label, fake = classes(3000, 1, SHIFT, sizes=2)
    lone = torch.tensor([0.0])  # its one real sample scores lower than its one fake
    found = calibrate(
        torch.cat([real, lone - 2]),
        torch.cat([fake, lone + 2]),
        torch.cat([real_label, torch.tensor([2])]),
        torch.cat([fake_label, torch.tensor([2])]),
        4,
    )
    assert found.class_scales[2] == pytest.approx(found.scale, rel=0.5)
    assert found.class_scales[3] == pytest.approx(found.scale)
    assert found.log_ratio(torch.tensor([2.0]), torch.tensor([2])) > found.log_ratio(
        torch.tensor([-2.0]), torch.tensor([2])
    )


def test_labels_are_not_needed_to_read_a_score() -> None:
    _, label, real = classes(300, 0, 0.0)
    _, _, fake = classes(300, 1, SHIFT)
    found = calibrate(real, fake, label, label, 3)
    assert found.log_ratio(real).isfinite().all()


def test_it_survives_json() -> None:
    _, label, real = classes(300, 0, 0.0)
    _, _, fake = classes(300, 1, SHIFT)
    found = calibrate(real, fake, label, label, 3)
    back = Calibration.from_document(json.loads(json.dumps(found.to_document())))
    assert back == found
