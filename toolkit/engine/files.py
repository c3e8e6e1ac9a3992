"""Writing files and folders so that a crash, a kill or a full disk never leaves half of one.

Everything is written beside its final place under a temporary name, pushed to the disk with fsync, then renamed. A
rename within one folder is atomic on every file system that matters, so a reader sees the old content or the new one.

Temporary names start with a dot and end in `.partial` (being written) or `.replaced` (the old one of a folder that is
being exchanged); `remove_leftovers` puts right what an interrupted writer left behind.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import CheckpointError, TrainingError

PARTIAL = ".partial"
REPLACED = ".replaced"
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.\d+-[0-9a-f]{8}(?P<kind>\.partial|\.replaced)")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_IN_WORDS = re.compile(rf"(os error|code:) ({errno.ENOSPC}|{errno.EDQUOT})\b")  # how Rust prints them


def atomic_write(path: Path, data: bytes | str) -> None:
    """Write a file whole or not at all, replacing an existing one.

    Args:
        path: the file; its folder is made when it is missing. A symbolic link is followed.
        data: the content; text is stored as UTF-8 with its line ends unchanged.

    Raises:
        TrainingError: the disk is full.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary file that becomes `path` when the block ends well, and vanishes when it does not.

    Args:
        path: the file to make or replace; its folder is made when it is missing. A symbolic link is followed.

    Yields:
        The temporary path, where nothing is yet. Write it whole, or little by little, and close it.

    Raises:
        TrainingError: the disk is full.
    """
    path = Path(path).resolve()
    temporary = _sibling(path, PARTIAL)
    try:
        with explain_disk_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)
            _sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """A temporary folder that becomes `final` when the block ends well, and vanishes when it does not.

    An existing `final` is replaced as a whole: renamed aside, the new one renamed in, the old one deleted.

    Args:
        final: the folder to make. A symbolic link is followed, so that the temporary folder is on the same disk.

    Yields:
        The temporary folder, empty. Write into it and close every file.

    Raises:
        CheckpointError: `final` is a file.
        TrainingError: the disk is full.
    """
    final = Path(final).resolve()
    if final.is_file():
        raise CheckpointError(f"{final} is a file, not a folder", "choose another folder, or move the file away")
    temporary = _sibling(final, PARTIAL)
    try:
        with explain_disk_full(final):
            temporary.mkdir(parents=True)
            yield temporary
            _sync_tree(temporary)
            _exchange(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # the first error is the one to tell
        raise


def remove_leftovers(folder: Path) -> list[Path]:
    """Put right what interrupted writers left in `folder`; call it only while nobody else writes there.

    Half-written files and folders are deleted. A folder that was renamed aside is deleted when its replacement is in
    place, and renamed back when it is not.

    Returns:
        The temporary paths that were found.
    """
    found = [path for path in sorted(Path(folder).glob(".*")) if _LEFTOVER.fullmatch(path.name)]
    for path in found:
        final = original(path)
        if path.name.endswith(REPLACED) and final is not None and not final.exists():
            os.rename(path, final)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return found


def original(path: Path) -> Path | None:
    """The final path a temporary name stands for; `None` when `path` is no temporary name.

    >>> original(Path("run/.step-00000200.4711-0badcafe.replaced")).as_posix()
    'run/step-00000200'
    """
    match = _LEFTOVER.fullmatch(path.name)
    return path.with_name(match["name"]) if match else None


@contextmanager
def explain_disk_full(path: Path) -> Iterator[None]:
    """Turn "no space left" and "quota exceeded", however a library words them, into an error with a way out.

    Raises:
        TrainingError: the disk, or the user's share of it, is full.
    """
    try:
        yield
    except Exception as error:
        if not _is_disk_full(error):
            raise
        raise TrainingError(
            f"disk full while writing {path}: nothing already saved was lost",
            "free some space or keep fewer checkpoints, then resume: the run goes on from its last checkpoint",
        ) from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _sibling(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{kind}")


def _is_disk_full(error: BaseException | None) -> bool:
    """Also through the errors of torch (a RuntimeError raised while an OSError was handled) and safetensors (text)."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if type(error).__name__ == "SafetensorError" and _FULL_IN_WORDS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _exchange(temporary: Path, final: Path) -> None:
    aside = None
    if final.exists():
        aside = _sibling(final, REPLACED)
        os.rename(final, aside)
    try:
        os.rename(temporary, final)
    except BaseException:
        if aside is not None:
            os.rename(aside, final)
        raise
    _sync(final.parent)
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)  # the new one is in place; `remove_leftovers` takes what stays


def _sync_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            _sync(Path(place, name))
        _sync(Path(place))


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder; its file system journals renames by itself
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
