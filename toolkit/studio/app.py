"""The studio as an application: the page, the interface behind it, and what is said when something is wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

import toolkit
from toolkit.errors import MissingExtraError, ToolkitError
from toolkit.face.library_file import LibraryBusyError
from toolkit.face.states import SessionError
from toolkit.face.upload import UploadError
from toolkit.studio.faces import Faces, faces_router
from toolkit.studio.gate import Gate
from toolkit.studio.images import PIPELINE as IMAGE
from toolkit.studio.images import images_router
from toolkit.studio.runs import runs_router
from toolkit.studio.settings import Settings
from toolkit.studio.speech import PIPELINES as SPEECH
from toolkit.studio.speech import speech_router
from toolkit.studio.translate import PIPELINE as TRANSLATION
from toolkit.studio.translate import translation_router
from toolkit.studio.workshop import BusyError, Workshop, run_folders

STATIC = Path(__file__).with_name("static")

_STATUS: tuple[tuple[type[ToolkitError], int], ...] = (
    (SessionError, 409),
    (UploadError, 415),
    (BusyError, 503),
    (LibraryBusyError, 503),
    (MissingExtraError, 501),
)
_log = logging.getLogger("toolkit.studio")


def create_app(settings: Settings) -> FastAPI:
    """The application.

    Args:
        settings: how it runs.
    """
    workshop = Workshop(settings)
    faces = Faces(workshop, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=faces.warm_up, name="warm-up", daemon=True).start()
        yield
        faces.close()

    app = FastAPI(
        title="toolkit studio",
        version=toolkit.__version__,
        description="Everything that the studio's page does. Errors are `{error, way_out}`.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # the usual pages load their scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.faces = faces
    app.add_middleware(Gate, settings=settings)
    _explain_errors(app)

    @app.get("/api/status", tags=["studio"])
    def status() -> dict[str, Any]:
        """Which tabs work here, why others do not, and the limits."""
        limits = settings.limits
        return {
            "version": toolkit.__version__,
            "tabs": {
                "images": _tab(bool(workshop.models(IMAGE)), "no image model is here: train one"),
                "speech": _tab(bool(workshop.models(*SPEECH)), "no voice or vocoder is here: train one"),
                "translation": _tab(bool(workshop.models(TRANSLATION)), "no translator is here: train one"),
                "faces": _faces_tab(faces),
                "runs": _tab(bool(run_folders(settings.runs)), f"no run is in {settings.runs}"),
            },
            "limits": {
                "upload_bytes": limits.upload_bytes,
                "pictures": limits.pictures,
                "audio_seconds": limits.audio_seconds,
                "characters": limits.characters,
                "spoken_characters": limits.spoken_characters,
            },
        }

    app.include_router(images_router(workshop, settings.limits))
    app.include_router(speech_router(workshop, settings.limits))
    app.include_router(translation_router(workshop, settings.limits))
    app.include_router(faces_router(faces))
    app.include_router(runs_router(settings))
    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


def _tab(works: bool, otherwise: str) -> dict[str, Any]:
    return {"works": works, "why": "" if works else otherwise, "way_out": ""}


def _faces_tab(faces: Faces) -> dict[str, Any]:
    missing = faces.missing()
    if missing is None:
        return _tab(True, "")
    return {"works": False, "why": missing.message, "way_out": missing.way_out}


def _explain_errors(app: FastAPI) -> None:
    """Every error is `{error, way_out}`; what is a defect of ours goes to the log, not to the page."""

    @app.exception_handler(ToolkitError)
    async def known(_: Request, error: ToolkitError) -> JSONResponse:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 422)
        return JSONResponse({"error": error.message, "way_out": error.way_out}, status)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        return JSONResponse({"error": problems, "way_out": "see /api/openapi.json"}, 422)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail), "way_out": ""}, error.status_code)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s", request.method, request.url.path, exc_info=error)
        return JSONResponse({"error": "something went wrong inside the studio", "way_out": "see its terminal"}, 500)
