"""The contract of face detectors."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from toolkit.data.images import Pixels, decode_image
from toolkit.errors import DataError
from toolkit.face.detection import Face, FaceDetector
from toolkit.testing.subject import PartLike, Subject


def check_detector(part: PartLike, /, sample_face: str | Path | None = None, **overrides: object) -> None:
    """The contract of a face detector.

    * no face in an empty picture, whatever its shape, nor an error for one pixel;
    * finds the face of `sample_face`, a picture with exactly one face in its middle third; the box is made of finite
      floats, left of right and above below, in pixels of the picture that was given, at any size of it;
    * gives the same faces again, also from several threads at once; the picture stays as it was;
    * two faces beside each other are both found, the larger one first;
    * what is no uint8 `[H, W, 3]` is refused with a `DataError`.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        sample_face: the file of a picture; what needs a face is left out without it.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("detectors", part, overrides)
    subject.check_signature()
    detector: FaceDetector = subject.build()
    for height, width in ((120, 160), (400, 90), (1, 1)):
        found = _detect(subject, detector, np.full((height, width, 3), 128, dtype=np.uint8))
        subject.must(not found, f"finds no face in an empty picture of {width} x {height}, got {found}")
    _check_mistakes(subject, detector)
    if sample_face is not None:
        _check_face(subject, detector, decode_image(sample_face, "RGB"))


def _detect(subject: Subject, detector: FaceDetector, picture: Pixels) -> list[Face]:
    with subject.rule("detects faces"):
        faces = detector.detect(picture)
    subject.must(isinstance(faces, list) and all(isinstance(face, Face) for face in faces), "gives a list of Face")
    for face in faces:
        numbers = [*face.box, face.score]
        plain = len(face.box) == 4 and all(isinstance(one, float) and math.isfinite(one) for one in numbers)
        subject.must(plain, f"gives boxes and scores as finite floats, got {face}")
        left, top, right, bottom = face.box
        subject.must(left < right and top < bottom, f"gives boxes as left, top, right, bottom, got {face.box}")
    subject.must([face.area for face in faces] == sorted((face.area for face in faces), reverse=True), "largest first")
    return faces


def _check_face(subject: Subject, detector: FaceDetector, picture: Pixels) -> None:
    kept = picture.copy()
    faces = _detect(subject, detector, picture)
    subject.must(len(faces) == 1, f"finds the one face of the sample, got {len(faces)}")
    subject.must(np.array_equal(picture, kept), "leaves the picture as it was")
    subject.must(_detect(subject, detector, picture) == faces, "gives the same faces again")
    with ThreadPoolExecutor(4) as pool, subject.rule("can be called from several threads"):
        threaded = list(pool.map(detector.detect, [picture] * 4))
    subject.must(all(found == faces for found in threaded), "gives the same faces in several threads")
    height, width = picture.shape[:2]
    doubled = np.asarray(Image.fromarray(picture).resize((2 * width, 2 * height), Image.Resampling.BICUBIC))
    for words, scale, seen in (("the sample", 1, picture), ("a sample of twice the size", 2, doubled)):
        found = _detect(subject, detector, seen)
        middle = found[0].box if found else (0.0, 0.0, 0.0, 0.0)
        x, y = (middle[0] + middle[2]) / 2 / scale, (middle[1] + middle[3]) / 2 / scale
        inside = width / 3 < x < 2 * width / 3 and height / 3 < y < 2 * height / 3
        subject.must(inside, f"puts the box of {words} where the face is, got {middle}")
    _check_two(subject, detector, picture)


def _check_two(subject: Subject, detector: FaceDetector, picture: Pixels) -> None:
    height, width = picture.shape[:2]
    small, large = (
        np.asarray(Image.fromarray(picture).resize((times * width, times * height), Image.Resampling.BICUBIC))
        for times in (2, 3)
    )
    both = np.full((3 * height, 5 * width, 3), 128, dtype=np.uint8)
    both[height:, : 2 * width], both[:, 2 * width :] = small, large
    faces: list[Any] = _detect(subject, detector, both)
    subject.must(len(faces) == 2, f"finds two faces beside each other, got {len(faces)}")
    subject.must(faces[0].box[0] > faces[1].box[0], "gives the larger of two faces first")


def _check_mistakes(subject: Subject, detector: FaceDetector) -> None:
    mistakes: dict[str, Any] = {
        "a grey picture": np.zeros((40, 40), dtype=np.uint8),
        "floats": np.zeros((40, 40, 3), dtype=np.float32),
        "a picture with alpha": np.zeros((40, 40, 4), dtype=np.uint8),
        "an empty array": np.zeros((0, 40, 3), dtype=np.uint8),
        "a batch": np.zeros((1, 40, 40, 3), dtype=np.uint8),
    }
    for words, wrong in mistakes.items():
        try:
            detector.detect(wrong)
            refused = False
        except DataError:
            refused = True
        except Exception:  # a part under test may fail in any way
            refused = False
        subject.must(refused, f"refuses {words} with a DataError")
