"""The four steps through the studio's interface: several users, bad uploads, and what is kept."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the package 'fastapi' (extra 'studio') is not installed")
pytest.importorskip("httpx", reason="the package 'httpx' (extra 'dev') is not installed")

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from tests.face.making import jpeg, noise
from tests.studio.making import settings, stand_in
from toolkit.face import provenance
from toolkit.studio.app import create_app
from toolkit.studio.settings import Limits


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    stand_in(monkeypatch)
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1") as opened:
        yield opened


class User:
    """A user of the page."""

    def __init__(self, studio: TestClient) -> None:
        self.studio = studio
        self.session = studio.post("/api/faces/session").json()["session"]
        self.headers = {"X-Face-Session": self.session}

    def post(self, path: str, content: Any = None) -> Any:
        return self.studio.post(f"/api/faces/{path}", json=content or {}, headers=self.headers)

    def upload(self, content: bytes, name: str = "me.jpg") -> Any:
        return self.studio.post("/api/faces/upload", content=content, headers={**self.headers, "X-File-Name": name})

    def get(self, path: str) -> Any:
        return self.studio.get(f"/api/faces/{path}", headers=self.headers)


def generated(user: User, seed: int = 100) -> Any:
    assert user.upload(jpeg(noise(seed, 64))).status_code == 200
    assert user.post("search").status_code == 200
    answer = user.post("generate")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_four_steps(studio: TestClient, tmp_path: Path) -> None:
    user = User(studio)
    uploaded = user.upload(jpeg(noise(100, 64)), "caf%C3%A9.jpg").json()
    assert (uploaded["step"], uploaded["upload"]) == ("uploaded", "café.jpg")
    assert len(uploaded["picture"]["landmarks"]) == 68
    assert (uploaded["picture"]["width"], uploaded["picture"]["height"]) == (64, 64)
    found = user.post("search", {"sources": 3}).json()
    assert len(found["found"]) == 3
    assert all(one["crop"].startswith("data:image/png") and one["usable"] for one in found["found"])
    made = user.post("generate").json()
    assert made["result"]["crop"].startswith("data:image/png")
    other = user.post("again", {"drop": found["found"][0]["id"]}).json()
    assert len(other["found"]) == 2
    assert other["result"]["crop"] != made["result"]["crop"]
    assert user.get("result.png").status_code == 409  # not accepted yet
    assert user.post("accept").json()["step"] == "accepted"
    file = tmp_path / "new.png"
    file.write_bytes(user.get("result.png").content)
    record = provenance.read(file)
    assert record["digital_source_type"].endswith("trainedAlgorithmicMedia")
    assert record == user.get("record.json").json()
    assert "café" not in user.get("record.json").text


def test_a_page_that_is_loaded_again_finds_its_session(studio: TestClient) -> None:
    user = User(studio)
    made = generated(user)
    assert user.get("session").json() == made
    picture = Image.open(io.BytesIO(user.get("picture").content))
    assert picture.size == (64, 64)


def test_users_do_not_see_each_other(studio: TestClient) -> None:
    users = [User(studio) for _ in range(6)]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for round_ in range(2):
                users[number].upload(jpeg(noise(10 * number + round_, 64)), f"{number}.jpg")
                users[number].post("search", {"seed": number})
                users[number].post("generate")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for number, user in enumerate(users):
        state = user.get("session").json()
        assert (state["step"], state["upload"], state["request"]["seed"]) == ("generated", f"{number}.jpg", number)
    stranger = studio.get("/api/faces/session", headers={"X-Face-Session": "guessed"})
    assert stranger.status_code == 409
    assert studio.get("/api/faces/session").status_code == 422  # without the header nobody has a session


def test_a_session_that_ended_is_gone_with_its_picture(studio: TestClient) -> None:
    user = User(studio)
    generated(user)
    assert studio.delete("/api/faces/session", headers=user.headers).json() == {"ended": True}
    for path in ("session", "picture", "result.png"):
        assert user.get(path).status_code == 409


def test_a_source_that_is_forgotten_meanwhile_is_said_to_be_and_not_used(studio: TestClient, tmp_path: Path) -> None:
    from toolkit.face.library import FaceLibrary

    user = User(studio)
    gone = generated(user)["found"][0]["id"]
    with FaceLibrary(tmp_path / "faces.db") as library:
        library.delete(gone)
    state = user.get("session").json()
    assert state["found"][0]["source"] == "removed from the library"
    assert state["found"][0]["crop"] is None
    refused = user.post("again")
    assert refused.status_code == 422
    assert f"no face number {gone}" in refused.json()["error"]
    assert len(user.post("again", {"drop": gone}).json()["found"]) == 2


def png_of(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "status", "words"),
    [
        (b"", "empty.jpg", 415, "is empty"),
        (b"%PDF-1.7 ...", "page.png", 415, "is a PDF document"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing.svg", 415, "is an SVG drawing"),
        (b"hello", "text.jpg", 415, "is not a picture"),
        (jpeg(noise(1, 200))[:3000], "cut.jpg", 415, "cut.jpg"),
        (png_of(1, 1), "dot.png", 415, "1 x 1"),
        (png_of(20_000, 20_000), "bomb.png", 415, "too many pixels"),
        (jpeg(np.full((64, 64, 3), 128, dtype=np.uint8)), "wall.jpg", 422, "no face was found"),
    ],
)
def test_uploads_that_cannot_be_used_are_explained_and_change_nothing(
    studio: TestClient, content: bytes, name: str, status: int, words: str
) -> None:
    user = User(studio)
    before = generated(user)
    answer = user.upload(content, name)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert answer.json()["way_out"]
    assert user.get("session").json() == before


def test_steps_out_of_order_are_refused(studio: TestClient) -> None:
    user = User(studio)
    for path in ("search", "generate", "accept", "again"):
        answer = user.post(path)
        assert answer.status_code == 409
        assert answer.json()["way_out"]
    assert user.get("picture").status_code == 409


def test_wishes_that_make_no_sense_are_refused_and_change_nothing(studio: TestClient) -> None:
    user = User(studio)
    before = generated(user)
    wishes: list[tuple[str, Any]] = [
        ("again", {"weights": [1]}),
        ("again", {"weights": [0, 0, 0]}),
        ("again", {"drop": 999}),
        ("choose", {"face": 7}),
        ("search", {"sources": 0}),
    ]
    for path, wish in wishes:
        answer = user.post(path, wish)
        assert answer.status_code in (409, 422), (path, wish)
        assert answer.json()["error"]
    assert user.get("session").json() == before


def test_an_empty_library_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.face.library import FaceLibrary

    stand_in(monkeypatch)
    FaceLibrary(tmp_path / "faces.db").close()
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1") as opened:
        user = User(opened)
        user.upload(jpeg(noise(1, 64)))
        answer = user.post("search")
        assert answer.status_code == 422
        assert "toolkit face library add" in answer.json()["way_out"]


def test_a_library_that_is_missing_leaves_the_other_tabs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    stand_in(monkeypatch)
    given = replace(settings(tmp_path), library=tmp_path / "absent.db")
    with TestClient(create_app(given), base_url="http://127.0.0.1") as opened:
        tabs = opened.get("/api/status").json()["tabs"]
        assert tabs["faces"]["works"] is False
        assert "there is no face library" in tabs["faces"]["why"]
        assert tabs["images"]["works"] is True


def test_sessions_beyond_the_limit_push_out_the_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    given = settings(tmp_path, limits=Limits(sessions=2))
    with TestClient(create_app(given), base_url="http://127.0.0.1") as opened:
        users = [User(opened) for _ in range(3)]
        assert [user.get("session").status_code for user in users] == [409, 200, 200]
