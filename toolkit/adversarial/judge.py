"""Discriminators after training: judges of single samples, with probabilities that can be believed.

In a model folder `discriminator.safetensors` holds their weights, each name behind the discriminator's own and a dot;
`judge.safetensors` holds the burn-in of the rejection, and moments of real data. `config.json` says under "judge" how
to build them and what their scores are worth, or with "skipped" why there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.calibration import Calibration
from toolkit.adversarial.judgement import full_precision, score
from toolkit.adversarial.rejection import Rejection, fit_rejection

DISCRIMINATORS = "discriminator.safetensors"
JUDGE = "judge.safetensors"


class CannotTellWarning(UserWarning):
    """A judge was asked to choose among samples, and it cannot."""


class Judge:
    """Says how real generated samples look, and which to keep.

    Args:
        discriminators: by name, in evaluation mode.
        calibration: what their scores are worth.
        rejection: by which rule to keep samples.
        burn_in: calibrated log density ratios `[B]` of generated samples, to make other rules from; may be empty.
        burn_in_label: their classes `[B]`, where there are any.
        classes: number of classes; 0 for none.
        doubt: why it had better not choose, in words; empty when nothing speaks against it.
    """

    def __init__(
        self,
        discriminators: Mapping[str, nn.Module],
        calibration: Calibration,
        rejection: Rejection,
        burn_in: Tensor | None = None,
        burn_in_label: Tensor | None = None,
        classes: int = 0,
        doubt: str = "",
    ) -> None:
        self.discriminators = {name: module.eval().requires_grad_(False) for name, module in discriminators.items()}
        self.calibration = calibration
        self.rejection = rejection
        self.burn_in = burn_in
        self.burn_in_label = burn_in_label
        self.classes = classes
        self.doubt = doubt

    def log_ratio(self, data: Tensor, condition: Tensor | None = None) -> Tensor:
        """`B` float64 on the CPU: log of (density of real data / density of generated data) at these samples.

        Args:
            data: samples as the generator makes them, batch first.
            condition: what they were made under, or `None`.
        """
        labels = None if condition is None or not self.calibration.class_scales else condition.cpu()
        return self.calibration.log_ratio(realness(self.discriminators, data, condition), labels)

    def probability(self, data: Tensor, condition: Tensor | None = None) -> Tensor:
        """`B` float64 on the CPU: the chance that a sample is real, were it one of as many real as generated ones."""
        return torch.sigmoid(self.log_ratio(data, condition))

    def rule(self, acceptance: float | None = None) -> Rejection:
        """The rule to keep samples by.

        Args:
            acceptance: least share of samples to keep; the share that was found best when the judge was calibrated,
                when left out.

        Raises:
            DataError: the share is out of range.
        """
        if acceptance is None or self.burn_in is None:
            return self.rejection
        return fit_rejection(self.burn_in, self.burn_in_label, self.classes, acceptance=acceptance)


@torch.no_grad()
def realness(discriminators: Mapping[str, nn.Module], data: Tensor, condition: Tensor | None) -> Tensor:
    """`B` float32 on the CPU: the score of each sample, summed over discriminators; see `score` for their parts.

    Args:
        discriminators: in evaluation mode.
        data: samples, batch first; cast to the precision of each discriminator.
        condition: what they were made under, or `None`.
    """
    scores = []
    for discriminator in discriminators.values():
        like = next(discriminator.parameters(), data)
        output = full_precision(discriminator(data.to(like.device, like.dtype), condition))
        scores.append(score(output).float().cpu())
    return torch.stack(scores).sum(0)


def pack(discriminators: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """The weights of all discriminators in one mapping."""
    return {
        f"{name}.{key}": value for name, module in discriminators.items() for key, value in module.state_dict().items()
    }


def unpack(weights: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The weights of one discriminator out of what `pack` gave."""
    start = f"{name}."
    return {key.removeprefix(start): value for key, value in weights.items() if key.startswith(start)}


def describe(judge: Judge, specs: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """A judge in plain JSON values, without its weights and burn-in.

    Args:
        judge: what to describe.
        specs: how to build its discriminators, by name.
        facts: what else is known of it, for people.
    """
    return {
        "discriminators": dict(specs),
        "calibration": judge.calibration.to_document(),
        "rejection": judge.rejection.to_document(),
        "classes": judge.classes,
        "doubt": judge.doubt,
        **facts,
    }
