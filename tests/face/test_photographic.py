from __future__ import annotations

import torch

from toolkit.engine.randomness import Noise
from toolkit.face.photographic import photographic


def pictures(count: int = 6) -> torch.Tensor:
    return torch.linspace(-1, 1, count * 3 * 24 * 24).view(count, 3, 24, 24).sin()


def noise(count: int = 6) -> Noise:
    return Noise(0, 0, torch.arange(count), "test")


def test_nothing_changes_without_strength() -> None:
    assert torch.equal(photographic(pictures(), noise(), 0.0), pictures())


def test_it_changes_every_picture_and_stays_a_picture() -> None:
    changed = photographic(pictures(), noise())
    assert changed.shape == pictures().shape
    assert changed.abs().max() <= 1
    assert ((changed - pictures()).abs().flatten(1).mean(1) > 0.02).all()


def test_less_strength_changes_less() -> None:
    changes = [(photographic(pictures(), noise(), amount) - pictures()).abs().mean() for amount in (0.1, 0.4, 1.0)]
    assert changes[0] < changes[1] < changes[2]


def test_a_sample_changes_alike_in_another_batch() -> None:
    whole = photographic(pictures(), noise())
    part = photographic(pictures()[2:4], noise().part(2, 4))
    torch.testing.assert_close(part, whole[2:4])
