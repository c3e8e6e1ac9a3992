"""The tabs for images and runs, through their interface."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the package 'fastapi' (extra 'studio') is not installed")
pytest.importorskip("httpx", reason="the package 'httpx' (extra 'dev') is not installed")

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

import toolkit
from tests.studio.making import settings, stand_in
from toolkit.studio.app import create_app
from toolkit.studio.workshop import run_folders

MODEL = "fashion-mnist-conditional"


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    stand_in(monkeypatch)
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1") as opened:
        yield opened


def picture(address: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def a_run(folder: Path, name: str = "one", steps: int = 100, lines: int = 10) -> Path:
    run = folder / name
    (run / "samples").mkdir(parents=True)
    (run / "recipe.yaml").write_text(f"name: emoji\ntask: {{name: image}}\ntrainer: {{steps: {steps}}}\n")
    records = [
        {"samples": 1000 * n, "step": 10.0 * n, "generator/loss": 1 / n, "win_rate": 0.99} for n in range(1, lines + 1)
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records) + '{"samp')
    for n in range(3):
        Image.fromarray(np.full((8, 8, 3), n, dtype=np.uint8)).save(run / "samples" / f"samples-{n:09d}.png")
    return run


def test_a_picture_is_the_one_that_the_library_makes(studio: TestClient) -> None:
    answer = studio.post("/api/images/generate", json={"model": MODEL, "count": 3, "seed": 5, "label": "Bag"}).json()
    expected = toolkit.load(MODEL).generate(3, 5, "Bag").pixels
    assert [one["label"] for one in answer["pictures"]] == ["Bag"] * 3
    for one, wanted in zip(answer["pictures"], expected, strict=True):
        assert np.array_equal(picture(one["picture"]), wanted[..., 0])
    assert picture(answer["grid"]).shape[0] > 64


def test_judged_pictures_have_scores(studio: TestClient) -> None:
    answer = studio.post("/api/images/generate", json={"model": MODEL, "count": 4, "judge": True}).json()
    assert 0 < answer["acceptance_rate"] <= 1
    assert all(0 <= one["score"] <= 1 for one in answer["pictures"])


def test_models_are_listed_with_what_they_can_do(studio: TestClient) -> None:
    known = {one["name"]: one for one in studio.get("/api/images/models").json()}
    assert known[MODEL]["classes"][0] == "T-shirt/top"
    assert known[MODEL]["judge"] is True
    assert known["emoji"]["classes"] == []
    assert "emoji-classifier" not in known


@pytest.mark.parametrize(
    ("wanted", "status", "words"),
    [
        ({"model": "../../etc"}, 422, "there is no model"),
        ({"model": "emoji-classifier"}, 422, "there is no model"),
        ({"model": MODEL, "count": 0}, 422, "count"),
        ({"model": MODEL, "label": "Sofa"}, 422, "no class 'Sofa'"),
        ({"model": "emoji", "label": "Bag"}, 422, "unconditional"),
        ({"model": MODEL, "truncation": 3}, 422, "truncation"),
        ({}, 422, "model"),
    ],
)
def test_mistakes_are_explained(studio: TestClient, wanted: dict[str, Any], status: int, words: str) -> None:
    answer = studio.post("/api/images/generate", json=wanted)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_no_more_pictures_than_the_limit(studio: TestClient) -> None:
    assert len(studio.post("/api/images/generate", json={"model": MODEL, "count": 1000}).json()["pictures"]) == 64


def test_a_run_is_shown_with_its_curves_pictures_and_health(studio: TestClient, tmp_path: Path) -> None:
    a_run(tmp_path / "runs")
    listed = studio.get("/api/runs").json()
    assert [run["name"] for run in listed] == ["one"]
    assert (listed[0]["recipe"], listed[0]["step"], listed[0]["finished"]) == ("emoji", 100, True)
    run = studio.get("/api/runs/one", params={"name": "one"}).json()
    assert run["curves"]["generator/loss"][0] == [1000, 1.0]
    assert len(run["curves"]["win_rate"]) == 10  # the line that is being written is left out
    assert any("discriminator wins 99%" in one["words"] for one in run["health"])
    sample = studio.get("/api/runs/sample", params={"name": "one", "file": run["samples"][-1]})
    assert sample.headers["content-type"] == "image/png"


def test_a_run_that_goes_on_is_live(studio: TestClient, tmp_path: Path) -> None:
    run = a_run(tmp_path / "runs", "deep/er/two", steps=10_000, lines=500)
    (before,) = studio.get("/api/runs").json()
    assert (before["name"], before["live"], before["finished"]) == ("deep/er/two", True, False)
    found = studio.get("/api/runs/one", params={"name": "deep/er/two"}).json()
    assert len(found["curves"]["win_rate"]) == 400
    assert found["curves"]["win_rate"][-1][0] == 500_000
    with (run / "metrics.jsonl").open("a") as file:
        file.write('les": 1}\n' + json.dumps({"samples": 501_000, "step": 5010.0}) + "\n")
    assert studio.get("/api/runs").json()[0]["step"] == 5010
    import os

    os.utime(run / "metrics.jsonl", (time.time() - 9999,) * 2)
    assert studio.get("/api/runs").json()[0]["live"] is False


@pytest.mark.parametrize("name", ["../faces.db", "..", "", "absent", "/etc"])
def test_only_runs_that_were_listed_are_opened(studio: TestClient, tmp_path: Path, name: str) -> None:
    a_run(tmp_path / "runs")
    assert studio.get("/api/runs/one", params={"name": name}).status_code == 422
    assert studio.get("/api/runs/sample", params={"name": "one", "file": "../recipe.yaml"}).status_code == 422


def test_no_folder_of_runs_is_no_error(tmp_path: Path) -> None:
    assert run_folders(tmp_path / "absent") == []


def test_the_status_says_what_does_not_work_and_why(studio: TestClient) -> None:
    tabs = studio.get("/api/status").json()["tabs"]
    assert tabs["images"]["works"] is True
    assert tabs["runs"]["works"] is False
    assert "no run is in" in tabs["runs"]["why"]


def test_the_interface_describes_itself(studio: TestClient) -> None:
    paths = studio.get("/api/openapi.json").json()["paths"]
    assert {"/api/images/generate", "/api/faces/upload", "/api/translation/text", "/api/speech/vocode"} <= set(paths)
    for path in ("/docs", "/redoc"):  # the usual pages load scripts from elsewhere
        assert studio.get(path).status_code == 404


def test_nothing_of_the_page_names_another_host() -> None:
    from toolkit.studio.app import STATIC

    files = [file for file in STATIC.rglob("*") if file.suffix in (".html", ".css", ".js", ".svg")]
    assert len(files) > 10
    for file in files:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file
        assert "https://" not in text, file
