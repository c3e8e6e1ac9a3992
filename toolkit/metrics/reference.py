"""What a model remembers of real data: mean and covariance of their features, in a small file of its own.

With it a Fréchet distance can be told where the data are not. Covariances are stored in float32: relative to their
trace that moves a distance by about 1e-7.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from toolkit.errors import DataError
from toolkit.metrics.moments import Moments

MAX_DIMENSION = 256
"""Most features that are remembered: 256 take 258 KiB."""

_FORMAT = "reference.v1"
_FACTS = "facts"


@dataclass(frozen=True)
class Reference:
    """Moments of the features of real data.

    Attributes:
        moments: mean and covariance.
        extractor: name of the extractor that made the features.
        source: words for the data, such as the split.
    """

    moments: Moments
    extractor: str
    source: str


def pack_reference(reference: Reference | None, extra: dict[str, Tensor]) -> bytes:
    """A safetensors file with the reference, if there is one, and further tensors."""
    tensors = {name: value.contiguous() for name, value in extra.items()}
    facts: dict[str, Any] = {"format": _FORMAT}
    if reference is not None:
        moments = reference.moments
        tensors |= {
            "count": torch.tensor(moments.count),
            "mean": moments.mean,
            "covariance": moments.covariance.float(),
        }
        facts |= {"extractor": reference.extractor, "source": reference.source}
    content: bytes = save(tensors, metadata={_FACTS: json.dumps(facts)})  # one entry: several come in any order
    return content


def read_reference(path: Path) -> tuple[Reference | None, dict[str, Tensor]]:
    """The inverse of `pack_reference`.

    Raises:
        DataError: the file is damaged or something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get(_FACTS, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path} is not a readable safetensors file: {error}", "copy the whole model again") from error
    if facts.get("format") != _FORMAT:
        raise DataError(f"{path} is not a reference of this version ({_FORMAT})", "copy the whole model again")
    if "extractor" not in facts:
        return None, tensors
    count, mean, covariance = (tensors.pop(name) for name in ("count", "mean", "covariance"))
    state = {"count": count, "mean": mean, "scatter": covariance.double() * (int(count) - 1)}
    return Reference(Moments.from_state(state), facts["extractor"], facts.get("source", "")), tensors


def weighted_moments(features_BN: Tensor, weight_B: Tensor) -> Moments:
    """Mean and unbiased covariance of samples that count with weights, as if drawn in these proportions.

    The covariance is divided by 1 - sum w^2 with weights that add up to 1, which for equal ones is the usual n - 1.

    Args:
        features_BN: `[B, N]`, at least two rows.
        weight_B: `B`, at least 0, more than one of them above 0.
    """
    features = features_BN.double().cpu()
    share = weight_B.double().cpu() / weight_B.double().cpu().sum()
    mean = (share[:, None] * features).sum(0)
    centred = features - mean
    covariance = (centred.T * share) @ centred / (1 - share.square().sum())
    count = len(features)
    return Moments.from_state({"count": torch.tensor(count), "mean": mean, "scatter": covariance * (count - 1)})
