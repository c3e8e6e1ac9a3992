"""The default detector: dlib's, which a wheel brings whole and which runs offline."""

from __future__ import annotations

import threading
from typing import Any

from toolkit.data.images import Pixels
from toolkit.errors import ConfigError, Problem, require
from toolkit.face.detection import Face, as_picture, in_order, resized

_SHORT, _LONG = 480, 960


class DlibDetector:
    """dlib's frontal face detector: histograms of oriented gradients under five linear classifiers.

    Source: N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005; D. E. King,
    "Max-margin object detection", arXiv:1502.00046, 2015, for how it was trained. It finds upright faces from the front
    to about 35 degrees to the side, from 80 pixels of height on in the picture that it looks at. Hence the working
    size: a small picture is enlarged and a large one made smaller, so that the time is bounded, and a face that fills a
    sixth of the picture's height is found.

    Args:
        threshold: least score. Lower ones find more faces and more that are none; below 0 let a verifier look at them.
        shortest: pictures whose longer side is shorter are enlarged to it, in pixels.
        longest: pictures whose longer side is longer are made smaller to it.

    Raises:
        ConfigError: a number is out of range.
        MissingExtraError: dlib is not installed.
    """

    def __init__(self, threshold: float = -0.2, shortest: int = _SHORT, longest: int = _LONG) -> None:
        problems = []
        if not -1 <= threshold <= 2:
            problems.append(Problem("threshold", f"is {threshold}; it must lie between -1 and 2"))
        if not 80 <= shortest <= longest <= 4096:
            message = f"is {shortest}, longest is {longest}; 80 <= shortest <= longest <= 4096"
            problems.append(Problem("shortest", message))
        if problems:
            raise ConfigError(problems, "the detector 'dlib'")
        self.threshold = threshold
        self.shortest = shortest
        self.longest = longest
        library: Any = require("dlib", "face", "Face detection with dlib")
        self._detector = library.get_frontal_face_detector()
        self._lock = threading.Lock()  # the scanner keeps the picture it works on

    def detect(self, picture: Pixels) -> list[Face]:
        """The faces of a picture, the largest first; see `FaceDetector.detect`."""
        picture = as_picture(picture)
        side = min(max(max(picture.shape[:2]), self.shortest), self.longest)
        seen, scale = resized(picture, side, enlarge=True)
        with self._lock:
            boxes, scores, _ = self._detector.run(seen, 0, self.threshold)
        return in_order(
            [
                Face((b.left() / scale, b.top() / scale, (b.right() + 1) / scale, (b.bottom() + 1) / scale), score)
                for b, score in zip(boxes, scores, strict=True)
            ]
        )
