"""What a landmarker loses: distance of landmarks, and taking something for a face or not."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.errors import ToolkitError
from toolkit.face.landmark_network import logits, points
from toolkit.face.landmark_task import relative_errors


class LandmarkDistance:
    """The normalised mean error itself; squares without a face do not count.

    Args:
        weight: schedule or number.
    """

    needs_real_outputs = False

    def __init__(self, weight: Scheduled = 1.0) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: mean distance of the landmarks over that of the outer corners of the eyes; 0 where there is no face."""
        return relative_errors(points(offer.output.data), _true(offer, "landmarks")) * _true(offer, "face")


class FaceOrNot:
    """Cross entropy of whether a square holds a face.

    Args:
        weight: schedule or number.
    """

    needs_real_outputs = False

    def __init__(self, weight: Scheduled = 0.1) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: -log of the probability that the network gave to what is true."""
        said = logits(offer.output.data)
        return binary_cross_entropy_with_logits(said, _true(offer, "face").to(said.dtype), reduction="none")


def _true(offer: Offer, name: str) -> Tensor:
    value = (offer.output.extra or {}).get(name)
    if value is None:
        raise ToolkitError(f"this term compares with '{name}', which only the task face_landmarks gives")
    return value
