"""Rendered faces of people who do not exist, with exact landmarks, as a data set."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolkit.data.background import default_threads
from toolkit.data.images import decode_image
from toolkit.data.memory import ArraySource
from toolkit.data.prepare import Progress, data_folder, written
from toolkit.data.source import Array
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.face.geometry import COUNT

NAME = "makehuman-faces"
"""The folder of the data set."""
FILES = ("makehuman-faces.tar", "labels.json")
EXPRESSIONS = ("blink", "browup", "frown", "open", "pucker", "sad", "smile", "wide")
"""Names of the expression weights, in the order of `expression`."""
SIDE = 128
HELD_OUT = 80
"""Identities that are never trained on: the last ones of the set."""


class RenderedFaces(ArraySource):
    """Rendered faces: 450 people who do not exist, 8 views each, 128 x 128, with exact landmarks, pose and expression.

    Made of MakeHuman's CC0 assets (base mesh, targets and hair meshes of makehumancommunity); CC0 1.0. View 0 is
    frontal and neutral, views 1 to 7 have random poses (yaw up to 34 degrees, pitch 14, roll 9) and up to two
    expressions.

    A sample is `image`, uint8 [R, R, 3]; `landmarks`, float32 [68, 2] in pixels of that picture; `identity` and `view`,
    whole numbers; `pose`, float32 [3], yaw, pitch and roll in degrees (`toolkit.face.pose.Pose`); `expression`,
    float32 [8], the weights of `EXPRESSIONS`.

    *Splits.* The last 80 identities are the test split, all others training: never one person in both.

    Args:
        path: folder with `makehuman-faces.tar` and `labels.json`; by default `makehuman-faces` in `$TOOLKIT_DATA` or in
            the user's cache folder.
        resolution: side of the pictures in pixels, up to 128.
        labels: `identity` makes each person a class, for an embedder.

    Raises:
        ConfigError: the resolution is out of range.
        DataError: the files are absent or damaged, or do not fit each other.
    """

    def __init__(
        self, path: str | None = None, resolution: int = SIDE, labels: Literal["none", "identity"] = "none"
    ) -> None:
        if not 16 <= resolution <= SIDE:
            message = f"is {resolution}; the pictures have {SIDE} pixels, and 16 is the least"
            raise ConfigError([Problem("resolution", message)])
        folder = data_folder(NAME, FILES) if path is None else Path(path).expanduser()
        absent = [name for name in FILES if not (folder / name).is_file()]
        if absent:
            raise DataError(
                f"the rendered faces are not in {folder}: {' and '.join(absent)} missing",
                "set TOOLKIT_DATA to the folder that holds makehuman-faces, or give its path",
            )
        described = _read_labels(folder / FILES[1])
        pictures = _read_pictures(folder / FILES[0])
        names = sorted(described)
        if set(names) != set(pictures) or len(names) < 2:
            different = len(set(names) ^ set(pictures))
            raise DataError(f"{folder}: {different} pictures or labels have no counterpart", "get both files again")

        def decoded(name: str) -> Array:
            return decode_image(pictures[name], "RGB", resolution, name=name)

        with ThreadPoolExecutor(default_threads()) as pool:
            images = np.stack(list(pool.map(decoded, names)))
        fields = {"image": images, **_columns(described, names, resolution / SIDE)}
        people = sorted(set(fields["identity"].tolist()))
        if labels == "identity":
            places = {person: place for place, person in enumerate(people)}
            fields["label"] = np.array([places[person] for person in fields["identity"].tolist()])
        held_out = set(people[-HELD_OUT:]) if len(people) > HELD_OUT else set(people[-max(1, len(people) // 5) :])
        self.identities: Array = fields["identity"]
        super().__init__(
            fields,
            [Path(name).stem for name in names],
            [f"{person:04}" for person in people] if labels == "identity" else (),
            ["test" if person in held_out else "train" for person in fields["identity"].tolist()],
        )

    def group(self, index: int) -> str:
        """The person that the sample shows."""
        return f"{int(self.identities[index]):04}"

    @classmethod
    def prepare(
        cls, source: Path | None = None, destination: Path | None = None, progress: Progress | None = None
    ) -> Path:
        """Put the two files to where they are looked for.

        Args:
            source: the folder that holds them; `None` only checks that they are there.
            destination: where to put them; the place where the data set is looked for by default.
            progress: not called; nothing is downloaded.

        Returns:
            The folder that was filled.

        Raises:
            DataError: no source and nothing there yet, or something incomplete or damaged.
        """
        folder = data_folder(NAME) if destination is None else destination
        if source is None:
            ready = data_folder(NAME, FILES) if destination is None else destination
            cls(str(ready), 16)
            return ready
        source = source.expanduser()
        cls(str(source), 16)  # says what is missing or damaged
        if source.resolve() != folder.resolve():
            for name in FILES:
                with written(folder / name) as file, (source / name).open("rb") as original:
                    shutil.copyfileobj(original, file)
        return folder


def _read_labels(file: Path) -> dict[str, Mapping[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}", "get the file again") from error
    if not isinstance(content, dict) or not all(isinstance(value, dict) for value in content.values()):
        raise DataError(f"{file} does not describe pictures by name", "get the file again")
    return content


def _read_pictures(file: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(file, "r:") as archive:
            found = {}
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is not None:
                    found[Path(member.name).name] = stream.read()
            return found
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{file} cannot be read: {error}", "get the file again") from error


def _columns(described: Mapping[str, Mapping[str, Any]], names: list[str], scale: float) -> dict[str, Array]:
    """Landmarks, identities, views, poses and expressions of pictures as arrays."""
    count = len(names)
    landmarks, pose = np.zeros((count, COUNT, 2), np.float32), np.zeros((count, 3), np.float32)
    expression = np.zeros((count, len(EXPRESSIONS)), np.float32)
    identity, view = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for row, name in enumerate(names):
        line = described[name]
        try:
            landmarks[row] = np.asarray(line["lm"], dtype=np.float32)
            pose[row] = np.degrees([line["yaw"], line["pitch"], line["roll"]])
            identity[row], view[row] = line["id"], int(Path(name).stem.rpartition("_")[2])
            for key, weight in line["expr"].items():
                expression[row, EXPRESSIONS.index(key)] = weight
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"the label of {name} is not as expected: {error!r}", "get labels.json again") from error
    fields: dict[str, Array] = {"landmarks": landmarks * np.float32(scale), "identity": identity, "view": view}
    return {**fields, "pose": pose, "expression": expression}
