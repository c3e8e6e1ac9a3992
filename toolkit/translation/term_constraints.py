"""Terms as constraints of a search: the subwords that must be written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from toolkit.translation.corpora.scripts import scripts
from toolkit.translation.decoding.constraints import Constraint
from toolkit.translation.segmentation.normalisation import SPACE
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.terms import Match

_UNSPACED = frozenset(("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"))
_BEFORE = ("(", "“", "„", "。", "，")  # what words stand behind without a space
_WORD = re.compile(r"[^\W_]")


def term_constraints(segmenter: Segmenter, matches: Iterable[Match]) -> tuple[Constraint, ...]:
    """One constraint for each occurrence of a term: one of its translations has to be written.

    A translation has several spellings in subwords: after a space, and, in scripts without spaces, after another
    character. One that the vocabulary cannot spell is left out; a term without any gives no constraint.

    Args:
        segmenter: of the model.
        matches: terms that were found in a source.
    """
    found = []
    for match in matches:
        targets = match.term.targets
        spellings = dict.fromkeys(ids for target in targets for ids in _spellings(segmenter, target))
        if spellings:
            spaced = all(not _unspaced(target) for target in targets)
            found.append(Constraint(tuple(spellings), closed=spaced))
    return tuple(found)


def continuing(segmenter: Segmenter) -> Tensor:
    """bool `[V]`: subwords that make the word before them longer."""
    pieces = sorted(segmenter.vocabulary.items(), key=lambda item: item[1])
    return torch.tensor([bool(_WORD.match(piece)) for piece, _ in pieces])


def _spellings(segmenter: Segmenter, target: str) -> Iterable[tuple[int, ...]]:
    plain = _content(segmenter, target)
    if plain is None:
        return
    yield plain
    if not _unspaced(target):
        return
    pieces = segmenter.pieces(plain)
    if pieces[0] == SPACE and len(plain) > 1:
        yield plain[1:]
    for before in _BEFORE:
        front, both = _content(segmenter, before), _content(segmenter, before + target)
        if front and both and len(both) > len(front) and both[: len(front)] == front:
            yield both[len(front) :]


def _content(segmenter: Segmenter, text: str) -> tuple[int, ...] | None:
    encoded = segmenter.encode_text(text, "target")
    ids: Sequence[int] = encoded.ids[:-1]
    return None if not ids or segmenter.unk_id in ids or encoded.originals else tuple(ids)


def _unspaced(text: str) -> bool:
    return not _UNSPACED.isdisjoint(scripts(text))
