"""Real portraits, where they are at hand: are faces found, and nothing else?"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from toolkit.data.prepare import DATA_VARIABLE
from toolkit.face.dlib_detector import DlibDetector
from toolkit.face.upload import open_upload

FOLDER = Path(os.environ.get(DATA_VARIABLE, ""))


def sample(name: str, count: int) -> list[tuple[str, bytes]]:
    """Every n-th picture of a data set."""
    file = FOLDER / name / f"{name}.tar"
    if not os.environ.get(DATA_VARIABLE) or not file.is_file():
        pytest.skip(f"no {name} folder in ${DATA_VARIABLE}")
    with tarfile.open(file) as archive:
        members = [member for member in archive.getmembers() if member.isreg()]
        chosen = members[:: max(1, len(members) // count)][:count]
        return [(member.name, archive.extractfile(member).read()) for member in chosen]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def detector() -> DlibDetector:
    pytest.importorskip("dlib", reason="the package 'dlib-bin' (extra 'face') is not installed")
    return DlibDetector()


@pytest.mark.parametrize(
    ("name", "least"),
    [("uk-mp-portraits", 0.95), ("interfaces-cc0-256", 0.8), ("makehuman-faces", 0.9)],
)
def test_nearly_every_portrait_has_one_face(detector: DlibDetector, name: str, least: float) -> None:
    """Many of interfaces-cc0-256 are in profile, look down, or are half covered; the others are frontal."""
    pictures = sample(name, 40)
    found = [len(detector.detect(open_upload(content, called).picture)) for called, content in pictures]
    assert len(found) == 40
    assert sum(count > 0 for count in found) / len(found) >= least
    assert sum(max(0, count - 1) for count in found) <= 2
