"""A translator on noisy sources: less is left the more noise there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import toolkit
from tests.translation import toy
from toolkit.cli.main import cli
from toolkit.errors import ConfigError
from toolkit.runs.noise import measure_noise

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("sacrebleu")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("noise")
    document = toy.recipe(folder / "data", 250, split={"train": 0.8, "validation": 0.1, "test": 0.1})
    return toolkit.train(document, folder / "run", quiet=True).path


def test_noise_costs_and_more_noise_costs_more(learned: Path) -> None:
    found = measure_noise(learned, ["typos", "dropped_words"], [0.0, 0.1, 0.6])
    assert found["clean"]["bleu"] > 60
    for kind in ("typos", "dropped_words"):
        lost = [one["lost"] for one in found["noisy"] if one["kind"] == kind]
        assert lost[0] == 0
        assert 0 < lost[1] < lost[2]


def test_the_command_prints_a_line_for_each_rate(learned: Path) -> None:
    done = CliRunner().invoke(cli, ["robustness", str(learned), "--noise", "casing", "--rates", "0.1", "--json"])
    assert json.loads(done.output)["noisy"][0]["kind"] == "casing"
    shown = CliRunner().invoke(cli, ["robustness", str(learned), "--noise", "casing", "--rates", "0.1,0.5"])
    assert [line.split()[0] for line in shown.output.splitlines()] == ["clean", "casing", "casing"]


def test_what_is_no_noise_is_refused(learned: Path) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        measure_noise(learned, ["typos"], [1.2])
    with pytest.raises(ConfigError, match="no noise 'typo'"):
        measure_noise(learned, ["typo"], [0.1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--rates", "0.1,1.5,-1"], "not 1.5, -1"), (["--noise", "typos,foo"], "not foo"), (["--rates", "x"], "not 'x'")],
)
def test_rates_and_kinds_are_checked_before_anything_is_read(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(cli, ["robustness", "no-such-run", *arguments])
    assert done.exit_code == 2
    assert words in done.output
