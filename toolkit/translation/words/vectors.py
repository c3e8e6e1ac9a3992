"""Vectors of words: read from a file, or learned from text by counting which words stand near each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import svds

from toolkit.errors import DataError
from toolkit.translation.text_files import lines

Matrix = npt.NDArray[np.float32]

_WORD = re.compile(r"\w+")
_SMOOTHING = 0.75  # of how frequent a neighbour is (Levy et al. 2015, section 3.2)
_SHARE_OF_SIGMA = 0.5  # power of the singular values (the same, section 3.3)


@dataclass(frozen=True, slots=True)
class WordVectors:
    """Words, the most frequent first, and a vector for each.

    Attributes:
        words: different ones.
        vectors: float32 [N, D].
    """

    words: tuple[str, ...]
    vectors: Matrix

    def normalised(self) -> WordVectors:
        """With vectors of length 1 whose mean is nearly nothing, as mappings between languages want them.

        Length, mean, length once more (Artetxe et al. 2016, section 2).
        """
        centred = _unit(self.vectors)
        centred = _unit(centred - centred.mean(0))
        return WordVectors(self.words, centred)


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, without punctuation.

    >>> words_of("Two dogs, one ball.")
    ['two', 'dogs', 'one', 'ball']
    """
    return _WORD.findall(text.lower())


def learn_vectors(
    texts: Iterable[list[str]], dimension: int = 100, least: int = 20, most: int = 20_000, window: int = 5
) -> WordVectors:
    """Factors of positive pointwise mutual information (Levy and Goldberg 2014; Levy et al. 2015).

    On small texts such counts give vectors as good as those of trained models, in seconds and without chance.

    Args:
        texts: sentences as words.
        dimension: of the vectors.
        least: words that occur less often get none.
        most: words, the most frequent.
        window: words to each side that count as near; one at distance d counts 1/d.

    Raises:
        DataError: there are not more words than dimensions.
    """
    sentences = list(texts)
    counts = Counter(word for sentence in sentences for word in sentence)
    words = [word for word, count in counts.most_common(most) if count >= least]
    if len(words) <= dimension:
        raise DataError(
            f"{len(words)} words occur {least} times or more: too few for vectors of {dimension} numbers",
            "give more text, or set data.least or data.dimension lower",
        )
    number = {word: place for place, word in enumerate(words)}
    near: Counter[tuple[int, int]] = Counter()
    for sentence in sentences:
        ids = [number.get(word, -1) for word in sentence]
        for place, one in enumerate(ids):
            for distance, other in enumerate(ids[place + 1 : place + 1 + window], start=1):
                if one >= 0 and other >= 0:
                    near[one, other] += 1 / distance  # type: ignore[assignment]
                    near[other, one] += 1 / distance  # type: ignore[assignment]
    rows, columns = np.array(list(near), dtype=np.int64).reshape(-1, 2).T
    values = np.fromiter(near.values(), dtype=np.float64, count=len(near))
    total = np.bincount(rows, values, len(words))
    context = total**_SMOOTHING
    information = np.log(values * context.sum() / (total[rows] * context[columns]))
    positive = information > 0
    table = sparse.csr_matrix(
        (information[positive], (rows[positive], columns[positive])), shape=(len(words), len(words))
    )
    left, sizes, _ = svds(table, k=dimension, random_state=0)
    return WordVectors(tuple(words), np.ascontiguousarray(left * sizes**_SHARE_OF_SIGMA, dtype=np.float32))


def read_vectors(path: Path, most: int = 20_000) -> WordVectors:
    """A file in the text format of word2vec and fastText: `N D`, then a word and D numbers in each line.

    Args:
        path: `.vec`, or `.vec.gz`; the most frequent words come first, as such files have it.
        most: words to read.

    Raises:
        DataError: a line is not of this form; the message names it.
    """
    rows = lines(path)
    head = next(rows, "").split()
    if len(head) != 2 or not all(part.isdigit() for part in head):
        raise DataError(
            f"{path}:1: '{' '.join(head)[:40]}' is not 'WORDS DIMENSIONS', with which a file of vectors begins",
            "give a .vec file as word2vec and fastText write it",
        )
    dimension = int(head[1])
    found: dict[str, npt.NDArray[np.float32]] = {}
    for place, row in enumerate(rows, start=2):
        if len(found) >= most:
            break
        word, *cells = row.rstrip().split(" ")
        try:
            vector = np.array(cells, dtype=np.float32)
        except ValueError:
            vector = np.zeros(0, dtype=np.float32)
        if len(vector) != dimension or not np.isfinite(vector).all():
            raise DataError(f"{path}:{place}: '{word[:40]}' does not have {dimension} numbers behind it")
        if np.any(vector):
            found.setdefault(word, vector)
    if not found:
        raise DataError(f"{path} holds no vectors", "give a file with at least as many words as dimensions")
    return WordVectors(tuple(found), np.stack(list(found.values())))


def _unit(rows: Matrix) -> Matrix:
    found: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-8)
    return found
