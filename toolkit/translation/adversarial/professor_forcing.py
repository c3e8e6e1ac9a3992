"""Professor forcing (Lamb et al. 2016): the decoder's states when it writes shall look like those when it reads."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw, ScoreFunction
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.translation.adversarial.drawing import without_dropout
from toolkit.translation.adversarial.pair_cnn import TextCnn
from toolkit.translation.adversarial.task import AdversarialTranslationTask
from toolkit.translation.segmented import IGNORED
from toolkit.translation.task import shifted


class ProfessorForcingTask(AdversarialTranslationTask):
    """A game about states: those on a drawn translation are the generated data, those on the reference the real ones.

    States are continuous, so the estimator is `pathwise`. The discriminator is told nothing besides: a translation's
    states know their source.

    Args:
        room: subwords that a sample may have more than its reference.
        sampling: see `toolkit.translation.task.TranslationTask`, also for the rest.
        beam: see there.
        extra_length: see there.
    """

    def __init__(self, room: int = 6, sampling: float = 0.0, beam: int = 1, extra_length: int = 20) -> None:
        super().__init__("ids", room, sampling, beam, extra_length)

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`states_BTN` of the last decoder layer while a drawn translation is written; 0 after its end."""
        ids = self._drawn(generator, batch, Draw(noise, ScoreFunction("none")))
        return self._states(generator, batch, ids)

    def real_from(self, generator: nn.Module, batch: Batch, noise: Draw) -> Tensor:
        """The states while the reference is read."""
        target, pad_id = batch["target"], self.pairs.segmenter.pad_id
        ids = nn.functional.pad(target.masked_fill(target == IGNORED, pad_id), (0, self.room), value=pad_id)
        return self._states(generator, batch, ids).data

    def real(self, batch: Batch) -> Tensor | None:
        """Nothing without a generator: see `real_from`."""
        return None

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing."""
        return None

    def complete(
        self, generator: nn.Module, batch: Batch, output: GeneratorOutput, kept: int, noise: Draw
    ) -> GeneratorOutput:
        """Not of use here: states are differentiable."""
        raise NotImplementedError("professor forcing needs no roll-outs: its estimator is pathwise")

    def _states(self, generator: nn.Module, batch: Batch, ids: Tensor) -> GeneratorOutput:
        pad_id = self.pairs.segmenter.pad_id
        model: Any = generator
        with without_dropout(generator):  # both sides alike: dropout would not tell them apart, but blur them
            answer = model(
                input_ids=batch["source"],
                attention_mask=(batch["source"] != pad_id).long(),
                decoder_input_ids=shifted(ids.masked_fill(ids == pad_id, IGNORED), pad_id),
                use_cache=False,
                output_hidden_states=True,
            )
        states = answer.decoder_hidden_states[-1]
        written = ids != pad_id
        return GeneratorOutput(states * written.unsqueeze(-1), mask=written.to(states.dtype))


class StateCnn(nn.Module):
    """A text CNN over states: the discriminator of professor forcing.

    Args:
        states: width of the generator's states.
        widths: of the filters, in places.
        filters: of every width.
        hidden: width of the layer before the score.
    """

    def __init__(self, states: int, widths: tuple[int, ...] = (1, 3, 5), filters: int = 48, hidden: int = 96) -> None:
        super().__init__()
        self.states = states
        self.read = TextCnn(states, widths, filters)
        self.hidden = nn.Linear(filters * len(widths), hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One logit for each sequence of states `[B, T, states]`; places without a text are zero."""
        if data.shape[-1] != self.states:
            raise ValueError(f"the generator's states have the width {data.shape[-1]}, not states={self.states}")
        written = (data.detach().abs().amax(-1) > 0).to(data.dtype)
        read = self.read(data, written)
        hidden = nn.functional.leaky_relu(self.hidden(read), 0.2)
        return DiscriminatorOutput((self.out(hidden).squeeze(1),), (read, hidden))
