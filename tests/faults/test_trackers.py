"""Trackers that refuse: the package is missing, nobody is logged in, the server is down."""

from __future__ import annotations

from pathlib import Path

from tests.tiny import refused, reports, tiny_recipe, toolkit

REFUSES = """
from toolkit.errors import ToolkitError
from toolkit.registry import register


@register("trackers", "faults_refuses")
class Refuses:
    "Takes no run."

    def start(self, run, recipe):
        raise ToolkitError("nobody is logged in", "log in first")

    def log(self, samples, values): ...

    def picture(self, samples, name, file): ...

    def close(self): ...
"""


def test_a_tracker_that_refuses_leaves_no_run_in_the_way(tmp_path: Path) -> None:
    script = tmp_path / "refuses.py"
    script.write_text(REFUSES)
    run = tmp_path / "run"
    asked = tiny_recipe("trainer.steps=2", "report.trackers=[faults_refuses]")
    for _ in range(2):  # the same command again, with the same answer
        assert "nobody is logged in" in refused("--import", script, "train", *asked, "--out", run)
    outcome = toolkit("train", *tiny_recipe("trainer.steps=2"), "--out", run, "--quiet")
    assert outcome.code == 0, outcome.err
    assert [line["step"] for line in reports(run)] == [1, 2]


def test_a_run_goes_on_without_a_tracker_that_refuses_now(tmp_path: Path) -> None:
    script = tmp_path / "refuses.py"
    script.write_text(REFUSES)
    run = tmp_path / "run"
    assert toolkit("train", *tiny_recipe("trainer.steps=2"), "--out", run, "--quiet").code == 0
    refusing = ["trainer.steps=4", "report.trackers=[faults_refuses]"]
    assert "nobody is logged in" in refused("--import", script, "resume", run, *refusing)
    outcome = toolkit("resume", run, "trainer.steps=4", "report.trackers=[]", "--quiet")
    assert outcome.code == 0, outcome.err
    assert [line["step"] for line in reports(run)] == [1, 2, 3, 4]
