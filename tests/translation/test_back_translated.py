"""Texts without a translation: what is made of them, and what must not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.translation.toy import WORDS, sentences
from toolkit.config import build
from toolkit.errors import ConfigError, DataError
from toolkit.translation.back_translated import BackTranslated
from toolkit.translation.pipeline import TranslationPipeline

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")


@pytest.fixture
def pairs(tmp_path: Path) -> Any:
    """From `nl` into `en`: the other way than the translator's."""
    made = sentences(120, 3)
    for name, side in (("a.nl", 1), ("a.en", 0)):
        (tmp_path / name).write_text("".join(f"{pair[side]}\n" for pair in made), encoding="utf-8")
    given = {"source_language": "nl", "target_language": "en", "vocabulary": 320, "placeholders": 0}
    return build(
        "datasets",
        {"name": "parallel_text", "source": str(tmp_path / "a.nl"), "target": str(tmp_path / "a.en"), **given},
    )


def texts(folder: Path, *rows: str) -> str:
    file = folder / "more.en"
    file.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return str(file)


NEW = ["ba de fi go hu ka", "so ru pe na mi lo", "go go de de ba so"]


def test_new_texts_become_pairs_with_the_models_translations_as_sources(
    translator: Path, pairs: Any, tmp_path: Path
) -> None:
    known = pairs.pair(0).target
    found = BackTranslated(pairs, texts(tmp_path, NEW[0], known, "", NEW[1], NEW[0], NEW[2]), str(translator))
    made = [found.pair(place) for place in range(len(pairs), len(found))]
    assert [pair.target for pair in made] == NEW, "each new text once; one that is in a pair not at all"
    words = sum(
        theirs == WORDS[ours]
        for pair in made
        for ours, theirs in zip(pair.target.split(), pair.source.split(), strict=False)
    )
    assert words >= 14, "of 18: the model knows its language, though such long sentences are new to it"
    assert {found.split_of(place) for place in range(len(pairs), len(found))} == {"train"}
    assert found.languages == ("nl", "en")


def test_the_same_texts_are_not_translated_twice(
    translator: Path, pairs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))
    file = texts(tmp_path, *NEW)
    first = BackTranslated(pairs, file, str(translator))

    def translate(*_: Any, **__: Any) -> None:
        raise AssertionError("translated again")

    monkeypatch.setattr(TranslationPipeline, "translate", translate)
    again = BackTranslated(pairs, file, str(translator))
    assert [again.pair(place).source for place in range(len(again))] == [
        first.pair(place).source for place in range(len(first))
    ]
    with pytest.raises(AssertionError, match="translated again"):
        BackTranslated(pairs, file, str(translator), beam=2)


def test_copies_keep_peoples_pairs_from_being_drowned(translator: Path, pairs: Any, tmp_path: Path) -> None:
    found = BackTranslated(pairs, texts(tmp_path, *NEW), str(translator), copies=3, count=2)
    assert len(found) == 3 * len(pairs) + 2


def test_a_model_of_the_same_direction_is_refused(translator: Path, pairs: Any, tmp_path: Path) -> None:
    forwards = build(
        "datasets",
        {
            "name": "parallel_text",
            "source_language": "en",
            "target_language": "nl",
            "source": str(tmp_path / "a.en"),
            "target": str(tmp_path / "a.nl"),
            "vocabulary": 320,
        },
    )
    with pytest.raises(ConfigError, match=r"translates en to nl; needed is nl to en"):
        BackTranslated(forwards, texts(tmp_path, *NEW), str(translator))


def test_texts_without_anything_new_are_an_error(translator: Path, pairs: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"more\.en: no text that the pairs do not hold already"):
        BackTranslated(pairs, texts(tmp_path, "", pairs.pair(1).target), str(translator))
    with pytest.raises(ConfigError, match=r"data\.beam: is 0"):
        BackTranslated(pairs, texts(tmp_path, *NEW), str(translator), beam=0)
