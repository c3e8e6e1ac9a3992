from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError

from toolkit.engine import files
from toolkit.engine.files import atomic_folder, atomic_write, explain_disk_full, remove_leftovers, sha256
from toolkit.errors import CheckpointError, TrainingError

# Its words in two versions. The real function must not be given the device: it would replace it by a file.
WORDS = {
    "safetensors": f"Error while serializing: I/O error: No space left on device (os error {errno.ENOSPC})",
    "safetensors 0.4": f"Error while serializing: IoError(Os {{ code: {errno.ENOSPC}, kind: StorageFull }})",
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make_folder(path: Path) -> None:
    with atomic_folder(path) as folder:
        (folder / "file").write_text("x")


@given(content=st.one_of(st.binary(), st.text(st.characters(codec="utf-8"))))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_is_stored_byte_for_byte_and_replaces_the_old_one(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "new" / "folder" / "file"
    atomic_write(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    atomic_write(path, "old")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "the disk is on fire")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="on fire"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    atomic_write(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_text() == "text"


def test_a_folder_appears_only_when_its_block_ends(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "final"
    with atomic_folder(final) as folder:
        assert folder.parent == final.parent  # a rename is atomic only within one file system
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
        assert not final.exists()
    assert (final / "inner" / "file").read_text() == "x"
    assert names(final.parent) == ["final"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    final = tmp_path / "final"
    for name in ("first", "second"):
        with atomic_folder(final) as folder:
            (folder / name).write_text(name)
    assert names(final) == ["second"]
    assert names(tmp_path) == ["final"]


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()])
def test_an_error_in_the_block_leaves_the_old_folder_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    final = tmp_path / "final"
    with atomic_folder(final) as folder:
        (folder / "old").write_text("")

    def fail() -> None:
        with atomic_folder(final) as folder:
            (folder / "new").write_text("")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names(tmp_path) == ["final"]
    assert names(final) == ["old"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_be_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = tmp_path / "final"
    with atomic_folder(final) as folder:
        (folder / "old").write_text("")
    rename = os.rename

    def refuse_the_new_one(source: Path, target: Path) -> None:
        if Path(source).name.endswith(files.PARTIAL):
            raise OSError(errno.EIO, "broken")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse_the_new_one)
    with pytest.raises(OSError, match="broken"), atomic_folder(final) as folder:
        (folder / "new").write_text("")
    assert names(final) == ["old"]
    assert names(tmp_path) == ["final"]


def test_a_folder_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(CheckpointError, match="is a file"), atomic_folder(tmp_path / "file"):
        pass
    assert (tmp_path / "file").read_text() == "precious"


def test_every_file_and_folder_is_synced_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    sync, rename = files._sync, os.rename
    monkeypatch.setattr(files, "_sync", lambda path: (events.append(path.name), sync(path)))
    monkeypatch.setattr(os, "rename", lambda old, new: (events.append("rename"), rename(old, new)))
    with atomic_folder(tmp_path / "final") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
    assert events == ["file", "inner", folder.name, "rename", tmp_path.name]


def test_leftovers_are_removed_and_a_folder_put_aside_comes_back(tmp_path: Path) -> None:
    for name in (".a.1-00000000.partial", ".b.1-00000000.replaced", ".c.1-00000000.replaced", "c", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    (tmp_path / ".file.json.22-0badcafe.partial").write_text("half")
    assert len(remove_leftovers(tmp_path)) == 4
    assert names(tmp_path) == [".hidden", "b", "c"]
    assert (tmp_path / "b" / "content").read_text() == ".b.1-00000000.replaced"  # nothing had taken its place
    assert (tmp_path / "c" / "content").read_text() == "c"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("write", ["file", "folder"])
def test_a_full_disk_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, write: str) -> None:
    def full(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    attempt = {"file": lambda: atomic_write(tmp_path / "new", "text"), "folder": lambda: make_folder(tmp_path / "new")}
    with pytest.raises(TrainingError, match=r"disk full while writing .*: nothing already saved was lost") as caught:
        attempt[write]()
    assert "free some space" in caught.value.way_out
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("library", ["python", "torch", *WORDS])
def test_a_full_disk_is_recognised_however_a_library_words_it(library: str) -> None:
    def write() -> None:
        if library in WORDS:
            raise SafetensorError(WORDS[library])
        with open("/dev/full", "wb") as file:
            if library == "torch":
                torch.save({"a": torch.zeros(100_000)}, file)
            file.write(b"x" * 100_000)

    with pytest.raises(TrainingError, match="disk full"), explain_disk_full(Path("run")):
        write()


def test_other_errors_pass_through_unexplained() -> None:
    with pytest.raises(PermissionError), explain_disk_full(Path("run")):
        raise PermissionError(errno.EACCES, "no")


def test_sha256_reads_the_whole_file(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000  # more than one block
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
