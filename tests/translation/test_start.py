"""Starting on sentence pairs: what is looked at, what is chosen and why, and going on when called again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import refused
from tests.tiny import toolkit as call
from tests.translation.toy import write_pairs
from toolkit.config import load_recipe
from toolkit.errors import DataError
from toolkit.translation import choices
from toolkit.translation.start import TranslationStarter

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("babel")

SMALL = [
    "generator.width=16",
    "generator.hidden=32",
    "generator.encoder_layers=1",
    "generator.decoder_layers=1",
    "generator.heads=2",
    "engine.device=cpu",
    "trainer.evaluate_every=null",
    "trainer.samples_every=null",
    "report.trackers=[]",
]


def planned(source: Path, target: Path | None = None, *overrides: str) -> Any:
    more = [] if target is None else [f'data.target="{target}"']
    return TranslationStarter().plan(source, [*more, *overrides], "cpu")


def tsv(folder: Path, name: str, lines: list[tuple[str, str]]) -> Path:
    file = folder / name
    file.write_text("".join(f"{one}\t{other}\n" for one, other in lines), encoding="utf-8")
    return file


# -- planning -----------------------------------------------------------------------------------------------------


def test_the_recipe_it_writes_is_valid_and_says_why(tmp_path: Path) -> None:
    source, target = write_pairs(tmp_path, 300)
    plan = planned(source, target)
    recipe = load_recipe(plan.document)
    assert recipe.data["source_language"] == "en"
    assert recipe.data["target_language"] == "nl"
    assert recipe.generator["width"] == 128
    assert plan.place == "data.source"
    told = "\n".join(plan.reasons)
    for word in (
        "languages en to nl: the names toy.en and toy.nl",
        "300 pairs",
        "vocabulary",
        "network",
        "steps",
        "rate",
    ):
        assert word in told
    assert any("duplicate" in line for line in plan.notices)


@pytest.mark.parametrize(
    ("name", "lines", "languages"),
    [
        ("memory.en-de.tsv", [("the house", "das Haus")], ("en", "de")),
        ("deu_eng.tsv", [("das Haus", "the house")], ("de", "en")),
        ("pairs.tsv", [("你好吗", "こんにちは、げんき")], ("zh", "ja")),
    ],
)
def test_languages_are_read_off_names_and_scripts(
    tmp_path: Path, name: str, lines: list[tuple[str, str]], languages: tuple[str, str]
) -> None:
    numbered = [(f"{one} {number}", f"{other} {number}") for number in range(40) for one, other in lines]
    plan = planned(tsv(tmp_path, name, numbered))
    assert (plan.document["data"]["source_language"], plan.document["data"]["target_language"]) == languages
    assert plan.document["data"]["pairs"] == str(tmp_path / name)


def test_packed_files_are_named_by_what_stands_before_gz(tmp_path: Path) -> None:
    files = []
    for file in write_pairs(tmp_path, 200):
        packed = file.with_name(file.name + ".gz")
        packed.write_bytes(gzip.compress(file.read_bytes()))
        files.append(packed)
    assert planned(files[0], files[1]).document["data"]["target_language"] == "nl"


def test_languages_that_nothing_names_are_asked_for(tmp_path: Path) -> None:
    file = tsv(tmp_path, "memory.tsv", [(f"the house {number}", f"das Haus {number}") for number in range(40)])
    with pytest.raises(DataError, match="which language the source and the target is in") as caught:
        planned(file)
    assert "data.source_language=en data.target_language=de" in caught.value.way_out
    named = planned(file, None, "data.source_language=en", "data.target_language=de")
    assert named.document["data"]["target_language"] == "de"


def test_an_ending_that_is_no_language_is_refused(tmp_path: Path) -> None:
    source, target = write_pairs(tmp_path, 60)
    with pytest.raises(DataError, match="no language 'qx'"):
        planned(source, target.rename(target.with_suffix(".qx")))


def test_a_handful_of_pairs_is_refused_with_the_cleaning_report(tmp_path: Path) -> None:
    file = tsv(tmp_path, "few.en-de.tsv", [("the house", "das Haus")] * 50)
    with pytest.raises(DataError, match="1 usable pairs") as caught:
        planned(file)
    assert "duplicate" in str(caught.value)


def test_choices_grow_with_the_corpus() -> None:
    widths = [choices.network(count, "cpu").value["width"] for count in (1_000, 20_000, 200_000, 2_000_000)]
    dropouts = [choices.network(count, "cpu").value["dropout"] for count in (1_000, 20_000, 200_000)]
    assert widths == sorted(widths)
    assert dropouts == sorted(dropouts, reverse=True)
    assert choices.vocabulary(20_000, ("en", "zh")).value > choices.vocabulary(20_000, ("en", "de")).value
    assert choices.length(27_000, 180, "cpu").value < choices.length(200_000, 180, "cpu").value
    assert "trainer.steps=" in choices.length(2_000_000, 100, "cpu").why


def test_the_learning_rate_peaks_where_the_reason_says(tmp_path: Path) -> None:
    from toolkit.config import build

    schedule = build("schedules", choices.learning_rate(192, 1000, 100).value, "lr")
    values = [schedule(samples) for samples in range(0, 100_001, 1000)]
    assert max(values) == pytest.approx(2e-3, rel=0.06)
    assert values.index(max(values)) == 15
    assert values[-1] == pytest.approx(2e-5, rel=0.01)


# -- the command --------------------------------------------------------------------------------------------------


def train(*arguments: object) -> Any:
    return call("train", "translation", *arguments, *SMALL, "--quiet")


def test_two_files_train_a_model_and_the_same_command_goes_on(tmp_path: Path) -> None:
    source, target = write_pairs(tmp_path, 120)
    files = ["--source", source, "--target", target, "--out", tmp_path / "run"]
    first = train(*files, "trainer.steps=4")
    assert first.code == 0, first.err
    assert f"use it:      toolkit generate translation {tmp_path / 'run'}" in first.out
    record = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert record["data"] == str(source)
    second = train(*files, "trainer.steps=6")
    assert second.code == 0, second.err
    assert "4 of 6 steps are done" in second.out
    third = train(*files, "trainer.steps=6")
    assert "is finished" in third.out


def test_one_file_with_both_sides(tmp_path: Path) -> None:
    rows = [(f"go {number}", f"gaan {number}") for number in range(60)]
    file = tsv(tmp_path, "memory.en-nl.tsv", rows)
    for number, option in enumerate(("--pairs", "--data")):
        outcome = train(option, file, "--out", tmp_path / f"run{number}", "trainer.steps=2")
        assert outcome.code == 0, outcome.err
        assert (tmp_path / f"run{number}" / "model" / "source.spm").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["translation", "--source", "a.en"], "--source needs --target"),
        (["translation", "--target", "a.en"], "--target needs --source"),
        (["translation", "--source", "a.en", "--target", "a.de", "--pairs", "c.tsv"], "given twice"),
        (["image", "--source", "a.en", "--target", "a.de"], "goes with translation"),
        (["translation"], "toolkit train translation --source a.en --target a.de --out RUN"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], words: str) -> None:
    assert words in refused("train", *arguments)


def test_files_of_different_lengths_leave_no_run_behind(tmp_path: Path) -> None:
    source, target = write_pairs(tmp_path, 120)
    target.write_text("".join(target.read_text().splitlines(keepends=True)[:-7]))
    told = refused("train", "translation", "--source", source, "--target", target, "--out", tmp_path / "run")
    assert "has 120 lines" in told
    assert "has 113" in told
    assert not (tmp_path / "run").exists()
