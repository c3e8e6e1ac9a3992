"""A studio for the tests: stand-ins for the face networks, a library of noise, no models but the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.face.making import AverageDriver, GridEmbedder, MeanFaceLandmarker, WholePicture, made_library
from toolkit.data.images import Pixels
from toolkit.face import driving, guard, packaged
from toolkit.face.detection import Face
from toolkit.registry import REGISTRY
from toolkit.studio import faces
from toolkit.studio.settings import Settings


class Sure(MeanFaceLandmarker):
    """A landmarker that is always sure."""

    def verify(self, picture: Pixels, face: Face) -> bool:
        return True


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces without trained networks and without dlib."""
    monkeypatch.setattr(guard, "MOST_SIMILAR", 0.97)  # noise is alike to a coarse look
    monkeypatch.setattr(driving, "MOST_SIMILAR", 0.97)
    networks = {"face-landmarks": Sure(), "face-embedder": GridEmbedder(), "face-driver": AverageDriver(64)}
    monkeypatch.setattr(packaged, "_network", lambda name, device: networks[name])
    monkeypatch.setattr(packaged, "shipped_models", lambda: list(networks))
    monkeypatch.setattr(faces, "locate_model", lambda name: Path(name))
    monkeypatch.setattr(faces, "require", lambda *_: None)
    load = REGISTRY.load
    monkeypatch.setattr(REGISTRY, "load", lambda kind, name: WholePicture if kind == "detectors" else load(kind, name))


def settings(folder: Path, **given: Any) -> Settings:
    """A studio with a face library of six people and no runs."""
    library = folder / "faces.db"
    if not library.exists():
        made_library(library, 6, GridEmbedder()).close()
    (folder / "runs").mkdir(exist_ok=True)
    return Settings(library=library, runs=folder / "runs", **given)
