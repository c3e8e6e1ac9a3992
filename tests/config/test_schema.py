from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.adversarial.penalties import R1
from toolkit.adversarial.schedules import Linear, Scheduled
from toolkit.config import PartOf, build, check, complete, parameters
from toolkit.errors import ConfigError, PluginError
from toolkit.registry import register


def _signature(
    count: int,
    rate: float = 0.5,
    mode: Literal["fast", "exact"] = "fast",
    sizes: tuple[int, ...] = (1, 2),
    limit: int | Literal["auto"] | None = "auto",
    file: Path | None = None,
    verbose: bool = False,
) -> dict[str, Any]:
    """A part with every plain type."""
    return dict(locals())


class Holder:
    """Holds other parts."""

    def __init__(
        self,
        inner: Annotated[Any, PartOf("losses")],
        more: Annotated[list[Any], PartOf("losses")] = (),  # type: ignore[assignment]
        strength: Scheduled = 2.0,
        optional: Annotated[Any, PartOf("losses")] = None,
    ) -> None:
        self.inner, self.more, self.strength, self.optional = inner, more, strength, optional


@pytest.fixture
def every_type() -> None:
    register("losses", "every_type")(_signature)


@pytest.fixture
def holder() -> None:
    register("terms", "holder")(Holder)


def _messages(kind: str, spec: Any, **provided: Any) -> dict[str, str]:
    _, problems = check(kind, spec, "here", provided.keys())
    return {problem.path: problem.message for problem in problems}


# -- plain parameters -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("every_type")
@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("count", "3", 3),
        ("count", 3.0, 3),
        ("rate", 1, 1.0),
        ("rate", "1e-3", 1e-3),
        ("mode", "exact", "exact"),
        ("sizes", [4, 5, 6], (4, 5, 6)),
        ("limit", 7, 7),
        ("limit", None, None),
        ("file", "a/b", Path("a/b")),
        ("verbose", "yes", True),
    ],
)
def test_values_are_brought_to_their_type(key: str, written: Any, meant: Any) -> None:
    spec, problems = check("losses", {"name": "every_type", "count": 1, key: written}, "loss")
    assert problems == []
    assert spec[key] == meant
    assert type(spec[key]) is type(meant)
    assert build("losses", spec)[key] == meant


@pytest.mark.usefixtures("every_type")
@pytest.mark.parametrize(
    ("key", "written", "words"),
    [
        ("count", 3.5, "got 3.5"),
        ("count", None, "valid integer"),
        ("rate", "fast", "valid number"),
        ("rate", float("inf"), "finite number"),
        ("mode", "slow", "'fast' or 'exact'"),
        ("sizes", 3, "valid tuple"),
        ("verbose", 3, "valid boolean"),
        ("limit", "some", "valid integer, unable to parse string as an integer, or input should be 'auto'"),
    ],
)
def test_a_value_of_another_type_is_one_problem_with_its_path(key: str, written: Any, words: str) -> None:
    messages = _messages("losses", {"name": "every_type", "count": 1, key: written})
    assert list(messages) == [f"here.{key}"]
    assert words in messages[f"here.{key}"]
    assert repr(written) in messages[f"here.{key}"]


@pytest.mark.usefixtures("every_type")
def test_a_wrong_member_of_a_list_is_named_by_its_place() -> None:
    assert list(_messages("losses", {"name": "every_type", "count": 1, "sizes": [1, "x", 3]})) == ["here.sizes.1"]


@pytest.mark.usefixtures("every_type")
def test_defaults_are_filled_in_so_that_a_stored_recipe_is_whole() -> None:
    spec, _ = check("losses", {"name": "every_type", "count": 1}, "loss")
    assert spec == {
        "name": "every_type",
        "count": 1,
        "rate": 0.5,
        "mode": "fast",
        "sizes": (1, 2),
        "limit": "auto",
        "file": None,
        "verbose": False,
    }


@pytest.mark.usefixtures("every_type")
def test_all_problems_come_at_once_with_nearest_names() -> None:
    messages = _messages("losses", {"name": "every_type", "cuont": 1, "rate": "x", "mode": "exac", 1: 2, False: 3})
    assert set(messages) == {"here.count", "here.cuont", "here.rate", "here.mode", "here.1", "here.False"}
    assert "is required" in messages["here.count"]
    assert "did you mean 'count'?" in messages["here.cuont"]
    assert "choices: count, file, limit" in messages["here.1"]


@pytest.mark.parametrize("spec", [3, None, [], {"margin": 1}, {"name": 3}, ["hinge"]])
def test_what_names_no_part_is_refused(spec: Any) -> None:
    assert "expected the name of one of the losses" in _messages("losses", spec)["here"]


def test_an_unknown_part_is_named_with_the_nearest() -> None:
    assert "did you mean 'hinge'?" in _messages("losses", "hing")["here.name"]


@pytest.mark.parametrize(("value", "good"), [("hinge", True), ({"name": "hinge", "margin": 2}, True), (2.0, False)])
def test_a_part_is_a_name_or_a_mapping(value: Any, good: bool) -> None:
    assert (_messages("losses", value) == {}) is good


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 64))
@settings(deadline=None)
def test_checking_twice_changes_nothing(weight: float, every: int) -> None:
    once, problems = check("penalties", {"name": "r1", "weight": weight, "every": every}, "p")
    assert problems == []
    assert check("penalties", once, "p") == (once, [])


# -- parts within parts -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("holder")
def test_parts_within_parts_are_built_in_their_places() -> None:
    spec = {"name": "holder", "inner": {"name": "hinge", "margin": 3}, "more": ["minimax", {"name": "hinge"}]}
    built = build("terms", spec, "terms.0")
    assert built.inner.margin == 3
    assert [type(part).__name__ for part in built.more] == ["Minimax", "Hinge"]
    assert built.strength(0) == 2.0
    assert built.optional is None


