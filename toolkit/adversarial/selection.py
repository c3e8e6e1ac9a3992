"""Which candidates are judged, and which of them fill the places asked for; a function of the seed, not of batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

LIMIT = 50
"""Candidates judged for each place, at most."""

LEAST_LIMIT = 500
"""Candidates judged for each class, at least, before giving up; so that a few places have a fair chance too."""


class Selection:
    """Fills `count` places with accepted candidates, class by class.

    Candidate i (i = 0, 1, ...) and place k have the classes that stand at i and at k in the pattern, repeated without
    end. The place that is the j-th of its class takes the j-th accepted candidate of that class. A class with all its
    places filled is not judged further. So more places never change the earlier ones, and the first `count` candidates
    are those that generation without a judge would give; all of them are judged.

        while (candidates := selection.propose(64)) is not None:
            taken = selection.record(candidates, accepted=...)

    Args:
        count: places to fill.
        pattern: classes, repeated; `[0]` where there are none.
        limit: most candidates for each place of a class; see also `LEAST_LIMIT`.
    """

    def __init__(self, count: int, pattern: Sequence[int] = (0,), limit: int = LIMIT) -> None:
        self.count = count
        self.pattern = torch.tensor(list(pattern), dtype=torch.int64)
        self._targets: list[int] = self.classes_of(torch.arange(count)).tolist()
        self._quota: dict[int, int] = dict(Counter(self._targets))
        self._limit = {label: max(limit * quota, LEAST_LIMIT) for label, quota in self._quota.items()}
        self._judged = dict.fromkeys(self._quota, 0)
        self._taken: dict[int, list[int]] = {label: [] for label in self._quota}
        self._next = 0
        self._places: Tensor | None = None  # of the classes that are still open, in the pattern

    def classes_of(self, candidates: Tensor) -> Tensor:
        """`B` int64: the class of each candidate or place."""
        return self.pattern[candidates % len(self.pattern)]

    @property
    def missing(self) -> int:
        """Places without a candidate."""
        return self.count - sum(map(len, self._taken.values()))

    @property
    def candidates(self) -> int:
        """Candidates judged so far, without those that came after the last one that was needed."""
        return sum(self._judged.values())

    def propose(self, size: int) -> Tensor | None:
        """Up to `size` further candidates to judge, in order, int64; `None` when all is filled, or all hope is lost."""
        if self._places is None:
            open_ones = [place for place, label in enumerate(self.pattern.tolist()) if self._open(label)]
            self._places = torch.tensor(open_ones, dtype=torch.int64)
        places = self._places
        if len(places) == 0:
            return None
        period = len(self.pattern)
        first = self._next // period * len(places) + int((places < self._next % period).sum())
        numbers = torch.arange(first, first + size)
        found = places[numbers % len(places)] + numbers // len(places) * period
        self._next = int(found[-1]) + 1
        return found

    def record(self, candidates: Tensor, accepted: Tensor) -> Tensor:
        """Fill places with those accepted; returns `B` booleans, which of them took a place."""
        taken = torch.zeros(len(candidates), dtype=torch.bool)
        answers = zip(candidates.tolist(), self.classes_of(candidates).tolist(), accepted.tolist(), strict=True)
        for row, (candidate, label, good) in enumerate(answers):
            if not self._open(label):
                continue
            self._judged[label] += 1
            if good:
                self._taken[label].append(candidate)
                taken[row] = True
            if not self._open(label):
                self._places = None
        return taken

    def chosen(self) -> list[int]:
        """The candidates in the order of the places; places that stayed empty are left out."""
        waiting = {label: iter(taken) for label, taken in self._taken.items()}
        found = [next(waiting[label], None) for label in self._targets]
        return [candidate for candidate in found if candidate is not None]

    def _open(self, label: int) -> bool:
        if label not in self._quota:
            return False
        filled = len(self._taken[label]) >= self._quota[label]
        return not filled and self._judged[label] < self._limit[label]
