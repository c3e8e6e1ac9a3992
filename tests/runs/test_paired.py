from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from toolkit.data.memory import ArraySource
from toolkit.runs.measure import held_out_part


def test_what_is_compared_sample_by_sample_is_compared_once_whatever_its_weight() -> None:
    source: Any = ArraySource({"audio": np.zeros((6, 4), np.int16)}, [f"clip {number}" for number in range(6)])
    source.weights = np.array([0.1, 0.1, 3.0, 0.1, 2.0, 0.7])
    opened: Any = SimpleNamespace(splits={"test": source})
    pairs, distribution = held_out_part(opened, "test", once=True), held_out_part(opened, "test")
    assert [pairs.key(place) for place in range(len(pairs))] == [f"clip {number}" for number in range(6)]
    assert len({distribution.key(place) for place in range(len(distribution))}) < len(distribution)
