"""A game about languages: what the encoder makes of a sentence shall not tell which language it was in."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.data.loader import Item, Transform
from toolkit.data.source import Source
from toolkit.errors import DataError
from toolkit.translation.adversarial.drawing import without_dropout
from toolkit.translation.segmented import SegmentedPairs
from toolkit.translation.task import TranslationTask, next_subword_logits

_LIKE_LENGTHS = 8  # sentences that are drawn, of which the one of the most similar length is taken


class LatentLanguagesTask(TranslationTask):
    """Translation from several languages, whose encoder plays against a discriminator (Lample et al. 2018).

    The real data are the encoder's states of sentences in the first language, the generated data those of sentences in
    another. A generator that wins the game describes a sentence alike whatever its language is, so that what the
    decoder learned from one language serves the others. States are continuous: the estimator is `pathwise`.

    The data is `multilingual_text` with several source languages. With each pair comes a sentence of the first
    language and one of another, the pair's own source among them; they have nothing to do with each other but a
    similar length. Translations of them are never looked at, so these may be sources of pairs that the recipe's split
    holds out, but not of corpora with a `split` of their own.

    Cross entropy on the references is the term `cross_entropy` with `target: target`.

    Args: see `toolkit.translation.task.TranslationTask`.
    """

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """See `TranslationTask.open`.

        Raises:
            DataError: all sentences are of one language.
        """
        known = super().open(source, dtype)
        first = self.pairs.languages[0]
        kept = [place for place in range(len(self.pairs)) if self.pairs.split_of(place) in (None, "train")]
        places = {
            "ours": [place for place in kept if self.pairs.source_language(place) == first],
            "theirs": [place for place in kept if self.pairs.source_language(place) != first],
        }
        if not all(places.values()):
            raise DataError(
                f"all sources are in one language ({first}): there is nothing for the game to be about",
                "use data.name=multilingual_text with corpora of several source languages",
            )
        self._places = {side: np.array(found, dtype=np.int64) for side, found in places.items()}
        for side in places:
            self.pairs.padding[side] = self.pairs.segmenter.pad_id
        return known

    def transform(self) -> Transform:
        """Another segmentation and noise as in any translation, and the two sentences of the game."""
        return _WithSentences(self.pairs, self._places, super().transform())

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`states_BSN` of the encoder on sentences of other languages than the first; 0 after their end.

        In the generator's turn also `extra["logits"]` of the pair's reference, for the term `cross_entropy`.
        """
        states = self._states(generator, batch, "theirs")
        if not torch.is_grad_enabled():
            return states
        logits = next_subword_logits(generator, batch["source"], batch["target"], self.pairs.segmenter.pad_id)
        return GeneratorOutput(states.data, mask=states.mask, extra={"logits": logits})

    def real_from(self, generator: nn.Module, batch: Batch, noise: Draw) -> Tensor:
        """The same of sentences in the first language."""
        return self._states(generator, batch, "ours").data

    def _states(self, generator: nn.Module, batch: Batch, side: str) -> GeneratorOutput:
        pad_id = self.pairs.segmenter.pad_id
        sides = {name: batch.get(name, batch["source"]) for name in ("ours", "theirs")}  # outside of training no others
        width = max(ids.shape[1] for ids in sides.values())  # alike for both: their states are judged at once
        ids = nn.functional.pad(sides[side], (0, width - sides[side].shape[1]), value=pad_id)
        written, model = ids != pad_id, generator
        with without_dropout(generator):  # it would not tell languages apart, but blur them
            encode: Any = model.get_encoder()  # type: ignore[operator]
            states = encode(input_ids=ids, attention_mask=written.long()).last_hidden_state
        return GeneratorOutput(states * written.unsqueeze(-1), mask=written.to(states.dtype))


class StateMlp(nn.Module):
    """A perceptron for each state, whose logits are averaged over the text: the discriminator of `latent_languages`.

    As in Lample et al. 2018 three hidden layers look at one state each, whatever stands beside it.

    Args:
        states: width of the generator's states.
        hidden: width of the layers.
        layers: their number.
        dropout: of the states, in training.
    """

    def __init__(self, states: int, hidden: int = 128, layers: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self.states = states
        widths = [states, *[hidden] * layers]
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.out = nn.Linear(hidden, 1)

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One logit for each sequence of states `[B, T, states]`; places without a text are zero."""
        if data.shape[-1] != self.states:
            raise ValueError(f"the generator's states have the width {data.shape[-1]}, not states={self.states}")
        written = (data.detach().abs().amax(-1) > 0).to(data.dtype)
        values = self.dropout(data)
        found = []
        for layer in self.layers:
            values = nn.functional.leaky_relu(layer(values), 0.2)
            found.append((values * written.unsqueeze(-1)).sum(1) / written.sum(1, keepdim=True).clamp(min=1))
        logits = (self.out(values).squeeze(-1) * written).sum(1) / written.sum(1).clamp(min=1)
        return DiscriminatorOutput((logits,), tuple(found))


class _WithSentences:
    """Pairs with a sentence of the first language and one of another beside them."""

    def __init__(
        self, pairs: SegmentedPairs, places: dict[str, np.ndarray[Any, np.dtype[np.int64]]], before: Transform | None
    ) -> None:
        self.pairs = pairs
        self.places = places
        self.before = before

    def __call__(self, item: Item, generator: np.random.Generator) -> Item:
        place = int(item["place"][0])
        mine = "ours" if self.pairs.source_language(place) == self.pairs.languages[0] else "theirs"
        made = dict(item if self.before is None else self.before(item, generator))
        for side, places in self.places.items():
            made[side] = made["source"] if side == mine else self._drawn(places, place, generator)
        return made

    def _drawn(self, places: np.ndarray[Any, np.dtype[np.int64]], place: int, generator: np.random.Generator) -> Any:
        some = places[generator.integers(len(places), size=_LIKE_LENGTHS)]
        lengths = self.pairs.lengths[:, 0]
        return self.pairs[int(some[np.abs(lengths[some] - lengths[place]).argmin()])]["source"]
