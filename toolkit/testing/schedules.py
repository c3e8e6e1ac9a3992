"""The contract of schedules, and that of optimisers, whose settings follow them."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.optimizers import OptimizerRule
from toolkit.adversarial.schedules import Schedule
from toolkit.testing.material import stored
from toolkit.testing.subject import BrokenRuleError, PartLike, Subject

_CONTEXT: Mapping[str, Any] = {"value": 0.5, "start": 1.0, "end": 0.25, "samples": 1000}
_LR = {"name": "linear", "start": 0.02, "end": 0.005, "samples": 100}


def check_schedule(part: PartLike, /, **overrides: Any) -> None:
    """The contract of a schedule.

    * a finite number at any number of samples, from zero to a billion, and a function of that number alone;
    * one with the parameters `start`, `end` and `samples` begins and ends there, never leaves the range between them,
      goes one way, stays where it ended, and refuses to take 0 samples.

    Args:
        part: registered name, or class. Built with the context value=0.5, start=1, end=0.25, samples=1000, where it
            takes them; any other required parameter must be among the overrides.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("schedules", part, overrides)
    subject.check_signature()
    schedule: Schedule = subject.build(**_CONTEXT)
    places = [0, 1, 250, 500, 999, 1000, 1001, 10**6, 10**9]
    with subject.rule("gives a number at any number of samples"):
        values = [float(schedule(samples)) for samples in places]
    subject.must(all(math.isfinite(value) for value in values), f"gives finite numbers, got {values}")
    backwards = [float(schedule(samples)) for samples in reversed(places)]
    subject.must(backwards[::-1] == values, "is a function of the samples seen, whatever it was asked before")
    if all(subject.takes(name) for name in ("start", "end", "samples")):
        _check_ramp(subject, schedule)


def _check_ramp(subject: Subject, schedule: Schedule) -> None:
    start, end, length = ({**_CONTEXT, **subject.overrides}[name] for name in ("start", "end", "samples"))
    subject.must(math.isclose(schedule(0), start), f"begins at its start {start}, not at {schedule(0)}")
    for samples in (length, length + 1, 10 * length):
        found = schedule(samples)
        subject.must(math.isclose(found, end), f"is at its end {end} after {samples} samples, not at {found}")
    values = [schedule(length * share / 20) for share in range(21)]
    low, high = min(start, end) - 1e-9, max(start, end) + 1e-9
    subject.must(all(low <= value <= high for value in values), "stays between start and end")
    ordered = sorted(values, reverse=end < start)
    subject.must(values == ordered, "goes one way from start to end")
    if "samples" not in subject.overrides:
        refused = Subject("schedules", subject.name if subject.registered else subject.part, subject.overrides)
        refused.overrides["samples"] = 0
        try:
            refused.build(**_CONTEXT)
        except BrokenRuleError:
            return
        subject.must(False, "refuses to go from start to end in 0 samples")


def check_optimizer(part: PartLike, /, **overrides: Any) -> None:
    """The contract of an optimiser's rule.

    * `create` gives a torch optimiser over all parameters; its first step lowers a quadratic, and fifty lower it more;
    * where it takes `lr`: a schedule given as `lr` is followed by `schedule(optimizer, samples)`, at any time and in
      any order;
    * a step after a checkpoint equals the step without it.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("optimizers", part, overrides)
    subject.check_signature()
    rule: OptimizerRule = subject.build(**({"lr": 0.02} if subject.takes("lr") else {}))
    module = _bowl()
    with subject.rule("creates an optimiser over a module's parameters"):
        optimizer = rule.create(module.parameters())
    subject.must(isinstance(optimizer, torch.optim.Optimizer), "creates a torch.optim.Optimizer")
    held = sum(len(group["params"]) for group in optimizer.param_groups)
    subject.must(held == len(list(module.parameters())), "holds every parameter that it was given")
    costs = [_step(rule, optimizer, module, 64.0 * number) for number in range(50)]
    subject.must(costs[1] < costs[0], f"lowers a quadratic in its first step: {costs[0]:.4g} to {costs[1]:.4g}")
    subject.must(costs[-1] < costs[1], f"goes on lowering a quadratic: {costs[-1]:.4g} after 49 steps")
    _check_rate(subject)
    _check_resumed(subject, rule, optimizer, module)


def _bowl() -> nn.Module:
    module = nn.ParameterList([torch.tensor([1.0, -2.0, 3.0]), torch.tensor([[0.5, -1.5]])])
    return module.double()


def _step(rule: OptimizerRule, optimizer: torch.optim.Optimizer, module: nn.Module, samples: float) -> float:
    """One step down the bowl; returns the cost before it."""
    rule.schedule(optimizer, samples)
    optimizer.zero_grad()
    cost: Tensor = torch.stack([parameter.square().sum() for parameter in module.parameters()]).sum()
    cost.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(cost.detach())


def _check_rate(subject: Subject) -> None:
    if not subject.takes("lr") or "lr" in subject.overrides:
        return
    again = Subject("optimizers", subject.name if subject.registered else subject.part, subject.overrides)
    again.overrides["lr"] = _LR
    rule: OptimizerRule = again.build()
    optimizer = rule.create(_bowl().parameters())
    for samples, wanted in ((0.0, 0.02), (100.0, 0.005), (50.0, 0.0125), (10_000.0, 0.005)):
        rule.schedule(optimizer, samples)
        rates = [group["lr"] for group in optimizer.param_groups]
        fits = all(math.isclose(rate, wanted) for rate in rates)
        subject.must(fits, f"sets the learning rate {wanted} that belongs to {samples:g} samples, got {rates}")


def _check_resumed(subject: Subject, rule: OptimizerRule, optimizer: torch.optim.Optimizer, module: nn.Module) -> None:
    copied = copy.deepcopy(module)
    other = rule.create(copied.parameters())
    with subject.rule("takes back its state from a checkpoint"):
        other.load_state_dict(stored(optimizer.state_dict()))
    for samples in (5000.0, 5064.0):
        _step(rule, optimizer, module, samples)
        _step(rule, other, copied, samples)
    alike = all(torch.equal(a, b) for a, b in zip(module.parameters(), copied.parameters(), strict=True))
    subject.must(alike, "goes on after a checkpoint as if nothing had happened")
