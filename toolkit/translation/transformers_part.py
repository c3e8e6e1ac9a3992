"""The one place that imports transformers."""

from __future__ import annotations

import importlib.util
from typing import Any

from toolkit.engine.torchaudio_part import torchaudio_functional
from toolkit.errors import require


def transformers_library(purpose: str) -> Any:
    """The module `transformers`.

    Its models import torchaudio where that is installed, whose compiled part may not load beside this PyTorch: so
    torchaudio goes first.

    Args:
        purpose: what it is for, as the beginning of a sentence.

    Raises:
        MissingExtraError: it is not installed.
    """
    library = require("transformers", "translation", purpose)
    if importlib.util.find_spec("torchaudio") is not None:
        torchaudio_functional()
    return library
