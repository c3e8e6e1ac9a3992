"""A network that makes one face of several: each is warped to the target's landmarks, then they are fused."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, interpolate, leaky_relu

from toolkit.errors import ConfigError, Problem
from toolkit.face.landmark_maps import LINES, landmark_maps
from toolkit.face.thin_plate import thin_plate_places
from toolkit.image.checks import require_positive

FIELD = 4
"""Side of the coarse grid on which noise tells the parts of a face which source to come from."""
_MOVED = 0.05  # most by which the learnt correction moves a place, as a share of the side
_VARIETY = 1.5  # of the noise beside the learnt attention, in the same units
_SLOPE = 0.2


class Driven(NamedTuple):
    """What the network gives.

    Attributes:
        picture: `x_BCHW`, within [-1, 1].
        shares: `[B, K]`, how much of the picture each source gave; together 1.
        moved: `[B, K, 2, size / 2, size / 2]`, the learnt correction of the warps, in shares of the side.
        mixed: `x_BCHW`, the warped sources, mixed, before they are finished.
    """

    picture: Tensor
    shares: Tensor
    moved: Tensor
    mixed: Tensor


class FaceDriverNetwork(nn.Module):
    """Warp, attend, finish.

    Thin-plate splines between the landmarks of source and target warp each source (no learning needed: both are
    known). An encoder that all sources share sees the warped picture, how it was stretched and the target's landmarks
    as lines. It answers with a correction of the warp, at most 5 % of the side, and, for each place, a number that says
    how much to trust this source there. The softmax of these numbers, the logarithms of the weights and coarse noise
    mixes pictures and activations. A decoder finishes the mixture where it must: what no source shows, edges, light.

    After "drive by landmarks and mix" of many works, e.g. A. Siarohin et al., "First order motion model for image
    animation", NeurIPS 2019 (warp by key points, then repair), and E. Zakharov et al., "Few-shot adversarial learning
    of realistic neural talking head models", ICCV 2019 (landmarks drawn as lines; several sources).

    Args:
        size: side of the crops, a multiple of 16.
        width: channels at half the size; a multiple of 16 is fast. 32 has 0.5 M parameters.
        blocks: residual blocks of the trunk, at a quarter of the size.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(self, size: int = 64, width: int = 32, blocks: int = 3) -> None:
        super().__init__()
        require_positive("the face driver", width=width, blocks=blocks)
        if size < 32 or size % 16:
            raise ConfigError([Problem("size", f"is {size}; it must be a multiple of 16, from 32 on")])
        self.size = size
        seen = 3 + 3 + len(LINES)  # colours; stretch in three numbers; lines
        self.first = nn.Conv2d(seen, width, 4, 2, 1)
        self.second = nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.looked = _Block(2 * width)
        self.exchange = nn.Conv2d(4 * width, 2 * width, 1)
        self.trust = nn.Conv2d(3 * width, 3, 3, 1, 1)  # one number of trust, two of correction
        self.trunk = nn.Sequential(*(_Block(2 * width) for _ in range(blocks)))
        self.middle = nn.Conv2d(3 * width, width, 3, 1, 1)
        self.whole = nn.Conv2d(width + 3 + len(LINES), width, 3, 1, 1)
        self.last = nn.Conv2d(width, 4, 3, 1, 1)
        with torch.no_grad():
            self.trust.weight.mul_(0.1)
            self.last.weight.mul_(0.1)
            assert self.last.bias is not None
            self.last.bias.copy_(torch.tensor([0.0, 0.0, 0.0, -2.0]))  # it begins with the mixture as it is

    def forward(
        self,
        sources_BKCHW: Tensor,
        points_BKN2: Tensor,
        weights_BK: Tensor,
        target_BN2: Tensor,
        noise_BKHW: Tensor,
    ) -> Driven:
        """Make faces.

        Args:
            sources_BKCHW: aligned crops in [-1, 1]; K may be any number.
            points_BKN2: their landmarks, from 0 to 1.
            weights_BK: from 0, together 1.
            target_BN2: the landmarks to make, from 0 to 1.
            noise_BKHW: `[B, K, 4, 4]`, standard normal; other noise takes parts of the face from other sources.
        """
        count = weights_BK.shape[1]
        half = self.size // 2
        places = thin_plate_places(target_BN2, points_BKN2, half).flatten(0, 1)
        maps = landmark_maps(target_BN2, half)
        fine_maps = _twice(maps)
        flat = sources_BKCHW.flatten(0, 1)
        base = _twice(places.permute(0, 3, 1, 2))
        seen = torch.cat([_sampled(flat, base), _twice(_stretch(places)), _repeated(fine_maps, count)], 1)
        early = leaky_relu(self.first(seen), _SLOPE)
        late = self.looked(leaky_relu(self.second(early), _SLOPE))
        common = (_apart(late, count) * weights_BK[:, :, None, None, None].to(late.dtype)).sum(1)
        late = leaky_relu(self.exchange(torch.cat([late, _repeated(common, count)], 1)), _SLOPE)
        answer = self.trust(torch.cat([early, _twice(late)], 1))
        moved = _MOVED * answer[:, 1:].tanh()
        share = self._shares(_apart(answer[:, :1], count), weights_BK, noise_BKHW)

        def mix(x: Tensor, by: Tensor) -> Tensor:
            return (_apart(x, count) * by.to(x.dtype)).sum(1)

        fine = _apart(_twice(share.flatten(0, 1)), count)
        coarse = _apart(avg_pool2d(share.flatten(0, 1), 2), count)
        mixed = mix(_sampled(flat, base + _twice(moved)), fine)
        trunk = self.trunk(mix(late, coarse))
        x = leaky_relu(self.middle(torch.cat([mix(early, share), _twice(trunk)], 1)), _SLOPE)
        x = leaky_relu(self.whole(torch.cat([_twice(x), mixed.to(x.dtype), fine_maps.to(x.dtype)], 1)), _SLOPE)
        painted, gate = self.last(x).to(mixed.dtype).split([3, 1], 1)
        picture = mixed + gate.sigmoid() * (painted.tanh() - mixed)
        return Driven(picture, share.mean((2, 3, 4)), _apart(moved, count), mixed)

    def _shares(self, trust: Tensor, weights: Tensor, noise: Tensor) -> Tensor:
        """`[B, K, 1, size / 2, size / 2]`, together 1 over the sources: by trust, weight and noise."""
        field = interpolate(noise.to(trust.dtype), size=trust.shape[-2:], mode="bicubic", align_corners=True)
        known = weights.to(trust.dtype).clamp(min=1e-6).log()[:, :, None, None, None]
        return (trust + known + _VARIETY * field[:, :, None]).softmax(1)


