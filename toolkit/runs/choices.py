"""What an evaluation looks at and through: features, metrics, and whether they fit the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.config.schema import Spec
from toolkit.data.alignment import same_classes
from toolkit.engine.models import locate_model, shipped_models
from toolkit.errors import CheckpointError, DataError, UnknownPartError, nearest
from toolkit.metrics.base import Metric
from toolkit.metrics.comparison import Banks
from toolkit.metrics.extractor import Extractor
from toolkit.metrics.inception import FID_SAMPLES, NAME, is_available
from toolkit.registry import REGISTRY

ALL = "all"
"""Stands for every metric that there is; those that do not fit are left out."""


def feature_spec(name: str) -> Spec:
    """The spec of an extractor by the name of a registered one, or of a classifier model (a folder or shipped name).

    Raises:
        UnknownPartError: it is neither.
    """
    known = [part.name for part in REGISTRY.parts("extractors")]
    if name in known:
        return {"name": name}
    try:
        locate_model(name)
    except CheckpointError:
        choices = nearest(name, [*known, *(model for model in shipped_models() if "classifier" in model)])
        raise UnknownPartError(f"there are no features '{name}', nor a model to take them from; {choices}") from None
    return {"name": "classifier", "model": name}


def default_features(resolution: int) -> Spec:
    """Inception's features where its package and weights are on this machine, otherwise plain pixels.

    Pixels need nothing and fit any pictures, but notice only colours, brightness and layout. A classifier that was
    trained on such pictures sees more, and is never chosen unasked: nothing tells that it fits.
    """
    return {"name": "inception"} if is_available() else {"name": "pixels", "size": min(8, resolution)}


def metric_specs(chosen: Sequence[str], usual: Sequence[Any]) -> list[Any]:
    """Specs of the metrics to compute.

    Args:
        chosen: names, or `("all",)`; none for the usual ones. What the usual ones set is kept.
        usual: specs of the metrics of the recipe.
    """
    if not chosen:
        return list(usual)
    names = [part.name for part in REGISTRY.parts("metrics")] if list(chosen) == [ALL] else list(chosen)
    settings = {spec if isinstance(spec, str) else spec["name"]: spec for spec in usual}
    return [settings.get(name, name) for name in names]


def drop_unfit_accuracy(
    metrics: dict[str, Metric], extractor: Extractor, classes: Sequence[str], banks: Banks
) -> dict[str, str]:
    """Take the metrics of kind `accuracy` out where the classifier knows other classes than the generated data has.

    Args:
        metrics: by name; changed in place.
        extractor: may be a classifier.
        classes: names of the generated data's labels.
        banks: with the classifier's probabilities, if there are any.

    Returns:
        What was taken out, and why.
    """
    chances = banks.fake.probabilities
    if "accuracy" not in metrics or chances is None or banks.fake.labels is None:
        return {}
    names = tuple(getattr(extractor, "classes", ()))
    fits = same_classes(names, classes) if names and classes else chances.shape[1] == len(classes)
    if fits:
        return {}
    del metrics["accuracy"]
    return {"accuracy": f"the {chances.shape[1]} classes of the features '{extractor.name}' are not those of the data"}


def is_fid(features: str, samples: int, resized: bool) -> bool:
    """Whether a Fréchet distance can be set beside published FIDs: as far as it depends on this side.

    That takes the Inception network of 2015, 50,000 generated samples, and pictures that were neither resized nor cut
    for the comparison. The published number must be against the same real pictures.
    """
    return features == NAME and samples >= FID_SAMPLES and not resized


def named_metrics(chosen: Sequence[str], overrides: Sequence[str], metrics: Mapping[str, Metric]) -> Sequence[str]:
    """The metrics that the user named, so that one which cannot be computed is an error; none for a usual set."""
    if chosen:
        return () if list(chosen) == [ALL] else chosen
    return list(metrics) if any(text.split("=")[0].split(".")[0] == "metrics" for text in overrides) else ()


def refuse_if_asked(skipped: Mapping[str, str], asked: Sequence[str]) -> None:
    """A metric that the user named is an error where it cannot be computed.

    Raises:
        DataError: with the reason.
    """
    for name, reason in skipped.items():
        if name in asked:
            raise DataError(f"{name}: {reason}", "leave it out of the metrics")
