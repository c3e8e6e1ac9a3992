"""Every part of the table goes through the public suite of its kind, as an outside package's parts would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.cases import CASES, Place
from toolkit.parts import KINDS
from toolkit.registry import REGISTRY, Part
from toolkit.testing import SUITES, check_part

BUILT_IN = [part for part in REGISTRY.parts() if part.origin == "built-in"]


def identity(part: Part) -> str:
    return f"{part.kind}/{part.name}"


@pytest.mark.parametrize("part", BUILT_IN, ids=identity)
def test_a_built_in_part_keeps_the_contract_of_its_kind(
    part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES.get(identity(part), lambda place: [{}])
    several = case(Place(tmp_path, monkeypatch))
    assert several, f"the case of {identity(part)} holds no settings, so nothing would be tested"
    for settings in several:
        check_part(part.kind, part.name, **settings)


def test_every_kind_has_a_suite() -> None:
    assert set(SUITES) == set(KINDS)


def test_every_case_belongs_to_a_part() -> None:
    assert set(CASES) <= {identity(part) for part in BUILT_IN}
