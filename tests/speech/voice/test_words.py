"""Words heard in speech: what is told of a voice, and what the recogniser needs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import toolkit
from tests.speech.voice.small import save_voice, texts
from toolkit.data.source import Subset
from toolkit.errors import DataError, MissingExtraError
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.voice.evaluation import evaluate_voice
from toolkit.speech.voice.words import WordRecognizer, word_error, words_of


@pytest.fixture
def listener() -> WordRecognizer:
    pytest.importorskip("pocketsphinx", reason="the package 'pocketsphinx' (extra 'words') is not installed")
    return WordRecognizer()


def test_words_of_a_text_are_those_that_are_read():
    found = words_of(FrontEnd("en", "characters"), "Dr. Smith's cat, 3 years old.")
    assert found[-2:] == ["years", "old"]
    assert "three" in found
    assert word_error(found[:-1], found) == pytest.approx(1 / len(found))
    assert word_error([], found) == 1


def test_speech_is_heard_and_silence_is_not(listener: WordRecognizer):
    pytest.importorskip("espeakng_loader", reason="the package 'espeakng-loader' (extra 'espeak') is not installed")
    data = texts(synthesiser="espeak", rows=0, sample_rate=22050, mels=80)
    places = range(4)
    wanted = [words_of(data.front_end, data.entry(place).text) for place in places]
    heard = [listener.hear(data.wave(place), 22050) for place in places]
    own = np.mean([word_error(one, other) for one, other in zip(heard, wanted, strict=True)])
    others = np.mean([word_error(one, other) for one, other in zip(heard, wanted[1:] + wanted[:1], strict=True)])
    assert own < others - 0.05, "a synthesiser is hard to hear, but more is right than in another sentence"
    assert listener.hear(np.zeros(16000, dtype=np.float32), 16000) == []


def test_a_voice_is_judged_by_words_where_it_is_asked_for(listener: WordRecognizer, tmp_path: Path):
    data = texts()
    voice = toolkit.load(save_voice(tmp_path / "v", data, vocoder=None), device="cpu")
    found = evaluate_voice(voice, Subset(data, range(2)), ["word_error"], None, 0)
    assert set(found["metrics"]) == {"word_error"}
    assert found["rows"]["recordings"]["word_error"] > 0.5, "tones are no words"
    assert "word_error" not in evaluate_voice(voice, Subset(data, range(1)), None, None, 0)["metrics"]


def test_other_languages_and_a_missing_package_are_explained(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(DataError, match="recognised in English, not in 'de'"):
        WordRecognizer("de")
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingExtraError, match="words"):
        WordRecognizer()
