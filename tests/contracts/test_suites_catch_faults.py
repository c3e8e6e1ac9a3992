"""A suite that finds nothing proves nothing: parts with one fault each must be refused, naming part and rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts import faulty_detectors, faulty_game, faulty_losses, faulty_paired  # noqa: F401 - they fill the table
from tests.contracts.faults import FAULTS
from tests.contracts.faulty_data import SETTINGS
from toolkit.errors import PluginError, UnknownPartError
from toolkit.parts import KINDS
from toolkit.testing import check_part


@pytest.mark.parametrize(("kind", "part", "rule"), FAULTS, ids=[part.__name__ for _, part, _ in FAULTS])
def test_a_faulty_part_is_refused_by_the_rule_that_it_breaks(kind: str, part: Callable[..., Any], rule: str) -> None:
    with pytest.raises(AssertionError, match=rf"{kind} part '{part.__name__}'.*: .*({rule})"):
        check_part(kind, part, **SETTINGS.get(part, {}))


def test_there_is_a_fault_for_every_kind() -> None:
    assert {kind for kind, _, _ in FAULTS} == set(KINDS)


def test_the_settings_are_named_in_the_message() -> None:
    with pytest.raises(AssertionError, match=r"(?s)'gradient_cap' \(every=0, cap=2.0\): can be built .*at least 1"):
        check_part("penalties", "gradient_cap", every=0, cap=2.0)


def test_a_parameter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AssertionError, match="'hinge' has no parameter 'margni'; did you mean 'margin'"):
        check_part("losses", "hinge", margni=1)


def test_unknown_kinds_and_names_are_not_contract_failures() -> None:
    with pytest.raises(UnknownPartError, match="did you mean 'losses'"):
        check_part("loses", "hinge")
    with pytest.raises(UnknownPartError, match="did you mean 'hinge'"):
        check_part("losses", "hing")


def test_a_part_with_positional_parameters_is_refused() -> None:
    class Positional:
        """Takes what comes."""

        def __init__(self, *values: float) -> None:
            self.values = values

    with pytest.raises((AssertionError, PluginError), match="positional-only"):
        check_part("losses", Positional)
