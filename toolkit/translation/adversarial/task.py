"""Translation as a game of two: the generator's own translations against references, both with their source."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.source import Source
from toolkit.errors import ToolkitError
from toolkit.translation.adversarial.drawing import draw, log_probs_of, scores_of
from toolkit.translation.segmented import IGNORED
from toolkit.translation.task import TranslationTask, next_subword_logits


class AdversarialTranslationTask(TranslationTask):
    """Translation in which discriminators judge what the generator writes by itself.

    A sample is drawn with the memory of keys and values that translating has; then the network reads it once, with a
    graph, for log-probabilities (`score_function`) or soft rows (`straight_through`). The gradient of soft rows reaches
    the scores at their own place: what a choice changes of later scores is left out.

    Cross entropy on the reference is the term `cross_entropy` with `target: target`, as in the task `translation`; the
    pass that it needs is made when the term asks for it.

    Args:
        form: what discriminators get: `ids`, or `rows` `[B, T, vocabulary]`, which `straight_through` and gradient
            penalties need.
        room: subwords that a sample may have more than its reference.
        sampling: see `toolkit.translation.task.TranslationTask`, also for the rest.
        beam: see there.
        extra_length: see there.
    """

    def __init__(
        self,
        form: Literal["ids", "rows"] = "ids",
        room: int = 6,
        sampling: float = 0.0,
        beam: int = 1,
        extra_length: int = 20,
    ) -> None:
        super().__init__(sampling, beam, extra_length)
        if room < 1:
            raise ValueError(f"room={room} must be at least 1, for the end mark of a sample as long as its reference")
        self.form = form
        self.room = room
        self._dtype = torch.float32

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """See `TranslationTask.open`."""
        self._dtype = dtype
        return super().open(source, dtype)

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """A translation of each source, as ids or rows, with `pad_id` after its end mark.

        Raises:
            ToolkitError: the estimator needs rows, and the recipe asks for ids.
        """
        ids = self._drawn(generator, batch, noise)
        return self._read(generator, batch, ids, noise) if torch.is_grad_enabled() else self._plain(ids)

    def complete(
        self, generator: nn.Module, batch: Batch, output: GeneratorOutput, kept: int, noise: Draw
    ) -> GeneratorOutput:
        """Other endings for translations whose first places are kept (see `toolkit.adversarial.task.Task`)."""
        ids = output.data if output.data.dim() == 2 else output.data.detach().argmax(-1)
        return self._plain(self._drawn(generator, batch, noise, ids, kept))

    def real(self, batch: Batch) -> Tensor | None:
        """The references, in the form of what is generated."""
        target, pad_id = batch["target"], self.pairs.segmenter.pad_id
        ids = nn.functional.pad(target.masked_fill(target == IGNORED, pad_id), (0, self.room), value=pad_id)
        return self._formed(ids)

    def condition(self, batch: Batch) -> Tensor | None:
        """The ids of the sources, `source_BS`."""
        source: Tensor = batch["source"]
        return source

    def extra(self, name: str, generator: nn.Module, batch: Batch, noise: Draw) -> Tensor | None:
        """`logits`: scores of each subword of the reference, given those before it."""
        if name != "logits":
            return None
        return next_subword_logits(generator, batch["source"], batch["target"], self.pairs.segmenter.pad_id)

    # -- parts of it ----------------------------------------------------------------------------------------------

    def _drawn(
        self, generator: nn.Module, batch: Batch, noise: Draw, begun: Tensor | None = None, kept: int = 0
    ) -> Tensor:
        target, segmenter = batch["target"], self.pairs.segmenter
        return draw(
            generator,
            batch["source"],
            (target != IGNORED).sum(1) + self.room,
            lambda place, logits: noise.choose(_role(place), logits).ids,
            segmenter.pad_id,
            segmenter.eos_id,
            width=target.shape[1] + self.room,
            begun_BT=begun,
            kept=kept,
        )

    def _read(self, generator: nn.Module, batch: Batch, ids: Tensor, noise: Draw) -> GeneratorOutput:
        pad_id = self.pairs.segmenter.pad_id
        logits = scores_of(generator, batch["source"], ids, pad_id)
        first = noise.choose(_role(0), logits[:, 0])
        if first.log_prob is not None:
            return self._plain(ids, log_probs_of(logits, ids, pad_id))
        if self.form == "ids":
            raise ToolkitError(
                "this estimator passes gradients through what was chosen, and ids let none pass", "set task.form=rows"
            )
        chosen = [noise.choose(_role(place), logits[:, place]).rows for place in range(ids.shape[1])]
        written = (ids != pad_id).unsqueeze(-1)
        plain = self._plain(ids)
        rows = torch.where(written, torch.stack(chosen, 1).to(self._dtype), plain.data)
        return GeneratorOutput(rows, mask=plain.mask)

    def _plain(self, ids: Tensor, log_prob: Tensor | None = None) -> GeneratorOutput:
        mask = (ids != self.pairs.segmenter.pad_id).to(self._dtype)
        return GeneratorOutput(self._formed(ids), log_prob, mask)

    def _formed(self, ids: Tensor) -> Tensor:
        return ids if self.form == "ids" else one_hot(ids, len(self.pairs.segmenter)).to(self._dtype)


def _role(place: int) -> str:
    return f"subword{place}"
