"""Which frames belong to which unit: the best monotonic path, and what follows from it.

Letters in shapes: B batch, T frames, N units.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_NEVER = -1e9


def monotonic_path(scores_BTN: Tensor, frames_B: Tensor, units_B: Tensor) -> Tensor:
    """The monotonic path of highest score, every unit at least one frame long.

    Kim et al. 2020, "Glow-TTS", algorithm 1: Q[t, n] = max(Q[t-1, n-1], Q[t-1, n]) + score[t, n], then back from the
    last unit at the last frame. The loop runs over frames; batch and units are vectors of numpy, so no compiler is
    needed.

    Args:
        scores_BTN: log-probability, or any score, of unit n at frame t.
        frames_B: frames of each sample, at least as many as its units.
        units_B: units of each sample, at least 1.

    Returns:
        int64 [B, T]: the unit of each frame, 0 where a sample has no frames any more.
    """
    scores: npt.NDArray[np.float32] = scores_BTN.detach().float().cpu().numpy()
    frames, units = frames_B.cpu().numpy(), units_B.cpu().numpy()
    batch, longest, count = scores.shape
    best = np.full((batch, count), _NEVER, dtype=np.float32)
    best[:, 0] = scores[:, 0, 0]
    moved = np.zeros((longest, batch, count), dtype=bool)
    before = np.full((batch, count), _NEVER, dtype=np.float32)
    for frame in range(1, longest):
        before[:, 1:] = best[:, :-1]
        moved[frame] = before > best
        best = np.maximum(before, best) + scores[:, frame]
    path = np.zeros((batch, longest), dtype=np.int64)
    place = units.astype(np.int64) - 1
    rows = np.arange(batch)
    for frame in range(longest - 1, -1, -1):
        inside = frame < frames
        path[inside, frame] = place[inside]
        step = inside & (moved[frame, rows, place] | ((place >= frame) & (place > 0)))
        place = place - step
    return torch.from_numpy(path).to(scores_BTN.device)


def durations_of(path_BT: Tensor, frames_B: Tensor, count: int) -> Tensor:
    """Frames of each unit, int64 [B, N], of a path [B, T]."""
    inside = frame_mask(frames_B, path_BT.shape[1])
    durations = path_BT.new_zeros(len(path_BT), count)
    return durations.scatter_add_(1, path_BT, inside.to(path_BT.dtype))


def path_of(durations_BN: Tensor, length: int | None = None) -> Tensor:
    """The unit of each frame, int64 [B, T], of the frames of each unit; the last unit goes on to the end of the batch.

    Args:
        durations_BN: whole numbers from 0.
        length: T; the frames of the longest sample when left out.
    """
    ends_BN = durations_BN.cumsum(1)
    total = int(ends_BN[:, -1].max()) if length is None else length
    frames_T = torch.arange(total, device=durations_BN.device)
    path = (frames_T[None, :, None] >= ends_BN[:, None, :]).sum(2)
    return path.clamp(max=durations_BN.shape[1] - 1)


def unit_means(values_BT: Tensor, path_BT: Tensor, durations_BN: Tensor) -> Tensor:
    """The mean of a frame-wise quantity over each unit's frames, [B, N]; 0 for units without frames.

    Args:
        values_BT: 0 outside of the samples.
        path_BT: the unit of each frame.
        durations_BN: frames of each unit.
    """
    sums = values_BT.new_zeros(durations_BN.shape).scatter_add_(1, path_BT, values_BT)
    return sums / durations_BN.clamp(min=1)


def frame_mask(lengths_B: Tensor, longest: int) -> Tensor:
    """bool [B, longest]: whether a place lies within its sample."""
    return torch.arange(longest, device=lengths_B.device)[None] < lengths_B[:, None]


def beta_binomial_prior(frames_B: Tensor, units_B: Tensor, longest: int, count: int, strength: float = 1.0) -> Tensor:
    """Log-probabilities [B, T, N] that favour the diagonal.

    Badlani et al. 2021, "One TTS alignment to rule them all", section 2.3: the unit of frame t of T follows a
    beta-binomial distribution over N units with a = w t, b = w (T - t + 1), t from 1; w is the strength.

    Args:
        frames_B: T of each sample.
        units_B: N of each sample.
        longest: frames of the batch.
        count: units of the batch.
        strength: w; the smaller, the broader.
    """
    t = torch.arange(1, longest + 1, device=frames_B.device, dtype=torch.float32)[None, :, None]
    n = torch.arange(count, device=frames_B.device, dtype=torch.float32)[None, None, :]
    last = (units_B.float() - 1)[:, None, None]
    n = torch.minimum(n, last)
    a = strength * t
    b = strength * (frames_B.float()[:, None, None] - t + 1).clamp(min=1)
    choose = torch.lgamma(last + 1) - torch.lgamma(n + 1) - torch.lgamma(last - n + 1)
    return choose + _log_beta(n + a, last - n + b) - _log_beta(a, b)


def expected_prior(expected_BN: Tensor, longest: int, width: float = 8.0) -> Tensor:
    """Log-scores [B, T, N] that favour frames near those at which a unit is expected: a Gaussian beside its span.

    Args:
        expected_BN: the frame at which each unit should begin; it lasts until the next one should.
        longest: frames of the batch.
        width: standard deviation in frames.
    """
    t = torch.arange(longest, device=expected_BN.device, dtype=torch.float32)[None, :, None]
    begin = expected_BN.float()[:, None]
    end = torch.cat([begin[:, :, 1:], torch.full_like(begin[:, :, -1:], longest)], 2)
    away = (begin - t).clamp(min=0) + (t - torch.maximum(begin, end)).clamp(min=0)
    return -0.5 * (away / width).square()


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
