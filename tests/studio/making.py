"""A studio for the tests: stand-ins for the face networks, a library of noise, no models but the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.face.making import AverageDriver, GridEmbedder, MeanFaceLandmarker, WholePicture, made_library
from toolkit.data.images import Pixels
from toolkit.face import packaged
from toolkit.face.detection import Face
from toolkit.registry import REGISTRY
from toolkit.studio.settings import Settings


class Sure(MeanFaceLandmarker):
    """A landmarker that is always sure."""

    def verify(self, picture: Pixels, face: Face) -> bool:
        return True


class Permissive(GridEmbedder):
    """An embedder that takes nothing for the same person: noise is alike to a coarse look."""

    same_person = 0.97


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces without trained networks and without dlib."""
    networks = {"face-landmarks": Sure(), "face-embedder": Permissive(), "face-driver": AverageDriver(64)}
    monkeypatch.setattr(packaged, "_network", lambda name, device: networks[name])
    monkeypatch.setattr(packaged, "shipped_models", lambda: list(networks))
    load = REGISTRY.load
    monkeypatch.setattr(REGISTRY, "load", lambda kind, name: WholePicture if kind == "detectors" else load(kind, name))


def settings(folder: Path, **given: Any) -> Settings:
    """A studio with a face library of six people and no runs."""
    library = folder / "faces.db"
    if not library.exists():
        made_library(library, 6, Permissive()).close()
    (folder / "runs").mkdir(exist_ok=True)
    return Settings(library=library, runs=folder / "runs", **given)
