"""Weights that other programs wrote: reading their files, and what an importer makes of them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from toolkit.engine.weights import SUFFIX, read_weights
from toolkit.errors import CheckpointError, nearest

State = Mapping[str, Tensor]
"""Tensors by the names that the other program gave them."""

PICKLED = (".pth", ".pt", ".bin", ".ckpt", ".tar")
"""Endings of files that `torch.save` wrote."""


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """A model as this toolkit would have written it.

    Attributes:
        config: content of `config.json`: `pipeline`, the spec of the network, and what else the pipeline needs.
        weights: every tensor, by the names of the network that the spec describes.
        origin: what it comes from, in words for the model card.
        files: further files of the model folder, such as a vocabulary.
    """

    config: dict[str, Any]
    weights: dict[str, Tensor]
    origin: str
    files: dict[str, bytes] = field(default_factory=dict)


class Importer(Protocol):
    """Understands one published layout; parts of kind `importers` are of this form. May serve any modality."""

    def __call__(self, state: State) -> ImportedModel:
        """Build the configuration from the shapes, and rename the tensors.

        Raises:
            CheckpointError: the state has another layout; names the first key that does not belong or is missing.
        """
        ...


def read_state(file: str | Path, entry: str | None = None) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of one that `torch.save` wrote; nothing in it can run code.

    Args:
        file: its ending says which of the two it is.
        entry: which part of the file to take, `a.b` for a part of a part; found by itself where only one holds tensors.

    Raises:
        CheckpointError: the file is missing or damaged, holds more than plain values, or has no such part.
    """
    path = Path(file)
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such file", "check the path")
    if path.suffix == SUFFIX:
        if entry is not None:
            raise CheckpointError(f"{path} has no parts: safetensors files hold tensors only", "leave the entry out")
        return dict(read_weights(path))
    if path.suffix not in PICKLED:
        raise CheckpointError(
            f"{path} has the ending '{path.suffix}'; weights are read from {', '.join((SUFFIX, *PICKLED))}",
            "rename it if it is one of these, else convert it in the program that wrote it",
        )
    content = _part(_unpickled(path), entry, path)
    if (
        entry is None
        and isinstance(content, Mapping)
        and not any(isinstance(item, Tensor) for item in content.values())
    ):
        content = _only_part(content, path)
    return _tensors(content, path)


def _unpickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than tensors and plain values, such as a whole pickled network; reading that could run "
            f"any code, so it is refused ({_first_line(error)})",
            "in the program that wrote it: torch.save(network.state_dict(), FILE)",
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise CheckpointError(
            f"{path} is not a readable file of torch.save: {_first_line(error)}",
            "copy it again from where it came from",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).split("\n")[0][:200]


def _part(content: Any, entry: str | None, path: Path) -> Any:
    for step in [] if entry is None else entry.split("."):
        if not isinstance(content, Mapping) or step not in content:
            known = [str(name) for name in content] if isinstance(content, Mapping) else []
            raise CheckpointError(f"{path} has no entry '{entry}'; {nearest(step, known)}")
        content = content[step]
    return content


def _only_part(content: Mapping[Any, Any], path: Path) -> Any:
    """The one entry that holds tensors."""
    parts = {
        str(name): item
        for name, item in content.items()
        if isinstance(item, Mapping) and any(isinstance(value, Tensor) for value in item.values())
    }
    if len(parts) > 1:
        names = ", ".join(parts)
        raise CheckpointError(f"{path} holds the weights of several networks: {names}", "name one of them with --entry")
    return next(iter(parts.values()), content)


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    values = content if isinstance(content, Mapping) else {}
    found = {str(name): item.detach() for name, item in values.items() if isinstance(item, Tensor)}
    if not found:
        raise CheckpointError(
            f"{path} holds no tensors by name, but a {type(content).__name__}",
            "in the program that wrote it: torch.save(network.state_dict(), FILE); or name a part with --entry",
        )
    return found
