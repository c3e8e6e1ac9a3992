"""The user's own pronunciations."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import DataError
from toolkit.speech.text.characters_phonemizer import CharactersPhonemizer
from toolkit.speech.text.lexicon import Lexicon, WithLexicon


def test_words_are_read_and_come_before_the_phonemizer(tmp_path: Path) -> None:
    file = tmp_path / "mine.tsv"
    file.write_text("# names\nNguyen\tn w ˈɪ n\n\nO'Neil\toʊ n ˈ i l\r\n", encoding="utf-8-sig")
    lexicon = Lexicon.read(file)
    assert len(lexicon) == 2
    assert lexicon.get("NGUYEN") == ("n", "w", "ˈ", "ɪ", "n")
    says = WithLexicon(CharactersPhonemizer(), lexicon)
    assert says.symbols("A nguyen, O’Neil?".replace("’", "'")) == (
        "a", " ", "n", "w", "ˈ", "ɪ", "n", ",", "oʊ", "n", "ˈ", "i", "l", "?",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"cat k a t\n", "mine.tsv, line 1: no tabulator"),
        (b"cat\tk a t\ndog\t \n", "mine.tsv, line 2: no phones"),
        (b"two words\tk a t\n", "line 1: 'two words' is not one word"),
        (b"cat\tk , t\n", "line 1: ',' is not a phone"),
        (b"cat\tk a t\nCat\tk o t\n", "line 2: 'cat' is there twice"),
        (b"\xff\xfe", "mine.tsv is not text in UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "mine.tsv"
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        Lexicon.read(file)
    assert words in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.tsv cannot be read"):
        Lexicon.read(tmp_path / "absent.tsv")
