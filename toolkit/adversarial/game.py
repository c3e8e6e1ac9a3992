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

from toolkit.adversarial.augmentation import Augmentation
from toolkit.adversarial.estimators import Draw, Estimator, Pathwise
from toolkit.adversarial.judgement import Judgement, Side, full_precision
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
        if samples - self.generator_warmup < self.discriminator_warmup:
            return turns
        return (*turns, "generator")

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
        with nullcontext() if self.shared_fakes else torch.no_grad():
            fake = self.task.generate(self.generator, batch, self._draw(noise))
        if self.shared_fakes:
            self._fakes[piece] = fake
        real = self._real(batch)
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
                self._augmenter(noise),
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
        condition = self.task.condition(batch)
        augment = self._augmenter(noise)
        playing = len(self.discriminators) > 0 and samples >= self.generator_warmup
        real = self.task.real(batch)
        fake_outputs: dict[str, DiscriminatorOutput] = {}
        real_outputs: dict[str, DiscriminatorOutput] = {}
        values: dict[str, Tensor] = {}
        if playing:
            needs_real = self.loss.needs_real or any(term.needs_real_outputs for term in self.terms)
            for name, discriminator in self.discriminators.items():
                fake_outputs[name] = full_precision(discriminator(augment(output.data, "fake"), condition))
                if needs_real:
                    with torch.no_grad():  # real features are targets: a graph for them would be thrown away
                        seen = augment(self._real(batch), "real")
                        real_outputs[name] = full_precision(discriminator(seen, condition))
            opinion = self._opinion(fake_outputs, real_outputs, output.mask)
            greedy = self._greedy(batch, noise, real_outputs) if self.estimator.needs_greedy else None
            values["generator/adversarial"] = self.estimator.surrogate(opinion, output, greedy).mean()
            values["opinion"] = opinion.detach().mean()
        offer = Offer(batch, output, real, fake_outputs, real_outputs)
        for place, term in enumerate(self.terms):
            if term.needs_real_outputs and not playing:
                continue
            values[f"generator/{part_label(term, place, self.terms)}"] = term.weight(samples) * term(offer).mean()
        return _losses([value for key, value in values.items() if key.startswith("generator/")], values)

    def _adversarial(self, real: DiscriminatorOutput, fake: DiscriminatorOutput, mask: Tensor | None) -> Tensor:
        parts = [
            per_sample(self.loss.discriminator(theirs, mine), mask).mean()
            for theirs, mine in zip(real.logits, fake.logits, strict=True)
        ]
        return torch.stack(parts).sum()

    def _opinion(
        self, fake: Mapping[str, DiscriminatorOutput], real: Mapping[str, DiscriminatorOutput], mask: Tensor | None
    ) -> Tensor:
        """`B`: the generator's adversarial loss, summed over discriminators and their parts."""
        parts = []
        for name, output in fake.items():
            for place, logits in enumerate(output.logits):
                theirs = real[name].logits[place] if self.loss.needs_real else None
                parts.append(per_sample(self.loss.generator(theirs, logits), mask))
        return torch.stack(parts).sum(0)

    @torch.no_grad()
    def _greedy(self, batch: Batch, noise: Noise, real: Mapping[str, DiscriminatorOutput]) -> Tensor:
        """`B`: the loss of the most probable choice. After the main pass, whose autocast weights need a graph."""
        output = self.task.generate(self.generator, batch, Draw(noise.scope("generator"), None))
        augment = self._augmenter(noise)
        condition = self.task.condition(batch)
        judged = {
            name: full_precision(discriminator(augment(output.data, "fake"), condition))
            for name, discriminator in self.discriminators.items()
        }
        return self._opinion(judged, real, output.mask)

    def _gradient_sides(self) -> set[Side]:
        return {side for penalty in self.penalties for side in penalty.sides}

    def _real(self, batch: Batch) -> Tensor:
        real = self.task.real(batch)
        if real is None:
            raise ValueError("a game with discriminators needs real data from its task")
        return real

    def _draw(self, noise: Noise) -> Draw:
        return Draw(noise.scope("generator"), self.estimator)

    def _augmenter(self, noise: Noise) -> Any:
        pipeline = self.augmentation
        if pipeline is None:
            return lambda data, side: data
        return lambda data, side: pipeline(data, noise.scope(f"augmentation/{side}"))

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
        return {name: part.state_dict() for name, part in self._parts() if hasattr(part, "state_dict")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        for name, part in self._parts():
            if name in state and hasattr(part, "load_state_dict"):
                part.load_state_dict(state[name])

    def _parts(self) -> Iterator[tuple[str, Any]]:
        yield "loss", self.loss
        yield "estimator", self.estimator
        yield "augmentation", self.augmentation
        for place, penalty in enumerate(self.penalties):
            yield f"penalties.{place}", penalty
        for place, term in enumerate(self.terms):
            yield f"terms.{place}", term


def _losses(totals: Sequence[Tensor], values: dict[str, Tensor]) -> Losses:
    if not totals:
        raise ValueError("a turn has no loss: give the game discriminators, or terms for the generator's warm-up")
    total = reduce(torch.add, totals)
    return Losses(total, {name: value.detach() for name, value in values.items()})
