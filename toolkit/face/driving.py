"""The four steps: a picture is uploaded, similar faces are found, a new face is made of them, and the user decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from toolkit.data.images import Pixels
from toolkit.errors import DISTRIBUTION, ConfigError, DataError, Problem
from toolkit.face import provenance
from toolkit.face.detection import NoFaceError, Which
from toolkit.face.entries import Entry, Where
from toolkit.face.geometry import Points, alignment, nme
from toolkit.face.guard import MOST_SIMILAR, Verdict, attempts, similarity_of_strangers, too_similar
from toolkit.face.library import FaceLibrary
from toolkit.face.library_file import LibraryError
from toolkit.face.networks import DrivenFace, Driver, Embedder, embed_crops
from toolkit.face.provenance import Provenance, Source
from toolkit.face.reading import FaceReader
from toolkit.face.search import IndexKind, LibrarySearch, Match
from toolkit.face.shape_model import target_shape
from toolkit.face.states import FaceSession, Request, SessionError, Step
from toolkit.face.upload import Upload

SOURCES = 3
"""People that a new face is made of, when nothing else is asked for."""
TEMPERATURE = 0.1
"""Of the weights: a source that is so much more similar than another weighs 2.7 times as much."""


@dataclass(frozen=True)
class NewFace:
    """A new face.

    Attributes:
        picture: uint8 [S, S, 3].
        requested: float64 [68, 2], the landmarks that were asked for, in pixels of the picture.
        produced: float64 [68, 2], those that are found in it; `None`: no face is found in it.
        weights: of the sources as they were used; flatter ones than asked for, where the guard wanted that.
        shares: how much of the picture each source gave.
        seed: of the noise as it was used.
        verdict: how similar it is to people that there are.
        tries: how many faces were made until one was allowed.
        provenance: where it comes from.
    """

    picture: Pixels
    requested: Points
    produced: Points | None
    weights: tuple[float, ...]
    shares: tuple[float, ...]
    seed: int
    verdict: Verdict
    tries: int
    provenance: Provenance

    @property
    def error(self) -> float | None:
        """Normalised mean error between requested and produced landmarks; `None`: no face is found in it."""
        return None if self.produced is None else nme(self.requested, self.produced)

    def to_json(self) -> dict[str, Any]:
        """Everything but pixels, as plain values."""
        error = self.error
        return {
            "size": self.picture.shape[0],
            "seed": self.seed,
            "weights": [round(weight, 5) for weight in self.weights],
            "shares": [round(share, 5) for share in self.shares],
            "requested": self.requested.round(2).tolist(),
            "produced": None if self.produced is None else self.produced.round(2).tolist(),
            "nme": None if error is None else round(error, 5),
            "nearest": self.verdict.nearest.to_json(),
            "similarity_to_upload": round(self.verdict.upload, 5),
            "most_similar_allowed": round(self.verdict.cap, 5),
            "tries": self.tries,
            "provenance": self.provenance.to_json(),
        }


Session: TypeAlias = FaceSession[NewFace]


class FaceDriver:
    """Face driving with one library: each step takes a session and gives the one that follows.

        driver = FaceDriver(library, reader, embedder, network)
        session = driver.upload(FaceSession(), "me.jpg")
        session = driver.generate(driver.search(session))
        session = driver.generate(driver.again(session))    # as often as the user likes
        driver.save(driver.accept(session), "new.png")

    It keeps nothing of a session, so one driver serves many users at once.

    Args:
        library: where faces are found. Only those with licence and consent are used.
        reader: finds faces and landmarks.
        embedder: the one that made the library's vectors.
        network: makes new faces.
        most_similar: largest similarity of a new face to any one person; by default how similar different people of the
            library are to each other, see `similarity_of_strangers`.
        index: how the library is searched; see `LibrarySearch`.

    Raises:
        ConfigError: `most_similar` is no cosine.
        EmbedderMismatchError: the library's vectors were made by another embedder.
    """

    def __init__(
        self,
        library: FaceLibrary,
        reader: FaceReader,
        embedder: Embedder,
        network: Driver,
        *,
        most_similar: float | None = None,
        index: IndexKind = "auto",
    ) -> None:
        library.must_fit(embedder)
        cap = (similarity_of_strangers(library) or MOST_SIMILAR) if most_similar is None else most_similar
        if not -1 <= cap <= 1:
            raise ConfigError([Problem("most_similar", f"is {cap}; it must lie between -1 and 1")], "the driver")
        self.library = library
        self.reader = reader
        self.embedder = embedder
        self.network = network
        self.most_similar = cap
        self._search = LibrarySearch(library, index)

    # -- the steps ------------------------------------------------------------------------------------------------

    def upload(
        self, session: Session, source: str | Path | bytes | Upload, which: Which = "largest", name: str = ""
    ) -> Session:
        """Step 1: open a picture, find the face in it and its landmarks.

        Args:
            session: any; what was in it is forgotten.
            source: a file, its content, or a picture that was opened already.
            which: face of several: the largest, or a number from 0.
            name: what to call it in messages.

        Raises:
            UploadError: it is no usable picture.
            NoFaceError: there is no face in it, or none of that number.
        """
        seen = self.reader.read(source, which, name)
        return session.uploaded(seen.upload, seen)

    def choose(self, session: Session, which: Which) -> Session:
        """Step 1 again, with another face of the same picture.

        Raises:
            SessionError: nothing was uploaded.
            NoFaceError: there is no such face.
        """
        if session.upload is None:
            raise SessionError("there is no picture to choose a face in", "upload a picture first")
        return self.upload(session, session.upload, which)

    def search(
        self,
        session: Session,
        sources: int = SOURCES,
        seed: int = 0,
        *,
        without: Sequence[int] = (),
        weights: Sequence[float] | None = None,
    ) -> Session:
        """Step 2: find the most similar faces of different people.

        Args:
            session: with a picture.
            sources: how many people.
            seed: of the first new face.
            without: ids of faces that are not to be used.
            weights: of the sources, in the order of their similarity; by default they follow from that.

        Raises:
            SessionError: nothing was uploaded, or the weights do not fit what was found.
            LibraryError: the library is empty, or none of its faces may be used.
        """
        if session.seen is None:
            raise SessionError("there is no face to search with", "upload a picture first")
        if sources < 1:
            raise DataError(f"a new face is made of 1 source at least, not of {sources}")
        matches = self.find(session.seen.crop, sources, without)
        return session.found(
            session.seen.face, matches, similarity_weights(matches) if weights is None else weights, seed
        )

    def generate(self, session: Session) -> Session:
        """Step 3: make a face of those that were found. Faces that are too similar to one person are not given.

        Raises:
            SessionError: nothing was found yet.
            TooSimilarError: every face that was tried is too similar to one person; the session stays as it was.
        """
        if session.step is not Step.FOUND or session.seen is None or session.request is None:
            return session.generated(None)  # type: ignore[arg-type]  # says what is missing
        return session.generated(self._made(session.seen.crop, session.seen.crop_landmarks, session.request))

    def again(
        self,
        session: Session,
        *,
        seed: int | None = None,
        weights: Sequence[float] | None = None,
        drop: int | None = None,
    ) -> Session:
        """Step 4, the user wants another face: new noise, other weights, or a source less. `generate` makes it.

        Raises:
            SessionError: see `FaceSession.again`.
        """
        return session.again(seed=seed, weights=weights, drop=drop)

    def accept(self, session: Session) -> Session:
        """Step 4, the user takes the face.

        Raises:
            SessionError: there is none.
        """
        return session.accepted()

    def save(self, session: Session, path: str | Path) -> list[Path]:
        """Write an accepted face with its provenance; see `toolkit.face.provenance.save`.

        Returns:
            The picture and the record beside it.

        Raises:
            SessionError: no face was accepted.
            DataError: the name is not that of a PNG file.
        """
        result = accepted(session)
        return provenance.save(path, result.picture, result.provenance)

    # -- what they are made of ------------------------------------------------------------------------------------

    def find(self, crop: Pixels, people: int, without: Sequence[int] = ()) -> list[Match]:
        """The most similar usable face of each of the most similar people.

        Args:
            crop: uint8 [S, S, 3], aligned.
            people: how many; fewer come back when there are fewer.
            without: ids of faces that are not to be used.

        Raises:
            LibraryError: there is none.
        """
        vector = embed_crops(self.embedder, [crop])[0].astype(np.float64)
        vector /= np.linalg.norm(vector)
        usable, wanted = Where(usable=True, without=tuple(without)), 8 * people
        while True:
            found = self._search.search(vector, wanted, usable)
            chosen = self._of_different_people(found, people)
            if len(chosen) == people or len(found) < wanted:
                break
            wanted *= 4
        if not chosen:
            raise self._nothing_usable()
        return chosen

    def sources_of(self, request: Request) -> list[dict[str, Any]]:
        """What a face is made of, as plain values: what the library knows of each source, similarity and weight."""
        total = sum(request.weights)
        return [
            {**self.library[match.id].to_json(), **match.to_json(), "weight": round(weight / total, 5)}
            for match, weight in zip(request.matches, request.weights, strict=True)
        ]

    def _of_different_people(self, found: Sequence[Match], people: int) -> list[Match]:
        chosen: list[Match] = []
        known: set[str] = set()
        for match in found:
            person = self.library[match.id].person
            if person is None or person not in known:
                chosen.append(match)
                known.update(() if person is None else (person,))
            if len(chosen) == people:
                break
        return chosen

    def _nothing_usable(self) -> LibraryError:
        path, count = self.library.path, len(self.library)
        if not count:
            return LibraryError(f"{path} is empty", f"toolkit face library add {path} DIR --license CC0-1.0")
        return LibraryError(
            f"none of the {count} faces of {path} may be used: their licence or consent is not known",
            f"if you know it: toolkit face library update {path} --all --license ... --consent ...",
        )

    def _usable(self, id_: int) -> Entry:
        entry = self.library[id_]
        if not entry.usable:  # withdrawn since it was found
            raise LibraryError(f"face {id_} of {self.library.path} may no longer be used", "search again")
        return entry

    def _made(self, crop: Pixels, landmarks: Points, request: Request) -> NewFace:
        entries = [self._usable(match.id) for match in request.matches]
        crops = [self.library.crop(entry.id) for entry in entries]
        own = embed_crops(self.embedder, [crop])[0].astype(np.float64)
        best: tuple[Verdict, int] | None = None
        count = 0
        for weights, seed in attempts(request.weights, request.seed):
            count += 1
            target = self._target(landmarks, entries, weights)
            made = self.network(crops, [entry.landmarks for entry in entries], weights, target, seed)
            verdict = self._judged(made.crop, own)
            if verdict.allowed:
                return self._finished(made, weights, seed, verdict, count, request, entries)
            if best is None or verdict.worst < best[0].worst:
                best = verdict, seed
        assert best is not None
        raise too_similar(best[0], count, len(entries))

    def _target(self, landmarks: Points, entries: Sequence[Entry], weights: Sequence[float]) -> Points:
        """The landmarks to ask for, where an aligned crop of the network's size has them."""
        shape = target_shape(landmarks, np.stack([entry.landmarks for entry in entries]), weights)
        return alignment(shape, self.network.size)(shape)

    def _judged(self, crop: Pixels, own: Any) -> Verdict:
        vector = embed_crops(self.embedder, [crop])[0].astype(np.float64)
        vector /= np.linalg.norm(vector)
        nearest = self._search.search(vector, 1)
        if not nearest:  # emptied by another program meanwhile
            raise self._nothing_usable()
        return Verdict(nearest[0], float(vector @ own / np.linalg.norm(own)), self.most_similar)

    def _finished(
        self,
        made: DrivenFace,
        weights: tuple[float, ...],
        seed: int,
        verdict: Verdict,
        count: int,
        request: Request,
        entries: Sequence[Entry],
    ) -> NewFace:
        known = zip(entries, request.matches, weights, made.shares, strict=True)
        sources = tuple(
            Source(e.id, e.source, e.licence, e.consent, e.sha256, match.similarity, weight, share)
            for e, match, weight, share in known
        )
        models = {"driver": self.network.id, "embedder": self.embedder.id, "landmarker": self.reader.landmarker.id}
        record = Provenance(
            made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            toolkit=version(DISTRIBUTION),
            models=models,
            library=self.library.name,
            sources=sources,
            seed=seed,
            nearest=verdict.nearest.to_json(),
        )
        produced = self._landmarks_of(made.crop)
        return NewFace(made.crop, made.landmarks, produced, weights, made.shares, seed, verdict, count, record)

    def _landmarks_of(self, crop: Pixels) -> Points | None:
        """The landmarks of a new face, found as if it had been uploaded; `None` where no face is found."""
        try:
            upload = Upload(crop, "the new face", "PNG", (), "0" * 64)
            return self.reader.read(upload).landmarks
        except NoFaceError:
            return None


def accepted(session: Session) -> NewFace:
    """The face that was accepted.

    Raises:
        SessionError: none was.
    """
    if session.step is not Step.ACCEPTED or session.result is None:
        raise SessionError("no face was accepted yet", "accept one first")
    return session.result


def similarity_weights(matches: Sequence[Match], temperature: float = TEMPERATURE) -> tuple[float, ...]:
    """Weights of matches from their similarities, by a softmax; together 1."""
    scores = np.array([match.similarity for match in matches], dtype=np.float64) / temperature
    shares = np.exp(scores - scores.max()) if len(scores) else scores
    return tuple(float(share) for share in shares / shares.sum()) if len(scores) else ()
