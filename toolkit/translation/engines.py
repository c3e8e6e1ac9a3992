"""What runs a model's network for a pipeline: PyTorch, and by the same protocol CTranslate2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor, nn

from toolkit.translation.decoding.batches import decoder_for, translate_rows
from toolkit.translation.decoding.constraints import Constraint
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.decoding.products import Precision
from toolkit.translation.options import Options


@dataclass(frozen=True, slots=True)
class Request:
    """Sentences to translate.

    Attributes:
        rows: their ids, the end mark last.
        options: how.
        numbers: of the sentences, for what is drawn at random and for the constraints; by default from 0.
        constraints: what has to be written, by the number of the sentence.
        continues: subwords that make a word longer (`toolkit.translation.term_constraints.continuing`).
    """

    rows: Sequence[Sequence[int]]
    options: Options
    numbers: Sequence[int] = ()
    constraints: Mapping[int, Sequence[Constraint]] = field(default_factory=dict)
    continues: Tensor | None = None


class Engine(Protocol):
    """Runs a network.

    Attributes:
        name: what users call it.
        longest: subwords that a source may have.
    """

    name: str
    longest: int

    def can(self, request: Request) -> bool:
        """Whether it can do what is asked."""
        ...

    def run(self, request: Request, progress: Callable[[int], None] | None = None) -> list[list[Hypothesis]]:
        """The hypotheses of each sentence, the best first.

        Args:
            request: what to do.
            progress: told how many sentences are done.
        """
        ...


class TorchEngine:
    """The network by PyTorch.

    Args:
        network: a sequence-to-sequence network of transformers.
        precision: of its products.
    """

    def __init__(self, network: nn.Module, precision: Precision = "float32") -> None:
        self.name = "torch" if precision == "float32" else f"torch-{precision}"
        self._decoder = decoder_for(network, precision)
        self.longest = self._decoder.longest

    def can(self, request: Request) -> bool:
        """Everything."""
        return True

    def run(self, request: Request, progress: Callable[[int], None] | None = None) -> list[list[Hypothesis]]:
        """See `Engine.run`."""
        options = request.options
        continues = None if request.continues is None else request.continues.to(self._decoder.device)
        return translate_rows(
            self._decoder,
            request.rows,
            options.search(request.constraints, continues),
            batch_size=options.batch_size,
            attention=options.alignment,
            numbers=request.numbers,
            progress=progress,
        )
