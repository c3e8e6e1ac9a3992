from __future__ import annotations

from pathlib import Path

import pytest

from tests.speech.folders import RATE, bad_files, clips
from tests.speech.sounds import tone, write
from toolkit.config import load_recipe
from toolkit.config.plan import Plan
from toolkit.errors import DataError
from toolkit.runs.assemble import open_recipe
from toolkit.speech import choices
from toolkit.speech.start import VocoderStarter


def planned(data: Path, *overrides: str, device: str = "cpu") -> Plan:
    return VocoderStarter().plan(data, [f"data.sample_rate={RATE}", *overrides], device)


def names(count: int) -> list[str]:
    return [f"clip {number}.wav" for number in range(count)]


@pytest.mark.parametrize("count", [5, 12, 40])
def test_a_plan_is_a_recipe_that_runs_on_these_recordings(tmp_path: Path, count: int) -> None:
    plan = planned(clips(tmp_path / "My voice!", names(count)))
    recipe = load_recipe(plan.document)
    assert recipe.name == "my-voice"
    assert recipe.data["sample_rate"] == RATE
    splits = {name: len(part) for name, part in open_recipe(recipe).splits.items()}
    assert sum(splits.values()) == count
    assert all(splits.values()), "something is held out, however few recordings there are"
    assert recipe.trainer.evaluate_every
    assert f"split: {splits['train']} recordings to learn from, {splits['validation']} to choose by" in str(
        plan.reasons
    )


def test_of_one_recording_nothing_is_held_out_and_nothing_is_measured(tmp_path: Path) -> None:
    plan = planned(clips(tmp_path, names(1)))
    recipe = load_recipe(plan.document)
    assert len(open_recipe(recipe).splits["train"]) == 1
    assert recipe.trainer.evaluate_every is None
    assert any("too few to hold any out" in line for line in plan.reasons)


def test_what_cannot_be_learned_from_is_told_with_its_reason(tmp_path: Path) -> None:
    plan = planned(bad_files(clips(tmp_path)))
    told = "\n".join(plan.notices)
    for name in ("tiny", "silent", "clipped", "nan", "cut", "empty", "words"):
        assert f"{name}." in told
    for name in ("stereo", "eight", "deep", "high", "misnamed"):
        assert f"{name}.wav:" not in told
    assert "only 0.1 minutes" in told


def test_a_folder_without_a_usable_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("this is no sound")
    with pytest.raises(DataError, match=r"none of the recordings can be read.*words\.wav"):
        VocoderStarter().plan(tmp_path, (), "cpu")


def test_the_sample_rate_is_the_usual_one_and_its_mel_settings_are_known_ones(tmp_path: Path) -> None:
    for number, rate in enumerate([16_000, 16_000, 44_100]):
        write(tmp_path / f"{number}.wav", tone(0.5, rate), rate)
    plan = VocoderStarter().plan(tmp_path, (), "cpu")
    assert plan.document["data"]["sample_rate"] == 16_000
    assert plan.document["task"]["fmax"] is None
    assert "sample rate 16,000 Hz: 2 of 3 recordings have 16,000 Hz" in plan.reasons


@pytest.mark.parametrize(
    ("rates", "machine", "chosen"),
    [
        ({48_000: 3}, "cpu", 22_050),
        ({48_000: 3}, "gpu", 48_000),
        ({32_000: 3}, "gpu", 24_000),
        ({8_000: 3}, "cpu", 16_000),
        ({22_050: 2, 44_100: 2}, "gpu", 44_100),
    ],
)
def test_the_rule_of_the_sample_rate(rates: dict[int, int], machine: str, chosen: int) -> None:
    assert choices.sample_rate(rates, machine).value == chosen


def test_a_graphics_card_gets_the_published_networks(tmp_path: Path) -> None:
    recipe = load_recipe(planned(clips(tmp_path), device="cuda").document)
    assert recipe.generator["channels"] == 512
    assert recipe.discriminators["period"]["width"] == 32


def test_other_recordings_than_those_planned_for_are_noticed(tmp_path: Path) -> None:
    plan = planned(clips(tmp_path))
    starter = VocoderStarter()
    assert starter.changes(tmp_path, plan.seen) == []
    write(tmp_path / "more.wav", tone(0.5, RATE), RATE)
    assert starter.changes(tmp_path, plan.seen) == [
        f"{tmp_path} holds 5 recordings now; when the run was begun there were 4"
    ]
    (tmp_path / "a.wav").unlink()
    (changed,) = starter.changes(tmp_path, plan.seen)
    assert "but not the same ones" in changed
