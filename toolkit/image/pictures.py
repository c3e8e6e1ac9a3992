"""Generated pictures, and the folder they are written to with a record of where each came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.engine.files import atomic_write
from toolkit.image.grid import Pixels, make_grid, save_picture

GRID = "grid.png"
RECORD = "pictures.json"
"""What was written into a folder: each picture's file and origin."""


@dataclass(frozen=True)
class Pictures:
    """Generated pictures and where they came from.

    Attributes:
        pixels: `[B, H, W, C]` bytes.
        labels: the class asked for, for each picture; empty for an unconditional model.
        seed: a picture is a function of (seed, its index), whatever the count or batch size.
        classes: names of the labels.
        indices: each picture's index under the seed, which its latent vector follows from (`ImagePipeline.latent`); the
            pictures' own places where nothing was rejected.
        scores: how probably each picture is real, as the judge says; empty where nobody judged.
        candidates: how many pictures were judged to find these; `None` where nobody judged.
        unjudged: what the same call makes without a judge, with scores.
    """

    pixels: Pixels
    labels: tuple[int, ...]
    seed: int
    classes: tuple[str, ...] = ()
    indices: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    candidates: int | None = None
    unjudged: Pictures | None = None

    def __post_init__(self) -> None:
        if not self.indices:
            object.__setattr__(self, "indices", tuple(range(len(self.pixels))))

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def acceptance_rate(self) -> float | None:
        """Share of the judged pictures that were kept; `None` where nobody judged."""
        return None if self.candidates is None else len(self) / max(self.candidates, 1)

    def save(self, folder: str | Path) -> list[dict[str, Any]]:
        """Write each picture as a PNG, all of them as `grid.png`, and where they came from as `pictures.json`.

        Pictures that an earlier call wrote into the folder, and that are not among these, are removed; nothing else is.

        Returns:
            For each picture its file, seed and index, and its score and class if it has them.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        earlier = _recorded(folder)
        written = []
        for place, pixels in enumerate(self.pixels):
            name = f"{place:05d}.png"
            save_picture(folder / name, pixels)
            written.append(self._entry(place, name))
        several = len(set(self.labels)) > 1 and len(self.classes) <= 16  # then a column for each class
        columns = len(self.classes) if several else None
        save_picture(folder / GRID, make_grid(self.pixels, columns, scale=max(1, 64 // self.pixels.shape[1])))
        for name in earlier - {entry["file"] for entry in written}:
            (folder / name).unlink(missing_ok=True)
        record: dict[str, Any] = {"pictures": written}
        if self.candidates is not None:
            record |= {"acceptance_rate": self.acceptance_rate, "candidates": self.candidates}
        atomic_write(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        return [{**entry, "file": str(folder / entry["file"])} for entry in written]

    def _entry(self, place: int, name: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"file": name, "seed": self.seed, "index": self.indices[place]}
        if self.scores:
            entry["score"] = self.scores[place]
        if self.labels:
            entry["class"] = self.classes[self.labels[place]]
        return entry


def _recorded(folder: Path) -> set[str]:
    """Names of the pictures in a folder that its record lists; a record that is no longer whole vouches for none."""
    try:
        listed = [entry["file"] for entry in json.loads((folder / RECORD).read_bytes())["pictures"]]
    except (OSError, ValueError, TypeError, KeyError):
        return set()
    return {name for name in listed if isinstance(name, str) and Path(name).name == name and name.endswith(".png")}
