from __future__ import annotations

import io
from itertools import product

import numpy as np
import pytest
from PIL import Image

from toolkit.data.channels import with_channels
from toolkit.data.images import decode_image, mode_of


@pytest.mark.parametrize(("before", "after"), list(product((1, 3, 4), repeat=2)), ids=lambda count: f"{count}")
def test_stored_pictures_change_as_files_do_when_they_are_decoded(before: int, after: int) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (3, 5, 5, before), dtype=np.uint8)
    decoded = []
    for picture in stored:
        file = io.BytesIO()
        Image.fromarray(picture[..., 0] if before == 1 else picture).save(file, "PNG")
        decoded.append(decode_image(file.getvalue(), mode_of(after)))
    assert np.array_equal(with_channels(stored, after), np.stack(decoded))
