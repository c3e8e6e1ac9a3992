"""A voice's run as its user has it: trained, gone on with, measured on its own data."""

from __future__ import annotations

from pathlib import Path

import pytest

import toolkit
from tests.recipes.smoke import SMALL_ACOUSTIC, SMOKE, TONES

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")


def test_a_run_is_gone_on_with_and_measured_on_its_own_data(tmp_path: Path) -> None:
    small = [*SMOKE, *SMALL_ACOUSTIC, *TONES, "task.vocoder=null"]
    toolkit.train("speech/espeak_voice", tmp_path / "run", [*small, "trainer.steps=2"], quiet=True)
    assert toolkit.resume(tmp_path / "run", ["trainer.steps=4"], quiet=True).step == 4
    found = toolkit.evaluate(tmp_path / "run", samples=2, repeats=0)
    assert found["metrics"]
