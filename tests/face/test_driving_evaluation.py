from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.face.networks import people
from toolkit.data.source import Subset
from toolkit.errors import DataError
from toolkit.face.driving_evaluation import MODEL, MORPH, NEAREST, NearestFace, evaluate_driver, open_crops
from toolkit.face.driving_set import DrivingSet
from toolkit.face.morph import MorphDriver


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A morph measured as if it were a trained driver."""
    source = DrivingSet(str(people(tmp_path_factory.mktemp("people"), 10, 3)), 64, 1)
    return evaluate_driver(MorphDriver(64), source, None, 4, 0)


def test_a_morph_measured_as_a_model_gets_the_morphs_numbers(found: dict[str, Any]) -> None:
    """But for its seeds, which vary the weights alike in both rows, and for time."""
    first, second = dict(found["rows"][MODEL]), dict(found["rows"][MORPH])
    first.pop("seconds"), second.pop("seconds")
    assert first == pytest.approx(second)
    assert found["metrics"]["nme"] == found["rows"][MODEL]["nme"]
    assert found["samples"] == 4


def test_the_unchanged_face_is_the_one_that_it_is(found: dict[str, Any]) -> None:
    nearest = found["rows"][NEAREST]
    assert nearest["nearest"] == pytest.approx(1, abs=1e-3)
    assert nearest["nearest"] > found["rows"][MORPH]["nearest"]


def test_the_table_has_a_line_for_each_number(found: dict[str, Any]) -> None:
    lines = found["table"].splitlines()
    assert lines[0].split("  ")[-1].strip() == NEAREST
    assert {line.split()[0] for line in lines[1:]} == set(found["metrics"])
    assert set(found["numbers"]) == set(found["metrics"])


def test_the_nearest_face_is_the_most_weighted_source() -> None:
    crops = [np.full((8, 8, 3), value, np.uint8) for value in (1, 2, 3)]
    made = NearestFace(8)(crops, [np.zeros((68, 2))] * 3, [0.2, 0.5, 0.3], np.zeros((68, 2)))
    assert made.crop is crops[1]
    assert made.shares == (0.0, 1.0, 0.0)


def test_what_cannot_be_measured_is_explained(tmp_path: Path) -> None:
    source = DrivingSet(str(people(tmp_path, 10, 3)), 32, 1)
    with pytest.raises(DataError, match="same numbers"):
        evaluate_driver(MorphDriver(32), source, ["nme"], 2, 0)
    with pytest.raises(DataError, match="3 people is too small"):
        evaluate_driver(MorphDriver(32), Subset(source, np.arange(9)), None, 2, 0)
    folder = people(tmp_path / "more", 20, 4)
    opened, words = open_crops(folder, "test", 32)
    assert (len(opened), words) == (16, "test")
    with pytest.raises(DataError, match="its splits are train and test"):
        open_crops(folder, "validation", 32)
