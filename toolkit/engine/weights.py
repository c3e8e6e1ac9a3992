"""Weights in safetensors files: never pickle, so that loading a stranger's model cannot run code.

The format stores plain dense tensors. What a network holds is not always plain: channels-last tensors are not
contiguous, and two names may share one memory (tied embeddings). The first are made plain on the way out, the others
are stored once, under the first of their names, and the file says which names mean the same. Values never change.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from toolkit.errors import CheckpointError

SUFFIX = ".safetensors"
_ALIASES = "aliases"
_NAMED = 4  # how many keys of each sort an error message names


def write_weights(path: Path, weights: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> None:
    """Store named tensors in one safetensors file.

    Args:
        path: the file to write; not atomic by itself, write into a folder from `files.atomic_folder`.
        weights: tensors on any device, of any memory layout, shared or not.
        dtype: what floating-point tensors are stored as; `None` keeps each one's own.
    """
    plain: dict[str, Tensor] = {}
    storages: set[int] = set()
    known: dict[tuple[Any, ...], str] = {}
    aliases: dict[str, str] = {}
    for name, tensor in weights.items():
        place = (tensor.untyped_storage().data_ptr(), tensor.storage_offset())
        memory = (*place, tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and known.setdefault(memory, name) != name:
            aliases[name] = known[memory]
            continue
        value = tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None).contiguous()
        storage = value.untyped_storage().data_ptr()
        if storage in storages:
            value = value.clone()  # safetensors refuses two names for one memory
        storages.add(value.untyped_storage().data_ptr())
        plain[name] = value
    path.touch()  # safetensors makes a file that only its owner can read; give it what any new file gets
    mode = path.stat().st_mode
    metadata = {"format": "pt"}  # without it transformers refuses the file
    if aliases:
        metadata[_ALIASES] = json.dumps(aliases)
    save_file(plain, os.fspath(path), metadata=metadata)
    path.chmod(mode)


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU, as they were stored.

    Raises:
        CheckpointError: the file is missing or is no whole safetensors file.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such file", "copy the whole folder, with every file in it")
    try:
        with safe_open(path, framework="pt") as file:
            aliases: dict[str, str] = json.loads((file.metadata() or {}).get(_ALIASES, "{}"))
        weights = load_file(path)
        return {**weights, **{name: weights[first] for name, first in aliases.items()}}
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path} is not a readable safetensors file: {error}", "copy it again from where it came from"
        ) from error


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], source: str | Path) -> None:
    """Put weights into a module; every tensor must be there, of the right shape, finite, and none may be left over.

    Values are cast to the module's dtype and moved to its device, so float16 storage fills a float32 module.

    Args:
        module: takes the weights in place.
        weights: by the names of `module.state_dict()`.
        source: where the weights come from, for the error message.

    Raises:
        CheckpointError: counts and names what is missing, unexpected, of another shape or not finite. The module is
            unchanged.
    """
    expected = {name: value for name, value in module.state_dict().items() if isinstance(value, Tensor)}
    missing = [name for name in expected if name not in weights]
    unexpected = [name for name in weights if name not in expected]
    other_shape = [
        f"{name} (file {list(value.shape)}, model {list(expected[name].shape)})"
        for name, value in weights.items()
        if name in expected and value.shape != expected[name].shape
    ]
    learned = {name for name, _ in module.named_parameters()}
    spoiled = [
        name
        for name, value in weights.items()
        if name in learned and value.is_floating_point() and not bool(value.isfinite().all())
    ]
    complaints = [
        _complaint(spoiled, "not finite, as after a training that failed"),
        _complaint(missing, "missing from the file"),
        _complaint(unexpected, "unknown to the model"),
        _complaint(other_shape, "of another shape"),
    ]
    if any(complaints):
        raise CheckpointError(
            f"the weights in {source} do not fit {type(module).__name__}: {'; '.join(filter(None, complaints))}",
            "copy the whole folder again; weights and config.json belong together",
        )
    module.load_state_dict(dict(weights), strict=True)


def _complaint(names: list[str], what: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}"
