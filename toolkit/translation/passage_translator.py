"""Passages through an engine: those with terms in one search, the others in another, all in their own order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from toolkit.translation.computing import Computing
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.engines import Request
from toolkit.translation.options import Options
from toolkit.translation.passages import Cutter, Passage, Progress, has_spaces, translation_of
from toolkit.translation.results import Translation
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.term_constraints import continuing, term_constraints
from toolkit.translation.terms import Termbase


class PassageTranslator:
    """Cuts texts into passages and translates these.

    Args:
        computing: chooses the engine.
        segmenter: of the model.
        language: code of the target language.
        network: of the model, for the size of its vocabulary.
    """

    def __init__(self, computing: Computing, segmenter: Segmenter, language: str, network: nn.Module) -> None:
        self._computing = computing
        self._segmenter = segmenter
        self._language = language
        self._network: Any = network

    def cut(self, text: str, split: bool = True) -> list[Passage]:
        """See `Cutter.cut`."""
        return self._cutter.cut(text, split)

    def translated(
        self,
        passages: Sequence[Passage],
        options: Options,
        base: Termbase | None,
        first: int = 0,
        progress: Progress | None = None,
    ) -> list[Translation]:
        """The translations of passages.

        Args:
            passages: from `cut`.
            options: how to translate.
            base: terms to keep to.
            first: the number of the first passage among all, on which depends what is drawn for it.
            progress: told how many are done, and of how many.
        """
        rows = {first + place: one.encoded.ids for place, one in enumerate(passages) if one.encoded is not None}
        matches = {} if base is None else {number: base.find(passages[number - first].text) for number in rows}
        constraints = {number: term_constraints(self._segmenter, found) for number, found in matches.items()}
        bound = [number for number in rows if constraints.get(number) and not options.random]
        free = [number for number in rows if number not in set(bound)]
        found: dict[int, list[Hypothesis]] = {}
        for numbers in (free, bound):  # a search with terms is slower
            if not numbers:
                continue
            request = Request([rows[number] for number in numbers], options, numbers)
            if numbers is bound:
                given = {number: constraints[number] for number in bound}
                request = replace(request, constraints=given, continues=self._continuing)
            engine = self._computing.engine
            engine = engine if engine.can(request) else self._computing.torch
            told = None if progress is None else _counting(progress, len(found), len(rows))
            found.update(zip(numbers, engine.run(request, told), strict=True))
        return [
            translation_of(passage, found.get(first + place, []), self._segmenter, options, base)
            for place, passage in enumerate(passages)
        ]

    @cached_property
    def _cutter(self) -> Cutter:
        token = self._language if self._language in self._segmenter.settings.languages else None
        return Cutter(self._segmenter, token, has_spaces(self._language), self._computing.engine.longest)

    @cached_property
    def _continuing(self) -> Tensor:
        rows = int(self._network.get_output_embeddings().weight.shape[0])
        known = continuing(self._segmenter)
        return nn.functional.pad(known, (0, rows - len(known)))


def _counting(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
