"""Beam search: the likeliest few hypotheses go on at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from toolkit.translation.decoding.hypotheses import DEFAULT_LIMITS, Hypothesis, Limits, block_repeats
from toolkit.translation.decoding.stepwise import StepwiseDecoder


@dataclass(frozen=True, slots=True)
class Choice:
    """What a source goes on with.

    Attributes:
        ended: log-probability and hypothesis number of those that end here.
        going: log-probability, hypothesis number and next subword of those that go on, as many as the beam is wide or
            fewer.
    """

    ended: list[tuple[float, int]]
    going: list[tuple[float, int, int]]


class Selection(Protocol):
    """Decides which continuations of the hypotheses are kept."""

    def begin(self, numbers: Sequence[int]) -> None:
        """A search begins for these sources, by their numbers among all of them."""
        ...

    def choose(self, scores_BKV: Tensor, eos_id: int) -> list[Choice]:
        """Choose for every source that is still searched.

        Args:
            scores_BKV: log-probability of each hypothesis with each subword after it.
            eos_id: what ends a translation.
        """
        ...

    def keep(self, sources: Sequence[int]) -> None:
        """Only these of the sources, by their present places, are still searched."""
        ...

    def worth(self, source: int, hypothesis: int) -> int:
        """What counts before the score, when a hypothesis that has not ended is given out because time is up."""
        ...


class Likeliest:
    """The likeliest continuations, as `transformers` chooses them: of twice as many as the beam is wide, so that enough
    go on although some end; one that ends counts only if it is among the first.

    Args:
        size: width of the beam.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def begin(self, numbers: Sequence[int]) -> None:
        """Nothing is remembered."""

    def keep(self, sources: Sequence[int]) -> None:
        """Nothing is remembered."""

    def worth(self, source: int, hypothesis: int) -> int:
        """All alike."""
        return 0

    def choose(self, scores_BKV: Tensor, eos_id: int) -> list[Choice]:
        """See `Selection.choose`."""
        vocabulary, size = scores_BKV.shape[2], self._size
        flat = scores_BKV.flatten(1)
        values, places = flat.topk(min(2 * size, flat.shape[1]), 1)
        chosen = []
        for row, indices in zip(values.tolist(), places.tolist(), strict=True):
            choice = Choice([], [])
            for rank, (value, index) in enumerate(zip(row, indices, strict=True)):
                hypothesis, token = divmod(index, vocabulary)
                if value == -torch.inf or len(choice.going) == size:
                    break
                if token != eos_id:
                    choice.going.append((value, hypothesis, token))
                elif rank < size:
                    choice.ended.append((value, hypothesis))
            chosen.append(choice)
        return chosen


@dataclass(frozen=True, slots=True)
class Beam:
    """Keep the `size` likeliest hypotheses at every step.

    Finished hypotheses are sorted by their log-probability divided by `length ** length_penalty`, the length counted in
    subwords with the end mark. This is what `transformers` and fairseq do; the length penalty of Wu et al. 2016 (GNMT,
    eq. 14), `((5 + length) / 6) ** alpha`, is another one. 0 prefers short translations, 1 compares means per subword.

    A source is done when `size` hypotheses have ended and no open one would be better than the worst of these if it
    ended now (`early_stopping=False` of transformers). One that the limit of length cuts off is given back only where
    too few have ended; transformers lets it compete with those that have.

    Attributes:
        size: hypotheses that are kept.
        n_best: how many are given back, the best first.
        limits: of length.
        length_penalty: see above.
        no_repeat: n-grams of this size may not occur twice in a translation; 0 allows all.
        thorough: go on until no open hypothesis can win any more, however long it becomes. Slow with a length penalty,
            since a mean may rise.
    """

    size: int = 5
    n_best: int = 1
    limits: Limits = DEFAULT_LIMITS
    length_penalty: float = 1.0
    no_repeat: int = 0
    thorough: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.n_best <= self.size:
            raise ValueError(f"n_best={self.n_best} must lie between 1 and the width of the beam, size={self.size}")

    def __call__(
        self, decoder: StepwiseDecoder, source_BS: Tensor, numbers: Sequence[int] = (), attention: bool = False
    ) -> list[list[Hypothesis]]:
        """The `n_best` best hypotheses of each source that were found, the best first.

        Args:
            decoder: the network.
            source_BS: ids, `pad_id` after each.
            numbers: of no importance here.
            attention: keep where the network looked.
        """
        return search(self, decoder, source_BS, Likeliest(self.size), numbers, attention)


@dataclass(slots=True)
class _Source:
    """A source that is searched: what has ended, the best first."""

    place: int
    most: int
    ended: list[Hypothesis] = field(default_factory=list)

    def add(self, hypothesis: Hypothesis, kept: int) -> None:
        self.ended.append(hypothesis)
        self.ended.sort(key=lambda one: -one.score)  # stable: of equal ones the first found stays before
        del self.ended[kept:]


