"""Pictures of image models."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from toolkit.image.grid import make_grid
from toolkit.studio.pictures import data_url, png
from toolkit.studio.settings import Limits
from toolkit.studio.workshop import Workshop

PIPELINE = "image"


class ImageRequest(BaseModel):
    """What pictures are wanted; see `toolkit.image.pipeline.ImagePipeline.generate`."""

    model: str
    count: int = Field(16, ge=1)
    seed: int = Field(0, ge=-(2**53), le=2**53)
    label: str | None = None
    truncation: float | None = Field(None, ge=0, le=1)
    judge: bool = False
    acceptance: float | None = Field(None, gt=0, le=1)


def images_router(workshop: Workshop, limits: Limits) -> APIRouter:
    """`/api/images`."""
    router = APIRouter(prefix="/api/images", tags=["images"])

    @router.get("/models")
    def models() -> list[dict[str, Any]]:
        """Models that make pictures."""
        return [
            {
                "name": model.name,
                "origin": model.origin,
                "classes": list(model.config.get("classes") or ()),
                "resolution": model.config["generator"].get("resolution"),
                "judge": "judge" in model.config and "calibration" in model.config["judge"],
                "samples_seen": (model.config.get("trained") or {}).get("samples"),
            }
            for model in workshop.models(PIPELINE)
        ]

    @router.post("/generate")
    def generate(wanted: ImageRequest) -> dict[str, Any]:
        """Generate pictures: each by itself, and all of them in a grid."""
        count = min(wanted.count, limits.pictures)
        pipeline = workshop.pipeline(wanted.model, PIPELINE)
        with workshop.turn():
            started = time.perf_counter()
            made = pipeline.generate(
                count,
                wanted.seed,
                wanted.label or None,
                truncation=wanted.truncation,
                judge=wanted.judge,
                acceptance=wanted.acceptance,
            )
            seconds = time.perf_counter() - started
        several = len(set(made.labels)) > 1 and len(made.classes) <= 16
        columns = len(made.classes) if several else None
        grid = make_grid(made.pixels, columns, scale=max(1, 64 // made.pixels.shape[1]))
        return {
            "seed": wanted.seed,
            "seconds": round(seconds, 3),
            "columns": columns,
            "side": int(made.pixels.shape[1]),
            "acceptance_rate": made.acceptance_rate,
            "candidates": made.candidates,
            "grid": data_url(png(grid)),
            "pictures": [
                {
                    "picture": data_url(png(pixels)),
                    "index": int(made.indices[place]),
                    "label": made.classes[made.labels[place]] if made.labels else None,
                    "score": float(made.scores[place]) if made.scores else None,
                }
                for place, pixels in enumerate(made.pixels)
            ],
        }

    return router
