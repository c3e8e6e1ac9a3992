"""One discriminator's look at a batch: its answers on real and fake data and their gradients, each computed once.

Losses, penalties and terms all read from the same object, so they share forward passes instead of repeating them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Literal

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.engine.randomness import Noise
from toolkit.errors import PluginError, ToolkitError

Side = Literal["real", "fake"]
Augment = Callable[[Tensor, Side], Tensor]


def score(output: DiscriminatorOutput) -> Tensor:
    """`B`: one number per sample; positions of a sub-discriminator are averaged, sub-discriminators are summed."""
    return torch.stack([logits.flatten(1).mean(1) if logits.dim() > 1 else logits for logits in output.logits]).sum(0)


def full_precision(output: DiscriminatorOutput) -> DiscriminatorOutput:
    """Logits in at least float32: losses and penalties square and exponentiate them.

    Raises:
        PluginError: a discriminator answered with something else.
    """
    if not isinstance(output, DiscriminatorOutput):
        raise PluginError(
            f"a discriminator answered with a {type(output).__name__}, not with a DiscriminatorOutput",
            "return DiscriminatorOutput((logits,)), from toolkit.adversarial.types",
        )
    logits = tuple(item.float() if item.dtype in (torch.bfloat16, torch.float16) else item for item in output.logits)
    return DiscriminatorOutput(logits, output.features)


def squared_norm(gradient: Tensor) -> Tensor:
    """`B`: squared Euclidean norm of each sample's gradient."""
    return gradient.flatten(1).square().sum(1)


class Judgement:
    """What one discriminator says about one batch in its own turn.

    Args:
        discriminator: module `(data, condition) -> DiscriminatorOutput`.
        real: real data, batch first.
        fake: generated data without graph, of the same shape.
        condition: what both were made under, or `None`.
        augment: applied to data of a side before the discriminator sees it. Gradients are taken with respect to the
            data before it, as in Huang et al. 2024.
        noise: source for penalties that perturb or interpolate.
        gradient_sides: sides whose input gradients a penalty will ask for.
        one_pass: judge both sides in one concatenated batch; only right without batch statistics.
        name: of the discriminator, for penalties that remember something of each.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        real: Tensor,
        fake: Tensor,
        condition: Tensor | None,
        augment: Augment,
        noise: Noise,
        gradient_sides: Set[Side] = frozenset(),
        one_pass: bool = False,
        name: str = "main",
    ) -> None:
        self.name = name
        self._discriminator = discriminator
        self._augment = augment
        self.condition = condition
        self.noise = noise
        self.data: dict[Side, Tensor] = {"real": real.detach(), "fake": fake.detach()}
        self._sides = gradient_sides
        for side in gradient_sides:
            if not self.data[side].is_floating_point():
                raise ToolkitError(
                    "a gradient penalty differentiates what the discriminator sees, and ids of tokens have no gradient",
                    "let the task give rows (task.form=rows), or leave the penalty out",
                )
            self.data[side].requires_grad_(True)
        self._gradients: dict[Side, Tensor] | None = None
        self.output: dict[Side, DiscriminatorOutput] = self._judge_both() if one_pass else self._judge_each()

    @property
    def real(self) -> Tensor:
        """The real data."""
        return self.data["real"]

    @property
    def fake(self) -> Tensor:
        """The generated data."""
        return self.data["fake"]

    def judge(self, data: Tensor, side: Side = "real") -> DiscriminatorOutput:
        """A further forward pass, e.g. on interpolated data; augmented exactly as that side was."""
        return full_precision(self._discriminator(self._augment(data, side), self.condition))

    def gradient(self, side: Side) -> Tensor:
        """Gradient of each sample's score with respect to that sample, with a graph for the second order."""
        if self._gradients is None:
            asked: list[Side] = [name for name in ("real", "fake") if name in self._sides]
            total = torch.cat([score(self.output[name]) for name in asked]).sum()
            found = torch.autograd.grad(total, [self.data[name] for name in asked], create_graph=True)
            self._gradients = dict(zip(asked, found, strict=True))
        return self._gradients[side]

    def gradient_at(self, data: Tensor, side: Side = "real") -> Tensor:
        """Gradient of the score at other points than the batch's own."""
        points = data.detach().requires_grad_(True)
        (found,) = torch.autograd.grad(score(self.judge(points, side)).sum(), points, create_graph=True)
        return found

    def _judge_each(self) -> dict[Side, DiscriminatorOutput]:
        return {"real": self.judge(self.data["real"], "real"), "fake": self.judge(self.data["fake"], "fake")}

    def _judge_both(self) -> dict[Side, DiscriminatorOutput]:
        both = torch.cat([self._augment(self.data["real"], "real"), self._augment(self.data["fake"], "fake")])
        condition = None if self.condition is None else torch.cat([self.condition, self.condition])
        output = full_precision(self._discriminator(both, condition))
        count = len(self.data["real"])
        return {
            "real": DiscriminatorOutput(_rows(output.logits, 0, count), _rows(output.features, 0, count)),
            "fake": DiscriminatorOutput(_rows(output.logits, count, None), _rows(output.features, count, None)),
        }


def _rows(tensors: Sequence[Tensor], start: int, stop: int | None) -> tuple[Tensor, ...]:
    return tuple(tensor[start:stop] for tensor in tensors)
