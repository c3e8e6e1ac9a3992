from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.face.making import rendered
from tests.face.networks import LANDMARKER, people, saved
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.terms import Offer
from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, DataError, ToolkitError
from toolkit.face.detection import Face
from toolkit.face.geometry import FLIPPED, canonical_landmarks, nme
from toolkit.face.landmark_network import OUTPUTS, LandmarkNetwork, logits, points
from toolkit.face.landmark_task import LandmarkTask, around, relative_errors
from toolkit.face.landmark_terms import FaceOrNot, LandmarkDistance
from toolkit.face.landmarker import LandmarkerPipeline
from toolkit.face.rendered_faces import RenderedFaces
from toolkit.runs import load

CPU = torch.device("cpu")


class Knowing(nn.Module):
    """Finds the landmarks of one picture in any square of it, or in the mirror image of one.

    The picture is a colour ramp, red from left to right and green from top to bottom, so each square says by its own
    colours where it was cut out. Landmarks are numbered from the left of what it sees, as landmarkers do.
    """

    def __init__(self, landmarks: np.ndarray, side: int, size: int = 64, logit: float = 3.0) -> None:
        super().__init__()
        self.size, self.logit = size, logit
        self.places = torch.tensor(landmarks / side)
        self.anything = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        steps = (torch.arange(self.size, dtype=torch.float64) + 0.5) / self.size
        down, across = torch.meshgrid(steps, steps, indexing="ij")
        known = torch.stack([torch.ones_like(down), across, down], -1).view(-1, 3)
        found = []
        for square in x.double():
            there = ((square[:2] + 1) / 2).flatten(1).T
            plane = torch.linalg.lstsq(known, there).solution
            numbered = self.places[torch.as_tensor(FLIPPED)] if plane[1, 0] < 0 else self.places
            found.append(torch.linalg.solve(plane[1:].T, (numbered - plane[0]).T).T.flatten())
        return torch.cat([torch.stack(found), torch.full((len(x), 1), self.logit, dtype=torch.float64)], 1)


def ramp(side: int) -> np.ndarray:
    steps = (np.arange(side) + 0.5) / side * 255
    picture = np.zeros((side, side, 3))
    picture[..., 0], picture[..., 1] = steps, steps[:, None]
    return np.rint(picture).astype(np.uint8)


def where(side: int = 240) -> np.ndarray:
    return canonical_landmarks(100) + np.array([60.0, 80.0])


def test_points_and_logit_are_taken_apart() -> None:
    output = torch.arange(2.0 * OUTPUTS).view(2, OUTPUTS)
    assert points(output).shape == (2, 68, 2)
    assert points(output)[0, 1].tolist() == [2, 3]
    assert logits(output).tolist() == [136, 273]


def test_points_are_centres_of_mass_within_the_picture() -> None:
    torch.manual_seed(0)
    found = points(LandmarkNetwork(32, 4).eval()(torch.randn(3, 3, 32, 32)))
    assert ((found > 0) & (found < 1)).all()


def test_sizes_that_do_not_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 16"):
        LandmarkNetwork(40)
    with pytest.raises(ConfigError, match="width"):
        LandmarkNetwork(32, 0)


def test_landmarks_come_back_in_pixels_of_the_picture() -> None:
    side, landmarks = 240, where()
    pipeline = LandmarkerPipeline(Knowing(landmarks, side))
    left, top = landmarks.min(0)
    right, bottom = landmarks.max(0)
    for shift in (0.0, 9.0):  # detectors place their boxes somewhere about the face
        seen = pipeline.read(ramp(side), Face((left + shift, top, right + shift, bottom - shift), 1.0))
        assert nme(landmarks, seen.landmarks) < 0.03  # colours of 8 bits say places to half a pixel
    assert seen.probability == pytest.approx(1 / (1 + np.exp(-3)))


def test_what_is_no_view_of_a_face_is_refused() -> None:
    side, landmarks = 240, where()
    box = Face((*landmarks.min(0).tolist(), *landmarks.max(0).tolist()), 1.0)
    good = LandmarkerPipeline(Knowing(landmarks, side))
    assert good.verify(ramp(side), box)
    assert good.read(ramp(side), box).disagreement < 0.02
    lopsided = landmarks.copy()
    lopsided[:34, 0] += 30  # one half of the landmarks is elsewhere: no mirror image of a face
    assert LandmarkerPipeline(Knowing(lopsided, side)).read(ramp(side), box).pose.residual > good.most_residual
    assert not LandmarkerPipeline(Knowing(lopsided, side)).verify(ramp(side), box)


def test_an_unlikely_face_is_refused() -> None:
    landmarks = where()
    box = Face((*landmarks.min(0).tolist(), *landmarks.max(0).tolist()), 1.0)
    assert not LandmarkerPipeline(Knowing(landmarks, 240, logit=-2.0)).verify(ramp(240), box)


def test_a_box_without_size_is_explained_and_no_face() -> None:
    pipeline = LandmarkerPipeline(Knowing(where(), 240))
    with pytest.raises(DataError, match="no size"):
        pipeline.read(ramp(240), Face((5, 5, 5, 5), 1.0))
    assert not pipeline.verify(ramp(240), Face((5, 5, 5, 5), 1.0))
    assert not pipeline.verify(ramp(240), Face((900, 900, 950, 950), 1.0))


