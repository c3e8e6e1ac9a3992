"""Vectors of words: learned from text, read from files, and what is wrong with some files."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pytest

from toolkit.errors import DataError
from toolkit.translation.words.vectors import learn_vectors, read_vectors, words_of


def test_words_with_the_same_neighbours_are_neighbours() -> None:
    generator = random.Random(0)
    animals, colours = ["dog", "cat", "horse", "cow"], ["red", "blue", "green", "black"]
    texts = []
    for _ in range(600):
        texts.append(["the", generator.choice(animals), generator.choice(["runs", "eats", "sleeps"]), "here"])
        texts.append(["paint", "it", generator.choice(colours), generator.choice(["now", "today", "soon"])])
    found = learn_vectors(texts, dimension=4, least=5, window=3).normalised()
    place = {word: number for number, word in enumerate(found.words)}
    likeness = found.vectors @ found.vectors.T
    for group, others in ((animals, colours), (colours, animals)):
        within = np.mean([likeness[place[one], place[other]] for one in group for other in group if one != other])
        between = np.mean([likeness[place[one], place[other]] for one in group for other in others])
        assert within > between + 0.5
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)


def test_the_most_frequent_words_come_first_and_rare_ones_get_no_vector() -> None:
    texts = [["a", "b", "a", "c", "a", "b"]] * 10 + [["rare", "a"]]
    assert learn_vectors(texts, dimension=2, least=5).words == ("a", "b", "c")
    with pytest.raises(DataError, match="3 words occur 5 times or more: too few for vectors of 3 numbers"):
        learn_vectors(texts, dimension=3, least=5)


def test_files_of_fasttext_are_read(tmp_path: Path) -> None:
    file = tmp_path / "wiki.en.vec.gz"
    file.write_bytes(gzip.compress(b"3 2\nthe 1.0 0.5 \ncaf\xc3\xa9 -1 2e-1\nthe 9 9\n"))
    found = read_vectors(file)
    assert found.words == ("the", "café")
    assert found.vectors.tolist() == [[1.0, 0.5], [-1.0, pytest.approx(0.2)]]
    assert read_vectors(file, most=1).words == ("the",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the 1 2\n", r"bad\.vec:1: 'the 1 2' is not 'WORDS DIMENSIONS'"),
        ("1 2\nthe 1\n", r"bad\.vec:2: 'the' does not have 2 numbers"),
        ("1 2\nthe 1 two\n", r"bad\.vec:2: 'the' does not have 2 numbers"),
        ("1 2\nthe 1 nan\n", r"bad\.vec:2: 'the' does not have 2 numbers"),
        ("0 2\n", r"bad\.vec holds no vectors"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.vec"
    file.write_text(text)
    with pytest.raises(DataError, match=words):
        read_vectors(file)


def test_words_of_a_text_have_no_punctuation_and_no_capitals() -> None:
    assert words_of("Ein Mädchen, das »Tennis« spielt.") == ["ein", "mädchen", "das", "tennis", "spielt"]
