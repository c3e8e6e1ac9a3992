"""MNIST as a data set."""

from __future__ import annotations

from toolkit.data.mnist_family import MNISTFamily, Release

RELEASE = Release(
    title="MNIST",
    name="mnist",
    recipe="image/stacked_mnist",
    address="https://ossci-datasets.s3.amazonaws.com/mnist/",
    md5={
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)
"""The original files (12 MB) from a public mirror, with the checksums that are the same at all mirrors."""


class MNIST(MNISTFamily):
    """MNIST: handwritten digits, grey, 28 x 28, with a fixed test set.

    Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (11), 1998, section III. The data is usually given as CC BY-SA 3.0 (LeCun and Cortes). A
    sample's key is its split and its row in the official file.

    Args:
        path: folder with `mnist-train.npz` and `mnist-test.npz`; by default `mnist` in `$TOOLKIT_DATA` or in the
            user's cache folder.
        resolution: side of the pictures; 32 adds a black border of two pixels.

    Raises:
        DataError: the files are absent or damaged.
    """

    release = RELEASE
    class_names = tuple(str(digit) for digit in range(10))

    def __init__(self, path: str | None = None, resolution: int = 32) -> None:
        super().__init__(path, resolution)
