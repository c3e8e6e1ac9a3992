from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from tests.metrics.sets import bank_of, labelled, normal
from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.frechet import frechet_distance


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 30),
    st.sampled_from([None, 7, 100]),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_what_is_stored_comes_back(
    tmp_path_factory: pytest.TempPathFactory, count: int, capacity: int | None, indexed: bool, fingerprint: str
) -> None:
    path = tmp_path_factory.mktemp("banks") / "new" / "real.safetensors"
    bank = FeatureBank("pixels-8x8", classifier="judge", capacity=capacity, fingerprint=fingerprint)
    index = torch.arange(count) * 3 if indexed else None
    bank.add(normal(0, count, 5), labels=torch.arange(count), probabilities=torch.eye(count), index=index)
    bank.save(path)
    again = FeatureBank.load(path, extractor="pixels-8x8", fingerprint=fingerprint)
    for name in ("features", "labels", "probabilities"):
        assert torch.equal(getattr(again, name), getattr(bank, name))
    for name in ("extractor", "classifier", "capacity", "fingerprint", "count", "kept", "dimension"):
        assert getattr(again, name) == getattr(bank, name)
    assert torch.equal(again.moments.scatter, bank.moments.scatter)
    assert [file.name for file in path.parent.iterdir()] == ["real.safetensors"]  # nothing temporary is left


def test_a_loaded_bank_can_grow_and_merge(tmp_path: Path) -> None:
    whole = labelled(0, 40)
    first, second = (FeatureBank("identity", capacity=None) for _ in range(2))
    for bank, places in ((first, torch.arange(0, 25)), (second, torch.arange(25, 40))):
        bank.add(
            whole.features[places],
            labels=places % 3,
            probabilities=torch.full((len(places), 3), 1 / 3),
            index=places,
        )
    first.save(tmp_path / "a")
    merged = FeatureBank.merge([FeatureBank.load(tmp_path / "a", extractor=None, fingerprint=None), second])
    assert torch.equal(merged.features, whole.features)
    assert frechet_distance(merged.moments, whole.moments) < 1e-12


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            {"extractor": "inception-2015", "fingerprint": "abc"},
            "its extractor is 'identity', wanted is 'inception-2015'",
        ),
        ({"extractor": "identity", "fingerprint": "xyz"}, "its fingerprint is 'abc', wanted is 'xyz'"),
    ],
)
def test_statistics_of_something_else_are_refused(tmp_path: Path, wanted: dict[str, str], words: str) -> None:
    bank = FeatureBank("identity", fingerprint="abc")
    bank.add(normal(0, 4, 2))
    bank.save(tmp_path / "real.safetensors")
    with pytest.raises(DataError, match=f"real.safetensors belongs to something else: {words}"):
        FeatureBank.load(tmp_path / "real.safetensors", **wanted)


def test_missing_damaged_and_foreign_files_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "real.safetensors"

    def load() -> FeatureBank:
        return FeatureBank.load(path, extractor=None, fingerprint=None)

    with pytest.raises(DataError, match=r"no stored feature bank at .*real"):
        load()
    bank_of(normal(0, 50, 8)).save(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"real.safetensors is damaged"):
        load()
    save_file({"features": torch.zeros(2, 2)}, path)
    with pytest.raises(DataError, match="not a feature bank of this version"):
        load()


def test_an_empty_bank_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty"):
        FeatureBank("identity").save(tmp_path / "real.safetensors")
    assert list(tmp_path.iterdir()) == []
