"""Words of two languages as a source of data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.prepare import data_folder
from toolkit.data.source import Skipped
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.translation.corpora.text_pairs import read_text_pairs
from toolkit.translation.languages import check_language
from toolkit.translation.text_files import lines
from toolkit.translation.words.lexicon import Lexicon, lexicon_of, read_lexicon
from toolkit.translation.words.vectors import WordVectors, learn_vectors, read_vectors, words_of

IDENTICAL = "identical"


class BilingualWords:
    """Words of two languages with their vectors; samples are the words of the first one.

    Items are `{"source": vector [D], "target": vector [D], "place": [1]}`; the target is the word that is as frequent
    in its language, whatever it means. Nothing says which words belong together, but for `seeds`.

    Args:
        source_language: ISO 639 code of the language that is mapped, e.g. `en`.
        target_language: of the language whose space it is mapped into.
        source: a `.vec` file of vectors (fastText, word2vec), or a text file that they are learned from.
        target: likewise.
        folder: a data set in `$TOOLKIT_DATA` or the cache that the file names are relative to.
        apart: where both texts are the two sides of one corpus: learn from the first half of the source and from the
            second of the target, so that no sentence is the translation of another.
        dimension: of learned vectors.
        least: how often a word occurs in the text to get a vector.
        most: words of a language, the most frequent ones.
        window: words to each side that count as near.
        seeds: what is known of the dictionary beforehand: `identical`, words that are spelt alike in both languages,
            with four letters or more; or a file with a word and its translation in each line.
        dictionary: what precision is measured with: such a file, or `[source, target]` text files whose lines are
            translations of each other, from which it is extracted. Seeds are not measured.

    Attributes:
        ours: the words and normalised vectors of the source language.
        theirs: of the target language.
        known: places of seed pairs, int64 [P, 2].
        answers: places of right translations, by place of a source word.

    Raises:
        DataError: a file cannot be read, holds too few words, or no seeds.
        ConfigError: a number is out of range.
    """

    classes: tuple[str, ...] = ()

    def __init__(
        self,
        source_language: str,
        target_language: str,
        source: str,
        target: str,
        folder: str | None = None,
        apart: bool = False,
        dimension: int = 100,
        least: int = 20,
        most: int = 20_000,
        window: int = 5,
        seeds: str | None = None,
        dictionary: str | list[str] | None = None,
    ) -> None:
        numbers = {"dimension": dimension, "least": least, "most": most, "window": window}
        problems = [
            Problem(f"data.{name}", f"is {value}; it must be at least 1")
            for name, value in numbers.items()
            if value < 1
        ]
        if problems:
            raise ConfigError(problems)
        self.languages = (check_language(source_language), check_language(target_language))
        self.problems: list[Skipped] = []
        place = Path() if folder is None else data_folder(folder)
        sides = []
        for number, name in enumerate((source, target)):
            file = place / name
            if ".vec" in file.suffixes:
                sides.append(read_vectors(file, most))
                continue
            texts = [words_of(line) for line in lines(file)]
            if apart:
                half = len(texts) // 2
                texts = texts[half:] if number else texts[:half]
            sides.append(learn_vectors(texts, dimension, least, most, window))
        self.ours, self.theirs = (side.normalised() for side in sides)
        if self.ours.vectors.shape[1] != self.theirs.vectors.shape[1]:
            sizes = [side.vectors.shape[1] for side in (self.ours, self.theirs)]
            raise DataError(f"{source} has vectors of {sizes[0]} numbers, {target} of {sizes[1]}: they must be alike")
        self.known = _seeds(seeds, place, self.ours, self.theirs)
        measured = _dictionary(dictionary, place)
        seeded = set(self.known[:, 0].tolist())
        self.answers = {
            one: others for one, others in _places(measured, self.ours, self.theirs).items() if one not in seeded
        }

    def __len__(self) -> int:
        return len(self.ours.words)

    def key(self, index: int) -> str:
        """The word."""
        return self.ours.words[index]

    def split_of(self, index: int) -> str | None:
        """No split of its own."""
        return None

    def __getitem__(self, index: int) -> dict[str, Any]:
        theirs = self.theirs.vectors[index % len(self.theirs.words)]
        return {"source": self.ours.vectors[index].copy(), "target": theirs.copy(), "place": np.array([index])}


def _seeds(name: str | None, place: Path, ours: WordVectors, theirs: WordVectors) -> Any:
    if name is None:
        return np.zeros((0, 2), dtype=np.int64)
    if name == IDENTICAL:
        alike = {word: {word} for word in ours.words if len(word) > 3 and word.isalpha()}
        found = _places(alike, ours, theirs)
    else:
        found = _places(read_lexicon(place / name), ours, theirs)
    rows = [(one, min(others)) for one, others in sorted(found.items())]  # the most frequent of several translations
    if not rows:
        raise DataError(
            f"data.seeds={name}: no such pair of words has vectors on both sides", "give more seeds, or set it to null"
        )
    return np.array(rows, dtype=np.int64)


def _dictionary(given: str | list[str] | None, place: Path) -> Lexicon:
    if given is None:
        return {}
    if isinstance(given, str):
        return read_lexicon(place / given)
    if len(given) != 2:
        raise ConfigError([Problem("data.dictionary", "name one file of words, or two text files, source and target")])
    pairs = read_text_pairs(place / given[0], place / given[1])
    return lexicon_of([(words_of(pair.source), words_of(pair.target)) for pair in pairs])


def _places(lexicon: Lexicon, ours: WordVectors, theirs: WordVectors) -> dict[int, set[int]]:
    numbers = {word: number for number, word in enumerate(theirs.words)}
    found = {}
    for place, word in enumerate(ours.words):
        others = {numbers[other] for other in lexicon.get(word, ()) if other in numbers}
        if others:
            found[place] = others
    return found
