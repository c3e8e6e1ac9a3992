"""How many of the classes that the data has does a generator make, and how evenly: the test for mode collapse.

The protocol of stacked MNIST (Che et al. 2017, "Mode regularized generative adversarial networks"; Lin et al. 2018,
"PacGAN", section 4.1): 26,000 samples, each put into one of 1000 classes by a classifier of its three channels. Told
are the number of classes seen and the divergence KL(q || uniform) = sum of q log(1000 q) of the frequencies q.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank


def divergence_from_uniform(counts: Tensor) -> tuple[float, float]:
    """`KL(q || uniform) = sum of q log(K q)` of observed frequencies q, in nats, and its standard error.

    The estimate is too high by about `(K - 1) / (2 N)`, see `divergence_floor`. Its variance is `Var(log q) / N`, from
    the derivative of the sum, plus `(K - 1) / (2 N²)`, which is what remains when q is uniform (2 N KL is then
    distributed as chi-squared with K - 1 degrees of freedom). The variance of log q is freed from the part that the
    counting noise adds to it, `(K - 1) / N`.

    Args:
        counts: `[K]` samples in each class; at least one sample.
    """
    total, classes = int(counts.sum()), len(counts)
    q = counts.double() / total
    logarithms = torch.where(q > 0, (q * classes).clamp(min=1e-300).log(), 0.0)
    divergence = float((q * logarithms).sum())
    spread = float((q * logarithms.square()).sum()) - divergence**2 - (classes - 1) / total
    variance = max(0.0, spread) / total + (classes - 1) / (2 * total**2)
    return max(0.0, divergence), math.sqrt(variance)


def divergence_floor(classes: int, samples: int) -> float:
    """What `divergence_from_uniform` gives on average for samples that are truly uniform: `(K - 1) / (2 N)`.

    >>> round(divergence_floor(1000, 26_000), 4)
    0.0192
    """
    return (classes - 1) / (2 * samples)


class ModeCoverage:
    """Classes that a classifier sees among generated samples, and how far their frequencies are from even.

    Returns `modes` (classes seen, at most the classifier's number of them), `mode_kl` (divergence from the uniform
    distribution in nats, 0 at best), `mode_kl_std_error`, and `mode_kl_floor`: what perfectly even sampling gives at
    this number of samples, which no generator can go below on average. Reads the probabilities of all generated
    samples. With the extractor `stacked` this is the stacked-MNIST protocol; compare at 26,000 samples.
    """

    needs_train: ClassVar[bool] = False
    needs_all_rows: ClassVar[bool] = True
    by_class: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool | None]] = {
        "modes": True,
        "mode_kl": False,
        "mode_kl_std_error": False,
        "mode_kl_floor": None,
    }

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `real` and `train` are not used."""
        chances = fake.probabilities
        if chances is None:
            raise DataError(
                "the metric 'mode_coverage' needs class probabilities",
                "use the extractor 'stacked' with a classifier of single channels, or 'classifier'",
            )
        if fake.kept < fake.count:
            raise DataError(
                f"the metric 'mode_coverage' needs all {fake.count} generated samples, only {fake.kept} were kept",
                "raise the capacity of their feature bank",
            )
        classes = chances.shape[1]
        counts = torch.bincount(chances.argmax(dim=1), minlength=classes)
        divergence, error = divergence_from_uniform(counts)
        return {
            "modes": float((counts > 0).sum()),
            "mode_kl": divergence,
            "mode_kl_std_error": error,
            "mode_kl_floor": divergence_floor(classes, fake.count),
        }
