from __future__ import annotations

import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.data.channels import with_channels
from toolkit.data.folder import ImageFolder
from toolkit.data.images import decode_image, mode_of
from toolkit.data.npz import ArrayFile


@pytest.mark.parametrize(("before", "after"), list(product((1, 3, 4), repeat=2)), ids=lambda count: f"{count}")
def test_stored_pictures_change_as_files_do_when_they_are_decoded(before: int, after: int) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (3, 5, 5, before), dtype=np.uint8)
    decoded = []
    for picture in stored:
        file = io.BytesIO()
        Image.fromarray(picture[..., 0] if before == 1 else picture).save(file, "PNG")
        decoded.append(decode_image(file.getvalue(), mode_of(after)))
    assert np.array_equal(with_channels(stored, after), np.stack(decoded))


def test_pictures_that_look_alike_are_read_alike(tmp_path: Path) -> None:
    """What is stored where nothing shows depends on the drawing program; no feature or loss may see it."""
    seen = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 4), dtype=np.uint8)
    seen[:, :4, :, 3] = 0
    other = seen.copy()
    other[:, :4, :, :3] = 7
    read = []
    for place, stored in enumerate((seen, other)):
        folder = tmp_path / f"{place}"
        folder.mkdir()
        for number, picture in enumerate(stored):
            Image.fromarray(picture).save(folder / f"{number}.png")
        np.savez(tmp_path / f"{place}.npz", images=stored)
        archive = ArrayFile(str(tmp_path / f"{place}.npz"), labels=None)
        files = ImageFolder(str(folder), 8, 4)
        read.append([source[number]["image"] for source in (files, archive) for number in range(2)])
    assert np.array_equal(read[0], read[1])
    assert (read[0][0][:4, :, :3] == 255).all()
    assert np.array_equal(read[0][0][4:], seen[0, 4:])
