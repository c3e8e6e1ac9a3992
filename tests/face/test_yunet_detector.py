from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.face.making import OpenCvStandIn
from toolkit.engine.cache import CACHE_VARIABLE
from toolkit.errors import ConfigError, DataError, MissingExtraError, PluginError
from toolkit.face.detection import Face
from toolkit.face.yunet_detector import FILE, YunetDetector, fetch_yunet, weights_file


@pytest.fixture
def opencv(monkeypatch: pytest.MonkeyPatch) -> OpenCvStandIn:
    library = OpenCvStandIn()
    monkeypatch.setitem(sys.modules, "cv2", library)
    return library


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    given = tmp_path / "given.onnx"
    given.write_bytes(b"weights")
    return given


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# -- detecting ----------------------------------------------------------------------------------------------------


def test_boxes_are_those_of_the_given_picture_largest_first(opencv: OpenCvStandIn, file: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (320, 1280, 3), dtype=np.uint8)
    faces = YunetDetector(str(file)).detect(picture)  # looks at 640 x 160
    assert [face.box for face in faces] == [(120.0, 20.0, 240.0, 180.0), (20.0, 40.0, 80.0, 120.0)]
    assert [face.score for face in faces] == pytest.approx([0.9, 0.8])
    assert all(isinstance(face, Face) for face in faces)


def test_a_small_picture_is_looked_at_as_it_is_in_opencv_s_order_of_colours(opencv: OpenCvStandIn, file: Path) -> None:
    picture = np.zeros((100, 100, 3), dtype=np.uint8)
    picture[:50] = (200, 100, 50)
    assert YunetDetector(str(file)).detect(picture)[0].box == (60.0, 10.0, 120.0, 90.0)
    assert opencv.seen == [(50, 100, 200)]


def test_no_rows_are_no_faces(opencv: OpenCvStandIn, file: Path) -> None:
    assert YunetDetector(str(file)).detect(np.zeros((50, 50, 3), dtype=np.uint8)) == []


# -- the file -----------------------------------------------------------------------------------------------------


def test_without_its_file_it_says_where_it_belongs_and_how_to_get_it(opencv: OpenCvStandIn, file: Path) -> None:
    with pytest.raises(DataError, match="the weights of YuNet are not at") as caught:
        YunetDetector()
    assert "fetch_yunet" in caught.value.way_out


def test_it_is_fetched_once_checked_and_then_found(opencv: OpenCvStandIn, file: Path) -> None:
    address = file.as_uri()
    assert fetch_yunet(address, sha256=checksum(file)) == weights_file()
    assert weights_file().name == FILE
    assert weights_file().read_bytes() == b"weights"
    YunetDetector()
    assert opencv.created[0][0] == str(weights_file())
    file.unlink()
    known = checksum(weights_file())
    assert fetch_yunet(address, sha256=known) == weights_file()  # nothing is fetched again


def test_a_path_does_as_well_as_an_address(file: Path) -> None:
    assert fetch_yunet(str(file), sha256=checksum(file)).is_file()


def test_another_file_is_refused_and_nothing_is_kept(file: Path) -> None:
    with pytest.raises(DataError, match="has the sha256"):
        fetch_yunet(file.as_uri())
    assert not weights_file().exists()
    assert list(weights_file().parent.iterdir()) == []


def test_without_a_connection_it_says_what_to_do(file: Path) -> None:
    with pytest.raises(DataError, match="cannot be fetched: cannot download") as caught:
        fetch_yunet((file.parent / "missing.onnx").as_uri())
    assert f"get {FILE} another way" in caught.value.way_out
    assert "'dlib' needs no file" in caught.value.way_out


def test_a_file_that_opencv_cannot_read_is_named(opencv: OpenCvStandIn, file: Path) -> None:
    file.write_bytes(b"damaged")
    with pytest.raises(PluginError, match=r"OpenCV cannot use .*given.onnx: cannot parse"):
        YunetDetector(str(file))


def test_without_opencv_or_with_an_old_one_it_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="opencv-python-headless"):
        YunetDetector(str(file))
    monkeypatch.setitem(sys.modules, "cv2", object())
    with pytest.raises(PluginError, match="no FaceDetectorYN"):
        YunetDetector(str(file))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"(?s)threshold.*longest"):
        YunetDetector(threshold=1.5, longest=5)
