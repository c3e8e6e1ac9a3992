from __future__ import annotations

import torch

from toolkit.face.resampling import Squares


def squares(turn: float = 0.0, mirrored: bool = False) -> Squares:
    return Squares(
        torch.tensor([[20.0, 12.0]], dtype=torch.float64),
        torch.tensor([16.0], dtype=torch.float64),
        torch.tensor([turn], dtype=torch.float64),
        torch.tensor([mirrored]),
    )


def spot(x: int, y: int) -> torch.Tensor:
    picture = torch.zeros(1, 1, 32, 40, dtype=torch.float64)
    picture[0, 0, y, x] = 1.0
    return picture


def test_the_square_shows_what_lies_in_it() -> None:
    picture = torch.rand(1, 3, 24, 28, dtype=torch.float64)
    torch.testing.assert_close(squares().cut(picture, 16), picture[:, :, 4:20, 12:28])


def test_points_move_with_the_picture() -> None:
    """The brightest pixel of the cut lies where the spot's middle is said to be."""
    for turn, mirrored in ((0.0, False), (0.5, False), (-1.2, True)):
        square = squares(turn, mirrored)
        cut = square.cut(spot(23, 9), 64)[0, 0]
        row, column = divmod(int(cut.argmax()), 64)
        inside = square.inside(torch.tensor([[[23.5, 9.5]]], dtype=torch.float64))[0, 0] * 64
        assert abs(float(inside[0]) - column - 0.5) <= 2
        assert abs(float(inside[1]) - row - 0.5) <= 2


def test_outside_is_the_way_back() -> None:
    square, points = squares(0.8, True), torch.rand(1, 5, 2, dtype=torch.float64) * 30
    torch.testing.assert_close(square.outside(square.inside(points)), points)


def test_beyond_the_edge_the_border_repeats() -> None:
    square = Squares(torch.zeros(1, 2), torch.full((1,), 8.0), torch.zeros(1), torch.zeros(1, dtype=torch.bool))
    picture = torch.full((1, 1, 8, 8), 0.25)
    torch.testing.assert_close(square.cut(picture, 8), picture)


def test_a_sample_is_cut_alike_in_another_batch() -> None:
    pictures = torch.rand(2, 3, 64, 64)
    centres, mirrored = torch.tensor([[30.0, 30], [10, 40]]), torch.tensor([False, True])
    both = Squares(centres, torch.tensor([20.0, 60]), torch.zeros(2), mirrored)
    one = Squares(both.centre[:1], both.side[:1], both.turn[:1], both.mirrored[:1])
    torch.testing.assert_close(both.cut(pictures, 16)[:1], one.cut(pictures[:1], 16))
