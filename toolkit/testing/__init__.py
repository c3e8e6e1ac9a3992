"""Contract suites: what a part of each kind must do, as functions that fail with the part and the broken rule.

The toolkit's own parts go through the same suites as those of outside packages. They need no pytest; in a test file:

    from toolkit.testing import check_part

    def test_my_loss() -> None:
        check_part("losses", "my_loss", margin=0.5)

A name is looked up in the registry and built exactly as a recipe builds it; a class can be given as well, before it is
registered anywhere. Everything runs on a CPU in seconds, from fixed seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.errors import UnknownPartError, nearest
from toolkit.testing.augmentations import check_augmentation
from toolkit.testing.datasets import check_dataset
from toolkit.testing.detectors import check_detector
from toolkit.testing.discriminators import check_discriminator
from toolkit.testing.estimators import check_estimator
from toolkit.testing.generators import check_generator
from toolkit.testing.importers import check_importer
from toolkit.testing.losses import check_loss
from toolkit.testing.metrics import check_extractor, check_metric
from toolkit.testing.paired_metrics import check_paired_metric
from toolkit.testing.penalties import check_penalty
from toolkit.testing.schedules import check_optimizer, check_schedule
from toolkit.testing.starters import check_starter
from toolkit.testing.subject import BrokenRuleError, PartLike
from toolkit.testing.tasks import check_pipeline, check_task
from toolkit.testing.terms import check_term
from toolkit.testing.trackers import check_tracker

SUITES: dict[str, Callable[..., None]] = {
    "generators": check_generator,
    "discriminators": check_discriminator,
    "losses": check_loss,
    "penalties": check_penalty,
    "terms": check_term,
    "estimators": check_estimator,
    "schedules": check_schedule,
    "optimizers": check_optimizer,
    "augmentations": check_augmentation,
    "datasets": check_dataset,
    "extractors": check_extractor,
    "metrics": check_metric,
    "paired_metrics": check_paired_metric,
    "tasks": check_task,
    "pipelines": check_pipeline,
    "importers": check_importer,
    "trackers": check_tracker,
    "starters": check_starter,
    "detectors": check_detector,
}
"""The suite of every kind."""


def check_part(kind: str, part: PartLike, /, **settings: Any) -> None:
    """Run the suite of a kind; see the suite of that kind for the rules and for what can be set.

    Args:
        kind: e.g. `losses`.
        part: registered name, or class.
        settings: constructor arguments, and arguments of the suite such as `sample_inputs`.

    Raises:
        BrokenRuleError: an AssertionError, naming the part and the broken rule.
        UnknownPartError: there is no such kind, or no such part.
        PluginError: the part cannot be imported.

    >>> check_part("losses", "hinge", margin=0.5)
    """
    if kind not in SUITES:
        raise UnknownPartError(f"there is no kind of part named '{kind}'; {nearest(kind, SUITES)}")
    SUITES[kind](part, **settings)


__all__ = [
    "SUITES",
    "BrokenRuleError",
    "check_augmentation",
    "check_dataset",
    "check_detector",
    "check_discriminator",
    "check_estimator",
    "check_extractor",
    "check_generator",
    "check_importer",
    "check_loss",
    "check_metric",
    "check_optimizer",
    "check_paired_metric",
    "check_part",
    "check_penalty",
    "check_pipeline",
    "check_schedule",
    "check_starter",
    "check_task",
    "check_term",
    "check_tracker",
]
