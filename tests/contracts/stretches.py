"""Recordings for the contracts: tones, each as long as a training stretch."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.source import Skipped


class Stretches:
    """Eight tones of 1,024 samples at 8 kHz."""

    classes: tuple[str, ...] = ()
    sample_rate = 8000
    level = None

    def __init__(self) -> None:
        self.problems: list[Skipped] = []

    def __len__(self) -> int:
        return 8

    def key(self, index: int) -> str:
        return f"tone-{index}"

    def split_of(self, index: int) -> str | None:
        return None

    def __getitem__(self, index: int) -> dict[str, Any]:
        wave = 0.3 * np.sin(2 * np.pi * (200 + 300 * index) * np.arange(1024) / self.sample_rate)
        return {"audio": np.rint(wave * 32767).astype(np.int16)}
