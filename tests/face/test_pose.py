from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.face.making import LABELS, rendered
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.errors import DataError
from toolkit.face.geometry import flip
from toolkit.face.mean_face import MEAN_FACE
from toolkit.face.pose import estimate_face, head_pose, rotation
from toolkit.face.rendered_faces import NAME, RenderedFaces

REAL = Path(os.environ.get(DATA_VARIABLE, "")) / NAME


def seen(yaw: float, pitch: float, roll: float, scale: float = 40.0) -> np.ndarray:
    """The mean face as a weak-perspective camera sees it."""
    return scale * (MEAN_FACE @ rotation(yaw, pitch, roll).T)[:, :2] + [70.0, 90.0]


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-170, 170), st.floats(1, 1000))
@settings(deadline=None)
def test_the_pose_of_the_mean_face_is_found_exactly(yaw: float, pitch: float, roll: float, scale: float) -> None:
    pose = head_pose(seen(yaw, pitch, roll, scale))
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=1e-4)
    assert pose.residual == pytest.approx(0, abs=1e-4)


def test_the_signs_mean_what_is_said_of_them() -> None:
    nose, forehead_to_chin = 30, (27, 8)
    straight = seen(0, 0, 0)
    assert seen(30, 0, 0)[nose, 0] > straight[nose, 0]  # to the picture's right
    assert seen(0, 20, 0)[nose, 1] > straight[nose, 1]  # down
    top, chin = (seen(0, 0, 20)[place] for place in forehead_to_chin)
    assert top[0] < chin[0]  # the top of a head that leans counter-clockwise moves left


@pytest.mark.parametrize("name", ["id0000_0", "id0000_4", "id0001_0", "id0002_0"])
def test_the_pose_of_a_rendered_face_is_about_its_label(name: str) -> None:
    pose, label = head_pose(rendered(name)[1]), LABELS[f"{name}.jpg"]
    found, known = (pose.yaw, pose.pitch, pose.roll), np.degrees([label[one] for one in ("yaw", "pitch", "roll")])
    assert found == pytest.approx(known, abs=6)
    assert pose.residual < 0.12


def test_a_mirrored_face_looks_the_other_way() -> None:
    face = rendered("id0000_4")[1]
    pose, mirrored = head_pose(face), head_pose(flip(face, 128))
    assert (mirrored.yaw, mirrored.pitch, mirrored.roll) == pytest.approx((-pose.yaw, pose.pitch, -pose.roll), abs=0.1)


def test_what_is_no_face_is_refused_or_has_a_large_residual() -> None:
    with pytest.raises(DataError, match="on one line"):
        head_pose(np.ones((68, 2)))
    with pytest.raises(DataError, match="one face"):
        head_pose(np.zeros((2, 68, 2)))
    assert head_pose(np.random.default_rng(0).standard_normal((68, 2))).residual > 0.5


def test_a_face_is_estimated_from_its_projections() -> None:
    angles = np.random.default_rng(0).uniform(-25, 25, (20, 3))
    shape = estimate_face(np.stack([seen(*angle) for angle in angles]), angles)
    assert shape == pytest.approx(MEAN_FACE, abs=2e-4)
    with pytest.raises(DataError, match="do not fit"):
        estimate_face(seen(0, 0, 0)[None], angles)


@pytest.fixture(scope="module")
def faces() -> RenderedFaces:
    if not REAL.is_dir():
        pytest.skip(f"no {NAME} folder in ${DATA_VARIABLE}")
    return RenderedFaces(str(REAL), resolution=16)


def test_the_mean_face_is_what_the_recipe_says(faces: RenderedFaces) -> None:
    training = np.array([faces.split_of(place) == "train" for place in range(len(faces))])
    chosen = training & ~faces.fields["expression"].any(axis=1)
    shape = estimate_face(faces.fields["landmarks"][chosen], faces.fields["pose"][chosen])
    assert shape == pytest.approx(MEAN_FACE, abs=1e-4)


def test_poses_of_people_who_played_no_part_are_found_to_a_few_degrees(faces: RenderedFaces) -> None:
    places = [place for place in range(len(faces)) if faces.split_of(place) == "test"]
    found = [head_pose(faces.fields["landmarks"][place]) for place in places]
    errors = np.abs(np.array([(one.yaw, one.pitch, one.roll) for one in found]) - faces.fields["pose"][places])
    assert len(places) == 640
    assert (errors.mean(0) < [1.3, 2.0, 0.7]).all()
    assert (np.quantile(errors, 0.95, axis=0) < [3.5, 5.0, 2.0]).all()
