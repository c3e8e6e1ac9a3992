"""What a face driver loses beside its game: distance to what is known, likeness, landmarks, restless warps."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.engine.models import load_weights, locate_model, read_model
from toolkit.errors import ToolkitError
from toolkit.face.embedder import resized
from toolkit.face.landmark_network import points
from toolkit.face.landmark_task import around, relative_errors
from toolkit.nn.building import build_module


class KnownFace:
    """Mean absolute difference to the target, where the sources show the target's own person; 0 elsewhere.

    Args:
        weight: schedule or number.
    """

    needs_real_outputs = False

    def __init__(self, weight: Scheduled = 10.0) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`."""
        difference = (offer.output.data - offer.target()).abs().flatten(1).mean(1)
        return difference * _extra(offer, "same")


class Likeness:
    """What a frozen embedder sees: the target's person where it is known, else all the sources and none too much.

    Where the person is known, the loss is 1 - cos to the target, and the mean absolute difference of what the
    embedder's stages see (a perceptual loss: J. Johnson et al., ECCV 2016). For mixtures it is 1 - cos to the weighted
    mean of the sources, and by how much the cosine to any one of them exceeds `cap`.

    Args:
        model: of a trained embedder: a folder, or the name of one that comes with the toolkit.
        weight: schedule or number.
        seen: weight of the differences within the embedder, beside the cosine.
        cap: cosine to a single source that a mixture should not exceed.
    """

    needs_real_outputs = False

    def __init__(
        self, model: str = "face-embedder", weight: Scheduled = 2.0, seen: float = 1.0, cap: float = 0.75
    ) -> None:
        self.weight = as_schedule(weight)
        self.seen, self.cap = seen, cap
        self.network = frozen(model)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`."""
        same, data = _extra(offer, "same"), offer.output.data
        network, side = _like(self.network, data), int(cast(Any, self.network).size)
        with torch.autocast(data.device.type, enabled=False):
            maps = network.maps(resized(data, side))
            vectors = network.finish(maps[-1])
            with torch.no_grad():
                true_maps = network.maps(resized(offer.target().to(data.dtype), side))
                true = network.finish(true_maps[-1])
                sources = _extra(offer, "sources")
                each = network.embed(resized(sources.flatten(0, 1).to(data.dtype), side)).view(*sources.shape[:2], -1)
                mean = normalize((each * _extra(offer, "weights")[..., None]).sum(1))
            difference = torch.stack(
                [(mine - theirs).abs().flatten(1).mean(1) for mine, theirs in zip(maps, true_maps, strict=True)]
            ).mean(0)
            known = 1 - (vectors * true).sum(1) + self.seen * difference
            closest = (vectors[:, None] * each).sum(-1).amax(1)
            mixed = 1 - (vectors * mean).sum(1) + (closest - self.cap).clamp(min=0)
            loss: Tensor = same * known + (1 - same) * mixed
            return loss


class LandmarksKept:
    """Where a frozen landmarker finds the landmarks, and where they were wanted: the normalised mean error.

    Args:
        model: of a trained landmarker: a folder, or the name of one that comes with the toolkit.
        weight: schedule or number.
    """

    needs_real_outputs = False

    def __init__(self, model: str = "face-landmarks", weight: Scheduled = 5.0) -> None:
        self.weight = as_schedule(weight)
        self.network = frozen(model)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`."""
        data, wanted = offer.output.data, _extra(offer, "target")
        network = _like(self.network, data)
        with torch.autocast(data.device.type, enabled=False):
            squares = around(wanted.to(data.dtype) * data.shape[-1])
            seen = squares.cut(data, int(cast(Any, network).size))
            return relative_errors(points(network(seen)), squares.inside(wanted.to(data.dtype) * data.shape[-1]))


class CalmWarps:
    """Mean squared change of the learnt corrections of the warps, between neighbouring places and from none at all.

    Args:
        weight: schedule or number.
    """

    needs_real_outputs = False

    def __init__(self, weight: Scheduled = 1.0) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`, in thousandths of the side, squared."""
        moved = 1000 * _extra(offer, "moved")
        changes = (moved.diff(dim=-1), moved.diff(dim=-2), 0.1 * moved)
        return torch.stack([change.square().flatten(1).mean(1) for change in changes]).sum(0) / 1000


def frozen(model: str) -> nn.Module:
    """The network of a trained model, in evaluation mode, never trained further.

    Raises:
        CheckpointError: there is no such model, or it is damaged.
    """
    folder = read_model(locate_model(model))
    network = build_module("generators", folder.config["generator"], f"{folder.path}/config.json:generator")
    load_weights(network, folder.weights, folder.path)
    return network.eval().requires_grad_(False)


def _like(network: nn.Module, data: Tensor) -> Any:
    """The network where the data are, in their precision."""
    first = next(network.parameters())
    if first.device != data.device or first.dtype != data.dtype:
        network.to(data.device, data.dtype)
    return network


def _extra(offer: Offer, name: str) -> Tensor:
    value = (offer.output.extra or {}).get(name)
    if value is None:
        raise ToolkitError(f"this term needs '{name}', which only the task face_driving gives")
    return value
