"""Never worse than it was: a run that falls goes back to its best weights, and ends with them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from toolkit.adversarial.trainer import Trainer
from toolkit.engine.checkpoint import Checkpoint, CheckpointStore
from toolkit.engine.processes import agree
from toolkit.errors import TrainingError
from toolkit.runs.observers import Checkpointer, Evaluator
from toolkit.runs.remarks import Remarks
from toolkit.runs.snapshot import restore_generator

_WEAKER = 0.5  # what the game counts after a fall, as a share of before


class Guard:
    """Watches the best metric. Comes after the evaluator and before the checkpointer, in every process.

    At the beginning it has the generator measured, which for a run with a `start` is the model that it began with. A
    measure that is better than all before is saved as a checkpoint. One that is worse than the best by more than
    `allowed` makes the run go back to the generator, average and optimiser of the best checkpoint; the discriminators
    stay as they are, and the game counts half as much from then on.

    Args:
        store: has the checkpoints.
        evaluator: measures; `None` in processes that do not.
        checkpointer: saves; likewise.
        metric: the measure to go by.
        lower_is_better: whether it is a distance.
        allowed: how much worse than the best it may become.
        every: steps between measures.
        remarks: gets every decision in words.
    """

    def __init__(
        self,
        store: CheckpointStore,
        evaluator: Evaluator | None,
        checkpointer: Checkpointer | None,
        metric: str,
        lower_is_better: bool,
        allowed: float,
        every: int,
        remarks: Remarks,
    ) -> None:
        self.store = store
        self.evaluator = evaluator
        self.checkpointer = checkpointer
        self.metric = metric
        self.lower_is_better = lower_is_better
        self.allowed = allowed
        self.every = every
        self.remarks = remarks

    def begin(self, trainer: Trainer) -> None:
        """Measure and keep the beginning.

        Raises:
            TrainingError: the metric is not among the measures.
        """
        if self.evaluator is None or self.checkpointer is None:
            return
        self.evaluator.evaluate(trainer)
        value = self._measured()
        self.checkpointer.save(trainer)
        words = f"{self.metric} is {value:.4g} at the beginning"
        self.remarks.write(trainer, "guard", f"{words}; what makes it worse by more than {self.allowed:g} is undone.")

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """Compare when there is a new measure, and go back if it fell."""
        if trainer.progress.step % self.every:
            return
        fell = False
        if self.checkpointer is not None:
            best, value = self._best(), self._measured()
            fell = self._loss(value, best) > self.allowed
            if not fell and self._loss(value, best) < 0:
                self.checkpointer.save(trainer)
        if agree(fell):
            self._go_back(trainer)

    def finish(self, trainer: Trainer) -> None:
        """Leave the trainer with the best weights, for the model that is written next."""
        worse = False
        if self.evaluator is not None:
            if trainer.progress.step % self.every:
                self.evaluator.evaluate(trainer)
            worse = self._loss(self._measured(), self._best()) > 0
        if not agree(worse):
            return
        best = self._best()
        if self.evaluator is not None:
            value, score = self._measured(), best.score
            self.remarks.write(
                trainer,
                "guard",
                f"{self.metric} is {value:.4g} at the end and was {score:.4g} at step {best.step}: "
                f"the model is that of step {best.step}.",
            )
        restore_generator(trainer, best)

    def _go_back(self, trainer: Trainer) -> None:
        best = self._best()
        restore_generator(trainer, best)
        trainer.game.strength *= _WEAKER
        if self.evaluator is None or best.score is None:
            return
        value, self.evaluator.last = self._measured(), {**self.evaluator.last, self.metric: best.score}
        self.remarks.write(
            trainer,
            "guard",
            f"{self.metric} fell from {best.score:.4g} at step {best.step} to {value:.4g}, by more than "
            f"{self.allowed:g}: back to the weights of step {best.step}, and the game counts "
            f"{trainer.game.strength:.3g} of its weight from now on.",
        )

    def _loss(self, value: float, best: Checkpoint) -> float:
        """How much worse a value is than the best one's; a value that is no number is infinitely worse."""
        score = best.score
        if not math.isfinite(value) or score is None:
            return math.inf
        return value - score if self.lower_is_better else score - value

    def _best(self) -> Checkpoint:
        best = self.store.best()
        if best is None:
            raise TrainingError(
                f"there is no whole checkpoint with a {self.metric} in {self.store.folder} to go back to",
                "the folder was changed while the run trained; start again in another one",
            )
        return best

    def _measured(self) -> float:
        measures = {} if self.evaluator is None else self.evaluator.last
        if self.metric not in measures:
            raise TrainingError(
                f"trainer.best_metric={self.metric}, which trainer.fall_back goes by, is none of the measures",
                f"name one of them: {', '.join(measures)}",
            )
        return measures[self.metric]
