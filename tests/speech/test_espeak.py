"""Speech made on the spot, by espeak-ng or by our own synthesiser."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.data.loader import Loader
from toolkit.data.splits import split
from toolkit.errors import ConfigError, DataError, MissingExtraError
from toolkit.speech.espeak import SENTENCES, EspeakSpeech
from toolkit.speech.level import loudness
from toolkit.speech.segments import FULL_SCALE, RandomSegment


@pytest.fixture
def _installed() -> None:
    pytest.importorskip("espeakng_loader", reason="the package 'espeakng-loader' (extra 'espeak') is not installed")


@pytest.fixture
def _absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)


def same(one: EspeakSpeech, other: EspeakSpeech, count: int) -> bool:
    return all(np.array_equal(one[place]["audio"], other[place]["audio"]) for place in range(count))


@pytest.mark.usefixtures("_installed")
def test_espeak_speaks_the_same_at_every_opening() -> None:
    source = EspeakSpeech(sentences=6)
    assert source.origin.startswith("espeak-ng 1.")
    assert source.note == ""
    assert source.sample_rate == 22050
    assert all(1.0 < seconds < 8.0 for seconds in source.seconds)
    assert same(source, EspeakSpeech(sentences=8), 6)


@pytest.mark.usefixtures("_installed")
def test_sentences_come_back_in_another_voice_and_stay_in_their_split(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join([f"This is number {number}." for number in range(9)] + ["", "This is number 3."]))
    source = EspeakSpeech(sentences=18, texts=str(texts))
    splits: dict[str, set[str | None]] = defaultdict(set)
    for place in range(18):
        splits[source.group(place)].add(source.split_of(place))
    assert len(splits) == 9
    assert all(len(names) == 1 for names in splits.values())
    assert {name: len(places) for name, places in split(source).items()} == {"train": 14, "validation": 2, "test": 2}
    assert source.seconds[0] != source.seconds[9]


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"voice": "fr-fr"}, "no voice 'fr-fr'"),
        ({"voice": ""}, "no voice ''"),
        ({"variants": ("m3", "zz9")}, "no variant 'zz9'"),
        ({"variants": ("../m3",)}, "no variant"),
        ({"sentences": 1}, "sentences: is 1"),
        ({"sample_rate": 100}, "sample_rate: is 100"),
        ({"level": 1.0}, "level: is 1"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_what_there_is_not_is_an_error_and_not_another_voice(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        EspeakSpeech(**{"sentences": 2, **settings})


@pytest.mark.usefixtures("_installed")
def test_other_languages_and_rates_are_spoken(tmp_path: Path) -> None:
    (tmp_path / "deutsch.txt").write_text("Guten Morgen, wie geht es dir?\nHeute ist schönes Wetter.\n", "utf-8")
    german = EspeakSpeech(
        sample_rate=16000, sentences=2, voice="de", variants=(), texts=str(tmp_path / "deutsch.txt"), level=None
    )
    english = EspeakSpeech(sample_rate=16000, sentences=2, variants=(), texts=str(tmp_path / "deutsch.txt"), level=None)
    assert all(1.0 < seconds < 4.0 for seconds in german.seconds)
    assert not same(german, english, 1)


@pytest.mark.usefixtures("_absent")
def test_without_espeak_our_own_synthesiser_does_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    source = EspeakSpeech(sentences=4, sample_rate=8000)
    assert source.origin == "the toolkit's additive synthesiser"
    assert "espeakng_loader" in source.note
    assert "pip install" in source.note
    assert source.note in caplog.text
    assert same(source, EspeakSpeech(sentences=5, sample_rate=8000, synthesiser="additive"), 4)
    with pytest.raises(MissingExtraError, match="espeakng_loader"):
        EspeakSpeech(sentences=4, synthesiser="espeak")


def test_a_broken_library_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        get_data_path = staticmethod(lambda: str(tmp_path))
        get_library_path = staticmethod(lambda: str(tmp_path / "library.so"))

    (tmp_path / "library.so").write_text("no library")
    monkeypatch.setitem(sys.modules, "espeakng_loader", Broken)
    source = EspeakSpeech(sentences=2, sample_rate=8000)
    assert source.origin == "the toolkit's additive synthesiser"
    assert "cannot be loaded" in source.note


def test_utterances_have_one_loudness_and_can_be_cut_into_batches() -> None:
    source = EspeakSpeech(sentences=4, sample_rate=8000, synthesiser="additive", level=-20.0)
    levels = [loudness(source[place]["audio"].astype(np.float32) / FULL_SCALE, 8000) for place in range(4)]
    assert levels == pytest.approx([-20.0] * 4, abs=0.1)
    assert source.weights.mean() == pytest.approx(1.0)
    batch = Loader(source, 4, seed=0, transform=RandomSegment(1024, 256)).batch(0)
    assert batch["audio"].shape == (4, 1024)


def test_another_seed_says_something_else() -> None:
    one, other = (EspeakSpeech(sentences=2, sample_rate=8000, synthesiser="additive", seed=seed) for seed in (0, 1))
    assert not same(one, other, 1)


def test_our_sentences_are_sixty_different_ones() -> None:
    lines = SENTENCES.read_text("utf-8").splitlines()
    assert len(lines) == len(set(lines)) == 60
    assert {letter for line in lines for letter in line.lower() if letter.isalpha()} == set(
        "abcdefghijklmnopqrstuvwxyz"
    )


def test_texts_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    for name, words in (("empty", "holds no sentence"), ("bytes", "is not text"), ("absent", "cannot be read")):
        with pytest.raises(DataError, match=rf"{name}\.txt {words}"):
            EspeakSpeech(texts=str(tmp_path / f"{name}.txt"))
