"""Augmentation of what the discriminator sees, and the controllers of its strength.

The transforms belong to a modality (`toolkit.image.augment`); how strongly they act is the game's business and is the
same for all. Real and generated data pass through the same kind of transform, with gradients, so the generator is not
taught to produce augmented data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from torch import Tensor

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.config import PartOf
from toolkit.engine.randomness import Noise


class Augmentation(Protocol):
    """A random transform of a batch that can be differentiated twice."""

    def __call__(self, data: Tensor, noise: Noise, strength: float = 1.0) -> Tensor:
        """Transformed data of the same shape.

        Args:
            data: batch first.
            noise: keyed source; a sample's transform depends on its own key only.
            strength: 0 (identity) to 1: probability with which each transform is applied to a sample.
        """
        ...


class _Controlled:
    def __init__(self, pipeline: Augmentation, strength: float) -> None:
        self.pipeline = pipeline
        self.strength = strength

    def __call__(self, data: Tensor, noise: Noise, strength: float = 1.0) -> Tensor:
        """The pipeline at the present strength."""
        applied = self.strength * strength
        return data if applied <= 0 else self.pipeline(data, noise, applied)


class FollowsSchedule(_Controlled):
    """Strength follows a schedule over samples seen, as in Huang et al. 2024."""

    def __init__(self, pipeline: Annotated[Any, PartOf("augmentations")], schedule: Scheduled = 0.3) -> None:
        self.schedule = as_schedule(schedule)
        super().__init__(pipeline, self.schedule(0.0))

    def update(self, samples: float, values: Mapping[str, float]) -> None:
        """Set the strength that belongs to this many samples."""
        self.strength = self.schedule(samples)


class Adaptive(_Controlled):
    """Strength follows the overfitting sign r_t = E[sign D(real)] (Karras et al. 2020, section 3.1).

    Args:
        pipeline: the transforms.
        target: the sign that is held, about 0.6: above it the discriminator knows its data too well.
        speed: samples in which the strength can go from 0 to 1.
        limit: largest strength; beyond about 0.8 augmentations leak into what is generated.
        start: strength at the beginning.
    """

    def __init__(
        self,
        pipeline: Annotated[Any, PartOf("augmentations")],
        target: float = 0.6,
        speed: float = 500_000.0,
        limit: float = 0.8,
        start: float = 0.0,
    ) -> None:
        super().__init__(pipeline, start)
        self.target = target
        self.speed = speed
        self.limit = limit
        self._seen = 0.0

    def update(self, samples: float, values: Mapping[str, float]) -> None:
        """One step up or down, by the sign of r_t - target; values are averages over all processes."""
        change = (samples - self._seen) / self.speed
        self._seen = samples
        if "sign/real" not in values:  # the discriminator did not play
            return
        direction = 1.0 if values["sign/real"] > self.target else -1.0
        self.strength = min(max(self.strength + direction * change, 0.0), self.limit)

    def state_dict(self) -> dict[str, float]:
        """Strength, and the samples at which it was last changed."""
        return {"strength": self.strength, "seen": self._seen}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Take up where a checkpoint left off."""
        self.strength = float(state["strength"])
        self._seen = float(state["seen"])
