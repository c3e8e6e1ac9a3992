"""How a folder of pictures is laid out: which first folders are splits, which are classes."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.data.source import standard_split


class Layout:
    """What the folders of a data set mean, read from the keys of its pictures.

    When the first sub folders are called `train` and `test` (or `validation`, `val`, ...) and nothing else, they are
    splits, and classes are the folders inside them; otherwise the first sub folders are classes.

    Args:
        keys: paths below the data folder, with `/` between their parts.

    Attributes:
        fixes_splits: whether the first sub folders are splits.

    >>> layout = Layout(["train/cats/1.png", "test/cats/2.png"])
    >>> layout.split_of("test/cats/2.png"), layout.class_of("test/cats/2.png")
    ('test', 'cats')
    """

    def __init__(self, keys: Iterable[str]) -> None:
        tops = {key.split("/")[0] if "/" in key else "" for key in keys}
        self.fixes_splits = "train" in tops and all(standard_split(top) for top in tops)

    def split_of(self, key: str) -> str | None:
        """`train`, `validation` or `test` where the folders fix it."""
        return standard_split(key.split("/")[0]) if self.fixes_splits else None

    def class_of(self, key: str) -> str:
        """Name of the class folder; empty outside any."""
        folders = key.split("/")[1 if self.fixes_splits else 0 : -1]
        return folders[0] if folders else ""
