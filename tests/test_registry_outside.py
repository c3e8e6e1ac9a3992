from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import DataError, DuplicatePartError, PluginError
from toolkit.registry import DISABLE_VARIABLE, REGISTRY, Registry, import_script

BUILT_IN_PARTS = Registry(plugins=False).parts()

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a distribution with entry points, and the modules they name, on the path, as pip would."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delenv(DISABLE_VARIABLE, raising=False)

    def add(name: str, entry_points: dict[str, str], modules: dict[str, str] | None = None) -> None:
        groups: dict[str, list[str]] = {}
        for path, target in entry_points.items():
            kind, _, part = path.partition("/")
            groups.setdefault(kind, []).append(f"{part} = {target}")
        info = site / f"{name.replace('-', '_')}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        lines = [line for kind, several in groups.items() for line in (f"[toolkit.{kind}]", *several)]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, text in (modules or {}).items():
            (site / f"{module}.py").write_text(textwrap.dedent(text))

    return add


# -- outside packages ---------------------------------------------------------------------------------------------

LOSS = """
class Loss:
    \"\"\"A loss from outside.\"\"\"
"""


def test_an_outside_package_adds_parts_under_its_name_and_version(install: Install) -> None:
    install("outside-losses", {"losses/outer": "outside_a:Loss"}, {"outside_a": LOSS})
    registry = Registry()
    part = registry.part("losses", "outer")
    assert part.origin == "outside-losses 1.5"
    assert part.summary() == "A loss from outside."
    assert registry.origins()["losses/outer"] == "outside-losses 1.5"
    assert registry.part("losses", "hinge").origin == "built-in"


def test_two_packages_with_one_name_are_refused_with_both_origins(install: Install) -> None:
    install("first-package", {"losses/twin": "outside_b:Loss"}, {"outside_b": LOSS})
    install("second-package", {"losses/twin": "outside_c:Loss"}, {"outside_c": LOSS})
    registry = Registry({})
    for _ in range(2):  # the mistake stays until somebody mends it
        with pytest.raises(DuplicatePartError, match=r"first-package 1\.5.*second-package 1\.5|second.*first"):
            registry.parts()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module_at_all:Loss", "no module named 'no_such_module_at_all'"),
        ("outside_d:Lost", "module 'outside_d' does not define 'Lost'"),
        ("outside_d", "names no class"),
        ("outside_d.inner:Loss", "no module named 'outside_d.inner'"),
    ],
)
def test_a_broken_plugin_is_listed_with_the_reason_and_breaks_nothing_else(
    install: Install, target: str, reason: str
) -> None:
    install("broken", {"losses/broken": target}, {"outside_d": LOSS})
    registry = Registry()
    parts = registry.parts("losses")
    assert {"broken", "hinge"} <= {part.name for part in parts}
    assert reason in (registry.part("losses", "broken").broken() or "")
    with pytest.raises(PluginError, match=r"the losses part 'broken' from broken 1\.5 cannot be imported"):
        registry.load("losses", "broken")
    assert registry.load("losses", "hinge")


def test_a_plugin_that_fails_while_it_is_imported_says_why_and_how_to_go_on(install: Install) -> None:
    install("failing", {"losses/failing": "outside_e:Loss"}, {"outside_e": "Loss = 1 / 0\n"})
    with pytest.raises(PluginError, match="ZeroDivisionError: division by zero") as caught:
        Registry().load("losses", "failing")
    assert f"{DISABLE_VARIABLE}=1" in caught.value.way_out
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_plugin_may_explain_its_own_failure(install: Install) -> None:
    text = "from toolkit.errors import DataError\nLoss = 1\nraise DataError('no licence', 'buy one')\n"
    install("explaining", {"losses/explaining": "outside_f:Loss"}, {"outside_f": text})
    with pytest.raises(DataError, match="no licence"):
        Registry().load("losses", "explaining")


def test_something_that_cannot_be_called_is_no_part(install: Install) -> None:
    install("constant", {"losses/constant": "outside_g:Loss"}, {"outside_g": "Loss = 3\n"})
    with pytest.raises(PluginError, match="is not callable"):
        Registry().load("losses", "constant")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("1", set()),
        ("one-package", {"two"}),
        ("one-package, two-package", set()),
        ("", {"one", "two"}),
        ("unrelated", {"one", "two"}),
    ],
)
def test_plugins_can_be_disabled(
    install: Install, monkeypatch: pytest.MonkeyPatch, setting: str, expected: set[str]
) -> None:
    install("one-package", {"losses/one": "outside_h:Loss"}, {"outside_h": LOSS})
    install("two-package", {"losses/two": "outside_i:Loss"}, {"outside_i": LOSS})
    monkeypatch.setenv(DISABLE_VARIABLE, setting)
    assert {part.name for part in Registry({}).parts()} == expected
    assert {"hinge", "r1"} <= {part.name for part in Registry().parts()}


