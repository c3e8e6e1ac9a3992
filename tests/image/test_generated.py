from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.config import build
from toolkit.engine.models import save_model
from toolkit.errors import CheckpointError, ConfigError, DataError
from toolkit.image.generated import GeneratedPictures
from toolkit.image.pipeline import ImagePipeline

SPEC = {"name": "dcgan", "width": 8, "latent": 8, "norm": "none", "resolution": 8, "channels": 1, "classes": 3}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    weights = build("generators", SPEC).state_dict()
    config = {"pipeline": "image", "generator": SPEC, "classes": ["a", "b", "c"]}
    save_model(tmp_path / "model", weights, config, "# Card\n")
    return tmp_path / "model"


def test_the_models_pictures_come_with_even_labels(model: Path) -> None:
    source = GeneratedPictures(str(model), count=9, seed=2, device="cpu")
    assert source.classes == ("a", "b", "c")
    assert np.bincount(source.fields["label"]).tolist() == [3, 3, 3]
    assert source.fields["image"].shape == (9, 8, 8, 1)
    more = GeneratedPictures(str(model), count=12, seed=2, device="cpu")
    assert np.array_equal(more.fields["image"][:9], source.fields["image"])
    other = GeneratedPictures(str(model), count=9, seed=3, device="cpu")
    assert not np.array_equal(other.fields["image"], source.fields["image"])
    assert other.key(0) != source.key(0)


def test_the_judge_is_asked_for_only_when_wanted(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    generate = ImagePipeline.generate

    def judged(pipeline: ImagePipeline, *values: Any, judge: bool | None = None, **options: Any) -> Any:
        asked.append(judge)
        return generate(pipeline, *values, **options)

    monkeypatch.setattr(ImagePipeline, "generate", judged)
    GeneratedPictures(str(model), count=4, device="cpu")
    GeneratedPictures(str(model), count=4, judge=True, device="cpu")
    assert asked == [None, True]


def test_mistakes_are_explained(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 2"):
        GeneratedPictures(str(model), count=1)
    with pytest.raises(CheckpointError, match="no run or model"):
        GeneratedPictures(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="digits-classifier makes no pictures"):
        GeneratedPictures("digits-classifier")
