from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor

from tests.adversarial.test_calibration import SHIFT, log_ratio, normal
from toolkit.adversarial.calibration import calibrate
from toolkit.adversarial.rejection import Rejection, fit_rejection
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError


def noise(count: int, seed: int = 0) -> Noise:
    return Noise(seed, 0, torch.arange(count), "generate")


def test_accepted_samples_have_the_mean_and_variance_of_the_data() -> None:
    real, fake = normal(20_000, 0), normal(20_000, 1, SHIFT)
    calibration = calibrate(2 * log_ratio(real) - 1, 2 * log_ratio(fake) - 1)
    rule = fit_rejection(calibration.log_ratio(2 * log_ratio(fake[:5000]) - 1), acceptance=0.01)
    assert rule.gamma == 0
    fresh = normal(200_000, 2, SHIFT)
    kept = fresh[rule.keep(calibration.log_ratio(2 * log_ratio(fresh) - 1), noise(len(fresh)))]
    assert kept.mean().item() == pytest.approx(0.0, abs=0.04)
    assert kept.var().item() == pytest.approx(1.0, abs=0.04)
    assert len(kept) / len(fresh) == pytest.approx(rule.acceptance, rel=0.1)


def test_a_larger_share_is_a_milder_choice_between_no_and_exact_rejection() -> None:
    fake = normal(50_000, 1, SHIFT)
    means = []
    for share in (0.9, 0.5, 0.25, 0.01):
        rule = fit_rejection(log_ratio(fake), acceptance=share)
        assert rule.acceptance == pytest.approx(max(share, rule.acceptance), abs=1e-6)
        means.append(fake[rule.keep(log_ratio(fake), noise(len(fake)))].mean().item())
    assert SHIFT > means[0] > means[1] > means[2] > means[3] > -0.05


def test_without_a_shift_the_probability_is_the_ratio_over_its_maximum() -> None:
    ratios = torch.tensor([-3.0, -1.0, 0.5, 2.0], dtype=torch.float64)
    rule = Rejection(log_max=2.0, gamma=0.0, acceptance=0.0, burn_in=4)
    assert rule.probability(ratios) == pytest.approx((ratios - 2).exp(), abs=1e-6)
    assert rule.probability(torch.tensor([9.0])).item() == pytest.approx(1.0, abs=1e-6)  # beyond the burn-in


def test_a_judge_that_cannot_tell_rejects_nothing() -> None:
    rule = fit_rejection(torch.zeros(100), acceptance=0.3)
    assert rule.acceptance == pytest.approx(1.0)
    assert rule.keep(torch.zeros(500), noise(500)).all()


def test_each_class_has_a_rule_of_its_own_and_few_samples_the_common_one() -> None:
    label = torch.tensor([0] * 400 + [1] * 400 + [2] * 5)
    ratios = normal(805, 0) - 8.0 * (label == 1)  # the generator is bad at the second class
    rule = fit_rejection(ratios, label, 4, acceptance=0.4)
    chances = rule.probability(ratios, label)
    for number in (0, 1):
        assert chances[label == number].mean().item() == pytest.approx(0.4, abs=1e-6)
    for number in (2, 3):
        assert (rule.class_log_max[number], rule.class_gammas[number]) == (rule.log_max, rule.gamma)
    assert rule.acceptance == pytest.approx(chances.mean().item())


def test_what_is_kept_depends_on_seed_and_sample_and_not_on_the_batch() -> None:
    ratios = normal(100, 3)
    rule = fit_rejection(ratios, acceptance=0.5)
    whole = rule.keep(ratios, noise(100))
    parts = [rule.keep(ratios[at : at + 7], noise(100).part(at, at + 7)) for at in range(0, 100, 7)]
    assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(rule.keep(ratios, noise(100, seed=1)), whole)


def test_it_survives_json() -> None:
    label = torch.arange(100) % 2
    for rule in (fit_rejection(normal(100, 0)), fit_rejection(normal(100, 0), label, 2, acceptance=0.2)):
        assert Rejection.from_document(json.loads(json.dumps(rule.to_document()))) == rule


@pytest.mark.parametrize(
    ("ratios", "share"),
    [(torch.zeros(0), 0.5), (torch.tensor([float("nan")]), 0.5), (torch.zeros(3), 0.0), (torch.zeros(3), 1.5)],
)
def test_a_burn_in_that_is_none_is_refused(ratios: Tensor, share: float) -> None:
    with pytest.raises(DataError):
        fit_rejection(ratios, acceptance=share)