def test_a_stored_model_is_named_by_its_weights(tmp_path: Path) -> None:
    first = load(saved(tmp_path / "a", LANDMARKER, "face_landmarks"), "cpu")
    again = load(tmp_path / "a", "cpu")
    assert first.id == again.id
    assert first.id.startswith("landmarks-")
    with torch.no_grad():
        next(again.network.parameters()).add_(1)
    assert LandmarkerPipeline(again.network).id != first.id


# -- the task -----------------------------------------------------------------------------------------------------


def batch(count: int = 16) -> dict[str, Tensor]:
    picture, landmarks = rendered("id0000_4")
    return {
        "image": torch.tensor(picture)[None].repeat(count, 1, 1, 1),
        "landmarks": torch.tensor(landmarks, dtype=torch.float32)[None].repeat(count, 1, 1),
    }


def colours(picture: Tensor, places: Tensor) -> Tensor:
    """`[68]`: brightness of a picture `[3, S, S]` at places from 0 to 1."""
    side = picture.shape[-1]
    columns, rows = (places * side).long().clamp(0, side - 1).unbind(-1)
    return picture[:, rows, columns].mean(0)


def test_training_squares_move_landmarks_with_the_picture() -> None:
    """Each landmark lies on the same spot of the face as in the picture; in a mirrored one, its partner's."""
    task = LandmarkTask(photographic=0.0, no_face=0.0)
    given = batch()
    pictures, landmarks, face = task.squares(given, Noise(3, 0, torch.arange(16), "test"), 64)
    assert face.tolist() == [1.0] * 16
    whole = given["image"][0].permute(2, 0, 1).float() / 127.5 - 1
    known = colours(whole, given["landmarks"][0] / 128)
    mirrored = 0
    for picture, places in zip(pictures, landmarks, strict=True):
        assert places[36, 0] < places[45, 0], "the eye on the left is the one on the left"
        seen = colours(picture, places)
        plain, partner = (float(torch.corrcoef(torch.stack([seen, k]))[0, 1]) for k in (known, known[FLIPPED]))
        assert max(plain, partner) > 0.6
        mirrored += partner > plain
    assert 3 <= mirrored <= 13


def test_squares_without_a_face_say_so() -> None:
    noise = Noise(0, 0, torch.arange(64), "test")
    _, _, face = LandmarkTask(no_face=0.5).squares(batch(64), noise, 32)
    assert 0.3 < float(face.mean()) < 0.7


def test_the_errors_are_those_of_the_geometry() -> None:
    wanted = where()
    found = wanted + np.random.default_rng(0).normal(size=wanted.shape)
    both = relative_errors(torch.tensor(found)[None], torch.tensor(wanted)[None])
    assert float(both) == pytest.approx(nme(wanted, found), rel=1e-4)


class Perfect(nn.Module):
    """Answers with the landmarks of the last batch that it was shown."""

    size = 32

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.answer[: len(x)].flatten(1), torch.ones(len(x), 1)], 1)


def test_measuring_counts_errors_in_upright_squares(tmp_path: Path) -> None:
    source = RenderedFaces(str(people(tmp_path, 6, 1)))
    landmarks = torch.stack([torch.as_tensor(source[k]["landmarks"]) for k in range(len(source))])
    answer = around(landmarks).inside(landmarks)
    task = LandmarkTask()
    task.open(source)
    assert task.measure(Perfect(answer), source, None, device=CPU) == {
        "nme": pytest.approx(0, abs=1e-4),
        "worst": pytest.approx(0, abs=1e-4),
        "seen": 1.0,
    }
    off = task.measure(Perfect(answer + torch.tensor([0.01, 0.0])), source, None, device=CPU)
    corners = (answer[:, 36] - answer[:, 45]).norm(dim=-1)
    assert off["nme"] == pytest.approx(float((0.01 / corners).mean()), rel=1e-3)


def test_pictures_without_landmarks_are_refused() -> None:
    from toolkit.testing.material import picture_source

    with pytest.raises(DataError, match="with landmarks"):
        LandmarkTask().open(picture_source())


# -- the terms ----------------------------------------------------------------------------------------------------


def offer(face: float) -> Offer:
    task = LandmarkTask(no_face=0.0)
    output = task.generate(LandmarkNetwork(32, 4), batch(4), Draw(Noise(0, 0, torch.arange(4), "t"), None))
    extra = {**(output.extra or {}), "face": torch.full((4,), face)}
    return Offer({}, type(output)(output.data, extra=extra), None)


def test_without_a_face_the_places_do_not_count() -> None:
    assert (LandmarkDistance()(offer(1.0)) > 0).all()
    assert LandmarkDistance()(offer(0.0)).tolist() == [0, 0, 0, 0]


def test_face_or_not_rewards_what_is_true() -> None:
    given = offer(1.0)
    expected = torch.nn.functional.softplus(-logits(given.output.data))
    torch.testing.assert_close(FaceOrNot()(given), expected)


def test_terms_of_another_task_explain_themselves() -> None:
    output = offer(1.0).output
    with pytest.raises(ToolkitError, match="face_landmarks"):
        LandmarkDistance()(Offer({}, type(output)(output.data), None))
