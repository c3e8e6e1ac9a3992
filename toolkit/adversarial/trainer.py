"""The loop. There is one, for every modality; it does not know which it serves."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from toolkit.adversarial.ema import Ema
from toolkit.adversarial.game import Game, Player
from toolkit.adversarial.optimizers import OptimizerRule
from toolkit.adversarial.types import Batch
from toolkit.config.options import TrainerOptions
from toolkit.engine.device import Precision
from toolkit.engine.processes import Processes, average_gradients
from toolkit.engine.randomness import Noise
from toolkit.errors import TrainingError


class BatchStream(Protocol):
    """Where batches come from: a loader that can start anywhere."""

    def iterate(self, start: int) -> Iterator[dict[str, Tensor]]:
        """Batches number `start`, `start + 1`, ... without end."""
        ...


class Observer(Protocol):
    """Something that looks on: writes checkpoints, pictures, measures, progress."""

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """A step is done, and all state is consistent."""
        ...


@dataclass
class Progress:
    """How far training is; together with weights and optimisers this is all there is to resume from."""

    step: int = 0
    samples: int = 0
    batches: int = 0
    bad_steps: int = 0
    skipped_turns: int = 0


@dataclass
class _Seat:
    """A player's parameters with their optimiser."""

    parameters: list[torch.nn.Parameter]
    rule: OptimizerRule
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = self.rule.create(self.parameters)


