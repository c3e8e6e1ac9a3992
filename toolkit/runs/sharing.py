"""Passing models on: to a folder, to the Hugging Face Hub, and back, by the names that its users know."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from toolkit.engine import hub
from toolkit.engine.files import atomic_folder
from toolkit.engine.shelf import locate_model
from toolkit.errors import CheckpointError
from toolkit.runs.models import load


def save_pretrained(model: str | Path, folder: str | Path) -> Path:
    """Copy a model, whole or not at all.

    Args:
        model: a run, a model folder, a shipped model's name, or `hf://OWNER/NAME`.
        folder: where to; must not exist.

    Returns:
        The new folder.

    Raises:
        CheckpointError: there is no such model, or the folder exists.
    """
    source, target = locate_model(model), Path(folder)
    if target.exists():
        raise CheckpointError(f"{target} exists already", "choose another folder, or remove it")
    with atomic_folder(target) as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True)
    return target


def from_pretrained(model: str | Path, device: str = "auto") -> Any:
    """Load a model as a pipeline; another name of `toolkit.load`."""
    return load(model, device)


def push_to_hub(model: str | Path, repository: str, private: bool = True) -> str:
    """Put a model on the Hugging Face Hub.

    Args:
        model: a run, a model folder or a shipped model's name.
        repository: `OWNER/NAME`; made where it is not there yet.
        private: who sees a new repository.

    Returns:
        Where it can be seen. It is loaded as `hf://OWNER/NAME`.

    Raises:
        CheckpointError: there is no such model, or it cannot be put there.
        MissingExtraError: huggingface_hub is not installed (extra `hub`).
    """
    return hub.push(locate_model(model), repository, private)
