"""A studio that is really served, and a real browser that looks at it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from toolkit.studio.settings import Settings

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def require_browser() -> Any:
    """Playwright's entry, or a skip that says what is missing."""
    pytest.importorskip("fastapi", reason="the package 'fastapi' (extra 'studio') is not installed")
    api = pytest.importorskip("playwright.sync_api", reason="the package 'playwright' is not installed")
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium, or name it in $CHROMIUM")
    return api.sync_playwright


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The address of a studio that runs in a thread of this process, where stand-ins apply."""
    import uvicorn

    from toolkit.studio.app import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(20)


class Watched:
    """A page whose requests and complaints are written down.

    Attributes:
        page: of Playwright.
        outside: addresses of requests to any other host.
        complaints: errors in the console, exceptions, and refused requests that were not expected.
    """

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, tab: str) -> None:
        """Open the page, or the tab where it is open already, and wait until it can be used."""
        self.page.goto(f"{self.address}#{tab}")
        self.page.wait_for_selector("body[data-ready=yes]")
        self.page.wait_for_selector(f"#panel-{tab}[data-ready=yes]")

    def check(self) -> None:
        """See that nothing outside was asked for and nothing complained."""
        assert self.outside == []
        assert self.complaints == []

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.outside.append(request.url)

    def _console(self, message: Any) -> None:
        refused = "Failed to load resource" in message.text  # answers of 4xx, which the page shows in words
        if message.type in ("error", "warning") and not refused:
            self.complaints.append(message.text)


@contextmanager
def watched(address: str, **options: Any) -> Iterator[Watched]:
    """A page in a fresh headless browser."""
    with require_browser()() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_context(viewport={"width": 1280, "height": 860}, **options).new_page()
            page.set_default_timeout(240_000)  # machines pause; what works takes a second
            yield Watched(page, address)
        finally:
            browser.close()
