"""Calling the command line from within: what the page shows as a command is what was run."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.cli.main import cli


@dataclass
class Commands:
    """Runs commands with `--json` and keeps them in words.

    Args:
        folder: where everything is written.

    Attributes:
        said: the commands, as a user types them.
        seconds: what each took, in their order.
    """

    folder: Path
    said: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def run(self, *arguments: str) -> Any:
        """The JSON that a command prints.

        Raises:
            ToolkitError: as the command does; `click` errors likewise.
        """
        self.said.append(shlex.join(["toolkit", *arguments]))
        printed, started = io.StringIO(), time.perf_counter()
        with contextlib.redirect_stdout(printed):
            cli.main([*arguments, "--json"], prog_name="toolkit", standalone_mode=False)
        self.seconds.append(time.perf_counter() - started)
        return json.loads(printed.getvalue())

    def path(self, name: str) -> str:
        """A path in the folder, for a command."""
        return str(self.folder / name)
