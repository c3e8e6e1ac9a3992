"""Subword vocabularies, trained with sentencepiece (Kudo & Richardson 2018).

Unigram language model (Kudo 2018, "Subword regularization") or byte pair encoding (Sennrich, Haddow & Birch 2016).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from toolkit.errors import ConfigError, DataError, Problem, require

Kind: TypeAlias = Literal["unigram", "bpe"]

EOS, UNK = 0, 1
"""Ids of the end of a sentence and of the unknown piece, where Marian has them."""

_LONGEST = 4000  # characters of a line that sentencepiece sees in one; longer lines are cut for it
_LENGTHS = (16, 1)
_TOO_HIGH = re.compile(r"Vocabulary size too high \(\d+\)\. Please set it to a value <= (\d+)")
_TOO_LOW = re.compile(r"Vocabulary size is smaller than required_chars\. \d+ vs (\d+)")


def train_subwords(
    texts: Iterable[str],
    size: int,
    kind: Kind = "unigram",
    byte_fallback: bool = True,
    *,
    symbols: Sequence[str] = (),
    coverage: float = 0.9995,
    split_digits: bool = False,
    keep_spaces: bool = False,
    most: int = 1_000_000,
    clamp: bool = False,
    on_note: Callable[[str], None] | None = None,
) -> bytes:
    """Train a vocabulary. The same texts give the same bytes: one thread, no shuffling, no random numbers.

    For a vocabulary that two languages share, give the texts of both; for separate ones, train twice.

    Args:
        texts: normalised lines (`normalise`); they are read once.
        size: pieces, together with `</s>` (id 0), `<unk>` (id 1), the symbols and the 256 bytes.
        kind: `unigram` or `bpe`.
        byte_fallback: characters outside the vocabulary are spelled as UTF-8 bytes, so that no text is unknown.
        symbols: pieces that are never cut and never joined with what is beside them, such as placeholders.
        coverage: share of the characters of the texts that get pieces of their own; 0.9995 suits languages with
            thousands of characters, 1.0 small alphabets. It counts only where the other characters fit the vocabulary.
        split_digits: every digit is a piece of its own, so that numbers are read digit by digit.
        keep_spaces: several spaces in a row, and those at the ends, stay. `normalise` has dealt with them otherwise.
        most: lines to learn from; of more, so many are taken at equal distances.
        clamp: where the texts are too few for the size, take the largest possible vocabulary and say so.
        on_note: gets that sentence.

    Returns:
        The sentencepiece model, as stored in `source.spm`.

    Raises:
        ConfigError: the size does not fit the texts; the message names the largest or smallest one that does.
        DataError: the texts are empty.
        MissingExtraError: sentencepiece is not installed.
    """
    library: Any = require("sentencepiece", "translation", "Subword segmentation")
    if kind not in ("unigram", "bpe"):
        raise ConfigError([Problem("kind", f"is {kind!r}; choices: unigram, bpe")], "the segmentation")
    lines = _thinned([part for text in texts for part in _parts(text)], most)
    if not lines:
        raise DataError("the texts to learn a vocabulary from are empty", "check the files and their cleaning report")
    settings: dict[str, Any] = {
        "model_type": kind,
        "byte_fallback": byte_fallback,
        "user_defined_symbols": list(dict.fromkeys(symbols)),
        "character_coverage": coverage,
        "split_digits": split_digits,
        "remove_extra_whitespaces": not keep_spaces,
        "normalization_rule_name": "identity",  # `normalise` does it; the file then means the same everywhere
        "bos_id": -1,
        "eos_id": EOS,
        "unk_id": UNK,
        "pad_id": -1,
        "num_threads": 1,
        "shuffle_input_sentence": False,
        "max_sentence_length": 4 * _LONGEST + 4,
        "minloglevel": 3,
    }
    try:
        return _train(library, lines, size, settings)
    except _WrongSizeError as error:
        few = f"{len(lines)} lines" if len(lines) != 1 else "1 line"
        if error.largest is None:
            message = f"is {size}, too small for the {error.smallest} characters and symbols of the texts"
            way = f"use {error.smallest} or more, or lower the coverage ({coverage})"
            raise ConfigError([Problem("size", f"{message}; {way}")], "the segmentation") from None
        if not clamp:
            message = f"is {size}, but {few} of text give a {kind} vocabulary of at most {error.largest} pieces"
            raise ConfigError([Problem("size", message)], "the segmentation") from None
        if on_note is not None:
            on_note(f"The vocabulary has {error.largest} pieces instead of {size}: {few} of text give no more.")
        return _train(library, lines, error.largest, settings)


class _WrongSizeError(Exception):
    def __init__(self, largest: int | None, smallest: int | None) -> None:
        super().__init__()
        self.largest, self.smallest = largest, smallest


def _train(library: Any, lines: Sequence[str], size: int, settings: dict[str, Any]) -> bytes:
    # The unigram trainer starts from candidates of up to 16 characters; a repetitive text can leave none of them, and
    # it then cannot even begin, where single characters can do.
    for longest in _LENGTHS:
        stream = io.BytesIO()
        try:
            library.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=stream,
                vocab_size=size,
                max_sentencepiece_length=longest,
                **settings,
            )
            return stream.getvalue()
        except (RuntimeError, OSError) as error:
            words = str(error)
            if found := _TOO_HIGH.search(words):
                raise _WrongSizeError(int(found[1]), None) from error
            if found := _TOO_LOW.search(words):
                raise _WrongSizeError(None, int(found[1])) from error
            failure = error
    raise DataError(
        f"sentencepiece cannot learn a vocabulary of {size} pieces: {failure}",
        "give it more text, or another size",
    ) from failure


def _parts(text: str) -> Iterator[str]:
    """A line in parts that sentencepiece accepts, cut at spaces where there are any."""
    while len(text) > _LONGEST:
        cut = text.rfind(" ", 1, _LONGEST)
        cut = cut if cut > 0 else _LONGEST
        yield text[:cut]
        text = text[cut:].lstrip(" ")
    if text.strip():
        yield text


def _thinned(lines: list[str], most: int) -> list[str]:
    if len(lines) <= most:
        return lines
    return [lines[place * len(lines) // most] for place in range(most)]
