"""Small networks, and a folder of rendered faces in which landmarks, people and views fit each other."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.face.making import LABELS, jpeg, rendered
from toolkit.config import build
from toolkit.engine.models import save_model

LANDMARKER: dict[str, Any] = {"name": "landmark_network", "size": 32, "width": 4}
EMBEDDER: dict[str, Any] = {"name": "face_embedder", "classes": 3, "size": 32, "width": 4, "dimensions": 8}
DRIVER: dict[str, Any] = {"name": "face_driver", "size": 32, "width": 8, "blocks": 1}
_NAMES = ("id0000_0", "id0001_0", "id0002_0", "id0000_4")
_TONES = ((1.0, 1.0, 1.0), (1.0, 0.7, 0.6), (0.6, 0.8, 1.0), (0.7, 1.0, 0.7), (0.9, 0.6, 1.0))


def people(folder: Path, identities: int = 10, views: int = 4) -> Path:
    """A folder in the layout of `makehuman-faces`: four renders, each person's in a colour of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = {}
    with tarfile.open(folder / "makehuman-faces.tar", "w") as archive:
        for identity in range(identities):
            for view in range(views):
                base = _NAMES[(identity // len(_TONES) + view) % len(_NAMES)]
                picture, points = rendered(base)
                tone = np.array(_TONES[identity % len(_TONES)]) * (1 - 0.03 * (identity // len(_TONES)))
                content = jpeg(np.rint(picture * tone).astype(np.uint8))
                entry = tarfile.TarInfo(f"images/id{identity:04}_{view}.jpg")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
                line = {**LABELS[f"{base}.jpg"], "id": identity, "lm": points.tolist()}
                labels[f"id{identity:04}_{view}.jpg"] = line
    (folder / "labels.json").write_text(json.dumps(labels))
    return folder


def saved(folder: Path, spec: dict[str, Any], pipeline: str) -> Path:
    """A model folder with a small network of random weights."""
    torch.manual_seed(0)
    network = build("generators", spec)
    save_model(folder, network.state_dict(), {"pipeline": pipeline, "generator": spec}, "# For a test\n")
    return folder


def enlarged(picture: np.ndarray[Any, np.dtype[np.uint8]], side: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
