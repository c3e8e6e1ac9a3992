"""Folders of recordings made for the tests of this folder."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.speech.sounds import noise, tone, write
from toolkit.speech.files import Wave

RATE = 8000


def clip(number: int = 0, seconds: float = 0.6) -> Wave:
    """A tone in a little noise, another one for each number."""
    wave: Wave = tone(seconds, RATE, 200 + 30 * number, 0.3) + noise(round(seconds * RATE), 0.01, number)
    return wave


def clips(folder: Path, names: Iterable[str] = ("a.wav", "b.wav", "c.wav", "d.wav")) -> Path:
    for number, name in enumerate(names):
        write(folder / name, clip(number), RATE)
    return folder


def bad_files(folder: Path) -> Path:
    """One of each kind of file that recordings come with in practice."""
    write(folder / "tiny.wav", np.full(3, 0.1, dtype=np.float32), RATE)
    write(folder / "stereo.wav", np.stack([clip(1), clip(2)], axis=1), RATE)
    write(folder / "eight.wav", clip(3), RATE, subtype="PCM_U8")
    write(folder / "deep.wav", clip(4), RATE, subtype="PCM_24")
    write(folder / "high.wav", tone(0.6, 96_000, 300, 0.3), 96_000)
    write(folder / "silent.wav", np.zeros(6000, dtype=np.float32), RATE)
    write(folder / "clipped.wav", np.clip(20 * clip(5), -1, 1), RATE)
    broken = clip(6)
    broken[100] = np.nan
    write(folder / "nan.wav", broken, RATE, subtype="FLOAT")
    whole = write(folder / "cut.flac", noise(20_000), RATE).read_bytes()
    (folder / "cut.flac").write_bytes(whole[: len(whole) // 2])
    write(folder / "misnamed.wav", tone(1.0, 16_000, 300, 0.3), 16_000, format="MP3", subtype="MPEG_LAYER_III")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "words.wav").write_text("this is no sound")
    return folder


def archive(file: Path, folder: Path) -> Path:
    """A tar file with everything in a folder."""
    with tarfile.open(file, "w") as content:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                content.add(path, path.relative_to(folder).as_posix())
    return file
