"""Fetching, checking and converting the data that a recipe needs."""

from __future__ import annotations

from pathlib import Path

from toolkit.config import load_recipe
from toolkit.registry import REGISTRY


def prepare(recipe: str | Path, source: str | Path | None = None, destination: str | Path | None = None) -> Path | None:
    """Get a recipe's data ready.

    Args:
        recipe: a recipe folder, file or name.
        source: where the data lies already (`--from`); downloaded when left out.
        destination: where to put it; the data set's own default when left out.

    Returns:
        Where the data lies now; `None` when the data set needs no preparation.

    Raises:
        DataError: the data cannot be had, or is not what it should be.
    """
    checked = load_recipe(recipe)
    dataset = REGISTRY.load("datasets", checked.data["name"])
    method = getattr(dataset, "prepare", None)
    if method is None:
        return None
    ready: Path = method(
        source=None if source is None else Path(source), destination=None if destination is None else Path(destination)
    )
    return ready
