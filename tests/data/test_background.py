from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from itertools import count

import pytest

from toolkit.data.background import Mapper, default_threads, in_background


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("toolkit-data")]


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def squares(number: int, mapper: Mapper) -> list[int]:
    return list(mapper(lambda value: value * value, range(number)))


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_everything_is_made_once_and_in_order(depth: int) -> None:
    assert list(in_background(squares, range(6), depth, threads=2)) == [squares(number, map) for number in range(6)]
    assert ours() == []


def test_work_is_done_ahead_but_not_further_than_asked() -> None:
    made: list[int] = []

    def make(number: int, mapper: Mapper) -> int:
        made.append(number)
        return number

    ahead = in_background(make, count(), 2, threads=1)
    assert next(ahead) == 0
    assert until(lambda: len(made) == 3)
    time.sleep(0.02)
    assert made == [0, 1, 2]
    ahead.close()  # type: ignore[attr-defined]


def test_closing_ends_the_threads() -> None:
    ahead = in_background(squares, count(), 2, threads=2)
    next(ahead)
    assert ours() != []
    ahead.close()  # type: ignore[attr-defined]
    assert ours() == []


def test_dropping_the_iterator_ends_the_threads() -> None:
    ahead = in_background(squares, count(), 2, threads=2)
    next(ahead)
    del ahead
    gc.collect()
    assert ours() == []


def test_an_iterator_collected_inside_its_own_thread_ends_too() -> None:
    """The garbage collector runs in whichever thread happens to allocate."""
    holder = {}
    closed: list[str] = []

    def make(number: int, mapper: Mapper) -> int:
        list(mapper(abs, [number]))  # so that there is a decoding thread to end, too
        if number == 3:
            until(lambda: "iterator" in holder)
            holder.pop("iterator").close()
            closed.append("without an exception")
        return number

    ahead = in_background(make, count(), 1, threads=1)
    assert [next(ahead) for _ in range(3)] == [0, 1, 2]
    holder["iterator"] = ahead
    assert until(lambda: closed == ["without an exception"])
    assert until(lambda: not ours())


@pytest.mark.parametrize("depth", [0, 2])
def test_an_exception_arrives_at_its_place_and_ends_the_threads(depth: int) -> None:
    def make(number: int, mapper: Mapper) -> int:
        if number == 2:
            raise ZeroDivisionError("in the background")
        return number

    ahead = in_background(make, count(), depth, threads=1)
    assert [next(ahead), next(ahead)] == [0, 1]
    with pytest.raises(ZeroDivisionError, match="in the background"):
        next(ahead)
    assert ours() == []


def test_an_exception_while_decoding_an_item_arrives() -> None:
    ahead = in_background(lambda number, mapper: list(mapper(lambda value: 1 // value, [1, 0])), count(), 1, threads=2)
    with pytest.raises(ZeroDivisionError):
        next(ahead)


def test_the_number_of_threads_is_sensible() -> None:
    assert 1 <= default_threads() <= 8
