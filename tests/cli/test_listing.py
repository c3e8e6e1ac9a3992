from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import refused, toolkit
from toolkit.parts import BUILT_IN, KINDS
from toolkit.registry import REGISTRY, Part

SCRIPT = """
from typing import Literal
from toolkit.registry import register

@register("losses", "listing_mine")
class Mine:
    '''My own loss.

    Args:
        margin: how far.
    '''

    def __init__(self, margin: float = 2.5, mode: Literal["a", "b"] = "a", sizes: list[int] | None = None) -> None:
        self.margin = margin
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(SCRIPT)
    return file


def test_all_parts_are_listed_under_their_kinds_with_a_summary() -> None:
    out = toolkit("list").out
    for kind, parts in BUILT_IN.items():
        assert f"{kind}:" in out.splitlines()
        for name in parts:
            assert any(line.split()[:1] == [name] and len(line.split()) > 2 for line in out.splitlines()), (kind, name)


def test_one_kind_and_a_pattern_narrow_the_list() -> None:
    assert toolkit("list", "losses").out.startswith("losses:\n")
    names = [line.split()[0] for line in toolkit("list", "generators", "d*").out.splitlines()[1:]]
    assert "dcgan" in names
    assert all(name.startswith("d") for name in names)
    outcome = toolkit("list", "losses", "zzz*")
    assert (outcome.code, outcome.out.split(";")[0]) == (0, "nothing matches")


def test_the_list_as_json_is_complete() -> None:
    entries = toolkit("list", "losses", "--json").json
    assert {entry["name"] for entry in entries} >= set(BUILT_IN["losses"])
    hinge = next(entry for entry in entries if entry["name"] == "hinge")
    assert hinge == {
        "kind": "losses",
        "name": "hinge",
        "summary": "Hinge loss (Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17).",
        "target": "toolkit.adversarial.losses:Hinge",
        "origin": "built-in",
        "broken": None,
    }
    assert toolkit("list", "losses", "zzz*", "--json").json == []


def test_an_unknown_kind_shows_the_nearest_one() -> None:
    message = refused("list", "loses")
    assert "did you mean 'losses'?" in message
    assert all(kind in message for kind in KINDS)


def test_recipes_are_listed_by_the_name_that_train_takes() -> None:
    assert "image/digits" in toolkit("list", "recipes").out.splitlines()
    assert "image/digits" in toolkit("list", "recipes", "--json").json


def test_parts_of_a_script_are_listed_with_their_origin(script: Path) -> None:
    outcome = toolkit("--import", script, "list", "losses", "listing_*")
    assert outcome.out.splitlines()[1].split(maxsplit=1) == ["listing_mine", f"My own loss.  [{script}]"]


def test_a_broken_part_is_shown_as_broken_and_breaks_nothing() -> None:
    REGISTRY._parts["losses", "listing_torn"] = Part("losses", "listing_torn", "no_such_package:Loss", "torn 1.0")
    outcome = toolkit("list", "losses")
    assert outcome.code == 0
    assert "BROKEN: no module named 'no_such_package'  [torn 1.0]" in outcome.out
    [shown] = toolkit("show", "listing_torn", "--json").json
    assert "cannot be imported" in shown["broken"]
    assert "BROKEN" in toolkit("show", "listing_torn").out


# -- show -------------------------------------------------------------------------------------------------------------


def test_a_part_is_shown_with_its_parameters_and_its_place() -> None:
    out = toolkit("show", "r1").out
    assert "penalties/r1  (built-in, toolkit.adversarial.penalties:R1)" in out
    assert "  weight: number or schedule = 1.0" in out
    assert "  every: int = 1" in out
    assert "toolkit/adversarial/penalties.py:" in out


def test_a_part_is_shown_as_json_with_its_source(script: Path) -> None:
    [entry] = toolkit("--import", script, "show", "losses/listing_mine", "--source", "--json").json
    assert entry["documentation"].startswith("My own loss.")
    assert entry["parameters"] == {
        "margin": "float = 2.5",
        "mode": "Literal['a', 'b'] = 'a'",
        "sizes": "list[int] | None = None",
    }
    assert "self.margin = margin" in entry["source"]
    assert Path(entry["file"]).samefile(script)
    assert entry["source"].splitlines()[0] == script.read_text().splitlines()[entry["line"] - 1]


def test_a_name_of_several_kinds_is_shown_for_each_unless_the_kind_is_given() -> None:
    kinds = ["generators", "discriminators", "importers"]
    assert [entry["kind"] for entry in toolkit("show", "dcgan", "--json").json] == kinds
    assert [entry["kind"] for entry in toolkit("show", "discriminators/dcgan", "--json").json] == ["discriminators"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hingee", "did you mean 'hinge'?"),
        ("losses/r1", "no part or model named 'losses/r1'"),
        ("loses/hinge", "did you mean 'losses'?"),
    ],
)
def test_a_part_that_there_is_not_is_named(name: str, words: str) -> None:
    assert words in refused("show", name)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, parts in BUILT_IN.items() for name in parts])
def test_every_built_in_part_can_be_shown(kind: str, name: str) -> None:
    [entry] = toolkit("show", f"{kind}/{name}", "--json").json
    assert entry["broken"] is None
    assert entry["documentation"].startswith(entry["summary"])


def test_a_script_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n")
    assert "bad.py failed: ZeroDivisionError" in refused("--import", tmp_path / "bad.py", "list")
    assert "there is no such Python file" in refused("--import", tmp_path / "nosuch.py", "list")