def _sampled(x: Tensor, places_B2HW: Tensor) -> Tensor:
    """Pictures read at places from 0 to 1; beyond the edge, the outermost pixels repeat."""
    grid = 2 * places_B2HW.permute(0, 2, 3, 1).to(x.dtype) - 1
    return grid_sample(x, grid, "bilinear", "border", align_corners=False)


def _stretch(places_BHW2: Tensor) -> Tensor:
    """`[B, 3, H, W]`: how far each place was moved, x and y, and the logarithm of the area it stands for."""
    size = places_BHW2.shape[1]
    x, y = places_BHW2.unbind(-1)
    (x_down, x_across), (y_down, y_across) = (torch.gradient(z, dim=(1, 2)) for z in (x, y))
    area = (x_across * y_down - y_across * x_down) * size**2
    steps = (torch.arange(size, dtype=x.dtype, device=x.device) + 0.5) / size
    moved = torch.stack([x - steps, y - steps[:, None]], 1) * 4
    return torch.cat([moved, area.abs().clamp(0.05, 20).log()[:, None]], 1)


def _apart(x: Tensor, count: int) -> Tensor:
    """`[B, K, ...]` from `[B * K, ...]`."""
    return x.reshape(-1, count, *x.shape[1:])


def _repeated(x: Tensor, count: int) -> Tensor:
    return x.repeat_interleave(count, 0)


def _twice(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class _Block(nn.Module):
    """Two convolutions beside the identity; the second begins small, as there is no normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.second(leaky_relu(self.first(leaky_relu(x, _SLOPE)), _SLOPE))
        return added
