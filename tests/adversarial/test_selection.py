from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from toolkit.adversarial.selection import LEAST_LIMIT, Selection


def third(candidates: Tensor) -> Tensor:
    """Accepts about a third, each for its own sake."""
    return (candidates * 7919 + 13) % 101 % 3 == 0


def play(
    count: int,
    pattern: Sequence[int] = (0,),
    size: int = 8,
    accept: Callable[[Tensor], Tensor] = third,
    limit: int = 50,
) -> tuple[Selection, list[int]]:
    """A selection played to its end, and all candidates in the order in which they were judged."""
    selection, judged = Selection(count, pattern, limit), []
    while (candidates := selection.propose(size)) is not None:
        selection.record(candidates, accept(candidates))
        judged += candidates.tolist()
    return selection, judged


@pytest.mark.parametrize("pattern", [(0,), (0, 1, 2), (4, 4), (0, 0, 1, 0, 2, 1)])
@pytest.mark.parametrize("size", [1, 5, 64])
def test_what_is_chosen_does_not_depend_on_the_batch(pattern: tuple[int, ...], size: int) -> None:
    one, _ = play(20, pattern, 8)
    other, _ = play(20, pattern, size)
    assert other.chosen() == one.chosen()
    assert other.candidates == one.candidates
    assert other.missing == 0


def test_every_place_has_its_class_and_takes_candidates_in_order() -> None:
    pattern = (0, 1, 2)
    selection, _ = play(10, pattern)
    chosen = torch.tensor(selection.chosen())
    assert selection.classes_of(chosen).tolist() == [place % 3 for place in range(10)]
    assert third(chosen).all()
    for label in range(3):
        of_class = [candidate for candidate in range(1000) if candidate % 3 == label and third(torch.tensor(candidate))]
        assert [item for item in chosen.tolist() if item % 3 == label] == of_class[: len(range(label, 10, 3))]


def test_more_places_keep_the_earlier_ones() -> None:
    few, many = play(5, (0, 1, 2))[0].chosen(), play(40, (0, 1, 2))[0].chosen()
    assert many[:5] == few


@pytest.mark.parametrize("pattern", [(0,), (0, 1, 2, 3)])
def test_the_first_candidates_are_those_of_unjudged_generation(pattern: tuple[int, ...]) -> None:
    _, judged = play(10, pattern, size=3)
    assert judged[:10] == list(range(10))
    assert len(set(judged)) == len(judged)


def test_a_class_that_is_full_is_not_judged_further() -> None:
    stubborn, judged = play(8, (0, 1), accept=lambda found: (found % 2 == 0) | (found > 60))
    assert stubborn.chosen()[::2] == [0, 2, 4, 6]
    assert [item for item in judged if item % 2 == 0 and item > 20] == []


def test_only_candidates_up_to_the_last_needed_one_are_counted() -> None:
    selection, judged = play(3, accept=lambda found: found >= 4, size=64)
    assert selection.chosen() == [4, 5, 6]
    assert selection.candidates == 7
    assert len(judged) == 64


def test_it_gives_up_at_the_limit_with_what_it_has() -> None:
    selection, _ = play(20, accept=lambda found: found == 17, limit=50, size=64)
    assert selection.chosen() == [17]
    assert selection.missing == 19
    assert selection.candidates == 50 * 20
    selection, _ = play(2, accept=lambda found: found < 0)
    assert selection.chosen() == []
    assert selection.candidates == LEAST_LIMIT


def test_record_says_which_took_a_place() -> None:
    selection = Selection(2, (0, 1))
    candidates = selection.propose(6)
    assert candidates is not None
    taken = selection.record(candidates, torch.tensor([True, False, True, True, True, True]))
    assert taken.tolist() == [True, False, False, True, False, False]
