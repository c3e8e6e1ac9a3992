"""Learning vectors whose angles tell classes apart."""

from __future__ import annotations

import math

from torch import Tensor, where
from torch.nn.functional import cross_entropy

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.errors import ConfigError, Problem, ToolkitError


class AngularMargin:
    """Additive angular margin softmax: the angle to the own class must be smaller than to others by a margin.

    Source: J. Deng et al., "ArcFace: additive angular margin loss for deep face recognition", CVPR 2019, equation 3:
    cross entropy of s cos(theta + m) for the own class and s cos(theta) for the others. Where theta + m would exceed
    pi, and its cosine rise again, the own class has cos(theta) - m sin(m) instead, which goes on falling.

    Args:
        weight: schedule or number.
        margin: m in radians.
        scale: s; about the logarithm of the number of classes times 4.
        target: name of the labels in the batch.

    Raises:
        ConfigError: the scale is not positive.
    """

    needs_real_outputs = False

    def __init__(
        self, weight: Scheduled = 1.0, margin: float = 0.4, scale: float = 24.0, target: str = "label"
    ) -> None:
        problems = []
        if not scale > 0:
            problems.append(Problem("scale", f"is {scale}; it must be positive"))
        if not 0 <= margin < math.pi / 2:
            problems.append(Problem("margin", f"is {margin}; it must lie between 0 and pi / 2"))
        if problems:
            raise ConfigError(problems, "the term 'angular_margin'")
        self.weight = as_schedule(weight)
        self.margin, self.scale, self.target = margin, scale, target

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: of the cosines `[B, K]` that the generator gives as its data."""
        cosines, labels = offer.output.data, offer.batch.get(self.target)
        if labels is None or cosines.dim() != 2 or labels.shape != cosines.shape[:1]:
            found = "is not in the batch" if labels is None else f"has the shape {list(labels.shape)}"
            raise ToolkitError(
                f"angular_margin compares cosines [B, K] with labels, but they are {list(cosines.shape)} and "
                f"'{self.target}' {found}",
                "give the game a network that compares vectors with classes, such as face_embedder, and labelled data",
            )
        own = cosines.gather(1, labels[:, None])
        sine = (1 - own.square()).clamp(min=1e-9).sqrt()
        nearer = own * math.cos(self.margin) - sine * math.sin(self.margin)
        beyond = own - self.margin * math.sin(self.margin)
        harder = where(own > -math.cos(self.margin), nearer, beyond)
        return cross_entropy(self.scale * cosines.scatter(1, labels[:, None], harder), labels, reduction="none")
