"""What a classifier says of generated samples: whether they are what was asked for, how sure and how varied it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import torch
from torch import Tensor

from toolkit.engine.randomness import fold
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.metrics.bank import FeatureBank


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of samples with its confidence interval, all 0..1."""

    value: float
    low: float
    high: float


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval `(low, high)` of a share: within 0..1, and right for shares near both ends.

    Wilson 1927 ("Probable inference, the law of succession, and statistical inference").

    Raises:
        DataError: there were no trials.

    >>> low, high = wilson_interval(10, 10)
    >>> round(low, 2), high
    (0.72, 1.0)
    """
    if trials < 1:
        raise DataError("a share needs at least one sample")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / trials
    width = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / width
    half = z / width * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding must not exclude it


def accuracy(probabilities: Tensor, labels: Tensor) -> Proportion:
    """Share of samples whose most probable class is their label.

    Args:
        probabilities: `[B, K]`.
        labels: `[B]`, each within 0..K-1.

    Raises:
        DataError: there are no samples, or a label is not one of the K classes.
    """
    check_labels(probabilities, labels)
    right = int((probabilities.argmax(dim=1) == labels).sum())
    low, high = wilson_interval(right, len(labels))
    return Proportion(right / len(labels), low, high)


def accuracy_by_class(probabilities: Tensor, labels: Tensor, classes: Sequence[str] = ()) -> dict[str, Proportion]:
    """The accuracy of each class that occurs among the labels, by its name (its number where it has none)."""
    check_labels(probabilities, labels)
    return {
        classes[label] if label < len(classes) else str(label): accuracy(
            probabilities[labels == label], labels[labels == label]
        )
        for label in sorted(set(labels.tolist()))
    }


def check_labels(probabilities: Tensor, labels: Tensor) -> None:
    """Refuse labels that the classifier does not know; raises `DataError`."""
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < probabilities.shape[1]:
        raise DataError(
            f"labels reach from {int(labels.min())} to {int(labels.max())}, the classifier has classes "
            f"0 to {probabilities.shape[1] - 1}",
            "use a classifier that was trained on the same classes",
        )


def classifier_score(probabilities: Tensor) -> float:
    """`exp(mean KL(p(y|x) || p(y)))`, from 1 (all alike, or never sure) to K (sure, and all classes equally often).

    Salimans et al. 2016 ("Improved techniques for training GANs", section 4), with any classifier.

    Args:
        probabilities: `[B, K]`, at least one row.
    """
    conditional = probabilities.double()
    conditional = conditional / conditional.sum(dim=1, keepdim=True)
    marginal = conditional.mean(dim=0)
    entropy_gap = torch.xlogy(conditional, conditional) - torch.xlogy(conditional, marginal)
    return math.exp(max(0.0, float(entropy_gap.sum(dim=1).mean())))


class Accuracy:
    """Share of conditional samples that a classifier takes for the class that was asked for.

    Returns `accuracy` with its 95 % Wilson interval `accuracy_low`, `accuracy_high`. Reads labels (the classes asked
    for) and probabilities of the generated bank only. A good classifier's own accuracy on real data is the level to
    reach.
    """

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool]] = {"accuracy": True, "accuracy_low": True, "accuracy_high": True}

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `real` and `train` are not used."""
        if fake.labels is None:
            raise DataError("the metric 'accuracy' needs the labels that were asked for", "give `label` in the batches")
        share = accuracy(_probabilities(fake, "accuracy"), fake.labels)
        return {"accuracy": share.value, "accuracy_low": share.low, "accuracy_high": share.high}


class Score:
    """Inception-style score of generated samples with any classifier, 1 to the number of classes.

    Returns `classifier_score`, the mean over random splits, and `classifier_score_std_error`. Reads probabilities of
    the generated bank only. Few samples per split give a score that is too low.

    Args:
        splits: number of equal parts, at least 2; 10 in the paper.
        seed: of the division into splits.
    """

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool]] = {"classifier_score": True, "classifier_score_std_error": False}

    def __init__(self, splits: int = 10, seed: int = 0) -> None:
        if splits < 2:
            raise ConfigError([Problem("splits", f"is {splits}; it must be at least 2")], "the metric 'score'")
        self.splits = splits
        self.seed = seed

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `real` and `train` are not used."""
        probabilities = _probabilities(fake, "score")
        if len(probabilities) < self.splits:
            raise DataError(f"{self.splits} splits need as many samples, not {len(probabilities)}", "evaluate more")
        # at random: samples often come sorted by class, or with the classes in turn
        random = torch.Generator().manual_seed(fold(self.seed, "classifier-score") % 2**63)
        places = torch.randperm(len(probabilities), generator=random)
        parts = places[: len(places) // self.splits * self.splits].view(self.splits, -1)
        scores = torch.tensor([classifier_score(probabilities[part]) for part in parts], dtype=torch.float64)
        error = float(scores.std()) / math.sqrt(self.splits)
        return {"classifier_score": float(scores.mean()), "classifier_score_std_error": error}


def _probabilities(bank: FeatureBank, metric: str) -> Tensor:
    if bank.probabilities is None:
        raise DataError(f"the metric '{metric}' needs class probabilities", "use an extractor that is a classifier")
    return bank.probabilities
