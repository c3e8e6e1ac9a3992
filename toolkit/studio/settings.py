"""What the studio is started with."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import ConfigError, Problem

PORT = 8765
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, so that one user cannot take the machine from the others.

    Attributes:
        upload_bytes: largest upload.
        pixels: largest picture that is decoded.
        side: pictures are kept with a longer side of so many pixels at most.
        pictures: most pictures that are generated at once.
        audio_seconds: longest recording.
        characters: longest text to translate.
        spoken_characters: longest text to say.
        sessions: face sessions that are kept; the one that was used longest ago goes first.
        idle_seconds: after which a face session is forgotten.
        waiting: requests that may wait for their turn to compute.
    """

    upload_bytes: int = 20 * MEGABYTE
    pixels: int = 40 * MEGABYTE
    side: int = 1600
    pictures: int = 64
    audio_seconds: float = 60.0
    characters: int = 20_000
    spoken_characters: int = 2_000
    sessions: int = 64
    idle_seconds: float = 3600.0
    waiting: int = 32


@dataclass(frozen=True)
class Settings:
    """How the studio runs.

    Args:
        host: address that it listens on; anything but this machine's own needs a token.
        port: 0 takes a free one.
        token: what requests must carry; made when it is needed and not given.
        names: further names that the studio is reached under, e.g. of a proxy.
        runs: folder of local runs, whose models and curves are shown.
        library: a face library; the packaged one by default.
        device: where models compute.
        limits: what one request may ask for.

    Raises:
        ConfigError: the port is out of range, or the token is too short.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    token: str | None = None
    names: tuple[str, ...] = ()
    runs: Path = Path("runs")
    library: Path | None = None
    device: str = "auto"
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.port <= 65535:
            problems.append(Problem("port", f"is {self.port}; it must lie between 0 and 65535"))
        if self.token is not None and len(self.token) < 16:
            problems.append(Problem("token", "is shorter than 16 characters, which can be guessed"))
        if problems:
            raise ConfigError(problems, "the studio's settings")
        if self.token is None and not self.is_local:
            object.__setattr__(self, "token", secrets.token_urlsafe(24))

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def any_name(self) -> bool:
        """Whether it listens on every address, so that its names cannot be known; the token protects it then."""
        return self.host in ("0.0.0.0", "::", "")

    @property
    def hosts(self) -> frozenset[str]:
        """Names that requests may call it by; others come from a page that had its own name point here."""
        return frozenset({"127.0.0.1", "localhost", "[::1]", self.host.lower(), *(one.lower() for one in self.names)})
