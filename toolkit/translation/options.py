"""How to translate: what `TranslationPipeline.translate` can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor

from toolkit.errors import ConfigError, Problem, nearest
from toolkit.translation.decoding.batches import Search
from toolkit.translation.decoding.beam import Beam
from toolkit.translation.decoding.constrained_beam import ConstrainedBeam
from toolkit.translation.decoding.constraints import Constraint
from toolkit.translation.decoding.greedy import Greedy
from toolkit.translation.decoding.hypotheses import Limits
from toolkit.translation.decoding.sampling import Sampling

LEAST_CONSTRAINED = 8
"""Width of the beam for sentences with terms, at least: a narrow one finds poor places for them."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to translate.

    Attributes:
        beam: hypotheses that are kept; 1 is greedy.
        n_best: translations of each sentence, at most as many as the beam is wide.
        length_penalty: see `toolkit.translation.decoding.beam.Beam`.
        no_repeat: n-grams of this size may not occur twice in a translation; 0 allows all.
        sample: draw translations at random, instead of searching the likeliest.
        minimum_risk: draw so many translations and take the one that agrees with the others most (chrF); 0 for none.
        temperature: of what is drawn.
        top_k: likeliest subwords to draw from; 0 for all.
        top_p: likeliest subwords to draw from, by their probability together.
        seed: of what is drawn.
        ratio: longest translation, in subwords for each of the source.
        extra: further subwords.
        least: subwords before which no translation may end.
        split: cut texts into sentences first. Sentences that are too long for the model are always cut.
        alignment: also tell where the network looked.
        batch_size: sentences at once, at most.

    Raises:
        ConfigError: a value is impossible.
    """

    beam: int = 5
    n_best: int = 1
    length_penalty: float = 1.0
    no_repeat: int = 0
    sample: bool = False
    minimum_risk: int = 0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    ratio: float = 1.5
    extra: int = 20
    least: int = 0
    split: bool = True
    alignment: bool = False
    batch_size: int = 64

    def __post_init__(self) -> None:
        problems = [
            Problem(name, f"is {getattr(self, name)}; it must be at least {least}")
            for name, least in (("beam", 1), ("n_best", 1), ("no_repeat", 0), ("minimum_risk", 0), ("batch_size", 1))
            if getattr(self, name) < least
        ]
        if not (self.random or self.n_best <= self.beam):
            problems.append(Problem("n_best", f"is {self.n_best}, more than the {self.beam} hypotheses of the beam"))
        if self.minimum_risk and self.minimum_risk < 2:
            problems.append(Problem("minimum_risk", "needs at least 2 translations to compare"))
        try:
            self.limits()
            self._sampling()
        except ValueError as error:
            problems.append(Problem("", str(error)))
        if problems:
            raise ConfigError(problems, "how to translate")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Options by name; those that are not given have their defaults.

        Raises:
            ConfigError: one is unknown or impossible.
        """
        names = [one.name for one in fields(cls)]
        unknown = [Problem(name, f"no such option; {nearest(name, names)}") for name in given if name not in names]
        if unknown:
            raise ConfigError(unknown, "how to translate")
        return cls(**given)

    @property
    def random(self) -> bool:
        """Whether translations are drawn."""
        return self.sample or self.minimum_risk > 0

    def limits(self) -> Limits:
        """How long translations may become."""
        return Limits(self.ratio, self.extra, self.least)

    def search(
        self, constraints: Mapping[int, Sequence[Constraint]] | None = None, continues: Tensor | None = None
    ) -> Search:
        """The search that this asks for.

        Args:
            constraints: what has to be written, by the number of the sentence.
            continues: see `ConstrainedBeam`.
        """
        if self.random:
            return self._sampling()
        if constraints:
            return ConstrainedBeam(self._beam(max(self.beam, LEAST_CONSTRAINED)), constraints, continues)
        return Greedy(self.limits(), self.no_repeat, self.length_penalty) if self.beam == 1 else self._beam(self.beam)

    def _beam(self, size: int) -> Beam:
        return Beam(size, self.n_best, self.limits(), self.length_penalty, self.no_repeat)

    def _sampling(self) -> Sampling:
        count = self.minimum_risk or self.n_best
        limits = self.limits()
        return Sampling(
            self.seed, max(1, count), self.temperature, self.top_k, self.top_p, limits, max(0, self.no_repeat)
        )