class Trainer:
    """Plays a game until it has been played long enough.

    Args:
        game: whose players are already on `device` and in their final dtype.
        optimizers: a rule for each of the game's players.
        options: lengths, intervals, batch sizes.
        seed: all randomness follows from it.
        ema: average of the generator, or `None`.
        precision: how forward passes are computed.
        device: where batches are sent.
        processes: this process among those that train together.
        observers: look on after every step.
    """

    def __init__(
        self,
        game: Game,
        optimizers: Mapping[Player, OptimizerRule],
        options: TrainerOptions,
        *,
        seed: int,
        ema: Ema | None = None,
        precision: Precision,
        device: torch.device,
        processes: Processes,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.game = game
        self.options = options
        self.seed = seed
        self.ema = ema
        self.precision = precision
        self.device = device
        self.processes = processes
        self.observers = list(observers)
        self.progress = Progress()
        self.seats: dict[Player, _Seat] = {
            player: _Seat(list(module.parameters()), optimizers[player]) for player, module in game.players().items()
        }
        self._wide = torch.float32 if device.type == "mps" else torch.float64  # mps has no float64
        self._check_batch()
        self.micro_batch = self._micro_batch()

    # -- the loop -------------------------------------------------------------------------------------------------

    def fit(self, stream: BatchStream, until: int, stop: Callable[[], bool] = lambda: False) -> None:
        """Play until step `until`, or until `stop()` says so after a step.

        Raises:
            TrainingError: values were not finite `max_bad_steps` steps in a row.
        """
        batches = stream.iterate(self.progress.batches)
        while self.progress.step < until:
            values = self.step(batches)
            for observer in self.observers:
                observer.after_step(self, values)
            if stop():
                break

    def step(self, batches: Iterator[dict[str, Tensor]]) -> dict[str, float]:
        """One round of turns; returns every loss and statistic, averaged over pieces and processes."""
        progress, values, batch = self.progress, dict[str, float](), None
        bad: list[str] = []
        for number, player in enumerate(self.game.turns(progress.samples)):
            if batch is None or player == "discriminator" or not self.options.shared_batch:
                batch = self._receive(next(batches))
                progress.batches += 1
            buffers = [
                (buffer, buffer.clone()) for network in self.game.players().values() for buffer in network.buffers()
            ]
            found, wrong = self._turn(player, batch, number)
            values.update(found)
            if wrong:  # the rest of this round would build on what went wrong
                for buffer, before in buffers:
                    buffer.copy_(before)
                bad = wrong
                break
        size = 0 if batch is None else _rows(batch) * self.processes.world_size  # every process has as many
        progress.step += 1
        progress.samples += size
        if self.ema is not None and not bad:
            self.ema.update(self.game.generator, size, progress.samples)
        self.game.finish_step(progress.samples, values if not bad else {})
        self._count_bad(bad)
        return values

    def _turn(self, player: Player, batch: Batch, number: int) -> tuple[dict[str, float], list[str]]:
        """A turn: losses, one backward per piece, one optimiser step. Returns values and what is not finite."""
        seat, progress, rows = self.seats[player], self.progress, _rows(batch)
        noise = Noise(self.seed, progress.step, self._places(rows), f"turn{number}")
        noise.seed_global(f"{self.processes.rank}")
        self.game.prepare(player)
        seat.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        size = self.micro_batch or rows
        for piece, start in enumerate(range(0, rows, size)):
            stop = min(start + size, rows)
            share = (stop - start) / rows
            with self.precision.autocast():
                losses = self.game.losses(
                    player, _cut(batch, start, stop), noise.part(start, stop), progress.samples, progress.step, piece
                )
            torch.autograd.backward(losses.total * share, inputs=seat.parameters)
            for name, value in losses.values.items():
                sums[name] = sums[name] + value * share if name in sums else value * share
        return self._apply(player, sums)

    def _apply(self, player: Player, sums: Mapping[str, Tensor]) -> tuple[dict[str, float], list[str]]:
        seat = self.seats[player]
        together = torch.stack([value.to(self._wide) for value in sums.values()])
        together = average_gradients(seat.parameters, together)
        norm = torch.nn.utils.get_total_norm([p.grad for p in seat.parameters if p.grad is not None])
        # The only place where a turn waits for the device: every number it made, in one transfer.
        numbers = torch.cat([together, norm.to(self._wide).view(1)]).tolist()
        values = dict(zip([*sums, f"gradient/{player}"], numbers, strict=True))
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            self.progress.skipped_turns += 1
            return values, bad
        limit = self.options.clip_gradient
        if limit is not None:
            torch.nn.utils.clip_grads_with_norm_(seat.parameters, limit, norm)
        seat.rule.schedule(seat.optimizer, self.progress.samples)
        seat.optimizer.step()
        return values, []

    def _count_bad(self, bad: Sequence[str]) -> None:
        self.progress.bad_steps = self.progress.bad_steps + 1 if bad else 0
        if self.progress.bad_steps >= self.options.max_bad_steps:
            raise TrainingError(
                f"values stopped being finite: {', '.join(bad)} in each of the last {self.progress.bad_steps} steps "
                f"(step {self.progress.step}); those steps changed nothing",
                "lower the learning rate or the weight of that term, or set engine.precision=float32; "
                "what was saved before is intact",
            )

    # -- batches --------------------------------------------------------------------------------------------------

    def _places(self, rows: int) -> Tensor:
        first = self.processes.rank * rows
        return torch.arange(first, first + rows, device=self.device)

    def _receive(self, batch: Mapping[str, Any]) -> Batch:
        return {
            name: value.to(self.device, non_blocking=True) if isinstance(value, Tensor) else value
            for name, value in batch.items()
        }

    def _check_batch(self) -> None:
        share, rest = divmod(self.options.batch_size, self.processes.world_size)
        if rest and self.options.batch_tokens is None:
            raise TrainingError(
                f"trainer.batch_size={self.options.batch_size} does not divide among "
                f"{self.processes.world_size} processes",
                f"set trainer.batch_size={max(share, 1) * self.processes.world_size}",
            )
        if self.processes.world_size > 1 and self.game.uses_batch_statistics:
            warnings.warn(
                "a player uses batch statistics, and they are those of each process's own part of a batch: the result "
                "depends on the number of processes; set norm: none (or minibatch_deviation: false) to avoid that",
                RuntimeWarning,
                stacklevel=3,
            )

    def _micro_batch(self) -> int | None:
        """Samples of a piece; `None` where a batch is one piece."""
        asked, tokens = self.options.micro_batch, self.options.batch_tokens
        if asked is None or (tokens is None and asked * self.processes.world_size >= self.options.batch_size):
            return None
        if self.game.batch_coupled:
            raise TrainingError(
                f"trainer.micro_batch={asked} would change the maths: batch or spectral normalisation or the "
                "loss couples the samples of a batch",
                "set trainer.micro_batch=null, or use a network without batch statistics (norm: none)",
            )
        return asked

    # -- state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything but the players' weights: progress, optimisers, and the game's stateful parts."""
        return {
            "progress": dict(vars(self.progress)),
            "optimizers": {player: seat.optimizer.state_dict() for player, seat in self.seats.items()},
            "game": self.game.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.progress = Progress(**state["progress"])
        for player, seat in self.seats.items():
            seat.optimizer.load_state_dict(state["optimizers"][player])
        self.game.load_state_dict(state["game"])


def _rows(batch: Batch) -> int:
    """Samples in a batch of this process."""
    return next(len(value) for value in batch.values() if isinstance(value, Tensor))


def _cut(batch: Batch, start: int, stop: int) -> Batch:
    return {name: value[start:stop] if hasattr(value, "__getitem__") else value for name, value in batch.items()}
