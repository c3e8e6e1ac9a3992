"""Measuring a translator: BLEU, chrF, exact matches, terms, intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import toolkit
from tests.translation.models import toy_pairs
from toolkit.errors import DataError
from toolkit.translation.scores import score


def written(folder: Path, pairs: list[tuple[str, str]]) -> tuple[Path, Path]:
    files = folder / "x.en", folder / "x.nl"
    for file, side in zip(files, zip(*pairs, strict=True), strict=True):
        file.write_text("".join(f"{text}\n" for text in side), encoding="utf-8")
    return files


def test_scores_are_those_of_sacrebleu() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    ours = ["the cat is on the mat.", "a dog ran away quickly"]
    references = ["the cat sat on the mat.", "a dog ran away quickly"]
    found = score(ours, references, "en")
    assert found.values["bleu"] == pytest.approx(sacrebleu.corpus_bleu(ours, [references]).score)
    assert found.values["chrf"] == pytest.approx(sacrebleu.corpus_chrf(ours, [references]).score)
    assert found.values["exact_match"] == 0.5
    assert "tok:13a" in found.signatures["bleu"]
    assert found.intervals == {}
    chinese = score(["我 喜欢 猫"], ["我喜欢猫"], "zh_TW")
    assert "tok:zh" in chinese.signatures["bleu"]
    assert chinese.values["bleu"] == pytest.approx(100)


def test_as_many_translations_as_references() -> None:
    with pytest.raises(DataError, match="2 translations cannot be compared with 1"):
        score(["a", "b"], ["a"], "en")
    with pytest.raises(DataError, match="0 translations"):
        score([], [], "en")


def test_a_model_is_measured_on_two_files(translator: Path, tmp_path: Path) -> None:
    pairs = toy_pairs(50, seed=21)
    sides = written(tmp_path, pairs)
    found = toolkit.evaluate(translator, sides=sides, settings={"beam": 2})
    assert found["samples"] == found["real_samples"] == 50
    assert found["metrics"]["bleu"] > 85
    assert found["metrics"]["chrf"] > 85
    assert 0.8 <= found["metrics"]["exact_match"] <= 1
    assert "term_accuracy" not in found["metrics"]
    assert set(found["intervals"]) == {"bleu", "chrf", "exact_match"}
    assert 0 < found["intervals"]["bleu"] < 20
    assert found["signatures"]["bleu"].startswith("nrefs:1")
    assert found["languages"] == ["en", "nl"]
    assert found["examples"][0]["reference"] == pairs[0][1]
    wrong = written(tmp_path, [(source, "iets anders") for source, _ in pairs])
    assert toolkit.evaluate(translator, sides=wrong, metrics="bleu")["metrics"] == {"bleu": pytest.approx(0, abs=1)}


def test_some_pairs_are_a_sample_that_the_seed_decides(translator: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"{a}\t{b}\n" for a, b in toy_pairs(40, 22)), encoding="utf-8")
    runs = [toolkit.evaluate(translator, real=file, samples=10, seed=seed, settings={"beam": 1}) for seed in (1, 1, 2)]
    assert [one["samples"] for one in runs] == [10, 10, 10]
    assert runs[0]["examples"] == runs[1]["examples"] != runs[2]["examples"]


def test_terms_are_kept_and_measured(translator: Path, tmp_path: Path) -> None:
    sides = written(tmp_path, [("ba de fi", "nul een twee"), ("go hu ba", "drie vier nul"), ("ka", "vijf")])
    terms = tmp_path / "terms.tsv"
    terms.write_text("ba\tnulletje|zero\nhu\tvier\n", encoding="utf-8")
    settings: dict[str, Any] = {"terms": terms}
    found = toolkit.evaluate(translator, sides=sides, settings=settings)
    assert found["metrics"]["term_accuracy"] == 1.0
    assert found["terms"]["total"] == 3
    assert found["terms"]["terms"]["ba"] == {"kept": 2, "total": 2}
    assert "nulletje" in found["examples"][0]["translation"] or "zero" in found["examples"][0]["translation"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"metrics": ["blue"]}, "no metric 'blue'"), ({"metrics": ["term_accuracy"]}, "needs a termbase")],
)
def test_unknown_metrics_are_named(translator: Path, tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        toolkit.evaluate(translator, sides=written(tmp_path, toy_pairs(3)), **settings)


def test_files_that_do_not_fit_are_refused(translator: Path, tmp_path: Path) -> None:
    source, target = written(tmp_path, toy_pairs(5))
    with open(target, "a", encoding="utf-8") as file:
        file.write("een regel te veel\n")
    with pytest.raises(DataError, match=r"x\.nl.*6|5.*6"):
        toolkit.evaluate(translator, sides=(source, target))
    source.write_text("\n\n", encoding="utf-8")
    target.write_text("\n\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no text"):
        toolkit.evaluate(translator, sides=(source, target))
    with pytest.raises(DataError, match="--features"):
        toolkit.evaluate(translator, sides=(source, target), features="pixels")
