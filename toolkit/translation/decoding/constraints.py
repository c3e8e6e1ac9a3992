"""What a translation has to contain: sequences of subwords, of which one alternative each must occur."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Constraint:
    """One thing that has to be written.

    Attributes:
        alternatives: sequences of subwords; writing one of them is enough.
        closed: what is written must not grow into a longer word: the next subword may be none that continues a word.
    """

    alternatives: tuple[tuple[int, ...], ...]
    closed: bool = False

    def __post_init__(self) -> None:
        if not self.alternatives or not all(self.alternatives):
            raise ValueError("a constraint needs alternatives of at least one subword each")

    @property
    def size(self) -> int:
        """Subwords of the shortest alternative."""
        return min(map(len, self.alternatives))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a hypothesis has come with its constraints.

    Attributes:
        met: numbers of the constraints that are met, as bits.
        begun: subwords at the end of the hypothesis that begin an alternative of another.
        closed: the last subword completed a closed constraint.
    """

    met: int = 0
    begun: tuple[int, ...] = ()
    closed: bool = False


class Constraints:
    """The constraints of one source.

    Args:
        constraints: what has to be written, in any order; one that stands there twice has to be written twice.
    """

    def __init__(self, constraints: tuple[Constraint, ...] = ()) -> None:
        self._all = constraints
        self._complete = (1 << len(constraints)) - 1
        self.size = sum(one.size for one in constraints)
        """Subwords that must be written, at least."""

    def __len__(self) -> int:
        return len(self._all)

    def done(self, progress: Progress) -> bool:
        """Whether all are met."""
        return progress.met == self._complete

    def count(self, progress: Progress) -> int:
        """Subwords of constraints that are written, from 0 to `size`: the bank of Post and Vilar 2018."""
        whole = sum(one.size for number, one in enumerate(self._all) if progress.met >> number & 1)
        return min(whole + len(progress.begun), self.size)

    def wanted(self, progress: Progress) -> set[int]:
        """Subwords that would bring a constraint further."""
        place = len(progress.begun)
        going_on = {alternative[place] for alternative in self._fitting(progress.met, progress.begun)}
        return going_on | {alternative[0] for alternative in self._fitting(progress.met, ())}

    def after(self, progress: Progress, token: int) -> Progress:
        """The progress when a subword is written; one that does not fit what was begun ends that."""
        for begun in ((*progress.begun, token), (token,)):
            if any(True for _ in self._fitting(progress.met, begun[:-1], token)):
                return self._completed(replace(progress, begun=begun, closed=False))
        return Progress(progress.met)

    def _completed(self, progress: Progress) -> Progress:
        for number, one in enumerate(self._all):
            if not progress.met >> number & 1 and progress.begun in one.alternatives:
                return Progress(progress.met | 1 << number, (), one.closed)
        return progress

    def _fitting(self, met: int, begun: tuple[int, ...], token: int | None = None) -> Iterator[tuple[int, ...]]:
        """Alternatives of what is not met that begin like this, and go on with the token."""
        place = len(begun)
        for number, one in enumerate(self._all):
            if met >> number & 1:
                continue
            for alternative in one.alternatives:
                if len(alternative) > place and alternative[:place] == begun and token in (None, alternative[place]):
                    yield alternative
