"""The segmenter: everything between a text and the numbers of a model, in one object that is stored with the model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from toolkit.errors import ConfigError, Problem, ToolkitError, nearest
from toolkit.translation.segmentation import stored
from toolkit.translation.segmentation.encoding import Encoded, Encoder, joined, plain, prepared, processor
from toolkit.translation.segmentation.factors import (
    SpacyTagger,
    Tagger,
    annotated,
    annotation_symbols,
    case_factor,
    pos_factor,
    spans,
)
from toolkit.translation.segmentation.normalisation import normalise
from toolkit.translation.segmentation.protection import Protected, Restored, protect_pair, restore, symbols
from toolkit.translation.segmentation.sampling import Sampler
from toolkit.translation.segmentation.settings import SegmenterSettings, Side
from toolkit.translation.segmentation.subwords import EOS, UNK, train_subwords
from toolkit.translation.segmentation.vocabulary import PAD, language_token, vocabulary

__all__ = ["Encoded", "Segmenter"]


class Segmenter:
    """Text to subword ids and back, for both languages of a model.

    Ids are Marian's: `</s>` 0, `<unk>` 1, pieces, language tokens, `<pad>` last. The stored folder is what
    `transformers.MarianTokenizer` loads; on normalised text without placeholders it gives the same ids as this does.

    What decoding gives back: `decode(encode(text).ids, originals) == normalised(text)`, for every text when the
    vocabulary has a byte fallback.

    Args:
        source: the sentencepiece model of the source language (`train_subwords`), with the placeholder symbols.
        target: that of the target language; `None` when both share one.
        settings: everything else.

    Attributes:
        eos_id: 0; also what every encoded text ends with.
        unk_id: 1.
        pad_id: the last id; Marian's decoder starts from it.

    Raises:
        ConfigError: the settings do not fit the models.
        MissingExtraError: sentencepiece is not installed.
        ToolkitError: a model is damaged.
    """

    eos_id = EOS
    unk_id = UNK

    def __init__(self, source: bytes, target: bytes | None = None, settings: SegmenterSettings | None = None) -> None:
        self.settings = SegmenterSettings() if settings is None else settings
        self.models: dict[Side, bytes] = {"source": source, "target": source if target is None else target}
        processors: dict[Side, Any] = {"source": processor(source)}
        processors["target"] = processors["source"] if target is None else processor(target)
        self._marks = annotation_symbols(self.settings.annotations)
        self.vocabulary = vocabulary(processors["source"], processors["target"], self.settings.languages, self._marks)
        self.pad_id = self.vocabulary[PAD]
        self._symbols = symbols(self.settings.placeholders)
        self._check_symbols()
        self._pieces = list(self.vocabulary)
        self._encoders = {side: Encoder(loaded, self.vocabulary) for side, loaded in processors.items()}
        self._samplers: dict[Side, Sampler] = {}
        self._silent = {PAD, "</s>", *self._marks, *map(language_token, self.settings.languages)}

    @classmethod
    def train(
        cls,
        sources: Iterable[str],
        targets: Iterable[str],
        size: int = 8000,
        settings: SegmenterSettings | None = None,
        *,
        joint: bool = True,
        coverage: float = 0.9995,
        split_digits: bool = False,
        clamp: bool = True,
        on_note: Callable[[str], None] | None = None,
    ) -> Segmenter:
        """Learn the vocabulary from the training pairs.

        Args:
            sources: texts of the source language, as they are.
            targets: texts of the target language.
            size: pieces of the vocabulary; of each language's when they are separate.
            settings: how texts are prepared, and the kind of vocabulary.
            joint: one vocabulary for both languages. Separate ones still share their ids: a piece that both have is
                one row of the embedding.
            coverage: see `train_subwords`.
            split_digits: see `train_subwords`.
            clamp: small texts get a smaller vocabulary instead of an error.
            on_note: told when that happens.

        Raises:
            ConfigError: the size does not fit.
            DataError: there is no text.
        """
        settings = SegmenterSettings() if settings is None else settings

        def learn(texts: Iterable[str]) -> bytes:
            return train_subwords(
                texts,
                size,
                settings.kind,
                settings.byte_fallback,
                symbols=symbols(settings.placeholders),
                coverage=coverage,
                split_digits=split_digits,
                keep_spaces=settings.normalisation == "none",
                clamp=clamp,
                on_note=on_note,
            )

        ours = (prepared(settings, plain(settings, text)[0], "source") for text in sources)
        theirs = (plain(settings, text)[0] for text in targets)
        if joint:
            return cls(learn(chain(ours, theirs)), settings=settings)
        return cls(learn(ours), learn(theirs), settings)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __reduce__(self) -> tuple[type[Segmenter], tuple[bytes, bytes | None, SegmenterSettings]]:
        return Segmenter, (self.models["source"], None if self.joint else self.models["target"], self.settings)

    @property
    def joint(self) -> bool:
        """Whether both languages share one vocabulary."""
        return self.models["source"] == self.models["target"]

    def encode(self, text: str, side: Side = "source", language: str | None = None) -> list[int]:
        """Ids of a text, `</s>` last. `encode_text` also gives what decoding needs to put placeholders back.

        Args:
            text: as it is.
            side: whose vocabulary.
            language: puts the token of this target language first.
        """
        return self.encode_text(text, side, language).ids

    def encode_sampled(
        self,
        text: str,
        seed: int,
        side: Side = "source",
        alpha: float | None = None,
        language: str | None = None,
    ) -> list[int]:
        """Ids of a random segmentation (subword regularisation, BPE-dropout), a function of text and seed.

        Args:
            text: as it is.
            seed: any whole number; for training, made of the run's seed, the epoch and the sample.
            side: whose vocabulary.
            alpha: how random (`toolkit.translation.segmentation.sampling.DEFAULT_ALPHA`).
            language: puts the token of this target language first.
        """
        return self.encode_text(text, side, language, seed=seed, alpha=alpha).ids

    def encode_text(
        self,
        text: str,
        side: Side = "source",
        language: str | None = None,
        *,
        seed: int | None = None,
        alpha: float | None = None,
        factors: bool = False,
        tagger: Tagger | None = None,
    ) -> Encoded:
        """Ids of a text and all that belongs to them.

        Args:
            text: as it is.
            side: whose vocabulary.
            language: puts the token of this target language first.
            seed: asks for a random segmentation.
            alpha: how random.
            factors: gives the casing of every subword, and with a tagger its part of speech.
            tagger: what finds parts of speech.

        Raises:
            ConfigError: the model has no such language.
        """
        cased, protected = plain(self.settings, text)
        return self._encoded(cased, protected, side, language, seed, alpha, tagger, factors)

    def encode_pair(
        self,
        source: str,
        target: str,
        language: str | None = None,
        *,
        seed: int | None = None,
        alpha: float | None = None,
        factors: bool = False,
        tagger: Tagger | None = None,
    ) -> tuple[Encoded, Encoded]:
        """A training pair: what both sides have in common is protected under the same numbers.

        Args:
            source: text of the source language.
            target: its translation.
            language: puts the token of this target language before the source.
            seed: asks for random segmentations of both sides.
            alpha: how random.
            factors: gives the factors of the source.
            tagger: what finds parts of speech in the source.
        """
        settings = self.settings
        ours, theirs = protect_pair(source, target, settings.placeholders, settings.protect)
        cased, other = (normalise(one.text, settings.normalisation) for one in (ours, theirs))
        further = None if seed is None else seed + 1
        return (
            self._encoded(cased, ours, "source", language, seed, alpha, tagger, factors),
            self._encoded(other, theirs, "target", None, further, alpha, None, False),
        )

    def decode(self, ids: Sequence[int], originals: Sequence[str] = ()) -> str:
        """The text of ids up to the first `</s>`, placeholders put back."""
        return self.decode_text(ids, originals).text

    def decode_text(self, ids: Sequence[int], originals: Sequence[str] = ()) -> Restored:
        """As `decode`, with a report of the placeholders that are missing, repeated or invented.

        Args:
            ids: what a model wrote; `<pad>` and language tokens are passed over.
            originals: what the symbols of its source stand for (`Encoded.originals`).
        """
        return restore(joined(self.pieces(ids), self._silent), originals)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The pieces of ids, up to the first `</s>`.

        Raises:
            ToolkitError: an id is not of this vocabulary.
        """
        found = []
        for number in map(int, ids):
            if number == EOS:
                break
            if not 0 <= number < len(self._pieces):
                raise ToolkitError(
                    f"id {number} is none of the {len(self)} pieces of this vocabulary",
                    "use the vocabulary that the model was trained with",
                )
            found.append(self._pieces[number])
        return found

    def normalised(self, text: str) -> str:
        """The text that a perfect model would give back: outside its placeholders normalised."""
        normal, protected = plain(self.settings, text)
        return restore(normal, protected.originals).text

    def language_id(self, language: str) -> int:
        """The id of a language token.

        Raises:
            ConfigError: the model has no such language.
        """
        if language not in self.settings.languages:
            known = self.settings.languages
            hint = nearest(language, known) if known else "this vocabulary has no language tokens"
            raise ConfigError([Problem("language", f"unknown language '{language}'; {hint}")], "the segmentation")
        return self.vocabulary[language_token(language)]

    def fingerprint(self) -> str:
        """A hash of everything that decides which ids a text gets; equal for two models that can share texts."""
        return stored.fingerprint(self.models, self.vocabulary, self.settings)

    def require_same(self, other: Segmenter, ours: str, theirs: str) -> None:
        """Check that two models have the same vocabulary.

        Args:
            other: the one to compare with.
            ours: what this belongs to, for the message ("the model runs/t/model").
            theirs: what the other belongs to.

        Raises:
            ToolkitError: they differ.
        """
        stored.require_same(self.fingerprint(), other.fingerprint(), ours, theirs)

    def save(self, folder: Path) -> None:
        """Write `source.spm`, `target.spm`, `vocab.json`, `tokenizer_config.json` and `segmenter.json`."""
        stored.save(folder, self.models, self.vocabulary, self.settings)

    @classmethod
    def load(cls, folder: Path, expected: str | None = None) -> Segmenter:
        """A stored segmenter.

        Args:
            folder: the model folder.
            expected: the fingerprint that the model's weights belong to.

        Raises:
            CheckpointError: a file is missing or damaged, or belongs to another model.
        """
        source, target, settings, known = stored.read(folder)
        try:
            found = cls(source, None if source == target else target, settings)
        except ToolkitError as error:
            raise stored.damaged(folder, error) from error
        stored.check(folder, found.vocabulary, found.fingerprint(), known, expected)
        return found

    def _encoded(
        self,
        cased: str,
        protected: Protected,
        side: Side,
        language: str | None,
        seed: int | None,
        alpha: float | None,
        tagger: Tagger | None,
        factors: bool,
    ) -> Encoded:
        first = [] if language is None else [self.language_id(language)]
        encoder, given = self._encoders[side], prepared(self.settings, cased, side)
        if seed is None:
            ids, pieces = encoder.ids(given), encoder.pieces(given) if factors or self.settings.annotations else []
        else:
            pieces = self._sampler(side).sample(given, random.Random(seed), alpha)
            ids = [self.vocabulary.get(piece, UNK) for piece in pieces]
        named: dict[str, list[int]] = {}
        if factors:
            places = spans(pieces)
            named["case"] = case_factor(cased, places)
            if tagger is not None:
                named["pos"] = pos_factor(cased, places, tagger)
        if self.settings.annotations and side == "source":
            marked = annotated(pieces, cased, self.settings.annotations, tagger or self._tagger)
            ids = [self.vocabulary.get(piece, UNK) for piece in marked]
            named = {name: _spread(values, marked, self._marks) for name, values in named.items()}
        aligned = {name: [*(0 for _ in first), *values, 0] for name, values in named.items()}
        return Encoded([*first, *ids, EOS], protected.originals, protected.left, aligned)

    @cached_property
    def text_ids(self) -> tuple[int, ...]:
        """Ids of pieces of text: all but `</s>`, `<unk>`, `<pad>`, annotations, language tokens and placeholders."""
        others = self._silent | {"<unk>", *self._symbols}
        return tuple(number for piece, number in self.vocabulary.items() if piece not in others)

    @cached_property
    def _tagger(self) -> Tagger | None:
        return SpacyTagger(self.settings.tagger) if "pos" in self.settings.annotations else None

    def _sampler(self, side: Side) -> Sampler:
        if side not in self._samplers:
            self._samplers[side] = Sampler(self._encoders[side].processor, self.settings.kind, self._symbols)
        return self._samplers[side]

    def _check_symbols(self) -> None:
        absent = [symbol for symbol in self._symbols if symbol not in self.vocabulary]
        if absent:
            message = f"the vocabulary lacks {' '.join(absent)}, {len(absent)} of {len(self._symbols)} symbols"
            raise ConfigError([Problem("placeholders", message)], "the segmentation")


def _spread(values: Sequence[int], marked: Sequence[str], marks: Sequence[str]) -> list[int]:
    """The values of pieces, with 0 for the annotations among them."""
    left = iter(values)
    return [0 if piece in marks else next(left) for piece in marked]
