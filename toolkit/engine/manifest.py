"""The manifest of a checkpoint: what it holds, and how to tell whether all of it is still intact.

`manifest.json` lists size and SHA-256 of every file, and a digest of its own content, so that one flipped bit anywhere
is found. It is written last: a folder without one is not a checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.engine.files import sha256
from toolkit.errors import CheckpointError

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says.

    Attributes:
        step: the training step the checkpoint was made at.
        score: the value checkpoints are ranked by; `None` when there was none or it was not finite.
        files: `{name: (size in bytes, sha256)}` of every other file in the folder.
    """

    step: int
    score: float | None
    files: dict[str, tuple[int, str]]


class DamageError(Exception):
    """A checkpoint is not what was written; the message begins with the file's name."""


def write_manifest(folder: Path, step: int, score: float | None) -> None:
    """Describe every file in `folder`; call it when all others are written."""
    files = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    finite = score if score is not None and math.isfinite(score) else None
    content: dict[str, Any] = {"format": FORMAT, "step": step, "score": finite, "files": files}
    content["digest"] = _digest(content)
    (folder / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest itself, not the files it lists.

    Raises:
        DamageError: it is missing or changed.
        CheckpointError: a newer version of the toolkit wrote it.
    """
    try:
        content = json.loads((folder / NAME).read_bytes())
        digest = content.pop("digest")
        if digest != _digest(content):
            raise DamageError(f"{NAME} was changed after it was written")
        if content["format"] > FORMAT:
            raise CheckpointError(
                f"{folder} has checkpoint format {content['format']}; this version reads up to {FORMAT}",
                "update the toolkit",
            )
        files = {name: (entry["size"], entry["sha256"]) for name, entry in content["files"].items()}
        return Manifest(content["step"], content["score"], files)
    except FileNotFoundError:
        raise DamageError(f"{NAME} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamageError(f"{NAME} cannot be read: {error}") from error


def check(folder: Path, deep: bool = True) -> Manifest:
    """Compare the files with the manifest.

    Args:
        folder: the checkpoint.
        deep: also read every file and compare its SHA-256; otherwise only names and sizes, which costs nothing.

    Raises:
        DamageError: naming the first file that is missing, cut or changed.
        CheckpointError: a newer version of the toolkit wrote it.
    """
    manifest = read_manifest(folder)
    for name, (size, digest) in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise DamageError(f"{name} is missing")
        if path.stat().st_size != size:
            raise DamageError(f"{name} has {path.stat().st_size} bytes instead of {size}")
        if deep and sha256(path) != digest:
            raise DamageError(f"{name} was changed after it was written (its SHA-256 differs)")
    return manifest


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
