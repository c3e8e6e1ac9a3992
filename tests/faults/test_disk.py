"""A disk that is full."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import TINY, assert_same_state, newest, refused, reports, steps_saved, tiny_recipe, toolkit
from toolkit.engine import checkpoint as checkpoints


@pytest.mark.parametrize("writer", ["write_weights", "_write_state"])
def test_a_disk_that_fills_up_while_a_checkpoint_is_saved_takes_nothing_away(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    run = tmp_path / "run"
    original = getattr(checkpoints, writer)

    def fail_at_step_four(path: Path, *arguments: Any) -> None:
        if "step-00000004" in str(path):
            path.write_bytes(b"half of")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        original(path, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, writer, fail_at_step_four)
        message = refused("train", *tiny_recipe(), "--out", run, "--quiet", code=3)
    assert "disk full while writing" in message
    assert "step-00000004" in message
    assert "-> free some space" in message
    assert steps_saved(run) == [2]
    assert len(reports(run)) == 4
    assert list((run / "checkpoints").glob(".*")) == []
    assert toolkit("resume", run, "--quiet").code == 0
    assert_same_state(trained, run)


def _may_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _may_mount(), reason="this system does not let a test mount a small disk")
def test_a_real_small_disk_that_fills_up_leaves_a_run_that_can_go_on(tmp_path: Path) -> None:
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size=200k tmpfs {disk}\n"
        f"{sys.executable} -m toolkit train {TINY} --out {disk}/run --quiet trainer.steps=12"
        " trainer.checkpoint_every=1 trainer.keep_checkpoints=12\n"
        "code=$?\n"
        f"cp -r {disk}/run {copy}\n"
        "exit $code\n"
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    if "mount:" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 3, done.stderr
    assert "disk full while writing" in done.stderr
    assert "Traceback" not in done.stderr
    saved = steps_saved(copy)
    assert saved == list(range(1, len(saved) + 1)) != []
    newest(copy).verify()
    outcome = toolkit("resume", copy, "--quiet", "--json")  # on a larger disk
    assert outcome.code == 0, outcome.err
    assert outcome.json["step"] == 12


def test_a_picture_that_cannot_be_written_is_named(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "00000.png").mkdir()
    message = refused("generate", "image", trained, "--count", 1, "--out", tmp_path / "pictures")
    assert message.startswith(f"error: {tmp_path / 'pictures'}")
    assert "00000.png" in message
    assert "Is a directory" in message
