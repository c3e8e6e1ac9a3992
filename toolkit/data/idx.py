"""The IDX format of the MNIST family: a magic number, the sizes, the bytes.

The magic number is 0, 0, a type (8 = unsigned byte) and the number of dimensions; sizes are 32-bit big-endian integers
(Y. LeCun, C. Cortes and C. Burges, "The MNIST database", section "File formats").
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from toolkit.data.images import Pixels
from toolkit.errors import DataError

_UNSIGNED_BYTE = 8


def read_idx(file: Path) -> Pixels:
    """The array of unsigned bytes in a gzip-compressed IDX file.

    Raises:
        DataError: the file is missing, truncated or something else.
    """
    try:
        with gzip.open(file, "rb") as stream:
            content = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} is not a readable gzip file: {error}", "download it again") from error
    dimensions = content[3] if len(content) >= 4 else 0
    if content[:3] != bytes((0, 0, _UNSIGNED_BYTE)) or dimensions == 0 or len(content) < 4 + 4 * dimensions:
        raise DataError(f"{file} is not an IDX file of unsigned bytes", "download it again")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    start = 4 + 4 * dimensions
    if len(content) - start != math.prod(shape):
        raise DataError(f"{file} holds {len(content) - start} values, but its shape is {shape}", "download it again")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
