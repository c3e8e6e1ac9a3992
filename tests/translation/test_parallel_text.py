"""Sentence pairs from files: what is read, cleaned, held out and refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.translation.toy import sentences, write_pairs
from toolkit.data.splits import split
from toolkit.errors import CheckpointError, ConfigError, DataError
from toolkit.translation.catalogue import Catalogue
from toolkit.translation.parallel_text import ParallelText

pytest.importorskip("sentencepiece")
pytest.importorskip("babel")


def read(place: Path, **settings: object) -> ParallelText:
    given = {"source": str(place / "toy.en"), "target": str(place / "toy.nl"), "vocabulary": 340, "placeholders": 0}
    return ParallelText("en", "nl", **{**given, **settings})  # type: ignore[arg-type]


def counts(source: ParallelText) -> dict[str, int]:
    return {name: len(places) for name, places in split(source).items()}


def test_two_files_are_read_cleaned_and_segmented(tmp_path: Path) -> None:
    write_pairs(tmp_path, 300)
    source = read(tmp_path)
    assert source.report is not None
    assert len(source) == source.report.kept < 300
    assert any("duplicate" in problem.reason for problem in source.problems)
    assert sum(counts(source).values()) == len(source)


def test_without_cleaning_everything_is_kept(tmp_path: Path) -> None:
    write_pairs(tmp_path, 300)
    source = read(tmp_path, cleaning=False)
    assert source.report is None
    assert len(source) == 300


def test_a_file_of_pairs_can_stand_beside_two_files(tmp_path: Path) -> None:
    write_pairs(tmp_path, 100)
    (tmp_path / "more.tsv").write_text("".join(f"{one}\t{other}\n" for one, other in sentences(50, seed=8)))
    both = read(tmp_path, cleaning=False, pairs=str(tmp_path / "more.tsv"))
    assert len(both) == 150


def test_held_out_files_are_whole_splits_and_never_trained_on(tmp_path: Path) -> None:
    write_pairs(tmp_path, 300)
    write_pairs(tmp_path / "held", 40, seed=5)
    source = read(tmp_path, test=[str(tmp_path / "held" / "toy.en"), str(tmp_path / "held" / "toy.nl")])
    parts = split(source, {"train": 0.9, "validation": 0.1, "test": 0.0})
    assert len(parts["test"]) == 40
    assert len(parts["validation"]) > 0
    read_sources = {source.pair(int(place)).source for place in parts["train"]}
    assert not read_sources & {source.pair(int(place)).source for place in parts["test"]}
    assert any("held out as well" in problem.reason for problem in source.problems)


def test_validation_and_test_leave_all_other_pairs_to_training(tmp_path: Path) -> None:
    write_pairs(tmp_path, 200)
    for name, seed in (("a", 5), ("b", 6)):
        write_pairs(tmp_path / name, 20, seed)
    files = {name: [str(tmp_path / name / f"toy.{code}") for code in ("en", "nl")] for name in ("a", "b")}
    source = read(tmp_path, validation=files["a"], test=files["b"])
    found = counts(source)
    assert (found["validation"], found["test"]) == (20, 20)
    assert found["train"] == len(source) - 40


def test_the_vocabulary_of_a_model_is_taken_over(tmp_path: Path) -> None:
    write_pairs(tmp_path, 200)
    first = read(tmp_path)
    first.segmenter.save(tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text("{}")
    second = read(tmp_path, segmentation=str(tmp_path / "model"), vocabulary=500)
    assert second.segmenter.fingerprint() == first.segmenter.fingerprint()
    other = read(tmp_path, vocabulary=300)
    shutil.copy(tmp_path / "model" / "vocab.json", tmp_path / "vocab.json")
    other.segmenter.save(tmp_path / "model")
    shutil.copy(tmp_path / "vocab.json", tmp_path / "model" / "vocab.json")
    with pytest.raises(CheckpointError, match="vocabulary of another model"):
        read(tmp_path, segmentation=str(tmp_path / "model"))


def test_settings_that_do_not_go_together(tmp_path: Path) -> None:
    write_pairs(tmp_path, 100)
    with pytest.raises(ConfigError, match=r"data\.target: 0 files for 1"):
        read(tmp_path, target=None)
    with pytest.raises(ConfigError, match=r"data\.source: is missing"):
        ParallelText("en", "nl")
    with pytest.raises(ConfigError, match=r"data\.vocabulary: is 100, too small"):
        read(tmp_path, vocabulary=100)
    with pytest.raises(DataError, match="no language 'xq'"):
        ParallelText("xq", "nl", source="a", target="b")
    with pytest.raises(DataError, match="no-such-set") as caught:
        read(tmp_path, folder="no-such-set")
    assert "TOOLKIT_DATA" in caught.value.way_out


def test_the_embedded_catalogue_has_both_plural_forms_and_its_placeholders() -> None:
    pytest.importorskip("polib")
    source = Catalogue()
    texts = {source.pair(place).source: source.pair(place).target for place in range(len(source))}
    assert len(texts) > 700
    assert texts["%d file opened"] == "%d Datei geöffnet"
    assert texts["%d files opened"] == "%d Dateien geöffnet"
    place = next(place for place in range(len(source)) if "<b>%s</b>" in source.pair(place).source)
    encoded = source.encode_source(source.pair(place).source)
    assert encoded.originals == ("<b>", "%s", "</b>")
    assert source.segmenter.decode(source[place]["target"], encoded.originals) == source.pair(place).target
