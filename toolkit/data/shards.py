"""Pictures in tar files, as WebDataset lays them out."""

from __future__ import annotations

import glob
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.data.images import decode_image, mode_of
from toolkit.data.listing import extensions
from toolkit.data.source import SampleError, Skipped
from toolkit.errors import DataError

_BLOCK = 512  # a tar file is made of blocks of this many bytes and ends with two of zeros


@dataclass(frozen=True, slots=True)
class _Member:
    """Where the bytes of one file lie."""

    shard: Path
    offset: int
    size: int

    def read(self) -> bytes:
        with self.shard.open("rb") as stream:  # opened anew: threads must not share a position
            stream.seek(self.offset)
            return stream.read(self.size)


@dataclass(slots=True)
class _Sample:
    """The files of one sample, by what follows the first dot of their names."""

    name: str
    members: dict[str, _Member] = field(default_factory=dict)

    def picture(self) -> _Member | None:
        for extension, member in self.members.items():
            if os.path.splitext(f"x.{extension}")[1] in extensions():
                return member
        return None

    def label(self) -> int | str | None:
        """The content of `.cls`, or `label` in `.json`; `None` when there is neither.

        Raises:
            ValueError: it is not a label.
        """
        if "cls" in self.members:
            return int(self.members["cls"].read())
        if "json" not in self.members:
            return None
        content = json.loads(self.members["json"].read())
        label = content.get("label") if isinstance(content, dict) else None
        if label is not None and (isinstance(label, bool) or not isinstance(label, (int, str))):
            raise ValueError(f"the label {label!r} is neither a whole number nor a name")
        return label


class TarShards:
    """Pictures in tar files (WebDataset shards), read in any order without unpacking.

    Files of one sample share their name up to the first dot: `0001.jpg` (or another picture), and perhaps its label in
    `0001.cls` (a whole number) or `0001.json` (`{"label": number or name}`). Opening reads the headers and labels once.

    Args:
        path: a folder with `.tar` files, one such file, or a pattern such as `data/train-*.tar`.
        resolution: side of the pictures in pixels.
        channels: 1 (grey), 3 (colour) or 4 (colour and alpha).

    Raises:
        DataError: no such file, or fewer than two pictures.
        ConfigError: there is no such number of channels.
    """

    def __init__(self, path: str, resolution: int = 64, channels: int = 3) -> None:
        self.mode = mode_of(channels)
        self.resolution = resolution
        self.problems: list[Skipped] = []
        self._keys: list[str] = []
        self._pictures: list[_Member] = []
        labels: list[int | str | None] = []
        for shard in _shards(path):
            for sample in _samples(shard, self.problems):
                key = f"{shard.name}/{sample.name}"
                picture = sample.picture()
                if picture is None:
                    continue
                try:
                    label = sample.label()
                except (ValueError, OSError) as error:
                    self.problems.append(Skipped(key, f"its label cannot be read: {error}"))
                    continue
                self._keys.append(key)
                self._pictures.append(picture)
                labels.append(label)
        self.classes, self._labels = self._classify(labels)
        if len(self._keys) < 2:
            first = f"; {self.problems[0].path}: {self.problems[0].reason}" if self.problems else ""
            raise DataError(f"{path} holds {len(self._keys)} usable pictures; training needs at least two{first}")

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, index: int) -> str:
        """Name of the shard and of the sample in it."""
        return self._keys[index]

    def split_of(self, index: int) -> str | None:
        """Shards fix no splits."""
        return None

    def __getitem__(self, index: int) -> dict[str, Any]:
        key = self._keys[index]
        try:
            content = self._pictures[index].read()
        except OSError as error:
            raise SampleError(key, f"cannot be read: {error.strerror}") from error
        item: dict[str, Any] = {"image": decode_image(content, self.mode, self.resolution, name=key)}
        if self._labels:
            item["label"] = self._labels[index]
        return item

    def _classify(self, labels: Sequence[int | str | None]) -> tuple[tuple[str, ...], list[int]]:
        """Class names and numbers; samples without a label leave a labelled set."""
        if all(label is None for label in labels):
            return (), []
        kept = [place for place, label in enumerate(labels) if label is not None]
        missing = [place for place, label in enumerate(labels) if label is None]
        self.problems.extend(Skipped(self._keys[place], "has no label, while others have") for place in missing)
        self._keys = [self._keys[place] for place in kept]
        self._pictures = [self._pictures[place] for place in kept]
        present = [label for label in labels if label is not None]
        numbers = [label for label in present if isinstance(label, int)]
        if len(numbers) == len(present):
            if min(numbers) < 0:
                raise DataError(
                    f"{self._keys[numbers.index(min(numbers))]} has the label {min(numbers)}; they count from 0"
                )
            return tuple(str(number) for number in range(max(numbers) + 1)), numbers
        names = sorted({str(label) for label in present})
        places = {name: place for place, name in enumerate(names)}
        return tuple(names), [places[str(label)] for label in present]


def _shards(path: str) -> list[Path]:
    place = Path(path).expanduser()
    if place.is_dir():
        found = sorted(place.glob("*.tar"))
    elif place.is_file():
        found = [place]
    else:
        found = sorted(Path(name) for name in glob.glob(str(place)))
    if not found:
        raise DataError(
            f"there are no .tar files at {place}", "give a folder with .tar files, or a pattern such as 'data/*.tar'"
        )
    return found


def _samples(shard: Path, problems: list[Skipped]) -> Iterator[_Sample]:
    """The complete samples of a shard; what is missing at its end is added to the problems."""
    samples: dict[str, _Sample] = {}
    try:
        length = shard.stat().st_size
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                folder, _, file = member.name.rpartition("/")
                stem, _, extension = file.partition(".")
                if not member.isreg() or not stem or member.offset_data + member.size > length:
                    continue  # no file, hidden, or cut off
                name = f"{folder}/{stem}" if folder else stem
                place = _Member(shard, member.offset_data, member.size)
                samples.setdefault(name, _Sample(name)).members[extension.lower()] = place
        if not _ends(shard, length):
            problems.append(Skipped(shard.name, "the tar file has no end mark; it may be truncated"))
    except (tarfile.TarError, EOFError) as error:
        reason = (
            "is compressed; unpack it to a plain .tar" if _compressed(shard) else f"is truncated or damaged ({error})"
        )
        problems.append(Skipped(shard.name, f"the tar file {reason}; {len(samples)} samples are used"))
    except OSError as error:
        problems.append(Skipped(shard.name, f"the tar file cannot be opened: {error.strerror or error}"))
    yield from samples.values()


def _ends(shard: Path, length: int) -> bool:
    with shard.open("rb") as stream:
        stream.seek(max(0, length - _BLOCK))
        return not any(stream.read(_BLOCK))


def _compressed(shard: Path) -> bool:
    with shard.open("rb") as stream:
        return stream.read(6).startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"))
