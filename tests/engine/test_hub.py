"""The Hub through a stand-in for its library: a folder on the disk plays the server."""

from __future__ import annotations

import hashlib
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from toolkit.engine import hub
from toolkit.engine.models import read_model, save_model
from toolkit.engine.shelf import locate_model
from toolkit.errors import CheckpointError, MissingExtraError


class Server:
    """What `huggingface_hub` would be: repositories are folders."""

    def __init__(self, root: Path) -> None:
        self.root, self.cache, self.private = root / "server", root / "cache", True
        self.asked: list[str | None] = []

    def snapshot_download(self, repository: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        self.asked.append(revision)
        source, target = self.root / repository, self.cache / repository
        if not source.is_dir():
            raise OSError("404: Repository Not Found")
        for file in source.iterdir():
            if any(fnmatch(file.name, pattern) for pattern in allow_patterns) and not (target / file.name).exists():
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        target.mkdir(parents=True, exist_ok=True)
        return str(target)

    def HfApi(self) -> Any:
        return SimpleNamespace(model_info=self.model_info, create_repo=self.create_repo, upload_folder=self.upload)

    def model_info(self, repository: str, *, revision: str | None, files_metadata: bool) -> Any:
        files = sorted((self.root / repository).iterdir())
        large = [file for file in files if file.suffix == ".safetensors"]
        digests = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in large}
        return SimpleNamespace(
            siblings=[
                SimpleNamespace(rfilename=file.name, lfs={"sha256": digests[file]} if file in digests else None)
                for file in files
            ]
        )

    def create_repo(self, repository: str, *, private: bool, exist_ok: bool) -> None:
        if not (self.root / repository).is_dir():
            self.private = private
            (self.root / repository).mkdir(parents=True)

    def upload(self, *, repo_id: str, folder_path: str) -> str:
        shutil.copytree(folder_path, self.root / repo_id, dirs_exist_ok=True)
        return f"https://example.org/{repo_id}"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    found = Server(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", found)  # type: ignore[arg-type]
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_model(tmp_path / "mine", {"weight": torch.arange(3.0)}, {"pipeline": "image"}, "# mine\n")
    return tmp_path / "mine"


def test_a_model_that_was_pushed_is_found_by_its_address(server: Server, model: Path) -> None:
    assert hub.push(model, "me/mine") == "https://example.org/me/mine"
    assert server.private, "nobody else sees a new repository unless told so"
    folder = locate_model("hf://me/mine@v1")
    assert torch.equal(read_model(folder).weights["weight"], torch.arange(3.0))
    assert server.asked == ["v1"]


def test_code_and_pickles_stay_on_the_server(server: Server, model: Path) -> None:
    hub.push(model, "me/mine")
    for name in ("model.bin", "setup.py", "weights.pt"):
        (server.root / "me/mine" / name).write_bytes(b"evil")
    assert {file.name for file in locate_model("hf://me/mine").iterdir()} == {
        "README.md",
        "config.json",
        "model.safetensors",
    }


def test_a_download_that_differs_from_its_checksum_is_refused(server: Server, model: Path) -> None:
    hub.push(model, "me/mine")
    file = locate_model("hf://me/mine") / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match=r"model\.safetensors of hf://me/mine is damaged.*sha256"):
        locate_model("hf://me/mine")


def test_offline_the_cache_is_enough(server: Server, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.push(model, "me/mine")
    locate_model("hf://me/mine")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(server, "model_info", None)
    assert (locate_model("hf://me/mine") / "config.json").is_file()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hf://nobody/nothing", "cannot be had: 404"),
        ("hf://only-an-owner", "no address of a model on the Hub"),
        ("hf://me/../../etc", "no address of a model on the Hub"),
        ("hf://me/empty", r"holds no config\.json"),
    ],
)
def test_what_cannot_be_had_is_explained(server: Server, name: str, words: str) -> None:
    (server.root / "me/empty").mkdir(parents=True)
    with pytest.raises(CheckpointError, match=words):
        locate_model(name)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises((MissingExtraError, ImportError), match="hub"):
        locate_model("hf://me/mine")


def test_other_names_never_ask_the_network(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no run or model at me/mine"):
        locate_model("me/mine")
    assert server.asked == []
