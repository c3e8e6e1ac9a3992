"""Do a recording and its text belong together? Answered from the recordings alone, before any training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from toolkit.data.source import Array
from toolkit.speech.voice.alignment import monotonic_path

FEWEST = 50
"""Recordings from which on units can be told apart well enough to judge by."""

_ROUNDS = 8  # of Viterbi training; the mean cost of real speech falls by 2 % in the last five
_BATCH = 32
_NONE = -1e4  # score of units that a sample does not have
_NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation


def misfits(symbols: Sequence[Array], mels: Sequence[Array], count: int) -> Array:
    """How much worse each text fits its recording than texts usually fit theirs, in robust standard deviations, [N].

    Every unit gets a mean frame by Viterbi training from an even cut (the flat start of hidden Markov models in speech
    recognition). The cost of a pair is its mean squared distance along the best path, less that of the nearest units
    in any order, so that noise and unusual voices do not count; what is returned is its distance from the median in
    median absolute deviations. With 5 % of a real voice's sentences given texts of others of like length, 80 to 88 % of
    these are above 4, and 1 % of the rest (`benchmarks/text_mismatch.py`).

    Args:
        symbols: int64 [n], numbers of the units of each text, from 0 to count - 1; not more than its frames.
        mels: [t, M], log-mels of each recording.
        count: of units.
    """
    everything = np.concatenate([mel.astype(np.float32) for mel in mels])
    mean, deviation = everything.mean(0), everything.std(0) + 1e-5
    frames = [(mel.astype(np.float32) - mean) / deviation for mel in mels]
    paths = [np.arange(len(mel)) * len(text) // len(mel) for text, mel in zip(symbols, mels, strict=True)]
    order = np.argsort([len(mel) for mel in mels], kind="stable").tolist()
    costs = np.zeros(len(mels))
    for _ in range(_ROUNDS):
        means_SM, heard_S = _means(symbols, frames, paths, count)
        for chosen in (order[first : first + _BATCH] for first in range(0, len(order), _BATCH)):
            for place, path, cost in _aligned(chosen, symbols, frames, means_SM):
                paths[place], costs[place] = path, cost
    free = np.array([_distances(mel, means_SM[heard_S]).min(1).mean() for mel in frames])
    excess: Array = costs - free
    spread = _NORMAL * np.median(np.abs(excess - np.median(excess)))
    judged: Array = (excess - np.median(excess)) / max(float(spread), 1e-9)
    return judged


def _means(
    symbols: Sequence[Array], frames: Sequence[Array], paths: Sequence[Array], count: int
) -> tuple[Array, Array]:
    """The mean frame of each unit, float32 [S, M], and whether it was heard, bool [S]."""
    sums, times = np.zeros((count, frames[0].shape[1]), np.float32), np.zeros(count, np.float32)
    for text, mel, path in zip(symbols, frames, paths, strict=True):
        chosen = np.zeros((count, len(mel)), np.float32)
        chosen[text[path], np.arange(len(mel))] = 1
        sums += chosen @ mel
        times += chosen.sum(1)
    return sums / np.maximum(times, 1)[:, None], times > 0


def _distances(mel_TM: Array, means_SM: Array) -> Array:
    """Mean squared differences of bands, [T, S]."""
    bands = mel_TM.shape[1]
    squares = np.square(mel_TM).mean(1)[:, None] + np.square(means_SM).mean(1)[None]
    distances: Array = squares - 2 / bands * mel_TM @ means_SM.T
    return distances


def _aligned(
    chosen: Sequence[int], symbols: Sequence[Array], frames: Sequence[Array], means_SM: Array
) -> Iterator[tuple[int, Array, float]]:
    """Of each chosen pair: its place, its best path [t] and the mean distance along it."""
    lengths = [(len(frames[place]), len(symbols[place])) for place in chosen]
    longest, most = (max(column) for column in zip(*lengths, strict=True))
    scores_BTN = np.full((len(chosen), longest, most), _NONE, np.float32)
    for row, (place, (time, units)) in enumerate(zip(chosen, lengths, strict=True)):
        scores_BTN[row, :time, :units] = -_distances(frames[place], means_SM[symbols[place]])
    frames_B, units_B = (torch.tensor(column) for column in zip(*lengths, strict=True))
    paths_BT = monotonic_path(torch.from_numpy(scores_BTN), frames_B, units_B).numpy()
    for row, (place, (time, _)) in enumerate(zip(chosen, lengths, strict=True)):
        path = paths_BT[row, :time]
        yield place, path, -float(scores_BTN[row, np.arange(time), path].mean())
