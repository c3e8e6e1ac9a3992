"""Judging face drivers: new faces of people who were not trained on, beside a morph and the unchanged nearest face."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from toolkit.data.images import Pixels
from toolkit.data.source import Source, Subset
from toolkit.engine.models import locate_model, read_model
from toolkit.engine.randomness import fold
from toolkit.errors import DataError, MissingExtraError
from toolkit.face.detection import Face, FaceDetector
from toolkit.face.driving_set import DrivingSet
from toolkit.face.embedder import EmbedderPipeline, resized
from toolkit.face.geometry import Points, alignment, nme
from toolkit.face.landmarker import LandmarkerPipeline
from toolkit.face.morph import MorphDriver
from toolkit.face.networks import DrivenFace, Driver
from toolkit.face.shape_model import target_shape
from toolkit.image.grid import from_pixels
from toolkit.metrics.kernel import kernel_distance
from toolkit.metrics.paired import mean_with_interval
from toolkit.registry import REGISTRY

Vectors: TypeAlias = npt.NDArray[np.float64]

SOURCES = 3
"""Faces that a new face is made of."""
TEMPERATURE = 0.1
"""Of the softmax that makes weights of similarities."""
MODEL, MORPH, NEAREST = "model", "morph", "nearest face"
"""Names of rows."""
NUMBERS = {
    "nme": "landmarks found in the new face, from the requested ones, over the distance of the eyes' outer corners",
    "one_face": "share of new faces in which a detector finds exactly one face",
    "rank": "place of a source's person in a search with the new face; median over all sources",
    "top10": "share of sources whose person is among the first ten",
    "mixture": "cosine to the weighted mean of the sources",
    "nearest": "cosine to the nearest face of the library",
    "kernel_distance": "of new faces to held-out crops, times 1000, in what the embedder sees",
    "l1": "difference to the true picture, -1 to 1, when made of three other views of one person",
    "nme_known": "landmarks found in that, from the exact ones",
    "seconds": "for one face",
}
"""What each number says."""


@dataclass
class _Row:
    """What was found out about one way to make faces, face by face."""

    values: dict[str, list[float]] = field(default_factory=dict)
    faces: list[Pixels] = field(default_factory=list)

    def add(self, **numbers: float) -> None:
        for name, number in numbers.items():
            self.values.setdefault(name, []).append(float(number))


class NearestFace:
    """What handing back the most weighted source unchanged gives; a `toolkit.face.networks.Driver`."""

    id = "nearest-1"

    def __init__(self, size: int = 64) -> None:
        self.size = size

    def __call__(
        self,
        crops: Sequence[Pixels],
        landmarks: Sequence[Points],
        weights: Sequence[float],
        target: Points,
        seed: int = 0,
    ) -> DrivenFace:
        """The source with the largest weight."""
        best = int(np.argmax(weights))
        shares = tuple(float(place == best) for place in range(len(crops)))
        return DrivenFace(crops[best], target, shares)


def open_crops(path: Path, split: str, size: int) -> tuple[Source, str]:
    """The faces of a split of the data set `rendered_faces` in a folder, as aligned crops.

    Raises:
        DataError: the files are absent or damaged, or there is no such split.
    """
    whole = DrivingSet(str(path), size)
    rows = [row for row in range(len(whole)) if whole.split_of(row) == split]
    if not rows:
        raise DataError(f"{path} has no faces in the split '{split}'", "its splits are train and test")
    return Subset(whole, rows), split


def evaluate_driver(
    driver: Driver, source: Source, metrics: Sequence[Any] | None, samples: int | None, seed: int
) -> dict[str, Any]:
    """Make faces with a driver, with a morph and by handing back the nearest face; compare.

    The library is every face of the source; an upload is one of them, and its own person is left out of what is found.
    The landmarks that are requested are those of `toolkit.face.shape_model.target_shape`.

    Args:
        driver: makes faces.
        source: samples of `DrivingSet`.
        metrics: none can be chosen.
        samples: uploads, chosen at random; 200 when left out.
        seed: of the choice, and of the noise.

    Returns:
        See `toolkit.runs.paired.JudgesPairs`; a row each for the driver and what it is compared with.

    Raises:
        DataError: metrics were named, or there are too few people.
        CheckpointError: the shipped landmarker or embedder is not there.
    """
    if metrics:
        raise DataError(f"a face driver is always measured in the same numbers, not in {', '.join(map(str, metrics))}")
    bench = _Bench(source)
    rows = {name: _Row() for name in (MODEL, MORPH, NEAREST)}
    drivers: dict[str, Driver] = {MODEL: driver, MORPH: MorphDriver(driver.size), NEAREST: NearestFace(driver.size)}
    random = np.random.default_rng(fold(seed, "evaluated-uploads") % 2**63)
    chosen = random.permutation(len(source))[: min(samples or 200, len(source))]
    for number, place in enumerate(chosen.tolist()):
        for name, maker in drivers.items():
            bench.mix(maker, place, seed + number, rows[name])
            bench.rebuild(maker, place, seed + number, rows[name])
    means = {name: _means(row) for name, row in rows.items()}
    real = bench.looks(np.stack(bench.crops))
    for name, row in rows.items():
        distance, error = kernel_distance(real, bench.looks(np.stack(row.faces)), seed=seed)
        means[name]["kernel_distance"] = (1000 * distance, 1.96 * 1000 * error)
    found = {name: {key: value for key, (value, _) in row.items()} for name, row in means.items()}
    return {
        "samples": len(chosen),
        "metrics": found[MODEL],
        "intervals": {key: half for key, (_, half) in means[MODEL].items() if half is not None},
        "rows": found,
        "numbers": {key: words for key, words in NUMBERS.items() if key in found[MODEL]},
        "notes": bench.notes,
        "table": _table(found),
    }


class _Bench:
    """The library of an evaluation, and what looks at new faces."""

    def __init__(self, source: Source) -> None:
        items = [source[place] for place in range(len(source))]
        if not items or not {"image", "landmarks", "identity", "sources"} <= set(items[0]):
            raise DataError("a face driver is measured on the data set 'driving'")
        self.items = items
        self.crops: list[Pixels] = [item["image"] for item in items]
        self.points: list[Points] = [np.asarray(item["landmarks"], dtype=np.float64) for item in items]
        self.people = np.array([item["identity"] for item in items])
        if len(np.unique(self.people)) <= SOURCES + 1:
            raise DataError(f"a library of {len(np.unique(self.people))} people is too small to measure a driver with")
        cpu = torch.device("cpu")
        self.embedder = EmbedderPipeline.from_folder(read_model(locate_model("face-embedder")), cpu)
        self.landmarker = LandmarkerPipeline.from_folder(read_model(locate_model("face-landmarks")), cpu)
        self.vectors = self._embedded(np.stack(self.crops))
        self.notes: list[str] = []
        self.detector: FaceDetector | None = None
        try:
            self.detector = REGISTRY.load("detectors", "dlib")()
        except MissingExtraError as error:
            self.notes.append(f"one_face was left out: {error.message}")
        self._scale: tuple[torch.Tensor, torch.Tensor] | None = None

    def mix(self, driver: Driver, place: int, seed: int, row: _Row) -> None:
        """A new face for an upload, of the faces of three others that are nearest to it."""
        others = np.flatnonzero(self.people != self.people[place])
        order = others[np.argsort(-(self.vectors[others] @ self.vectors[place]))]
        _, first = np.unique(self.people[order], return_index=True)
        sources = order[np.sort(first)[:SOURCES]]
        weights = np.exp(self.vectors[sources] @ self.vectors[place] / TEMPERATURE)
        weights /= weights.sum()
        points = [self.points[source] for source in sources]
        shape = target_shape(self.points[place], np.stack(points), weights)
        target = alignment(shape, driver.size)(shape)
        started = time.perf_counter()
        made = driver([self.crops[source] for source in sources], points, weights.tolist(), target, seed)
        row.add(seconds=time.perf_counter() - started)
        row.faces.append(made.crop)
        row.add(nme=self._error(made.crop, target))
        if self.detector is not None:
            row.add(one_face=len(self.detector.detect(made.crop)) == 1)
        vector = self._embedded(made.crop[None])[0]
        mean = weights @ self.vectors[sources]
        best = np.array([(self.vectors[self.people == person] @ vector).max() for person in np.unique(self.people)])
        ranks = [1 + int((best > best[np.unique(self.people) == person]).sum()) for person in self.people[sources]]
        row.values.setdefault("rank", []).extend(ranks)
        row.add(top10=sum(rank <= 10 for rank in ranks) / len(ranks), mixture=vector @ mean / np.linalg.norm(mean))
        row.add(nearest=(self.vectors @ vector).max())

    def rebuild(self, driver: Driver, place: int, seed: int, row: _Row) -> None:
        """A face that is known, made of other views of the same person."""
        item = self.items[place]
        crops, points = list(item["sources"]), [np.asarray(p, dtype=np.float64) for p in item["source_landmarks"]]
        made = driver(crops, points, [1.0] * len(crops), self.points[place], seed)
        difference = np.abs(made.crop.astype(np.float64) - self.crops[place]).mean() / 127.5
        row.add(l1=difference, nme_known=self._error(made.crop, self.points[place]))

    def _error(self, crop: Pixels, wanted: Points) -> float:
        """Where the landmarker finds the landmarks, looking where they were wanted."""
        left, top = wanted.min(0)
        right, bottom = wanted.max(0)
        return nme(wanted, self.landmarker(crop, Face((left, top, right, bottom), 1.0)))

    def _embedded(self, crops: npt.NDArray[np.uint8]) -> Vectors:
        found = [self.embedder(crops[start : start + 64]) for start in range(0, len(crops), 64)]
        return np.concatenate(found).astype(np.float64)

    @torch.no_grad()
    def looks(self, crops: npt.NDArray[np.uint8]) -> torch.Tensor:
        """`[B, N]`: mean and deviation of what each channel of the embedder's stages sees, in the library's units."""
        network: Any = self.embedder.network
        found = []
        for start in range(0, len(crops), 64):
            x = resized(from_pixels(torch.from_numpy(crops[start : start + 64])), self.embedder.size)
            maps = network.maps(x)
            found.append(torch.cat([part for seen in maps for part in (seen.mean((2, 3)), seen.std((2, 3)))], 1))
        features = torch.cat(found)
        if self._scale is None:
            self._scale = features.mean(0), features.std(0).clamp(min=1e-6)
        mean, deviation = self._scale
        return (features - mean) / deviation


def _means(row: _Row) -> dict[str, tuple[float, float | None]]:
    found: dict[str, tuple[float, float | None]] = {}
    for name, values in row.values.items():
        if name in ("rank", "seconds"):
            found[name] = float(np.median(values)), None
        else:
            mean = mean_with_interval(values)
            found[name] = mean.value, mean.half_width
    return found


def _table(rows: dict[str, dict[str, float]]) -> str:
    names = [name for name in NUMBERS if name in rows[MODEL]]
    lines = [["", *rows]]
    lines += [[name, *(f"{numbers[name]:.4g}" for numbers in rows.values())] for name in names]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
