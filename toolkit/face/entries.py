"""What stands in a face library: a new face, an entry, and which entries are meant."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.data.images import Pixels
from toolkit.errors import DataError
from toolkit.face.geometry import Points, as_landmarks
from toolkit.face.library_file import LibraryError


@dataclass(frozen=True, slots=True)
class NewFace:
    """A face to be added.

    Attributes:
        crop: uint8 [S, S, 3], aligned (`toolkit.face.crop.aligned_crop`); the only picture that a library keeps.
        landmarks: [68, 2] in pixels of the crop.
        source: where the picture is from: a file name, an address, words.
        sha256: of the file, in hexadecimal digits; a file is added once.
        face: which face of the file, in the order of `toolkit.face.detection.find_faces`.
        person: who it is, as any text; faces with the same text are the same person. `None`: not known.
        licence: that the picture is under, best as an SPDX identifier such as `CC0-1.0`; `None`: not known.
        consent: who agreed to what, or why nobody has to, in words; `None`: not known.
    """

    crop: Pixels
    landmarks: npt.NDArray[np.floating[Any]]
    source: str
    sha256: str
    face: int = 0
    person: str | None = None
    licence: str | None = None
    consent: str | None = None

    def checked(self) -> NewFace:
        """Itself.

        Raises:
            DataError: something is not as described above.
        """
        shape = self.crop.shape
        if self.crop.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or shape[0] != shape[1] or not shape[0]:
            raise DataError(f"the crop of {self.source} is uint8 [S, S, 3], not {self.crop.dtype} {list(shape)}")
        if as_landmarks(self.landmarks).ndim != 2:
            raise DataError(f"{self.source} has the landmarks of several faces")
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise DataError(f"{self.source}: '{self.sha256}' is no SHA-256 in hexadecimal digits")
        return self


@dataclass(frozen=True, slots=True)
class Entry:
    """A face of a library, without its picture and vector; the attributes are those of `NewFace`.

    Attributes:
        id: number in this library; never given to another face.
        landmarks: float64 [68, 2] in pixels of the crop.
        added: date and time (UTC) in ISO 8601.
    """

    id: int
    person: str | None
    source: str
    licence: str | None
    consent: str | None
    sha256: str
    face: int
    added: str
    landmarks: Points = field(compare=False)

    @property
    def usable(self) -> bool:
        """Whether new faces may be made of it: its licence and its consent are known."""
        return bool(self.licence) and bool(self.consent)

    def to_json(self) -> dict[str, Any]:
        """Everything but the landmarks, as plain values."""
        plain = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "landmarks"}
        return {**plain, "usable": self.usable}


@dataclass(frozen=True, slots=True)
class Where:
    """Which entries are meant: those that fit everything that is given.

    Attributes:
        person: of this person.
        source: from this source.
        licence: under this licence.
        consent: with (`True`) or without (`False`) a known consent.
        usable: new faces may (`True`) or may not (`False`) be made of them: licence and consent are known.
        without: not these ids (a source that the user dropped).
    """

    person: str | None = None
    source: str | None = None
    licence: str | None = None
    consent: bool | None = None
    usable: bool | None = None
    without: tuple[int, ...] = ()

    def sql(self) -> tuple[str, list[Any]]:
        """A condition in SQL and its values."""
        conditions: list[str] = []
        values: list[Any] = []
        for name in ("person", "source", "licence"):
            wanted = getattr(self, name)
            if wanted is not None:
                conditions.append(f"{name} = ?")
                values.append(wanted)
        known = "coalesce({0}, '') != ''"
        if self.consent is not None:
            conditions.append(f"({known.format('consent')}) = {int(self.consent)}")
        if self.usable is not None:
            conditions.append(f"({known.format('consent')} AND {known.format('licence')}) = {int(self.usable)}")
        if self.without:
            conditions.append(f"id NOT IN ({', '.join(str(int(one)) for one in self.without)})")
        return " AND ".join(conditions) or "1", values


def absent(id_: int, path: object) -> LibraryError:
    """The error for an id that a library does not have."""
    return LibraryError(f"there is no face number {id_} in {path}", "list the faces to see their numbers")
