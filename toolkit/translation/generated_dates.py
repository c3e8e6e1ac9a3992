"""The embedded data of translation: dates, times, numbers and money, made on the spot, as much as is asked for."""

from __future__ import annotations

from itertools import chain, repeat

from toolkit.errors import ConfigError, Problem
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.dates.numerals import Language
from toolkit.translation.dates.pairs import DatePairs
from toolkit.translation.dates.values import SPLITS
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs


class GeneratedDates(SegmentedPairs):
    """Sentence pairs that need no files: see `toolkit.translation.dates.DatePairs`.

    Validation and test pairs are about days, times, numbers and amounts that do not occur in training.

    Args:
        source_language: `en`, `de` or `zh`.
        target_language: likewise.
        count: training pairs.
        held_out: pairs of the validation split, and as many of the test split.
        seed: decides the pairs.
        vocabulary: subwords, both languages together.

    Raises:
        ConfigError: a language is unknown, or both are the same, or a number is out of range.
    """

    def __init__(
        self,
        source_language: Language = "en",
        target_language: Language = "de",
        count: int = 20_000,
        held_out: int = 500,
        seed: int = 0,
        vocabulary: int = 600,
    ) -> None:
        if count < 1 or held_out < 1:
            raise ConfigError([Problem("data", f"count={count} and held_out={held_out} must be at least 1")])
        counts = {name: count if name == "train" else held_out for name in SPLITS}
        made = {
            name: [
                Pair(source, target, f"{name} {number}")
                for number, (source, target) in enumerate(DatePairs(seed, size, source_language, target_language, name))
            ]
            for name, size in counts.items()
        }
        segmenter = Segmenter.train(
            (pair.source for pair in made["train"]),
            (pair.target for pair in made["train"]),
            vocabulary,
            SegmenterSettings(kind="bpe", placeholders=0, byte_fallback=False),
            coverage=1.0,  # every character, for the rare ones are what amounts and dates are about: €, ä, 零
            split_digits=True,
        )
        super().__init__(
            chain.from_iterable(made.values()),
            chain.from_iterable(repeat(name, len(pairs)) for name, pairs in made.items()),
            segmenter,
            (source_language, target_language),
        )
