"""Sentence pairs as numbers: what training meets, and the texts behind them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from toolkit.data.source import Array, Skipped, Source, Subset
from toolkit.errors import DataError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.splitting import sentence_key
from toolkit.translation.segmentation.tokenizer import Encoded, Segmenter

IGNORED = -100
"""Label of the places after a target, which cross entropy passes over."""


class SegmentedPairs:
    """Sentence pairs with a segmenter, as a source of data.

    Items are `{"source": ids [S], "target": ids [T], "place": [1]}`; `place` is the pair's number here, whatever part
    of the source a batch comes from.

    Splits are by distinct source sentence: pairs whose sources differ only in case, blanks or the punctuation at their
    end are a group (`toolkit.translation.corpora.splitting`).

    Args:
        pairs: the pairs.
        splits: `train`, `validation`, `test` or `None` for each.
        segmenter: turns texts into ids.
        languages: of source and target, as codes.
        longest: subwords of a side; a pair with a longer one is left out.
        problems: what was left out before.
        targets: the target language of each pair, for a model that writes several; `languages[1]` by default. The token
            of a language that the segmenter knows goes before the source.
        sources: the language of each pair's source; `languages[0]` by default.

    Attributes:
        lengths: int64 [N, 2], subwords of source and target.
        padding: what fills places after a text.
    """

    classes: tuple[str, ...] = ()
    left_out = "some of the pairs were left out:"  # what a run says above its list of `problems`

    def __init__(
        self,
        pairs: Iterable[Pair],
        splits: Iterable[str | None],
        segmenter: Segmenter,
        languages: tuple[str, str],
        longest: int = 256,
        problems: Sequence[Skipped] = (),
        targets: Iterable[str] | None = None,
        sources: Iterable[str] | None = None,
    ) -> None:
        self.segmenter = segmenter
        self.languages = languages
        self.problems: list[Skipped] = list(problems)
        self.padding = {"source": segmenter.pad_id, "target": IGNORED}
        self._targets: list[str] = []
        self._sources: list[str] = []
        self._pairs: list[Pair] = []
        self._splits: list[str | None] = []
        self._keys: list[str] = []
        met: Counter[str] = Counter()
        rows: list[list[int]] = []
        wanted = zip(
            repeat(languages[0]) if sources is None else sources,
            repeat(languages[1]) if targets is None else targets,
            strict=False,
        )
        for (pair, split), (source, target) in zip(zip(pairs, splits, strict=True), wanted, strict=False):
            ours, theirs = segmenter.encode_pair(pair.source, pair.target, self._token(target))
            if max(len(ours.ids), len(theirs.ids)) > longest:
                count = max(len(ours.ids), len(theirs.ids))
                self.problems.append(Skipped(pair.origin, f"{count} subwords, more than longest={longest}"))
                continue
            self._pairs.append(pair)
            self._splits.append(split)
            self._targets.append(target)
            self._sources.append(source)
            name = hashlib.sha256(f"{pair.source}\n{pair.target}".encode()).hexdigest()[:24]
            self._keys.append(f"{name}-{met[name]}" if met[name] else name)
            met[name] += 1
            rows += [ours.ids, theirs.ids]
        if not self._pairs:
            raise DataError("there are no sentence pairs that could be trained on", "see what was left out, and why")
        self.lengths: Array = np.array([len(row) for row in rows], dtype=np.int64).reshape(-1, 2)
        self._ids = np.concatenate([np.asarray(row, dtype=np.int32) for row in rows])
        self._ends = np.cumsum(self.lengths.ravel())

    def __len__(self) -> int:
        return len(self._pairs)

    def key(self, index: int) -> str:
        """A hash of both sides, with a number where the same pair occurs again."""
        return self._keys[index]

    def group(self, index: int) -> str:
        """What is equal for pairs with the same source sentence."""
        return sentence_key(self._pairs[index].source)

    def split_of(self, index: int) -> str | None:
        """The split that the data set fixes."""
        return self._splits[index]

    def pair(self, index: int) -> Pair:
        """The texts."""
        return self._pairs[index]

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"source": self._row(2 * index), "target": self._row(2 * index + 1), "place": np.array([index])}

    def encoded(self, index: int, seed: int, alpha: float | None, source: str | None = None) -> dict[str, Any]:
        """An item with random segmentations, a function of the seed (see `Segmenter.encode_sampled`).

        Args:
            index: of the pair.
            seed: of the segmentation.
            alpha: how random it is; `None` segments as usual.
            source: another source text than the pair's, such as one with noise.
        """
        pair = self._pairs[index]
        ours, theirs = self.segmenter.encode_pair(
            pair.source if source is None else source,
            pair.target,
            self._token(self._targets[index]),
            seed=seed,
            alpha=alpha,
        )
        return {"source": np.asarray(ours.ids), "target": np.asarray(theirs.ids), "place": np.array([index])}

    def source_language(self, index: int) -> str:
        """The language that a pair's source is in."""
        return self._sources[index]

    def target_language(self, index: int) -> str:
        """The language that a pair's target is in."""
        return self._targets[index]

    def encode_source(self, text: str, target: str | None = None) -> Encoded:
        """A source as the model gets it, with the token of a target language, `languages[1]` by default."""
        return self.segmenter.encode_text(text, "source", self._token(self.languages[1] if target is None else target))

    def _token(self, language: str) -> str | None:
        return language if language in self.segmenter.settings.languages else None

    def _row(self, place: int) -> Array:
        end = int(self._ends[place])
        row: Array = self._ids[end - int(self.lengths[place // 2, place % 2]) : end].copy()
        return row


def pairs_behind(source: Source) -> SegmentedPairs:
    """The pairs that a source, or a part of one, is made of.

    Raises:
        DataError: it is made of something else.
    """
    while isinstance(source, Subset):
        source = source.source
    if not isinstance(source, SegmentedPairs):
        raise DataError(
            "a translator learns from sentence pairs, and this data has none",
            "use data.name=parallel_text with data.source=FILE data.target=FILE",
        )
    return source


def places_of(source: Source) -> list[int]:
    """Where the samples of a source, or of a part of one, stand among the pairs behind it."""
    if isinstance(source, Subset):
        return [places_of(source.source)[int(index)] for index in source.indices]
    return list(range(len(source)))


def spread(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """So many of the pairs, at equal distances; all of them where there are not more."""
    if count >= len(pairs):
        return list(pairs)
    return [pairs[place] for place in np.linspace(0, len(pairs) - 1, count).round().astype(int)]
