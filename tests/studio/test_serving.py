"""The studio as it is started from the command line."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the package 'fastapi' (extra 'studio') is not installed")


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A studio in a process of its own, and the address that it printed."""
    command = [sys.executable, "-m", "toolkit", "studio", "--port", "0", "--runs", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as studio:
        assert studio.stdout is not None
        line = studio.stdout.readline()
        try:
            yield studio, line.split()[1]
        finally:
            studio.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_told_to_stop(tmp_path: Path, how: signal.Signals) -> None:
    with started(tmp_path) as (studio, address):
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert b"toolkit studio" in answer.read()
        studio.send_signal(how)
        assert studio.wait(60) in (0, -how)
        assert studio.stderr is not None
        assert "Traceback" not in studio.stderr.read()


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "toolkit", "studio", "--port", port, "--runs", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "cannot listen on 127.0.0.1" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr
