"""What every request passes first: is it meant for us, from our own page, with the token, and small enough?

A page on the web can make a browser send requests to a program on the same machine. It cannot set our header with the
session's name, but that is not relied on: requests that other pages cause are recognised by `Origin` and
`Sec-Fetch-Site` and refused, and a name of the attacker's that points to this machine (DNS rebinding) by `Host`.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from toolkit.studio.settings import MEGABYTE, Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/api/"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Gate:
    """The first thing that a request meets.

    Args:
        app: what comes behind.
        settings: names, token, limits.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is refused, let through what is not, and give every answer the headers."""
        if scope["type"] == "websocket":  # there are none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_api = scope["path"].startswith(API)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given[name] = value
                given.setdefault("Cache-Control", "no-store" if is_api else "no-cache")
            await send(message)

        refusal = self._refusal(scope, headers, is_api)
        if refusal is not None:
            status, words, way_out = refusal
            await JSONResponse({"error": words, "way_out": way_out}, status)(scope, receive, answer)
            return
        await self.app(scope, self._counted(receive), answer)

    def _refusal(self, scope: Scope, headers: Headers, is_api: bool) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if not self.settings.any_name and name.lower() not in self.settings.hosts:
            return 421, f"this studio is not called '{name}'", "start it with --name if it is reached by that name"
        if is_api:
            origin = headers.get("origin")
            own = origin is None or origin.partition("://")[2] == host
            if not own or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return 403, "this request comes from another page", "use the studio's own page"
            if self.settings.token is not None and not _carries(headers, self.settings.token):
                return 401, "this studio asks for a token", "open the address that it printed when it was started"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.settings.limits.upload_bytes:
            return 413, *self._too_large()
        return None

    def _counted(self, receive: Receive) -> Receive:
        """The body of a request, cut off where it gets too long, whatever it said about itself."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.settings.limits.upload_bytes:
                raise HTTPException(413, ": ".join(self._too_large()))
            return message

        return counted

    def _too_large(self) -> tuple[str, str]:
        limit = self.settings.limits.upload_bytes / MEGABYTE
        return f"the upload is larger than {limit:g} MB", "upload a smaller file"


def _carries(headers: Headers, token: str) -> bool:
    kind, _, given = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
