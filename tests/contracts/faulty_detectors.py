"""Face detectors with one fault each."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.contracts.faults import fault
from toolkit.face.detection import Face, as_picture


class Nothing:
    """Finds nothing: a detector without a fault as far as can be told without a face."""

    def detect(self, picture: Any) -> list[Face]:
        as_picture(picture)
        return []


@fault("detectors", "no face in an empty picture")
class Everywhere(Nothing):
    """Takes everything for a face."""

    def detect(self, picture: Any) -> list[Face]:
        height, width = as_picture(picture).shape[:2]
        return [Face((0.0, 0.0, float(width), float(height)), 1.0)]


@fault("detectors", "boxes as left, top, right, bottom")
class WidthAndHeight(Nothing):
    """Gives left, top, width, height."""

    def detect(self, picture: Any) -> list[Face]:
        as_picture(picture)
        return [Face((50.0, 50.0, 40.0, 40.0), 1.0)]


@fault("detectors", "finite floats")
class Whole(Nothing):
    """Gives whole numbers."""

    def detect(self, picture: Any) -> list[Face]:
        as_picture(picture)
        return [Face((0, 0, 10, 10), 1)]


@fault("detectors", "largest first")
class SmallestFirst(Nothing):
    """Gives faces in the order in which they come."""

    def detect(self, picture: Any) -> list[Face]:
        as_picture(picture)
        return [Face((0.0, 0.0, side, side), 1.0) for side in (10.0, 20.0)]


@fault("detectors", "detects faces, but: IndexError")
class NeedsSize(Nothing):
    """Fails on a single pixel."""

    def detect(self, picture: Any) -> list[Face]:
        assert as_picture(picture)[1, 1].all()
        return []


@fault("detectors", "refuses a grey picture with a DataError")
class TakesAll(Nothing):
    """Takes whatever it is given."""

    def detect(self, picture: Any) -> list[Face]:
        np.asarray(picture)
        return []
