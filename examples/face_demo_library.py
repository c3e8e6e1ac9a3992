"""Make the small library of rendered faces that comes with the toolkit, and the example pictures beside it.

TOOLKIT_DATA=... python examples/face_demo_library.py --out toolkit/pretrained/face-library

The people of the library are spread over the training split of the data set; the examples are held-out people, whom no
shipped network has seen. Landmarks are the renderer's own.
"""

from __future__ import annotations

import argparse
import hashlib
import tarfile
from pathlib import Path

import numpy as np

from toolkit.data.prepare import data_folder
from toolkit.engine.files import atomic_write
from toolkit.face.crop import aligned_crop
from toolkit.face.entries import NewFace
from toolkit.face.library import FaceLibrary
from toolkit.face.packaged import FaceModels
from toolkit.face.rendered_faces import FILES, NAME, RenderedFaces

PEOPLE, EXAMPLES, SIDE = 96, 5, 64
VIEWS = (3, 1, 5, 2, 7)  # of the examples: turned heads and expressions
CARD = """# Demo library of faces

{people} people who do not exist, one frontal view each, {side} x {side} pixels; beside it {examples} held-out people to
try it with. Rendered from MakeHuman's CC0 assets (data set `makehuman-faces`), CC0 1.0.

Embedded by `{embedder}`. Made by `python examples/face_demo_library.py`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--embedder", default="face-embedder", help="run, model folder or name of a shipped model")
    arguments = parser.parse_args()
    data = RenderedFaces()
    split = np.array(data.splits)
    files = {Path(name).stem: content for name, content in members(data_folder(NAME, FILES) / FILES[0]).items()}
    frontal = np.flatnonzero((split == "train") & (data.fields["view"] == 0))
    chosen = frontal[np.linspace(0, len(frontal) - 1, PEOPLE).round().astype(int)]
    embedder = FaceModels(embedder=arguments.embedder).load_embedder()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "library.db"
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    with FaceLibrary(path, embedder) as library:
        library.add([new_face(data, int(row), files[data.key(int(row))]) for row in chosen])
    held_out = sorted(set(data.fields["identity"][split == "test"].tolist()))
    for person, view in zip(held_out[:: len(held_out) // EXAMPLES], VIEWS, strict=False):
        name = f"id{person:04}_{view}"
        atomic_write(arguments.out / "examples" / f"{name}.jpg", files[name])
    card = CARD.format(people=PEOPLE, side=SIDE, examples=EXAMPLES, embedder=embedder.id)
    atomic_write(arguments.out / "README.md", card)
    print(f"{path}: {PEOPLE} faces, {path.stat().st_size / 1e6:.2f} MB")


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        streams = {member.name: opened.extractfile(member) for member in opened if member.isreg()}
        return {name: stream.read() for name, stream in streams.items() if stream is not None}


def new_face(data: RenderedFaces, row: int, content: bytes) -> NewFace:
    crop, landmarks = aligned_crop(data.fields["image"][row], data.fields["landmarks"][row], SIDE)
    return NewFace(
        crop,
        landmarks,
        f"makehuman-faces/{data.key(row)}.jpg",
        hashlib.sha256(content).hexdigest(),
        person=f"rendered {int(data.fields['identity'][row]):04}",
        licence="CC0-1.0",
        consent="shows nobody: rendered from a 3D model",
    )


if __name__ == "__main__":
    main()
