"""A discriminator that is neither too weak nor too sure: who may play, by how often it tells real from generated.

Yang et al. 2018 (section 3.3) train the discriminator alone until it is right in 82 % of cases before the game begins,
and report that a weaker or a stronger one makes the generator worse. Here that holds throughout the game.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_RESTING = 4  # a resting discriminator plays one step in so many, so that its accuracy is still measured
_TOO_EASY = 0.99


class AccuracyBand:
    """Keeps the game to where the discriminator's accuracy is of use.

    Until the accuracy first reaches `low`, or `patience` samples have passed, the discriminator plays alone. From then
    on it rests (and plays one step in four) while it is above `high`; and while it is below `low`, the generator plays
    on its terms alone.

    Args:
        low: accuracy from which the discriminator's word counts; 0.5 is guessing.
        high: accuracy from which it rests.
        patience: samples after which the game begins in any case.
        memory: samples over which the accuracy is averaged (half-life).

    Attributes:
        began: whether the game has begun.
        accuracy: the average; `None` before it has been measured.
        sentences: what was decided since they were last taken, in words.
    """

    def __init__(self, low: float, high: float, patience: float, memory: float = 1_000.0) -> None:
        if not 0.5 <= low < high <= 1:
            raise ValueError(f"an accuracy band lies between 0.5 and 1, the lower bound first, not {low} to {high}")
        self.low = low
        self.high = high
        self.patience = patience
        self.memory = memory
        self.began = False
        self.accuracy: float | None = None
        self.sentences: list[str] = []
        self._state = "inside"
        self._last = 0.0
        self._steps = 0

    @property
    def counts(self) -> bool:
        """Whether the generator heeds the discriminator."""
        return self.began and self._state != "below"

    @property
    def rests(self) -> bool:
        """Whether the discriminator leaves out this step."""
        return self.began and self._state == "above" and self._steps % _RESTING != 0

    def update(self, samples: float, values: Mapping[str, float]) -> None:
        """Take in a step.

        Args:
            samples: training samples seen.
            values: of the step; `accuracy` where the discriminator played.
        """
        self._steps += 1
        now = values.get("accuracy")
        if now is not None:
            share = 1.0 - 0.5 ** (max(samples - self._last, 0.0) / self.memory)
            self.accuracy = now if self.accuracy is None else self.accuracy + share * (now - self.accuracy)
            self._last = samples
        if not self.began:
            self._consider_beginning(samples)
        elif self.accuracy is not None:
            self._consider_turns()

    def _consider_beginning(self, samples: float) -> None:
        if self.accuracy is not None and self.accuracy >= self.low:
            self.began = True
            words = f"The discriminator is right in {self.accuracy:.0%} of cases after {samples:,.0f} samples"
            if self.accuracy >= _TOO_EASY:
                words += (
                    ", almost at once: something outside of the meaning may give generated data away (its length, its "
                    "end, a mark that real data never has), or the discriminator is too large for this data"
                )
            self.sentences.append(f"{words}: the game begins.")
        elif samples >= self.patience:
            self.began = True
            found = "has not been measured" if self.accuracy is None else f"is {self.accuracy:.0%}"
            self.sentences.append(
                f"The discriminator's accuracy {found} after {samples:,.0f} samples, below {self.low:.0%}: "
                "the game begins all the same, and its word counts when it gets there; a wider discriminator, a higher "
                "learning rate or a longer trainer.discriminator_warmup may help."
            )

    def _consider_turns(self) -> None:
        accuracy = self.accuracy or 0.0
        state = "above" if accuracy > self.high else "below" if accuracy < self.low else "inside"
        if state == self._state:
            return
        words = {
            "above": f"above {self.high:.0%}: it rests three steps in four",
            "below": f"below {self.low:.0%}: the generator plays on its terms alone",
            "inside": f"within {self.low:.0%} to {self.high:.0%} again: both play",
        }
        self.sentences.append(f"The discriminator is right in {accuracy:.1%} of cases, {words[state]}.")
        self._state = state

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides who plays next."""
        return {
            "began": self.began,
            "accuracy": self.accuracy,
            "state": self._state,
            "last": self._last,
            "steps": self._steps,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up where a checkpoint left off."""
        self.began = bool(state["began"])
        self.accuracy = state["accuracy"]
        self._state = str(state["state"])
        self._last = float(state["last"])
        self._steps = int(state["steps"])
