"""Beam search that must write given words (Post and Vilar 2018, "Fast lexically constrained decoding").

The beam is shared out among banks: a hypothesis is in the bank of as many subwords of constraints as it has written.
Thus some hypotheses always work on the constraints, however unlikely that makes them at first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from toolkit.translation.decoding.beam import Beam, Choice, search
from toolkit.translation.decoding.constraints import Constraint, Constraints, Progress
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.decoding.stepwise import StepwiseDecoder


@dataclass(frozen=True, slots=True)
class ConstrainedBeam:
    """A beam whose translations contain what is prescribed for their source.

    A translation that becomes too long before all is written is given back as it is, with as much of it as possible.

    Attributes:
        beam: width and so on. A wide one (10) finds better places for the words.
        constraints: by the number of the source; a source that is not named has none.
        continues: bool `[V]`, subwords that make a word longer when they follow it; `None` for none.
    """

    beam: Beam
    constraints: Mapping[int, Sequence[Constraint]] = field(default_factory=dict)
    continues: Tensor | None = None

    def __call__(
        self, decoder: StepwiseDecoder, source_BS: Tensor, numbers: Sequence[int] = (), attention: bool = False
    ) -> list[list[Hypothesis]]:
        """The best hypotheses of each source, the best first.

        Args:
            decoder: the network.
            source_BS: ids, `pad_id` after each.
            numbers: of the sources among all of them; by default from 0.
            attention: keep where the network looked.
        """
        return search(self.beam, decoder, source_BS, _Banks(self), numbers, attention)


_MET = 1 << 16  # more than all subwords of any constraints


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: float
    hypothesis: int
    token: int
    progress: Progress
    bank: int


class _Banks:
    """Dynamic beam allocation (`Selection`)."""

    def __init__(self, settings: ConstrainedBeam) -> None:
        self._settings = settings
        self._size = settings.beam.size
        self._constraints: list[Constraints] = []
        self._progress: list[list[Progress]] = []

    def begin(self, numbers: Sequence[int]) -> None:
        """Look up the constraints of the sources."""
        wanted = self._settings.constraints
        self._constraints = [Constraints(tuple(wanted.get(number, ()))) for number in numbers]
        self._progress = [[Progress()] for _ in numbers]

    def keep(self, sources: Sequence[int]) -> None:
        """Forget the others."""
        self._constraints = [self._constraints[source] for source in sources]
        self._progress = [self._progress[source] for source in sources]

    def worth(self, source: int, hypothesis: int) -> int:
        """How many subwords of the constraints are written; all constraints met are more than any part of them."""
        constraints, progress = self._constraints[source], self._progress[source][hypothesis]
        return constraints.count(progress) + (_MET if constraints.done(progress) else 0)

    def choose(self, scores_BKV: Tensor, eos_id: int) -> list[Choice]:
        """See `Selection.choose`."""
        self._forbid(scores_BKV, eos_id)
        best = scores_BKV.argmax(2).tolist()
        flat = scores_BKV.flatten(1)
        likely = flat.topk(min(2 * self._size, flat.shape[1]), 1).indices.tolist()
        return [
            self._chosen(source, scores_BKV[source], likely[source], best[source], eos_id)
            for source in range(len(best))
        ]

    def _forbid(self, scores_BKV: Tensor, eos_id: int) -> None:
        """None may end before its constraints are met, or make a word longer that has to stand by itself."""
        for source, (constraints, states) in enumerate(zip(self._constraints, self._progress, strict=True)):
            for hypothesis, progress in enumerate(states):
                if not constraints.done(progress):
                    scores_BKV[source, hypothesis, eos_id] = -torch.inf
                if progress.closed and self._settings.continues is not None:
                    scores_BKV[source, hypothesis].masked_fill_(self._settings.continues, -torch.inf)

    def _chosen(self, source: int, scores_KV: Tensor, likely: list[int], best: list[int], eos_id: int) -> Choice:
        constraints, states = self._constraints[source], self._progress[source]
        pairs = dict.fromkeys(divmod(index, scores_KV.shape[1]) for index in likely)
        if len(constraints):
            for hypothesis, progress in enumerate(states):
                wanted = (*sorted(constraints.wanted(progress)), best[hypothesis])
                pairs.update(dict.fromkeys((hypothesis, token) for token in wanted))
        rows, tokens = zip(*pairs, strict=True)
        scores = scores_KV[list(rows), list(tokens)].tolist()
        ended: list[tuple[float, int]] = []
        candidates: list[_Candidate] = []
        met: Counter[int] = Counter()
        for score, (hypothesis, token) in sorted(zip(scores, pairs, strict=True), key=lambda one: -one[0]):
            if score == -torch.inf:
                continue
            ends = token == eos_id
            progress = states[hypothesis] if ends else constraints.after(states[hypothesis], token)
            bank = constraints.count(progress)
            if not ends:
                candidates.append(_Candidate(score, hypothesis, token, progress, bank))
            elif met[bank] < self._size:  # among the first of its bank: others are likelier for what they leave out
                ended.append((score, hypothesis))
            met[bank] += 1
        kept = _allocated(candidates, self._size)
        self._progress[source] = [one.progress for one in kept] or [Progress()]
        self._progress[source] += [self._progress[source][0]] * (self._size - len(kept))
        return Choice(ended, [(one.score, one.hypothesis, one.token) for one in kept])


def _allocated(candidates: Sequence[_Candidate], size: int) -> list[_Candidate]:
    """The beam shared out among the banks that are not empty, the fullest first; what is over goes by score."""
    banks: dict[int, list[_Candidate]] = {}
    for one in candidates:  # sorted by score
        banks.setdefault(one.bank, []).append(one)
    order = sorted(banks, reverse=True)
    share, more = divmod(size, max(1, len(order)))
    kept = [one for place, bank in enumerate(order) for one in banks[bank][: share + (more if place == 0 else 0)]]
    if share == 0:
        kept = [banks[bank][0] for bank in order[:size]]
    taken = {id(one) for one in kept}
    kept += [one for one in candidates if id(one) not in taken][: size - len(kept)]
    return sorted(kept, key=lambda one: -one.score)
