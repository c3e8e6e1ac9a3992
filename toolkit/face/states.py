"""The four steps of one user as states: what may follow what, and what is known in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, TypeVar

from toolkit.errors import ToolkitError
from toolkit.face.detection import Face
from toolkit.face.reading import FoundFace
from toolkit.face.search import Match
from toolkit.face.upload import Upload

Result = TypeVar("Result")
"""What the generator gives; states do not look into it."""


class SessionError(ToolkitError):
    """A step was asked for before the one that it needs, or in a session that there is not."""


class Step(Enum):
    """Where a user stands."""

    EMPTY = "empty"
    UPLOADED = "uploaded"
    FOUND = "found"
    GENERATED = "generated"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Request:
    """What the next face is made of.

    Attributes:
        matches: the library faces, the most similar first.
        weights: one number from 0 per match; they are shares, so only their ratios count.
        seed: of the noise: another one gives another face.
    """

    matches: tuple[Match, ...]
    weights: tuple[float, ...]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "sources": [
                {**match.to_json(), "weight": round(weight, 5)}
                for match, weight in zip(self.matches, self.weights, strict=True)
            ],
            "seed": self.seed,
        }


@dataclass(frozen=True)
class FaceSession(Generic[Result]):
    """One user's way from a picture to a new face. Every step gives a new session; the old one stays as it was.

        uploaded -> found -> generated -> accepted
                                |  ^
                                +--+  again: new noise, other weights, a source dropped

    Uploading another picture, and searching again, are always allowed and forget what came after.

    Attributes:
        step: where the user stands.
        upload: the picture.
        face: the face in it that is meant.
        seen: that face with its landmarks, pose and quality, where a reader found it.
        request: what the face was, or will be, made of.
        result: the new face.
        rejected: how many new faces were not accepted.
    """

    step: Step = Step.EMPTY
    upload: Upload | None = None
    face: Face | None = None
    seen: FoundFace | None = None
    request: Request | None = None
    result: Result | None = None
    rejected: int = 0

    def uploaded(self, upload: Upload, seen: FoundFace | None = None) -> FaceSession[Result]:
        """A picture was uploaded, and perhaps a face found in it; everything before is forgotten."""
        return FaceSession(Step.UPLOADED, upload, None if seen is None else seen.face, seen)

    def found(
        self, face: Face, matches: Sequence[Match], weights: Sequence[float] | None = None, seed: int = 0
    ) -> FaceSession[Result]:
        """A face was chosen and similar ones were found.

        Args:
            face: the chosen one.
            matches: at least one.
            weights: one number from 0 per match, not all 0; equal ones when left out.
            seed: of the first face's noise.

        Raises:
            SessionError: nothing was uploaded, nothing was found, or the weights do not fit.
        """
        self._must(self.step is not Step.EMPTY, "search", "upload a picture first")
        if not matches:
            raise SessionError("no face of the library may be used", "add faces with licence and consent to it")
        shares = (1.0,) * len(matches) if weights is None else tuple(float(weight) for weight in weights)
        request = Request(tuple(matches), _checked(shares, len(matches)), seed)
        return FaceSession(Step.FOUND, self.upload, face, self.seen, request)

    def generated(self, result: Result) -> FaceSession[Result]:
        """A face was made of the request.

        Raises:
            SessionError: nothing was found yet, or a face was made already.
        """
        self._must(self.step is not Step.GENERATED, "generate", "say whether the last one is accepted, or ask again")
        self._must(self.step is Step.FOUND, "generate", "search the library first")
        return replace(self, step=Step.GENERATED, result=result)

    def accepted(self) -> FaceSession[Result]:
        """The user takes the face.

        Raises:
            SessionError: there is none yet.
        """
        self._must(self.step is Step.GENERATED, "accept", "generate a face first")
        return replace(self, step=Step.ACCEPTED)

    def again(
        self, *, seed: int | None = None, weights: Sequence[float] | None = None, drop: int | None = None
    ) -> FaceSession[Result]:
        """The user wants another face, or one that could not be made in another way; it is to be generated next.

        Args:
            seed: of the new noise; the next number when left out.
            weights: new ones, for the matches that stay.
            drop: id of a match that is to be left out; its weight goes with it.

        Raises:
            SessionError: nothing was found yet, the id is none of the matches, it is the last one, or the weights do
                not fit.
        """
        allowed = self.step in (Step.FOUND, Step.GENERATED, Step.ACCEPTED)
        self._must(allowed, "ask again", "search the library first")
        assert self.request is not None
        kept = [
            (match, weight)
            for match, weight in zip(self.request.matches, self.request.weights, strict=True)
            if match.id != drop
        ]
        if drop is not None and len(kept) == len(self.request.matches):
            chosen = ", ".join(str(match.id) for match in self.request.matches)
            raise SessionError(f"face {drop} is none of the sources ({chosen})", "drop one of these")
        if not kept:
            raise SessionError(f"face {drop} is the only source", "search again, or keep it")
        shares = [weight for _, weight in kept] if weights is None else list(weights)
        if weights is None and not any(shares):  # only faces of weight 0 are left
            shares = [1.0] * len(kept)
        request = Request(
            tuple(match for match, _ in kept),
            _checked(shares, len(kept)),
            self.request.seed + 1 if seed is None else seed,
        )
        rejected = self.rejected + (self.result is not None)
        return replace(self, step=Step.FOUND, request=request, result=None, rejected=rejected)

    def to_json(self) -> dict[str, Any]:
        """Where the user stands as plain values; no pixels."""
        return {
            "step": self.step.value,
            "upload": None if self.upload is None else self.upload.name,
            "face": None if self.face is None else self.face.to_json(),
            "request": None if self.request is None else self.request.to_json(),
            "rejected": self.rejected,
        }

    def _must(self, condition: bool, what: str, way_out: str) -> None:
        if not condition:
            raise SessionError(f"one cannot {what} while the session is '{self.step.value}'", way_out)


def _checked(weights: Sequence[float], count: int) -> tuple[float, ...]:
    shares = tuple(float(weight) for weight in weights)
    fits = len(shares) == count and all(0 <= weight < float("inf") for weight in shares) and any(shares)
    if not fits:
        raise SessionError(f"{count} sources need as many weights from 0, not all 0, not {list(shares)}")
    return shares
