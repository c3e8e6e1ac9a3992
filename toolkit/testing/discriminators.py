"""The contract of discriminators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from toolkit.adversarial.judgement import score, squared_norm
from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.testing.material import BATCH, CHANNELS, RESOLUTION, labels, same, uniform
from toolkit.testing.networks import (
    batch_coupled,
    build_network,
    check_double,
    check_first_order,
    check_state,
    class_counts,
    context,
    train_unmoved,
)
from toolkit.testing.subject import PartLike, Subject

_STEP = 1e-8  # so small that no leaky ReLU changes sides; float64 leaves eight digits of the difference
Data = Callable[[nn.Module], Tensor]


def check_discriminator(
    part: PartLike,
    /,
    *,
    sample_data: Data | None = None,
    sample_condition: Tensor | None = None,
    second_order: bool = True,
    **overrides: Any,
) -> None:
    """The contract of a discriminator, without and (where it takes `classes`) with labels.

    * it answers with a `DiscriminatorOutput`: logits and features with the batch first, all finite;
    * without batch statistics each sample is judged alone, which micro-batches rely on;
    * labels change what it says;
    * a loss trains every parameter; R1 does not fail, has the gradient that finite differences have, and trains at
      least half of the weight matrices;
    * `state_dict` round trip; the same result in float64.

    Args:
        part: registered name, or class. Built with the context `resolution`, `channels`, `classes`, where it takes
            them; any other required parameter must be among the overrides.
        sample_data: from the built network to four samples of data, batch first; pictures when left out.
        sample_condition: what four samples were made under, whole numbers with the batch first, for a discriminator
            that is told more than a class, such as a sentence; labels where it takes `classes` when left out.
        second_order: whether it claims to work under gradient penalties.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("discriminators", part, overrides)
    subject.check_signature()
    for classes in class_counts(subject):
        _check(subject, classes, sample_data, sample_condition, second_order)


def _check(
    subject: Subject, classes: int | None, sample_data: Data | None, told: Tensor | None, second_order: bool
) -> None:
    network = build_network(subject, context(classes))
    data = _pictures(subject) if sample_data is None else sample_data(network)
    condition = told if classes is None else labels(BATCH, classes)

    def run(of: nn.Module) -> tuple[Tensor, ...]:
        output: DiscriminatorOutput = of(data.to(next(of.parameters()).dtype), condition)
        return (*output.logits, *output.features)

    with torch.no_grad():
        _check_answer(subject, network, data, condition)
        check_state(subject, network, build_network(subject, context(classes), seed=1), run)
        check_double(subject, network, run, "logits and features")
    check_first_order(subject, network, lambda of: tuple(of(data, condition).logits))
    if second_order:
        _check_penalised(subject, network.double(), data.double(), condition)


def _pictures(subject: Subject) -> Tensor:
    size = subject.overrides.get("resolution", RESOLUTION)
    return uniform(BATCH, subject.overrides.get("channels", CHANNELS), size, size, dtype=torch.float32)


def _check_answer(subject: Subject, network: nn.Module, data: Tensor, condition: Tensor | None) -> None:
    with subject.rule("judges four samples: network(data, condition)"):
        output = network(data, condition)
    subject.must(isinstance(output, DiscriminatorOutput), f"returns a DiscriminatorOutput, not {type(output).__name__}")
    subject.must(len(output.logits) > 0, "returns logits of at least one sub-discriminator")
    for name, tensors in (("logits", output.logits), ("features", output.features)):
        for tensor in tensors:
            shape = list(tensor.shape)
            subject.must(shape[:1] == [BATCH], f"gives {name} with the batch first, got {shape}")
            subject.must(tensor.isfinite().all(), f"gives finite {name}")
    subject.must(not same(score(network(data.flip(0), condition)), score(output)), "looks at the data")
    if condition is not None:
        other = score(network(data, (condition + 1) % (int(condition.max()) + 1)))
        subject.must(not same(other, score(output)), "says something else under another label")
    if not batch_coupled(network):
        train_unmoved(network)
        part = network(data[:2], None if condition is None else condition[:2])
        whole = network(data, condition)
        for of_part, of_whole in zip(part.logits, whole.logits, strict=True):
            rule = "judges each sample alone while it trains (or says so with an attribute batch_coupled = True)"
            subject.must(same(of_part, of_whole[:2], 1e-4), rule)
        network.eval()


def _check_penalised(subject: Subject, network: nn.Module, data: Tensor, condition: Tensor | None) -> None:
    """R1 (Mescheder et al. 2018, equation 9) in float64, its gradient against a central difference."""
    train_unmoved(network)
    names = [name for name, _ in network.named_parameters()]
    values = [parameter.detach().clone() for parameter in network.parameters()]

    def penalty(parameters: list[Tensor]) -> Tensor:
        points = data.detach().requires_grad_(True)
        output = functional_call(network, dict(zip(names, parameters, strict=True)), (points, condition))
        (slope,) = torch.autograd.grad(score(output).sum(), points, create_graph=True)
        return 0.5 * squared_norm(slope).sum()

    leaves = [value.clone().requires_grad_(True) for value in values]
    with subject.rule("can be differentiated twice (R1), e.g. attention with second_order=True"):
        found = torch.autograd.grad(penalty(leaves), leaves, allow_unused=True)
    gradient = [torch.zeros_like(value) if g is None else g for value, g in zip(values, found, strict=True)]
    matrices = [g for g in gradient if g.dim() >= 2]
    trained = sum(bool(g.count_nonzero()) for g in matrices)
    subject.must(all(g.isfinite().all() for g in gradient), "has a finite gradient of R1")
    subject.must(2 * trained >= len(matrices) and trained > 0, "is trained by R1 in at least half of its matrices")
    length = torch.stack([g.square().sum() for g in gradient]).sum().sqrt()
    moved = [
        penalty([v + sign * _STEP / length * g for v, g in zip(values, gradient, strict=True)]).detach()
        for sign in (1.0, -1.0)
    ]
    slope = (moved[0] - moved[1]) / (2 * _STEP)
    subject.must(
        same(slope, length, 1e-2),
        f"has the gradient of R1 that finite differences have ({length:.6g}, not {slope:.6g})",
    )
