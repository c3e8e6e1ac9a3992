"""Parts that a user might register, and that misbehave. Written to a file, so that runs find them again."""

from __future__ import annotations

from pathlib import Path

TEXT = """
import time

import torch

from toolkit.adversarial.losses import NonSaturating
from toolkit.adversarial.schedules import as_schedule
from toolkit.registry import register


@register("terms", "faults_slow")
class Slow:
    "Adds nothing, but takes its time, so that there is a moment to be interrupted in."

    needs_real_outputs = False

    def __init__(self, seconds: float = 0.015) -> None:
        self.weight = as_schedule(1.0)
        self.seconds = seconds

    def __call__(self, offer):
        time.sleep(self.seconds)
        return 0.0 * offer.output.data.flatten(1).sum(1)


@register("terms", "faults_nan")
class NotANumber:
    "NaN from one call to another, counted from 1."

    needs_real_outputs = False

    def __init__(self, first: int, last: int = 10**9) -> None:
        self.weight = as_schedule(1.0)
        self.first, self.last, self.calls = first, last, 0

    def __call__(self, offer):
        self.calls += 1
        bad = self.first <= self.calls <= self.last
        return offer.output.data.flatten(1).mean(1) * (float("nan") if bad else 1.0)


@register("losses", "faults_nan")
class NotANumberLoss(NonSaturating):
    "The discriminator's loss is infinite from some call on."

    def __init__(self, first: int) -> None:
        self.first, self.calls = first, 0

    def discriminator(self, real, fake):
        self.calls += 1
        return super().discriminator(real, fake) / (0.0 if self.calls >= self.first else 1.0)
"""


def write_script(folder: Path) -> Path:
    """The script as a file."""
    file = folder / "faults.py"
    file.write_text(TEXT)
    return file
