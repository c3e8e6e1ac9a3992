"""The contracts of feature extractors and metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import ClassifierExtractor, Extractor
from toolkit.testing.material import normal, same, uniform
from toolkit.testing.subject import PartLike, Subject

_ROWS = 240
_WIDTH = 6
_CLASSES = 4
_ERROR = "_std_error"


def check_extractor(part: PartLike, /, *, sample_data: Tensor | None = None, **overrides: Any) -> None:
    """The contract of a feature extractor.

    * a `name`, and `dimension` as soon as data was seen; `[B, N]` float32 features, finite and without a graph;
    * the same features every time, whatever else is in the batch; other features for other data;
    * networks inside are left in the mode that they were in;
    * whole numbers are refused (`DataError`): bytes would pass for values in [-1, 1];
    * of a classifier: probabilities `[B, K]` that sum to 1, and both at once equal to each alone;
    * `differentiable(data)`, where there is one: the same features, with a gradient for the data.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        sample_data: float32, batch first, at least four different samples; pictures `[4, 3, 32, 32]` when left out.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("extractors", part, overrides)
    subject.check_signature()
    extractor: Extractor = subject.build()
    data = uniform(4, 3, 32, 32, seed=8, dtype=torch.float32) if sample_data is None else sample_data
    subject.must(isinstance(extractor.name, str) and extractor.name, "has a name, shown beside every number")
    modules = [value for value in vars(extractor).values() if isinstance(value, nn.Module)]
    for module in modules:
        module.train()
    features = _features(subject, extractor, data)
    kept = all(child.training for module in modules for child in module.modules())
    subject.must(kept, "leaves its networks in the mode that they were in")
    subject.must(torch.equal(_features(subject, extractor, data), features), "gives the same features again")
    subject.must(same(_features(subject, extractor, data[:2]), features[:2], 1e-4), "looks at each sample alone")
    subject.must(not same(features[0], features[1]), "gives different samples different features")
    subject.must(_refuses(extractor, (data * 100).to(torch.int32)), "refuses whole numbers with a DataError")
    if isinstance(extractor, ClassifierExtractor):
        _check_classifier(subject, extractor, data, features)
    if hasattr(extractor, "differentiable"):
        _check_differentiable(subject, extractor, data, features)


def _features(subject: Subject, extractor: Extractor, data: Tensor) -> Tensor:
    with subject.rule(f"makes features of data {list(data.shape)}"):
        features = extractor(data)
    subject.must(features.ndim == 2 and len(features) == len(data), f"gives [B, N], got {list(features.shape)}")
    subject.must(features.dtype == torch.float32, f"gives float32 features, got {features.dtype}")
    subject.must(not features.requires_grad, "gives features without a graph")
    subject.must(features.isfinite().all(), "gives finite features")
    found = extractor.dimension
    subject.must(found == features.shape[1], f"says its dimension, {features.shape[1]}, not {found}")
    return features


def _refuses(extractor: Extractor, data: Tensor) -> bool:
    try:
        extractor(data)
    except DataError:
        return True
    return False


def _check_classifier(subject: Subject, extractor: ClassifierExtractor, data: Tensor, features: Tensor) -> None:
    chances = extractor.probabilities(data)
    subject.must(chances.ndim == 2 and len(chances) == len(data), "gives probabilities [B, K]")
    valid = bool((chances >= 0).all()) and same(chances.sum(1), torch.ones(len(data)), 1e-3)
    subject.must(valid, "gives probabilities that are at least 0 and sum to 1")
    named = len(extractor.classes)
    subject.must(named in (0, chances.shape[1]), f"names all of its {chances.shape[1]} classes or none, not {named}")
    both = extractor.features_and_probabilities(data)
    subject.must(same(both[0], features) and same(both[1], chances), "gives both at once as it gives each alone")


def _check_differentiable(subject: Subject, extractor: Any, data: Tensor, features: Tensor) -> None:
    leaf = data.clone().requires_grad_(True)
    with subject.rule("gives features with a graph"):
        found: Tensor = extractor.differentiable(leaf)
        (gradient,) = torch.autograd.grad(found.square().sum(), leaf)
    subject.must(same(found.detach().flatten(1), features, 1e-3), "gives with a graph the features it gives without")
    subject.must(gradient.count_nonzero() > 0, "lets the gradient through to the data")


def check_metric(part: PartLike, /, **overrides: Any) -> None:
    """The contract of a metric.

    * `compute` gives finite numbers under exactly the names of `higher_is_better`, and the same ones again;
    * generated data from the real distribution, of the classes that were asked for, is rated better than data from
      another one, in which a class is missing, by every number except those that end in `_std_error`, which are not
      negative, and those that are neither better nor worse (`None` in `higher_is_better`);
    * a metric with `needs_train` refuses to go without (`DataError`), and rates copies of the training data as worse.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides. It is given banks of 240 rows
            of 6 features, with labels and probabilities of 4 classes.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("metrics", part, overrides)
    subject.check_signature()
    metric: Metric = subject.build()
    subject.must(isinstance(metric.needs_train, bool), "has an attribute needs_train, true or false")
    better: Mapping[str, bool | None] = metric.higher_is_better
    subject.must(better, "names its numbers in higher_is_better")
    real, train = _bank(1), _bank(3)
    good = _values(subject, metric, real, _bank(2), train)
    subject.must(_values(subject, metric, real, _bank(2), train) == good, "gives the same numbers again")
    bad = _values(subject, metric, real, train if metric.needs_train else _bank(2, shift=3.0, confused=True), train)
    for name, higher in better.items():
        if name.endswith(_ERROR):
            subject.must(good[name] >= 0, f"has an error '{name}' of at least 0")
        elif higher is not None:
            wins = good[name] > bad[name] if higher else good[name] < bad[name]
            kind = "copies of the training data" if metric.needs_train else "another distribution"
            subject.must(
                wins, f"rates '{name}' better for new real data ({good[name]:.4g}) than {kind} ({bad[name]:.4g})"
            )
    if metric.needs_train:
        try:
            metric.compute(real, _bank(2))
        except DataError:
            return
        subject.must(False, "refuses to go without the training data, with a DataError")


def _values(
    subject: Subject, metric: Metric, real: FeatureBank, fake: FeatureBank, train: FeatureBank
) -> dict[str, float]:
    with subject.rule("compares two banks"):
        values = metric.compute(real, fake, train=train if metric.needs_train else None)
    named = set(metric.higher_is_better)
    subject.must(set(values) == named, f"gives the numbers that higher_is_better names: {named}, got {set(values)}")
    for name, value in values.items():
        subject.must(
            isinstance(value, float) and math.isfinite(value), f"gives '{name}' as a finite float, got {value!r}"
        )
    return values


def _bank(seed: int, shift: float = 0.0, confused: bool = False) -> FeatureBank:
    """Normal features around a centre per class; a classifier that is sure and right, or one that knows nothing.

    The latter never sees the first class.
    """
    labels = torch.arange(_ROWS) % _CLASSES
    centres = 2 * normal(_CLASSES, _WIDTH, seed=99, dtype=torch.float32)
    features = centres[labels] + normal(_ROWS, _WIDTH, seed=seed, dtype=torch.float32) + shift
    sureness = normal(_ROWS, _CLASSES, seed=seed + 50, dtype=torch.float32)
    if confused:
        sureness[:, 0] -= 20
    else:
        sureness = sureness + 6 * torch.nn.functional.one_hot(labels, _CLASSES)
    bank = FeatureBank("testing", classifier="testing")
    bank.add(features, labels=labels, probabilities=sureness.softmax(1))
    return bank
