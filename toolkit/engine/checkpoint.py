"""Checkpoints of a training run: written whole or not at all, verified when read, kept within bounds.

A checkpoint is a folder `step-00000200` with one `<player>.safetensors` per player, `state.pt` (optimisers, counters),
text documents (the resolved recipe, versions) and `manifest.json`.
"""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from toolkit.engine import manifest
from toolkit.engine.files import atomic_folder, original, remove_leftovers
from toolkit.engine.manifest import DamageError
from toolkit.engine.weights import SUFFIX, read_weights, write_weights
from toolkit.errors import CheckpointError, ToolkitError, nearest

STATE = "state.pt"
_FOLDER = re.compile(r"step-(\d{8,})")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One saved moment of a run. Nothing is read before it is asked for.

    Attributes:
        step: the training step it was made at.
        path: its folder.
    """

    step: int
    path: Path

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the players whose weights are here, sorted."""
        return tuple(sorted(file.name.removesuffix(SUFFIX) for file in self.path.glob(f"*{SUFFIX}")))

    @property
    def score(self) -> float | None:
        """The value it was saved with; `None` when there was none.

        Raises:
            CheckpointError: the manifest is damaged.
        """
        try:
            return manifest.read_manifest(self.path).score
        except DamageError as damage:
            raise CheckpointError(f"checkpoint {self.path} is damaged: {damage}") from damage

    def weights(self, player: str) -> dict[str, Tensor]:
        """The weights of one player, on the CPU.

        Raises:
            CheckpointError: there is no such player, or its file is damaged.
        """
        if player not in self.players:
            raise CheckpointError(f"{self.path} has no player named '{player}'; {nearest(player, self.players)}")
        return read_weights(self.path / f"{player}{SUFFIX}")

    def state(self) -> dict[str, Any]:
        """Everything that is no weight, tensors on the CPU; read without running any code from the file.

        Raises:
            CheckpointError: the file is missing or damaged.
        """
        path = self.path / STATE
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a changed byte can make the reader fail in any way
            raise CheckpointError(f"{path} cannot be read: {error}", "resume from another checkpoint") from error
        return state

    def document(self, name: str) -> str:
        """The text of one document.

        Raises:
            CheckpointError: there is no such document.
        """
        path = self.path / name
        if not path.is_file():
            raise CheckpointError(f"{path}: there is no such document in this checkpoint")
        return path.read_bytes().decode()

    def verify(self) -> None:
        """Read every file and compare it with the manifest.

        Raises:
            CheckpointError: naming the first file that is missing, cut or changed.
        """
        try:
            manifest.check(self.path)
        except DamageError as damage:
            raise CheckpointError(f"checkpoint {self.path} is damaged: {damage}", "use another one") from damage


