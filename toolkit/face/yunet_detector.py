"""YuNet, a small network that finds faces, run by OpenCV; its file is fetched once and checked."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.images import Pixels
from toolkit.data.prepare import Progress, fetch
from toolkit.engine.cache import cache_folder
from toolkit.errors import ConfigError, DataError, PluginError, Problem, ToolkitError, require
from toolkit.face.detection import Face, as_picture, in_order, resized

FILE = "face_detection_yunet_2023mar.onnx"
ADDRESS = f"https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/{FILE}"
"""Where OpenCV publishes the weights (232,589 bytes, MIT licence)."""
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"

_OVERLAP = 0.3  # boxes that overlap more are one face
_MOST = 100


class YunetDetector:
    """YuNet through OpenCV: finds faces that are small, turned or partly covered, and takes some animals for faces.

    Source: W. Wu, H. Peng and S. Yu, "YuNet: a tiny millisecond-level face detector", Machine Intelligence Research 20,
    2023. Measured elsewhere on 12 pictures of animals it found a face in 6: give `find_faces` a verifier.

    Args:
        model: the ONNX file; by default the one that `fetch_yunet` put into the cache.
        threshold: least score, 0 to 1.
        longest: pictures whose longer side is longer are made smaller to it.

    Raises:
        ConfigError: a number is out of range.
        MissingExtraError: OpenCV is not installed.
        DataError: the file is not there.
        PluginError: this OpenCV cannot read it.
    """

    def __init__(self, model: str | None = None, threshold: float = 0.7, longest: int = 640) -> None:
        problems = []
        if not 0 < threshold < 1:
            problems.append(Problem("threshold", f"is {threshold}; it must lie between 0 and 1"))
        if not 64 <= longest <= 4096:
            problems.append(Problem("longest", f"is {longest}; it must lie between 64 and 4096"))
        if problems:
            raise ConfigError(problems, "the detector 'yunet'")
        self.threshold = threshold
        self.longest = longest
        file = weights_file() if model is None else Path(model).expanduser()
        if not file.is_file():
            raise DataError(
                f"the weights of YuNet are not at {file}",
                f"fetch them once (toolkit.face.yunet_detector.fetch_yunet), or put a copy of {FILE} there",
            )
        library = _opencv()
        try:
            self._detector = library.FaceDetectorYN.create(str(file), "", (320, 320), threshold, _OVERLAP, _MOST)
        except Exception as error:  # OpenCV raises its own kind for files that it cannot read
            raise PluginError(
                f"OpenCV cannot use {file}: {error}", "fetch the file again, or install OpenCV 4.9 or later"
            ) from error
        self._lock = threading.Lock()  # the size of the picture is a state of the network

    def detect(self, picture: Pixels) -> list[Face]:
        """The faces of a picture, the largest first; see `FaceDetector.detect`."""
        seen, scale = resized(as_picture(picture), self.longest)
        height, width = seen.shape[:2]
        with self._lock:
            self._detector.setInputSize((width, height))
            _, rows = self._detector.detect(np.ascontiguousarray(seen[..., ::-1]))  # OpenCV's order is blue first
        if rows is None:
            return []
        return in_order(
            [
                Face((left / scale, top / scale, (left + across) / scale, (top + down) / scale), float(row[-1]))
                for row in np.asarray(rows, dtype=np.float64)
                for left, top, across, down in [(float(row[0]), float(row[1]), float(row[2]), float(row[3]))]
            ]
        )


def weights_file() -> Path:
    """Where the weights are looked for: in the toolkit's cache."""
    return cache_folder("face") / FILE


def fetch_yunet(
    address: str = ADDRESS,
    destination: Path | None = None,
    *,
    sha256: str = SHA256,
    progress: Progress | None = None,
) -> Path:
    """Bring the weights of YuNet to this machine, checked; nothing is done where they are already.

    Args:
        address: a web address, a `file://` address, or the path of a copy.
        destination: the file to write; `weights_file()` by default.
        sha256: expected checksum.
        progress: called after every piece.

    Raises:
        DataError: no connection, another file than expected, or nowhere to write it.
    """
    target = weights_file() if destination is None else destination
    if "://" not in address:
        address = Path(address).expanduser().resolve().as_uri()
    try:
        return fetch(address, target, sha256=sha256, progress=progress)
    except DataError as error:
        raise DataError(
            f"the weights of YuNet cannot be fetched: {error.message}",
            f"get {FILE} another way and put it to {target}; the detector 'dlib' needs no file",
        ) from error


def _opencv() -> Any:
    """OpenCV, which no extra brings: its wheels exclude each other, so the choice is the user's.

    Raises:
        MissingExtraError: it is not installed.
        PluginError: it is too old.
    """
    try:
        library: Any = require("cv2", "face", "Face detection with YuNet")
    except ToolkitError as error:
        raise type(error)(error.message, "pip install opencv-python-headless, or use the detector 'dlib'") from error
    if not hasattr(library, "FaceDetectorYN"):
        raise PluginError("this OpenCV has no FaceDetectorYN", "pip install 'opencv-python-headless>=4.9'")
    return library
