"""Variants of a recipe from one start: trained once, compared, shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import toolkit
from tests.translation import toy
from tests.translation.adversarial.games import CROSS_ENTROPY, game
from toolkit.config.yaml import dump_yaml
from toolkit.errors import ConfigError, DataError
from toolkit.runs.comparing import compare
from toolkit.translation.pipeline import TranslationPipeline

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("sacrebleu")

PLAIN = {"task": {"name": "translation"}, "discriminators": {"main": None}, "estimator": "pathwise"}
VARIANTS = {
    "scratch": {**PLAIN, "start": None},
    "more_mle": PLAIN,
    "risk": {**PLAIN, "terms": [CROSS_ENTROPY, {"name": "minimum_risk", "candidates": 2}]},
}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    toolkit.train(toy.recipe(folder / "data", 40), folder / "start", quiet=True)
    split = {"train": 0.8, "validation": 0.1, "test": 0.1}
    game_alone = {"shared_batch": True, "shared_fakes": True, "discriminator_warmup": 10, "accuracy_band": [0.5, 0.99]}
    document = game(folder / "data", 3, trainer__evaluate_every=2, split=split)
    document["trainer"] |= game_alone  # variants without a discriminator have no use for it, and are no error
    file = folder / "recipe.yaml"
    file.write_text(dump_yaml({**document, "start": str(folder / "start"), "variants": VARIANTS}))
    return file


def test_all_variants_of_one_start_are_trained_and_compared_and_trained_once(recipe: Path, tmp_path: Path) -> None:
    found = compare(recipe, tmp_path, seeds=(0, 1), samples=20, quiet=True)
    assert set(found["systems"]) == {"start", "recipe", "more_mle", "risk"}
    assert found["baseline"] == "more_mle"
    assert all(len(found["systems"][name]["runs"]) == 2 for name in ("recipe", "more_mle", "risk"))
    assert any(words.startswith("risk: ") for words in found["words"])
    assert any(words.startswith("start: more_mle ") for words in found["words"])
    assert {"accuracy.svg", "reward.svg", "validation-bleu.svg"} <= set(found["charts"])
    table = (tmp_path / "comparison.md").read_text()
    assert "| risk | " in table
    assert "tok:13a" in table
    assert json.loads((tmp_path / "comparison.json").read_text()) == json.loads(json.dumps(found))
    assert len(json.loads((tmp_path / "runs" / "risk-1" / "translations.json").read_text())["texts"]) == 20
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("runs/*/model/model.safetensors")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TranslationPipeline, "translate", lambda *_, **__: pytest.fail("translated again"))
        again = compare(recipe, tmp_path, seeds=(0, 1), samples=20, quiet=True)
    assert before == {file: file.stat().st_mtime_ns for file in before}
    assert again["systems"] == found["systems"]


def test_terms_that_occur_are_counted(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "terms.tsv").write_text("ba\tnul\nka\tvijf\n")
    (tmp_path / "others.tsv").write_text("zebra\tzebra\n")
    found = compare(recipe, tmp_path / "out", ["more_mle"], samples=20, terms=tmp_path / "terms.tsv", quiet=True)
    assert all(0 <= one["values"]["term_accuracy"] <= 1 for one in found["systems"].values())
    assert "| exact match | terms | distinct-1 |" in (tmp_path / "out" / "comparison.md").read_text()
    with pytest.raises(DataError, match="no term of the termbase occurs"):
        compare(recipe, tmp_path / "out", ["more_mle"], samples=20, terms=tmp_path / "others.tsv", quiet=True)


def test_what_cannot_be_compared_is_named(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no 'risc'.*risk"):
        compare(recipe, tmp_path, ["risc"])
    with pytest.raises(ConfigError, match="scratch begins with nothing"):
        compare(recipe, tmp_path, ["scratch", "risk"])
    with pytest.raises(ConfigError, match="'best' is not compared"):
        compare(recipe, tmp_path, ["risk"], baseline="best")
