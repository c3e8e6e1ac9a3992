"""Adversarial generation of images, speech and translations: one trainer, one registry, recipes that run.

    import toolkit

    run = toolkit.train("recipes/image/digits", out="runs/digits")
    pictures = toolkit.load("runs/digits").generate(count=16, seed=1)

Importing `toolkit` imports no torch: the names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "train": "toolkit.runs:train",
    "resume": "toolkit.runs:resume",
    "start": "toolkit.runs:start",
    "evaluate": "toolkit.runs:evaluate",
    "load": "toolkit.runs:load",
    "prepare": "toolkit.runs:prepare",
    "save_pretrained": "toolkit.runs.sharing:save_pretrained",
    "from_pretrained": "toolkit.runs.sharing:from_pretrained",
    "push_to_hub": "toolkit.runs.sharing:push_to_hub",
    "load_recipe": "toolkit.config:load_recipe",
    "register": "toolkit.registry:register",
}

if TYPE_CHECKING:
    from toolkit.config import load_recipe
    from toolkit.registry import register
    from toolkit.runs import evaluate, load, prepare, resume, start, train
    from toolkit.runs.sharing import from_pretrained, push_to_hub, save_pretrained

__all__ = [
    "__version__",
    "evaluate",
    "from_pretrained",
    "load",
    "load_recipe",
    "prepare",
    "push_to_hub",
    "register",
    "resume",
    "save_pretrained",
    "start",
    "train",
]


def __getattr__(name: str) -> Any:
    try:
        module, _, attribute = _LAZY[name].partition(":")
    except KeyError:
        raise AttributeError(f"module 'toolkit' has no attribute '{name}'") from None
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
