"""Decoding with libsndfile, and what its short words mean: every way a file can be bad, as one error.

libsndfile calls a missing file a system error, takes half a WAV for a whole one, and says "Format not recognised" of an
empty file. Here each of these gets a name and a way out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from toolkit.data.source import SampleError
from toolkit.errors import DataError, require

Wave: TypeAlias = npt.NDArray[np.float32]

CONVERT = "convert it with `ffmpeg -i FILE -ac 1 NEW.wav`, or leave it out"
AGAIN = "copy or download it again, or leave it out"
DECODER_ERRORS = (RuntimeError, TypeError, ValueError, OSError)
"""What soundfile raises, depending on where it notices that something is wrong."""

_BLOCK = 1 << 18  # samples decoded at once: bounds the memory that channels beyond the first need
_STREAMED = 0x7F000000  # who writes WAV into a pipe announces about 2 or 4 GiB, not knowing the true length
_UNKNOWN = 1 << 50  # libsndfile's length of a stream whose header names none is about 2 ** 63
_NOTED = re.compile(r"^\s*(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OGG_PAGE = 65307  # bytes of the longest page
_MISSING = 0.05  # share of an mp3 or Ogg file that may be missing: their headers only estimate the length


class AudioFileError(SampleError):
    """An audio file cannot be read or written; the message names it, what is wrong and the way out.

    Args:
        name: the file.
        reason: what is wrong with it, without the name.
        way_out: what the user can do about it.
    """

    def __init__(self, name: str, reason: str, way_out: str = CONVERT) -> None:
        self.reason = reason
        DataError.__init__(self, f"{name}: {reason}", way_out)


def check_file(path: Path, called: str) -> None:
    """What can be said of a file without decoding it; libsndfile calls all of this a system error."""
    try:
        size = os.stat(path).st_size
        if path.is_dir():
            raise AudioFileError(called, "is a folder, not an audio file", "name one of the files in it")
        if not path.is_file():
            raise AudioFileError(called, "is no regular file", "name an audio file")
        with open(path, "rb"):
            pass
    except FileNotFoundError:
        raise AudioFileError(called, "does not exist", "check the path") from None
    except OSError as error:
        raise AudioFileError(called, f"cannot be opened: {error.strerror}", "check the path and its rights") from error
    if size == 0:
        raise AudioFileError(called, "the file is empty", AGAIN)


def decode(path: Path, called: str) -> tuple[Wave, int]:
    """All samples of a file, the mean of its channels, and its sample rate.

    Raises:
        AudioFileError: the file is truncated, damaged or not audio.
    """
    soundfile = soundfile_for("Reading audio files")
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate, expected = int(file.samplerate), int(file.frames)
            blocks = []
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                blocks.append(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1))
            wave: Wave = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
            missing = _missing(file, path, len(wave), expected)
    except DECODER_ERRORS as error:
        raise AudioFileError(called, *explained(error)) from error
    if missing:
        raise AudioFileError(called, f"is truncated: {missing}", AGAIN)
    return wave, rate


def _missing(file: Any, path: Path, found: int, expected: int) -> str:
    """Words for what a truncated file lacks; empty for a whole one."""
    exact = file.format not in ("MP3", "OGG")
    noted = _NOTED.search(file.extra_info)  # of a WAV, AIFF or AU, libsndfile takes what is there, and makes a note
    if noted is not None and int(noted[2]) < int(noted[1]) < _STREAMED:
        if not int(noted[2]):
            return "it ends after its header"
        expected = found * int(noted[1]) // int(noted[2])
    if 0 < expected < _UNKNOWN and found < (expected if exact else expected * (1 - _MISSING)):
        rate = int(file.samplerate)
        return f"its header announces {expected / rate:.2f} s, it holds {found / rate:.2f} s"
    if file.format == "OGG" and not _has_last_page(path):
        return f"it ends after {found / int(file.samplerate):.2f} s without a last page"
    return ""


def _has_last_page(path: Path) -> bool:
    """Whether an Ogg file ends with a page that is marked as the last (RFC 3533, section 6, header type)."""
    with open(path, "rb") as file:
        file.seek(-min(_OGG_PAGE, os.path.getsize(path)), os.SEEK_END)
        ending = file.read()
    place = ending.rfind(b"OggS")
    return place >= 0 and len(ending) > place + 5 and bool(ending[place + 5] & 4)


def explained(error: Exception) -> tuple[str, str]:
    """What libsndfile's words mean for this file, and the way out."""
    words = first_line(error)
    if re.search(r"lost sync|unimplemented format|malformed|Malformed", words):
        return f"is damaged or truncated ({words})", AGAIN
    return f"is not audio that can be read ({words})", CONVERT


def first_line(error: Exception) -> str:
    """The reason a library gives, without the file's name and its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"^Error opening .*?: |^Error : ", "", lines[0]).rstrip(".")


def soundfile_for(purpose: str) -> Any:
    """The package soundfile.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("soundfile", "speech", purpose)