def test_nothing_is_imported_before_it_is_used(install: Install) -> None:
    install("quiet", {"losses/quiet_loss": "quiet_module:Loss"}, {"quiet_module": "class Loss:\n    '''L.'''\n"})
    registry = Registry({})
    assert [part.name for part in registry.parts()] == ["quiet_loss"]
    assert registry.part("losses", "quiet_loss").broken() is None
    assert "quiet_module" not in sys.modules
    assert registry.load("losses", "quiet_loss").__name__ == "Loss"
    assert "quiet_module" in sys.modules


# -- scripts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def _forget_scripts() -> Iterator[None]:
    """The one registry, without what the test's scripts add to it."""
    before = dict(REGISTRY._parts)
    yield
    REGISTRY._parts = before


SCRIPT = """
from toolkit.registry import register

@register("losses", "scripted")
class Scripted:
    "A loss from a script."
"""


@pytest.mark.usefixtures("_forget_scripts")
def test_a_script_registers_its_parts_once(tmp_path: Path) -> None:
    file = tmp_path / "my parts.py"
    file.write_text(SCRIPT)
    import_script(file)
    import_script(str(file))  # twice is no duplicate
    part = REGISTRY.part("losses", "scripted")
    assert part.origin == str(file)
    assert part.summary() == "A loss from a script."


@pytest.mark.parametrize("name", ["missing.py", "."])
def test_a_script_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match=r"--import .*: there is no such Python file"):
        import_script(tmp_path / name)


@pytest.mark.usefixtures("_forget_scripts")
def test_a_script_that_fails_says_why_and_can_be_mended(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("import no_such_module_anywhere\n")
    with pytest.raises(PluginError, match=r"wrong\.py failed: ModuleNotFoundError.*no_such_module_anywhere"):
        import_script(file)
    file.write_text(SCRIPT)
    import_script(file)
    assert REGISTRY.part("losses", "scripted")


@pytest.mark.usefixtures("_forget_scripts")
def test_a_script_that_takes_a_name_keeps_the_clearer_message(tmp_path: Path) -> None:
    file = tmp_path / "greedy.py"
    file.write_text(SCRIPT.replace("scripted", "hinge"))
    with pytest.raises(DuplicatePartError, match="'hinge' is claimed by two"):
        import_script(file)


# -- the command --------------------------------------------------------------------------------------------------


def listed(*arguments: str, path: str = "") -> tuple[Any, list[str], str]:
    """The JSON of `toolkit list`, which heavy modules it imported, and what it said on stderr."""
    code = (
        "import sys\n"
        "from toolkit.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    heavy = [name for name in ('torch', 'numpy', 'sklearn', 'PIL') if name in sys.modules]\n"
        "    print('HEAVY', *heavy, 'CODE', end.code, file=sys.stderr)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, *sys.path]), DISABLE_VARIABLE: ""}
    done = subprocess.run(
        [sys.executable, "-c", code, "list", *arguments], env=environment, capture_output=True, text=True, check=True
    )
    words = done.stderr.split()
    return json.loads(done.stdout), words[words.index("HEAVY") + 1 : words.index("CODE")], done.stderr


def test_the_command_lists_a_broken_plugin_and_imports_nothing_heavy(install: Install, tmp_path: Path) -> None:
    entry_points = {
        "losses/whole": "outside_j:Loss",
        "losses/lost": "outside_k:Loss",
        "generators/explosive": "outside_l:Loss",
    }
    install("mixed", entry_points, {"outside_j": LOSS, "outside_l": "import torch\nLoss = 1 / 0\n"})
    entries, heavy, errors = listed("--json", path=str(tmp_path / "site"))
    found = {f"{entry['kind']}/{entry['name']}": entry for entry in entries}
    assert heavy == [], errors
    assert found["losses/lost"]["broken"] == "no module named 'outside_k'"
    assert found["losses/whole"] == {
        "kind": "losses",
        "name": "whole",
        "summary": "A loss from outside.",
        "target": "outside_j:Loss",
        "origin": "mixed 1.5",
        "broken": None,
    }
    assert found["generators/explosive"]["origin"] == "mixed 1.5"
    assert {f"{part.kind}/{part.name}" for part in BUILT_IN_PARTS} <= set(found)


def test_the_command_lists_one_kind_by_pattern() -> None:
    entries, heavy, _ = listed("penalties", "r?", "--json")
    assert [entry["name"] for entry in entries] == ["r1", "r2"]
    assert heavy == []
