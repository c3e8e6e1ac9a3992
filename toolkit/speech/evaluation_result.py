"""What judging vocoders gives: a row per vocoder, means with intervals, what was refused, how fast it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.metrics.paired import Mean, Utterance


@dataclass(frozen=True)
class Row:
    """What was found out about one vocoder.

    Attributes:
        scores: `{number: mean over the recordings}`.
        refused: `{metric: {reason: recordings}}` that a metric could not judge.
        seconds: of audio that were made.
        computing: seconds that it took; 0 where nothing was made.
        utterances: every recording's own numbers.
    """

    scores: Mapping[str, Mean]
    refused: Mapping[str, Mapping[str, int]]
    seconds: float
    computing: float
    utterances: tuple[Utterance, ...]

    @property
    def means(self) -> dict[str, float]:
        """`{number: mean}`."""
        return {name: mean.value for name, mean in self.scores.items()}

    @property
    def half_widths(self) -> dict[str, float]:
        """`{number: half width of its 95 % confidence interval}`; numbers of a single recording have none."""
        return {name: mean.half_width for name, mean in self.scores.items() if mean.half_width is not None}

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of audio per second of computing (more is faster); `None` where nothing was made."""
        return self.seconds / self.computing if self.computing else None

    def to_document(self, utterances: bool = False) -> dict[str, Any]:
        """As plain values for JSON; with every recording's numbers on request."""
        scores = {
            name: {"mean": mean.value, "half_width": mean.half_width, "count": mean.count}
            for name, mean in self.scores.items()
        }
        document: dict[str, Any] = {
            "scores": scores,
            "refused": {metric: dict(reasons) for metric, reasons in self.refused.items()},
            "seconds_of_audio": self.seconds,
            "seconds_of_computing": self.computing,
            "real_time_factor": self.real_time_factor,
        }
        if utterances:
            document["utterances"] = [
                {"key": item.key, "scores": dict(item.numbers), "refused": dict(item.refused)}
                for item in self.utterances
            ]
        return document


@dataclass(frozen=True)
class Evaluation:
    """Several vocoders on the same recordings.

    Attributes:
        rows: by name, the recordings themselves first: what a perfect copy gets, for numbers of which more is better.
        units: `{number: unit}`, in the order of the metrics.
        lower_is_better: `{number: whether less is better}`.
        left_out: `{default metric: why it was not computed}`.
        recordings: how many were used.
        seconds: of them.
        seed: of the choice of recordings and of Griffin-Lim's first phases.
    """

    rows: Mapping[str, Row]
    units: Mapping[str, str]
    lower_is_better: Mapping[str, bool]
    left_out: Mapping[str, str]
    recordings: int
    seconds: float
    seed: int

    def to_document(self, utterances: bool = False) -> dict[str, Any]:
        """As plain values for JSON; with every recording's numbers on request."""
        return {
            "recordings": self.recordings,
            "seconds": self.seconds,
            "seed": self.seed,
            "confidence": 0.95,
            "units": dict(self.units),
            "lower_is_better": dict(self.lower_is_better),
            "left_out": dict(self.left_out),
            "rows": {name: row.to_document(utterances) for name, row in self.rows.items()},
        }
