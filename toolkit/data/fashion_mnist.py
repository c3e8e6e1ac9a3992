"""Fashion-MNIST as a data set."""

from __future__ import annotations

from toolkit.data.mnist_family import MNISTFamily, Release

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

RELEASE = Release(
    title="Fashion-MNIST",
    name="fashion-mnist",
    recipe="image/fashion_mnist",
    address="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    md5={
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
"""The files (30 MB) of Zalando Research, with the checksums in its README (zalandoresearch/fashion-mnist)."""


class FashionMNIST(MNISTFamily):
    """Fashion-MNIST: grey pictures of clothes in ten classes, 28 x 28, with a fixed test set.

    Source: H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", arXiv:1708.07747, 2017 (MIT licence). A sample's key is its split and its row in the official file.

    Args:
        path: folder with `fashion-mnist-train.npz` and `fashion-mnist-test.npz`; by default `fashion-mnist` in
            `$TOOLKIT_DATA` or in the user's cache folder.
        resolution: side of the pictures; 32 adds a black border of two pixels.

    Raises:
        DataError: the files are absent or damaged.
    """

    release = RELEASE
    class_names = CLASSES

    def __init__(self, path: str | None = None, resolution: int = 32) -> None:
        super().__init__(path, resolution)
