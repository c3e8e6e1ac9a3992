from __future__ import annotations

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from tests.metrics.sets import bank_of, normal
from toolkit.errors import ConfigError, DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.memorisation import Memorisation, memorisation

TRAIN, HELD_OUT = normal(0, 400, 5), normal(1, 300, 5)


def test_equals_scikit_learn() -> None:
    fake = normal(2, 201, 5, shift=0.3)
    ratio, fraction = memorisation(HELD_OUT[:299], fake, TRAIN, percentile=20)
    tree = NearestNeighbors(n_neighbors=1).fit(TRAIN.double().numpy())
    usual = torch.from_numpy(tree.kneighbors(HELD_OUT[:299].double().numpy())[0][:, 0])
    found = torch.from_numpy(tree.kneighbors(fake.double().numpy())[0][:, 0])
    assert ratio == pytest.approx(float(found.median() / usual.median()), rel=1e-9)
    assert fraction == pytest.approx(float((found <= usual.quantile(0.2)).double().mean()), abs=1e-12)


def test_new_data_of_the_same_kind_have_ratio_one() -> None:
    ratio, fraction = memorisation(HELD_OUT, normal(3, 2000, 5), TRAIN)
    assert ratio == pytest.approx(1.0, abs=0.1)
    assert fraction < 0.04


def test_copies_are_found_even_a_few() -> None:
    assert memorisation(HELD_OUT, TRAIN[:50], TRAIN) == (0.0, 1.0)
    _, fraction = memorisation(HELD_OUT, torch.cat([TRAIN[:50], normal(4, 50, 5, shift=5.0)]), TRAIN)
    assert fraction == 0.5


def test_near_copies_are_found() -> None:
    ratio, fraction = memorisation(HELD_OUT, TRAIN + 0.01 * normal(5, 400, 5), TRAIN)
    assert ratio < 0.05
    assert fraction == 1.0


def test_the_training_data_as_held_out_data_are_refused() -> None:
    with pytest.raises(DataError, match="held-out samples are also training samples"):
        memorisation(TRAIN, HELD_OUT, TRAIN)


def test_part_gives_both_numbers_and_asks_for_the_training_data() -> None:
    real, fake = bank_of(HELD_OUT), bank_of(normal(6, 100, 5))
    found = Memorisation().compute(real, fake, train=bank_of(TRAIN))
    ratio, fraction = memorisation(HELD_OUT, fake.features, TRAIN)
    assert found == {"memorisation_ratio": ratio, "memorised_fraction": fraction}
    assert Memorisation.needs_train
    with pytest.raises(DataError, match="needs the features of the training data"):
        Memorisation().compute(real, fake)


def test_a_bank_that_dropped_training_samples_is_refused() -> None:
    train = FeatureBank("identity", capacity=100)
    train.add(TRAIN)
    with pytest.raises(DataError, match="all 400 training samples, only 100 were kept"):
        Memorisation().compute(bank_of(HELD_OUT), bank_of(HELD_OUT), train=train)


def test_training_features_of_another_extractor_are_refused() -> None:
    with pytest.raises(DataError, match="'identity' and 'other'"):
        Memorisation().compute(bank_of(HELD_OUT), bank_of(HELD_OUT), train=bank_of(TRAIN, "other"))
    with pytest.raises(ConfigError, match=r"percentile: is 101; it must be within 0\.\.100"):
        Memorisation(percentile=101)
