"""Stored feature banks: one safetensors file with the tensors and, as its metadata, what they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from toolkit.engine.files import atomic_write
from toolkit.errors import DataError

FORMAT = "feature-bank.v1"


@dataclass(frozen=True, slots=True)
class BankState:
    """A feature bank as plain tensors and plain text, for files and other processes."""

    tensors: dict[str, Tensor]
    facts: dict[str, str]


def write_bank(state: BankState, path: Path) -> None:
    """Write the file whole or not at all."""
    tensors = {name: tensor.contiguous() for name, tensor in state.tensors.items()}
    atomic_write(path, save(tensors, metadata={**state.facts, "format": FORMAT}))


def read_bank(path: Path) -> BankState:
    """Read it back.

    Raises:
        DataError: the file is missing, damaged, or something else.
    """
    if not path.is_file():
        raise DataError(f"there is no stored feature bank at {path}", "compute it and save it there")
    try:
        with safe_open(path, framework="pt") as file:
            facts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except SafetensorError as error:
        raise DataError(
            f"{path} is damaged or not a safetensors file: {error}", "delete it and compute it again"
        ) from error
    if facts.pop("format", "") != FORMAT:
        raise DataError(f"{path} is not a feature bank of this version ({FORMAT})", "delete it and compute it again")
    return BankState(tensors, facts)


def check_belongs(path: Path, facts: dict[str, str], wanted: dict[str, str | None]) -> None:
    """Refuse a file that was made by another extractor or from other data; `None` accepts anything.

    Raises:
        DataError: names the file, the field and both values.
    """
    for field, value in wanted.items():
        if value is not None and facts.get(field) != value:
            raise DataError(
                f"{path} belongs to something else: its {field} is '{facts.get(field)}', wanted is '{value}'",
                "delete it and compute it again, or store it under another name",
            )
