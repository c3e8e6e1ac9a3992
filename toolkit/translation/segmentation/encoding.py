"""The steps of encoding and decoding that need no segmenter: sentencepiece's side of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.errors import ToolkitError, require
from toolkit.translation.segmentation.factors import lowered
from toolkit.translation.segmentation.normalisation import SPACE, normalise
from toolkit.translation.segmentation.protection import Protected, protect
from toolkit.translation.segmentation.settings import SegmenterSettings, Side
from toolkit.translation.segmentation.subwords import UNK

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as a model gets it.

    Attributes:
        ids: subword ids, a language token first where one was asked for, `</s>` last.
        originals: what the placeholder symbols stand for; `Segmenter.decode` needs it.
        left: placeholders for which there was no symbol left.
        factors: by name, one number per id.
    """

    ids: list[int]
    originals: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    factors: dict[str, list[int]] = field(default_factory=dict)


class Encoder:
    """sentencepiece's ids, translated into ours.

    Args:
        processor: a loaded `sentencepiece.SentencePieceProcessor`.
        ids: ours, by piece.
    """

    def __init__(self, processor: Any, ids: dict[str, int]) -> None:
        self.processor = processor
        pieces = [processor.id_to_piece(number) for number in range(processor.vocab_size())]
        self._ids = [ids.get(piece, UNK) for piece in pieces]

    def ids(self, text: str) -> list[int]:
        """Our ids of a prepared text."""
        return [self._ids[number] for number in self.processor.encode(text, out_type=int)]

    def pieces(self, text: str) -> list[str]:
        """The pieces of a prepared text."""
        found: list[str] = self.processor.encode(text, out_type=str)
        return found


def plain(settings: SegmenterSettings, text: str) -> tuple[str, Protected]:
    """A text normalised around its placeholders, in its own casing; and what its symbols stand for."""
    protected = protect(text, settings.placeholders, settings.protect)
    return normalise(protected.text, settings.normalisation), protected


def prepared(settings: SegmenterSettings, cased: str, side: Side) -> str:
    """What sentencepiece gets of a text that `plain` gave."""
    return lowered(cased) if settings.lower_source and side == "source" else cased


def processor(model: bytes) -> Any:
    """A model made ready for use.

    Raises:
        MissingExtraError: sentencepiece is not installed.
        ToolkitError: the model is damaged.
    """
    library: Any = require("sentencepiece", "translation", "Subword segmentation")
    try:
        return library.SentencePieceProcessor(model_proto=model)
    except (RuntimeError, OSError, TypeError) as error:
        raise ToolkitError(f"the sentencepiece model cannot be read: {error}") from error


def joined(pieces: Sequence[str], silent: Collection[str]) -> str:
    """The text that pieces spell, but for the silent ones.

    Bytes that are no UTF-8 become U+FFFD, the unknown piece becomes ⁇, both as in sentencepiece.
    """
    parts: list[str] = []
    waiting = bytearray()
    for piece in pieces:
        byte = _BYTE.fullmatch(piece)
        if byte is not None:
            waiting.append(int(byte[1], 16))
            continue
        if waiting:
            parts.append(waiting.decode("utf-8", "replace"))
            waiting.clear()
        if piece not in silent:
            parts.append(f"{SPACE}\u2047{SPACE}" if piece == "<unk>" else piece)
    parts.append(waiting.decode("utf-8", "replace"))
    return "".join(parts).replace(SPACE, " ").removeprefix(" ")