@torch.inference_mode()
def search(
    beam: Beam,
    decoder: StepwiseDecoder,
    source_BS: Tensor,
    selection: Selection,
    numbers: Sequence[int] = (),
    attention: bool = False,
) -> list[list[Hypothesis]]:
    """The search behind `Beam` and the constrained beam, which differ in what they select.

    Args:
        beam: width, limits, and how hypotheses are compared.
        decoder: the network.
        source_BS: ids.
        selection: chooses the continuations.
        numbers: of the sources, for the selection; by default from 0.
        attention: keep where the network looked.
    """
    state = decoder.begin(source_BS, attention)
    selection.begin(numbers or range(len(source_BS)))
    sources = [_Source(place, most) for place, most in enumerate(beam.limits.of(source_BS, decoder).tolist())]
    found: list[list[Hypothesis]] = [[] for _ in sources]
    running = torch.zeros((len(sources), 1), device=source_BS.device)
    written = source_BS.new_empty((len(sources), 0))
    looked: Tensor | None = None
    tokens = source_BS.new_full((len(sources),), decoder.start_id)
    for length in range(1, max(source.most for source in sources) + 1):
        step = state.step(tokens)
        logits = step.logits.log_softmax(1)
        if step.attention is not None:
            here = step.attention[:, None]
            looked = here if looked is None else torch.cat([looked, here], 1)
        if length <= beam.limits.least:
            logits[:, decoder.eos_id] = -torch.inf
        block_repeats(logits, written, beam.no_repeat)
        scores = logits.view(*running.shape, -1).add_(running.unsqueeze(2))
        history = _History(beam, written, looked, length, running.shape[1])
        choices = selection.choose(scores, decoder.eos_id)
        still, rows, values, following = [], [], [], []
        for number, (source, choice) in enumerate(zip(sources, choices, strict=True)):
            for value, hypothesis in choice.ended:
                source.add(history.ended(number, hypothesis, value), beam.size)
            if _goes_on(beam, source, choice, length):
                still.append(number)
                filled = choice.going + [(-torch.inf, *choice.going[0][1:])] * (beam.size - len(choice.going))
                rows.append([number * running.shape[1] + hypothesis for _, hypothesis, _ in filled])
                values.append([value for value, _, _ in filled])
                following.append([token for _, _, token in filled])
                continue
            if len(source.ended) < beam.n_best:
                worth = [selection.worth(number, one) for one in range(len(choice.going))]
                fullest = [one for one in range(len(worth)) if worth[one] == max(worth)]  # by score, as the others are
                for one in fullest[: beam.n_best - len(source.ended)]:
                    source.add(history.cut(number, *choice.going[one]), beam.size)
            found[source.place] = source.ended[: beam.n_best]
        if not still:
            break
        if len(still) < len(sources):
            selection.keep(still)
            sources = [sources[number] for number in still]
        kept = torch.tensor(rows, device=source_BS.device)
        running = torch.tensor(values, device=source_BS.device)
        tokens = torch.tensor(following, device=source_BS.device).flatten()
        state.reorder(kept)
        written = torch.cat([written[kept.flatten()], tokens.unsqueeze(1)], 1)
        looked = None if looked is None else looked[kept.flatten()]
    return found


@dataclass(frozen=True, slots=True)
class _History:
    """What the hypotheses have written so far, `length` counting the subword that is being chosen."""

    beam: Beam
    written: Tensor
    looked: Tensor | None
    length: int
    width: int

    def ended(self, source: int, hypothesis: int, value: float) -> Hypothesis:
        return self._hypothesis(source, hypothesis, value, (), True)

    def cut(self, source: int, value: float, hypothesis: int, token: int) -> Hypothesis:
        """One that has not ended, its next subword included."""
        return self._hypothesis(source, hypothesis, value, (token,), False)

    def _hypothesis(self, source: int, hypothesis: int, value: float, more: tuple[int, ...], ended: bool) -> Hypothesis:
        row = source * self.width + hypothesis
        ids = (*self.written[row].tolist(), *more)
        looked = None if self.looked is None else self.looked[row]
        return Hypothesis(ids, value / self.length**self.beam.length_penalty, value, looked, ended)


def _goes_on(beam: Beam, source: _Source, choice: Choice, length: int) -> bool:
    if length >= source.most or not choice.going:
        return False
    if len(source.ended) < beam.size:
        return True
    best = max(value for value, _, _ in choice.going)
    longest = source.most if beam.thorough and beam.length_penalty > 0 else length
    return bool(best / longest**beam.length_penalty > source.ended[-1].score)
