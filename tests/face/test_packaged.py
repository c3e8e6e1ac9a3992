"""What comes with the toolkit: the demo library fits the shipped networks, and the four steps work with them."""

from __future__ import annotations

import pytest

from toolkit.engine.models import shipped_models
from toolkit.face.driving import FaceDriver
from toolkit.face.packaged import DEMO_LIBRARY, EMBEDDER, EXAMPLES, LANDMARKER, FaceModels, open_library
from toolkit.face.states import FaceSession

pytestmark = pytest.mark.skipif(
    not {EMBEDDER, LANDMARKER} <= set(shipped_models()), reason="the face networks are not shipped with this checkout"
)


@pytest.fixture(scope="module")
def driver() -> FaceDriver:
    pytest.importorskip("dlib", reason="the package 'dlib-bin' (extra 'face') is not installed")
    return FaceModels().face_driver()


def test_the_demo_library_is_small_free_and_of_the_shipped_embedder() -> None:
    """After another embedder was shipped: python examples/face_demo_library.py --out toolkit/pretrained/face-library"""
    files = [file for file in DEMO_LIBRARY.parent.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 1_000_000
    with open_library(DEMO_LIBRARY, FaceModels().load_embedder()) as library:
        assert all(entry.usable and entry.licence == "CC0-1.0" for entry in library)
        assert len(library.people()) == len(library) >= 50


def test_nothing_is_written_beside_the_packaged_library() -> None:
    before = sorted(DEMO_LIBRARY.parent.iterdir())
    with open_library(DEMO_LIBRARY) as library:
        assert library.read_only
        assert sorted(DEMO_LIBRARY.parent.iterdir()) == before


def test_a_new_face_is_made_for_every_example(driver: FaceDriver) -> None:
    errors = []
    for example in sorted(EXAMPLES.glob("*.jpg")):
        session = driver.generate(driver.search(driver.upload(FaceSession(), example)))
        assert session.result is not None
        assert session.result.verdict.allowed
        errors.append(session.result.error)
    assert len(errors) == 5
    assert sum(error is not None and error < 0.1 for error in errors) >= 4  # a morph is blurred: one may not be found
