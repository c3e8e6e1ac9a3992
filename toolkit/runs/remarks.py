"""What is noticed and decided while a run trains, in words: on the terminal, and in `notes.txt` of the run."""

from __future__ import annotations

from pathlib import Path

from toolkit.adversarial.trainer import Trainer
from toolkit.engine.progress import Progress

NOTES = "notes.txt"


class Remarks:
    """Writes sentences down as they come.

    Args:
        progress: shows them.
        file: keeps them, one a line with step and samples; `None` keeps none.
    """

    def __init__(self, progress: Progress, file: Path | None = None) -> None:
        self.progress = progress
        self.file = file

    def write(self, trainer: Trainer, kind: str, sentence: str) -> None:
        """Write a sentence down.

        Args:
            trainer: says how far training is.
            kind: in a word, what it is about: `health`, `game`, `guard`.
            sentence: what was noticed or decided.
        """
        self.progress.note(f"{kind}: {sentence}")
        if self.file is not None:
            done = trainer.progress
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(f"step {done.step}, {done.samples} samples, {kind}: {sentence}\n")
