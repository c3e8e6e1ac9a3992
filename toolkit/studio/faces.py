"""The four steps of face driving, each user in a session of their own.

The page names its session in a header, which a form or a picture on another page cannot send. Uploads are kept in
memory only, as long as the session.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi import Request as HttpRequest
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from toolkit.engine.models import locate_model
from toolkit.errors import ToolkitError, require
from toolkit.face import provenance
from toolkit.face.driving import SOURCES, FaceDriver, NewFace, Session, accepted
from toolkit.face.packaged import DEMO_LIBRARY, EXAMPLES, FaceModels, open_library
from toolkit.face.png import as_png
from toolkit.face.sessions import Sessions
from toolkit.face.states import Request, SessionError
from toolkit.studio.pictures import data_url
from toolkit.studio.scratch import plain_name
from toolkit.studio.settings import Settings
from toolkit.studio.workshop import Workshop

Name = Annotated[str, Header(alias="X-Face-Session")]
Step = Callable[[Session], Session]


class ChoiceRequest(BaseModel):
    """Which face of the picture is meant."""

    face: int = Field(ge=0)


class SearchRequest(BaseModel):
    """How many people the new face is made of."""

    sources: int = Field(SOURCES, ge=1, le=8)
    seed: int = Field(0, ge=0, le=2**53)


class AgainRequest(BaseModel):
    """What is to be different; new noise only where nothing is said."""

    weights: list[float] | None = None
    drop: int | None = None
    seed: int | None = Field(None, ge=0, le=2**53)


class Faces:
    """The driver, loaded when it is first needed, and the sessions.

    Args:
        workshop: gives turns to compute.
        settings: library, device and limits.
    """

    def __init__(self, workshop: Workshop, settings: Settings) -> None:
        limits = settings.limits
        self.workshop = workshop
        self.sessions: Sessions[NewFace] = Sessions(limits.sessions, limits.idle_seconds)
        self.library = settings.library or DEMO_LIBRARY
        uploads = {"max_bytes": limits.upload_bytes, "max_pixels": limits.pixels, "max_side": limits.side}
        self._models = FaceModels(device=settings.device, limits=uploads)
        self._driver: FaceDriver | None = None
        self._failure: ToolkitError | None = None
        self._loading = threading.Lock()

    @property
    def driver(self) -> FaceDriver:
        """The four steps.

        Raises:
            ToolkitError: a model, the library or the detector's package is missing, or they do not fit.
        """
        with self._loading:
            if self._driver is None:
                library = open_library(self.library)
                try:
                    self._driver = self._models.face_driver(library)
                except BaseException:
                    library.close()
                    raise
            return self._driver

    def warm_up(self) -> None:
        """Load everything now, so that the first user does not wait; what is missing is remembered for `missing`."""
        try:
            _ = self.driver
        except ToolkitError as error:
            self._failure = error

    def missing(self) -> ToolkitError | None:
        """Why face driving does not work here; `None` where it does, as far as can be told without loading it."""
        if self._driver is not None:
            return None
        if self._failure is not None:
            return self._failure
        try:
            require("dlib", "face", "Face detection with dlib")
            for name in (self._models.landmarker, self._models.embedder):
                locate_model(name)
            open_library(self.library).close()
        except ToolkitError as error:
            return error
        return None

    def change(self, name: str, step: Step) -> dict[str, Any]:
        """Take a session one step further; the new state."""
        with self.workshop.turn():
            return self.state(name, self.sessions.change(name, step))

    def state(self, name: str, session: Session) -> dict[str, Any]:
        """Where a session stands, with small pictures of the faces found and the new one."""
        seen, request, result = session.seen, session.request, session.result
        told = session.to_json()
        told["session"] = name
        told["picture"] = None
        if seen is not None:
            height, width = seen.upload.picture.shape[:2]
            told["picture"] = {**seen.to_json(), "width": width, "height": height}
        told["found"] = [] if request is None else self._found(request)
        told["result"] = None
        if result is not None:
            nearest = self.driver.library
            near = result.verdict.nearest.id
            told["result"] = {
                **result.to_json(),
                "crop": data_url(as_png(result.picture)),
                "nearest_crop": data_url(nearest.crop_png(near)) if near in nearest else None,
            }
        return told

    def _found(self, request: Request) -> list[dict[str, Any]]:
        """The sources with small pictures; what was forgotten since is only said to be."""
        library = self.driver.library
        total = sum(request.weights)
        rows = []
        for match, weight in zip(request.matches, request.weights, strict=True):
            known: dict[str, Any] = {"source": "removed from the library", "person": None, "licence": None}
            crop = None
            if match.id in library:
                known, crop = library[match.id].to_json(), data_url(library.crop_png(match.id))
            rows.append({**known, **match.to_json(), "weight": round(weight / total, 5), "crop": crop})
        return rows

    def close(self) -> None:
        """Forget every session and close the library."""
        with self._loading:
            if self._driver is not None:
                self._driver.library.close()
                self._driver = None


def faces_router(faces: Faces) -> APIRouter:
    """`/api/faces`."""
    router = APIRouter(prefix="/api/faces", tags=["faces"])

    @router.post("/session")
    def start() -> dict[str, Any]:
        """Begin a session."""
        name = faces.sessions.start()
        return faces.state(name, faces.sessions.get(name))

    @router.get("/session")
    def state(session: Name) -> dict[str, Any]:
        """Where the session stands, e.g. after the page was loaded again."""
        return faces.state(session, faces.sessions.get(session))

    @router.delete("/session")
    def end(session: Name) -> dict[str, bool]:
        """Forget the session and its pictures."""
        faces.sessions.end(session)
        return {"ended": True}

    @router.post("/upload")
    async def upload(request: HttpRequest, session: Name, x_file_name: str = Header("the upload")) -> dict[str, Any]:
        """Step 1: the body is a picture."""
        content = await request.body()
        name = plain_name(x_file_name, "the upload")
        step: Step = lambda state: faces.driver.upload(state, content, name=name)  # noqa: E731
        return await run_in_threadpool(faces.change, session, step)

    @router.post("/choose")
    def choose(session: Name, wanted: ChoiceRequest) -> dict[str, Any]:
        """Step 1 again, with another face of the same picture."""
        return faces.change(session, lambda state: faces.driver.choose(state, wanted.face))

    @router.post("/search")
    def search(session: Name, wanted: SearchRequest) -> dict[str, Any]:
        """Step 2: the most similar people of the library."""
        return faces.change(session, lambda state: faces.driver.search(state, wanted.sources, wanted.seed))

    @router.post("/generate")
    def generate(session: Name) -> dict[str, Any]:
        """Step 3: a new face."""
        return faces.change(session, lambda state: faces.driver.generate(state))

    @router.post("/again")
    def again(session: Name, wanted: AgainRequest) -> dict[str, Any]:
        """Step 4: another one, generated at once; the session stays as it was where that fails."""
        return faces.change(session, lambda state: faces.driver.generate(faces.driver.again(state, **dict(wanted))))

    @router.post("/accept")
    def accept(session: Name) -> dict[str, Any]:
        """Step 4: the user takes the face."""
        return faces.change(session, lambda state: faces.driver.accept(state))

    @router.get("/picture")
    def picture(session: Name) -> Response:
        """The uploaded picture, upright, without its metadata."""
        upload = faces.sessions.get(session).upload
        if upload is None:
            raise SessionError("nothing was uploaded yet", "upload a picture first")
        return Response(as_png(upload.picture), media_type="image/png")

    @router.get("/result.png")
    def result(session: Name) -> Response:
        """The accepted face, with its provenance inside."""
        face = accepted(faces.sessions.get(session))
        return Response(provenance.to_png(face.picture, face.provenance), media_type="image/png")

    @router.get("/record.json")
    def record(session: Name) -> Response:
        """The provenance of the accepted face."""
        face = accepted(faces.sessions.get(session))
        text = json.dumps(face.provenance.to_json(), indent=2, ensure_ascii=False)
        return Response(text + "\n", media_type="application/json")

    @router.get("/library")
    def library() -> dict[str, Any]:
        """What the library holds."""
        known = faces.driver.library.statistics()
        return {**known, "path": Path(known["path"]).name, "demo": faces.library == DEMO_LIBRARY}

    @router.get("/examples")
    def examples() -> list[dict[str, str]]:
        """Rendered faces to try it with."""
        files = sorted(EXAMPLES.glob("*.jpg")) if EXAMPLES.is_dir() else []
        return [{"name": file.name, "picture": data_url(file.read_bytes(), "image/jpeg")} for file in files]

    return router
