"""Which way a pipeline computes: PyTorch in one precision or another, or CTranslate2."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from toolkit.errors import CheckpointError, MissingExtraError, ToolkitError, nearest
from toolkit.translation import ctranslate2_part
from toolkit.translation.engines import Engine, TorchEngine
from toolkit.translation.segmentation.tokenizer import Segmenter

PATHS = ("auto", "torch", "torch-bfloat16", "torch-int8", "ctranslate2")
"""Ways to compute; see `Computing.choose`."""


class Computing:
    """Chooses the engine of a model.

    Args:
        network: a sequence-to-sequence network of transformers, where it shall compute.
        segmenter: of the model.
        folder: the model folder, which may hold exports; `None` for none.

    Attributes:
        notes: sentences for the user about what went another way than expected.
    """

    def __init__(self, network: nn.Module, segmenter: Segmenter, folder: Path | None) -> None:
        self.notes: list[str] = []
        self._network: Any = network
        self._segmenter = segmenter
        self._folder = folder
        self._path = "auto"
        self._chosen: Engine | None = None

    def choose(self, path: str, export: Path | None = None) -> None:
        """Choose the way to compute.

        Args:
            path: `torch` (float32, what training computes); `torch-bfloat16`; `torch-int8` (CPU, about twice as fast);
                `ctranslate2` (an export in the model folder, the fastest on a CPU); or `auto`: CTranslate2 where it is
                installed and the model has an export, else `torch`.
            export: folder of an export that is not in the model folder.

        Raises:
            CheckpointError: the export is damaged, or of other weights.
            ToolkitError: there is no such path, or no export.
            MissingExtraError: CTranslate2 is not installed.
        """
        if path not in PATHS:
            raise ToolkitError(f"there is no path '{path}'; {nearest(path, PATHS)}")
        if path == "torch-int8" and self._device != "cpu":
            raise ToolkitError(f"torch-int8 computes on the CPU, and the model is on {self._device}", "take another")
        self._path, self._chosen = path, None
        if path == "ctranslate2":
            self._chosen = self._exported(export)
            if self._chosen is None:
                raise ToolkitError(
                    f"{self._folder} has no export for CTranslate2",
                    f"make one: toolkit export {self._folder} --to ctranslate2",
                )

    @property
    def engine(self) -> Engine:
        """What computes now."""
        if self._chosen is None:
            self._chosen = self._engine()
        return self._chosen

    @cached_property
    def torch(self) -> Engine:
        """PyTorch in float32, which can do everything."""
        return TorchEngine(self._network)

    @property
    def _device(self) -> str:
        return str(next(self._network.parameters()).device.type)

    def _engine(self) -> Engine:
        if self._path == "torch-bfloat16":
            return TorchEngine(self._network, "bfloat16")
        if self._path == "torch-int8":
            return TorchEngine(self._network, "int8")
        if self._path == "auto":
            try:
                if ctranslate2_part.is_installed() and (found := self._exported(None)) is not None:
                    return found
            except (CheckpointError, MissingExtraError) as error:
                self.notes.append(f"computed with PyTorch instead of CTranslate2: {error.message}")
        return self.torch

    def _exported(self, export: Path | None) -> Engine | None:
        if self._device not in ("cpu", "cuda"):
            return None
        found = export or (None if self._folder is None else ctranslate2_part.found_export(self._folder))
        if found is None:
            return None
        longest = int(getattr(self._network.config, "max_position_embeddings", 512))
        return ctranslate2_part.CTranslate2Engine(found, self._segmenter, longest, self._device)
