from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.making import Numbers
from toolkit.data.memory import ArraySource
from toolkit.data.splits import split
from toolkit.errors import ConfigError


def named(names: list[str], splits: list[str | None] | None = None) -> ArraySource:
    return ArraySource({"image": np.zeros((len(names), 1))}, names, splits=splits)


def places(source: ArraySource, **options: Any) -> dict[str, str]:
    return {source.key(i): name for name, indices in split(source, **options).items() for i in indices}


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.text(max_size=8), min_size=1, max_size=40, unique=True), st.data())
def test_adding_removing_or_reordering_files_moves_no_other(names: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.permutations(names))[: data.draw(st.integers(1, len(names)))]
    before = places(named(names), seed=3)
    assert set(before) == set(names)
    assert places(named(kept), seed=3) == {name: before[name] for name in kept}


def test_the_shares_are_close_to_the_fractions() -> None:
    sizes = {name: len(indices) for name, indices in split(Numbers(10_000)).items()}
    assert sum(sizes.values()) == 10_000
    assert abs(sizes["train"] - 9000) < 120  # four standard deviations
    assert abs(sizes["validation"] - 500) < 90
    assert abs(sizes["test"] - 500) < 90


def test_indices_are_increasing_and_ready_for_a_subset() -> None:
    for indices in split(Numbers(200)).values():
        assert indices.dtype == np.int64
        assert (np.diff(indices) > 0).all()


def test_another_seed_divides_differently_and_the_same_seed_equally() -> None:
    source = named([f"{i}.png" for i in range(300)])
    assert places(source, seed=1) == places(source, seed=1)
    assert places(source, seed=1) != places(source, seed=2)


def test_validation_is_taken_from_training_when_the_source_fixes_only_train_and_test() -> None:
    names = [f"{i}.png" for i in range(2000)]
    source = named(names, ["train"] * 1500 + ["test"] * 500)
    parts = split(source)
    assert parts["test"].tolist() == list(range(1500, 2000))
    assert 40 < len(parts["validation"]) < 130  # 1500 * 0.05 / 0.95 = 79
    assert parts["validation"].max() < 1500
    assert sorted([*parts["train"], *parts["validation"]]) == list(range(1500))


def test_fixed_splits_are_kept_even_without_a_fraction() -> None:
    source = named(["a", "b", "c"], ["train", "validation", "test"])
    parts = {name: indices.tolist() for name, indices in split(source, {"train": 1.0}).items()}
    assert parts == {"train": [0], "validation": [1], "test": [2]}


def test_a_zero_fraction_gets_nothing() -> None:
    parts = split(Numbers(500), {"train": 0.5, "validation": 0.0, "test": 0.5})
    assert len(parts["validation"]) == 0
    assert len(parts["train"]) + len(parts["test"]) == 500


def test_all_fractions_that_are_wrong_are_named() -> None:
    with pytest.raises(ConfigError, match=r"(?s)fractions.train.*fractions.test"):
        split(Numbers(3), {"train": 1.2, "test": -0.2})
    with pytest.raises(ConfigError, match=r"add up to 0\.9"):
        split(Numbers(3), {"train": 0.8, "test": 0.1})


class Grouped(ArraySource):
    """Samples whose names begin with their group."""

    def group(self, index: int) -> str:
        return self.keys[index].split("-")[0]


def test_a_group_stays_together_whatever_else_there_is() -> None:
    names = [f"{kind}-{tone}" for kind in range(200) for tone in range(kind % 4 + 1)]
    source = Grouped({"image": np.zeros((len(names), 1))}, names)
    before = places(source, fractions={"train": 0.5, "validation": 0.2, "test": 0.3}, seed=2)
    by_kind: dict[str, set[str]] = {}
    for name, part in before.items():
        by_kind.setdefault(name.split("-")[0], set()).add(part)
    assert all(len(parts) == 1 for parts in by_kind.values())
    assert set.union(*by_kind.values()) == {"train", "validation", "test"}
    fewer = [name for name in names if not name.endswith("-0")]
    kept = Grouped({"image": np.zeros((len(fewer), 1))}, fewer)
    after = places(kept, fractions={"train": 0.5, "validation": 0.2, "test": 0.3}, seed=2)
    assert after == {name: before[name] for name in fewer}


def test_what_a_source_without_test_data_lacks_is_taken_out_by_groups() -> None:
    names = [f"{kind}-{tone}" for kind in range(100) for tone in range(3)]
    source = Grouped({"image": np.zeros((300, 1))}, names, splits=["train"] * 300)
    parts = places(source, fractions={"train": 0.5, "validation": 0.0, "test": 0.5})
    for kind in range(100):
        assert len({parts[f"{kind}-{tone}"] for tone in range(3)}) == 1
