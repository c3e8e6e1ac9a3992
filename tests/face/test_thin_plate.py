from __future__ import annotations

import math

import torch

from toolkit.face.geometry import canonical_landmarks
from toolkit.face.landmark_maps import LINES, landmark_maps
from toolkit.face.thin_plate import pixel_centres, thin_plate_places

FACE = torch.tensor(canonical_landmarks(1))


def moved(scale: float, degrees: float, right: float) -> torch.Tensor:
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    return scale * FACE @ turn.T + torch.tensor([right, 0.1])


def test_a_similarity_transform_is_found_exactly() -> None:
    """What follows a similarity transform everywhere bends nothing, the border included."""
    source = moved(0.8, 20, 0.15)
    places = thin_plate_places(FACE[None], source[None, None], 8)
    angle = math.radians(20)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    expected = 0.8 * pixel_centres(8, FACE) @ turn.T + torch.tensor([0.15, 0.1])
    torch.testing.assert_close(places[0, 0].view(-1, 2), expected, atol=1e-6, rtol=0)


def test_landmarks_of_the_target_come_from_those_of_the_source() -> None:
    """Where a landmark lies on a pixel's middle, that pixel comes from the source's landmark."""
    size = 16
    target = FACE.clone()
    target[30] = (torch.tensor([8, 9]) + 0.5) / size
    source = target.clone()
    source[30] += torch.tensor([0.03, -0.02])
    places = thin_plate_places(target[None], source[None, None], size)
    torch.testing.assert_close(places[0, 0, 9, 8], source[30], atol=2e-3, rtol=0)
    torch.testing.assert_close(places[0, 0, 0, 0], pixel_centres(size, FACE)[0], atol=3e-3, rtol=0)


def test_each_source_is_warped_on_its_own() -> None:
    sources = torch.stack([moved(0.9, 5, 0.0), moved(1.1, -9, 0.05)])
    both = thin_plate_places(FACE[None], sources[None], 8)
    torch.testing.assert_close(both[:, 1:], thin_plate_places(FACE[None], sources[None, 1:], 8))


def test_landmarks_in_one_place_tear_nothing() -> None:
    target = FACE.clone()
    target[61:68] = target[60]
    assert thin_plate_places(target[None], FACE[None, None], 8).isfinite().all()


def test_lines_are_drawn_where_the_landmarks_are() -> None:
    maps = landmark_maps(FACE[None].float(), 64)
    assert maps.shape == (1, len(LINES), 64, 64)
    for number, (landmarks, _) in enumerate(LINES):
        on = FACE[list(landmarks)]
        column, row = (on[len(on) // 2] * 64).long().tolist()
        assert maps[0, number, row, column] > 0.8
        assert maps[0, number, 0, 0] < 0.01


def test_a_closed_line_ends_where_it_began() -> None:
    """Between the last and the first landmark of an eye there is a line, between those of the contour none."""
    maps = landmark_maps(FACE[None].float(), 128)
    for number, joined in ((5, True), (0, False)):
        landmarks = list(LINES[number][0])
        column, row = ((FACE[landmarks[0]] + FACE[landmarks[-1]]) / 2 * 128).long().tolist()
        assert bool(maps[0, number, row, column] > 0.8) is joined
