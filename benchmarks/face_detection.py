"""How many portraits a detector and its second opinion accept, and how many drawings, animals and things.

    python benchmarks/face_detection.py --faces uk-mp-portraits.tar interfaces-cc0-256.tar --others DIR emoji.npz

Places are folders, tar archives of pictures, or an npz file with an array `images` (drawings such as emoji; they are
enlarged to 256 pixels: small ones a detector does not see). Told are pictures in which the detector finds a face, and
those of which one is accepted. `--landmarker RUN` measures another landmarker, `--overlay PNG` draws the landmarks.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from toolkit.data.images import Pixels
from toolkit.engine.device import choose_device, describe_machine
from toolkit.face.detection import Face
from toolkit.face.packaged import FaceModels
from toolkit.face.reading import FaceReader

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif")
SIDE = 256
TILE, COLUMNS = 192, 8


def pictures(place: Path, most: int | None) -> Iterator[Pixels]:
    """All pictures of a place, or so many at equal distances."""
    if place.suffix == ".npz":
        with np.load(place) as archive:
            images = archive["images"]
        for image in images[:: max(1, len(images) // (most or len(images)))][:most]:
            yield _rgb(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        return
    if place.is_dir():
        contents = [file.read_bytes() for file in sorted(place.rglob("*")) if file.suffix.lower() in ENDINGS]
    else:
        with tarfile.open(place) as archive:
            members = [member for member in archive if member.isreg() and member.name.lower().endswith(ENDINGS)]
            contents = [archive.extractfile(member).read() for member in members]  # type: ignore[union-attr]
    for content in contents[:: max(1, len(contents) // (most or len(contents)))][:most]:
        yield _rgb(Image.open(io.BytesIO(content)))


def _rgb(image: Image.Image) -> Pixels:
    """On white, where a picture is transparent."""
    opaque = Image.new("RGBA", image.size, "white")
    opaque.alpha_composite(image.convert("RGBA"))
    return np.asarray(opaque.convert("RGB"))


def measure(reader: FaceReader, place: Path, most: int | None) -> tuple[dict[str, Any], list[Image.Image]]:
    """Counts of one place, and the accepted faces with their landmarks."""
    total = found = accepted = several = 0
    tiles: list[Image.Image] = []
    for picture in pictures(place, most):
        total += 1
        faces = reader.detector.detect(picture)
        found += bool(faces)
        kept = [face for face in faces if reader.verifier is None or reader.verifier.verify(picture, face)]
        accepted += bool(kept)
        several += len(kept) > 1
        tiles += [drawn(reader, picture, face) for face in kept[:1]]
    row = {"place": place.name, "pictures": total, "found": found, "accepted": accepted, "several": several}
    print(json.dumps(row), flush=True)
    return row, tiles


def drawn(reader: FaceReader, picture: Pixels, face: Face) -> Image.Image:
    """A face with its landmarks."""
    points = reader.landmarker(picture, face)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    side, x, y = 1.5 * max(right - left, bottom - top), (left + right) / 2, (top + bottom) / 2
    corner = np.array([x - side / 2, y - side / 2])
    box = tuple(int(value) for value in (*corner, *(corner + side)))
    tile = Image.fromarray(picture).crop(box).resize((TILE, TILE))
    pen = ImageDraw.Draw(tile)
    for u, v in (points - corner) * TILE / side:
        pen.ellipse((u - 1.5, v - 1.5, u + 1.5, v + 1.5), fill=(0, 255, 90))
    return tile


def sheet(tiles: list[Image.Image]) -> Image.Image:
    """Pictures in rows."""
    rows = -(-len(tiles) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * TILE, rows * TILE), "white")
    for place, tile in enumerate(tiles):
        page.paste(tile, (place % COLUMNS * TILE, place // COLUMNS * TILE))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, nargs="*", default=[])
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--landmarker", default="face-landmarks")
    parser.add_argument("--detector", default="dlib")
    parser.add_argument("--most", type=int, help="pictures of each place")
    parser.add_argument("--overlay", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    reader = FaceModels(landmarker=options.landmarker, detector=options.detector, device="cpu").reader()
    rows: dict[str, list[dict[str, Any]]] = {"faces": [], "others": []}
    shown: list[Image.Image] = []
    for kind in rows:
        for place in getattr(options, kind):
            row, tiles = measure(reader, place, options.most)
            rows[kind].append(row)
            shown += tiles[:: max(1, len(tiles) // 16)][:16]
    if options.overlay and shown:
        sheet(shown).save(options.overlay)
    if options.out:
        options.out.write_text(json.dumps({"machine": describe_machine(choose_device("cpu")), **rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
