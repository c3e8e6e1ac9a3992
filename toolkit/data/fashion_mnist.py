"""Fashion-MNIST as a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolkit.data.memory import ArraySource
from toolkit.data.npz import as_labels, as_pictures, fit, read_npz
from toolkit.data.prepare import FASHION_MNIST_FILES, Progress, data_folder, prepare_fashion_mnist
from toolkit.data.source import Array
from toolkit.errors import DataError

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_NAME = "fashion-mnist"


class FashionMNIST(ArraySource):
    """Fashion-MNIST: grey pictures of clothes in ten classes, 28 x 28, with a fixed test set.

    Source: H. Xiao, K. Rasul and R. Vollgraf, arXiv:1708.07747, 2017 (MIT licence). A sample's key is its split and its
    row in the official file.

    Args:
        path: folder with `fashion-mnist-train.npz` and `fashion-mnist-test.npz`; by default `fashion-mnist` in
            `$TOOLKIT_DATA` or in the user's cache folder.
        resolution: side of the pictures; 32 adds a black border of two pixels.

    Raises:
        DataError: the files are absent or damaged.
    """

    def __init__(self, path: str | None = None, resolution: int = 32) -> None:
        folder = data_folder(_NAME, FASHION_MNIST_FILES) if path is None else Path(path).expanduser()
        absent = [name for name in FASHION_MNIST_FILES if not (folder / name).is_file()]
        if absent:
            raise DataError(
                f"Fashion-MNIST is not in {folder}: {' and '.join(absent)} missing",
                "toolkit prepare image/fashion_mnist   (with --from DIR to take the files from a folder)",
            )
        images, labels = [], []
        keys: list[str] = []
        splits: list[str] = []
        for name, split in zip(FASHION_MNIST_FILES, ("train", "test"), strict=True):
            arrays = read_npz(folder / name, ("images", "labels", "index"))
            stored = as_pictures(arrays["images"], f"'images' in {folder / name}")
            images.append(fit(stored, resolution))
            labels.append(as_labels(arrays["labels"], len(stored), f"'labels' in {folder / name}"))
            rows = as_labels(arrays["index"], len(stored), f"'index' in {folder / name}")
            keys.extend(f"{split}/{row}" for row in rows.tolist())
            splits.extend([split] * len(stored))
        fields: dict[str, Array] = {"image": np.concatenate(images), "label": np.concatenate(labels)}
        super().__init__(fields, keys, CLASSES, splits)

    @classmethod
    def prepare(
        cls, source: Path | None = None, destination: Path | None = None, progress: Progress | None = None
    ) -> Path:
        """Bring the files to this machine: from a folder, or by downloading 30 MB.

        Args:
            source: a folder with the files; `None` downloads them.
            destination: where to put them; the place where the data set is looked for by default.
            progress: called with the bytes of a file so far and in total, while it is downloaded.

        Returns:
            The folder that was filled.

        Raises:
            DataError: see `prepare_fashion_mnist`.
        """
        folder = data_folder(_NAME) if destination is None else destination
        return prepare_fashion_mnist(folder, source, progress=progress)
