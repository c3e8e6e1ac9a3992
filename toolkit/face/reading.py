"""From a file to a face: opened, found, measured, cut out. The first step, and how a library is filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.data.images import Pixels
from toolkit.face.crop import aligned_crop
from toolkit.face.detection import Face, FaceDetector, FaceVerifier, Which, choose_face, find_faces
from toolkit.face.entries import NewFace
from toolkit.face.geometry import Points
from toolkit.face.networks import Landmarker
from toolkit.face.pose import Pose, head_pose
from toolkit.face.quality import Quality, rate
from toolkit.face.upload import Upload, open_upload

CROP = 128
"""Side of a library's crops in pixels."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face of an uploaded picture.

    Attributes:
        upload: the picture.
        faces: all faces in it, the largest first.
        number: which of them this one is.
        landmarks: float64 [68, 2] in pixels of the picture.
        crop: uint8 [S, S, 3], aligned.
        crop_landmarks: the landmarks in pixels of the crop.
        pose: where the head points.
        quality: of the picture of the face.
    """

    upload: Upload
    faces: tuple[Face, ...]
    number: int
    landmarks: Points
    crop: Pixels
    crop_landmarks: Points
    pose: Pose
    quality: Quality

    @property
    def face(self) -> Face:
        """The face itself: box and score."""
        return self.faces[self.number]

    def to_json(self) -> dict[str, Any]:
        """Everything but pixels, as plain values."""
        return {
            "name": self.upload.name,
            "notes": list(self.upload.notes),
            **self.face.to_json(),
            "face": self.number,
            "faces": [face.to_json() for face in self.faces],
            "landmarks": self.landmarks.round(2).tolist(),
            "pose": self.pose.to_json(),
            "quality": self.quality.to_json(),
        }

    def to_new(
        self,
        source: str | None = None,
        *,
        person: str | None = None,
        licence: str | None = None,
        consent: str | None = None,
    ) -> NewFace:
        """The face as it is added to a library.

        Args:
            source: where the picture is from; the name of the upload when left out.
            person: see `NewFace`, as the others.
            licence: that the picture is under.
            consent: who agreed to what.
        """
        return NewFace(
            self.crop,
            self.crop_landmarks,
            self.upload.name if source is None else source,
            self.upload.sha256,
            self.number,
            person,
            licence,
            consent,
        )


@dataclass(frozen=True)
class FaceReader:
    """Reads faces from files.

    Args:
        detector: finds faces.
        landmarker: finds their landmarks.
        verifier: may reject what the detector takes for a face.
        crop: side of the crops in pixels.
        limits: of `open_upload`, such as `max_bytes`.
    """

    detector: FaceDetector
    landmarker: Landmarker
    verifier: FaceVerifier | None = None
    crop: int = CROP
    limits: dict[str, int] = field(default_factory=dict)

    def read(self, source: str | Path | bytes | Upload, which: Which = "largest", name: str = "") -> FoundFace:
        """One face of a picture.

        Args:
            source: a file, its content, or a picture that was opened already.
            which: the largest, or a number from 0.
            name: what to call it in messages.

        Raises:
            UploadError: it is no usable picture.
            NoFaceError: no face, or none of that number.
        """
        upload = source if isinstance(source, Upload) else open_upload(source, name, **self.limits)
        faces = find_faces(upload.picture, self.detector, self.verifier)
        face = choose_face(faces, which, upload.name)
        landmarks = self.landmarker(upload.picture, face)
        crop, crop_landmarks = aligned_crop(upload.picture, landmarks, self.crop)
        return FoundFace(
            upload=upload,
            faces=tuple(faces),
            number=faces.index(face),
            landmarks=landmarks,
            crop=crop,
            crop_landmarks=crop_landmarks,
            pose=head_pose(landmarks),
            quality=rate(upload.picture, face),
        )
