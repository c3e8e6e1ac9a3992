"""Running the studio until it is told to stop."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress

import torch
import uvicorn

from toolkit.engine.device import choose_threads
from toolkit.errors import ToolkitError
from toolkit.studio.app import create_app
from toolkit.studio.settings import Settings

GRACE_SECONDS = 10
"""Requests that are being answered when the studio is told to stop have so long to finish."""


def serve(settings: Settings, tell: Callable[[str], None], open_page: bool = False) -> None:
    """Serve the studio; returns when it was interrupted or told to stop (SIGINT, SIGTERM).

    Args:
        settings: how it runs.
        tell: told the address when it can be opened.
        open_page: open the page in the user's browser.

    Raises:
        ToolkitError: the port is taken, or the address is not this machine's.
    """
    listener = _listen(settings)
    torch.set_num_threads(choose_threads())
    address = page_address(settings, listener.getsockname()[1])
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Announcing(config, lambda: _announced(address, tell, open_page))
    with closing(listener), suppress(KeyboardInterrupt):  # uvicorn stops cleanly, then raises what it caught
        server.run(sockets=[listener])


class _Announcing(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def page_address(settings: Settings, port: int) -> str:
    """What to open in a browser. The token stands behind `#`, which browsers never send to anybody."""
    host = "localhost" if settings.any_name else settings.host
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"#token={settings.token}" if settings.token else "")


def _announced(address: str, tell: Callable[[str], None], open_page: bool) -> None:
    tell(address)
    if open_page:
        webbrowser.open(address)


def _listen(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host or "0.0.0.0", settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(found[0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
    except OSError as error:
        raise ToolkitError(
            f"the studio cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
            "another program uses the port, perhaps another studio: choose one with --port, or 0 for a free one",
        ) from error
    return listener
