"""The two-player game: who plays when, and what each player loses.

The game knows nothing of optimisers, devices or files; the trainer knows nothing of losses. A game without
discriminators is allowed: then the generator trains on its terms alone (a classifier, a translator before its game
begins).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import torch
from torch import Tensor, nn

from toolkit.adversarial.accuracy_band import AccuracyBand
from toolkit.adversarial.augmentation import Augmentation
from toolkit.adversarial.estimators import Draw, Estimator, Pathwise
from toolkit.adversarial.judgement import Judgement, Side
from toolkit.adversarial.jury import Answers, Jury
from toolkit.adversarial.losses import AdversarialLoss
from toolkit.adversarial.penalties import Penalty
from toolkit.adversarial.statistics import (
    diversity,
    judgement_statistics,
    normalises_spectrally,
    part_label,
    per_sample,
    uses_batch_statistics,
)
from toolkit.adversarial.task import Task
from toolkit.adversarial.terms import Offer, Term
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.engine.randomness import Noise

Player = Literal["generator", "discriminator"]


@dataclass(frozen=True, slots=True)
class Losses:
    """What a turn costs.

    Attributes:
        total: the scalar to differentiate.
        values: every weighted term, and statistics of the turn, detached scalars by name.
    """

    total: Tensor
    values: dict[str, Tensor]


class Game:
    """One generator against any number of discriminators.

    Args:
        task: the modality.
        generator: the module that makes data.
        discriminators: modules that judge it, by name; may be empty. They take one turn together.
        loss: adversarial loss; unused without discriminators.
        penalties: on every discriminator.
        terms: further losses of the generator.
        estimator: how opinions become gradients.
        augmentation: of what the discriminators see.
        discriminator_steps: discriminator turns in a step.
        discriminator_warmup: samples during which only the discriminator plays.
        generator_warmup: samples during which only the generator plays, on its terms.
        shared_fakes: the generator's turn reuses the fakes of the last discriminator turn, with their graph.
        band: lets players rest by the discriminator's accuracy.

    Attributes:
        strength: factor of the adversarial loss beside the estimator's weight; a run that fell back lowers it.
    """

    def __init__(
        self,
        task: Task,
        generator: nn.Module,
        discriminators: Mapping[str, nn.Module],
        loss: AdversarialLoss,
        *,
        penalties: Sequence[Penalty] = (),
        terms: Sequence[Term] = (),
        estimator: Estimator | None = None,
        augmentation: Augmentation | None = None,
        discriminator_steps: int = 1,
        discriminator_warmup: int = 0,
        generator_warmup: int = 0,
        shared_fakes: bool = False,
        band: AccuracyBand | None = None,
    ) -> None:
        self.task = task
        self.generator = generator
        self.discriminators = nn.ModuleDict(dict(discriminators))
        self.loss = loss
        self.penalties = tuple(penalties)
        self.terms = tuple(terms)
        self.estimator: Estimator = estimator or Pathwise()
        self.augmentation = augmentation
        self.discriminator_steps = discriminator_steps
        self.discriminator_warmup = discriminator_warmup
        self.generator_warmup = generator_warmup
        self.shared_fakes = shared_fakes
        self.band = band
        self.strength = 1.0
        self.jury = Jury(task, generator, self.discriminators, loss, self.estimator, augmentation)
        self._fakes: dict[int, GeneratorOutput] = {}
        self._one_pass = not uses_batch_statistics(self.discriminators) and self._gradient_sides() != {"real"}
        self._one_pass &= self._gradient_sides() != {"fake"}  # one side's gradient alone would cost both sides'

    # -- who plays ------------------------------------------------------------------------------------------------

    def players(self) -> dict[Player, nn.Module]:
        """The modules that train, by player."""
        players: dict[Player, nn.Module] = {"generator": self.generator}
        if len(self.discriminators):
            players["discriminator"] = self.discriminators
        return players

    def turns(self, samples: float) -> tuple[Player, ...]:
        """Who plays in the step that begins after this many samples, in order."""
        if not len(self.discriminators) or samples < self.generator_warmup:
            return ("generator",)
        turns: tuple[Player, ...] = tuple("discriminator" for _ in range(self.discriminator_steps))
        if self.band is not None:
            return self._banded(turns, self.band)
        if samples - self.generator_warmup < self.discriminator_warmup:
            return turns
        return (*turns, "generator")

    def _banded(self, turns: tuple[Player, ...], band: AccuracyBand) -> tuple[Player, ...]:
        if not band.began or (not band.counts and all(term.needs_real_outputs for term in self.terms)):
            return turns  # a generator that heeds nobody and has no terms of its own would have no loss
        return ("generator",) if band.rests else (*turns, "generator")

    def prepare(self, player: Player) -> None:
        """Let gradients reach the parameters of this player only (and of the generator, when its fakes are shared)."""
        playing = player == "discriminator"
        self.discriminators.requires_grad_(playing)
        self.generator.requires_grad_(not playing or self.shared_fakes)

    @property
    def batch_coupled(self) -> bool:
        """Whether a sample's loss depends on others of its batch, so that cutting the batch would change the maths."""
        return (
            self.loss.batch_coupled
            or uses_batch_statistics(self.generator, self.discriminators)
            or normalises_spectrally(self.discriminators)  # one power iteration a turn
        )

    @property
    def uses_batch_statistics(self) -> bool:
        """Whether a player normalises with the statistics of the batch it sees."""
        return uses_batch_statistics(self.generator, self.discriminators)

    # -- what it costs --------------------------------------------------------------------------------------------

    def losses(self, player: Player, batch: Batch, noise: Noise, samples: float, step: int, piece: int = 0) -> Losses:
        """The one loss of a turn.

        Args:
            player: whose turn it is; `prepare(player)` must have been called.
            batch: a minibatch, or a piece of one.
            noise: keyed source for the samples of this batch and turn.
            samples: training samples seen, for schedules.
            step: number of the step, for lazy penalties.
            piece: number of the piece within the turn, to match shared fakes.
        """
        if player == "discriminator":
            return self._discriminator_losses(batch, noise, samples, step, piece)
        return self._generator_losses(batch, noise, samples, piece)

    def _discriminator_losses(self, batch: Batch, noise: Noise, samples: float, step: int, piece: int) -> Losses:
        sharing = self.shared_fakes and (self.band is None or self.band.began)  # before, nobody would use the graph
        with nullcontext() if sharing else torch.no_grad():
            fake = self.task.generate(self.generator, batch, self._draw(noise))
        if sharing:
            self._fakes[piece] = fake
        real = self.jury.real(batch, noise)
        active = [penalty for penalty in self.penalties if step % penalty.every == 0]
        sides = frozenset(side for penalty in active for side in penalty.sides)
        values: dict[str, Tensor] = {}
        statistics: list[dict[str, Tensor]] = []
        for name, discriminator in self.discriminators.items():
            prefix = "" if len(self.discriminators) == 1 else f"{name}/"
            judgement = Judgement(
                discriminator,
                real,
                fake.data.detach(),
                self.task.condition(batch),
                self.jury.augmenter(noise),
                noise.scope(name),
                sides,
                self._one_pass,
                name,
            )
            adversarial = self._adversarial(judgement.output["real"], judgement.output["fake"], fake.mask)
            values[f"discriminator/{prefix}adversarial"] = adversarial
            for place, penalty in enumerate(active):
                weight = penalty.weight(samples) * penalty.every
                label = f"discriminator/{prefix}{part_label(penalty, place, active)}"
                values[label] = weight * penalty(judgement).mean()
            with torch.no_grad():
                statistics.append(judgement_statistics(judgement, relative=self.loss.needs_real))
                if prefix:
                    values.update({f"{prefix}{key}": statistics[-1][key] for key in ("logit/real", "logit/fake")})
        totals = [value for key, value in values.items() if key.startswith("discriminator/")]
        with torch.no_grad():
            values["diversity"] = diversity(fake.data, real)
            for key in statistics[0]:
                values[key] = torch.stack([found[key] for found in statistics]).mean()
        return _losses(totals, values)

    def _generator_losses(self, batch: Batch, noise: Noise, samples: float, piece: int) -> Losses:
        shared = self._fakes.pop(piece, None)
        output = self.task.generate(self.generator, batch, self._draw(noise)) if shared is None else shared
        playing = len(self.discriminators) > 0 and samples >= self.generator_warmup
        playing = playing and self.strength > 0 and (self.band is None or self.band.counts)
        fake_outputs: Answers = {}
        real_outputs: Answers = {}
        values: dict[str, Tensor] = {}
        if playing:
            fake_outputs = self.jury.answers(batch, output, noise)
            if self.loss.needs_real or any(term.needs_real_outputs for term in self.terms):
                real_outputs = self.jury.answers_on_real(batch, noise)
            opinion = self.jury.opinion(fake_outputs, real_outputs, output.mask)
            losses = self.jury.credited(opinion, batch, output, fake_outputs, real_outputs, noise)
            greedy = self.jury.greedy(batch, noise, real_outputs) if self.estimator.needs_greedy else None
            weight = self.strength * self._weight(samples)
            values["generator/adversarial"] = weight * self.estimator.surrogate(losses, output, greedy).mean()
            values["opinion"] = opinion.detach().mean()
        real = self.task.real(batch)
        draw = Draw(noise.scope("term"), self.estimator)
        offer = Offer(batch, output, real, fake_outputs, real_outputs, self.generator, self.task, draw)
        for place, term in enumerate(self.terms):
            if term.needs_real_outputs and not playing:
                continue
            values[f"generator/{part_label(term, place, self.terms)}"] = term.weight(samples) * term(offer).mean()
        values.update(offer.reported)
        return _losses([value for key, value in values.items() if key.startswith("generator/")], values)

    def _adversarial(self, real: DiscriminatorOutput, fake: DiscriminatorOutput, mask: Tensor | None) -> Tensor:
        parts = [
            per_sample(self.loss.discriminator(theirs, mine), mask).mean()
            for theirs, mine in zip(real.logits, fake.logits, strict=True)
        ]
        return torch.stack(parts).sum()

    def _weight(self, samples: float) -> float:
        weight = getattr(self.estimator, "weight", None)
        return 1.0 if weight is None else float(weight(samples))

    def _gradient_sides(self) -> set[Side]:
        return {side for penalty in self.penalties for side in penalty.sides}

    def _draw(self, noise: Noise) -> Draw:
        return Draw(noise.scope("generator"), self.estimator)

    # -- state ----------------------------------------------------------------------------------------------------

    def finish_step(self, samples: float, values: Mapping[str, float]) -> None:
        """Tell stateful parts (controllers, baselines, anchors) how the step went; values are global averages."""
        self._fakes.clear()
        for _, part in self._parts():
            update = getattr(part, "update", None)
            if update is not None:
                update(samples, values)

    def state_dict(self) -> dict[str, Any]:
        """State of every stateful part; the players' weights are not in it."""
        parts = {name: part.state_dict() for name, part in self._parts() if hasattr(part, "state_dict")}
        return {**parts, "strength": self.strength}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.strength = float(state.get("strength", 1.0))
        for name, part in self._parts():
            if name in state and hasattr(part, "load_state_dict"):
                part.load_state_dict(state[name])

    def _parts(self) -> Iterator[tuple[str, Any]]:
        yield "loss", self.loss
        yield "estimator", self.estimator
        yield "augmentation", self.augmentation
        yield "band", self.band
        for place, penalty in enumerate(self.penalties):
            yield f"penalties.{place}", penalty
        for place, term in enumerate(self.terms):
            yield f"terms.{place}", term


def _losses(totals: Sequence[Tensor], values: dict[str, Tensor]) -> Losses:
    if not totals:
        raise ValueError("a turn has no loss: give the game discriminators, or terms for the generator's warm-up")
    total = reduce(torch.add, totals)
    return Losses(total, {name: value.detach() for name, value in values.items()})
