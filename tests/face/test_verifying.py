"""The second opinion on what a detector takes for a face."""

from __future__ import annotations

import numpy as np

from tests.face.making import MeanFaceLandmarker, noise, rendered
from toolkit.data.images import Pixels
from toolkit.face.detection import Face, find_faces
from toolkit.face.geometry import Points
from toolkit.face.verifying import LandmarkVerifier, verifier_of

FACE = Face((30.0, 30.0, 90.0, 90.0), 1.0)


class Fixed:
    """Finds the landmarks where they are, whatever the box."""

    id = "fixed"

    def __init__(self, landmarks: Points) -> None:
        self.landmarks = landmarks

    def __call__(self, picture: Pixels, face: Face) -> Points:
        return self.landmarks


class Sees:
    """Sees something else in every box."""

    id = "sees"

    def __call__(self, picture: Pixels, face: Face) -> Points:
        left, _, right, _ = face.box
        random = np.random.default_rng(int(1000 * left))
        return MeanFaceLandmarker()(picture, face) + random.uniform(-0.3, 0.3, (68, 2)) * (right - left)


def test_landmarks_that_stay_and_look_like_a_face_confirm_it() -> None:
    picture, landmarks = rendered()
    assert LandmarkVerifier(Fixed(landmarks)).verify(picture, FACE)


def test_landmarks_that_wander_with_the_box_or_are_no_face_do_not() -> None:
    picture = noise(1, 128)
    assert not LandmarkVerifier(Sees()).verify(picture, FACE)
    scattered = np.random.default_rng(0).uniform(0, 100, (68, 2))
    assert not LandmarkVerifier(Fixed(scattered)).verify(picture, FACE)
    assert not LandmarkVerifier(Fixed(np.full((68, 2), 4.0))).verify(picture, FACE)
    assert not LandmarkVerifier(Fixed(np.full((68, 2), np.nan))).verify(picture, FACE)


def test_a_landmarker_that_can_tell_is_asked_itself() -> None:
    class Sure(MeanFaceLandmarker):
        def verify(self, picture: Pixels, face: Face) -> bool:
            return face.box[0] > 10

    class Two:
        def detect(self, picture: Pixels) -> list[Face]:
            return [Face((0.0, 0.0, 50.0, 50.0), 1.0), Face((20.0, 0.0, 60.0, 40.0), 1.0)]

    assert isinstance(verifier_of(MeanFaceLandmarker()), LandmarkVerifier)
    assert [face.box[0] for face in find_faces(noise(1, 64), Two(), verifier_of(Sure()))] == [20.0]
