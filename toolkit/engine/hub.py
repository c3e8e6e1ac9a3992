"""Models of the Hugging Face Hub: fetched once, checked by checksum, and pushed there. Imports no torch.

Only data is fetched (safetensors, JSON, text, vocabularies): no pickles and no code. The kept library is
huggingface_hub (extra `hub`), which keeps downloads in its own cache.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.engine.files import sha256
from toolkit.errors import CheckpointError, require

SCHEME = "hf://"
FETCHED = ("*.safetensors", "*.json", "*.md", "*.txt", "*.spm", "*.npz")
"""Files of a model; whatever else lies beside them on the Hub is left there."""

_ADDRESS = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_PURPOSE = "The Hugging Face Hub"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model lies on the Hub.

    Attributes:
        repository: `OWNER/NAME`.
        revision: branch, tag or commit; `None` for the newest.
    """

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{SCHEME}{self.repository}{f'@{self.revision}' if self.revision else ''}"


def address(name: str | Path) -> Address | None:
    """What `hf://OWNER/NAME[@REVISION]` means; `None` for anything that does not begin so.

    Raises:
        CheckpointError: it begins so, and goes on otherwise.
    """
    if not isinstance(name, str) or not name.startswith(SCHEME):
        return None
    found = _ADDRESS.fullmatch(name.removeprefix(SCHEME))
    if found is None:
        raise CheckpointError(f"'{name}' is no address of a model on the Hub", f"write {SCHEME}OWNER/NAME")
    return Address(f"{found['owner']}/{found['name']}", found["revision"])


def download(model: Address, needed: str) -> Path:
    """The folder of a model, downloaded where it is not there yet.

    Args:
        model: where it lies.
        needed: a file that must be among it.

    Raises:
        CheckpointError: it cannot be had, is no model of this toolkit, or a file differs from its checksum.
        MissingExtraError: huggingface_hub is not installed.
    """
    library: Any = require("huggingface_hub", "hub", _PURPOSE)
    try:
        folder = Path(
            library.snapshot_download(model.repository, revision=model.revision, allow_patterns=list(FETCHED))
        )
        known = (
            None
            if _offline()
            else library.HfApi().model_info(model.repository, revision=model.revision, files_metadata=True)
        )
    except Exception as error:  # the library raises errors of its own and of several network libraries
        raise CheckpointError(
            f"{model} cannot be had: {error}",
            "check the name and the network, or copy the folder by hand and name it instead",
        ) from error
    if not (folder / needed).is_file():
        raise CheckpointError(f"{model} holds no {needed}, so it is no model of this toolkit", "check the name")
    for file in [] if known is None else known.siblings:
        _check(folder / file.rfilename, file, model)
    return folder


def push(folder: Path, repository: str, private: bool = True) -> str:
    """Put a model folder on the Hub.

    Args:
        folder: the model.
        repository: `OWNER/NAME`; made where it is not there yet.
        private: who sees a new repository.

    Returns:
        Where it can be seen.

    Raises:
        CheckpointError: it did not work, e.g. for want of a token.
        MissingExtraError: huggingface_hub is not installed.
    """
    library: Any = require("huggingface_hub", "hub", _PURPOSE)
    client = library.HfApi()
    try:
        client.create_repo(repository, private=private, exist_ok=True)
        return str(client.upload_folder(repo_id=repository, folder_path=str(folder)))
    except Exception as error:  # as above
        raise CheckpointError(
            f"{folder} cannot be put to {repository}: {error}", "log in first: `hf auth login`, or set HF_TOKEN"
        ) from error


def _check(file: Path, known: Any, model: Address) -> None:
    """Large files have a sha256 on the Hub; those that were fetched must have it too."""
    stored = getattr(known, "lfs", None)
    wanted = stored.get("sha256") if isinstance(stored, dict) else getattr(stored, "sha256", None)
    if wanted is None or not file.is_file():
        return
    found = sha256(file)
    if found != wanted:
        raise CheckpointError(
            f"{file} of {model} is damaged: its sha256 is {found[:12]}..., the Hub says {wanted[:12]}...",
            "delete it, and it is downloaded again",
        )


def _offline() -> bool:
    """Whether the user has told huggingface_hub to stay offline: then only its cache is asked."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
