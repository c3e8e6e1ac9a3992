"""Further losses of the generator: what it should do besides convincing the discriminator.

Each answers with per-sample values `B`, unweighted; the game multiplies by `weight`, a schedule over samples seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.schedules import Schedule, Scheduled, as_schedule
from toolkit.adversarial.task import Task
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.config import PartOf
from toolkit.errors import ToolkitError


@dataclass(frozen=True)
class Offer:
    """All that a term may look at in the generator's turn.

    Attributes:
        batch: the minibatch.
        output: what the generator made of it, with its graph.
        real: the real data, or `None` for a game without any.
        fake_outputs: every discriminator's answer on the generated data, with its graph, by name.
        real_outputs: the same on real data, without a graph; empty unless a term or the loss needs it.
        generator: the generator itself, for terms that need a further pass of it; `None` outside of a game.
        task: the modality, likewise.
        noise: keyed randomness for such a pass, likewise.
        reported: what terms want to be seen in reports beside their own value, detached scalars by name.
    """

    batch: Batch
    output: GeneratorOutput
    real: Tensor | None
    fake_outputs: Mapping[str, DiscriminatorOutput] = field(default_factory=dict)
    real_outputs: Mapping[str, DiscriminatorOutput] = field(default_factory=dict)
    generator: nn.Module | None = None
    task: Task | None = None
    noise: Draw | None = None
    reported: dict[str, Tensor] = field(default_factory=dict)
    _made: dict[str, Tensor | None] = field(default_factory=dict, repr=False)

    def extra(self, name: str) -> Tensor | None:
        """What the generator gives beside its data, with its graph; `None` where the task knows nothing of that name.

        It comes from the main pass (`GeneratorOutput.extra`), or the task makes it when the first term asks for it
        (`Task.extra`): one further pass, whose result all terms share.
        """
        given = self.output.extra or {}
        if name in given:
            return given[name]
        if name not in self._made:
            make = getattr(self.task, "extra", None)
            self._made[name] = None if make is None else make(name, self.generator, self.batch, self.noise)
        return self._made[name]

    def target(self) -> Tensor:
        """The real data, where the game has any."""
        if self.real is None:
            raise ToolkitError("this term compares with real data, but the task has none")
        return self.real


class Term(Protocol):
    """A further loss of the generator.

    Attributes:
        weight: schedule over samples seen.
        needs_real_outputs: it reads `Offer.real_outputs`.
    """

    weight: Schedule
    needs_real_outputs: bool

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: the unweighted value for each sample."""
        ...


class _Term:
    needs_real_outputs = False

    def __init__(self, weight: Schedule | float) -> None:
        self.weight = as_schedule(weight)


def _per_sample(values: Tensor) -> Tensor:
    return values.flatten(1).mean(1) if values.dim() > 1 else values


