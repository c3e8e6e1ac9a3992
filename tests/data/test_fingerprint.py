from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.fingerprint import content_fingerprint
from toolkit.data.memory import ArraySource
from toolkit.data.source import Subset
from toolkit.errors import DataError


def source(change: int = 0, labels: bool = True, name: str = "a", count: int = 300, wide: bool = False) -> ArraySource:
    pictures = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 1), dtype=np.uint8)
    pictures[-1, 0, 0, 0] += change
    fields = {"image": pictures.reshape(count, 2, 8, 1) if wide else pictures}
    if labels:
        fields["label"] = np.arange(count) % 3
    return ArraySource(fields, [f"{name}/{place}" for place in range(count)], ["x", "y", "z"] if labels else [])


def test_equal_content_is_recognised_under_other_names() -> None:
    assert content_fingerprint(source(name="a")) == content_fingerprint(source(name="b"))


@pytest.mark.parametrize(
    "other",
    [
        source(change=1),
        source(labels=False),
        source(count=299),
        source(wide=True),
        Subset(source(), np.arange(299, -1, -1)),
    ],
    ids=["a pixel", "labels", "fewer", "shape", "order"],
)
def test_any_change_of_content_shows(other: ArraySource) -> None:
    assert content_fingerprint(other) != content_fingerprint(source())


def test_a_source_that_cannot_be_read_has_no_content() -> None:
    class Unreadable(ArraySource):
        take = None  # type: ignore[assignment]

        def __getitem__(self, index: int) -> dict[str, object]:
            raise DataError("gone")

    whole = source(count=3)
    with pytest.raises(DataError, match="none of the 3 samples can be read"):
        content_fingerprint(Unreadable(whole.fields, whole.keys, whole.classes))
