from __future__ import annotations

from pathlib import Path

import pytest
import torch

from toolkit.errors import DataError
from toolkit.metrics.frechet import frechet_distance
from toolkit.metrics.moments import Moments
from toolkit.metrics.reference import MAX_DIMENSION, Reference, pack_reference, read_reference, weighted_moments


def features(count: int, dimension: int, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(count, dimension, generator=torch.Generator().manual_seed(seed)) + 20


def moments(rows: torch.Tensor) -> Moments:
    found = Moments(rows.shape[1])
    found.add(rows)
    return found


def test_distances_to_what_was_stored_are_those_to_the_data(tmp_path: Path) -> None:
    real, fake = moments(features(300, 20)), moments(features(300, 20, 1) + 0.1)
    (tmp_path / "r").write_bytes(pack_reference(Reference(real, "eye", "validation"), {"more": torch.arange(3)}))
    back, more = read_reference(tmp_path / "r")
    assert back is not None
    assert (back.extractor, back.source, back.moments.count) == ("eye", "validation", 300)
    assert more["more"].tolist() == [0, 1, 2]
    assert frechet_distance(back.moments, fake) == pytest.approx(frechet_distance(real, fake), rel=1e-4)


def test_the_largest_is_a_few_hundred_kilobytes() -> None:
    assert len(pack_reference(Reference(moments(features(300, MAX_DIMENSION)), "eye", "test"), {})) < 300_000


def test_a_file_without_a_reference_still_has_the_rest(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(pack_reference(None, {"more": torch.ones(2)}))
    back, more = read_reference(tmp_path / "r")
    assert back is None
    assert list(more) == ["more"]


@pytest.mark.parametrize("content", [b"garbage", None])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "r").write_bytes(content)
    with pytest.raises(DataError, match=str(tmp_path / "r")):
        read_reference(tmp_path / "r")


def test_equal_weights_give_the_usual_moments_and_no_weight_leaves_a_row_out() -> None:
    rows = features(50, 4)
    usual = moments(rows)
    found = weighted_moments(rows, torch.full((50,), 0.3))
    torch.testing.assert_close(found.mean, usual.mean)
    torch.testing.assert_close(found.covariance, usual.covariance)
    weights = torch.ones(50)
    weights[30:] = 0
    some = moments(rows[:30])
    torch.testing.assert_close(weighted_moments(rows, weights).mean, some.mean)
    torch.testing.assert_close(weighted_moments(rows, weights).covariance, some.covariance)
