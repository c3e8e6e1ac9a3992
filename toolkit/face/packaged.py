"""The networks and the library that come with the toolkit, and opening a user's own library with them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolkit.engine.device import choose_device
from toolkit.engine.models import locate_model, read_model, shipped_models
from toolkit.errors import CheckpointError
from toolkit.face.detection import FaceDetector
from toolkit.face.driving import FaceDriver
from toolkit.face.guard import similarity_of_strangers
from toolkit.face.library import FaceLibrary
from toolkit.face.morph import MorphDriver
from toolkit.face.networks import Driver, Embedder, Landmarker
from toolkit.face.reading import FaceReader
from toolkit.face.verifying import verifier_of
from toolkit.registry import REGISTRY

LANDMARKER, EMBEDDER, DRIVER = "face-landmarks", "face-embedder", "face-driver"
"""Names of the shipped models."""
MORPH = "morph"
"""Name of the driver that needs no training."""
_FOLDER = Path(__file__).resolve().parent.parent / "pretrained" / "face-library"
DEMO_LIBRARY = _FOLDER / "library.db"
"""A small library of rendered faces of people who do not exist; CC0 1.0."""
EXAMPLES = _FOLDER / "examples"
"""Rendered faces of people who are not in it, to try it with."""


@dataclass(frozen=True)
class FaceModels:
    """Everything that face driving needs but a library; each part is loaded when it is first asked for.

    Args:
        landmarker: a run, a model folder, or the name of a shipped model.
        embedder: likewise.
        driver: likewise; or `morph`, which needs no training (`toolkit.face.morph.MorphDriver`).
        detector: name of a registered detector.
        device: where the networks compute.
        limits: of uploads; see `toolkit.face.upload.open_upload`.
    """

    landmarker: str = LANDMARKER
    embedder: str = EMBEDDER
    driver: str = DRIVER
    detector: str = "dlib"
    device: str = "auto"
    limits: dict[str, int] = field(default_factory=dict)

    def reader(self) -> FaceReader:
        """Finds faces in pictures.

        Raises:
            CheckpointError: there is no such landmarker.
            MissingExtraError: the detector's package is not installed.
        """
        landmarker: Landmarker = _network(self.landmarker, self.device)
        detector: FaceDetector = REGISTRY.load("detectors", self.detector)()
        return FaceReader(detector, landmarker, verifier_of(landmarker), limits=dict(self.limits))

    def load_embedder(self) -> Embedder:
        """Tells people apart."""
        embedder: Embedder = _network(self.embedder, self.device)
        return embedder

    def load_driver(self) -> Driver:
        """Makes new faces; the morph also serves where the usual driver is not shipped."""
        if self.driver == MORPH or (self.driver == DRIVER and DRIVER not in shipped_models()):
            return MorphDriver()
        driver: Driver = _network(self.driver, self.device)
        return driver

    def face_driver(
        self, library: FaceLibrary | None = None, *, most_similar: float | None = None, **options: Any
    ) -> FaceDriver:
        """The four steps.

        A library that names too few people to say how similar strangers are is guarded by what the packaged one says.

        Args:
            library: where faces are found; the packaged one by default.
            most_similar: largest similarity of a new face to any one person.
            **options: of `FaceDriver`.

        Raises:
            EmbedderMismatchError: the library was made with another embedder.
        """
        embedder = self.load_embedder()
        found = open_library(DEMO_LIBRARY) if library is None else library  # an empty one is false
        found.must_fit(embedder)
        cap = similarity_of_strangers(found) if most_similar is None else most_similar
        if cap is None and DEMO_LIBRARY.is_file():
            with open_library(DEMO_LIBRARY) as demo:
                cap = similarity_of_strangers(demo) if demo.embedder_id == embedder.id else None
        return FaceDriver(found, self.reader(), embedder, self.load_driver(), most_similar=cap, **options)


def open_library(path: str | Path, embedder: Embedder | None = None) -> FaceLibrary:
    """A library that is there already; read-only where its folder may not be written to, as the packaged one's.

    Raises:
        LibraryError: it cannot be opened; see `toolkit.face.library_file.connect`.
    """
    file = Path(path).expanduser()
    packaged = file.resolve() == DEMO_LIBRARY.resolve()
    read_only = packaged or (file.is_file() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)))
    return FaceLibrary(file, embedder, read_only=read_only, create=False)


@lru_cache(maxsize=8)
def _network(name: str, device: str) -> Any:
    model = read_model(locate_model(name))
    pipeline = model.config.get("pipeline")
    if not isinstance(pipeline, str):
        raise CheckpointError(f"{model.path}/config.json does not say which pipeline it is for ('pipeline')")
    part: Any = REGISTRY.load("pipelines", pipeline)
    return part.from_folder(model, choose_device(device))
