"""What is asked of every network: gradients reach all of it, its state moves, it works in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from toolkit.adversarial.statistics import uses_batch_statistics
from toolkit.testing.material import CHANNELS, CLASSES, RESOLUTION, same, seeded
from toolkit.testing.subject import Subject

Outputs = Callable[[nn.Module], tuple[Tensor, ...]]
"""Runs a network on fixed inputs, converted to the network's own precision."""


def context(classes: int | None) -> dict[str, Any]:
    """What a task would provide: small pictures, with or without classes."""
    return {"resolution": RESOLUTION, "channels": CHANNELS, "classes": classes}


def class_counts(subject: Subject) -> list[int | None]:
    """The numbers of classes to test with: without and with labels, as far as the network can be built so."""
    if not subject.takes("classes"):
        return [None]
    if "classes" in subject.overrides:
        return [subject.overrides["classes"]]
    return [None, CLASSES] if NoneType in get_args(subject.annotation("classes")) else [CLASSES]


def build_network(subject: Subject, given: Mapping[str, Any], seed: int = 0) -> nn.Module:
    """A network in evaluation mode, its weights moved off their initial values.

    Some weights start at zero on purpose and hide those before them from the gradient.
    """
    with seeded(seed):
        network = subject.build(**given)
        subject.must(isinstance(network, nn.Module), "is a torch.nn.Module")
        assert isinstance(network, nn.Module)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval()


def check_state(subject: Subject, network: nn.Module, other: nn.Module, run: Outputs) -> None:
    """The weights of one network, loaded into a differently initialised one, give the same outputs.

    Args:
        subject: the part under test.
        network: in evaluation mode.
        other: built alike from another seed.
        run: see `Outputs`.
    """
    state = network.state_dict()
    plain = all(isinstance(value, Tensor) for value in state.values())
    subject.must(plain, "has a state_dict of tensors only, which is what safetensors can store")
    with subject.rule("takes its own state_dict back"):
        other.load_state_dict(state)
    alike = all(torch.equal(a, b) for a, b in zip(run(network), run(other), strict=True))
    subject.must(alike, "gives the same output after its state_dict went to a newly built one")


def check_double(subject: Subject, network: nn.Module, run: Outputs, what: str) -> None:
    """The network computes in float64 from end to end; the exactness tests of a game rely on it."""
    double = copy.deepcopy(network).double()
    with subject.rule("works in float64"):
        found = run(double)
    for single, precise in zip(run(network), found, strict=True):
        subject.must(precise.dtype == torch.float64, f"answers in float64 when built in float64 ({what})")
        subject.must(same(single.double(), precise, 1e-2), f"gives in float64 what it gives in float32 ({what})")


def check_first_order(subject: Subject, network: nn.Module, run: Outputs) -> None:
    """A loss of the outputs trains every parameter."""
    network.train().requires_grad_(True).zero_grad()
    total = torch.stack([(out * torch.linspace(0.5, 1.5, out.numel()).view_as(out)).sum() for out in run(network)])
    with subject.rule("can be differentiated"):
        total.sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        subject.must(gradient is not None, f"the gradient reaches the parameter '{name}'")
        assert gradient is not None
        subject.must(gradient.isfinite().all(), f"the gradient of the parameter '{name}' is finite")
        subject.must(gradient.count_nonzero() > 0, f"the gradient of the parameter '{name}' is not zero everywhere")
    network.zero_grad()
    network.eval()


def train_unmoved(network: nn.Module) -> None:
    """Training mode in which two passes compute the same function.

    Spectral normalisation takes a power iteration whenever a weight is used, so every pass is with slightly other
    weights; here it stays with the singular vectors that it has.
    """
    network.train()
    for module in network.modules():
        if isinstance(module, ParametrizationList):
            module.eval()


def batch_coupled(network: nn.Module) -> bool:
    """Whether a sample's output in training depends on its batch: batch normalisation, or a module that says so."""
    training = network.training
    network.train()
    coupled = uses_batch_statistics(network)
    network.train(training)
    return coupled
