"""The tabs for speech and translation, through their interface."""

from __future__ import annotations

import base64
import io
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
from tests.speech.vocoders import FORMAT, save_vocoder
from tests.studio.making import settings, stand_in
from tests.translation import toy
from toolkit.studio.app import create_app
from toolkit.studio.settings import Limits
from toolkit.studio.speech import wav


def studio_of(folder: Path, **given: Any) -> TestClient:
    return TestClient(create_app(settings(folder, **given)), base_url="http://127.0.0.1")


def recording(seconds: float = 1.0, rate: int = FORMAT.sample_rate) -> bytes:
    import torch

    time = torch.arange(round(seconds * rate)) / rate
    return wav(0.3 * torch.sin(2 * torch.pi * 220 * time), rate)


# -- speech -------------------------------------------------------------------------------------------------------


@pytest.fixture
def speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    pytest.importorskip("soundfile", reason="the package 'soundfile' (extra 'speech') is not installed")
    stand_in(monkeypatch)
    given = settings(tmp_path, limits=Limits(audio_seconds=5))
    run = given.runs / "vocoder"
    save_vocoder(run / "model")
    (run / "recipe.yaml").write_text("name: vocoder\n")
    with TestClient(create_app(given), base_url="http://127.0.0.1") as opened:
        yield opened


def test_a_recording_comes_back_with_its_pictures(speech: TestClient) -> None:
    soundfile = pytest.importorskip("soundfile")
    assert "vocoder" in [model["name"] for model in speech.get("/api/speech/models").json()["vocoders"]]
    headers = {"X-File-Name": "a%20b.wav"}
    answer = speech.post("/api/speech/vocode?model=vocoder", content=recording(1.0), headers=headers)
    made = answer.json()
    assert answer.status_code == 200, made
    assert made["name"] == "a b.wav"
    for which in ("recording", "vocoded"):
        content = base64.b64decode(made[which]["audio"].partition(",")[2])
        wave, rate = soundfile.read(io.BytesIO(content))
        assert (rate, len(wave)) == (FORMAT.sample_rate, FORMAT.sample_rate)
        outline = np.array(made[which]["outline"])
        assert outline.shape == (600, 2)
        assert (outline[:, 0] <= outline[:, 1]).all()
    picture = Image.open(io.BytesIO(base64.b64decode(made["mel"].partition(",")[2])))
    assert picture.width > 100


@pytest.mark.parametrize(
    ("content", "words"), [(b"no sound", "a.wav"), (b"", "a.wav"), (recording(6.0), "the limit is 5")]
)
def test_what_is_no_recording_is_explained(speech: TestClient, content: bytes, words: str) -> None:
    answer = speech.post("/api/speech/vocode?model=vocoder", content=content, headers={"X-File-Name": "a.wav"})
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert "/tmp" not in answer.json()["error"]


def test_a_model_of_another_kind_is_no_vocoder(speech: TestClient) -> None:
    answer = speech.post("/api/speech/vocode?model=emoji", content=recording())
    assert answer.status_code == 422
    assert "no model 'emoji'" in answer.json()["error"]


# -- translation --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers", reason="the package 'transformers' (extra 'translation') is not installed")
    pytest.importorskip("sentencepiece", reason="the package 'sentencepiece' (extra 'translation') is not installed")
    folder = tmp_path_factory.mktemp("translator")
    toolkit.train(toy.recipe(folder / "data", steps=40), out=folder / "runs" / "toy")
    return folder


@pytest.fixture
def translation(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    stand_in(monkeypatch)
    with studio_of(trained) as opened:
        yield opened


def test_a_text_is_translated_as_the_library_translates_it(translation: TestClient, trained: Path) -> None:
    known = {model["name"]: model["languages"] for model in translation.get("/api/translation/models").json()}
    assert known["toy"] == ["en", "nl"]
    wanted = {"model": "toy", "text": "ba de fi", "alternatives": 3}
    answer = translation.post("/api/translation/text", json=wanted).json()
    expected = toolkit.load(trained / "runs" / "toy").translate("ba de fi", beam=5, n_best=3)
    assert answer["text"] == expected.text
    assert [one["text"] for one in answer["alternatives"]] == [one.text for one in expected.alternatives]


def test_terms_are_kept_to(translation: TestClient) -> None:
    wanted = {"model": "toy", "text": "ba de fi", "terms": "de\tEENTJE\n"}
    answer = translation.post("/api/translation/text", json=wanted).json()
    assert "EENTJE" in answer["text"]
    assert answer["terms"][0]["kept"] is True


def test_a_file_keeps_its_form(translation: TestClient) -> None:
    content = b"# ba de\n\nfi go\n"
    headers = {"X-File-Name": "notes.md"}
    answer = translation.post("/api/translation/file?model=toy", content=content, headers=headers).json()
    assert answer["segments"] == 2
    assert answer["name"] == "notes.md"
    text = base64.b64decode(answer["file"].partition(",")[2]).decode()
    assert text.startswith("# ")
    assert len(text.splitlines()) == 3


def test_mistakes_are_explained_without_paths_of_this_machine(translation: TestClient) -> None:
    cases: list[tuple[dict[str, str], bytes, str]] = [
        ({"X-File-Name": "a.xyz"}, b"ba", "a.xyz"),
        ({"X-File-Name": "a.tmx"}, b"<no tmx", "a.tmx"),
        ({"X-File-Name": "..%2F..%2Fetc%2Fpasswd.tmx"}, b"<no", "passwd.tmx"),
    ]
    for headers, content, words in cases:
        answer = translation.post("/api/translation/file?model=toy", content=content, headers=headers)
        assert answer.status_code == 422
        assert words in answer.json()["error"]
        assert "toolkit-studio-" not in answer.text
    long = {"model": "toy", "text": "ba " * 10_000}
    assert "the limit is 20,000" in translation.post("/api/translation/text", json=long).json()["error"]
    broken = {"model": "toy", "text": "ba", "terms": "no tab"}
    answer = translation.post("/api/translation/text", json=broken)
    assert answer.status_code == 422
    assert "the terms" in answer.json()["error"]
