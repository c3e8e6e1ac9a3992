"""What a discriminator's score is worth: calibrating scores to probabilities of being real.

A discriminator is trained to pull ahead of a generator, not to be right about how far; a relativistic one fixes its
scores only up to a constant, and a conditional one up to a constant for each class. On samples that neither player was
trained on, a logistic regression of "real or generated" on the score puts that right: Platt 1999, "Probabilistic
outputs for support vector machines"; for discriminators: Turner et al. 2019, "Metropolis-Hastings generative
adversarial networks", section 3. With as many real as generated samples its logit is the logarithm of the ratio of the
two densities (Goodfellow et al. 2014, proposition 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from scipy.stats import rankdata
from torch import Tensor
from torch.nn.functional import softplus

from toolkit.errors import DataError

_CLASS_PRIOR = 4.0
"""Precision of the normal prior that draws a class's line to the common one, in units of the scores' spread; a sample
tells at most 0.25 about an offset, so classes of 8 + 8 samples stand half way."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The way from scores to log density ratios and probabilities.

    Attributes:
        scale: of the score, at least 0; 0 when the scores say nothing.
        offset: added to the scaled score.
        class_scales: the same for each class, or empty.
        class_offsets: the same for each class, or empty.
        ranking: how often a real sample scores higher than a generated one (of its class), 0.5 = by chance: the area
            under the ROC curve.
        doubt: why the scores say nothing, in words; empty when they do say something.
    """

    scale: float
    offset: float
    class_scales: tuple[float, ...] = ()
    class_offsets: tuple[float, ...] = ()
    ranking: float = 0.5
    doubt: str = ""

    def log_ratio(self, score_B: Tensor, label_B: Tensor | None = None) -> Tensor:
        """`B` float64: log of (density of real data / density of generated data), within their class where classes are.

        Args:
            score_B: what the discriminators say; more means "real".
            label_B: integer classes; ignored by a calibration without classes.
        """
        if not self.class_scales or label_B is None:
            return self.scale * score_B.double() + self.offset
        lines = torch.tensor([self.class_scales, self.class_offsets], dtype=torch.float64).to(score_B.device)
        scale_B, offset_B = lines[:, label_B]
        ratio: Tensor = scale_B * score_B.double() + offset_B
        return ratio

    def to_document(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_document`."""
        entries: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**entries)


def calibrate(
    real_B: Tensor,
    fake_B: Tensor,
    real_label_B: Tensor | None = None,
    fake_label_B: Tensor | None = None,
    classes: int = 0,
) -> Calibration:
    """Fit scale and offset; with labels, for each class.

    Targets are Platt's, (n + 1) / (n + 2) and 1 / (n + 2), so scores that separate the sides perfectly get a finite
    scale. Both sides weigh the same, whatever their counts. With labels each class's scores are first centred on their
    own mean; one line is fitted to all of them together, and then one to each class, drawn towards the common one by a
    normal prior, so that a class with few samples keeps the common line.

    Args:
        real_B: scores of real data that were held out from training.
        fake_B: scores of fresh generated data.
        real_label_B: classes of the real data.
        fake_label_B: classes that the generated data were asked for.
        classes: number of classes; 0 for none.

    Returns:
        The calibration. Its scale is 0, and `doubt` says why, when all scores are equal or real data score no higher.

    Raises:
        DataError: a side has fewer than two scores, or a score is not finite.
    """
    real, fake = (scores.detach().double().cpu().flatten() for scores in (real_B, fake_B))
    if min(len(real), len(fake)) < 2:
        raise DataError(f"calibration needs at least 2 scores of each side, not {len(real)} and {len(fake)}")
    scores, is_real = torch.cat([real, fake]), torch.arange(len(real) + len(fake)) < len(real)
    if not bool(scores.isfinite().all()):
        raise DataError("some scores of the discriminator are not finite", "train again with a smaller learning rate")
    labels = torch.zeros(len(scores), dtype=torch.int64)
    grouped = False
    if classes and real_label_B is not None and fake_label_B is not None:
        grouped = True
        labels = torch.cat([real_label_B.cpu().flatten(), fake_label_B.cpu().flatten()])
    means = _means(scores, labels, max(classes, 1))
    centred = scores - means[labels]
    spread = centred.std()
    if not spread > 1e-9 * scores.abs().max():
        return Calibration(0.0, 0.0, doubt="it gives everything the same score")
    x = centred / spread
    common = _logistic(x, is_real)
    ranking = _ranking(centred, is_real, labels)
    if common[0] <= 0:
        return Calibration(
            0.0, 0.0, ranking=ranking, doubt="it scores held-out real data no higher than generated data"
        )
    scale, offset = _line(common, scores.mean(), spread)
    if not grouped:
        return Calibration(scale, offset, ranking=ranking)
    lines = []
    for label in range(classes):
        chosen = labels == label
        fitted = _logistic(x[chosen], is_real[chosen], common, _CLASS_PRIOR)
        lines.append(_line(fitted, means[label], spread))
    scales, offsets = zip(*lines, strict=True)
    return Calibration(scale, offset, scales, offsets, ranking)


