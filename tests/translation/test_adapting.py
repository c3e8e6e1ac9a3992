"""Adapting a translator: what is won, what is forgotten, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import toolkit
from tests.translation.toy import WORDS, sentences
from toolkit.cli import main
from toolkit.config import build
from toolkit.data.splits import split
from toolkit.errors import CheckpointError, ConfigError, DataError
from toolkit.runs.adapting import adapt
from toolkit.translation.two_domains import TwoDomains

NEW = {"ba": ("zu", "hond"), "go": ("ki", "kat"), "lo": ("wa", "koe"), "ru": ("ye", "geit")}
SHORT = [
    "trainer.steps=100",
    "trainer.evaluate_every=50",
    "optimizer.generator.lr.then.start=0.004",
    "report.evaluation_samples=20",
    "engine.device=cpu",
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The toy language with some of its words replaced by others, which the model has never met."""
    folder = tmp_path_factory.mktemp("new")
    found = [folder / "new.en", folder / "new.nl"]
    pairs = sentences(400, 5)
    for known, word in NEW.items():
        pairs = [(one.replace(known, word[0]), other.replace(WORDS[known], word[1])) for one, other in pairs]
    for side, file in enumerate(found):
        file.write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def adapted(
    translator: Path, files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any, list[str]]:
    """A run, what it reported and what it said."""
    out = tmp_path_factory.mktemp("adapted") / "run"
    said: list[str] = []
    return out, adapt(translator, files, out, SHORT, quiet=True, say=said.append), said


def test_both_domains_are_measured_before_and_after(adapted: tuple[Path, Any, list[str]]) -> None:
    out, found, said = adapted
    assert found["new"]["sentences"] > 5
    assert found["old"]["sentences"] > 5
    assert found["old"]["before"]["bleu"] > 60, "the start knows its own sentences"
    assert found["new"]["after"]["bleu"] > found["new"]["before"]["bleu"], "and learns the new ones"
    assert json.loads((out / "adaptation.json").read_text())["new"] == found["new"]
    assert len(found["words"]) == 2
    assert "sentences: BLEU" in found["words"][0]
    assert any("30% of the training pairs are old ones" in line for line in said)


def test_the_adapted_model_is_used_like_any_other(adapted: tuple[Path, Any, list[str]]) -> None:
    assert toolkit.load(adapted[0], device="cpu").translate(["zu de fi"])[0].text


def test_the_same_call_goes_on(translator: Path, files: list[Path], adapted: tuple[Path, Any, list[str]]) -> None:
    said: list[str] = []
    again = adapt(translator, files, adapted[0], ["trainer.steps=102"], quiet=True, say=said.append)
    assert said[0].startswith("going on with")
    assert again["new"]["sentences"] == adapted[1]["new"]["sentences"]


def test_old_sentences_that_were_measured_with_are_never_trained_on(translator: Path, files: list[Path]) -> None:
    config = json.loads((translator / "config.json").read_text())
    new = {
        "name": "parallel_text",
        "source_language": "en",
        "target_language": "nl",
        "source": str(files[0]),
        "target": str(files[1]),
        "segmentation": str(translator),
    }
    recipe = config["recipe"]
    old = build("datasets", recipe["data"])
    source = TwoDomains(str(translator), build("datasets", new), old, None, recipe["split"], recipe["seed"], share=0.5)
    kept = {old.pair(int(i)).source for i in split(old, recipe["split"], recipe["seed"])["validation"][1::2]}
    rows = range(len(source))
    trained = [row for row in rows if source.split_of(row) == "train"]
    assert not kept & {source.pair(row).source for row in trained if source.domain(row) == "old"}
    counts = {domain: sum(source.domain(row) == domain for row in trained) for domain in ("new", "old")}
    assert counts["old"] == pytest.approx(counts["new"], rel=0.05)
    chosen_by = [source.domain(row) for row in rows if source.split_of(row) == "validation"]
    assert 0 < chosen_by.count("old") <= chosen_by.count("new")
    assert "old" in {source.domain(row) for row in rows if source.split_of(row) == "test"}


def test_without_the_old_data_it_says_so_and_goes_on(
    translator: Path, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in translator.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config["recipe"]["data"]["source"] = "/nowhere/toy.en"
    (folder / "config.json").write_text(json.dumps(config))
    said: list[str] = []
    steps = ["trainer.steps=2", *SHORT[1:]]
    found = adapt(folder, files, tmp_path / "run", steps, quiet=True, say=said.append)
    assert "old" not in found
    assert any("cannot be had" in line for line in said)
    assert not any("old ones" in line for line in said), "nothing is mixed in"
    assert "was not measured" in found["words"][1]


def test_mistakes_are_explained(
    translator: Path, files: list[Path], adapted: tuple[Path, Any, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="no translator"):
        adapt("digits-classifier", files, tmp_path / "a")
    with pytest.raises(CheckpointError, match="nothing-here"):
        adapt("nothing-here", files, tmp_path / "b")
    with pytest.raises(CheckpointError, match="already holds a run of something else"):
        adapt("tatoeba-en-zh", files, adapted[0])
    with pytest.raises(DataError, match=r"absent\.en"):
        adapt(translator, [tmp_path / "absent.en", files[1]], tmp_path / "c")
    with pytest.raises(DataError, match=r"gone\.tsv"):
        adapt(translator, files, tmp_path / "c", old=[tmp_path / "gone.tsv"])
    with pytest.raises(ConfigError, match=r"between 0 and 0\.9"):
        TwoDomains(str(translator), None, share=0.95)
    assert not (tmp_path / "c").exists()


def test_a_model_of_other_languages_is_a_beginning_where_the_task_says_so(
    translator: Path, files: list[Path], tmp_path: Path
) -> None:
    document: dict[str, Any] = {
        **json.loads((translator / "config.json").read_text())["recipe"],
        "start": str(translator),
        "data": {
            "name": "parallel_text",
            "source_language": "en",
            "target_language": "fr",
            "source": str(files[0]),
            "target": str(files[1]),
            "segmentation": str(translator),
            "count": 50,
        },
    }
    few = ["trainer.steps=1", "trainer.evaluate_every=null"]
    with pytest.raises(CheckpointError, match="translates en to nl, and this data is en to fr") as refused:
        toolkit.train(document, tmp_path / "a", few, quiet=True)
    assert "task.transfer=true" in str(refused.value)
    toolkit.train(document, tmp_path / "b", [*few, "task.transfer=true"], quiet=True)
    child = toolkit.load(tmp_path / "b", device="cpu")
    assert child.languages == ("en", "fr")
    assert child.translate(["ba de"])[0].text


def test_the_command(
    translator: Path, files: list[Path], adapted: tuple[Path, Any, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--source", str(files[0]), "--target", str(files[1]), "--out", str(adapted[0]), "--quiet"]
    with pytest.raises(SystemExit) as ended:
        main(["adapt", str(translator), *given])
    assert ended.value.code == 0
    assert "BLEU" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["adapt", str(translator), "--source", str(files[0]), "--out", str(adapted[0])])
    assert ended.value.code == 2
    assert "--source and --target go together" in capsys.readouterr().err
