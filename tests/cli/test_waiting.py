"""Threads spin only where nobody is hurt by it and nobody has chosen otherwise."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from toolkit.cli import waiting


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a process that has just begun: nothing chosen, torch not loaded, two cores."""
    monkeypatch.setattr(waiting, "_chosen_here", False)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    return monkeypatch


def load(folder: Path, runnable: int) -> Path:
    file = folder / "loadavg"
    file.write_text(f"0.10 0.20 0.30 {runnable}/345 6789\n")
    return file


def test_a_quiet_machine_spins(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waiting.wait_passively()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    assert waiting.spin_if_quiet(load(tmp_path, 1))
    assert int(os.environ["GOMP_SPINCOUNT"]) > 0


def test_beside_a_neighbour_threads_sleep(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waiting.wait_passively()
    assert not waiting.spin_if_quiet(load(tmp_path, 2))
    assert "GOMP_SPINCOUNT" not in os.environ


@pytest.mark.parametrize("variable", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_what_the_user_chose_stands(fresh: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> None:
    fresh.setenv(variable, "7")
    waiting.wait_passively()
    assert not waiting.spin_if_quiet(load(tmp_path, 1))
    assert os.environ[variable] == "7"


def test_after_torch_is_loaded_nothing_is_changed(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waiting.wait_passively()
    fresh.setitem(sys.modules, "torch", object())  # type: ignore[arg-type]
    assert not waiting.spin_if_quiet(load(tmp_path, 1))


@pytest.mark.parametrize("content", ["", "1 2 3", "a b c d"])
def test_where_the_load_cannot_be_seen_threads_sleep(fresh: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    waiting.wait_passively()
    (tmp_path / "strange").write_text(content)
    assert not waiting.spin_if_quiet(tmp_path / "strange")
    assert not waiting.spin_if_quiet(tmp_path / "absent")