class CheckpointStore:
    """The checkpoints of one run, in one folder. Only one process may save; any number may read.

    Args:
        folder: holds the checkpoints; made at the first save.
        keep_last: how many of the newest to keep, at least 1.
        keep_best: how many of the best by score to keep besides.
        lower_is_better: whether the score is a distance (FID) rather than a merit (BLEU).

    Raises:
        ToolkitError: a number to keep is out of range.
    """

    def __init__(self, folder: Path, keep_last: int = 2, keep_best: int = 1, lower_is_better: bool = True) -> None:
        if keep_last < 1 or keep_best < 0:
            raise ToolkitError(
                f"keep_last must be at least 1 and keep_best at least 0, not {keep_last} and {keep_best}"
            )
        self.folder = Path(folder)
        self.keep_last = keep_last
        self.keep_best = keep_best
        self.lower_is_better = lower_is_better
        self._opened = False

    def save(
        self,
        step: int,
        weights: Mapping[str, Mapping[str, Tensor]],
        state: Mapping[str, Any],
        documents: Mapping[str, str] = _EMPTY,
        score: float | None = None,
    ) -> Checkpoint:
        """Write a checkpoint, then delete those that need not be kept. One of the same step is replaced.

        Args:
            step: the training step.
            weights: `{player: {name: tensor}}`.
            state: tensors, numbers, text, and lists, tuples and dicts of them.
            documents: `{file name: text}`.
            score: what the best are chosen by; a value that is not finite counts as none.

        Raises:
            CheckpointError: the state holds something that could not be loaded again, or a name is no file name.
            TrainingError: the disk is full; every earlier checkpoint is still there.
        """
        _check_names(weights, documents)
        if not self._opened:
            remove_leftovers(self.folder)
            self._opened = True
        final = self.folder / f"step-{step:08d}"
        with atomic_folder(final) as folder:
            for player, tensors in weights.items():
                write_weights(folder / f"{player}{SUFFIX}", tensors)
            _write_state(folder / STATE, state)
            for name, text in documents.items():
                (folder / name).write_bytes(text.encode())
            manifest.write_manifest(folder, step, score)
        saved = Checkpoint(step, final)
        self._delete_superfluous(saved)
        return saved

    def all(self) -> list[Checkpoint]:
        """Every checkpoint, oldest first, damaged ones included."""
        found: dict[int, Path] = {}
        # One that was renamed aside by an interrupted replacement counts as long as nothing took its place.
        for path in sorted(self.folder.glob(".step-*.replaced")) + sorted(self.folder.glob("step-*")):
            match = _FOLDER.fullmatch((original(path) or path).name)
            if match and path.is_dir():
                found[int(match[1])] = path
        return [Checkpoint(step, found[step]) for step in sorted(found)]

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint whose every byte is as it was written; `None` when the run has none yet.

        A damaged one is skipped with a warning that names the damaged file.

        Raises:
            CheckpointError: all are damaged, or a newer version of the toolkit wrote them.
        """
        damages = []
        for checkpoint in reversed(self.all()):
            try:
                manifest.check(checkpoint.path)
            except DamageError as damage:
                damages.append(f"{checkpoint.path.name}: {damage}")
                warnings.warn(
                    f"checkpoint {checkpoint.path} is damaged and is skipped: {damage}", RuntimeWarning, stacklevel=2
                )
                continue
            return checkpoint
        if damages:
            raise CheckpointError(
                f"every checkpoint in {self.folder} is damaged ({'; '.join(damages)})",
                "restore one from a backup, or start again in another run folder",
            )
        return None

    def best(self) -> Checkpoint | None:
        """The checkpoint with the best score, the earliest of equals; `None` when no whole one has any."""
        found: list[tuple[float, int, Checkpoint]] = []
        for checkpoint in self.all():
            try:
                score = manifest.check(checkpoint.path).score
            except DamageError:
                continue
            if score is not None:
                found.append((score if self.lower_is_better else -score, checkpoint.step, checkpoint))
        return min(found)[2] if found else None

    def discard_after(self, step: int) -> None:
        """Delete every checkpoint later than `step`, for a run that goes on from an earlier one on purpose."""
        for checkpoint in self.all():
            if checkpoint.step > step:
                shutil.rmtree(checkpoint.path)

    def _delete_superfluous(self, saved: Checkpoint) -> None:
        """Keep what was just saved, the newest and the best; damaged ones count for nothing and go."""
        scores: dict[Checkpoint, float | None] = {}
        everything = self.all()
        for checkpoint in everything:
            try:
                scores[checkpoint] = manifest.check(checkpoint.path, deep=False).score
            except DamageError:
                continue
        ranked = sorted(
            (checkpoint for checkpoint, score in scores.items() if score is not None),
            key=lambda checkpoint: ((scores[checkpoint] or 0.0) * (1 if self.lower_is_better else -1), checkpoint.step),
        )
        keep = {saved, *list(scores)[-self.keep_last :], *ranked[: self.keep_best]}
        for checkpoint in everything:
            if checkpoint not in keep:
                shutil.rmtree(checkpoint.path)


def _check_names(weights: Mapping[str, Any], documents: Mapping[str, str]) -> None:
    taken = {STATE, manifest.NAME, *(f"{player}{SUFFIX}" for player in weights)}
    for name in (*weights, *documents):
        if not _PLAIN_NAME.fullmatch(name):
            raise CheckpointError(f"'{name}' cannot be a file name in a checkpoint", "use letters, digits, '_' and '-'")
    for name in documents:
        if name in taken:
            raise CheckpointError(f"the document '{name}' has the name of another file of the checkpoint")


def _write_state(path: Path, state: Mapping[str, Any]) -> None:
    with open(path, "wb") as file:  # through Python's file, so that a full disk is an OSError and not a riddle
        torch.save(dict(state), file)
    unsafe = get_unsafe_globals_in_checkpoint(path)
    if unsafe:  # found now, not when the run is to be resumed
        raise CheckpointError(
            f"the training state holds what could not be loaded again: {', '.join(sorted(unsafe))}",
            "state_dict() must return tensors, numbers, text, and lists, tuples and dicts of them only",
        )
