"""Trained landmarkers, ready to use: from a picture and the box of a face to 68 landmarks, and a second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.images import Pixels
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.errors import DataError
from toolkit.face.crop import warp
from toolkit.face.detection import Face, as_picture
from toolkit.face.geometry import LEFT_EYE, RIGHT_EYE, Points, Similarity, flip, interocular
from toolkit.face.landmark_network import logits, points
from toolkit.face.landmark_task import REACH
from toolkit.face.pose import Pose, head_pose
from toolkit.image.grid import from_pixels
from toolkit.metrics.classifier import weights_hash

ROUNDS = 3
"""Looks at a face; each is centred on what the one before found."""
_BOX_REACH = 1.35  # detectors' boxes reach about from the brows to the chin, as the landmarks do


@dataclass(frozen=True, slots=True)
class Reading:
    """What a landmarker sees in a box.

    Attributes:
        landmarks: float64 [68, 2] in pixels of the picture.
        probability: that this is a face, as the network has learnt it, 0 to 1.
        disagreement: normalised distance of the landmarks of the picture and of its mirror image; about 0.02 for a
            face that is seen clearly, far more where landmarks are guessed.
        pose: angles of the head, and how far the landmarks are from any view of the mean face.
    """

    landmarks: Points
    probability: float
    disagreement: float
    pose: Pose


class LandmarkerPipeline:
    """A network for landmarks with everything it needs; made by `toolkit.load`.

    It is a `toolkit.face.networks.Landmarker` and a `toolkit.face.detection.FaceVerifier`.

    Args:
        network: `LandmarkNetwork`, in evaluation mode.
        config: the model's `config.json`.

    Attributes:
        id: name and hash of the weights.
        least_probability: what is less probably a face is refused by `verify`.
        most_disagreement: likewise, what looks different in the mirror.
        most_residual: likewise, what is no view of any face (`Pose.residual`).
    """

    modality = "landmarks"
    least_probability = 0.25  # it is less sure of photos than of the renders that it learned from
    most_disagreement = 0.12
    most_residual = 0.2

    def __init__(self, network: nn.Module, config: dict[str, Any] | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.config = config or {}
        self.id = f"landmarks-{weights_hash(network.state_dict())}"

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> LandmarkerPipeline:
        """Build the network that `config.json` describes and give it the folder's weights."""
        network: nn.Module = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(network, model.weights, model.path)
        return cls(network.to(device), model.config)

    def __call__(self, picture: Pixels, face: Face) -> Points:
        """The landmarks of a face; see `toolkit.face.networks.Landmarker`."""
        return self.read(picture, face).landmarks

    def verify(self, picture: Pixels, face: Face) -> bool:
        """Whether the box holds a human face; see `toolkit.face.detection.FaceVerifier`."""
        try:
            seen = self.read(picture, face)
        except DataError:  # a box of no size, or landmarks in one place: no face
            return False
        return self.accepts(seen)

    def accepts(self, seen: Reading) -> bool:
        """Whether what was seen is taken for a face."""
        return (
            seen.probability >= self.least_probability
            and seen.disagreement <= self.most_disagreement
            and seen.pose.residual <= self.most_residual
        )

    def read(self, picture: Pixels, face: Face) -> Reading:
        """All that the network says of a face.

        It looks `ROUNDS` times, each time at an upright square around what it saw before, and at its mirror image; the
        means of both are taken.

        Args:
            picture: uint8 [H, W, 3].
            face: its box.

        Raises:
            DataError: it is no picture, or the box lies outside of it.
        """
        picture = as_picture(picture)
        left, top, right, bottom = face.box
        side = max(right - left, bottom - top)
        if not side > 0:
            raise DataError(f"the box of a face has no size: {face.box}", "give left, top, right and bottom")
        square = _square(np.array([(left + right) / 2, (top + bottom) / 2]), _BOX_REACH * side, 0.0, self.size)
        for number in range(ROUNDS):
            found, mirrored, logit = self._look(warp(picture, square, self.size))
            seen = square.inverse()((found + mirrored) / 2)
            if number + 1 < ROUNDS:
                square = _around(seen, self.size)
        difference = float(np.linalg.norm(found - mirrored, axis=-1).mean())
        eyes = interocular((found + mirrored) / 2)
        probability = float(torch.sigmoid(torch.tensor(logit)))
        return Reading(seen, probability, difference / max(eyes, 1e-6), head_pose(seen))

    @property
    def size(self) -> int:
        """Side of the squares that the network looks at."""
        return int(self.network.size)  # type: ignore[arg-type]

    @torch.no_grad()
    def _look(self, crop: Pixels) -> tuple[Points, Points, float]:
        """Landmarks in a square, those of its mirror image mirrored back, and the mean logit."""
        both = np.stack([crop, crop[:, ::-1]])
        output = self.network(from_pixels(torch.from_numpy(both).to(self._device)))
        found = points(output).double().cpu().numpy() * self.size
        return found[0], flip(found[1], self.size), float(logits(output).mean())

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the network with."""
        return {"x": torch.zeros(2, 3, self.size, self.size)}

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.network


def _around(landmarks: Points, size: int) -> Similarity:
    """The transform to a square around a face in which its eyes are level."""
    eyes = landmarks[RIGHT_EYE].mean(0) - landmarks[LEFT_EYE].mean(0)
    turn = float(np.arctan2(eyes[1], eyes[0]))
    level = landmarks @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    low, high = level.min(0), level.max(0)
    centre = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ ((low + high) / 2)
    return _square(centre, REACH * float((high - low).max()), turn, size)


def _square(centre: Points, side: float, turn: float, size: int) -> Similarity:
    """From the picture to a square of `size` pixels that shows `side` pixels around a place, turned back by `turn`."""
    scale = size / side
    turned = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return Similarity(np.column_stack([turned, np.full(2, size / 2) - turned @ centre]))
