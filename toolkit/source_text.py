"""Source text of modules that have not been imported, and need not be."""

from __future__ import annotations

import importlib.machinery
import sys
from pathlib import Path

_SOURCES: dict[str, str | None] = {}


def source_text(module: str) -> str | None:
    """Source text of a module without running it or its parents: `None` when there is no such module, `""` if compiled.

    `importlib.util.find_spec` would import the parent packages, so the path is walked by hand.
    """
    if module not in _SOURCES:
        steps = module.split(".")
        places: list[str] | None = None
        text: str | None = None
        for depth, step in enumerate(steps):
            spec = _find(step, ".".join(steps[: depth + 1]), places)
            if spec is None:
                text = None
                break
            places = list(spec.submodule_search_locations or [])
            text = ""
            if depth == len(steps) - 1 and spec.origin and spec.origin.endswith(".py"):
                text = Path(spec.origin).read_text(encoding="utf-8", errors="replace")
        _SOURCES[module] = text
    return _SOURCES[module]


def _find(step: str, dotted: str, places: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        search = getattr(finder, "find_spec", None)
        if search is None:
            continue
        spec = search(dotted, places)
        if spec is not None:
            found: importlib.machinery.ModuleSpec = spec
            return found
    return None
