"""The contract of augmentations and of the controllers of their strength."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from toolkit.adversarial.augmentation import Augmentation
from toolkit.engine.randomness import Noise
from toolkit.testing.material import noise, same, stored, uniform
from toolkit.testing.subject import PartLike, Subject

_VALUES = {"sign/real": 0.9, "logit/real": 1.0, "logit/fake": -1.0}
_SHIFT = 0.1


class Shade:
    """The simplest augmentation, for controllers to control: each sample is scaled by its own factor."""

    def __call__(self, data: Tensor, noise: Noise, strength: float = 1.0) -> Tensor:
        """Scaled data; `strength` is the probability that a sample is."""
        applied = noise.uniform("applied") < strength
        factor = (1 + applied * 0.5 * noise.uniform("factor")).to(data.dtype)
        return data * factor.view(-1, *[1] * (data.dim() - 1))


def check_augmentation(part: PartLike, /, *, sample_data: Tensor | None = None, **overrides: Any) -> None:
    """The contract of an augmentation.

    * shape and precision stay; values are finite; at strength 0 the data is returned unchanged, at strength 1 some
      sample is changed;
    * it is a function of data and keyed noise, and a sample's transform depends on its own key alone, so that
      micro-batches and processes see what the whole batch would;
    * it can be differentiated twice with respect to the data, as penalties ask for;
    * a controller of another augmentation keeps its strength within 0 and 1, and what `update` changes survives a
      checkpoint.

    Args:
        part: registered name, or class. Built with a simple `pipeline` to control, where it takes one; controllers are
            also given samples until their strength is above zero.
        sample_data: data, batch first, float64, values about [-1, 1]; pictures `[32, 3, 8, 8]` when left out.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("augmentations", part, overrides)
    subject.check_signature()
    data = uniform(32, 3, 8, 8, seed=7) if sample_data is None else sample_data
    augmentation: Any = subject.build(pipeline=Shade())
    if hasattr(augmentation, "update"):
        _check_controller(subject, augmentation, data)
    _check_values(subject, augmentation, data)
    _check_keys(subject, augmentation, data)
    _check_derivatives(subject, augmentation, data[:2])


def _check_values(subject: Subject, augmentation: Augmentation, data: Tensor) -> None:
    with subject.rule(f"transforms data of shape {list(data.shape)}"):
        changed = augmentation(data, noise(len(data)))
        kept = augmentation(data, noise(len(data)), 0.0)
    subject.must(changed.shape == data.shape, f"keeps the shape {list(data.shape)}, got {list(changed.shape)}")
    subject.must(changed.dtype == data.dtype, f"keeps the precision {data.dtype}, got {changed.dtype}")
    subject.must(changed.isfinite().all(), "gives finite values")
    subject.must(same(kept, data, 1e-6), "changes nothing at strength 0")
    subject.must(not same(changed, data), "changes something at strength 1")
    single = augmentation(data.float(), noise(len(data)))
    subject.must(single.dtype == torch.float32 and same(single.double(), changed, 1e-4), "does the same in float32")


def _check_keys(subject: Subject, augmentation: Augmentation, data: Tensor) -> None:
    source = noise(len(data))
    whole = augmentation(data, source)
    subject.must(torch.equal(augmentation(data, source), whole), "is a function of data and keyed noise")
    halves = [augmentation(data[a:b], source.part(a, b)) for a, b in ((0, 3), (3, len(data)))]
    # Amounts computed in float32 may round differently in a vector of another length.
    subject.must(same(torch.cat(halves), whole, 1e-5), "transforms a sample the same in a micro-batch")
    later = augmentation(data, noise(len(data), step=1))
    subject.must(not same(later, whole), "transforms differently at another step")


def _check_derivatives(subject: Subject, augmentation: Augmentation, data: Tensor) -> None:
    # Off the points where a linear interpolation has a kink, if the data happens to lie on one.
    leaf = (data + _SHIFT * data.square()).requires_grad_(True)

    def score(values: Tensor) -> Tensor:
        return torch.tanh(augmentation(values, noise(len(values)))).flatten(1).square().mean(1)

    with subject.rule("has the gradient that finite differences have"):
        gradcheck(score, (leaf,), fast_mode=True)
    with subject.rule("can be differentiated twice, and rightly (fused kernels often cannot)"):
        gradgradcheck(score, (leaf,), fast_mode=True)


def _check_controller(subject: Subject, augmentation: Any, data: Tensor) -> None:
    """Drive the controller up by a discriminator that knows its data too well."""
    for step in range(1, 21):
        augmentation.update(50_000.0 * step, _VALUES)
        strength = getattr(augmentation, "strength", None)
        subject.must(isinstance(strength, float), "has its present strength in the attribute `strength`")
        assert isinstance(strength, float)
        subject.must(0 <= strength <= 1, f"keeps its strength within 0 and 1, got {strength}")
    subject.must(augmentation.strength > 0, "raises its strength when the discriminator overfits, or by its schedule")
    other = subject.build(pipeline=Shade())
    if hasattr(augmentation, "state_dict"):
        with subject.rule("takes back its state from a checkpoint"):
            other.load_state_dict(stored(augmentation.state_dict()))
    for item in (augmentation, other):
        item.update(1_000_100.0, _VALUES)
    here, there = (item(data, noise(len(data))) for item in (augmentation, other))
    subject.must(torch.equal(here, there), "goes on after a checkpoint as if nothing had happened")
