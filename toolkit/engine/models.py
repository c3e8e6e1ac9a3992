"""Model folders: what users pass around, with everything a model needs to run.

`model.safetensors` (weights), `config.json` (what to build), `README.md` (the model card) and whatever else the model
needs, such as a tokeniser. Copying the folder copies the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from toolkit.engine.files import atomic_folder
from toolkit.engine.shelf import CARD, CONFIG, FORMAT, WEIGHTS, locate_model, read_config, shipped_models
from toolkit.engine.weights import load_weights, read_weights, write_weights
from toolkit.errors import CheckpointError

__all__ = [
    "CARD",
    "CONFIG",
    "WEIGHTS",
    "ModelFolder",
    "load_weights",
    "locate_model",
    "read_config",
    "read_model",
    "save_model",
    "shipped_models",
]

_NO_FILES: Mapping[str, bytes] = MappingProxyType({})
_NO_WEIGHTS: Mapping[str, Mapping[str, Tensor]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model as it was stored.

    Attributes:
        path: the folder.
        config: the content of `config.json`.
        weights: every tensor by name, on the CPU, in the dtype it was stored in.
    """

    path: Path
    config: dict[str, Any]
    weights: dict[str, Tensor]

    def file(self, name: str) -> Path:
        """The path of a further file of the model.

        Raises:
            CheckpointError: it is not there.
        """
        path = self.path / name
        if not path.is_file():
            raise CheckpointError(f"the model {self.path} has no file '{name}'", "copy the whole folder")
        return path


def save_model(
    folder: Path,
    weights: Mapping[str, Tensor],
    config: Mapping[str, Any],
    card: str,
    files: Mapping[str, bytes] = _NO_FILES,
    dtype: torch.dtype | None = None,
    more_weights: Mapping[str, Mapping[str, Tensor]] = _NO_WEIGHTS,
) -> None:
    """Write a model folder whole or not at all; a model that is there already is replaced.

    Args:
        folder: the model's folder.
        weights: every tensor by name.
        config: what to build, in values JSON knows; `"format"` is added.
        card: the model card, in Markdown.
        files: further files, `{"tokenizer/vocabulary.txt": content}`; `/` separates folders.
        dtype: what floating-point weights are stored as; `torch.float16` halves the download.
        more_weights: further safetensors files of weights, `{"discriminator.safetensors": {name: tensor}}`.

    Raises:
        CheckpointError: `folder` holds something that is no model, or a file name leads outside of the folder.
        TrainingError: the disk is full.
    """
    folder = Path(folder)
    _refuse_other_content(folder)
    for name in (*files, *more_weights):
        place = PurePosixPath(name)
        if place.is_absolute() or not place.parts or ".." in place.parts or name in (WEIGHTS, CONFIG, CARD):
            raise CheckpointError(f"'{name}' cannot be a further file of a model", "use a relative name of its own")
    described = {"format": FORMAT, **{key: value for key, value in config.items() if key != "format"}}
    text = json.dumps(described, indent=2, allow_nan=False, ensure_ascii=False)
    with atomic_folder(folder) as temporary:
        write_weights(temporary / WEIGHTS, weights, dtype)
        for name, tensors in more_weights.items():
            write_weights(temporary / name, tensors, dtype)
        (temporary / CONFIG).write_bytes(f"{text}\n".encode())
        (temporary / CARD).write_bytes(card.encode())
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def read_model(folder: Path) -> ModelFolder:
    """Read a model folder.

    Raises:
        CheckpointError: the folder or a file is missing, a file is broken, or a newer version of the toolkit wrote it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: there is no such model folder", _way_out_for_missing(folder))
    config = read_config(folder)
    return ModelFolder(folder, config, read_weights(folder / WEIGHTS))


def _refuse_other_content(folder: Path) -> None:
    """Replacing a folder deletes what is in it, so it must be a model, or empty."""
    if folder.is_dir() and any(folder.iterdir()) and not ((folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()):
        raise CheckpointError(f"{folder} is not empty and holds no model, so it is not replaced", "name a new folder")


def _way_out_for_missing(folder: Path) -> str:
    aside = sorted(folder.parent.glob(f".{folder.name}.*.replaced"))
    if aside:
        return f"an interrupted save left the model in {aside[-1]}; rename that to {folder.name}"
    return "check the path; a model folder holds model.safetensors and config.json"
