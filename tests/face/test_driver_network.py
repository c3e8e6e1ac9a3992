from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.face.making import rendered
from tests.face.networks import DRIVER, saved
from toolkit.errors import ConfigError, DataError
from toolkit.face.crop import aligned_crop
from toolkit.face.driver_network import FIELD, FaceDriverNetwork
from toolkit.face.geometry import canonical_landmarks
from toolkit.face.patch_discriminator import FacePatchDiscriminator
from toolkit.runs import load

NAMES = ("id0000_0", "id0001_0", "id0002_0")


def network() -> FaceDriverNetwork:
    torch.manual_seed(0)
    return FaceDriverNetwork(32, 8, 1).eval()


def inputs(count: int = 2, batch: int = 2) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    face = torch.tensor(canonical_landmarks(1), dtype=torch.float32)
    return [
        torch.rand(batch, count, 3, 32, 32, generator=random) * 2 - 1,
        face + 0.01 * torch.randn(batch, count, 68, 2, generator=random),
        torch.rand(batch, count, generator=random).softmax(1),
        face + 0.01 * torch.randn(batch, 68, 2, generator=random),
        torch.randn(batch, count, FIELD, FIELD, generator=random),
    ]


@torch.no_grad()
def test_it_gives_a_picture_shares_and_corrections() -> None:
    made = network()(*inputs(3))
    assert made.picture.shape == made.mixed.shape == (2, 3, 32, 32)
    assert made.picture.abs().max() <= 1
    torch.testing.assert_close(made.shares.sum(1), torch.ones(2))
    assert made.moved.shape == (2, 3, 2, 16, 16)
    assert made.moved.abs().max() <= 0.05


@torch.no_grad()
def test_a_single_source_at_its_own_landmarks_is_mixed_unchanged() -> None:
    """Before training, the correction is small and the mixture is the source itself."""
    given = inputs(1)
    given[1] = given[3][:, None]
    smooth = torch.nn.functional.interpolate(given[0].flatten(0, 1), size=4, mode="area")
    given[0] = torch.nn.functional.interpolate(smooth, size=32, mode="bicubic").clamp(-1, 1)[:, None]
    made = network()(*given)
    assert (made.mixed - given[0][:, 0]).abs().mean() < 0.06


@torch.no_grad()
def test_the_order_of_the_sources_does_not_matter() -> None:
    given = inputs(3)
    turned = [value if place == 3 else value.flip(1) for place, value in enumerate(given)]
    torch.testing.assert_close(network()(*given).picture, network()(*turned).picture, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_source_without_weight_leaves_no_trace() -> None:
    given = inputs(2)
    given[2] = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    made = network()(*given)
    assert (made.shares[:, 1] < 1e-3).all()
    given[0][:, 1] = -given[0][:, 1]
    assert (network()(*given).picture - made.picture).abs().max() < 0.02


@torch.no_grad()
def test_other_noise_mixes_other_parts() -> None:
    given = inputs(2)
    first = network()(*given).picture
    given[4] = -given[4]
    assert (network()(*given).picture - first).abs().mean() > 0.02


def test_sizes_that_do_not_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 16"):
        FaceDriverNetwork(72)
    with pytest.raises(ConfigError, match="blocks"):
        FaceDriverNetwork(32, 8, 0)


def test_a_pipeline_makes_faces(tmp_path: Path) -> None:
    pipeline = load(saved(tmp_path, DRIVER, "face_driver"), "cpu")
    crops, points = zip(*(aligned_crop(*rendered(name), 48) for name in NAMES), strict=True)
    target = canonical_landmarks(pipeline.size)
    first, again, other = (pipeline(crops, points, [3, 2, 1], target, seed) for seed in (1, 1, 2))
    assert first.crop.shape == (32, 32, 3)
    assert first.crop.dtype == np.uint8
    assert np.array_equal(first.crop, again.crop)
    assert not np.array_equal(first.crop, other.crop)
    assert np.array_equal(first.landmarks, target)
    assert sum(first.shares) == pytest.approx(1)
    with pytest.raises(DataError, match="3, 3, 2"):
        pipeline(crops, points, [1, 1], target)
    with pytest.raises(DataError, match="68 points"):
        pipeline(crops, points, [1, 1, 1], target[:3])


def test_the_discriminator_sees_the_landmarks() -> None:
    torch.manual_seed(0)
    judge, x = FacePatchDiscriminator(width=8).eval(), torch.rand(2, 3, 32, 32)
    face = torch.tensor(canonical_landmarks(1), dtype=torch.float32).expand(2, -1, -1)
    answer = judge(x, face)
    assert answer.logits[0].shape == (2, 4, 4)
    assert [tuple(feature.shape) for feature in answer.features] == [(2, 8, 16, 16), (2, 16, 8, 8), (2, 32, 4, 4)]
    assert not torch.allclose(judge(x, face + 0.1).logits[0], answer.logits[0])
