"""Random segmentations for training, each a function of its seed.

sentencepiece can sample, but draws from one generator of the whole process, whose seeding differs between its versions
and which threads share; what a batch holds would then depend on who else sampled. So the two methods are done here, on
sentencepiece's own pieces and scores:

* unigram: a segmentation x has the probability P(x)^alpha / sum of P(x')^alpha over all segmentations, drawn exactly by
  filtering forwards and sampling backwards (Kudo 2018, "Subword regularization", section 3.2, with l = infinity);
* byte pair encoding: each possible merge is left out with probability alpha at each step (Provilkov, Emelianenko &
  Voita 2020, "BPE-dropout", algorithm 1).
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from toolkit.errors import ConfigError, Problem
from toolkit.translation.segmentation.normalisation import SPACE
from toolkit.translation.segmentation.subwords import Kind

DEFAULT_ALPHA: dict[Kind, float] = {"unigram": 0.3, "bpe": 0.1}
"""How random a segmentation is. Unigram: smaller is more random, 0 makes all segmentations equally probable. BPE: the
share of merges left out, 0.1 as its authors recommend; 0 is no randomness."""

_UNKNOWN_PENALTY = 10.0  # by which sentencepiece puts an unknown character below the worst piece
_WORDS_KEPT, _LONGEST_KEPT = 50_000, 64
_WORD = re.compile(f"{SPACE}?[^{SPACE}]+|{SPACE}")


class Sampler:
    """Random segmentations with the pieces of one sentencepiece model.

    Pieces never reach across a space, so words are drawn independently, which gives the same distribution as whole
    sentences do, and their lattices are kept.

    Args:
        processor: a loaded `sentencepiece.SentencePieceProcessor`.
        kind: how it was trained.
        symbols: the pieces that are never cut.
    """

    def __init__(self, processor: Any, kind: Kind, symbols: Collection[str] = ()) -> None:
        self.kind = kind
        self._normalise = processor.normalize
        self._symbols = frozenset(symbols)
        self._scores: dict[str, float] = {}
        self._bytes = False
        for number in range(processor.vocab_size()):
            piece = processor.id_to_piece(number)
            self._bytes = self._bytes or processor.is_byte(number)
            if not (processor.is_byte(number) or processor.is_control(number) or processor.is_unknown(number)):
                self._scores[piece] = processor.get_score(number)
        for symbol in self._symbols:
            self._scores.pop(symbol, None)
        self._longest = max(map(len, self._scores), default=1)
        self._unknown_score = min(self._scores.values(), default=0.0) - _UNKNOWN_PENALTY
        longest_first = sorted(self._symbols, key=lambda symbol: (-len(symbol), symbol))
        self._cut = re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self._kept_lattice = lru_cache(_WORDS_KEPT)(self._lattice)

    def sample(self, text: str, generator: random.Random, alpha: float | None = None) -> list[str]:
        """Pieces of a normalised text.

        Args:
            text: as it would be given to `processor.encode`.
            generator: where the randomness comes from.
            alpha: from 0; for BPE at most 1 (`DEFAULT_ALPHA`).

        Raises:
            ConfigError: `alpha` is out of range.
        """
        alpha = DEFAULT_ALPHA[self.kind] if alpha is None else alpha
        if not (0 <= alpha < math.inf) or (self.kind == "bpe" and alpha > 1):
            limits = "between 0 and 1 with BPE" if self.kind == "bpe" else "a finite number from 0"
            raise ConfigError([Problem("alpha", f"is {alpha}; it must be {limits}")], "the segmentation")
        pieces: list[str] = []
        for part in self._parts(self._normalise(text)):
            if part in self._symbols:
                pieces.append(part)
            elif self.kind == "bpe":
                pieces += self._merge(part, generator, alpha)
            else:
                pieces += self._draw(part, generator, alpha)
        return [spelled for piece in pieces for spelled in self._spelled(piece)]

    def _parts(self, text: str) -> Iterator[str]:
        """Symbols, and words with the space before them."""
        for part in self._cut.split(text):
            if part in self._symbols:
                yield part
            else:
                yield from _WORD.findall(part)

    def _spelled(self, piece: str) -> list[str]:
        if piece in self._scores or piece in self._symbols or not self._bytes:
            return [piece]
        return [f"<0x{byte:02X}>" for byte in piece.encode()]

    def _lattice(self, word: str, alpha: float) -> list[tuple[list[int], list[float]]]:
        """For each end in the word, the starts of the pieces that end there, and their weights."""
        total = [0.0]  # logarithm of the summed weights of all segmentations up to here
        steps: list[tuple[list[int], list[float]]] = [([], [])]
        for end in range(1, len(word) + 1):
            found = []
            for start in range(max(0, end - self._longest), end):
                score = self._scores.get(word[start:end])
                if score is None and start == end - 1:
                    score = self._unknown_score
                if score is not None:
                    found.append((start, total[start] + alpha * score))
            highest = max(weight for _, weight in found)
            weights = [math.exp(weight - highest) for _, weight in found]
            total.append(highest + math.log(sum(weights)))
            steps.append(([start for start, _ in found], weights))
        return steps

    def _draw(self, word: str, generator: random.Random, alpha: float) -> list[str]:
        steps = (self._kept_lattice if len(word) <= _LONGEST_KEPT else self._lattice)(word, alpha)
        pieces, end = [], len(word)
        while end > 0:
            (start,) = generator.choices(*steps[end])
            pieces.append(word[start:end])
            end = start
        return pieces[::-1]

    def _merge(self, word: str, generator: random.Random, dropped: float) -> list[str]:
        pieces = list(word)
        while len(pieces) > 1:
            best, place = -math.inf, -1
            for first in range(len(pieces) - 1):
                score = self._scores.get(pieces[first] + pieces[first + 1])
                if score is not None and score > best and not (dropped and generator.random() < dropped):
                    best, place = score, first
            if place < 0:
                break
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        return pieces
