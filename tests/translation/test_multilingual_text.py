"""One model for several target languages: tokens, splits, and a model that writes what it is told to."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import toolkit
from tests.translation.toy import WORDS, recipe, sentences
from toolkit.data.splits import split
from toolkit.errors import ConfigError, ToolkitError
from toolkit.translation.multilingual_text import MultilingualText

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("babel")

GERMAN = dict(
    zip(
        WORDS,
        ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf"],
        strict=True,
    )
)


def write(folder: Path, count: int = 400) -> list[dict[str, Any]]:
    """Two corpora with the same sources: into Dutch as text files, into German as TSV."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = sentences(count)
    (folder / "a.en").write_text("".join(f"{one}\n" for one, _ in pairs))
    (folder / "a.nl").write_text("".join(f"{other}\n" for _, other in pairs))
    rows = [(one, " ".join(GERMAN[word] for word in one.split())) for one, _ in pairs]
    (folder / "b.tsv").write_text("".join(f"{one}\t{other}\n" for one, other in rows))
    return [
        {
            "source_language": "en",
            "target_language": "nl",
            "source": str(folder / "a.en"),
            "target": str(folder / "a.nl"),
        },
        {"source_language": "en", "target_language": "de", "pairs": str(folder / "b.tsv")},
    ]


def test_every_source_begins_with_the_token_of_its_target(tmp_path: Path) -> None:
    source = MultilingualText(write(tmp_path, 60), vocabulary=400, placeholders=0)
    segmenter = source.segmenter
    assert segmenter.settings.languages == ("nl", "de")
    met = set()
    for place in range(len(source)):
        language = source.target_language(place)
        assert source[place]["source"][0] == segmenter.language_id(language)
        assert segmenter.decode(source[place]["source"]) == source.pair(place).source
        met.add(language)
    assert met == {"nl", "de"}


def test_a_sentence_is_in_one_split_whatever_it_is_translated_into(tmp_path: Path) -> None:
    source = MultilingualText(write(tmp_path, 200), vocabulary=400, placeholders=0)
    parts = split(source, {"train": 0.7, "validation": 0.2, "test": 0.1})
    texts = {name: {source.pair(int(place)).source for place in places} for name, places in parts.items()}
    assert not texts["train"] & texts["validation"]
    held_out = {source.target_language(int(place)) for place in parts["validation"]}
    assert held_out == {"nl", "de"}


def test_a_corpus_can_be_read_both_ways(tmp_path: Path) -> None:
    corpora = write(tmp_path, 60)[:1]
    once = MultilingualText([{**corpora[0], "reversed": True}], vocabulary=400, placeholders=0)
    assert once.segmenter.settings.languages == ("nl", "en")
    assert len({once.target_language(place) for place in range(len(once))}) == 2


def test_the_model_writes_the_language_it_is_told_to(tmp_path: Path) -> None:
    data = {"name": "multilingual_text", "corpora": write(tmp_path / "data", 500), "vocabulary": 400, "placeholders": 0}
    run = toolkit.train(
        recipe(tmp_path / "toy", 400, data=data, trainer__evaluate_every=400), tmp_path / "run", quiet=True
    )
    model = toolkit.load(run.path)
    assert model.config["target_languages"] == ["nl", "de"]
    words = random.Random(4).choices(list(WORDS), k=3)
    dutch = model.translate(" ".join(words), beam=1).text
    german = model.into("de").translate(" ".join(words), beam=1).text
    assert dutch == " ".join(WORDS[word] for word in words)
    assert german == " ".join(GERMAN[word] for word in words)
    with pytest.raises(ToolkitError, match="does not write 'fr'"):
        model.into("fr")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_langage": "de"}, r"data\.corpora\.0\.target_langage: no such field.*target_language"),
        ({"pairs": "x.tsv"}, r"data\.corpora\.0: name source and target, or pairs"),
    ],
)
def test_corpora_that_are_not_described_as_they_should_be(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    corpora = write(tmp_path, 40)
    with pytest.raises(ConfigError, match=words):
        MultilingualText([{**corpora[0], **change}, corpora[1]])


def test_one_target_language_is_no_multilingual_corpus(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="all pairs are en to nl"):
        MultilingualText(write(tmp_path, 40)[:1], vocabulary=400)
