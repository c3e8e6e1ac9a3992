"""Translating with a trained model: one text, many, long ones; searches; ways to compute; what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import toolkit
from tests.translation.models import toy_pairs
from toolkit.errors import CheckpointError, ConfigError, DataError, ToolkitError
from toolkit.translation.engines import Request, TorchEngine
from toolkit.translation.pipeline import TranslationPipeline


@pytest.fixture(scope="module")
def pipeline(translator: Path) -> TranslationPipeline:
    found = toolkit.load(translator, device="cpu")
    assert isinstance(found, TranslationPipeline)
    return found


def texts_of(answers: list[Any]) -> list[str]:
    return [one.text for one in answers]


def test_it_has_learned_its_language(pipeline: TranslationPipeline) -> None:
    pairs = toy_pairs(60, seed=5)
    found = pipeline.translate([source for source, _ in pairs])
    right = sum(one.text == target for one, (_, target) in zip(found, pairs, strict=True))
    assert right >= 54
    assert [one.source for one in found] == [source for source, _ in pairs]
    assert all(one.score < 0 for one in found)


def test_one_text_is_translated_as_it_is_among_many(pipeline: TranslationPipeline) -> None:
    sources = [source for source, _ in toy_pairs(12, seed=6)]
    together = pipeline.translate(sources)
    for source, one in zip(sources[:4], together, strict=False):
        alone = pipeline.translate(source)
        assert alone.text == one.text
        assert alone.score == pytest.approx(one.score, abs=1e-4)


def test_what_has_no_words_stays_as_it_is(pipeline: TranslationPipeline) -> None:
    assert pipeline.translate([]) == []
    for text in ("", "   ", "\n\n", "%s", "...", " {name} \n <b></b>"):
        found = pipeline.translate(text)
        assert found.text == text
        assert found.score == 0.0
        assert found.alternatives == ()


def test_blanks_and_lines_around_sentences_are_kept(pipeline: TranslationPipeline) -> None:
    found = pipeline.translate("  ba de.\n\n\tfi go.   \r\nhu\n")
    assert found.text == "  nul een.\n\n\ttwee drie.   \r\nvier\n"


def test_a_long_text_is_cut_and_nothing_is_lost(pipeline: TranslationPipeline) -> None:
    text = "ba de fi go.\n" * 300
    steps: list[tuple[int, int]] = []
    found = pipeline.translate(text, beam=1, progress=lambda done, total: steps.append((done, total)))
    assert found.text == "nul een twee drie.\n" * 300
    assert steps[-1] == (300, 300)
    assert steps == sorted(steps)
    endless = pipeline.translate(" ".join(["ba"] * 500), beam=1, split=False)  # no sentence end, far over 64 subwords
    assert endless.text.count("nul") > 500 // 64, (
        "something of every piece; the model has seen no sentence of more than five"
    )
    assert endless.source == " ".join(["ba"] * 500)


def test_a_stream_gives_the_same_text_piece_by_piece(pipeline: TranslationPipeline) -> None:
    text = "ba de.\nfi go\n\n  hu ka.\n" * 10
    pieces = list(pipeline.stream(text, beam=2))
    assert len(pieces) >= 30
    assert "".join(one.text for one in pieces) == pipeline.translate(text, beam=2).text
    assert "".join(one.source for one in pieces) == text


def test_a_stream_begins_before_the_whole_is_translated(
    pipeline: TranslationPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    run = TorchEngine.run

    def watched(engine: TorchEngine, request: Request, progress: Any = None) -> Any:
        seen.append(len(request.rows))
        return run(engine, request, progress)

    monkeypatch.setattr(TorchEngine, "run", watched)
    stream = pipeline.stream("ba.\nde.\nfi.\ngo.", beam=1)
    assert next(stream).text.startswith("nul.")
    assert seen == [1]
    assert len(list(stream)) == 3


def test_alternatives_are_different_and_sorted(pipeline: TranslationPipeline) -> None:
    found = pipeline.translate("ba de fi.", beam=6, n_best=4)
    scores = [one.score for one in found.alternatives]
    assert len({one.text for one in found.alternatives}) == 4
    assert scores == sorted(scores, reverse=True)
    assert found.alternatives[0].text == found.text
    assert found.alternatives[0].score == found.score
    assert len(found.to_document()["alternatives"]) == 4
    two = pipeline.translate("ba.\nde.", beam=3, n_best=2)
    assert two.alternatives[0].text == "nul.\neen."
    assert len(two.alternatives) == 2


def test_the_alignment_follows_the_words(pipeline: TranslationPipeline) -> None:
    found = pipeline.translate("ba de fi go", alignment=True)
    (one,) = found.alignment
    assert "".join(one.target).replace("▁", " ").strip() == found.text
    assert one.source[-1] == "</s>"
    assert len(one.places) == len(one.target) == len(one.weights)
    for row in one.weights:
        assert len(row) == len(one.source)
        assert sum(row) == pytest.approx(1, abs=1e-4)
    assert json.dumps(found.to_document())
    assert pipeline.translate("ba", alignment=False).alignment == ()


def test_what_is_drawn_is_a_function_of_the_seed(pipeline: TranslationPipeline) -> None:
    sources = [source for source, _ in toy_pairs(8, seed=7)]
    hot: dict[str, Any] = {"sample": True, "temperature": 2.5}
    first, again = (texts_of(pipeline.translate(sources, seed=3, **hot)) for _ in range(2))
    assert first == again
    assert texts_of(pipeline.translate(sources, seed=4, **hot)) != first
    assert texts_of(pipeline.translate(sources[:3], seed=3, **hot)) == first[:3]
    greedy = texts_of(pipeline.translate(sources, beam=1))
    assert texts_of(pipeline.translate(sources, sample=True, top_k=1)) == greedy


def test_minimum_risk_takes_what_most_samples_agree_on(pipeline: TranslationPipeline) -> None:
    chosen: dict[str, Any] = {"minimum_risk": 16, "temperature": 1.5}
    found = pipeline.translate("ba de fi go", seed=1, **chosen)
    assert found.text == "nul een twee drie"
    assert 0 < found.score <= 100
    assert pipeline.translate("ba de fi go", seed=1, **chosen) == found
    several = pipeline.translate("ba de fi go", seed=1, n_best=3, minimum_risk=16, temperature=2.5)
    assert len({one.text for one in several.alternatives}) == len(several.alternatives) == 3


def test_no_n_gram_twice(pipeline: TranslationPipeline) -> None:
    assert pipeline.translate("ba de ba de", beam=2).text.count("nul") == 2
    blocked = pipeline.translate("ba de ba de", beam=2, no_repeat=1).text
    assert blocked.count("nul") == 1


def test_the_length_penalty_decides_between_short_and_long(pipeline: TranslationPipeline) -> None:
    """With unlikely ends the score per subword prefers another length than the whole does."""
    source = "ba de fi go hu"
    short = pipeline.translate(source, beam=8, length_penalty=-4.0).text
    usual = pipeline.translate(source, beam=8).text
    assert usual == "nul een twee drie vier"
    assert len(short) <= len(usual)
    one = pipeline.translate(source, beam=4, length_penalty=0.0)
    other = pipeline.translate(source, beam=4, length_penalty=1.0)
    assert one.text == other.text
    assert one.score < other.score, "the whole log-probability is less than its mean"


def test_eight_bit_products_translate_alike(pipeline: TranslationPipeline) -> None:
    sources = [source for source, _ in toy_pairs(30, seed=8)]
    exact = texts_of(pipeline.translate(sources))
    other = TranslationPipeline(pipeline.network, pipeline.segmenter, pipeline.languages).compute_in("torch-int8")
    assert other.engine.name == "torch-int8"
    rounded = texts_of(other.translate(sources))
    assert sum(one == two for one, two in zip(exact, rounded, strict=True)) >= 27
    half = TranslationPipeline(pipeline.network, pipeline.segmenter, pipeline.languages).compute_in("torch-bfloat16")
    assert sum(one == two for one, two in zip(exact, texts_of(half.translate(sources)), strict=True)) >= 27


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beams": 3}, "beams: no such option"),
        ({"beam": 0}, "beam: is 0"),
        ({"beam": 2, "n_best": 3}, "more than the 2 hypotheses"),
        ({"temperature": 0.0, "sample": True}, "temperature"),
        ({"minimum_risk": 1}, "at least 2"),
        ({"ratio": -1.0}, "room"),
        ({"top_p": 1.5}, "top_p"),
    ],
)
def test_impossible_options_are_named(pipeline: TranslationPipeline, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pipeline.translate("ba", **options)


def test_ways_to_compute_are_checked(pipeline: TranslationPipeline) -> None:
    other = TranslationPipeline(pipeline.network, pipeline.segmenter, pipeline.languages)
    with pytest.raises(ToolkitError, match=r"no path 'torch-int9'.*torch-int8"):
        other.compute_in("torch-int9")
    with pytest.raises(CheckpointError, match="no model folder"):
        other.export_ctranslate2()


def copied(translator: Path, folder: Path) -> Path:
    return Path(shutil.copytree(translator, folder / "model"))


def test_files_of_two_models_do_not_mix(translator: Path, tmp_path: Path) -> None:
    from toolkit.translation.segmentation.tokenizer import Segmenter

    folder = copied(translator, tmp_path)
    Segmenter.train(["other words here"] * 20, ["woorden"] * 20, 290).save(folder)
    with pytest.raises(CheckpointError, match="trained with another vocabulary"):
        toolkit.load(folder)
    config = json.loads((folder / "config.json").read_text())
    del config["segmentation"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="no entry 'segmentation'"):
        toolkit.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "source.spm", "vocab.json", "segmenter.json"])
def test_an_absent_file_of_the_model_is_named(translator: Path, tmp_path: Path, name: str) -> None:
    folder = copied(translator, tmp_path)
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        toolkit.load(folder)


def test_a_termbase_may_be_a_file(pipeline: TranslationPipeline, tmp_path: Path) -> None:
    file = tmp_path / "terms.tsv"
    file.write_text("ba\tniets|nul\nde\tééntje\n", encoding="utf-8")
    found = pipeline.translate("ba de fi", terms=file)
    assert "ééntje" in found.text
    assert "twee" in found.text
    assert [(term.source, kept) for term, kept in found.terms] == [("ba", True), ("de", True)]
    file.write_text("ba\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"terms\.tsv:1: no tab"):
        pipeline.translate("ba", terms=file)


def test_equal_models_have_equal_fingerprints(pipeline: TranslationPipeline, translator: Path) -> None:
    other: Any = toolkit.load(translator)
    assert other.fingerprint() == pipeline.fingerprint()
    with torch.no_grad():
        next(other.network.parameters()).add_(0.01)
    assert other.fingerprint() != pipeline.fingerprint()
