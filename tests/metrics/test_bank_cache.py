from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.metrics.sets import normal
from toolkit.image.classifier import ImageClassifier
from toolkit.metrics import bank_cache
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.classifier import ClassifierFeatures
from toolkit.metrics.extractor import Extractor
from toolkit.metrics.pixels import Pixels


class Maker:
    """Makes the bank of some features, and counts how often."""

    def __init__(self, extractor: Extractor, seed: int = 0) -> None:
        self.extractor = extractor
        self.seed = seed
        self.made = 0

    def __call__(self, fingerprint: str) -> FeatureBank:
        self.made += 1
        bank = FeatureBank(self.extractor.name, fingerprint=fingerprint)
        bank.add(normal(self.seed, 9, 3))
        return bank

    def through(
        self, cache: BankCache, data: object = None, mark: str = "mark", capacity: int | None = 7
    ) -> FeatureBank:
        return cache.bank(self if data is None else data, self.extractor, capacity, lambda: mark, self)


def classifier(seed: int = 0) -> ClassifierFeatures:
    torch.manual_seed(seed)
    return ClassifierFeatures.from_module(ImageClassifier(8, 1, 3, 4), "judge")


def test_a_bank_is_made_once_per_process_and_once_per_disk(tmp_path: Path) -> None:
    maker = Maker(Pixels(4))
    cache = BankCache(tmp_path / "new")
    first = maker.through(cache)
    assert maker.through(cache) is first
    later = BankCache(tmp_path / "new")
    again = maker.through(later)
    assert maker.made == 1
    assert (cache.reused, later.reused) == (0, 1)
    assert torch.equal(again.features, first.features)
    assert torch.equal(again.moments.scatter, first.moments.scatter)
    assert cache.notes == later.notes == []


def test_in_memory_only_nothing_is_fingerprinted(tmp_path: Path) -> None:
    maker = Maker(Pixels(4))
    cache = BankCache()
    bank = cache.bank(maker, maker.extractor, None, lambda: pytest.fail("fingerprinted"), maker)
    assert cache.bank(maker, maker.extractor, None, lambda: pytest.fail("fingerprinted"), maker) is bank


@pytest.mark.parametrize("change", ["data", "extractor", "capacity", "weights", "release"])
def test_what_belongs_to_something_else_is_not_reused(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eye: Extractor = classifier(0) if change == "weights" else Pixels(4)
    Maker(eye).through(BankCache(tmp_path))
    other: Extractor = {"weights": classifier(1), "extractor": Pixels(2)}.get(change, eye)
    if change == "release":
        monkeypatch.setattr(bank_cache, "_release", lambda: "another")
    maker = Maker(other)
    maker.through(
        BankCache(tmp_path), mark="other" if change == "data" else "mark", capacity=8 if change == "capacity" else 7
    )
    assert maker.made == 1
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", ["emptied", "cut off", "something else", "another bank"])
def test_a_damaged_file_is_made_again_and_noted(damage: str, tmp_path: Path) -> None:
    maker = Maker(Pixels(4))
    whole = maker.through(BankCache(tmp_path))
    (file,) = tmp_path.iterdir()
    if damage == "another bank":
        Maker(Pixels(4), seed=1)("of other data").save(file)
    else:
        content = file.read_bytes()
        file.write_bytes({"emptied": b"", "cut off": content[:-20]}.get(damage, b"x" * 300))
    cache = BankCache(tmp_path)
    assert torch.equal(maker.through(cache).features, whole.features)
    assert maker.made == 2
    assert "made again" in cache.take_notes()[0]
    assert cache.take_notes() == []
    assert BankCache(tmp_path).bank(object(), maker.extractor, 7, lambda: "mark", maker).kept == 9
    assert maker.made == 2


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = BankCache(tmp_path / "file" / "features")
    assert Maker(Pixels(4)).through(cache).kept == 9
    assert "could not be kept" in cache.notes[0]


def test_the_code_of_outside_extractors_may_change_so_their_features_stay_in_memory(tmp_path: Path) -> None:
    class Own(Pixels):
        """Somebody's extractor."""

    class Network(nn.Module):
        """Somebody's network."""

        def features(self, x: Tensor) -> Tensor:
            return x.flatten(1)

    for eye in (Own(4), ClassifierFeatures.from_module(Network(), "own")):
        maker = Maker(eye)
        cache = BankCache(tmp_path / "features")
        assert maker.through(cache) is maker.through(cache)
    assert not (tmp_path / "features").exists()


def test_files_used_longest_ago_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_cache, "LIMIT_BYTES", 1)
    maker = Maker(Pixels(4))
    for mark in ("a", "b"):
        maker.through(BankCache(tmp_path), mark=mark)
    assert len(list(tmp_path.iterdir())) == 1
    assert BankCache(tmp_path).bank(object(), maker.extractor, 7, lambda: "b", maker).kept == 9
    assert maker.made == 2