def _summable(values: Tensor) -> Tensor:
    """At least float32: averages of many half-precision values lose too many digits."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def _mean_magnitude(values: Tensor) -> Tensor:
    """`B`: mean of |x| over each sample; positions of a channel are summed as a norm, which saves whole passes.

    The reduction reads any layout in memory, adds in at least float32 and keeps no magnitudes: for channels last half
    the time of `abs().flatten(1).mean(1)`, forward and backward.
    """
    if values.dim() < 3:
        return _per_sample(_summable(values.abs()))
    precise = None if values.dtype == torch.float64 else torch.float32
    sums_BC: Tensor = torch.linalg.vector_norm(values, 1, dim=tuple(range(2, values.dim())), dtype=precise)
    return sums_BC.mean(1) / values[0, 0].numel()


class FeatureMatching(_Term):
    """Feature matching: mean L1 between discriminator activations on real and generated data (Larsen et al. 2016)."""

    needs_real_outputs = True

    def __init__(self, weight: Scheduled = 2.0) -> None:
        super().__init__(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """Sum over discriminators and layers of the mean absolute difference (Kumar et al. 2019, equation 4)."""
        differences = [
            _mean_magnitude(theirs.detach() - mine)
            for name, fake in offer.fake_outputs.items()
            for theirs, mine in zip(offer.real_outputs[name].features, fake.features, strict=True)
        ]
        if not differences:
            raise ToolkitError("feature matching needs discriminators that return features; none of this game's does")
        return torch.stack(differences).sum(0)


class Reconstruction(_Term):
    """Distance between generated and real data, element by element."""

    def __init__(
        self,
        weight: Scheduled = 1.0,
        distance: Literal["l1", "l2", "charbonnier"] = "l1",
        epsilon: float = 1e-3,
    ) -> None:
        super().__init__(weight)
        self.distance = distance
        self.epsilon = epsilon

    def __call__(self, offer: Offer) -> Tensor:
        """|d|, d^2, or sqrt(d^2 + epsilon^2) (Charbonnier et al. 1994), averaged over each sample."""
        difference = offer.output.data - offer.target()
        if self.distance == "l1":
            return _per_sample(difference.abs())
        if self.distance == "l2":
            return _per_sample(difference.square())
        return _per_sample((difference.square() + self.epsilon**2).sqrt())


class Perceptual(_Term):
    """Distance between features of generated and real data under a given extractor (Johnson et al. 2016).

    The extractor must offer `differentiable(data)`: its features with their graph.
    """

    def __init__(self, extractor: Annotated[Any, PartOf("extractors")], weight: Scheduled = 1.0) -> None:
        super().__init__(weight)
        self.extractor = extractor

    def __call__(self, offer: Offer) -> Tensor:
        """Mean squared difference of the features."""
        with torch.no_grad():
            wanted = self.extractor.differentiable(offer.target())
        return _per_sample((self.extractor.differentiable(offer.output.data) - wanted).square())


class CrossEntropy(_Term):
    """Cross entropy of logits against labels in the batch, with optional label smoothing.

    Args:
        weight: schedule or number.
        target: name of the labels in the batch: `B`, or `BT` for sequences.
        smoothing: share of the probability that is spread over all classes (Szegedy et al. 2016, section 7).
        ignore: label that does not count (padding).
        average: of sequences, `sample`: each counts alike, however long; `token`: each of their tokens does.
    """

    def __init__(
        self,
        weight: Scheduled = 1.0,
        target: str = "label",
        smoothing: float = 0.0,
        ignore: int = -100,
        average: Literal["sample", "token"] = "sample",
    ) -> None:
        super().__init__(weight)
        self.average = average
        self.target = target
        self.smoothing = smoothing
        self.ignore = ignore

    def __call__(self, offer: Offer) -> Tensor:
        """Of `offer.extra("logits")` if the task gives them, else of its data: `[B, V]`, or `[B, T, V]`."""
        given = offer.extra("logits")
        logits = offer.output.data if given is None else given
        labels = offer.batch.get(self.target)
        if labels is None or labels.shape != logits.shape[:-1]:
            found = "is not in the batch" if labels is None else f"has the shape {list(labels.shape)}"
            raise ToolkitError(
                f"cross_entropy compares logits {list(logits.shape)} with labels, but '{self.target}' {found}",
                "set terms.N.target to the batch's labels; a generator of pictures has no logits to compare",
            )
        values = cross_entropy(
            _summable(logits.flatten(0, -2)),
            labels.flatten(),
            reduction="none",
            label_smoothing=self.smoothing,
            ignore_index=self.ignore,
        ).view(labels.shape)
        if values.dim() == 1:
            return values
        if self.average == "token":  # the whole batch's tokens, whose piece this may be
            tokens = offer.batch.get("mean_tokens")
            if tokens is None:
                raise ToolkitError(
                    "cross_entropy with average=token needs to know the tokens of the whole batch ('mean_tokens')",
                    "set trainer.batch_tokens, whose loader counts them, or average: sample",
                )
            means: Tensor = values.sum(1) / tokens
            return means
        counted = (labels != self.ignore).sum(1).clamp_(min=1)
        averages: Tensor = values.sum(1) / counted
        return averages
