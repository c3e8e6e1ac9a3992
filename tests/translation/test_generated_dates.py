"""The embedded data of translation as a source: splits that share nothing, the same for the same seed."""

from __future__ import annotations

import pytest

from toolkit.data.splits import split
from toolkit.errors import ConfigError
from toolkit.translation.generated_dates import GeneratedDates

pytest.importorskip("sentencepiece")
pytest.importorskip("babel")
pytest.importorskip("num2words")

SMALL = {"count": 400, "held_out": 10, "vocabulary": 200}


def test_splits_are_as_large_as_asked_for_and_share_no_pair() -> None:
    source = GeneratedDates(**SMALL)  # type: ignore[arg-type]
    parts = split(source)
    assert {name: len(places) for name, places in parts.items()} == {"train": 400, "validation": 10, "test": 10}
    texts = {name: {source.pair(int(place)).source for place in places} for name, places in parts.items()}
    assert not texts["train"] & (texts["validation"] | texts["test"])


@pytest.mark.parametrize(("source", "target"), [("en", "zh"), ("de", "en"), ("zh", "de")])
def test_every_direction_survives_segmentation(source: str, target: str) -> None:
    made = GeneratedDates(source, target, **SMALL)  # type: ignore[arg-type]
    for place in range(len(made)):
        item = made[place]
        assert made.segmenter.decode(item["source"]) == made.segmenter.normalised(made.pair(place).source)
        assert made.segmenter.decode(item["target"]) == made.segmenter.normalised(made.pair(place).target)


def test_the_seed_decides_the_pairs() -> None:
    one, same, other = (GeneratedDates(seed=seed, **SMALL) for seed in (1, 1, 2))  # type: ignore[arg-type]
    assert [one.pair(place) for place in range(400)] == [same.pair(place) for place in range(400)]
    assert one.segmenter.fingerprint() == same.segmenter.fingerprint()
    assert [one.pair(place) for place in range(400)] != [other.pair(place) for place in range(400)]


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="must be at least 1"):
        GeneratedDates(count=0)
    with pytest.raises(ConfigError):
        GeneratedDates("en", "en")
