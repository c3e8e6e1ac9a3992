from __future__ import annotations

import inspect

import pytest

from toolkit.errors import DuplicatePartError, UnknownPartError
from toolkit.parts import BUILT_IN, KINDS
from toolkit.registry import Part, Registry

BUILT_IN_PARTS = Registry(plugins=False).parts()

# -- the built-in table -------------------------------------------------------------------------------------------


def test_every_kind_of_the_table_is_a_kind() -> None:
    assert set(BUILT_IN) == set(KINDS)


@pytest.mark.parametrize("part", BUILT_IN_PARTS, ids=lambda part: f"{part.kind}/{part.name}")
def test_a_built_in_part_exists_and_its_summary_is_read_without_importing_it(part: Part) -> None:
    assert part.broken() is None
    read = part.summary()
    assert read == (inspect.getdoc(part.load()) or "").split("\n")[0]
    assert read.endswith(".")
    assert len(read) <= 120


def test_parts_come_in_the_order_of_the_kinds_and_by_name() -> None:
    places = [(KINDS.index(part.kind), part.name) for part in BUILT_IN_PARTS]
    assert places == sorted(places)


def test_parts_can_be_chosen_by_kind_and_wildcard() -> None:
    names = [part.name for part in Registry(plugins=False).parts("penalties", "r*")]
    assert names == ["r1", "r1_first_order", "r2"]


# -- names --------------------------------------------------------------------------------------------------------


def test_an_unknown_name_is_answered_with_the_nearest_and_the_choices() -> None:
    with pytest.raises(
        UnknownPartError, match=r"no losses part named 'hindge'; did you mean 'hinge'\? choices: hinge,"
    ):
        Registry(plugins=False).part("losses", "hindge")


def test_an_unknown_kind_is_answered_with_the_nearest() -> None:
    registry = Registry(plugins=False)
    for ask in (registry.parts, lambda kind: registry.part(kind, "hinge"), lambda kind: registry.register(kind, "x")):
        with pytest.raises(UnknownPartError, match="no kind of part named 'lossess'; did you mean 'losses'"):
            ask("lossess")


def test_the_decorator_registers_and_gives_the_class_back() -> None:
    registry = Registry({}, plugins=False)

    @registry.register("losses", "mine")
    class Mine:
        """My own loss."""

    part = registry.part("losses", "mine")
    assert part.load() is Mine
    assert part.summary() == "My own loss."
    assert part.broken() is None
    assert part.origin == __file__
    assert registry.origins() == {"losses/mine": __file__}


def test_a_name_that_is_taken_is_refused_with_both_origins() -> None:
    registry = Registry({"losses": {"hinge": "toolkit.adversarial.losses:Hinge"}}, plugins=False)
    with pytest.raises(DuplicatePartError) as caught:

        @registry.register("losses", "hinge")
        class Another:
            """Another hinge."""

    assert "'hinge'" in caught.value.message
    assert "toolkit.adversarial.losses:Hinge (built-in)" in caught.value.message
    assert f"Another ({__file__})" in caught.value.message


def test_one_name_may_belong_to_several_kinds() -> None:
    registry = Registry({}, plugins=False)
    registry.register("generators", "same")(type("One", (), {}))
    registry.register("discriminators", "same")(type("Other", (), {}))
    assert len(registry.parts()) == 2
