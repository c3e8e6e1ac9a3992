from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.metrics.sets import bank_of, normal
from toolkit.errors import ConfigError, DataError
from toolkit.metrics import distances
from toolkit.metrics.neighbours import DensityCoverage, PrecisionRecall, density_coverage, precision_recall


def by_hand(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """All four numbers from the definitions, with exact differences."""
    r, f = real.double().numpy(), fake.double().numpy()

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))

    real_radius = np.sort(between(r, r), axis=1)[:, k]
    fake_radius = np.sort(between(f, f), axis=1)[:, k]
    inside = between(r, f) <= real_radius[:, None]
    return {
        "precision": inside.any(axis=0).mean(),
        "recall": (between(r, f) <= fake_radius[None]).any(axis=1).mean(),
        "density": inside.sum() / (k * len(f)),
        "coverage": inside.any(axis=1).mean(),
    }


def all_four(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    precision, recall = precision_recall(real, fake, k)
    density, coverage = density_coverage(real, fake, k)
    return {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


@settings(deadline=None, max_examples=40)
@given(st.integers(6, 40), st.integers(6, 40), st.integers(1, 5), st.integers(0, 10**6), st.sampled_from([50, 2**22]))
def test_equal_brute_force(count: int, other: int, k: int, seed: int, limit: int) -> None:
    real, fake = normal(seed, count, 3), normal(seed + 1, other, 3, shift=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "BLOCK_ELEMENTS", limit)
        assert all_four(real, fake, k) == pytest.approx(by_hand(real, fake, k), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_equal_brute_force_on_a_grid_full_of_ties_and_duplicates(seed: int, k: int) -> None:
    random = torch.Generator().manual_seed(seed)
    real, fake = (torch.randint(0, 4, (12, 2), generator=random).float() for _ in range(2))
    assert all_four(real, fake, k) == pytest.approx(by_hand(real, fake, k), abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 300.0])
@pytest.mark.parametrize("k", [1, 3])
def test_identical_sets(k: int, shift: float) -> None:
    """Each closed ball holds its centre and k neighbours, the last one exactly on the edge."""
    x = normal(0, 64, 16, shift)
    found = all_four(x, x.clone(), k)
    assert found == pytest.approx({"precision": 1.0, "recall": 1.0, "density": (k + 1) / k, "coverage": 1.0})


def test_disjoint_sets() -> None:
    found = all_four(normal(0, 30, 4), normal(1, 30, 4, shift=1000.0), 3)
    assert found == {"precision": 0.0, "recall": 0.0, "density": 0.0, "coverage": 0.0}


def test_collapse_to_one_real_sample_is_precise_but_covers_little() -> None:
    real = normal(0, 40, 4)
    fake = real[7].repeat(40, 1)
    found = all_four(real, fake, 3)
    assert found["precision"] == 1.0
    assert found["recall"] == 1 / 40  # only the sample itself lies in balls of radius 0
    assert found["coverage"] < 0.5
    assert found["density"] > 1


def test_half_of_the_modes_gives_half_of_the_recall() -> None:
    modes = torch.cat([normal(0, 50, 2), normal(1, 50, 2, shift=100.0)])
    found = all_four(modes, normal(2, 100, 2), 5)
    assert found["precision"] > 0.9
    assert found["recall"] <= 0.5
    assert 0.4 < found["coverage"] <= 0.5


def test_expectation_for_equal_distributions() -> None:
    """Density 1; coverage 1 - 2^-k (Naeem et al. 2020, lemma 2)."""
    pairs = [density_coverage(normal(seed, 100, 3), normal(seed + 500, 100, 3), 2) for seed in range(40)]
    density, coverage = (sum(values) / len(values) for values in zip(*pairs, strict=True))
    assert density == pytest.approx(1.0, abs=0.05)
    assert coverage == pytest.approx(0.75, abs=0.03)


def test_an_outlier_fools_precision_but_not_density() -> None:
    real = torch.cat([normal(0, 100, 2), torch.tensor([[60.0, 0.0]])])
    fake = normal(1, 100, 2, shift=12.0)  # nothing like the real data, but inside the outlier's ball
    found = all_four(real, fake, 3)
    assert found["precision"] == 1.0
    assert found["density"] < 0.4


def test_parts_use_the_papers_numbers() -> None:
    real, fake = bank_of(normal(0, 30, 3)), bank_of(normal(1, 30, 3))
    assert PrecisionRecall().compute(real, fake)["precision"] == precision_recall(real.features, fake.features, 3)[0]
    assert DensityCoverage().compute(real, fake)["density"] == density_coverage(real.features, fake.features, 5)[0]


def test_too_few_samples_and_a_wrong_k_are_refused() -> None:
    with pytest.raises(DataError, match="at least 4 generated samples, not 3"):
        PrecisionRecall().compute(bank_of(normal(0, 9, 2)), bank_of(normal(1, 3, 2)))
    with pytest.raises(DataError, match="at least 6 real samples, not 5"):
        DensityCoverage().compute(bank_of(normal(0, 5, 2)), bank_of(normal(1, 3, 2)))
    for part in (PrecisionRecall, DensityCoverage):
        with pytest.raises(ConfigError, match="k: is 0"):
            part(k=0)
