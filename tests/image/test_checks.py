from __future__ import annotations

import pytest
import torch

from toolkit.errors import ConfigError
from toolkit.image.checks import require_pictures, require_resolution
from toolkit.image.dcgan import DCGANDiscriminator, DCGANGenerator
from toolkit.image.residual import ResidualGenerator


@pytest.mark.parametrize("resolution", [8, 16, 32])
def test_powers_of_two_within_bounds_pass(resolution: int) -> None:
    require_resolution(resolution, 8, 32, "the network")


@pytest.mark.parametrize("resolution", [-8, 0, 4, 12, 28, 64])
def test_other_resolutions_are_named_with_the_choices(resolution: int) -> None:
    with pytest.raises(ConfigError, match=rf"in the network:\n  resolution: got {resolution}; .* 8, 16, 32"):
        require_resolution(resolution, 8, 32, "the network")


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (2, 3, 8, 16), (3, 8, 8)])
def test_pictures_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\[B, 3, 8, 8\], got"):
        require_pictures(torch.zeros(shape), 3, 8)
    require_pictures(torch.zeros(5, 3, 8, 8), 3, 8)


@pytest.mark.parametrize(
    ("part", "sizes", "field"),
    [
        (DCGANGenerator, {"width": 0}, "width"),
        (DCGANGenerator, {"latent": 0}, "latent"),
        (DCGANDiscriminator, {"width": -3}, "width"),
        (ResidualGenerator, {"latent": -1}, "latent"),
    ],
)
def test_sizes_below_one_are_refused_by_name(part, sizes, field):
    with pytest.raises(ConfigError, match=f"{field}: is .*at least 1"):
        part(resolution=16, channels=1, **sizes)
