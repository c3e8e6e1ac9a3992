"""The recipe that follows from the choices made for somebody's pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.image.choices import PENALTY_FALL, generator_width, stage_widths
from toolkit.image.survey import Survey

_FEATURE_SIDE = 8
_HELD_OUT = 50  # validation pictures from which measuring while training says something
_EVALUATIONS, _SAMPLES = 10, 20  # in the course of a run


@dataclass(frozen=True)
class Chosen:
    """The choices that a recipe is written from; see `toolkit.image.choices`.

    `keep_labels`: the labels say which pictures are used, whether or not the players are told them.
    """

    machine: str
    resolution: int
    channels: int
    conditional: bool
    keep_labels: bool
    flip: bool
    split: Mapping[str, float]
    training: int
    batch_size: int
    steps: int
    penalty: float
    augmentation: Any

    @property
    def shown(self) -> int:
        """Pictures shown in the course of training."""
        return self.steps * self.batch_size


def document(survey: Survey, chosen: Chosen) -> dict[str, Any]:
    """The recipe as a document, in the order of a recipe file."""
    generator, discriminator = _networks(chosen)
    weight = _falling(chosen.penalty, chosen.penalty / PENALTY_FALL, chosen.shown)
    high, low = (4e-4, 5e-5) if chosen.resolution > 32 or chosen.machine == "gpu" else (5e-4, 1e-4)
    optimizer = {
        "name": "adam",
        "lr": _falling(high, low, chosen.shown),
        "beta1": 0.0,
        "beta2": _falling(0.9, 0.99, chosen.shown),
    }
    return {
        "name": re.sub(r"[^0-9A-Za-z]+", "-", survey.path.stem).strip("-").lower() or "pictures",
        "seed": 0,
        "task": {"name": "image", "conditional": chosen.conditional, "flip": chosen.flip},
        "data": _data(survey, chosen),
        "split": dict(chosen.split),
        "generator": generator,
        "discriminator": discriminator,
        "loss": "relativistic",
        "penalties": [{"name": "r1", "weight": weight}, {"name": "r2", "weight": weight}],
        "augmentation": chosen.augmentation,
        "optimizer": {"generator": optimizer, "discriminator": optimizer},
        "ema": {"half_life": max(1_000, min(chosen.shown // 32, 500_000))},
        **_measuring(survey, chosen),
    }


def _data(survey: Survey, chosen: Chosen) -> dict[str, Any]:
    """Where the pictures lie; class names are kept, so that a folder added later moves no class to another number."""
    path = str(survey.path.absolute())
    if survey.kind == "npz":
        labels = survey.labels if chosen.keep_labels and survey.labels != "none" else None
        return {"name": "npz", "path": path, "labels": labels, "resolution": chosen.resolution}
    data: dict[str, Any] = {
        "name": "folder",
        "path": path,
        "resolution": chosen.resolution,
        "channels": chosen.channels,
    }
    if chosen.keep_labels:
        data |= {"labels": survey.labels, "class_names": list(survey.classes)}
    return data


def _networks(chosen: Chosen) -> tuple[dict[str, Any], dict[str, Any]]:
    latent = {"latent": 128 if chosen.resolution > 32 else 64}
    if chosen.machine == "gpu":
        pair: dict[str, Any] = {"name": "residual", "widths": list(stage_widths(chosen.resolution))}
    else:
        pair = {"name": "dcgan", "width": generator_width(chosen.resolution), "norm": "none"}
    return {**pair, **latent}, dict(pair)


def _measuring(survey: Survey, chosen: Chosen) -> dict[str, Any]:
    """The trainer's intervals, and what is measured: the Fréchet distance where held-out pictures are enough for it."""
    held_out = survey.splits.get("validation") or round(survey.count * float(chosen.split.get("validation", 0)))
    features = _FEATURE_SIDE**2 * chosen.channels
    first = "frechet" if held_out > features else "kernel"
    every = max(50, chosen.steps // _EVALUATIONS)
    trainer = {
        "steps": chosen.steps,
        "batch_size": chosen.batch_size,
        "samples_every": max(50, chosen.steps // _SAMPLES),
        "checkpoint_every": min(500, every),
        "evaluate_every": every if held_out >= _HELD_OUT and chosen.steps >= every else None,
        "best_metric": f"{first}_distance",
    }
    return {
        "trainer": trainer,
        "report": {"evaluation_samples": 1000},
        "extractor": {"name": "pixels", "size": _FEATURE_SIDE},
        "metrics": [first, "precision_recall"] if held_out >= _HELD_OUT else ["kernel"],
    }


def _falling(start: float, end: float, samples: int) -> dict[str, Any]:
    return {"name": "cosine", "start": start, "end": end, "samples": samples}
