"""Text in, symbols of its sentences out."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.errors import CheckpointError, ConfigError
from toolkit.speech.text.characters import is_letter, is_silent, mark_of
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.text.languages import rules_of
from toolkit.speech.text.lexicon import Lexicon
from toolkit.speech.text.normalization import expand_abbreviations
from toolkit.speech.text.utterances import Pauses

LETTERS = FrontEnd("en", "characters")
READ_AS_WORDS = set("".join([*rules_of("en").signs, *rules_of("en").currencies]))


def test_a_text_becomes_utterances() -> None:
    pytest.importorskip("num2words")
    first, second, third = LETTERS("Hi, Dr. Bo! It is 5.\n\nBye")
    assert first.normalized == "Hi, Doctor Bo!"
    assert first.symbols == ("h", "i", ",", "d", "o", "c", "t", "o", "r", " ", "b", "o", "!")
    assert first.words == (("Hi", 0, 2), ("Doctor", 3, 9), ("Bo", 10, 12))
    assert [utterance.pause_after for utterance in (first, second, third)] == [0.3, 0.7, 0.7]
    assert second.symbols[-5:] == ("f", "i", "v", "e", ".")


def test_english_by_gruut() -> None:
    pytest.importorskip("gruut")
    pytest.importorskip("num2words")
    (utterance,) = FrontEnd("en")("Mr. Gray paid $2.")
    assert "".join(utterance.symbols) == "mˈɪstɚ ɡɹˈeɪ pˈeɪd tˈu dˈɑlɚz."
    assert utterance.problems == ()


def test_markup_sets_breaks_substitutes_and_phonemes() -> None:
    said = LETTERS(
        "One<break time='250ms'/> two <sub alias='see'>C</sub> <phoneme ph='t ˈu'>2</phoneme>, end."
        "<break time='1s'/><break/>"
    )
    assert [(utterance.text.strip(), utterance.pause_after) for utterance in said] == [
        ("One", 0.25),
        ("two see 2, end.", 1.3),
    ]
    assert said[1].symbols == ("t", "w", "o", " ", "s", "e", "e", " ", "t", "ˈ", "u", ",", "e", "n", "d", ".")
    assert said[1].words[2] == ("2", 8, 11)


def test_markup_can_be_switched_off() -> None:
    with pytest.raises(ConfigError, match="<b> is not known"):
        LETTERS("a <b>c</b>")
    assert FrontEnd("en", "characters", markup=False)("a <b>c</b>")[0].normalized.startswith("a less than b")


@pytest.mark.parametrize("text", ["", " \n ", "...", "—", "“”", "<break/>"])
def test_nothing_to_say_is_no_utterance(text: str) -> None:
    assert LETTERS(text) == []


def test_emoji_are_reported_and_not_said() -> None:
    reading = LETTERS.read("😀")
    assert reading.utterances == ()
    assert [str(problem) for problem in reading.problems] == ["'😀' at the beginning: left out"]
    reading = LETTERS.read("😀! Hi 👋🏽 you. 🎉\n\n🎉")
    assert [utterance.text for utterance in reading.utterances] == ["😀! Hi 👋🏽 you. 🎉\n\n🎉"]
    assert [problem.symbol for problem in reading.problems] == ["😀", "👋🏽", "🎉", "🎉"]


def test_one_character_is_enough() -> None:
    assert LETTERS("a")[0].symbols == ("a",)


def test_a_text_without_a_stop_is_cut() -> None:
    front_end = FrontEnd("en", "characters", longest=120, pauses=Pauses(cut=0.05))
    said = front_end("so on " * 3400)
    assert len(said) == 170
    assert max(len(utterance.text) for utterance in said) <= 120
    assert {utterance.pause_after for utterance in said[:-1]} == {0.05}


def test_the_lexicon_comes_first(tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text("bo\tb oʊ\n", encoding="utf-8")
    assert FrontEnd("en", "characters", str(tmp_path / "mine.tsv"))("Hi BO")[0].symbols == ("h", "i", " ", "b", "oʊ")


def test_a_voice_keeps_its_settings() -> None:
    front_end = FrontEnd(
        "en", "characters", Lexicon({"Bo": ("b", "oʊ")}), days="cardinal", longest=99, pauses=Pauses(0.1, 0.2, 0.3)
    )
    again = FrontEnd.from_document(json.loads(json.dumps(front_end.to_document())))
    assert again.to_document() == front_end.to_document()
    assert again.note == ""
    assert again("Bo is") == front_end("Bo is")


def test_other_phonemes_than_at_training_time_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    document = LETTERS.to_document()
    sentence = next(iter(document["fingerprint"]))
    document["fingerprint"][sentence] = "0" * 16
    again = FrontEnd.from_document(document)
    assert f"'{sentence}' differently" in again.note
    assert again.note in caplog.text
    assert FrontEnd.from_document(document, check=False).note == ""


@pytest.mark.parametrize(
    "change", [{"version": 9}, {"lexicon": 3}, {"pauses": {"odd": 1}}, {"fingerprint": 1}, {"longest": "x"}]
)
def test_a_damaged_document_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        FrontEnd.from_document({**LETTERS.to_document(), **change})


def test_it_needs_no_torch() -> None:
    code = (
        "import sys; from toolkit.speech.text.front_end import FrontEnd; FrontEnd('en', 'characters')('Hi.'); "
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.text(max_size=60) | st.text("aB1 .😀<>&中$'—\n5€éд☃", max_size=60))
@settings(max_examples=150, deadline=None)
@example("\ue000a 😀\ue000")
@example("<break/>\x00")
@example("e.g.")
def test_every_character_is_read_or_reported(text: str) -> None:
    pytest.importorskip("num2words")
    reading = FrontEnd("en", "characters", markup=False).read(text)
    reported = "".join(problem.symbol for problem in reading.problems)
    if reading.utterances:
        assert "".join(utterance.text for utterance in reading.utterances) == text
    said = {symbol for utterance in reading.utterances for symbol in utterance.symbols}
    # What is short is read as its words: "e.g." is "for example", which has no "g".
    for character in unicodedata.normalize("NFC", expand_abbreviations(text).lower()):
        if is_letter(character):
            assert character in said or character in reported.lower()
        elif not (is_silent(character) or mark_of(character) or character.isdigit() or character in READ_AS_WORDS):
            assert character in reported


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_its_markup_refused(text: str) -> None:
    try:
        LETTERS.read(text)
    except ConfigError as error:
        assert "markup" in str(error)  # noqa: PT017
