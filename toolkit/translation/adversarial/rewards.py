"""How good a single translation is, against its reference: what risks and rewards are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from toolkit.errors import ToolkitError, require
from toolkit.translation.segmented import SegmentedPairs

MetricName = Literal["chrf", "bleu"]


class SentenceMetric:
    """Sentence chrF2 or smoothed sentence BLEU by sacreBLEU, from 0 to 1.

    Args:
        name: `chrf` (Popovic 2015), which does not need whole words to be right; or `bleu` with exponential smoothing
            and effective order (Chen & Cherry 2014), on characters for Chinese.
        language: of the texts.
    """

    def __init__(self, name: MetricName, language: str) -> None:
        metrics: Any = require("sacrebleu.metrics", "translation", "A reward by sentence BLEU or chrF")
        tokenizer = "zh" if language.split("_")[0].split("-")[0] == "zh" else "13a"
        self._metric = metrics.CHRF() if name == "chrf" else metrics.BLEU(tokenize=tokenizer, effective_order=True)

    def __call__(self, texts: Sequence[str], references: Sequence[str]) -> Tensor:
        """One value for each text, float32."""
        found = [
            float(self._metric.sentence_score(text, [reference]).score) / 100
            for text, reference in zip(texts, references, strict=True)
        ]
        return torch.tensor(found)


class Rewards:
    """Rewards of translations that are given as ids.

    Args:
        pairs: the data.
        name: see `SentenceMetric`.
    """

    def __init__(self, pairs: SegmentedPairs, name: MetricName) -> None:
        self._pairs = pairs
        self._metric = SentenceMetric(name, pairs.languages[1])

    def __call__(self, ids_RT: Tensor, places_R: Tensor) -> Tensor:
        """`R`: the reward of each translation, on the ids' device.

        Args:
            ids_RT: translations, padded.
            places_R: of their pairs in the data.
        """
        segmenter = self._pairs.segmenter
        unwritten = {segmenter.pad_id, segmenter.eos_id}
        texts = [segmenter.decode([one for one in row if one not in unwritten]) for row in ids_RT.tolist()]
        references = [segmenter.normalised(self._pairs.pair(int(place)).target) for place in places_R.tolist()]
        return self._metric(texts, references).to(ids_RT.device)


def pairs_of(task: Any, name: str) -> SegmentedPairs:
    """The sentence pairs of a task, for a term.

    Raises:
        ToolkitError: the task has none.
    """
    pairs = getattr(task, "pairs", None)
    if not isinstance(pairs, SegmentedPairs):
        raise ToolkitError(
            f"the term '{name}' belongs to translation: it needs a game with sentence pairs",
            "use it with task: translation or task: adversarial_translation",
        )
    return pairs
