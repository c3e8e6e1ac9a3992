"""Ids as Marian has them, so that plain `transformers` and CTranslate2 read the stored vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PAD = "<pad>"


def language_token(language: str) -> str:
    """How a multilingual Marian model is told the target language: the first token of the source.

    >>> language_token("zh")
    '>>zh<<'
    """
    return f">>{language}<<"


def vocabulary(
    source: Any, target: Any, languages: Sequence[str] = (), annotations: Sequence[str] = ()
) -> dict[str, int]:
    """Piece to id: `</s>` 0, `<unk>` 1, pieces of source and target, annotations, language tokens, `<pad>`.

    With one model for both languages the ids of its pieces are sentencepiece's own. CTranslate2's converter wants
    `<pad>` last.

    Args:
        source: a loaded `sentencepiece.SentencePieceProcessor`.
        target: that of the target language; may be the same.
        languages: codes of the languages that a multilingual model writes.
        annotations: symbols that are written into sources.
    """
    pieces: dict[str, int] = {"</s>": 0, "<unk>": 1}
    for processor in (source,) if source is target else (source, target):
        for number in range(processor.vocab_size()):
            pieces.setdefault(processor.id_to_piece(number), len(pieces))
    for token in (*annotations, *map(language_token, languages), PAD):
        pieces.setdefault(token, len(pieces))
    return pieces
