from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from toolkit.config.explain import found_problems


class Inner(BaseModel):
    size: int
    either: int | list[float] | None = None


class Outer(BaseModel):
    inner: Inner
    many: list[Inner] = []
    named: dict[str, Inner | int] = {}


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({}, [("inner",)]),
        ({"inner": {}}, [("inner", "size")]),
        ({"inner": 3}, [("inner",)]),
        ({"inner": {"size": 1, "either": "x"}}, [("inner", "either")]),
        ({"inner": {"size": 1, "either": [1, "x"]}}, [("inner", "either"), ("inner", "either", 1)]),
        ({"inner": {"size": 1}, "many": [{"size": 1}, {"size": "x"}]}, [("many", 1, "size")]),
        ({"inner": {"size": 1}, "named": {"a": {"size": "x"}}}, [("named", "a", "size"), ("named", "a")]),
    ],
)
def test_places_are_those_of_what_was_given(given: dict[str, Any], places: list[tuple[str | int, ...]]) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(given)
    assert [place for place, _, _ in found_problems(caught.value, given)] == places


def test_a_value_that_fits_no_member_of_a_union_is_one_problem_that_shows_it() -> None:
    given = {"inner": {"size": 1, "either": "wrong"}}
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(given)
    [(_, kind, words)] = found_problems(caught.value, given)
    assert kind == "int_parsing"
    assert "valid integer" in words
    assert ", or input should be a valid list" in words
    assert words.endswith("got 'wrong'")
