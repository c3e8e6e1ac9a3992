"""Which samples train the nets, which choose between them, which measure them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from toolkit.data.source import Indices, Source, group_of
from toolkit.engine.randomness import fold
from toolkit.errors import ConfigError, Problem

FRACTIONS: Mapping[str, float] = {"train": 0.9, "validation": 0.05, "test": 0.05}


def split(source: Source, fractions: Mapping[str, float] = FRACTIONS, seed: int = 0) -> dict[str, Indices]:
    """Divide a source; a sample's place depends on the seed and its own key only, or its group's name if it has one.

    So adding or removing files never moves another one from training to test, and a group stays together. Splits that
    the source fixes are kept; those it lacks are taken out of its training samples, in proportion.

    Args:
        source: the data set.
        fractions: share of each split, adding up to 1.
        seed: another seed divides differently.

    Returns:
        For each split its indices, in increasing order. A split may be empty when there are few samples.

    Raises:
        ConfigError: a fraction is negative, or they do not add up to 1.
    """
    _check(fractions)
    fixed = [source.split_of(index) for index in range(len(source))]
    present = set(fixed) - {None}
    carved = {name: share for name, share in fractions.items() if name == "train" or name not in present}
    members: dict[str, list[int]] = {name: [] for name in fractions}
    for index, given in enumerate(fixed):
        name = given
        if given is None:
            name = _choose(fractions, seed, group_of(source, index))
        elif given == "train" and sum(carved.values()) > 0:
            name = _choose(carved, seed, group_of(source, index))
        members.setdefault(str(name), []).append(index)
    return {name: np.array(indices, dtype=np.int64) for name, indices in members.items()}


def _choose(shares: Mapping[str, float], seed: int, key: str) -> str:
    """The split whose part of [0, 1) holds the hash of the key or group."""
    names = [name for name, share in shares.items() if share > 0]
    borders = list(accumulate(shares[name] for name in names))
    place = (fold(seed, "split", key) % 2**64) / 2**64 * borders[-1]
    return names[min(bisect_right(borders, place), len(names) - 1)]


def _check(fractions: Mapping[str, float]) -> None:
    problems = [
        Problem(f"fractions.{name}", f"is {share}; a share lies between 0 and 1")
        for name, share in fractions.items()
        if not 0 <= share <= 1
    ]
    total = sum(fractions.values())
    if not problems and not math.isclose(total, 1, abs_tol=1e-6):
        problems.append(Problem("fractions", f"add up to {total:g}; they must add up to 1"))
    if problems:
        raise ConfigError(problems)
