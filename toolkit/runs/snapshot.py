"""The whole state of a run, as a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from toolkit.adversarial.health import HealthMonitor
from toolkit.adversarial.trainer import Trainer
from toolkit.engine.checkpoint import Checkpoint
from toolkit.engine.weights import load_weights


def weights_of(trainer: Trainer) -> dict[str, Mapping[str, Tensor]]:
    """Every network's weights, by name: `generator`, `ema`, and each discriminator."""
    return {name: module.state_dict() for name, module in _networks(trainer).items()}


def state_of(trainer: Trainer, health: HealthMonitor) -> dict[str, Any]:
    """Everything else."""
    return {"trainer": trainer.state_dict(), "health": health.state_dict()}


def restore(trainer: Trainer, health: HealthMonitor, checkpoint: Checkpoint) -> None:
    """Put a run back to where a checkpoint was written.

    Raises:
        CheckpointError: the checkpoint belongs to other networks.
    """
    for name, module in _networks(trainer).items():
        load_weights(module, checkpoint.weights(name), checkpoint.path / name)
    state = checkpoint.state()
    trainer.load_state_dict(state["trainer"])
    health.load_state_dict(state["health"])


def restore_generator(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Put the generator, its average and its optimiser back to where a checkpoint was written; nothing else.

    Raises:
        CheckpointError: the checkpoint belongs to another network, or is damaged.
    """
    for name, module in _networks(trainer).items():
        if name in ("generator", "ema"):
            load_weights(module, checkpoint.weights(name), checkpoint.path / name)
    saved = checkpoint.state()["trainer"]["optimizers"]["generator"]
    trainer.seats["generator"].optimizer.load_state_dict(saved)


def _networks(trainer: Trainer) -> dict[str, nn.Module]:
    networks: dict[str, nn.Module] = {"generator": trainer.game.generator}
    if trainer.ema is not None:
        networks["ema"] = trainer.ema.module
    networks.update({f"discriminator.{name}": module for name, module in trainer.game.discriminators.items()})
    return networks
