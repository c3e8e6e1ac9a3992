"""The user's own pronunciations: a text file with a word, a tabulator, and its phones in the IPA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from toolkit.errors import DataError
from toolkit.speech.text.characters import MARKS, is_letter, one_form
from toolkit.speech.text.phonemizer import Phonemizer, Pronunciation, Symbols, with_stress_apart


class Lexicon:
    """Words and how they are said; capitals make no difference.

    Args:
        words: phones by word.

    Attributes:
        words: phones by word, the word in lower case.
    """

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        lower = {one_form(word).lower(): tuple(phones) for word, phones in words.items()}
        self.words: Mapping[str, tuple[str, ...]] = MappingProxyType(lower)

    @classmethod
    def read(cls, file: str | Path) -> Lexicon:
        """Read a file with lines such as `Nguyen<TAB>n w ˈ ɪ n`.

        Phones are parted by spaces; a stress mark may stand alone or before its vowel. Empty lines, and lines that
        begin with `#`, are passed over.

        Raises:
            DataError: it cannot be read, a line is not of this form, or a word is there twice with different phones;
                the message names the file and the line.
        """
        path = Path(file).expanduser()
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
            raise DataError(f"{path} {reason}", "give a text file in UTF-8: word, tabulator, phones") from error
        words: dict[str, tuple[str, ...]] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            word, phones = _entry(line, f"{path}, line {number}")
            if words.get(word, phones) != phones:
                raise DataError(f"{path}, line {number}: '{word}' is there twice", "keep one of the two lines")
            words[word] = phones
        return cls(words)

    def get(self, word: str) -> tuple[str, ...] | None:
        """The phones of a word, or None."""
        return self.words.get(word.lower())

    def __len__(self) -> int:
        return len(self.words)


class WithLexicon(Symbols):
    """A phonemizer that asks the user's lexicon first.

    Args:
        phonemizer: says the other words, with all their neighbours in view.
        lexicon: the user's.
    """

    def __init__(self, phonemizer: Phonemizer, lexicon: Lexicon) -> None:
        self.language, self.name = phonemizer.language, phonemizer.name
        self._phonemizer, self._lexicon = phonemizer, lexicon

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said."""
        mine = [self._lexicon.get(word) for word in words]
        if all(phones is not None for phones in mine):
            return [Pronunciation(phones) for phones in mine if phones is not None]
        said = self._phonemizer.pronounce(words)
        return [other if phones is None else Pronunciation(phones) for phones, other in zip(mine, said, strict=True)]


def _entry(line: str, place: str) -> tuple[str, tuple[str, ...]]:
    word, tabulator, said = line.partition("\t")
    if not tabulator:
        raise DataError(f"{place}: no tabulator between word and phones", "write word, tabulator, phones: cat\tk ˈ æ t")
    word = one_form(word).lower()
    if not word or not all(is_letter(character) or character == "'" for character in word):
        raise DataError(f"{place}: '{word}' is not one word", "give a line to each word, without spaces and hyphens")
    phones = tuple(symbol for phone in said.split() for symbol in with_stress_apart(phone))
    wrong = next((phone for phone in phones if phone in MARKS or (phone.isdigit() and len(phone) > 1)), None)
    if not phones or wrong is not None:
        what = "no phones" if not phones else f"'{wrong}' is not a phone"
        raise DataError(f"{place}: {what}", "write the phones in the IPA, parted by spaces: cat\tk ˈ æ t")
    return word, phones
