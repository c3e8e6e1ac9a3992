"""What every request passes first: name, origin, token, size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the package 'fastapi' (extra 'studio') is not installed")
pytest.importorskip("httpx", reason="the package 'httpx' (extra 'dev') is not installed")

from fastapi.testclient import TestClient

from tests.studio.making import settings, stand_in
from toolkit.errors import ConfigError
from toolkit.studio.app import create_app
from toolkit.studio.serving import page_address
from toolkit.studio.settings import Limits, Settings

TOKEN = "a-token-that-is-long-enough"


def client(given: Settings) -> TestClient:
    return TestClient(create_app(given), base_url="http://127.0.0.1:8765")


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    stand_in(monkeypatch)
    with client(settings(tmp_path, limits=Limits(upload_bytes=1000))) as opened:
        yield opened


def test_every_answer_forbids_anything_from_elsewhere(local: TestClient) -> None:
    for path in ("/", "/js/app.js", "/api/status", "/api/nothing", "/nothing"):
        headers = local.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
    assert local.get("/api/status").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8765", "", "[::2]:8765"])
def test_another_name_for_this_machine_is_refused(local: TestClient, host: str) -> None:
    """DNS rebinding: a page of evil.example whose name suddenly points to 127.0.0.1."""
    for path in ("/", "/api/status"):
        assert local.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "localhost"])
def test_its_own_names_are_let_through(local: TestClient, host: str) -> None:
    assert local.get("/api/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_requests_that_other_pages_cause_are_refused(local: TestClient, headers: dict[str, str]) -> None:
    answer = local.post("/api/faces/session", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["way_out"]
    assert local.get("/api/status", headers=headers).status_code == 403


def test_the_page_itself_and_programs_are_let_through(local: TestClient) -> None:
    own = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert local.post("/api/faces/session", headers=own).status_code == 200
    assert local.post("/api/faces/session").status_code == 200  # no browser: no such headers


def test_uploads_that_are_too_large_are_refused_whatever_they_say(local: TestClient) -> None:
    session = local.post("/api/faces/session").json()["session"]
    headers = {"X-Face-Session": session}
    honest = local.post("/api/faces/upload", content=b"x" * 1001, headers=headers)
    assert honest.status_code == 413
    assert "larger than 0.001 MB" in honest.json()["error"]
    silent = local.post("/api/faces/upload", content=iter([b"x" * 600, b"x" * 600]), headers=headers)  # no length given
    assert silent.status_code == 413
    lying = local.post("/api/faces/upload", content=b"x", headers={**headers, "content-length": "200000000"})
    assert lying.status_code == 413


def test_a_token_is_asked_for_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    with client(settings(tmp_path, token=TOKEN)) as guarded:
        assert guarded.get("/").status_code == 200  # the page holds no secret
        assert guarded.get("/api/status").status_code == 401
        assert guarded.get("/api/status", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert guarded.get("/api/openapi.json").status_code == 401
        assert guarded.get("/api/status", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_elsewhere_than_on_this_machine_there_is_always_a_token() -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "studio.example"):
        given = Settings(host=host)
        assert given.token is not None
        assert len(given.token) >= 32
        assert page_address(given, 1234).endswith(f"/#token={given.token}")
    assert Settings(host="0.0.0.0").token != Settings(host="0.0.0.0").token
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        assert Settings(host=host).token is None
    assert page_address(Settings(host="::1"), 80) == "http://[::1]:80/"


def test_settings_that_are_no_use_are_refused() -> None:
    with pytest.raises(ConfigError, match="port"):
        Settings(port=70000)
    with pytest.raises(ConfigError, match="can be guessed"):
        Settings(token="short")