def _line(fitted: Tensor, mean: Tensor, spread: Tensor) -> tuple[float, float]:
    """Scale and offset of raw scores from slope and bias of centred ones."""
    scale = fitted[0].clamp(min=0.0) / spread
    return float(scale), float(fitted[1] - scale * mean)


def _means(scores: Tensor, labels: Tensor, classes: int) -> Tensor:
    """`[classes]` mean scores; a class without samples gets that of all."""
    counts = torch.bincount(labels, minlength=classes)
    sums = torch.zeros(classes, dtype=torch.float64).index_add_(0, labels, scores)
    return torch.where(counts > 0, sums / counts.clamp(min=1), scores.mean())


def _logistic(x: Tensor, is_real: Tensor, prior: Tensor | None = None, precision: float = 0.0) -> Tensor:
    """Slope and bias `[2]` of a logistic regression, by Newton's method with halved steps (Lin, Lin & Weng 2007).

    Without a side to compare with, it is the prior.
    """
    real, fake = int(is_real.sum()), int((~is_real).sum())
    centre = torch.zeros(2, dtype=torch.float64) if prior is None else prior
    if not real or not fake:
        return centre
    target = torch.where(is_real, (real + 1) / (real + 2), 1 / (fake + 2)).double()
    weight = torch.where(is_real, (real + fake) / (2 * real), (real + fake) / (2 * fake)).double()
    design = torch.stack([x, torch.ones_like(x)], 1)
    floor = precision + 1e-9

    def loss(at: Tensor) -> Tensor:
        logit = design @ at
        return (weight * (softplus(logit) - target * logit)).sum() + precision / 2 * (at - centre).square().sum()

    found = centre
    for _ in range(100):
        chance = torch.sigmoid(design @ found)
        gradient = design.T @ (weight * (chance - target)) + precision * (found - centre)
        hessian = (design.T * (weight * chance * (1 - chance))) @ design + floor * torch.eye(2, dtype=torch.float64)
        step = torch.linalg.solve(hessian, gradient)
        before = loss(found)
        while loss(found - step) > before and step.abs().max() > 1e-12:
            step = step / 2
        found = found - step
        if step.abs().max() < 1e-10:
            break
    return found


def _ranking(scores: Tensor, is_real: Tensor, labels: Tensor) -> float:
    """Share of pairs of one class in which the real score is higher; ties count half (Mann & Whitney 1947)."""
    wins = pairs = 0.0
    for label in sorted(set(labels.tolist())):
        chosen = labels == label
        side = is_real[chosen]
        real, fake = int(side.sum()), int((~side).sum())
        ranks = torch.from_numpy(rankdata(scores[chosen].numpy()))
        wins += float(ranks[side].sum()) - real * (real + 1) / 2
        pairs += real * fake
    return wins / pairs if pairs else 0.5
