"""Noto Emoji as a data set: small colour pictures with transparency."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.data.channels import hide
from toolkit.data.emoji_files import FILES, PUBLISHED, area_average, convert_emoji, read_emoji
from toolkit.data.memory import ArraySource
from toolkit.data.prepare import Progress, data_folder, written
from toolkit.data.source import Array
from toolkit.errors import ConfigError, DataError, Problem

NAME = "noto-emoji-64"
"""The folder of the data set."""


class Emoji(ArraySource):
    """Noto Emoji: 3,085 emoji in colour with transparency, 64 x 64, of 1,495 kinds.

    Source: googlefonts/noto-emoji, commit b3e3051a (Google LLC; fonts SIL OFL 1.1, tools and most pictures
    Apache-2.0); flags are not in it.

    *Variants.* More than half are skin tones of others. Those of one kind (the same code points apart from the tone)
    stand next to each other, share one visit per epoch (`weights`) and fall into the same split (`group`), so that
    training sees each kind equally often and no test picture is a recoloured training picture.

    *Transparency.* A picture is red, green, blue and opacity, with colours that are not multiplied by the opacity: what
    a PNG file holds, so generated pictures are saved as they are, and the loss sees a faint pixel's colour as well as a
    solid one's. Where the opacity is 0 the stored colour means nothing and is whatever the drawing left there; it is
    set to white, so that nothing random is learnt, and so that a viewer without transparency, or a metric that drops
    it, sees the emoji on white. Premultiplied colours would need no such choice, but whatever shows, saves or exports a
    picture would have to divide by a generated opacity, which turns small errors at the edge into strange colours.

    Args:
        path: folder with `noto-emoji-64.npz` and `metadata.csv`; by default `noto-emoji-64` in `$TOOLKIT_DATA` or in
            the user's cache folder.
        resolution: side of the pictures; below 64 the mean of whole squares of pixels, weighted by opacity.
        labels: `kind` makes each kind a class, for a classifier whose features tell emoji apart.

    Raises:
        ConfigError: another resolution.
        DataError: the files are absent or damaged, or do not fit each other.
    """

    def __init__(
        self, path: str | None = None, resolution: Literal[8, 16, 32, 64] = 64, labels: Literal["none", "kind"] = "none"
    ) -> None:
        if resolution not in (8, 16, 32, 64):
            raise ConfigError([Problem("resolution", f"is {resolution}; the emoji come in 8, 16, 32 or 64 pixels")])
        folder = data_folder(NAME, FILES) if path is None else Path(path).expanduser()
        absent = [name for name in FILES if not (folder / name).is_file()]
        if absent:
            raise DataError(
                f"the emoji are not in {folder}: {' and '.join(absent)} missing",
                "toolkit prepare image/emoji --from DIR   (see recipes/image/emoji/README.md for how DIR is had)",
            )
        images, lines = read_emoji(folder)
        order = sorted(range(len(lines)), key=lambda place: (lines[place]["base"], lines[place]["name"]))
        lines = [lines[place] for place in order]
        pictures = hide(area_average(images[order], resolution))
        self.bases = [line["base"] for line in lines]
        fields: dict[str, Array] = {"image": pictures}
        kinds = sorted(set(self.bases))
        if labels == "kind":
            numbers = {base: number for number, base in enumerate(kinds)}
            fields["label"] = np.array([numbers[base] for base in self.bases])
        super().__init__(fields, [line["name"] for line in lines], kinds if labels == "kind" else ())
        sizes = Counter(self.bases)
        self.weights: Array = np.array([1 / sizes[base] for base in self.bases])

    def group(self, index: int) -> str:
        """The code points of the sample, apart from its skin tones."""
        return self.bases[index]

    @classmethod
    def prepare(
        cls, source: Path | None = None, destination: Path | None = None, progress: Progress | None = None
    ) -> Path:
        """Put the two files to where they are looked for.

        Args:
            source: the folder that holds them, or a copy of googlefonts/noto-emoji, of whose pictures they are made;
                `None` only checks that they are there.
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
            cls(str(ready))  # it is not downloaded, but may be there; otherwise the error says what to do
            return ready
        source = source.expanduser()
        if (source / PUBLISHED).is_dir():
            return convert_emoji(source, folder)
        cls(str(source))  # says what is missing or damaged
        if source.resolve() != folder.resolve():
            for name in FILES:
                with written(folder / name) as file, (source / name).open("rb") as original:
                    shutil.copyfileobj(original, file)
        return folder
