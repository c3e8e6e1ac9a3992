from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiny import TINY
from toolkit.data.digits import Digits
from toolkit.errors import DataError
from toolkit.runs import cas, train

SHORT = [
    "trainer.steps=3",
    "generator.width=4",
    "trainer.batch_size=8",
    "report.trackers=[]",
    "trainer.evaluate_every=null",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conditional model of digits."""
    return train(TINY, tmp_path_factory.mktemp("cas") / "run", ["trainer.steps=2"], quiet=True).path


def test_a_classifier_is_trained_on_generated_pictures_and_tested_on_real_ones(model: Path, tmp_path: Path) -> None:
    found = cas.classification_accuracy_score(model, count=40, overrides=SHORT, out=tmp_path / "classifier", quiet=True)
    assert 0 <= found["metrics"]["classification_accuracy_score"] <= 1
    assert found["intervals"]["classification_accuracy_score"] > 0
    assert (found["real"], found["samples"], found["classifier_steps"]) == ("digits (test)", 40, 3)
    recipe = (tmp_path / "classifier" / "recipe.yaml").read_text()
    assert "name: generated" in recipe
    assert (tmp_path / "classifier" / "model" / "config.json").is_file()


def test_real_pictures_may_be_ones_own_and_nothing_is_left_behind(model: Path, tmp_path: Path) -> None:
    digits = Digits(8)
    np.savez(tmp_path / "real.npz", images=digits.fields["image"][:50], labels=digits.fields["label"][:50])
    found = cas.classification_accuracy_score(model, real=tmp_path / "real.npz", count=20, overrides=SHORT, quiet=True)
    assert found["real_samples"] == 50
    assert "classifier" not in found


def test_what_cannot_work_is_said_before_anything_is_trained(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cas, "train", lambda *values, **options: pytest.fail("trained"))
    np.savez(tmp_path / "real.npz", images=Digits(8).fields["image"][:50])
    with pytest.raises(DataError, match="has no labels to test a classifier on"):
        cas.classification_accuracy_score(model, real=tmp_path / "real.npz")
    with pytest.raises(DataError, match="makes no pictures of classes"):
        cas.classification_accuracy_score("digits-classifier")