@pytest.mark.usefixtures("holder")
def test_problems_of_inner_parts_carry_the_whole_path() -> None:
    spec = {
        "name": "holder",
        "inner": {"name": "hinge", "margn": 1},
        "more": ["minimax", "nosuch"],
        "strength": {"name": "linear", "start": "low"},
    }
    assert set(_messages("terms", spec)) == {
        "here.inner.margn",
        "here.more.1.name",
        "here.strength.start",
        "here.strength.end",
        "here.strength.samples",
    }
    assert "one of the losses" in _messages("terms", "holder")["here.inner"]


@pytest.mark.usefixtures("holder")
def test_one_part_is_no_list_and_a_list_is_no_part() -> None:
    messages = _messages("terms", {"name": "holder", "inner": ["hinge"], "more": "hinge"})
    assert "expected the name of one of the losses" in messages["here.inner"]
    assert "expected a list of losses" in messages["here.more"]


def test_a_bare_number_is_a_constant_schedule_and_defaults_are_stored_as_such() -> None:
    spec, _ = check("penalties", {"name": "r1", "weight": 5}, "p")
    assert spec["weight"] == {"name": "constant", "value": 5.0}
    assert check("penalties", "r1", "p")[0]["weight"] == {"name": "constant", "value": 1.0}
    penalty = build("penalties", {"name": "r1", "weight": {"name": "linear", "start": 4, "end": 0, "samples": 8}})
    assert isinstance(penalty, R1)
    assert isinstance(penalty.weight, Linear)
    assert penalty.weight(2) == 3.0


@pytest.mark.parametrize("value", [True, float("nan"), [1], "fast"])
def test_what_is_no_number_is_no_schedule(value: Any) -> None:
    assert _messages("penalties", {"name": "r1", "weight": value}) != {}


def test_a_constructor_that_refuses_its_values_is_a_problem_of_its_place() -> None:
    spec = {"name": "r1", "weight": {"name": "linear", "start": 1, "end": 0, "samples": 0}}
    with pytest.raises(ConfigError) as caught:
        build("penalties", spec, "penalties.0")
    assert [problem.path for problem in caught.value.problems] == ["penalties.0.weight"]
    assert "positive number of samples" in str(caught.value)


# -- what the context provides ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("every_type")
def test_the_context_fills_what_a_spec_leaves_out_and_nothing_else() -> None:
    assert complete("losses", "every_type", count=4, nobody=1)["count"] == 4
    assert complete("losses", {"name": "every_type", "count": 2}, count=4)["count"] == 2
    assert "nobody" not in complete("losses", "every_type", count=4, nobody=1)
    assert build("losses", "every_type", count=9)["count"] == 9
    spec, problems = check("losses", "every_type", "loss", {"count", "rate"})
    assert problems == []
    assert "count" not in spec
    assert "rate" not in spec
    with pytest.raises(ConfigError, match=r"losses\.count: is required"):
        complete("losses", "every_type")


@pytest.mark.usefixtures("holder")
def test_the_context_may_hold_ready_objects() -> None:
    ready = object()
    assert build("terms", "holder", inner=ready).inner is ready


def test_spectral_norm_is_a_switch_of_every_discriminator_and_of_nothing_else() -> None:
    spec, problems = check("discriminators", {"name": "dcgan", "spectral_norm": True}, "d")
    assert (spec["spectral_norm"], problems) == (True, [])
    assert check("discriminators", "dcgan", "d")[0]["spectral_norm"] is False
    assert (
        "true or false" in _messages("discriminators", {"name": "dcgan", "spectral_norm": "on"})["here.spectral_norm"]
    )
    assert "no parameter" in _messages("generators", {"name": "dcgan", "spectral_norm": True})["here.spectral_norm"]
    assert "spectral_norm" in _messages("discriminators", {"name": "dcgan", "spectral": True})["here.spectral"]


def test_a_discriminator_that_has_such_a_parameter_keeps_it() -> None:
    @register("discriminators", "own_switch")
    def own_switch(spectral_norm: float = 0.5) -> float:
        return spectral_norm

    assert build("discriminators", {"name": "own_switch", "spectral_norm": 0.25}) == 0.25


# -- parts that cannot be described -----------------------------------------------------------------------------------


def _unresolved(size: NoSuchType) -> None:  # type: ignore[name-defined] # noqa: F821
    """Its annotation names nothing."""


def _positional(size: int, /) -> None:
    """Cannot be called by keyword."""


def _rest(*sizes: int) -> None:
    """Cannot be called by keyword."""


def _called_name(name: str) -> None:
    """Its parameter has the word that names parts."""


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (_unresolved, "does not resolve"),
        (_positional, "positional-only parameter 'size'"),
        (_rest, "'sizes'"),
        (_called_name, "required parameter 'name'"),
    ],
)
def test_a_part_without_a_usable_signature_is_explained(part: Callable[..., Any], words: str) -> None:
    with pytest.raises(PluginError) as caught:
        parameters(part)
    assert words in str(caught.value)
    assert part.__name__ in str(caught.value)
    register("losses", "odd")(part)
    assert words in _messages("losses", "odd")["here.name"]


def test_a_parameter_called_name_keeps_its_default() -> None:
    @register("trackers", "named")
    def named(name: str = "mine", mode: str = "on") -> tuple[str, str]:
        return name, mode

    assert build("trackers", {"name": "named", "mode": "off"}) == ("mine", "off")
