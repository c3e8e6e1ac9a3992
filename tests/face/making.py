"""Pictures, networks and libraries made for the tests of this folder."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.data.images import Pixels
from toolkit.face.detection import Face, as_picture
from toolkit.face.entries import NewFace
from toolkit.face.geometry import Points, canonical_landmarks
from toolkit.face.library import FaceLibrary
from toolkit.face.networks import DrivenFace, Embedder
from toolkit.face.reading import FaceReader

PICTURES = Path(__file__).parent / "pictures"
"""Four rendered faces; see the README there."""
RENDERED = PICTURES / "id0001_0.jpg"
LABELS: dict[str, Any] = json.loads((PICTURES / "labels.json").read_text())


def rendered(name: str = "id0001_0") -> tuple[Pixels, Points]:
    """A rendered face and its landmarks."""
    picture = np.asarray(Image.open(PICTURES / f"{name}.jpg").convert("RGB"))
    return picture, np.array(LABELS[f"{name}.jpg"]["lm"], dtype=np.float64)


def jpeg(picture: Pixels, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95, **options)
    return stream.getvalue()


def noise(seed: int, side: int = 24) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


class GridEmbedder:
    """Vectors of coarse grey values: crops that look alike get vectors that point the same way."""

    def __init__(self, id: str = "grid-1", side: int = 4) -> None:
        self.id = id
        self.dimensions = side * side
        self.side = side
        self.calls = 0

    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        self.calls += 1
        size = self.side
        small = [
            np.asarray(Image.fromarray(crop).convert("L").resize((size, size), Image.Resampling.BOX)) for crop in crops
        ]
        rows = np.stack(small).reshape(len(crops), -1).astype(np.float32) - 127.3
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class WholePicture:
    """A detector that takes a picture for a face where it is not all of one colour."""

    def detect(self, picture: Pixels) -> list[Face]:
        height, width = as_picture(picture).shape[:2]
        return [Face((0.0, 0.0, float(width), float(height)), 1.0)] if picture.std() > 1 else []


class MeanFaceLandmarker:
    """A landmarker that sees the mean face in every box."""

    id = "mean-face"

    def __call__(self, picture: Pixels, face: Face) -> Points:
        left, top, right, _ = face.box
        return canonical_landmarks(round(right - left)) + np.array([left, top])


class AverageDriver:
    """A driver that averages the sources, and adds noise by the seed."""

    def __init__(self, size: int = 24, noise: float = 8.0) -> None:
        self.id = "average"
        self.size = size
        self.noise = noise
        self.asked: list[tuple[tuple[float, ...], int]] = []

    def __call__(
        self,
        crops: Sequence[Pixels],
        landmarks: Sequence[Points],
        weights: Sequence[float],
        target: Points,
        seed: int = 0,
    ) -> DrivenFace:
        assert len(crops) == len(landmarks) == len(weights)
        self.asked.append((tuple(weights), seed))
        sized = [np.asarray(Image.fromarray(crop).resize((self.size, self.size)), dtype=np.float64) for crop in crops]
        shares = tuple(float(weight / sum(weights)) for weight in weights)
        mixed = np.tensordot(shares, np.stack(sized), 1)
        drawn = self.noise * np.random.default_rng(seed).standard_normal(mixed.shape)
        return DrivenFace(np.clip(mixed + drawn, 0, 255).round().astype(np.uint8), target, shares)


def reader() -> FaceReader:
    """Finds a face in everything that is not of one colour."""
    return FaceReader(WholePicture(), MeanFaceLandmarker(), crop=24)


def made_library(path: Path, people: int = 6, embedder: Embedder | None = None, **known: Any) -> FaceLibrary:
    """A library of faces made of noise, one of each person."""
    library = FaceLibrary(path, embedder or GridEmbedder())
    library.add([new_face(seed, **known) for seed in range(people)])
    return library


def new_face(seed: int = 0, **known: Any) -> NewFace:
    """A face made of noise, different for every seed."""
    known = {"source": f"{seed}.jpg", "licence": "CC0-1.0", "consent": "nobody", "person": f"p{seed}", **known}
    return NewFace(noise(seed), canonical_landmarks(24), sha256=f"{seed:064x}", **known)


def rendered_set(folder: Path, identities: int = 6, views: int = 2) -> Path:
    """A folder in the layout of the data set `makehuman-faces`."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = {}
    with tarfile.open(folder / "makehuman-faces.tar", "w") as archive:
        for identity in range(identities):
            for view in range(views):
                name = f"id{identity:04}_{view}.jpg"
                content = jpeg(noise(10 * identity + view, 128))
                entry = tarfile.TarInfo(f"images/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
                line = {**LABELS["id0000_4.jpg"], "id": identity, "yaw": 0.1 * view, "expr": {"smile": 0.5}}
                labels[name] = line
    (folder / "labels.json").write_text(json.dumps(labels))
    return folder


class OpenCvStandIn:
    """What is used of OpenCV: a detector that finds one face at a fixed place, in a picture that is not empty."""

    def __init__(self) -> None:
        self.created: list[tuple[Any, ...]] = []
        self.seen: list[tuple[int, ...]] = []
        self.FaceDetectorYN = SimpleNamespace(create=self._create)

    def _create(self, *arguments: Any) -> OpenCvStandIn:
        if Path(arguments[0]).read_bytes() == b"damaged":
            raise RuntimeError("cannot parse")
        self.created.append(arguments)
        return self

    def setInputSize(self, size: tuple[int, int]) -> None:
        self.size = size

    def detect(self, picture: Any) -> tuple[int, Any]:
        assert picture.shape[:2] == self.size[::-1]
        assert picture.flags["C_CONTIGUOUS"]
        self.seen.append(tuple(int(value) for value in picture[0, 0]))
        if picture.std() < 1:
            return 1, None
        small, large = [10, 20, 30, 40, *[0] * 10, 0.8], [60, 10, 60, 80, *[0] * 10, 0.9]
        return 1, np.array([small, large], dtype=np.float32)
