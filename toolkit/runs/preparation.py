"""Fetching, checking and converting the data that a recipe needs."""

from __future__ import annotations

import inspect
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
    # A data set that can be any folder, such as `recordings`, learns from the recipe which one it is.
    named = {"path": checked.data.get("path")} if "path" in inspect.signature(method).parameters else {}
    ready: Path = method(
        source=None if source is None else Path(source),
        destination=None if destination is None else Path(destination),
        **named,
    )
    return ready
