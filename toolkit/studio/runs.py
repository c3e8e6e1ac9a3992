"""Local runs while they train: curves, pictures over time, and what a practised eye would say."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import yaml
from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from toolkit.adversarial.health import HealthMonitor
from toolkit.errors import DataError
from toolkit.studio.settings import Settings
from toolkit.studio.workshop import run_folders, run_name

_POINTS = 400  # of a curve; more cannot be seen
_LIVE_SECONDS = 180.0  # a run whose metrics are younger is taken to be going on
_PICTURES = 60


def runs_router(settings: Settings) -> APIRouter:
    """`/api/runs`."""
    router = APIRouter(prefix="/api/runs", tags=["runs"])

    @router.get("")
    def runs() -> list[dict[str, Any]]:
        """The runs in the studio's folder, the one that was at work last first."""
        found = [described(run_name(settings.runs, run), run) for run in run_folders(settings.runs)]
        return sorted(found, key=lambda run: -run["changed"])

    @router.get("/one")
    def run(name: str = Query()) -> dict[str, Any]:
        """A run: its curves, at most 400 points each, its pictures and health sentences."""
        folder = _folder(settings.runs, name)
        records = read_records(folder / "metrics.jsonl")
        pictures = sorted((folder / "samples").glob("samples-*.png"))
        return {
            **described(name, folder),
            "curves": curves(records),
            "health": health(records),
            "samples": [picture.name for picture in thinned(pictures, _PICTURES)],
            "recipe_text": _text(folder / "recipe.yaml"),
        }

    @router.get("/sample")
    def sample(name: str = Query(), file: str = Query()) -> FileResponse:
        """A picture that was made while a run trained."""
        folder = _folder(settings.runs, name) / "samples"
        known = {picture.name: picture for picture in folder.glob("samples-*.png")}
        if file not in known:
            raise DataError(f"the run has no picture '{file}'")
        return FileResponse(known[file], media_type="image/png")

    return router


def described(name: str, folder: Path) -> dict[str, Any]:
    """A run in a line: its recipe, how far it is, whether it is at work."""
    recipe = _yaml(folder / "recipe.yaml")
    metrics = folder / "metrics.jsonl"
    last = _last_record(metrics)
    steps = (recipe.get("trainer") or {}).get("steps")
    step = last.get("step")
    changed = metrics.stat().st_mtime if metrics.is_file() else (folder / "recipe.yaml").stat().st_mtime
    finished = steps is not None and step is not None and step >= steps
    return {
        "name": name,
        "recipe": recipe.get("name"),
        "task": (recipe.get("task") or {}).get("name"),
        "step": step,
        "steps": steps,
        "samples_seen": last.get("samples"),
        "changed": changed,
        "live": not finished and time.time() - changed < _LIVE_SECONDS,
        "finished": finished,
        "model": (folder / "model" / "config.json").is_file(),
    }


def read_records(file: Path) -> list[dict[str, float]]:
    """The lines of `metrics.jsonl`; a line that is just being written is left out."""
    records = []
    for line in _text(file).splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("samples"), (int, float)):
            records.append(record)
    return records


def curves(records: list[dict[str, float]]) -> dict[str, list[list[float]]]:
    """For each value its course, `[[samples, value], ...]`, thinned to what can be seen."""
    found: dict[str, list[list[float]]] = {}
    for record in records:
        for name, value in record.items():
            if name not in ("samples", "step") and isinstance(value, (int, float)) and math.isfinite(value):
                found.setdefault(name, []).append([record["samples"], float(value)])
    return {name: thinned(course, _POINTS) for name, course in sorted(found.items())}


def health(records: list[dict[str, float]]) -> list[dict[str, Any]]:
    """What the health monitor says about the records, as it said while the run trained."""
    monitor = HealthMonitor()
    found = []
    for record in records:
        values = {
            name: value for name, value in record.items() if name != "samples" and isinstance(value, (int, float))
        }
        found += [{"samples": record["samples"], "words": words} for words in monitor.update(record["samples"], values)]
    return found


def thinned(items: list[Any], most: int) -> list[Any]:
    """At most so many, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def _folder(runs: Path, name: str) -> Path:
    known = {run_name(runs, run): run for run in run_folders(runs)}
    if name not in known:  # names come from outside: only what was listed is opened
        raise DataError(f"there is no run '{name}' here")
    return known[name]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not there yet
        return ""


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(_text(file))
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _last_record(file: Path) -> dict[str, Any]:
    """The last whole line with a step, without reading a long file from its beginning."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 65536))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "step" in record:
            return record
    return {}
