"""Texts and files through translators."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from toolkit.errors import DataError
from toolkit.studio.pictures import data_url
from toolkit.studio.scratch import plain_name, scratch_folder
from toolkit.studio.settings import Limits
from toolkit.studio.workshop import Workshop

PIPELINE = "translation"


class TextRequest(BaseModel):
    """What is to be translated; see `toolkit.translation.options.Options`."""

    model: str
    text: str
    alternatives: int = Field(1, ge=1, le=8)
    beam: int = Field(5, ge=1, le=16)
    terms: str = ""


def translation_router(workshop: Workshop, limits: Limits) -> APIRouter:
    """`/api/translation`."""
    router = APIRouter(prefix="/api/translation", tags=["translation"])

    @router.get("/models")
    def models() -> list[dict[str, Any]]:
        """Translators."""
        return [
            {"name": model.name, "origin": model.origin, "languages": list(model.config["languages"])}
            for model in workshop.models(PIPELINE)
        ]

    @router.post("/text")
    def text(wanted: TextRequest) -> dict[str, Any]:
        """Translate a text; `terms` are lines of source, tab, target."""
        if len(wanted.text) > limits.characters:
            raise DataError(
                f"the text has {len(wanted.text):,} characters; the limit is {limits.characters:,}",
                "translate it as a file",
            )
        pipeline = workshop.pipeline(wanted.model, PIPELINE)
        base = _terms(wanted.terms)
        with workshop.turn():
            started = time.perf_counter()
            found = pipeline.translate(
                wanted.text, terms=base, beam=max(wanted.beam, wanted.alternatives), n_best=wanted.alternatives
            )
            seconds = time.perf_counter() - started
        notes = list(base.problems) if base is not None else []
        return {**found.to_document(), "seconds": round(seconds, 3), "path": pipeline.engine.name, "notes": notes}

    @router.post("/file")
    async def file(
        request: Request, model: str = Query(), terms: str = Query(""), x_file_name: str = Header("text.txt")
    ) -> dict[str, Any]:
        """Translate a file (the body): PO, TMX, XLIFF, TXT, TSV, JSON lines or Markdown; it keeps its form."""
        content = await request.body()
        name = plain_name(x_file_name, "text.txt")
        return await run_in_threadpool(translated_file, workshop, model, content, name, terms)

    return router


def translated_file(workshop: Workshop, model: str, content: bytes, name: str, terms: str) -> dict[str, Any]:
    """A file, translated, with the report of what was done.

    Raises:
        DataError: the file cannot be read as what its ending says.
    """
    from toolkit.translation.documents.opening import open_document
    from toolkit.translation.documents.translating import translate_document

    pipeline = workshop.pipeline(model, PIPELINE)
    base = _terms(terms)
    with scratch_folder() as folder:
        source, target = folder / name, folder / "translated" / name
        target.parent.mkdir()
        source.write_bytes(content)
        try:
            document = open_document(source, *pipeline.languages)
            with workshop.turn():
                report = translate_document(pipeline, document, target, terms=base)
        except DataError as error:  # its message has the path on this machine
            raise DataError(error.message.replace(f"{folder}/", ""), error.way_out.replace(f"{folder}/", "")) from error
        translated = target.read_bytes()
    told = {key: value for key, value in report.to_document().items() if key != "output"}
    return {**told, "name": name, "file": data_url(translated, "application/octet-stream")}


def _terms(text: str) -> Any:
    from toolkit.translation.terms import Termbase

    if not text.strip():
        return None
    with scratch_folder() as folder:
        file: Path = folder / "terms.tsv"
        file.write_text(text, encoding="utf-8")
        try:
            return Termbase.load(file)
        except DataError as error:
            raise DataError(error.message.replace(str(file), "the terms"), error.way_out) from error
