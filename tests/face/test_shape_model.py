"""Shapes taken apart and put together: with the true parts known, from a basis of rendered faces."""

from __future__ import annotations

import numpy as np
import pytest

from tests.face.making import LABELS, rendered
from toolkit.errors import DataError
from toolkit.face.geometry import Points, similarity
from toolkit.face.mean_face import MEAN_FACE
from toolkit.face.pose import rotation
from toolkit.face.shape_model import FaceShape, estimate_basis, packaged_basis, put_together, take_apart, target_shape

BASIS = packaged_basis()


def made(person: Points, angles: tuple[float, float, float], weights: Points) -> Points:
    """Landmarks of a known shape, anywhere in a picture."""
    shape = put_together(FaceShape(rotation(*angles), weights, person))
    return 60.0 * shape + np.array([120.0, 90.0])


def person(seed: int) -> Points:
    drawn = np.random.default_rng(seed).standard_normal(len(BASIS.people))
    return np.tensordot(drawn, BASIS.people, 1)


def smile(strength: float) -> Points:
    weights = np.zeros(len(BASIS.expressions))
    weights[6] = strength  # `toolkit.face.rendered_faces.EXPRESSIONS`
    return weights


def apart(a: Points, b: Points) -> float:
    """Mean distance of two shapes brought over each other, over the inter-ocular distance."""
    return float(np.linalg.norm(similarity(a, b)(a) - b, axis=1).mean() / np.linalg.norm(b[36] - b[45]))


def test_person_expression_and_pose_are_told_apart() -> None:
    found = take_apart(made(person(1), (20.0, -5.0, 4.0), smile(0.8)))
    assert found.weights[6] == pytest.approx(0.8, abs=0.2)
    assert found.weights[[0, 1, 2, 4, 7]].max() < 0.3
    same, other = (take_apart(made(person(seed), (0.0, 0.0, 0.0), smile(0.0))).person for seed in (1, 2))
    assert np.abs(found.person - same).mean() < 0.5 * np.abs(found.person - other).mean()


def test_the_target_has_the_uploads_pose_and_expression_and_the_sources_bones() -> None:
    upload = made(person(1), (25.0, 5.0, -6.0), smile(0.9))
    sources = np.stack([made(person(seed), (0.0, 0.0, 0.0), smile(0.0)) for seed in (2, 3, 4)])
    bones = np.mean([person(seed) for seed in (2, 3, 4)], axis=0)
    target = target_shape(upload, sources)
    wanted = made(bones, (25.0, 5.0, -6.0), smile(0.9))
    assert apart(target, wanted) < 0.02
    assert apart(target, wanted) < 0.6 * apart(target, upload)
    assert np.allclose(target.mean(0), upload.mean(0), atol=1.0)


def test_weights_decide_whose_bones_they_are() -> None:
    upload = made(person(1), (0.0, 0.0, 0.0), smile(0.0))
    sources = np.stack([made(person(seed), (0.0, 0.0, 0.0), smile(0.0)) for seed in (2, 3)])
    first, second = target_shape(upload, sources, [1, 0]), target_shape(upload, sources, [0, 1])
    assert apart(first, sources[0]) < 0.01
    assert apart(second, sources[1]) < 0.01
    assert apart(first, second) > 0.02


def test_a_smile_on_a_rendered_face_is_seen() -> None:
    for name in LABELS:
        expression = LABELS[name]["expr"]
        found = take_apart(rendered(name.removesuffix(".jpg"))[1]).weights
        assert found.sum() == pytest.approx(sum(expression.values()), abs=0.8)


def test_a_basis_is_recovered_from_faces_that_were_made_with_it() -> None:
    random = np.random.default_rng(0)
    rows, angles, strengths, people = [], [], [], []
    for who in range(30):
        looks = person(100 + who)
        for view in range(6):
            angle = (0.0, 0.0, 0.0) if view == 0 else tuple(random.uniform(-20, 20, 3))
            weights = np.zeros(len(BASIS.expressions))
            if view:
                weights[random.integers(len(weights))] = random.uniform(0.3, 1)
            rows.append(made(looks, angle, weights))  # type: ignore[arg-type]
            angles.append(angle)
            strengths.append(weights)
            people.append(who)
    found = estimate_basis(np.stack(rows), np.array(angles), np.stack(strengths), np.array(people))
    assert np.abs(found.expressions - BASIS.expressions).mean() < 0.15 * np.abs(BASIS.expressions).mean()
    assert found.people.shape == BASIS.people.shape


@pytest.mark.parametrize("weights", [[1, 1, 1], [-1, 2], [0, 0]])
def test_weights_that_do_not_fit_are_refused(weights: list[float]) -> None:
    face = MEAN_FACE[:, :2] * 50
    with pytest.raises(DataError, match="do not fit"):
        target_shape(face, np.stack([face, face]), weights)


def test_a_basis_needs_somebody_without_expression() -> None:
    face = MEAN_FACE[None, :, :2] * 50
    with pytest.raises(DataError, match="without expression"):
        estimate_basis(face, np.ones((1, 3)), np.ones((1, 8)), np.zeros(1))
