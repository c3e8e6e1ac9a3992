"""The contract of generators."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.testing.material import BATCH, CHANNELS, RESOLUTION, labels, normal, same, uniform
from toolkit.testing.networks import build_network, check_double, check_first_order, check_state, class_counts, context
from toolkit.testing.subject import PartLike, Subject

Inputs = Callable[[nn.Module], tuple[Tensor, ...]]


def check_generator(
    part: PartLike,
    /,
    *,
    sample_inputs: Inputs | None = None,
    sample_shape: tuple[int, ...] | None = None,
    sample_output: Callable[[Any], Tensor] | None = None,
    **overrides: Any,
) -> None:
    """The contract of a generator, without and (where it takes `classes`) with labels.

    * evaluation mode: finite output of the expected shape, the same every time, each sample independent of its batch,
      other inputs and other labels give other outputs;
    * training mode: the gradient reaches every parameter;
    * `state_dict` round trip; the same result in float64.

    Args:
        part: registered name, or class. Built with the context `resolution`, `channels`, `classes`, where it takes
            them; any other required parameter must be among the overrides.
        sample_inputs: from the built network to four samples of its inputs, batch first. When left out, inputs are
            made by the names of `forward`'s parameters: `z...` normal `[4, network.latent]`, `x...` a picture,
            `label...` integers.
        sample_shape: shape of one output; found out for a network from `z` to pictures or from `x` to classes.
        sample_output: takes the tensor out of what the network returns, where that is a record of several.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("generators", part, overrides)
    subject.check_signature()
    for classes in class_counts(subject):
        _check(subject, classes, sample_inputs, sample_shape, sample_output or _itself)


def _itself(output: Any) -> Any:
    return output


def _check(
    subject: Subject,
    classes: int | None,
    inputs: Inputs | None,
    shape: tuple[int, ...] | None,
    taken: Callable[[Any], Tensor],
) -> None:
    network = build_network(subject, context(classes))
    given = named_inputs(subject, network, classes) if inputs is None else inputs(network)
    expected = shape or _expected(subject, network, classes)

    def run(of: nn.Module) -> tuple[Tensor, ...]:
        like = next(of.parameters()).dtype
        return (taken(of(*(item.to(like) if item.is_floating_point() else item for item in given))),)

    with torch.no_grad(), subject.rule("generates from four samples of its inputs"):
        (output,) = run(network)
    subject.must(isinstance(output, Tensor), "returns a tensor")
    if expected is not None:
        found = tuple(output.shape)
        subject.must(found == (BATCH, *expected), f"gives outputs of shape {[BATCH, *expected]}, got {list(found)}")
    subject.must(output.shape[0] == BATCH, "gives one output per sample, batch first")
    subject.must(output.isfinite().all(), "gives finite values")
    with torch.no_grad():
        _check_function(subject, lambda *items: taken(network(*items)), given, output)
        check_state(subject, network, build_network(subject, context(classes), seed=1), run)
        check_double(subject, network, run, "output")
    check_first_order(subject, network, run)


def _check_function(
    subject: Subject, network: Callable[..., Tensor], given: tuple[Tensor, ...], output: Tensor
) -> None:
    """In evaluation mode it is a function of each sample's inputs, and of all of them."""
    subject.must(torch.equal(network(*given), output), "gives the same output for the same input in evaluation mode")
    part = network(*(item[:2] for item in given))
    subject.must(same(part, output[:2], 1e-4), "gives a sample the same output in another batch (evaluation mode)")
    for place, item in enumerate(given):
        changed = list(given)
        changed[place] = item.flip(0)
        subject.must(not same(network(*changed), output), f"listens to its input number {place + 1}")


def named_inputs(subject: Subject, network: nn.Module, classes: int | None) -> tuple[Tensor, ...]:
    """Inputs by the names of `forward`'s parameters; see `check_generator`."""
    made = []
    for name, parameter in inspect.signature(network.forward).parameters.items():
        if name.startswith("z"):
            latent = getattr(network, "latent", None)
            subject.must(isinstance(latent, int), "has an attribute `latent`, the length of its latent vector")
            assert isinstance(latent, int)
            made.append(normal(BATCH, latent, dtype=torch.float32))
        elif name.startswith("x"):
            made.append(uniform(BATCH, CHANNELS, RESOLUTION, RESOLUTION, dtype=torch.float32))
        elif name.startswith("label"):
            if classes is not None:
                made.append(labels(BATCH, classes))
        elif parameter.default is inspect.Parameter.empty:
            subject.must(False, f"has inputs that the suite can guess, not '{name}'; pass sample_inputs=...")
    return tuple(made)


def _expected(subject: Subject, network: nn.Module, classes: int | None) -> tuple[int, ...] | None:
    first = next(iter(inspect.signature(network.forward).parameters), "")
    if first.startswith("z") and subject.takes("resolution") and subject.takes("channels"):
        size = subject.overrides.get("resolution", RESOLUTION)
        return (subject.overrides.get("channels", CHANNELS), size, size)
    if first.startswith("x") and classes is not None:
        return (classes,)
    return None
